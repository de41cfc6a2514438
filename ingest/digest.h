/* SHA-256, fast for many small inputs: one digester is used again and again. */
#ifndef MQ_INGEST_DIGEST_H
#define MQ_INGEST_DIGEST_H

#include "ingest/report.h"

/* Not shared between threads. */
typedef struct MqDigester MqDigester;

/* Ready for mq_digester_add(). (transfer full) */
MqDigester *mq_digester_new(void);
void mq_digester_free(MqDigester *digester);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqDigester, mq_digester_free)

void mq_digester_add(MqDigester *digester, gconstpointer bytes, gsize n);
/* Gives the digest of all that was added and starts afresh. */
void mq_digester_take(MqDigester *digester, guint8 digest[MQ_DIGEST_BYTES]);

/* Of one run of bytes; uses a digester that the calling thread keeps. */
void mq_digest_bytes(gconstpointer bytes, gsize n, guint8 digest[MQ_DIGEST_BYTES]);

#endif
