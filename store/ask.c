/* Questions over many reports: lists, sums, flows. */
#include <string.h>

#include "ingest/domain.h"
#include "ingest/limits.h"
#include "store/judge.h"
#include "store/totals.h"

gboolean
mq_store_reports(MqStore *store, const MqFilter *filter, MqReportRowFunc take, gpointer ctx, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_reports(store, filter, error);
	gboolean row = ask != NULL;

	while (row) {
		MqReportRow out;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		out = (MqReportRow){
			.id = mq_db_int(ask, 0),
			.type = (MqReportType)mq_db_int(ask, 1),
			.dialect = (MqDialect)mq_db_int(ask, 2),
			.reporter = mq_db_text(ask, 3),
			.report_id = mq_db_text(ask, 4),
			.domain = mq_db_text(ask, 5),
			.begin_s = mq_db_int_or(ask, 6, MQ_TIME_ABSENT),
			.end_s = mq_db_int_or(ask, 7, MQ_TIME_ABSENT),
			.n_records = mq_db_int(ask, 8),
			.n_messages = mq_db_int(ask, 9),
			.is_variant = mq_db_int(ask, 10) != 0,
			.trust = mq_db_text(ask, 11),
			.feedback_type = mq_db_text(ask, 12),
		};
		if (!take(ctx, &out, error))
			return FALSE;
	}
	return ask != NULL;
}

static gboolean
count_report(gpointer ctx, const MqReportRow *row, GError **error)
{
	gint64 *n = ctx;

	(void)row;
	(void)error;
	(*n)++;
	return TRUE;
}

gboolean
mq_store_count_suspicious(MqStore *store, const MqFilter *filter, gint64 *n, GError **error)
{
	MqFilter suspicious = *filter;

	*n = 0;
	suspicious.trusted_only = FALSE;
	suspicious.untrusted_only = TRUE;
	return mq_store_reports(store, &suspicious, count_report, n, error);
}

gboolean
mq_store_count_undated(MqStore *store, const MqFilter *filter, gint64 *n, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_undated(store, filter, error);
	gboolean row;

	if (ask == NULL || !mq_db_step(store, ask, &row, error))
		return FALSE;
	*n = mq_db_int(ask, 0);
	return TRUE;
}

/* A key of totals: text, or a source. (nullable) (transfer full) */
static char *
key_of(MqQuery *ask)
{
	MqAddress address;
	const char *text = mq_db_source(ask, 0, &address);

	return address.n_bytes > 0 ? mq_address_to_text(&address) : g_strdup(text);
}

/* The rows of a question that has the columns of SUMS, about the reports of @filter; @format, @most: its parameters. */
static gboolean
take_some_totals(MqStore *store, MqQueryName name, const char *format, gint64 most, const MqFilter *filter,
                 MqTotalsFunc take, gpointer ctx, GError **error)
{
	g_auto(MqTotalling) totalling = { 0 };
	g_autoptr(MqQuery) ask = NULL;
	gboolean row = TRUE;

	if (!mq_db_scope(store, filter, error))
		return FALSE;
	mq_totalling_begin(&totalling, store);
	ask = mq_db_ask(store, name, error, format, most);
	for (guint n = 0; ask != NULL && row && (filter->limit == 0 || n < filter->limit); n++) {
		g_autofree char *key = NULL;
		MqTotals totals;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		mq_totals_read(ask, 2, &totals);
		key = key_of(ask);
		if (!take(ctx, key, &totals, error))
			return FALSE;
	}
	return ask != NULL;
}

static gboolean
take_totals(MqStore *store, MqQueryName name, const MqFilter *filter, MqTotalsFunc take, gpointer ctx, GError **error)
{
	return take_some_totals(store, name, "", 0, filter, take, ctx, error);
}

gboolean
mq_store_totals(MqStore *store, const MqFilter *filter, MqBy by, MqTotalsFunc take, gpointer ctx, GError **error)
{
	static const MqQueryName asks[] = {
		[MQ_BY_SOURCE] = MQ_QUERY_TOTALS_SOURCE,     [MQ_BY_DOMAIN] = MQ_QUERY_TOTALS_DOMAIN,
		[MQ_BY_REPORTER] = MQ_QUERY_TOTALS_REPORTER, [MQ_BY_SELECTOR] = MQ_QUERY_TOTALS_SELECTOR,
		[MQ_BY_DISPOSITION] = MQ_QUERY_TOTALS_DISPOSITION, [MQ_BY_DAY] = MQ_QUERY_TOTALS_DAY,
		[MQ_BY_WEEK] = MQ_QUERY_TOTALS_WEEK,         [MQ_BY_MONTH] = MQ_QUERY_TOTALS_MONTH,
		[MQ_BY_NOTHING] = MQ_QUERY_TOTALS_NOTHING,
	};

	return take_totals(store, asks[by], filter, take, ctx, error);
}

