#include "analyze/summary.h"

#include <string.h>

#include "analyze/headline.h"
#include "analyze/summary_senders.h"
#include "ingest/domain.h"

#define SILENT_REPORTS 2 /* a reporter that sent fewer in the period before may skip one */

/* What one domain's chapter is made of. */
typedef struct {
	MqStore *store;
	const MqPeriod *period;
	const MqSummaryAsk *ask;
	MqSummary *summary;
	MqDomainSummary *out;
	MqPolicyLog *policies;
} Gathering;

static void
failing_sender_free(gpointer data)
{
	MqFailingSender *failing = data;

	g_ptr_array_unref(failing->evidence);
	g_free(failing);
}

static void
domain_summary_free(gpointer data)
{
	MqDomainSummary *summary = data;

	g_free(summary->domain);
	g_free(summary->headline);
	g_ptr_array_unref(summary->changes);
	g_ptr_array_unref(summary->failing);
	g_array_unref(summary->threat.origins);
	g_array_unref(summary->forwarded.origins);
	mq_sources_free(summary->longer);
	mq_advice_free(summary->advice);
	g_clear_pointer(&summary->days, g_array_unref);
	g_free(summary);
}

void
mq_summary_free(MqSummary *summary)
{
	if (summary == NULL)
		return;
	g_ptr_array_unref(summary->domains);
	g_free(summary->dns_problem);
	g_free(summary);
}

static MqDomainSummary *
domain_summary_new(const char *domain)
{
	MqDomainSummary *summary = g_new0(MqDomainSummary, 1);

	summary->domain = g_strdup(domain);
	summary->changes = g_ptr_array_new_with_free_func((GDestroyNotify)mq_change_free);
	summary->failing = g_ptr_array_new_with_free_func(failing_sender_free);
	summary->threat.origins = g_array_new(FALSE, FALSE, sizeof(MqSummaryOrigin));
	summary->forwarded.origins = g_array_new(FALSE, FALSE, sizeof(MqSummaryOrigin));
	return summary;
}

/* ----------------------------------------------------------------- the advice */

/* MqFlowFunc */
static gboolean
log_policy(gpointer ctx, const MqFlow *flow, GError **error)
{
	const Gathering *gathering = ctx;

	(void)error;
	if (flow->day_s >= gathering->period->previous_since_s)
		mq_policy_log_add(gathering->policies, flow);
	return TRUE;
}

static void
count_periods(MqSources *sources, const MqPeriod *period)
{
	sources->period_since_s = period->since_s;
	sources->previous_since_s = period->previous_since_s;
}

/* DNS that was not reached once is not asked again: each domain would wait for it. */
static void
consult(Gathering *gathering, MqAnswers *answers)
{
	g_autoptr(GError) error = NULL;
	MqSummary *summary = gathering->summary;
	MqResolver *resolver = summary->dns_problem == NULL ? gathering->ask->resolver : NULL;

	if (!mq_advice_consult(gathering->out->advice, answers, resolver, &error) && summary->dns_problem == NULL)
		summary->dns_problem = g_strdup(error->message);
}

/* MqFlowFunc */
static gboolean
take_longer(gpointer ctx, const MqFlow *flow, GError **error)
{
	const Gathering *gathering = ctx;

	return log_policy(ctx, flow, error) && mq_sources_take(gathering->out->longer, flow, error);
}

/* Both periods are longer than what the advice looks at: their senders by the same answers and rules. */
static gboolean
read_longer(Gathering *gathering, MqAnswers *answers, GError **error)
{
	MqDomainSummary *out = gathering->out;
	MqFilter filter = MQ_FILTER_ALL;

	filter.domain = out->domain;
	filter.trusted_only = TRUE;
	filter.since_s = gathering->period->previous_since_s;
	filter.until_s = gathering->period->until_s;
	out->longer = mq_sources_new(out->domain, gathering->ask->services);
	out->longer->geo = gathering->ask->geo;
	count_periods(out->longer, gathering->period);
	if (!mq_store_flows(gathering->store, &filter, take_longer, gathering, error))
		return FALSE;
	/* that DNS cannot be reached is known since the advice */
	while (!mq_sources_settle(out->longer, answers, out->advice->discovery.record))
		if (gathering->summary->dns_problem != NULL || !mq_resolver_fill(gathering->ask->resolver, answers, NULL))
			mq_answers_give_up(answers, ~0u, "DNS cannot be reached");
	mq_sources_name(out->longer);
	mq_verdicts_judge(out->longer, out->advice->labels);
	return TRUE;
}

