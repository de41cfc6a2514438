#include "cli/dashboard.h"

#include <string.h>

#include "analyze/check_domains.h"
#include "cli/digests.h"
#include "cli/dns_document.h"
#include "cli/tls_document.h"
#include "ingest/domain.h"

#define MAX_SOURCES   300 /* of a domain; who wants more asks marque senders --by source */
#define MAX_FILE_NAME 200

char *
mq_dashboard_path(const char *domain)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	g_autofree char *hash = NULL;

	if (*domain != '\0' && *domain != '.' && *domain != '-' && strlen(domain) <= MAX_FILE_NAME && domain[strspn(domain, safe)] == '\0')
		return g_strdup_printf("domain/%s.html", domain);
	hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, domain, -1);
	return g_strdup_printf("domain/-%.32s.html", hash);
}

/* ---------------------------------------------------------------------- who sends */

static json_t *
everybody(const MqSources *sources)
{
	json_t *rows = json_array();

	for (guint i = 0; i < sources->senders->len; i++) {
		const MqSenderGroup *sender = g_ptr_array_index(sources->senders, i);
		gint64 quarantined = 0;
		gint64 rejected = 0;

		for (guint k = 0; k < sender->sources->len; k++) {
			const MqSource *source = g_ptr_array_index(sender->sources, k);

			quarantined += source->quarantined;
			rejected += source->rejected;
		}
		json_array_append_new(rows, json_pack("{s:o, s:s, s:s*, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:o}",
		                                      "sender", mq_json_text(sender->name),
		                                      "verdict", mq_verdict_word(sender->verdict),
		                                      "why", mq_digest_cause(mq_cause_word(sender->cause)),
		                                      "messages", (json_int_t)sender->messages,
		                                      "dmarc_pass", (json_int_t)sender->dmarc_pass,
		                                      "dmarc_pass_share", mq_json_pass_share(sender->dmarc_pass, sender->messages, sender->unknown),
		                                      "failing", (json_int_t)sender->failing,
		                                      "dmarc_unknown", (json_int_t)sender->unknown,
		                                      "quarantined", (json_int_t)quarantined,
		                                      "rejected", (json_int_t)rejected,
		                                      "evidence", mq_json_texts(sender->evidence)));
	}
	return rows;
}

static json_t *
source_rows(const MqSources *sources)
{
	json_t *rows = json_array();

	for (guint i = 0; i < sources->sources->len && i < MAX_SOURCES; i++) {
		const MqSource *source = g_ptr_array_index(sources->sources, i);

		json_array_append_new(rows, json_pack("{s:o, s:o, s:o, s:s, s:s*, s:I, s:I, s:o, s:I, s:I, s:I, s:I}",
		                                      "ip", mq_json_text(source->text),
		                                      "ptr", mq_json_text(source->ptr),
		                                      "sender", mq_json_text(source->sender != NULL ? source->sender->name : NULL),
		                                      "verdict", mq_verdict_word(source->verdict),
		                                      "why", mq_digest_cause(mq_cause_word(source->cause)),
		                                      "messages", (json_int_t)source->messages,
		                                      "dmarc_pass", (json_int_t)source->dmarc_pass,
		                                      "dmarc_pass_share", mq_json_pass_share(source->dmarc_pass, source->messages, source->unknown),
		                                      "failing", (json_int_t)source->failing,
		                                      "dmarc_unknown", (json_int_t)source->unknown,
		                                      "quarantined", (json_int_t)source->quarantined,
		                                      "rejected", (json_int_t)source->rejected));
	}
	return rows;
}

/* ------------------------------------------------------------------------ posture */

