#include "analyze/changes.h"

#include <string.h>

#include "ingest/text.h"

#define WEIGHTY_SHARE    0.01 /* of the period's messages */
#define WEIGHTY_MESSAGES 5
#define GOOD_SHARE       0.9
#define LOGGED_POLICIES  200 /* more domains and policies than that are no longer a summary */

void
mq_change_free(MqChange *change)
{
	if (change == NULL)
		return;
	g_free(change->subject);
	g_free(change->detail);
	g_free(change);
}

MqChange *
mq_changes_add(GPtrArray *changes, const char *id, gint64 since_s, const char *subject, gboolean needs_person,
               const char *format, ...)
{
	MqChange *change = g_new0(MqChange, 1);
	va_list args;

	va_start(args, format);
	change->detail = g_strdup_vprintf(format, args);
	va_end(args);
	change->id = id;
	change->since_s = since_s;
	change->subject = g_strdup(subject);
	change->needs_person = needs_person;
	g_ptr_array_add(changes, change);
	return change;
}

/* ------------------------------------------------------------------- senders */

/* Of what is known. */
static double
pass_share(const MqSenderPeriod *period)
{
	gint64 known = period->messages - period->unknown;

	return known > 0 ? (double)period->passed / (double)known : 1;
}

static gboolean
is_weighty(const MqSenderPeriod *period, gint64 whole)
{
	return period->messages >= WEIGHTY_MESSAGES && (double)period->messages >= WEIGHTY_SHARE * (double)whole;
}

static gboolean
day_is_good(const MqSourceDay *day)
{
	return (double)day->passed >= GOOD_SHARE * (double)(day->messages - day->unknown);
}

MqSenderPeriod
mq_sender_period(const MqSenderGroup *sender, gint64 since_s, gint64 until_s)
{
	const MqSourceDay *days = (const MqSourceDay *)(gconstpointer)sender->days->data;
	MqSenderPeriod period = { .name = sender->name, .is_threat = sender->verdict == MQ_VERDICT_THREAT };
	guint first = 0;

	while (first < sender->days->len && days[first].day_s < since_s)
		first++;
	period.days = days + first;
	for (guint i = first; i < sender->days->len && days[i].day_s < until_s; i++) {
		period.n_days++;
		period.messages += days[i].messages;
		period.passed += days[i].passed;
		period.unknown += days[i].unknown;
	}
	return period;
}

gint64
mq_days_failing_since(const MqSourceDay *days, guint n_days)
{
	gint64 since_s = MQ_TIME_ABSENT;
	guint i = n_days;

	for (; i > 0 && !day_is_good(&days[i - 1]); i--)
		since_s = days[i - 1].day_s;
	if (i == 0)
		return MQ_TIME_ABSENT;
	for (i = 0; since_s == MQ_TIME_ABSENT && i < n_days; i++)
		if (!day_is_good(&days[i]))
			since_s = days[i].day_s;
	return since_s;
}

static void
add_newcomer(GPtrArray *changes, const MqSenderPeriod *now)
{
	gboolean good = pass_share(now) >= GOOD_SHARE;
	g_autofree char *messages = mq_counted(now->messages, "message", "messages");
	g_autofree char *passed = mq_counted(now->passed, "passes DMARC", "pass DMARC");

	mq_changes_add(changes, "new-sender", now->days[0].day_s, now->name, !good, "new: %s, %s", messages, passed);
}

static void
add_gone(GPtrArray *changes, const MqSenderPeriod *before)
{
	gint64 last_s = before->days[before->n_days - 1].day_s;
	g_autofree char *messages = mq_counted(before->messages, "message", "messages");

	mq_changes_add(changes, "sender-gone", last_s, before->name, FALSE, "gone: %s before, none now", messages);
}

static void
compare_sender(GPtrArray *changes, const MqSenderPeriod *before, const MqSenderPeriod *now)
{
	gboolean was_good = pass_share(before) >= GOOD_SHARE;
	gboolean is_good = pass_share(now) >= GOOD_SHARE;
	g_autofree char *passed = mq_count_to_text(now->passed);
	g_autofree char *messages = mq_counted(now->messages, "message", "messages");
	g_autofree char *passed_before = mq_count_to_text(before->passed);
	g_autofree char *messages_before = mq_count_to_text(before->messages);
	gint64 since_s;

	if (was_good == is_good || before->messages == before->unknown || now->messages == now->unknown)
		return;
	since_s = mq_days_failing_since(now->days, now->n_days);
	if (since_s == MQ_TIME_ABSENT) /* no good day in the period: since it began */
		since_s = now->days[0].day_s;
	mq_changes_add(changes, is_good ? "sender-recovered" : "sender-failing", is_good ? MQ_TIME_ABSENT : since_s, now->name,
	               !is_good && !now->is_threat, "%s: %s of %s pass DMARC, before %s of %s",
	               is_good ? "passes again" : "began to fail", passed, messages, passed_before, messages_before);
}

