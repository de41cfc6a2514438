/* What a candidate policy would have done to the window's mail, with today's DNS or with DNS as it was. */
#ifndef MQ_ANALYZE_REPLAY_H
#define MQ_ANALYZE_REPLAY_H

#include "analyze/sources.h"

/* Messages by whose they are. */
typedef struct {
	gint64 legitimate, forwarded, threat, unknown;
} MqWhose;

/* What the policy would touch. */
typedef struct {
	MqWhose touched, quarantined, rejected; /* the first is the sum of the others */
	gint64 unsaid;             /* left out of all this: no report says what DMARC found */
	gint64 legitimate_all;     /* the owner's mail, touched or not: what shares are of */
	double legitimate_share;   /* 0 when there is none */
	double legitimate_upper95; /* 95 % upper bound of it (Wilson score); 1 when there is none */
} MqImpact;

/* Which of p, sp and np is for that From domain. */
typedef MqDmarcWhom (*MqWhomFunc)(gpointer ctx, const char *header_from);

/* TODAY: keys and SPF records as they are. THEN: what reporters found, aligned anew by the candidate's modes. */
typedef enum { MQ_REPLAY_TODAY, MQ_REPLAY_THEN } MqReplayDns;

typedef struct {
	const MqSources *sources;
	const MqDmarcRecord *record; /* the candidate: its policies, its t, its alignment modes */
	MqWhomFunc whom;
	gpointer ctx;
	MqReplayDns dns;
	gboolean subdomains_only;
	const MqSenderGroup *sender; /* (nullable): only its mail */
} MqReplay;

MqImpact mq_replay(const MqReplay *replay);

/* The 95 % upper bound (one-sided) of a share of @n of which @k were seen. */
double mq_upper_bound(gint64 k, gint64 n);
double mq_lower_bound(gint64 k, gint64 n);

/* The owner's mail: compliant, fixed, fixable. */
gboolean mq_verdict_is_owner(MqVerdict verdict);

#endif
