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
		{ FLUSH_MOVE, { 5, 5 }, { 6, 5 }, 1, 1 },
		{ FLUSH_MOVE, { 5, 5 }, { 6, 9 }, 3, 1 },
		{ FLUSH_MOVE, { 5, 5 }, { 5, 6 }, 1, 0 }, /* page by page */
		{ FLUSH_MOVE, { 5, 5 }, { 5, 5 }, 1, 1 }, /* nobody to interrupt */
		{ FLUSH_MOVE, { 5, 5 }, { 6, 5 }, 0, 0 }, /* somebody else's */
		{ FLUSH_NATURAL, { 5, 5 }, { 6, 5 }, 1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(flush_confirmed(cases[i].method, &cases[i].before, &cases[i].after,
						 cases[i].moved),
				 cases[i].confirmed);
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
	int partial; /* so many moves are seen as partial flushes */
	int count;   /* 0: nobody counts */
	uint8_t other;
	struct flush_seen seen;
} fake;

static int move_page(void *arg, struct target *target, uint64_t address, uint8_t node)
{
	(void)arg;
	assert_ptr_equal(target, &fake.target);
	assert_int_equal(node, fake.other);
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
	assert_int_equal(node, TIERED_NODE_NONE); /* no topology was given */
	return fake.other;
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
	return flush_force(&ops, method, NULL, &fake.target);
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
	return 0;
}

static int teardown(void **state)
{
	(void)state;
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

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe), cmocka_unit_test(test_confirmed), UNIT(test_force),
		UNIT(test_force_tries),       UNIT(test_force_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
