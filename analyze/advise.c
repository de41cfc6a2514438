#include "analyze/advise.h"

#include <string.h>

#include "ingest/domain.h"
#include "ingest/error.h"
#include "ingest/text.h"

#define RETREAT_SHARE    0.05 /* of the owner's mail, at the lower bound: more than a stage may cost */
#define RETREAT_MESSAGES 20
#define TESTING_UPPER    0.01 /* above it quarantine begins with t=y */
#define NAMES_MAX        300  /* From domains below the domain whose existence is asked */

static const char *const move_words[] = { "publish", "advance", "hold", "retreat", "done" };

const char *
mq_move_word(MqMoveAction action)
{
	return move_words[action];
}

gboolean
mq_goal_parse(const char *word, MqPolicy *goal, GError **error)
{
	if (word == NULL || g_str_equal(word, "reject")) {
		*goal = MQ_POLICY_REJECT;
	} else if (g_str_equal(word, "quarantine")) {
		*goal = MQ_POLICY_QUARANTINE;
	} else {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--goal is '%s', want quarantine or reject", word);
		return FALSE;
	}
	return TRUE;
}

static void
gate_free(gpointer data)
{
	MqGate *gate = data;

	g_free(gate->measured);
	g_free(gate->required);
	g_free(gate->trouble);
	g_free(gate);
}

static void
action_free(gpointer data)
{
	MqAction *action = data;

	g_free(action->sender);
	g_free(action->title);
	g_free(action->fix);
	g_free(action->record);
	g_free(action);
}

static void
label_free(gpointer data)
{
	MqLabel *label = data;

	g_free(label->key);
	g_free(label->word);
	g_free(label);
}

MqAdvice *
mq_advice_new(const char *domain, const MqServices *services, gint64 since_s, gint64 until_s, MqPolicy goal)
{
	MqAdvice *advice = g_new0(MqAdvice, 1);

	advice->domain = g_strdup(domain);
	advice->since_s = since_s;
	advice->until_s = until_s;
	advice->goal = goal;
	mq_requirements_default(&advice->need);
	advice->sources = mq_sources_new(domain, services);
	advice->labels = g_ptr_array_new_with_free_func(label_free);
	advice->gates = g_ptr_array_new_with_free_func(gate_free);
	advice->actions = g_ptr_array_new_with_free_func(action_free);
	advice->missing = g_hash_table_new(g_str_hash, g_str_equal);
	advice->elsewhere = g_hash_table_new(g_str_hash, g_str_equal);
	return advice;
}

void
mq_advice_free(MqAdvice *advice)
{
	if (advice == NULL)
		return;
	mq_sources_free(advice->sources);
	mq_dmarc_at_free(advice->at);
	mq_discovery_clear(&advice->discovery);
	mq_spf_check_free(advice->spf);
	mq_dmarc_record_free(advice->candidate_quarantine);
	mq_dmarc_record_free(advice->candidate_reject);
	g_hash_table_unref(advice->missing);
	g_hash_table_unref(advice->elsewhere);
	g_ptr_array_unref(advice->labels);
	g_ptr_array_unref(advice->gates);
	g_ptr_array_unref(advice->actions);
	g_free(advice->problem);
	g_free(advice->record);
	g_free(advice->why);
	g_free(advice->domain);
	g_free(advice);
}

/* ------------------------------------------------------------------- the store */

/* MqLabelFunc */
static gboolean
take_label(gpointer ctx, const char *domain, const char *key, const char *word, gint64 set_s, GError **error)
{
	MqLabel *label = g_new0(MqLabel, 1);

	(void)domain;
	(void)set_s;
	(void)error;
	label->key = g_strdup(key);
	label->word = g_strdup(word);
	g_ptr_array_add(ctx, label);
	return TRUE;
}

/* MqReportRowFunc */
static gboolean
count_report(gpointer ctx, const MqReportRow *row, GError **error)
{
	(void)row;
	(void)error;
	++*(gint64 *)ctx;
	return TRUE;
}

typedef struct {
	MqSources *sources;
	MqFlowFunc also; /* (nullable) */
	gpointer ctx;
} Readers;

