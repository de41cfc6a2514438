#include "analyze/summary.h"

#include <string.h>

#include "ingest/domain.h"

#define EXPLAINED_SENDERS 2000 /* whose failures are looked into; more would not be read */
#define PHRASES           50   /* of one sender */
#define KEPT_PHRASES      4
#define SILENT_REPORTS    2    /* a reporter that sent fewer in the period before may skip one */

/* What reports say of the mail of one sender that fails: phrase to messages. */
typedef struct {
	GHashTable *phrases;
	gint64 messages;
} Failures;

/* Everything that one pass over the flows of a domain gathers. */
typedef struct {
	const MqPeriod *period;
	MqDomainSummary *out;
	MqSenders *before;
	MqPolicyLog *policies;
	GHashTable *failures; /* sender's key to Failures */
} Gathering;

static void
failures_free(gpointer data)
{
	Failures *failures = data;

	g_hash_table_unref(failures->phrases);
	g_free(failures);
}

static void
failing_sender_free(gpointer data)
{
	MqFailingSender *failing = data;

	g_free(failing->sender);
	g_ptr_array_unref(failing->domains);
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
	mq_senders_free(summary->senders);
	g_free(summary);
}

void
mq_summary_free(MqSummary *summary)
{
	if (summary == NULL)
		return;
	g_ptr_array_unref(summary->domains);
	g_free(summary);
}

static MqDomainSummary *
domain_summary_new(const char *domain)
{
	MqDomainSummary *summary = g_new0(MqDomainSummary, 1);

	summary->domain = g_strdup(domain);
	summary->changes = g_ptr_array_new_with_free_func((GDestroyNotify)mq_change_free);
	summary->failing = g_ptr_array_new_with_free_func(failing_sender_free);
	summary->senders = mq_senders_new();
	return summary;
}

/* -------------------------------------------------- why a sender's mail fails */

static void
count_phrase(Failures *failures, gint64 messages, char *phrase)
{
	g_autofree char *owned = phrase;
	gint64 *n = g_hash_table_lookup(failures->phrases, phrase);

	if (n != NULL) {
		*n += messages;
	} else if (g_hash_table_size(failures->phrases) < PHRASES) {
		n = g_new(gint64, 1);
		*n = messages;
		g_hash_table_insert(failures->phrases, g_steal_pointer(&owned), n);
	}
}

static const char *
or_unnamed(const char *domain)
{
	return domain != NULL && *domain != '\0' ? domain : "(no domain)";
}

static void
explain_dkim(Failures *failures, const MqFlow *flow)
{
	if (flow->n_auth_dkim == 0)
		count_phrase(failures, flow->messages, g_strdup("not signed with DKIM"));
	for (guint i = 0; i < flow->n_auth_dkim; i++) {
		const MqDkimResult *dkim = &flow->auth_dkim[i];
		const char *word = mq_word(&mq_words_result, dkim->result);

		if (dkim->result == MQ_RESULT_PASS)
			count_phrase(failures, flow->messages,
			             g_strdup_printf("signed as %s, which is not aligned with %s",
			                             or_unnamed(dkim->domain), or_unnamed(flow->header_from)));
		else
			count_phrase(failures, flow->messages,
			             g_strdup_printf("signed as %s, and the signature does not verify (%s)",
			                             or_unnamed(dkim->domain), word != NULL ? word : "no result"));
	}
}

static void
explain_spf(Failures *failures, const MqFlow *flow)
{
	for (guint i = 0; i < flow->n_auth_spf; i++) {
		const MqSpfResult *spf = &flow->auth_spf[i];
		const char *word = mq_word(&mq_words_result, spf->result);

		if (spf->result == MQ_RESULT_PASS)
			count_phrase(failures, flow->messages,
			             g_strdup_printf("SPF passes for %s, which is not aligned with %s",
			                             or_unnamed(spf->domain), or_unnamed(flow->header_from)));
		else
			count_phrase(failures, flow->messages,
			             g_strdup_printf("SPF of %s says %s", or_unnamed(spf->domain),
			                             word != NULL ? word : "nothing"));
	}
}

