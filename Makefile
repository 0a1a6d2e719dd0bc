# SPDX-License-Identifier: GPL-2.0-only
#
# make               everything, into build/
# make check         all tests that need neither root nor guests
# make test          of each subject what sees the most; ends in "N passed, N failed, N skipped"
# make test-all      all guests, on all kernels they are for
# make soak MINUTES=n hostile targets and fuzzers for so long, on debug kernels (KERNELS=...)
# make test-kernel   the kernel series in guests: 200 rounds of each (soak-kernel: 10,000)
# make demo          a guest with two tiers, redis, and the daemon (LOCAL=1: this machine)
# make deps          installs what is needed, with apt-get
# make install       DESTDIR= PREFIX=
# Variables: SAN=address,undefined or SAN=thread  V=1  CC=  CLANG=

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

VERSION := 0.1.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
# Sanitized objects live beside the plain ones, so that they never mix.
BUILD := build$(if $(SAN),$(if $(findstring thread,$(SAN)),-tsan,-san))
ARCH := $(shell uname -m)

CC := gcc
CLANG ?= $(shell command -v clang-14 || echo clang)
CLANG_FORMAT ?= $(shell command -v clang-format-14 || echo clang-format)
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config

LIBS := libbpf libsystemd inih json-c
CTL_LIBS := ncursesw libpng
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
	-D_GNU_SOURCE -DTIERED_VERSION='"$(VERSION)"' -DTIERED_SYSCONFDIR='"$(SYSCONFDIR)"' \
	-Iinclude -Idaemon -I$(BUILD) -MMD -MP
ALL_LDFLAGS := $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))
LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null) -lnuma -pthread
CTL_LDLIBS := $(shell $(PKG_CONFIG) --libs $(CTL_LIBS) 2>/dev/null)
BPF_CFLAGS := -mcpu=v3 -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -O2 -g -target bpf \
	-D__TARGET_ARCH_x86 -D__bpf__ -Iinclude -Ibpf -I/usr/include/$(ARCH)-linux-gnu

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

DAEMON_SRC := $(sort $(wildcard daemon/*.c daemon/*/*.c))
DAEMON_OBJ := $(DAEMON_SRC:%.c=$(BUILD)/%.o)
# Everything but main is a library: unit tests, fuzzers and benchmarks link what they need of it.
LIB_OBJ := $(filter-out $(BUILD)/daemon/main.o,$(DAEMON_OBJ))

