// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/loader.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/damon.h"
#include "bpf/hooks.h"
#include "bpf/internal.h"
#include "bpf/pins.h"
#include "bpf/reasons.h"
#include "tiered/stats.h"
#include "util/clock.h"
#include "util/log.h"

/*
 * 64 KiB hold about 800 records: what one CPU may send of one kind in 0.4 s at
 * the capped rate, and the ring is read ten times a second.
 */
#define RING_BYTES_PER_CPU (64U << 10)
/* Somebody may watch: a burst of 16384 records of mappings, 72 bytes each in the ring. */
#define RING_BYTES_MIN (2U << 20)
#define RING_BYTES_MAX (16U << 20)

/*
 * Per CPU and kind. A record costs about 100 ns to make and 100 to read: 2000
 * are 0.04 % of a core.
 */
#define EVENT_RATE_DEFAULT 2000U

/* Records of single mappings exist because somebody wants each of them. */
#define FOLIO_RATE_FACTOR 16

static int __attribute__((format(printf, 2, 0)))
libbpf_log(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[1024];

	/* Hundreds of lines on every load, for whoever debugs libbpf itself. */
	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	return 0;
}

/* Asks the kernel about each hook; the first error, or 0 when there was none. */
static int hooks_probe(struct bpf *bpf, const struct btf *kernel)
{
	int first = 0;

	for (int id = 0; id < HOOKS; id++) {
		const struct hook_spec *spec = &hook_specs[id];
		struct bpf_hook *hook = &bpf->hooks[id];
		int r;

		hook->name = spec->name;
		hook->where = spec->where;
		hook->purpose = spec->purpose;
		r = hook_probe(spec, kernel, hook->reason, sizeof(hook->reason));
		hook->enabled = r >= 0;
		if (r < 0 && !first)
			first = r;
	}
	return first;
}

static uint32_t ring_bytes(const struct bpf_config *config, int cpus)
{
	uint64_t wanted = (uint64_t)cpus * RING_BYTES_PER_CPU, bytes = RING_BYTES_MIN;

	if (config->ring_bytes)
		return config->ring_bytes;
	while (bytes < wanted && bytes < RING_BYTES_MAX)
		bytes *= 2;
	return (uint32_t)bytes;
}

static uint32_t event_rate(const struct bpf_config *config)
{
	if (config->event_rate == UINT32_MAX)
		return 0;
	return config->event_rate ? config->event_rate : EVENT_RATE_DEFAULT;
}

/* A skeleton, opened and set up; only programs of @wanted hooks (bit per hook_id) will load. */
static struct tiered_bpf *skeleton_open(const struct bpf *bpf, const struct bpf_config *config,
					uint32_t ring, unsigned int wanted)
{
	struct tiered_bpf *skeleton = tiered_bpf__open();
	uint32_t rate = event_rate(config);

	if (!skeleton)
		return NULL;
	bpf_map__set_max_entries(skeleton->maps.events, ring);
	skeleton->rodata->managed_only = !config->all_processes;
	skeleton->rodata->event_cost_ns = rate ? NSEC_PER_SEC / rate : 0;
	skeleton->rodata->folio_cost_ns = rate ? NSEC_PER_SEC / ((uint64_t)rate * FOLIO_RATE_FACTOR)
					       : 0;
	skeleton->rodata->can_cast = bpf->can_cast;
	skeleton->rodata->damon_target_first = bpf->damon_target_first;
	memcpy((void *)skeleton->rodata->reason_seen, bpf->reason_seen, sizeof(bpf->reason_seen));
	memset((void *)skeleton->bss->tier_of, TIERED_NODE_NONE, sizeof(skeleton->bss->tier_of));
	skeleton->bss->watch = config->watch;
	bpf_map__set_autocreate(skeleton->maps.damon_records, wanted & 1U << HOOK_DAMON);
	for (int id = 0; id < HOOKS; id++)
		bpf_program__set_autoload(hook_program(skeleton, id), wanted & 1U << id);
	bpf_program__set_autoload(skeleton->progs.faults_drain_here, wanted & 1U << HOOK_FAULTS);
	bpf_program__set_autoload(skeleton->progs.young_find, wanted & 1U << HOOK_YOUNG);
	bpf_program__set_autoload(skeleton->progs.shootdowns_drain_here,
				  wanted & 1U << HOOK_SHOOTDOWNS);
	return skeleton;
}

static unsigned int hooks_wanted(const struct bpf *bpf)
{
	unsigned int wanted = 0;

	for (int id = 0; id < HOOKS; id++)
		wanted |= bpf->hooks[id].enabled ? 1U << id : 0;
	return wanted;
}

/* Something did not load: finds out what by loading each program alone, and turns that off. */
static void hooks_sift(struct bpf *bpf, const struct bpf_config *config)
{
	for (int id = 0; id < HOOKS; id++) {
		struct tiered_bpf *skeleton;
		int r = -ENOMEM;

		if (!bpf->hooks[id].enabled)
			continue;
		skeleton = skeleton_open(bpf, config, RING_BYTES_PER_CPU, 1U << id);
		if (skeleton)
			r = tiered_bpf__load(skeleton);
		if (r < 0) {
			bpf->hooks[id].enabled = false;
			hook_explain_verifier(r, bpf->hooks[id].reason,
					      sizeof(bpf->hooks[id].reason));
		}
		tiered_bpf__destroy(skeleton);
	}
}

