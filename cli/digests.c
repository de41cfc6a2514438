#include "cli/digests.h"

#include <string.h>

#include "cli/advice_document.h"

#define SHOWN_DAYS 28

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

/* (transfer full) */
static json_t *
proved_document(const MqSenderGroup *sender)
{
	g_autoptr(GArray) proved = mq_sender_proved(sender);
	json_t *names = json_array();

	for (guint i = 0; i < proved->len; i++)
		json_array_append_new(names, mq_json_text(g_array_index(proved, MqProvedDomain, i).domain));
	return names;
}

static json_t *
failing_document(const MqDomainSummary *summary, const MqFailingSender *failing)
{
	const MqSenderGroup *sender = failing->sender;
	const MqSenderPeriod *now = &failing->now;

	return json_pack("{s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:b, s:o, s:o, s:o}",
	                 "sender", mq_json_text(sender->name),
	                 "verdict", mq_verdict_word(sender->verdict),
	                 "cause", mq_json_text(mq_cause_word(sender->cause)),
	                 "messages", (json_int_t)now->messages,
	                 "dmarc_pass", (json_int_t)now->passed,
	                 "dmarc_unknown", (json_int_t)now->unknown,
	                 "failing", (json_int_t)(now->messages - now->passed - now->unknown),
	                 "dmarc_pass_share", mq_json_pass_share(now->passed, now->messages, now->unknown),
	                 "since", mq_json_time(failing->since_s),
	                 "previous_messages", (json_int_t)failing->before.messages,
	                 "previous_dmarc_pass", (json_int_t)failing->before.passed,
	                 "some_pass", now->passed > 0,
	                 "domains", proved_document(sender),
	                 "evidence", mq_json_texts(failing->evidence),
	                 "actions", mq_advice_actions_document(summary->advice, sender->name));
}

/* Forged or forwarded mail, and where it came from. */
static json_t *
origins_document(const MqSummaryOrigins *all)
{
	json_t *from = json_array();

	for (guint i = 0; i < all->origins->len; i++) {
		const MqSummaryOrigin *one = &g_array_index(all->origins, MqSummaryOrigin, i);

		json_array_append_new(from, json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}",
		                                      "sender", mq_json_text(one->sender->name),
		                                      "messages", (json_int_t)one->messages,
		                                      "previous_messages", (json_int_t)one->previous_messages,
		                                      "failing", (json_int_t)one->failing,
		                                      "blocked", (json_int_t)one->blocked,
		                                      "sources", (json_int_t)one->sources));
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I}",
	                 "messages", (json_int_t)all->messages,
	                 "previous_messages", (json_int_t)all->previous_messages,
	                 "failing", (json_int_t)all->failing,
	                 "blocked", (json_int_t)all->blocked,
	                 "sources", (json_int_t)all->sources,
	                 "from", from,
	                 "more", (json_int_t)all->more_origins);
}

static json_t *
dispositions_document(const MqDomainSummary *summary)
{
	const gint64 *counts = summary->sources->dispositions;
	json_t *dispositions = json_object();

	for (guint i = 1; i < MQ_DISPOSITION_N; i++)
		json_object_set_new(dispositions, mq_word(&mq_words_disposition, i), json_integer(counts[i]));
	json_object_set_new(dispositions, "unknown", json_integer(counts[MQ_DISPOSITION_ABSENT]));
	return dispositions;
}

typedef struct {
	const MqSenderGroup *sender;
	MqSenderPeriod now;
} Ranked;

static int
compare_ranked(gconstpointer left, gconstpointer right)
{
	const Ranked *a = left;
	const Ranked *b = right;

	if (a->now.messages != b->now.messages)
		return a->now.messages > b->now.messages ? -1 : 1;
	return strcmp(a->now.name, b->now.name);
}

typedef struct {
	gint64 quarantined, rejected;
} Blocked;

/* In the period. */
static Blocked
blocked_of(const MqSenderGroup *sender)
{
	Blocked blocked = { 0 };

	for (guint i = 0; i < sender->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sender->sources, i);

		for (guint k = 0; k < source->streams->len; k++) {
			const MqStream *stream = g_ptr_array_index(source->streams, k);

			blocked.quarantined += stream->quarantined_in_period;
			blocked.rejected += stream->rejected_in_period;
		}
	}
	return blocked;
}

/* Those with most mail in the period. */
static json_t *
senders_document(const MqSummary *summary, const MqDomainSummary *domain)
{
	const GPtrArray *all = domain->sources->senders;
	g_autoptr(GArray) ranked = g_array_new(FALSE, FALSE, sizeof(Ranked));
	json_t *senders = json_array();

	for (guint i = 0; i < all->len; i++) {
		const MqSenderGroup *sender = g_ptr_array_index(all, i);
		MqSenderPeriod now = mq_sender_period(sender, summary->period.since_s, summary->period.until_s);

		if (now.messages > 0)
			g_array_append_vals(ranked, &(Ranked){ sender, now }, 1);
	}
	g_array_sort(ranked, compare_ranked);
	for (guint i = 0; i < ranked->len && i < MQ_SUMMARY_SENDERS; i++) {
		const Ranked *one = &g_array_index(ranked, Ranked, i);
		Blocked blocked = blocked_of(one->sender);

		json_array_append_new(senders, json_pack("{s:o, s:s, s:o, s:I, s:I, s:o, s:I, s:I, s:I, s:o}",
		                                         "sender", mq_json_text(one->now.name),
		                                         "verdict", mq_verdict_word(one->sender->verdict),
		                                         "cause", mq_json_text(mq_cause_word(one->sender->cause)),
		                                         "messages", (json_int_t)one->now.messages,
		                                         "dmarc_pass", (json_int_t)one->now.passed,
		                                         "dmarc_pass_share", mq_json_pass_share(one->now.passed, one->now.messages, one->now.unknown),
		                                         "dmarc_unknown", (json_int_t)one->now.unknown,
		                                         "quarantined", (json_int_t)blocked.quarantined,
		                                         "rejected", (json_int_t)blocked.rejected,
		                                         "domains", proved_document(one->sender)));
	}
	return senders;
}

