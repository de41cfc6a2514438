#include "ingest/mime_value.h"

#include <string.h>

enum { TOKEN = 1 << 0, SPACE = 1 << 1 };

/* Of the characters that RFC 2045 allows in a token those that nothing gives a further meaning. */
static const guint8 kinds[256] = {
	['A' ... 'Z'] = TOKEN, ['a' ... 'z'] = TOKEN, ['0' ... '9'] = TOKEN,
	['-'] = TOKEN, ['.'] = TOKEN, ['_'] = TOKEN, ['+'] = TOKEN, ['!'] = TOKEN,
	[' '] = SPACE, ['\t'] = SPACE, ['\r'] = SPACE, ['\n'] = SPACE,
};

static char *
skip(char *at, guint8 kind)
{
	while (kinds[(guint8)*at] & kind)
		at++;
	return at;
}

/* Ends the token or the quoted text that begins at *@at; NULL when there is none. */
static const char *
take_value(char **at)
{
	char *start = *at, *end;

	if (*start != '"') {
		*at = skip(start, TOKEN);
		return *at > start ? start : NULL;
	}
	for (end = ++start; *end != '"'; end++)
		if (*end < ' ' || *end > '~' || *end == '\\' || (*end == '=' && end[1] == '?'))
			return NULL;
	*end = '\0';
	*at = end + 1;
	return end > start ? start : NULL;
}

/* What is behind a word or value: FALSE, or *@more. Ends it. */
static gboolean
take_separator(char **at, gboolean *more)
{
	char *end = *at;
	char *next = skip(end, SPACE);

	*more = *next == ';';
	if (!*more && *next != '\0')
		return FALSE;
	*at = *more ? skip(next + 1, SPACE) : next;
	*end = '\0';
	return TRUE;
}

static gboolean
take_param(MqMimeValue *value, char **at)
{
	const char *name = *at;
	char *end = skip(*at, TOKEN);
	const char *text;

	if (end == name || *end != '=' || value->n_params == MQ_MIME_VALUE_PARAMS)
		return FALSE;
	*end = '\0';
	*at = end + 1;
	text = take_value(at);
	if (text == NULL || mq_mime_value_param(value, name) != NULL)
		return FALSE;
	value->params[value->n_params].name = name;
	value->params[value->n_params++].value = text;
	return TRUE;
}

gboolean
mq_mime_value_parse(MqMimeValue *value, const char *text, gsize n, gboolean is_type)
{
	char *at, *word;
	gboolean more;

	if (n > MQ_MIME_VALUE_BYTES)
		return FALSE;
	memcpy(value->text, text, n);
	value->text[n] = '\0';
	value->n_params = 0;
	word = skip(value->text, SPACE);
	value->word = word;
	at = skip(word, TOKEN);
	if (at == word)
		return FALSE;
	if (is_type) {
		word = at + 1;
		at = *at == '/' ? skip(word, TOKEN) : word;
		if (at == word)
			return FALSE;
	}
	if (!take_separator(&at, &more))
		return FALSE;
	while (more)
		if (!take_param(value, &at) || !take_separator(&at, &more))
			return FALSE;
	return TRUE;
}

const char *
mq_mime_value_param(const MqMimeValue *value, const char *name)
{
	for (guint i = 0; i < value->n_params; i++)
		if (g_ascii_strcasecmp(value->params[i].name, name) == 0)
			return value->params[i].value;
	return NULL;
}
