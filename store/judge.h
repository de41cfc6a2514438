/* What DMARC must have found where a report has the results of DKIM and SPF, yet not what it made of them. */
#ifndef MQ_STORE_JUDGE_H
#define MQ_STORE_JUDGE_H

#include "store/sets.h"

/**
 * mq_judge:
 * @header_from: (nullable) the domain in From, as reported
 * @adkim, @aspf: the modes that were published, as reported
 * @dkim, @spf: (out): aligned results; both _ABSENT when what is reported does not settle whether DMARC passed
 *
 * Alignment is by the public suffix list (RFC 7489 section 3.1). A mode that is not reported is unknown, and
 * matters only to names that are alike and not equal.
 */
void mq_judge(const MqSet *auth, const char *header_from, MqAlignmentMode adkim, MqAlignmentMode aspf, MqResult *dkim,
              MqResult *spf);

#endif
