#include "cli/commands.h"

#include <string.h>

#define LONGEST 40 /* no option or command is longer */

#define ADDRESS_OF(name) &mq_command_##name,
const MqCommand *const mq_commands[] = { MQ_COMMANDS(ADDRESS_OF) };
const guint mq_commands_n = G_N_ELEMENTS(mq_commands);

const char *const mq_formats_rows[] = { "table", "json", "csv", NULL };
const char *const mq_formats_document[] = { "table", "json", NULL };

const MqCommand *
mq_command_find(const char *name)
{
	for (guint i = 0; i < mq_commands_n; i++)
		if (strcmp(mq_commands[i]->name, name) == 0)
			return mq_commands[i];
	return NULL;
}

/* How many keys were missed: inserted, left out, wrong, or two swapped (optimal string alignment). */
static guint
slips(const char *a, const char *b)
{
	guint rows[3][LONGEST + 1];
	gsize n = strlen(b);

	if (strlen(a) > LONGEST || n > LONGEST)
		return LONGEST;
	for (guint j = 0; j <= n; j++)
		rows[0][j] = j;
	for (guint i = 1; a[i - 1] != '\0'; i++) {
		guint *row = rows[i % 3];
		const guint *before = rows[(i + 2) % 3];
		const guint *two_before = rows[(i + 1) % 3];

		row[0] = i;
		for (guint j = 1; j <= n; j++) {
			row[j] = MIN(MIN(before[j], row[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], two_before[j - 2] + 1);
		}
	}
	return rows[strlen(a) % 3][n];
}

const char *
mq_suggest(const char *word, const char *const *words)
{
	const char *best = NULL;
	guint best_slips = strlen(word) > 4 ? 3 : 2;

	for (; *words != NULL; words++) {
		guint n = slips(word, *words);

		if (n < best_slips) {
			best = *words;
			best_slips = n;
		}
	}
	return best;
}
