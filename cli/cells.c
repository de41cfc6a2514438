/* Values as people read them, on whatever output. */
#include <string.h>

#include "cli/outputs.h"
#include "ingest/text.h"

#define LISTED 4 /* items of a list in one cell */

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
	const char *separator = ", ";
	size_t i;

	json_array_foreach(list, i, item) {
		if (json_is_string(item) && strchr(json_string_value(item), ',') != NULL)
			separator = "; "; /* sentences */
		if (i == LISTED && json_array_size(list) > LISTED + 1) {
			g_ptr_array_add(words, g_strdup_printf("and %zu more", json_array_size(list) - LISTED));
			break;
		}
		g_ptr_array_add(words, mq_cell_text(MQ_CELL_TEXT, item));
	}
	g_ptr_array_add(words, NULL);
	return g_strjoinv(separator, (char **)words->pdata);
}

/* A block for each point, as high as its share; a dot where there was no mail. */
static char *
blocks(const json_t *points)
{
	static const char *const heights[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	GString *text = g_string_new(NULL);
	const json_t *point;
	size_t i;

	json_array_foreach(points, i, point) {
		double share = CLAMP(json_real_value(json_object_get(point, "dmarc_pass_share")), 0, 1);

		g_string_append(text, mq_document_has_share(point) ? heights[(gsize)(share * (G_N_ELEMENTS(heights) - 1))] : "·");
	}
	return g_string_free(text, FALSE);
}

char *
mq_cell_text(MqCellKind kind, const json_t *value)
{
	if (kind == MQ_CELL_TREND)
		return blocks(value);
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
	if (kind == MQ_CELL_FLAG)
		return g_strdup(json_is_true(value) ? "yes" : "");
	if (json_is_boolean(value))
		return g_strdup(json_is_true(value) ? "yes" : "no");
	return g_strdup("");
}

static gboolean
says_something(MqCellKind kind, const json_t *value)
{
	switch (kind) {
	case MQ_CELL_TEXT:
	case MQ_CELL_DAY:
	case MQ_CELL_LIST:
		return json_is_array(value) ? json_array_size(value) > 0 : value != NULL && !json_is_null(value);
	case MQ_CELL_SOME:
		return json_integer_value(value) != 0;
	case MQ_CELL_FLAG:
		return json_is_true(value);
	case MQ_CELL_COUNT:
	case MQ_CELL_SHARE:
	case MQ_CELL_PASS:
	case MQ_CELL_TIME:
	case MQ_CELL_TREND:
	case MQ_CELL_BAR:
		return TRUE;
	}
	g_assert_not_reached();
}

static gboolean
is_shown(const MqColumn *column, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (column->csv_only)
		return FALSE;
	json_array_foreach(rows, i, row)
		if (says_something(column->kind, mq_json_at(row, column->key)))
			return TRUE;
	return FALSE;
}

gboolean
mq_cell_is_number(MqCellKind kind)
{
	return kind == MQ_CELL_COUNT || kind == MQ_CELL_SOME || kind == MQ_CELL_SHARE || kind == MQ_CELL_PASS;
}

GArray *
mq_columns_shown(const MqColumn *columns, guint n_columns, const json_t *rows)
{
	GArray *shown = g_array_new(FALSE, FALSE, sizeof(MqColumn));

	for (guint c = 0; c < n_columns; c++)
		if (is_shown(&columns[c], rows))
			g_array_append_val(shown, columns[c]);
	return shown;
}
