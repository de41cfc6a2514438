/* DNS answers kept in the store, and a resolver that answers from there. */
#include <string.h>

#include <jansson.h>

#include "analyze/changes.h"
#include "analyze/resolver.h"
#include "ingest/domain.h"
#include "ingest/limits.h"

typedef struct {
	MqResolver base;
	MqStore *store;
	char *domain;
	GHashTable *newest; /* "TXT name" -> MqAnswer *; NULL until somebody asks */
} Stored;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

static char *
question_key(MqAsk ask, const char *name)
{
	return g_strconcat(mq_ask_word(ask), " ", name, NULL);
}

/* (transfer full) (nullable): what a newer marque stored */
static MqAnswer *
parse_seen(const MqDnsSeen *seen)
{
	g_autoptr(json_t) texts = NULL;
	MqAnswer *answer;
	MqAsk ask;
	MqOutcome outcome;
	const json_t *text;
	size_t i;

	if (!mq_ask_parse(seen->type, &ask) || !mq_outcome_parse(seen->outcome, &outcome))
		return NULL;
	answer = mq_answer_new(ask, seen->name, outcome, NULL);
	answer->asked_s = seen->last_seen_s;
	texts = json_loads(seen->data, 0, NULL);
	json_array_foreach(texts, i, text) {
		MqDnsRecord *record = json_is_string(text) ? mq_dns_record_parse(ask, json_string_value(text)) : NULL;

		if (record != NULL)
			g_ptr_array_add(answer->records, record);
	}
	return answer;
}

/* MqDnsSeenFunc: of several for one question the one that was seen last counts. */
static gboolean
take_seen(gpointer ctx, const MqDnsSeen *seen, GError **error)
{
	GHashTable *newest = ctx;
	MqAnswer *answer = parse_seen(seen);
	g_autofree char *key = NULL;
	const MqAnswer *known;

	(void)error;
	if (answer == NULL)
		return TRUE;
	key = question_key(answer->ask, seen->name);
	known = g_hash_table_lookup(newest, key);
	if (known != NULL && known->asked_s > seen->last_seen_s)
		mq_answer_free(answer);
	else
		g_hash_table_replace(newest, g_steal_pointer(&key), answer);
	return TRUE;
}

static const MqAnswer *
find_newest(const Stored *stored, MqAsk ask, const char *name)
{
	g_autofree char *key = question_key(ask, name);

	return g_hash_table_lookup(stored->newest, key);
}

/* The CNAMEs on the way to the answer: those that were seen when it was. */
static void
add_aliases(const Stored *stored, MqAnswer *answer)
{
	const MqAnswer *alias = find_newest(stored, MQ_ASK_CNAME, answer->name);

	while (alias != NULL && alias->records->len > 0 && alias->asked_s >= answer->asked_s
	       && answer->aliases->len < MQ_LIMIT_DNS_ALIASES) {
		const char *target = ((const MqDnsRecord *)g_ptr_array_index(alias->records, 0))->host;

		g_ptr_array_add(answer->aliases, g_strdup(target));
		alias = find_newest(stored, MQ_ASK_CNAME, target);
	}
}

static void
fill_question(const Stored *stored, MqAnswers *answers, const MqQuestion *question)
{
	const MqAnswer *newest = find_newest(stored, question->ask, question->name);
	MqAnswer *answer;

	if (newest == NULL) {
		answer = mq_answer_new(question->ask, question->name, MQ_ANSWER_UNKNOWN, "no answer is stored");
	} else {
		answer = mq_answer_copy(newest);
		if (question->ask != MQ_ASK_CNAME)
			add_aliases(stored, answer);
	}
	mq_answers_put(answers, answer);
}

static gboolean
stored_fill(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	Stored *stored = (Stored *)resolver;

	if (stored->newest == NULL) {
		stored->newest = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mq_answer_free);
		if (!mq_store_dns(stored->store, stored->domain, NULL, take_seen, stored->newest, error))
			return FALSE;
	}
	for (guint s = 0; s < n_sets; s++) {
		g_autoptr(GPtrArray) wanted = mq_answers_wanted(sets[s], resolver->kinds);

		for (guint i = 0; i < wanted->len; i++)
			fill_question(stored, sets[s], g_ptr_array_index(wanted, i));
	}
	return TRUE;
}

