#include "cli/report_document.h"

#include <string.h>

static json_t *
reason_document(const MqReason *reason)
{
	json_t *type = reason->type_text != NULL ? mq_json_text(reason->type_text)
	                                         : mq_json_word(&mq_words_reason, reason->type);

	return json_pack("{s:o, s:o}", "type", type, "comment", mq_json_text(reason->comment));
}

static json_t *
auth_document(const MqRecord *record)
{
	json_t *dkim = json_array();
	json_t *spf = json_array();

	for (guint i = 0; i < record->n_auth_dkim; i++) {
		const MqDkimResult *d = &record->auth_dkim[i];

		json_array_append_new(dkim, json_pack("{s:o, s:o, s:o, s:o}", "domain", mq_json_text(d->domain),
		                                      "selector", mq_json_text(d->selector), "result",
		                                      mq_json_word(&mq_words_result, d->result),
		                                      "human_result", mq_json_text(d->human_result)));
	}
	for (guint i = 0; i < record->n_auth_spf; i++) {
		const MqSpfResult *s = &record->auth_spf[i];

		json_array_append_new(spf, json_pack("{s:o, s:o, s:o, s:o}", "domain", mq_json_text(s->domain),
		                                     "scope", mq_json_word(&mq_words_scope, s->scope),
		                                     "result", mq_json_word(&mq_words_result, s->result),
		                                     "human_result", mq_json_text(s->human_result)));
	}
	return json_pack("{s:o, s:o}", "dkim", dkim, "spf", spf);
}

json_t *
mq_document_record(const MqRecord *record)
{
	json_t *reasons = json_array();

	for (guint i = 0; i < record->n_reasons; i++)
		json_array_append_new(reasons, reason_document(&record->reasons[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	                 "source_ip", mq_json_address(&record->source, record->source_text),
	                 "count", mq_json_count(record->count),
	                 "disposition", mq_json_word(&mq_words_disposition, record->disposition),
	                 "dkim", mq_json_word(&mq_words_result, record->dkim),
	                 "spf", mq_json_word(&mq_words_result, record->spf),
	                 "dmarc", mq_json_word(&mq_words_result, mq_record_dmarc(record)),
	                 "reasons", reasons,
	                 "header_from", mq_json_text(record->header_from),
	                 "envelope_from", mq_json_text(record->envelope_from),
	                 "envelope_to", mq_json_text(record->envelope_to),
	                 "auth", auth_document(record));
}

static json_t *
policy_document(const MqPolicyPublished *policy)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	                 "domain", mq_json_text(policy->domain),
	                 "p", mq_json_word(&mq_words_policy, policy->p),
	                 "sp", mq_json_word(&mq_words_policy, policy->sp),
	                 "np", mq_json_word(&mq_words_policy, policy->np),
	                 "adkim", mq_json_word(&mq_words_mode, policy->adkim),
	                 "aspf", mq_json_word(&mq_words_mode, policy->aspf),
	                 "pct", mq_json_count(policy->pct),
	                 "testing", mq_json_word(&mq_words_yes, policy->testing),
	                 "discovery_method", mq_json_word(&mq_words_method, policy->discovery_method),
	                 "fo", mq_json_text(policy->fo));
}

static json_t *
dkim_document(const MqFailure *failure)
{
	if (failure->dkim_domain == NULL && failure->dkim_selector == NULL && failure->dkim_identity == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "domain", mq_json_text(failure->dkim_domain), "selector",
	                 mq_json_text(failure->dkim_selector), "identity", mq_json_text(failure->dkim_identity));
}

static void
add_failure(json_t *document, const MqFailure *failure)
{
	json_t *fields = json_pack(
	        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	        "arrival_date", mq_json_time(failure->arrival_s),
	        "source_ip", mq_json_address(&failure->source, failure->source_text),
	        "reported_domain", mq_json_text(failure->reported_domain),
	        "auth_failure", mq_json_texts(failure->auth_failure),
	        "delivery_result", mq_json_text(failure->delivery_result),
	        "identity_alignment", mq_json_text(failure->identity_alignment),
	        "identity_alignment_said", mq_json_text(failure->identity_alignment_said),
	        "original_mail_from", mq_json_text(failure->original_mail_from),
	        "original_rcpt_to", mq_json_text(failure->original_rcpt_to),
	        "header_from", mq_json_text(failure->header_from),
	        "subject", mq_json_text(failure->subject),
	        "message_id", mq_json_text(failure->message_id),
	        "dkim", dkim_document(failure),
	        "spf_dns", mq_json_text(failure->spf_dns),
	        "auth_results", mq_json_text(failure->auth_results),
	        "incidents", mq_json_count(failure->incidents),
	        "feedback_type", mq_json_text(failure->feedback_type),
	        "user_agent", mq_json_text(failure->user_agent));

	json_object_update(document, fields);
	json_decref(fields);
}

