// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/sched_kernel.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/sched_6_12.skel.h"
#include "bpf/sched_6_13.skel.h"

/* The object of a kernel by the name that it has for putting a thread into a queue. */
static const struct {
	const char *function;
	const void *(*elf_bytes)(size_t *ret_size);
} objects[] = {
	{ "scx_bpf_dsq_insert", sched_6_13_bpf__elf_bytes },
	{ "scx_bpf_dispatch", sched_6_12_bpf__elf_bytes },
};
#define N_OBJECTS (sizeof(objects) / sizeof(objects[0]))

/* Functions of the kernel; those of the object have other names. */
#define KERNEL_PREFIX "scx_bpf_"
/* The only one that may be missing. */
#define SETS_SLICE "scx_bpf_task_set_slice"

/* How many parameters a function has; -1: there is none of that name. */
static int parameters_of(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	return type ? (int)btf_vlen(type) : -1;
}

/*
 * All that the object calls. Where a function has parameters more than it should, the type
 * information of the kernel was not finished when it was built (of Debian's 7.1 and 7.2 that
 * are so many, in each build others): its verifier refuses every program that calls it.
 */
static int functions_check(const struct btf *object, const struct btf *kernel, char *why,
			   size_t why_size)
{
	for (uint32_t id = 1; id < btf__type_cnt(object); id++) {
		const struct btf_type *type = btf__type_by_id(object, id);
		const char *name = btf__name_by_offset(object, type->name_off);
		int has;

		if (!btf_is_func(type) || strncmp(name, KERNEL_PREFIX, strlen(KERNEL_PREFIX)) != 0)
			continue;
		has = parameters_of(kernel, name);
		if (has == parameters_of(object, name) || (has < 0 && !strcmp(name, SETS_SLICE)))
			continue;
		snprintf(why, why_size,
			 has < 0 ? "the sched_ext of this kernel has no %s"
				 : "a fault in the type information of this kernel lets no "
				   "scheduler call %s",
			 name);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Index of the object for this kernel. */
static int object_choose(const struct btf *kernel)
{
	for (size_t i = 0; i < N_OBJECTS; i++)
		if (parameters_of(kernel, objects[i].function) > 0)
			return (int)i;
	return -1;
}

static int object_open(const struct btf *kernel, struct bpf_object **ret_object, char *why,
		       size_t why_size)
{
	int chosen = object_choose(kernel), r;
	struct bpf_object *object;
	const void *bytes;
	size_t size;

	if (chosen < 0) {
		snprintf(why, why_size, "the sched_ext of this kernel is not one that is known");
		return -EOPNOTSUPP;
	}
	bytes = objects[chosen].elf_bytes(&size);
	object = bpf_object__open_mem(bytes, size, NULL);
	if (!object) {
		snprintf(why, why_size, "its object cannot be opened: %s", strerror(errno));
		return -errno;
	}
	r = functions_check(bpf_object__btf(object), kernel, why, why_size);
	if (r < 0) {
		bpf_object__close(object);
		return r;
	}
	*ret_object = object;
	return 0;
}

int sched_kernel_open(struct bpf_object **ret_object, struct sched_kernel *ret, char *why,
		      size_t why_size)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int r;

	if (!kernel) {
		snprintf(why, why_size, "no type information of this kernel: %s", strerror(errno));
		return -EOPNOTSUPP;
	}
	ret->sets_slice = parameters_of(kernel, SETS_SLICE) > 0;
	r = object_open(kernel, ret_object, why, why_size);
	btf__free(kernel);
	return r;
}
