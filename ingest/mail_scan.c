#include "ingest/mail_scan.h"

#include <string.h>

#include "ingest/error.h"
#include "ingest/limits.h"

/* What the parser's work and memory grow with, seen from outside: it compares each line that begins
 * with "--" with the boundary of each multipart around it, and keeps an object for each part and
 * field. */
typedef struct {
	guint64 multiparts, parts, dashes, header_bytes, fields;
	gboolean in_header;
	gboolean after_dashes;
	char line[64];      /* the beginning of it */
	gsize n_line;
} Scan;

static gboolean
is_blank(const Scan *scan)
{
	return scan->n_line == 0 || (scan->n_line == 1 && scan->line[0] == '\r');
}

static gboolean
is_multipart_type(const char *line)
{
	const char *value = line + strlen("content-type:");

	if (g_ascii_strncasecmp(line, "content-type:", strlen("content-type:")) != 0)
		return FALSE;
	value += strspn(value, " \t");
	return g_ascii_tolower(*value) == 'm' || *value == '\0' || *value == '\r'; /* multipart, message, or folded */
}

static void
scan_header_line(Scan *scan)
{
	gboolean is_folded = scan->line[0] == ' ' || scan->line[0] == '\t';
	gboolean is_field = !is_folded && strchr(scan->line, ':') != NULL;

	scan->in_header = !is_blank(scan) && (is_folded || is_field);
	scan->header_bytes += scan->in_header ? scan->n_line : 0;
	scan->fields += is_field ? 1 : 0;
}

static void
scan_line(Scan *scan)
{
	gboolean is_dashes;

	scan->line[MIN(scan->n_line, sizeof(scan->line) - 1)] = '\0';
	is_dashes = scan->line[0] == '-' && scan->line[1] == '-';
	if (scan->after_dashes && (is_blank(scan) || g_ascii_strncasecmp(scan->line, "content-", 8) == 0))
		scan->parts++;
	scan->multiparts += is_multipart_type(scan->line) ? 1 : 0;
	scan->dashes += is_dashes ? 1 : 0;
	if (is_dashes)
		scan->in_header = TRUE;
	else if (scan->in_header)
		scan_header_line(scan);
	scan->after_dashes = is_dashes;
	scan->n_line = 0;
}

static gboolean
scan_some(gpointer ctx, const guint8 *bytes, gsize n, G_GNUC_UNUSED GError **error)
{
	Scan *scan = ctx;
	const guint8 *end = bytes + n;

	while (bytes < end) {
		const guint8 *newline = memchr(bytes, '\n', (gsize)(end - bytes));
		gsize n_piece = (gsize)((newline != NULL ? newline : end) - bytes);

		if (scan->n_line < sizeof(scan->line) - 1)
			memcpy(scan->line + scan->n_line, bytes, MIN(n_piece, sizeof(scan->line) - 1 - scan->n_line));
		scan->n_line += n_piece;
		if (newline == NULL)
			break;
		scan_line(scan);
		bytes = newline + 1;
	}
	return TRUE;
}

/* Lines with dashes times boundaries: half a second. */
#define COMPARISONS_MAX 50000000

gboolean
mq_mail_scan(MqPart *part, GError **error)
{
	Scan scan = { .in_header = TRUE };

	if (!mq_part_pour(part, scan_some, &scan, error) || !mq_part_seek(part, 0, error))
		return FALSE;
	scan_line(&scan);
	if (scan.multiparts <= MQ_LIMIT_MESSAGE_PARTS && scan.parts <= MQ_LIMIT_MIME_PARTS
	    && scan.dashes <= COMPARISONS_MAX / MAX(scan.multiparts, 1) && scan.fields <= MQ_LIMIT_HEADER_FIELDS
	    && scan.header_bytes <= MQ_LIMIT_HEADER_BYTES)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "the mail has far too many parts or header fields to be read");
	return FALSE;
}

#define LOOSE_BYTES 32768 /* a header that is longer is looked at no further */

gboolean
mq_mail_has_loose_separator(MqPart *part, gssize skip)
{
	const guint8 *bytes;
	/* a part that cannot be read says so when its stream is made */
	gssize n = mq_part_seek(part, skip, NULL) ? mq_part_peek(part, LOOSE_BYTES, &bytes, NULL) : 0;

	for (gssize start = 0, end; start < n; start = end + 1) {
		gssize white = start;

		for (end = start; end < n && bytes[end] != '\n'; end++)
			;
		while (white < end && strchr(" \t\r", bytes[white]) != NULL && bytes[white] != '\0')
			white++;
		if (end == n || white < end)
			continue;
		return end > start && !(end == start + 1 && bytes[start] == '\r');
	}
	return FALSE;
}

#define FIRST_LINE_BYTES 4096

gboolean
mq_mail_has_odd_ends(MqPart *part)
{
	const guint8 *bytes;
	gssize n = mq_part_peek(part, FIRST_LINE_BYTES, &bytes, NULL); /* what cannot be read says so when it is */
	gssize at = 0;

	while (at < n && bytes[at] != '\r' && bytes[at] != '\n')
		at++;
	return at + 1 < n && bytes[at] == '\r' && bytes[at + 1] != '\n';
}

GBytes *
mq_mail_mend_ends(GBytes *mail)
{
	gsize n;
	const guint8 *bytes = g_bytes_get_data(mail, &n);
	GByteArray *out = g_byte_array_sized_new((guint)n);

	for (gsize i = 0; i < n;) {
		gsize n_cr = 0;

		while (i + n_cr < n && bytes[i + n_cr] == '\r')
			n_cr++;
		i += n_cr;
		if (i < n && bytes[i] == '\n')
			n_cr = 0; /* they and it are one end */
		while (n_cr-- > 0)
			g_byte_array_append(out, (const guint8 *)"\n", 1);
		if (i < n)
			g_byte_array_append(out, bytes + i++, 1);
	}
	return g_byte_array_free_to_bytes(out);
}
