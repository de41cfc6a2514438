/* SPF of many addresses against few records: each record is compiled to ranges of addresses as they
 * are needed. What the evaluator found for one address holds for all that go the same way through the
 * record, so ten thousand addresses cost as many evaluations as the record tells kinds of them apart,
 * and no question beyond those of the first. Where a term depends on the address itself (exists with
 * %{i}, ptr) a range is that one address. */
#ifndef MQ_ANALYZE_SPF_RANGES_H
#define MQ_ANALYZE_SPF_RANGES_H

#include "analyze/spf.h"

typedef struct MqSpfRanges MqSpfRanges;

/* @answers must outlive it, and be filled only after its end: what was wanted then stays so in it. */
MqSpfRanges *mq_spf_ranges_new(MqAnswers *answers);
void mq_spf_ranges_free(MqSpfRanges *ranges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSpfRanges, mq_spf_ranges_free)

/**
 * mq_spf_ranges_find:
 * @domain: whose SPF; the sender is its postmaster
 * @result: (out): as mq_spf_check() has it; absent while answers are wanted
 * @via: (out) (optional) (nullable): on a pass, the domain of the include or redirect that let the
 *   address send; valid until the end of @ranges
 *
 * Returns: %FALSE while answers are wanted
 */
gboolean mq_spf_ranges_find(MqSpfRanges *ranges, const char *domain, const MqAddress *address, MqResult *result,
                            const char **via);

/* How many evaluations it took so far. */
guint mq_spf_ranges_evaluated(const MqSpfRanges *ranges);

#endif
