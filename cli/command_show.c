/* marque show REPORT: one report whole. */
#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/report_document.h"
#include "ingest/text.h"

#define TABLE_ROWS 1000 /* more is no reading matter: JSON and CSV have them all */

static const MqColumn head[] = {
	{ "reporter", "Reporter", MQ_CELL_TEXT },
	{ "email", "Address", MQ_CELL_TEXT },
	{ "extra_contact", "Contact", MQ_CELL_TEXT },
	{ "report_id", "Report id", MQ_CELL_TEXT },
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "begin", "From", MQ_CELL_TIME },
	{ "end", "To", MQ_CELL_TIME },
	{ "dialect", "Dialect", MQ_CELL_TEXT },
	{ "generator", "Generator", MQ_CELL_TEXT },
	{ "errors", "Errors", MQ_CELL_LIST },
	{ "suspicion", "Suspicion", MQ_CELL_TEXT },
};

static const MqColumn policy[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "p", "p", MQ_CELL_TEXT },
	{ "sp", "sp", MQ_CELL_TEXT },
	{ "np", "np", MQ_CELL_TEXT },
	{ "adkim", "adkim", MQ_CELL_TEXT },
	{ "aspf", "aspf", MQ_CELL_TEXT },
	{ "pct", "pct", MQ_CELL_COUNT },
	{ "testing", "Testing", MQ_CELL_TEXT },
	{ "discovery_method", "Found by", MQ_CELL_TEXT },
	{ "fo", "fo", MQ_CELL_TEXT },
};

static const MqColumn records[] = {
	{ "source_ip", "Source", MQ_CELL_TEXT },
	{ "count", "Messages", MQ_CELL_COUNT },
	{ "dmarc", "DMARC", MQ_CELL_TEXT },
	{ "dkim", "DKIM", MQ_CELL_TEXT },
	{ "spf", "SPF", MQ_CELL_TEXT },
	{ "disposition", "Disposition", MQ_CELL_TEXT },
	{ "header_from", "From", MQ_CELL_TEXT },
	{ "envelope_from", "Envelope from", MQ_CELL_TEXT },
	{ "envelope_to", "Envelope to", MQ_CELL_TEXT, .csv_only = TRUE },
	{ "auth_dkim", "DKIM results", MQ_CELL_LIST },
	{ "auth_spf", "SPF results", MQ_CELL_LIST },
	{ "reasons", "Reasons", MQ_CELL_LIST },
};
#define N_SHORT 6 /* of them; the names and results behind go beneath the row where it would be too wide */

static const MqColumn failure[] = {
	{ "feedback_type", "Type", MQ_CELL_TEXT },
	{ "arrival_date", "Arrived", MQ_CELL_TIME },
	{ "source_ip", "Source", MQ_CELL_TEXT },
	{ "reported_domain", "Reported domain", MQ_CELL_TEXT },
	{ "auth_failure", "Failed", MQ_CELL_LIST },
	{ "delivery_result", "Delivery", MQ_CELL_TEXT },
	{ "identity_alignment", "Alignment failed", MQ_CELL_TEXT },
	{ "header_from", "From", MQ_CELL_TEXT },
	{ "original_mail_from", "Envelope from", MQ_CELL_TEXT },
	{ "original_rcpt_to", "Envelope to", MQ_CELL_TEXT },
	{ "subject", "Subject", MQ_CELL_TEXT },
	{ "message_id", "Message id", MQ_CELL_TEXT },
	{ "dkim.domain", "DKIM domain", MQ_CELL_TEXT },
	{ "dkim.selector", "DKIM selector", MQ_CELL_TEXT },
	{ "dkim.identity", "DKIM identity", MQ_CELL_TEXT },
	{ "spf_dns", "SPF record", MQ_CELL_TEXT },
	{ "auth_results", "Results", MQ_CELL_TEXT },
	{ "incidents", "Incidents", MQ_CELL_COUNT },
};

static const MqColumn tls[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "policy_type", "Policy", MQ_CELL_TEXT },
	{ "sessions_ok", "Sessions", MQ_CELL_COUNT },
	{ "sessions_failed", "Failed", MQ_CELL_COUNT },
};

