/* marque prune --older-than AGE: forgets. */
#include "cli/commands.h"
#include "cli/outputs.h"

static const MqColumn fields[] = {
	{ "before", "Older than", MQ_CELL_DAY },
	{ "reports.aggregate", "Aggregate reports", MQ_CELL_COUNT },
	{ "reports.failure", "Failure reports", MQ_CELL_COUNT },
	{ "reports.tls", "TLS reports", MQ_CELL_COUNT },
	{ "records", "Rows", MQ_CELL_COUNT },
	{ "messages", "Mails", MQ_CELL_COUNT },
};

static void
print_pruned(const MqApp *app, const json_t *document)
{
	fputs(json_is_true(json_object_get(document, "dry_run")) ? "Would be forgotten\n" : "Forgotten\n", app->out);
	mq_print_fields(app, fields, G_N_ELEMENTS(fields), document);
}

static const MqLayout layout = { .print_text = print_pruned };

static json_t *
make_document(const MqPruned *pruned, gint64 before_s, gboolean dry_run)
{
	json_t *document = mq_document_new("prune");
	json_t *rest = json_pack("{s:o, s:b, s:{s:I, s:I, s:I}, s:I, s:I}", "before", mq_json_time(before_s), "dry_run",
	                         dry_run, "reports",
	                         "aggregate", (json_int_t)pruned->reports[MQ_TYPE_AGGREGATE],
	                         "failure", (json_int_t)pruned->reports[MQ_TYPE_FAILURE],
	                         "tls", (json_int_t)pruned->reports[MQ_TYPE_TLS],
	                         "records", (json_int_t)pruned->records,
	                         "messages", (json_int_t)pruned->messages);

	json_object_update(document, rest);
	json_decref(rest);
	return document;
}

static MqExit
prune(MqApp *app, gint64 before_s, MqReportType type, gboolean dry_run, GError **error)
{
	g_autoptr(MqStore) store = mq_app_store(app, dry_run ? MQ_STORE_READ : MQ_STORE_WRITE, error);
	g_autoptr(json_t) document = NULL;
	MqPruned pruned = { 0 };

	if (store == NULL || !mq_store_prune(store, before_s, type, dry_run, &pruned, error))
		return MQ_EXIT_FAILED;
	if (!dry_run && !mq_store_commit(store, error))
		return MQ_EXIT_FAILED;
	document = make_document(&pruned, before_s, dry_run);
	mq_output_print(app, document, &layout);
	return MQ_EXIT_OK;
}

static MqExit
run_prune(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *older_than = NULL;
	g_autofree char *type_word = NULL;
	gboolean dry_run = FALSE;
	gint64 before_s;
	MqReportType type;
	const GOptionEntry options[] = {
		{ "older-than", 0, 0, G_OPTION_ARG_STRING, &older_than, "forget what is older: 6m, 1y, or a date", "AGE" },
		{ "type", 0, 0, G_OPTION_ARG_STRING, &type_word, "only aggregate, failure or tls reports", "TYPE" },
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "only say what would go", NULL },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, options, args, error) || !mq_app_arguments(*args, 0, 0, "no argument", error)
	    || !mq_app_need(older_than, "--older-than AGE", error)
	    || !mq_when_parse(older_than, app->end_s, &before_s, error)
	    || !mq_app_report_type(type_word, &type, error))
		return MQ_EXIT_USAGE;
	return prune(app, before_s, type, dry_run, error);
}

const MqCommand mq_command_prune = {
	.name = "prune",
	.arguments = "--older-than AGE",
	.summary = "forget old reports",
	.details = "Failure samples hold personal data: 'marque prune --older-than 30d --type failure' forgets those.",
	.formats = mq_formats_document,
	.run = run_prune,
};
