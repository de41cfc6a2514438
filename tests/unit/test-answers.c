/* Questions and answers: records and their text, names that can be asked, what is wanted, limits. */
#include "analyze/answers.h"

#include "ingest/limits.h"
#include "ingest/when.h"

typedef struct {
	const char *rule;
	MqAsk ask;
	const char *text, *canonical; /* canonical NULL: it is no such record */
} RecordCase;

static const RecordCase records[] = {
	{ "A", MQ_ASK_A, "192.0.2.1", "192.0.2.1" },
	{ "A is no AAAA", MQ_ASK_A, "2001:db8::1", NULL },
	{ "AAAA", MQ_ASK_AAAA, "2001:DB8:0::1", "2001:db8::1" },
	{ "AAAA that is mapped", MQ_ASK_AAAA, "::ffff:192.0.2.1", "192.0.2.1" },
	{ "A with a port", MQ_ASK_A, "192.0.2.1:25", NULL },
	{ "MX", MQ_ASK_MX, "10 MX.example.", "10 mx.example" },
	{ "null MX", MQ_ASK_MX, "0 .", "0 ." },
	{ "MX without a host", MQ_ASK_MX, "10 ", NULL },
	{ "MX over 65535", MQ_ASK_MX, "65536 mx.example", NULL },
	{ "MX without a number", MQ_ASK_MX, "mx.example", NULL },
	{ "TXT is any text", MQ_ASK_TXT, "v=spf1 \x01 -all", "v=spf1 \x01 -all" },
	{ "TXT may be empty", MQ_ASK_TXT, "", "" },
	{ "TXT is made valid", MQ_ASK_TXT, "a\xFFz", "a\xEF\xBF\xBDz" },
	{ "PTR", MQ_ASK_PTR, "Host.Example.", "host.example" },
	{ "PTR of nothing", MQ_ASK_PTR, "", NULL },
	{ "an escaped dot is no final dot", MQ_ASK_CNAME, "a\\.", "a\\." },
	{ "CAA", MQ_ASK_CAA, "128 IODEF \"mailto:a@example.com\"", "128 iodef \"mailto:a@example.com\"" },
	{ "CAA with quotes inside", MQ_ASK_CAA, "0 issue \"a\"b\"", "0 issue \"a\"b\"" },
	{ "CAA without quotes", MQ_ASK_CAA, "0 issue ca.example", NULL },
	{ "CAA that is cut", MQ_ASK_CAA, "0 issue \"", NULL },
	{ "CAA over 255", MQ_ASK_CAA, "256 issue \"a\"", NULL },
	{ "TLSA", MQ_ASK_TLSA, "3 1 1 ABCD", "3 1 1 abcd" },
	{ "TLSA that is no hex", MQ_ASK_TLSA, "3 1 1 xyz", NULL },
	{ "SOA", MQ_ASK_SOA, "ns.example h.example 1 2 3 4 5", "ns.example h.example 1 2 3 4 5" },
	{ "SOA that is cut", MQ_ASK_SOA, "ns.example h.example 1 2 3 4", NULL },
	{ "SOA over 32 bits", MQ_ASK_SOA, "ns.example h.example 1 2 3 4 4294967296", NULL },
};

