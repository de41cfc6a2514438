#include "cli/outputs.h"

#include <libsmartcols.h>
#include <string.h>

#include "cli/log.h"
#include "cli/terminal.h"

typedef struct libscols_table ScolsTable;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScolsTable, scols_unref_table)

#define PASS_GOOD 0.98 /* what a domain has that can move on; below it, something is to be done */
#define PASS_FAIR 0.90

#define SEPARATOR_WIDTH 2
#define PROSE_WIDTH     24

/* Plain colours, not bright ones: bright yellow on white cannot be read. */
static const char *
color_of(const MqColumn *column, const json_t *value)
{
	double share;

	if (column->kind != MQ_CELL_PASS || !json_is_real(value))
		return NULL;
	share = json_real_value(value);
	return share >= PASS_GOOD ? "green" : share >= PASS_FAIR ? "brown" : "red";
}

/* Columns that a column of the table needs; of text that may be cut, as much as can still be read. */
static guint
width_of(const MqColumn *column, const json_t *rows, gboolean may_be_cut)
{
	guint label = mq_terminal_columns(column->label);
	guint widest = label;
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		g_autofree char *text = mq_cell_text(column->kind, mq_json_at(row, column->key));

		widest = MAX(widest, mq_terminal_columns(text));
	}
	if (may_be_cut && (column->kind == MQ_CELL_TEXT || column->kind == MQ_CELL_LIST))
		return MAX(label, MIN(widest, PROSE_WIDTH));
	return widest;
}

/* Numbers stand right; long text is cut where a terminal is too narrow, and only there. Short text is only where
 * that is not enough (@is_tight). */
static void
add_columns(ScolsTable *table, const GArray *columns, const json_t *rows, gboolean is_tight)
{
	for (guint i = 0; i < columns->len; i++) {
		const MqColumn *column = &g_array_index(columns, MqColumn, i);
		gboolean is_long = width_of(column, rows, FALSE) > width_of(column, rows, TRUE);
		int flags = 0;

		if (mq_cell_is_number(column->kind))
			flags = SCOLS_FL_RIGHT;
		else if ((column->kind == MQ_CELL_TEXT || column->kind == MQ_CELL_LIST) && (is_long || is_tight))
			flags = SCOLS_FL_TRUNC;
		scols_table_new_column(table, column->label, 0, flags);
	}
}

static void
add_row(ScolsTable *table, const MqColumn *columns, guint n_columns, const json_t *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	for (guint i = 0; i < n_columns; i++) {
		const json_t *value = mq_json_at(row, columns[i].key);
		const char *color = color_of(&columns[i], value);
		g_autofree char *text = mq_cell_text(columns[i].kind, value);

		scols_line_set_data(line, i, text);
		if (color != NULL)
			scols_cell_set_color(scols_line_get_cell(line, i), color);
	}
}

/* (transfer full) */
static ScolsTable *
make_table(const MqApp *app)
{
	ScolsTable *table;

	scols_init_debug(0);
	table = scols_new_table();
	scols_table_enable_noencoding(table, 1); /* mq_cell_text() made strangers' text visible */
	scols_table_enable_colors(table, mq_terminal_colors(app));
	scols_table_set_column_separator(table, "  "); /* SEPARATOR_WIDTH */
	scols_table_set_termforce(table, mq_terminal_is(app) ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (mq_terminal_is(app))
		scols_table_set_termwidth(table, mq_terminal_width(app));
	scols_table_set_stream(table, app->out);
	return table;
}

static gboolean
is_too_wide(const MqApp *app, const GArray *columns, const json_t *rows)
{
	guint used = 0;

	for (guint c = 0; c < columns->len; c++)
		used += width_of(&g_array_index(columns, MqColumn, c), rows, TRUE) + (c > 0 ? SEPARATOR_WIDTH : 0);
	return mq_terminal_is(app) && used > mq_terminal_width(app);
}

/* (transfer full) (nullable): no rows, no table */
static ScolsTable *
fill_table(const MqApp *app, const GArray *columns, const json_t *rows, const json_t *total)
{
	const MqColumn *shown = (const MqColumn *)(gconstpointer)columns->data;
	ScolsTable *table = make_table(app);
	const json_t *row;
	size_t i;

	add_columns(table, columns, rows, is_too_wide(app, columns, rows));
	json_array_foreach(rows, i, row)
		add_row(table, shown, columns->len, row);
	if (total != NULL)
		add_row(table, shown, columns->len, total);
	return table;
}

/* What the other columns leave to the last one. */
static guint
width_left(const MqApp *app, const GArray *columns, const json_t *rows)
{
	guint used = 0;

	for (guint c = 0; c + 1 < columns->len; c++)
		used += width_of(&g_array_index(columns, MqColumn, c), rows, FALSE) + SEPARATOR_WIDTH;
	return mq_terminal_width(app) > used ? mq_terminal_width(app) - used : 0;
}

static gboolean
words_fit(const char *text, guint width)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (char **word = words; *word != NULL; word++)
		if (mq_terminal_columns(*word) > width)
			return FALSE;
	return TRUE;
}

