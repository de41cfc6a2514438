/* marque export: every stored record as a stream, and gauges for a monitoring system. */
#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/report_document.h"
#include "ingest/text.h"

static const MqColumn columns[] = {
	{ "report", "report", MQ_CELL_COUNT },
	{ "reporter", "reporter", MQ_CELL_TEXT },
	{ "report_id", "report_id", MQ_CELL_TEXT },
	{ "domain", "domain", MQ_CELL_TEXT },
	{ "begin", "begin", MQ_CELL_TIME },
	{ "end", "end", MQ_CELL_TIME },
	{ "source_ip", "source_ip", MQ_CELL_TEXT },
	{ "count", "count", MQ_CELL_COUNT },
	{ "dmarc", "dmarc", MQ_CELL_TEXT },
	{ "dkim", "dkim", MQ_CELL_TEXT },
	{ "spf", "spf", MQ_CELL_TEXT },
	{ "disposition", "disposition", MQ_CELL_TEXT },
	{ "header_from", "header_from", MQ_CELL_TEXT },
	{ "envelope_from", "envelope_from", MQ_CELL_TEXT },
	{ "envelope_to", "envelope_to", MQ_CELL_TEXT },
	{ "auth_dkim", "auth_dkim", MQ_CELL_LIST },
	{ "auth_spf", "auth_spf", MQ_CELL_LIST },
	{ "reasons", "reasons", MQ_CELL_LIST },
	{ "suspicion", "suspicion", MQ_CELL_TEXT },
};

static const MqLayout layout = { .rows = "records", .columns = columns, .n_columns = G_N_ELEMENTS(columns) };

typedef struct {
	const MqApp *app;
	MqStore *store;
	json_t *rows; /* (nullable) where one document is wanted, not a stream of lines */
} Export;

/* What each line says of the report it is from. */
static json_t *
line_of(const MqStoredReport *stored)
{
	const MqReport *report = stored->report;

	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "type", mq_json_word(&mq_words_type, report->type),
	                 "report", (json_int_t)stored->id, "reporter", mq_json_text(report->reporter), "report_id",
	                 mq_json_text(report->report_id), "domain", mq_json_text(report->policy.domain), "begin",
	                 mq_json_time(report->begin_s), "end", mq_json_time(report->end_s), "suspicion",
	                 mq_json_text(stored->trust));
}

/* @own: (transfer full): what the line adds to that */
static json_t *
merge(const MqStoredReport *stored, json_t *own)
{
	json_t *line = line_of(stored);

	json_object_update_missing(line, own);
	json_decref(own);
	return line;
}

/* @line: (transfer full) */
static void
print_line(const Export *to, json_t *line)
{
	g_autoptr(json_t) owned = line;

	if (mq_app_format_is(to->app, "csv"))
		mq_print_csv_row(to->app->out, columns, G_N_ELEMENTS(columns), line);
	else if (to->rows != NULL)
		json_array_append(to->rows, line);
	else
		mq_print_json(to->app->out, line, TRUE);
}

static void
print_record(const Export *to, const MqStoredReport *stored, const MqRecord *record)
{
	json_t *line = merge(stored, mq_document_record(record));

	if (mq_app_format_is(to->app, "csv") || mq_app_format_is(to->app, "table")) {
		g_autoptr(json_t) whole = line;

		line = mq_document_flat_record(whole);
	}
	print_line(to, line);
}

typedef struct {
	const Export *to;
	const MqStoredReport *stored;
} Exported;

/* MqStoredRecordFunc: rows that an earlier variant has already are not said twice. */
static gboolean
take_record(gpointer ctx, const MqRecord *record, gboolean repeated, G_GNUC_UNUSED GError **error)
{
	const Exported *exported = ctx;

	if (!repeated)
		print_record(exported->to, exported->stored, record);
	return TRUE;
}

static gboolean
print_report(gpointer ctx, const MqStoredReport *stored, GError **error)
{
	const Export *to = ctx;
	const GPtrArray *policies = stored->report->tls;

	if (stored->report->type == MQ_TYPE_AGGREGATE)
		return mq_store_report_records(to->store, stored->id, 0, take_record, &(Exported){ to, stored }, error);
	if (stored->report->type == MQ_TYPE_FAILURE)
		print_line(to, merge(stored, mq_document_failure(stored)));
	for (guint i = 0; policies != NULL && i < policies->len; i++)
		print_line(to, merge(stored, mq_document_tls_policy(stored, g_ptr_array_index(policies, i))));
	return TRUE;
}

/* ---------------------------------------------------------------- prometheus */

/* A label's value: visible, and escaped as the exposition format asks. (transfer full) */
static char *
label_value(const char *text)
{
	g_autofree char *visible = mq_text_visible(text);
	GString *value = g_string_new(visible);

	g_string_replace(value, "\\", "\\\\", 0);
	g_string_replace(value, "\"", "\\\"", 0);
	return g_string_free(value, FALSE);
}

