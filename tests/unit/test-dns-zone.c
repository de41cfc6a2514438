#include "analyze/resolver.h"

#include <glib/gstdio.h>

static MqResolver *
zone_of(const char *text, GError **error)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("marque-zone-XXXXXX", &path, NULL);
	MqResolver *resolver;

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	resolver = mq_dns_zone_new(path, error);
	g_unlink(path);
	return resolver;
}

typedef struct {
	const char *rule, *zone;
	MqAsk ask;
	const char *name;
	MqOutcome outcome;
	const char *text;  /* of the first record */
	const char *alias; /* the name that has it, where an alias leads there */
} Case;

static const Case cases[] = {
	{ "a record", "example.com A 192.0.2.1", MQ_ASK_A, "example.com", MQ_ANSWER_FOUND, "192.0.2.1" },
	{ "time to live and class are passed over", "example.com. 300 IN MX 10 mx.example.com", MQ_ASK_MX, "example.com",
	  MQ_ANSWER_FOUND, "10 mx.example.com" },
	{ "strings are joined", "example.com TXT \"v=spf1 \" \"-all\"", MQ_ASK_TXT, "example.com", MQ_ANSWER_FOUND, "v=spf1 -all" },
	{ "a text without quotes", "example.com TXT v=spf1 -all", MQ_ASK_TXT, "example.com", MQ_ANSWER_FOUND, "v=spf1 -all" },
	{ "comments and empty lines", "# one\n\n; two\nexample.com A 192.0.2.1\n", MQ_ASK_A, "example.com", MQ_ANSWER_FOUND, "192.0.2.1" },
	{ "another type is no data", "example.com A 192.0.2.1", MQ_ASK_MX, "example.com", MQ_ANSWER_NO_DATA, NULL },
	{ "a name above one is there", "a.example.com A 192.0.2.1", MQ_ASK_A, "example.com", MQ_ANSWER_NO_DATA, NULL },
	{ "what is not there does not exist", "a.example.com A 192.0.2.1", MQ_ASK_A, "b.example.com", MQ_ANSWER_NO_NAME, NULL },
	{ "an alias is followed", "a.example.com CNAME b.example.com\nb.example.com A 192.0.2.1", MQ_ASK_A, "a.example.com",
	  MQ_ANSWER_FOUND, "192.0.2.1", "b.example.com" },
	{ "aliases in a circle end", "a.example.com CNAME b.example.com\nb.example.com CNAME a.example.com", MQ_ASK_A,
	  "a.example.com", MQ_ANSWER_NO_DATA, NULL },
};

static void
test_answer(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(MqResolver) resolver = zone_of(want->zone, &error);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	const MqAnswer *answer;

	g_assert_no_error(error);
	g_assert_null(mq_answers_get(answers, want->ask, want->name));
	g_assert_true(mq_resolver_fill(resolver, answers, &error));
	answer = mq_answers_get(answers, want->ask, want->name);
	g_assert_nonnull(answer);
	g_assert_cmpint(answer->outcome, ==, want->outcome);
	if (want->text != NULL)
		g_assert_cmpstr(((const MqDnsRecord *)g_ptr_array_index(answer->records, 0))->text, ==, want->text);
	if (want->alias != NULL) {
		g_assert_cmpuint(answer->aliases->len, ==, 1);
		g_assert_cmpstr(g_ptr_array_index(answer->aliases, 0), ==, want->alias);
	}
}

static void
test_refused(gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MqResolver) resolver = zone_of(data, &error);

	g_assert_null(resolver);
	g_assert_nonnull(error);
}

int
main(int argc, char **argv)
{
	static const char *const refused[][2] = {
		{ "no type", "example.com" },
		{ "a type that is none", "example.com FOO bar" },
		{ "data that is none", "example.com A 1.2.3" },
		{ "an open quote", "example.com TXT \"v=spf1" },
		{ "a name that is none", "a..example A 192.0.2.1" },
		{ "what is no question of DNS", "example.com PROBE x" },
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/dns-zone/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_answer);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *path = g_strconcat("/dns-zone/refused/", refused[i][0], NULL);

		g_test_add_data_func(path, refused[i][1], test_refused);
	}
	return g_test_run();
}
