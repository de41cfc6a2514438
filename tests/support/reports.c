#include "tests/support/reports.h"

#include <glib/gstdio.h>

void
store_set_up(StoreFixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	f->folder = g_dir_make_tmp("marque-store-XXXXXX", &error);
	g_assert_no_error(error);
	f->path = g_build_filename(f->folder, "m.db", NULL);
	f->store = mq_store_open(f->path, MQ_STORE_WRITE, &error);
	g_assert_no_error(error);
}

void
store_tear_down(StoreFixture *f, gconstpointer data)
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

MqReport *
made_report(const char *reporter, const char *id, const char *domain, gint64 begin_s)
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

MqRecord *
made_record(MqReport *report, const char *ip, gint64 count, MqResult dkim, MqResult spf, const char *from)
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
	record->auth_dkim = mq_batch_copy(batch, &(MqDkimResult){ 0 }, sizeof(MqDkimResult));
	record->n_auth_dkim = 1;
	record->auth_dkim[0].domain = mq_batch_text(batch, from);
	record->auth_dkim[0].selector = mq_batch_text(batch, "s1");
	record->auth_dkim[0].result = dkim;
	return record;
}

MqMessage *
made_message(const char *name, MqReport *report)
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

MqPutResult
made_put(StoreFixture *f, MqMessage *message)
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

char *
totals_of(StoreFixture *f, const MqFilter *filter, MqBy by)
{
	g_autoptr(GError) error = NULL;
	GString *text = g_string_new(NULL);

	mq_store_totals(f->store, filter, by, write_totals, text, &error);
	g_assert_no_error(error);
	return g_strchomp(g_string_free(text, FALSE));
}

void
assert_total(StoreFixture *f, const char *want)
{
	g_autofree char *got = totals_of(f, &MQ_FILTER_ALL, MQ_BY_NOTHING);

	g_assert_cmpstr(got, ==, want);
}

MqReport *
made_two_rows(const char *id)
{
	MqReport *report = made_report("R.example", id, "example.com", DAY);

	made_record(report, "192.0.2.1", 10, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	made_record(report, "192.0.2.2", 5, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "example.com");
	return report;
}

void
made_three_reports(StoreFixture *f)
{
	MqReport *one = made_two_rows("1");
	MqReport *two = made_report("Q.example", "2", "example.com", DAY + 8 * MQ_DAY_S);
	MqReport *three = made_report("R.example", "3", "example.net", DAY + 40 * MQ_DAY_S);

	made_record(one, "2001:db8::1", 3, MQ_RESULT_PASS, MQ_RESULT_PASS, "news.example.com");
	made_record(two, "192.0.2.1", 7, MQ_RESULT_PASS, MQ_RESULT_PASS, "example.com");
	made_record(two, "203.0.113.9", 1, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "badexample.com");
	made_record(three, "203.0.113.9", 2, MQ_RESULT_FAIL, MQ_RESULT_PASS, "example.net");
	made_put(f, made_message("a", one));
	made_put(f, made_message("b", two));
	made_put(f, made_message("c", three));
}
