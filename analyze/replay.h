/* What a candidate policy would have done to the window's mail, as today's DNS would have it. */
#ifndef MQ_ANALYZE_REPLAY_H
#define MQ_ANALYZE_REPLAY_H

#include "analyze/sources.h"

/* Messages that the policy would touch, by whose they are. */
typedef struct {
	gint64 legitimate, forwarded, threat, unknown;
	gint64 unsaid;             /* left out of all this: no report says what DMARC found */
	gint64 legitimate_all;     /* the owner's mail, touched or not: what shares are of */
	double legitimate_share;   /* 0 when there is none */
	double legitimate_upper95; /* 95 % upper bound of it (Wilson score); 1 when there is none */
} MqImpact;

/* Which of p, sp and np is for that From domain. */
typedef MqDmarcWhom (*MqWhomFunc)(gpointer ctx, const char *header_from);

/* @record: the candidate: its policies, its t, its alignment modes. */
MqImpact mq_replay(const MqSources *sources, const MqDmarcRecord *record, MqWhomFunc whom, gpointer ctx);
/* Only mail of subdomains. */
MqImpact mq_replay_subdomains(const MqSources *sources, const MqDmarcRecord *record, MqWhomFunc whom, gpointer ctx);

/* The 95 % upper bound (one-sided) of a share of @n of which @k were seen. */
double mq_upper_bound(gint64 k, gint64 n);
double mq_lower_bound(gint64 k, gint64 n);

/* The owner's mail: compliant, fixed, fixable. */
gboolean mq_verdict_is_owner(MqVerdict verdict);
/* Whether it would pass with these alignment modes; unknown is not passing. */
gboolean mq_stream_passes(const MqStream *stream, gboolean strict_dkim, gboolean strict_spf);

#endif