static void
explain(Gathering *gathering, const MqFlow *flow)
{
	g_autofree char *key = mq_identify(flow);
	Failures *failures = g_hash_table_lookup(gathering->failures, key);

	if (failures == NULL && g_hash_table_size(gathering->failures) >= EXPLAINED_SENDERS)
		return;
	if (failures == NULL) {
		failures = g_new0(Failures, 1);
		failures->phrases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		g_hash_table_insert(gathering->failures, g_steal_pointer(&key), failures);
	}
	failures->messages += flow->messages;
	explain_dkim(failures, flow);
	explain_spf(failures, flow);
	for (guint i = 0; i < flow->n_reasons; i++)
		if (flow->reasons[i].type == MQ_REASON_FORWARDED || flow->reasons[i].type == MQ_REASON_MAILING_LIST
		    || flow->reasons[i].type == MQ_REASON_TRUSTED_FORWARDER)
			count_phrase(failures, flow->messages, g_strdup("receivers take it for forwarded mail"));
}

typedef struct {
	const char *phrase;
	gint64 messages;
} Phrase;

static int
compare_phrases(gconstpointer left, gconstpointer right)
{
	const Phrase *a = left;
	const Phrase *b = right;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->phrase, b->phrase);
}

static GPtrArray *
evidence_of(const Failures *failures)
{
	GPtrArray *evidence = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) phrases = g_array_new(FALSE, FALSE, sizeof(Phrase));
	GHashTableIter iter;
	gpointer phrase;
	gpointer n;

	if (failures == NULL)
		return evidence;
	g_hash_table_iter_init(&iter, failures->phrases);
	while (g_hash_table_iter_next(&iter, &phrase, &n))
		g_array_append_vals(phrases, &(Phrase){ phrase, *(gint64 *)n }, 1);
	g_array_sort(phrases, compare_phrases);
	for (guint i = 0; i < phrases->len && i < KEPT_PHRASES; i++) {
		const Phrase *p = &g_array_index(phrases, Phrase, i);

		g_ptr_array_add(evidence, g_strdup_printf("%s (%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ")",
		                                          p->phrase, p->messages, failures->messages));
	}
	return evidence;
}

/* ----------------------------------------------------------- failing senders */

static gint64
failed_messages(const MqTotals *totals)
{
	return totals->messages - totals->dmarc_pass;
}

static int
compare_failing(gconstpointer left, gconstpointer right)
{
	const MqSender *a = *(const MqSender *const *)left;
	const MqSender *b = *(const MqSender *const *)right;
	gboolean a_proved = a->totals.dmarc_pass > 0;
	gboolean b_proved = b->totals.dmarc_pass > 0;

	if (a_proved != b_proved) /* the owner's own mail first: strangers fail as they should */
		return a_proved ? -1 : 1;
	if (failed_messages(&a->totals) != failed_messages(&b->totals))
		return failed_messages(&a->totals) > failed_messages(&b->totals) ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* The day that the changes say. */
static gint64
since_when(const GPtrArray *changes, const char *sender)
{
	for (guint i = 0; i < changes->len; i++) {
		const MqChange *change = g_ptr_array_index(changes, i);

		if (strcmp(change->subject, sender) == 0
		    && (strcmp(change->id, "sender-failing") == 0 || strcmp(change->id, "new-sender") == 0))
			return change->since_s;
	}
	return MQ_TIME_ABSENT;
}

static void
add_failing(Gathering *gathering, const MqSender *sender)
{
	MqDomainSummary *out = gathering->out;
	const MqSender *was = mq_senders_find(gathering->before, sender->key);
	MqFailingSender *failing = g_new0(MqFailingSender, 1);

	failing->sender = g_strdup(sender->key);
	failing->messages = sender->totals.messages;
	failing->dmarc_pass = sender->totals.dmarc_pass;
	failing->previous_messages = was != NULL ? was->totals.messages : 0;
	failing->previous_dmarc_pass = was != NULL ? was->totals.dmarc_pass : 0;
	failing->since_s = since_when(out->changes, sender->key);
	failing->proved = sender->totals.dmarc_pass > 0;
	failing->domains = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < sender->domains->len; i++) {
		const MqSenderDomain *domain = g_ptr_array_index(sender->domains, i);

		g_ptr_array_add(failing->domains, g_strdup(domain->domain));
	}
	failing->evidence = evidence_of(g_hash_table_lookup(gathering->failures, sender->key));
	g_ptr_array_add(out->failing, failing);
}

