# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How a BPF program is built, those of the tests too. Before it is included:
# tree, BUILD and out are set, %.bpf.c is found.

CLANG ?= clang-19
LLVM_STRIP ?= $(patsubst clang%,llvm-strip%,$(notdir $(CLANG)))

# This tree's linux/equic.h before any that is installed.
BPF_CFLAGS := -target bpf -mcpu=v4 -O2 -g -std=gnu11 -Wall -Wextra -Werror \
	-Wno-unused-parameter -I$(tree)/uapi -I$(tree)/bpf \
	-idirafter /usr/include/$(shell gcc -print-multiarch)

$(out)/%.bpf.o: %.bpf.c $(tree)/bpf/bpf.mk | $(out)
	@echo '  BPF     $(patsubst $(BUILD)/%,%,$@)'
	@$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@.tmp
	@$(LLVM_STRIP) -g $@.tmp
	@mv $@.tmp $@
