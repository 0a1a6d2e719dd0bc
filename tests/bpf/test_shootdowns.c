// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: one thread takes away and gives back write access to a
 * page that another one, on another CPU, uses all the time: each taking away
 * must interrupt that CPU. The kernel counts the same in /proc/vmstat (sent,
 * where it is built to) and in /proc/interrupts (received); the programs must
 * agree with both within 5 %, and the records with the programs to the last,
 * also while the caches are being drained.
 */
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "common.h"

#define ROUNDS 500

struct pair {
	volatile char *page;
	_Atomic int stop;
	_Atomic uint64_t turns;
};

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *keep_in_tlb(void *arg)
{
	struct pair *pair = arg;
	char sum = 0;

	pin_to(1);
	while (!pair->stop) {
		sum = (char)(sum + pair->page[0]);
		pair->turns++;
	}
	return sum ? pair : NULL;
}

static void shoot(struct pair *pair)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t turns = pair->turns;

		pair->page[0] = 0;
		/* The other thread must have used the page since, or its TLB has nothing of it. */
		while (pair->turns < turns + 2)
			sched_yield();
		mprotect((void *)pair->page, TIERED_PAGE_SIZE, PROT_READ);
		mprotect((void *)pair->page, TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE);
	}
}

/* Interrupts of this name over all CPUs; -1 when there is no such line. */
static long long interrupts_counter(const char *name)
{
	FILE *file = fopen("/proc/interrupts", "re");
	long long sum = -1;
	char *line = NULL;
	size_t size = 0;

	assert_non_null(file);
	while (getline(&line, &size, file) > 0) {
		char *at = strstr(line, name), *end;

		if (!at)
			continue;
		sum = 0;
		for (at += strlen(name);; at = end) {
			long long value = strtoll(at, &end, 10);

			if (end == at)
				break;
			sum += value;
		}
		break;
	}
	free(line);
	fclose(file);
	return sum;
}

struct counts {
	long long sent, received; /* by the kernel; -1: it does not tell */
	struct stats_flushes flushes[STATS_FLUSH_REASONS];
};

static struct counts counts_read(const struct bpf *bpf)
{
	struct counts counts;

	assert_int_equal(bpf_flushes(bpf, counts.flushes), 0);
	counts.sent = vmstat_counter("nr_tlb_remote_flush");
	counts.received = interrupts_counter("TLB:");
	return counts;
}

static uint64_t flushes_between(const struct counts *before, const struct counts *after, int reason)
{
	return after->flushes[reason].full - before->flushes[reason].full +
	       after->flushes[reason].partial - before->flushes[reason].partial;
}

static void check_against_kernel(const struct counts *before, const struct counts *after)
{
	uint64_t sent = flushes_between(before, after, STATS_FLUSH_SENT);
	uint64_t received = flushes_between(before, after, STATS_FLUSH_RECEIVED);

	printf("# sent %llu (kernel %lld), received %llu (kernel %lld)\n", (unsigned long long)sent,
	       before->sent < 0 ? -1 : after->sent - before->sent, (unsigned long long)received,
	       before->received < 0 ? -1 : after->received - before->received);
	/* A round that found the other thread preempted sends nothing. */
	assert_true(sent >= ROUNDS / 2);
	if (before->sent >= 0) {
		uint64_t kernel = (uint64_t)(after->sent - before->sent);

		assert_in_range(sent, kernel * 95 / 100, kernel * 105 / 100 + 1);
	}
	if (before->received >= 0) {
		uint64_t kernel = (uint64_t)(after->received - before->received);

		assert_in_range(received, kernel * 95 / 100, kernel * 105 / 100 + 1);
	}
}

/* With INVLPGB the CPUs are told without an interrupt, and no tracepoint sees it. */
static bool broadcasts_flushes(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[8192];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, " invlpgb") != NULL;
	if (file)
		fclose(file);
	return found;
}

static void machine_check(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip_because("one CPU: nobody to interrupt");
	if (broadcasts_flushes())
		skip_because("this CPU flushes without interrupts");
}

