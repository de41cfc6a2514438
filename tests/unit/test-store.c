/* The store through its header, over a file in a temporary folder. */
#include "store/store.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#define DAY G_GINT64_CONSTANT(1793577600) /* 2026-11-02, a Monday */

typedef struct {
	char *folder;
	char *path;
	MqStore *store;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	f->folder = g_dir_make_tmp("marque-store-XXXXXX", &error);
	g_assert_no_error(error);
	f->path = g_build_filename(f->folder, "m.db", NULL);
	f->store = mq_store_open(f->path, MQ_STORE_WRITE, &error);
	g_assert_no_error(error);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
	const char *name;

	(void)data;
	mq_store_close(f->store);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(f->folder, name, NULL);

		g_unlink(path);
	}
	g_rmdir(f->folder);
	g_free(f->path);
	g_free(f->folder);
}

/* ------------------------------------------------------------- made-up mail */

static MqReport *
new_report(const char *reporter, const char *id, const char *domain, gint64 begin_s)
{
	MqReport *report = mq_report_new(MQ_TYPE_AGGREGATE);

	report->dialect = MQ_DIALECT_RFC7489;
	report->reporter = g_strdup(reporter);
	report->report_id = g_strdup(id);
	report->policy.domain = g_strdup(domain);
	report->policy.p = MQ_POLICY_NONE;
	report->begin_s = begin_s;
	report->end_s = begin_s + 86399;
	g_ptr_array_add(report->batches, mq_batch_new());
	return report;
}

static MqRecord *
add_record(MqReport *report, const char *ip, gint64 count, MqResult dkim, MqResult spf, const char *from)
{
	MqBatch *batch = g_ptr_array_index(report->batches, 0);
	MqRecord *record = mq_batch_add(batch);

	if (!mq_address_parse(ip, &record->source))
		record->source_text = mq_batch_text(batch, ip);
	record->count = count;
	record->disposition = MQ_DISPOSITION_NONE;
	record->dkim = dkim;
	record->spf = spf;
	record->header_from = mq_batch_text(batch, from);
	record->auth_dkim = g_new0(MqDkimResult, 1);
	record->n_auth_dkim = 1;
	record->auth_dkim[0].domain = mq_batch_text(batch, from);
	record->auth_dkim[0].selector = mq_batch_text(batch, "s1");
	record->auth_dkim[0].result = dkim;
	return record;
}

static MqMessage *
new_message(const char *name, MqReport *report)
{
	MqMessage *message = mq_message_new(NULL);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize n = MQ_DIGEST_BYTES;

	g_free(message->name);
	message->name = g_strdup(name);
	g_checksum_update(sum, (const guchar *)name, -1);
	g_checksum_get_digest(sum, message->sha256, &n);
	if (report != NULL) {
		MqDigestSum digests = { 0 };
		const MqBatch *batch = g_ptr_array_index(report->batches, 0);

		for (guint i = 0; i < batch->records->len; i++) {
			guint8 digest[MQ_DIGEST_BYTES];

			mq_record_digest(g_ptr_array_index(batch->records, i), digest);
			mq_digest_sum_add(&digests, digest);
		}
		report->n_records = batch->records->len;
		mq_report_seal(report, &digests);
		g_ptr_array_add(message->reports, report);
		message->state = MQ_MESSAGE_REPORTS;
	}
	return message;
}

static MqPutResult
put(Fixture *f, MqMessage *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MqMessage) owned = message;
	MqPutResult result;

	mq_store_put(f->store, owned, &result, &error);
	g_assert_no_error(error);
	mq_store_commit(f->store, &error);
	g_assert_no_error(error);
	return result;
}

/* MqTotalsFunc: "key=messages/pass " for each row */
static gboolean
write_totals(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	(void)error;
	g_string_append_printf(ctx, "%s=%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT " ", key != NULL ? key : "(absent)",
	                       totals->messages, totals->dmarc_pass);
	return TRUE;
}

static char *
totals_of(Fixture *f, const MqFilter *filter, MqBy by)
{
	g_autoptr(GError) error = NULL;
	GString *text = g_string_new(NULL);

	mq_store_totals(f->store, filter, by, write_totals, text, &error);
	g_assert_no_error(error);
	return g_strchomp(g_string_free(text, FALSE));
}

static void
assert_total(Fixture *f, const char *want)
{
	g_autofree char *got = totals_of(f, &MQ_FILTER_ALL, MQ_BY_NOTHING);

	g_assert_cmpstr(got, ==, want);
}

