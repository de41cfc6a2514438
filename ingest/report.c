#include "ingest/report.h"

#include <string.h>

#include "ingest/digest.h"

#define WORD_TEXT(name, word) word,
#define WORDS(set, ROW_LIST) \
	static const char *const set##_words[] = { NULL, ROW_LIST(WORD_TEXT) }; \
	const MqWords mq_words_##set = { #set, set##_words, G_N_ELEMENTS(set##_words) };

WORDS(type, MQ_WORDS_TYPE)
WORDS(dialect, MQ_WORDS_DIALECT)
WORDS(policy, MQ_WORDS_POLICY)
WORDS(disposition, MQ_WORDS_DISPOSITION)
WORDS(mode, MQ_WORDS_MODE)
WORDS(method, MQ_WORDS_METHOD)
WORDS(result, MQ_WORDS_RESULT)
WORDS(scope, MQ_WORDS_SCOPE)
WORDS(reason, MQ_WORDS_REASON)
WORDS(yes, MQ_WORDS_YES)

const char *
mq_word(const MqWords *words, guint value)
{
	return value < words->n ? words->words[value] : NULL;
}

guint
mq_word_parse(const MqWords *words, const char *word)
{
	for (guint i = 1; i < words->n; i++)
		if (g_ascii_strcasecmp(words->words[i], word) == 0)
			return i;
	return 0;
}

gboolean
mq_feedback_is_complaint(const char *feedback_type)
{
	return feedback_type != NULL && g_ascii_strcasecmp(feedback_type, "auth-failure") != 0;
}

MqResult
mq_record_dmarc(const MqRecord *record)
{
	if (record->dkim == MQ_RESULT_PASS || record->spf == MQ_RESULT_PASS)
		return MQ_RESULT_PASS;
	if (record->dkim == MQ_RESULT_ABSENT && record->spf == MQ_RESULT_ABSENT)
		return MQ_RESULT_ABSENT;
	return MQ_RESULT_FAIL;
}

#define BLOCK_BYTES 4096 /* most reports have a few rows */
#define ALIGNMENT   16

MqBatch *
mq_batch_new(void)
{
	MqBatch *batch = g_new0(MqBatch, 1);

	batch->records = g_ptr_array_new();
	batch->text = g_string_chunk_new(BLOCK_BYTES);
	batch->blocks = g_ptr_array_new_with_free_func(g_free);
	return batch;
}

void
mq_batch_free(MqBatch *batch)
{
	if (batch == NULL)
		return;
	g_ptr_array_unref(batch->records);
	g_ptr_array_unref(batch->blocks);
	g_string_chunk_free(batch->text);
	g_free(batch);
}

gpointer
mq_batch_copy(MqBatch *batch, gconstpointer bytes, gsize n)
{
	gsize room = (n + ALIGNMENT - 1) & ~(gsize)(ALIGNMENT - 1);
	char *end;

	if (n == 0)
		return NULL;
	if (room > batch->block_left) {
		batch->block_left = MAX(room, BLOCK_BYTES);
		g_ptr_array_add(batch->blocks, g_malloc(batch->block_left));
	}
	/* it is filled from its end */
	end = (char *)batch->blocks->pdata[batch->blocks->len - 1] + batch->block_left;
	batch->block_left -= room;
	return memcpy(end - room, bytes, n);
}

MqRecord *
mq_batch_add(MqBatch *batch)
{
	const MqRecord empty = { .count = MQ_COUNT_ABSENT };
	MqRecord *record = mq_batch_copy(batch, &empty, sizeof(empty));

	g_ptr_array_add(batch->records, record);
	return record;
}

char *
mq_batch_text(MqBatch *batch, const char *text)
{
	return text != NULL ? g_string_chunk_insert_const(batch->text, text) : NULL;
}

