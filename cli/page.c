#include "cli/page.h"

#include <page_css.h> /* made of page.css and page.js by the build */
#include <page_js.h>
#include <string.h>

#include "cli/outputs.h"

/* "'sha256-…'": what a content security policy says of an element that stands in the page. */
static char *
source_hash(const char *text)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize n = sizeof(digest);
	g_autofree char *base64 = NULL;

	g_checksum_update(sum, (const guchar *)text, -1);
	g_checksum_get_digest(sum, digest, &n);
	base64 = g_base64_encode(digest, n);
	return g_strdup_printf("'sha256-%s'", base64);
}

static void
add_policy(MqMarkup *markup, const char *css, const char *script)
{
	g_autofree char *style = source_hash(css);
	g_autofree char *code = script != NULL ? source_hash(script) : g_strdup("'none'");
	g_autofree char *policy = g_strdup_printf("default-src 'none'; style-src %s; script-src %s; base-uri 'none';"
	                                          " form-action 'none'", style, code);

	mq_markup_void(markup, "meta",
	               (const char *const[]){ "http-equiv", "Content-Security-Policy", "content", policy, NULL });
}

void
mq_page_open(MqPage *page, MqPageKind kind, const char *title)
{
	g_autofree char *css = g_strndup((const char *)page_css, sizeof(page_css));
	g_autofree char *js = g_strndup((const char *)page_js, sizeof(page_js));
	MqMarkup *markup = mq_markup_new();

	page->markup = markup;
	page->charts = kind == MQ_PAGE_MAIL ? &mq_charts_cells : &mq_charts_svg;
	mq_markup_open(markup, "head", NULL);
	mq_markup_void(markup, "meta", (const char *const[]){ "charset", "utf-8", NULL });
	mq_markup_element(markup, "title", NULL, title);
	mq_markup_void(markup, "meta", (const char *const[]){ "name", "viewport", "content", "width=device-width, initial-scale=1", NULL });
	mq_markup_void(markup, "meta", (const char *const[]){ "name", "color-scheme", "content", "light dark", NULL });
	if (kind != MQ_PAGE_MAIL)
		add_policy(markup, css, kind == MQ_PAGE_SORTABLE ? js : NULL);
	mq_markup_style(markup, css);
	mq_markup_close(markup);
	mq_markup_open(markup, "body", NULL);
	page->script = kind == MQ_PAGE_SORTABLE ? g_steal_pointer(&js) : NULL;
}

char *
mq_page_close(MqPage *page)
{
	if (page->script != NULL)
		mq_markup_script(page->markup, page->script);
	g_clear_pointer(&page->script, g_free);
	return mq_markup_finish(page->markup);
}

/* ---------------------------------------------------------------------- tables */

#define POOR_SHARE 0.9 /* as red on a terminal */

static const char *
class_of(MqCellKind kind, const json_t *value)
{
	switch (kind) {
	case MQ_CELL_PASS:
		return json_is_real(value) && json_real_value(value) < POOR_SHARE ? "number poor" : "number";
	case MQ_CELL_COUNT:
	case MQ_CELL_SOME:
	case MQ_CELL_SHARE:
		return "number";
	case MQ_CELL_TIME:
	case MQ_CELL_DAY:
		return "time";
	case MQ_CELL_LIST:
		return "list";
	case MQ_CELL_TEXT:
	case MQ_CELL_FLAG:
	case MQ_CELL_TREND:
	case MQ_CELL_BAR:
		return NULL;
	}
	g_assert_not_reached();
}

static void
add_cell(const MqPage *page, const MqColumn *column, const json_t *row, json_int_t largest, const char *link)
{
	const json_t *value = mq_json_at(row, column->key);
	g_autofree char *text = mq_cell_text(column->kind, value);

	mq_markup_open(page->markup, "td", class_of(column->kind, value));
	if (json_is_number(value))
		mq_markup_attributef(page->markup, "data-value", "%.6g", json_number_value(value));
	if (column->kind == MQ_CELL_BAR) {
		page->charts->bar(page->markup, row, largest);
	} else if (column->kind == MQ_CELL_TREND) {
		page->charts->trend(page->markup, value);
	} else if (link != NULL) {
		mq_markup_open(page->markup, "a", NULL);
		mq_markup_attribute(page->markup, "href", link);
		mq_markup_text(page->markup, text);
		mq_markup_close(page->markup);
	} else {
		mq_markup_text(page->markup, text);
	}
	mq_markup_close(page->markup);
}

static gboolean
has_details(const MqPageTable *table, const json_t *row)
{
	for (guint i = 0; i < table->n_details; i++) {
		g_autofree char *text = mq_cell_text(table->details[i].kind, mq_json_at(row, table->details[i].key));

		if (*text != '\0')
			return TRUE;
	}
	return FALSE;
}

