/* SPDX-License-Identifier: GPL-2.0-only */
/* hooks.h - the table of hooks, and what this kernel says to each before anything is loaded. */
#ifndef TIERED_DAEMON_BPF_HOOKS_H
#define TIERED_DAEMON_BPF_HOOKS_H

#include <stddef.h>

#include "bpf/internal.h"

struct btf;

enum hook_kind {
	HOOK_TRACEPOINT,     /* tp_btf: arguments typed by BTF */
	HOOK_RAW_TRACEPOINT, /* arguments as plain words */
	HOOK_FUNCTION,       /* fentry */
	HOOK_ITERATOR,
	HOOK_RUN, /* attached to nothing: the daemon runs it */
};

#define HOOK_NEEDS_OWNER 1u          /* mm_struct.owner: CONFIG_MEMCG */
#define HOOK_NEEDS_FLUSH_FUNCTION 2u /* flush_tlb_func, which the program knows by name */

/**
 * struct hook_spec - one hook as the programs have it
 * @target: tracepoint, function or iterator
 * @program: offset of its struct bpf_program * in struct tiered_bpf
 * @needs: HOOK_NEEDS_*
 */
struct hook_spec {
	const char *name;
	const char *target;
	const char *where;
	const char *purpose;
	enum hook_kind kind;
	size_t program;
	unsigned int needs;
};

extern const struct hook_spec hook_specs[HOOKS];

static inline struct bpf_program *hook_program(struct tiered_bpf *skeleton, enum hook_id id)
{
	return *(struct bpf_program **)((char *)skeleton + hook_specs[id].program);
}

/* Nothing to be attached: it runs when it is read, or told to. */
static inline bool hook_is_passive(const struct hook_spec *spec)
{
	return spec->kind == HOOK_ITERATOR || spec->kind == HOOK_RUN;
}

/*
 * hook_probe() - would this kernel take the hook?
 * @kernel: BTF of the running kernel
 * @reason: a sentence why not
 *
 * Loads and attaches an empty program for a moment. Returns 0 or -errno.
 */
int hook_probe(const struct hook_spec *spec, const struct btf *kernel, char *reason, size_t size);

/* What an error of loading or attaching means to a person. */
void hook_explain(int error, enum hook_kind kind, char *reason, size_t size);

/* The same, when the empty program was taken and the real one is not. */
void hook_explain_verifier(int error, char *reason, size_t size);

#endif