void
mq_tls_failure_free(MqTlsFailure *failure)
{
	if (failure == NULL)
		return;
	g_free(failure->result_type);
	g_free(failure->sending_mta);
	g_free(failure->receiving_mx);
	g_free(failure->receiving_ip);
	g_free(failure->helo);
	g_free(failure->information);
	g_free(failure->reason_code);
	g_free(failure);
}

MqTlsPolicy *
mq_tls_policy_new(void)
{
	MqTlsPolicy *policy = g_new0(MqTlsPolicy, 1);

	policy->policy_strings = g_ptr_array_new_with_free_func(g_free);
	policy->mx_hosts = g_ptr_array_new_with_free_func(g_free);
	policy->sessions_ok = policy->sessions_failed = MQ_COUNT_ABSENT;
	policy->failures = g_ptr_array_new_with_free_func((GDestroyNotify)mq_tls_failure_free);
	return policy;
}

void
mq_tls_policy_free(MqTlsPolicy *policy)
{
	if (policy == NULL)
		return;
	g_free(policy->domain);
	g_free(policy->policy_type);
	g_ptr_array_unref(policy->policy_strings);
	g_ptr_array_unref(policy->mx_hosts);
	g_ptr_array_unref(policy->failures);
	g_free(policy);
}

static MqFailure *
failure_new(void)
{
	MqFailure *failure = g_new0(MqFailure, 1);

	failure->arrival_s = MQ_TIME_ABSENT;
	failure->incidents = MQ_COUNT_ABSENT;
	failure->auth_failure = g_ptr_array_new_with_free_func(g_free);
	return failure;
}

/* All texts of a failure, in the order of the digest: add at the end. */
static const gsize failure_texts[] = {
	offsetof(MqFailure, feedback_type),
	offsetof(MqFailure, user_agent),
	offsetof(MqFailure, source_text),
	offsetof(MqFailure, reported_domain),
	offsetof(MqFailure, delivery_result),
	offsetof(MqFailure, identity_alignment),
	offsetof(MqFailure, identity_alignment_said),
	offsetof(MqFailure, auth_results),
	offsetof(MqFailure, original_mail_from),
	offsetof(MqFailure, original_rcpt_to),
	offsetof(MqFailure, header_from),
	offsetof(MqFailure, subject),
	offsetof(MqFailure, message_id),
	offsetof(MqFailure, dkim_domain),
	offsetof(MqFailure, dkim_selector),
	offsetof(MqFailure, dkim_identity),
	offsetof(MqFailure, spf_dns),
};

static void
failure_free(MqFailure *failure)
{
	if (failure == NULL)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(failure_texts); i++)
		g_free(G_STRUCT_MEMBER(char *, failure, failure_texts[i]));
	g_ptr_array_unref(failure->auth_failure);
	g_free(failure);
}

MqReport *
mq_report_new(MqReportType type)
{
	MqReport *report = g_new0(MqReport, 1);

	report->type = type;
	report->begin_s = report->end_s = MQ_TIME_ABSENT;
	report->policy.pct = -1;
	report->errors = g_ptr_array_new_with_free_func(g_free);
	report->batches = g_ptr_array_new_with_free_func((GDestroyNotify)mq_batch_free);
	if (type == MQ_TYPE_FAILURE)
		report->failure = failure_new();
	if (type == MQ_TYPE_TLS)
		report->tls = g_ptr_array_new_with_free_func((GDestroyNotify)mq_tls_policy_free);
	return report;
}

void
mq_report_free(MqReport *report)
{
	if (report == NULL)
		return;
	g_free(report->reporter);
	g_free(report->email);
	g_free(report->extra_contact);
	g_free(report->report_id);
	g_free(report->generator);
	g_ptr_array_unref(report->errors);
	g_free(report->policy.domain);
	g_free(report->policy.fo);
	g_ptr_array_unref(report->batches);
	failure_free(report->failure);
	g_clear_pointer(&report->tls, g_ptr_array_unref);
	g_free(report->part);
	g_free(report);
}