/* MqFlowFunc */
static gboolean
take_flow(gpointer ctx, const MqFlow *flow, GError **error)
{
	const Readers *readers = ctx;

	return mq_sources_take(readers->sources, flow, error)
	       && (readers->also == NULL || readers->also(readers->ctx, flow, error));
}

gboolean
mq_advice_read(MqAdvice *advice, MqStore *store, MqFlowFunc also, gpointer ctx, GError **error)
{
	MqFilter filter = MQ_FILTER_ALL;
	Readers readers = { advice->sources, also, ctx };

	filter.domain = advice->domain;
	filter.since_s = advice->since_s;
	filter.until_s = advice->until_s;
	filter.trusted_only = TRUE;
	if (!mq_store_flows(store, &filter, take_flow, &readers, error)
	    || !mq_store_count_suspicious(store, &filter, &advice->suspicious_reports, error)
	    || !mq_store_labels(store, advice->domain, take_label, advice->labels, error))
		return FALSE;
	filter.type = MQ_TYPE_AGGREGATE;
	advice->reports = 0; /* counted as reports, not by their rows: there may be a million */
	return mq_store_reports(store, &filter, count_report, &advice->reports, error);
}

/* ------------------------------------------------------------------- DNS */

static gboolean
settle_record(MqAdvice *advice, MqAnswers *answers)
{
	gboolean complete = mq_discovery_treewalk(answers, advice->domain, &advice->discovery);

	mq_dmarc_at_free(advice->at);
	advice->at = mq_dmarc_at(answers, advice->domain);
	return complete && advice->at != NULL;
}

static gboolean
settle_mail(MqAdvice *advice, MqAnswers *answers)
{
	const MqAnswer *mx = mq_answers_get(answers, MQ_ASK_MX, advice->domain);
	const MqAnswer *a = mq_answers_get(answers, MQ_ASK_A, advice->domain);
	const MqDnsRecord *first;

	if (mx == NULL || a == NULL)
		return FALSE;
	first = mx->records->len > 0 ? g_ptr_array_index(mx->records, 0) : NULL;
	advice->takes_no_mail = (mx->records->len == 1 && g_strcmp0(first->host, ".") == 0)
	                        || (mx->outcome == MQ_ANSWER_NO_DATA && a->outcome == MQ_ANSWER_NO_DATA);
	return TRUE;
}

/* A From domain below the domain: whether it is there, and whether a record of its own applies. */
static gboolean
settle_name(MqAdvice *advice, MqAnswers *answers, char *name)
{
	const MqAnswer *a = mq_answers_get(answers, MQ_ASK_A, name);
	g_autoptr(MqDmarcAt) at = NULL;

	if (a == NULL)
		return FALSE;
	if (a->outcome == MQ_ANSWER_NO_NAME) {
		g_hash_table_add(advice->missing, name);
		return TRUE;
	}
	at = mq_dmarc_at(answers, name);
	if (at != NULL && at->records->len == 1)
		g_hash_table_add(advice->elsewhere, name);
	return at != NULL;
}

/* Most messages first: whoever invents names does so by the thousand, a few messages each. */
static int
compare_names(gconstpointer left, gconstpointer right, gpointer names)
{
	const char *a = *(const char *const *)left;
	const char *b = *(const char *const *)right;
	gint64 n_a = *(const gint64 *)g_hash_table_lookup(names, a);
	gint64 n_b = *(const gint64 *)g_hash_table_lookup(names, b);

	return n_a != n_b ? (n_a > n_b ? -1 : 1) : strcmp(a, b);
}

static gboolean
settle_names(MqAdvice *advice, MqAnswers *answers)
{
	guint n;
	g_autofree gpointer *names = g_hash_table_get_keys_as_array(advice->sources->names, &n);
	gboolean complete = TRUE;

	g_qsort_with_data(names, (gint)n, sizeof(*names), compare_names, advice->sources->names);
	for (guint i = 0; i < MIN(n, NAMES_MAX); i++) {
		char *name = names[i];

		if (strcmp(name, advice->domain) != 0 && mq_answers_is_name(name))
			complete = settle_name(advice, answers, name) && complete;
	}
	return complete;
}

