#include "analyze/tags.h"

typedef struct {
	const char *rule, *text;
	guint tags, broken;
	const char *a; /* the value of "a" */
} Case;

static const Case cases[] = {
	{ "simple", "a=1; b=2", 2, 0, "1" },
	{ "final semicolon", "a=1;", 1, 0, "1" },
	{ "white space around", "  a \t=  1 2 ;b=", 2, 0, "1 2" },
	{ "value with equals", "a=x=y", 1, 0, "x=y" },
	{ "names have a case", "A=1", 1, 0, NULL },
	{ "the first counts", "a=1; a=2", 2, 0, "1" },
	{ "piece without equals", "a=1; junk", 1, 1, "1" },
	{ "piece without a name", "=1; a=2", 1, 1, "2" },
	{ "nothing at all", "", 0, 0, NULL },
	{ "only separators", ";;; ;", 0, 0, NULL },
};

static void
test_parse(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqTags) got = mq_tags_parse(want->text);

	g_assert_cmpuint(got->tags->len, ==, want->tags);
	g_assert_cmpuint(got->broken->len, ==, want->broken);
	g_assert_cmpstr(mq_tags_get(got, "a"), ==, want->a);
}

static void
test_version_is_first(void)
{
	static const struct {
		const char *text;
		gboolean begins;
	} rows[] = {
		{ "v=X1; a=1", TRUE }, { "a=1; v=X1", FALSE }, { "; v=X1", FALSE }, { "junk; v=X1", FALSE }, { "", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(MqTags) tags = mq_tags_parse(rows[i].text);

		g_assert_cmpint(mq_tags_begin_with(tags, "v", "X1"), ==, rows[i].begins);
	}
}

static void
test_repeated(void)
{
	g_autoptr(MqTags) once = mq_tags_parse("a=1; A=2; b=3");
	g_autoptr(MqTags) twice = mq_tags_parse("a=1; b=2; a=1");

	g_assert_null(mq_tags_repeated(once));
	g_assert_cmpstr(mq_tags_repeated(twice), ==, "a");
}

static void
test_flood(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(MqTags) tags = NULL;

	for (guint i = 0; i < 100000; i++)
		g_string_append(text, "a=1;");
	tags = mq_tags_parse(text->str);
	g_assert_true(tags->cut);
	g_assert_cmpuint(tags->tags->len, ==, MQ_TAGS_MAX);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/tags/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_parse);
	}
	g_test_add_func("/tags/version is first", test_version_is_first);
	g_test_add_func("/tags/repeated", test_repeated);
	g_test_add_func("/tags/flood", test_flood);
	return g_test_run();
}
