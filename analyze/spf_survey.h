/* The whole of a domain's SPF, whoever asks: every branch is walked, so that the counts are the worst
 * case (RFC 7208 section 4.6.4: those of an address that matches nothing). What a check audits; who
 * wants to know about an address evaluates it (mq_spf_check()). */
#ifndef MQ_ANALYZE_SPF_SURVEY_H
#define MQ_ANALYZE_SPF_SURVEY_H

#include "analyze/spf.h"

#define MQ_SPF_SURVEY_LOOKUPS 40 /* are walked, to say how far over the limit a record is */

typedef struct {
	MqResult result;    /* neutral: there is a record to use; none; permerror, temperror: see problem */
	char *problem;      /* (nullable) the first one, visible text */
	guint lookups;      /* may exceed MQ_SPF_LOOKUPS */
	guint void_lookups; /* names without any address, of either family */
	gboolean needs_ask; /* exists, ptr or macros on who sends: stands for no fixed ranges */
	gboolean incomplete; /* not all of it was walked: the counts are at least these */
	gboolean shortened; /* the tree has the first MQ_SPF_NODES terms only */
	GPtrArray *tree;    /* MqSpfNode *: the record's terms */
} MqSpfSurvey;

/**
 * mq_spf_survey:
 * @out: (out) (transfer full): set on %TRUE only
 *
 * Returns: %FALSE while answers are wanted
 */
gboolean mq_spf_survey(MqAnswers *answers, const char *domain, MqSpfSurvey **out);
void mq_spf_survey_free(MqSpfSurvey *survey);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSpfSurvey, mq_spf_survey_free)

#endif
