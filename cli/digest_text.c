/* The digest on a terminal: a quiet week is a line, what needs a person comes first. */
#include "cli/digests.h"
#include "cli/outputs.h"

/* "7,084 messages (15 % fewer) · 87.7 % pass DMARC (15.3 points up)" */
static void
print_figures(const MqApp *app, const json_t *domain)
{
	g_autoptr(json_t) figures = mq_digest_figures(domain);
	g_autoptr(GString) text = g_string_new(NULL);
	const json_t *figure;
	size_t i;

	json_array_foreach(figures, i, figure) {
		const char *change = json_string_value(json_object_get(figure, "change"));

		g_string_append_printf(text, "%s%s %s", i > 0 ? " · " : "",
		                       json_string_value(json_object_get(figure, "value")),
		                       json_string_value(json_object_get(figure, "label")));
		if (change != NULL)
			g_string_append_printf(text, " (%s)", change);
	}
	mq_print_paragraph(app, "", 0, text->str);
}

static void
print_trend(const MqApp *app, const json_t *domain)
{
	const json_t *weeks = json_object_get(domain, "weeks");
	g_autofree char *trend = mq_cell_text(MQ_CELL_TREND, weeks);

	mq_print_line(app, "%s pass, over %zu weeks", trend, json_array_size(weeks));
}

static void
print_section(const MqApp *app, const MqDigestSection *section, const json_t *domain)
{
	g_autoptr(json_t) rows = mq_digest_rows(section, domain);
	g_autofree char *more = mq_digest_left_out(section, domain);

	if (json_array_size(rows) == 0)
		return;
	fputc('\n', app->out);
	mq_print_heading(app, section->title);
	mq_print_detailed(app, section->columns, section->n_columns, section->details, section->n_details, rows);
	if (more != NULL)
		mq_print_line(app, "… %s", more);
}

static void
print_move(const MqApp *app, const json_t *domain)
{
	g_autofree char *move = mq_digest_move(domain);
	const char *record = mq_digest_move_record(domain);

	if (move != NULL)
		mq_print_paragraph(app, "", 0, move);
	if (record != NULL)
		mq_print_line(app, "  %s", record);
}

static void
print_domain(const MqApp *app, const json_t *domain)
{
	g_autoptr(GPtrArray) notes = mq_digest_notes(domain);

	fputc('\n', app->out);
	mq_print_heading(app, json_string_value(json_object_get(domain, "domain")));
	mq_print_paragraph(app, "", 0, json_string_value(json_object_get(domain, "headline")));
	print_move(app, domain);
	print_figures(app, domain);
	print_trend(app, domain);
	for (guint i = 0; i < mq_digest_sections_n; i++)
		print_section(app, &mq_digest_sections[i], domain);
	if (notes->len > 0)
		fputc('\n', app->out);
	for (guint i = 0; i < notes->len; i++)
		mq_print_paragraph(app, "", 0, g_ptr_array_index(notes, i));
}

static void
print_text(const MqApp *app, const json_t *document, const MqLetterhead *envelope)
{
	const json_t *domains = json_object_get(document, "domains");
	g_autofree char *title = mq_digest_title(document);
	g_autofree char *headline = mq_digest_headline(document);
	json_int_t failed = json_integer_value(json_object_get(document, "failed_messages"));
	const json_t *domain;
	size_t i;

	(void)envelope;
	mq_print_line(app, "%s: %s", title, headline);
	if (json_array_size(domains) > 1) {
		g_autoptr(json_t) ranking = mq_digest_rows(&mq_digest_ranking, document);

		fputc('\n', app->out);
		mq_print_table(app, mq_digest_ranking.columns, mq_digest_ranking.n_columns, ranking, NULL);
	}
	json_array_foreach(domains, i, domain)
		if (mq_digest_has_chapter(document, domain))
			print_domain(app, domain);
	if (failed > 0)
		fputc('\n', app->out);
	if (failed > 0)
		mq_print_line(app, "Mails in the database that could not be understood: %" JSON_INTEGER_FORMAT, failed);
}

const MqDigest mq_digest_text = { .name = "text", .print = print_text };
