// SPDX-License-Identifier: GPL-2.0-only
/* When a flush is to be had, when it is confirmed, and which page is moved for it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/flush.h"
#include "observe/pagemap.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "observe/vmas.h"
#include "tree.h"

static void test_probe(void **state)
{
	static const struct {
		const char *release, *machine, *flags;
		enum flush_method method;
	} cases[] = {
		{ "6.3.0", "x86_64", "flags\t\t: fpu pge\n", FLUSH_MOVE },
		{ "6.12.95+deb12-amd64", "x86_64", "", FLUSH_MOVE },
		{ "7.2.12", "x86_64", "flags\t\t: fpu xinvlpgb invlpgbx\n", FLUSH_MOVE },
		{ "10.0", "x86_64", "", FLUSH_MOVE },
		{ "7.2.12", "x86_64", "flags\t\t: fpu invlpgb\n", FLUSH_NATURAL },
		{ "7.2.12", "x86_64", "flags\t\t: invlpgb fpu\n", FLUSH_NATURAL },
		{ "6.2.16", "x86_64", "", FLUSH_NATURAL },
		{ "6.1.0-56-cloud-amd64", "x86_64", "", FLUSH_NATURAL },
		{ "5.19.0", "x86_64", "", FLUSH_NATURAL },
		{ "6.12.0", "aarch64", "", FLUSH_NATURAL },
		{ "", "x86_64", "", FLUSH_NATURAL },
		{ "linux", "x86_64", "", FLUSH_NATURAL },
	};
	char reason[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reason[0] = '\0';
		assert_int_equal(flush_method_probe(cases[i].release, cases[i].machine,
						    cases[i].flags, reason, sizeof(reason)),
				 cases[i].method);
		assert_string_not_equal(reason, "");
		flush_method_probe(cases[i].release, cases[i].machine, cases[i].flags, NULL, 0);
	}
	assert_int_equal(flush_method_here("/proc", NULL, 0),
			 flush_method_here("/proc", reason, sizeof(reason)));
}

static void test_confirmed(void **state)
{
	static const struct {
		enum flush_method method;
		struct flush_seen before, after;
		uint64_t moved;
		int confirmed;
	} cases[] = {
		{ FLUSH_MOVE, { 5, 5, 0, 0 }, { 6, 5, 0, 0 }, 1, 1 },
		{ FLUSH_MOVE, { 5, 5, 0, 0 }, { 6, 9, 0, 0 }, 3, 1 },
		{ FLUSH_MOVE, { 5, 5, 0, 0 }, { 5, 6, 0, 0 }, 1, 0 }, /* page by page */
		{ FLUSH_MOVE, { 5, 5, 0, 0 }, { 5, 5, 0, 0 }, 1, 1 }, /* nobody to interrupt */
		{ FLUSH_MOVE, { 5, 5, 0, 0 }, { 6, 5, 0, 0 }, 0, 0 }, /* somebody else's */
		{ FLUSH_NATURAL, { 5, 5, 0, 0 }, { 6, 5, 0, 0 }, 1, 0 },
		{ FLUSH_MOVE, { 5, 5, 7, 3 }, { 5, 5, 8, 3 }, 1, FLUSH_DEFERRED },
		/* One of several batches was flushed at once: that was all of the process. */
		{ FLUSH_MOVE, { 5, 5, 7, 3 }, { 6, 5, 8, 3 }, 9, FLUSH_DONE },
		{ FLUSH_MOVE, { 5, 5, 7, 3 }, { 5, 6, 8, 3 }, 9, FLUSH_NONE },
		{ FLUSH_MOVE, { 5, 5, 7, 3 }, { 5, 5, 8, 3 }, 0, FLUSH_NONE },
		{ FLUSH_NATURAL, { 5, 5, 7, 3 }, { 5, 5, 8, 3 }, 1, FLUSH_NONE },
		/* Nothing was put off meanwhile: what was before does not count. */
		{ FLUSH_MOVE, { 5, 5, 7, 3 }, { 5, 5, 7, 4 }, 1, FLUSH_DONE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(flush_confirmed(cases[i].method, &cases[i].before, &cases[i].after,
						 cases[i].moved),
				 cases[i].confirmed);
}

