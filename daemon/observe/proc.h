/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proc.h - the few files of /proc/PID that can be read without the mmap_lock
 * of the process: stat, status, cgroup and the exe link.
 *
 * Nothing in them is trusted: names may hold any byte, numbers may be absent.
 */
#ifndef TIERED_PROC_H
#define TIERED_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The kernel's PF_KTHREAD, part of the flags field of /proc/PID/stat (proc(5)). */
#define PROC_FLAG_KTHREAD 0x00200000u

/**
 * struct proc_stat - what is used of /proc/PID/stat
 * @comm: may hold spaces, parentheses and newlines
 * @start_ns: since boot, in steps of a clock tick
 * @rss_pages: as the kernel estimates it; 0 for kernel threads and zombies
 */
struct proc_stat {
	uint64_t start_ns;
	uint64_t rss_pages;
	uint32_t pid;
	uint32_t parent;
	uint32_t flags;
	char state;
	char comm[16];
};

/* Pure: the number that a folder of /proc or of task/ is named by, from 1 on; 0: it is none. */
uint32_t proc_parse_pid(const char *name);

/* Pure: one line of /proc/PID/stat, any bytes, not NUL-terminated; 0 or -EINVAL. */
int proc_parse_stat(const char *text, size_t length, struct proc_stat *ret);

/* Pure: "00000000,00000003" as a bit per node 0 to 63, the rest is ignored; 0 or -EINVAL. */
int proc_parse_mask(const char *text, uint64_t *ret_mask);

/* All return 0, -ESRCH when there is no such process, or -errno. */
int proc_read_stat(const char *proc_root, uint32_t pid, struct proc_stat *ret);
int proc_read_uid(const char *proc_root, uint32_t pid, uint32_t *ret_uid);
int proc_read_nodes(const char *proc_root, uint32_t pid, uint64_t *ret_mask);

/* Path in the unified hierarchy, else in the first one listed; "" when there is none. */
int proc_read_cgroup(const char *proc_root, uint32_t pid, char *ret_path, size_t size);

/* Path of the program, without the kernel's " (deleted)"; longer ones are cut off. */
int proc_read_exe(const char *proc_root, uint32_t pid, char *ret_path, size_t size);

#endif