json_t *
mq_digest_points(const GArray *points, guint n)
{
	json_t *out = json_array();

	for (guint i = points->len > n ? points->len - n : 0; i < points->len; i++) {
		const MqTrendPoint *point = &g_array_index(points, MqTrendPoint, i);

		json_array_append_new(out, json_pack("{s:o, s:I, s:I, s:o, s:I, s:I, s:I}", "since", mq_json_time(point->since_s),
		                                     "messages", (json_int_t)point->messages,
		                                     "dmarc_pass", (json_int_t)point->dmarc_pass,
		                                     "dmarc_pass_share", mq_json_pass_share(point->dmarc_pass, point->messages, point->dmarc_unknown),
		                                     "dmarc_unknown", (json_int_t)point->dmarc_unknown,
		                                     "quarantined", (json_int_t)point->quarantined,
		                                     "rejected", (json_int_t)point->rejected));
	}
	return out;
}

static void
add_trend(json_t *document, const GArray *days)
{
	g_autoptr(GArray) weeks = mq_trend_widen(days, 7);

	json_object_set_new(document, "days", mq_digest_points(days, SHOWN_DAYS));
	json_object_set_new(document, "weeks", mq_digest_points(weeks, weeks->len));
}

static json_t *
domain_document(const MqSummary *all, const MqDomainSummary *summary)
{
	json_t *changes = json_array();
	json_t *failing = json_array();
	const MqTotals *now = &summary->now;
	const MqTotals *before = &summary->before;
	gint64 known_before = before->messages - before->dmarc_unknown;
	/* of no mail there is no share, not even 0 */
	json_t *previous = known_before > 0 ? mq_json_share(before->dmarc_pass, known_before) : json_null();
	json_t *document;

	for (guint i = 0; i < summary->changes->len; i++)
		json_array_append_new(changes, change_document(g_ptr_array_index(summary->changes, i)));
	for (guint i = 0; i < summary->failing->len; i++)
		json_array_append_new(failing, failing_document(summary, g_ptr_array_index(summary->failing, i)));
	document = json_pack("{s:o, s:o, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:I,"
	                 " s:{s:I, s:I}, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
	                 "domain", mq_json_text(summary->domain),
	                 "headline", mq_json_text(summary->headline),
	                 "needs_person", summary->needs_person,
	                 "messages", (json_int_t)now->messages,
	                 "previous_messages", (json_int_t)before->messages,
	                 "dmarc_pass_share", mq_json_pass_share(now->dmarc_pass, now->messages, now->dmarc_unknown),
	                 "previous_dmarc_pass_share", json_incref(previous),
	                 "previous_pass", previous,
	                 "dispositions", dispositions_document(summary),
	                 "changes", changes,
	                 "failing_senders", failing,
	                 "other_failing_senders", (json_int_t)summary->failing_others,
	                 "other_failing_messages", (json_int_t)summary->failing_others_messages,
	                 "senders", senders_document(all, summary),
	                 "threat", origins_document(&summary->threat),
	                 "forwarded", origins_document(&summary->forwarded),
	                 "failures", (json_int_t)summary->failures,
	                 "complaints", (json_int_t)summary->complaints, "tls",
	                 "sessions_ok", (json_int_t)summary->tls_ok,
	                 "sessions_failed", (json_int_t)summary->tls_failed,
	                 "reports", (json_int_t)now->reports,
	                 "reporters", (json_int_t)now->reporters,
	                 "suspicious_reports_left_out", (json_int_t)summary->suspicious_reports,
	                 "move", mq_advice_move_document(summary->advice),
	                 "problem", mq_json_text(summary->advice->problem),
	                 "gates", mq_advice_gates_document(summary->advice),
	                 "actions", mq_advice_actions_document(summary->advice, NULL));
	json_object_set_new(document, "dmarc_pass", json_integer(now->dmarc_pass));
	json_object_set_new(document, "dmarc_unknown", json_integer(now->dmarc_unknown));
	json_object_set_new(document, "open_actions", json_integer(summary->open_actions));
	add_trend(document, summary->days);
	return document;
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
		json_array_append_new(domains, domain_document(summary, g_ptr_array_index(summary->domains, i)));
	json_object_set_new(document, "domains", domains);
	json_object_set_new(document, "dns_problem", mq_json_text(summary->dns_problem));
	json_object_set_new(document, "failed_messages", json_integer(summary->failed_messages));
	return document;
}
