#include "cli/dashboard.h"
#include "cli/digests.h"
#include "cli/outputs.h"

static const MqColumn index_columns[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "", "What became of them", MQ_CELL_BAR },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
	{ "weeks", "12 weeks", MQ_CELL_TREND },
	{ "needs_person", "Needs you", MQ_CELL_FLAG },
	{ "next", "Next", MQ_CELL_TEXT },
	{ "policy", "Policy today", MQ_CELL_TEXT },
};

static const MqColumn sender_columns[] = {
	{ "sender", "Sender", MQ_CELL_TEXT },
	{ "verdict", "Verdict", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "", "What became of it", MQ_CELL_BAR },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
};

static const MqColumn sender_details[] = {
	{ "why", "Why", MQ_CELL_TEXT },
	{ "evidence", "Evidence", MQ_CELL_LIST },
};

static const MqColumn source_columns[] = {
	{ "ip", "Address", MQ_CELL_TEXT },
	{ "ptr", "Name", MQ_CELL_TEXT },
	{ "sender", "Sender", MQ_CELL_TEXT },
	{ "verdict", "Verdict", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "", "What became of it", MQ_CELL_BAR },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
	{ "why", "Why", MQ_CELL_TEXT },
};

static const MqColumn tls_columns[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "policy_type", "Policy", MQ_CELL_TEXT },
	{ "reporter", "Reporter", MQ_CELL_TEXT },
	{ "sessions_ok", "Sessions", MQ_CELL_COUNT },
	{ "sessions_failed", "Failed", MQ_CELL_COUNT },
	{ "failure_types", "Failures", MQ_CELL_LIST },
};

static const MqColumn finding_columns[] = {
	{ "severity", "Severity", MQ_CELL_TEXT },
	{ "subject", "Where", MQ_CELL_TEXT },
	{ "title", "What", MQ_CELL_TEXT },
};

static const MqColumn finding_details[] = {
	{ "detail", "Here", MQ_CELL_TEXT },
	{ "fix", "Fix", MQ_CELL_TEXT },
	{ "record", "Publish", MQ_CELL_TEXT },
};

static const MqColumn dns_columns[] = {
	{ "name", "Name", MQ_CELL_TEXT },
	{ "type", "Type", MQ_CELL_TEXT },
	{ "first_seen", "First seen", MQ_CELL_DAY },
	{ "last_seen", "Last seen", MQ_CELL_DAY },
	{ "outcome", "Outcome", MQ_CELL_TEXT },
	{ "records", "Records", MQ_CELL_LIST },
};

/* The tables of a domain's page, in order: the digest's come before. */
static const struct part {
	const char *rows, *title, *nothing; /* (nullable): then the title is not shown */
	const MqColumn *columns;
	guint n_columns;
	const MqColumn *details;
	guint n_details;
} parts[] = {
	{ "everybody", "Senders of the last 30 days", NULL, sender_columns, G_N_ELEMENTS(sender_columns), sender_details,
	  G_N_ELEMENTS(sender_details) },
	{ "sources", "Their addresses", NULL, source_columns, G_N_ELEMENTS(source_columns), NULL, 0 },
	{ "tls_rows", "TLS, the last 30 days", NULL, tls_columns, G_N_ELEMENTS(tls_columns), NULL, 0 },
	{ "findings", "What DNS says", "No DNS answers are stored yet: 'marque check' asks and keeps them.", finding_columns,
	  G_N_ELEMENTS(finding_columns), finding_details, G_N_ELEMENTS(finding_details) },
	{ "dns", "DNS over time", NULL, dns_columns, G_N_ELEMENTS(dns_columns), NULL, 0 },
};

static void
add_part(const MqPage *page, const struct part *part, const json_t *domain)
{
	const json_t *rows = json_object_get(domain, part->rows);
	const MqPageTable table = { .columns = part->columns, .n_columns = part->n_columns, .details = part->details,
		                    .n_details = part->n_details, .caption = part->title, .sortable = part->n_details == 0 };

	if (json_array_size(rows) == 0 && part->nothing == NULL)
		return;
	mq_markup_element(page->markup, "h2", "title", part->title);
	if (json_array_size(rows) == 0)
		mq_markup_element(page->markup, "p", NULL, part->nothing);
	mq_page_table(page, &table, rows);
}

static void
add_footer(const MqPage *page)
{
	mq_markup_element(page->markup, "footer", NULL,
	                  "Made by marque " MARQUE_VERSION " from the DMARC and TLS reports that it was sent.");
}

static void
add_heading(const MqPage *page, const char *kicker, const char *link, const char *title)
{
	mq_markup_open(page->markup, "header", NULL);
	if (link != NULL) {
		mq_markup_open(page->markup, "nav", NULL);
		mq_markup_open(page->markup, "a", NULL);
		mq_markup_attribute(page->markup, "href", link);
		mq_markup_text(page->markup, "All domains");
		mq_markup_close(page->markup);
		mq_markup_close(page->markup);
	}
	mq_markup_element(page->markup, "p", "kicker", kicker);
	mq_markup_element(page->markup, "h1", NULL, title);
	mq_markup_close(page->markup);
}

char *
mq_dashboard_index_page(const json_t *rows, const char *until)
{
	g_autoptr(json_t) document = json_pack("{s:O}", "domains", rows);
	g_autoptr(json_t) ranking = mq_digest_rows(&mq_digest_ranking, document);
	g_autofree char *headline = mq_digest_headline(document);
	g_autofree char *kicker = g_strdup_printf("DMARC, the week until %s", until);
	MqPage page;

	mq_page_open(&page, MQ_PAGE_SORTABLE, kicker);
	add_heading(&page, kicker, NULL, headline);
	mq_markup_open(page.markup, "main", NULL);
	mq_page_table(&page, &(MqPageTable){ .columns = index_columns, .n_columns = G_N_ELEMENTS(index_columns),
	                                     .caption = "Domains", .link = "page", .sortable = TRUE }, ranking);
	page.charts->legend(page.markup);
	mq_markup_close(page.markup);
	add_footer(&page);
	return mq_page_close(&page);
}

char *
mq_dashboard_domain_page(const json_t *domain, const char *until)
{
	const char *name = json_string_value(json_object_get(domain, "domain"));
	const char *published = json_string_value(json_object_get(domain, "published"));
	g_autofree char *kicker = g_strdup_printf("DMARC, the week until %s", until);
	MqPage page;

	mq_page_open(&page, MQ_PAGE_SORTABLE, name);
	add_heading(&page, kicker, "../index.html", name);
	mq_markup_open(page.markup, "main", NULL);
	mq_digest_add_lead(&page, domain);
	if (published != NULL) {
		mq_markup_element(page.markup, "h2", "title", "Published today");
		mq_markup_element(page.markup, "code", "record", published);
	}
	mq_markup_element(page.markup, "h2", "title", "A year, week by week");
	mq_page_charts(&page, json_object_get(domain, "year"), "Messages a week, by what became of them",
	               json_object_get(domain, "year"), "Passing DMARC");
	mq_digest_add_sections(&page, domain);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		add_part(&page, &parts[i], domain);
	mq_markup_close(page.markup);
	add_footer(&page);
	return mq_page_close(&page);
}
