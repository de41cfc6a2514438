#include "ingest/mbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "ingest/limits.h"

#define BUFFER_BYTES  65536
#define FROM_BYTES    1000 /* the longest line that can begin a mail */
#define QUOTES_MAX    64   /* '>' before "From ": forwarded as often as that */

struct MqMbox {
	MqMboxRead read;
	gpointer ctx;
	guint8 buffer[BUFFER_BYTES];
	gsize at, n;       /* what is left of it */
	gboolean ended;
	gboolean in_line;  /* what is at @at is the rest of a line */
	gboolean begun;    /* what may stand before the first mail is gone */
};

/* A mail being written. */
typedef struct {
	int fd;
	guint64 n_bytes;
	char blank[2];     /* an empty line that is held back: the last one belongs to the mailbox */
	gsize n_blank;
	gboolean is_cut;
} Mail;

/* ------------------------------------------------------------------- separators */

static gboolean
is_month(const char *word)
{
	static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun",
		                              "jul", "aug", "sep", "oct", "nov", "dec" };

	for (gsize i = 0; i < G_N_ELEMENTS(months); i++)
		if (g_ascii_strncasecmp(word, months[i], 3) == 0)
			return TRUE;
	return FALSE;
}

static gboolean
is_clock(const char *word)
{
	return strlen(word) >= 4 && strspn(word, "0123456789:.") == strlen(word) && strchr(word, ':') != NULL;
}

static gboolean
is_year(const char *word)
{
	return strlen(word) == 4 && strspn(word, "0123456789") == 4 && (word[0] == '1' || word[0] == '2');
}

/* "2019-04-30", and what follows a 'T' */
static gboolean
is_iso_date(const char *word)
{
	return strlen(word) >= 10 && strspn(word, "0123456789") == 4 && word[4] == '-' && word[7] == '-'
	       && g_ascii_isdigit(word[5]) && g_ascii_isdigit(word[6]) && g_ascii_isdigit(word[8]) && g_ascii_isdigit(word[9]);
}

/* "From a@b.example Tue Apr 30 02:09:16 2019" and its cousins: month, clock and year in any order, or
 * an ISO date; or "From nobody" and nothing else. */
static gboolean
is_from_line(const char *line, gsize n)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;
	gboolean month = FALSE, clock = FALSE, year = FALSE, iso = FALSE;
	guint n_words = 0;

	if (n < 5 || memcmp(line, "From ", 5) != 0)
		return FALSE;
	text = g_strndup(line + 5, n - 5);
	words = g_strsplit_set(text, " \t\r,", -1);
	for (guint i = 0; words[i] != NULL; i++) {
		month |= is_month(words[i]);
		clock |= is_clock(words[i]);
		year |= is_year(words[i]);
		iso |= is_iso_date(words[i]);
		n_words += words[i][0] != '\0';
	}
	return (month && clock && year) || iso || n_words == 1;
}

static gboolean
is_field_start(const char *line, gsize n)
{
	gsize i = 0;

	if (n > 6 && memcmp(line, ">From ", 6) == 0)
		return TRUE;
	while (i < n && line[i] > ' ' && line[i] < 127 && line[i] != ':')
		i++;
	return i > 0 && i < n && line[i] == ':';
}

/* The length of the line at @bytes that begins (or, in MMDF, ends) a mail; 0: it is a line of a mail. */
static gsize
separator_length(const guint8 *bytes, gsize n)
{
	const char *line = (const char *)bytes;
	const char *newline = n > 0 ? memchr(line, '\n', MIN(n, FROM_BYTES)) : NULL;
	gsize length;

	if (newline == NULL)
		return 0;
	length = (gsize)(newline - line);
	if (length >= 4 && memcmp(line, "\1\1\1\1", 4) == 0 && (length == 4 || (length == 5 && line[4] == '\r')))
		return length + 1;
	return is_from_line(line, length) && is_field_start(newline + 1, n - length - 1) ? length + 1 : 0;
}

static gsize
blank_length(const guint8 *bytes, gsize n)
{
	if (n > 0 && bytes[0] == '\n')
		return 1;
	return n > 1 && bytes[0] == '\r' && bytes[1] == '\n' ? 2 : 0;
}

/* A byte order mark and empty lines, as editors leave them before the first mail. */
static gsize
preamble_length(const guint8 *bytes, gsize n)
{
	gsize at = n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	gsize blank;

	while ((blank = blank_length(bytes + at, n - at)) > 0)
		at += blank;
	return at;
}

gboolean
mq_mbox_starts(const guint8 *bytes, gsize n)
{
	gsize at = preamble_length(bytes, n);

	return separator_length(bytes + at, n - at) > 0;
}

/* ------------------------------------------------------------------------ input */

MqMbox *
mq_mbox_new(MqMboxRead read, gpointer ctx)
{
	MqMbox *mbox = g_new0(MqMbox, 1);

	mbox->read = read;
	mbox->ctx = ctx;
	return mbox;
}

void
mq_mbox_free(MqMbox *mbox)
{
	g_free(mbox);
}

/* Has at least MQ_MBOX_BID_BYTES at hand, if there are as many left. */
static gboolean
fill(MqMbox *mbox, GError **error)
{
	if (mbox->ended || mbox->n - mbox->at >= MQ_MBOX_BID_BYTES)
		return TRUE;
	memmove(mbox->buffer, mbox->buffer + mbox->at, mbox->n - mbox->at);
	mbox->n -= mbox->at;
	mbox->at = 0;
	while (!mbox->ended && mbox->n < MQ_MBOX_BID_BYTES) {
		gssize got = mbox->read(mbox->ctx, mbox->buffer + mbox->n, sizeof(mbox->buffer) - mbox->n, error);

		if (got < 0)
			return FALSE;
		mbox->ended = got == 0;
		mbox->n += (gsize)got;
	}
	return TRUE;
}

