// SPDX-License-Identifier: GPL-2.0-only
/* Mappings: lines of maps by table, verdicts, and reading them for this very process. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "observe/proc.h"
#include "observe/target.h"
#include "observe/vmas.h"
#include "tree.h"

static void test_parse(void **state)
{
	static const struct {
		const char *line;
		int ret;
		uint32_t flags;
		enum vma_verdict verdict;
	} cases[] = {
		{ "1000-3000 rw-p 00000000 00:00 0 \n", 0, 0, VMA_TRACKED },
		{ "1000-3000 rw-p 00000000 00:00 0", 0, 0, VMA_TRACKED },
		{ "1000-3000 rw-p 00000000 00:00 0                          [heap]\n", 0, 0,
		  VMA_TRACKED },
		{ "1000-3000 rw-p 00000000 00:00 0                          [stack]\n", 0, 0,
		  VMA_TRACKED },
		{ "1000-3000 rw-p 00000000 00:00 0                          [anon:jit]\n", 0, 0,
		  VMA_TRACKED },
		{ "1000-3000 r-xp 00000000 fe:00 42                         /usr/bin/cat\n", 0,
		  VMA_F_FILE, VMA_TRACKED },
		{ "1000-3000 r-xp 00000000 fe:00 42                         /srv/a b\\012c "
		  "(deleted)\n",
		  0, VMA_F_FILE, VMA_TRACKED },
		{ "1000-3000 rw-s 00000000 00:01 42                         /dev/shm/pg\n", 0,
		  VMA_F_FILE | VMA_F_SHARED, VMA_TRACKED },
		{ "1000-3000 rw-s 00000000 00:01 42                         /dev/zero (deleted)\n",
		  0, VMA_F_FILE | VMA_F_SHARED, VMA_TRACKED },
		{ "1000-3000 rw-s 00000000 00:01 42                         /memfd:x (deleted)\n",
		  0, VMA_F_FILE | VMA_F_SHARED, VMA_TRACKED },
		{ "1000-3000 ---p 00000000 00:00 0 \n", 0, VMA_F_NONE, VMA_EMPTY },
		{ "1000-3000 r-xp 00000000 00:00 0                          [vdso]\n", 0,
		  VMA_F_SPECIAL, VMA_SPECIAL },
		{ "1000-3000 r--p 00000000 00:00 0                          [vvar_vclock]\n", 0,
		  VMA_F_SPECIAL, VMA_SPECIAL },
		{ "1000-3000 rw-s 00000000 00:06 42                         /dev/dri/card0\n", 0,
		  VMA_F_IO | VMA_F_SHARED, VMA_DEVICE },
		{ "1000-3000 rw-s 00000000 00:0e 42                         "
		  "anon_inode:[io_uring]\n",
		  0, VMA_F_IO | VMA_F_SHARED, VMA_DEVICE },
		{ "1000-3000 rw-s 00000000 00:0e 42                         "
		  "anon_inode:kvm-vcpu:0\n",
		  0, VMA_F_SECONDARY | VMA_F_SHARED, VMA_SECONDARY },
		{ "1000-3000 rw-p 00000000 00:0f 42                         /anon_hugepage "
		  "(deleted)\n",
		  0, VMA_F_HUGETLB, VMA_HUGETLB },
		{ "7fffffffe000-7ffffffff000 rw-p 0 00:00 0", 0, 0, VMA_TRACKED },
		{ "3000-1000 rw-p 00000000 00:00 0 \n", -EINVAL, 0, 0 },
		{ "1000-1000 rw-p 00000000 00:00 0 \n", -EINVAL, 0, 0 },
		{ "1001-3000 rw-p 00000000 00:00 0 \n", -EINVAL, 0, 0 },
		{ "1000-3000 rw 00000000 00:00 0 \n", -EINVAL, 0, 0 },
		{ "1000-3000 rw-p 00000000 00:00\n", -EINVAL, 0, 0 },
		{ "1000-3000", -EINVAL, 0, 0 },
		{ "", -EINVAL, 0, 0 },
		{ "VmFlags: rd wr mr mw me ac", -EINVAL, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vma_record record = { .start = 5 };

		assert_int_equal(vma_parse_line(cases[i].line, &record), cases[i].ret);
		if (cases[i].ret < 0) {
			assert_int_equal(record.start, 5);
			continue;
		}
		assert_int_equal(record.flags, cases[i].flags);
		assert_int_equal(record.policy, MPOL_DEFAULT);
		assert_int_equal(vma_judge(&record), cases[i].verdict);
	}
}

static void test_judge_policy(void **state)
{
	static const struct {
		uint32_t policy;
		enum vma_verdict verdict;
	} cases[] = {
		{ MPOL_DEFAULT, VMA_TRACKED },
		{ MPOL_PREFERRED, VMA_TRACKED },
		{ MPOL_LOCAL, VMA_TRACKED },
		{ MPOL_BIND, VMA_BOUND },
		{ MPOL_INTERLEAVE, VMA_BOUND },
		{ 6, VMA_BOUND }, /* weighted interleave */
		{ MPOL_BIND | MPOL_F_STATIC_NODES, VMA_BOUND },
		{ MPOL_BIND | MPOL_F_NUMA_BALANCING, VMA_BOUND },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vma_record record = { .start = 0, .end = 4096, .policy = cases[i].policy };

		assert_int_equal(vma_judge(&record), cases[i].verdict);
		record.flags = VMA_F_HUGETLB;
		assert_int_equal(vma_judge(&record), VMA_HUGETLB);
		record.flags = VMA_F_LOCKED | VMA_F_SHARED | VMA_F_FILE;
		assert_int_equal(vma_judge(&record), cases[i].verdict);
		record.flags = VMA_F_DAX;
		assert_int_equal(vma_judge(&record), VMA_SPECIAL);
	}
}

