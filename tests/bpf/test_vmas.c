// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: the iterator and /proc/PID/maps look at the same
 * process, which holds still: same mappings, same access. Mappings made for
 * the test (bound by mbind(), locked, shared, without access) must be told as
 * what they are, and a task's own policy stands in where a mapping has none.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "bpf/vmas.h"
#include "common.h"

#define ROOM 4096
#define LENGTH (16 * TIERED_PAGE_SIZE)

/* Static: looking must not change what is looked at. */
static struct vma_record records[ROOM];
static char maps_text[1 << 20];

static struct bpf *open_with_mappings(void)
{
	struct bpf *bpf = open_bpf(NULL);

	if (!bpf_enabled(bpf, "mappings")) {
		bpf_close(bpf);
		skip_because("no task_vma iterator here (test_load judges that)");
	}
	return bpf;
}

static int records_read(struct bpf *bpf)
{
	int n = bpf_vmas(bpf, getpid(), records, ROOM);

	assert_in_range(n, 1, ROOM - 1);
	return n;
}

static const struct vma_record *record_at(int n, const void *address)
{
	for (int i = 0; i < n; i++)
		if (records[i].start <= (uintptr_t)address && (uintptr_t)address < records[i].end)
			return &records[i];
	fail_msg("no record of %p", address);
	return NULL;
}

static void maps_read(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t length = 0;
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, maps_text + length, sizeof(maps_text) - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	maps_text[length] = '\0';
}

/* One line of maps against one record. */
static void check_line(const char *line, const struct vma_record *record)
{
	unsigned long long start, end, inode;
	char access[8];

	assert_int_equal(sscanf(line, "%llx-%llx %7s %*s %*s %llu", &start, &end, access, &inode),
			 4);
	assert_int_equal(record->start, start);
	assert_int_equal(record->end, end);
	assert_int_equal(!!(record->flags & VMA_F_SHARED), access[3] == 's');
	assert_int_equal(!!(record->flags & VMA_F_NONE), !strncmp(access, "---", 3));
	assert_int_equal(!!(record->flags & VMA_F_FILE), inode != 0);
	if (strstr(line, "[vdso]") || strstr(line, "[vvar"))
		assert_true(record->flags & (VMA_F_SPECIAL | VMA_F_PFNMAP | VMA_F_IO));
	if (strstr(line, "[heap]") || strstr(line, "[stack]"))
		assert_int_equal(record->flags, 0);
}

static void test_agrees_with_maps(void **state)
{
	struct bpf *bpf = open_with_mappings();
	int n = records_read(bpf), lines = 0;

	(void)state;
	maps_read();
	bpf_close(bpf);
	for (char *line = strtok(maps_text, "\n"); line; line = strtok(NULL, "\n")) {
		/* The one page of all processes that is in no mm. */
		if (strstr(line, "[vsyscall]"))
			continue;
		assert_true(lines < n);
		check_line(line, &records[lines++]);
	}
	assert_int_equal(lines, n);
}

/* Mappings in the text of maps, without the one page that is in no mm. */
static int count_lines(const char *text)
{
	int n = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		n++;
	return n - !!strstr(text, "[vsyscall]");
}