static gboolean
advise(Gathering *gathering, GError **error)
{
	const MqPeriod *period = gathering->period;
	const MqSummaryAsk *ask = gathering->ask;
	MqDomainSummary *out = gathering->out;
	gint64 since_s = MIN(period->until_s - MQ_SUMMARY_DAYS * MQ_DAY_S, period->since_s);
	g_autoptr(MqAnswers) answers = mq_answers_new();

	mq_answers_limit_wait(answers, ask->wait_us);
	out->advice = mq_advice_new(out->domain, ask->services, since_s, period->until_s, ask->goal);
	out->advice->need = ask->need;
	out->advice->sources->geo = ask->geo;
	count_periods(out->advice->sources, period);
	if (!mq_advice_read(out->advice, gathering->store, log_policy, gathering, error))
		return FALSE;
	consult(gathering, answers);
	if (since_s > period->previous_since_s && !read_longer(gathering, answers, error))
		return FALSE;
	out->sources = out->longer != NULL ? out->longer : out->advice->sources;
	return !ask->keeps || mq_dns_stored_keep(gathering->store, out->domain, answers, ask->now_s, error);
}

/* -------------------------------------------------------------- other reports */

static gboolean
take_totals(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	MqTotals *out = ctx;

	(void)key;
	(void)error;
	*out = *totals;
	return TRUE;
}

static gboolean
count_failure(gpointer ctx, const MqReportRow *row, GError **error)
{
	MqDomainSummary *out = ctx;

	(void)error;
	if (mq_feedback_is_complaint(row->feedback_type))
		out->complaints++;
	else
		out->failures++;
	return TRUE;
}

static gboolean
take_tls(gpointer ctx, const MqStoredReport *stored, GError **error)
{
	MqDomainSummary *out = ctx;

	(void)error;
	for (guint i = 0; stored->report->tls != NULL && i < stored->report->tls->len; i++) {
		const MqTlsPolicy *policy = g_ptr_array_index(stored->report->tls, i);

		out->tls_ok += MAX(policy->sessions_ok, 0);
		out->tls_failed += MAX(policy->sessions_failed, 0);
	}
	return TRUE;
}

static gboolean
ask_other_reports(MqStore *store, const MqFilter *now, MqDomainSummary *out, GError **error)
{
	MqFilter failures = *now;
	MqFilter tls = *now;

	failures.type = MQ_TYPE_FAILURE;
	tls.type = MQ_TYPE_TLS;
	return mq_store_reports(store, &failures, count_failure, out, error)
	       && mq_store_each_report(store, &tls, take_tls, out, error)
	       && mq_store_count_suspicious(store, now, &out->suspicious_reports, error);
}

typedef struct {
	GHashTable *reporters; /* of the period: names */
	GPtrArray *changes;
} Silence;

static gboolean
take_reporter(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	Silence *silence = ctx;

	(void)totals;
	(void)error;
	if (key != NULL) /* a report need not say who it is from */
		g_hash_table_add(silence->reporters, g_strdup(key));
	return TRUE;
}

static gboolean
compare_reporter(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	Silence *silence = ctx;

	(void)error;
	if (key != NULL && totals->reports >= SILENT_REPORTS && !g_hash_table_contains(silence->reporters, key))
		mq_changes_add(silence->changes, "reporter-silent", totals->last_s, key, FALSE,
		               "no report in this period, %" G_GINT64_FORMAT " in the one before", totals->reports);
	return TRUE;
}

/* Where nobody reported at all, it is not the reporters that fell silent: the headline says it. */
static gboolean
ask_reporters(MqStore *store, const MqFilter *now, const MqFilter *before, MqDomainSummary *out, GError **error)
{
	g_autoptr(GHashTable) reporters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Silence silence = { reporters, out->changes };

	if (!mq_store_reporters(store, now, take_reporter, &silence, error))
		return FALSE;
	return g_hash_table_size(reporters) == 0
	       || mq_store_reporters(store, before, compare_reporter, &silence, error);
}

static gboolean
ask_trend(MqStore *store, const MqFilter *now, MqDomainSummary *out, GError **error)
{
	MqFilter weeks = *now;

	weeks.since_s = now->until_s - MQ_SUMMARY_TREND_DAYS * MQ_DAY_S;
	out->days = mq_trend_read(store, &weeks, error);
	return out->days != NULL;
}