static void
list_failing(Gathering *gathering)
{
	MqDomainSummary *out = gathering->out;
	const GPtrArray *all = mq_senders_list(out->senders);
	g_autoptr(GPtrArray) failing = g_ptr_array_new();

	for (guint i = 0; i < all->len; i++) {
		const MqSender *sender = g_ptr_array_index(all, i);

		if (failed_messages(&sender->totals) > 0)
			g_ptr_array_add(failing, (gpointer)sender);
	}
	g_ptr_array_sort(failing, compare_failing);
	for (guint i = 0; i < failing->len; i++) {
		const MqSender *sender = g_ptr_array_index(failing, i);

		if (i < MQ_SUMMARY_SENDERS) {
			add_failing(gathering, sender);
		} else {
			out->failing_others++;
			out->failing_others_messages += failed_messages(&sender->totals);
		}
	}
}

/* ----------------------------------------------------------------- one domain */

static gboolean
take_flow(gpointer ctx, const MqFlow *flow, GError **error)
{
	Gathering *gathering = ctx;
	gboolean now = flow->day_s >= gathering->period->since_s;

	(void)error;
	mq_senders_add(now ? gathering->out->senders : gathering->before, flow);
	mq_policy_log_add(gathering->policies, flow);
	if (!now)
		return TRUE;
	gathering->out->dispositions[flow->disposition] += flow->messages;
	if (flow->dkim != MQ_RESULT_PASS && flow->spf != MQ_RESULT_PASS)
		explain(gathering, flow);
	return TRUE;
}

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
count_report(gpointer ctx, const MqReportRow *row, GError **error)
{
	gint64 *n = ctx;

	(void)row;
	(void)error;
	(*n)++;
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
	MqFilter suspicious = *now;

	failures.type = MQ_TYPE_FAILURE;
	tls.type = MQ_TYPE_TLS;
	suspicious.trusted_only = FALSE;
	suspicious.untrusted_only = TRUE;
	return mq_store_reports(store, &failures, count_report, &out->failures, error)
	       && mq_store_each_report(store, &tls, take_tls, out, error)
	       && mq_store_reports(store, &suspicious, count_report, &out->suspicious_reports, error);
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

/* ------------------------------------------------------------------- headline */

static char *
share_text(const MqTotals *totals, gboolean capital)
{
	double percent = 100.0 * (double)totals->dmarc_pass / (double)totals->messages;

	if (totals->dmarc_pass == totals->messages)
		return g_strdup(capital ? "All" : "all");
	if (totals->dmarc_pass == 0)
		return g_strdup(capital ? "None" : "none");
	return g_strdup_printf("%.1f %%", CLAMP(percent, 0.1, 99.9));
}

static char *
make_headline(const MqDomainSummary *out)
{
	const MqChange *first = out->changes->len > 0 ? g_ptr_array_index(out->changes, 0) : NULL;
	g_autofree char *share = NULL;
	g_autofree char *before = NULL;
	g_autofree char *since = NULL;
	g_autofree char *compared = NULL;

	if (out->now.messages == 0)
		return g_strdup_printf("No report counts any mail in this period; in the one before %" G_GINT64_FORMAT
		                       " messages.", out->before.messages);
	share = share_text(&out->now, TRUE);
	before = out->before.messages > 0 ? share_text(&out->before, FALSE) : NULL;
	compared = before != NULL ? g_strdup_printf(" (before: %s of %" G_GINT64_FORMAT ")", before,
	                                            out->before.messages)
	                          : g_strdup("");
	if (first == NULL || !first->needs_person)
		return g_strdup_printf("%s of %" G_GINT64_FORMAT " messages pass%s; nothing new needs you.", share,
		                       out->now.messages, compared);
	since = mq_when_to_date(first->since_s);
	return g_strdup_printf("%s of %" G_GINT64_FORMAT " messages pass%s; %s %s%s%s.", share, out->now.messages,
	                       compared, first->subject,
	                       strcmp(first->id, "new-sender") == 0 ? "is new and fails" : "began to fail",
	                       since != NULL ? ", since " : "", since != NULL ? since : "");
}

static gboolean
any_needs_person(const MqDomainSummary *out)
{
	const MqChange *first = out->changes->len > 0 ? g_ptr_array_index(out->changes, 0) : NULL;

	return (first != NULL && first->needs_person) || (out->now.messages == 0 && out->before.messages > 0);
}

static gboolean
gather(MqStore *store, Gathering *gathering, const MqFilter *now, const MqFilter *before, GError **error)
{
	MqDomainSummary *out = gathering->out;
	MqFilter both = *now;

	both.since_s = before->since_s;
	if (!mq_store_totals(store, now, MQ_BY_NOTHING, take_totals, &out->now, error)
	    || !mq_store_totals(store, before, MQ_BY_NOTHING, take_totals, &out->before, error)
	    || !mq_store_flows(store, &both, take_flow, gathering, error))
		return FALSE;
	mq_changes_of_senders(out->changes, gathering->before, out->senders);
	mq_changes_of_policy(out->changes, gathering->policies);
	if (!ask_reporters(store, now, before, out, error) || !ask_other_reports(store, now, out, error))
		return FALSE;
	mq_changes_sort(out->changes);
	list_failing(gathering);
	out->headline = make_headline(out);
	out->needs_person = any_needs_person(out);
	return TRUE;
}

static gboolean
summarize_domain(MqStore *store, const MqPeriod *period, MqDomainSummary *out, GError **error)
{
	g_autoptr(MqSenders) senders_before = mq_senders_new();
	g_autoptr(MqPolicyLog) policies = mq_policy_log_new();
	g_autoptr(GHashTable) failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, failures_free);
	Gathering gathering = { period, out, senders_before, policies, failures };
	MqFilter now = MQ_FILTER_ALL;
	MqFilter before;

	now.domain = out->domain;
	now.trusted_only = TRUE;
	now.since_s = period->since_s;
	now.until_s = period->until_s;
	before = now;
	before.since_s = period->previous_since_s;
	before.until_s = period->since_s;
	return gather(store, &gathering, &now, &before, error);
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

static GPtrArray *
choose_domains(MqStore *store, const char *const *domains, const MqPeriod *period, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	MqFilter filter = MQ_FILTER_ALL;

	for (gsize i = 0; domains[i] != NULL; i++)
		g_ptr_array_add(names, g_strdup(domains[i]));
	if (names->len > 0)
		return g_steal_pointer(&names);
	filter.since_s = period->previous_since_s;
	filter.until_s = period->until_s;
	filter.trusted_only = TRUE;
	if (!mq_store_policy_domains(store, &filter, take_domain, names, error))
		return NULL;
	return topmost(names);
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
mq_summary_make(MqStore *store, const char *const *domains, const MqPeriod *period, GError **error)
{
	g_autoptr(MqSummary) summary = g_new0(MqSummary, 1);
	g_autoptr(GPtrArray) names = choose_domains(store, domains, period, error);
	MqStatus status = { 0 };

	summary->period = *period;
	summary->domains = g_ptr_array_new_with_free_func(domain_summary_free);
	if (names == NULL || !mq_store_status(store, &status, error))
		return NULL;
	summary->failed_messages = status.failed_messages;
	for (guint i = 0; i < names->len; i++) {
		MqDomainSummary *domain = domain_summary_new(g_ptr_array_index(names, i));

		g_ptr_array_add(summary->domains, domain);
		if (!summarize_domain(store, period, domain, error))
			return NULL;
	}
	g_ptr_array_sort(summary->domains, compare_domains);
	return g_steal_pointer(&summary);
}
