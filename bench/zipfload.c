// SPDX-License-Identifier: GPL-2.0-only
/*
 * zipfload - a Redis client that knows what it asked for, and where that lies.
 *
 * Fills a redis-server with keys of one page each, learns the address of each
 * value, optionally moves all of the server to a slow node, and then sends
 * GETs for Zipf-distributed keys. Once per interval it writes a CSV row: its
 * own counts per key, times the node of each value as move_pages(2) tells it,
 * make the hit share. Accessed bits have no part in it.
 *
 * Addresses are learned before the load begins, since reading /proc/PID/mem
 * clears the idle marks of the pages read; asking for the placement does not.
 * GETs leave addresses alone (SETs would not).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "lib/distribution.h"
#include "lib/keymap.h"
#include "lib/options.h"
#include "lib/placement.h"
#include "util/cleanup.h"
#include "util/clock.h"

/*
 * Keys in octaves of popularity: the most popular one, the next 2, the next
 * 4... With an exponent of about 1 each octave gets as many requests as any.
 */
#define OCTAVES 31 /* 2^31 keys and more are refused */

struct zipfload {
	const char *socket_path, *csv_path;
	uint32_t keys;
	unsigned int value_bytes; /* 0: the keys are there already */
	unsigned int head_bytes;  /* of each value that is asked for; 0: all of it */
	struct distribution distribution;
	uint64_t seconds, rate, every_ns, fast_nodes, capacity;
	int pid, start_node;

	struct resp resp;
	struct sampler sampler;
	uint64_t random;
	float *weights, *counts;
	void **addresses;
	int *nodes;
	uint8_t *octaves; /* of each key */
	unsigned int n_octaves;
	double oracle;
	uint64_t ops, failed; /* of the current interval */
	uint64_t worst_ns;    /* slowest round trip of a pipeline in it */
	uint64_t failed_total;
	FILE *csv;
};

/* DEBUG POPULATE writes "value:KEY" and zeros: a damaged or foreign value is a failed request. */
static int reply_good(const struct zipfload *load, const struct reply *reply, uint32_t key)
{
	const unsigned int bytes = load->head_bytes ? load->head_bytes : load->value_bytes;
	char expected[24];
	int n = snprintf(expected, sizeof(expected), "value:%u", key);

	if (reply->kind != '$' || reply->length < 0)
		return 0;
	if (!load->value_bytes)
		return 1;
	return reply->length == (ssize_t)bytes && !memcmp(reply->data, expected, (size_t)n + 1);
}

static void round_trip(struct zipfload *load)
{
	uint32_t keys[KEYMAP_PIPELINE];
	char tail[24] = "";
	uint64_t start = clock_now_ns(), took;
	struct reply reply;
	int r;

	for (int i = 0; i < KEYMAP_PIPELINE; i++)
		keys[i] = sampler_draw(&load->sampler, &load->random);
	if (load->head_bytes)
		snprintf(tail, sizeof(tail), " 0 %u", load->head_bytes - 1);
	r = keymap_send(&load->resp, load->head_bytes ? "GETRANGE" : "GET", keys, KEYMAP_PIPELINE,
			tail);
	if (r)
		options_fail(r, "GET");
	for (int i = 0; i < KEYMAP_PIPELINE; i++) {
		r = resp_read(&load->resp, &reply);
		if (r)
			options_fail(r, "GET");
		if (!reply_good(load, &reply, keys[i]))
			load->failed++;
		load->counts[keys[i]]++;
	}
	load->ops += KEYMAP_PIPELINE;
	took = clock_now_ns() - start;
	if (took > load->worst_ns)
		load->worst_ns = took;
}

/* Share of each octave's keys that lies on fast memory. */
static void print_octaves(const struct zipfload *load)
{
	uint32_t fast[OCTAVES] = { 0 }, all[OCTAVES] = { 0 };

	for (uint32_t key = 0; key < load->keys; key++) {
		int node = load->nodes[key];

		all[load->octaves[key]]++;
		fast[load->octaves[key]] += node >= 0 && node < 64 && load->fast_nodes >> node & 1;
	}
	for (unsigned int i = 0; i < load->n_octaves; i++)
		fprintf(load->csv, ",%.3f", (double)fast[i] / all[i]);
	fputc('\n', load->csv);
}

