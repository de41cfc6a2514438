/* Two periods side by side: who is new, who is gone, who began to fail and when, which policy
 * changed. Pure: sums in, changes out. */
#ifndef MQ_ANALYZE_CHANGES_H
#define MQ_ANALYZE_CHANGES_H

#include "analyze/sources.h"

typedef struct {
	const char *id;        /* new-sender, sender-gone, sender-failing, sender-recovered, policy-changed, reporter-silent, dns-changed */
	gint64 since_s;        /* the day it began, or MQ_TIME_ABSENT */
	char *subject;         /* the sender, domain or reporter */
	char *detail;          /* a phrase */
	gboolean needs_person; /* somebody should look at it */
} MqChange;

void mq_change_free(MqChange *change);

/* (transfer none): owned by @changes. @format makes the detail. */
MqChange *mq_changes_add(GPtrArray *changes, const char *id, gint64 since_s, const char *subject,
                         gboolean needs_person, const char *format, ...) G_GNUC_PRINTF(6, 7);

/* What a sender did in a period. */
typedef struct {
	const char *name;
	const MqSourceDay *days;  /* in order */
	guint n_days;
	gint64 messages, passed, unknown;
	gboolean is_threat;       /* judged so: its mail shall fail */
} MqSenderPeriod;

/* The days of @sender in [since, until). */
MqSenderPeriod mq_sender_period(const MqSenderGroup *sender, gint64 since_s, gint64 until_s);

/* The first of the last days that failed without a good one after it; of days that come and go, the first
 * that failed. MQ_TIME_ABSENT when none failed, or when it never was good. */
gint64 mq_days_failing_since(const MqSourceDay *days, guint n_days);

/**
 * mq_changes_of_senders:
 * @changes: (element-type MqChange): gets what changed, the heaviest first
 * @senders: (element-type MqSenderGroup)
 *
 * What is small beside the whole (below 1 % of the period's messages, or below 5) is left out: each
 * week a hundred strangers send one mail each. A sender began to fail when 90 % of its mail passed
 * before and less does now. Strangers that only failed come and go unsaid.
 */
void mq_changes_of_senders(GPtrArray *changes, const GPtrArray *senders, gint64 previous_since_s, gint64 since_s, gint64 until_s);

/* What policies the reports say were published, day by day. */
typedef struct MqPolicyLog MqPolicyLog;

MqPolicyLog *mq_policy_log_new(void);
void mq_policy_log_free(MqPolicyLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqPolicyLog, mq_policy_log_free)
void mq_policy_log_add(MqPolicyLog *log, const MqFlow *flow);
/* A policy that was seen first after another, and is seen last: it took its place. */
void mq_changes_of_policy(GPtrArray *changes, const MqPolicyLog *log);

/* In order: what needs a person, then by day. */
void mq_changes_sort(GPtrArray *changes);

#endif