/* The texts of a last column of sentences, broken between words to @width; NULL where that cannot be. */
static GPtrArray *
wrapped_texts(const MqColumn *column, const json_t *rows, guint width)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	const json_t *row;
	size_t i;

	if (width < PROSE_WIDTH || (column->kind != MQ_CELL_TEXT && column->kind != MQ_CELL_LIST))
		return NULL;
	json_array_foreach(rows, i, row) {
		g_autofree char *text = mq_cell_text(column->kind, mq_json_at(row, column->key));

		if (!words_fit(text, width))
			return NULL;
		g_ptr_array_add(texts, mq_terminal_wrap(text, width));
	}
	return g_steal_pointer(&texts);
}

/* What cannot be broken so that it can be read is cut. */
static void
wrap_last(const MqApp *app, ScolsTable *table, const GArray *columns, const json_t *rows)
{
	guint last = columns->len - 1;
	struct libscols_column *column = scols_table_get_column(table, last);
	guint width = mq_terminal_is(app) ? width_left(app, columns, rows) : 0;
	g_autoptr(GPtrArray) texts = wrapped_texts(&g_array_index(columns, MqColumn, last), rows, width);

	if (texts == NULL)
		return;
	scols_column_set_flags(column, SCOLS_FL_WRAP);
	scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
	for (guint i = 0; i < texts->len; i++)
		scols_line_set_data(scols_table_get_line(table, i), last, g_ptr_array_index(texts, i));
}

/* Without bars, which are for pages; and where the terminal is narrow, without what can be missed. */
static GArray *
terminal_columns(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows)
{
	GArray *shown = mq_columns_shown(columns, n_columns, rows);

	for (guint i = shown->len; i > 0; i--)
		if (g_array_index(shown, MqColumn, i - 1).kind == MQ_CELL_BAR)
			g_array_remove_index(shown, i - 1);
	for (guint i = shown->len; i > 0 && is_too_wide(app, shown, rows); i--)
		if (g_array_index(shown, MqColumn, i - 1).optional)
			g_array_remove_index(shown, i - 1);
	return shown;
}

gboolean
mq_table_fits(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows)
{
	g_autoptr(GArray) shown = terminal_columns(app, columns, n_columns, rows);

	return !is_too_wide(app, shown, rows);
}

void
mq_print_table(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows,
               const json_t *total)
{
	g_autoptr(ScolsTable) table = NULL;
	g_autoptr(GArray) shown = NULL;

	if (json_array_size(rows) == 0)
		return;
	shown = terminal_columns(app, columns, n_columns, rows);
	table = fill_table(app, shown, rows, total);
	wrap_last(app, table, shown, rows);
	scols_print_table(table);
}

void
mq_print_detailed(const MqApp *app, const MqColumn *columns, guint n_columns, const MqColumn *details,
                  guint n_details, const json_t *rows)
{
	g_autoptr(ScolsTable) table = NULL;
	g_autoptr(GArray) shown = NULL;
	char *text = NULL;

	if (n_details == 0) {
		mq_print_table(app, columns, n_columns, rows, NULL);
		return;
	}
	if (json_array_size(rows) == 0)
		return;
	shown = terminal_columns(app, columns, n_columns, rows);
	table = fill_table(app, shown, rows, NULL);
	if (scols_print_table_to_string(table, &text) != 0)
		g_error("out of memory");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	free(text);
	for (gsize i = 0; lines[i] != NULL && (*lines[i] != '\0' || lines[i + 1] != NULL); i++) {
		fprintf(app->out, "%s\n", lines[i]);
		if (i > 0) /* the first line is the head; each row is one line */
			mq_print_fields(app, details, n_details, json_array_get(rows, i - 1));
	}
}

static void
print_document(const MqApp *app, const json_t *document, const MqLayout *layout)
{
	const json_t *rows = layout->rows != NULL ? json_object_get(document, layout->rows) : NULL;

	if (layout->nothing != NULL && json_array_size(rows) == 0)
		mq_log_notice(app, "%s", layout->nothing);
	else if (layout->print_text != NULL)
		layout->print_text(app, document);
	else
		mq_print_table(app, layout->columns, layout->n_columns, rows, json_object_get(document, "total"));
}

const MqOutput mq_output_table = { .name = "table", .print = print_document };
