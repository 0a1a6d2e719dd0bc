// SPDX-License-Identifier: GPL-2.0-only
/*
 * simulate.c - the placement figures, from the daemon's own decisions on
 * pages whose access rates are known.
 *
 *	simulate [-p PAGES] [-s SEED] [-v] [LOAD...]
 *
 * Prints "figure NAME VALUE UNIT" lines. All windows see all pages, moves take
 * no time, and nothing bounds them: what remains is the quality of decisions.
 *
 *	NAME_rel	hits on the fast tier / hits of the best placement, mean of
 *			windows 129 to 256 from all pages on the slow node (or, NAME_full,
 *			from a fast node full of pages nobody accesses)
 *	NAME_to90	windows until rel was 0.90
 *	NAME_to98	windows until rel was 0.98
 *	NAME_waste	moves in 256 windows / least moves - 1
 *	NAME_churn	moves per page per 256 windows, from windows 129 to 256
 *	NAME_pingpong	part of all moves that came within 32 windows of the last one
 *	NAME_back	windows to 0.98 after the jump of a third of the hot pages (of
 *			all, for GUPS); _back95: to 0.95; _mean: rel of the 64 after it
 */
#include <stdio.h>
#include <unistd.h>

#include "sim.h"

#define WINDOWS 256
#define SETTLED 128
#define AFTER_JUMP 64

struct load {
	const char *name;
	double skew;  /* Zipf; 0 with no hot part: uniform */
	double hot;   /* hot part of the pages, 0: Zipf */
	double fast;  /* part of the pages that the fast node holds */
	double jump;  /* part of the hot pages that jump */
	double dead;  /* part of the pages that nobody accesses */
	int full;     /* the fast node begins full of cold pages */
	double scan;  /* part of the pages scanned per window */
	double slice; /* part of the pages that the tracker may look at per window, 0: all */
	int in_turns; /* pages far from the border take turns */
};

/* Most of the memory is never accessed again; or: not all pages are looked at in each window. */
#define DEAD .skew = 0.99, .fast = 0.05, .dead = 0.75, .jump = 1.0 / 3
#define TURNS .slice = 0.3, .in_turns = 1

static const struct load loads[] = {
	{ .name = "zipf99", .skew = 0.99, .fast = 0.25, .jump = 1.0 / 3 },
	{ .name = "zipf99_tenth", .skew = 0.99, .fast = 0.10, .jump = 1.0 / 3 },
	{ .name = "zipf70", .skew = 0.7, .fast = 0.25, .jump = 1.0 / 3 },
	{ .name = "gups", .hot = 0.1, .fast = 0.10, .jump = 1.0 / 3 },
	{ .name = "gups_half", .hot = 0.1, .fast = 0.50, .jump = 1 },
	{ .name = "gups_full", .hot = 0.1, .fast = 0.50, .jump = 1, .full = 1 },
	{ .name = "gups_full_tight", .hot = 0.1, .fast = 0.20, .jump = 1, .full = 1 },
	{ .name = "uniform", .fast = 0.50 },
	{ .name = "uniform_quarter", .fast = 0.25 },
	{ .name = "zipf99_slices", .skew = 0.99, .fast = 0.25, .jump = 1.0 / 3, .slice = 0.3 },
	{ .name = "zipf99_turns", TURNS, .skew = 0.99, .fast = 0.25, .jump = 1.0 / 3 },
	{ .name = "dead_slices", DEAD, .slice = 0.3 },
	{ .name = "dead_turns", DEAD, TURNS },
	{ .name = "zipf99_scan", .skew = 0.99, .fast = 0.25, .scan = 0.1 },
};

struct options {
	size_t pages;
	uint64_t seed;
	int verbose;
};

static void figure(const struct load *load, const char *what, double value, const char *unit)
{
	printf("figure sim_%s_%s %.4f %s\n", load->name, what, value, unit);
}

