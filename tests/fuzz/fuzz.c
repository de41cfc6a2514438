#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/part.h"
#include "ingest/unwrap.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
	mq_ingest_init();
	return 0;
}

/* ---------------------------------------------------------------- a report */

static void
check_text(const char *text)
{
	if (text == NULL)
		return;
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_cmpuint(strlen(text), <=, MQ_LIMIT_FIELD_BYTES);
}

static void
check_texts(const GPtrArray *texts)
{
	for (guint i = 0; texts != NULL && i < texts->len; i++)
		check_text(texts->pdata[i]);
}

static void
check_time(gint64 time_s)
{
	if (time_s == MQ_TIME_ABSENT)
		return;
	g_assert_cmpint(time_s, >=, MQ_LIMIT_TIME_FIRST);
	g_assert_cmpint(time_s, <, MQ_LIMIT_TIME_LAST);
}

static void
check_count(gint64 count)
{
	g_assert_cmpint(count, >=, MQ_COUNT_ABSENT);
	g_assert_cmpint(count, <=, MQ_LIMIT_COUNT);
}

static void
check_record(const MqRecord *record)
{
	check_text(record->source_text);
	check_count(record->count);
	g_assert_cmpuint(record->disposition, <, MQ_DISPOSITION_N);
	check_text(record->header_from);
	check_text(record->envelope_from);
	check_text(record->envelope_to);
	g_assert_cmpuint(record->n_reasons, <=, MQ_LIMIT_REASONS);
	for (guint i = 0; i < record->n_reasons; i++) {
		check_text(record->reasons[i].type_text);
		check_text(record->reasons[i].comment);
	}
	g_assert_cmpuint(record->n_auth_dkim, <=, MQ_LIMIT_SIGNATURES);
	for (guint i = 0; i < record->n_auth_dkim; i++) {
		check_text(record->auth_dkim[i].domain);
		check_text(record->auth_dkim[i].selector);
		check_text(record->auth_dkim[i].human_result);
	}
	g_assert_cmpuint(record->n_auth_spf, <=, MQ_LIMIT_SIGNATURES);
	for (guint i = 0; i < record->n_auth_spf; i++) {
		check_text(record->auth_spf[i].domain);
		check_text(record->auth_spf[i].human_result);
	}
}

