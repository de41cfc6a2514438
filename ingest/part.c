#include "ingest/part.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/text.h"

#define CHUNK 32768 /* on the stack: pouring within pouring is no deeper than parts within parts */

/* Names of members are shown, not used: as much of them as a line can hold. */
#define NAME_BYTES 200

static char *
path_of(const MqPart *around, const char *name)
{
	g_autofree char *clean = mq_text_clean(name, -1, NAME_BYTES);
	g_autofree char *seen = mq_text_visible(clean);
	g_autofree char *path = NULL;

	if (around == NULL || around->path[0] == '\0')
		return g_steal_pointer(&seen);
	if (seen[0] == '\0')
		return g_strdup(around->path);
	path = g_strconcat(around->path, "/", seen, NULL);
	return mq_text_clean(path, -1, MQ_LIMIT_FIELD_BYTES);
}

void
mq_part_init(MqPart *part, const MqPartKind *kind, const MqPart *around, const char *name, const char *type)
{
	part->kind = kind;
	part->path = path_of(around, name != NULL ? name : "");
	part->name = g_strdup(name);
	part->type = g_strdup(type);
	part->claim = around != NULL ? around->claim : MQ_CLAIM_UNKNOWN;
	part->n_bytes = -1;
	part->depth = around != NULL ? around->depth + 1 : 0;
}

void
mq_part_free(MqPart *part)
{
	if (part == NULL)
		return;
	g_free(part->path);
	g_free(part->name);
	g_free(part->type);
	g_free(part->charset);
	g_clear_pointer(&part->ahead, g_byte_array_unref);
	g_clear_error(&part->ahead_error);
	part->kind->close(part);
}

static gsize
n_ahead(const MqPart *part)
{
	return part->ahead != NULL ? part->ahead->len - part->ahead_at : 0;
}

const guint8 *
mq_part_look(const MqPart *part, gsize *n)
{
	return part->kind->look != NULL ? part->kind->look(part, n) : NULL;
}

gssize
mq_part_peek(MqPart *part, gsize n, const guint8 **bytes, GError **error)
{
	gssize got = 1;
	gsize left;
	const guint8 *held = mq_part_look(part, &left);

	if (held != NULL) {
		*bytes = held;
		return (gssize)MIN(n, left);
	}
	if (part->ahead == NULL)
		part->ahead = g_byte_array_sized_new((guint)n);
	while (n_ahead(part) < n && got > 0 && part->ahead_error == NULL) {
		guint8 chunk[4096];

		got = part->kind->read(part, chunk, MIN(sizeof(chunk), n - n_ahead(part)), &part->ahead_error);
		if (got > 0)
			g_byte_array_append(part->ahead, chunk, (guint)got);
	}
	if (n_ahead(part) == 0 && part->ahead_error != NULL) {
		g_propagate_error(error, g_steal_pointer(&part->ahead_error));
		return -1;
	}
	*bytes = part->ahead->data != NULL ? part->ahead->data + part->ahead_at : (const guint8 *)"";
	return (gssize)MIN(n, n_ahead(part));
}

gssize
mq_part_read(MqPart *part, guint8 *bytes, gsize n, GError **error)
{
	if (n_ahead(part) == 0 && part->ahead_error != NULL) {
		g_propagate_error(error, g_steal_pointer(&part->ahead_error));
		return -1;
	}
	if (n_ahead(part) == 0)
		return part->kind->read(part, bytes, n, error);
	n = MIN(n, n_ahead(part));
	memcpy(bytes, part->ahead->data + part->ahead_at, n);
	part->ahead_at += n;
	return (gssize)n;
}

gboolean
mq_part_can_seek(const MqPart *part)
{
	return part->kind->seek != NULL;
}

gboolean
mq_part_seek(MqPart *part, gint64 offset, GError **error)
{
	g_return_val_if_fail(mq_part_can_seek(part), FALSE);

	g_clear_pointer(&part->ahead, g_byte_array_unref);
	g_clear_error(&part->ahead_error);
	part->ahead_at = 0;
	return part->kind->seek(part, offset, error);
}

gboolean
mq_part_pour(MqPart *part, MqFeed feed, gpointer ctx, GError **error)
{
	guint8 chunk[CHUNK];
	gsize left;
	const guint8 *held = mq_part_look(part, &left);
	gssize n;

	if (held != NULL)
		return left == 0 || (mq_part_seek(part, part->n_bytes, error) && feed(ctx, held, left, error));
	while ((n = mq_part_read(part, chunk, sizeof(chunk), error)) > 0)
		if (!feed(ctx, chunk, (gsize)n, error))
			return FALSE;
	return n == 0;
}