CTL_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard ctl/*.c)))

# The scheduler is an object of its own: kernels without sched_ext must not see it.
BPF_SRC := $(filter-out bpf/sched.bpf.c,$(sort $(wildcard bpf/*.bpf.c)))
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o)
SKELETON := $(BUILD)/bpf/tiered.skel.h
# From one source: what the kernel's functions are called up to 6.12 and since then, and the first
# with a fault planted, for a test.
SCHED_SKELETONS := $(BUILD)/bpf/sched_6_12.skel.h $(BUILD)/bpf/sched_6_13.skel.h

UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ_BIN := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BPFTEST_BIN := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bpf/test_*.c)))
# Whose pages move, by BPF of its own: no part of the daemon may be asked that.
OWNERS_BIN := $(BUILD)/tests/bpf/owners
# The fake daemon that tieredctl is driven against.
CTLTEST_BIN := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/ctl/*.c)))
# Faults that tests plant by LD_PRELOAD.
PLANT_LIB := $(patsubst %.c,$(BUILD)/%.so,$(sort $(wildcard tests/plant/*.c)))
BENCH_BIN := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard bench/*.c)))
BENCH_LIB := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard bench/lib/*.c)))

.PHONY: all clean install deps check test test-all soak fuzz-binaries san-binaries tsan-binaries demo demo-binaries format format-check
all: $(BUILD)/tiered $(BUILD)/tieredctl $(UNIT_BIN) $(BPFTEST_BIN) $(BENCH_BIN) $(FUZZ_BIN) \
	$(CTLTEST_BIN) $(PLANT_LIB) $(OWNERS_BIN) $(BUILD)/tests/plant/tiered-stall

$(BUILD)/tiered: $(DAEMON_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# It takes from the daemon what looks at the machine, for `check`.
$(BUILD)/tieredctl: $(CTL_OBJ) $(BUILD)/libtiered.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) $(CTL_LDLIBS) -lm

$(BUILD)/libtiered.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/plant/%.so: tests/plant/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $<

# Only daemon/bpf knows libbpf, and only it waits for the skeleton.
$(patsubst %.c,$(BUILD)/%.o,$(wildcard daemon/bpf/*.c)): $(SKELETON)
# What looks from outside at the memory that the programs share with the daemon.
$(BUILD)/bench/lib/flight.o: $(SKELETON)

$(BUILD)/%.bpf.o: %.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

$(BUILD)/bpf/tiered.linked.o: $(BPF_OBJ)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKELETON): $(BUILD)/bpf/tiered.linked.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name tiered_bpf > $@

# The planted one is found first, as a header of the same name, by the daemon it is for.
PLANT := $(BUILD)/tests/plant
PLANT_SKELETON := $(SCHED_SKELETONS:$(BUILD)/%=$(PLANT)/%)
ALL_SCHED_SKELETONS := $(SCHED_SKELETONS) $(PLANT_SKELETON)
$(BUILD)/bpf/sched_6_13.o $(PLANT)/bpf/sched_6_13.o: SCHED_FLAGS += -DSCHED_NAMES_6_13
$(PLANT_SKELETON:.skel.h=.o): SCHED_FLAGS += -DSCHED_PLANT_STALL
$(ALL_SCHED_SKELETONS:.skel.h=.o): bpf/sched.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(SCHED_FLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<
$(ALL_SCHED_SKELETONS): %.skel.h: %.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf > $@
$(BUILD)/daemon/bpf/sched_kernel.o: $(SCHED_SKELETONS)

# The daemon with a scheduler that loses threads.
$(PLANT)/sched_kernel.o: daemon/bpf/sched_kernel.c $(ALL_SCHED_SKELETONS)
	$(call say,CC,$@)
	$(Q)$(CC) -I$(PLANT) $(ALL_CFLAGS) -c -o $@ $<
$(PLANT)/tiered-stall: $(filter-out $(BUILD)/daemon/bpf/sched_kernel.o,$(DAEMON_OBJ)) \
		$(PLANT)/sched_kernel.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/bpf/owners.skel.h: $(BUILD)/tests/bpf/owners.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name owners_bpf > $@
$(OWNERS_BIN).o: $(BUILD)/tests/bpf/owners.skel.h
$(OWNERS_BIN): $(OWNERS_BIN).o
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(LDLIBS)

$(BENCH_BIN): $(BENCH_LIB)
# Tests of tieredctl's own files get all of them but its main().
CTL_LIB_OBJ := $(filter-out $(BUILD)/ctl/main.o,$(CTL_OBJ))
CTL_UNIT_BIN := $(filter $(BUILD)/tests/unit/test_ctl%,$(UNIT_BIN))
$(CTL_UNIT_BIN): $(CTL_LIB_OBJ)
$(CTL_UNIT_BIN): LDLIBS += $(CTL_LDLIBS)
$(UNIT_BIN) $(BPFTEST_BIN) $(BENCH_BIN) $(CTLTEST_BIN): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libtiered.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libtiered.a $(LDLIBS) -lcmocka -lm

# Fuzzers carry their own driver (tests/fuzz/driver.c): they run under any compiler.
$(FUZZ_BIN): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/fuzz/driver.o $(BUILD)/libtiered.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# --- what has to be there -------------------------------------------------------------
# Package, and what for: CONTRIBUTING.md. Guests list theirs in tests/vm/packages.
PACKAGES := build-essential pkg-config clang-14 libbpf-dev libelf-dev bpftool libnuma-dev \
	libsystemd-dev libinih-dev libjson-c-dev libncurses-dev libpng-dev uthash-dev libcmocka-dev clang-format-14 linux-libc-dev tmux socat
ifneq ($(shell . /etc/os-release && echo $$VERSION_ID),12)
PACKAGES := $(subst -14,,$(PACKAGES))
endif
GUEST_PACKAGES := $(shell sed -n 's/^\([a-z0-9][^ ]*\).*/\1/p' tests/vm/packages 2>/dev/null)
missing = $(shell for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
	grep -q 'ok installed' || echo $$p; done)

