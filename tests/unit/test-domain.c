#include "ingest/domain.h"

#include <string.h>

typedef struct {
	const char *rule, *text, *want;
	gboolean valid;
} Case;

static const Case cases[] = {
	{ "plain", "example.com", "example.com", TRUE },
	{ "case and final dot", "Mail.EXAMPLE.com.", "mail.example.com", TRUE },
	{ "U-labels", "b\xC3\xBC" "cher.example", "xn--bcher-kva.example", TRUE },
	{ "underscore", "_dmarc.example.com", "_dmarc.example.com", TRUE },
	{ "single label", "localhost", "localhost", TRUE },
	{ "empty", "", "", FALSE },
	{ "root", ".", ".", FALSE },
	{ "empty label", "a..example", "a..example", FALSE },
	{ "markup is kept, not a name", "<Script>", "<script>", FALSE },
	{ "spaces", "a b.example", "a b.example", FALSE },
};

static void
test_normalize(gconstpointer data)
{
	const Case *want = data;
	gboolean valid;
	g_autofree char *got = mq_domain_normalize(want->text, &valid);

	g_assert_cmpstr(got, ==, want->want);
	g_assert_cmpint(valid, ==, want->valid);
}

static void
test_too_long(void)
{
	g_autofree char *label = g_strnfill(64, 'a');
	g_autofree char *name = g_strconcat(label, ".example", NULL);
	g_autofree char *flood = g_strnfill(1 << 20, 'b');
	gboolean valid = TRUE;
	g_autofree char *long_label = mq_domain_normalize(name, &valid);

	g_assert_false(valid);
	g_autofree char *got = mq_domain_normalize(flood, &valid);

	g_assert_false(valid);
	g_assert_cmpuint(strlen(got), <=, 1024);
}

static void
test_of_address(void)
{
	static const char *const pairs[][2] = {
		{ "a@B.example", "b.example" },      { "<a@b.example>", "b.example" },
		{ "b.example", "b.example" },        { "\"x@y\"@b.example", "b.example" },
		{ "A <a@b.example> (note)", "b.example" }, { "<>", NULL }, { "", NULL }, { "a@", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *got = mq_domain_of_address(pairs[i][0]);

		g_assert_cmpstr(got, ==, pairs[i][1]);
	}
}

static void
test_relations(void)
{
	g_assert_true(mq_domain_is_within("a.example.com", "example.com"));
	g_assert_true(mq_domain_is_within("example.com", "example.com"));
	g_assert_false(mq_domain_is_within("badexample.com", "example.com"));
	g_assert_false(mq_domain_is_within("com", "example.com"));
	g_assert_false(mq_domain_is_within("example.com", ""));
	g_assert_cmpstr(mq_domain_parent("a.b.c"), ==, "b.c");
	g_assert_null(mq_domain_parent("c"));
	g_assert_cmpuint(mq_domain_labels("a.b.c"), ==, 3);
	g_assert_cmpuint(mq_domain_labels(""), ==, 0);
}

static void
test_display(void)
{
	g_autofree char *shown = mq_domain_display("xn--bcher-kva.example");
	g_autofree char *broken = mq_domain_display("xn--\x1b");

	g_assert_cmpstr(shown, ==, "b\xC3\xBC" "cher.example");
	g_assert_cmpstr(broken, ==, "xn--\x1b");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/domain/normalize/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_normalize);
	}
	g_test_add_func("/domain/too long", test_too_long);
	g_test_add_func("/domain/of an address", test_of_address);
	g_test_add_func("/domain/relations", test_relations);
	g_test_add_func("/domain/display", test_display);
	return g_test_run();
}
