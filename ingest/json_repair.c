#include "ingest/json_repair.h"

#include <string.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/text.h"

#define REPLACEMENT "\\ufffd"

typedef struct {
	const char *at, *end;
	GString *out;
	char open[MQ_LIMIT_JSON_DEPTH]; /* the brackets around: '{' or '[' */
	guint depth;
	guint values;
	gsize safe; /* length of @out after the last whole object of a list of the outermost object */
	guint repairs;
} Repair;

const char *
mq_json_charset(const guint8 *bytes, gsize n)
{
	if (n < 2)
		return "UTF-8";
	if ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] != 0 && bytes[1] == 0))
		return "UTF-16LE";
	if ((bytes[0] == 0xFE && bytes[1] == 0xFF) || (bytes[0] == 0 && bytes[1] != 0))
		return "UTF-16BE";
	return "UTF-8";
}

/* The code unit of "\uXXXX" at @text, or -1. */
static int
code_unit(const char *text, const char *end)
{
	int unit = 0;

	if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = g_ascii_xdigit_value(text[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static void
copy_escape(Repair *repair)
{
	int unit = code_unit(repair->at, repair->end);
	gsize n = unit >= 0 ? 6 : 2;

	if (unit >= 0xD800 && unit < 0xDC00) {
		int low = code_unit(repair->at + 6, repair->end);

		n = low >= 0xDC00 && low < 0xE000 ? 12 : 6;
	}
	if (unit == 0 || (unit >= 0xD800 && unit < 0xE000 && n == 6)) {
		g_string_append(repair->out, REPLACEMENT);
		repair->repairs |= MQ_JSON_ENCODING;
	} else {
		n = MIN(n, (gsize)(repair->end - repair->at));
		g_string_append_len(repair->out, repair->at, (gssize)n);
	}
	repair->at += n;
}

/* From one quote to the next. FALSE: it has none. */
static gboolean
copy_string(Repair *repair)
{
	g_string_append_c(repair->out, *repair->at++);
	while (repair->at < repair->end) {
		char c = *repair->at;

		if (c == '\\') {
			copy_escape(repair);
			continue;
		}
		if ((guint8)c < 0x20) {
			repair->repairs |= MQ_JSON_CONTROL;
			g_string_append_c(repair->out, ' ');
		} else {
			g_string_append_c(repair->out, c);
		}
		repair->at++;
		if (c == '"')
			return TRUE;
	}
	return FALSE;
}

static gboolean
open_bracket(Repair *repair, GError **error)
{
	if (repair->depth >= MQ_LIMIT_JSON_DEPTH) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "the JSON is nested deeper than %d", MQ_LIMIT_JSON_DEPTH);
		return FALSE;
	}
	repair->open[repair->depth++] = *repair->at;
	g_string_append_c(repair->out, *repair->at++);
	return TRUE;
}

static void
drop_comma(Repair *repair)
{
	gsize n = repair->out->len;

	while (n > 0 && g_ascii_isspace(repair->out->str[n - 1]))
		n--;
	if (n > 0 && repair->out->str[n - 1] == ',') {
		g_string_truncate(repair->out, n - 1);
		repair->repairs |= MQ_JSON_COMMA;
	}
}

static void
close_bracket(Repair *repair)
{
	drop_comma(repair);
	if (repair->depth > 0)
		repair->depth--;
	g_string_append_c(repair->out, *repair->at++);
	if (repair->depth == 2 && repair->open[0] == '{' && repair->open[1] == '[')
		repair->safe = repair->out->len;
}

/* One token, or one byte of it. FALSE: an error, or the text ended inside a string. */
static gboolean
copy_some(Repair *repair, GError **error)
{
	switch (*repair->at) {
	case '"':
		return copy_string(repair);
	case '{':
	case '[':
		repair->values++;
		return open_bracket(repair, error);
	case '}':
	case ']':
		close_bracket(repair);
		return TRUE;
	case ',':
		repair->values++;
		break;
	default:
		break;
	}
	g_string_append_c(repair->out, *repair->at++);
	return TRUE;
}

/* The document up to its last bracket, or as far as it goes. */
static gboolean
copy_document(Repair *repair, GError **error)
{
	g_autoptr(GError) refused = NULL;

	do {
		if (!copy_some(repair, &refused))
			break;
		if (repair->values > MQ_LIMIT_JSON_VALUES)
			g_set_error(&refused, MQ_ERROR, MQ_ERROR_LIMIT, "the JSON has more than %d values",
			            MQ_LIMIT_JSON_VALUES);
	} while (refused == NULL && repair->depth > 0 && repair->at < repair->end);
	if (refused == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&refused));
	return FALSE;
}

static void
skip_space(Repair *repair)
{
	while (repair->at < repair->end && (g_ascii_isspace(*repair->at) || *repair->at == '\0'))
		repair->at++;
}

/* Brackets that are still open are closed after what is whole. */
static gboolean
finish_cut(Repair *repair, GError **error)
{
	repair->repairs |= MQ_JSON_CUT;
	if (repair->safe == 0) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the JSON ends in the middle");
		return FALSE;
	}
	g_string_truncate(repair->out, repair->safe);
	g_string_append(repair->out, "]}");
	return TRUE;
}

static char *
to_utf8(const char *bytes, gsize n, guint *repairs)
{
	const char *charset = mq_json_charset((const guint8 *)bytes, n);

	if (strcmp(charset, "UTF-8") != 0)
		return mq_text_to_utf8(bytes, n, charset);
	if (!g_utf8_validate(bytes, (gssize)n, NULL))
		*repairs |= MQ_JSON_ENCODING;
	return g_utf8_make_valid(bytes, (gssize)n);
}

char *
mq_json_repair(const char *bytes, gsize n, guint *repairs, GError **error)
{
	Repair repair = { .out = NULL };
	g_autofree char *text = NULL;
	g_autoptr(GString) out = NULL;

	text = to_utf8(bytes, n, &repair.repairs);
	repair.at = g_str_has_prefix(text, "\xEF\xBB\xBF") ? text + 3 : text;
	repair.end = repair.at + strlen(repair.at);
	skip_space(&repair);
	if (repair.at == repair.end || (*repair.at != '{' && *repair.at != '[')) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "there is no JSON document");
		return NULL;
	}
	out = repair.out = g_string_sized_new((gsize)(repair.end - repair.at) + 8);
	if (!copy_document(&repair, error) || (repair.depth > 0 && !finish_cut(&repair, error)))
		return NULL;
	skip_space(&repair);
	if (repair.depth == 0 && repair.at < repair.end)
		repair.repairs |= MQ_JSON_GARBAGE;
	*repairs = repair.repairs;
	return g_string_free(g_steal_pointer(&out), FALSE);
}
