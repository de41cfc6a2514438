#include "analyze/headline.h"

#include <string.h>

#include "ingest/text.h"

#define WEIGHTY_MESSAGES 5 /* as changes have it: what is less is no news */
#define WEIGHTY_SHARE    0.01

static gboolean
is_weighty(gint64 failing, gint64 messages)
{
	return failing >= WEIGHTY_MESSAGES && (double)failing >= WEIGHTY_SHARE * (double)messages;
}

static gint64
known_of(const MqTotals *totals)
{
	return totals->messages - totals->dmarc_unknown;
}

/* ----------------------------------------------------------------- how much passes */

/* "98.2 %", of what is known; rounded, yet never to 0 or 100 what is not. */
static char *
share_text(const MqTotals *totals, gboolean capital)
{
	gint64 known = known_of(totals);

	if (totals->dmarc_pass == known)
		return g_strdup(capital ? "All" : "all");
	if (totals->dmarc_pass == 0)
		return g_strdup(capital ? "None" : "none");
	return g_strdup_printf("%.1f %%", CLAMP(100.0 * (double)totals->dmarc_pass / (double)known, 0.1, 99.9));
}

static char *
compared_text(const MqTotals *before)
{
	g_autofree char *count = mq_count_to_text(known_of(before));
	g_autofree char *share = NULL;

	if (before->messages == 0)
		return g_strdup("");
	if (known_of(before) == 0)
		return g_strdup(" (before: unknown)");
	share = share_text(before, FALSE);
	return g_strdup_printf(" (before: %s of %s)", share, count);
}

static char *
unknown_text(const MqTotals *now)
{
	g_autofree char *count = mq_count_to_text(now->dmarc_unknown);

	return now->dmarc_unknown > 0 ? g_strdup_printf("; of %s more the result is unknown", count) : g_strdup("");
}

/* "98.2 % of 1,234 messages pass (before: all of 1,100)" */
static char *
passing_text(const MqDomainSummary *summary)
{
	gint64 known = known_of(&summary->now);
	g_autofree char *count = mq_count_to_text(known > 0 ? known : summary->now.messages);
	g_autofree char *compared = compared_text(&summary->before);
	g_autofree char *unknown = unknown_text(&summary->now);
	g_autofree char *share = NULL;

	if (known == 0)
		return g_strdup_printf("What DMARC found of %s %s is unknown", count,
		                       summary->now.messages == 1 ? "message" : "messages");
	if (known == 1)
		return g_strdup_printf("The only message %s%s%s", summary->now.dmarc_pass > 0 ? "passes" : "fails",
		                       compared, unknown);
	share = share_text(&summary->now, TRUE);
	return g_strdup_printf("%s of %s messages pass%s%s", share, count, compared, unknown);
}

/* ------------------------------------------------- what somebody has to do, as a clause */

static const char *
how_it_began(const MqChange *change)
{
	if (strcmp(change->id, "new-sender") == 0)
		return "is new and fails";
	return strcmp(change->id, "dns-changed") == 0 ? "is gone from DNS" : "began to fail";
}

static char *
say_change(const MqDomainSummary *summary)
{
	const MqChange *first = summary->changes->len > 0 ? g_ptr_array_index(summary->changes, 0) : NULL;
	g_autofree char *since = NULL;

	if (first == NULL || !first->needs_person)
		return NULL;
	since = mq_when_to_date(first->since_s);
	return g_strdup_printf("%s %s%s%s", first->subject, how_it_began(first), since != NULL ? ", since " : "",
	                       since != NULL ? since : "");
}

static char *
say_move(const MqDomainSummary *summary)
{
	MqMoveAction action = summary->advice->action;

	return action != MQ_MOVE_HOLD && action != MQ_MOVE_DONE ? g_strdup("a next step is advised") : NULL;
}

static gint64
failing_of(const MqFailingSender *failing)
{
	return failing->now.messages - failing->now.passed - failing->now.unknown;
}

/* The one that fails most of those that are not mended yet. */
static char *
say_failing(const MqDomainSummary *summary)
{
	const MqFailingSender *most = NULL;
	g_autofree char *count = NULL;

	for (guint i = 0; i < summary->failing->len; i++) {
		const MqFailingSender *one = g_ptr_array_index(summary->failing, i);

		if (one->sender->verdict != MQ_VERDICT_FIXABLE && one->sender->verdict != MQ_VERDICT_UNKNOWN)
			continue;
		if (is_weighty(failing_of(one), summary->now.messages) && (most == NULL || failing_of(one) > failing_of(most)))
			most = one;
	}
	if (most == NULL)
		return NULL;
	count = mq_count_to_text(failing_of(most));
	return g_strdup_printf("%s fails with %s and %s", most->sender->name, count,
	                       most->sender->verdict == MQ_VERDICT_UNKNOWN ? "needs a word from you" : "can be mended");
}

