/* The worst case of a record, over answers that are there already. */
#include "analyze/spf_propose.h"
#include "analyze/spf_survey.h"

static void
add_text(MqAnswers *answers, MqAsk ask, const char *name, const char *text)
{
	const char *const texts[] = { text, NULL };

	mq_answers_put_texts(answers, ask, name, texts);
}

/* Everything else that is wanted does not exist. */
static MqSpfSurvey *
survey(MqAnswers *answers, const char *domain)
{
	MqSpfSurvey *out = NULL;

	while (!mq_spf_survey(answers, domain, &out)) {
		g_autoptr(GPtrArray) wanted = mq_answers_wanted(answers, MQ_ASK_DNS);

		g_assert_cmpuint(wanted->len, >, 0);
		for (guint i = 0; i < wanted->len; i++) {
			const MqQuestion *question = g_ptr_array_index(wanted, i);

			mq_answers_put(answers, mq_answer_new(question->ask, question->name, MQ_ANSWER_NO_NAME, NULL));
		}
	}
	return out;
}

typedef struct {
	const char *rule, *record;
	MqResult result;
	guint lookups, voids;
	gboolean needs_ask;
} Case;

static const Case cases[] = {
	{ "addresses cost nothing", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all", MQ_RESULT_NEUTRAL, 0, 0, FALSE },
	{ "each term that asks", "v=spf1 a:h.example mx include:i.example -all", MQ_RESULT_NEUTRAL, 4, 0, FALSE },
	{ "a redirect too", "v=spf1 redirect=i.example", MQ_RESULT_NEUTRAL, 2, 0, FALSE },
	{ "a redirect beside all is ignored", "v=spf1 redirect=i.example ~all", MQ_RESULT_NEUTRAL, 0, 0, FALSE },
	{ "what follows all is ignored", "v=spf1 ~all include:gone.example", MQ_RESULT_NEUTRAL, 0, 0, FALSE },
	{ "the same include twice", "v=spf1 include:i.example include:i.example -all", MQ_RESULT_NEUTRAL, 4, 0, FALSE },
	{ "names without an address", "v=spf1 a:x.example a:y.example mx:x.example -all", MQ_RESULT_NEUTRAL, 3, 3, FALSE },
	{ "ptr is asked for each sender", "v=spf1 ptr -all", MQ_RESULT_NEUTRAL, 1, 0, TRUE },
	{ "so is exists", "v=spf1 exists:%{i}.x.example -all", MQ_RESULT_NEUTRAL, 1, 0, TRUE },
	{ "%{p} costs one more", "v=spf1 exists:%{p}.x.example -all", MQ_RESULT_NEUTRAL, 2, 0, TRUE },
	{ "an include of nothing", "v=spf1 include:gone.example -all", MQ_RESULT_PERMERROR, 1, 0, FALSE },
	{ "a syntax error", "v=spf1 ipv4:192.0.2.1 -all", MQ_RESULT_PERMERROR, 0, 0, FALSE },
	{ "one below", "v=spf1 include:bad.example -all", MQ_RESULT_PERMERROR, 1, 0, FALSE },
	{ "no answer", "v=spf1 include:slow.example -all", MQ_RESULT_TEMPERROR, 1, 0, FALSE },
	{ "a circle ends", "v=spf1 include:a.example -all", MQ_RESULT_NEUTRAL, 13, 0, FALSE },
};

static MqAnswers *
world(void)
{
	MqAnswers *answers = mq_answers_new();

	add_text(answers, MQ_ASK_A, "h.example", "192.0.2.1");
	add_text(answers, MQ_ASK_MX, "a.example", "10 h.example");
	add_text(answers, MQ_ASK_TXT, "i.example", "v=spf1 a:h.example -all");
	add_text(answers, MQ_ASK_TXT, "bad.example", "v=spf1 nonsense -all");
	mq_answers_put(answers, mq_answer_new(MQ_ASK_TXT, "slow.example", MQ_ANSWER_UNKNOWN, "no reply in time"));
	return answers;
}

static void
test_case(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqAnswers) answers = world();
	g_autoptr(MqSpfSurvey) got = NULL;

	add_text(answers, MQ_ASK_TXT, "a.example", want->record);
	got = survey(answers, "a.example");
	g_assert_cmpint(got->result, ==, want->result);
	g_assert_cmpuint(got->lookups, ==, want->lookups);
	g_assert_cmpuint(got->void_lookups, ==, want->voids);
	g_assert_cmpint(got->needs_ask, ==, want->needs_ask);
	g_assert_false(got->shortened);
	/* deeper than any receiver goes; what is below is not counted, and that is said */
	g_assert_cmpint(got->incomplete, ==, want->lookups > 12);
}

