#include "store/intern.h"

#include <string.h>

#include "ingest/digest.h"

/* Ids kept in memory; a run over millions of mails must not grow with them. */
#define INTERNED_MAX 200000
#define HASH_BYTES   MQ_HASH_BYTES

/* The id of what find/put know by the same parameters. Both were bound by the caller. */
static gboolean
find_or_put(MqStore *store, MqQuery *find, MqQuery *put, gint64 *id, gboolean *made, GError **error)
{
	gboolean row = FALSE;

	if (find == NULL || put == NULL || !mq_db_step(store, find, &row, error))
		return FALSE;
	*made = !row;
	if (row) {
		*id = mq_db_int(find, 0);
		return TRUE;
	}
	if (!mq_db_do(store, put, error))
		return FALSE;
	*id = sqlite3_last_insert_rowid(store->db);
	return TRUE;
}

static GHashTable *
interned(MqStore *store, MqIntern kind)
{
	GHashTable *table = store->interned[kind];

	if (g_hash_table_size(table) >= INTERNED_MAX)
		g_hash_table_remove_all(table);
	return table;
}

void
mq_intern_forget(MqStore *store)
{
	for (guint i = 0; i < MQ_INTERN_N; i++)
		g_hash_table_remove_all(store->interned[i]);
}

static gboolean
recall(GHashTable *table, gconstpointer bytes, gsize n, gint64 *id)
{
	g_autoptr(GBytes) key = g_bytes_new_static(bytes, n);
	gpointer value = g_hash_table_lookup(table, key);

	if (value == NULL)
		return FALSE;
	*id = *(gint64 *)value;
	return TRUE;
}

static void
remember(GHashTable *table, gconstpointer bytes, gsize n, gint64 id)
{
	gint64 *value = g_new(gint64, 1);

	*value = id;
	g_hash_table_insert(table, g_bytes_new(bytes, n), value);
}

gboolean
mq_intern_text(MqStore *store, const char *text, gint64 *id, GError **error)
{
	GHashTable *table = interned(store, MQ_INTERN_TEXT);
	gboolean made;

	*id = 0;
	if (text == NULL || recall(table, text, strlen(text) + 1, id))
		return TRUE;
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_TEXT_FIND, error, "t", text);
	g_autoptr(MqQuery) put = find != NULL ? mq_db_ask(store, MQ_QUERY_TEXT_PUT, error, "t", text) : NULL;

	if (!find_or_put(store, find, put, id, &made, error))
		return FALSE;
	remember(table, text, strlen(text) + 1, *id);
	return TRUE;
}

gboolean
mq_intern_address(MqStore *store, const MqAddress *address, const char *other, gint64 *id, GError **error)
{
	GHashTable *table = interned(store, MQ_INTERN_ADDRESS);
	gboolean is_address = address->n_bytes > 0;
	g_autofree char *text = is_address ? mq_address_to_text(address) : g_strdup(other);
	gboolean made;

	*id = 0;
	if (text == NULL || recall(table, text, strlen(text) + 1, id))
		return TRUE;
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_ADDRESS_FIND, error, "t", text);
	g_autoptr(MqQuery) put = find == NULL ? NULL
	                                    : mq_db_ask(store, MQ_QUERY_ADDRESS_PUT, error, "tb", text, address->bytes,
	                                                (gsize)address->n_bytes);

	if (!find_or_put(store, find, put, id, &made, error))
		return FALSE;
	remember(table, text, strlen(text) + 1, *id);
	return TRUE;
}

gboolean
mq_intern_identity(MqStore *store, const MqRecord *record, gint64 *header_from, gint64 *id, GError **error)
{
	GHashTable *table = interned(store, MQ_INTERN_IDENTITY);
	gint64 parts[3];
	gboolean made;

	if (!mq_intern_text(store, record->header_from, &parts[0], error)
	    || !mq_intern_text(store, record->envelope_from, &parts[1], error)
	    || !mq_intern_text(store, record->envelope_to, &parts[2], error))
		return FALSE;
	*header_from = parts[0];
	if (recall(table, parts, sizeof(parts), id))
		return TRUE;
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_IDENTITY_FIND, error, "iii", parts[0], parts[1], parts[2]);
	g_autoptr(MqQuery) put =
		find != NULL ? mq_db_ask(store, MQ_QUERY_IDENTITY_PUT, error, "iii", parts[0], parts[1], parts[2]) : NULL;

	if (!find_or_put(store, find, put, id, &made, error))
		return FALSE;
	remember(table, parts, sizeof(parts), *id);
	return TRUE;
}

/* A set's digest: over the ids of its texts, which never change. */
static void
digest_ids(const GArray *ids, guint8 digest[HASH_BYTES])
{
	guint8 full[MQ_DIGEST_BYTES];

	mq_digest_bytes(ids->data, ids->len * sizeof(gint64), full);
	memcpy(digest, full, HASH_BYTES);
}

