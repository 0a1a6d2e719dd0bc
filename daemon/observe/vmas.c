// SPDX-License-Identifier: GPL-2.0-only
#include "vmas.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"
#include "util/cleanup.h"
#include "util/guard.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* vm.max_map_count is 65,530 by default and 1,048,576 where it was raised; then we stop. */
#define VMAS_MAX (1u << 20)
#define VMAS_FIRST_ROOM 256

/* Mode bits beside the policy itself: MPOL_F_STATIC_NODES, _RELATIVE_NODES, _NUMA_BALANCING. */
#define POLICY_MODE_MASK 0x0fffu
/* Since Linux 6.9, not in older headers. */
#define POLICY_WEIGHTED_INTERLEAVE 6

/*
 * A preferred node is a wish that tiering may better; a set that binds or
 * interleaves is an order.
 */
static int policy_binds(uint32_t policy)
{
	switch (policy & POLICY_MODE_MASK) {
	case MPOL_BIND:
	case MPOL_INTERLEAVE:
	case POLICY_WEIGHTED_INTERLEAVE:
		return 1;
	default:
		return 0;
	}
}

enum vma_verdict vma_judge(const struct vma_record *record)
{
	if (record->flags & VMA_F_SECONDARY)
		return VMA_SECONDARY;
	if (record->flags & VMA_F_HUGETLB)
		return VMA_HUGETLB;
	if (record->flags & (VMA_F_PFNMAP | VMA_F_IO))
		return VMA_DEVICE;
	if (record->flags & (VMA_F_SPECIAL | VMA_F_DAX))
		return VMA_SPECIAL;
	if (record->flags & VMA_F_NONE)
		return VMA_EMPTY;
	if (policy_binds(record->policy))
		return VMA_BOUND;
	return VMA_TRACKED;
}

const char *vma_verdict_reason(enum vma_verdict verdict)
{
	static const char *const reasons[] = {
		[VMA_TRACKED] = "",
		[VMA_HUGETLB] = "pages of hugetlbfs",
		[VMA_DEVICE] = "memory of a device",
		[VMA_SPECIAL] = "special mapping (vdso, DAX and the like)",
		[VMA_BOUND] = "bound to nodes by a memory policy",
		[VMA_EMPTY] = "not accessible (PROT_NONE)",
		[VMA_SECONDARY] = "of a virtual machine, or used by a device: not seen",
	};

	return (size_t)verdict < ARRAY_SIZE(reasons) ? reasons[verdict] : "?";
}

/* What a name in /proc/PID/maps says of a mapping; the first prefix that fits decides. */
static const struct {
	const char *prefix;
	uint32_t flags;
} names[] = {
	{ "[heap]", 0 },
	{ "[stack", 0 },
	{ "[anon", 0 },              /* named by prctl, "[anon_shmem:" too */
	{ "[", VMA_F_SPECIAL },      /* vdso, vvar, vsyscall, uprobes */
	{ "/dev/zero", VMA_F_FILE }, /* shared anonymous memory */
	{ "/dev/shm/", VMA_F_FILE },
	{ "/dev/hugepages/", VMA_F_HUGETLB },
	{ "/dev/", VMA_F_IO },
	{ "/anon_hugepage", VMA_F_HUGETLB },
	{ "anon_inode:kvm-vcpu", VMA_F_SECONDARY },
	{ "anon_inode:", VMA_F_IO }, /* perf and io_uring rings, KVM */
	{ "socket:", VMA_F_IO },
	{ "/", VMA_F_FILE },
};

static uint32_t flags_of_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(name, names[i].prefix, strlen(names[i].prefix)) == 0)
			return names[i].flags;
	return 0;
}

int vma_parse_line(const char *line, struct vma_record *ret)
{
	struct vma_record record = { .policy = MPOL_DEFAULT };
	uint64_t start, end;
	char perms[5];
	int name = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %*u %n", &start, &end, perms,
		   &name) != 3 ||
	    !name || strlen(perms) != 4)
		return -EINVAL;
	if (start >= end || start % TIERED_PAGE_SIZE || end % TIERED_PAGE_SIZE)
		return -EINVAL;
	record.start = start;
	record.end = end;
	record.flags = flags_of_name(line + name);
	if (strncmp(perms, "---", 3) == 0)
		record.flags |= VMA_F_NONE;
	if (perms[3] == 's')
		record.flags |= VMA_F_SHARED;
	*ret = record;
	return 0;
}

/* A list under construction, and what it says of the mapping around one address (0: nobody asked). */
struct list {
	struct vma *vmas;
	size_t n;
	size_t room;
	uint64_t asked;
	int found;
	int secondary;
	enum vma_verdict verdict;
};