/* Loads all hooks that are on; what the verifier refuses is off afterwards. 0 or -errno. */
static int programs_load(struct bpf *bpf, const struct bpf_config *config)
{
	const uint32_t ring = ring_bytes(config, bpf->cpus);
	int r = -ENOMEM;

	for (int attempt = 0; attempt < 2; attempt++) {
		bpf->skeleton = skeleton_open(bpf, config, ring, hooks_wanted(bpf));
		if (!bpf->skeleton)
			return -errno;
		r = tiered_bpf__load(bpf->skeleton);
		if (r >= 0)
			return 0;
		tiered_bpf__destroy(bpf->skeleton);
		bpf->skeleton = NULL;
		if (attempt == 0)
			hooks_sift(bpf, config);
	}
	return r;
}

static int meta_write(struct bpf *bpf, const struct bpf_config *config)
{
	struct stats_meta meta = {
		.stats_abi = TIERED_STATS_ABI,
		.event_abi = TIERED_EVENT_ABI,
		.event_kinds = EVENT_KINDS,
		.managed_only = !config->all_processes,
		.event_rate = event_rate(config),
		.ring_bytes = bpf_map__max_entries(bpf->skeleton->maps.events),
		.attached_ns = clock_now_ns(),
	};
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf_map__fd(bpf->skeleton->maps.meta), &zero, &meta, BPF_ANY);
}

static void hooks_attach(struct bpf *bpf)
{
	for (int id = 0; id < HOOKS; id++) {
		if (!bpf->hooks[id].enabled || hook_is_passive(&hook_specs[id]))
			continue;
		/* What is begun must be ended, or reasons would outlive their migration. */
		if (id == HOOK_MIGRATION_STARTS && !bpf->hooks[HOOK_MIGRATIONS].enabled) {
			bpf->hooks[id].enabled = false;
			snprintf(bpf->hooks[id].reason, sizeof(bpf->hooks[id].reason),
				 "needs the hook migrations, which is off");
			continue;
		}
		bpf->links[id] = bpf_program__attach(hook_program(bpf->skeleton, id));
		if (bpf->links[id])
			continue;
		bpf->hooks[id].enabled = false;
		hook_explain(errno, hook_specs[id].kind, bpf->hooks[id].reason,
			     sizeof(bpf->hooks[id].reason));
	}
}

/* All but the probing. On failure @why has a sentence. */
static int bpf_start(struct bpf *bpf, const struct bpf_config *config, char *why, size_t why_size)
{
	int r = programs_load(bpf, config);

	if (r < 0) {
		snprintf(why, why_size, "the kernel does not take the BPF programs: %s",
			 strerror(-r));
		return r;
	}
	r = meta_write(bpf, config);
	if (r >= 0)
		r = events_open(bpf);
	if (r < 0) {
		snprintf(why, why_size, "the BPF ring cannot be set up: %s", strerror(-r));
		return r;
	}
	hooks_attach(bpf);
	if (hooks_wanted(bpf))
		return 0;
	snprintf(why, why_size, "no BPF program could be attached; the first (%s): %s",
		 bpf->hooks[0].name, bpf->hooks[0].reason);
	return -EOPNOTSUPP;
}

int bpf_open(const struct bpf_config *config, struct bpf **ret, char *why, size_t why_size)
{
	static const struct bpf_config defaults;
	struct bpf *bpf;
	struct btf *kernel;
	int r;

	libbpf_set_print(libbpf_log);
	config = config ? config : &defaults;
	kernel = btf__load_vmlinux_btf();
	if (!kernel) {
		snprintf(why, why_size,
			 "no type information of this kernel in /sys/kernel/btf/vmlinux "
			 "(needs CONFIG_DEBUG_INFO_BTF): %s",
			 strerror(errno));
		return -EOPNOTSUPP;
	}
	bpf = calloc(1, sizeof(*bpf));
	if (!bpf) {
		btf__free(kernel);
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	bpf->cpus = libbpf_num_possible_cpus();
	bpf->can_cast = btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	bpf->damon_target_first = bpf_damon_target_first(kernel);
	bpf->damon_lacks = bpf_damon_lacks(kernel);
	reasons_read(kernel, bpf->reason_seen, sizeof(bpf->reason_seen));
	r = bpf->cpus < 0 ? bpf->cpus : hooks_probe(bpf, kernel);
	btf__free(kernel);
	if (bpf->cpus < 0 || !hooks_wanted(bpf)) {
		snprintf(why, why_size, "BPF cannot be used here: %s",
			 bpf->cpus < 0 ? strerror(-r) : bpf->hooks[0].reason);
		r = r == -EPERM || r == -EACCES ? -EPERM : -EOPNOTSUPP;
	} else {
		r = bpf_start(bpf, config, why, why_size);
	}
	if (r < 0) {
		bpf_close(bpf);
		return r;
	}
	*ret = bpf;
	return 0;
}

void bpf_close(struct bpf *bpf)
{
	if (!bpf)
		return;
	bpf_unpin(bpf);
	bpf_damon_close(bpf);
	for (int id = 0; id < HOOKS; id++)
		bpf_link__destroy(bpf->links[id]);
	events_close(bpf);
	control_free(bpf);
	young_close(bpf);
	tiered_bpf__destroy(bpf->skeleton);
	free(bpf);
}

const struct bpf_hook *bpf_report(const struct bpf *bpf, size_t *ret_n)
{
	*ret_n = bpf ? HOOKS : 0;
	return bpf ? bpf->hooks : NULL;
}

bool bpf_enabled(const struct bpf *bpf, const char *name)
{
	for (int id = 0; bpf && id < HOOKS; id++)
		if (!strcmp(bpf->hooks[id].name, name))
			return bpf->hooks[id].enabled;
	return false;
}