/* What the record says to an address that nobody has: each term is reached. */
static gboolean
settle_spf(MqAdvice *advice, MqAnswers *answers)
{
	MqSpfQuery query = { .sender = advice->domain };

	mq_address_parse("192.0.2.255", &query.ip);
	return advice->spf != NULL || mq_spf_check(answers, &query, &advice->spf);
}

gboolean
mq_advice_settle(MqAdvice *advice, MqAnswers *answers)
{
	gboolean record = settle_record(advice, answers);
	gboolean mail = settle_mail(advice, answers);
	gboolean names = settle_names(advice, answers);
	gboolean spf = settle_spf(advice, answers);

	/* what is asked of the sources does not depend on the record; what is judged does */
	return mq_sources_settle(advice->sources, answers, record ? advice->discovery.record : NULL) && record && mail && names && spf;
}

MqDmarcWhom
mq_advice_whom(gpointer ctx, const char *header_from)
{
	const MqAdvice *advice = ctx;

	if (strcmp(header_from, advice->domain) == 0)
		return MQ_DMARC_SELF;
	if (g_hash_table_contains(advice->elsewhere, header_from))
		return MQ_DMARC_ELSEWHERE;
	return g_hash_table_contains(advice->missing, header_from) ? MQ_DMARC_NONEXISTENT : MQ_DMARC_SUBDOMAIN;
}

gboolean
mq_advice_counts(const MqAdvice *advice, const MqStream *stream)
{
	return !stream->unsaid && !g_hash_table_contains(advice->elsewhere, stream->header_from);
}

gboolean
mq_advice_is_unexplained(const MqAdvice *advice, const MqSource *source, const MqStream *stream)
{
	if (stream->verdict != MQ_VERDICT_UNKNOWN || g_hash_table_contains(advice->elsewhere, stream->header_from))
		return FALSE;
	return !stream->unsaid || source->verdict == MQ_VERDICT_UNKNOWN;
}

/* ------------------------------------------------------------------- the move */

static const char *
policy_word(MqPolicy policy)
{
	return mq_word(&mq_words_policy, policy);
}

MqReplay
mq_advice_replay(MqAdvice *advice, const MqDmarcRecord *candidate)
{
	return (MqReplay){ .sources = advice->sources, .record = candidate, .whom = mq_advice_whom, .ctx = advice };
}

/* Where sp stays behind p, names that do not exist need not, unless anybody's mail but a forger's comes from them. */
static gboolean
may_lock_missing(MqAdvice *advice, MqPolicy p, const char *sp)
{
	const MqDmarcRecord *old = advice->discovery.record;
	g_autofree char *text = g_strdup_printf("v=DMARC1; p=none; np=%s", policy_word(p));
	g_autoptr(MqDmarcRecord) candidate = mq_dmarc_record_parse(text);
	MqReplay replay = mq_advice_replay(advice, candidate);
	MqImpact impact;

	if (sp == NULL || p == MQ_POLICY_NONE || strcmp(sp, policy_word(p)) == 0 || (old != NULL && old->np != MQ_POLICY_ABSENT))
		return FALSE;
	impact = mq_replay(&replay);
	return impact.touched.legitimate + impact.touched.forwarded + impact.touched.unknown == 0;
}

/* The owner's record with that policy; subdomains stay where their own evidence keeps them. @sp: (nullable): as it is */
static char *
record_for(MqAdvice *advice, MqPolicy p, gboolean testing, const char *sp)
{
	g_autofree char *rua = g_strconcat("mailto:dmarc-reports@", advice->domain, NULL);
	const MqDmarcRecord *old = advice->discovery.record;
	gboolean own = old != NULL && g_strcmp0(advice->discovery.policy_domain, advice->domain) == 0;
	MqDmarcChange changes[5] = { { "p", policy_word(p) }, { "t", testing ? "y" : NULL } };
	gsize n = 2;

	if (sp != NULL)
		changes[n++] = (MqDmarcChange){ "sp", sp };
	if (may_lock_missing(advice, p, sp))
		changes[n++] = (MqDmarcChange){ "np", policy_word(p) };
	if (!own || !mq_report_uris_usable(old->rua))
		changes[n++] = (MqDmarcChange){ "rua", rua };
	return mq_dmarc_record_propose(own ? old->text : NULL, changes, n);
}

