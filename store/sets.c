#include "store/sets.h"

#define LOADED_MAX 20000 /* a report may have two million different ones */

static void
set_free(gpointer data)
{
	MqSet *set = data;

	for (guint i = 0; i < set->n_dkim; i++) {
		g_free(set->dkim[i].domain);
		g_free(set->dkim[i].selector);
		g_free(set->dkim[i].human_result);
	}
	for (guint i = 0; i < set->n_spf; i++) {
		g_free(set->spf[i].domain);
		g_free(set->spf[i].human_result);
	}
	for (guint i = 0; i < set->n_reasons; i++) {
		g_free(set->reasons[i].type_text);
		g_free(set->reasons[i].comment);
	}
	g_free(set->dkim);
	g_free(set->spf);
	g_free(set->reasons);
	g_free(set);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSet, set_free)

void
mq_sets_init(MqSets *sets, MqStore *store)
{
	sets->store = store;
	sets->auth = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, set_free);
	sets->reasons = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, set_free);
	sets->texts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
}

void
mq_sets_clear(MqSets *sets)
{
	g_clear_pointer(&sets->auth, g_hash_table_unref);
	g_clear_pointer(&sets->reasons, g_hash_table_unref);
	g_clear_pointer(&sets->texts, g_hash_table_unref);
}

gboolean
mq_sets_text(MqSets *sets, gint64 id, const char **text, GError **error)
{
	g_autoptr(MqQuery) ask = NULL;
	gpointer known;
	gboolean row;

	if (id == 0) {
		*text = NULL;
		return TRUE;
	}
	if (g_hash_table_lookup_extended(sets->texts, &id, NULL, &known)) {
		*text = known;
		return TRUE;
	}
	ask = mq_db_ask(sets->store, MQ_QUERY_TEXT, error, "i", id);
	if (ask == NULL || !mq_db_step(sets->store, ask, &row, error))
		return FALSE;
	known = row ? g_strdup(mq_db_text(ask, 0)) : NULL;
	g_hash_table_insert(sets->texts, g_memdup2(&id, sizeof(id)), known);
	*text = known;
	return TRUE;
}

void
mq_sets_trim(MqSets *sets)
{
	if (g_hash_table_size(sets->texts) >= LOADED_MAX)
		g_hash_table_remove_all(sets->texts);
}

static void
add_signature(MqSet *set, MqQuery *row)
{
	set->dkim = g_renew(MqDkimResult, set->dkim, set->n_dkim + 1);
	set->dkim[set->n_dkim++] = (MqDkimResult){
		.domain = g_strdup(mq_db_text(row, 0)),
		.selector = g_strdup(mq_db_text(row, 1)),
		.result = (MqResult)mq_db_int(row, 2),
		.human_result = g_strdup(mq_db_text(row, 3)),
	};
}

static void
add_spf(MqSet *set, MqQuery *row)
{
	set->spf = g_renew(MqSpfResult, set->spf, set->n_spf + 1);
	set->spf[set->n_spf++] = (MqSpfResult){
		.domain = g_strdup(mq_db_text(row, 0)),
		.scope = (MqScope)mq_db_int(row, 1),
		.result = (MqResult)mq_db_int(row, 2),
		.human_result = g_strdup(mq_db_text(row, 3)),
	};
}

static void
add_reason(MqSet *set, MqQuery *row)
{
	set->reasons = g_renew(MqReason, set->reasons, set->n_reasons + 1);
	set->reasons[set->n_reasons++] = (MqReason){
		.type = (MqReasonType)mq_db_int(row, 0),
		.type_text = g_strdup(mq_db_text(row, 1)),
		.comment = g_strdup(mq_db_text(row, 2)),
	};
}

static gboolean
fill(MqStore *store, MqSet *set, MqQueryName name, gint64 id, void (*add)(MqSet *, MqQuery *), GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, name, error, "i", id);
	gboolean row = ask != NULL;

	while (row) {
		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (row)
			add(set, ask);
	}
	return ask != NULL;
}

static const MqSet *
keep(GHashTable *loaded, gint64 id, MqSet *set)
{
	gint64 *key = g_new(gint64, 1);

	if (g_hash_table_size(loaded) >= LOADED_MAX)
		g_hash_table_remove_all(loaded);
	*key = id;
	g_hash_table_insert(loaded, key, set);
	return set;
}

const MqSet *
mq_sets_auth(MqSets *sets, gint64 id, GError **error)
{
	const MqSet *known = g_hash_table_lookup(sets->auth, &id);
	g_autoptr(MqSet) set = NULL;

	if (known != NULL)
		return known;
	set = g_new0(MqSet, 1);
	if (!fill(sets->store, set, MQ_QUERY_AUTH_DKIM, id, add_signature, error)
	    || !fill(sets->store, set, MQ_QUERY_AUTH_SPF, id, add_spf, error))
		return NULL;
	return keep(sets->auth, id, g_steal_pointer(&set));
}

const MqSet *
mq_sets_reasons(MqSets *sets, gint64 id, GError **error)
{
	const MqSet *known = g_hash_table_lookup(sets->reasons, &id);
	g_autoptr(MqSet) set = NULL;

	if (known != NULL)
		return known;
	set = g_new0(MqSet, 1);
	if (!fill(sets->store, set, MQ_QUERY_REASONS, id, add_reason, error))
		return NULL;
	return keep(sets->reasons, id, g_steal_pointer(&set));
}
