/* One report whole, as it was put. */
#include <string.h>

#include "store/load.h"
#include "store/sets.h"

void
mq_stored_report_free(MqStoredReport *report)
{
	if (report == NULL)
		return;
	mq_report_free(report->report);
	g_clear_pointer(&report->problems, g_ptr_array_unref);
	g_clear_pointer(&report->provenance, g_ptr_array_unref);
	g_free(report->trust);
	g_free(report);
}

static void
provenance_free(gpointer data)
{
	MqProvenance *provenance = data;

	g_free(provenance->message_name);
	g_free(provenance->message_id);
	g_free(provenance->message_from);
	g_free(provenance->part);
	g_free(provenance->message_sha256);
	g_free(provenance->authentication);
	g_free(provenance);
}

static char *
copy(MqQuery *ask, int column)
{
	return g_strdup(mq_db_text(ask, column));
}

/* FALSE without an error: there is no such report */
static gboolean
load_head(MqStore *store, MqStoredReport *out, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_HEAD, error, "i", out->id);
	gboolean row;
	MqReport *r;

	if (ask == NULL || !mq_db_step(store, ask, &row, error) || !row)
		return FALSE;
	r = out->report = mq_report_new((MqReportType)mq_db_int(ask, 0));
	r->dialect = (MqDialect)mq_db_int(ask, 1);
	r->reporter = copy(ask, 2);
	r->email = copy(ask, 3);
	r->extra_contact = copy(ask, 4);
	r->report_id = copy(ask, 5);
	r->generator = copy(ask, 6);
	r->policy.domain = copy(ask, 7);
	r->begin_s = mq_db_int_or(ask, 8, MQ_TIME_ABSENT);
	r->end_s = mq_db_int_or(ask, 9, MQ_TIME_ABSENT);
	r->policy.p = (MqPolicy)mq_db_int(ask, 10);
	r->policy.sp = (MqPolicy)mq_db_int(ask, 11);
	r->policy.np = (MqPolicy)mq_db_int(ask, 12);
	r->policy.adkim = (MqAlignmentMode)mq_db_int(ask, 13);
	r->policy.aspf = (MqAlignmentMode)mq_db_int(ask, 14);
	r->policy.pct = (gint)mq_db_int_or(ask, 15, -1);
	r->policy.testing = (MqYes)mq_db_int(ask, 16);
	r->policy.discovery_method = (MqDiscoveryMethod)mq_db_int(ask, 17);
	r->policy.fo = copy(ask, 18);
	r->n_records = (guint64)mq_db_int(ask, 19);
	r->n_messages = (guint64)mq_db_int(ask, 20);
	out->is_variant = mq_db_int(ask, 21) != 0;
	out->trust = copy(ask, 22);
	r->part = copy(ask, 23);
	out->n_rows = mq_db_int(ask, 24);
	return TRUE;
}

static gboolean
load_errors(MqStore *store, MqStoredReport *out, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_ERRORS, error, "i", out->id);
	gboolean row = ask != NULL;

	while (row) {
		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (row)
			g_ptr_array_add(out->report->errors, copy(ask, 0));
	}
	return ask != NULL;
}

/* A set in a batch's memory. */
static void
copy_auth(MqBatch *batch, MqRecord *record, const MqSet *set)
{
	record->n_auth_dkim = set->n_dkim;
	record->auth_dkim = mq_batch_copy(batch, set->dkim, set->n_dkim * sizeof(*set->dkim));
	for (guint i = 0; i < set->n_dkim; i++) {
		record->auth_dkim[i].domain = mq_batch_text(batch, set->dkim[i].domain);
		record->auth_dkim[i].selector = mq_batch_text(batch, set->dkim[i].selector);
		record->auth_dkim[i].human_result = mq_batch_text(batch, set->dkim[i].human_result);
	}
	record->n_auth_spf = set->n_spf;
	record->auth_spf = mq_batch_copy(batch, set->spf, set->n_spf * sizeof(*set->spf));
	for (guint i = 0; i < set->n_spf; i++) {
		record->auth_spf[i].domain = mq_batch_text(batch, set->spf[i].domain);
		record->auth_spf[i].human_result = mq_batch_text(batch, set->spf[i].human_result);
	}
}

static void
copy_reasons(MqBatch *batch, MqRecord *record, const MqSet *set)
{
	record->n_reasons = set->n_reasons;
	record->reasons = mq_batch_copy(batch, set->reasons, set->n_reasons * sizeof(*set->reasons));
	for (guint i = 0; i < set->n_reasons; i++) {
		record->reasons[i].type_text = mq_batch_text(batch, set->reasons[i].type_text);
		record->reasons[i].comment = mq_batch_text(batch, set->reasons[i].comment);
	}
}

