/* The sentence that a domain's chapter begins with, and whether somebody has to do something. Pure. */
#ifndef MQ_ANALYZE_HEADLINE_H
#define MQ_ANALYZE_HEADLINE_H

#include "analyze/summary.h"

/* Sets ->headline, ->needs_person and ->open_actions from all the rest: the sentence never says that nothing
 * is needed where the move waits for somebody, or where the mail fails. */
void mq_headline_make(MqDomainSummary *summary);

#endif
