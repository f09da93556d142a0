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
CLANG ?= clang-19
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
LLVM_STRIP ?= $(patsubst clang%,llvm-strip%,$(notdir $(CLANG)))

out := $(BUILD)/selftests/$(area)
sources := $(area:%=$(tree)/selftests/%) $(others:%=$(tree)/selftests/%)

BPF_CFLAGS := -target bpf -mcpu=v4 -O2 -g -std=gnu11 -Wall -Wextra -Werror \
	-Wno-unused-parameter -I$(tree)/uapi -I$(tree)/bpf \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)
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

$(out)/%.bpf.o: %.bpf.c $(tree)/selftests/programs.mk | $(out)
	@echo '  BPF     selftests/$(area)/$(@F)'
	@$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@.tmp
	@$(LLVM_STRIP) -g $@.tmp
	@mv $@.tmp $@

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