static char *map_pages(int protection, int flags)
{
	char *memory = mmap(NULL, LENGTH, protection, flags | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static void test_flags_are_told(void **state)
{
	char *none = map_pages(PROT_NONE, MAP_PRIVATE);
	char *shared = map_pages(PROT_READ | PROT_WRITE, MAP_SHARED);
	char *locked = map_pages(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct bpf *bpf = open_with_mappings();
	/* Not mlock(): sanitizers make that do nothing. */
	int locking = (int)syscall(SYS_mlock, locked, LENGTH), n = records_read(bpf);

	(void)state;
	bpf_close(bpf);
	assert_int_equal(record_at(n, none)->flags, VMA_F_NONE);
	/* Anonymous shared memory is a nameless file of shmem. */
	assert_int_equal(record_at(n, shared)->flags, VMA_F_SHARED | VMA_F_FILE);
	if (locking == 0)
		assert_int_equal(record_at(n, locked)->flags, VMA_F_LOCKED);
	munmap(none, LENGTH);
	munmap(shared, LENGTH);
	munmap(locked, LENGTH);
}

static void test_bound_mapping_is_told(void **state)
{
	const unsigned long node0 = 1;
	char *bound = map_pages(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *free_one = map_pages(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct bpf *bpf = open_with_mappings();
	int n;

	(void)state;
	if (syscall(SYS_mbind, bound, LENGTH, MPOL_BIND, &node0, 8 * sizeof(node0), 0) < 0) {
		bpf_close(bpf);
		skip_because("mbind: %s", strerror(errno));
	}
	n = records_read(bpf);
	bpf_close(bpf);
	assert_int_equal(record_at(n, bound)->policy, MPOL_BIND);
	assert_int_equal(record_at(n, bound)->nodes, node0);
	assert_int_equal(record_at(n, bound)->end - record_at(n, bound)->start, LENGTH);
	assert_int_equal(record_at(n, free_one)->policy, MPOL_DEFAULT);
	assert_int_equal(record_at(n, free_one)->nodes, 0);
	munmap(bound, LENGTH);
	munmap(free_one, LENGTH);
}

static void test_task_policy_stands_in(void **state)
{
	const unsigned long node0 = 1;
	char *plain = map_pages(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *local = map_pages(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct bpf *bpf = open_with_mappings();
	int n;

	(void)state;
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &node0, 8 * sizeof(node0)) < 0 ||
	    syscall(SYS_mbind, local, LENGTH, MPOL_LOCAL, NULL, 0, 0) < 0) {
		bpf_close(bpf);
		skip_because("node policies: %s", strerror(errno));
	}
	n = records_read(bpf);
	syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
	bpf_close(bpf);
	assert_int_equal(record_at(n, plain)->policy, MPOL_BIND);
	assert_int_equal(record_at(n, plain)->nodes, node0);
	/* The mapping's own policy goes first. */
	assert_int_equal(record_at(n, local)->policy, MPOL_LOCAL);
	munmap(plain, LENGTH);
	munmap(local, LENGTH);
}

static void test_too_little_room(void **state)
{
	struct bpf *bpf = open_with_mappings();
	int n = records_read(bpf);

	(void)state;
	assert_int_equal(bpf_vmas(bpf, getpid(), records, (size_t)n), n);
	assert_int_equal(bpf_vmas(bpf, getpid(), records, (size_t)n - 1), -E2BIG);
	assert_int_equal(bpf_vmas(bpf, getpid(), records, 1), -E2BIG);
	bpf_close(bpf);
}

struct helper {
	pthread_barrier_t barrier;
	int failed;
};

static void *thread_with_own_files(void *arg)
{
	struct helper *helper = arg;

	helper->failed = unshare(CLONE_FILES) < 0;
	pthread_barrier_wait(&helper->barrier);
	pthread_barrier_wait(&helper->barrier);
	return NULL;
}

/* Kernels list such a thread's mappings once more. */
static void test_threads_are_not_listed_twice(void **state)
{
	struct bpf *bpf = open_with_mappings();
	struct helper helper = { 0 };
	pthread_t thread;
	int n;

	(void)state;
	assert_int_equal(pthread_barrier_init(&helper.barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, thread_with_own_files, &helper), 0);
	pthread_barrier_wait(&helper.barrier);
	assert_false(helper.failed);
	n = records_read(bpf);
	assert_int_equal(bpf_vmas(bpf, getpid(), records, (size_t)n), n);
	maps_read();
	pthread_barrier_wait(&helper.barrier);
	pthread_join(thread, NULL);
	bpf_close(bpf);
	for (int i = 1; i < n; i++)
		assert_true(records[i - 1].end <= records[i].start);
	assert_int_equal(count_lines(maps_text), n);
}

/* More mappings than one buffer of the kernel's seq_file holds (32 KiB). */
static void test_many_mappings(void **state)
{
	enum { MANY = 1500 };
	char *memory = mmap(NULL, 2 * MANY * TIERED_PAGE_SIZE, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct bpf *bpf = open_with_mappings();
	int n, found = 0;

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	for (size_t i = 0; i < MANY; i++)
		mprotect(memory + 2 * i * TIERED_PAGE_SIZE, TIERED_PAGE_SIZE, PROT_NONE);
	n = records_read(bpf);
	bpf_close(bpf);
	for (int i = 0; i < n; i++) {
		assert_true(records[i].start < records[i].end);
		assert_true(i == 0 || records[i - 1].end <= records[i].start);
		found += records[i].start >= (uintptr_t)memory &&
			 records[i].end <= (uintptr_t)memory + 2 * MANY * TIERED_PAGE_SIZE;
	}
	assert_in_range(found, 2 * MANY - 1, 2 * MANY);
	munmap(memory, 2 * MANY * TIERED_PAGE_SIZE);
}

static void test_nobody_there(void **state)
{
	struct bpf *bpf = open_with_mappings();
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(bpf_vmas(bpf, pid, records, ROOM), -ESRCH);
	assert_int_equal(bpf_vmas(bpf, 0, records, ROOM), -EINVAL);
	assert_int_equal(bpf_vmas(bpf, -1, records, ROOM), -EINVAL);
	bpf_close(bpf);
}

/* A zombie has no address space any more, a kernel thread never had one. */
static void test_no_address_space(void **state)
{
	struct bpf *bpf = open_with_mappings();
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(bpf_vmas(bpf, pid, records, ROOM), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(bpf_vmas(bpf, 2, records, ROOM), 0);
	bpf_close(bpf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_maps),
		cmocka_unit_test(test_flags_are_told),
		cmocka_unit_test(test_bound_mapping_is_told),
		cmocka_unit_test(test_task_policy_stands_in),
		cmocka_unit_test(test_too_little_room),
		cmocka_unit_test(test_threads_are_not_listed_twice),
		cmocka_unit_test(test_many_mappings),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_no_address_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