/* @repeated: whether an earlier variant has the row */
static gboolean
load_record(MqQuery *ask, MqSets *sets, MqBatch *batch, gboolean *repeated, GError **error)
{
	MqRecord *record = mq_batch_add(batch);
	const MqSet *auth = mq_sets_auth(sets, mq_db_int(ask, 6), error);
	const MqSet *reasons = auth != NULL ? mq_sets_reasons(sets, mq_db_int(ask, 7), error) : NULL;
	gint64 results = mq_db_int(ask, 2);

	if (reasons == NULL)
		return FALSE;
	record->source_text = mq_batch_text(batch, mq_db_source(ask, 0, &record->source));
	record->count = mq_db_int_or(ask, 1, MQ_COUNT_ABSENT);
	record->disposition = MQ_RESULTS_DISPOSITION(results);
	record->dkim = MQ_RESULTS_DKIM(results);
	record->spf = MQ_RESULTS_SPF(results);
	record->header_from = mq_batch_text(batch, mq_db_text(ask, 3));
	record->envelope_from = mq_batch_text(batch, mq_db_text(ask, 4));
	record->envelope_to = mq_batch_text(batch, mq_db_text(ask, 5));
	copy_auth(batch, record, auth);
	copy_reasons(batch, record, reasons);
	*repeated = MQ_RESULTS_REPEATED(results);
	return TRUE;
}

/* One batch of rows at a time is in memory. */
gboolean
mq_store_report_records(MqStore *store, gint64 id, guint most, MqStoredRecordFunc take, gpointer ctx, GError **error)
{
	g_auto(MqSets) sets = { 0 };
	g_autoptr(MqQuery) ask =
	        mq_db_ask(store, MQ_QUERY_REPORT_RECORDS, error, "ii", id, most > 0 ? (gint64)most : (gint64)-1);
	g_autoptr(MqBatch) batch = mq_batch_new();
	gboolean row = ask != NULL;

	mq_sets_init(&sets, store);
	while (row) {
		gboolean repeated;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		if (batch->records->len >= MQ_LIMIT_BATCH_RECORDS) {
			mq_batch_free(batch);
			batch = mq_batch_new();
		}
		if (!load_record(ask, &sets, batch, &repeated, error)
		    || !take(ctx, g_ptr_array_index(batch->records, batch->records->len - 1), repeated, error))
			return FALSE;
	}
	return ask != NULL;
}

/* MqStoredRecordFunc */
static gboolean
add_digest(gpointer ctx, const MqRecord *record, gboolean repeated, G_GNUC_UNUSED GError **error)
{
	guint8 digest[MQ_DIGEST_BYTES];

	if (repeated)
		return TRUE;
	mq_record_digest(record, digest);
	g_array_append_vals(ctx, digest, 1);
	return TRUE;
}

gboolean
mq_load_digests(MqStore *store, gint64 report, GArray *digests, GError **error)
{
	return mq_store_report_records(store, report, 0, add_digest, digests, error);
}

static gboolean
load_problems(MqStore *store, MqStoredReport *out, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_PROBLEMS, error, "i", out->id);
	gboolean row = ask != NULL;

	while (row) {
		MqProblem *problem;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		problem = g_new0(MqProblem, 1);
		if (!mq_problem_code_parse(mq_db_text(ask, 0), &problem->code))
			problem->code = MQ_PROBLEM_VALUE_ODD; /* a code of a newer marque: its reason says what it is */
		problem->reason = copy(ask, 1);
		problem->part = copy(ask, 2);
		problem->stored = mq_db_int(ask, 3) != 0;
		g_ptr_array_add(out->problems, problem);
	}
	return ask != NULL;
}

static gboolean
load_provenance(MqStore *store, MqStoredReport *out, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_PROVENANCE, error, "i", out->id);
	gboolean row = ask != NULL;

	while (row) {
		MqProvenance *provenance;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		provenance = g_new0(MqProvenance, 1);
		provenance->message_name = copy(ask, 0);
		provenance->message_id = copy(ask, 1);
		provenance->message_from = copy(ask, 2);
		provenance->part = copy(ask, 3);
		provenance->message_sha256 = g_ascii_strdown(mq_db_text(ask, 4), -1);
		provenance->ingested_s = mq_db_int(ask, 5);
		provenance->authentication = copy(ask, 6);
		g_ptr_array_add(out->provenance, provenance);
	}
	return ask != NULL;
}

static void
split_into(GPtrArray *lines, const char *text)
{
	g_auto(GStrv) parts = text != NULL ? g_strsplit(text, "\n", -1) : NULL;

	for (guint i = 0; parts != NULL && parts[i] != NULL; i++)
		g_ptr_array_add(lines, g_strdup(parts[i]));
}