/* ------------------------------------------------------------------ bytes */

typedef struct {
	MqPart part;
	GBytes *bytes;
	gsize at;
} BytesPart;

static gssize
bytes_read(MqPart *part, guint8 *bytes, gsize n, G_GNUC_UNUSED GError **error)
{
	BytesPart *self = (BytesPart *)part;
	gsize size;
	const guint8 *data = g_bytes_get_data(self->bytes, &size);

	n = MIN(n, size - self->at);
	if (n > 0)
		memcpy(bytes, data + self->at, n);
	self->at += n;
	return (gssize)n;
}

static gboolean
bytes_seek(MqPart *part, gint64 offset, G_GNUC_UNUSED GError **error)
{
	BytesPart *self = (BytesPart *)part;

	self->at = (gsize)CLAMP(offset, 0, part->n_bytes);
	return TRUE;
}

static void
bytes_close(MqPart *part)
{
	g_bytes_unref(((BytesPart *)part)->bytes);
	g_free(part);
}

static const guint8 *
bytes_look(const MqPart *part, gsize *n)
{
	const BytesPart *self = (const BytesPart *)part;
	const guint8 *data = g_bytes_get_data(self->bytes, n);

	*n -= self->at;
	return data != NULL ? data + self->at : (const guint8 *)"";
}

static const MqPartKind bytes_kind = {
	.name = "bytes", .read = bytes_read, .seek = bytes_seek, .look = bytes_look, .close = bytes_close,
};

MqPart *
mq_part_new_bytes(GBytes *bytes, const MqPart *around, const char *name, const char *type)
{
	BytesPart *self = g_new0(BytesPart, 1);

	mq_part_init(&self->part, &bytes_kind, around, name, type);
	self->bytes = g_bytes_ref(bytes);
	self->part.n_bytes = (gint64)g_bytes_get_size(bytes);
	return &self->part;
}

/* ------------------------------------------------------------------- file */

typedef struct {
	MqPart part;
	int fd;
	gint64 first, at;
} FilePart;

static gssize
file_read(MqPart *part, guint8 *bytes, gsize n, GError **error)
{
	FilePart *self = (FilePart *)part;
	gssize got;

	n = (gsize)MIN((gint64)n, part->n_bytes - self->at);
	if (n == 0)
		return 0;
	do
		got = pread(self->fd, bytes, n, self->first + self->at);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		int why = errno;

		g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(why), "cannot be read: %s", g_strerror(why));
		return -1;
	}
	self->at += got;
	return got;
}

static gboolean
file_seek(MqPart *part, gint64 offset, G_GNUC_UNUSED GError **error)
{
	((FilePart *)part)->at = CLAMP(offset, 0, part->n_bytes);
	return TRUE;
}

static void
file_close(MqPart *part)
{
	g_free(part);
}

static const MqPartKind file_kind = { .name = "file", .read = file_read, .seek = file_seek, .close = file_close };

int
mq_part_descriptor(const MqPart *part, gint64 *offset)
{
	const FilePart *self = (const FilePart *)part;

	if (part->kind != &file_kind)
		return -1;
	*offset = self->first;
	return self->fd;
}

MqPart *
mq_part_new_file(int fd, gint64 offset, gint64 n_bytes, const MqPart *around, const char *name, const char *type)
{
	FilePart *self = g_new0(FilePart, 1);

	mq_part_init(&self->part, &file_kind, around, name, type);
	self->fd = fd;
	self->first = offset;
	self->part.n_bytes = n_bytes;
	return &self->part;
}

/* ------------------------------------------------------------------- hold */

typedef struct {
	GByteArray *bytes;
	gsize max;
} Hold;

static gboolean
hold_some(gpointer ctx, const guint8 *bytes, gsize n, GError **error)
{
	Hold *hold = ctx;

	if (n > hold->max - hold->bytes->len) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "more than %" G_GSIZE_FORMAT " bytes would have to be held",
		            hold->max);
		return FALSE;
	}
	g_byte_array_append(hold->bytes, bytes, (guint)n);
	return TRUE;
}

static GBytes *
take_left(BytesPart *self)
{
	gsize at = self->at;

	self->at = g_bytes_get_size(self->bytes);
	return g_bytes_new_from_bytes(self->bytes, at, self->at - at);
}