/* Overlaps and steps back are not believed: such a record is left out. */
static int list_add(struct list *list, const struct vma_record *record)
{
	struct vma *last = list->n ? &list->vmas[list->n - 1] : NULL;

	if (record->start >= record->end || (last && record->start < last->end))
		return 0;
	list->secondary |= (record->flags & VMA_F_SECONDARY) != 0;
	if (list->asked && list->asked >= record->start && list->asked < record->end) {
		list->found = 1;
		list->verdict = vma_judge(record);
	}
	if (vma_judge(record) != VMA_TRACKED)
		return 0;
	if (last && last->end == record->start) {
		last->end = record->end;
		return 0;
	}
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : VMAS_FIRST_ROOM;
		struct vma *vmas = reallocarray(list->vmas, room, sizeof(*vmas));

		if (!vmas)
			return -ENOMEM;
		list->vmas = vmas;
		list->room = room;
	}
	list->vmas[list->n++] = (struct vma){ .start = record->start, .end = record->end };
	return 0;
}

static int list_from_maps(struct list *list, const char *proc_root, uint32_t tgid)
{
	char path[PATH_MAX];
	auto_fclose FILE *file = NULL;
	auto_free char *line = NULL;
	struct vma_record record;
	size_t room = 0, lines = 0;
	int err = 0;

	if (snprintf(path, sizeof(path), "%s/%u/maps", proc_root, tgid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && lines++ < VMAS_MAX && getline(&line, &room, file) > 0)
		if (vma_parse_line(line, &record) == 0)
			err = list_add(list, &record);
	if (!err && ferror(file))
		err = -ESRCH;
	return err;
}

static int list_from_source(struct list *list, vma_source_fn *source, void *arg, uint32_t tgid)
{
	auto_free struct vma_record *records = NULL;
	size_t room;
	int i, n = -E2BIG, err = 0;

	for (room = VMAS_FIRST_ROOM; n == -E2BIG && room <= VMAS_MAX; room *= 4) {
		struct vma_record *more = reallocarray(records, room, sizeof(*records));

		if (!more)
			return -ENOMEM;
		records = more;
		n = source(arg, (int)tgid, records, room);
		if (guard_deserted())
			return -EBUSY;
	}
	if (n < 0)
		return n;
	for (i = 0; i < n && !err; i++)
		err = list_add(list, &records[i]);
	return err;
}

/* A list to be made, in the room of whoever makes it. */
struct listing {
	struct list list;
	const char *proc_root;
	vma_source_fn *source;
	void *source_arg;
	uint32_t tgid;
};

/* From the better source, or the other one; 0 or -errno. */
static int listing_run(void *room)
{
	struct listing *listing = room;
	struct list *list = &listing->list;
	int err = -EOPNOTSUPP;

	if (listing->source)
		err = list_from_source(list, listing->source, listing->source_arg, listing->tgid);
	/* Whatever the better source lacks, the other one may know the mappings. */
	if (err < 0 && err != -ESRCH) {
		list->n = 0;
		list->found = list->secondary = 0;
		err = list_from_maps(list, listing->proc_root, listing->tgid);
	}
	return err;
}

static void listing_drop(void *room)
{
	struct listing *listing = room;

	free(listing->list.vmas);
}

/* 0, or -errno with nothing in the list. */
static int list_fill(struct list *list, const struct target *target, const char *proc_root,
		     vma_source_fn *source, void *source_arg)
{
	struct listing listing = {
		.list = *list,
		.proc_root = proc_root,
		.source = source,
		.source_arg = source_arg,
		.tgid = target->key.tgid,
	};
	int err = guard_run(target->calls, listing_run, listing_drop, &listing, sizeof(listing));

	*list = listing.list;
	/* A pid in use again would list somebody else's mappings. */
	if (!err && !target_alive(target))
		err = -ESRCH;
	/*
	 * Accesses of guests and devices leave no bits in the page tables that are read here:
	 * their memory would look cold. It is all of the process, whatever mapping says so.
	 */
	if (!err && list->secondary) {
		list->n = 0;
		list->verdict = VMA_SECONDARY;
	}
	if (err < 0) {
		free(list->vmas);
		*list = (struct list){ 0 };
	}
	return err;
}

int vmas_refresh(struct target *target, const char *proc_root, vma_source_fn *source,
		 void *source_arg)
{
	struct list list = { 0 };
	int err = list_fill(&list, target, proc_root, source, source_arg);

	if (err < 0)
		return err;
	vmas_widen(target);
	free(target->vmas);
	target->vmas = list.vmas;
	target->n_vmas = list.n;
	target->secondary = list.secondary;
	return 0;
}

void vmas_narrow(struct target *target, struct vma *vmas, size_t n)
{
	vmas_widen(target);
	target->all_vmas = target->vmas;
	target->n_all_vmas = target->n_vmas;
	target->vmas = vmas;
	target->n_vmas = n;
}

void vmas_widen(struct target *target)
{
	if (!target->all_vmas)
		return;
	free(target->vmas);
	target->vmas = target->all_vmas;
	target->n_vmas = target->n_all_vmas;
	target->all_vmas = NULL;
	target->n_all_vmas = 0;
}

int vmas_ask(const struct target *target, const char *proc_root, vma_source_fn *source,
	     void *source_arg, uint64_t address, enum vma_verdict *ret)
{
	struct list list = { .asked = address };
	int err = list_fill(&list, target, proc_root, source, source_arg);

	if (err < 0)
		return err;
	free(list.vmas);
	if (!list.found)
		return -ENOENT;
	*ret = list.verdict;
	return 0;
}