json_t *
mq_document_failure(const MqStoredReport *stored)
{
	json_t *document = json_object();

	json_object_set_new(document, "id", json_integer(stored->id));
	json_object_set_new(document, "reporter", mq_json_text(stored->report->reporter));
	if (stored->report->failure != NULL)
		add_failure(document, stored->report->failure);
	json_object_set_new(document, "suspicion", mq_json_text(stored->trust));
	return document;
}

static json_t *
tls_failure_document(const MqTlsFailure *failure)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	                 "result_type", mq_json_text(failure->result_type),
	                 "sending_mta", mq_json_text(failure->sending_mta),
	                 "receiving_mx", mq_json_text(failure->receiving_mx),
	                 "sessions", mq_json_count(failure->sessions),
	                 "receiving_ip", mq_json_text(failure->receiving_ip),
	                 "helo", mq_json_text(failure->helo),
	                 "information", mq_json_text(failure->information),
	                 "reason_code", mq_json_text(failure->reason_code));
}

json_t *
mq_document_tls_policy(const MqStoredReport *stored, const MqTlsPolicy *policy)
{
	json_t *failures = json_array();

	for (guint i = 0; policy->failures != NULL && i < policy->failures->len; i++)
		json_array_append_new(failures, tls_failure_document(g_ptr_array_index(policy->failures, i)));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	                 "domain", mq_json_text(policy->domain),
	                 "policy_type", mq_json_text(policy->policy_type),
	                 "reporter", mq_json_text(stored->report->reporter),
	                 "sessions_ok", mq_json_count(policy->sessions_ok),
	                 "sessions_failed", mq_json_count(policy->sessions_failed),
	                 "failures", failures,
	                 "begin", mq_json_time(stored->report->begin_s),
	                 "end", mq_json_time(stored->report->end_s),
	                 "policy_strings", mq_json_texts(policy->policy_strings),
	                 "mx_hosts", mq_json_texts(policy->mx_hosts),
	                 "report", json_integer(stored->id));
}

static json_t *
tls_document(const MqStoredReport *stored)
{
	json_t *policies = json_array();

	for (guint i = 0; stored->report->tls != NULL && i < stored->report->tls->len; i++)
		json_array_append_new(policies,
		                      mq_document_tls_policy(stored, g_ptr_array_index(stored->report->tls, i)));
	return policies;
}

static json_t *
problems_document(const MqStoredReport *stored)
{
	json_t *problems = json_array();

	for (guint i = 0; i < stored->problems->len; i++) {
		const MqProblem *problem = g_ptr_array_index(stored->problems, i);

		json_array_append_new(problems, json_pack("{s:o, s:s, s:o, s:b}", "part",
		                                          mq_json_text(problem->part), "code",
		                                          mq_problem_code_word(problem->code), "reason",
		                                          mq_json_text(problem->reason), "stored",
		                                          problem->stored));
	}
	return problems;
}

static json_t *
provenance_document(const MqStoredReport *stored)
{
	json_t *provenance = json_array();

	for (guint i = 0; i < stored->provenance->len; i++) {
		const MqProvenance *p = g_ptr_array_index(stored->provenance, i);

		json_array_append_new(provenance,
		                      json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "message",
		                                mq_json_text(p->message_name), "part", mq_json_text(p->part),
		                                "message_id", mq_json_text(p->message_id), "from",
		                                mq_json_text(p->message_from), "authentication",
		                                mq_json_text(p->authentication), "sha256",
		                                mq_json_text(p->message_sha256), "ingested",
		                                mq_json_time(p->ingested_s)));
	}
	return provenance;
}

