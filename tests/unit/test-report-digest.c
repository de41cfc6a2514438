/* Digests tell reports and rows apart by what they say, and by nothing else. */
#include "ingest/report.h"

#include <string.h>

typedef struct {
	const char *rule, *header_from, *envelope_from, *envelope_to;
	gint64 count;
} Case;

/* Each differs from the first. */
static const Case cases[] = {
	{ "the row itself", "example.com", "a.example", NULL, 1 },
	{ "another count", "example.com", "a.example", NULL, 2 },
	{ "an absent count", "example.com", "a.example", NULL, MQ_COUNT_ABSENT },
	{ "a count of ten thousand million", "example.com", "a.example", NULL, G_GINT64_CONSTANT(10000000000) },
	{ "empty is not absent", "example.com", "a.example", "", 1 },
	{ "a text in another field", "example.com", NULL, "a.example", 1 },
	{ "a letter moved over the border", "example.coma", ".example", NULL, 1 },
	{ "nothing", NULL, NULL, NULL, MQ_COUNT_ABSENT },
};

static void
digest_of(const Case *row, guint8 digest[MQ_DIGEST_BYTES])
{
	const MqRecord record = {
		.count = row->count,
		.header_from = (char *)row->header_from,
		.envelope_from = (char *)row->envelope_from,
		.envelope_to = (char *)row->envelope_to,
	};

	mq_record_digest(&record, digest);
}

static void
test_differs(gconstpointer data)
{
	guint8 mine[MQ_DIGEST_BYTES];
	guint8 other[MQ_DIGEST_BYTES];

	digest_of(data, mine);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		digest_of(&cases[i], other);
		g_assert_cmpint(memcmp(mine, other, MQ_DIGEST_BYTES) == 0, ==, &cases[i] == data);
	}
}

/* Longer than what is gathered before it is hashed. */
static void
test_long_texts(void)
{
	g_autofree char *long_text = g_strnfill(5000, 'x');
	MqRecord record = { .header_from = long_text, .envelope_from = long_text };
	guint8 before[MQ_DIGEST_BYTES];
	guint8 after[MQ_DIGEST_BYTES];

	mq_record_digest(&record, before);
	mq_record_digest(&record, after);
	g_assert_true(memcmp(before, after, MQ_DIGEST_BYTES) == 0);
	record.envelope_from = long_text + 1;
	mq_record_digest(&record, after);
	g_assert_true(memcmp(before, after, MQ_DIGEST_BYTES) != 0);
}

static void
test_order_of_rows(void)
{
	MqDigestSum forward = { 0 };
	MqDigestSum backward = { 0 };
	guint8 digest[MQ_DIGEST_BYTES];

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		digest_of(&cases[i], digest);
		mq_digest_sum_add(&forward, digest);
		digest_of(&cases[G_N_ELEMENTS(cases) - 1 - i], digest);
		mq_digest_sum_add(&backward, digest);
	}
	g_assert_true(memcmp(&forward, &backward, sizeof(forward)) == 0);
}

static void
test_report(void)
{
	g_autoptr(MqReport) report = mq_report_new(MQ_TYPE_AGGREGATE);
	guint8 before[MQ_DIGEST_BYTES];
	MqDigestSum records = { .bytes = { [MQ_DIGEST_BYTES - 1] = 1 } };

	report->reporter = g_strdup("Reporter");
	mq_report_seal(report, NULL);
	memcpy(before, report->digest, MQ_DIGEST_BYTES);
	report->part = g_strdup("another/part.xml");
	report->dialect = MQ_DIALECT_RFC9990;
	mq_report_seal(report, NULL);
	g_assert_true(memcmp(before, report->digest, MQ_DIGEST_BYTES) == 0);
	mq_report_seal(report, &records);
	g_assert_true(memcmp(before, report->digest, MQ_DIGEST_BYTES) != 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/report-digest/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_differs);
	}
	g_test_add_func("/report-digest/long texts", test_long_texts);
	g_test_add_func("/report-digest/order of rows does not matter", test_order_of_rows);
	g_test_add_func("/report-digest/part and dialect do not matter, rows do", test_report);
	return g_test_run();
}
