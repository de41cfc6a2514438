/* Checks domains: asks what is wanted, again and again, until the facts of each are complete. */
#ifndef MQ_ANALYZE_CHECK_DOMAINS_H
#define MQ_ANALYZE_CHECK_DOMAINS_H

#include "analyze/checks.h"
#include "analyze/resolver.h"

typedef struct {
	char *domain;
	MqFactsOptions options; /* what it points to must outlive the check */
	MqAnswers *answers;     /* all that was asked for it */
	MqFacts *facts;
	MqFindings *findings;
	guint rounds;           /* private */
} MqDomainCheck;

/* (transfer full): not checked yet */
MqDomainCheck *mq_domain_check_new(const char *domain, const MqFactsOptions *options);
void mq_domain_check_free(MqDomainCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqDomainCheck, mq_domain_check_free)

#define MQ_CHECK_FLIGHT 32 /* domains that are looked at together */

/* (nullable) Now and then. */
typedef void (*MqCheckProgress)(gpointer ctx, guint done, guint total);

/**
 * mq_check_domains:
 * @checks: MqDomainCheck *: each gets its facts and findings
 * @dns: answers questions of DNS; a question that several domains have is asked once
 * @others: (nullable) (array zero-terminated=1): answer the other kinds; what none of them does is unknown
 *
 * Always completes every check: what could not be asked is unknown in it. Each domain has its own
 * limits of time and questions (analyze/answers.h), and MQ_CHECK_ROUNDS: one that is slow or hostile
 * costs the others nothing but its place among those that are looked at together.
 *
 * Returns: %FALSE with %MQ_ERROR_DNS when no name server could be reached; the checks are complete all
 *   the same, and say that nothing is known
 */
gboolean mq_check_domains(const GPtrArray *checks, MqResolver *dns, MqResolver *const *others,
                          MqCheckProgress progress, gpointer ctx, GError **error);

/* How often answers may bring up new questions; include chains and CNAMEs need about twelve. */
#define MQ_CHECK_ROUNDS 40

#endif
