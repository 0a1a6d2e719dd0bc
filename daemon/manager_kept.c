// SPDX-License-Identifier: GPL-2.0-only
/* manager_kept.c - what a reload leaves as it is: who is paused, and the records of changes. */
#include <stdlib.h>

#include "manager_internal.h"
#include "observe/targets.h"
#include "undo/undo.h"
#include "util/log.h"

/* Those that a reload before has kept, and that were no targets since, are kept on. */
static void keep_paused(struct manager *manager, struct manager_kept *kept)
{
	struct board_target *const *list;
	struct target_key *keys;
	size_t i, n;

	list = board_list(manager->board, &n);
	keys = realloc(kept->targets, (kept->n_targets + n + 1) * sizeof(*keys));
	if (!keys) {
		log_warning("out of memory: targets that are paused will not be after the reload");
		return;
	}
	kept->targets = keys;
	for (i = 0; i < n; i++)
		if (list[i]->paused)
			keys[kept->n_targets++] = list[i]->key;
}

void manager_keep(struct manager *manager)
{
	struct manager_kept *kept = manager->options->kept;

	kept->undo = manager->undo;
	manager->undo = NULL;
	if (manager->board)
		keep_paused(manager, kept);
}

int manager_was_paused(struct manager *manager, const struct target_key *key)
{
	struct manager_kept *kept = manager->options->kept;
	size_t i;

	for (i = 0; i < kept->n_targets; i++) {
		if (kept->targets[i].tgid != key->tgid ||
		    kept->targets[i].start_ns != key->start_ns)
			continue;
		kept->targets[i] = kept->targets[--kept->n_targets];
		return 1;
	}
	return 0;
}

void manager_kept_free(struct manager_kept *kept)
{
	free(kept->targets);
	undo_close(kept->undo);
	*kept = (struct manager_kept){ 0 };
}
