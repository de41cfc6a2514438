#include "ingest/fields.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/text.h"

#define VALUE_BYTES 16384 /* a long Received or Authentication-Results has 2000 */

typedef struct {
	char *name;
	GString *value;
} Field;

struct MqFields {
	GPtrArray *list; /* Field * */
	gboolean at_start;
};

static void
field_free(gpointer data)
{
	Field *field = data;

	g_free(field->name);
	g_string_free(field->value, TRUE);
	g_free(field);
}

/* The length of the field name at the start of @line, or 0. */
static gsize
name_length(const char *line, gsize n)
{
	gsize length = 0;
	gsize colon;

	while (length < n && line[length] > ' ' && line[length] < 127 && line[length] != ':')
		length++;
	for (colon = length; colon < n && (line[colon] == ' ' || line[colon] == '\t'); colon++)
		;
	return colon < n && line[colon] == ':' ? length : 0;
}

static gboolean
is_blank(const char *line, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (!g_ascii_isspace(line[i]))
			return FALSE;
	return TRUE;
}

static void
append_value(Field *field, const char *text, gsize n)
{
	while (n > 0 && g_ascii_isspace(*text)) {
		text++;
		n--;
	}
	while (n > 0 && g_ascii_isspace(text[n - 1]))
		n--;
	if (field->value->len + n + 1 > VALUE_BYTES)
		return;
	if (field->value->len > 0 && n > 0)
		g_string_append_c(field->value, ' ');
	g_string_append_len(field->value, text, (gssize)n);
}

static void
add_line(MqFields *fields, const char *line, gsize n, gboolean is_first)
{
	Field *last = fields->list->len > 0 ? g_ptr_array_index(fields->list, fields->list->len - 1) : NULL;
	gsize length = name_length(line, n);
	const char *colon;
	Field *field;

	if (last != NULL && (*line == ' ' || *line == '\t')) {
		append_value(last, line, n);
		return;
	}
	if (length == 0 || fields->list->len >= MQ_LIMIT_FIELDS)
		return;
	fields->at_start |= is_first;
	colon = memchr(line, ':', n);
	field = g_new(Field, 1);
	field->name = g_strndup(line, length);
	field->value = g_string_new(NULL);
	append_value(field, colon + 1, n - (gsize)(colon + 1 - line));
	g_ptr_array_add(fields->list, field);
}

static gboolean
is_from_line(const char *line, gsize n)
{
	return (n > 5 && memcmp(line, "From ", 5) == 0) || (n > 6 && memcmp(line, ">From ", 6) == 0);
}

MqFields *
mq_fields_parse(const char *text, gssize n)
{
	MqFields *fields = g_new0(MqFields, 1);
	const char *end = text + (n < 0 ? strlen(text) : (gsize)n);
	gboolean is_first = TRUE;

	fields->list = g_ptr_array_new_with_free_func(field_free);
	if (end - text >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	while (text < end) {
		const char *newline = memchr(text, '\n', (gsize)(end - text));
		gsize length = (gsize)((newline != NULL ? newline : end) - text);

		if (is_blank(text, length)) {
			if (fields->list->len > 0)
				break;
		} else if (!is_first || !is_from_line(text, length)) {
			add_line(fields, text, length, is_first);
			is_first = FALSE;
		}
		text = newline != NULL ? newline + 1 : end;
	}
	return fields;
}

void
mq_fields_free(MqFields *fields)
{
	if (fields == NULL)
		return;
	g_ptr_array_unref(fields->list);
	g_free(fields);
}

guint
mq_fields_count(const MqFields *fields)
{
	return fields->list->len;
}

gboolean
mq_fields_at_start(const MqFields *fields)
{
	return fields->at_start;
}

const char *
mq_fields_get(const MqFields *fields, const char *name, guint i)
{
	for (guint at = 0; at < fields->list->len; at++) {
		const Field *field = g_ptr_array_index(fields->list, at);

		if (g_ascii_strcasecmp(field->name, name) == 0 && i-- == 0)
			return field->value->str;
	}
	return NULL;
}

guint
mq_fields_count_of(const MqFields *fields, const char *name)
{
	guint n = 0;

	while (mq_fields_get(fields, name, n) != NULL)
		n++;
	return n;
}

char *
mq_fields_text(const MqFields *fields, const char *name)
{
	const char *value = mq_fields_get(fields, name, 0);

	return value != NULL ? mq_text_clean(value, -1, MQ_LIMIT_FIELD_BYTES) : NULL;
}