GBytes *
mq_part_hold(MqPart *part, gsize max, GError **error)
{
	gint64 expected = part->kind == &file_kind ? part->n_bytes : 0; /* others only say how much they are */
	Hold hold = { .max = max };

	if (part->kind == &bytes_kind && part->n_bytes - (gint64)((BytesPart *)part)->at <= (gint64)max)
		return take_left((BytesPart *)part);
	hold.bytes = g_byte_array_sized_new((guint)MIN(expected, (gint64)max));
	if (!mq_part_pour(part, hold_some, &hold, error)) {
		g_byte_array_unref(hold.bytes);
		return NULL;
	}
	return g_byte_array_free_to_bytes(hold.bytes);
}

MqPart *
mq_part_hold_part(MqPart *part, gsize max, GError **error)
{
	g_autoptr(GBytes) bytes = mq_part_hold(part, max, error);
	MqPart *held;

	if (bytes == NULL)
		return NULL;
	held = mq_part_new_bytes(bytes, part, NULL, NULL);
	held->depth = part->depth;
	return held;
}

/* ------------------------------------------------------------------ claim */

static const char *const claiming_suffixes[] = { ".xml", ".gz", ".gzip", ".zip", ".json", ".tgz", ".tar", ".7z", ".xz", ".bz2", ".zst",
	".lzma", ".z", ".rar", ".lz", ".lz4", ".lzh", ".cab", ".arj" };

static const char *const claiming_types[] = {
	"application/gzip", "application/x-gzip", "application/gzip-compressed", "application/zip",
	"application/x-zip", "application/x-zip-compressed", "application/tlsrpt+gzip",
	"application/tlsrpt+json", "message/feedback-report", NULL,
};

static gboolean
name_is_report(const char *name)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);
	const char *mark = strchr(lower, '!');

	if (mark != NULL && strchr(mark + 1, '!') != NULL)
		return TRUE; /* receiver!domain!begin!end, RFC 9990 section 3.1.2 */
	for (gsize i = 0; i < G_N_ELEMENTS(claiming_suffixes); i++)
		if (g_str_has_suffix(lower, claiming_suffixes[i]))
			return TRUE;
	return FALSE;
}

MqClaim
mq_claim_of(const char *name, const char *type)
{
	if ((name != NULL && name_is_report(name)) || (type != NULL && g_strv_contains(claiming_types, type)))
		return MQ_CLAIM_REPORT;
	return name != NULL && strchr(name, '.') != NULL ? MQ_CLAIM_NO : MQ_CLAIM_UNKNOWN;
}

/* What ends in a colon before the subject of a report is an answer, a bounce, …; not so with these. */
static const char *const passing_words[] = { "fwd", "fw", "wg", "tr", "rv", "vs", "vl", "enc", "i", "external", "spam" };

/* In lower case, each white space one blank, and none before a colon. */
static char *
simplified(const char *text)
{
	GString *out = g_string_new(NULL);

	for (; *text != '\0'; text++) {
		if (*text == ':' && out->len > 0 && out->str[out->len - 1] == ' ')
			g_string_truncate(out, out->len - 1);
		if (!g_ascii_isspace(*text))
			g_string_append_c(out, g_ascii_tolower(*text));
		else if (out->len > 0 && out->str[out->len - 1] != ' ')
			g_string_append_c(out, ' ');
	}
	return g_string_free(out, FALSE);
}

/* Whether all of "fw: [list] spam: " may stand before it; a tag without a colon may. */
static gboolean
front_passes(char *front)
{
	g_auto(GStrv) words = g_strsplit(front, ":", 20);

	for (guint i = 0; words[i] != NULL && words[i + 1] != NULL; i++) {
		char *word = strrchr(words[i], ']');
		gboolean passes = FALSE;

		word = g_strstrip(word != NULL ? word + 1 : words[i]);
		for (gsize at = 0; at < G_N_ELEMENTS(passing_words) && !passes; at++)
			passes = g_str_equal(word, passing_words[at]);
		if (!passes)
			return FALSE;
	}
	return TRUE;
}

gboolean
mq_claim_of_subject(const char *subject)
{
	g_autofree char *text = simplified(subject);
	char *start = strstr(text, "report domain:");

	if (start == NULL || strstr(start, "submitter:") == NULL)
		return FALSE;
	*start = '\0';
	return front_passes(text);
}
