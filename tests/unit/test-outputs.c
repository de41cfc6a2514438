#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "ingest/text.h"

static char *
take_stream(FILE *stream, char **text)
{
	fclose(stream);
	return g_steal_pointer(text);
}

/* ----------------------------------------------------------------------- CSV */

typedef struct {
	const char *rule, *text, *want;
} Cell;

static const Cell cells[] = {
	{ "plain", "google.com", "google.com" },
	{ "nothing", "", "" },
	{ "a comma is quoted", "a,b", "\"a,b\"" },
	{ "a quote is doubled", "a\"b", "\"a\"\"b\"" },
	{ "a formula is defused", "=1+1", "'=1+1" },
	{ "plus", "+1+1", "'+1+1" },
	{ "minus", "-2+3", "'-2+3" },
	{ "at", "@SUM(A1)", "'@SUM(A1)" },
	{ "after spaces", "  =1", "\"'  =1\"" },
	{ "after quotes", "\"=1", "\"'\"\"=1\"" },
	{ "full width", "\xEF\xBC\x9D" "1", "'\xEF\xBC\x9D" "1" },
	{ "full width at", "\xEF\xBC\xA0x", "'\xEF\xBC\xA0x" },
	{ "a number stays", "-12.5", "-12.5" },
	{ "a signed number stays", "+7", "+7" },
	{ "a tab is made visible", "\t=1", "\\t=1" },
	{ "a carriage return is made visible", "a\rFAKE", "a\\rFAKE" },
	{ "a line feed is made visible", "a\n2099", "a\\n2099" },
	{ "an escape is made visible", "\x1b[31m", "\\x1b[31m" },
	{ "a direction override is made visible", "moc.\xE2\x80\xAE" "elgoog", "moc.\\u202eelgoog" },
};

static void
test_cell(gconstpointer data)
{
	const Cell *want = data;
	const MqColumn column = { "k", "K", MQ_CELL_TEXT };
	g_autoptr(json_t) row = json_pack("{s:s}", "k", want->text);
	char *text = NULL;
	size_t n = 0;
	FILE *stream = open_memstream(&text, &n);
	g_autofree char *line = g_strconcat(want->want, "\r\n", NULL);

	mq_print_csv_row(stream, &column, 1, row);
	text = take_stream(stream, &text);
	g_assert_cmpstr(text, ==, line);
	free(text);
}

static void
test_csv_kinds(void)
{
	const MqColumn columns[] = {
		{ "a.b", "", MQ_CELL_TEXT }, { "n", "", MQ_CELL_COUNT }, { "s", "", MQ_CELL_SHARE },
		{ "l", "", MQ_CELL_LIST },   { "0", "", MQ_CELL_TEXT },  { "t", "", MQ_CELL_TEXT },
	};
	g_autoptr(json_t) row = json_pack("{s:{s:s}, s:i, s:f, s:[s,s], s:n, s:b}", "a", "b", "in", "n", -3, "s",
	                                  0.25, "l", "x", "y", "0", "t", 1);
	char *text = NULL;
	size_t n = 0;
	FILE *stream = open_memstream(&text, &n);

	mq_print_csv_row(stream, columns, G_N_ELEMENTS(columns), NULL);
	mq_print_csv_row(stream, columns, G_N_ELEMENTS(columns), row);
	text = take_stream(stream, &text);
	g_assert_cmpstr(text, ==, "a.b,n,s,l,0,t\r\nin,-3,0.25,x y,,true\r\n");
	free(text);
}

/* ---------------------------------------------------------------------- JSON */

static const Cell strings[] = {
	{ "plain", "a", "{\"k\":\"a\"}\n" },
	{ "letters stay", "\xC3\xA4", "{\"k\":\"\xC3\xA4\"}\n" },
	{ "C0 is escaped", "\x1b", "{\"k\":\"\\u001B\"}\n" },
	{ "DEL is escaped", "\x7f", "{\"k\":\"\\u007f\"}\n" },
	{ "C1 is escaped", "\xC2\x9B" "31m", "{\"k\":\"\\u009b31m\"}\n" },
	{ "a direction override is escaped", "\xE2\x80\xAE", "{\"k\":\"\\u202e\"}\n" },
	{ "a tag beyond the first plane is a pair", "\xF3\xA0\x81\x81", "{\"k\":\"\\udb40\\udc41\"}\n" },
	{ "bytes that are no text", "\xFF", "{\"k\":\"\xEF\xBF\xBD\"}\n" },
};