/* Ends an interval of @ns: one row, and the counts start over. */
static void interval_end(struct zipfload *load, uint64_t ns)
{
	struct placement_share share;
	int r = placement_read(load->pid, load->addresses, load->keys, load->nodes);

	if (r)
		options_fail(r, "cannot ask for the placement of process %d", load->pid);
	placement_share(load->counts, load->nodes, load->keys, load->fast_nodes, &share);
	fprintf(load->csv, "%.3f,%.0f,%llu,%.5f,%.5f,%.5f,%llu,%llu,%.1f",
		(double)clock_now_ns() / NSEC_PER_SEC,
		(double)load->ops * NSEC_PER_SEC / (double)ns, (unsigned long long)load->failed,
		share.hit, load->oracle, load->oracle > 0 ? share.hit / load->oracle : 0,
		(unsigned long long)share.fast, (unsigned long long)share.slow,
		(double)load->worst_ns / NSEC_PER_MSEC);
	print_octaves(load);
	fflush(load->csv);
	load->failed_total += load->failed;
	memset(load->counts, 0, load->keys * sizeof(*load->counts));
	load->ops = load->failed = load->worst_ns = 0;
}

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static void pace(const struct zipfload *load, uint64_t began)
{
	uint64_t due = began + load->ops * NSEC_PER_SEC / load->rate, now = clock_now_ns();
	struct timespec pause;

	if (now >= due)
		return;
	pause.tv_sec = (time_t)((due - now) / NSEC_PER_SEC);
	pause.tv_nsec = (long)((due - now) % NSEC_PER_SEC);
	nanosleep(&pause, NULL);
}

static void run(struct zipfload *load)
{
	uint64_t start = clock_now_ns(), began = start, now;
	uint64_t end_ns = load->seconds ? start + load->seconds * NSEC_PER_SEC : UINT64_MAX;

	fputs("time,ops,failed,hit_share,oracle,rel,fast_pages,slow_pages,worst_ms", load->csv);
	for (unsigned int i = 0; i < load->n_octaves; i++)
		fprintf(load->csv, ",octave%u", i);
	fputc('\n', load->csv);
	do {
		round_trip(load);
		if (load->rate)
			pace(load, began);
		now = clock_now_ns();
		if (now < began + load->every_ns)
			continue;
		interval_end(load, now - began);
		began = clock_now_ns();
	} while (!ended && now < end_ns);
	load->failed_total += load->failed;
}

static int by_weight(const void *a, const void *b, void *arg)
{
	const float *weights = arg;
	float x = weights[*(const uint32_t *)a], y = weights[*(const uint32_t *)b];

	return (x < y) - (x > y);
}

static unsigned int octave_of(uint32_t rank)
{
	return 31 - (unsigned int)__builtin_clz(rank + 1);
}

/* Sorts the keys into octaves; 0 or -ENOMEM. */
static int find_octaves(struct zipfload *load)
{
	auto_free uint32_t *order = calloc(load->keys, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < load->keys; i++)
		order[i] = i;
	qsort_r(order, load->keys, sizeof(*order), by_weight, load->weights);
	/* What does not fill an octave of its own counts with the last one that is whole. */
	load->n_octaves = octave_of(load->keys);
	for (uint32_t rank = 0; rank < load->keys; rank++)
		load->octaves[order[rank]] = (uint8_t)MIN(octave_of(rank), load->n_octaves - 1);
	return 0;
}

static void make_distribution(struct zipfload *load)
{
	int r;

	load->weights = calloc(load->keys, sizeof(*load->weights));
	load->counts = calloc(load->keys, sizeof(*load->counts));
	load->addresses = calloc(load->keys, sizeof(*load->addresses));
	load->nodes = calloc(load->keys, sizeof(*load->nodes));
	load->octaves = calloc(load->keys, sizeof(*load->octaves));
	if (!load->weights || !load->counts || !load->addresses || !load->nodes || !load->octaves)
		options_fail(-ENOMEM, "%u keys", load->keys);
	r = distribution_weights(&load->distribution, load->keys, load->weights);
	if (!r)
		r = sampler_new(load->weights, load->keys, &load->sampler);
	if (!r)
		r = placement_oracle(load->weights, load->keys, load->capacity, &load->oracle);
	if (!r)
		r = find_octaves(load);
	if (r)
		options_fail(r, "cannot make the distribution");
	load->random = random_seed(load->distribution.seed);
}

static void prepare_server(struct zipfload *load)
{
	int r = resp_connect(&load->resp, load->socket_path, 30000);

	if (r)
		options_fail(r, "cannot connect to %s", load->socket_path);
	if (load->pid <= 0)
		load->pid = resp_peer(&load->resp);
	if (load->value_bytes)
		r = keymap_populate(&load->resp, load->keys, load->value_bytes);
	if (!r)
		r = keymap_read(&load->resp, load->pid, load->keys, load->addresses);
	if (r)
		options_fail(r, "cannot make keys and find their values");
	if (load->start_node < 0)
		return;
	r = placement_move_all(load->pid, load->fast_nodes, (unsigned int)load->start_node);
	if (r < 0)
		options_fail(r, "cannot move process %d to node %d", load->pid, load->start_node);
	if (r)
		fprintf(stderr, "zipfload: %d pages of the server did not move to node %d\n", r,
			load->start_node);
}

