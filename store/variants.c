#include "store/variants.h"

#include <string.h>

#include "store/load.h"

/* Of one report. Honest reporters send two or three; more would make each put compare with ever more
 * rows: from then on what comes is kept, and nothing of it counts. */
#define VARIANTS_MAX 50

/* A row that earlier variants have, and how often it is still to come. */
typedef struct {
	guint8 digest[MQ_HASH_BYTES];
	guint left;
} EarlierRow;

void
mq_variants_clear(MqVariants *variants)
{
	g_clear_pointer(&variants->reports, g_array_unref);
	g_clear_pointer(&variants->rows, g_array_unref);
}

gboolean
mq_variants_any(const MqVariants *variants)
{
	return variants->reports != NULL && variants->reports->len > 0;
}

gboolean
mq_variants_are_too_many(const MqVariants *variants)
{
	return variants->reports->len >= VARIANTS_MAX;
}

gint64
mq_variants_first(const MqVariants *variants)
{
	return g_array_index(variants->reports, gint64, 0);
}

gint64
mq_variants_key(const MqReport *report)
{
	g_autofree char *reporter = report->reporter != NULL ? g_utf8_strdown(report->reporter, -1) : NULL;
	g_autofree char *text = NULL;
	g_autofree char *hex = NULL;

	if (report->type == MQ_TYPE_FAILURE || reporter == NULL || *reporter == '\0' || report->report_id == NULL
	    || *report->report_id == '\0')
		return 0;
	text = g_strdup_printf("%s\n%s\n%s\n%" G_GINT64_FORMAT "\n%" G_GINT64_FORMAT, reporter, report->report_id,
	                       report->policy.domain != NULL ? report->policy.domain : "", report->begin_s, report->end_s);
	hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	hex[15] = '\0'; /* 60 bits: positive as a number */
	return (gint64)g_ascii_strtoull(hex, NULL, 16) + 1;
}

static gboolean
same_key(MqQuery *row, const MqReport *report)
{
	const char *reporter = mq_db_text(row, 1);
	g_autofree char *ours = g_utf8_strdown(report->reporter, -1);
	g_autofree char *theirs = reporter != NULL ? g_utf8_strdown(reporter, -1) : NULL;

	return g_strcmp0(ours, theirs) == 0 && g_strcmp0(mq_db_text(row, 2), report->report_id) == 0
	       && g_strcmp0(mq_db_text(row, 3), report->policy.domain) == 0
	       && mq_db_int_or(row, 4, MQ_TIME_ABSENT) == report->begin_s
	       && mq_db_int_or(row, 5, MQ_TIME_ABSENT) == report->end_s;
}

gboolean
mq_variants_find(MqVariants *variants, MqStore *store, const MqReport *report, gint64 key, gboolean suspicious,
                 GError **error)
{
	g_autoptr(MqQuery) ask = NULL;
	gboolean row = key != 0;

	variants->reports = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (key == 0)
		return TRUE;
	ask = mq_db_ask(store, MQ_QUERY_REPORT_BY_KEY, error, "iiii", key, (gint64)report->type, (gint64)VARIANTS_MAX,
	                (gint64)suspicious);
	if (ask == NULL)
		return FALSE;
	while (row) {
		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (row && same_key(ask, report)) {
			gint64 id = mq_db_int(ask, 0);

			g_array_append_val(variants->reports, id);
		}
	}
	return TRUE;
}

static gint
compare_digests(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, MQ_HASH_BYTES);
}

/* Only when the first row comes: the earlier variant may be in the same message, and its rows are there
 * by then. */
static gboolean
load_rows(MqVariants *variants, MqStore *store, GError **error)
{
	g_autoptr(GArray) digests = g_array_new(FALSE, FALSE, MQ_HASH_BYTES);
	g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(EarlierRow));

	for (guint i = 0; i < variants->reports->len; i++)
		if (!mq_load_digests(store, g_array_index(variants->reports, gint64, i), digests, error))
			return FALSE;
	g_array_sort(digests, compare_digests);
	for (guint i = 0; i < digests->len; i++) {
		const char *digest = digests->data + (gsize)i * MQ_HASH_BYTES;
		EarlierRow row = { .left = 1 };

		if (rows->len > 0 && compare_digests(&g_array_index(rows, EarlierRow, rows->len - 1), digest) == 0) {
			g_array_index(rows, EarlierRow, rows->len - 1).left++;
			continue;
		}
		memcpy(row.digest, digest, MQ_HASH_BYTES);
		g_array_append_val(rows, row);
	}
	variants->rows = g_steal_pointer(&rows);
	return TRUE;
}

gboolean
mq_variants_take(MqVariants *variants, MqStore *store, const MqRecord *record, gboolean *repeated, GError **error)
{
	guint8 digest[MQ_DIGEST_BYTES];
	EarlierRow *row;
	guint at;

	*repeated = mq_variants_any(variants) && mq_variants_are_too_many(variants);
	if (!mq_variants_any(variants) || *repeated)
		return TRUE;
	if (variants->rows == NULL && !load_rows(variants, store, error))
		return FALSE;
	mq_record_digest(record, digest);
	if (!g_array_binary_search(variants->rows, digest, compare_digests, &at))
		return TRUE;
	row = &g_array_index(variants->rows, EarlierRow, at);
	*repeated = row->left > 0;
	row->left -= *repeated ? 1 : 0;
	return TRUE;
}
