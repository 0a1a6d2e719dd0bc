// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/damon.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpf/internal.h"
#include "util/log.h"

/**
 * struct damon_reader - the ring's reader
 * @each: for the time of one damon_read(), or NULL: what comes is dropped
 * @lost: it was said that the ring is too small for windows as long as these
 */
struct damon_reader {
	struct damon_source source;
	struct bpf *bpf;
	struct ring_buffer *ring;
	damon_record_fn *each;
	void *each_arg;
	int lost;
};

/* The tracepoint's own arguments, behind the one for its user. */
#define ARGUMENTS_NEW 3

bool bpf_damon_target_first(const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "btf_trace_damon_aggregated", BTF_KIND_TYPEDEF);
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, (uint32_t)id) : NULL;

	/* A typedef of a pointer to a function. */
	while (type && (btf_is_typedef(type) || btf_is_ptr(type)))
		type = btf__type_by_id(kernel, type->type);
	return type && btf_is_func_proto(type) && btf_vlen(type) > ARGUMENTS_NEW + 1;
}

static int has_function(const struct btf *kernel, const char *name)
{
	return btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) > 0;
}

const char *bpf_damon_lacks(const struct btf *kernel)
{
	int vaddr = has_function(kernel, "damon_va_initcall");
	int paddr = has_function(kernel, "damon_pa_initcall");

	/* Neither: these functions have other names, and that says nothing. */
	if (vaddr == paddr)
		return NULL;
	return vaddr ? "paddr" : "vaddr";
}

static int on_record(void *arg, void *data, size_t size)
{
	const struct damon_reader *reader = arg;

	if (size == sizeof(struct damon_record) && reader->each)
		reader->each(reader->each_arg, data);
	return 0;
}

static int damon_read(void *arg, damon_record_fn *each, void *each_arg)
{
	struct damon_reader *reader = arg;
	int n;

	reader->each = each;
	reader->each_arg = each_arg;
	n = ring_buffer__consume(reader->ring);
	reader->each = NULL;
	if (reader->bpf->skeleton->bss->damon_lost && !reader->lost) {
		reader->lost = 1;
		log_info(
			"DAMON tells of more regions in a window than are kept: of long windows it "
			"is the beginning that counts; a shorter window_max helps");
	}
	return n < 0 ? n : 0;
}

static void damon_watch(void *arg, uint32_t tid)
{
	struct damon_reader *reader = arg;

	reader->bpf->skeleton->bss->damon_thread = 0;
	ring_buffer__consume(reader->ring);
	reader->bpf->skeleton->bss->damon_thread = tid;
}

static void reader_open(struct bpf *bpf, struct damon_reader *reader)
{
	struct damon_source *source = &reader->source;
	const struct bpf_hook *hook = &bpf->hooks[HOOK_DAMON];

	reader->bpf = bpf;
	source->arg = reader;
	source->lacks = bpf->damon_lacks;
	if (!hook->enabled) {
		snprintf(source->why, sizeof(source->why), "%s: %s", hook->where, hook->reason);
		return;
	}
	reader->ring = ring_buffer__new(bpf_map__fd(bpf->skeleton->maps.damon_records), on_record,
					reader, NULL);
	if (!reader->ring) {
		snprintf(source->why, sizeof(source->why), "%s: no memory for its ring",
			 hook->where);
		return;
	}
	source->watch = damon_watch;
	source->read = damon_read;
}

const struct damon_source *bpf_damon(struct bpf *bpf)
{
	if (!bpf)
		return NULL;
	if (!bpf->damon) {
		bpf->damon = calloc(1, sizeof(*bpf->damon));
		if (bpf->damon)
			reader_open(bpf, bpf->damon);
	}
	return bpf->damon ? &bpf->damon->source : NULL;
}

void bpf_damon_close(struct bpf *bpf)
{
	if (!bpf->damon)
		return;
	ring_buffer__free(bpf->damon->ring);
	free(bpf->damon);
	bpf->damon = NULL;
}
