/* A gzip or an archive with something in front: a stray line end, a line of text, the mark of a zip
 * in volumes ("PK00"), the program of a self-extracting archive. A guess, made when nothing else
 * fits. */
#include "ingest/containers.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/problem.h"

#define MAGIC(text)                                                                                \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
static const struct {
	const char *bytes;
	gsize n;
} magics[] = {
	MAGIC("\x1f\x8b\x08"),
	MAGIC("PK\3\4"),
	MAGIC("7z\xbc\xaf\x27\x1c"),
	MAGIC("Rar!\x1a\7"),
};

/* Where the first of them is, behind the front; NULL: there is none. */
static const guint8 *
find_magic(const guint8 *bytes, gsize n)
{
	const guint8 *first = NULL;

	for (gsize i = 0; n > 1 && i < G_N_ELEMENTS(magics); i++) {
		gsize n_left = first != NULL ? (gsize)(first - bytes) : n;
		const guint8 *at = memmem(bytes + 1, n_left - 1, magics[i].bytes, magics[i].n);

		if (at != NULL)
			first = at;
	}
	return first;
}

static gboolean
is_program(const guint8 *bytes, gsize n)
{
	return n >= 4 && (memcmp(bytes, "MZ", 2) == 0 ||
			  memcmp(bytes,
				 "\x7f"
				 "ELF",
				 4) == 0 ||
			  memcmp(bytes, "#!", 2) == 0);
}

static guint
shifted_bid(const MqPart *part, const guint8 *bytes, gsize n)
{
	if (is_program(bytes, n))
		return 5; /* what it unpacks is behind it */
	return part->claim != MQ_CLAIM_NO && find_magic(bytes, n) != NULL ? 5 : 0;
}

static gboolean
shifted_pour(MqPart *part, MqUnwrap *unwrap, GError **error)
{
	g_autoptr(GBytes) held = mq_part_hold(part, MQ_LIMIT_HELD_BYTES, error);
	g_autoptr(GBytes) rest = NULL;
	g_autoptr(MqPart) inner = NULL;
	guint n_before = mq_unwrap_n_reports(unwrap);
	const guint8 *bytes, *at;
	gsize n;

	if (held == NULL)
		return FALSE;
	bytes = g_bytes_get_data(held, &n);
	at = find_magic(bytes, n);
	if (at == NULL || !mq_unwrap_spend(unwrap, n, error))
		return at == NULL;
	rest = g_bytes_new_from_bytes(held, (gsize)(at - bytes), n - (gsize)(at - bytes));
	inner = mq_part_new_bytes(rest, part, NULL, NULL);
	mq_unwrap_part(unwrap, inner);
	if (mq_unwrap_n_reports(unwrap) > n_before)
		mq_unwrap_note(unwrap, part, MQ_PROBLEM_ARCHIVE_BROKEN, TRUE,
			       "%u bytes stand in front of what is packed; they are ignored",
			       (guint)(at - bytes));
	return TRUE;
}

const MqContainer mq_container_shifted = { .name = "shifted",
					   .bid = shifted_bid,
					   .pour = shifted_pour };
