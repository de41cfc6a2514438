/* marque tls [DOMAIN]: what SMTP TLS reports say, summed up per domain, policy and reporter. */
#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/tls_document.h"

static const MqColumn columns[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "policy_type", "Policy", MQ_CELL_TEXT },
	{ "reporter", "Reporter", MQ_CELL_TEXT },
	{ "sessions_ok", "Sessions", MQ_CELL_COUNT },
	{ "sessions_failed", "Failed", MQ_CELL_COUNT },
	{ "failure_types", "Failures", MQ_CELL_LIST },
};

static const MqLayout layout = {
	.rows = "rows", .columns = columns, .n_columns = G_N_ELEMENTS(columns),
	.nothing = "no TLS reports in this window",
};

static MqExit
run_tls(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *domain = NULL;
	g_autofree char *reporter = NULL;
	g_autofree char *result_type = NULL;
	g_autoptr(MqStore) store = NULL;
	g_autoptr(json_t) document = NULL;
	json_t *rows;
	MqFilter filter;
	const GOptionEntry options[] = {
		{ "reporter", 0, 0, G_OPTION_ARG_STRING, &reporter, "only of reporters whose name has TEXT", "TEXT" },
		{ "result-type", 0, 0, G_OPTION_ARG_STRING, &result_type, "only where sessions failed so: certificate-expired, …",
		  "WORD" },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, options, args, error) || !mq_app_arguments(*args, 0, 1, "one DOMAIN", error)
	    || !mq_app_filter(app, (*args)[1], FALSE, &filter, &domain, error))
		return MQ_EXIT_USAGE;
	store = mq_app_store(app, MQ_STORE_READ, error);
	if (store == NULL)
		return MQ_EXIT_FAILED;
	filter.reporter = reporter;
	rows = mq_tls_document_rows(store, &filter, error);
	if (rows == NULL)
		return MQ_EXIT_FAILED;
	if (result_type != NULL)
		mq_tls_document_keep_type(rows, result_type);
	if (!mq_app_format_is(app, "json"))
		mq_tls_document_add_types(rows);
	document = mq_document_new("tls");
	json_object_set_new(document, "rows", rows);
	mq_output_print(app, document, &layout);
	return MQ_EXIT_OK;
}

const MqCommand mq_command_tls = {
	.name = "tls",
	.arguments = "[DOMAIN]",
	.summary = "what SMTP TLS reports say",
	.details = "Sessions of the window, per domain, policy and reporter.",
	.formats = mq_formats_rows,
	.run = run_tls,
};
