# SPDX-License-Identifier: GPL-2.0-only
#
# The selftests of the series, built outside of a kernel tree. Their source is patch 8 and
# the last one, and nothing else; tests/vm/kernel-series/kselftest.h stands in for the
# tree's header.

SELFTEST_PATCH := kernel/0008-selftests-mm-add-tests-of-deferred-migration-flushes.patch
SELFTEST_PATCH_MORE := $(wildcard kernel/*-selftests-mm-add-tests-of-LRU-caches-*.patch)
SELFTEST_DIR := build/kernel-selftests
SELFTEST_SRC := $(SELFTEST_DIR)/tools/testing/selftests
SELFTEST_BIN := $(addprefix $(SELFTEST_DIR)/,migrate_defer migrate_defer_ops migrate_defer_race \
	migrate_defer_pressure)
# Each of one file.
SELFTEST_BIN_MORE := $(addprefix $(SELFTEST_DIR)/,migration_entries move_pages_lru pagemap_young)
SELFTEST_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -Wno-unused-variable -O2 -g

.PHONY: kernel-selftests test-kernel soak-kernel test-kernel-mutants
kernel-selftests: $(SELFTEST_BIN) $(SELFTEST_BIN_MORE)

$(SELFTEST_DIR)/unpacked: $(SELFTEST_PATCH) $(SELFTEST_PATCH_MORE) tests/vm/kernel-series/kselftest.h kernel/selftests.mk
	$(call say,UNPACK,$<)
	$(Q)rm -rf $(SELFTEST_DIR) && mkdir -p $(SELFTEST_SRC)
	$(Q)GIT_CEILING_DIRECTORIES=$(abspath ..) git apply --directory=$(SELFTEST_DIR) --include='$(SELFTEST_SRC)/mm/migrate_defer*' $<
	$(Q)GIT_CEILING_DIRECTORIES=$(abspath ..) git apply --directory=$(SELFTEST_DIR) --include='$(SELFTEST_SRC)/mm/*.[ch]' $(SELFTEST_PATCH_MORE)
	$(Q)cp tests/vm/kernel-series/kselftest.h $(SELFTEST_SRC)/
	$(Q)touch $@

$(SELFTEST_BIN): $(SELFTEST_DIR)/%: $(SELFTEST_DIR)/unpacked
	$(call say,LINK,$@)
	$(Q)$(CC) $(SELFTEST_CFLAGS) -o $@ \
		$(addprefix $(SELFTEST_SRC)/mm/,$*.c migrate_defer_readers.c migrate_defer_util.c) -lpthread

$(SELFTEST_BIN_MORE): $(SELFTEST_DIR)/%: $(SELFTEST_DIR)/unpacked
	$(call say,LINK,$@)
	$(Q)$(CC) $(SELFTEST_CFLAGS) -o $@ $(SELFTEST_SRC)/mm/$*.c -lpthread

test-kernel: kernel-selftests
	$(Q)tests/kernel-series test

soak-kernel: kernel-selftests
	$(Q)tests/kernel-series soak $(KERNELS)

test-kernel-mutants: kernel-selftests
	$(Q)tests/kernel-series mutants $(MUTANTS)
