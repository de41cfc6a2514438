/* A DNS message, read into an answer. Pure: bytes in, nothing asked. */
#ifndef MQ_ANALYZE_DNS_WIRE_H
#define MQ_ANALYZE_DNS_WIRE_H

#include "analyze/answers.h"

/* The number of a type of DNS, or 0 for a question that is none. */
guint16 mq_dns_wire_type(MqAsk ask);

/**
 * mq_dns_wire_read:
 * @answer: its outcome, why, records, ttl_s are set; CNAMEs that the message follows are added to
 *   its aliases
 * @message: a reply to a question of @answer's type; any bytes
 * @follow: (out) (transfer full) (nullable): set when the message ends in a CNAME whose target
 *   it says nothing about: the name to ask next; the outcome is unknown until then
 */
void mq_dns_wire_read(MqAnswer *answer, const guint8 *message, gsize n, char **follow);

#endif