/* --- of this process */

static struct target *self;

static int open_self(void **state)
{
	struct target_key key = { .tgid = (uint32_t)getpid() };
	struct proc_stat stat;

	(void)state;
	if (proc_read_stat("/proc", key.tgid, &stat) < 0)
		return -1;
	key.start_ns = stat.start_ns;
	return target_open("/proc", 1, &key, NULL, &self);
}

static int close_self(void **state)
{
	(void)state;
	target_close(self);
	return 0;
}

static int covers(const struct target *target, uint64_t address)
{
	size_t i;

	for (i = 0; i < target->n_vmas; i++)
		if (address >= target->vmas[i].start && address < target->vmas[i].end)
			return 1;
	return 0;
}

static void test_refresh_self(void **state)
{
	char *memory = mmap(NULL, 12 * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int local;
	size_t i;

	(void)state;
	mprotect(memory + 4 * TIERED_PAGE_SIZE, 4 * TIERED_PAGE_SIZE, PROT_NONE);
	assert_int_equal(vmas_refresh(self, "/proc", NULL, NULL), 0);
	assert_true(covers(self, (uintptr_t)&local));
	assert_true(covers(self, (uintptr_t)memory));
	assert_false(covers(self, (uintptr_t)memory + 4 * TIERED_PAGE_SIZE));
	assert_true(covers(self, (uintptr_t)memory + 8 * TIERED_PAGE_SIZE));
	for (i = 1; i < self->n_vmas; i++)
		assert_true(self->vmas[i].start > self->vmas[i - 1].end);
	munmap(memory, 12 * TIERED_PAGE_SIZE);
	assert_int_equal(vmas_refresh(self, "/proc", NULL, NULL), 0);
	assert_false(covers(self, (uintptr_t)memory));
}

/* A source with more records than there is room for at first, some of them lies. */
static int many(void *arg, int pid, struct vma_record *records, size_t room)
{
	const size_t n = *(size_t *)arg;
	size_t i;

	assert_int_equal(pid, getpid());
	if (room < n)
		return -E2BIG;
	for (i = 0; i < n; i++)
		records[i] = (struct vma_record){ .start = i << 14, .end = (i << 14) + 4096 };
	records[1].end = records[2].start; /* neighbours */
	records[5].start = records[5].end; /* empty */
	records[7].start = 0;              /* back where we were */
	records[9].flags = VMA_F_PFNMAP;
	return (int)n;
}

/* Fails as it is told, and leaves something behind that nobody may take for mappings. */
static int broken(void *arg, int pid, struct vma_record *records, size_t room)
{
	(void)pid;
	(void)room;
	records[0] = (struct vma_record){ .start = 4096, .end = 8192 };
	return *(int *)arg;
}

static void test_refresh_source(void **state)
{
	size_t n = 3000;

	(void)state;
	assert_int_equal(vmas_refresh(self, "/proc", many, &n), 0);
	assert_int_equal(self->n_vmas, 3000 - 4);
	assert_int_equal(self->vmas[1].end, (2 << 14) + 4096);
	assert_false(covers(self, 7 << 14));
	assert_false(covers(self, 9 << 14));
	/* Errors leave what there was. */
	assert_int_equal(vmas_refresh(self, "/nonexistent", NULL, NULL), -ESRCH);
	assert_int_equal(self->n_vmas, 3000 - 4);
}

/* Only "there is no such process" is believed; after all else /proc/PID/maps is asked. */
static void test_refresh_failing_source(void **state)
{
	static const struct {
		int error; /* of the source */
		int ret;
	} cases[] = {
		{ -EOPNOTSUPP, 0 }, { -EPERM, 0 },  { -EIO, 0 },
		{ -E2BIG, 0 },      { -ENOMEM, 0 }, { -ESRCH, -ESRCH },
	};
	size_t n = 3000, i;
	int local;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int error = cases[i].error;

		assert_int_equal(vmas_refresh(self, "/proc", many, &n), 0);
		assert_int_equal(vmas_refresh(self, "/proc", broken, &error), cases[i].ret);
		if (cases[i].ret < 0) {
			assert_int_equal(self->n_vmas, 3000 - 4);
			continue;
		}
		assert_true(covers(self, (uintptr_t)&local));
		assert_false(covers(self, 4096));
		/* Both fail: the second error counts, and nothing changes. */
		assert_int_equal(vmas_refresh(self, "/proc", many, &n), 0);
		assert_int_equal(vmas_refresh(self, "/nonexistent", broken, &error), -ESRCH);
		assert_int_equal(self->n_vmas, 3000 - 4);
	}
}