static void
move(MqAdvice *advice, MqMoveAction action, MqPolicy to, char *record, char *why)
{
	advice->action = action;
	advice->to = to;
	g_free(advice->record);
	g_free(advice->why);
	advice->record = record;
	advice->why = why;
}

/* sp for a stricter p: what subdomains lose is judged by itself. NULL: as the owner has it, or as p. */
static const char *
subdomain_policy(MqAdvice *advice, MqPolicy now, MqPolicy to)
{
	const MqDmarcRecord *old = advice->discovery.record;
	g_autofree char *text = g_strdup_printf("v=DMARC1; p=%s; rua=mailto:a@example.com", policy_word(to));
	g_autoptr(MqDmarcRecord) plain = mq_dmarc_record_parse(text);
	MqReplay replay = mq_advice_replay(advice, plain);
	MqImpact below;

	if (old != NULL && old->sp != MQ_POLICY_ABSENT)
		return NULL;
	replay.subdomains_only = TRUE;
	below = mq_replay(&replay);
	return below.legitimate_all > 0 && below.legitimate_share > 0.02 ? policy_word(now) : NULL;
}

/* What stands in the way, the one that most wants a person first. (nullable) */
static const MqGate *
main_obstacle(const MqAdvice *advice, guint *n_unmet)
{
	static const char *const order[] = { "dns-health",  "legitimate-pass", "unexplained", "new-senders", "mailing-lists",
		                             "dkim-coverage", "coverage",      "volume",      "reporters",   "stage-length" };
	const MqGate *first = NULL;

	*n_unmet = 0;
	for (gsize o = 0; o < G_N_ELEMENTS(order); o++) {
		for (guint i = 0; i < advice->gates->len; i++) {
			const MqGate *gate = g_ptr_array_index(advice->gates, i);

			if (gate->met || strcmp(gate->id, order[o]) != 0)
				continue;
			first = first != NULL ? first : gate;
			(*n_unmet)++;
		}
	}
	return first;
}

static char *
sentence_hold(const MqAdvice *advice, MqPolicy now)
{
	guint n;
	const MqGate *gate = main_obstacle(advice, &n);
	g_autofree char *more = n > 1 ? g_strdup_printf(" (and %u more %s)", n - 1, n == 2 ? "gate" : "gates") : g_strdup("");

	return g_strdup_printf("Stay at p=%s: %s%s.", policy_word(now), gate != NULL ? gate->trouble : "something is unknown", more);
}

static void
fill_impacts(MqAdvice *advice, const char *sp)
{
	g_autofree char *quarantine = record_for(advice, MQ_POLICY_QUARANTINE, FALSE, sp);
	g_autofree char *reject = record_for(advice, MQ_POLICY_REJECT, FALSE, sp);
	MqReplay replay;

	mq_dmarc_record_free(advice->candidate_quarantine);
	mq_dmarc_record_free(advice->candidate_reject);
	advice->candidate_quarantine = mq_dmarc_record_parse(quarantine);
	advice->candidate_reject = mq_dmarc_record_parse(reject);
	replay = mq_advice_replay(advice, advice->candidate_quarantine);
	advice->impact_quarantine = mq_replay(&replay);
	replay.record = advice->candidate_reject;
	advice->impact_reject = mq_replay(&replay);
}

/* A domain that neither takes nor sends mail: nothing can be lost. */
static gboolean
is_parked(const MqAdvice *advice)
{
	const MqImpact *impact = &advice->impact_reject;
	gboolean sends = advice->spf == NULL || advice->spf->record == NULL
	                 || g_ascii_strcasecmp(advice->spf->record, "v=spf1 -all") != 0;

	/* who says both that it sends nothing and that it takes nothing knows what is not explained */
	return impact->legitimate_all == 0 && (impact->touched.unknown == 0 || (advice->takes_no_mail && !sends))
	       && (advice->takes_no_mail || !sends) && (!sends || advice->spf == NULL || advice->spf->result == MQ_RESULT_NONE);
}