gssize
mq_mbox_peek(MqMbox *mbox, const guint8 **bytes, GError **error)
{
	if (!fill(mbox, error))
		return -1;
	*bytes = mbox->buffer + mbox->at;
	return (gssize)(mbox->n - mbox->at);
}

/* ------------------------------------------------------------------------ mails */

static gboolean
write_all(int fd, const void *bytes, gsize n, GError **error)
{
	const char *from = bytes;

	while (n > 0) {
		ssize_t done = write(fd, from, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "cannot keep a mail: %s",
			            g_strerror(errno));
			return FALSE;
		}
		from += done;
		n -= (gsize)done;
	}
	return TRUE;
}

/* One byte more than the limit tells whoever reads it that it is too large. */
static gboolean
append(Mail *mail, const void *bytes, gsize n, GError **error)
{
	gsize room = (gsize)(MQ_LIMIT_MESSAGE_BYTES + 1 - mail->n_bytes);

	n = MIN(n, room);
	mail->n_bytes += n;
	return write_all(mail->fd, bytes, n, error);
}

static gboolean
append_blank(Mail *mail, GError **error)
{
	gsize n = mail->n_blank;

	mail->n_blank = 0;
	return append(mail, mail->blank, n, error);
}

/* How many bytes at the start of a line are quoting, no part of the mail: 0 or 1. */
static gsize
quote_length(const guint8 *line, gsize n)
{
	gsize quotes = 0;

	while (quotes < n && quotes < QUOTES_MAX && line[quotes] == '>')
		quotes++;
	return quotes > 0 && n - quotes >= 5 && memcmp(line + quotes, "From ", 5) == 0 ? 1 : 0;
}

/* How much of the buffer, from here on, is the mail's as it stands: whole lines that are neither
 * empty nor may begin a mail or be quoted; so that they are written at once. */
static gsize
plain_run(const MqMbox *mbox)
{
	const guint8 *start = mbox->buffer + mbox->at, *end = mbox->buffer + mbox->n, *at = start;

	for (gboolean first = TRUE; at < end; first = FALSE) {
		const guint8 *newline = memchr(at, '\n', (gsize)(end - at));

		if (!first && (*at == 'F' || *at == '>' || *at == '\1' || *at == '\n' || *at == '\r'))
			break;
		if (!first && newline == NULL)
			break;
		at = newline != NULL ? newline + 1 : end;
	}
	return (gsize)(at - start);
}

/* Takes what is at the front: a separator ends the mail, the rest goes into it. */
static gboolean
take_line(MqMbox *mbox, Mail *mail, gboolean *ended, GError **error)
{
	const guint8 *front = mbox->buffer + mbox->at;
	gsize left = mbox->n - mbox->at;
	gsize blank = mbox->in_line ? 0 : blank_length(front, left);
	gsize n;

	if (!mbox->in_line && (n = separator_length(front, left)) > 0) {
		mbox->at += n;
		*ended = TRUE;
		return TRUE;
	}
	if (!append_blank(mail, error))
		return FALSE;
	if (blank > 0) {
		memcpy(mail->blank, front, blank);
		mail->n_blank = blank;
		mbox->at += blank;
		return TRUE;
	}
	mbox->at += mbox->in_line ? 0 : quote_length(front, left);
	n = plain_run(mbox);
	front = mbox->buffer + mbox->at;
	mbox->at += n;
	mbox->in_line = front[n - 1] != '\n';
	return append(mail, front, n, error);
}

static gboolean
begin(MqMbox *mbox, GError **error)
{
	if (mbox->begun)
		return TRUE;
	mbox->begun = TRUE;
	if (!fill(mbox, error))
		return FALSE;
	mbox->at += preamble_length(mbox->buffer + mbox->at, mbox->n - mbox->at);
	return TRUE;
}

static gboolean
read_mail(MqMbox *mbox, Mail *mail, GError **error)
{
	gboolean ended = FALSE;

	do {
		if (!fill(mbox, error))
			return FALSE;
		if (mbox->at == mbox->n)
			return TRUE;
		if (!take_line(mbox, mail, &ended, error))
			return FALSE;
	} while (!ended);
	mbox->in_line = FALSE;
	return TRUE;
}

int
mq_mbox_next(MqMbox *mbox, int *fd, guint64 *n_bytes, GError **error)
{
	Mail mail = { .fd = memfd_create("mail", MFD_CLOEXEC) };

	if (mail.fd < 0) {
		g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "cannot keep a mail: %s", g_strerror(errno));
		return -1;
	}
	while (begin(mbox, error) && read_mail(mbox, &mail, error)) {
		if (mail.n_bytes > 0) {
			*fd = mail.fd;
			*n_bytes = mail.n_bytes;
			return 1;
		}
		mail.n_blank = 0;
		if (mbox->at == mbox->n && mbox->ended) { /* nothing between two separators is no mail */
			close(mail.fd);
			return 0;
		}
	}
	close(mail.fd);
	return -1;
}

int
mq_mbox_spool(MqMbox *mbox, guint64 *n_bytes, GError **error)
{
	g_autofree char *name = NULL;
	int fd = g_file_open_tmp("marque-XXXXXX", &name, error);

	if (fd < 0)
		return -1;
	unlink(name); /* nobody else needs a name for it */
	*n_bytes = 0;
	while (fill(mbox, error)) {
		gsize n = mbox->n - mbox->at;

		if (n == 0)
			return fd;
		if (!write_all(fd, mbox->buffer + mbox->at, n, error))
			break;
		*n_bytes += n;
		mbox->at = mbox->n;
	}
	close(fd);
	return -1;
}