static gboolean
gather(Gathering *gathering, const MqFilter *now, const MqFilter *before, GError **error)
{
	const MqPeriod *period = gathering->period;
	MqDomainSummary *out = gathering->out;
	MqStore *store = gathering->store;

	if (!mq_store_totals(store, now, MQ_BY_NOTHING, take_totals, &out->now, error)
	    || !mq_store_totals(store, before, MQ_BY_NOTHING, take_totals, &out->before, error) || !advise(gathering, error))
		return FALSE;
	mq_changes_of_senders(out->changes, out->sources->senders, period->previous_since_s, period->since_s, period->until_s);
	mq_changes_of_policy(out->changes, gathering->policies);
	if (!mq_dns_stored_changes(store, out->domain, period->since_s, period->until_s, out->changes, error)
	    || !ask_reporters(store, now, before, out, error) || !ask_other_reports(store, now, out, error)
	    || !ask_trend(store, now, out, error))
		return FALSE;
	mq_changes_sort(out->changes);
	mq_summary_list_senders(out, period);
	mq_headline_make(out);
	return TRUE;
}

static gboolean
summarize_domain(MqStore *store, MqSummary *summary, const MqSummaryAsk *ask, MqDomainSummary *out, GError **error)
{
	g_autoptr(MqPolicyLog) policies = mq_policy_log_new();
	Gathering gathering = { store, &summary->period, ask, summary, out, policies };
	MqFilter now = MQ_FILTER_ALL;
	MqFilter before;

	now.domain = out->domain;
	now.trusted_only = TRUE;
	now.since_s = summary->period.since_s;
	now.until_s = summary->period.until_s;
	before = now;
	before.since_s = summary->period.previous_since_s;
	before.until_s = summary->period.since_s;
	return gather(&gathering, &now, &before, error);
}

/* ---------------------------------------------------------------- all domains */

static gboolean
take_domain(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	(void)totals;
	(void)error;
	if (key != NULL && *key != '\0')
		g_ptr_array_add(ctx, g_strdup(key));
	return TRUE;
}

/* Whether another of @domains is above it; a public suffix (one label) is above nothing. */
static gboolean
is_below_another(GHashTable *domains, const char *domain)
{
	for (const char *parent = mq_domain_parent(domain); parent != NULL; parent = mq_domain_parent(parent))
		if (mq_domain_labels(parent) > 1 && g_hash_table_contains(domains, parent))
			return TRUE;
	return FALSE;
}

/* A policy may be published at a subdomain, too; a person wants one chapter for all of it. */
static GPtrArray *
topmost(const GPtrArray *names)
{
	GPtrArray *top = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) set = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < names->len; i++)
		g_hash_table_add(set, g_ptr_array_index(names, i));
	for (guint i = 0; i < names->len; i++)
		if (!is_below_another(set, g_ptr_array_index(names, i)))
			g_ptr_array_add(top, g_strdup(g_ptr_array_index(names, i)));
	return top;
}

GPtrArray *
mq_summary_domains(MqStore *store, gint64 since_s, gint64 until_s, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	MqFilter filter = MQ_FILTER_ALL;

	filter.since_s = since_s;
	filter.until_s = until_s;
	filter.trusted_only = TRUE;
	if (!mq_store_policy_domains(store, &filter, take_domain, names, error))
		return NULL;
	return topmost(names);
}

static GPtrArray *
choose_domains(MqStore *store, const char *const *domains, const MqPeriod *period, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	if (domains[0] == NULL)
		return mq_summary_domains(store, period->previous_since_s, period->until_s, error);
	for (gsize i = 0; domains[i] != NULL; i++)
		g_ptr_array_add(names, g_strdup(domains[i]));
	return g_steal_pointer(&names);
}

static int
compare_domains(gconstpointer left, gconstpointer right)
{
	const MqDomainSummary *a = *(const MqDomainSummary *const *)left;
	const MqDomainSummary *b = *(const MqDomainSummary *const *)right;

	if (a->needs_person != b->needs_person)
		return a->needs_person ? -1 : 1;
	if (a->now.messages != b->now.messages)
		return a->now.messages > b->now.messages ? -1 : 1;
	return strcmp(a->domain, b->domain);
}

MqSummary *
mq_summary_make(MqStore *store, const char *const *domains, const MqPeriod *period, const MqSummaryAsk *ask, GError **error)
{
	g_autoptr(MqSummary) summary = g_new0(MqSummary, 1);
	g_autoptr(GPtrArray) names = choose_domains(store, domains, period, error);

	summary->period = *period;
	summary->domains = g_ptr_array_new_with_free_func(domain_summary_free);
	if (names == NULL
	    || (!ask->is_page && !mq_store_count_failed(store, &summary->failed_messages, error)))
		return NULL;
	for (guint i = 0; i < names->len; i++) {
		MqDomainSummary *domain = domain_summary_new(g_ptr_array_index(names, i));

		g_ptr_array_add(summary->domains, domain);
		if (!summarize_domain(store, summary, ask, domain, error))
			return NULL;
	}
	g_ptr_array_sort(summary->domains, compare_domains);
	return g_steal_pointer(&summary);
}
