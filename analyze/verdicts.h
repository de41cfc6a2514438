/* Whose mail is it? An ordered table of rules judges each stream; the first that speaks decides. A
 * source is judged by its streams, a sender by its sources. What a person decided comes first. */
#ifndef MQ_ANALYZE_VERDICTS_H
#define MQ_ANALYZE_VERDICTS_H

#include "analyze/sources.h"

/* @domain label key -> word, as `marque label` has them; key: address, block or sender's name. */
typedef struct {
	char *key, *word;
} MqLabel;

/* After mq_sources_name(). @labels: const MqLabel * */
void mq_verdicts_judge(MqSources *sources, const GPtrArray *labels);

#endif