void
mq_document_add_report(json_t *document, const MqStoredReport *stored)
{
	const MqReport *report = stored->report;

	json_object_set_new(document, "id", json_integer(stored->id));
	json_object_set_new(document, "type", mq_json_word(&mq_words_type, report->type));
	json_object_set_new(document, "reporter", mq_json_text(report->reporter));
	json_object_set_new(document, "email", mq_json_text(report->email));
	json_object_set_new(document, "extra_contact", mq_json_text(report->extra_contact));
	json_object_set_new(document, "report_id", mq_json_text(report->report_id));
	json_object_set_new(document, "domain", mq_json_text(report->policy.domain));
	json_object_set_new(document, "begin", mq_json_time(report->begin_s));
	json_object_set_new(document, "end", mq_json_time(report->end_s));
	json_object_set_new(document, "errors", mq_json_texts(report->errors));
	json_object_set_new(document, "generator", mq_json_text(report->generator));
	json_object_set_new(document, "dialect", mq_json_word(&mq_words_dialect, report->dialect));
	json_object_set_new(document, "variant", json_boolean(stored->is_variant));
	json_object_set_new(document, "suspicion", mq_json_text(stored->trust));
	json_object_set_new(document, "problems", problems_document(stored));
	json_object_set_new(document, "provenance", provenance_document(stored));
	switch (report->type) {
	case MQ_TYPE_AGGREGATE:
		json_object_set_new(document, "policy_published", policy_document(&report->policy));
		break;
	case MQ_TYPE_FAILURE:
		if (report->failure != NULL)
			add_failure(document, report->failure);
		break;
	case MQ_TYPE_TLS:
		json_object_set_new(document, "policies", tls_document(stored));
		break;
	case MQ_TYPE_ABSENT:
	case MQ_TYPE_N:
		break;
	}
}

json_t *
mq_document_report_row(const MqReportRow *row)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:o}",
	                 "id", (json_int_t)row->id,
	                 "type", mq_json_word(&mq_words_type, row->type),
	                 "reporter", mq_json_text(row->reporter),
	                 "report_id", mq_json_text(row->report_id),
	                 "domain", mq_json_text(row->domain),
	                 "begin", mq_json_time(row->begin_s),
	                 "end", mq_json_time(row->end_s),
	                 "dialect", mq_json_word(&mq_words_dialect, row->dialect),
	                 "records", (json_int_t)row->n_records,
	                 "messages", (json_int_t)row->n_messages,
	                 "variant", row->is_variant,
	                 "suspicion", mq_json_text(row->trust));
}

/* "news.example/s1 pass" */
static json_t *
auth_text(const json_t *results, const char *second)
{
	json_t *texts = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach(results, i, item) {
		const char *domain = json_string_value(json_object_get(item, "domain"));
		const char *detail = json_string_value(json_object_get(item, second));
		const char *result = json_string_value(json_object_get(item, "result"));
		g_autofree char *text = g_strdup_printf("%s%s%s %s", domain != NULL ? domain : "?",
		                                        detail != NULL ? "/" : "", detail != NULL ? detail : "",
		                                        result != NULL ? result : "?");

		json_array_append_new(texts, json_string(text));
	}
	return texts;
}

static json_t *
reason_texts(const json_t *reasons)
{
	json_t *texts = json_array();
	const json_t *reason;
	size_t i;

	json_array_foreach(reasons, i, reason) {
		const char *type = json_string_value(json_object_get(reason, "type"));
		const char *comment = json_string_value(json_object_get(reason, "comment"));
		g_autofree char *text = g_strdup_printf("%s%s%s%s", type != NULL ? type : "?",
		                                        comment != NULL ? " (" : "", comment != NULL ? comment : "",
		                                        comment != NULL ? ")" : "");

		json_array_append_new(texts, json_string(text));
	}
	return texts;
}

json_t *
mq_document_flat_record(const json_t *record)
{
	json_t *flat = json_copy((json_t *)record); /* shallow; it only counts references */
	const json_t *auth = json_object_get(record, "auth");

	json_object_set_new(flat, "auth_dkim", auth_text(json_object_get(auth, "dkim"), "selector"));
	json_object_set_new(flat, "auth_spf", auth_text(json_object_get(auth, "spf"), "scope"));
	json_object_set_new(flat, "reasons", reason_texts(json_object_get(record, "reasons")));
	return flat;
}