static const struct gauge {
	const char *name, *help;
	gsize offset;
} gauges[] = {
	{ "marque_messages", "messages that aggregate reports of the window count", offsetof(MqTotals, messages) },
	{ "marque_dmarc_pass_messages", "of those, passed DMARC", offsetof(MqTotals, dmarc_pass) },
	{ "marque_dmarc_unknown_messages", "of those, without a known DMARC result", offsetof(MqTotals, dmarc_unknown) },
	{ "marque_spf_aligned_messages", "of those, SPF passed and aligned", offsetof(MqTotals, spf_aligned) },
	{ "marque_dkim_aligned_messages", "of those, DKIM passed and aligned", offsetof(MqTotals, dkim_aligned) },
	{ "marque_quarantined_messages", "of those, quarantined", offsetof(MqTotals, quarantined) },
	{ "marque_rejected_messages", "of those, rejected", offsetof(MqTotals, rejected) },
	{ "marque_sources", "addresses that sent", offsetof(MqTotals, sources) },
};

typedef struct {
	const MqApp *app;
	const struct gauge *gauge;
} Gauging;

static gboolean
print_gauge(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	const Gauging *gauging = ctx;
	g_autofree char *domain = label_value(key);

	(void)error;
	fprintf(gauging->app->out, "%s{domain=\"%s\"} %" G_GINT64_FORMAT "\n", gauging->gauge->name, domain,
	        *(const gint64 *)((const char *)totals + gauging->gauge->offset));
	return TRUE;
}

static gboolean
print_reporter(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	const MqApp *app = ctx;
	g_autofree char *reporter = label_value(key);

	(void)error;
	fprintf(app->out, "marque_reporter_last_report_timestamp_seconds{reporter=\"%s\"} %" G_GINT64_FORMAT "\n",
	        reporter, totals->last_s);
	return TRUE;
}

static gboolean
print_gauges(const MqApp *app, MqStore *store, const MqFilter *filter, GError **error)
{
	MqFilter whole = MQ_FILTER_ALL;

	whole.domain = filter->domain;
	for (gsize i = 0; i < G_N_ELEMENTS(gauges); i++) {
		Gauging gauging = { app, &gauges[i] };

		fprintf(app->out, "# HELP %s %s\n# TYPE %s gauge\n", gauges[i].name, gauges[i].help, gauges[i].name);
		if (!mq_store_totals(store, filter, MQ_BY_DOMAIN, print_gauge, &gauging, error))
			return FALSE;
	}
	fputs("# HELP marque_reporter_last_report_timestamp_seconds when the newest report of a reporter ends\n"
	      "# TYPE marque_reporter_last_report_timestamp_seconds gauge\n", app->out);
	return mq_store_reporters(store, &whole, print_reporter, (gpointer)app, error);
}

/* ----------------------------------------------------------------------- run */

static gboolean
export(const MqApp *app, MqStore *store, MqFilter *filter, GError **error)
{
	gboolean whole = mq_app_format_is(app, "json") || mq_app_format_is(app, "table");
	g_autoptr(json_t) document = mq_document_new("export");
	Export to = { app, store, whole ? json_array() : NULL };

	if (whole)
		json_object_set_new(document, "records", to.rows);
	if (mq_app_format_is(app, "csv"))
		mq_print_csv_row(app->out, columns, G_N_ELEMENTS(columns), NULL);
	if (mq_app_format_is(app, "csv") || mq_app_format_is(app, "table"))
		filter->type = MQ_TYPE_AGGREGATE;
	if (!mq_store_each_report(store, filter, print_report, &to, error))
		return FALSE;
	if (whole)
		mq_output_print(app, document, &layout);
	return TRUE;
}

static MqExit
run_export(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *domain = NULL;
	g_autoptr(MqStore) store = NULL;
	MqFilter filter;
	gboolean gauging;

	if (!mq_app_parse(app, NULL, args, error) || !mq_app_arguments(*args, 0, 1, "one DOMAIN", error))
		return MQ_EXIT_USAGE;
	gauging = mq_app_format_is(app, "prometheus");
	if (!mq_app_filter(app, (*args)[1], !gauging, &filter, &domain, error))
		return MQ_EXIT_USAGE;
	store = mq_app_store(app, MQ_STORE_READ, error);
	if (store == NULL)
		return MQ_EXIT_FAILED;
	filter.trusted_only = gauging;
	if (!(gauging ? print_gauges(app, store, &filter, error) : export(app, store, &filter, error)))
		return MQ_EXIT_FAILED;
	return MQ_EXIT_OK;
}

static const char *const formats[] = { "ndjson", "csv", "prometheus", "json", "table", NULL };

const MqCommand mq_command_export = {
	.name = "export",
	.arguments = "[DOMAIN]",
	.summary = "stream every stored record",
	.details = "--format ndjson (default): one JSON document a line, of all types of report; csv: the rows of\n"
	           "aggregate reports; prometheus: gauges of the window, for node_exporter's textfile collector;\n"
	           "json and table: one document of all that ndjson or csv would stream.",
	.formats = formats,
	.run = run_export,
};
