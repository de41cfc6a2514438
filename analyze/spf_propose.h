/* An SPF record to publish instead of one that receivers cannot use. */
#ifndef MQ_ANALYZE_SPF_PROPOSE_H
#define MQ_ANALYZE_SPF_PROPOSE_H

#include "analyze/spf_survey.h"

#define MQ_SPF_RECORD_BYTES 1500 /* beyond it answers need TCP, and editors of zones give up */

/**
 * mq_spf_propose:
 * @records: char *: the SPF records there are
 * @out: (out) (transfer full) (nullable): one record with the valid terms of all (a known slip, such as
 *   ipv4:, is mended; what is no term is left out), within ten lookups:
 *   where more would be needed, includes are replaced by the ranges they stand for, the costliest
 *   first. %NULL when that is not possible (exists, macros, no answer, too long), and when none
 *   of those that were to send would be left.
 *
 * Returns: %FALSE while answers are wanted
 */
gboolean mq_spf_propose(MqAnswers *answers, const char *domain, const GPtrArray *records, char **out);

#endif
