/* Mailbox files, and standard input: a mailbox, one mail or one file. */
#include "ingest/origins.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ingest/mbox.h"

#define POLL_MS 200

/* A descriptor to read from, until nobody wants more. */
typedef struct {
	int fd;
	const MqWalk *walk;
} Input;

static gboolean
wait_for_input(const Input *input)
{
	struct pollfd wanted = { .fd = input->fd, .events = POLLIN };

	while (input->walk->stopped == NULL || !input->walk->stopped(input->walk->ctx))
		if (poll(&wanted, 1, POLL_MS) > 0)
			return TRUE;
	return FALSE;
}

static gssize
read_input(gpointer ctx, guint8 *bytes, gsize n, GError **error)
{
	const Input *input = ctx;
	ssize_t got;

	do {
		if (!wait_for_input(input)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
			return -1;
		}
		got = read(input->fd, bytes, n);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0) {
		int why = errno;

		g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(why), "cannot be read: %s", g_strerror(why));
	}
	return got;
}

/* --------------------------------------------------------------------- items */

/* @fd now belongs to the item. */
static gboolean
emit(const MqOrigin *origin, const MqWalk *walk, const char *name, gboolean is_mail, int fd, guint64 n_bytes)
{
	MqItem *item = mq_item_new(origin, name);

	item->is_mail = is_mail;
	mq_item_hold(item, fd, n_bytes);
	walk->expect(walk->ctx, 1);
	return walk->emit(walk->ctx, item);
}

static gboolean
walk_mails(MqMbox *mbox, const MqOrigin *origin, const char *source, const MqWalk *walk, GError **error)
{
	guint64 n_bytes;
	guint number = 0;
	int fd;
	int more;

	while ((more = mq_mbox_next(mbox, &fd, &n_bytes, error)) > 0) {
		g_autofree char *name = g_strdup_printf("%s:%u", source, ++number);

		if (!emit(origin, walk, name, TRUE, fd, n_bytes))
			return TRUE;
	}
	return more == 0;
}

/* --------------------------------------------------------------------- a file */

gboolean
mq_origin_walk_mbox(const char *path, const MqWalk *walk, GError **error)
{
	int fd = mq_origin_open_file(path, error);
	Input input = { .fd = fd, .walk = walk };
	g_autoptr(MqMbox) mbox = mq_mbox_new(read_input, &input);
	gboolean done;

	if (fd < 0)
		return FALSE;
	done = walk_mails(mbox, &mq_origin_mbox, path, walk, error);
	close(fd);
	return done;
}

gboolean
mq_origin_is_mbox(const char *path)
{
	guint8 start[MQ_MBOX_BID_BYTES];
	int fd = mq_origin_open_file(path, NULL); /* opening it again says why */
	ssize_t n;

	if (fd < 0)
		return FALSE;
	n = read(fd, start, sizeof(start));
	close(fd);
	return n > 0 && mq_mbox_starts(start, (gsize)n);
}

static gboolean
mbox_walk(MqPlace *place, const MqWalk *walk, GError **error)
{
	return mq_origin_walk_mbox(place->source, walk, error);
}

static int
mbox_bid(const char *source)
{
	return mq_origin_is_mbox(source) ? 3 : 0;
}

const MqOrigin mq_origin_mbox = {
	.name = "mbox",
	.bid = mbox_bid,
	.check = mq_origin_check_path,
	.walk = mbox_walk,
	.open = mq_item_open_held,
	.forget = mq_item_forget_held,
};

/* ------------------------------------------------------------- standard input */

#define STDIN_NAME "standard input"

static int
stdin_bid(const char *source)
{
	return strcmp(source, "-") == 0 ? 10 : 0;
}

static gboolean
stdin_check(G_GNUC_UNUSED MqPlace *place, GError **error)
{
	gboolean open = fcntl(STDIN_FILENO, F_GETFD) >= 0;

	if (open && !isatty(STDIN_FILENO))
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "standard input is %s; pipe a mail, a mailbox or a file into it",
	            open ? "a terminal" : "closed");
	return FALSE;
}

static gboolean
stdin_walk(G_GNUC_UNUSED MqPlace *place, const MqWalk *walk, GError **error)
{
	Input input = { .fd = STDIN_FILENO, .walk = walk };
	g_autoptr(MqMbox) mbox = mq_mbox_new(read_input, &input);
	const guint8 *start;
	gssize n = mq_mbox_peek(mbox, &start, error);
	guint64 n_bytes;
	int fd;

	if (n < 0)
		return FALSE;
	if (mq_mbox_starts(start, (gsize)n))
		return walk_mails(mbox, &mq_origin_stdin, STDIN_NAME, walk, error);
	fd = mq_mbox_spool(mbox, &n_bytes, error);
	if (fd >= 0)
		emit(&mq_origin_stdin, walk, STDIN_NAME, FALSE, fd, n_bytes);
	return fd >= 0;
}

const MqOrigin mq_origin_stdin = {
	.name = "standard input",
	.bid = stdin_bid,
	.check = stdin_check,
	.walk = stdin_walk,
	.open = mq_item_open_held,
	.forget = mq_item_forget_held,
};