static void
stored_free(MqResolver *resolver)
{
	Stored *stored = (Stored *)resolver;

	g_clear_pointer(&stored->newest, g_hash_table_unref);
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
keep_row(MqStore *store, const char *domain, const MqAnswer *answer, gint64 at_s, GError **error)
{
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

/* The answer, and each CNAME on the way to it as an answer of its own. */
static gboolean
keep_answer(MqStore *store, const char *domain, const MqAnswer *answer, gint64 now_s, GError **error)
{
	gint64 at_s = answer->asked_s != MQ_TIME_ABSENT ? answer->asked_s : now_s;
	const char *name = answer->name;

	for (guint i = 0; i < answer->aliases->len; i++) {
		const char *target = g_ptr_array_index(answer->aliases, i);
		g_autoptr(MqAnswer) alias = mq_answer_new(MQ_ASK_CNAME, name, MQ_ANSWER_FOUND, NULL);

		g_ptr_array_add(alias->records, mq_dns_record_parse(MQ_ASK_CNAME, target));
		if (!keep_row(store, domain, alias, at_s, error))
			return FALSE;
		name = target;
	}
	return keep_row(store, domain, answer, at_s, error);
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

/* ------------------------------------------------------------------- changes */

#define TOLD_CHARACTERS 160 /* of a record: a key is longer, and who wants it asks 'marque history' */

typedef struct {
	GPtrArray *changes;
	const char *domain;
	gint64 since_s, until_s;
	GHashTable *texts; /* "TXT name" -> what it last was */
} Comparing;

/* What mail depends on: MX, and TXT that says what version it is of; other TXT comes and goes. */
static char *
texts_that_matter(const MqAnswer *answer)
{
	GString *texts = g_string_new(NULL);

	for (guint i = 0; i < answer->records->len; i++) {
		const char *text = ((const MqDnsRecord *)g_ptr_array_index(answer->records, i))->text;

		if (answer->ask == MQ_ASK_MX || g_ascii_strncasecmp(text, "v=", 2) == 0
		    || strstr(answer->name, "._domainkey.") != NULL)
			g_string_append_printf(texts, "%s%s", texts->len > 0 ? ", " : "", text);
	}
	return g_string_free(texts, FALSE);
}

/* "'v=spf1 -all'", cut; "nothing". (transfer full) */
static char *
told(const char *texts)
{
	g_autofree char *cut = g_utf8_strlen(texts, -1) > TOLD_CHARACTERS ? g_utf8_substring(texts, 0, TOLD_CHARACTERS) : NULL;

	if (*texts == '\0')
		return g_strdup("nothing");
	return g_strdup_printf("'%s%s'", cut != NULL ? cut : texts, cut != NULL ? "…" : "");
}

static void
compare_texts_of(const Comparing *comparing, const MqDnsSeen *seen, const char *before, const char *now)
{
	g_autofree char *told_before = told(before);
	g_autofree char *told_now = told(now);

	if (strcmp(before, now) == 0 || seen->first_seen_s < comparing->since_s || seen->first_seen_s >= comparing->until_s)
		return;
	mq_changes_add(comparing->changes, "dns-changed", mq_when_day(seen->first_seen_s), seen->name, *now == '\0',
	               "%s is %s now, was %s", seen->type, told_now, told_before);
}

/* MqDnsSeenFunc; the oldest come first */
static gboolean
compare_seen(gpointer ctx, const MqDnsSeen *seen, GError **error)
{
	const Comparing *comparing = ctx;
	MqAnswer *answer = parse_seen(seen);
	const char *before;

	(void)error;
	if (answer == NULL)
		return TRUE;
	if ((answer->ask == MQ_ASK_TXT || answer->ask == MQ_ASK_MX) && mq_domain_is_within(seen->name, comparing->domain)) {
		char *key = question_key(answer->ask, seen->name);
		char *now = texts_that_matter(answer);

		before = g_hash_table_lookup(comparing->texts, key);
		if (before != NULL)
			compare_texts_of(comparing, seen, before, now);
		g_hash_table_replace(comparing->texts, key, now);
	}
	mq_answer_free(answer);
	return TRUE;
}

gboolean
mq_dns_stored_changes(MqStore *store, const char *domain, gint64 since_s, gint64 until_s, GPtrArray *changes, GError **error)
{
	g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	Comparing comparing = { changes, domain, since_s, until_s, texts };

	return mq_store_dns(store, domain, NULL, compare_seen, &comparing, error);
}
