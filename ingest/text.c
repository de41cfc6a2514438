#include "ingest/text.h"

#include <string.h>

#include <gio/gio.h>

/* The longest prefix of at most @max bytes that does not cut a character. */
static gsize
cut_at_character(const char *text, gsize n, gsize max)
{
	if (n <= max)
		return n;
	while (max > 0 && ((guint8)text[max] & 0xC0) == 0x80)
		max--;
	return max;
}

char *
mq_text_clean(const char *bytes, gssize n, gsize max_bytes)
{
	gsize length = n < 0 ? strlen(bytes) : (gsize)n;
	g_autofree char *text = NULL;

	while (length > 0 && g_ascii_isspace(*bytes)) {
		bytes++;
		length--;
	}
	while (length > 0 && g_ascii_isspace(bytes[length - 1]))
		length--;
	text = g_utf8_make_valid(bytes, (gssize)length); /* NUL becomes U+FFFD as well */
	length = cut_at_character(text, strlen(text), max_bytes);
	text[length] = '\0';
	return g_steal_pointer(&text);
}

char *
mq_text_trim(char *text, gsize n, gsize max_bytes)
{
	while (n > 0 && g_ascii_isspace(*text)) {
		text++;
		n--;
	}
	while (n > 0 && g_ascii_isspace(text[n - 1]))
		n--;
	text[cut_at_character(text, n, max_bytes)] = '\0';
	return text;
}

/* Direction marks, joiners and other characters that change how their neighbours look. */
static gboolean
is_invisible(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return TRUE;
	default:
		return FALSE;
	}
}

static void
append_escape(GString *out, gunichar c)
{
	if (c == '\n')
		g_string_append(out, "\\n");
	else if (c == '\r')
		g_string_append(out, "\\r");
	else if (c == '\t')
		g_string_append(out, "\\t");
	else if (c < 0x100)
		g_string_append_printf(out, "\\x%02x", (guint)c);
	else
		g_string_append_printf(out, c > 0xFFFF ? "\\U%08x" : "\\u%04x", (guint)c);
}

gboolean
mq_text_is_visible(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return FALSE;
	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
		if ((guint8)*p < 0x20 || (guint8)*p >= 0x7F) {
			if (is_invisible(g_utf8_get_char(p)))
				return FALSE;
		}
	return TRUE;
}

char *
mq_text_visible(const char *text)
{
	g_autofree char *valid = NULL;
	GString *out;

	if (text == NULL)
		return g_strdup("");
	if (mq_text_is_visible(text))
		return g_strdup(text);
	valid = g_utf8_make_valid(text, -1);
	out = g_string_sized_new(strlen(valid) + 16);
	for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (is_invisible(c))
			append_escape(out, c);
		else
			g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

char *
mq_text_to_utf8(const char *bytes, gsize n, const char *charset)
{
	g_autoptr(GString) out = g_string_sized_new(n + 16);

	/* nobody wants the error: an unknown charset is the NULL that is returned */
	g_autoptr(GCharsetConverter) converter = g_charset_converter_new("UTF-8", charset, NULL);

	if (converter == NULL)
		return NULL;
	while (n > 0) {
		char buffer[4096];
		gsize used = 0;
		gsize made = 0;
		g_autoptr(GError) error = NULL;
		GConverterResult result = g_converter_convert(G_CONVERTER(converter), bytes, n, buffer,
		                                              sizeof(buffer), G_CONVERTER_INPUT_AT_END,
		                                              &used, &made, &error);

		g_string_append_len(out, buffer, (gssize)made);
		bytes += used;
		n -= used;
		if (result == G_CONVERTER_ERROR && n > 0) { /* a byte the charset does not have */
			g_string_append(out, "\xEF\xBF\xBD");
			bytes++;
			n--;
			g_converter_reset(G_CONVERTER(converter));
		} else if (result == G_CONVERTER_FINISHED) {
			break;
		}
	}
	return g_utf8_make_valid(out->str, (gssize)out->len);
}

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
mq_counted(gint64 count, const char *one, const char *many)
{
	g_autofree char *number = mq_count_to_text(count);

	return g_strconcat(number, " ", count == 1 ? one : many, NULL);
}