static void
lock_parked(MqAdvice *advice, MqPolicy now)
{
	const MqDmarcRecord *old = advice->discovery.record;
	gboolean own = old != NULL && g_strcmp0(advice->discovery.policy_domain, advice->domain) == 0;
	const MqDmarcChange changes[] = { { "p", "reject" }, { "sp", "reject" }, { "np", "reject" }, { "t", NULL } };
	char *record = mq_dmarc_record_propose(own ? old->text : NULL, changes, G_N_ELEMENTS(changes));

	mq_gates_judge(advice, MQ_POLICY_REJECT, &advice->impact_reject);
	if (now == MQ_POLICY_REJECT && own && old->sp != MQ_POLICY_NONE && old->sp != MQ_POLICY_QUARANTINE && old->t != MQ_YES_YES)
		move(advice, MQ_MOVE_DONE, MQ_POLICY_REJECT, record, g_strdup("The domain sends no mail and says so."));
	else
		move(advice, MQ_MOVE_ADVANCE, MQ_POLICY_REJECT, record,
		     g_strdup("The domain sends no mail: lock it now, nothing can be lost."));
}

static gboolean
costs_too_much(gint64 lost, gint64 all)
{
	return lost >= RETREAT_MESSAGES && mq_lower_bound(lost, all) >= RETREAT_SHARE;
}

static MqPolicy
weaker(MqPolicy policy)
{
	return policy == MQ_POLICY_REJECT ? MQ_POLICY_QUARANTINE : MQ_POLICY_NONE;
}

/* What is lost is mail of subdomains alone: their policy goes back, and that of the domain stays. */
static void
retreat_subdomains(MqAdvice *advice, MqPolicy now, const MqImpact *below)
{
	const MqDmarcRecord *old = advice->discovery.record;
	MqPolicy to = weaker(mq_dmarc_record_policy(old, MQ_DMARC_SUBDOMAIN));

	move(advice, MQ_MOVE_RETREAT, now, record_for(advice, now, FALSE, policy_word(to)),
	     g_strdup_printf("%.1f %% of your subdomains' own mail is lost as DNS stands today: go back to sp=%s until it is fixed.",
	                     100 * below->legitimate_share, policy_word(to)));
}

/* Enforcement that costs the owner's mail today. */
static gboolean
must_retreat(MqAdvice *advice, MqPolicy now)
{
	MqReplay replay = mq_advice_replay(advice, advice->discovery.record);
	MqImpact impact;
	MqImpact below;

	if (now == MQ_POLICY_NONE)
		return FALSE;
	impact = mq_replay(&replay);
	if (!costs_too_much(impact.touched.legitimate, impact.legitimate_all))
		return FALSE;
	replay.subdomains_only = TRUE;
	below = mq_replay(&replay);
	mq_gates_judge(advice, now, &impact);
	if (advice->discovery.whom == MQ_DMARC_SELF
	    && !costs_too_much(impact.touched.legitimate - below.touched.legitimate, impact.legitimate_all - below.legitimate_all))
		retreat_subdomains(advice, mq_dmarc_record_policy(advice->discovery.record, MQ_DMARC_SELF), &below);
	else
		move(advice, MQ_MOVE_RETREAT, weaker(now), record_for(advice, weaker(now), FALSE, NULL),
		     g_strdup_printf("p=%s costs %.1f %% of your own mail as DNS stands today: go back to p=%s until it is fixed.",
		                     policy_word(now), 100 * impact.legitimate_share, policy_word(weaker(now))));
	return TRUE;
}

static char *
sentence_advance(MqPolicy to, gboolean testing, const MqImpact *impact)
{
	g_autofree char *lost = mq_count_to_text(impact->touched.legitimate);
	g_autofree char *all = mq_count_to_text(impact->legitimate_all);

	return g_strdup_printf("Go to p=%s%s: %s of %s of your own messages would be lost.", policy_word(to),
	                       testing ? " with t=y first" : "", lost, all);
}

