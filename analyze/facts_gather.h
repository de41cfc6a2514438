/* What the files that gather facts share; who reads facts includes analyze/facts.h. */
#ifndef MQ_ANALYZE_FACTS_GATHER_H
#define MQ_ANALYZE_FACTS_GATHER_H

#include "analyze/facts.h"

MqFactState mq_fact_state(const MqAnswer *answer);
/* The text of one of its records. */
const char *mq_fact_text(const MqAnswer *answer, guint i);

/* Each fills its part of @facts. %FALSE while answers are wanted. */
gboolean mq_facts_gather_mx(MqAnswers *answers, MqFacts *facts);
gboolean mq_facts_gather_dkim(MqAnswers *answers, MqFacts *facts, const MqFactsOptions *options);
gboolean mq_facts_gather_tls(MqAnswers *answers, MqFacts *facts);

/* GDestroyNotify of MqMxFact */
void mq_mx_fact_free(gpointer data);

#endif
