#include "cli/outputs.h"

#include <string.h>

#include "ingest/text.h"

/* What spreadsheets take for the start of a formula, in half and full width. */
static gboolean
starts_formula(const char *text)
{
	gunichar c;

	do { /* white space and quotes before it do not help */
		c = g_utf8_get_char(text);
		if (c == '\t' || c == '\r' || c == '\n')
			return TRUE;
		text = g_utf8_next_char(text);
	} while (c == ' ' || c == '\'' || c == '"' || g_unichar_isspace(c));
	switch (c) {
	case '=':
	case '+':
	case '-':
	case '@':
	case 0xFF1D: /* ＝ */
	case 0xFF0B: /* ＋ */
	case 0xFF0D: /* － */
	case 0xFF20: /* ＠ */
	case 0x2212: /* − */
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean
is_plain_number(const char *text)
{
	text += *text == '-' || *text == '+';
	return *text != '\0' && text[strspn(text, "0123456789.")] == '\0';
}

/* @text as a cell that is text to each spreadsheet, quoted if need be. */
static void
write_text(FILE *out, const char *text)
{
	g_autofree char *visible = mq_text_visible(text);
	const char *defuse = starts_formula(visible) && !is_plain_number(visible) ? "'" : "";

	if (strpbrk(visible, ",\"\r\n;") == NULL && !g_str_has_prefix(visible, " ")) {
		fprintf(out, "%s%s", defuse, visible);
		return;
	}
	fprintf(out, "\"%s", defuse);
	for (const char *p = visible; *p != '\0'; p++) {
		if (*p == '"')
			fputc('"', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

static char *
list_text(const json_t *list)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (json_is_string(item))
			g_ptr_array_add(words, g_strdup(json_string_value(item)));
		else
			g_ptr_array_add(words, json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY));
	}
	g_ptr_array_add(words, NULL);
	return g_strjoinv(" ", (char **)words->pdata);
}

static void
write_value(FILE *out, const json_t *value)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	g_autofree char *list = NULL;

	switch (value != NULL ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		write_text(out, json_string_value(value));
		return;
	case JSON_INTEGER:
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return;
	case JSON_REAL:
		fputs(g_ascii_formatd(number, sizeof(number), "%.6g", json_real_value(value)), out);
		return;
	case JSON_TRUE:
		fputs("true", out);
		return;
	case JSON_FALSE:
		fputs("false", out);
		return;
	case JSON_ARRAY:
		list = list_text(value);
		write_text(out, list);
		return;
	case JSON_OBJECT: /* no column is one */
	case JSON_NULL:
		return;
	}
}

void
mq_print_csv_row(FILE *out, const MqColumn *columns, guint n_columns, const json_t *row)
{
	for (guint i = 0; i < n_columns; i++) {
		if (i > 0)
			fputc(',', out);
		if (row == NULL)
			write_text(out, columns[i].key);
		else
			write_value(out, mq_json_at(row, columns[i].key));
	}
	fputs("\r\n", out);
}

static void
print_csv(const MqApp *app, const json_t *document, const MqLayout *layout)
{
	const json_t *row;
	size_t i;

	mq_print_csv_row(app->out, layout->columns, layout->n_columns, NULL);
	json_array_foreach(json_object_get(document, layout->rows), i, row)
		mq_print_csv_row(app->out, layout->columns, layout->n_columns, row);
}

const MqOutput mq_output_csv = { .name = "csv", .print = print_csv };
