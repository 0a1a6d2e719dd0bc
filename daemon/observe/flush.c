// SPDX-License-Identifier: GPL-2.0-only
#include "flush.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "pagemap.h"
#include "target.h"
#include "topology.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "vmas.h"

/* Each failed try costs a migration; pages that fail one after the other are pinned or huge. */
#define TRIES_MAX 8

/* The kernel's timer is a tenth of a second; a drain that was at work before is over by then. */
#define DRAIN_PERIOD_NS (200 * NSEC_PER_MSEC)
#define DRAIN_LATE_NS (2 * NSEC_PER_SEC)

/* Entries per read, and reads per search: 128 MiB of address space at most, a millisecond. */
#define SEARCH_ENTRIES 512
#define SEARCH_READS_MAX 64

/* Flags asked for per search, half a microsecond each. */
#define PROBES_MAX 256

static int has_word(const char *text, const char *word)
{
	const size_t length = strlen(word);
	const char *at = text;

	while ((at = strstr(at, word))) {
		int starts = at == text || at[-1] == ' ' || at[-1] == '\t';

		at += length;
		if (starts && (*at == ' ' || *at == '\n' || *at == '\0'))
			return 1;
	}
	return 0;
}

static enum flush_method method(enum flush_method which, char *reason, size_t size,
				const char *text)
{
	if (reason && size)
		snprintf(reason, size, "%s", text);
	return which;
}

enum flush_method flush_method_probe(const char *release, const char *machine,
				     const char *cpuinfo_flags, char *reason, size_t size)
{
	unsigned int major, minor;

	if (strcmp(machine, "x86_64") != 0)
		return method(
			FLUSH_NATURAL, reason, size,
			"only x86-64 flushes the whole TLB for batched moves; windows wait for "
			"its natural turnover and are reported stale");
	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return method(
			FLUSH_NATURAL, reason, size,
			"the kernel's version is not understood; windows wait for the natural "
			"turnover of the TLB and are reported stale");
	if (major < 6 || (major == 6 && minor < 3))
		return method(FLUSH_NATURAL, reason, size,
			      "kernels before 6.3 flush page by page; windows wait for the natural "
			      "turnover of the TLB and are reported stale");
	if (has_word(cpuinfo_flags, "invlpgb"))
		return method(
			FLUSH_NATURAL, reason, size,
			"this CPU flushes by INVLPGB, which cannot be confirmed; windows wait for "
			"the natural turnover of the TLB and are reported stale");
	return method(FLUSH_MOVE, reason, size, "a batched move flushes the TLBs");
}

/* Copies the value of the first "flags" line; "" when there is none. */
static void read_cpu_flags(const char *proc_root, char **ret_line)
{
	char path[PATH_MAX];
	auto_fclose FILE *file = NULL;
	size_t room = 0;

	if (snprintf(path, sizeof(path), "%s/cpuinfo", proc_root) >= (int)sizeof(path))
		return;
	file = fopen(path, "re");
	while (file && getline(ret_line, &room, file) > 0)
		if (strncmp(*ret_line, "flags", 5) == 0)
			return;
	free(*ret_line);
	*ret_line = NULL;
}

enum flush_method flush_method_here(const char *proc_root, char *reason, size_t size)
{
	auto_free char *flags = NULL;
	struct utsname name;

	if (uname(&name) < 0)
		return method(FLUSH_NATURAL, reason, size, "uname() fails");
	read_cpu_flags(proc_root, &flags);
	return flush_method_probe(name.release, name.machine, flags ? flags : "", reason, size);
}

enum flush_state flush_confirmed(enum flush_method method_used, const struct flush_seen *before,
				 const struct flush_seen *after, uint64_t small_folios_moved)
{
	if (method_used != FLUSH_MOVE || !small_folios_moved)
		return FLUSH_NONE;
	if (after->full > before->full)
		return FLUSH_DONE;
	if (after->partial != before->partial)
		return FLUSH_NONE;
	return after->deferred > before->deferred ? FLUSH_DEFERRED : FLUSH_DONE;
}

enum flush_drain flush_drained(const struct flush_seen *then, const struct flush_seen *now,
			       uint64_t waited_ns)
{
	const uint64_t drains = now->drained - then->drained;

	/* The first may have begun before the move was over; the second has not. */
	if (drains > 1 || (drains && waited_ns >= DRAIN_PERIOD_NS))
		return FLUSH_DRAINED;
	return waited_ns < DRAIN_LATE_NS ? FLUSH_DRAIN_WAIT : FLUSH_DRAIN_LATE;
}

/* Pages to try, best first. */
struct picks {
	uint64_t addresses[TRIES_MAX];
	size_t n;
	size_t probes; /* of kpageflags */
	int kpageflags_fd;
	const struct topology *topology;
	uint64_t leave_nodes; /* nodes whose pages have somewhere to go */
};

/* Neighbours in memory as in the address space are what pages of one large folio are. */
static int looks_large(const uint64_t *entries, size_t i, size_t n)
{
	const uint64_t pfn = pagemap_pfn(entries[i]);

	return (i && pagemap_pfn(entries[i - 1]) == pfn - 1) ||
	       (i + 1 < n && pagemap_pfn(entries[i + 1]) == pfn + 1);
}

/* Moving a large folio is dear, and its flush is not a full one. */
static int is_large(struct picks *picks, const uint64_t *entries, size_t i, size_t n)
{
	const uint64_t large = UINT64_C(1) << KPF_COMPOUND_HEAD | UINT64_C(1) << KPF_COMPOUND_TAIL;
	const uint64_t pfn = pagemap_pfn(entries[i]);
	uint64_t flags;

	if (picks->kpageflags_fd < 0 || picks->probes++ >= PROBES_MAX ||
	    pread(picks->kpageflags_fd, &flags, sizeof(flags), (off_t)(pfn * sizeof(flags))) !=
		    sizeof(flags))
		return looks_large(entries, i, n);
	return (flags & large) != 0;
}

