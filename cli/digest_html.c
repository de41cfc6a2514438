/* The digest as one self-contained HTML file: no script, nothing fetched. */
#include "cli/digests.h"
#include "cli/outputs.h"
#include "ingest/text.h"

static void
add_section(const MqPage *page, const MqDigestSection *section, const json_t *domain, gboolean only)
{
	g_autoptr(json_t) rows = mq_digest_rows(section, domain);
	g_autofree char *more = mq_digest_left_out(section, domain);
	const MqPageTable table = { .columns = section->columns, .n_columns = section->n_columns,
		                    .details = section->details, .n_details = section->n_details,
		                    .caption = section->title };

	if (json_array_size(rows) == 0)
		return;
	mq_markup_element(page->markup, only ? "h2" : "h3", "title", section->title);
	mq_page_table(page, &table, rows);
	if (more != NULL)
		mq_markup_element(page->markup, "p", "muted", more);
}

static void
add_move(const MqPage *page, const json_t *domain)
{
	g_autofree char *move = mq_digest_move(domain);
	const char *record = mq_digest_move_record(domain);

	if (move != NULL)
		mq_markup_element(page->markup, "p", "move", move);
	if (record != NULL)
		mq_markup_element(page->markup, "code", "record", record);
}

static void
add_notes(const MqPage *page, const json_t *domain)
{
	g_autoptr(GPtrArray) notes = mq_digest_notes(domain);

	if (notes->len == 0)
		return;
	mq_markup_open(page->markup, "div", "notes");
	for (guint i = 0; i < notes->len; i++)
		mq_markup_element(page->markup, "p", NULL, g_ptr_array_index(notes, i));
	mq_markup_close(page->markup);
}

void
mq_digest_add_lead(const MqPage *page, const json_t *domain)
{
	gboolean attention = json_is_true(json_object_get(domain, "needs_person"));
	g_autoptr(json_t) figures = mq_digest_figures(domain);

	mq_markup_element(page->markup, "p", attention ? "headline attention" : "headline",
	                  json_string_value(json_object_get(domain, "headline")));
	add_move(page, domain);
	mq_page_figures(page, figures);
}

static void
add_sections(const MqPage *page, const json_t *domain, gboolean only)
{
	for (guint i = 0; i < mq_digest_sections_n; i++)
		add_section(page, &mq_digest_sections[i], domain, only);
	add_notes(page, domain);
}

void
mq_digest_add_sections(const MqPage *page, const json_t *domain)
{
	add_sections(page, domain, TRUE);
}

static void
add_domain(const MqPage *page, const json_t *domain, gboolean only)
{
	mq_markup_open(page->markup, "article", only ? NULL : "chapter");
	if (!only)
		mq_markup_element(page->markup, "h2", NULL, json_string_value(json_object_get(domain, "domain")));
	mq_digest_add_lead(page, domain);
	mq_page_charts(page, json_object_get(domain, "days"), "Messages a day, by what became of them",
	               json_object_get(domain, "weeks"), "Passing DMARC, week by week");
	add_sections(page, domain, only);
	mq_markup_close(page->markup);
}

static void
add_header(const MqPage *page, const json_t *document, const char *title)
{
	const json_t *domains = json_object_get(document, "domains");
	const char *only = json_string_value(json_object_get(json_array_get(domains, 0), "domain"));
	g_autofree char *headline = mq_digest_headline(document);

	mq_markup_open(page->markup, "header", NULL);
	mq_markup_element(page->markup, "p", "kicker", title);
	mq_markup_element(page->markup, "h1", NULL, json_array_size(domains) == 1 ? only : headline);
	mq_markup_close(page->markup);
}

static void
add_footer(const MqPage *page, const json_t *document)
{
	json_int_t failed = json_integer_value(json_object_get(document, "failed_messages"));
	g_autofree char *n = mq_count_to_text(failed);

	mq_markup_open(page->markup, "footer", NULL);
	if (failed > 0) {
		g_autofree char *text = g_strdup_printf("Mails in the database that could not be understood: %s.", n);

		mq_markup_element(page->markup, "p", NULL, text);
	}
	mq_markup_element(page->markup, "p", NULL, "Made by marque " MARQUE_VERSION " from the DMARC and TLS reports that it was sent.");
	mq_markup_close(page->markup);
}

char *
mq_digest_page(const json_t *document, MqPageKind kind)
{
	const json_t *domains = json_object_get(document, "domains");
	g_autoptr(json_t) ranking = mq_digest_rows(&mq_digest_ranking, document);
	g_autofree char *title = mq_digest_title(document);
	gboolean many = json_array_size(domains) > 1;
	const json_t *domain;
	MqPage page;
	size_t i;

	mq_page_open(&page, kind, title);
	add_header(&page, document, title);
	mq_markup_open(page.markup, "main", NULL);
	if (many)
		mq_page_table(&page, &(MqPageTable){ .columns = mq_digest_ranking.columns,
		                                     .n_columns = mq_digest_ranking.n_columns,
		                                     .caption = mq_digest_ranking.title }, ranking);
	json_array_foreach(domains, i, domain)
		if (mq_digest_has_chapter(document, domain))
			add_domain(&page, domain, !many);
	mq_markup_close(page.markup);
	add_footer(&page, document);
	return mq_page_close(&page);
}

static void
print_html(const MqApp *app, const json_t *document, const MqLetterhead *envelope)
{
	g_autofree char *page = mq_digest_page(document, MQ_PAGE_FILE);

	(void)envelope;
	fputs(page, app->out);
}

const MqDigest mq_digest_html = { .name = "html", .print = print_html };
