/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmas.h - which parts of an address space are worth watching.
 *
 * Two sources with one result: the BPF task_vma iterator, which knows flags
 * and memory policies, and /proc/PID/maps, which does not and is read by rule
 * of name where no iterator is to be had.
 */
#ifndef TIERED_VMAS_H
#define TIERED_VMAS_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/vma_record.h"

struct target;

/* Why a mapping is left alone; VMA_TRACKED is not. */
enum vma_verdict {
	VMA_TRACKED,
	VMA_HUGETLB,
	VMA_DEVICE,  /* PFN-mapped, I/O, a device file */
	VMA_SPECIAL, /* vdso, vvar, vsyscall, DAX */
	VMA_BOUND,   /* a memory policy binds it */
	VMA_EMPTY,   /* PROT_NONE and the like */
	/* Also accessed through page tables of a virtual machine or a device. */
	VMA_SECONDARY,
};

/* A mapping; addresses in bytes, page aligned, end exclusive. */
struct vma {
	uint64_t start;
	uint64_t end;
};

/* Pure: what to do with one mapping. */
enum vma_verdict vma_judge(const struct vma_record *record);

/* For people: why such a mapping is not watched; "" for VMA_TRACKED. */
const char *vma_verdict_reason(enum vma_verdict verdict);

/* Pure: one line of /proc/PID/maps; 0 or -EINVAL. */
int vma_parse_line(const char *line, struct vma_record *ret);

/**
 * typedef vma_source_fn - lists the mappings of a process, ascending
 * Returns how many records were written (at most @room), or -errno;
 * -E2BIG when there are more than @room.
 */
typedef int vma_source_fn(void *arg, int pid, struct vma_record *records, size_t room);

/**
 * vmas_refresh() - reads the mappings of @target again
 * @source: the better source, or NULL for /proc/PID/maps, which also stands in
 *	where @source fails for any reason but -ESRCH
 *
 * Neighbours that are both tracked are joined. Returns 0, -ESRCH when the
 * process is gone, -errno otherwise; @target keeps what it had on error.
 */
int vmas_refresh(struct target *target, const char *proc_root, vma_source_fn *source,
		 void *source_arg);

/*
 * Trackers get a part of the mappings only, @vmas, which it takes over; until vmas_widen(), or
 * until they are read again.
 */
void vmas_narrow(struct target *target, struct vma *vmas, size_t n);
void vmas_widen(struct target *target);

/*
 * Asks the same sources what the mapping around @address is. 0; -ENOENT: none is there;
 * -ESRCH: the process is gone; -errno.
 */
int vmas_ask(const struct target *target, const char *proc_root, vma_source_fn *source,
	     void *source_arg, uint64_t address, enum vma_verdict *ret);

#endif