static void
check_failure(const MqFailure *f)
{
	const char *const texts[] = {
		f->feedback_type, f->user_agent, f->source_text, f->reported_domain, f->delivery_result, f->identity_alignment,
		f->identity_alignment_said, f->auth_results, f->original_mail_from, f->original_rcpt_to, f->header_from,
		f->subject, f->message_id, f->dkim_domain, f->dkim_selector, f->dkim_identity, f->spf_dns,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		check_text(texts[i]);
	check_texts(f->auth_failure);
	check_time(f->arrival_s);
}

static void
check_policy(const MqTlsPolicy *policy)
{
	check_text(policy->domain);
	check_text(policy->policy_type);
	check_texts(policy->policy_strings);
	check_texts(policy->mx_hosts);
	check_count(policy->sessions_ok);
	check_count(policy->sessions_failed);
	for (guint i = 0; i < policy->failures->len; i++) {
		const MqTlsFailure *failure = policy->failures->pdata[i];

		check_text(failure->result_type);
		check_text(failure->sending_mta);
		check_text(failure->receiving_mx);
		check_text(failure->information);
		check_count(failure->sessions);
	}
}

void
fuzz_check_report(const MqReport *report)
{
	g_assert_cmpuint(report->type, >, MQ_TYPE_ABSENT);
	g_assert_cmpuint(report->type, <, MQ_TYPE_N);
	g_assert_cmpint(report->failure != NULL, ==, report->type == MQ_TYPE_FAILURE);
	check_text(report->reporter);
	check_text(report->email);
	check_text(report->report_id);
	check_text(report->policy.domain);
	check_texts(report->errors);
	check_time(report->begin_s);
	check_time(report->end_s);
	for (guint b = 0; b < report->batches->len; b++) {
		const MqBatch *batch = report->batches->pdata[b];

		g_assert_cmpuint(batch->records->len, <=, MQ_LIMIT_BATCH_RECORDS);
		g_ptr_array_foreach(batch->records, (GFunc)(void (*)(void))check_record, NULL);
	}
	if (report->failure != NULL)
		check_failure(report->failure);
	for (guint i = 0; report->tls != NULL && i < report->tls->len; i++)
		check_policy(report->tls->pdata[i]);
}

static void
check_problems(const MqProblems *problems)
{
	g_assert_cmpuint(mq_problems_count(problems), <=, MQ_LIMIT_HELD_PROBLEMS);
	for (guint i = 0; i < mq_problems_count(problems); i++)
		check_text(mq_problems_get(problems, i)->reason);
}

/* ------------------------------------------------------------- a bare format */

static gboolean
drop_batch(gpointer ctx, MqBatch *batch, GError **error)
{
	(void)ctx;
	(void)error;
	g_ptr_array_foreach(batch->records, (GFunc)(void (*)(void))check_record, NULL);
	mq_batch_free(batch);
	return TRUE;
}

static gboolean
note_report(gpointer ctx, MqReport *report, GError **error)
{
	(void)error;
	fuzz_check_report(report);
	g_byte_array_append(ctx, report->digest, MQ_DIGEST_BYTES);
	mq_report_free(report);
	return TRUE;
}

/* The digests of its reports, in order. */
static GBytes *
digests_of(const MqFormat *format, const guint8 *bytes, gsize n, gsize step)
{
	GByteArray *digests = g_byte_array_new();
	g_autoptr(MqProblems) problems = mq_problems_new();
	g_autoptr(GError) error = NULL;
	MqFormatContext context = { .part = "part", .problems = problems, .take_batch = drop_batch,
		                    .take_report = note_report, .ctx = digests };
	MqFormatReader *reader = format->open(&context);
	gboolean fine = TRUE;

	for (gsize at = 0; fine && at < n; at += step)
		fine = format->feed(reader, bytes + at, MIN(step, n - at), &error);
	fine = fine && format->finish(reader, TRUE, &error);
	format->free(reader);
	g_assert_cmpint(fine, ==, error == NULL);
	g_assert_true(fine ? digests->len > 0 : mq_problems_count(problems) > 0);
	check_problems(problems);
	return g_byte_array_free_to_bytes(digests);
}

void
fuzz_format(const MqFormat *format, const guint8 *bytes, gsize n)
{
	g_autoptr(GBytes) whole = digests_of(format, bytes, n, MAX(n, 1));
	g_autoptr(GBytes) pieces = digests_of(format, bytes, n, n % 13 + 1);

	g_assert_true(g_bytes_equal(whole, pieces));
}

/* ----------------------------------------------------------------- a message */

static MqPart *
part_of(int fd, gsize n, gboolean is_mail)
{
	MqPart *part = mq_part_new_file(fd, 0, (gint64)n, NULL, NULL, NULL);

	part->is_mail = is_mail;
	part->claim = is_mail ? MQ_CLAIM_NO : MQ_CLAIM_REPORT;
	return part;
}

static gboolean
count_records(gpointer ctx, guint report, MqBatch *batch, GError **error)
{
	GArray *counts = ctx;

	(void)error;
	g_assert_cmpuint(report, <, counts->len);
	g_array_index(counts, guint64, report) += batch->records->len;
	return TRUE;
}

static void
check_again(int fd, gsize n, gboolean is_mail, const MqMessage *message)
{
	g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(guint64));
	g_autoptr(MqPart) part = part_of(fd, n, is_mail);
	g_autoptr(GError) error = NULL;

	g_array_set_size(counts, message->reports->len);
	mq_unwrap_again(part, FALSE, message, count_records, counts, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < counts->len; i++)
		g_assert_cmpuint(g_array_index(counts, guint64, i), ==, ((const MqReport *)message->reports->pdata[i])->n_records);
}

void
fuzz_message(const guint8 *bytes, gsize n, gboolean is_mail)
{
	g_autoptr(MqMessage) message = mq_message_new(NULL);
	int fd = memfd_create("message", MFD_CLOEXEC);
	g_autoptr(MqPart) part = part_of(fd, n, is_mail);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(pwrite(fd, bytes, n, 0), ==, (gssize)n);
	mq_unwrap_message(part, FALSE, message);
	for (guint i = 0; i < message->reports->len; i++)
		fuzz_check_report(message->reports->pdata[i]);
	check_problems(message->problems);
	g_assert_cmpint(message->state == MQ_MESSAGE_REPORTS || message->state == MQ_MESSAGE_PARTLY, ==, message->reports->len > 0);
	g_assert_true(message->state != MQ_MESSAGE_FAILED || mq_problems_count(message->problems) > 0);
	check_again(fd, n, is_mail, message);
	close(fd);
}
