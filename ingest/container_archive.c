/* zip, tar, 7z, rar and the single-file compressors xz, bzip2, zstd, lzma, lz4 …, by libarchive. Members are read in
 * place: nothing is ever written, and a member's name is only shown. */
#include "ingest/containers.h"

#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/text.h"

typedef struct archive ArchiveHandle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveHandle, archive_read_free)

/* A way to read: libarchive's format, and the filter below it. */
typedef struct {
	int (*format)(struct archive *);
	int (*filter)(struct archive *); /* (nullable) */
} Way;

typedef struct {
	const char *name;
	gsize offset;
	const char *magic;
	gsize n_magic;
	gboolean needs_seek; /* the directory is at the end */
	Way first, second;   /* second: (nullable) when the first finds no member at all */
} Kind;

#define MAGIC(text) text, sizeof(text) - 1
#define ZIP_WAYS { archive_read_support_format_zip_seekable }, { archive_read_support_format_zip_streamable }
static const Kind kinds[] = {
	{ "zip", 0, MAGIC("PK\3\4"), TRUE, ZIP_WAYS },
	{ "zip", 0, MAGIC("PK\5\6"), TRUE, ZIP_WAYS }, /* without a member */
	{ "7z", 0, MAGIC("7z\xbc\xaf\x27\x1c"), TRUE, { archive_read_support_format_7zip } },
	{ "rar", 0, MAGIC("Rar!\x1a\7\1"), TRUE, { archive_read_support_format_rar5 } },
	{ "rar", 0, MAGIC("Rar!\x1a\7"), TRUE, { archive_read_support_format_rar } },
	{ "tar", 257, MAGIC("ustar"), FALSE, { archive_read_support_format_tar } },
	/* what is in these is looked at again: a tar, or one XML */
	{ "xz", 0, MAGIC("\xfd" "7zXZ"), FALSE, { archive_read_support_format_raw, archive_read_support_filter_xz } },
	{ "bzip2", 0, MAGIC("BZh"), FALSE, { archive_read_support_format_raw, archive_read_support_filter_bzip2 } },
	{ "zstd", 0, MAGIC("\x28\xb5\x2f\xfd"), FALSE,
	  { archive_read_support_format_raw, archive_read_support_filter_zstd } },
	{ "lz4", 0, MAGIC("\4\x22\x4d\x18"), FALSE,
	  { archive_read_support_format_raw, archive_read_support_filter_lz4 } },
	{ "lzip", 0, MAGIC("LZIP\1"), FALSE, { archive_read_support_format_raw, archive_read_support_filter_lzip } },
	{ "lzma", 0, MAGIC("\x5d\0\0"), FALSE, { archive_read_support_format_raw, archive_read_support_filter_lzma } },
	{ "compress", 0, MAGIC("\x1f\x9d"), FALSE,
	  { archive_read_support_format_raw, archive_read_support_filter_compress } },
};

static const Kind *
kind_of(const guint8 *bytes, gsize n)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const Kind *kind = &kinds[i];

		if (n >= kind->offset + kind->n_magic && memcmp(bytes + kind->offset, kind->magic, kind->n_magic) == 0)
			return kind;
	}
	return NULL;
}

static guint
archive_bid(G_GNUC_UNUSED const MqPart *part, const guint8 *bytes, gsize n)
{
	return kind_of(bytes, n) != NULL ? 100 : 0;
}

/* ------------------------------------------------- libarchive reads a part */

typedef struct {
	MqPart *packed;
	GError *error; /* of the part, told to libarchive as "cannot read" */
	gint64 at;
	guint8 buffer[32768];
} Source;

static Source *
source_new(MqPart *packed)
{
	Source *source = g_new0(Source, 1);

	source->packed = packed;
	return source;
}

static void
source_free(Source *source)
{
	g_clear_error(&source->error);
	g_free(source);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)

static la_ssize_t
source_read(G_GNUC_UNUSED struct archive *archive, void *ctx, const void **bytes)
{
	Source *source = ctx;
	gssize n;

	if (source->error != NULL)
		return -1;
	n = mq_part_read(source->packed, source->buffer, sizeof(source->buffer), &source->error);
	*bytes = source->buffer;
	source->at += MAX(n, 0);
	return n;
}

static la_int64_t
source_seek(G_GNUC_UNUSED struct archive *archive, void *ctx, la_int64_t offset, int whence)
{
	Source *source = ctx;
	gint64 from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source->at : source->packed->n_bytes;
	gint64 at;

	if (__builtin_add_overflow(from, offset, &at) || at < 0 || at > source->packed->n_bytes
	    || !mq_part_seek(source->packed, at, &source->error))
		return ARCHIVE_FATAL;
	source->at = at;
	return at;
}

/* What libarchive says, on one line. */
static char *
reason_of(struct archive *archive)
{
	const char *why = archive_error_string(archive);
	g_autofree char *line = g_strdup(why != NULL ? why : "unknown reason");

	return mq_text_visible(g_strstrip(g_strdelimit(line, "\r\n", ' ')));
}

static gboolean
fail(struct archive *archive, Source *source, const Kind *kind, GError **error)
{
	g_autofree char *why = reason_of(archive);

	if (source->error != NULL)
		g_propagate_error(error, g_steal_pointer(&source->error));
	else
		g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the %s archive is damaged: %s", kind->name, why);
	return FALSE;
}

/* ---------------------------------------------------------------- members */

typedef struct {
	MqPart part;
	struct archive *archive;
	Source *source;
	const Kind *kind;
	MqUnwrap *unwrap;
	const guint8 *block; /* libarchive's, until the next one is read */
	gsize n_block;
	gboolean ended, is_noted;
} Member;