/* What others have to do is not waited for. */
static gboolean
is_open(const MqAction *action)
{
	return strcmp(action->id, "ask-forwarder") != 0;
}

/* An action of the domain itself, or about a sender of whose mail much fails in the advice's window. */
static gboolean
is_pressing(const MqAdvice *advice, const MqAction *action)
{
	gint64 failing = 0;
	gint64 messages = 0;

	for (guint i = 0; i < advice->sources->senders->len; i++) {
		const MqSenderGroup *sender = g_ptr_array_index(advice->sources->senders, i);

		messages += sender->messages;
		if (g_strcmp0(sender->name, action->sender) == 0)
			failing = sender->failing;
	}
	return is_open(action) && (action->sender == NULL || is_weighty(failing, messages));
}

static char *
say_action(const MqDomainSummary *summary)
{
	const MqAdvice *advice = summary->advice;

	for (guint i = 0; i < advice->actions->len; i++) {
		const MqAction *action = g_ptr_array_index(advice->actions, i);

		if (!is_pressing(advice, action))
			continue;
		if (strcmp(action->id, "investigate") == 0 && action->recovers == 0)
			return g_strdup_printf("say whether %s is yours", action->sender);
		return g_strdup_printf("to be mended: %s", action->title);
	}
	return NULL;
}

static gboolean
most_fails(const MqDomainSummary *summary)
{
	return 2 * summary->now.dmarc_pass < known_of(&summary->now);
}

static gboolean
most_is_forged(const MqDomainSummary *summary)
{
	return 2 * summary->threat.failing > known_of(&summary->now) - summary->now.dmarc_pass;
}

/* Forged mail shall fail, once the policy is where it should be. */
static char *
say_wholesale(const MqDomainSummary *summary)
{
	gboolean forged = most_is_forged(summary);

	if (!most_fails(summary) || (forged && summary->advice->action == MQ_MOVE_DONE))
		return NULL;
	return g_strdup(forged ? "what fails looks forged; if it is yours, say so" : "most of it fails");
}

static char *
say_unknown(const MqDomainSummary *summary)
{
	return summary->now.messages > 0 && known_of(&summary->now) == 0 ? g_strdup("the reports do not say it") : NULL;
}

/* The first that has something to say is what matters most. */
static char *(*const needs[])(const MqDomainSummary *) = {
	say_change, say_move, say_failing, say_action, say_wholesale, say_unknown,
};

static guint
count_open(const MqAdvice *advice)
{
	guint n = 0;

	for (guint i = 0; i < advice->actions->len; i++)
		n += is_open(g_ptr_array_index(advice->actions, i)) ? 1 : 0;
	return n;
}

static char *
say_quiet(const MqDomainSummary *summary)
{
	guint n = summary->open_actions;

	if (n == 0)
		return g_strconcat(most_fails(summary) ? "what fails looks forged, and " : "", "nothing new needs you", NULL);
	return g_strdup_printf("nothing urgent, %u small thing%s to do", n, n == 1 ? "" : "s");
}

/* "No report counts any mail …", without its end */
static char *
no_mail_text(const MqDomainSummary *summary)
{
	g_autofree char *before = mq_count_to_text(summary->before.messages);

	if (summary->before.messages == 0)
		return g_strdup("No report counts any mail in this period, nor in the one before");
	return g_strdup_printf("No report counts any mail in this period; in the one before %s %s", before,
	                       summary->before.messages == 1 ? "message" : "messages");
}

/* (nullable) */
static char *
what_is_needed(const MqDomainSummary *summary)
{
	char *clause = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(needs) && clause == NULL; i++)
		clause = needs[i](summary);
	return clause;
}

void
mq_headline_make(MqDomainSummary *summary)
{
	gboolean has_mail = summary->now.messages > 0;
	g_autofree char *fact = has_mail ? passing_text(summary) : no_mail_text(summary);
	g_autofree char *clause = what_is_needed(summary);

	summary->open_actions = count_open(summary->advice);
	summary->needs_person = clause != NULL || (!has_mail && summary->before.messages > 0);
	if (clause == NULL && has_mail)
		clause = say_quiet(summary);
	summary->headline = g_strconcat(fact, clause != NULL ? "; " : "", clause != NULL ? clause : "", ".", NULL);
}
