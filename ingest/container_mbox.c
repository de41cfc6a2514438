/* A mailbox file inside something: packed by a takeout, or attached to a mail. One in a folder is an
 * origin (origin_mbox.c), whose mails are messages of their own. */
#include "ingest/containers.h"

#include <unistd.h>

#include "ingest/mbox.h"

static guint
mbox_bid(const MqPart *part, const guint8 *bytes, gsize n)
{
	return !part->is_mail && mq_mbox_starts(bytes, n) ? 60 : 0; /* one mail looks like that too, and is one */
}

/* MqMboxRead */
static gssize
read_part(gpointer ctx, guint8 *bytes, gsize n, GError **error)
{
	return mq_part_read(ctx, bytes, n, error);
}

static void
pour_mail(MqUnwrap *unwrap, const MqPart *around, guint number, int fd, guint64 n_bytes)
{
	g_autofree char *name = g_strdup_printf("%u", number);
	g_autoptr(MqPart) mail = mq_part_new_file(fd, 0, (gint64)n_bytes, around, name, NULL);

	mail->is_mail = TRUE;
	mail->claim = MQ_CLAIM_UNKNOWN;
	mq_unwrap_attachment(unwrap, mail);
}

static gboolean
mbox_pour(MqPart *part, MqUnwrap *unwrap, GError **error)
{
	g_autoptr(MqMbox) mbox = mq_mbox_new(read_part, part);
	guint64 n_bytes;
	guint number = 0;
	int fd, more;

	mq_unwrap_envelope(unwrap); /* no mail of many speaks for the others */
	while ((more = mq_mbox_next(mbox, &fd, &n_bytes, error)) > 0) {
		gboolean goes_on = mq_unwrap_count_member(unwrap, error);

		if (goes_on)
			pour_mail(unwrap, part, ++number, fd, n_bytes);
		close(fd);
		if (!goes_on)
			return FALSE;
	}
	return more == 0;
}

const MqContainer mq_container_mbox = { .name = "mbox", .bid = mbox_bid, .pour = mbox_pour };
