/* Which DMARC record applies to a domain and what its organizational domain is: by the tree walk of
 * RFC 9989 section 4.10, and by the public suffix list as RFC 7489 section 3.2 has it. Receivers of
 * both generations are alive, so both are computed and may disagree.
 *
 * Functions that take MqAnswers return %FALSE while answers are wanted (analyze/answers.h); what
 * they have set by then is worth nothing. */
#ifndef MQ_ANALYZE_DISCOVERY_H
#define MQ_ANALYZE_DISCOVERY_H

#include "analyze/answers.h"
#include "analyze/record_dmarc.h"

#define MQ_WALK_QUERIES_MAX 8 /* RFC 9989 4.10 */

/* What _dmarc.NAME has. */
typedef struct {
	char *name;          /* without "_dmarc." */
	MqOutcome outcome;   /* of the question; _FOUND does not mean that a record is a DMARC record */
	char *why;           /* (nullable) when unknown */
	GPtrArray *records;  /* MqDmarcRecord *: those that begin with v=DMARC1; several count as none */
	GPtrArray *others;   /* char *: other TXT records there */
} MqDmarcAt;

void mq_dmarc_at_free(MqDmarcAt *at);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqDmarcAt, mq_dmarc_at_free)

/* (transfer full) (nullable): %NULL when it is wanted now */
MqDmarcAt *mq_dmarc_at(MqAnswers *answers, const char *name);

typedef enum {
	MQ_DISCOVERY_NONE,    /* DMARC does not apply */
	MQ_DISCOVERY_RECORD,  /* one record applies */
	MQ_DISCOVERY_UNKNOWN, /* DNS did not answer where it matters */
} MqDiscoveryState;

typedef struct {
	MqDiscoveryState state;
	char *why;                   /* (nullable) when unknown */
	MqDmarcRecord *record;       /* (nullable) the one that applies */
	char *policy_domain;         /* (nullable) where it is, without "_dmarc." */
	MqDmarcWhom whom;            /* which of p, sp and np is for the domain */
	char *organizational_domain; /* (nullable) %NULL when unknown */
} MqDiscovery;

void mq_discovery_clear(MqDiscovery *discovery);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqDiscovery, mq_discovery_clear)

/**
 * mq_discovery_treewalk:
 * @domain: normalized: the domain in From
 * @out: (out caller-allocates): cleared first; must be zero or set before
 *
 * *Source:* RFC 9989 4.10, 4.10.1, 4.10.2. Whether @domain itself exists (sp or np) is asked only
 * when the record is found above it.
 *
 * Returns: %FALSE while answers are wanted
 */
gboolean mq_discovery_treewalk(MqAnswers *answers, const char *domain, MqDiscovery *out);

/* The same by RFC 7489 6.6.3: the domain, then its organizational domain by the public suffix list. */
gboolean mq_discovery_suffix(MqAnswers *answers, const char *domain, MqDiscovery *out);

/**
 * mq_discovery_organization:
 * @out: (out) (transfer full) (nullable): by the tree walk; %NULL when DNS did not answer
 *
 * For an authenticated identifier or a URI's host: only the organizational domain.
 */
gboolean mq_discovery_organization(MqAnswers *answers, const char *domain, char **out);

/* By the public suffix list; a public suffix is its own. (transfer full) */
char *mq_discovery_organization_suffix(const char *domain);

#endif