/* Of a domain that was never checked all is unknown: that is said once, not for each check. */
static json_t *
findings_rows(const MqDashboard *dashboard, const char *domain)
{
	const MqFactsOptions options = { .now_s = dashboard->now_s };
	g_autoptr(GPtrArray) checks = g_ptr_array_new_with_free_func((GDestroyNotify)mq_domain_check_free);
	MqDomainCheck *check = mq_domain_check_new(domain, &options);
	json_t *rows = json_array();

	g_ptr_array_add(checks, check);
	mq_check_domains(checks, dashboard->resolver, NULL, NULL, NULL, NULL); /* what fails is unknown */
	for (guint i = 0; i < check->findings->list->len; i++) {
		const MqFinding *finding = g_ptr_array_index(check->findings->list, i);

		json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}",
		                                      "severity", mq_severity_word(finding->severity),
		                                      "title", finding->title,
		                                      "subject", mq_json_text(finding->subject),
		                                      "detail", mq_json_text(finding->detail),
		                                      "fix", mq_json_text(finding->fix),
		                                      "record", mq_json_text(finding->record)));
	}
	return rows;
}

/* --------------------------------------------------------------------- the domain */

static json_t *
year_of(const MqDashboard *dashboard, const char *domain, GError **error)
{
	MqFilter filter = MQ_FILTER_ALL;
	g_autoptr(GArray) days = NULL;
	g_autoptr(GArray) weeks = NULL;

	filter.domain = domain;
	filter.trusted_only = TRUE;
	filter.until_s = dashboard->period.until_s;
	filter.since_s = filter.until_s - MQ_DASHBOARD_DAYS * MQ_DAY_S;
	days = mq_trend_read(dashboard->store, &filter, error);
	if (days == NULL)
		return NULL;
	weeks = mq_trend_widen(days, 7);
	return mq_digest_points(weeks, weeks->len);
}

static gboolean
add_stored(const MqDashboard *dashboard, const char *domain, json_t *document, GError **error)
{
	MqFilter filter = MQ_FILTER_ALL;
	json_t *year = year_of(dashboard, domain, error);
	json_t *tls;
	json_t *dns;

	if (year == NULL)
		return FALSE;
	json_object_set_new(document, "year", year);
	filter.domain = domain;
	filter.trusted_only = TRUE;
	filter.until_s = dashboard->period.until_s;
	filter.since_s = filter.until_s - MQ_DEFAULT_WINDOW_DAYS * MQ_DAY_S;
	tls = mq_tls_document_rows(dashboard->store, &filter, error);
	if (tls == NULL)
		return FALSE;
	mq_tls_document_add_types(tls);
	json_object_set_new(document, "tls_rows", tls);
	dns = mq_dns_document_rows(dashboard->store, domain, NULL, error);
	if (dns == NULL)
		return FALSE;
	json_object_set_new(document, "dns", dns);
	json_object_set_new(document, "findings", json_array_size(dns) > 0 ? findings_rows(dashboard, domain) : json_array());
	return TRUE;
}

json_t *
mq_dashboard_domain(const MqDashboard *dashboard, const char *domain, GError **error)
{
	const MqSummaryAsk ask = { .services = dashboard->services, .resolver = dashboard->resolver,
		                   .goal = MQ_POLICY_REJECT, .now_s = dashboard->now_s, .is_page = TRUE };
	const char *const domains[] = { domain, NULL };
	g_autoptr(MqSummary) summary = mq_summary_make(dashboard->store, domains, &dashboard->period, &ask, error);
	g_autoptr(json_t) digest = NULL;
	g_autoptr(json_t) document = NULL;
	g_autofree char *page = mq_dashboard_path(domain);
	const MqDomainSummary *chapter;
	const MqDmarcRecord *record;

	if (summary == NULL)
		return NULL;
	chapter = g_ptr_array_index(summary->domains, 0);
	digest = mq_digest_document(summary);
	document = json_incref(json_array_get(json_object_get(digest, "domains"), 0));
	json_object_set_new(document, "page", mq_json_text(page));
	record = chapter->advice->discovery.record;
	json_object_set_new(document, "published", mq_json_text(record != NULL ? record->text : NULL));
	json_object_set_new(document, "policy", mq_json_word(&mq_words_policy, record != NULL ? record->p : 0));
	json_object_set_new(document, "everybody", everybody(chapter->advice->sources));
	json_object_set_new(document, "sources", source_rows(chapter->advice->sources));
	return add_stored(dashboard, domain, document, error) ? g_steal_pointer(&document) : NULL;
}