static gboolean
load_failure(MqStore *store, MqStoredReport *out, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_FAILURE, error, "i", out->id);
	MqFailure *f = out->report->failure;
	gboolean row;

	if (ask == NULL || !mq_db_step(store, ask, &row, error))
		return FALSE;
	if (!row)
		return TRUE;
	f->feedback_type = copy(ask, 0);
	f->user_agent = copy(ask, 1);
	f->arrival_s = mq_db_int_or(ask, 2, MQ_TIME_ABSENT);
	f->source_text = g_strdup(mq_db_source(ask, 3, &f->source));
	f->reported_domain = copy(ask, 4);
	split_into(f->auth_failure, mq_db_text(ask, 5));
	f->delivery_result = copy(ask, 6);
	f->identity_alignment = copy(ask, 7);
	f->identity_alignment_said = copy(ask, 8);
	f->auth_results = copy(ask, 9);
	f->incidents = mq_db_int_or(ask, 10, MQ_COUNT_ABSENT);
	f->original_mail_from = copy(ask, 11);
	f->original_rcpt_to = copy(ask, 12);
	f->header_from = copy(ask, 13);
	f->subject = copy(ask, 14);
	f->message_id = copy(ask, 15);
	f->dkim_domain = copy(ask, 16);
	f->dkim_selector = copy(ask, 17);
	f->dkim_identity = copy(ask, 18);
	f->spf_dns = copy(ask, 19);
	return TRUE;
}

static gboolean
load_tls_failures(MqStore *store, gint64 id, MqTlsPolicy *policy, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_TLS_FAILURES, error, "i", id);
	gboolean row = ask != NULL;

	while (row) {
		MqTlsFailure *f;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		f = g_new0(MqTlsFailure, 1);
		f->result_type = copy(ask, 0);
		f->sending_mta = copy(ask, 1);
		f->receiving_mx = copy(ask, 2);
		f->receiving_ip = copy(ask, 3);
		f->helo = copy(ask, 4);
		f->sessions = mq_db_int_or(ask, 5, MQ_COUNT_ABSENT);
		f->information = copy(ask, 6);
		f->reason_code = copy(ask, 7);
		g_ptr_array_add(policy->failures, f);
	}
	return ask != NULL;
}

static gboolean
load_tls(MqStore *store, MqStoredReport *out, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_TLS_POLICIES, error, "i", out->id);
	gboolean row = ask != NULL;

	while (row) {
		MqTlsPolicy *policy;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		policy = mq_tls_policy_new();
		g_ptr_array_add(out->report->tls, policy);
		policy->domain = copy(ask, 1);
		policy->policy_type = copy(ask, 2);
		policy->sessions_ok = mq_db_int_or(ask, 3, MQ_COUNT_ABSENT);
		policy->sessions_failed = mq_db_int_or(ask, 4, MQ_COUNT_ABSENT);
		split_into(policy->policy_strings, mq_db_text(ask, 5));
		split_into(policy->mx_hosts, mq_db_text(ask, 6));
		if (!load_tls_failures(store, mq_db_int(ask, 0), policy, error))
			return FALSE;
	}
	return ask != NULL;
}

static gboolean
load_details(MqStore *store, MqStoredReport *out, GError **error)
{
	if (!load_errors(store, out, error) || !load_problems(store, out, error) || !load_provenance(store, out, error))
		return FALSE;
	switch (out->report->type) {
	case MQ_TYPE_AGGREGATE:
		return TRUE;
	case MQ_TYPE_FAILURE:
		return load_failure(store, out, error);
	case MQ_TYPE_TLS:
		return load_tls(store, out, error);
	case MQ_TYPE_ABSENT:
	case MQ_TYPE_N:
		break;
	}
	return TRUE;
}

MqStoredReport *
mq_store_report(MqStore *store, gint64 id, GError **error)
{
	g_autoptr(MqStoredReport) out = g_new0(MqStoredReport, 1);
	GError *why = NULL;

	out->id = id;
	out->problems = g_ptr_array_new_with_free_func((GDestroyNotify)mq_problem_free);
	out->provenance = g_ptr_array_new_with_free_func(provenance_free);
	if (!load_head(store, out, &why)) {
		if (why == NULL)
			g_set_error(&why, MQ_ERROR, MQ_ERROR_USAGE,
			            "there is no report %" G_GINT64_FORMAT "; 'marque reports' lists them", id);
		g_propagate_error(error, why);
		return NULL;
	}
	return load_details(store, out, error) ? g_steal_pointer(&out) : NULL;
}