deps:
	$(Q)missing="$(call missing,$(PACKAGES) $(GUEST_PACKAGES))"; \
	if [ -n "$$missing" ]; then \
		echo "installing: $$missing"; \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$sudo apt-get update -q && \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
			--no-install-recommends $$missing; \
	fi

# --- tests ----------------------------------------------------------------------------
check: all
	$(Q)tests/run check

# Each step is a make of its own: headers that deps installs must be there when
# the variables at the top are read.
test test-all: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all kernel-selftests
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) SAN=address,undefined san-binaries
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) SAN=thread tsan-binaries
	$(Q)$(if $(filter test-all,$@),tests/libbpf-newer)
	$(Q)tests/run check fuzz san bpf $(if $(filter test-all,$@),vm-all,vm)

soak: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) SAN=address,undefined fuzz-binaries
	$(Q)tests/soak $(MINUTES) $(KERNELS)

fuzz-binaries: $(FUZZ_BIN)
san-binaries: $(UNIT_BIN) $(FUZZ_BIN)
# Those with more than one thread; tests/run names them too.
tsan-binaries: $(patsubst %,$(BUILD)/tests/unit/test_%,guard mailbox worker worker_books worker_query)

demo-binaries: $(BUILD)/tiered $(BUILD)/bench/zipfload
demo:
	+$(Q)MAKE="$(MAKE)" LOCAL=$(LOCAL) KERNEL=$(KERNEL) bench/demo

SOURCES = $(shell git ls-files '*.c' '*.h')
format:
	$(Q)$(CLANG_FORMAT) -i $(SOURCES)

format-check:
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(SOURCES)

# --- the kernel series: make test-kernel, soak-kernel, test-kernel-mutants ----------------
include kernel/selftests.mk

# --- installation ---------------------------------------------------------------------
# The conf is never overwritten: it is the operator's.
install: $(BUILD)/tiered $(BUILD)/tieredctl
	$(Q)install -D -m 755 $(BUILD)/tiered $(DESTDIR)$(PREFIX)/sbin/tiered
	$(Q)install -D -m 755 $(BUILD)/tieredctl $(DESTDIR)$(PREFIX)/bin/tieredctl
	$(Q)[ -e $(DESTDIR)$(SYSCONFDIR)/tiered/tiered.conf ] || \
		install -D -m 644 tiered.conf $(DESTDIR)$(SYSCONFDIR)/tiered/tiered.conf
	$(Q)install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	$(Q)sed 's|@SBINDIR@|$(PREFIX)/sbin|' systemd/tiered.service.in \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/tiered.service
	$(Q)install -D -m 644 man/tieredctl.1 $(DESTDIR)$(PREFIX)/share/man/man1/tieredctl.1
	$(Q)install -D -m 644 ctl/tieredctl.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tieredctl
	$(Q)install -D -m 644 systemd/tiered.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/tiered.conf
	$(Q)install -D -m 644 man/tiered.8 $(DESTDIR)$(PREFIX)/share/man/man8/tiered.8
	$(Q)install -D -m 644 man/tiered.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/tiered.conf.5

clean:
	rm -rf build build-san build-tsan

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.SECONDARY:
