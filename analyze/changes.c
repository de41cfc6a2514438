#include "analyze/changes.h"

#include <string.h>

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

static double
pass_share(const MqTotals *totals)
{
	return totals->messages > 0 ? (double)totals->dmarc_pass / (double)totals->messages : 1;
}

static gint64
sum_messages(const GPtrArray *senders)
{
	gint64 messages = 0;

	for (guint i = 0; i < senders->len; i++)
		messages += ((const MqSender *)g_ptr_array_index(senders, i))->totals.messages;
	return messages;
}

static gboolean
is_weighty(const MqSender *sender, gint64 whole)
{
	gint64 messages = sender->totals.messages;

	return messages >= WEIGHTY_MESSAGES && (double)messages >= WEIGHTY_SHARE * (double)whole;
}

static gboolean
day_is_good(const MqSenderDay *day)
{
	return (double)day->dmarc_pass >= GOOD_SHARE * (double)day->messages;
}

/* The first of the days that fail without a good one after them; of days that come and go, the
 * first that fails. */
static gint64
failing_since(const MqSender *sender)
{
	gint64 since_s = MQ_TIME_ABSENT;
	guint i = sender->days->len;

	for (; i > 0; i--) {
		const MqSenderDay *day = &g_array_index(sender->days, MqSenderDay, i - 1);

		if (day_is_good(day))
			break;
		since_s = day->day_s;
	}
	for (i = 0; since_s == MQ_TIME_ABSENT && i < sender->days->len; i++) {
		const MqSenderDay *day = &g_array_index(sender->days, MqSenderDay, i);

		if (!day_is_good(day))
			since_s = day->day_s;
	}
	return since_s;
}

static void
add_newcomer(GPtrArray *changes, const MqSender *sender)
{
	gboolean good = pass_share(&sender->totals) >= GOOD_SHARE;

	mq_changes_add(changes, "new-sender", sender->totals.first_s, sender->key, !good,
	               "new: %" G_GINT64_FORMAT " messages, %" G_GINT64_FORMAT " pass DMARC",
	               sender->totals.messages, sender->totals.dmarc_pass);
}

static void
compare_sender(GPtrArray *changes, const MqSender *before, const MqSender *now)
{
	gboolean was_good = pass_share(&before->totals) >= GOOD_SHARE;
	gboolean is_good = pass_share(&now->totals) >= GOOD_SHARE;

	if (was_good == is_good)
		return;
	mq_changes_add(changes, is_good ? "sender-recovered" : "sender-failing",
	               is_good ? MQ_TIME_ABSENT : failing_since(now), now->key, !is_good,
	               "%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " messages pass DMARC, before %" G_GINT64_FORMAT
	               " of %" G_GINT64_FORMAT,
	               is_good ? "passes again" : "began to fail", now->totals.dmarc_pass, now->totals.messages,
	               before->totals.dmarc_pass, before->totals.messages);
}

void
mq_changes_of_senders(GPtrArray *changes, MqSenders *before, MqSenders *now)
{
	const GPtrArray *then_list = mq_senders_list(before);
	const GPtrArray *now_list = mq_senders_list(now);
	gint64 then_messages = sum_messages(then_list);
	gint64 now_messages = sum_messages(now_list);

	for (guint i = 0; i < now_list->len; i++) {
		const MqSender *sender = g_ptr_array_index(now_list, i);
		const MqSender *was = mq_senders_find(before, sender->key);

		if (!is_weighty(sender, now_messages))
			continue;
		if (was != NULL && is_weighty(was, then_messages))
			compare_sender(changes, was, sender);
		else if (was == NULL && then_messages > 0) /* before the first report all would be new */
			add_newcomer(changes, sender);
	}
	for (guint i = 0; now_messages > 0 && i < then_list->len; i++) {
		const MqSender *sender = g_ptr_array_index(then_list, i);

		if (is_weighty(sender, then_messages) && mq_senders_find(now, sender->key) == NULL)
			mq_changes_add(changes, "sender-gone", sender->totals.last_s, sender->key, FALSE,
			               "gone: %" G_GINT64_FORMAT " messages before, none now",
			               sender->totals.messages);
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
