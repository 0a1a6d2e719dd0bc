// SPDX-License-Identifier: GPL-2.0-only
#include "limits_text.h"

#include <inttypes.h>

#include "answer.h"
#include "format.h"
#include "table.h"

void limits_print(struct json_object *answer, FILE *out)
{
	static const struct table_column columns[] = {
		{ .title = "section", .at_least = 8 },
		{ .title = "targets", .right = true },
		{ .title = "fast", .right = true },
		{ .title = "fast_min", .right = true },
		{ .title = "fast_max", .right = true },
		{ .title = "priority", .right = true },
		{ .title = "state" },
	};
	struct json_object *limits = answer_at(answer, "limits");
	struct table *table = answer_length(limits) ? table_new(columns, 7) : NULL;
	size_t i;

	if (!table)
		return;
	for (i = 0; i < answer_length(limits); i++) {
		struct json_object *limit = answer_element(limits, i);

		table_add(table, "%s", TEXT(answer_text(limit, "rule")));
		table_add(table, "%" PRIu64, answer_number(limit, "targets"));
		table_add(table, "%s", PAGES(answer_number(limit, "fast_pages")));
		table_add(table, "%s", PAGES(answer_number(limit, "fast_min_pages")));
		if (answer_at(limit, "fast_max_pages"))
			table_add(table, "%s", PAGES(answer_number(limit, "fast_max_pages")));
		else
			table_add(table, "none");
		table_add(table, "%" PRIu64, answer_number(limit, "priority"));
		table_add(table, "%s", answer_flag(limit, "floor_unmet") ? "floor not met" : "");
	}
	fputs("\nSections with limits, of the fastest tier\n", out);
	table_print(table, out, "  ", TABLE_WIDTH);
	table_free(table);
}
