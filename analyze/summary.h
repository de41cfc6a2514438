/* The digest's content: what a person should know of a period, domain by domain, from the store. */
#ifndef MQ_ANALYZE_SUMMARY_H
#define MQ_ANALYZE_SUMMARY_H

#include "analyze/advise.h"
#include "analyze/changes.h"
#include "analyze/trend.h"

/* [since, until) is the period, [previous_since, since) the one before; seconds, at midnight UTC. */
typedef struct {
	gint64 previous_since_s, since_s, until_s;
} MqPeriod;

/* A sender of whose mail some fails that is, or may be, the owner's. */
typedef struct {
	const MqSenderGroup *sender; /* borrowed: verdict, cause */
	MqSenderPeriod now, before;
	gint64 since_s;        /* the day it began to fail, or MQ_TIME_ABSENT: it always did */
	GPtrArray *evidence;   /* char *: what reports say of what fails, the most frequent first */
} MqFailingSender;

/* Where mail came from that was forged, or forwarded. */
typedef struct {
	const MqSenderGroup *sender; /* borrowed */
	gint64 messages, previous_messages;
	gint64 failing, blocked;     /* of the messages: fail DMARC; were quarantined or rejected */
	gint64 sources;
} MqSummaryOrigin;

typedef struct {
	gint64 messages, previous_messages, failing, blocked, sources;
	GArray *origins;       /* MqSummaryOrigin, most messages first; at most MQ_SUMMARY_SENDERS */
	guint more_origins;
} MqSummaryOrigins;

typedef struct {
	char *domain;
	char *headline;          /* one sentence */
	gboolean needs_person;
	guint open_actions;      /* things for somebody to do, small ones too */
	MqAdvice *advice;        /* as of the period's end: the move, gates, actions */
	MqSources *sources;      /* of both periods: borrowed of the advice, or owned; named and judged */
	MqSources *longer;       /* (nullable) private */
	MqTotals now, before;
	GPtrArray *changes;      /* MqChange *, what needs a person first */
	GPtrArray *failing;      /* MqFailingSender *: what a fix is known for first; at most MQ_SUMMARY_SENDERS */
	gint64 failing_others;   /* how many senders more */
	gint64 failing_others_messages; /* that failed there */
	MqSummaryOrigins threat, forwarded;
	gint64 failures;         /* failure samples */
	gint64 complaints;       /* of people, in the same form: no failures */
	gint64 tls_ok, tls_failed; /* sessions */
	gint64 suspicious_reports; /* left out of all this */
	GArray *days;            /* MqTrendPoint: MQ_SUMMARY_TREND_DAYS up to the end of the period */
} MqDomainSummary;

#define MQ_SUMMARY_SENDERS 10
#define MQ_SUMMARY_DAYS    30 /* what advice looks at, or the period when it is longer */
#define MQ_SUMMARY_TREND_DAYS 84 /* twelve weeks */

typedef struct {
	MqPeriod period;
	GPtrArray *domains;      /* MqDomainSummary *: what needs a person first, then most messages */
	gint64 failed_messages;  /* mails in the database that could not be understood */
	char *dns_problem;       /* (nullable) DNS could not be reached: why */
} MqSummary;

void mq_summary_free(MqSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSummary, mq_summary_free)

/* Whom to ask, and what of it is kept. */
typedef struct {
	const MqServices *services;
	const MqGeo *geo;        /* (nullable) */
	MqResolver *resolver;
	MqPolicy goal;
	MqRequirements need;
	gint64 wait_us;          /* for DNS, at most, for each domain; 0: as long as advice does */
	gboolean keeps;          /* the answers, in the store, as of now_s; the caller commits */
	gint64 now_s;
	gboolean is_page;        /* one of many of the same database: its failed mails are not counted again */
} MqSummaryAsk;

/**
 * mq_summary_make:
 * @domains: (array zero-terminated=1): canonical names; none: all domains that reports of both
 *   periods name, subdomains within the domain above them
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_STORE. DNS that cannot be reached is no error: what it
 *   would have said is unknown, and ->dns_problem set.
 */
MqSummary *mq_summary_make(MqStore *store, const char *const *domains, const MqPeriod *period, const MqSummaryAsk *ask,
                           GError **error);

/* All domains that trusted reports of [since, until) name, subdomains within the domain above them: char *.
 * (transfer full): %NULL with %MQ_ERROR_STORE */
GPtrArray *mq_summary_domains(MqStore *store, gint64 since_s, gint64 until_s, GError **error);

#endif