static gboolean
append_text_id(MqStore *store, GArray *ids, const char *text, GError **error)
{
	gint64 id;

	if (!mq_intern_text(store, text, &id, error))
		return FALSE;
	g_array_append_val(ids, id);
	return TRUE;
}

/* (domain, selector, result, human_result) for each signature, -1, (domain, scope, result, human) */
static gboolean
auth_ids(MqStore *store, const MqRecord *record, GArray *ids, GError **error)
{
	gint64 mark = -1;

	for (guint i = 0; i < record->n_auth_dkim; i++) {
		const MqDkimResult *dkim = &record->auth_dkim[i];
		gint64 result = dkim->result;

		if (!append_text_id(store, ids, dkim->domain, error) || !append_text_id(store, ids, dkim->selector, error))
			return FALSE;
		g_array_append_val(ids, result);
		if (!append_text_id(store, ids, dkim->human_result, error))
			return FALSE;
	}
	g_array_append_val(ids, mark);
	for (guint i = 0; i < record->n_auth_spf; i++) {
		const MqSpfResult *spf = &record->auth_spf[i];
		gint64 scope = spf->scope;
		gint64 result = spf->result;

		if (!append_text_id(store, ids, spf->domain, error))
			return FALSE;
		g_array_append_val(ids, scope);
		g_array_append_val(ids, result);
		if (!append_text_id(store, ids, spf->human_result, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
put_auth_rows(MqStore *store, gint64 auth, const MqRecord *record, const GArray *ids, GError **error)
{
	const gint64 *id = (const gint64 *)(gconstpointer)ids->data;

	for (gint64 i = 0; i < record->n_auth_dkim; i++, id += 4) {
		g_autoptr(MqQuery) put =
			mq_db_ask(store, MQ_QUERY_AUTH_DKIM_PUT, error, "iiiiii", auth, i, id[0], id[1], id[2], id[3]);

		if (!mq_db_do(store, put, error))
			return FALSE;
	}
	id++; /* the mark */
	for (gint64 i = 0; i < record->n_auth_spf; i++, id += 4) {
		g_autoptr(MqQuery) put =
			mq_db_ask(store, MQ_QUERY_AUTH_SPF_PUT, error, "iiiiii", auth, i, id[0], id[1], id[2], id[3]);

		if (!mq_db_do(store, put, error))
			return FALSE;
	}
	return TRUE;
}

gboolean
mq_intern_auth(MqStore *store, const MqRecord *record, gint64 *id, GError **error)
{
	GHashTable *table = interned(store, MQ_INTERN_AUTH);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	guint8 digest[HASH_BYTES];
	gboolean made;

	*id = 0;
	if (record->n_auth_dkim == 0 && record->n_auth_spf == 0)
		return TRUE;
	if (!auth_ids(store, record, ids, error))
		return FALSE;
	digest_ids(ids, digest);
	if (recall(table, digest, sizeof(digest), id))
		return TRUE;
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_AUTH_FIND, error, "b", digest, sizeof(digest));
	g_autoptr(MqQuery) put = find != NULL ? mq_db_ask(store, MQ_QUERY_AUTH_PUT, error, "b", digest, sizeof(digest)) : NULL;

	if (!find_or_put(store, find, put, id, &made, error)
	    || (made && !put_auth_rows(store, *id, record, ids, error)))
		return FALSE;
	remember(table, digest, sizeof(digest), *id);
	return TRUE;
}

static gboolean
put_reason_rows(MqStore *store, gint64 reasons, const GArray *ids, GError **error)
{
	const gint64 *id = (const gint64 *)(gconstpointer)ids->data;

	for (gint64 i = 0; i < ids->len / 3; i++, id += 3) {
		g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_REASON_PUT, error, "iiiii", reasons, i, id[0], id[1], id[2]);

		if (!mq_db_do(store, put, error))
			return FALSE;
	}
	return TRUE;
}

gboolean
mq_intern_reasons(MqStore *store, const MqRecord *record, gint64 *id, GError **error)
{
	GHashTable *table = interned(store, MQ_INTERN_REASONS);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	guint8 digest[HASH_BYTES];
	gboolean made;

	*id = 0;
	if (record->n_reasons == 0)
		return TRUE;
	for (guint i = 0; i < record->n_reasons; i++) {
		gint64 type = record->reasons[i].type;

		g_array_append_val(ids, type);
		if (!append_text_id(store, ids, record->reasons[i].type_text, error)
		    || !append_text_id(store, ids, record->reasons[i].comment, error))
			return FALSE;
	}
	digest_ids(ids, digest);
	if (recall(table, digest, sizeof(digest), id))
		return TRUE;
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_REASONS_FIND, error, "b", digest, sizeof(digest));
	g_autoptr(MqQuery) put = find != NULL ? mq_db_ask(store, MQ_QUERY_REASONS_PUT, error, "b", digest, sizeof(digest)) : NULL;

	if (!find_or_put(store, find, put, id, &made, error) || (made && !put_reason_rows(store, *id, ids, error)))
		return FALSE;
	remember(table, digest, sizeof(digest), *id);
	return TRUE;
}