typedef struct {
	GHashTable *seen; /* char * */
	MqTotalsFunc take;
	gpointer ctx;
} Domains;

/* MqTotalsFunc */
static gboolean
take_policy_domain(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	Domains *domains = ctx;

	if (key == NULL)
		return TRUE;
	g_hash_table_add(domains->seen, g_strdup(key));
	return domains->take(domains->ctx, key, totals, error);
}

/* MqTotalsFunc */
static gboolean
take_row_domain(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	Domains *domains = ctx;
	g_autofree char *name = key != NULL ? mq_domain_registrable(key) : NULL;

	if (name == NULL || g_hash_table_contains(domains->seen, name))
		return TRUE;
	return take_policy_domain(ctx, name, totals, error);
}

/* A row of the question about days: its results, found out where its report does not say them. */
static gboolean
read_day(MqQuery *ask, MqSets *sets, MqTotals *totals, GError **error)
{
	gint64 results = mq_db_int(ask, 2);
	MqResult dkim = MQ_RESULTS_DKIM(results);
	MqResult spf = MQ_RESULTS_SPF(results);

	if (dkim == MQ_RESULT_ABSENT && spf == MQ_RESULT_ABSENT) {
		const MqSet *auth;
		const char *from;

		mq_sets_trim(sets);
		auth = mq_sets_auth(sets, mq_db_int(ask, 3), error);
		if (auth == NULL || !mq_sets_text(sets, mq_db_int(ask, 4), &from, error))
			return FALSE;
		mq_judge(auth, from, (MqAlignmentMode)mq_db_int(ask, 5), (MqAlignmentMode)mq_db_int(ask, 6), &dkim, &spf);
	}
	mq_totals_add(totals, mq_db_int(ask, 1), MQ_RESULTS_DISPOSITION(results), dkim, spf);
	return TRUE;
}

gboolean
mq_store_days(MqStore *store, const MqFilter *filter, MqDayFunc take, gpointer ctx, GError **error)
{
	g_auto(MqSets) sets = { 0 };
	g_autoptr(MqQuery) ask = NULL;
	gboolean row = TRUE;

	mq_sets_init(&sets, store);
	if (!mq_db_scope(store, filter, error))
		return FALSE;
	ask = mq_db_ask(store, MQ_QUERY_DAYS, error, "");
	while (ask != NULL && row) {
		MqTotals totals = { 0 };

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (row && (!read_day(ask, &sets, &totals, error) || !take(ctx, mq_db_int(ask, 0), &totals, error)))
			return FALSE;
	}
	return ask != NULL;
}

gboolean
mq_store_policy_domains(MqStore *store, const MqFilter *filter, MqTotalsFunc take, gpointer ctx, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Domains domains = { seen, take, ctx };

	return take_totals(store, MQ_QUERY_POLICY_DOMAINS, filter, take_policy_domain, &domains, error)
	       && take_some_totals(store, MQ_QUERY_ROW_DOMAINS, "i", MQ_LIMIT_ROW_DOMAINS, filter, take_row_domain, &domains,
	                           error);
}

gboolean
mq_store_reporters(MqStore *store, const MqFilter *filter, MqTotalsFunc take, gpointer ctx, GError **error)
{
	g_autoptr(MqQuery) ask = NULL;
	gboolean row = TRUE;

	if (!mq_db_scope(store, filter, error))
		return FALSE;
	ask = mq_db_ask(store, MQ_QUERY_REPORTERS, error, "");
	while (ask != NULL && row) {
		MqTotals totals = { .reporters = 1 };

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		totals.messages = mq_db_int(ask, 1);
		totals.reports = mq_db_int(ask, 2);
		totals.first_s = mq_db_int_or(ask, 3, MQ_TIME_ABSENT);
		totals.last_s = mq_db_int_or(ask, 4, MQ_TIME_ABSENT);
		if (row && !take(ctx, mq_db_text(ask, 0), &totals, error))
			return FALSE;
	}
	return ask != NULL;
}

