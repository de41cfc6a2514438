#include "cli/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#define CHUNK 65536

struct MqLines {
	int fd;
	gsize max_bytes;
	GByteArray *held;  /* what no line was made of yet */
	gsize searched;    /* of it, without finding an end of line */
	gboolean skipping; /* the line was too long: what is left of it goes */
	gboolean ended;
};

MqLines *
mq_lines_new(int fd, gsize max_bytes)
{
	MqLines *lines = g_new0(MqLines, 1);

	lines->fd = fd;
	lines->max_bytes = max_bytes;
	lines->held = g_byte_array_new();
	return lines;
}

void
mq_lines_free(MqLines *lines)
{
	if (lines == NULL)
		return;
	g_byte_array_unref(lines->held);
	g_free(lines);
}

/* One read; nothing is there yet: MQ_LINE_NOT_YET. */
static MqLineState
read_more(MqLines *lines, gboolean may_wait, GError **error)
{
	struct pollfd ready = { .fd = lines->fd, .events = POLLIN };
	guint8 bytes[CHUNK];
	gssize n;

	if (poll(&ready, 1, may_wait ? -1 : 0) == 0)
		return MQ_LINE_NOT_YET;
	n = read(lines->fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EINTR)
		return MQ_LINE_READ;
	if (n < 0) {
		g_set_error(error, G_IO_ERROR, (int)g_io_error_from_errno(errno), "cannot read standard input: %s",
		            g_strerror(errno));
		return MQ_LINE_ERROR;
	}
	lines->ended = n == 0;
	g_byte_array_append(lines->held, bytes, (guint)n);
	return MQ_LINE_READ;
}

/* The end of the line is after @n bytes of what is held, its newline (if there is one) follows. */
static MqLineState
take(MqLines *lines, gsize n, gsize newline, char **line)
{
	gboolean skip = lines->skipping || n > lines->max_bytes;

	if (!skip)
		*line = g_strndup((const char *)lines->held->data, n);
	g_byte_array_remove_range(lines->held, 0, (guint)(n + newline));
	lines->searched = 0;
	lines->skipping = FALSE;
	return skip ? MQ_LINE_TOO_LONG : MQ_LINE_READ;
}

/* A line that is held whole, or the last one without an end. */
static MqLineState
take_held(MqLines *lines, char **line)
{
	const guint8 *from = lines->held->data + lines->searched;
	const guint8 *end = lines->held->len > lines->searched ? memchr(from, '\n', lines->held->len - lines->searched) : NULL;

	if (end != NULL)
		return take(lines, (gsize)(end - lines->held->data), 1, line);
	if (lines->ended)
		return lines->held->len > 0 || lines->skipping ? take(lines, lines->held->len, 0, line) : MQ_LINE_END;
	lines->searched = lines->held->len;
	if (lines->held->len > lines->max_bytes) {
		lines->skipping = TRUE;
		g_byte_array_set_size(lines->held, 0);
		lines->searched = 0;
	}
	return MQ_LINE_NOT_YET;
}

MqLineState
mq_lines_next(MqLines *lines, gboolean may_wait, char **line, GError **error)
{
	MqLineState state = take_held(lines, line);

	while (state == MQ_LINE_NOT_YET) {
		MqLineState got = read_more(lines, may_wait, error);

		if (got != MQ_LINE_READ)
			return got;
		state = take_held(lines, line);
	}
	return state;
}
