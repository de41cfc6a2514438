/* gzip: what most reports come in. Members that follow each other are one file (RFC 1952 section
 * 2.2); other bytes after the end are noted and left alone (Mimecast writes two). One that went
 * through a transfer of text, which made each LF a CR LF or each byte a Latin-1 character in UTF-8, is
 * repaired where the checksum proves it. A bare zlib stream, which some call deflate, is read as well. */
#include "ingest/containers.h"

#include <string.h>

#include <zlib.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/problem.h"

#define PACKED      16384
#define MAGIC_BYTES 3

typedef struct {
	MqPart part;
	MqPart *packed;
	MqUnwrap *unwrap;
	z_stream z;
	gboolean ended;
	guint8 *buffer; /* (nullable): what is in memory needs none */
	GBytes *repaired; /* (nullable): what is read instead */
} Gunzip;

static gboolean
has_magic(const guint8 *bytes, gsize n)
{
	return n >= MAGIC_BYTES && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

/* Has at least @want packed bytes at hand, fewer at the end of them. Returns: how many, or -1 */
static gssize
refill(Gunzip *gz, gsize want, GError **error)
{
	gssize n = 1;

	if (gz->z.avail_in >= want)
		return (gssize)gz->z.avail_in;
	if (gz->buffer == NULL)
		return (gssize)gz->z.avail_in; /* all of it was at hand */
	memmove(gz->buffer, gz->z.next_in, gz->z.avail_in);
	gz->z.next_in = gz->buffer;
	while (gz->z.avail_in < want && n > 0) {
		n = mq_part_read(gz->packed, gz->buffer + gz->z.avail_in, PACKED - gz->z.avail_in, error);
		gz->z.avail_in += n > 0 ? (uInt)n : 0;
	}
	return n < 0 ? -1 : (gssize)gz->z.avail_in;
}

static gboolean
all_padding(const guint8 *bytes, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (bytes[i] != 0 && !g_ascii_isspace(bytes[i]))
			return FALSE;
	return TRUE;
}

/* After a member: is there another one? */
static gboolean
next_member(Gunzip *gz, GError **error)
{
	gssize n = refill(gz, MAGIC_BYTES, error);

	if (n < 0)
		return FALSE;
	if (has_magic(gz->z.next_in, (gsize)n) && inflateReset(&gz->z) == Z_OK)
		return TRUE;
	gz->ended = TRUE;
	if (n > 0 && !all_padding(gz->z.next_in, (gsize)n))
		mq_unwrap_note(gz->unwrap, gz->packed, MQ_PROBLEM_TRAILING_BYTES, TRUE,
		               "bytes follow the end of the gzip data; they are ignored");
	return TRUE;
}

static gssize
gunzip_read(MqPart *part, guint8 *bytes, gsize n, GError **error)
{
	Gunzip *gz = (Gunzip *)part;
	gsize made = 0;

	while (made == 0 && !gz->ended) {
		int state;

		if (refill(gz, 1, error) < 0)
			return -1;
		gz->z.next_out = bytes;
		gz->z.avail_out = (uInt)MIN(n, G_MAXINT);
		state = inflate(&gz->z, Z_NO_FLUSH);
		made = (gsize)(gz->z.next_out - bytes);
		if (state != Z_OK && state != Z_STREAM_END) {
			if (made > 0)
				break; /* these are good; the next call fails again */
			g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the gzip data %s after %lu bytes",
			            state == Z_BUF_ERROR ? "ends in the middle" : "is damaged", gz->z.total_out);
			return -1;
		}
		if (state == Z_STREAM_END && !next_member(gz, error))
			return -1;
	}
	return mq_unwrap_spend(gz->unwrap, made, error) ? (gssize)made : -1;
}

static void
gunzip_close(MqPart *part)
{
	Gunzip *gz = (Gunzip *)part;

	inflateEnd(&gz->z);
	g_free(gz->buffer);
	g_clear_pointer(&gz->repaired, g_bytes_unref);
	g_free(gz);
}

static const MqPartKind gunzip_kind = { .name = "gzip", .read = gunzip_read, .close = gunzip_close };

/* --------------------------------------------------------------------- repair */

static gboolean
has_latin1_magic(const guint8 *bytes, gsize n)
{
	return n >= 4 && memcmp(bytes, "\x1f\xc2\x8b\x08", 4) == 0;
}

/* Line ends, each of them CR LF: chance makes that with one byte in 256. */
static gboolean
has_only_crlf(const guint8 *bytes, gsize n)
{
	const guint8 *at = bytes, *end = bytes + n;
	gsize n_ends = 0;

	for (; (at = memchr(at, '\n', (gsize)(end - at))) != NULL; at++, n_ends++)
		if (at == bytes || at[-1] != '\r')
			return FALSE;
	return n_ends > 0;
}

static GBytes *
without_cr(const guint8 *bytes, gsize n)
{
	GByteArray *out = g_byte_array_sized_new((guint)n);

	for (gsize i = 0; i < n; i++)
		if (bytes[i] != '\r' || i + 1 == n || bytes[i + 1] != '\n')
			g_byte_array_append(out, bytes + i, 1);
	return g_byte_array_free_to_bytes(out);
}

