/* Identifier alignment: whether a domain that passed SPF or DKIM vouches for the domain in From
 * (RFC 9989 section 4.4, RFC 7489 section 3.1). */
#ifndef MQ_ANALYZE_ALIGNMENT_H
#define MQ_ANALYZE_ALIGNMENT_H

#include "analyze/answers.h"

typedef enum { MQ_ALIGNED_NO, MQ_ALIGNED_YES, MQ_ALIGNED_UNKNOWN } MqAligned;

/**
 * mq_alignment_treewalk:
 * @from: the domain in From; @identifier: the one that passed; both normalized
 * @strict: the names must be equal
 * @aligned: (out): _UNKNOWN when DNS did not answer
 *
 * By the organizational domains of the tree walk.
 *
 * Returns: %FALSE while answers are wanted
 */
gboolean mq_alignment_treewalk(MqAnswers *answers, const char *from, const char *identifier, gboolean strict,
                               MqAligned *aligned);

/* The same by the public suffix list; asks nothing. */
gboolean mq_alignment_suffix(const char *from, const char *identifier, gboolean strict);

#endif
