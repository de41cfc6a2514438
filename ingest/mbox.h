/* Mailbox files, split into mails as they stream by: any number of mails in the memory of one.
 *
 * A mail begins at a line "From SENDER DATE" that a header field follows (mboxo, mboxrd, Thunderbird,
 * takeouts), or at a line of four control-A (MMDF). "From " in a body that looks otherwise splits
 * nothing, so that boxes which do not quote it (mboxcl2) are read as well; Content-Length is not
 * believed, since one that is wrong would swallow the mails behind it. ">From " loses one '>'. */
#ifndef MQ_INGEST_MBOX_H
#define MQ_INGEST_MBOX_H

#include <glib.h>

#define MQ_MBOX_BID_BYTES 4096

/* Whether these first bytes of a file begin a mailbox. */
gboolean mq_mbox_starts(const guint8 *bytes, gsize n);

/* Up to @n bytes; 0: the end; -1 with @error. */
typedef gssize (*MqMboxRead)(gpointer ctx, guint8 *bytes, gsize n, GError **error);

typedef struct MqMbox MqMbox;

MqMbox *mq_mbox_new(MqMboxRead read, gpointer ctx);
void mq_mbox_free(MqMbox *mbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqMbox, mq_mbox_free)

/* The first bytes, left in place. Returns: how many there are, or -1 */
gssize mq_mbox_peek(MqMbox *mbox, const guint8 **bytes, GError **error);

/**
 * mq_mbox_next:
 * @fd: (out): an unnamed file in memory that holds the mail, quoting undone, without the line that
 *   introduced it; the caller closes it. A mail of more than %MQ_LIMIT_MESSAGE_BYTES is cut behind that.
 * @n_bytes: (out): its length
 *
 * Returns: 1 for a mail, 0 at the end, -1 with @error
 */
int mq_mbox_next(MqMbox *mbox, int *fd, guint64 *n_bytes, GError **error);

/* All that is left, as it is, in an unnamed file on disk. Returns: a descriptor, or -1 with @error */
int mq_mbox_spool(MqMbox *mbox, guint64 *n_bytes, GError **error);

#endif