void
mq_digest_sum_add(MqDigestSum *sum, const guint8 digest[MQ_DIGEST_BYTES])
{
	guint carry = 0;

	for (guint i = MQ_DIGEST_BYTES; i-- > 0;) { /* bytes[0] is the highest */
		carry += (guint)sum->bytes[i] + digest[i];
		sum->bytes[i] = (guint8)carry;
		carry >>= 8;
	}
}

/* The canonical form behind digests. Each value says where it ends, so that no two different
 * contents have the same bytes:
 *   number   7 bits a byte, lowest first, the high bit set on all but the last; the sign goes into the
 *            lowest bit (an absent number has its own value)
 *   text     absent: the number 0; else its length plus one as a number, its bytes
 *   address  its length in bytes (0 absent) as a number, its bytes
 *   list     how many as a number, then each
 * Left out: the part's name, problems, dialect and everything that tells how it was spelled.
 *
 * A row is short, so that it is gathered here and hashed at once; what does not fit goes piece by
 * piece. */
typedef struct {
	guint8 bytes[1024];
	gsize n;
	MqDigester *digester; /* (nullable) has what came before @bytes */
} Canon;

static void
put_bytes(Canon *canon, gconstpointer bytes, gsize n)
{
	if (n > sizeof(canon->bytes) - canon->n) {
		if (canon->digester == NULL)
			canon->digester = mq_digester_new();
		mq_digester_add(canon->digester, canon->bytes, canon->n);
		canon->n = 0;
	}
	if (n > sizeof(canon->bytes)) {
		mq_digester_add(canon->digester, bytes, n);
		return;
	}
	memcpy(canon->bytes + canon->n, bytes, n);
	canon->n += n;
}

static void
put_number(Canon *canon, gint64 value)
{
	guint64 rest = ((guint64)value << 1) ^ (value < 0 ? G_MAXUINT64 : 0);
	guint8 bytes[10];
	gsize n = 0;

	for (; rest >= 0x80; rest >>= 7)
		bytes[n++] = (guint8)(rest | 0x80);
	bytes[n++] = (guint8)rest;
	put_bytes(canon, bytes, n);
}

static void
put_text(Canon *canon, const char *text)
{
	gsize n = text != NULL ? strlen(text) : 0;

	put_number(canon, text != NULL ? (gint64)n + 1 : 0);
	if (n > 0)
		put_bytes(canon, text, n);
}

static void
put_texts(Canon *canon, const GPtrArray *texts)
{
	put_number(canon, texts->len);
	for (guint i = 0; i < texts->len; i++)
		put_text(canon, texts->pdata[i]);
}

static void
put_address(Canon *canon, const MqAddress *address)
{
	put_number(canon, address->n_bytes);
	put_bytes(canon, address->bytes, address->n_bytes);
}

static void
get_digest(Canon *canon, guint8 digest[MQ_DIGEST_BYTES])
{
	if (canon->digester == NULL) {
		mq_digest_bytes(canon->bytes, canon->n, digest);
		return;
	}
	mq_digester_add(canon->digester, canon->bytes, canon->n);
	mq_digester_take(canon->digester, digest);
	mq_digester_free(canon->digester);
}

static void
put_results(Canon *canon, const MqRecord *record)
{
	put_number(canon, record->n_auth_dkim);
	for (guint i = 0; i < record->n_auth_dkim; i++) {
		const MqDkimResult *dkim = &record->auth_dkim[i];

		put_text(canon, dkim->domain);
		put_text(canon, dkim->selector);
		put_number(canon, dkim->result);
		put_text(canon, dkim->human_result);
	}
	put_number(canon, record->n_auth_spf);
	for (guint i = 0; i < record->n_auth_spf; i++) {
		const MqSpfResult *spf = &record->auth_spf[i];

		put_text(canon, spf->domain);
		put_number(canon, spf->scope);
		put_number(canon, spf->result);
		put_text(canon, spf->human_result);
	}
}

