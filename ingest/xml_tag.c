#include "ingest/xml_tag.h"

#include <string.h>

enum { NAME_START = 1 << 0, NAME = 1 << 1 };

static const guint8 kinds[256] = {
	['A' ... 'Z'] = NAME_START | NAME, ['a' ... 'z'] = NAME_START | NAME, ['_'] = NAME_START | NAME,
	['0' ... '9'] = NAME,              ['-'] = NAME,                      ['.'] = NAME,
	[':'] = NAME,
};

static gboolean
is_name_start(char c)
{
	return (kinds[(guint8)c] & NAME_START) != 0;
}

static gboolean
is_name(char c)
{
	return (kinds[(guint8)c] & NAME) != 0;
}

/* @colon: (nullable): the first in the name. FALSE: more than one prefix, or an empty one. */
static gboolean
set_name(MqXmlTag *tag, const char *name, gsize n, const char *colon)
{
	tag->name = name;
	tag->n_name = MIN(n, MQ_XML_NAME_BYTES);
	tag->n_prefix = 0;
	if (colon == NULL)
		return TRUE;
	if (!is_name_start(colon[1]))
		return FALSE;
	if ((gsize)(colon - name) >= tag->n_name)
		return TRUE; /* cut before it */
	tag->n_prefix = (gsize)(colon - name);
	return memchr(colon + 1, ':', tag->n_name - tag->n_prefix - 1) == NULL;
}

/* Up to the '>' that is not quoted; 0 when a '<' comes first, @n when there is none yet. */
static gsize
find_end(const char *text, gsize at, gsize n)
{
	char quote = '\0';

	for (; at < n && (text[at] != '>' || quote != '\0'); at++) {
		if (text[at] == '<')
			return 0;
		if (quote != '\0')
			quote = text[at] == quote ? '\0' : quote;
		else if (text[at] == '"' || text[at] == '\'')
			quote = text[at];
	}
	return at;
}

MqXmlFound
mq_xml_tag_find(MqXmlTag *tag, const char *text, gsize n)
{
	gsize most = MIN(n, MQ_XML_TAG_BYTES);
	gsize i = 1, name_at, end;
	const char *colon = NULL;

	tag->is_end = n > 1 && text[1] == '/';
	i += tag->is_end ? 1 : 0;
	name_at = i;
	if (i < n && !is_name_start(text[i]))
		return MQ_XML_FOUND_NONE;
	for (; i < n && is_name(text[i]); i++)
		if (text[i] == ':' && colon == NULL)
			colon = text + i;
	if (i < n && ((text[i] != '>' && text[i] != '/' && !g_ascii_isspace(text[i]))
	              || !set_name(tag, text + name_at, i - name_at, colon)))
		return MQ_XML_FOUND_NONE;
	end = i < most && text[i] == '>' ? i : find_end(text, MIN(i, most), most);
	if (end == 0)
		return MQ_XML_FOUND_NONE;
	if (end == most)
		return most == MQ_XML_TAG_BYTES ? MQ_XML_FOUND_NONE : MQ_XML_FOUND_MORE;
	tag->attributes = text + i;
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
	if (n_name < 5 || n_name > MQ_XML_NAME_BYTES || memcmp(name, "xmlns", 5) != 0)
		return FALSE;
	if (n_name > 5 && (name[5] != ':' || !is_name_start(name[6]) || memchr(name + 6, ':', n_name - 6) != NULL))
		return FALSE;
	for (gsize i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == '&')
			return FALSE;
	return n > 0;
}

/* "xmlns" or "xmlns:prefix". */
static MqXmlNamespace
namespace_of(const char *name, gsize n_name, const char *value, gsize n)
{
	gsize skip = MIN(n_name, strlen("xmlns:"));

	return (MqXmlNamespace){ .prefix = name + skip, .n_prefix = n_name - skip, .uri = value, .n_uri = n };
}

gboolean
mq_xml_tag_namespaces(const MqXmlTag *tag, void (*declare)(gpointer ctx, const MqXmlNamespace *ns), gpointer ctx)
{
	const char *text = tag->attributes;
	gsize n = tag->n_attributes;

	for (gsize i = span(text, 0, n, is_space); i < n; i = span(text, i, n, is_space)) {
		gsize name_end = span(text, i, n, is_name), equals = span(text, name_end, n, is_space), open;
		const char *value, *close;

		open = span(text, equals + 1, n, is_space);
		close = equals < n && text[equals] == '=' && open < n && (text[open] == '"' || text[open] == '\'')
		                ? memchr(text + open + 1, text[open], n - open - 1)
		                : NULL;
		if (name_end == i || close == NULL)
			return FALSE;
		value = text + open + 1;
		if (is_namespace(text + i, name_end - i, value, (gsize)(close - value))) {
			const MqXmlNamespace ns = namespace_of(text + i, name_end - i, value, (gsize)(close - value));

			declare(ctx, &ns);
		}
		i = (gsize)(close - text) + 1;
	}
	return TRUE;
}
