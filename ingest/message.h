/* One message, read: for the run in ingest.c. */
#ifndef MQ_INGEST_MESSAGE_H
#define MQ_INGEST_MESSAGE_H

#include "ingest/ingest.h"

typedef MqKnown (*MqKnownFunc)(gpointer ctx, const guint8 sha256[MQ_DIGEST_BYTES]);

/**
 * mq_message_read:
 * @message: new, with its item
 * @known: (nullable): what the store has of these bytes; one that is done with is not looked into
 *
 * Opens the item, takes its digest and what is in it. What cannot be read fails as a message does;
 * its digest is then that of its name.
 *
 * Returns: %FALSE when the item is not there any more: another program has taken it away
 */
gboolean mq_message_read(MqMessage *message, const MqIngestOptions *options, MqKnownFunc known, gpointer ctx);

#endif