/* The next block; FALSE when the member breaks. A wrong size or checksum is told with the last block,
 * which is as good as those before it: archive_read_data() would keep it to itself. */
static gboolean
next_block(Member *member)
{
	const void *block = NULL;
	size_t n = 0;
	la_int64_t offset;
	int state;

	do
		state = archive_read_data_block(member->archive, &block, &n, &offset);
	while (state == ARCHIVE_RETRY && member->source->error == NULL);
	if (state == ARCHIVE_WARN && !member->is_noted) {
		g_autofree char *why = reason_of(member->archive);

		member->is_noted = TRUE;
		mq_unwrap_note(member->unwrap, &member->part, MQ_PROBLEM_ARCHIVE_BROKEN, TRUE, "%s", why);
	}
	member->ended = state == ARCHIVE_EOF || state < ARCHIVE_WARN;
	member->block = block;
	member->n_block = member->ended ? 0 : n;
	return state >= ARCHIVE_WARN;
}

static gssize
member_read(MqPart *part, guint8 *bytes, gsize n, GError **error)
{
	Member *member = (Member *)part;

	while (member->n_block == 0 && !member->ended)
		if (!next_block(member)) {
			fail(member->archive, member->source, member->kind, error);
			return -1;
		}
	n = MIN(n, member->n_block);
	if (n == 0)
		return 0;
	memcpy(bytes, member->block, n);
	member->block += n;
	member->n_block -= n;
	return mq_unwrap_spend(member->unwrap, n, error) ? (gssize)n : -1;
}

static void
member_close(MqPart *part)
{
	g_free(part);
}

static const MqPartKind member_kind = { .name = "member", .read = member_read, .close = member_close };

/* What we do not read is skipped here, not by libarchive: unpacking costs, whoever wants it. */
static gboolean
skip_some(G_GNUC_UNUSED gpointer ctx, G_GNUC_UNUSED const guint8 *bytes, G_GNUC_UNUSED gsize n, G_GNUC_UNUSED GError **error)
{
	return TRUE;
}

static gboolean
pour_member(const Member *like, struct archive_entry *entry, const MqPart *around, GError **error)
{
	Member *member = g_memdup2(like, sizeof(*like));
	g_autoptr(MqPart) part = &member->part;
	gboolean is_raw = archive_format(like->archive) == ARCHIVE_FORMAT_RAW; /* its name is "data", by libarchive */

	mq_part_init(part, &member_kind, around, is_raw ? NULL : archive_entry_pathname(entry), NULL);
	if (archive_entry_is_encrypted(entry)) {
		mq_unwrap_note(like->unwrap, part, MQ_PROBLEM_ARCHIVE_UNSUPPORTED, FALSE, "is encrypted");
		return TRUE;
	}
	mq_unwrap_part(like->unwrap, part);
	return member->ended || mq_part_pour(part, skip_some, NULL, error);
}

/* 1: a member; 0: the end; -1: broken. */
static int
next_entry(struct archive *archive, Source *source, struct archive_entry **entry)
{
	int state;

	do
		state = archive_read_next_header(archive, entry);
	while (state == ARCHIVE_RETRY && source->error == NULL);
	if (state == ARCHIVE_EOF)
		return 0;
	return state == ARCHIVE_OK || state == ARCHIVE_WARN ? 1 : -1;
}

static gboolean
is_plain_file(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == NULL;
}

static gboolean
pour_as(const Kind *kind, const Way *way, MqPart *part, MqUnwrap *unwrap, guint *n, GError **error)
{
	g_autoptr(ArchiveHandle) archive = archive_read_new();
	g_autoptr(Source) source = source_new(part);
	Member like = { .archive = archive, .source = source, .kind = kind, .unwrap = unwrap };
	struct archive_entry *entry;
	int state;

	way->format(archive);
	if (way->filter != NULL)
		way->filter(archive);
	archive_read_set_read_callback(archive, source_read);
	if (mq_part_can_seek(part))
		archive_read_set_seek_callback(archive, source_seek);
	archive_read_set_callback_data(archive, source);
	if (archive_read_open1(archive) < ARCHIVE_WARN)
		return fail(archive, source, kind, error);
	while ((state = next_entry(archive, source, &entry)) > 0) {
		if (!mq_unwrap_count_member(unwrap, error))
			return FALSE;
		*n += 1;
		if (is_plain_file(entry) && !pour_member(&like, entry, part, error))
			return FALSE;
	}
	return state == 0 || fail(archive, source, kind, error);
}

static gboolean
archive_pour(MqPart *part, MqUnwrap *unwrap, GError **error)
{
	g_autoptr(MqPart) held = NULL;
	g_autoptr(GError) first = NULL;
	const Kind *kind;
	const guint8 *bytes;
	gssize n_bytes = mq_part_peek(part, MQ_BID_BYTES, &bytes, error);
	guint n = 0;

	if (n_bytes < 0)
		return FALSE;
	kind = kind_of(bytes, (gsize)n_bytes);
	if (kind->needs_seek && !mq_part_can_seek(part)) {
		held = mq_part_hold_part(part, MQ_LIMIT_HELD_BYTES, error);
		if (held == NULL)
			return FALSE;
		part = held;
	}
	if (pour_as(kind, &kind->first, part, unwrap, &n, &first))
		return TRUE;
	if (n == 0 && kind->second.format != NULL && g_error_matches(first, MQ_ERROR, MQ_ERROR_FORMAT)
	    && mq_part_seek(part, 0, NULL)) /* when not, the first error is the one to tell */
		return pour_as(kind, &kind->second, part, unwrap, &n, error);
	g_propagate_error(error, g_steal_pointer(&first));
	return FALSE;
}

const MqContainer mq_container_archive = { .name = "archive", .is_packing = TRUE, .bid = archive_bid, .pour = archive_pour };
