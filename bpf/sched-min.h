/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched-min.h - the little of sched_ext that is needed, as vmlinux-min.h is of the rest.
 *
 * The table of functions is filled in by member names, too. Functions of the kernel have other
 * names from 6.13 on, and libbpf 1.1 cannot try one after the other: SCHED_NAMES_6_13 chooses,
 * and the daemon loads the object that this kernel knows the names of. One that is __weak may be
 * missing: what calls it depends on struct sched_kernel.
 */
#ifndef TIERED_SCHED_MIN_H
#define TIERED_SCHED_MIN_H

#include "vmlinux-min.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct cpumask {
	unsigned long bits[1];
};

struct sched_ext_entity {
	__u32 flags;
	__u32 weight;
	__u64 slice;
};

struct mm_struct___sched {
	unsigned long cpu_bitmap[1];
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

/* With CONFIG_SCHED_INFO: for how long a thread has waited for a CPU. */
struct sched_info {
	unsigned long long run_delay;
};

/* A cgroup as the kernel's scheduler knows it; the root has no parent. */
struct task_group {
	struct task_group *parent;
	unsigned long shares;
};

/* A thread, as far as it is scheduled. */
struct task_struct___sched {
	int tgid;
	unsigned int flags;
	int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	struct mm_struct___sched *mm;
	struct sched_entity se;
	struct sched_info sched_info;
	struct task_group *sched_task_group;
	struct sched_ext_entity scx;
};

struct scx_dispatch_q {
	__u32 nr;
};

struct scx_rq {
	struct scx_dispatch_q local_dsq;
	__u32 nr_running;
};

struct rq {
	unsigned int nr_running;
	__u64 nr_switches;
	__u64 clock;
	struct scx_rq scx;
};

enum scx_exit_kind { SCX_EXIT_NONE };

struct scx_exit_info {
	enum scx_exit_kind kind;
	__s64 exit_code;
	const char *reason;
	char *msg;
};

#pragma clang attribute pop

struct scx_init_task_args;
struct scx_cpu_release_args;

struct sched_ext_ops {
	__s32 (*select_cpu)(struct task_struct *p, __s32 prev_cpu, __u64 wake_flags);
	void (*enqueue)(struct task_struct *p, __u64 enq_flags);
	void (*dispatch)(__s32 cpu, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	__s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*enable)(struct task_struct *p);
	void (*disable)(struct task_struct *p);
	void (*cpu_release)(__s32 cpu, struct scx_cpu_release_args *args);
	void (*cpu_online)(__s32 cpu);
	void (*cpu_offline)(__s32 cpu);
	__s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	__u64 flags;
	__u32 timeout_ms;
	char name[128];
};

/* Values that all kernels with sched_ext share. */
#define SCX_DSQ_LOCAL 0x8000000000000002ULL
#define SCX_DSQ_LOCAL_ON 0xc000000000000000ULL
#define SCX_DSQ_GLOBAL 0x8000000000000001ULL
#define SCX_WAKE_SYNC (1ULL << 4)
#define SCX_ENQ_LAST (1ULL << 41)
#define SCX_OPS_ENQ_LAST (1ULL << 1)
#define SCX_OPS_SWITCH_PARTIAL (1ULL << 3)
#define SCX_TASK_QUEUED 1U
#define PF_KTHREAD 0x00200000U

extern __s32 scx_bpf_dsq_nr_queued(__u64 dsq) __ksym;
extern __s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;
extern _Bool scx_bpf_test_and_clear_cpu_idle(__s32 cpu) __ksym;
extern const struct cpumask *scx_bpf_get_idle_cpumask(void) __ksym;
extern void scx_bpf_put_idle_cpumask(const struct cpumask *mask) __ksym;
extern __u32 scx_bpf_reenqueue_local(void) __ksym;
extern const struct rq runqueues __ksym;

extern __s32 scx_bpf_create_dsq(__u64 dsq, __s32 node) __ksym;
extern const struct cpumask *scx_bpf_get_online_cpumask(void) __ksym;
extern void scx_bpf_put_cpumask(const struct cpumask *cpumask) __ksym;
extern void scx_bpf_kick_cpu(__s32 cpu, __u64 flags) __ksym;
extern _Bool scx_bpf_task_set_slice(struct task_struct *p, __u64 slice) __ksym __weak;

#ifdef SCHED_NAMES_6_13
extern void scx_bpf_dsq_insert(struct task_struct *p, __u64 dsq, __u64 slice, __u64 flags) __ksym;
extern void scx_bpf_dsq_insert_vtime(struct task_struct *p, __u64 dsq, __u64 slice, __u64 vtime,
				     __u64 flags) __ksym;
extern _Bool scx_bpf_dsq_move_to_local(__u64 dsq) __ksym;
#define queue_insert scx_bpf_dsq_insert
#define queue_insert_vtime scx_bpf_dsq_insert_vtime
#define queue_consume scx_bpf_dsq_move_to_local
/* The flag below is gone from later ones: 6.13 and 6.14 may say that weights do not count. */
#define TABLE_FLAGS 0
#else
extern void scx_bpf_dispatch(struct task_struct *p, __u64 dsq, __u64 slice, __u64 flags) __ksym;
extern void scx_bpf_dispatch_vtime(struct task_struct *p, __u64 dsq, __u64 slice, __u64 vtime,
				   __u64 flags) __ksym;
extern _Bool scx_bpf_consume(__u64 dsq) __ksym;
#define queue_insert scx_bpf_dispatch
#define queue_insert_vtime scx_bpf_dispatch_vtime
#define queue_consume scx_bpf_consume
/* SCX_OPS_HAS_CGROUP_WEIGHT: or it says that weights do not count, as soon as there is one. */
#define TABLE_FLAGS (1ULL << 16)
#endif

#endif