static gboolean
read_flow(MqQuery *ask, MqSets *sets, MqFlow *flow, GError **error)
{
	gint64 results = mq_db_int(ask, 4);
	const MqSet *auth;
	const MqSet *reasons;

	*flow = (MqFlow){
		.dkim = MQ_RESULTS_DKIM(results),
		.spf = MQ_RESULTS_SPF(results),
		.disposition = MQ_RESULTS_DISPOSITION(results),
		.auth_id = mq_db_int(ask, 5),
		.policy_p = (MqPolicy)mq_db_int(ask, 9),
		.policy_sp = (MqPolicy)mq_db_int(ask, 10),
		.policy_np = (MqPolicy)mq_db_int(ask, 11),
		.day_s = mq_db_int(ask, 12),
		.messages = mq_db_int(ask, 13),
	};
	flow->source_text = mq_db_source(ask, 0, &flow->source);
	mq_sets_trim(sets);
	if (!mq_sets_text(sets, mq_db_int(ask, 1), &flow->header_from, error)
	    || !mq_sets_text(sets, mq_db_int(ask, 2), &flow->envelope_from, error)
	    || !mq_sets_text(sets, mq_db_int(ask, 3), &flow->envelope_to, error)
	    || !mq_sets_text(sets, mq_db_int(ask, 7), &flow->reporter, error)
	    || !mq_sets_text(sets, mq_db_int(ask, 8), &flow->policy_domain, error)
	    || (auth = mq_sets_auth(sets, flow->auth_id, error)) == NULL
	    || (reasons = mq_sets_reasons(sets, mq_db_int(ask, 6), error)) == NULL)
		return FALSE;
	flow->auth_dkim = auth->dkim;
	flow->n_auth_dkim = auth->n_dkim;
	flow->auth_spf = auth->spf;
	flow->n_auth_spf = auth->n_spf;
	flow->reasons = reasons->reasons;
	flow->n_reasons = reasons->n_reasons;
	if (flow->dkim == MQ_RESULT_ABSENT && flow->spf == MQ_RESULT_ABSENT)
		mq_judge(auth, flow->header_from, (MqAlignmentMode)mq_db_int(ask, 14), (MqAlignmentMode)mq_db_int(ask, 15),
		         &flow->dkim, &flow->spf);
	return TRUE;
}

gboolean
mq_store_flows(MqStore *store, const MqFilter *filter, MqFlowFunc take, gpointer ctx, GError **error)
{
	g_auto(MqSets) sets = { 0 };
	g_autoptr(MqQuery) ask = NULL;
	gboolean row = TRUE;

	mq_sets_init(&sets, store);
	if (!mq_db_scope(store, filter, error))
		return FALSE;
	ask = mq_db_ask(store, MQ_QUERY_FLOWS, error, "");
	while (ask != NULL && row) {
		MqFlow flow;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (row && (!read_flow(ask, &sets, &flow, error) || !take(ctx, &flow, error)))
			return FALSE;
	}
	return ask != NULL;
}

/* MqReportRowFunc */
static gboolean
note_id(gpointer ctx, const MqReportRow *row, GError **error)
{
	(void)error;
	g_array_append_val((GArray *)ctx, row->id);
	return TRUE;
}

static gboolean
names_reporter(const MqReport *report, const char *part)
{
	g_autofree char *wanted = g_utf8_casefold(part, -1);
	g_autofree char *name = report->reporter != NULL ? g_utf8_casefold(report->reporter, -1) : NULL;

	return name != NULL && strstr(name, wanted) != NULL;
}

static gboolean
says_failed(const MqFailure *failure, const char *word)
{
	for (guint i = 0; i < failure->auth_failure->len; i++)
		if (g_ascii_strcasecmp(g_ptr_array_index(failure->auth_failure, i), word) == 0)
			return TRUE;
	return failure->feedback_type != NULL && g_ascii_strcasecmp(failure->feedback_type, word) == 0;
}

/* What @filter says of a report's content. */
static gboolean
is_wanted(const MqReport *report, const MqFilter *filter)
{
	const MqFailure *failure = report->failure;

	if (filter->reporter != NULL && !names_reporter(report, filter->reporter))
		return FALSE;
	if (filter->source != NULL && (failure == NULL || !mq_address_in_block(&failure->source, filter->source)))
		return FALSE;
	return filter->failed == NULL || (failure != NULL && says_failed(failure, filter->failed));
}

gboolean
mq_store_each_report(MqStore *store, const MqFilter *filter, MqStoredReportFunc take, gpointer ctx, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	guint most = filter->limit > 0 ? filter->limit : G_MAXUINT;
	MqFilter listed = *filter;

	if (filter->reporter != NULL || filter->source != NULL || filter->failed != NULL)
		listed.limit = 0; /* it is of those that are wanted */
	if (!mq_store_reports(store, &listed, note_id, ids, error))
		return FALSE;
	for (guint i = 0, n = 0; i < ids->len && n < most; i++) {
		g_autoptr(MqStoredReport) report = mq_store_report(store, g_array_index(ids, gint64, i), error);

		if (report == NULL)
			return FALSE;
		if (!is_wanted(report->report, filter))
			continue;
		if (!take(ctx, report, error))
			return FALSE;
		n++;
	}
	return TRUE;
}