static int is_own(uint64_t entry)
{
	return pagemap_pfn(entry) && (entry & PAGEMAP_EXCLUSIVE) && !(entry & PAGEMAP_FILE);
}

static int may_leave(const struct picks *picks, uint64_t entry)
{
	uint8_t node = topology_node_of_pfn(picks->topology, pagemap_pfn(entry));

	return node < TIERED_NODES_MAX && (picks->leave_nodes >> node & 1);
}

/* Picks among @n pages from @address on, the last first. */
static void pick_from(struct picks *picks, uint64_t address, const uint64_t *entries, size_t n)
{
	size_t i;

	for (i = n; i-- > 0 && picks->n < TRIES_MAX;)
		if (is_own(entries[i]) && may_leave(picks, entries[i]) &&
		    !is_large(picks, entries, i, n))
			picks->addresses[picks->n++] = address + i * TIERED_PAGE_SIZE;
}

/* Looks at one mapping from its end on; 0, or -errno. */
static int search_vma(const struct target *target, const struct vma *vma, struct picks *picks,
		      size_t *reads)
{
	uint64_t entries[SEARCH_ENTRIES], address, end = vma->end;
	int n;

	while (end > vma->start && picks->n < TRIES_MAX && *reads < SEARCH_READS_MAX) {
		uint64_t want = (end - vma->start) >> TIERED_PAGE_SHIFT;

		if (want > SEARCH_ENTRIES)
			want = SEARCH_ENTRIES;
		address = end - (want << TIERED_PAGE_SHIFT);
		n = target_pagemap(target, address, entries, want);
		if (n < 0)
			return n;
		(*reads)++;
		pick_from(picks, address, entries, (size_t)n);
		end = address;
	}
	return 0;
}

/*
 * From the highest address downwards: there is the stack, whose topmost pages
 * hold the environment, are single, always present, and hardly ever used.
 */
static void search(const struct target *target, struct picks *picks)
{
	const struct vma *vmas;
	size_t i, reads = 0;

	vmas = target_mappings(target, &i);
	while (i-- > 0 && picks->n < TRIES_MAX)
		if (search_vma(target, &vmas[i], picks, &reads) < 0)
			return;
}

/* enum flush_state: none, another page may do; -ESRCH: the process is gone. */
static int try_page(const struct flush_ops *ops, enum flush_method method_used,
		    const struct topology *topology, struct target *target, uint64_t address)
{
	struct flush_seen before = { 0 }, after = { 0 };
	uint64_t entry;
	uint8_t node, to;
	int counted, ret;

	ret = target_pagemap(target, address, &entry, 1);
	if (ret < 0)
		return ret;
	if (!pagemap_pfn(entry))
		return 0;
	node = topology_node_of_pfn(topology, pagemap_pfn(entry));
	to = ops->other_node(ops->arg, target, node);
	if (to == TIERED_NODE_NONE)
		return 0;
	counted = ops->seen(ops->arg, &before) == 0;
	ret = ops->move_page(ops->arg, target, address, to);
	if (ret < 0)
		return ret == -ESRCH ? ret : 0;
	if (!counted || ops->seen(ops->arg, &after) < 0)
		before = after = (struct flush_seen){ 0 };
	return (int)flush_confirmed(method_used, &before, &after, 1);
}

/* When confirmed, with the page remembered for the next time; else as try_page(). */
static int try_picks(const struct flush_ops *ops, enum flush_method method_used,
		     const struct topology *topology, struct target *target,
		     const struct picks *picks)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < picks->n && ret == 0; i++) {
		ret = try_page(ops, method_used, topology, target, picks->addresses[i]);
		if (ret > 0)
			target->flush_address = picks->addresses[i];
	}
	return ret;
}

/* Where a tier is full, its pages can still leave: a flush must not fail for want of room. */
static uint64_t nodes_to_leave(const struct flush_ops *ops, const struct topology *topology,
			       const struct target *target)
{
	const struct topology_node *nodes;
	uint64_t mask = 0;
	size_t i, n;

	nodes = topology_nodes(topology, &n);
	for (i = 0; i < n; i++)
		if (ops->other_node(ops->arg, target, (uint8_t)nodes[i].id) != TIERED_NODE_NONE)
			mask |= UINT64_C(1) << nodes[i].id;
	return mask;
}

static int kpageflags_open(const char *proc_root)
{
	char path[PATH_MAX];

	if (!proc_root ||
	    snprintf(path, sizeof(path), "%s/kpageflags", proc_root) >= (int)sizeof(path))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC);
}

int flush_force(const struct flush_ops *ops, enum flush_method method_used,
		const struct topology *topology, struct target *target)
{
	auto_close int kpageflags_fd = -1;
	struct picks picks = { .kpageflags_fd = -1 };
	int ret = 0;

	if (method_used != FLUSH_MOVE)
		return 0;
	if (target->flush_address) {
		picks.addresses[picks.n++] = target->flush_address;
		ret = try_picks(ops, method_used, topology, target, &picks);
	}
	if (ret == 0) {
		target->flush_address = 0;
		kpageflags_fd = kpageflags_open(ops->proc_root);
		picks = (struct picks){
			.kpageflags_fd = kpageflags_fd,
			.topology = topology,
			.leave_nodes = nodes_to_leave(ops, topology, target),
		};
		search(target, &picks);
		ret = try_picks(ops, method_used, topology, target, &picks);
	}
	return ret;
}
