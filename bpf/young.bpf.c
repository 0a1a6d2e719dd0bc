// SPDX-License-Identifier: GPL-2.0-only
/*
 * young.bpf.c - reads the page tables of a process, whole tables at a time.
 *
 * Run by the daemon, never attached. A page table is 4096 bytes at its frame's
 * place in the kernel's map of all memory; young_find() finds out where that
 * begins. The address space is the one of an open pagemap: the kernel keeps an
 * mm_struct, and the table at its top, for as long as the file is open, so no
 * number of a process has to be believed, and no kfunc is needed to look one up.
 *
 * No lock is taken. Tables may be freed while they are read; every read is a
 * probe that cannot fault, and a table counts only if what points to it is the
 * same afterwards. So what is found is advice: a page may be another by the time
 * that anybody acts on it, which is true of pagemap as well.
 */
#include "common.bpf.h"

#include "tiered/young_walk.h"

#define ESRCH 3
#define ENOENT 2
#define EBADF 9
#define EINVAL 22

#define TABLE_SHIFT 21 /* what one table of the lowest level maps */
#define GIANT_SHIFT 30
#define TOP_SHIFT_4 39
#define TOP_SHIFT_5 48

/* Tries of 1 GiB each: 64 TiB of memory, more than 4 levels can map. */
#define BASES_MAX 65536
#define BASE_ALIGN (1UL << 30)

/* Steps of a call that finds nothing but holes: less than a millisecond. */
#define STEPS_MAX 4096

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct young_found);
} young_found SEC(".maps");

/* What young_find() has found. */
volatile __u64 young_base;
volatile __u64 young_operations; /* of files that are pagemaps */
volatile __u32 young_levels;

struct young_walk {
	__u64 at;
	__u64 end;
	__u64 top;
	__u32 blocks;
	__u32 blocks_max;
	__u32 torn;
	__u32 pad;
};

static __always_inline __u64 entry_at(__u64 table, __u64 index)
{
	__u64 entry = 0;

	bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(table + index * sizeof(entry)));
	return entry;
}

/* The entry for @address in the table at @table, whose entries map 1 << @shift bytes each. */
static __always_inline __u64 entry_of(__u64 table, __u64 address, __u32 shift)
{
	return entry_at(table, address >> shift & (YOUNG_BLOCK_PAGES - 1));
}

static __always_inline __u64 table_of(__u64 base, __u64 entry)
{
	return base + (entry & YOUNG_FRAME);
}

static __always_inline __u64 beyond(__u64 address, __u32 shift)
{
	return ((address >> shift) + 1) << shift;
}

