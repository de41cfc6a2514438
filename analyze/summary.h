/* The digest's content: what a person should know of a period, domain by domain, from the store. */
#ifndef MQ_ANALYZE_SUMMARY_H
#define MQ_ANALYZE_SUMMARY_H

#include "analyze/changes.h"

/* [since, until) is the period, [previous_since, since) the one before; seconds, at midnight UTC. */
typedef struct {
	gint64 previous_since_s, since_s, until_s;
} MqPeriod;

/* A sender of whose mail some fails. */
typedef struct {
	char *sender;
	gint64 messages, dmarc_pass;
	gint64 previous_messages, previous_dmarc_pass;
	gint64 since_s;        /* the day it began to, or MQ_TIME_ABSENT: it always did */
	gboolean proved;       /* some of its mail passes: it is probably the owner's */
	GPtrArray *domains;    /* char *: that it proved to speak for */
	GPtrArray *evidence;   /* char *: what reports say of what fails, the most frequent first */
} MqFailingSender;

typedef struct {
	char *domain;
	char *headline;          /* one sentence */
	gboolean needs_person;
	MqTotals now, before;
	gint64 dispositions[MQ_DISPOSITION_N]; /* messages; [0] where the report does not say */
	GPtrArray *changes;      /* MqChange *, what needs a person first */
	GPtrArray *failing;      /* MqFailingSender *, most failing messages first; at most MQ_SUMMARY_SENDERS */
	gint64 failing_others;   /* how many senders more */
	gint64 failing_others_messages; /* that failed there */
	MqSenders *senders;      /* of the period */
	gint64 failures;         /* failure samples */
	gint64 tls_ok, tls_failed; /* sessions */
	gint64 suspicious_reports; /* left out of all this */
} MqDomainSummary;

#define MQ_SUMMARY_SENDERS 10

typedef struct {
	MqPeriod period;
	GPtrArray *domains;      /* MqDomainSummary *: what needs a person first, then most messages */
	gint64 failed_messages;  /* mails in the database that could not be understood */
} MqSummary;

void mq_summary_free(MqSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSummary, mq_summary_free)

/**
 * mq_summary_make:
 * @domains: (array zero-terminated=1): canonical names; none: all domains that reports of both
 *   periods name, subdomains within the domain above them
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_STORE
 */
MqSummary *mq_summary_make(MqStore *store, const char *const *domains, const MqPeriod *period, GError **error);

#endif
