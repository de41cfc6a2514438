#include "cli/digests.h"

#include <string.h>

#define ADDRESS_OF(name) &mq_digest_##name,
static const MqDigest *const digests[] = { MQ_DIGESTS(ADDRESS_OF) };

const MqDigest *
mq_digest_find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(digests); i++)
		if (strcmp(digests[i]->name, name) == 0)
			return digests[i];
	return NULL;
}

static json_t *
change_document(const MqChange *change)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:b}", "id", change->id, "since", mq_json_time(change->since_s),
	                 "subject", mq_json_text(change->subject), "detail", mq_json_text(change->detail),
	                 "needs_person", change->needs_person);
}

static json_t *
failing_document(const MqFailingSender *failing)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:b, s:o, s:o}",
	                 "sender", mq_json_text(failing->sender),
	                 "messages", (json_int_t)failing->messages,
	                 "dmarc_pass", (json_int_t)failing->dmarc_pass,
	                 "failing", (json_int_t)(failing->messages - failing->dmarc_pass),
	                 "dmarc_pass_share", mq_json_share(failing->dmarc_pass, failing->messages),
	                 "since", mq_json_time(failing->since_s),
	                 "previous_messages", (json_int_t)failing->previous_messages,
	                 "previous_dmarc_pass", (json_int_t)failing->previous_dmarc_pass,
	                 "some_pass", failing->proved,
	                 "domains", mq_json_texts(failing->domains),
	                 "evidence", mq_json_texts(failing->evidence));
}

static json_t *
dispositions_document(const MqDomainSummary *summary)
{
	json_t *dispositions = json_object();

	for (guint i = 1; i < MQ_DISPOSITION_N; i++)
		json_object_set_new(dispositions, mq_word(&mq_words_disposition, i),
		                    json_integer(summary->dispositions[i]));
	json_object_set_new(dispositions, "unknown", json_integer(summary->dispositions[MQ_DISPOSITION_ABSENT]));
	return dispositions;
}

static json_t *
senders_document(const MqDomainSummary *summary)
{
	const GPtrArray *list = mq_senders_list(summary->senders);
	json_t *senders = json_array();

	for (guint i = 0; i < list->len && i < MQ_SUMMARY_SENDERS; i++) {
		const MqSender *sender = g_ptr_array_index(list, i);
		json_t *domains = json_array();

		for (guint j = 0; j < sender->domains->len; j++) {
			const MqSenderDomain *domain = g_ptr_array_index(sender->domains, j);

			json_array_append_new(domains, mq_json_text(domain->domain));
		}
		json_array_append_new(
		        senders, json_pack("{s:o, s:I, s:o, s:o}", "sender", mq_json_text(sender->key), "messages",
		                           (json_int_t)sender->totals.messages, "dmarc_pass_share",
		                           mq_json_share(sender->totals.dmarc_pass, sender->totals.messages),
		                           "domains", domains));
	}
	return senders;
}

static json_t *
domain_document(const MqDomainSummary *summary)
{
	json_t *changes = json_array();
	json_t *failing = json_array();
	const MqTotals *now = &summary->now;
	const MqTotals *before = &summary->before;
	/* for people: of no mail there is no share, not even 0 */
	json_t *previous = before->messages > 0 ? mq_json_share(before->dmarc_pass, before->messages) : json_null();

	for (guint i = 0; i < summary->changes->len; i++)
		json_array_append_new(changes, change_document(g_ptr_array_index(summary->changes, i)));
	for (guint i = 0; i < summary->failing->len; i++)
		json_array_append_new(failing, failing_document(g_ptr_array_index(summary->failing, i)));
	return json_pack("{s:o, s:o, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:I, s:{s:I, s:I}, s:I,"
	                 " s:I, s:I, s:n}",
	                 "domain", mq_json_text(summary->domain),
	                 "headline", mq_json_text(summary->headline),
	                 "needs_person", summary->needs_person,
	                 "messages", (json_int_t)now->messages,
	                 "previous_messages", (json_int_t)before->messages,
	                 "dmarc_pass_share", mq_json_share(now->dmarc_pass, now->messages),
	                 "previous_dmarc_pass_share", mq_json_share(before->dmarc_pass, before->messages),
	                 "previous_pass", previous,
	                 "dispositions", dispositions_document(summary),
	                 "changes", changes,
	                 "failing_senders", failing,
	                 "other_failing_senders", (json_int_t)summary->failing_others,
	                 "other_failing_messages", (json_int_t)summary->failing_others_messages,
	                 "senders", senders_document(summary),
	                 "failures", (json_int_t)summary->failures, "tls",
	                 "sessions_ok", (json_int_t)summary->tls_ok,
	                 "sessions_failed", (json_int_t)summary->tls_failed,
	                 "reports", (json_int_t)now->reports,
	                 "reporters", (json_int_t)now->reporters,
	                 "suspicious_reports_left_out", (json_int_t)summary->suspicious_reports,
	                 "move");
}

json_t *
mq_digest_document(const MqSummary *summary)
{
	json_t *document = mq_document_new("summary");
	json_t *domains = json_array();

	json_object_set_new(document, "period",
	                    json_pack("{s:o, s:o, s:o}", "since", mq_json_time(summary->period.since_s), "until",
	                              mq_json_time(summary->period.until_s), "previous_since",
	                              mq_json_time(summary->period.previous_since_s)));
	for (guint i = 0; i < summary->domains->len; i++)
		json_array_append_new(domains, domain_document(g_ptr_array_index(summary->domains, i)));
	json_object_set_new(document, "domains", domains);
	json_object_set_new(document, "failed_messages", json_integer(summary->failed_messages));
	return document;
}