/* The file behind a descriptor of the current process, or NULL. */
static __always_inline struct file *file_of(__s32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;
	struct file **files;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* The entry that tells of 2 MiB around @address, and where the next piece begins. */
static __always_inline __u64 walk_down(__u64 base, __u64 top, __u32 levels, __u64 address,
				       __u64 *ret_next, __u32 *ret_kind)
{
	__u64 entry, table = top;

	*ret_kind = 0;
	if (levels == 5) {
		*ret_next = beyond(address, TOP_SHIFT_5);
		entry = entry_of(table, address, TOP_SHIFT_5);
		if (!(entry & YOUNG_PRESENT))
			return 0;
		table = table_of(base, entry);
	}
	*ret_next = beyond(address, TOP_SHIFT_4);
	entry = entry_of(table, address, TOP_SHIFT_4);
	if (!(entry & YOUNG_PRESENT))
		return 0;
	*ret_next = beyond(address, GIANT_SHIFT);
	entry = entry_of(table_of(base, entry), address, GIANT_SHIFT);
	if (!(entry & YOUNG_PRESENT))
		return 0;
	if (entry & YOUNG_LARGE) {
		*ret_kind = YOUNG_GIANT;
		return entry;
	}
	*ret_next = beyond(address, TABLE_SHIFT);
	entry = entry_of(table_of(base, entry), address, TABLE_SHIFT);
	if (!(entry & YOUNG_PRESENT))
		return 0;
	*ret_kind = entry & YOUNG_LARGE ? YOUNG_HUGE : YOUNG_TABLE;
	return entry;
}

/* 0 when the table was read, and is still where it was. */
static __always_inline int table_read(const struct young_walk *walk, struct young_table *table,
				      __u64 entry)
{
	__u64 next;
	__u32 kind;

	if (bpf_probe_read_kernel(table, sizeof(*table), (void *)table_of(young_base, entry)) < 0)
		return -EINVAL;
	/* Accessed bits of the entries above change all the time. */
	return (walk_down(young_base, walk->top, young_levels, walk->at, &next, &kind) ^ entry) &
			       ~(__u64)(YOUNG_ACCESSED | YOUNG_DIRTY)
		       ? -EINVAL
		       : 0;
}

static long walk_step(__u32 index, void *context)
{
	struct young_walk *walk = context;
	__u32 kind, number = walk->blocks, zero = 0;
	struct young_found *found;
	__u64 entry, next;

	if (walk->at >= walk->end || number >= YOUNG_BLOCKS || number >= walk->blocks_max)
		return 1;
	found = bpf_map_lookup_elem(&young_found, &zero);
	if (!found)
		return 1;
	entry = walk_down(young_base, walk->top, young_levels, walk->at, &next, &kind);
	if (kind == YOUNG_TABLE && table_read(walk, &found->tables[number], entry) < 0) {
		walk->torn++;
	} else if (kind) {
		__u32 shift = kind == YOUNG_GIANT ? GIANT_SHIFT : TABLE_SHIFT;

		found->blocks[number].address = walk->at >> shift << shift;
		found->blocks[number].entry = entry;
		found->blocks[number].kind = kind;
		walk->blocks++;
	}
	walk->at = next;
	return 0;
}

SEC("syscall")
int young_read(struct young_request *request)
{
	struct young_walk walk = {
		.at = request->start,
		.end = request->end,
		.blocks_max = request->blocks,
	};
	struct file *file = file_of(request->fd);
	struct mm_struct *mm;

	request->next = request->start;
	request->blocks = 0;
	request->torn = 0;
	request->flags = 0;
	request->error = -EBADF;
	if (!file || !young_base || (__u64)BPF_CORE_READ(file, f_op) != young_operations)
		return 0;
	mm = BPF_CORE_READ(file, private_data);
	request->error = -ESRCH;
	if (!mm || BPF_CORE_READ(mm, mm_users.counter) <= 0)
		return 0;
	if (has_notifiers(mm))
		request->flags |= YOUNG_F_SECONDARY;
	walk.top = (__u64)BPF_CORE_READ(mm, pgd);
	bpf_loop(STEPS_MAX, walk_step, &walk, 0);
	request->next = walk.at;
	request->blocks = walk.blocks;
	request->torn = walk.torn;
	request->error = 0;
	return 0;
}

struct base_search {
	__u64 base;
	__u64 words; /* where they are, from the base on */
	__u64 seed;
	__u32 found;
};

static long try_base(__u32 index, void *context)
{
	struct base_search *search = context;
	__u64 words[2] = {};

	if (bpf_probe_read_kernel(words, sizeof(words), (void *)(search->base + search->words)) ==
		    0 &&
	    words[0] == YOUNG_WORD(search->seed, 0) && words[1] == YOUNG_WORD(search->seed, 1)) {
		search->found = 1;
		return 1;
	}
	search->base -= BASE_ALIGN;
	return 0;
}

/* Do the tables, taken to have so many levels, lead to the frame that pagemap tells? */
static __always_inline int levels_fit(__u32 levels, __u64 base, __u64 top, __u64 address, __u64 pfn)
{
	__u64 next, entry;
	__u32 kind;

	entry = walk_down(base, top, levels, address, &next, &kind);
	if (kind != YOUNG_TABLE)
		return 0;
	entry = entry_of(table_of(base, entry), address, TIERED_PAGE_SHIFT);
	return entry & YOUNG_PRESENT && (entry & YOUNG_FRAME) >> TIERED_PAGE_SHIFT == pfn;
}

SEC("syscall")
int young_find(struct young_find *find)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 top = (__u64)BPF_CORE_READ(mm, pgd);
	struct file *file = file_of(find->fd);
	struct base_search search = {
		/* The table at the top is itself somewhere in that map. */
		.base = top & ~(BASE_ALIGN - 1),
		.words = (find->pfn << TIERED_PAGE_SHIFT) + find->offset,
		.seed = find->seed,
	};

	find->error = -EBADF;
	if (!file || BPF_CORE_READ(file, private_data) != (void *)mm)
		return 0;
	find->error = -ENOENT;
	bpf_loop(BASES_MAX, try_base, &search, 0);
	if (!search.found)
		return 0;
	find->error = -EINVAL;
	if (levels_fit(5, search.base, top, find->address, find->pfn))
		find->levels = 5;
	else if (levels_fit(4, search.base, top, find->address, find->pfn))
		find->levels = 4;
	else
		return 0;
	find->base = search.base;
	find->error = 0;
	young_base = search.base;
	young_levels = find->levels;
	young_operations = (__u64)BPF_CORE_READ(file, f_op);
	return 0;
}
