# SPDX-License-Identifier: GPL-2.0-only
#
# How the programs behind an area's tests are built. The area's Makefile sets
#
#   area       the name of its directory
#   programs   what to build; the variable NAME lists the objects of program NAME
#   others     areas that it takes sources and headers from
#   flags      more flags for the compiler
#   archives   what every program needs and links, beside its objects
#   libs       libraries
#   link_NAME  more flags for the linking of NAME
#
# and includes this file. All goes to $(BUILD)/selftests/$(area).

tree := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
BUILD ?= $(tree)/build
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)

out := $(BUILD)/selftests/$(area)
sources := $(area:%=$(tree)/selftests/%) $(others:%=$(tree)/selftests/%)

# Descriptions name the fields that matter; the others are 0.
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror \
	-Wno-missing-field-initializers -I$(tree)/uapi -I$(out) \
	$(sources:%=-I%) $(flags)

all: $(programs:%=$(out)/%)

define program
$(out)/$(1): $($(1):%=$(out)/%.o) $(archives)
	@echo '  LD      selftests/$(area)/$(1)'
	@$$(CC) $$(CFLAGS) $$(LDFLAGS) $(link_$(1)) -o $$@ $$^ $$(libs)
endef
$(foreach p,$(programs),$(eval $(call program,$(p))))

vpath %.c $(sources)

$(out)/%.o: %.c | $(out)
	@echo '  CC      selftests/$(area)/$(@F)'
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

include $(tree)/bpf/bpf.mk

$(out)/%.skel.h: $(out)/%.bpf.o
	@echo '  SKEL    selftests/$(area)/$(@F)'
	@$(BPFTOOL) gen skeleton $< name $*_bpf >$@.tmp
	@mv $@.tmp $@

$(out):
	@mkdir -p $@

clean:
	rm -rf $(out)

.PHONY: all clean
.SECONDARY:
-include $(wildcard $(out)/*.d)
