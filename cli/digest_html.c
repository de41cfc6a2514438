/* The digest as one self-contained HTML file: no script, nothing fetched. */
#include "cli/digests.h"
#include "cli/markup.h"
#include "cli/outputs.h"

static const char style[] =
        "body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }"
        " table { border-collapse: collapse; margin: 1em 0; width: 100% } th, td { text-align: left; padding: .3em .6em;"
        " border-bottom: 1px solid #ddd; vertical-align: top; overflow-wrap: anywhere }"
        " .number { text-align: right; white-space: nowrap } .headline { font-size: 1.1em }"
        " .attention { border-left: .3em solid #b45309; padding-left: .6em }";

static const MqColumn ranking[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "previous_messages", "Before", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "previous_pass", "Pass before", MQ_CELL_SHARE },
	{ "needs_person", "Needs you", MQ_CELL_TEXT },
};

static const MqColumn changes[] = {
	{ "since", "Since", MQ_CELL_DAY },
	{ "subject", "What changed", MQ_CELL_TEXT },
	{ "detail", "How", MQ_CELL_TEXT },
};

static const MqColumn failing[] = {
	{ "sender", "Failing sender", MQ_CELL_TEXT },
	{ "failing", "Failing", MQ_CELL_COUNT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "since", "Since", MQ_CELL_DAY },
	{ "evidence", "What reports say", MQ_CELL_LIST },
};

static const MqColumn senders[] = {
	{ "sender", "Most mail from", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "domains", "Proved domains", MQ_CELL_LIST },
};

/* What else there is, where there is some of it. */
static const MqColumn facts[] = {
	{ "dispositions.quarantine", "Quarantined", MQ_CELL_COUNT },
	{ "dispositions.reject", "Rejected", MQ_CELL_COUNT },
	{ "failures", "Failure samples", MQ_CELL_COUNT },
	{ "tls.sessions_ok", "TLS sessions", MQ_CELL_COUNT },
	{ "tls.sessions_failed", "TLS sessions that failed", MQ_CELL_COUNT },
	{ "other_failing_senders", "Further senders that fail", MQ_CELL_COUNT },
	{ "suspicious_reports_left_out", "Suspicious reports left out", MQ_CELL_COUNT },
};

static const char *
class_of(const MqColumn *column)
{
	return column->kind == MQ_CELL_COUNT || column->kind == MQ_CELL_SHARE || column->kind == MQ_CELL_PASS
	               ? "number"
	               : NULL;
}

static void
add_table(MqMarkup *markup, const MqColumn *columns, guint n_columns, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (json_array_size(rows) == 0)
		return;
	mq_markup_open(markup, "table", NULL);
	mq_markup_open(markup, "tr", NULL);
	for (guint c = 0; c < n_columns; c++)
		mq_markup_element(markup, "th", class_of(&columns[c]), columns[c].label);
	mq_markup_close(markup);
	json_array_foreach(rows, i, row) {
		mq_markup_open(markup, "tr", NULL);
		for (guint c = 0; c < n_columns; c++) {
			g_autofree char *text = mq_cell_text(columns[c].kind, mq_json_at(row, columns[c].key));

			mq_markup_element(markup, "td", class_of(&columns[c]), text);
		}
		mq_markup_close(markup);
	}
	mq_markup_close(markup);
}

static void
add_facts(MqMarkup *markup, const json_t *domain)
{
	for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
		const json_t *value = mq_json_at(domain, facts[i].key);
		g_autofree char *count = mq_cell_text(facts[i].kind, value);
		g_autofree char *text = g_strdup_printf("%s: %s", facts[i].label, count);

		if (json_integer_value(value) > 0)
			mq_markup_element(markup, "p", NULL, text);
	}
}

static void
add_domain(MqMarkup *markup, const json_t *domain)
{
	gboolean attention = json_is_true(json_object_get(domain, "needs_person"));

	mq_markup_element(markup, "h2", NULL, json_string_value(json_object_get(domain, "domain")));
	mq_markup_element(markup, "p", attention ? "headline attention" : "headline",
	                  json_string_value(json_object_get(domain, "headline")));
	add_table(markup, changes, G_N_ELEMENTS(changes), json_object_get(domain, "changes"));
	add_table(markup, failing, G_N_ELEMENTS(failing), json_object_get(domain, "failing_senders"));
	add_table(markup, senders, G_N_ELEMENTS(senders), json_object_get(domain, "senders"));
	add_facts(markup, domain);
}

static void
print_html(const MqApp *app, const json_t *document)
{
	const json_t *period = json_object_get(document, "period");
	const json_t *domains = json_object_get(document, "domains");
	g_autofree char *since = mq_cell_text(MQ_CELL_DAY, json_object_get(period, "since"));
	g_autofree char *until = mq_cell_text(MQ_CELL_DAY, json_object_get(period, "until"));
	g_autofree char *title = g_strdup_printf("DMARC from %s until before %s", since, until);
	MqMarkup *markup = mq_markup_new(title, style);
	g_autofree char *html = NULL;
	gboolean many = json_array_size(domains) > 1;
	const json_t *domain;
	size_t i;

	mq_markup_element(markup, "h1", NULL, title);
	if (many)
		add_table(markup, ranking, G_N_ELEMENTS(ranking), domains);
	json_array_foreach(domains, i, domain)
		if (!many || json_is_true(json_object_get(domain, "needs_person")))
			add_domain(markup, domain);
	html = mq_markup_finish(markup);
	fputs(html, app->out);
}

const MqDigest mq_digest_html = { .name = "html", .print = print_html };