/* The flush that is to come has come when a drain began after the move, or took too long. */
static void test_drained(void **state)
{
	static const struct {
		uint64_t then, now, waited_ms;
		enum flush_drain drain;
	} cases[] = {
		{ 3, 3, 0, FLUSH_DRAIN_WAIT },    { 3, 3, 1999, FLUSH_DRAIN_WAIT },
		{ 3, 3, 2000, FLUSH_DRAIN_LATE }, { 3, 4, 10, FLUSH_DRAIN_WAIT },
		{ 3, 4, 200, FLUSH_DRAINED },     { 3, 4, 5000, FLUSH_DRAINED },
		{ 3, 5, 10, FLUSH_DRAINED },      { 3, 5, 0, FLUSH_DRAINED },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(flush_drained(&(struct flush_seen){ .drained = cases[i].then },
					       &(struct flush_seen){ .drained = cases[i].now },
					       cases[i].waited_ms * 1000000),
				 cases[i].drain);
}

/* --- the page that is moved */

#define BASE UINT64_C(0x10000000)
#define PAGE(n) (BASE + (uint64_t)(n)*TIERED_PAGE_SIZE)
#define OWN (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE)

static struct {
	struct tree tree;
	struct target target;
	struct vma vmas[2];
	uint64_t moved[16];
	size_t n_moves;
	int fail_moves; /* so many of them, with @error */
	int error;
	int partial;   /* so many moves are seen as partial flushes */
	int count;     /* 0: nobody counts */
	uint8_t other; /* where pages of node 0 may go */
	uint8_t back;  /* where pages of node 1 may go */
	struct flush_seen seen;
	struct topology *topology;
} fake;

static int move_page(void *arg, struct target *target, uint64_t address, uint8_t node)
{
	(void)arg;
	assert_ptr_equal(target, &fake.target);
	assert_true(node == fake.other || node == fake.back);
	assert_true(fake.n_moves < 16);
	fake.moved[fake.n_moves++] = address;
	if (fake.fail_moves-- > 0)
		return fake.error;
	if (fake.partial-- > 0)
		fake.seen.partial++;
	else
		fake.seen.full++;
	return 0;
}

static int seen(void *arg, struct flush_seen *ret)
{
	(void)arg;
	if (!fake.count)
		return -EOPNOTSUPP;
	*ret = fake.seen;
	return 0;
}

static uint8_t other_node(void *arg, const struct target *target, uint8_t node)
{
	(void)arg;
	(void)target;
	assert_true(node < 2);
	return node ? fake.back : fake.other;
}

static void set_entry(uint64_t page, uint64_t entry)
{
	assert_int_equal(pwrite(fake.target.pagemap_fd, &entry, 8,
				(off_t)((BASE / TIERED_PAGE_SIZE + page) * 8)),
			 8);
}

static int force(enum flush_method method)
{
	const struct flush_ops ops = {
		.move_page = move_page,
		.seen = seen,
		.other_node = other_node,
		.proc_root = fake.tree.root,
	};

	fake.n_moves = 0;
	return flush_force(&ops, method, fake.topology, &fake.target);
}

/* Frames from 0 on are of node 0, from 1 << 15 on of node 1. */
static void open_topology(void)
{
	static const char zone[] = "Node %u, zone   Normal\n  pages free     99\n"
				   "        high     1\n        spanned  32768\n"
				   "        managed  32768\n  start_pfn:           %u\n";
	char zones[1024], why[128];
	int n;

	n = snprintf(zones, sizeof(zones), zone, 0, 0);
	snprintf(zones + n, sizeof(zones) - (size_t)n, zone, 1, 1 << 15);
	tree_bytes(&fake.tree, "zoneinfo", zones, strlen(zones));
	assert_int_equal(topology_read(fake.tree.root, fake.tree.root, NULL, 0, &fake.topology, why,
				       sizeof(why)),
			 0);
}

static int setup(void **state)
{
	char path[PATH_MAX];

	(void)state;
	memset(&fake, 0, sizeof(fake));
	tree_make(&fake.tree);
	snprintf(path, sizeof(path), "%s/pagemap", fake.tree.root);
	fake.target.pagemap_fd = open(path, O_RDWR | O_CREAT, 0600);
	fake.target.vmas = fake.vmas;
	fake.target.n_vmas = 2;
	fake.vmas[0] = (struct vma){ PAGE(0), PAGE(1000) };
	fake.vmas[1] = (struct vma){ PAGE(2000), PAGE(2004) };
	set_entry(4000, 0);
	fake.count = 1;
	fake.other = 1;
	fake.back = 0;
	open_topology();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	topology_free(fake.topology);
	close(fake.target.pagemap_fd);
	tree_remove(&fake.tree, "");
	return 0;
}

static void test_force(void **state)
{
	(void)state;
	set_entry(10, 500 | OWN);
	set_entry(2001, 600 | OWN | PAGEMAP_FILE);
	set_entry(2002, 700 | PAGEMAP_PRESENT); /* shared */
	set_entry(2003, PAGEMAP_SWAPPED);
	assert_int_equal(force(FLUSH_NATURAL), 0);
	assert_int_equal(fake.n_moves, 0);
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.n_moves, 1);
	assert_int_equal(fake.moved[0], PAGE(10));
	/* The same page again, although there is a better one now. */
	set_entry(2000, 800 | OWN);
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.moved[0], PAGE(10));
	/* It is gone: another one. */
	set_entry(10, 0);
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.moved[0], PAGE(2000));
	assert_int_equal(fake.target.flush_address, PAGE(2000));
}

