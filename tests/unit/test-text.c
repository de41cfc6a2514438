#include "ingest/text.h"

#include <string.h>

typedef struct {
	const char *rule, *bytes;
	gssize n;
	gsize max;
	const char *want;
} Clean;

static const Clean cleans[] = {
	{ "plain", "abc", -1, 100, "abc" },
	{ "white space goes at both ends", " \t\r\n a b \n", -1, 100, "a b" },
	{ "nothing", "", -1, 100, "" },
	{ "only white space", " \n", -1, 100, "" },
	{ "a bad byte becomes U+FFFD", "a\x91z", -1, 100, "a\xEF\xBF\xBDz" },
	{ "a NUL becomes U+FFFD", "a\0z", 3, 100, "a\xEF\xBF\xBDz" },
	{ "cut at a character", "ab\xC3\xA4", -1, 3, "ab" },
	{ "cut to nothing", "\xC3\xA4", -1, 1, "" },
};

static void
test_clean(gconstpointer data)
{
	const Clean *want = data;
	g_autofree char *got = mq_text_clean(want->bytes, want->n, want->max);

	g_assert_cmpstr(got, ==, want->want);
}

typedef struct {
	const char *rule, *text, *want;
} Visible;

static const Visible visibles[] = {
	{ "plain text stays", "Gr\xC3\xBC\xC3\x9F\x65 <a@b>", "Gr\xC3\xBC\xC3\x9F\x65 <a@b>" },
	{ "escape sequence", "\x1b[31mred", "\\x1b[31mred" },
	{ "a C1 control in UTF-8", "\xC2\x9B" "31m", "\\x9b31m" },
	{ "a bare C1 byte", "\x9B" "31m", "\xEF\xBF\xBD" "31m" },
	{ "line feeds", "a\r\n2099", "a\\r\\n2099" },
	{ "direction override", "moc.\xE2\x80\xAEgoogle", "moc.\\u202egoogle" },
	{ "zero width", "a\xE2\x80\x8B" "b", "a\\u200bb" },
	{ "line separator", "a\xE2\x80\xA8" "b", "a\\u2028b" },
	{ "a tag character beyond the first plane", "\xF3\xA0\x81\x81", "\\U000e0041" },
	{ "nothing", NULL, "" },
};

static void
test_visible(gconstpointer data)
{
	const Visible *want = data;
	g_autofree char *got = mq_text_visible(want->text);

	g_assert_cmpstr(got, ==, want->want);
	if (want->text != NULL)
		g_assert_cmpint(mq_text_is_visible(want->text), ==, strcmp(want->text, want->want) == 0);
}

static void
test_charset(void)
{
	g_autofree char *latin = mq_text_to_utf8("Sue\xF1o", 5, "iso-8859-1");
	g_autofree char *odd = mq_text_to_utf8("a\x81z", 3, "windows-1252");
	g_autofree char *unknown = mq_text_to_utf8("abc", 3, "x-evil");
	g_autofree char *empty = mq_text_to_utf8("", 0, "utf-16");

	g_assert_cmpstr(latin, ==, "Sue\xC3\xB1o");
	g_assert_cmpstr(odd, ==, "a\xEF\xBF\xBDz");
	g_assert_null(unknown);
	g_assert_cmpstr(empty, ==, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cleans); i++) {
		g_autofree char *path = g_strconcat("/text/clean/", cleans[i].rule, NULL);

		g_test_add_data_func(path, &cleans[i], test_clean);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(visibles); i++) {
		g_autofree char *path = g_strconcat("/text/visible/", visibles[i].rule, NULL);

		g_test_add_data_func(path, &visibles[i], test_visible);
	}
	g_test_add_func("/text/charset", test_charset);
	return g_test_run();
}
