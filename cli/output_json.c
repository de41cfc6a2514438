#include "cli/outputs.h"

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

void
mq_print_json(FILE *out, const json_t *document, gboolean compact)
{
	size_t layout = compact ? JSON_COMPACT : JSON_INDENT(2);

	/* that nobody reads on is seen by who flushes the stream */
	json_dump_callback(document, write_harmless, out, layout | JSON_REAL_PRECISION(15));
	fputc('\n', out);
}

static void
print_json(const MqApp *app, const json_t *document, const MqLayout *layout)
{
	(void)layout;
	mq_print_json(app->out, document, FALSE);
}

const MqOutput mq_output_json = { .name = "json", .print = print_json };
