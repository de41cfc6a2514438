/* What a report's mail says of itself, and whether that is reason to suspect a forgery: anyone can mail
 * a report in the name of a large reporter.
 *
 * The witness is the operator's own receiver, by the Authentication-Results fields that it puts above
 * what came in (RFC 8601). Those with another id are nobody's word, and so is all below the first such
 * field behind ours: a sender may have written it. Of several results of one method the topmost counts.
 * The receiver has to remove fields that arrive under its own id (RFC 8601 section 5), or to add its own
 * result of each method above them. */
#ifndef MQ_INGEST_TRUST_H
#define MQ_INGEST_TRUST_H

#include "ingest/ingest.h"

/**
 * mq_trust_judge:
 * @authserv_ids: (nullable) (array zero-terminated=1): the receivers that the operator trusts
 * @message: (inout): read; its envelope gets what a trusted receiver found
 *
 * Adds %MQ_PROBLEM_SENDER_DIFFERS for each report whose mail is from someone else or about another
 * domain, which honest reporters' mails are at times, and %MQ_PROBLEM_FORGERY_SUSPECTED where there is
 * evidence: the trusted receiver found the mail not to be from its From domain; or found it to be, and
 * that domain has nothing to do with the reporter; or, without its word, two things contradict the report
 * at once, the From domain and the Subject's. Mail from the report's own domain was forwarded by its
 * people. A bare file, or a mail without From, is no reason for anything.
 */
void mq_trust_judge(MqMessage *message, const char *const *authserv_ids);

#endif