static void
test_string(gconstpointer data)
{
	const Cell *want = data;
	g_autoptr(json_t) document = json_pack("{s:o}", "k", mq_json_text(want->text));
	g_autoptr(json_t) again = NULL;
	char *text = NULL;
	size_t n = 0;
	FILE *stream = open_memstream(&text, &n);

	mq_print_json(stream, document, TRUE);
	text = take_stream(stream, &text);
	g_assert_cmpstr(text, ==, want->want);
	again = json_loads(text, 0, NULL);
	g_assert_true(json_equal(document, again));
	free(text);
}

/* --------------------------------------------------------------------- words */

typedef struct {
	const char *rule;
	gint64 count;
	const char *want;
} Count;

static const Count counts[] = {
	{ "nothing", 0, "0" },
	{ "three digits", 999, "999" },
	{ "four digits", 1000, "1,000" },
	{ "seven digits", 1234567, "1,234,567" },
	{ "below nothing", -1234, "-1,234" },
	{ "below nothing, three digits", -123, "-123" },
};

static void
test_count(gconstpointer data)
{
	const Count *want = data;
	g_autofree char *got = mq_count_to_text(want->count);

	g_assert_cmpstr(got, ==, want->want);
}

typedef struct {
	const char *rule;
	double share;
	const char *want;
} Share;

static const Share shares[] = {
	{ "none", 0, "0 %" },
	{ "all", 1, "100 %" },
	{ "some", 0.982, "98.2 %" },
	{ "nearly all is not all", 0.99999, "> 99.9 %" },
	{ "nearly none is not none", 0.00001, "< 0.1 %" },
};

static void
test_share(gconstpointer data)
{
	const Share *want = data;
	g_autofree char *got = mq_share_to_text(want->share);

	g_assert_cmpstr(got, ==, want->want);
}

typedef struct {
	const char *rule, *word, *want;
} Suggestion;

static const Suggestion suggestions[] = {
	{ "swapped letters", "ingset", "ingest" },
	{ "a letter too few", "report", "reports" },
	{ "a letter too many", "statuss", "status" },
	{ "a short word, one slip", "shwo", "show" },
	{ "nothing like it", "frobnicate", NULL },
	{ "nothing at all", "", NULL },
	{ "longer than any", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

static void
test_suggestion(gconstpointer data)
{
	static const char *const words[] = { "ingest", "reports", "show", "status", NULL };
	const Suggestion *want = data;

	g_assert_cmpstr(mq_suggest(want->word, words), ==, want->want);
}

typedef struct {
	const char *rule;
	MqProgress progress;
	double elapsed_s;
	const char *want;
} Going;

static const Going goings[] = {
	{ "at the start", { .messages = 2, .messages_total = 100 }, 0.1, "2 of 100 messages" },
	{ "with a rate", { .messages = 1200, .messages_total = 4800 }, 3, "1,200 of 4,800 messages, 400/s, 9 s left" },
	{ "total not known", { .messages = 50 }, 5, "50 messages, 10/s" },
	{ "minutes", { .messages = 10, .messages_total = 1000 }, 10, "10 of 1,000 messages, 1/s, 16:30 min left" },
	{ "done", { .messages = 10, .messages_total = 10 }, 2, "10 of 10 messages, 5/s" },
};

static void
test_progress(gconstpointer data)
{
	const Going *want = data;
	g_autofree char *got = mq_progress_text(&want->progress, want->elapsed_s);

	g_assert_cmpstr(got, ==, want->want);
}

#define ADD(prefix, table, test) \
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) { \
		g_autofree char *path = g_strconcat("/outputs/" prefix "/", table[i].rule, NULL); \
		g_test_add_data_func(path, &table[i], test); \
	}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	ADD("csv", cells, test_cell)
	ADD("json", strings, test_string)
	ADD("count", counts, test_count)
	ADD("share", shares, test_share)
	ADD("suggest", suggestions, test_suggestion)
	ADD("progress", goings, test_progress)
	g_test_add_func("/outputs/csv/each kind of value", test_csv_kinds);
	return g_test_run();
}
