#include "analyze/spf.h"

/* The evaluator over answers that are there already: no resolver, no packets. */

static void
add_record(MqAnswers *answers, const char *name, const char *record)
{
	const char *const texts[] = { record, NULL };

	mq_answers_put_texts(answers, MQ_ASK_TXT, name, texts);
}

/* More terms than the tree tells, and an include behind them whose record is as long. */
static char *
long_record(const char *end)
{
	GString *record = g_string_new("v=spf1");

	for (guint i = 0; i < MQ_SPF_NODES + 10; i++)
		g_string_append(record, " ip4:192.0.2.1");
	g_string_append_printf(record, " %s", end);
	return g_string_free(record, FALSE);
}

static void
test_long(void)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autofree char *outer = long_record("include:b.example -all");
	g_autofree char *inner = long_record("ip4:203.0.113.9 ~all");
	MqSpfQuery query = { .sender = "u@a.example" };
	g_autoptr(MqSpfCheck) check = NULL;

	add_record(answers, "a.example", outer);
	add_record(answers, "b.example", inner);
	g_assert_true(mq_address_parse("203.0.113.9", &query.ip));
	g_assert_true(mq_spf_check(answers, &query, &check));
	g_assert_cmpint(check->result, ==, MQ_RESULT_PASS);
	g_assert_cmpstr(check->matched, ==, "include:b.example");
	g_assert_cmpuint(check->tree->len, ==, MQ_SPF_NODES);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spf/terms that are not told are evaluated", test_long);
	return g_test_run();
}
