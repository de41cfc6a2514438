/* marque label DOMAIN KEY VERDICT: what a person decided; and what was decided so far. */
#include "cli/commands.h"
#include "cli/outputs.h"
#include "ingest/domain.h"

static const MqColumn columns[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "key", "Sender", MQ_CELL_TEXT },
	{ "verdict", "Verdict", MQ_CELL_TEXT },
	{ "set_at", "Since", MQ_CELL_TIME },
};

static const MqLayout layout = {
	.rows = "labels", .columns = columns, .n_columns = G_N_ELEMENTS(columns), .nothing = "no labels",
};

static const char *const verdicts[] = { "legitimate", "forwarder", "threat", "none", NULL };

/* An address or a block in its one form, so that it is found again; else a sender's name as it is. */
static char *
normalize_key(const char *key)
{
	MqAddress address;
	MqBlock block;

	if (mq_address_parse(key, &address))
		return mq_address_to_text(&address);
	if (mq_block_parse(key, &block))
		return mq_block_to_text(&block);
	return g_strdup(key);
}

static gboolean
take_label(gpointer ctx, const char *domain, const char *key, const char *word, gint64 set_s, GError **error)
{
	(void)error;
	json_array_append_new(ctx, json_pack("{s:o, s:o, s:o, s:o}", "domain", mq_json_text(domain), "key",
	                                     mq_json_text(key), "verdict", mq_json_text(word), "set_at",
	                                     mq_json_time(set_s)));
	return TRUE;
}

static gboolean
set_label(MqApp *app, MqStore *store, const char *domain, const GStrv args, GError **error)
{
	g_autofree char *key = normalize_key(args[2]);
	const char *word = g_str_equal(args[3], "none") ? NULL : args[3];

	return mq_store_set_label(store, domain, key, word, app->now_s, error) && mq_store_commit(store, error);
}

static MqExit
run_label(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *domain = NULL;
	g_autoptr(MqStore) store = NULL;
	g_autoptr(json_t) document = NULL;
	MqFilter filter;
	gboolean sets;

	if (!mq_app_parse(app, NULL, args, error)
	    || !mq_app_arguments(*args, 1, 3, "DOMAIN, or DOMAIN KEY VERDICT", error)
	    || !mq_app_filter(app, (*args)[1], TRUE, &filter, &domain, error))
		return MQ_EXIT_USAGE;
	sets = (*args)[2] != NULL;
	if (sets && ((*args)[3] == NULL || !g_strv_contains(verdicts, (*args)[3]))) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE,
		            "the verdict is '%s', want legitimate, forwarder, threat or none",
		            (*args)[3] != NULL ? (*args)[3] : "");
		return MQ_EXIT_USAGE;
	}
	store = mq_app_store(app, sets ? MQ_STORE_WRITE : MQ_STORE_READ, error);
	if (store == NULL || (sets && !set_label(app, store, domain, *args, error)))
		return MQ_EXIT_FAILED;
	document = mq_document_new("label");
	json_object_set_new(document, "labels", json_array());
	if (!mq_store_labels(store, domain, take_label, json_object_get(document, "labels"), error))
		return MQ_EXIT_FAILED;
	if (!sets || !mq_app_format_is(app, "table")) /* a person who sets one does not want to see all */
		mq_output_print(app, document, &layout);
	return MQ_EXIT_OK;
}

const MqCommand mq_command_label = {
	.name = "label",
	.arguments = "DOMAIN [KEY VERDICT]",
	.summary = "record what a person decided about a sender, or list it",
	.details = "KEY is an IP address, a block (192.0.2.0/24) or a sender's name.\n"
	           "VERDICT is legitimate, forwarder or threat; none takes it back.",
	.formats = mq_formats_rows,
	.run = run_label,
};
