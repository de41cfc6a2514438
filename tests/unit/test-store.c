/* The store through its header: what is put, what is a duplicate or a variant, what is forgotten. */
#include <string.h>

#include <glib/gstdio.h>

#include "tests/support/reports.h"

static void
test_put(StoreFixture *f, gconstpointer data)
{
	MqPutResult result = made_put(f, made_message("a", made_two_rows("1")));

	(void)data;
	g_assert_cmpuint(result.reports[MQ_TYPE_AGGREGATE], ==, 1);
	g_assert_cmpuint(result.records, ==, 2);
	g_assert_cmpuint(result.n_messages, ==, 15);
	assert_total(f, "=15/10");
}

static void
test_same_message(StoreFixture *f, gconstpointer data)
{
	g_autoptr(MqMessage) other = made_message("b", NULL);
	MqPutResult result;

	(void)data;
	made_put(f, made_message("a", made_two_rows("1")));
	result = made_put(f, made_message("a", made_two_rows("1")));
	g_assert_true(result.known);
	g_assert_cmpuint(result.duplicates, ==, 0);
	g_autoptr(MqMessage) same = made_message("a", NULL);

	g_assert_cmpint(mq_store_knows(f->store, same->sha256), ==, MQ_KNOWN_DONE);
	g_assert_cmpint(mq_store_knows(f->store, other->sha256), ==, MQ_KNOWN_NOT);
}

static void
test_nothing_stored(StoreFixture *f, gconstpointer data)
{
	g_autoptr(MqMessage) same = made_message("a", NULL);
	MqMessage *nothing = made_message("a", NULL);

	(void)data;
	nothing->state = MQ_MESSAGE_NOTHING;
	made_put(f, nothing);
	g_assert_cmpint(mq_store_knows(f->store, same->sha256), ==, MQ_KNOWN_REST);
}

static void
test_tried_again(StoreFixture *f, gconstpointer data)
{
	MqMessage *partly = made_message("b", made_two_rows("1"));
	MqMessage *whole = made_message("b", made_two_rows("1"));
	MqPutResult result;

	(void)data;
	partly->state = MQ_MESSAGE_PARTLY;
	mq_problems_add(partly->problems, MQ_PROBLEM_XML_BROKEN, FALSE, -1, "b.xml", "breaks");
	mq_problems_add(partly->problems, MQ_PROBLEM_VALUE_ODD, TRUE, 0, "a.xml", "of the report");
	made_put(f, partly);
	result = made_put(f, whole); /* by a marque that understands all of it */
	g_assert_false(result.known);
	g_assert_cmpuint(result.duplicates, ==, 1);
	assert_total(f, "=15/10");
	g_autoptr(MqMessage) same = made_message("b", NULL);
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 1, NULL);

	g_assert_cmpint(mq_store_knows(f->store, same->sha256), ==, MQ_KNOWN_DONE);
	g_assert_cmpuint(stored->provenance->len, ==, 1);
	g_assert_cmpuint(stored->problems->len, ==, 1); /* what was odd in the report is still known */
}

static void
test_forgotten_is_not_tried_again(StoreFixture *f, gconstpointer data)
{
	MqMessage *partly = made_message("b", made_two_rows("1"));
	g_autoptr(MqMessage) same = made_message("b", NULL);
	g_autoptr(GError) error = NULL;
	MqPruned pruned;

	(void)data;
	partly->state = MQ_MESSAGE_PARTLY;
	mq_problems_add(partly->problems, MQ_PROBLEM_XML_BROKEN, FALSE, -1, "b.xml", "breaks");
	made_put(f, partly);
	mq_store_prune(f->store, DAY + 20 * MQ_DAY_S, MQ_TYPE_ABSENT, FALSE, &pruned, &error);
	g_assert_no_error(error);
	g_assert_cmpint(mq_store_knows(f->store, same->sha256), ==, MQ_KNOWN_DONE);
}