static MqReport *
two_rows(const char *id)
{
	MqReport *report = new_report("R.example", id, "example.com", DAY);

	add_record(report, "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	add_record(report, "192.0.2.2", 5, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "example.com");
	return report;
}

/* -------------------------------------------------------------------- rules */

static void
test_put(Fixture *f, gconstpointer data)
{
	MqPutResult result = put(f, new_message("a", two_rows("1")));

	(void)data;
	g_assert_cmpuint(result.reports[MQ_TYPE_AGGREGATE], ==, 1);
	g_assert_cmpuint(result.records, ==, 2);
	g_assert_cmpuint(result.n_messages, ==, 15);
	assert_total(f, "=15/10");
}

static void
test_same_message(Fixture *f, gconstpointer data)
{
	g_autoptr(MqMessage) other = new_message("b", NULL);
	MqPutResult result;

	(void)data;
	put(f, new_message("a", two_rows("1")));
	result = put(f, new_message("a", two_rows("1")));
	g_assert_true(result.known);
	g_assert_cmpuint(result.duplicates, ==, 0);
	g_autoptr(MqMessage) same = new_message("a", NULL);

	g_assert_true(mq_store_knows(f->store, same->sha256));
	g_assert_false(mq_store_knows(f->store, other->sha256));
}

static void
test_duplicate(Fixture *f, gconstpointer data)
{
	MqReport *turned = new_report("R.example", "1", "example.com", DAY);
	g_autoptr(GError) error = NULL;
	MqPutResult result;

	(void)data;
	add_record(turned, "192.0.2.2", 5, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "example.com");
	add_record(turned, "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	put(f, new_message("a", two_rows("1")));
	result = put(f, new_message("b", turned)); /* the order of rows does not matter */
	g_assert_cmpuint(result.duplicates, ==, 1);
	g_assert_cmpuint(result.reports[MQ_TYPE_AGGREGATE], ==, 0);
	assert_total(f, "=15/10");
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 1, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(stored->provenance->len, ==, 2);
}

static void
test_variant(Fixture *f, gconstpointer data)
{
	MqReport *more = two_rows("1");
	g_autoptr(GError) error = NULL;
	MqPutResult result;

	(void)data;
	add_record(more, "192.0.2.3", 100, MQ_RESULT_PASS, MQ_RESULT_PASS, "example.com");
	add_record(more, "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com"); /* twice here, once there */
	put(f, new_message("a", two_rows("1")));
	result = put(f, new_message("b", more));
	g_assert_cmpuint(result.variants, ==, 1);
	g_assert_cmpuint(result.records, ==, 2);
	g_assert_cmpuint(result.n_messages, ==, 110);
	assert_total(f, "=125/120");
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 2, &error);

	g_assert_no_error(error);
	g_assert_true(stored->is_variant);
	g_assert_cmpuint(stored->problems->len, ==, 1);
	g_assert_cmpuint(stored->repeated->len, ==, 4);
	g_assert_true(g_array_index(stored->repeated, gboolean, 0));
	g_assert_false(g_array_index(stored->repeated, gboolean, 2));
	g_assert_false(g_array_index(stored->repeated, gboolean, 3));
}

static void
test_same_id_elsewhere(Fixture *f, gconstpointer data)
{
	MqReport *domain = new_report("R.example", "1", "example.net", DAY);
	MqReport *day = new_report("R.example", "1", "example.com", DAY + MQ_DAY_S);
	MqReport *reporter = new_report("Q.example", "1", "example.com", DAY);
	MqReport *const reports[] = { domain, day, reporter };

	(void)data;
	put(f, new_message("a", two_rows("1")));
	for (gsize i = 0; i < G_N_ELEMENTS(reports); i++) {
		char name[] = { (char)('b' + i), '\0' };
		MqPutResult result;

		add_record(reports[i], "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
		result = put(f, new_message(name, reports[i]));
		g_assert_cmpuint(result.variants, ==, 0);
		g_assert_cmpuint(result.records, ==, 1);
	}
	assert_total(f, "=45/40");
}

static void
test_no_id_is_no_variant(Fixture *f, gconstpointer data)
{
	MqReport *one = new_report(NULL, "1", "example.com", DAY);
	MqReport *two = new_report("R.example", "", "example.com", DAY);
	MqReport *three = new_report("R.example", "", "example.com", DAY);

	(void)data;
	add_record(two, "192.0.2.1", 1, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	add_record(three, "192.0.2.1", 2, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	put(f, new_message("a", one));
	g_assert_cmpuint(put(f, new_message("b", two)).variants, ==, 0);
	g_assert_cmpuint(put(f, new_message("c", three)).variants, ==, 0);
	assert_total(f, "=3/3");
}

static void
test_failed_message(Fixture *f, gconstpointer data)
{
	MqMessage *failed = new_message("a", NULL);
	MqMessage *better = new_message("a", two_rows("1"));
	g_autoptr(GError) error = NULL;
	MqStatus status;

	(void)data;
	failed->state = MQ_MESSAGE_FAILED;
	mq_problems_add(failed->problems, MQ_PROBLEM_XML_BROKEN, FALSE, -1, "a.xml", "breaks");
	put(f, failed);
	g_assert_false(mq_store_knows(f->store, better->sha256));
	g_assert_cmpuint(put(f, better).records, ==, 2);
	mq_store_status(f->store, &status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status.messages, ==, 1);
	g_assert_cmpint(status.failed_messages, ==, 0);
	g_assert_cmpint(status.problems, ==, 0);
	g_assert_cmpint(status.records, ==, 2);
}

static void
test_absent_stays_absent(Fixture *f, gconstpointer data)
{
	MqReport *report = new_report(NULL, NULL, NULL, MQ_TIME_ABSENT);
	MqRecord *record = add_record(report, "unknown", MQ_COUNT_ABSENT, MQ_RESULT_ABSENT, MQ_RESULT_ABSENT, NULL);
	g_autoptr(GError) error = NULL;

	(void)data;
	report->end_s = MQ_TIME_ABSENT;
	report->policy.pct = -1;
	record->envelope_from = mq_batch_text(g_ptr_array_index(report->batches, 0), "");
	put(f, new_message("a", report));
	g_autoptr(MqStoredReport) stored = mq_store_report(f->store, 1, &error);

	g_assert_no_error(error);
	record = g_ptr_array_index(((MqBatch *)g_ptr_array_index(stored->report->batches, 0))->records, 0);
	g_assert_null(stored->report->reporter);
	g_assert_null(stored->report->report_id);
	g_assert_null(stored->report->policy.domain);
	g_assert_cmpint(stored->report->begin_s, ==, MQ_TIME_ABSENT);
	g_assert_cmpint(stored->report->policy.pct, ==, -1);
	g_assert_cmpint(record->count, ==, MQ_COUNT_ABSENT);
	g_assert_cmpint(record->dkim, ==, MQ_RESULT_ABSENT);
	g_assert_null(record->header_from);
	g_assert_cmpstr(record->envelope_from, ==, "");
	g_assert_null(record->envelope_to);
	g_assert_cmpstr(record->source_text, ==, "unknown");
	g_assert_null(record->auth_dkim[0].domain);
	assert_total(f, "=0/0");
}

static void
fill(Fixture *f)
{
	MqReport *one = two_rows("1");
	MqReport *two = new_report("Q.example", "2", "example.com", DAY + 8 * MQ_DAY_S);
	MqReport *three = new_report("R.example", "3", "example.net", DAY + 40 * MQ_DAY_S);

	add_record(one, "2001:db8::1", 3, MQ_RESULT_PASS, MQ_RESULT_PASS, "news.example.com");
	add_record(two, "192.0.2.1", 7, MQ_RESULT_PASS, MQ_RESULT_PASS, "example.com");
	add_record(two, "203.0.113.9", 1, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "badexample.com");
	add_record(three, "203.0.113.9", 2, MQ_RESULT_FAIL, MQ_RESULT_PASS, "example.net");
	put(f, new_message("a", one));
	put(f, new_message("b", two));
	put(f, new_message("c", three));
}

static void
test_totals(Fixture *f, gconstpointer data)
{
	static const struct {
		MqBy by;
		const char *domain;
		gboolean exact;
		gint64 since_s, until_s;
		const char *want;
	} rules[] = {
		{ MQ_BY_NOTHING, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "=28/22" },
		{ MQ_BY_SOURCE, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT,
		  "192.0.2.1=17/17 192.0.2.2=5/0 2001:db8::1=3/3 203.0.113.9=3/2" },
		{ MQ_BY_DOMAIN, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT,
		  "example.com=22/17 news.example.com=3/3 example.net=2/2 badexample.com=1/0" },
		{ MQ_BY_DOMAIN, "example.com", FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "example.com=22/17 news.example.com=3/3" },
		{ MQ_BY_DOMAIN, "example.com", TRUE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "example.com=22/17" },
		{ MQ_BY_NOTHING, "example.com", FALSE, DAY, DAY + MQ_DAY_S, "=18/13" },
		{ MQ_BY_NOTHING, "example.com", FALSE, DAY + 1, MQ_TIME_ABSENT, "=7/7" },
		{ MQ_BY_NOTHING, "com", TRUE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "=0/0" },
		{ MQ_BY_REPORTER, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "R.example=20/15 Q.example=8/7" },
		{ MQ_BY_SELECTOR, "example.net", FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "s1._domainkey.example.net=2/2" },
		{ MQ_BY_DISPOSITION, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "none=28/22" },
		{ MQ_BY_DAY, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "2026-11-02=18/13 2026-11-10=8/7 2026-12-12=2/2" },
		{ MQ_BY_WEEK, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "2026-11-02=18/13 2026-11-09=8/7 2026-12-07=2/2" },
		{ MQ_BY_MONTH, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "2026-11=26/20 2026-12=2/2" },
	};

	(void)data;
	fill(f);
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		MqFilter filter = {
			.domain = rules[i].domain,
			.exact = rules[i].exact,
			.since_s = rules[i].since_s,
			.until_s = rules[i].until_s,
		};
		g_autofree char *got = totals_of(f, &filter, rules[i].by);

		g_assert_cmpstr(got, ==, rules[i].want);
	}
}

/* MqFlowFunc */
static gboolean
sum_flow(gpointer ctx, const MqFlow *flow, GError **error)
{
	(void)error;
	*(gint64 *)ctx += flow->messages;
	g_assert_cmpuint(flow->n_auth_dkim, ==, 1);
	g_assert_cmpstr(flow->auth_dkim[0].selector, ==, "s1");
	return TRUE;
}

static void
test_flows(Fixture *f, gconstpointer data)
{
	MqFilter filter = MQ_FILTER_ALL;
	g_autoptr(GError) error = NULL;
	gint64 sum = 0;

	(void)data;
	fill(f);
	mq_store_flows(f->store, &filter, sum_flow, &sum, &error);
	g_assert_no_error(error);
	g_assert_cmpint(sum, ==, 28);
	filter.domain = "example.com";
	sum = 0;
	mq_store_flows(f->store, &filter, sum_flow, &sum, &error);
	g_assert_no_error(error);
	g_assert_cmpint(sum, ==, 25);
}

static void
test_untrusted(Fixture *f, gconstpointer data)
{
	MqMessage *forged = new_message("a", two_rows("1"));
	MqFilter trusted = MQ_FILTER_ALL;
	MqFilter untrusted = MQ_FILTER_ALL;

	(void)data;
	trusted.trusted_only = TRUE;
	untrusted.untrusted_only = TRUE;
	mq_problems_add(forged->problems, MQ_PROBLEM_FORGERY_SUSPECTED, TRUE, 0, NULL, "sent by someone else");
	put(f, forged);
	put(f, new_message("b", two_rows("2")));
	g_autofree char *good = totals_of(f, &trusted, MQ_BY_NOTHING);
	g_autofree char *bad = totals_of(f, &untrusted, MQ_BY_NOTHING);

	g_assert_cmpstr(good, ==, "=15/10");
	g_assert_cmpstr(bad, ==, "=15/10");
	assert_total(f, "=30/20");
}

static void
test_prune(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	MqPruned pruned;

	(void)data;
	fill(f);
	mq_store_prune(f->store, DAY + 20 * MQ_DAY_S, MQ_TYPE_ABSENT, TRUE, &pruned, &error);
	g_assert_no_error(error);
	g_assert_cmpint(pruned.reports[MQ_TYPE_AGGREGATE], ==, 2);
	assert_total(f, "=28/22");
	mq_store_prune(f->store, DAY + 20 * MQ_DAY_S, MQ_TYPE_ABSENT, FALSE, &pruned, &error);
	g_assert_no_error(error);
	g_assert_cmpint(pruned.messages, ==, 26);
	assert_total(f, "=2/2");
	g_assert_true(put(f, new_message("a", two_rows("1"))).known); /* what was forgotten stays forgotten */
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
test_labels(Fixture *f, gconstpointer data)
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
test_dns(Fixture *f, gconstpointer data)
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

static void
test_views(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *sql, *want;
	} rules[] = {
		{ "SELECT type || dialect || reporter || domain || begins || p FROM reports WHERE id = 1",
		  "aggregaterfc7489R.exampleexample.com2026-11-02 00:00:00none" },
		{ "SELECT group_concat(source_ip || ':' || count || ':' || dkim, ' ') FROM records WHERE header_from = 'example.net'",
		  "203.0.113.9:2:fail" },
		{ "SELECT selector || ' ' || result FROM signatures WHERE domain = 'example.net'", "s1 fail" },
		{ "SELECT count(*) FROM spf_results", "0" },
		{ "SELECT count(*) FROM override_reasons", "0" },
	};
	sqlite3 *db;

	(void)data;
	fill(f);
	g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		sqlite3_stmt *ask = NULL;

		g_assert_cmpint(sqlite3_prepare_v2(db, rules[i].sql, -1, &ask, NULL), ==, SQLITE_OK);
		g_assert_cmpint(sqlite3_step(ask), ==, SQLITE_ROW);
		g_assert_cmpstr((const char *)sqlite3_column_text(ask, 0), ==, rules[i].want);
		sqlite3_finalize(ask);
	}
	sqlite3_close(db);
}

static void
test_killed_between_commits(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	pid_t child;
	int status;

	(void)data;
	g_clear_pointer(&f->store, mq_store_close);
	child = fork();
	if (child == 0) {
		MqStore *store = mq_store_open(f->path, MQ_STORE_WRITE, NULL);

		for (int i = 0; i < 5; i++) {
			g_autofree char *name = g_strdup_printf("m%d", i);
			g_autoptr(MqMessage) message = new_message(name, two_rows(name));
			MqPutResult result;

			if (!mq_store_put(store, message, &result, NULL) || (i == 2 && !mq_store_commit(store, NULL)))
				_exit(1);
		}
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	g_assert_true(WIFSIGNALED(status));
	f->store = mq_store_open(f->path, MQ_STORE_WRITE, &error);
	g_assert_no_error(error);
	assert_total(f, "=45/30"); /* three of five: the last two were not committed, and left nothing */
	g_assert_cmpuint(put(f, new_message("m3", two_rows("m3"))).records, ==, 2);
}

/* -------------------------------------------------- what is no database of ours */

static void
assert_refused(const char *path, MqStoreMode mode, const char *word)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MqStore) store = mq_store_open(path, mode, &error);

	g_assert_null(store);
	g_assert_error(error, MQ_ERROR, MQ_ERROR_STORE);
	g_assert_nonnull(strstr(error->message, word));
	g_assert_null(strchr(error->message, '\n'));
}

static void
run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(db);
}