static void
test_record(gconstpointer data)
{
	const RecordCase *want = data;
	MqDnsRecord *got = mq_dns_record_parse(want->ask, want->text);
	MqDnsRecord *again;

	g_assert_cmpstr(got != NULL ? got->text : NULL, ==, want->canonical);
	if (got == NULL)
		return;
	/* what it is written as is the same record */
	again = mq_dns_record_parse(want->ask, got->text);
	g_assert_nonnull(again);
	g_assert_cmpstr(again->text, ==, got->text);
	g_assert_cmpstr(again->host, ==, got->host);
	g_assert_cmpuint(again->preference, ==, got->preference);
	mq_dns_record_free(again);
	mq_dns_record_free(got);
}

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void
test_names(void)
{
	static const struct {
		const char *name;
		gboolean is_name;
	} names[] = {
		{ "example.com", TRUE }, { "example.com.", TRUE }, { "_dmarc.example.com", TRUE }, { ".", TRUE }, { "a b.example", TRUE },
		{ "", FALSE }, { "a..b", FALSE }, { ".a", FALSE }, { "a.b..", FALSE }, { "a\x01.example", FALSE }, { "a\x7F", FALSE },
		{ L63 ".example", TRUE }, { "x" L63 ".example", FALSE }, { L63 "." L63 "." L63 "." L63, FALSE },
		{ L63 "." L63 "." L63 ".a", TRUE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_cmpint(mq_answers_is_name(names[i].name), ==, names[i].is_name);
}

static MqAnswers *
world(void)
{
	MqAnswers *answers = mq_answers_new();

	mq_answers_put_texts(answers, MQ_ASK_TXT, "Example.COM.", (const char *const[]){ "b", "a", NULL });
	return answers;
}

static void
test_wanted(void)
{
	g_autoptr(MqAnswers) answers = world();
	g_autoptr(GPtrArray) wanted = NULL;

	g_assert_nonnull(mq_answers_get(answers, MQ_ASK_TXT, "example.com"));
	g_assert_false(mq_answers_want(answers, ~0u));
	g_assert_null(mq_answers_peek(answers, MQ_ASK_A, "example.com"));
	g_assert_false(mq_answers_want(answers, ~0u)); /* a peek wants nothing */
	g_assert_null(mq_answers_get(answers, MQ_ASK_MX, "B.example"));
	g_assert_null(mq_answers_get(answers, MQ_ASK_A, "example.com"));
	g_assert_null(mq_answers_get(answers, MQ_ASK_MX, "b.example."));
	g_assert_null(mq_answers_get(answers, MQ_ASK_STS_POLICY, "example.com"));
	wanted = mq_answers_wanted(answers, MQ_ASK_DNS);
	g_assert_cmpuint(wanted->len, ==, 2); /* each once, in order, of these kinds */
	g_assert_cmpstr(((const MqQuestion *)g_ptr_array_index(wanted, 0))->name, ==, "b.example");
	g_assert_cmpint(((const MqQuestion *)g_ptr_array_index(wanted, 1))->ask, ==, MQ_ASK_A);
	mq_answers_put(answers, mq_answer_new(MQ_ASK_MX, "b.example", MQ_ANSWER_NO_DATA, NULL));
	mq_answers_give_up(answers, MQ_ASK_DNS, "nobody is there");
	g_assert_false(mq_answers_want(answers, MQ_ASK_DNS));
	g_assert_true(mq_answers_want(answers, MQ_ASK_BIT(MQ_ASK_STS_POLICY)));
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_MX, "b.example")->outcome, ==, MQ_ANSWER_NO_DATA);
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_A, "example.com")->outcome, ==, MQ_ANSWER_UNKNOWN);
	g_assert_cmpstr(mq_answers_get(answers, MQ_ASK_A, "example.com")->why, ==, "nobody is there");
}

/* Of two answers the first stays; records are in an order of their own. */
static void
test_put(void)
{
	g_autoptr(MqAnswers) answers = world();
	const MqAnswer *got;

	mq_answers_put(answers, mq_answer_new(MQ_ASK_TXT, "example.com", MQ_ANSWER_NO_NAME, NULL));
	got = mq_answers_get(answers, MQ_ASK_TXT, "example.com");
	g_assert_cmpint(got->outcome, ==, MQ_ANSWER_FOUND);
	g_assert_cmpstr(((const MqDnsRecord *)g_ptr_array_index(got->records, 0))->text, ==, "a");
	mq_answers_put_texts(answers, MQ_ASK_MX, "example.com", (const char *const[]){ "20 a.example", "5 z.example", NULL });
	got = mq_answers_get(answers, MQ_ASK_MX, "example.com");
	g_assert_cmpstr(((const MqDnsRecord *)g_ptr_array_index(got->records, 0))->host, ==, "z.example");
	mq_answers_put_texts(answers, MQ_ASK_A, "example.com", (const char *const[]){ "192.0.2.1", "nonsense", NULL });
	got = mq_answers_get(answers, MQ_ASK_A, "example.com");
	g_assert_cmpint(got->outcome, ==, MQ_ANSWER_UNKNOWN);
	g_assert_cmpuint(got->records->len, ==, 0);
}

static void
test_many(void)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();

	for (guint i = 0; i < MQ_LIMIT_DNS_RUN; i++) {
		g_autofree char *name = g_strdup_printf("n%u.example", i);

		g_assert_null(mq_answers_get(answers, MQ_ASK_A, name));
		if (i % 2 == 0)
			mq_answers_put(answers, mq_answer_new(MQ_ASK_A, name, MQ_ANSWER_NO_NAME, NULL));
	}
	g_assert_nonnull(mq_answers_get(answers, MQ_ASK_A, "one-more.example"));
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_A, "one-more.example")->outcome, ==, MQ_ANSWER_UNKNOWN);
	g_assert_null(mq_answers_get(answers, MQ_ASK_A, "n1.example")); /* still wanted */
}

