// SPDX-License-Identifier: GPL-2.0-only
/* print.c - the conf as it is shipped: the compiled defaults, commented out. */
#include <string.h>

#include "config/config.h"

static void print_comment(FILE *out, const char *doc)
{
	for (;;) {
		size_t length = strcspn(doc, "\n");

		fprintf(out, "# %.*s\n", (int)length, doc);
		if (!doc[length])
			return;
		doc += length + 1;
	}
}

static void print_target_keys(FILE *out)
{
	size_t i, n;
	const struct config_key *key = config_target_keys(&n);

	fputs("\n# Any number of [target NAME] sections choose processes. The first whose "
	      "selectors\n"
	      "# all match decides; a process matched by one with exclude = yes is never touched.\n"
	      "#\n"
	      "#[target NAME]\n",
	      out);
	for (i = 0; i < n; i++) {
		print_comment(out, key[i].doc);
		fprintf(out, "#%s = %s\n", key[i].name, key[i].standard);
	}
}

void config_print_defaults(FILE *out)
{
	const char *section = "";
	size_t i, n;
	const struct config_key *key = config_keys(&n);

	fputs("# tiered.conf - see tiered.conf(5). Every value here is the default.\n"
	      "# Sizes: 64M, 4G. Shares: 2%. Durations: 200ms, 2s, 5min. Rates: 500M/s.\n",
	      out);
	for (i = 0; i < n; i++) {
		if (strcmp(section, key[i].section) != 0) {
			section = key[i].section;
			fprintf(out, "\n[%s]\n", section);
		}
		print_comment(out, key[i].doc);
		fprintf(out, "#%s = %s\n", key[i].name, key[i].standard);
	}
	print_target_keys(out);
}