/* What is at an address, watched or not, from either source; the list of the target stays. */
static void test_ask(void **state)
{
	char *memory = mmap(NULL, 12 * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum vma_verdict verdict = VMA_DEVICE;
	size_t n = 3000;

	(void)state;
	mprotect(memory + 4 * TIERED_PAGE_SIZE, 4 * TIERED_PAGE_SIZE, PROT_NONE);
	assert_int_equal(vmas_refresh(self, "/proc", many, &n), 0);
	assert_int_equal(vmas_ask(self, "/proc", NULL, NULL, (uintptr_t)memory, &verdict), 0);
	assert_int_equal(verdict, VMA_TRACKED);
	assert_int_equal(vmas_ask(self, "/proc", NULL, NULL,
				  (uintptr_t)memory + 5 * TIERED_PAGE_SIZE, &verdict),
			 0);
	assert_int_equal(verdict, VMA_EMPTY);
	munmap(memory, 12 * TIERED_PAGE_SIZE);
	assert_int_equal(vmas_ask(self, "/proc", NULL, NULL, (uintptr_t)memory, &verdict), -ENOENT);
	assert_int_equal(vmas_ask(self, "/proc", many, &n, (9 << 14) + 7, &verdict), 0);
	assert_int_equal(verdict, VMA_DEVICE);
	assert_int_equal(vmas_ask(self, "/proc", many, &n, (9 << 14) + 4096, &verdict), -ENOENT);
	assert_int_equal(vmas_ask(self, "/nonexistent", NULL, NULL, 4096, &verdict), -ESRCH);
	assert_int_equal(self->n_vmas, 3000 - 4);
	assert_string_equal(vma_verdict_reason(VMA_TRACKED), "");
	assert_string_equal(vma_verdict_reason(VMA_BOUND), "bound to nodes by a memory policy");
	assert_string_equal(vma_verdict_reason(VMA_SECONDARY + 1), "?");
}

/* One mapping of many says that this is a virtual machine. */
static int machine(void *arg, int pid, struct vma_record *records, size_t room)
{
	int n = many(arg, pid, records, room);

	if (n > 0)
		records[100].flags = VMA_F_SECONDARY | VMA_F_IO;
	return n;
}

/* Nothing of a process with page tables elsewhere is watched, and each address says why. */
static void test_virtual_machine(void **state)
{
	enum vma_verdict verdict = VMA_TRACKED;
	size_t n = 3000;

	(void)state;
	assert_int_equal(vmas_refresh(self, "/proc", many, &n), 0);
	assert_int_equal(vmas_refresh(self, "/proc", machine, &n), 0);
	assert_int_equal(self->n_vmas, 0);
	assert_int_equal(vmas_ask(self, "/proc", machine, &n, 20 << 14, &verdict), 0);
	assert_int_equal(verdict, VMA_SECONDARY);
	assert_int_equal(vmas_ask(self, "/proc", machine, &n, 2000 << 14, &verdict), 0);
	assert_int_equal(verdict, VMA_SECONDARY);
	/* Without notifiers again, it is as any other. */
	assert_int_equal(vmas_refresh(self, "/proc", many, &n), 0);
	assert_int_equal(self->n_vmas, 3000 - 4);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, open_self, close_self)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),      cmocka_unit_test(test_judge_policy),
		UNIT(test_refresh_self),           UNIT(test_refresh_source),
		UNIT(test_refresh_failing_source), UNIT(test_ask),
		UNIT(test_virtual_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