static void
step(MqAdvice *advice, MqPolicy now, MqPolicy to)
{
	const MqImpact *impact = to == MQ_POLICY_REJECT ? &advice->impact_reject : &advice->impact_quarantine;
	const char *sp = subdomain_policy(advice, now, to);
	gboolean testing;
	gboolean ready;
	char *record;

	if (sp != NULL) /* what they would lose is no longer in the way */
		fill_impacts(advice, sp);
	testing = to == MQ_POLICY_QUARANTINE && now == MQ_POLICY_NONE && impact->legitimate_upper95 > TESTING_UPPER;
	ready = mq_gates_judge(advice, to, impact);
	record = record_for(advice, ready ? to : now, ready && testing, ready ? sp : NULL);

	if (!ready) {
		move(advice, MQ_MOVE_HOLD, now, record, sentence_hold(advice, now));
		return;
	}
	advice->testing = testing;
	move(advice, MQ_MOVE_ADVANCE, to, record, sentence_advance(to, testing, impact));
}

static void
hold_subdomains(MqAdvice *advice, MqPolicy now, MqPolicy sp)
{
	guint n;
	const MqGate *gate = main_obstacle(advice, &n);

	move(advice, MQ_MOVE_HOLD, now, g_strdup(advice->discovery.record->text),
	     g_strdup_printf("p=%s is where this domain should be; subdomains stay at sp=%s: %s.", policy_word(now), policy_word(sp),
	                     gate != NULL ? gate->trouble : "whose some of their mail is, nobody knows yet"));
}

/* Subdomains that were kept back go on, a step at a time, by their own evidence. %FALSE when none are. */
static gboolean
step_subdomains(MqAdvice *advice, MqPolicy now)
{
	const MqDmarcRecord *old = advice->discovery.record;
	gboolean own = g_strcmp0(advice->discovery.policy_domain, advice->domain) == 0;
	MqPolicy to = old->sp == MQ_POLICY_NONE ? MQ_POLICY_QUARANTINE : MQ_POLICY_REJECT;
	g_autofree char *record = record_for(advice, now, FALSE, policy_word(to));
	g_autoptr(MqDmarcRecord) candidate = mq_dmarc_record_parse(record);
	MqReplay replay = mq_advice_replay(advice, candidate);
	MqImpact below;

	if (!own || !(old->sp == MQ_POLICY_NONE || (old->sp == MQ_POLICY_QUARANTINE && now == MQ_POLICY_REJECT)))
		return FALSE;
	replay.subdomains_only = TRUE;
	below = mq_replay(&replay);
	if (below.legitimate_all == 0) /* none of the owner's mail is there to be lost */
		below.legitimate_upper95 = 0;
	if (!mq_gates_judge(advice, to, &below) || below.touched.unknown * 50 > below.legitimate_all + below.touched.unknown) {
		hold_subdomains(advice, now, old->sp);
		return TRUE;
	}
	move(advice, MQ_MOVE_ADVANCE, now, g_steal_pointer(&record),
	     g_strdup_printf("Subdomains can go to sp=%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " messages of theirs that are your own "
	                     "would be lost.", policy_word(to), below.touched.legitimate, below.legitimate_all));
	return TRUE;
}