/* More terms than the tree tells; what costs lookups stands behind them. */
static void
test_long(void)
{
	g_autoptr(MqAnswers) answers = world();
	g_autoptr(GString) record = g_string_new("v=spf1");
	g_autoptr(MqSpfSurvey) got = NULL;

	for (guint i = 0; i < MQ_SPF_NODES + 100; i++)
		g_string_append(record, " ip4:192.0.2.1");
	for (guint i = 0; i < 6; i++)
		g_string_append(record, " include:i.example");
	g_string_append(record, " -all");
	add_text(answers, MQ_ASK_TXT, "a.example", record->str);
	got = survey(answers, "a.example");
	g_assert_cmpuint(got->lookups, ==, 12);
	g_assert_true(got->shortened);
	g_assert_false(got->incomplete);
	g_assert_cmpuint(got->tree->len, ==, MQ_SPF_NODES);
}

/* Each of twenty names includes all the others, in a record as long as an answer can be. */
static void
test_hostile(void)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(MqSpfSurvey) got = NULL;
	g_autoptr(GString) record = g_string_new("v=spf1");

	while (record->len < 64000)
		g_string_append_printf(record, " include:n%u.example", (guint)record->len % 20);
	g_string_append(record, " -all");
	for (guint i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("n%u.example", i);

		add_text(answers, MQ_ASK_TXT, name, record->str);
	}
	got = survey(answers, "n0.example");
	g_assert_cmpuint(got->lookups, >, MQ_SPF_SURVEY_LOOKUPS);
	g_assert_true(got->incomplete);
	g_assert_true(got->shortened);
}

/* ------------------------------------------------------------------- proposals */

static const struct {
	const char *rule, *records, *proposal; /* records separated by '|' */
} proposals[] = {
	{ "slips are mended", "v=spf1 ipv4:192.0.2.1 inlcude:i.example -all", "v=spf1 ip4:192.0.2.1 include:i.example -all" },
	{ "a bare address is one", "v=spf1 192.0.2.1 2001:db8::1 ~all", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all" },
	{ "what is no term goes", "v=spf1 mx nonsense ip4:192.0.2.300 -all", "v=spf1 mx -all" },
	{ "an include of nothing goes", "v=spf1 include:gone.example mx -all", "v=spf1 mx -all" },
	{ "an include of a broken record goes", "v=spf1 include:broken.example mx -all", "v=spf1 mx -all" },
	{ "nobody is left, so nothing is proposed", "v=spf1 ip4:192.0.2.1,192.0.2.2 -all", NULL },
	{ "nobody was meant", "v=spf1 -all|v=spf1 -all", "v=spf1 -all" },
	{ "+all is never proposed", "v=spf1 mx nonsense +all", "v=spf1 mx ~all" },
	{ "two are made one", "v=spf1 mx -all|v=spf1 mx a ~all", "v=spf1 mx a ~all" },
	{ "a redirect becomes an include", "v=spf1 mx|v=spf1 redirect=i.example", "v=spf1 mx include:i.example ~all" },
	{ "what costs too much becomes ranges",
	  "v=spf1 mx a:a1.example a:a2.example a:a3.example a:a4.example a:a5.example a:a6.example a:a7.example a:a8.example "
	  "include:i.example -all",
	  "v=spf1 mx a:a1.example a:a2.example a:a3.example a:a4.example a:a5.example a:a6.example a:a7.example a:a8.example "
	  "ip4:192.0.2.1 -all" },
	{ "where no ranges are to be had, nothing is",
	  "v=spf1 mx a:a1.example a:a2.example a:a3.example a:a4.example a:a5.example a:a6.example a:a7.example a:a8.example "
	  "include:ask.example -all", NULL },
};

static void
test_proposal(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	g_autoptr(MqAnswers) answers = world();
	g_autoptr(GPtrArray) records = g_ptr_array_new();
	g_auto(GStrv) texts = g_strsplit(proposals[i].records, "|", -1);
	g_autofree char *got = NULL;

	add_text(answers, MQ_ASK_TXT, "ask.example", "v=spf1 exists:%{i}.x.example -all");
	add_text(answers, MQ_ASK_TXT, "broken.example", "v=spf1 ip4:192.0.2.300 -all");
	for (guint t = 0; texts[t] != NULL; t++)
		g_ptr_array_add(records, texts[t]);
	while (!mq_spf_propose(answers, "a.example", records, &got)) {
		g_autoptr(GPtrArray) wanted = mq_answers_wanted(answers, MQ_ASK_DNS);

		for (guint w = 0; w < wanted->len; w++) {
			const MqQuestion *question = g_ptr_array_index(wanted, w);

			mq_answers_put(answers, mq_answer_new(question->ask, question->name, MQ_ANSWER_NO_NAME, NULL));
		}
	}
	g_assert_cmpstr(got, ==, proposals[i].proposal);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions(); /* a failing rule does not hide the next */
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/spf-survey/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_case);
	}
	g_test_add_func("/spf-survey/every term of a long record counts", test_long);
	g_test_add_func("/spf-survey/a hostile zone is walked in part, and that is said", test_hostile);
	for (gsize i = 0; i < G_N_ELEMENTS(proposals); i++) {
		g_autofree char *path = g_strconcat("/spf-propose/", proposals[i].rule, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_proposal);
	}
	return g_test_run();
}
