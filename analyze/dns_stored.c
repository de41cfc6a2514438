/* DNS answers kept in the store, and a resolver that answers from there. */
#include <string.h>

#include <jansson.h>

#include "analyze/resolver.h"

typedef struct {
	MqResolver base;
	MqStore *store;
	char *domain;
} Stored;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* MqDnsSeenFunc: the newest answer of its kind wins; rows come oldest first */
static gboolean
take_seen(gpointer ctx, const MqDnsSeen *seen, GError **error)
{
	GHashTable *newest = ctx;
	MqAnswer *answer;
	MqAsk ask;
	MqOutcome outcome;
	g_autoptr(json_t) texts = json_loads(seen->data, 0, NULL);
	const json_t *text;
	size_t i;

	(void)error;
	if (!mq_ask_parse(seen->type, &ask) || !mq_outcome_parse(seen->outcome, &outcome))
		return TRUE; /* of a newer marque */
	answer = mq_answer_new(ask, seen->name, outcome, NULL);
	answer->asked_s = seen->last_seen_s;
	json_array_foreach(texts, i, text) {
		MqDnsRecord *record = json_is_string(text) ? mq_dns_record_parse(ask, json_string_value(text)) : NULL;

		if (record != NULL)
			g_ptr_array_add(answer->records, record);
	}
	g_hash_table_replace(newest, g_strdup(seen->type), answer);
	return TRUE;
}

static gboolean
fill_question(Stored *stored, MqAnswers *answers, const MqQuestion *question, GError **error)
{
	g_autoptr(GHashTable) newest =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mq_answer_free);
	const char *type = mq_ask_word(question->ask);
	g_autofree char *key = NULL;
	MqAnswer *answer = NULL;

	if (!mq_store_dns(stored->store, stored->domain, question->name, take_seen, newest, error))
		return FALSE;
	if (g_hash_table_steal_extended(newest, type, (gpointer *)&key, (gpointer *)&answer))
		mq_answers_put(answers, answer);
	else
		mq_answers_put(answers, mq_answer_new(question->ask, question->name, MQ_ANSWER_UNKNOWN, "no answer is stored"));
	return TRUE;
}

static gboolean
stored_fill(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	Stored *stored = (Stored *)resolver;

	for (guint s = 0; s < n_sets; s++) {
		g_autoptr(GPtrArray) wanted = mq_answers_wanted(sets[s], resolver->kinds);

		for (guint i = 0; i < wanted->len; i++)
			if (!fill_question(stored, sets[s], g_ptr_array_index(wanted, i), error))
				return FALSE;
	}
	return TRUE;
}

static void
stored_free(MqResolver *resolver)
{
	Stored *stored = (Stored *)resolver;

	g_free(stored->domain);
	g_free(stored);
}

MqResolver *
mq_dns_stored_new(MqStore *store, const char *domain)
{
	Stored *stored = g_new0(Stored, 1);

	stored->base = (MqResolver){ .kinds = ~0u, .fill = stored_fill, .free = stored_free };
	stored->store = store;
	stored->domain = g_strdup(domain);
	return &stored->base;
}

static int
compare_texts(gconstpointer left, gconstpointer right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* ["…", "…"], sorted: servers turn them. (transfer full): free() */
static char *
records_json(const MqAnswer *answer)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	g_autoptr(json_t) list = json_array();

	for (guint i = 0; i < answer->records->len; i++)
		g_ptr_array_add(texts, ((const MqDnsRecord *)g_ptr_array_index(answer->records, i))->text);
	g_ptr_array_sort(texts, compare_texts);
	for (guint i = 0; i < texts->len; i++)
		json_array_append_new(list, json_string(g_ptr_array_index(texts, i)));
	return json_dumps(list, JSON_COMPACT);
}

static gboolean
keep_answer(MqStore *store, const char *domain, const MqAnswer *answer, gint64 now_s, GError **error)
{
	gint64 at_s = answer->asked_s != MQ_TIME_ABSENT ? answer->asked_s : now_s;
	char *data = records_json(answer);
	MqDnsSeen seen = {
		.domain = domain,
		.name = answer->name,
		.type = mq_ask_word(answer->ask),
		.outcome = mq_outcome_word(answer->outcome),
		.data = data,
		.first_seen_s = at_s,
		.last_seen_s = at_s,
	};
	gboolean done = mq_store_put_dns(store, &seen, error);

	free(data); /* jansson's */
	return done;
}

gboolean
mq_dns_stored_keep(MqStore *store, const char *domain, const MqAnswers *answers, gint64 now_s, GError **error)
{
	g_autoptr(GPtrArray) all = mq_answers_list(answers);

	for (guint i = 0; i < all->len; i++) {
		const MqAnswer *answer = g_ptr_array_index(all, i);

		if (answer->outcome != MQ_ANSWER_UNKNOWN && !keep_answer(store, domain, answer, now_s, error))
			return FALSE;
	}
	return TRUE;
}
