/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlinux-min.h - the few fields of kernel structures that the programs read.
 *
 * Offsets are filled in at load time from the BTF of the running kernel
 * (Documentation/bpf/llvm_reloc.rst), so only names count here, neither order
 * nor completeness. What is named differently on some kernel has a flavour,
 * NAME___flavour, and is asked for with bpf_core_field_exists().
 */
#ifndef TIERED_VMLINUX_MIN_H
#define TIERED_VMLINUX_MIN_H

#include <linux/bpf.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef struct {
	int counter;
} atomic_t;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct signal_struct {
	atomic_t live;
};

typedef struct {
	unsigned long bits[1];
} nodemask_t;

struct mempolicy {
	unsigned short mode;
	nodemask_t nodes;
};

struct mm_struct;
struct file;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	int pid;
	int tgid;
	__u64 start_boottime;
	struct mm_struct *mm;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct files_struct *files;
	struct mempolicy *mempolicy;
	char comm[16];
};

struct hlist_head {
	struct hlist_node *first;
};

struct mmu_notifier_subscriptions {
	struct hlist_head list;
	_Bool has_itree;
};

struct mm_struct {
	void *pgd;
	atomic_t mm_users;
	struct task_struct *owner;
	struct mmu_notifier_subscriptions *notifier_subscriptions;
};

struct inode {
	unsigned int i_flags;
};

struct file {
	const void *f_op;
	void *private_data;
	struct inode *f_inode;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	struct mm_struct *vm_mm;
	struct file *vm_file;
	struct mempolicy *vm_policy;
};

/* Before 6.18 the flags of a folio are a word, since then a structure around it. */
struct folio {
	unsigned long flags;
	atomic_t _mapcount; /* of a single page: its mappings less one */
	unsigned long _flags_1;
};

struct flags___wrapped {
	unsigned long f;
};

struct folio___wrapped {
	struct flags___wrapped flags;
};

/* Up to 6.5 the order has its own byte, since then it is the low byte of _flags_1. */
struct folio___order_byte {
	unsigned char _folio_order;
};

enum pageflags { PG_head };

/* Since 6.11 the walk's argument is this; before, it is the source folio itself. */
struct rmap_walk_arg {
	struct folio *folio;
};

/* Their sizes tell MAX_NUMNODES. */
struct zoneref {
	int zone_idx;
};

struct zonelist {
	struct zoneref _zonerefs[1];
};

enum zone_type { __MAX_NR_ZONES };

/* Arguments of mm_migrate_pages: one more since 6.6. */
struct trace_event_raw_mm_migrate_pages {
	unsigned long large_folio_split;
};

struct damon_addr_range {
	unsigned long start;
	unsigned long end;
};

struct damon_region {
	struct damon_addr_range ar;
	unsigned int nr_accesses;
};

struct flush_tlb_info {
	struct mm_struct *mm;
};

struct __call_single_data {
	void *info;
};

struct seq_file {
	long long index;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 seq_num;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

struct bpf_map;

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

struct pt_regs;

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
