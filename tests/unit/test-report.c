/* Words of closed sets, the DMARC result of a row, and the memory of a batch. */
#include "ingest/report.h"

#include <string.h>

static const MqWords *const all_words[] = {
	&mq_words_type, &mq_words_dialect, &mq_words_policy, &mq_words_disposition, &mq_words_mode,
	&mq_words_method, &mq_words_result, &mq_words_scope, &mq_words_reason, &mq_words_yes,
};

/* Every word leads to its value and back, in any case. */
static void
test_words(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(all_words); i++) {
		const MqWords *words = all_words[i];

		g_assert_null(mq_word(words, 0));
		g_assert_null(mq_word(words, words->n));
		g_assert_cmpuint(mq_word_parse(words, ""), ==, 0);
		g_assert_cmpuint(mq_word_parse(words, "no such word"), ==, 0);
		for (guint value = 1; value < words->n; value++) {
			g_autofree char *upper = g_ascii_strup(mq_word(words, value), -1);

			g_assert_cmpuint(mq_word_parse(words, upper), ==, value);
		}
	}
}

typedef struct {
	const char *rule;
	MqResult dkim, spf, want;
} Case;

static const Case cases[] = {
	{ "both pass", MQ_RESULT_PASS, MQ_RESULT_PASS, MQ_RESULT_PASS },
	{ "dkim passes", MQ_RESULT_PASS, MQ_RESULT_FAIL, MQ_RESULT_PASS },
	{ "spf passes and dkim is absent", MQ_RESULT_ABSENT, MQ_RESULT_PASS, MQ_RESULT_PASS },
	{ "both fail", MQ_RESULT_FAIL, MQ_RESULT_FAIL, MQ_RESULT_FAIL },
	{ "one fails and one is absent", MQ_RESULT_FAIL, MQ_RESULT_ABSENT, MQ_RESULT_FAIL },
	{ "both are absent", MQ_RESULT_ABSENT, MQ_RESULT_ABSENT, MQ_RESULT_ABSENT },
};

static void
test_dmarc(gconstpointer data)
{
	const Case *row = data;
	const MqRecord record = { .dkim = row->dkim, .spf = row->spf };

	g_assert_cmpint(mq_record_dmarc(&record), ==, row->want);
}

static void
test_batch(void)
{
	g_autoptr(MqBatch) batch = mq_batch_new();
	const MqRecord *record = mq_batch_add(batch);

	g_assert_cmpint(record->count, ==, MQ_COUNT_ABSENT);
	g_assert_null(record->header_from);
	g_assert_null(mq_batch_text(batch, NULL));
	g_assert_true(mq_batch_text(batch, "example.com") == mq_batch_text(batch, "example.com"));
}

/* What a new report says is nothing. */
static void
test_new(void)
{
	g_autoptr(MqReport) report = mq_report_new(MQ_TYPE_AGGREGATE);
	g_autoptr(MqReport) failure = mq_report_new(MQ_TYPE_FAILURE);
	g_autoptr(MqReport) tls = mq_report_new(MQ_TYPE_TLS);

	g_assert_true(report->begin_s == MQ_TIME_ABSENT && report->end_s == MQ_TIME_ABSENT);
	g_assert_cmpint(report->policy.pct, ==, -1);
	g_assert_true(report->failure == NULL && report->tls == NULL);
	g_assert_true(failure->failure->arrival_s == MQ_TIME_ABSENT);
	g_ptr_array_add(tls->tls, mq_tls_policy_new());
	mq_report_free(NULL);
	mq_batch_free(NULL);
	mq_tls_policy_free(NULL);
	mq_tls_failure_free(NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/report/words", test_words);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/report/dmarc/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_dmarc);
	}
	g_test_add_func("/report/batch", test_batch);
	g_test_add_func("/report/new", test_new);
	return g_test_run();
}