static const MqColumn tls_failures[] = {
	{ "result_type", "Failure", MQ_CELL_TEXT },
	{ "sessions", "Sessions", MQ_CELL_COUNT },
	{ "sending_mta", "From", MQ_CELL_TEXT },
	{ "receiving_mx", "To", MQ_CELL_TEXT },
	{ "information", "Information", MQ_CELL_TEXT },
	{ "reason_code", "Reason", MQ_CELL_TEXT },
};

static const MqColumn problems[] = {
	{ "code", "Problem", MQ_CELL_TEXT },
	{ "reason", "What it was", MQ_CELL_TEXT },
};

static const MqColumn provenance[] = {
	{ "message", "Message", MQ_CELL_TEXT },
	{ "from", "From", MQ_CELL_TEXT },
	{ "authentication", "Found", MQ_CELL_TEXT },
	{ "part", "Part", MQ_CELL_TEXT },
	{ "ingested", "Ingested", MQ_CELL_TIME },
};

/* A heading, and below it a table; nothing where there are no rows. */
static void
print_section(const MqApp *app, const char *heading, const MqColumn *columns, guint n_columns,
              const json_t *rows)
{
	if (json_array_size(rows) == 0)
		return;
	fprintf(app->out, "\n%s\n", heading);
	mq_print_table(app, columns, n_columns, rows, NULL);
}

/* @n: all there are */
static void
print_records(const MqApp *app, const json_t *flat, gint64 n)
{
	g_autofree char *count = mq_count_to_text(n);
	g_autofree char *heading = g_strdup_printf("Records (%s)", count);

	if (mq_table_fits(app, records, G_N_ELEMENTS(records), flat))
		print_section(app, heading, records, G_N_ELEMENTS(records), flat);
	else {
		fprintf(app->out, "\n%s\n", heading);
		mq_print_detailed(app, records, N_SHORT, records + N_SHORT, G_N_ELEMENTS(records) - N_SHORT, flat);
	}
	if (n > TABLE_ROWS)
		fprintf(app->out, "… and %" G_GINT64_FORMAT " more; --format csv and json have them all\n", n - TABLE_ROWS);
}

static void
print_tls(const MqApp *app, const json_t *document)
{
	const json_t *policies = json_object_get(document, "policies");
	const json_t *row;
	size_t i;

	print_section(app, "Policies", tls, G_N_ELEMENTS(tls), policies);
	json_array_foreach(policies, i, row) {
		g_autofree char *domain = mq_cell_text(MQ_CELL_TEXT, json_object_get(row, "domain"));
		g_autofree char *heading = g_strdup_printf("Failures at %s", domain);

		print_section(app, heading, tls_failures, G_N_ELEMENTS(tls_failures),
		              json_object_get(row, "failures"));
	}
}

/* @flat: the first records, of @n */
static void
print_report(const MqApp *app, const json_t *document, const json_t *flat, gint64 n)
{
	g_autofree char *type = mq_cell_text(MQ_CELL_TEXT, json_object_get(document, "type"));

	fprintf(app->out, "Report %" JSON_INTEGER_FORMAT ", %s%s\n",
	        json_integer_value(json_object_get(document, "id")), type,
	        json_is_true(json_object_get(document, "variant"))
	                ? ", a variant: rows that an earlier one has are not counted again"
	                : "");
	mq_print_fields(app, head, G_N_ELEMENTS(head), document);
	if (json_object_get(document, "policy_published") != NULL) {
		fputs("\nPolicy published\n", app->out);
		mq_print_fields(app, policy, G_N_ELEMENTS(policy), json_object_get(document, "policy_published"));
	}
	if (json_object_get(document, "auth_failure") != NULL) {
		fputs("\nThe mail that failed\n", app->out);
		mq_print_fields(app, failure, G_N_ELEMENTS(failure), document);
	}
	print_records(app, flat, n);
	print_tls(app, document);
	print_section(app, "Came in", provenance, G_N_ELEMENTS(provenance),
	              json_object_get(document, "provenance"));
	print_section(app, "Problems", problems, G_N_ELEMENTS(problems), json_object_get(document, "problems"));
}