static void
test_refusals(Fixture *f, gconstpointer data)
{
	g_autofree char *missing = g_build_filename(f->folder, "none.db", NULL);
	g_autofree char *text = g_build_filename(f->folder, "text.db", NULL);
	g_autofree char *other = g_build_filename(f->folder, "other.db", NULL);

	(void)data;
	assert_refused(missing, MQ_STORE_READ, "marque ingest");
	g_assert_true(g_file_set_contents(text, "this is a letter, not a database, and longer than a header of one hundred "
	                                        "bytes so that it cannot pass for an empty one.", -1, NULL));
	assert_refused(text, MQ_STORE_WRITE, "no SQLite database");
	assert_refused(text, MQ_STORE_READ, "no SQLite database");
	run_sql(other, "CREATE TABLE theirs (x)");
	assert_refused(other, MQ_STORE_WRITE, "another program");
	run_sql(f->path, "PRAGMA user_version = 999");
	assert_refused(f->path, MQ_STORE_WRITE, "newer marque");
}

static void
test_read_only_file(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	if (geteuid() == 0) {
		g_test_skip("root may write everything");
		return;
	}
	g_assert_cmpint(g_chmod(f->path, 0400), ==, 0);
	assert_refused(f->path, MQ_STORE_WRITE, "cannot be written");
}

static void
add(const char *rule, void (*test)(Fixture *, gconstpointer))
{
	g_autofree char *path = g_strconcat("/store/", rule, NULL);

	g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("a report is put and counted", test_put);
	add("a message is taken once", test_same_message);
	add("equal content is a duplicate", test_duplicate);
	add("rows of a variant count once", test_variant);
	add("an id elsewhere is another report", test_same_id_elsewhere);
	add("without an id there is no variant", test_no_id_is_no_variant);
	add("a failed message is tried again", test_failed_message);
	add("absent stays absent", test_absent_stays_absent);
	add("totals", test_totals);
	add("flows", test_flows);
	add("untrusted reports can be left out", test_untrusted);
	add("prune forgets for good", test_prune);
	add("labels", test_labels);
	add("dns changes make rows", test_dns);
	add("views", test_views);
	add("killed between commits", test_killed_between_commits);
	add("refusals say what to do", test_refusals);
	add("read-only file", test_read_only_file);
	return g_test_run();
}
