/* The digest in Markdown, as wikis and chat rooms take it: tables as GitHub has them, no HTML. */
#include <string.h>

#include "cli/digests.h"
#include "cli/outputs.h"
#include "ingest/text.h"

/* What Markdown would take for its own. A bar ends the cell of a table; a stranger's "www.", "//" and "@" would
 * become links. */
static void
append_escaped(GString *out, const char *text)
{
	g_autofree char *visible = mq_text_visible(text);

	for (const char *p = visible; *p != '\0'; p++) {
		gboolean links = g_str_has_prefix(p, "://")
		                 || (*p == '.' && p - visible >= 3 && g_ascii_strncasecmp(p - 3, "www", 3) == 0);

		if (links || strchr("\\`*_[]<>|~&@", *p) != NULL)
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
	}
}

static void
append_code(GString *out, const char *text)
{
	g_autofree char *visible = mq_text_visible(text);

	g_strdelimit(visible, "`", '\'');
	g_string_append_printf(out, "`%s`", visible);
}

static void
append_cell(GString *out, const MqColumn *column, const json_t *row)
{
	g_autofree char *text = mq_cell_text(column->kind, mq_json_at(row, column->key));

	g_string_append_c(out, ' ');
	append_escaped(out, text);
	g_string_append(out, " |");
}

static void
append_table(GString *out, const MqDigestSection *section, const json_t *rows)
{
	g_autoptr(GArray) columns = mq_columns_shown(section->columns, section->n_columns, rows);
	const json_t *row;
	size_t i;

	for (guint c = columns->len; c > 0; c--)
		if (g_array_index(columns, MqColumn, c - 1).kind == MQ_CELL_BAR)
			g_array_remove_index(columns, c - 1);
	g_string_append(out, "\n|");
	for (guint c = 0; c < columns->len; c++)
		g_string_append_printf(out, " %s |", g_array_index(columns, MqColumn, c).label);
	g_string_append(out, "\n|");
	for (guint c = 0; c < columns->len; c++)
		g_string_append(out, mq_cell_is_number(g_array_index(columns, MqColumn, c).kind) ? " ---: |" : " --- |");
	json_array_foreach(rows, i, row) {
		g_string_append(out, "\n|");
		for (guint c = 0; c < columns->len; c++)
			append_cell(out, &g_array_index(columns, MqColumn, c), row);
	}
	g_string_append_c(out, '\n');
}

/* Under the table, a list: who, then what is to be known of it. */
static void
append_details(GString *out, const MqDigestSection *section, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (section->n_details > 0)
		g_string_append_c(out, '\n');
	json_array_foreach(rows, i, row) {
		for (guint d = 0; d < section->n_details; d++) {
			g_autofree char *text = mq_cell_text(section->details[d].kind, mq_json_at(row, section->details[d].key));
			g_autofree char *who = mq_cell_text(section->columns[0].kind, mq_json_at(row, section->columns[0].key));

			if (*text == '\0')
				continue;
			g_string_append(out, "- **");
			append_escaped(out, who);
			g_string_append_printf(out, "** %s: ", section->details[d].label);
			append_escaped(out, text);
			g_string_append_c(out, '\n');
		}
	}
}

static void
append_section(GString *out, const MqDigestSection *section, const json_t *domain)
{
	g_autoptr(json_t) rows = mq_digest_rows(section, domain);
	g_autofree char *more = mq_digest_left_out(section, domain);

	if (json_array_size(rows) == 0)
		return;
	g_string_append_printf(out, "\n### %s\n", section->title);
	append_table(out, section, rows);
	append_details(out, section, rows);
	if (more != NULL)
		g_string_append_printf(out, "\n… %s\n", more);
}

static void
append_paragraph(GString *out, const char *text)
{
	g_string_append_c(out, '\n');
	append_escaped(out, text);
	g_string_append_c(out, '\n');
}

static void
append_figures(GString *out, const json_t *domain)
{
	g_autoptr(json_t) figures = mq_digest_figures(domain);
	const json_t *figure;
	size_t i;

	g_string_append_c(out, '\n');
	json_array_foreach(figures, i, figure) {
		const char *change = json_string_value(json_object_get(figure, "change"));

		g_string_append_printf(out, "- **%s** %s", json_string_value(json_object_get(figure, "value")),
		                       json_string_value(json_object_get(figure, "label")));
		g_string_append_printf(out, change != NULL ? " (%s)\n" : "\n", change);
	}
}

static void
append_domain(GString *out, const json_t *domain)
{
	g_autoptr(GPtrArray) notes = mq_digest_notes(domain);
	g_autofree char *move = mq_digest_move(domain);
	const char *record = mq_digest_move_record(domain);

	g_string_append(out, "\n## ");
	append_escaped(out, json_string_value(json_object_get(domain, "domain")));
	g_string_append_c(out, '\n');
	append_paragraph(out, json_string_value(json_object_get(domain, "headline")));
	if (move != NULL)
		append_paragraph(out, move);
	if (record != NULL) {
		g_string_append_c(out, '\n');
		append_code(out, record);
		g_string_append_c(out, '\n');
	}
	append_figures(out, domain);
	for (guint i = 0; i < mq_digest_sections_n; i++)
		append_section(out, &mq_digest_sections[i], domain);
	for (guint i = 0; i < notes->len; i++)
		append_paragraph(out, g_ptr_array_index(notes, i));
}

static void
print_markdown(const MqApp *app, const json_t *document, const MqLetterhead *envelope)
{
	const json_t *domains = json_object_get(document, "domains");
	g_autoptr(json_t) ranking = mq_digest_rows(&mq_digest_ranking, document);
	g_autofree char *title = mq_digest_title(document);
	g_autofree char *headline = mq_digest_headline(document);
	g_autoptr(GString) out = g_string_new("# ");
	const json_t *domain;
	size_t i;

	(void)envelope;
	g_string_append_printf(out, "%s\n", title);
	append_paragraph(out, headline);
	if (json_array_size(domains) > 1)
		append_table(out, &mq_digest_ranking, ranking);
	json_array_foreach(domains, i, domain)
		if (mq_digest_has_chapter(document, domain))
			append_domain(out, domain);
	fputs(out->str, app->out);
}

const MqDigest mq_digest_markdown = { .name = "markdown", .print = print_markdown };