/* ------------------------------------------------- each format, row by row */

/* MqStoredRecordFunc */
static gboolean
keep_flat(gpointer ctx, const MqRecord *record, G_GNUC_UNUSED gboolean repeated, G_GNUC_UNUSED GError **error)
{
	g_autoptr(json_t) whole = mq_document_record(record);

	json_array_append_new(ctx, mq_document_flat_record(whole));
	return TRUE;
}

static gboolean
show_text(const MqApp *app, MqStore *store, const MqStoredReport *stored, const json_t *document, GError **error)
{
	g_autoptr(json_t) flat = json_array();

	if (!mq_store_report_records(store, stored->id, TABLE_ROWS, keep_flat, flat, error))
		return FALSE;
	print_report(app, document, flat, stored->n_rows);
	return TRUE;
}

/* MqStoredRecordFunc */
static gboolean
print_json_row(gpointer ctx, const MqRecord *record, gboolean repeated, G_GNUC_UNUSED GError **error)
{
	g_autoptr(json_t) row = mq_document_record(record);

	if (repeated)
		json_object_set_new(row, "repeated", json_true());
	mq_json_rows_add(ctx, row);
	return TRUE;
}

static gboolean
show_json(const MqApp *app, MqStore *store, const MqStoredReport *stored, const json_t *document, GError **error)
{
	MqJsonRows rows;

	if (stored->report->type != MQ_TYPE_AGGREGATE) {
		mq_print_json(app->out, document, FALSE);
		return TRUE;
	}
	mq_json_rows_begin(&rows, app->out, document, "records");
	if (!mq_store_report_records(store, stored->id, 0, print_json_row, &rows, error))
		return FALSE;
	mq_json_rows_end(&rows);
	return TRUE;
}

/* MqStoredRecordFunc */
static gboolean
print_csv_row(gpointer ctx, const MqRecord *record, G_GNUC_UNUSED gboolean repeated, G_GNUC_UNUSED GError **error)
{
	const MqApp *app = ctx;
	g_autoptr(json_t) whole = mq_document_record(record);
	g_autoptr(json_t) flat = mq_document_flat_record(whole);

	mq_print_csv_row(app->out, records, G_N_ELEMENTS(records), flat);
	return TRUE;
}

static gboolean
show_csv(MqApp *app, MqStore *store, const MqStoredReport *stored, GError **error)
{
	mq_print_csv_row(app->out, records, G_N_ELEMENTS(records), NULL);
	return mq_store_report_records(store, stored->id, 0, print_csv_row, app, error);
}

static gboolean
show(MqApp *app, MqStore *store, const MqStoredReport *stored, GError **error)
{
	g_autoptr(json_t) document = mq_document_new("show");

	mq_document_add_report(document, stored);
	if (mq_app_format_is(app, "csv"))
		return show_csv(app, store, stored, error);
	if (mq_app_format_is(app, "json"))
		return show_json(app, store, stored, document, error);
	return show_text(app, store, stored, document, error);
}

static MqExit
run_show(MqApp *app, GStrv *args, GError **error)
{
	g_autoptr(MqStore) store = NULL;
	g_autoptr(MqStoredReport) stored = NULL;
	guint64 id;

	if (!mq_app_parse(app, NULL, args, error)
	    || !mq_app_arguments(*args, 1, 1, "one REPORT, by its id", error))
		return MQ_EXIT_USAGE;
	if (!g_ascii_string_to_unsigned((*args)[1], 10, 1, G_MAXINT64, &id, NULL)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no report's id; 'marque reports' lists them",
		            (*args)[1]);
		return MQ_EXIT_USAGE;
	}
	store = mq_app_store(app, MQ_STORE_READ, error);
	stored = store != NULL ? mq_store_report(store, (gint64)id, error) : NULL;
	return stored != NULL && show(app, store, stored, error) ? MQ_EXIT_OK : MQ_EXIT_FAILED;
}

const MqCommand mq_command_show = {
	.name = "show",
	.arguments = "REPORT",
	.summary = "print one report whole",
	.details = "REPORT is an id, as 'marque reports' lists them.",
	.formats = mq_formats_rows,
	.run = run_show,
};
