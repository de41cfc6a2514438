/* Reports in plain text: XML in a body, uuencode, and the base64 of a mail whose MIME is broken. */
#ifndef MQ_INGEST_SALVAGE_H
#define MQ_INGEST_SALVAGE_H

#include "ingest/part.h"
#include "ingest/unwrap.h"

/* Looks into a text body: for what is pasted into it, else for what it is itself. */
void mq_salvage_text(MqUnwrap *unwrap, MqPart *part);
/* Looks into any other text: only for what is pasted into it. */
void mq_salvage_part(MqUnwrap *unwrap, MqPart *part);
/* Looks through the raw bytes of a message in which nothing was found. */
void mq_salvage_item(MqUnwrap *unwrap, MqPart *item);

#endif
