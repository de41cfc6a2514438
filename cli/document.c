#include "cli/document.h"

#include <string.h>

json_t *
mq_document_new(const char *command)
{
	json_t *document = json_object();
	g_autofree char *schema = g_strdup_printf("marque.%s/1", command);

	json_object_set_new(document, "schema", json_string(schema));
	return document;
}

json_t *
mq_json_text(const char *text)
{
	g_autofree char *valid = NULL;

	if (text == NULL)
		return json_null();
	if (g_utf8_validate(text, -1, NULL))
		return json_string_nocheck(text);
	valid = g_utf8_make_valid(text, -1); /* a file's name: the system has it in bytes */
	return json_string_nocheck(valid);
}

json_t *
mq_json_time(gint64 time_s)
{
	g_autofree char *text = mq_when_to_text(time_s);

	return mq_json_text(text);
}

json_t *
mq_json_count(gint64 count)
{
	return count < 0 ? json_null() : json_integer(count);
}

json_t *
mq_json_word(const MqWords *words, guint value)
{
	return mq_json_text(mq_word(words, value));
}

json_t *
mq_json_address(const MqAddress *address, const char *instead)
{
	g_autofree char *text = NULL;

	if (address->n_bytes == 0)
		return mq_json_text(instead);
	text = mq_address_to_text(address);
	return mq_json_text(text);
}

json_t *
mq_json_texts(const GPtrArray *texts)
{
	json_t *array = json_array();

	for (guint i = 0; texts != NULL && i < texts->len; i++)
		json_array_append_new(array, mq_json_text(g_ptr_array_index(texts, i)));
	return array;
}

json_t *
mq_json_share(gint64 part, gint64 whole)
{
	return json_real(whole > 0 ? (double)part / (double)whole : 0.0);
}

json_t *
mq_json_pass_share(gint64 passed, gint64 messages, gint64 unknown)
{
	return messages > 0 && messages == unknown ? json_null() : mq_json_share(passed, messages - unknown);
}

gboolean
mq_document_has_share(const json_t *row)
{
	return json_integer_value(json_object_get(row, "messages")) > 0
	       && json_is_real(json_object_get(row, "dmarc_pass_share"));
}

static const json_t *
member(const json_t *row, const char *name)
{
	guint64 i;

	if (json_is_array(row) && g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT, &i, NULL))
		return json_array_get(row, (size_t)i);
	return json_object_get(row, name);
}

const json_t *
mq_json_at(const json_t *row, const char *path)
{
	const char *dot = strchr(path, '.');
	g_autofree char *first = NULL;

	if (dot == NULL)
		return member(row, path);
	first = g_strndup(path, (gsize)(dot - path));
	return mq_json_at(member(row, first), dot + 1);
}
