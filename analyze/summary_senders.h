/* The senders of a digest: whose mail fails and what reports say of it, where forged and forwarded
 * mail came from. Pure: judged sources in, lists out. */
#ifndef MQ_ANALYZE_SUMMARY_SENDERS_H
#define MQ_ANALYZE_SUMMARY_SENDERS_H

#include "analyze/summary.h"

/* Fills ->failing, ->failing_others, ->threat and ->forwarded of @out, whose sources are judged. */
void mq_summary_list_senders(MqDomainSummary *out, const MqPeriod *period);

#endif