static void
test_slow(void)
{
	g_autoptr(MqAnswers) answers = world();

	mq_answers_add_wait(answers, MQ_LIMIT_DNS_WAIT_S * G_USEC_PER_SEC);
	g_assert_cmpint(mq_answers_wait_left(answers), >, 0); /* a little for the answer that there is */
	g_assert_null(mq_answers_get(answers, MQ_ASK_A, "a.example"));
	mq_answers_add_wait(answers, G_USEC_PER_SEC);
	g_assert_cmpint(mq_answers_wait_left(answers), <, 0);
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_A, "b.example")->outcome, ==, MQ_ANSWER_UNKNOWN);
}

static void
test_large(void)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autofree char *text = g_strnfill(65000, 'x');
	const MqAnswer *last = NULL;
	guint i;

	for (i = 0; i < 1000 && (last == NULL || last->outcome == MQ_ANSWER_FOUND); i++) {
		g_autofree char *name = g_strdup_printf("n%u.example", i);

		mq_answers_put_texts(answers, MQ_ASK_TXT, name, (const char *const[]){ text, NULL });
		last = mq_answers_get(answers, MQ_ASK_TXT, name);
	}
	g_assert_cmpint(last->outcome, ==, MQ_ANSWER_UNKNOWN);
	g_assert_cmpuint(i * 65000, <=, MQ_LIMIT_DNS_BYTES);
	mq_answers_put_texts(answers, MQ_ASK_A, "a.example", (const char *const[]){ "192.0.2.1", NULL }); /* a small one has room */
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_A, "a.example")->outcome, ==, MQ_ANSWER_FOUND);
}

static void
test_expire(void)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	static const struct {
		const char *name;
		MqOutcome outcome;
		guint32 ttl_s;
		gint64 asked_s;
		gboolean kept; /* 100 s after the first was asked */
	} rows[] = {
		{ "old.example", MQ_ANSWER_FOUND, 60, 1000, FALSE },     { "fresh.example", MQ_ANSWER_FOUND, 600, 1000, TRUE },
		{ "missing.example", MQ_ANSWER_NO_NAME, 0, 1000, TRUE }, { "gone.example", MQ_ANSWER_NO_NAME, 0, 700, FALSE },
		{ "stored.example", MQ_ANSWER_FOUND, 0, MQ_TIME_ABSENT, TRUE },
	};
	g_autoptr(GPtrArray) list = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		MqAnswer *answer = mq_answer_new(MQ_ASK_A, rows[i].name, rows[i].outcome, NULL);

		answer->ttl_s = rows[i].ttl_s;
		answer->asked_s = rows[i].asked_s;
		mq_answers_put(answers, answer);
	}
	mq_answers_expire(answers, 1100);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(mq_answers_peek(answers, MQ_ASK_A, rows[i].name) != NULL, ==, rows[i].kept);
	list = mq_answers_list(answers);
	g_assert_cmpuint(list->len, ==, 3);
}

static void
test_words(void)
{
	MqAsk ask;
	MqOutcome outcome;

	for (MqAsk i = 0; i < MQ_ASK_N; i++) {
		g_assert_true(mq_ask_parse(mq_ask_word(i), &ask));
		g_assert_cmpint(ask, ==, i);
	}
	for (MqOutcome i = MQ_ANSWER_FOUND; i <= MQ_ANSWER_UNKNOWN; i++) {
		g_assert_true(mq_outcome_parse(mq_outcome_word(i), &outcome));
		g_assert_cmpint(outcome, ==, i);
	}
	g_assert_false(mq_ask_parse("SPF", &ask));
	g_assert_false(mq_outcome_parse("perhaps", &outcome));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions(); /* a failing rule does not hide the next */
	for (gsize i = 0; i < G_N_ELEMENTS(records); i++) {
		g_autofree char *path = g_strconcat("/answers/record/", records[i].rule, NULL);

		g_test_add_data_func(path, &records[i], test_record);
	}
	g_test_add_func("/answers/names that can be asked", test_names);
	g_test_add_func("/answers/what is wanted", test_wanted);
	g_test_add_func("/answers/what is put", test_put);
	g_test_add_func("/answers/too many", test_many);
	g_test_add_func("/answers/too slow", test_slow);
	g_test_add_func("/answers/too large", test_large);
	g_test_add_func("/answers/expire", test_expire);
	g_test_add_func("/answers/words", test_words);
	return g_test_run();
}
