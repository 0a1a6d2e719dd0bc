// SPDX-License-Identifier: GPL-2.0-only
/* What managed processes fork goes back, whatever is short, and however many threads it has. */
#include <fcntl.h>
#include <sys/resource.h>

#include "bpf/sched_strays.h"
#include "fake_policies.h"

#define MANAGED 100

/* @tgids: that were noted, ended by 0. */
struct noted {
	struct sched_strays strays;
	struct sched_strays_env env;
	const uint32_t *tgids;
	uint64_t lost;
};

static int next_noted(void *arg, uint32_t *ret_tgid)
{
	struct noted *noted = arg;

	if (!noted->tgids || !*noted->tgids)
		return 0;
	*ret_tgid = *noted->tgids++;
	return 1;
}

static int is_managed(void *arg, uint32_t tgid)
{
	(void)arg;
	return tgid == MANAGED;
}

static struct noted noted_make(const uint32_t *tgids)
{
	return (struct noted){ .env = { .proc_root = scene.tree.root,
					.next = next_noted,
					.is_managed = is_managed },
			       .tgids = tgids };
}

static void look(struct noted *noted, unsigned int work)
{
	noted->env.arg = noted;
	scene.looks = 0;
	sched_strays_look(&noted->strays, &noted->env, noted->lost, work);
	assert_in_range(scene.looks, 0, work);
}

static int left(void)
{
	return sched_class_count(scene.tree.root);
}

static void test_noted_ones_go_back(void **state)
{
	static const uint32_t tgids[] = { 10, 77, MANAGED, 20, 0 };
	struct noted noted = noted_make(tgids);

	(void)state;
	add_thread(10, 10, EXT);
	add_thread(10, 11, EXT);
	add_thread(20, 20, EXT);
	add_thread(MANAGED, MANAGED, EXT);
	look(&noted, 1000);
	assert_int_equal(left(), 1);
	assert_int_equal(scene.policy[MANAGED], EXT);
	/* Nobody was lost: nobody is looked for. */
	scene.policy[20] = EXT;
	look(&noted, 1000);
	assert_int_equal(scene.looks, 0);
	noted.lost = 5;
	look(&noted, 1000);
	assert_int_equal(left(), 1);
	look(&noted, 1000);
	assert_int_equal(scene.looks, 0);
	sched_strays_end(&noted.strays);
}

/* One process of many threads takes many looks, and the next one its turn. */
static void test_work_is_bounded_in_threads(void **state)
{
	static const uint32_t tgids[] = { 10, 90, 0 };
	struct noted noted = noted_make(tgids);
	int tid, looks;

	(void)state;
	for (tid = 10; tid < 80; tid++)
		add_thread(10, tid, EXT);
	add_thread(90, 90, EXT);
	look(&noted, 20);
	assert_in_range(left(), 71 - 20, 70);
	for (looks = 1; left() && looks < 20; looks++)
		look(&noted, 20);
	/* Two passes of 70 threads, and a process more. */
	assert_in_range(looks, 7, 10);
	/* The same by a walk. */
	for (tid = 10; tid < 80; tid++)
		scene.policy[tid] = EXT;
	noted.lost = 1;
	look(&noted, 20);
	assert_in_range(left(), 70 - 20, 70);
	for (looks = 1; left() && looks < 20; looks++)
		look(&noted, 20);
	assert_in_range(looks, 4, 10);
	sched_strays_end(&noted.strays);
}

/* No descriptor is left: the process is what the next look begins with. */
static void test_without_descriptors(void **state)
{
	static const uint32_t tgids[] = { 10, 20, 0 };
	struct noted noted = noted_make(tgids);
	struct rlimit was, none;
	int next;

	(void)state;
	add_thread(10, 10, EXT);
	add_thread(20, 20, EXT);
	add_thread(30, 30, EXT);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	next = open("/dev/null", O_RDONLY);
	assert_true(next >= 0);
	close(next);
	none = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	noted.lost = 1;
	look(&noted, 1000);
	look(&noted, 1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(left(), 3);
	look(&noted, 1000);
	assert_int_equal(left(), 0);
	sched_strays_end(&noted.strays);
}

/* One that left management and was not noted. */
static void test_looks_again(void **state)
{
	struct noted noted = noted_make(NULL);

	(void)state;
	add_thread(10, 10, EXT);
	noted.strays.again = 1;
	look(&noted, 1000);
	assert_int_equal(left(), 0);
	look(&noted, 1000);
	assert_int_equal(scene.looks, 0);
	sched_strays_end(&noted.strays);
}

/* What cannot be is given up, and does not stand in the way of others. */
static void test_one_that_cannot_be_put_back(void **state)
{
	static const uint32_t tgids[] = { 10, 20, 0 };
	struct noted noted = noted_make(tgids);

	(void)state;
	add_thread(10, 10, EXT);
	add_thread(20, 20, EXT);
	scene.deny = EPERM;
	look(&noted, 1000);
	assert_int_equal(left(), 2);
	assert_int_equal(noted.strays.tgid, 0);
	scene.deny = 0;
	look(&noted, 1000);
	assert_int_equal(scene.looks, 0);
	sched_strays_end(&noted.strays);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_noted_ones_go_back, make, clean),
		cmocka_unit_test_setup_teardown(test_work_is_bounded_in_threads, make, clean),
		cmocka_unit_test_setup_teardown(test_without_descriptors, make, clean),
		cmocka_unit_test_setup_teardown(test_looks_again, make, clean),
		cmocka_unit_test_setup_teardown(test_one_that_cannot_be_put_back, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
