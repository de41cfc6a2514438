#include <string.h>

#include "cli/chart.h"
#include "cli/terminal.h"

typedef struct {
	const char *rule, *row;
	json_int_t want[MQ_FATE_N]; /* passed, delivered, quarantined, rejected */
} Case;

static const Case cases[] = {
	{ "all passed", "{\"messages\": 10, \"dmarc_pass\": 10}", { 10, 0, 0, 0 } },
	{ "what failed and was not blocked was delivered", "{\"messages\": 10, \"dmarc_pass\": 4, \"quarantined\": 1, \"rejected\": 2}",
	  { 4, 3, 1, 2 } },
	{ "what passed and was blocked is blocked", "{\"messages\": 10, \"dmarc_pass\": 10, \"rejected\": 3}", { 7, 0, 0, 3 } },
	{ "numbers that cannot be are held to the messages", "{\"messages\": 5, \"dmarc_pass\": 9, \"quarantined\": -2, \"rejected\": 99}",
	  { 0, 0, 0, 5 } },
	{ "nothing", "{}", { 0, 0, 0, 0 } },
};

static void
test_fates(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(json_t) row = json_loads(want->row, 0, NULL);
	json_int_t got[MQ_FATE_N];

	mq_chart_fates(row, got);
	for (int i = 0; i < MQ_FATE_N; i++)
		g_assert_cmpint(got[i], ==, want->want[i]);
}

static void
test_scale(void)
{
	static const json_int_t pairs[][2] = { { 0, 1 }, { 1, 1 }, { 3, 5 }, { 10, 10 }, { 11, 20 }, { 999, 1000 }, { 2001, 5000 } };

	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
		g_assert_cmpint(mq_chart_scale(pairs[i][0]), ==, pairs[i][1]);
	g_assert_cmpint(mq_chart_scale(G_MAXINT64), ==, G_MAXINT64);
}

/* Counts of 64 bits, nothing at all: a picture all the same, and whole. */
static void
test_extremes(void)
{
	static const char *const points[] = { "[]", "[{}]", "[{\"since\": \"2026-11-16T00:00:00Z\", \"messages\": 9223372036854775807,"
		                                           " \"dmarc_pass\": 9223372036854775807, \"dmarc_pass_share\": 1.0}]" };
	static const MqCharts *const hands[] = { &mq_charts_svg, &mq_charts_cells };

	for (gsize h = 0; h < G_N_ELEMENTS(hands); h++) {
		for (gsize i = 0; i < G_N_ELEMENTS(points); i++) {
			g_autoptr(json_t) rows = json_loads(points[i], 0, NULL);
			MqMarkup *markup = mq_markup_new();
			g_autofree char *text = NULL;

			hands[h]->volume(markup, rows);
			hands[h]->pass(markup, rows);
			hands[h]->trend(markup, rows);
			hands[h]->bar(markup, json_array_get(rows, 0), 0);
			text = mq_markup_finish(markup);
			g_assert_null(strstr(text, "nan"));
			g_assert_null(strstr(text, "inf"));
			g_assert_null(strstr(text, "=\"-"));
		}
	}
}

static void
test_wrap(void)
{
	static const struct {
		const char *text;
		guint width;
		const char *want;
	} rules[] = {
		{ "", 10, "" },
		{ "one two three", 7, "one two\nthree" },
		{ "one two three", 100, "one two three" },
		{ "a verylongword b", 4, "a\nverylongword\nb" },
		{ "例え 例え", 5, "例え\n例え" }, /* two columns a letter */
		{ "a\xCC\x81" "b c", 4, "a\xCC\x81" "b c" }, /* an accent takes none */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		g_autofree char *got = mq_terminal_wrap(rules[i].text, rules[i].width);

		g_assert_cmpstr(got, ==, rules[i].want);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/chart/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_fates);
	}
	g_test_add_func("/chart/a scale is a round number", test_scale);
	g_test_add_func("/chart/extremes are drawn", test_extremes);
	g_test_add_func("/terminal/sentences break between words", test_wrap);
	return g_test_run();
}
