#include "analyze/record_bimi.h"

typedef struct {
	const char *rule, *text;
	gboolean is_record, valid, declined;
} Case;

static const Case cases[] = {
	{ "plain", "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem", TRUE, TRUE, FALSE },
	{ "no certificate", "v=BIMI1; l=https://example.com/logo.svg", TRUE, TRUE, FALSE },
	{ "declined", "v=BIMI1; l=; a=;", TRUE, TRUE, TRUE },
	{ "http", "v=BIMI1; l=http://example.com/logo.svg", TRUE, FALSE, FALSE },
	{ "no logo", "v=BIMI1; a=https://example.com/vmc.pem", TRUE, FALSE, FALSE },
	{ "version has a case", "v=bimi1; l=https://example.com/logo.svg", FALSE, FALSE, FALSE },
	{ "nothing at all", "", FALSE, FALSE, FALSE },
};

static void
test_parse(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqBimiRecord) got = mq_bimi_record_parse(want->text);

	g_assert_cmpint(got != NULL, ==, want->is_record);
	g_assert_cmpint(got != NULL && got->problem == NULL, ==, want->valid);
	g_assert_cmpint(got != NULL && got->declined, ==, want->declined);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/record-bimi/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_parse);
	}
	return g_test_run();
}