static const char help[] =
	"usage: zipfload --socket PATH [OPTION...]\n"
	"  --pid PID           of the server (asked from the socket)\n"
	"  --keys N            k:0 to k:N-1 (65536)\n"
	"  --populate BYTES    have the server make the keys, with values of BYTES; 4080 makes\n"
	"                      each value one page (needs enable-debug-command)\n"
	"  --head BYTES        ask for the first BYTES of each value (GETRANGE): less to copy\n"
	"  --start-node N      then move all of the server to node N\n"
	"  --theta X           exponent of the Zipf distribution (.99)\n"
	"  --seed N            which keys are popular (1)\n"
	"  --rate N            GETs per second (as many as can be)\n"
	"  --seconds N         how long (until SIGTERM)\n"
	"  --every MS          time between rows (1000)\n"
	"  --fast-nodes LIST   nodes that count as fast (0)\n"
	"  --capacity PAGES    what the fast nodes can give, for the oracle (all)\n"
	"  --csv FILE          where the rows go (stdout)\n"
	"CSV columns: seconds of CLOCK_MONOTONIC; GETs per second; failed ones; share of the GETs\n"
	"of the interval whose value lies on fast memory; the best that the capacity allows;\n"
	"share / oracle; values on fast and on slow nodes; slowest round trip of 32 GETs in ms;\n"
	"share of the values on fast memory, of the most popular key, the next 2, the next 4...\n"
	"Status 1 when a request failed.\n";

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "pid", required_argument, NULL, 'p' },
	{ "keys", required_argument, NULL, 'k' },
	{ "populate", required_argument, NULL, 'P' },
	{ "head", required_argument, NULL, 'H' },
	{ "start-node", required_argument, NULL, 'n' },
	{ "theta", required_argument, NULL, 't' },
	{ "seed", required_argument, NULL, 'S' },
	{ "rate", required_argument, NULL, 'r' },
	{ "seconds", required_argument, NULL, 'd' },
	{ "every", required_argument, NULL, 'e' },
	{ "fast-nodes", required_argument, NULL, 'f' },
	{ "capacity", required_argument, NULL, 'c' },
	{ "csv", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void set_option(struct zipfload *load, int option, const char *name)
{
	switch (option) {
	case 's':
		load->socket_path = optarg;
		break;
	case 'p':
		load->pid = (int)options_number(name, optarg, 1, INT32_MAX);
		break;
	case 'k':
		load->keys = (uint32_t)options_number(name, optarg, 1, 1U << 30);
		break;
	case 'P':
		load->value_bytes = (unsigned int)options_number(name, optarg, 64, 65536);
		break;
	case 'H':
		load->head_bytes = (unsigned int)options_number(name, optarg, 24, 4096);
		break;
	case 'n':
		load->start_node = (int)options_number(name, optarg, 0, 62);
		break;
	case 't':
		load->distribution.theta = options_fraction(name, optarg, 0, 10);
		break;
	case 'S':
		load->distribution.seed = options_number(name, optarg, 0, UINT64_MAX);
		break;
	case 'r':
		load->rate = options_number(name, optarg, 1, 100000000);
		break;
	case 'd':
		load->seconds = options_number(name, optarg, 1, 1000000);
		break;
	case 'e':
		load->every_ns = options_number(name, optarg, 10, 3600000) * NSEC_PER_MSEC;
		break;
	case 'f':
		load->fast_nodes = options_nodes(name, optarg);
		break;
	case 'c':
		load->capacity = options_number(name, optarg, 0, UINT64_MAX);
		break;
	case 'o':
		load->csv_path = optarg;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct zipfload load = {
		.keys = 65536,
		.distribution = { .shape = DISTRIBUTION_ZIPF, .theta = 0.99, .seed = 1 },
		.every_ns = NSEC_PER_SEC,
		.fast_nodes = 1,
		.capacity = UINT64_MAX,
		.start_node = -1,
	};
	struct sigaction action = { .sa_handler = end };
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", options, &index)) >= 0)
		set_option(&load, option, option == '?' ? "" : options[index].name);
	if (optind < argc || !load.socket_path)
		options_die("--socket PATH is needed, and nothing but options");
	load.csv = load.csv_path ? fopen(load.csv_path, "we") : stdout;
	if (!load.csv)
		options_fail(-errno, "cannot write %s", load.csv_path);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	make_distribution(&load);
	prepare_server(&load);
	run(&load);
	if (load.failed_total)
		options_fail(0, "%llu requests failed", (unsigned long long)load.failed_total);
	return 0;
}