static void test_force_tries(void **state)
{
	uint64_t page;

	(void)state;
	for (page = 0; page < 20; page++)
		set_entry(page, (500 + page * 2) | OWN);
	/* Pinned pages first, highest addresses first. */
	fake.error = -EBUSY;
	fake.fail_moves = 3;
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.n_moves, 4);
	assert_int_equal(fake.moved[0], PAGE(19));
	assert_int_equal(fake.target.flush_address, PAGE(16));
	/* Flushes of single pages confirm nothing: the remembered page and eight others, no more. */
	fake.partial = 100;
	assert_int_equal(force(FLUSH_MOVE), 0);
	assert_int_equal(fake.n_moves, 9);
	assert_int_equal(fake.target.flush_address, 0);
	/* The process is gone in the middle of it. */
	fake.partial = 0;
	fake.error = -ESRCH;
	fake.fail_moves = 1;
	assert_int_equal(force(FLUSH_MOVE), -ESRCH);
	assert_int_equal(fake.n_moves, 1);
	/* No node to go to. */
	fake.other = TIERED_NODE_NONE;
	assert_int_equal(force(FLUSH_MOVE), 0);
	assert_int_equal(fake.n_moves, 0);
	/* Where nobody counts, the kernel's version is trusted. */
	fake.other = 1;
	fake.count = 0;
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(ftruncate(fake.target.pagemap_fd, 0), 0);
	assert_int_equal(force(FLUSH_MOVE), -ESRCH);
}

/* Parts of large folios are left alone, by their flags or by how they lie. */
static void test_force_large(void **state)
{
	static uint64_t flags[2048];
	uint64_t page;

	(void)state;
	for (page = 0; page < 900; page++)
		set_entry(page, (500 + page) | OWN);
	set_entry(950, 1800 | OWN);
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.moved[0], PAGE(950));
	for (page = 0; page < 2048; page++)
		flags[page] = UINT64_C(1) << KPF_COMPOUND_TAIL;
	flags[500 + 890] = 0;
	tree_bytes(&fake.tree, "kpageflags", flags, sizeof(flags));
	fake.target.flush_address = 0;
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.n_moves, 1);
	assert_int_equal(fake.moved[0], PAGE(890));
}

/*
 * A full tier takes no page, but its own may leave: when the page of the last
 * time cannot go back, one that can is found.
 */
static void test_force_full(void **state)
{
	(void)state;
	set_entry(10, 500 | OWN);
	set_entry(20, ((1 << 15) + 500) | OWN);
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.moved[0], PAGE(20));
	/* Node 0 is full now. */
	fake.back = TIERED_NODE_NONE;
	assert_int_equal(force(FLUSH_MOVE), 1);
	assert_int_equal(fake.n_moves, 1);
	assert_int_equal(fake.moved[0], PAGE(10));
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),   cmocka_unit_test(test_confirmed),
		cmocka_unit_test(test_drained), UNIT(test_force),
		UNIT(test_force_tries),         UNIT(test_force_large),
		UNIT(test_force_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
