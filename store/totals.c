#include "store/totals.h"

#include <string.h>

#include "store/judge.h"

/* The parameters of sums(), in order. */
enum { COUNT, RESULTS, SOURCE, REPORT, REPORTER, BEGIN, END, AUTH, HEADER_FROM, ADKIM, ASPF, N_PARAMETERS };

/* One group of rows. Rows of a report mostly follow each other. */
typedef struct {
	MqTotals totals;
	GHashTable *sources;   /* IPv4 addresses: numbers */
	GHashTable *others;    /* GBytes */
	GHashTable *reports, *reporters;
	gint64 last_report;
	GError *error;
} Group;

static Group *
group_of(sqlite3_context *context)
{
	Group *group = sqlite3_aggregate_context(context, sizeof(Group)); /* zero at first */

	if (group == NULL || group->sources != NULL)
		return group;
	group->sources = g_hash_table_new(g_direct_hash, g_direct_equal);
	group->others = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
	group->reports = g_hash_table_new(g_direct_hash, g_direct_equal);
	group->reporters = g_hash_table_new(g_direct_hash, g_direct_equal);
	group->totals.first_s = group->totals.last_s = MQ_TIME_ABSENT;
	return group;
}

static void
note_source(Group *group, sqlite3_value *source)
{
	switch (sqlite3_value_type(source)) {
	case SQLITE_NULL:
		break;
	case SQLITE_INTEGER:
		g_hash_table_add(group->sources, (gpointer)(gssize)sqlite3_value_int64(source));
		break;
	default: {
		const void *bytes = sqlite3_value_blob(source);

		g_hash_table_add(group->others, g_bytes_new(bytes, (gsize)sqlite3_value_bytes(source)));
	}
	}
}

static void
note_report(Group *group, sqlite3_value **row)
{
	gint64 report = sqlite3_value_int64(row[REPORT]);
	MqTotals *totals = &group->totals;

	if (report == group->last_report)
		return;
	group->last_report = report;
	g_hash_table_add(group->reports, (gpointer)(gssize)report);
	g_hash_table_add(group->reporters, (gpointer)(gssize)sqlite3_value_int64(row[REPORTER]));
	if (sqlite3_value_type(row[BEGIN]) != SQLITE_NULL) {
		gint64 begin_s = sqlite3_value_int64(row[BEGIN]);

		totals->first_s = totals->first_s == MQ_TIME_ABSENT ? begin_s : MIN(totals->first_s, begin_s);
	}
	if (sqlite3_value_type(row[END]) != SQLITE_NULL) {
		gint64 end_s = sqlite3_value_int64(row[END]);

		totals->last_s = totals->last_s == MQ_TIME_ABSENT ? end_s : MAX(totals->last_s, end_s);
	}
}

/* Of a row whose report does not say what DMARC found. */
static gboolean
judge(MqSets *sets, sqlite3_value **row, MqResult *dkim, MqResult *spf, GError **error)
{
	const MqSet *auth;
	const char *header_from;

	mq_sets_trim(sets); /* nothing of it is in use */
	auth = mq_sets_auth(sets, sqlite3_value_int64(row[AUTH]), error);
	if (auth == NULL || !mq_sets_text(sets, sqlite3_value_int64(row[HEADER_FROM]), &header_from, error))
		return FALSE;
	mq_judge(auth, header_from, (MqAlignmentMode)sqlite3_value_int64(row[ADKIM]),
	         (MqAlignmentMode)sqlite3_value_int64(row[ASPF]), dkim, spf);
	return TRUE;
}

void
mq_totals_add(MqTotals *totals, gint64 count, MqDisposition disposition, MqResult dkim, MqResult spf)
{
	totals->messages += count;
	totals->dmarc_pass += dkim == MQ_RESULT_PASS || spf == MQ_RESULT_PASS ? count : 0;
	totals->dmarc_unknown += dkim == MQ_RESULT_ABSENT && spf == MQ_RESULT_ABSENT ? count : 0;
	totals->dkim_aligned += dkim == MQ_RESULT_PASS ? count : 0;
	totals->spf_aligned += spf == MQ_RESULT_PASS ? count : 0;
	totals->quarantined += disposition == MQ_DISPOSITION_QUARANTINE ? count : 0;
	totals->rejected += disposition == MQ_DISPOSITION_REJECT ? count : 0;
}

static void
take_row(sqlite3_context *context, int n, sqlite3_value **row)
{
	MqStore *store = sqlite3_user_data(context);
	Group *group = group_of(context);
	gint64 results = sqlite3_value_int64(row[RESULTS]);
	MqResult dkim = MQ_RESULTS_DKIM(results);
	MqResult spf = MQ_RESULTS_SPF(results);

	g_assert(n == N_PARAMETERS);
	if (group == NULL || group->error != NULL)
		return;
	if (dkim == MQ_RESULT_ABSENT && spf == MQ_RESULT_ABSENT
	    && !judge(store->sets, row, &dkim, &spf, &group->error))
		return;
	mq_totals_add(&group->totals, sqlite3_value_int64(row[COUNT]), MQ_RESULTS_DISPOSITION(results), dkim, spf);
	note_source(group, row[SOURCE]);
	note_report(group, row);
}

static void
end_group(sqlite3_context *context)
{
	Group *group = group_of(context);

	if (group == NULL) {
		sqlite3_result_error_nomem(context);
		return;
	}
	group->totals.sources = g_hash_table_size(group->sources) + g_hash_table_size(group->others);
	group->totals.reports = g_hash_table_size(group->reports);
	group->totals.reporters = g_hash_table_size(group->reporters);
	if (group->error != NULL)
		sqlite3_result_error(context, group->error->message, -1);
	else
		sqlite3_result_blob(context, &group->totals, sizeof(group->totals), SQLITE_TRANSIENT);
	g_hash_table_unref(group->sources);
	g_hash_table_unref(group->others);
	g_hash_table_unref(group->reports);
	g_hash_table_unref(group->reporters);
	g_clear_error(&group->error);
}

gboolean
mq_totals_define(MqStore *store, GError **error)
{
	if (sqlite3_create_function(store->db, "sums", N_PARAMETERS, SQLITE_UTF8 | SQLITE_DIRECTONLY, store, NULL, take_row,
	                            end_group)
	    == SQLITE_OK)
		return TRUE;
	return mq_db_error(store, error);
}

void
mq_totalling_begin(MqTotalling *totalling, MqStore *store)
{
	mq_sets_init(&totalling->sets, store);
	store->sets = &totalling->sets;
}

void
mq_totalling_end(MqTotalling *totalling)
{
	if (totalling->sets.store != NULL)
		totalling->sets.store->sets = NULL;
	mq_sets_clear(&totalling->sets);
}

void
mq_totals_read(MqQuery *ask, int column, MqTotals *totals)
{
	const void *bytes = sqlite3_column_blob(ask, column);

	g_assert(sqlite3_column_bytes(ask, column) == sizeof(*totals));
	memcpy(totals, bytes, sizeof(*totals));
}
