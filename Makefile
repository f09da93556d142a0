# SPDX-License-Identifier: GPL-2.0-only
#
# equic: `make help` lists the targets.

BUILD := $(abspath build)
CLANG ?= clang-19
DESTDIR ?=
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib

# The kernel to build the module for: host (KDIR), 6.12, 7.2 or debug, the
# latter three being those of selftests/vm/kernel. BREAK=1 takes the lock from
# the quota check, for the test that must catch it.
KERNEL ?= host
BREAK ?=
# What `make check` runs on, and which tests (area/name patterns).
KERNELS ?= 6.12 7.2
JOBS ?= $(shell nproc)
TESTS ?=

# The running kernel's headers, or the newest that are installed.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -dv /lib/modules/6.12*/build 2>/dev/null | tail -n 1))

variant := $(KERNEL)$(if $(filter 1 y,$(BREAK)),-break)
kmod_out := $(BUILD)/$(variant)
ifeq ($(KERNEL),host)
kbuild = $(if $(wildcard $(KDIR)/Makefile),$(KDIR),$(error no kernel headers \
	in "$(KDIR)": install linux-headers-$(shell uname -r) or set KDIR))
in_kernel :=
else
kbuild = $(shell selftests/vm/kernel kbuild $(KERNEL))
in_kernel := env EQUIC_BUILD=$(BUILD) selftests/vm/kernel exec $(KERNEL)
endif
tests_dirs := $(patsubst %/Makefile,%,$(wildcard selftests/*/Makefile))
sub_vars := TOP=$(CURDIR) BUILD=$(BUILD) CLANG=$(CLANG) DESTDIR=$(DESTDIR) \
	PREFIX=$(PREFIX) prefix=$(PREFIX) LIBDIR=$(LIBDIR) libdir=$(LIBDIR)

all: kmod bpf userspace

# Kbuild writes beside its sources: every kernel gets a copy of them. The uapi
# directory keeps its place relative to kmod/. Two builds of one copy at a time
# would truncate each other's files.
kmod:
	@mkdir -p $(kmod_out)
	@rsync -a kmod uapi $(kmod_out)/
	+@flock $(kmod_out)/kmod $(in_kernel) $(MAKE) --no-print-directory \
		-C $(kbuild) M=$(kmod_out)/kmod W=1 KCFLAGS=-Werror \
		$(if $(filter 1 y,$(BREAK)),EQUIC_BREAK=y) modules
	@cmp -s $(kmod_out)/kmod/equic.ko $(kmod_out)/equic.ko || \
		cp $(kmod_out)/kmod/equic.ko $(kmod_out)/equic.ko

# The tests' own: what selftests/vm/run inserts first into the kernels that it
# boots, and the crypto API alone for selftests/bench.
test_modules := selftests/vm/stale_int3 selftests/bench/bare

test_modules: $(test_modules)

$(test_modules):
	@mkdir -p $(kmod_out)
	@rsync -a $@ $(kmod_out)/
	+@flock $(kmod_out)/$(@F) $(in_kernel) $(MAKE) --no-print-directory \
		-C $(kbuild) M=$(kmod_out)/$(@F) W=1 KCFLAGS=-Werror modules

bpf:
	@$(MAKE) --no-print-directory -C bpf $(sub_vars)

userspace: bpf
	@$(MAKE) --no-print-directory -C userspace $(sub_vars)

# The programs behind the tests.
selftests: bpf userspace
	@set -e; for dir in $(tests_dirs); do \
		$(MAKE) --no-print-directory -C $$dir $(sub_vars); done

install: all
	$(MAKE) -C $(KDIR) M=$(BUILD)/host/kmod INSTALL_MOD_DIR=updates \
		INSTALL_MOD_PATH=$(DESTDIR) modules_install
	$(if $(DESTDIR),,depmod $(notdir $(patsubst %/,%,$(dir $(KDIR)))))
	$(MAKE) -C userspace $(sub_vars) install
	install -D -m 644 -t $(DESTDIR)$(LIBDIR)/equic $(BUILD)/bpf/*.bpf.o
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/linux uapi/linux/equic.h
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/equic \
		bpf/equic_kfuncs.h bpf/packet.h bpf/parse_ip.h bpf/parse_quic.h

deps:
	@scripts/deps check

# What the first two install, the others' makefiles look for.
check: deps
	@selftests/vm/kernel prepare 7.2	# for its QUIC clients and ngtcp2 at least
	@+$(MAKE) --no-print-directory -j$(JOBS) $(for_check)
	@selftests/run-all $(KERNELS:%=--kernel %) $(TESTS)

# All at a time, for a build of modules alone leaves CPUs idle. What is made in the
# root of 7.2 waits for what the same directories' makefiles make here.
with_lock := $(KERNELS:%=for-check-%)
without_lock := $(KERNELS:%=for-check-%-break)
in_root := for-check-protect for-check-shared
for_check := selftests $(with_lock) $(without_lock) $(in_root)

$(in_root): selftests

$(with_lock): for-check-%:
	@+$(MAKE) --no-print-directory kmod test_modules KERNEL=$*

$(without_lock): for-check-%-break:
	@+$(MAKE) --no-print-directory kmod KERNEL=$* BREAK=1

for-check-protect:
	@$(MAKE) --no-print-directory -C selftests/protect $(sub_vars) aioquic_packets

for-check-shared:
	@$(MAKE) --no-print-directory -C selftests/shared $(sub_vars) newer quicgo_reader

check-debug:
	@+$(MAKE) --no-print-directory check KERNELS=debug

demo: deps
	@+$(MAKE) --no-print-directory kmod test_modules KERNEL=6.12
	@+$(MAKE) --no-print-directory userspace selftests
	@EQUIC_BUILD=$(BUILD) selftests/demo/run

# EXPERIMENTS: some of `selftests/bench/run --list`; BENCH: more of its options.
bench: deps
	@+$(MAKE) --no-print-directory -j$(JOBS) kmod test_modules KERNEL=6.12
	@+$(MAKE) --no-print-directory userspace selftests
	@EQUIC_BUILD=$(BUILD) selftests/bench/run $(BENCH) $(EXPERIMENTS)

clean:
	rm -rf $(BUILD)

help:
	@sed 's/^\t//' selftests/help.txt

.PHONY: all kmod test_modules $(test_modules) bpf userspace selftests install deps check \
	$(for_check) check-debug demo bench clean help
