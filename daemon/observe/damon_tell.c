// SPDX-License-Identifier: GPL-2.0-only
/* damon_tell.c - what the kdamond of the DAMON tracker is told: how it samples, and what. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "damon.h"
#include "target.h"
#include "topology.h"
#include "util/file.h"
#include "util/kdamond.h"
#include "util/log.h"

const char *damon_operations(int physical)
{
	return physical ? "paddr" : "vaddr";
}

void damon_refuse_operations(int physical, char *reason, size_t size)
{
	snprintf(reason, size,
		 "DAMON of this kernel has no operations = %s (CONFIG_DAMON_%s); set operations = "
		 "%s in [tracker.damon], or boot a kernel built with it",
		 damon_operations(physical), physical ? "PADDR" : "VADDR",
		 damon_operations(!physical));
}

/* Every name can be written that some kernel knows; without the code for it nothing starts. */
static int has_operations(const char *sys_root, const char *name)
{
	char text[64], *word, *rest;

	if (file_read_text(text, sizeof(text),
			   "%s/" KDAMOND_FOLDER "/0/contexts/0/avail_operations", sys_root) < 0)
		return 1;
	for (word = strtok_r(text, "\n", &rest); word; word = strtok_r(NULL, "\n", &rest))
		if (strcmp(word, name) == 0)
			return 1;
	return 0;
}

static int set_operations(const char *sys_root, int physical)
{
	const char *name = damon_operations(physical);
	char reason[256];
	int ret = has_operations(sys_root, name)
			  ? kdamond_set(sys_root, name, "contexts/0/operations")
			  : -EINVAL;

	if (ret != -EINVAL)
		return ret;
	damon_refuse_operations(physical, reason, sizeof(reason));
	log_error("tracker damon: %s", reason);
	return -EOPNOTSUPP;
}

int damon_configure(const char *sys_root, int physical)
{
	static const struct {
		const char *file;
		uint64_t value;
	} numbers[] = {
		{ "contexts/0/monitoring_attrs/intervals/sample_us", DAMON_SAMPLE_NS / 1000 },
		{ "contexts/0/monitoring_attrs/intervals/aggr_us",
		  DAMON_SAMPLE_NS / 1000 * DAMON_SAMPLES },
		{ "contexts/0/monitoring_attrs/nr_regions/max", DAMON_REGIONS_MAX },
		{ "contexts/0/monitoring_attrs/nr_regions/min", DAMON_REGIONS_MIN },
	};
	size_t i;
	int ret = set_operations(sys_root, physical);

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && !ret; i++)
		ret = kdamond_set_u64(sys_root, numbers[i].value, numbers[i].file);
	return ret;
}

uint64_t damon_ranges(const struct topology *topology, struct damon_range *ret, size_t *ret_n)
{
	uint64_t start, end = 0, beyond = 0;
	size_t n = 0;

	while (topology_range(topology, end, &start, &end)) {
		if (n == DAMON_RANGES_MAX)
			beyond += (end - start) << TIERED_PAGE_SHIFT;
		else
			ret[n++] = (struct damon_range){ .start = start << TIERED_PAGE_SHIFT,
							 .end = end << TIERED_PAGE_SHIFT };
	}
	*ret_n = n;
	return beyond;
}

int damon_find_ranges(struct damon *damon)
{
	struct damon_range now[DAMON_RANGES_MAX];
	size_t n;
	uint64_t beyond = damon_ranges(damon->env->topology, now, &n);
	int changed = n != damon->n_ranges || memcmp(now, damon->ranges, n * sizeof(now[0])) != 0;

	if (beyond && !damon->beyond)
		log_warning("operations = paddr: memory is in more than %d pieces with holes "
			    "between them, and DAMON is told of the first %d; the last %" PRIu64
			    " bytes are not watched, and stay where they are",
			    DAMON_RANGES_MAX, DAMON_RANGES_MAX, beyond);
	damon->beyond |= beyond != 0;
	memcpy(damon->ranges, now, n * sizeof(now[0]));
	damon->n_ranges = n;
	return changed;
}

static int tell_ranges(const struct damon *damon)
{
	static const char folder[] = "contexts/0/targets/0/regions";
	const char *sys_root = damon->env->sys_root;
	char file[64];
	size_t i;
	int ret;

	snprintf(file, sizeof(file), "%s/nr_regions", folder);
	ret = kdamond_set_u64(sys_root, damon->n_ranges, file);
	for (i = 0; i < damon->n_ranges && !ret; i++) {
		snprintf(file, sizeof(file), "%s/%zu/start", folder, i);
		ret = kdamond_set_u64(sys_root, damon->ranges[i].start, file);
		snprintf(file, sizeof(file), "%s/%zu/end", folder, i);
		if (!ret)
			ret = kdamond_set_u64(sys_root, damon->ranges[i].end, file);
	}
	return ret;
}

int damon_tell(const struct damon *damon)
{
	const char *sys_root = damon->env->sys_root;
	char tgid[16];
	size_t i;
	int ret = kdamond_set_u64(sys_root, damon->n_seats, "contexts/0/targets/nr_targets");

	if (damon->setup->physical)
		return ret ? ret : tell_ranges(damon);
	for (i = 0; i < damon->n_seats && !ret; i++) {
		snprintf(tgid, sizeof(tgid), "%" PRIu32, damon->seats[i].tgid);
		ret = kdamond_set(sys_root, tgid, "contexts/0/targets/%zu/pid_target", i);
	}
	return ret;
}
