/* marque failures [DOMAIN]: samples of mail that failed, newest first. */
#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/report_document.h"

static const MqColumn columns[] = {
	{ "id", "Report", MQ_CELL_COUNT },
	{ "arrival_date", "Arrived", MQ_CELL_TIME },
	{ "feedback_type", "Type", MQ_CELL_TEXT },
	{ "source_ip", "Source", MQ_CELL_TEXT },
	{ "reported_domain", "Domain", MQ_CELL_TEXT },
	{ "auth_failure", "Failed", MQ_CELL_LIST },
	{ "delivery_result", "Delivery", MQ_CELL_TEXT },
	{ "identity_alignment", "Alignment", MQ_CELL_TEXT, .csv_only = TRUE },
	{ "header_from", "From", MQ_CELL_TEXT },
	{ "original_mail_from", "Envelope from", MQ_CELL_TEXT },
	{ "original_rcpt_to", "Envelope to", MQ_CELL_TEXT },
	{ "subject", "Subject", MQ_CELL_TEXT },
	{ "message_id", "Message id", MQ_CELL_TEXT, .csv_only = TRUE },
	{ "dkim.domain", "DKIM domain", MQ_CELL_TEXT, .csv_only = TRUE },
	{ "dkim.selector", "DKIM selector", MQ_CELL_TEXT, .csv_only = TRUE },
	{ "dkim.identity", "DKIM identity", MQ_CELL_TEXT, .csv_only = TRUE },
	{ "spf_dns", "SPF record", MQ_CELL_TEXT, .csv_only = TRUE },
	{ "suspicion", "Suspicion", MQ_CELL_TEXT, .csv_only = TRUE },
};

static const MqLayout layout = {
	.rows = "failures", .columns = columns, .n_columns = G_N_ELEMENTS(columns),
	.nothing = "no failure reports in this window",
};

static gboolean
take(gpointer ctx, const MqStoredReport *report, GError **error)
{
	(void)error;
	json_array_append_new(ctx, mq_document_failure(report));
	return TRUE;
}

/* "192.0.2.7" or "192.0.2.0/24"; NULL is any. */
static gboolean
parse_source(const char *text, MqBlock *block, MqFilter *filter, GError **error)
{
	if (text == NULL)
		return TRUE;
	if (!mq_block_parse(text, block)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--source is '%s', want an address or a block", text);
		return FALSE;
	}
	filter->source = block;
	return TRUE;
}

static MqExit
run_failures(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *domain = NULL;
	g_autofree char *source = NULL;
	g_autofree char *type = NULL;
	g_autofree char *reporter = NULL;
	g_autoptr(MqStore) store = NULL;
	g_autoptr(json_t) document = NULL;
	int limit = 0;
	MqFilter filter;
	MqBlock block;
	const GOptionEntry options[] = {
		{ "source", 0, 0, G_OPTION_ARG_STRING, &source, "only mail from ADDRESS or its block", "ADDRESS[/BITS]" },
		{ "type", 0, 0, G_OPTION_ARG_STRING, &type, "only what failed so: dmarc, spf, …; or the type: abuse, …", "WORD" },
		{ "reporter", 0, 0, G_OPTION_ARG_STRING, &reporter, "only of reporters whose name has TEXT", "TEXT" },
		{ "limit", 'n', 0, G_OPTION_ARG_INT, &limit, "the newest N only", "N" },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, options, args, error) || !mq_app_arguments(*args, 0, 1, "one DOMAIN", error)
	    || !mq_app_filter(app, (*args)[1], FALSE, &filter, &domain, error) || !parse_source(source, &block, &filter, error))
		return MQ_EXIT_USAGE;
	store = mq_app_store(app, MQ_STORE_READ, error);
	if (store == NULL)
		return MQ_EXIT_FAILED;
	filter.type = MQ_TYPE_FAILURE;
	filter.failed = type;
	filter.reporter = reporter;
	filter.limit = (guint)MAX(limit, 0);
	document = mq_document_new("failures");
	json_object_set_new(document, "failures", json_array());
	if (!mq_store_each_report(store, &filter, take, json_object_get(document, "failures"), error))
		return MQ_EXIT_FAILED;
	mq_output_print(app, document, &layout);
	return MQ_EXIT_OK;
}

const MqCommand mq_command_failures = {
	.name = "failures",
	.arguments = "[DOMAIN]",
	.summary = "samples of mail that failed, newest first",
	.formats = mq_formats_rows,
	.run = run_failures,
};