static void pair_start(struct pair *pair, pthread_t *ret_thread)
{
	pair->page = mmap(NULL, TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal((void *)pair->page, MAP_FAILED);
	pair->page[0] = 0;
	pin_to(0);
	assert_int_equal(pthread_create(ret_thread, NULL, keep_in_tlb, pair), 0);
	while (!pair->turns)
		sched_yield();
}

static void test_counts_agree_with_the_kernel(void **state)
{
	const struct bpf_config config = { .event_rate = UINT32_MAX };
	struct sums sums = { .tgid = (uint32_t)getpid() };
	struct stats_totals totals;
	struct counts before, after;
	struct pair pair = { 0 };
	struct bpf *bpf;
	pthread_t thread;
	uint64_t missed;

	(void)state;
	machine_check();
	bpf = open_bpf(&config);
	assert_int_equal(bpf_manage(bpf, (uint32_t)getpid(), true), 0);
	pair_start(&pair, &thread);
	before = counts_read(bpf);
	shoot(&pair);
	after = counts_read(bpf);
	pair.stop = 1;
	pthread_join(thread, NULL);
	assert_int_equal(bpf_manage(bpf, (uint32_t)getpid(), false), 0);
	drain_into(bpf, &sums);
	drain_into(bpf, &sums);
	assert_int_equal(bpf_totals(bpf, &totals), 0);
	assert_int_equal(bpf_missed(bpf, &missed), 0);
	printf("# %llu events met their own program at work\n", (unsigned long long)missed);
	check_against_kernel(&before, &after);
	assert_int_equal(sums.sent + sums.received + sums.local + lost_units(bpf, EVENT_SHOOTDOWNS),
			 totals.managed_shootdowns);
	assert_true(sums.sent >= ROUNDS / 2);
	/* Added up: thousands of flushes must not be thousands of records. */
	assert_in_range(sums.shootdown_records, 1, ROUNDS / 4);
	bpf_close(bpf);
}

/* Only the worker's own flushes are the worker's, and only while it has a victim the victim's. */
static void test_worker_is_told_apart(void **state)
{
	const uint32_t victim = 0x7ffffff0; /* beyond any pid_max: no such process */
	const struct bpf_config config = { .event_rate = UINT32_MAX, .all_processes = true };
	struct sums sums = { .tgid = victim };
	struct flush_seen before, after;
	struct pair pair = { 0 };
	struct bpf *bpf;
	pthread_t thread;

	(void)state;
	machine_check();
	bpf = open_bpf(&config);
	pair_start(&pair, &thread);
	assert_int_equal(bpf_flush_seen(bpf, &before), 0);
	shoot(&pair);
	assert_int_equal(bpf_flush_seen(bpf, &after), 0);
	assert_int_equal(after.full + after.partial, before.full + before.partial);
	bpf_set_worker(bpf, (uint32_t)gettid());
	bpf_set_victim(bpf, victim);
	shoot(&pair);
	bpf_set_victim(bpf, 0);
	bpf_set_worker(bpf, 0);
	assert_int_equal(bpf_flush_seen(bpf, &after), 0);
	pair.stop = 1;
	pthread_join(thread, NULL);
	drain_into(bpf, &sums);
	assert_true(after.full + after.partial >= ROUNDS / 2);
	assert_int_equal(lost_units(bpf, EVENT_SHOOTDOWNS), 0);
	assert_int_equal(sums.sent, after.full + after.partial);
	assert_int_equal(sums.received, 0);
	bpf_close(bpf);
}

static void *shoot_from_afar(void *arg)
{
	struct pair *pair = arg;

	pin_to(1);
	for (int i = 0; i < 20 * ROUNDS; i++) {
		/* Later by a little each time: no moment of the drain may be safe from it. */
		for (volatile int turns = 0; turns < i % 1024; turns++)
			;
		mprotect((void *)pair->page, TIERED_PAGE_SIZE, PROT_READ);
		mprotect((void *)pair->page, TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE);
		pair->page[0] = 0;
	}
	pair->stop = 1;
	return NULL;
}

/* Flushes received on the very CPU that is draining: none may be lost between two records. */
static void test_drain_loses_nothing(void **state)
{
	const struct bpf_config config = { .event_rate = UINT32_MAX, .ring_bytes = 4 << 20 };
	struct sums sums = { .tgid = (uint32_t)getpid() };
	struct stats_totals totals;
	struct pair pair = { 0 };
	unsigned int drains = 0;
	struct bpf *bpf;
	pthread_t thread;

	(void)state;
	machine_check();
	bpf = open_bpf(&config);
	assert_int_equal(bpf_manage(bpf, (uint32_t)getpid(), true), 0);
	pair.page = mmap(NULL, TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal((void *)pair.page, MAP_FAILED);
	pin_to(0);
	assert_int_equal(pthread_create(&thread, NULL, shoot_from_afar, &pair), 0);
	for (; !pair.stop; drains++)
		drain_into(bpf, &sums);
	pthread_join(thread, NULL);
	assert_int_equal(bpf_manage(bpf, (uint32_t)getpid(), false), 0);
	drain_into(bpf, &sums);
	assert_int_equal(bpf_totals(bpf, &totals), 0);
	printf("# %u drains met %llu received flushes\n", drains,
	       (unsigned long long)sums.received);
	assert_true(sums.received > 0);
	assert_int_equal(sums.sent + sums.received + sums.local + lost_units(bpf, EVENT_SHOOTDOWNS),
			 totals.managed_shootdowns);
	munmap((void *)pair.page, TIERED_PAGE_SIZE);
	bpf_close(bpf);
}

/* As under the unit's bounding set: then the kernel hides its addresses. */
static void syslog_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[CAP_TO_INDEX(CAP_SYSLOG)].effective &= ~CAP_TO_MASK(CAP_SYSLOG);
	data[CAP_TO_INDEX(CAP_SYSLOG)].permitted &= ~CAP_TO_MASK(CAP_SYSLOG);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* Where the hook is on, the interrupts for our own pages are put down to us. */
static void test_targets_are_attributed(void **state)
{
	struct stats_process process;
	struct pair pair = { 0 };
	struct bpf *bpf;
	pthread_t thread;

	(void)state;
	machine_check();
	syslog_drop();
	bpf = open_bpf(NULL);
	if (!bpf_enabled(bpf, "shootdown-targets")) {
		bpf_close(bpf);
		skip_because("no csd_queue_cpu hook");
	}
	pair_start(&pair, &thread);
	shoot(&pair);
	pair.stop = 1;
	pthread_join(thread, NULL);
	assert_int_equal(bpf_process(bpf, (uint32_t)getpid(), proc_start_ns(getpid()), &process),
			 0);
	bpf_close(bpf);
	assert_in_range(process.interrupts, ROUNDS / 2, ROUNDS * 2 + ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_agree_with_the_kernel),
		cmocka_unit_test(test_worker_is_told_apart),
		cmocka_unit_test(test_drain_loses_nothing),
		/* Last: it gives up a privilege. */
		cmocka_unit_test(test_targets_are_attributed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