static void
add_details(const MqPage *page, const MqPageTable *table, guint n_columns, const json_t *row)
{
	mq_markup_open(page->markup, "tr", "detail");
	mq_markup_open(page->markup, "td", NULL);
	mq_markup_attributef(page->markup, "colspan", "%u", n_columns);
	for (guint i = 0; i < table->n_details; i++) {
		g_autofree char *text = mq_cell_text(table->details[i].kind, mq_json_at(row, table->details[i].key));

		if (*text == '\0')
			continue;
		mq_markup_open(page->markup, "p", NULL);
		mq_markup_element(page->markup, "b", NULL, table->details[i].label);
		mq_markup_text(page->markup, "\u2002");
		mq_markup_text(page->markup, text);
		mq_markup_close(page->markup);
	}
	mq_markup_close(page->markup);
	mq_markup_close(page->markup);
}

static void
add_head(const MqPage *page, const GArray *columns)
{
	mq_markup_open(page->markup, "thead", NULL);
	mq_markup_open(page->markup, "tr", NULL);
	for (guint i = 0; i < columns->len; i++) {
		const MqColumn *column = &g_array_index(columns, MqColumn, i);

		mq_markup_open(page->markup, "th", class_of(column->kind, NULL));
		mq_markup_attribute(page->markup, "scope", "col");
		mq_markup_text(page->markup, column->label);
		mq_markup_close(page->markup);
	}
	mq_markup_close(page->markup);
	mq_markup_close(page->markup);
}

static void
add_rows(const MqPage *page, const MqPageTable *table, const GArray *columns, const json_t *rows)
{
	json_int_t largest = mq_chart_largest(rows);
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		gboolean details = has_details(table, row);
		const char *link = table->link != NULL ? json_string_value(mq_json_at(row, table->link)) : NULL;

		mq_markup_open(page->markup, "tr", details ? "open" : NULL);
		for (guint c = 0; c < columns->len; c++)
			add_cell(page, &g_array_index(columns, MqColumn, c), row, largest, c == 0 ? link : NULL);
		mq_markup_close(page->markup);
		if (details)
			add_details(page, table, columns->len, row);
	}
}

void
mq_page_table(const MqPage *page, const MqPageTable *table, const json_t *rows)
{
	g_autoptr(GArray) columns = mq_columns_shown(table->columns, table->n_columns, rows);

	if (json_array_size(rows) == 0)
		return;
	mq_markup_open(page->markup, "div", "wide"); /* scrolls where it must, by keyboard too */
	mq_markup_attribute(page->markup, "tabindex", "0");
	mq_markup_attribute(page->markup, "role", "group");
	mq_markup_attribute(page->markup, "aria-label", table->caption);
	mq_markup_open(page->markup, "table", table->sortable ? "sortable" : NULL);
	add_head(page, columns);
	mq_markup_open(page->markup, "tbody", NULL);
	add_rows(page, table, columns, rows);
	mq_markup_close(page->markup);
	mq_markup_close(page->markup);
	mq_markup_close(page->markup);
}

/* --------------------------------------------------------------------- figures */

void
mq_page_figures(const MqPage *page, const json_t *figures)
{
	const json_t *figure;
	size_t i;

	mq_markup_open(page->markup, "div", "figures");
	json_array_foreach(figures, i, figure) {
		const char *change = json_string_value(json_object_get(figure, "change"));

		mq_markup_open(page->markup, "div", "figure");
		mq_markup_element(page->markup, "strong", NULL, json_string_value(json_object_get(figure, "value")));
		mq_markup_text(page->markup, " ");
		mq_markup_text(page->markup, json_string_value(json_object_get(figure, "label")));
		mq_markup_text(page->markup, " ");
		if (change != NULL)
			mq_markup_element(page->markup, "span", "muted", change);
		mq_markup_close(page->markup);
	}
	mq_markup_close(page->markup);
}

static void
add_chart(const MqPage *page, void (*draw)(MqMarkup *, const json_t *), const json_t *points, const char *caption)
{
	mq_markup_open(page->markup, "figure", NULL);
	mq_markup_element(page->markup, "figcaption", NULL, caption);
	draw(page->markup, points);
	mq_markup_close(page->markup);
}

void
mq_page_charts(const MqPage *page, const json_t *volume, const char *volume_caption, const json_t *pass,
               const char *pass_caption)
{
	if (mq_chart_largest(volume) == 0 && mq_chart_largest(pass) == 0)
		return;
	mq_markup_open(page->markup, "div", "charts");
	add_chart(page, page->charts->volume, volume, volume_caption);
	add_chart(page, page->charts->pass, pass, pass_caption);
	mq_markup_close(page->markup);
	page->charts->legend(page->markup);
}
