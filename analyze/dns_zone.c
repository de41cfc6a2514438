/* A resolver that answers from a file of records: what a domain means to publish, or DNS that was
 * written down. What is not in the file does not exist. */
#include <string.h>

#include "analyze/resolver.h"
#include "ingest/domain.h"
#include "ingest/error.h"

#define ZONE_BYTES_MAX (1024 * 1024)
#define ALIASES_MAX    8

typedef struct {
	MqResolver base;
	GHashTable *records; /* "TXT example.com" -> GPtrArray of char * */
	GHashTable *names;   /* that have records, or names below them that do */
} Zone;

static char *
key_of(MqAsk ask, const char *name)
{
	return g_strconcat(mq_ask_word(ask), " ", name, NULL);
}

static void
add_names(Zone *zone, const char *name)
{
	for (; name != NULL; name = mq_domain_parent(name))
		g_hash_table_add(zone->names, g_strdup(name));
}

/* Strings in quotes are joined with nothing between, as DNS has them. (nullable) (transfer full) */
static char *
text_of(MqAsk ask, const char *data)
{
	g_auto(GStrv) strings = NULL;

	if (ask != MQ_ASK_TXT || *data != '"')
		return g_strdup(data);
	return g_shell_parse_argv(data, NULL, &strings, NULL) ? g_strjoinv(NULL, strings) : NULL;
}

static gboolean
add_record(Zone *zone, const char *name, MqAsk ask, const char *data)
{
	g_autofree char *key = key_of(ask, name);
	g_autofree char *text = text_of(ask, data);
	g_autoptr(MqDnsRecord) record = text != NULL ? mq_dns_record_parse(ask, text) : NULL;
	GPtrArray *texts = g_hash_table_lookup(zone->records, key);

	if (record == NULL)
		return FALSE;
	if (texts == NULL) {
		texts = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(zone->records, g_steal_pointer(&key), texts);
	}
	g_ptr_array_add(texts, g_steal_pointer(&text));
	add_names(zone, name);
	return TRUE;
}

/* The next word of @rest, which goes on after it. (transfer full) */
static char *
next_word(const char **rest)
{
	gsize n = strcspn(*rest, " \t");
	char *word = g_strndup(*rest, n);

	*rest += n;
	*rest += strspn(*rest, " \t");
	return word;
}

/* NAME [TTL] [IN] TYPE DATA */
static gboolean
add_line(Zone *zone, const char *line)
{
	g_autofree char *written = next_word(&line);
	gboolean valid;
	g_autofree char *name = mq_domain_normalize(written, &valid);
	MqAsk ask;

	for (guint i = 0; i < 3 && valid; i++) {
		g_autofree char *word = next_word(&line);

		if (mq_ask_parse(word, &ask))
			return (MQ_ASK_BIT(ask) & MQ_ASK_DNS) != 0 && add_record(zone, name, ask, line);
		if (g_ascii_strcasecmp(word, "IN") != 0 && !g_ascii_string_to_unsigned(word, 10, 0, G_MAXUINT32, NULL, NULL))
			return FALSE;
	}
	return FALSE;
}

static gboolean
read_lines(Zone *zone, const char *path, const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		const char *line = g_strstrip(lines[i]);

		if (*line == '\0' || *line == '#' || *line == ';' || add_line(zone, line))
			continue;
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s', line %u: want NAME TYPE DATA, as in 'example.com MX 10 mx.example.com'",
		            path, i + 1);
		return FALSE;
	}
	return TRUE;
}

static GPtrArray *
texts_at(const Zone *zone, MqAsk ask, const char *name)
{
	g_autofree char *key = key_of(ask, name);

	return g_hash_table_lookup(zone->records, key);
}

/* A CNAME is followed, unless it is what was asked for. */
static void
answer_question(const Zone *zone, MqAnswers *answers, const MqQuestion *question)
{
	g_autofree char *name = g_strdup(question->name);
	g_autoptr(GPtrArray) aliases = g_ptr_array_new_with_free_func(g_free);
	const GPtrArray *alias;
	const GPtrArray *texts;
	MqAnswer *answer;

	for (guint i = 0; i < ALIASES_MAX && question->ask != MQ_ASK_CNAME; i++) {
		if (texts_at(zone, question->ask, name) != NULL || (alias = texts_at(zone, MQ_ASK_CNAME, name)) == NULL)
			break;
		g_free(name);
		name = mq_domain_normalize(g_ptr_array_index(alias, 0), NULL);
		g_ptr_array_add(aliases, g_strdup(name));
	}
	texts = texts_at(zone, question->ask, name);
	answer = mq_answer_new(question->ask, question->name,
	                       texts != NULL                                 ? MQ_ANSWER_FOUND
	                       : g_hash_table_contains(zone->names, name) ? MQ_ANSWER_NO_DATA
	                                                                     : MQ_ANSWER_NO_NAME,
	                       NULL);
	g_ptr_array_extend_and_steal(answer->aliases, g_steal_pointer(&aliases));
	for (guint i = 0; texts != NULL && i < texts->len; i++)
		g_ptr_array_add(answer->records, mq_dns_record_parse(question->ask, g_ptr_array_index(texts, i)));
	mq_answers_put(answers, answer);
}

static gboolean
zone_fill(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	(void)error;
	for (guint s = 0; s < n_sets; s++) {
		g_autoptr(GPtrArray) wanted = mq_answers_wanted(sets[s], resolver->kinds);

		for (guint i = 0; i < wanted->len; i++)
			answer_question((const Zone *)resolver, sets[s], g_ptr_array_index(wanted, i));
	}
	return TRUE;
}

static void
zone_free(MqResolver *resolver)
{
	Zone *zone = (Zone *)resolver;

	g_hash_table_unref(zone->records);
	g_hash_table_unref(zone->names);
	g_free(zone);
}

MqResolver *
mq_dns_zone_new(const char *path, GError **error)
{
	Zone *zone = g_new0(Zone, 1);
	g_autoptr(MqResolver) resolver = &zone->base;
	g_autofree char *text = NULL;
	gsize bytes;

	zone->base = (MqResolver){ .kinds = MQ_ASK_DNS, .fill = zone_fill, .free = zone_free };
	zone->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	zone->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!g_file_get_contents(path, &text, &bytes, error))
		return NULL;
	if (bytes > ZONE_BYTES_MAX || !g_utf8_validate(text, (gssize)bytes, NULL)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no file of DNS records: not UTF-8, or over %d bytes", path,
		            ZONE_BYTES_MAX);
		return NULL;
	}
	return read_lines(zone, path, text, error) ? g_steal_pointer(&resolver) : NULL;
}