/* No record applies: there is none, there are several, or DNS does not say. */
static void
move_without_record(MqAdvice *advice)
{
	advice->answered = advice->discovery.state != MQ_DISCOVERY_UNKNOWN && advice->at->outcome != MQ_ANSWER_UNKNOWN;
	if (!advice->answered) {
		advice->problem = g_strdup("DNS did not answer for the DMARC record");
		mq_gates_judge(advice, MQ_POLICY_QUARANTINE, &advice->impact_quarantine);
		move(advice, MQ_MOVE_HOLD, MQ_POLICY_NONE, NULL,
		     g_strdup("DNS did not answer, so nothing is known of the record: do nothing now, and ask again."));
		return;
	}
	advice->problem = advice->at->records->len > 1 ? g_strdup_printf("%u DMARC records at _dmarc.%s: they count as none",
	                                                                 advice->at->records->len, advice->domain)
	                                               : g_strdup("no DMARC record applies");
	mq_gates_judge(advice, MQ_POLICY_QUARANTINE, &advice->impact_quarantine);
	if (advice->at->records->len > 0) {
		const MqDmarcRecord *first = g_ptr_array_index(advice->at->records, 0);
		g_autofree char *rua = g_strconcat("mailto:dmarc-reports@", advice->domain, NULL);
		const MqDmarcChange changes[] = { { "p", "none" }, { "rua", rua } };

		move(advice, MQ_MOVE_PUBLISH, MQ_POLICY_NONE,
		     mq_dmarc_record_propose(first->text, changes, mq_report_uris_usable(first->rua) ? 1 : 2),
		     g_strdup("Publish exactly one DMARC record: as it is, receivers ignore what is there."));
		return;
	}
	move(advice, MQ_MOVE_PUBLISH, MQ_POLICY_NONE, record_for(advice, MQ_POLICY_NONE, FALSE, NULL),
	     g_strdup("Publish a DMARC record that only watches, and wait for reports."));
}

static void
move_with_record(MqAdvice *advice)
{
	const MqDmarcRecord *record = advice->discovery.record;
	MqDmarcWhom whom = advice->discovery.whom;
	MqPolicy now = mq_dmarc_record_policy(record, whom);
	gboolean testing = record->t == MQ_YES_YES;
	gboolean in_part = record->pct >= 0 && record->pct < 100; /* by RFC 9989 nobody honours it */
	MqPolicy last = advice->goal;

	if (now == MQ_POLICY_ABSENT)
		now = MQ_POLICY_NONE;
	if (is_parked(advice)) {
		lock_parked(advice, now);
	} else if (must_retreat(advice, mq_dmarc_record_treatment(record, whom))) {
		return;
	} else if ((testing || in_part) && now != MQ_POLICY_NONE) { /* the step was taken on trial: now in earnest */
		step(advice, now, now);
	} else if (now == MQ_POLICY_REJECT || (now == MQ_POLICY_QUARANTINE && last == MQ_POLICY_QUARANTINE)) {
		if (step_subdomains(advice, now))
			return;
		mq_gates_judge(advice, now, now == MQ_POLICY_REJECT ? &advice->impact_reject : &advice->impact_quarantine);
		move(advice, MQ_MOVE_DONE, now, g_strdup(record->text),
		     g_strdup_printf("Done: p=%s is where this domain should be.", policy_word(now)));
	} else {
		step(advice, now, now == MQ_POLICY_NONE ? MQ_POLICY_QUARANTINE : MQ_POLICY_REJECT);
	}
}

void
mq_advice_decide(MqAdvice *advice)
{
	advice->answered = TRUE;
	mq_sources_name(advice->sources);
	mq_verdicts_judge(advice->sources, advice->labels);
	fill_impacts(advice, NULL);
	if (advice->discovery.state != MQ_DISCOVERY_RECORD && advice->discovery.state != MQ_DISCOVERY_UNKNOWN && is_parked(advice)
	    && advice->at->records->len == 0 && advice->at->outcome != MQ_ANSWER_UNKNOWN)
		lock_parked(advice, MQ_POLICY_ABSENT);
	else if (advice->discovery.state != MQ_DISCOVERY_RECORD)
		move_without_record(advice);
	else
		move_with_record(advice);
	mq_actions_rank(advice);
}

gboolean
mq_advice_consult(MqAdvice *advice, MqAnswers *answers, MqResolver *resolver, GError **error)
{
	gboolean reached = resolver != NULL;

	if (!reached)
		g_set_error(error, MQ_ERROR, MQ_ERROR_DNS, "DNS cannot be reached");
	while (!mq_advice_settle(advice, answers)) {
		if (reached && mq_resolver_fill(resolver, answers, error))
			continue;
		reached = FALSE;
		mq_answers_give_up(answers, ~0u, "DNS cannot be reached");
	}
	mq_advice_decide(advice);
	return reached;
}
