/* Every table made by a list macro: each row has its name, no two rows share one, and the words around
 * it are there. A new table is a test here. */
#include <string.h>

#include "analyze/checks.h"
#include "cli/commands.h"
#include "cli/digests.h"
#include "cli/outputs.h"
#include "ingest/containers.h"
#include "ingest/formats.h"
#include "ingest/origins.h"

#define OUTPUT_ADDRESS(name) &mq_output_##name,
static const MqOutput *const outputs[] = { MQ_OUTPUTS(OUTPUT_ADDRESS) };

static void
assert_new(GHashTable *names, const char *name)
{
	g_assert_nonnull(name);
	g_assert_cmpstr(name, !=, "");
	if (!g_hash_table_add(names, (gpointer)name))
		g_test_fail_printf("two rows are called '%s'", name);
}

static gboolean
is_output(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(outputs); i++)
		if (strcmp(outputs[i]->name, name) == 0)
			return TRUE;
	return FALSE;
}

static void
test_commands(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < mq_commands_n; i++) {
		const MqCommand *command = mq_commands[i];

		assert_new(names, command->name);
		g_assert_true(mq_command_find(command->name) == command);
		g_assert_nonnull(command->summary);
		g_assert_false(g_str_has_suffix(command->summary, "."));
		g_assert_nonnull(command->run);
		g_assert_nonnull(command->formats[0]);
	}
}

static void
test_outputs(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(outputs); i++) {
		assert_new(names, outputs[i]->name);
		g_assert_nonnull(outputs[i]->print);
	}
	for (guint i = 0; mq_formats_rows[i] != NULL; i++)
		g_assert_true(is_output(mq_formats_rows[i]));
}

#define DIGEST_ADDRESS(name) &mq_digest_##name,
static const MqDigest *const digests[] = { MQ_DIGESTS(DIGEST_ADDRESS) };

/* Each can be asked for: summary has it among its formats. */
static void
test_digests(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(digests); i++) {
		assert_new(names, digests[i]->name);
		g_assert_true(mq_digest_find(digests[i]->name) == digests[i]);
		g_assert_nonnull(digests[i]->print);
		g_assert_true(g_strv_contains(mq_command_find("summary")->formats, digests[i]->name));
	}
}

static void
test_formats(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < mq_n_formats; i++) {
		const MqFormat *format = mq_formats[i];

		assert_new(names, format->name);
		g_assert_true(format->bid != NULL || format->bid_mail != NULL);
		g_assert_true((format->bid_mail != NULL) == (format->read_mail != NULL));
		g_assert_true(format->bid == NULL
		              || (format->open != NULL && format->feed != NULL && format->finish != NULL
		                  && format->free != NULL));
	}
}

#define CONTAINER_ADDRESS(name) &mq_container_##name,
static const MqContainer *const containers[] = { MQ_CONTAINERS(CONTAINER_ADDRESS) };
#define ORIGIN_ADDRESS(name) &mq_origin_##name,
static const MqOrigin *const origins[] = { MQ_ORIGINS(ORIGIN_ADDRESS) };

static void
test_containers(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(containers); i++) {
		assert_new(names, containers[i]->name);
		g_assert_nonnull(containers[i]->bid);
		g_assert_nonnull(containers[i]->pour);
	}
}

static void
test_origins(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(origins); i++) {
		assert_new(names, origins[i]->name);
		g_assert_nonnull(origins[i]->bid);
		g_assert_nonnull(origins[i]->walk);
		g_assert_nonnull(origins[i]->open);
	}
}

#define CHECK_ADDRESS(name) &mq_check_##name,
static const MqCheck *const checks[] = { MQ_CHECKS(CHECK_ADDRESS) };

/* The ids of findings are one set over all families: scripts match them. */
static void
test_checks(void)
{
	g_autoptr(GHashTable) families = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
		assert_new(families, checks[i]->family);
		for (guint k = 0; k < checks[i]->n_kinds; k++) {
			assert_new(ids, checks[i]->kinds[k].id);
			g_assert_nonnull(checks[i]->kinds[k].title);
			g_assert_nonnull(checks[i]->kinds[k].reference);
		}
	}
}

static void
test_words(void)
{
	static const MqWords *const sets[] = {
		&mq_words_type,   &mq_words_dialect, &mq_words_policy, &mq_words_disposition, &mq_words_mode,
		&mq_words_method, &mq_words_result,  &mq_words_scope,  &mq_words_reason,      &mq_words_yes,
	};
	g_autoptr(GHashTable) set_names = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
		g_autoptr(GHashTable) words = g_hash_table_new(g_str_hash, g_str_equal);

		assert_new(set_names, sets[i]->name);
		g_assert_null(sets[i]->words[0]);
		for (guint value = 1; value < sets[i]->n; value++) {
			assert_new(words, mq_word(sets[i], value));
			g_assert_cmpuint(mq_word_parse(sets[i], sets[i]->words[value]), ==, value);
		}
	}
}

static void
test_problems(void)
{
	g_autoptr(GHashTable) words = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint code = 0; code < MQ_PROBLEM_N; code++) {
		MqProblemCode parsed;

		assert_new(words, mq_problem_code_word((MqProblemCode)code));
		g_assert_true(mq_problem_code_parse(mq_problem_code_word((MqProblemCode)code), &parsed));
		g_assert_cmpuint(parsed, ==, code);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tables/commands", test_commands);
	g_test_add_func("/tables/outputs", test_outputs);
	g_test_add_func("/tables/digests", test_digests);
	g_test_add_func("/tables/report formats", test_formats);
	g_test_add_func("/tables/containers", test_containers);
	g_test_add_func("/tables/origins", test_origins);
	g_test_add_func("/tables/checks", test_checks);
	g_test_add_func("/tables/words", test_words);
	g_test_add_func("/tables/problems", test_problems);
	return g_test_run();
}
