/* The quarantine: a folder with a copy of each message that is not understood, and why.
 *
 * It is a Maildir, so that any mail program shows it: a mail is new/SHA256, a bare file files/SHA256 with
 * the endings of its name. reasons.tsv is a log: when, which file, where from, and why, or that it was
 * understood. A copy and its line are on disk before the message is delivered, once and for all; a
 * message that is understood later, wherever it is read, leaves the folder after the commit. Only the
 * caller's thread uses it. */
#ifndef MQ_INGEST_QUARANTINE_H
#define MQ_INGEST_QUARANTINE_H

#include "ingest/ingest.h"

typedef struct MqQuarantine MqQuarantine;

/* Makes what is missing of the folder, and looks what is in it. NULL with %MQ_ERROR_USAGE */
MqQuarantine *mq_quarantine_open(const char *folder, GError **error);
void mq_quarantine_free(MqQuarantine *quarantine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqQuarantine, mq_quarantine_free)

/**
 * mq_quarantine_look:
 * @message: (inout): just read. Sets quarantined when a copy of it was made
 *
 * Copies what has failed, or lost a part that claims to be a report; one that is too large or cannot be
 * read stays where it is. Remembers what is understood and has a copy.
 *
 * Returns: %FALSE when a copy cannot be written
 */
gboolean mq_quarantine_look(MqQuarantine *quarantine, MqMessage *message, GError **error);

/* After a commit: the copies of what was understood go. */
gboolean mq_quarantine_settle(MqQuarantine *quarantine, GError **error);

#endif
