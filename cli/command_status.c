/* marque status: what the database holds, and until when each reporter has reported. */
#include "cli/commands.h"
#include "cli/outputs.h"

static const MqColumn head[] = {
	{ "database", "Database", MQ_CELL_TEXT },
	{ "bytes", "Bytes", MQ_CELL_COUNT },
	{ "schema_version", "Schema", MQ_CELL_COUNT },
	{ "messages", "Mails read", MQ_CELL_COUNT },
	{ "failed_messages", "  not understood", MQ_CELL_COUNT },
	{ "reports.aggregate", "Aggregate reports", MQ_CELL_COUNT },
	{ "reports.failure", "Failure reports", MQ_CELL_COUNT },
	{ "reports.tls", "TLS reports", MQ_CELL_COUNT },
	{ "undated_reports", "  without dates", MQ_CELL_COUNT },
	{ "records", "Rows", MQ_CELL_COUNT },
	{ "message_count", "Mails they count", MQ_CELL_COUNT },
	{ "problems", "Problems", MQ_CELL_COUNT },
	{ "first", "From", MQ_CELL_TIME },
	{ "last", "To", MQ_CELL_TIME },
};

static const MqColumn reporters[] = {
	{ "reporter", "Reporter", MQ_CELL_TEXT },
	{ "reports", "Reports", MQ_CELL_COUNT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "first_seen", "First", MQ_CELL_DAY },
	{ "last_seen", "Last", MQ_CELL_DAY },
};

static void
print_status(const MqApp *app, const json_t *document)
{
	mq_print_fields(app, head, G_N_ELEMENTS(head), document);
	if (json_array_size(json_object_get(document, "reporters")) > 0)
		fputc('\n', app->out);
	mq_print_table(app, reporters, G_N_ELEMENTS(reporters), json_object_get(document, "reporters"), NULL);
}

static const MqLayout layout = {
	.rows = "reporters", .columns = reporters, .n_columns = G_N_ELEMENTS(reporters),
	.print_text = print_status,
};

static gboolean
take_reporter(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	(void)error;
	json_array_append_new(ctx, json_pack("{s:o, s:I, s:I, s:o, s:o}", "reporter", mq_json_text(key), "reports",
	                                     (json_int_t)totals->reports, "messages",
	                                     (json_int_t)totals->messages, "first_seen",
	                                     mq_json_time(totals->first_s), "last_seen",
	                                     mq_json_time(totals->last_s)));
	return TRUE;
}

static void
add_status(json_t *document, const char *database, const MqStatus *status)
{
	json_t *rest = json_pack("{s:o, s:I, s:i, s:I, s:I, s:{s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:o, s:o, s:[]}",
	                         "database", mq_json_text(database),
	                         "bytes", (json_int_t)status->bytes,
	                         "schema_version", status->schema_version,
	                         "messages", (json_int_t)status->messages,
	                         "failed_messages", (json_int_t)status->failed_messages, "reports",
	                         "aggregate", (json_int_t)status->reports[MQ_TYPE_AGGREGATE],
	                         "failure", (json_int_t)status->reports[MQ_TYPE_FAILURE],
	                         "tls", (json_int_t)status->reports[MQ_TYPE_TLS],
	                         "undated_reports", (json_int_t)status->undated,
	                         "records", (json_int_t)status->records,
	                         "message_count", (json_int_t)status->n_messages,
	                         "problems", (json_int_t)status->problems,
	                         "first", mq_json_time(status->first_s),
	                         "last", mq_json_time(status->last_s), "reporters");

	json_object_update(document, rest);
	json_decref(rest);
}

static MqExit
run_status(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *database = NULL;
	g_autofree char *domain = NULL;
	g_autoptr(MqStore) store = NULL;
	g_autoptr(json_t) document = NULL;
	MqStatus status = { 0 };
	MqFilter filter;

	if (!mq_app_parse(app, NULL, args, error) || !mq_app_arguments(*args, 0, 0, "no argument", error)
	    || !mq_app_filter(app, NULL, TRUE, &filter, &domain, error))
		return MQ_EXIT_USAGE;
	store = mq_app_store(app, MQ_STORE_READ, error);
	if (store == NULL || !mq_store_status(store, &status, error))
		return MQ_EXIT_FAILED;
	database = mq_app_database(app);
	document = mq_document_new("status");
	add_status(document, database, &status);
	if (!mq_store_reporters(store, &filter, take_reporter, json_object_get(document, "reporters"), error))
		return MQ_EXIT_FAILED;
	mq_output_print(app, document, &layout);
	return MQ_EXIT_OK;
}

const MqCommand mq_command_status = {
	.name = "status",
	.summary = "what the database holds, and until when each reporter has reported",
	.formats = mq_formats_rows,
	.run = run_status,
};