/* Of UTF-8, what is in Latin-1; another byte stays as it is, and the checksum will not fit. */
static GBytes *
from_latin1(const guint8 *bytes, gsize n)
{
	GByteArray *out = g_byte_array_sized_new((guint)n);

	for (gsize i = 0; i < n; i++) {
		gboolean is_two = (bytes[i] == 0xc2 || bytes[i] == 0xc3) && i + 1 < n && (bytes[i + 1] & 0xc0) == 0x80;
		guint8 byte = is_two ? (guint8)((bytes[i] & 3) << 6 | (bytes[i + 1] & 0x3f)) : bytes[i];

		g_byte_array_append(out, &byte, 1);
		i += is_two ? 1 : 0;
	}
	return g_byte_array_free_to_bytes(out);
}

/* Whether the first member is whole, as its checksum and length say. */
static gboolean
is_sound(MqUnwrap *unwrap, GBytes *packed)
{
	g_autofree guint8 *plain = g_malloc(PACKED);
	z_stream z = { .next_in = (z_const Bytef *)g_bytes_get_data(packed, NULL), .avail_in = (uInt)g_bytes_get_size(packed) };
	int state = inflateInit2(&z, 15 + 16);

	while (state == Z_OK) {
		z.next_out = plain;
		z.avail_out = PACKED;
		state = inflate(&z, Z_NO_FLUSH);
		if (!mq_unwrap_spend(unwrap, PACKED - z.avail_out, NULL)) /* the next that wants to read says so */
			state = Z_MEM_ERROR;
	}
	inflateEnd(&z);
	return state == Z_STREAM_END;
}

/* NULL: it needs no repair, or there is none. @held: all of the packed bytes */
static GBytes *
repair(MqUnwrap *unwrap, const MqPart *part, GBytes *held)
{
	gsize n;
	const guint8 *bytes = g_bytes_get_data(held, &n);
	gboolean is_latin1 = has_latin1_magic(bytes, n);
	g_autoptr(GBytes) repaired = NULL;

	if ((!is_latin1 && !has_only_crlf(bytes, n)) || is_sound(unwrap, held))
		return NULL;
	repaired = is_latin1 ? from_latin1(bytes, n) : without_cr(bytes, n);
	if (!is_sound(unwrap, repaired))
		return NULL;
	mq_unwrap_note(unwrap, part, MQ_PROBLEM_ARCHIVE_BROKEN, TRUE, "the gzip data was transferred as text (%s), and is repaired",
	               is_latin1 ? "Latin-1 made UTF-8" : "LF made CR LF");
	return g_steal_pointer(&repaired);
}

/* The packed bytes where they are in memory or have to be, because they look as if they were damaged. */
static gboolean
hold_damaged(Gunzip *gz, MqPart *part, GError **error)
{
	const guint8 *bytes;
	gssize n = mq_part_peek(part, MQ_BID_BYTES, &bytes, error);
	g_autoptr(GBytes) held = NULL;

	if (n < 0 || (!has_latin1_magic(bytes, (gsize)n) && !has_only_crlf(bytes, (gsize)n)))
		return n >= 0;
	held = mq_part_hold(part, MQ_LIMIT_HELD_BYTES, error);
	if (held == NULL)
		return FALSE;
	gz->repaired = repair(gz->unwrap, part, held);
	if (gz->repaired == NULL)
		gz->repaired = g_steal_pointer(&held);
	return TRUE;
}

/* RFC 1950, as its writers begin: with the largest window, at one of the levels that are no text. */
static gboolean
has_zlib_magic(const guint8 *bytes, gsize n)
{
	return n >= 2 && bytes[0] == 0x78 && (bytes[1] == 0x01 || bytes[1] == 0x9c || bytes[1] == 0xda);
}

static guint
gzip_bid(G_GNUC_UNUSED const MqPart *part, const guint8 *bytes, gsize n)
{
	return has_magic(bytes, n) || has_latin1_magic(bytes, n) || has_zlib_magic(bytes, n) ? 100 : 0;
}

/* "report.xml.gz" holds "report.xml". */
static char *
name_inside(const char *name)
{
	gsize n = name != NULL ? strlen(name) : 0;

	if (n > 3 && g_ascii_strcasecmp(name + n - 3, ".gz") == 0)
		return g_strndup(name, n - 3);
	return g_strdup(name);
}

static gboolean
gzip_pour(MqPart *part, MqUnwrap *unwrap, GError **error)
{
	Gunzip *gz = g_new0(Gunzip, 1);
	g_autoptr(MqPart) plain = &gz->part;
	const guint8 *held;
	gsize n_held;

	mq_part_init(&gz->part, &gunzip_kind, part, NULL, NULL);
	gz->part.name = name_inside(part->name);
	gz->packed = part;
	gz->unwrap = unwrap;
	if (!hold_damaged(gz, part, error))
		return FALSE;
	held = gz->repaired != NULL ? g_bytes_get_data(gz->repaired, &n_held) : mq_part_look(part, &n_held);
	if (held != NULL) {
		gz->z.next_in = (z_const Bytef *)held;
		gz->z.avail_in = (uInt)n_held; /* a message has less */
	} else {
		gz->buffer = g_malloc(PACKED);
		gz->z.next_in = gz->buffer;
	}
	if (inflateInit2(&gz->z, 15 + 32) != Z_OK) { /* 32: with the header and checksum of either */
		g_set_error(error, MQ_ERROR, MQ_ERROR_UNSUPPORTED, "zlib cannot be set up");
		return FALSE;
	}
	mq_unwrap_part(unwrap, plain);
	return TRUE;
}

const MqContainer mq_container_gzip = { .name = "gzip", .is_packing = TRUE, .bid = gzip_bid, .pour = gzip_pour };
