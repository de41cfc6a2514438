/* marque reports: what is stored, newest first. */
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "cli/report_document.h"

static const MqColumn columns[] = {
	{ "id", "Id", MQ_CELL_COUNT },
	{ "type", "Type", MQ_CELL_TEXT, .optional = TRUE },
	{ "reporter", "Reporter", MQ_CELL_TEXT },
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "begin", "From", MQ_CELL_TIME },
	{ "end", "To", MQ_CELL_TIME, .optional = TRUE },
	{ "records", "Records", MQ_CELL_COUNT, .optional = TRUE },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "dialect", "Dialect", MQ_CELL_TEXT, .optional = TRUE },
	{ "report_id", "Report id", MQ_CELL_TEXT, .optional = TRUE },
	{ "suspicion", "Suspicion", MQ_CELL_TEXT },
	{ "variant", "Variant", MQ_CELL_TEXT, .csv_only = TRUE },
};

static const MqLayout layout = {
	.rows = "reports", .columns = columns, .n_columns = G_N_ELEMENTS(columns), .nothing = "no reports",
};

static gboolean
take_row(gpointer ctx, const MqReportRow *row, GError **error)
{
	(void)error;
	json_array_append_new(ctx, mq_document_report_row(row));
	return TRUE;
}

static void
notice_undated(const MqApp *app, gint64 n)
{
	if (n > 0 && mq_app_format_is(app, "table"))
		mq_log_notice(app, "%" G_GINT64_FORMAT " without dates are in no window; 'marque reports' without --since, --until and"
		                   " --as-of lists them", n);
}

static gboolean
list(const MqApp *app, MqStore *store, const MqFilter *filter, GError **error)
{
	g_autoptr(json_t) document = mq_document_new("reports");
	gboolean has_window = filter->since_s != MQ_TIME_ABSENT || filter->until_s != MQ_TIME_ABSENT;
	gint64 undated = 0;

	json_object_set_new(document, "reports", json_array());
	if (!mq_store_reports(store, filter, take_row, json_object_get(document, "reports"), error)
	    || (has_window && !mq_store_count_undated(store, filter, &undated, error)))
		return FALSE;
	json_object_set_new(document, "undated_reports_left_out", json_integer(undated));
	mq_output_print(app, document, &layout);
	notice_undated(app, undated);
	return TRUE;
}

static MqExit
run_reports(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *type = NULL;
	g_autofree char *domain = NULL;
	g_autoptr(MqStore) store = NULL;
	int limit = 0;
	gboolean untrusted = FALSE;
	MqFilter filter;
	MqReportType only;
	const GOptionEntry options[] = {
		{ "type", 0, 0, G_OPTION_ARG_STRING, &type, "aggregate, failure or tls", "TYPE" },
		{ "limit", 'n', 0, G_OPTION_ARG_INT, &limit, "the newest N only", "N" },
		{ "untrusted", 0, 0, G_OPTION_ARG_NONE, &untrusted, "only those that look forged, and why", NULL },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, options, args, error) || !mq_app_arguments(*args, 0, 1, "one DOMAIN", error)
	    || !mq_app_filter(app, (*args)[1], TRUE, &filter, &domain, error) || !mq_app_report_type(type, &only, error))
		return MQ_EXIT_USAGE;
	store = mq_app_store(app, MQ_STORE_READ, error);
	if (store == NULL)
		return MQ_EXIT_FAILED;
	filter.type = only;
	filter.untrusted_only = untrusted;
	filter.limit = (guint)MAX(limit, 0);
	return list(app, store, &filter, error) ? MQ_EXIT_OK : MQ_EXIT_FAILED;
}

const MqCommand mq_command_reports = {
	.name = "reports",
	.arguments = "[DOMAIN]",
	.summary = "list what is stored, newest first",
	.details = "All of it, unless --since, --until or --as-of say otherwise; reports that do not say their dates\n"
	           "come last, and are left out then.",
	.formats = mq_formats_rows,
	.run = run_reports,
};
