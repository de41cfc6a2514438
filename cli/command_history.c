/* marque history DOMAIN: the DNS records that were seen over time. */
#include "cli/commands.h"
#include "cli/dns_document.h"
#include "cli/outputs.h"

static const MqColumn columns[] = {
	{ "name", "Name", MQ_CELL_TEXT },
	{ "type", "Type", MQ_CELL_TEXT },
	{ "first_seen", "First", MQ_CELL_TIME },
	{ "last_seen", "Last", MQ_CELL_TIME },
	{ "outcome", "Outcome", MQ_CELL_TEXT },
	{ "records", "Records", MQ_CELL_LIST },
};

static const MqLayout layout = {
	.rows = "records", .columns = columns, .n_columns = G_N_ELEMENTS(columns),
	.nothing = "no DNS answers are stored for this domain yet; 'marque check' stores them",
};

static MqExit
run_history(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *domain = NULL;
	g_autofree char *name = NULL;
	g_autoptr(MqStore) store = NULL;
	g_autoptr(json_t) document = NULL;
	json_t *records;
	MqFilter filter;
	const GOptionEntry options[] = {
		{ "name", 0, 0, G_OPTION_ARG_STRING, &name, "only this name, such as _dmarc.example.com", "NAME" },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, options, args, error) || !mq_app_arguments(*args, 1, 1, "one DOMAIN", error)
	    || !mq_app_filter(app, (*args)[1], TRUE, &filter, &domain, error))
		return MQ_EXIT_USAGE;
	store = mq_app_store(app, MQ_STORE_READ, error);
	if (store == NULL)
		return MQ_EXIT_FAILED;
	records = mq_dns_document_rows(store, domain, name, error);
	if (records == NULL)
		return MQ_EXIT_FAILED;
	document = mq_document_new("history");
	json_object_set_new(document, "domain", mq_json_text(domain));
	json_object_set_new(document, "records", records);
	mq_output_print(app, document, &layout);
	return MQ_EXIT_OK;
}

const MqCommand mq_command_history = {
	.name = "history",
	.arguments = "DOMAIN",
	.summary = "the DNS records that were seen over time",
	.formats = mq_formats_rows,
	.run = run_history,
};
