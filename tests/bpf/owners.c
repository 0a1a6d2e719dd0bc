// SPDX-License-Identifier: GPL-2.0-only
/*
 * owners - counts by BPF whose pages a program moves.
 *
 *	owners MOVER FILE
 *
 * Looks at threads whose names begin with MOVER. Prints "ready" when it does. At SIGUSR1,
 * and at SIGTERM, which ends it, FILE is written anew: a line "COMM TGID START_NS PAGES" for
 * each process ("- 0 0 PAGES" for those on their way out), and a last one "lost PAGES".
 * Status 0, or 1 with one line that says why.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "owners.h"
#include "tests/bpf/owners.skel.h"

static int lines_write(struct owners_bpf *bpf, FILE *file)
{
	int map = bpf_map__fd(bpf->maps.owners);
	struct owner owner, *last = NULL;
	uint64_t pages;

	while (bpf_map_get_next_key(map, last, &owner) == 0) {
		last = &owner;
		if (bpf_map_lookup_elem(map, &owner, &pages))
			return -errno;
		fprintf(file, "%.16s %u %llu %" PRIu64 "\n", owner.tgid ? owner.comm : "-",
			owner.tgid, owner.start_ns, pages);
	}
	fprintf(file, "lost %" PRIu64 "\n", (uint64_t)bpf->bss->lost);
	return ferror(file) ? -EIO : 0;
}

/* Whoever reads it sees all of one moment or all of another. */
static int file_write(struct owners_bpf *bpf, const char *path)
{
	char fresh[4096];
	FILE *file;
	int r;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return -ENAMETOOLONG;
	file = fopen(fresh, "we");
	if (!file)
		return -errno;
	r = lines_write(bpf, file);
	if (fclose(file) && r == 0)
		r = -errno;
	if (r == 0 && rename(fresh, path))
		r = -errno;
	return r;
}

static struct owners_bpf *bpf_begin(const char *mover)
{
	struct owners_bpf *bpf = owners_bpf__open();

	if (!bpf)
		return NULL;
	bpf->rodata->mover_length = (unsigned int)strlen(mover);
	memcpy((char *)bpf->rodata->mover, mover, strlen(mover));
	if (owners_bpf__load(bpf) == 0 && owners_bpf__attach(bpf) == 0)
		return bpf;
	owners_bpf__destroy(bpf);
	return NULL;
}

static int serve(struct owners_bpf *bpf, const char *path, const sigset_t *signals)
{
	int r, signal;

	do {
		sigwait(signals, &signal);
		r = file_write(bpf, path);
	} while (r == 0 && signal != SIGTERM);
	return r;
}

int main(int argc, char **argv)
{
	struct owners_bpf *bpf;
	sigset_t signals;
	int r;

	if (argc != 3 || strlen(argv[1]) >= OWNERS_COMM) {
		fprintf(stderr, "usage: owners MOVER FILE (MOVER: up to 15 characters)\n");
		return 1;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	bpf = bpf_begin(argv[1]);
	if (!bpf) {
		fprintf(stderr, "owners: BPF: %s; expected fentry/remove_migration_pte\n",
			strerror(errno));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	r = serve(bpf, argv[2], &signals);
	if (r)
		fprintf(stderr, "owners: %s: %s\n", argv[2], strerror(-r));
	owners_bpf__destroy(bpf);
	return r != 0;
}