static void
test_duplicate(StoreFixture *f, gconstpointer data)
{
	MqReport *turned = made_report("R.example", "1", "example.com", DAY);
	g_autoptr(GError) error = NULL;
	MqPutResult result;

	(void)data;
	made_record(turned, "192.0.2.2", 5, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "example.com");
	made_record(turned, "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	made_put(f, made_message("a", made_two_rows("1")));
	result = made_put(f, made_message("b", turned)); /* the order of rows does not matter */
	g_assert_cmpuint(result.duplicates, ==, 1);
	g_assert_cmpuint(result.reports[MQ_TYPE_AGGREGATE], ==, 0);
	assert_total(f, "=15/10");
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 1, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(stored->provenance->len, ==, 2);
}

/* MqStoredRecordFunc */
static gboolean
write_repeated(gpointer ctx, G_GNUC_UNUSED const MqRecord *record, gboolean repeated, G_GNUC_UNUSED GError **error)
{
	g_string_append_c(ctx, repeated ? 'r' : '-');
	return TRUE;
}

static void
test_variant(StoreFixture *f, gconstpointer data)
{
	MqReport *more = made_two_rows("1");
	g_autoptr(GError) error = NULL;
	MqPutResult result;

	(void)data;
	made_record(more, "192.0.2.3", 100, MQ_RESULT_PASS, MQ_RESULT_PASS, "example.com");
	made_record(more, "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com"); /* twice here, once there */
	made_put(f, made_message("a", made_two_rows("1")));
	result = made_put(f, made_message("b", more));
	g_assert_cmpuint(result.variants, ==, 1);
	g_assert_cmpuint(result.records, ==, 2);
	g_assert_cmpuint(result.n_messages, ==, 110);
	assert_total(f, "=125/120");
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 2, &error);

	g_assert_no_error(error);
	g_assert_true(stored->is_variant);
	g_assert_cmpuint(stored->problems->len, ==, 1);
	g_autoptr(GString) repeated = g_string_new(NULL);

	g_assert_cmpint(stored->n_rows, ==, 4);
	mq_store_report_records(f->store, 2, 0, write_repeated, repeated, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(repeated->str, ==, "rr--");
	g_string_truncate(repeated, 0);
	mq_store_report_records(f->store, 2, 3, write_repeated, repeated, &error);
	g_assert_cmpstr(repeated->str, ==, "rr-");
}

static void
test_same_id_elsewhere(StoreFixture *f, gconstpointer data)
{
	MqReport *domain = made_report("R.example", "1", "example.net", DAY);
	MqReport *day = made_report("R.example", "1", "example.com", DAY + MQ_DAY_S);
	MqReport *reporter = made_report("Q.example", "1", "example.com", DAY);
	MqReport *const reports[] = { domain, day, reporter };

	(void)data;
	made_put(f, made_message("a", made_two_rows("1")));
	for (gsize i = 0; i < G_N_ELEMENTS(reports); i++) {
		char name[] = { (char)('b' + i), '\0' };
		MqPutResult result;

		made_record(reports[i], "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
		result = made_put(f, made_message(name, reports[i]));
		g_assert_cmpuint(result.variants, ==, 0);
		g_assert_cmpuint(result.records, ==, 1);
	}
	assert_total(f, "=45/40");
}

static void
test_no_id_is_no_variant(StoreFixture *f, gconstpointer data)
{
	MqReport *one = made_report(NULL, "1", "example.com", DAY);
	MqReport *two = made_report("R.example", "", "example.com", DAY);
	MqReport *three = made_report("R.example", "", "example.com", DAY);

	(void)data;
	made_record(two, "192.0.2.1", 1, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	made_record(three, "192.0.2.1", 2, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	made_put(f, made_message("a", one));
	g_assert_cmpuint(made_put(f, made_message("b", two)).variants, ==, 0);
	g_assert_cmpuint(made_put(f, made_message("c", three)).variants, ==, 0);
	assert_total(f, "=3/3");
}

static void
test_failed_message(StoreFixture *f, gconstpointer data)
{
	MqMessage *failed = made_message("a", NULL);
	MqMessage *better = made_message("a", made_two_rows("1"));
	g_autoptr(GError) error = NULL;
	MqStatus status;

	(void)data;
	failed->state = MQ_MESSAGE_FAILED;
	mq_problems_add(failed->problems, MQ_PROBLEM_XML_BROKEN, FALSE, -1, "a.xml", "breaks");
	made_put(f, failed);
	g_assert_cmpint(mq_store_knows(f->store, better->sha256), ==, MQ_KNOWN_NOT);
	g_assert_cmpuint(made_put(f, better).records, ==, 2);
	mq_store_status(f->store, &status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status.messages, ==, 1);
	g_assert_cmpint(status.failed_messages, ==, 0);
	g_assert_cmpint(status.problems, ==, 0);
	g_assert_cmpint(status.records, ==, 2);
}

/* MqStoredRecordFunc */
static gboolean
expect_absent(gpointer ctx, const MqRecord *record, G_GNUC_UNUSED gboolean repeated, G_GNUC_UNUSED GError **error)
{
	guint *n = ctx;

	g_assert_cmpint(record->count, ==, MQ_COUNT_ABSENT);
	g_assert_cmpint(record->dkim, ==, MQ_RESULT_ABSENT);
	g_assert_null(record->header_from);
	g_assert_cmpstr(record->envelope_from, ==, "");
	g_assert_null(record->envelope_to);
	g_assert_cmpstr(record->source_text, ==, "unknown");
	g_assert_null(record->auth_dkim[0].domain);
	(*n)++;
	return TRUE;
}

static void
test_absent_stays_absent(StoreFixture *f, gconstpointer data)
{
	MqReport *report = made_report(NULL, NULL, NULL, MQ_TIME_ABSENT);
	MqRecord *record = made_record(report, "unknown", MQ_COUNT_ABSENT, MQ_RESULT_ABSENT, MQ_RESULT_ABSENT, NULL);
	g_autoptr(GError) error = NULL;
	guint n = 0;

	(void)data;
	report->end_s = MQ_TIME_ABSENT;
	report->policy.pct = -1;
	record->envelope_from = mq_batch_text(g_ptr_array_index(report->batches, 0), "");
	made_put(f, made_message("a", report));
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 1, &error);

	g_assert_no_error(error);
	g_assert_null(stored->report->reporter);
	g_assert_null(stored->report->report_id);
	g_assert_null(stored->report->policy.domain);
	g_assert_cmpint(stored->report->begin_s, ==, MQ_TIME_ABSENT);
	g_assert_cmpint(stored->report->policy.pct, ==, -1);
	mq_store_report_records(f->store, 1, 0, expect_absent, &n, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(n, ==, 1);
	assert_total(f, "=0/0");
}

static void
test_prune(StoreFixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	MqPruned pruned;

	(void)data;
	made_three_reports(f);
	mq_store_prune(f->store, DAY + 20 * MQ_DAY_S, MQ_TYPE_ABSENT, TRUE, &pruned, &error);
	g_assert_no_error(error);
	g_assert_cmpint(pruned.reports[MQ_TYPE_AGGREGATE], ==, 2);
	assert_total(f, "=28/22");
	mq_store_prune(f->store, DAY + 20 * MQ_DAY_S, MQ_TYPE_ABSENT, FALSE, &pruned, &error);
	g_assert_no_error(error);
	g_assert_cmpint(pruned.messages, ==, 26);
	assert_total(f, "=2/2");
	g_assert_true(made_put(f, made_message("a", made_two_rows("1"))).known); /* what was forgotten stays forgotten */
	assert_total(f, "=2/2");
}

/* MqLabelFunc */
static gboolean
write_label(gpointer ctx, const char *domain, const char *key, const char *word, gint64 set_s, GError **error)
{
	(void)error;
	(void)set_s;
	g_string_append_printf(ctx, "%s:%s:%s ", domain, key, word);
	return TRUE;
}

static void
test_labels(StoreFixture *f, gconstpointer data)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(mq_store_set_label(f->store, "example.com", "192.0.2.1", "legitimate", DAY, &error));
	g_assert_true(mq_store_set_label(f->store, "example.com", "192.0.2.1", "forwarder", DAY, &error));
	g_assert_true(mq_store_set_label(f->store, "example.com", "192.0.2.2", "threat", DAY, &error));
	g_assert_true(mq_store_set_label(f->store, "example.com", "192.0.2.2", NULL, DAY, &error));
	g_assert_true(mq_store_labels(f->store, "example.com", write_label, text, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(text->str, ==, "example.com:192.0.2.1:forwarder ");
}

/* MqDnsSeenFunc */
static gboolean
write_dns(gpointer ctx, const MqDnsSeen *seen, GError **error)
{
	(void)error;
	g_string_append_printf(ctx, "%s:%s:%d-%d ", seen->outcome, seen->data, (int)seen->first_seen_s, (int)seen->last_seen_s);
	return TRUE;
}

static void
test_dns(StoreFixture *f, gconstpointer data)
{
	static const struct {
		const char *data;
		gint64 at_s;
	} seen[] = { { "[\"a\"]", 1 }, { "[\"a\"]", 2 }, { "[\"b\"]", 3 }, { "[\"a\"]", 4 } };
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(seen); i++) {
		MqDnsSeen one = {
			.domain = "example.com",
			.name = "_dmarc.example.com",
			.type = "TXT",
			.outcome = "found",
			.data = seen[i].data,
			.first_seen_s = seen[i].at_s,
			.last_seen_s = seen[i].at_s,
		};

		g_assert_true(mq_store_put_dns(f->store, &one, &error));
	}
	g_assert_true(mq_store_dns(f->store, "example.com", NULL, write_dns, text, &error));
	g_assert_cmpstr(text->str, ==, "found:[\"a\"]:1-2 found:[\"b\"]:3-3 found:[\"a\"]:4-4 ");
}

/* Each says something new; from the fifty-first on nothing counts. */
static void
test_flood_of_variants(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	for (guint i = 0; i < 60; i++) {
		g_autofree char *name = g_strdup_printf("v%u", i);
		MqReport *report = made_report("R.example", "1", "example.com", DAY);

		made_record(report, "192.0.2.1", 1 + i, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "example.com");
		made_put(f, made_message(name, report));
	}
	assert_total(f, "=1275/0"); /* 1 + 2 + … + 50 */
}

/* Two reports in one message: the second is a variant of the first. */
static void
test_variant_in_one_message(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	MqReport *more = made_two_rows("1");
	MqMessage *other;
	MqMessage *message = made_message("a", made_two_rows("1"));

	made_record(more, "192.0.2.3", 100, MQ_RESULT_PASS, MQ_RESULT_PASS, "example.com");
	other = made_message("b", more);
	g_ptr_array_add(message->reports, g_ptr_array_steal_index(other->reports, 0));
	mq_message_free(other);
	g_assert_cmpuint(made_put(f, message).variants, ==, 1);
	assert_total(f, "=115/110");
}

/* MqStoredRecordFunc */
static gboolean
note_digest(gpointer ctx, const MqRecord *record, G_GNUC_UNUSED gboolean repeated, G_GNUC_UNUSED GError **error)
{
	mq_record_digest(record, ctx);
	return TRUE;
}

static void
test_row_comes_back_whole(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	MqReport *report = made_report("R.example", "1", "example.com", DAY);
	MqRecord *record = made_record(report, "2001:db8::1", 7, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	MqMessage *message;
	guint8 want[MQ_DIGEST_BYTES];
	guint8 got[MQ_DIGEST_BYTES];
	g_autoptr(GError) error = NULL;

	MqSpfResult spf = { .domain = record->header_from, .scope = MQ_SCOPE_HELO, .result = MQ_RESULT_SOFTFAIL };
	MqReason reason = { .type = MQ_REASON_MAILING_LIST, .comment = record->header_from };

	record->auth_spf = &spf;
	record->n_auth_spf = 1;
	record->reasons = &reason;
	record->n_reasons = 1;
	mq_record_digest(record, want);
	message = made_message("a", report);
	made_put(f, message);
	mq_store_report_records(f->store, 1, 0, note_digest, got, &error);
	g_assert_no_error(error);
	g_assert_true(memcmp(got, want, sizeof(want)) == 0);
}

static void
test_tls_comes_back_whole(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	MqReport *report = mq_report_new(MQ_TYPE_TLS);
	MqTlsPolicy *policy = mq_tls_policy_new();
	MqTlsFailure *failure = g_new0(MqTlsFailure, 1);
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(report->batches, mq_batch_new());
	report->reporter = g_strdup("R.example");
	policy->domain = g_strdup("example.com");
	policy->sessions_ok = 0;
	g_ptr_array_add(policy->mx_hosts, g_strdup("mx1.example.com"));
	g_ptr_array_add(policy->mx_hosts, g_strdup("mx2.example.com"));
	failure->result_type = g_strdup("certificate-expired");
	failure->sessions = 3;
	g_ptr_array_add(policy->failures, failure);
	g_ptr_array_add(report->tls, policy);
	made_put(f, made_message("a", report));
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 1, &error);

	g_assert_no_error(error);
	policy = g_ptr_array_index(stored->report->tls, 0);
	g_assert_cmpint(policy->sessions_ok, ==, 0);
	g_assert_cmpint(policy->sessions_failed, ==, MQ_COUNT_ABSENT);
	g_assert_cmpuint(policy->mx_hosts->len, ==, 2);
	g_assert_cmpuint(policy->policy_strings->len, ==, 0);
	failure = g_ptr_array_index(policy->failures, 0);
	g_assert_cmpstr(failure->result_type, ==, "certificate-expired");
	g_assert_cmpint(failure->sessions, ==, 3);
	g_assert_null(failure->helo);
}

/* Ids that another program's prune took are not used again from memory. */
static void
test_prune_beside_ingest(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	MqReport *report = made_report("S.example", "2", "example.org", DAY + 10 * MQ_DAY_S);
	g_autoptr(GError) error = NULL;
	g_autoptr(MqStore) other = NULL;
	g_autofree char *got = NULL;
	MqPruned pruned;

	made_put(f, made_message("a", made_two_rows("1")));
	other = mq_store_open(f->path, MQ_STORE_WRITE, &error);
	g_assert_no_error(error);
	mq_store_prune(other, DAY + 5 * MQ_DAY_S, MQ_TYPE_ABSENT, FALSE, &pruned, &error);
	g_assert_no_error(error);
	made_record(report, "192.0.2.9", 4, MQ_RESULT_PASS, MQ_RESULT_PASS, "example.org");
	made_record(report, "192.0.2.1", 2, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	made_put(f, made_message("b", report));
	got = totals_of(f, &MQ_FILTER_ALL, MQ_BY_SOURCE);
	g_assert_cmpstr(got, ==, "192.0.2.9=4/4 192.0.2.1=2/2");
	g_free(got);
	got = totals_of(f, &MQ_FILTER_ALL, MQ_BY_SELECTOR);
	g_assert_cmpstr(got, ==, "s1._domainkey.example.org=4/4 s1._domainkey.example.com=2/2");
}

typedef struct {
	MqStore *store;
	gint ended;
} LookingUp;

static gpointer
look_up_all_the_time(gpointer ctx)
{
	LookingUp *looking = ctx;
	const guint8 digest[MQ_DIGEST_BYTES] = { 0 };

	while (g_atomic_int_get(&looking->ended) == 0)
		g_assert_cmpint(mq_store_knows(looking->store, digest), ==, MQ_KNOWN_NOT);
	return NULL;
}

/* SQLite's log starts anew once it is in the database, also while others look up what is known. */
static void
test_log_does_not_grow(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	LookingUp looking = { .store = f->store };
	GThread *thread = g_thread_new("looking up", look_up_all_the_time, &looking);
	g_autofree char *log = g_strconcat(f->path, "-wal", NULL);
	GStatBuf file;

	for (guint i = 0; i < 600; i++) {
		g_autofree char *name = g_strdup_printf("%u", i);

		made_put(f, made_message(name, made_two_rows(name)));
		g_assert_true(mq_store_commit(f->store, NULL));
	}
	g_atomic_int_set(&looking.ended, 1);
	g_thread_join(thread);
	g_assert_cmpint(g_stat(log, &file), ==, 0);
	g_assert_cmpint(file.st_size, <, 6000000);
}

static void
add(const char *rule, void (*test)(StoreFixture *, gconstpointer))
{
	g_autofree char *path = g_strconcat("/store/", rule, NULL);

	g_test_add(path, StoreFixture, NULL, store_set_up, test, store_tear_down);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("a report is put and counted", test_put);
	add("a message is taken once", test_same_message);
	add("a message without a report is known", test_nothing_stored);
	add("the log does not grow with the run", test_log_does_not_grow);
	add("what was forgotten is not tried again", test_forgotten_is_not_tried_again);
	add("a message that was not all stored is tried again", test_tried_again);
	add("equal content is a duplicate", test_duplicate);
	add("rows of a variant count once", test_variant);
	add("an id elsewhere is another report", test_same_id_elsewhere);
	add("without an id there is no variant", test_no_id_is_no_variant);
	add("a failed message is tried again", test_failed_message);
	add("absent stays absent", test_absent_stays_absent);
	add("prune forgets for good", test_prune);
	add("labels", test_labels);
	add("dns changes make rows", test_dns);
	add("a flood of variants does not count", test_flood_of_variants);
	add("a variant in the same message", test_variant_in_one_message);
	add("a row comes back whole", test_row_comes_back_whole);
	add("a TLS report comes back whole", test_tls_comes_back_whole);
	add("prune beside a running ingest", test_prune_beside_ingest);
	return g_test_run();
}