void
mq_changes_of_senders(GPtrArray *changes, const GPtrArray *senders, gint64 previous_since_s, gint64 since_s, gint64 until_s)
{
	gint64 messages_then = 0;
	gint64 messages_now = 0;

	for (guint i = 0; i < senders->len; i++) {
		messages_then += mq_sender_period(g_ptr_array_index(senders, i), previous_since_s, since_s).messages;
		messages_now += mq_sender_period(g_ptr_array_index(senders, i), since_s, until_s).messages;
	}
	for (guint i = 0; i < senders->len && messages_then > 0; i++) { /* before the first report all would be new */
		const MqSenderGroup *sender = g_ptr_array_index(senders, i);
		MqSenderPeriod before = mq_sender_period(sender, previous_since_s, since_s);
		MqSenderPeriod now = mq_sender_period(sender, since_s, until_s);

		if (is_weighty(&before, messages_then) && is_weighty(&now, messages_now))
			compare_sender(changes, &before, &now);
		else if (before.messages == 0 && is_weighty(&now, messages_now) && !now.is_threat)
			add_newcomer(changes, &now);
		else if (messages_now > 0 && now.messages == 0 && before.passed > 0 && is_weighty(&before, messages_then))
			add_gone(changes, &before);
	}
}

/* -------------------------------------------------------------------- policy */

typedef struct {
	char *domain;
	MqPolicy p, sp, np;
	gint64 first_s, last_s;
} Seen;

struct MqPolicyLog {
	GPtrArray *seen; /* Seen * */
};

static void
seen_free(gpointer data)
{
	Seen *seen = data;

	g_free(seen->domain);
	g_free(seen);
}

MqPolicyLog *
mq_policy_log_new(void)
{
	MqPolicyLog *log = g_new0(MqPolicyLog, 1);

	log->seen = g_ptr_array_new_with_free_func(seen_free);
	return log;
}

void
mq_policy_log_free(MqPolicyLog *log)
{
	if (log == NULL)
		return;
	g_ptr_array_unref(log->seen);
	g_free(log);
}

void
mq_policy_log_add(MqPolicyLog *log, const MqFlow *flow)
{
	Seen *seen;

	if (flow->policy_domain == NULL || flow->policy_p == MQ_POLICY_ABSENT)
		return;
	for (guint i = 0; i < log->seen->len; i++) {
		seen = g_ptr_array_index(log->seen, i);
		if (seen->p != flow->policy_p || seen->sp != flow->policy_sp || seen->np != flow->policy_np
		    || strcmp(seen->domain, flow->policy_domain) != 0)
			continue;
		seen->first_s = MIN(seen->first_s, flow->day_s);
		seen->last_s = MAX(seen->last_s, flow->day_s);
		return;
	}
	if (log->seen->len >= LOGGED_POLICIES)
		return;
	seen = g_new0(Seen, 1);
	*seen = (Seen){ g_strdup(flow->policy_domain), flow->policy_p, flow->policy_sp, flow->policy_np, flow->day_s,
		        flow->day_s };
	g_ptr_array_add(log->seen, seen);
}

/* One reporter leaves out a tag that another one writes: that is no change. */
static gboolean
differs(MqPolicy a, MqPolicy b)
{
	return a != MQ_POLICY_ABSENT && b != MQ_POLICY_ABSENT && a != b;
}

static char *
policy_text(const Seen *seen)
{
	GString *text = g_string_new("p=");

	g_string_append(text, mq_word(&mq_words_policy, seen->p));
	if (seen->sp != MQ_POLICY_ABSENT)
		g_string_append_printf(text, " sp=%s", mq_word(&mq_words_policy, seen->sp));
	if (seen->np != MQ_POLICY_ABSENT)
		g_string_append_printf(text, " np=%s", mq_word(&mq_words_policy, seen->np));
	return g_string_free(text, FALSE);
}

static void
compare_policies(GPtrArray *changes, const Seen *from, const Seen *to)
{
	g_autofree char *was = NULL;
	g_autofree char *is = NULL;

	if (from == to || strcmp(from->domain, to->domain) != 0 || from->first_s >= to->first_s
	    || from->last_s >= to->last_s)
		return;
	if (!differs(from->p, to->p) && !differs(from->sp, to->sp) && !differs(from->np, to->np))
		return;
	was = policy_text(from);
	is = policy_text(to);
	mq_changes_add(changes, "policy-changed", to->first_s, to->domain, FALSE, "policy was '%s', is '%s'", was, is);
}

void
mq_changes_of_policy(GPtrArray *changes, const MqPolicyLog *log)
{
	for (guint i = 0; i < log->seen->len; i++)
		for (guint j = 0; j < log->seen->len; j++)
			compare_policies(changes, g_ptr_array_index(log->seen, i), g_ptr_array_index(log->seen, j));
}

static int
compare_changes(gconstpointer left, gconstpointer right)
{
	const MqChange *a = *(const MqChange *const *)left;
	const MqChange *b = *(const MqChange *const *)right;

	if (a->needs_person != b->needs_person)
		return a->needs_person ? -1 : 1;
	if (a->since_s != b->since_s)
		return a->since_s < b->since_s ? -1 : 1;
	if (strcmp(a->id, b->id) != 0)
		return strcmp(a->id, b->id);
	return strcmp(a->subject, b->subject);
}

void
mq_changes_sort(GPtrArray *changes)
{
	g_ptr_array_sort(changes, compare_changes);
}
