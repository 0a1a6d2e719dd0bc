// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: a child forks, starts threads, runs another program and
 * ends. Exactly one record of each kind must tell it, in that order, with the
 * start time that /proc shows; threads must not be taken for processes. And a
 * storm of children that nobody listens to must be accounted for to the last.
 */
#include <pthread.h>
#include <signal.h>

#include "common.h"

#define EXEC_ARGUMENT "--as-the-child"
#define STORM 300
/* Somebody else may fork during a storm; then it is repeated. */
#define STORM_TRIES 20

struct seen {
	uint32_t tgid;
	unsigned int n;
	struct event_lifecycle events[8];
};

static void remember(void *arg, const struct event_lifecycle *event)
{
	struct seen *seen = arg;

	if (event->header.tgid == seen->tgid && seen->n < 8)
		seen->events[seen->n++] = *event;
}

static const struct event_handler remember_handler = { .lifecycle = remember };

static void *thread_nothing(void *arg)
{
	return arg;
}

/* In the child: three threads, then another program that waits for its stdin to end. */
static void threads_and_exec(int input)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, thread_nothing, NULL))
			_exit(1);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	dup2(input, STDIN_FILENO);
	execl("/proc/self/exe", "test_lifecycle", EXEC_ARGUMENT, (char *)NULL);
	_exit(1);
}

static void check_event(const struct event_lifecycle *event, uint32_t kind, uint64_t start_ns)
{
	assert_int_equal(event->header.kind, kind);
	assert_int_equal(event->header.flags, EVENT_F_ATTRIBUTED);
	assert_int_equal(event->parent_tgid, getpid());
	assert_int_equal(event->reserved, 0);
	assert_int_equal(event->start_ns, start_ns);
}

static void test_a_life_is_told(void **state)
{
	struct bpf *bpf = open_bpf(NULL);
	struct seen seen = { 0 };
	uint64_t start_ns;
	int pipes[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(pipes[1]);
		threads_and_exec(pipes[0]);
	}
	close(pipes[0]);
	start_ns = proc_start_ns(pid);
	close(pipes[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	seen.tgid = (uint32_t)pid;
	assert_true(bpf_consume(bpf, &remember_handler, &seen) >= 3);
	bpf_close(bpf);
	assert_int_equal(seen.n, 3);
	check_event(&seen.events[0], EVENT_FORK, start_ns);
	check_event(&seen.events[1], EVENT_EXEC, start_ns);
	check_event(&seen.events[2], EVENT_EXIT, start_ns);
	/* The fork is told by the parent, the rest by the child itself. */
	assert_int_equal(seen.events[0].header.tid, getpid());
	assert_int_equal(seen.events[1].header.tid, pid);
	assert_true(seen.events[0].header.time_ns <= seen.events[1].header.time_ns);
	assert_true(seen.events[1].header.time_ns <= seen.events[2].header.time_ns);
}

/*
 * Killed while threads run: the record comes with the last of them; two that
 * end at the same moment may both send it (see event.h).
 */
static void test_killed_process_ends(void **state)
{
	struct bpf *bpf = open_bpf(NULL);
	struct seen seen = { 0 };
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, thread_nothing, NULL))
			_exit(1);
		kill(getpid(), SIGKILL);
		pause();
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	seen.tgid = (uint32_t)pid;
	assert_true(bpf_consume(bpf, &remember_handler, &seen) >= 2);
	bpf_close(bpf);
	assert_in_range(seen.n, 2, 3);
	assert_int_equal(seen.events[0].header.kind, EVENT_FORK);
	for (unsigned int i = 1; i < seen.n; i++)
		assert_int_equal(seen.events[i].header.kind, EVENT_EXIT);
}

static unsigned long long forks_so_far(void)
{
	unsigned long long forks = 0;
	char line[4096];
	FILE *file = fopen("/proc/stat", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "processes %llu", &forks) == 1)
			break;
	fclose(file);
	return forks;
}

struct kinds_seen {
	unsigned int count[EVENT_KINDS];
	unsigned int records;
};

static void count_kinds(void *arg, const struct event_lifecycle *event)
{
	struct kinds_seen *seen = arg;

	seen->count[event->header.kind]++;
	seen->records++;
}

static const struct event_handler kinds_handler = { .lifecycle = count_kinds };

/* Returns 1 when nobody else forked: only then the numbers must be exact. */
static int storm_once(void)
{
	const struct bpf_config config = { .ring_bytes = 4096, .event_rate = UINT32_MAX };
	struct bpf *bpf = open_bpf(&config);
	unsigned long long before = forks_so_far(), forks;
	struct event_losses losses[EVENT_KINDS];
	struct kinds_seen seen = { 0 };
	struct stats_totals totals;

	for (int i = 0; i < STORM; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	assert_int_equal(bpf_losses(bpf, losses), 0);
	forks = forks_so_far() - before;
	assert_true(bpf_consume(bpf, &kinds_handler, &seen) >= 0);
	assert_int_equal(bpf_totals(bpf, &totals), 0);
	bpf_close(bpf);
	assert_int_equal(losses[EVENT_FORK].rate_capped, 0);
	assert_true(losses[EVENT_FORK].ring_full > 0 && losses[EVENT_EXIT].ring_full > 0);
	assert_int_equal(seen.records, totals.events);
	if (forks != STORM)
		return 0;
	assert_int_equal(seen.count[EVENT_FORK] + losses[EVENT_FORK].ring_full, STORM);
	return 1;
}

static void test_a_full_ring_is_counted_by_kind(void **state)
{
	(void)state;
	for (int i = 0; i < STORM_TRIES; i++)
		if (storm_once())
			return;
	skip_because("somebody else forks all the time");
}

static void test_rate_cap_is_counted_by_kind(void **state)
{
	const struct bpf_config config = { .event_rate = 1 };
	struct bpf *bpf = open_bpf(&config);
	struct event_losses losses[EVENT_KINDS];
	struct kinds_seen seen = { 0 };

	(void)state;
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	assert_true(bpf_consume(bpf, &kinds_handler, &seen) >= 0);
	assert_int_equal(bpf_losses(bpf, losses), 0);
	bpf_close(bpf);
	assert_int_equal(losses[EVENT_FORK].ring_full, 0);
	assert_true(losses[EVENT_FORK].rate_capped > 0);
	assert_true(seen.count[EVENT_FORK] > 0);
	assert_true(seen.count[EVENT_FORK] + losses[EVENT_FORK].rate_capped >= 50);
	assert_int_equal(losses[EVENT_FORK].rate_capped, losses[EVENT_FORK].rate_capped_units);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_life_is_told),
		cmocka_unit_test(test_killed_process_ends),
		cmocka_unit_test(test_a_full_ring_is_counted_by_kind),
		cmocka_unit_test(test_rate_cap_is_counted_by_kind),
	};
	char byte;

	if (argc > 1 && !strcmp(argv[1], EXEC_ARGUMENT))
		return (int)read(STDIN_FILENO, &byte, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
