#include "cli/outputs.h"

#include <string.h>

/* jansson escapes C0; what else a terminal could obey (C1, direction overrides) is written as \uXXXX
 * too. Only strings hold bytes beyond ASCII, and jansson hands on whole characters. */
static int
write_harmless(const char *bytes, size_t n, void *data)
{
	FILE *out = data;
	const char *end = bytes + n;

	while (bytes < end) {
		const char *next = bytes;
		gunichar c;

		while (next < end && (guint8)*next < 0x7F)
			next++;
		fwrite(bytes, 1, (gsize)(next - bytes), out);
		bytes = next;
		if (bytes == end)
			break;
		c = g_utf8_get_char(bytes);
		next = g_utf8_next_char(bytes);
		if (g_unichar_isprint(c))
			fwrite(bytes, 1, (gsize)(next - bytes), out);
		else if (c > 0xFFFF)
			fprintf(out, "\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
		else
			fprintf(out, "\\u%04x", c);
		bytes = next;
	}
	return ferror(out) ? -1 : 0;
}

#define PRECISION JSON_REAL_PRECISION(15)
#define INDENTED  (JSON_INDENT(2) | PRECISION)

void
mq_print_json(FILE *out, const json_t *document, gboolean compact)
{
	/* that nobody reads on is seen by who flushes the stream */
	json_dump_callback(document, write_harmless, out, compact ? JSON_COMPACT | PRECISION : INDENTED);
	fputc('\n', out);
}

/* All but the end of an object: a member can follow. */
void
mq_json_rows_begin(MqJsonRows *rows, FILE *out, const json_t *document, const char *key)
{
	char *text = json_dumps(document, INDENTED);

	*rows = (MqJsonRows){ .out = out };
	g_assert(json_object_size(document) > 0 && g_str_has_suffix(text, "\n}"));
	write_harmless(text, strlen(text) - strlen("\n}"), out);
	fprintf(out, ",\n  \"%s\": [", key);
	free(text);
}

/* As deep as a row is in its document. */
static int
write_row(const char *bytes, size_t n, void *data)
{
	const char *end = bytes + n;

	while (bytes < end) {
		const char *line = memchr(bytes, '\n', (gsize)(end - bytes));
		const char *stop = line != NULL ? line + 1 : end;

		write_harmless(bytes, (gsize)(stop - bytes), data);
		if (line != NULL)
			fputs("    ", data);
		bytes = stop;
	}
	return ferror(data) ? -1 : 0;
}

void
mq_json_rows_add(MqJsonRows *rows, const json_t *row)
{
	fputs(rows->n++ > 0 ? ",\n    " : "\n    ", rows->out);
	json_dump_callback(row, write_row, rows->out, INDENTED);
}

void
mq_json_rows_end(MqJsonRows *rows)
{
	fputs(rows->n > 0 ? "\n  ]\n}\n" : "]\n}\n", rows->out);
}

static void
print_json(const MqApp *app, const json_t *document, const MqLayout *layout)
{
	(void)layout;
	mq_print_json(app->out, document, FALSE);
}

const MqOutput mq_output_json = { .name = "json", .print = print_json };