void
mq_record_digest(const MqRecord *record, guint8 digest[MQ_DIGEST_BYTES])
{
	Canon canon;

	canon.n = 0; /* its bytes need no zeros */
	canon.digester = NULL;

	put_text(&canon, "record/1");
	put_address(&canon, &record->source);
	put_text(&canon, record->source_text);
	put_number(&canon, record->count);
	put_number(&canon, record->disposition);
	put_number(&canon, record->dkim);
	put_number(&canon, record->spf);
	put_text(&canon, record->header_from);
	put_text(&canon, record->envelope_from);
	put_text(&canon, record->envelope_to);
	put_number(&canon, record->n_reasons);
	for (guint i = 0; i < record->n_reasons; i++) {
		put_number(&canon, record->reasons[i].type);
		put_text(&canon, record->reasons[i].type_text);
		put_text(&canon, record->reasons[i].comment);
	}
	put_results(&canon, record);
	get_digest(&canon, digest);
}

static void
put_policy(Canon *canon, const MqPolicyPublished *policy)
{
	put_text(canon, policy->domain);
	put_number(canon, policy->p);
	put_number(canon, policy->sp);
	put_number(canon, policy->np);
	put_number(canon, policy->adkim);
	put_number(canon, policy->aspf);
	put_number(canon, policy->pct);
	put_number(canon, policy->testing);
	put_number(canon, policy->discovery_method);
	put_text(canon, policy->fo);
}

static void
put_failure(Canon *canon, const MqFailure *failure)
{
	put_number(canon, failure->arrival_s);
	put_address(canon, &failure->source);
	put_texts(canon, failure->auth_failure);
	put_number(canon, failure->incidents);
	for (gsize i = 0; i < G_N_ELEMENTS(failure_texts); i++)
		put_text(canon, G_STRUCT_MEMBER(char *, failure, failure_texts[i]));
}

static void
put_tls_failure(Canon *canon, const MqTlsFailure *failure)
{
	put_text(canon, failure->result_type);
	put_text(canon, failure->sending_mta);
	put_text(canon, failure->receiving_mx);
	put_text(canon, failure->receiving_ip);
	put_text(canon, failure->helo);
	put_number(canon, failure->sessions);
	put_text(canon, failure->information);
	put_text(canon, failure->reason_code);
}

static void
put_tls(Canon *canon, const GPtrArray *policies)
{
	put_number(canon, policies->len);
	for (guint i = 0; i < policies->len; i++) {
		const MqTlsPolicy *policy = policies->pdata[i];

		put_text(canon, policy->domain);
		put_text(canon, policy->policy_type);
		put_texts(canon, policy->policy_strings);
		put_texts(canon, policy->mx_hosts);
		put_number(canon, policy->sessions_ok);
		put_number(canon, policy->sessions_failed);
		put_number(canon, policy->failures->len);
		for (guint j = 0; j < policy->failures->len; j++)
			put_tls_failure(canon, policy->failures->pdata[j]);
	}
}

void
mq_report_seal(MqReport *report, const MqDigestSum *records)
{
	static const MqDigestSum no_records;
	Canon canon;

	canon.n = 0; /* its bytes need no zeros */
	canon.digester = NULL;

	put_text(&canon, "report/1");
	put_number(&canon, report->type);
	put_text(&canon, report->reporter);
	put_text(&canon, report->email);
	put_text(&canon, report->extra_contact);
	put_text(&canon, report->report_id);
	put_text(&canon, report->generator);
	put_texts(&canon, report->errors);
	put_number(&canon, report->begin_s);
	put_number(&canon, report->end_s);
	put_policy(&canon, &report->policy);
	put_number(&canon, (gint64)report->n_records);
	put_bytes(&canon, (records != NULL ? records : &no_records)->bytes, MQ_DIGEST_BYTES);
	if (report->failure != NULL)
		put_failure(&canon, report->failure);
	if (report->tls != NULL)
		put_tls(&canon, report->tls);
	get_digest(&canon, report->digest);
}
