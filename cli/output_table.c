#include "cli/outputs.h"

#include <libsmartcols.h>
#include <string.h>

#include "cli/log.h"
#include "cli/terminal.h"

typedef struct libscols_table ScolsTable;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScolsTable, scols_unref_table)

#define PASS_GOOD 0.98 /* what a domain has that can move on; below it, something is to be done */
#define PASS_FAIR 0.90

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

/* Numbers stand right; what is not worth the width of a terminal is cut there, and only there. */
static void
add_columns(ScolsTable *table, const MqColumn *columns, guint n_columns)
{
	for (guint i = 0; i < n_columns; i++) {
		int flags = 0;

		if (mq_cell_is_number(columns[i].kind))
			flags = SCOLS_FL_RIGHT;
		else if (columns[i].kind == MQ_CELL_TEXT || columns[i].kind == MQ_CELL_LIST)
			flags = SCOLS_FL_TRUNC;
		scols_table_new_column(table, columns[i].label, 0, flags);
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
	scols_table_set_column_separator(table, "  ");
	scols_table_set_termforce(table, mq_terminal_is(app) ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (mq_terminal_is(app))
		scols_table_set_termwidth(table, mq_terminal_width(app));
	scols_table_set_stream(table, app->out);
	return table;
}

/* (transfer full) (nullable): no rows, no table */
static ScolsTable *
fill_table(const MqApp *app, const GArray *columns, const json_t *rows, const json_t *total)
{
	const MqColumn *shown = (const MqColumn *)(gconstpointer)columns->data;
	ScolsTable *table = make_table(app);
	const json_t *row;
	size_t i;

	add_columns(table, shown, columns->len);
	json_array_foreach(rows, i, row)
		add_row(table, shown, columns->len, row);
	if (total != NULL)
		add_row(table, shown, columns->len, total);
	return table;
}

/* Without bars: those are for pages. */
static GArray *
terminal_columns(const MqColumn *columns, guint n_columns, const json_t *rows)
{
	GArray *shown = mq_columns_shown(columns, n_columns, rows);

	for (guint i = shown->len; i > 0; i--)
		if (g_array_index(shown, MqColumn, i - 1).kind == MQ_CELL_BAR)
			g_array_remove_index(shown, i - 1);
	return shown;
}

void
mq_print_table(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows,
               const json_t *total)
{
	g_autoptr(ScolsTable) table = NULL;
	g_autoptr(GArray) shown = NULL;

	if (json_array_size(rows) == 0)
		return;
	shown = terminal_columns(columns, n_columns, rows);
	table = fill_table(app, shown, rows, total);
	scols_print_table(table);
}

void
mq_print_detailed(const MqApp *app, const MqColumn *columns, guint n_columns, const MqColumn *details,
                  guint n_details, const json_t *rows)
{
	g_autoptr(ScolsTable) table = NULL;
	g_autoptr(GArray) shown = NULL;
	char *text = NULL;

	if (json_array_size(rows) == 0)
		return;
	shown = terminal_columns(columns, n_columns, rows);
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
