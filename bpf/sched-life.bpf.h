/* SPDX-License-Identifier: GPL-2.0-only */
/* sched-life.bpf.h - the scheduler comes and goes, and so do CPUs. */
#ifndef TIERED_SCHED_LIFE_BPF_H
#define TIERED_SCHED_LIFE_BPF_H

#include "sched-cpus.bpf.h"

/* CPUs come and go; queues are the nodes'. The kernel tells of one at a time. */
static __always_inline void set_online(__s32 cpu, int online)
{
	__u32 at = (__u32)cpu;
	__u64 bit;

	barrier_var(at);
	at &= SCHED_CPUS - 1;
	bit = 1ULL << (at & 63);
	if (online)
		cpus_online[at / 64] |= bit;
	else
		cpus_online[at / 64] &= ~bit;
}

SEC("struct_ops/tiered_cpu_online")
void BPF_PROG(tiered_cpu_online, __s32 cpu)
{
	set_online(cpu, 1);
}

SEC("struct_ops/tiered_cpu_offline")
void BPF_PROG(tiered_cpu_offline, __s32 cpu)
{
	set_online(cpu, 0);
}

SEC("struct_ops/tiered_init")
__s32 BPF_PROG(tiered_init)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	__s32 error = 0;

	mask_read(cpus_online, online);
	scx_bpf_put_cpumask(online);
	for (__u32 slot = 0; slot < SCHED_SLOTS && slot < setup.slots && !error; slot++)
		error = scx_bpf_create_dsq(slot, -1);
	return error;
}

SEC("struct_ops/tiered_exit")
void BPF_PROG(tiered_exit, struct scx_exit_info *info)
{
	__u32 zero = 0;
	struct sched_ended *end = bpf_map_lookup_elem(&ended, &zero);

	if (!end)
		return;
	bpf_probe_read_kernel_str(end->reason, sizeof(end->reason), info->reason);
	bpf_probe_read_kernel_str(end->message, sizeof(end->message), info->msg);
	end->code = (__u64)info->exit_code;
	end->kind = (__u64)info->kind;
}

#endif
