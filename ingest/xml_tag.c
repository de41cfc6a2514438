#include "ingest/xml_tag.h"

#include <string.h>

static gboolean
is_name_start(char c)
{
	return g_ascii_isalpha(c) || c == '_';
}

static gboolean
is_name(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == ':';
}

/* FALSE: more than one prefix, or an empty one. */
static gboolean
copy_name(char name[MQ_XML_NAME_BYTES], const char *text, gsize n)
{
	const char *colon = memchr(text, ':', n);

	n = MIN(n, MQ_XML_NAME_BYTES - 1);
	memcpy(name, text, n);
	name[n] = '\0';
	return colon == NULL || (is_name_start(colon[1]) && strchr(name, ':') == strrchr(name, ':'));
}

MqXmlFound
mq_xml_tag_find(MqXmlTag *tag, const char *text, gsize n, gboolean final)
{
	gsize i = 1, name_at, end = 0;
	char quote = '\0';

	tag->is_end = n > 1 && text[1] == '/';
	i += tag->is_end ? 1 : 0;
	name_at = i;
	if (i < n && !is_name_start(text[i]))
		return MQ_XML_FOUND_NONE;
	while (i < n && is_name(text[i]))
		i++;
	if (i < n && ((text[i] != '>' && text[i] != '/' && !g_ascii_isspace(text[i]))
	              || !copy_name(tag->name, text + name_at, i - name_at)))
		return MQ_XML_FOUND_NONE;
	tag->attributes = text + i;
	for (end = i; end < n && end < MQ_XML_TAG_BYTES; end++) {
		if (text[end] == '<')
			return MQ_XML_FOUND_NONE;
		if (quote != '\0')
			quote = text[end] == quote ? '\0' : quote;
		else if (text[end] == '"' || text[end] == '\'')
			quote = text[end];
		else if (text[end] == '>')
			break;
	}
	if (end == n || end == MQ_XML_TAG_BYTES)
		return final || end == MQ_XML_TAG_BYTES ? MQ_XML_FOUND_NONE : MQ_XML_FOUND_MORE;
	tag->is_empty = !tag->is_end && end > i && text[end - 1] == '/';
	tag->n_attributes = end - i - (tag->is_empty ? 1 : 0);
	tag->n = end + 1;
	return MQ_XML_FOUND_TAG;
}

static gsize
span(const char *text, gsize at, gsize n, gboolean (*is)(char c))
{
	while (at < n && is(text[at]))
		at++;
	return at;
}

static gboolean
is_space(char c)
{
	return g_ascii_isspace(c);
}

/* Whether a declaration of a namespace can pass as it is. */
static gboolean
is_namespace(const char *name, gsize n_name, const char *value, gsize n)
{
	if (n_name < 5 || n_name >= MQ_XML_NAME_BYTES || memcmp(name, "xmlns", 5) != 0)
		return FALSE;
	if (n_name > 5 && (name[5] != ':' || !is_name_start(name[6]) || memchr(name + 6, ':', n_name - 6) != NULL))
		return FALSE;
	for (gsize i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == '&')
			return FALSE;
	return n > 0;
}

gboolean
mq_xml_tag_namespaces(const MqXmlTag *tag, GString *out)
{
	const char *text = tag->attributes;
	gsize n = tag->n_attributes, first = out->len;

	for (gsize i = span(text, 0, n, is_space); i < n; i = span(text, i, n, is_space)) {
		gsize name_end = span(text, i, n, is_name), equals = span(text, name_end, n, is_space), open;
		const char *close;

		open = span(text, equals + 1, n, is_space);
		close = equals < n && text[equals] == '=' && open < n && (text[open] == '"' || text[open] == '\'')
		                ? memchr(text + open + 1, text[open], n - open - 1)
		                : NULL;
		if (name_end == i || close == NULL)
			return FALSE;
		if (is_namespace(text + i, name_end - i, text + open + 1, (gsize)(close - text) - open - 1)) {
			g_autofree char *name = g_strdup_printf(" %.*s=", (int)(name_end - i), text + i);

			if (strstr(out->str + first, name) == NULL) {
				g_string_append(out, name);
				g_string_append_len(out, text + open, close + 1 - (text + open));
			}
		}
		i = (gsize)(close - text) + 1;
	}
	return TRUE;
}
