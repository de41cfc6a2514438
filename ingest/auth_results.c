#include "ingest/auth_results.h"

#include <string.h>

#include "ingest/domain.h"

#define RESULTS 100

static void
result_free(gpointer data)
{
	MqAuthResult *result = data;

	g_free(result->method);
	g_free(result->result);
	g_free(result->domain);
	g_free(result);
}

/* @text without comments; what is quoted stays, without its quotes; a ';' inside quotes is a space. */
static char *
strip_comments(const char *text)
{
	GString *out = g_string_new(NULL);
	guint depth = 0;
	gboolean quoted = FALSE;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '"' && depth == 0)
			quoted = !quoted;
		else if (*text == '(' && !quoted)
			depth++;
		else if (*text == ')' && !quoted && depth > 0)
			depth--;
		else if (depth == 0 && *text != '"')
			g_string_append_c(out, quoted && (*text == ';' || g_ascii_isspace(*text)) ? '_' : *text);
	}
	return g_string_free(out, FALSE);
}

/* What names the identity that a method checked; the first that is there counts. */
static const char *const identities[] = {
	"header.d", "smtp.mailfrom", "smtp.mail", "smtp.from", "header.from", "header.i", "smtp.helo", "from",
};

static char *
find_identity(char *const *words)
{
	for (gsize i = 0; i < G_N_ELEMENTS(identities); i++) {
		gsize n = strlen(identities[i]);

		for (guint w = 0; words[w] != NULL; w++)
			if (g_ascii_strncasecmp(words[w], identities[i], n) == 0 && words[w][n] == '=')
				return mq_domain_of_address(words[w] + n + 1);
	}
	return NULL;
}

/* "dkim=pass header.d=example.com"; NULL when it is none. */
static MqAuthResult *
parse_result(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", 64);
	MqAuthResult *result;
	guint first = 0;
	char *equals;

	while (words[first] != NULL && words[first][0] == '\0')
		first++;
	if (words[first] == NULL || (equals = strchr(words[first], '=')) == NULL || equals == words[first]
	    || strcspn(words[first], ".") < (gsize)(equals - words[first]))
		return NULL;
	result = g_new0(MqAuthResult, 1);
	result->method = g_ascii_strdown(words[first], equals - words[first]);
	result->method[strcspn(result->method, "/")] = '\0';
	result->result = g_ascii_strdown(equals + 1, -1);
	result->domain = find_identity(words + first + 1);
	return result;
}

MqAuthResults *
mq_auth_results_parse(const char *text)
{
	MqAuthResults *results = g_new0(MqAuthResults, 1);
	g_autofree char *plain = strip_comments(text);
	g_auto(GStrv) items = g_strsplit(plain, ";", RESULTS);

	results->results = g_ptr_array_new_with_free_func(result_free);
	for (guint i = 0; items[i] != NULL; i++) {
		MqAuthResult *result = parse_result(items[i]);

		if (result != NULL)
			g_ptr_array_add(results->results, result);
		else if (i == 0 && strchr(items[i], '=') == NULL) {
			g_autofree char *id = g_ascii_strdown(g_strstrip(items[i]), -1);

			id[strcspn(id, " \t")] = '\0'; /* a version may follow */
			results->authserv_id = *id != '\0' ? g_steal_pointer(&id) : NULL;
		}
	}
	return results;
}

void
mq_auth_results_free(MqAuthResults *results)
{
	if (results == NULL)
		return;
	g_free(results->authserv_id);
	g_ptr_array_unref(results->results);
	g_free(results);
}

gboolean
mq_domains_roughly_aligned(const char *a, const char *b)
{
	return mq_domain_is_within(a, b) || mq_domain_is_within(b, a);
}

const MqAuthResult *
mq_auth_results_find(const MqAuthResults *results, const char *method)
{
	for (guint i = 0; i < results->results->len; i++) {
		const MqAuthResult *result = g_ptr_array_index(results->results, i);

		if (strcmp(result->method, method) == 0)
			return result;
	}
	return NULL;
}

int
mq_auth_results_aligned(const MqAuthResults *results, const char *method, const char *from)
{
	int aligned = -1;

	for (guint i = 0; i < results->results->len; i++) {
		const MqAuthResult *result = g_ptr_array_index(results->results, i);

		if (strcmp(result->method, method) != 0)
			continue;
		if (strcmp(result->result, "pass") == 0 && result->domain != NULL
		    && mq_domains_roughly_aligned(result->domain, from))
			return 1;
		aligned = 0;
	}
	return aligned;
}
