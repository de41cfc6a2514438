#include "cli/outputs.h"

#include <libsmartcols.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/log.h"
#include "ingest/text.h"

typedef struct libscols_table ScolsTable;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScolsTable, scols_unref_table)

#define PASS_GOOD 0.98 /* what a domain has that can move on; below it, something is to be done */
#define PASS_FAIR 0.90
#define LISTED    4 /* items of a list in one cell */

char *
mq_count_to_text(gint64 count)
{
	g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, count);
	GString *text = g_string_new(NULL);
	gsize n = strlen(digits);

	for (gsize i = 0; i < n; i++) {
		gsize left = n - i;

		if (i > 0 && left % 3 == 0 && digits[i - 1] != '-')
			g_string_append_c(text, ',');
		g_string_append_c(text, digits[i]);
	}
	return g_string_free(text, FALSE);
}

char *
mq_share_to_text(double share)
{
	double percent = share * 100;

	if (share > 0 && percent < 0.05)
		return g_strdup("< 0.1 %");
	if (share < 1 && percent >= 99.95)
		return g_strdup("> 99.9 %");
	if (share <= 0 || share >= 1)
		return g_strdup_printf("%.0f %%", percent);
	return g_strdup_printf("%.1f %%", percent);
}

/* "2026-11-24T12:00:00Z" to "2026-11-24 12:00", or to its day. */
static char *
time_text(const json_t *value, gsize n)
{
	char *text = g_strndup(json_string_value(value), n);

	if (strlen(text) > 10)
		text[10] = ' ';
	return text;
}

/* The first few; JSON and CSV have them all. */
static char *
join(const json_t *list)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (i == LISTED && json_array_size(list) > LISTED + 1) {
			g_ptr_array_add(words, g_strdup_printf("and %zu more", json_array_size(list) - LISTED));
			break;
		}
		g_ptr_array_add(words, mq_cell_text(MQ_CELL_TEXT, item));
	}
	g_ptr_array_add(words, NULL);
	return g_strjoinv(", ", (char **)words->pdata);
}

char *
mq_cell_text(MqCellKind kind, const json_t *value)
{
	if (json_is_array(value))
		return join(value);
	if (json_is_string(value) && (kind == MQ_CELL_TIME || kind == MQ_CELL_DAY))
		return time_text(value, kind == MQ_CELL_DAY ? 10 : 16);
	if (json_is_string(value))
		return mq_text_visible(json_string_value(value));
	if (json_is_integer(value))
		return mq_count_to_text(json_integer_value(value));
	if (json_is_real(value))
		return mq_share_to_text(json_real_value(value));
	if (json_is_boolean(value))
		return g_strdup(json_is_true(value) ? "yes" : "no");
	return g_strdup("");
}

static gboolean
is_terminal(const MqApp *app)
{
	int fd = fileno(app->out);

	return fd >= 0 && isatty(fd);
}

static gboolean
colors_wanted(const MqApp *app)
{
	const char *no_color = g_getenv("NO_COLOR");

	if (app->color == MQ_COLOR_AUTO)
		return is_terminal(app) && (no_color == NULL || *no_color == '\0')
		       && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
	return app->color == MQ_COLOR_ALWAYS;
}

static guint
terminal_width(const MqApp *app)
{
	const char *columns = g_getenv("COLUMNS");
	guint64 n;
	struct winsize size;

	if (columns != NULL && g_ascii_string_to_unsigned(columns, 10, 20, 10000, &n, NULL))
		return (guint)n;
	if (ioctl(fileno(app->out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return 80;
}

static const char *
color_of(const MqColumn *column, const json_t *value)
{
	double share;

	if (column->kind != MQ_CELL_PASS || !json_is_real(value))
		return NULL;
	share = json_real_value(value);
	return share >= PASS_GOOD ? "green" : share >= PASS_FAIR ? "yellow" : "red";
}

/* Text that no row has is no column; numbers are, even if all are 0. */
static gboolean
is_shown(const MqColumn *column, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (column->csv_only)
		return FALSE;
	if (column->kind != MQ_CELL_TEXT && column->kind != MQ_CELL_LIST && column->kind != MQ_CELL_DAY)
		return TRUE;
	json_array_foreach(rows, i, row) {
		const json_t *value = mq_json_at(row, column->key);

		if (json_is_array(value) ? json_array_size(value) > 0 : value != NULL && !json_is_null(value))
			return TRUE;
	}
	return FALSE;
}

/* Numbers stand right; what is not worth the width of a terminal is cut there, and only there. */
static void
add_columns(ScolsTable *table, const MqColumn *columns, guint n_columns)
{
	for (guint i = 0; i < n_columns; i++) {
		int flags = 0;

		if (columns[i].kind == MQ_CELL_COUNT || columns[i].kind == MQ_CELL_SHARE
		    || columns[i].kind == MQ_CELL_PASS)
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
	scols_table_enable_colors(table, colors_wanted(app));
	scols_table_set_column_separator(table, "  ");
	scols_table_set_termforce(table, is_terminal(app) ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (is_terminal(app))
		scols_table_set_termwidth(table, terminal_width(app));
	scols_table_set_stream(table, app->out);
	return table;
}

void
mq_print_table(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows,
               const json_t *total)
{
	g_autoptr(ScolsTable) table = NULL;
	g_autoptr(GArray) shown = g_array_new(FALSE, FALSE, sizeof(MqColumn));
	const json_t *row;
	size_t i;

	if (json_array_size(rows) == 0)
		return;
	for (guint c = 0; c < n_columns; c++)
		if (is_shown(&columns[c], rows))
			g_array_append_val(shown, columns[c]);
	columns = (const MqColumn *)(gconstpointer)shown->data;
	table = make_table(app);
	add_columns(table, columns, shown->len);
	json_array_foreach(rows, i, row)
		add_row(table, columns, shown->len, row);
	if (total != NULL)
		add_row(table, columns, shown->len, total);
	scols_print_table(table);
}

void
mq_print_fields(const MqApp *app, const MqColumn *fields, guint n_fields, const json_t *object)
{
	int width = 0;

	for (guint i = 0; i < n_fields; i++)
		width = MAX(width, (int)strlen(fields[i].label));
	for (guint i = 0; i < n_fields; i++) {
		g_autofree char *text = mq_cell_text(fields[i].kind, mq_json_at(object, fields[i].key));

		if (*text != '\0')
			fprintf(app->out, "  %-*s  %s\n", width, fields[i].label, text);
	}
}

void
mq_print_line(const MqApp *app, const char *format, ...)
{
	g_autofree char *line = NULL;
	g_autofree char *visible = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	visible = mq_text_visible(line);
	fprintf(app->out, "%s\n", visible);
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