static void set_up(struct sim *sim, const struct load *load)
{
	size_t i;

	if (load->hot > 0)
		sim_gups(sim, load->hot, 0.9);
	else
		sim_zipf(sim, load->skew);
	sim->scan_pages = (size_t)(load->scan * (double)sim->n);
	sim->slice = (size_t)(load->slice * (double)sim->n);
	sim->in_turns = load->in_turns;
	for (i = 0; i < (size_t)(load->dead * (double)sim->n); i++)
		sim->rate[i] = 0;
	if (!load->full)
		return;
	for (i = 0; i < sim->places; i++)
		sim->rate[i] = 0;
	sim_place(sim, sim->places);
}

static double window(struct sim *sim, const struct options *options)
{
	double rel = sim_window(sim);

	if (options->verbose)
		fprintf(stderr, "window %3u rel %.4f interval %.2f s moves %zu fast %zu\n",
			(unsigned int)sim->window, rel, (double)sim->interval_ns / 1e9,
			sim->plan.n_moves, sim->on_fast);
	return rel;
}

static void jump(struct sim *sim, const struct load *load, const struct options *options)
{
	unsigned int back = 0;
	unsigned int back95 = 0;
	double sum = 0;
	unsigned int i;

	/* What is hot: the hot set, or with Zipf what the best placement has on the fast node. */
	sim_jump(sim, load->hot > 0 ? SIM_RATE_MEAN * 1.5 : sim->last, load->jump);
	for (i = 1; i <= AFTER_JUMP; i++) {
		double rel = window(sim, options);

		sum += rel;
		if (!back && rel >= 0.98)
			back = i;
		if (!back95 && rel >= 0.95)
			back95 = i;
	}
	figure(load, "back", back ? back : AFTER_JUMP + 1, "windows");
	figure(load, "back95", back95 ? back95 : AFTER_JUMP + 1, "windows");
	figure(load, "mean", sum / AFTER_JUMP, "ratio");
}

static int run(const struct load *load, const struct options *options)
{
	struct sim sim;
	uint64_t least;
	uint64_t settled_moves = 0;
	unsigned int to90 = 0;
	unsigned int to98 = 0;
	double rel = 0;
	unsigned int i;

	if (sim_open(&sim, options->pages, (size_t)(load->fast * (double)options->pages),
		     options->seed))
		return -1;
	set_up(&sim, load);
	least = sim_misplaced(&sim);
	for (i = 1; i <= WINDOWS; i++) {
		double now = window(&sim, options);

		if (!to90 && now >= 0.90)
			to90 = i;
		if (!to98 && now >= 0.98)
			to98 = i;
		if (i == SETTLED)
			settled_moves = sim.moves;
		if (i > SETTLED)
			rel += now;
	}
	figure(load, "rel", rel / (WINDOWS - SETTLED), "ratio");
	figure(load, "to90", to90 ? to90 : WINDOWS + 1, "windows");
	figure(load, "to98", to98 ? to98 : WINDOWS + 1, "windows");
	figure(load, "waste", (double)sim.moves / (double)least - 1, "ratio");
	figure(load, "churn",
	       (double)(sim.moves - settled_moves) / (double)sim.n * 256 / (WINDOWS - SETTLED),
	       "moves/page/256windows");
	figure(load, "pingpong", sim.moves ? (double)sim.pingpong / (double)sim.moves : 0, "ratio");
	if (load->jump > 0)
		jump(&sim, load, options);
	sim_close(&sim);
	return 0;
}

static int wanted(const char *name, char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return n == 0;
}

int main(int argc, char **argv)
{
	struct options options = { .pages = 65536, .seed = 42 };
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "p:s:v")) != -1) {
		if (c == 'p')
			options.pages = strtoull(optarg, NULL, 0);
		else if (c == 's')
			options.seed = strtoull(optarg, NULL, 0);
		else if (c == 'v')
			options.verbose = 1;
		else
			return 2;
	}
	if (options.pages < 1024) {
		fprintf(stderr, "simulate: -p wants at least 1024 pages\n");
		return 2;
	}
	for (i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		if (wanted(loads[i].name, argv + optind, argc - optind) && run(&loads[i], &options))
			return 1;
	return 0;
}
