/* IMAP4rev1 (RFC 3501), as much of it as reading mail and putting it away needs, over any connection on
 * which somebody is logged in. The server is a stranger: each reply has a bound and a deadline. Any
 * function that fails leaves a connection that is of no more use. */
#ifndef MQ_INGEST_IMAP_H
#define MQ_INGEST_IMAP_H

#include "ingest/ingest.h"

typedef struct {
	/* Up to @n bytes, at least one; waits until @deadline_us of the monotonic clock. 0: the server has hung
	 * up. -1 with @error. */
	gssize (*receive)(gpointer ctx, char *bytes, gsize n, gint64 deadline_us, GError **error);
	gboolean (*send)(gpointer ctx, const char *bytes, gsize n, gint64 deadline_us, GError **error);
	gpointer ctx;
} MqImapConnection;

typedef struct MqImap MqImap;

/* @connection: copied; what its ctx points to outlives the MqImap */
MqImap *mq_imap_new(const MqImapConnection *connection);
void mq_imap_free(MqImap *imap);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqImap, mq_imap_free)

/**
 * mq_imap_open_folder:
 * @folder: as people write it (UTF-8), with the server's own delimiter between levels
 * @to_change: else nothing can be changed by accident (EXAMINE)
 * @uidvalidity: (out): UIDs mean the same mails as long as this number is the same (RFC 3501 2.3.1.1)
 *
 * Returns: %FALSE with %G_IO_ERROR_NOT_FOUND when there is no such folder; it names some that there are
 */
gboolean mq_imap_open_folder(MqImap *imap, const char *folder, gboolean to_change, guint32 *uidvalidity, GError **error);

typedef struct {
	guint32 uid;
	guint64 n_bytes;
	gboolean done; /* the caller's */
} MqImapMail;

/* The mails of the open folder with a UID of @first or more, in order: (transfer full) (element-type MqImapMail) */
GArray *mq_imap_list(MqImap *imap, guint32 first, GError **error);

/* @fd: (transfer full): an unnamed file in memory that holds the mail. %FALSE: enough. */
typedef gboolean (*MqImapTake)(gpointer ctx, guint32 uid, int fd, guint64 n_bytes);

/* Fetches mails without marking them as read, in the server's order; those that are gone are left out.
 * %FALSE with %G_IO_ERROR_CANCELLED when @take has enough. */
gboolean mq_imap_fetch(MqImap *imap, const MqImapMail *mails, guint n, MqImapTake take, gpointer ctx, GError **error);

/* Does to mails of the open folder what @after says. A folder to move to is made if need be. A server
 * without MOVE (RFC 6851) copies and deletes; one without UIDPLUS (RFC 4315) only marks as deleted, since
 * it could not remove these mails alone. */
gboolean mq_imap_settle(MqImap *imap, const guint32 *uids, guint n, const MqAfter *after, GError **error);

#endif
