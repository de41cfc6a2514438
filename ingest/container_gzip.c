/* gzip: what most reports come in. Members that follow each other are one file (RFC 1952 section
 * 2.2); other bytes after the end are noted and left alone (Mimecast writes two). */
#include "ingest/containers.h"

#include <string.h>

#include <zlib.h>

#include "ingest/error.h"
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
	g_free(gz);
}

static const MqPartKind gunzip_kind = { .name = "gzip", .read = gunzip_read, .close = gunzip_close };

static guint
gzip_bid(G_GNUC_UNUSED const MqPart *part, const guint8 *bytes, gsize n)
{
	return has_magic(bytes, n) ? 100 : 0;
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
	gsize n_held;
	const guint8 *held = mq_part_look(part, &n_held);

	mq_part_init(&gz->part, &gunzip_kind, part, NULL, NULL);
	gz->part.name = name_inside(part->name);
	gz->packed = part;
	gz->unwrap = unwrap;
	if (held != NULL) {
		gz->z.next_in = (z_const Bytef *)held;
		gz->z.avail_in = (uInt)n_held; /* a message has less */
	} else {
		gz->buffer = g_malloc(PACKED);
		gz->z.next_in = gz->buffer;
	}
	if (inflateInit2(&gz->z, 15 + 16) != Z_OK) { /* 16: with gzip header and checksum */
		g_set_error(error, MQ_ERROR, MQ_ERROR_UNSUPPORTED, "zlib cannot be set up");
		return FALSE;
	}
	mq_unwrap_part(unwrap, plain);
	return TRUE;
}

const MqContainer mq_container_gzip = { .name = "gzip", .is_packing = TRUE, .bid = gzip_bid, .pour = gzip_pour };
