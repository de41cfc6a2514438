#include "store/intern.h"

#include <string.h>

#include "ingest/digest.h"

/* What is kept in memory of what has an id: a run over millions of mails must not grow with them. Most rows have a shape
 * that is known, and ask for nothing else: its parts are worth less memory. */
static const gsize interned_bytes[MQ_INTERN_N] = {
	[MQ_INTERN_SHAPE] = 16 << 20, [MQ_INTERN_TEXT] = 4 << 20,    [MQ_INTERN_IDENTITY] = 4 << 20,
	[MQ_INTERN_AUTH] = 4 << 20,   [MQ_INTERN_REASONS] = 2 << 20,
};
#define ENTRY_BYTES    150 /* what an entry takes beside its key */

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

/* Each row is looked up by its key: GBytes would be made for that, and hashed byte by byte. */
typedef struct {
	const guint8 *bytes; /* of one that is kept: behind it */
	gsize n;
} Key;

static Key *
key_new(gconstpointer bytes, gsize n)
{
	Key *key = g_malloc(sizeof(*key) + n);

	memcpy(key + 1, bytes, n);
	*key = (Key){ .bytes = (const guint8 *)(key + 1), .n = n };
	return key;
}

static guint64
stir(guint64 hash, guint64 word)
{
	hash = (hash ^ word) * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
	return hash ^ hash >> 32;
}

static guint
key_hash(gconstpointer data)
{
	const Key *key = data;
	guint64 hash = key->n, word = 0;
	gsize at = 0;

	for (; key->n - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, key->bytes + at, sizeof(word));
		hash = stir(hash, word);
	}
	word = 0;
	memcpy(&word, key->bytes + at, key->n - at);
	return (guint)stir(hash, word);
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
	const Key *one = a;
	const Key *other = b;

	return one->n == other->n && memcmp(one->bytes, other->bytes, one->n) == 0;
}

void
mq_intern_init(MqStore *store)
{
	for (guint i = 0; i < MQ_INTERN_N; i++)
		store->interned[i].ids = g_hash_table_new_full(key_hash, key_equal, g_free, g_free);
	store->key = g_string_new(NULL);
}

void
mq_intern_clear(MqStore *store)
{
	for (guint i = 0; i < MQ_INTERN_N; i++)
		g_hash_table_unref(store->interned[i].ids);
	g_string_free(store->key, TRUE);
}

static void
forget(MqInterned *interned)
{
	g_hash_table_remove_all(interned->ids);
	interned->n_bytes = 0;
}

void
mq_intern_forget(MqStore *store)
{
	for (guint i = 0; i < MQ_INTERN_N; i++)
		forget(&store->interned[i]);
	store->next_row = 0;
	store->names_version = 0;
}

/* What is remembered for a key: one id, or those of a shape. */
static gconstpointer
recall(MqStore *store, MqIntern kind, gconstpointer bytes, gsize n)
{
	const Key key = { .bytes = bytes, .n = n };

	return g_hash_table_lookup(store->interned[kind].ids, &key);
}

static gboolean
recall_id(MqStore *store, MqIntern kind, gconstpointer bytes, gsize n, gint64 *id)
{
	const gint64 *known = recall(store, kind, bytes, n);

	if (known != NULL)
		*id = *known;
	return known != NULL;
}

static void
remember(MqStore *store, MqIntern kind, gconstpointer bytes, gsize n, gconstpointer value, gsize n_value)
{
	MqInterned *interned = &store->interned[kind];

	interned->n_bytes += n + ENTRY_BYTES;
	if (interned->n_bytes > interned_bytes[kind])
		forget(interned);
	g_hash_table_insert(interned->ids, key_new(bytes, n), g_memdup2(value, n_value));
}

gboolean
mq_intern_text(MqStore *store, const char *text, gint64 *id, GError **error)
{
	gsize n = text != NULL ? strlen(text) + 1 : 0;
	gboolean made;

	*id = 0;
	if (text == NULL || recall_id(store, MQ_INTERN_TEXT, text, n, id))
		return TRUE;
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_TEXT_FIND, error, "t", text);
	g_autoptr(MqQuery) put = find != NULL ? mq_db_ask(store, MQ_QUERY_TEXT_PUT, error, "t", text) : NULL;

	if (!find_or_put(store, find, put, id, &made, error))
		return FALSE;
	remember(store, MQ_INTERN_TEXT, text, n, id, sizeof(*id));
	return TRUE;
}

static gboolean
intern_identity(MqStore *store, const MqRecord *record, gint64 *header_from, gint64 *id, GError **error)
{
	gint64 parts[3];
	gboolean made;

	if (!mq_intern_text(store, record->header_from, &parts[0], error)
	    || !mq_intern_text(store, record->envelope_from, &parts[1], error)
	    || !mq_intern_text(store, record->envelope_to, &parts[2], error))
		return FALSE;
	*header_from = parts[0];
	if (recall_id(store, MQ_INTERN_IDENTITY, parts, sizeof(parts), id))
		return TRUE;
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_IDENTITY_FIND, error, "iii", parts[0], parts[1], parts[2]);
	g_autoptr(MqQuery) put =
		find != NULL ? mq_db_ask(store, MQ_QUERY_IDENTITY_PUT, error, "iii", parts[0], parts[1], parts[2]) : NULL;

	if (!find_or_put(store, find, put, id, &made, error))
		return FALSE;
	remember(store, MQ_INTERN_IDENTITY, parts, sizeof(parts), id, sizeof(*id));
	return TRUE;
}

/* Puts the rows of a new set, of whose texts @ids are. */
typedef gboolean (*PutRows)(MqStore *store, gint64 set, const MqRecord *record, const GArray *ids, GError **error);

/* The id of the set of @ids, by a digest over them: ids of text never change. */
static gboolean
intern_set(MqStore *store, MqIntern kind, MqQueryName find_name, MqQueryName put_name, const MqRecord *record,
           const GArray *ids, PutRows put_rows, gint64 *id, GError **error)
{
	gsize n = ids->len * sizeof(gint64);
	guint8 digest[MQ_DIGEST_BYTES];
	gboolean made;

	if (recall_id(store, kind, ids->data, n, id))
		return TRUE;
	mq_digest_bytes(ids->data, n, digest);
	g_autoptr(MqQuery) find = mq_db_ask(store, find_name, error, "b", digest, (gsize)MQ_HASH_BYTES);
	g_autoptr(MqQuery) put = find != NULL ? mq_db_ask(store, put_name, error, "b", digest, (gsize)MQ_HASH_BYTES) : NULL;

	if (!find_or_put(store, find, put, id, &made, error) || (made && !put_rows(store, *id, record, ids, error)))
		return FALSE;
	remember(store, kind, ids->data, n, id, sizeof(*id));
	return TRUE;
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

/* PutRows */
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

static gboolean
intern_auth(MqStore *store, const MqRecord *record, gint64 *id, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));

	*id = 0;
	if (record->n_auth_dkim == 0 && record->n_auth_spf == 0)
		return TRUE;
	return auth_ids(store, record, ids, error)
	       && intern_set(store, MQ_INTERN_AUTH, MQ_QUERY_AUTH_FIND, MQ_QUERY_AUTH_PUT, record, ids, put_auth_rows, id, error);
}

/* PutRows */
static gboolean
put_reason_rows(MqStore *store, gint64 reasons, const MqRecord *record, const GArray *ids, GError **error)
{
	const gint64 *id = (const gint64 *)(gconstpointer)ids->data;

	for (gint64 i = 0; i < record->n_reasons; i++, id += 3) {
		g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_REASON_PUT, error, "iiiii", reasons, i, id[0], id[1], id[2]);

		if (!mq_db_do(store, put, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
intern_reasons(MqStore *store, const MqRecord *record, gint64 *id, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));

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
	return intern_set(store, MQ_INTERN_REASONS, MQ_QUERY_REASONS_FIND, MQ_QUERY_REASONS_PUT, record, ids, put_reason_rows, id,
	                  error);
}

/* ---------------------------------------------------------------- a row's shape */

/* g_string_append_len() is made for more than this: it is called a dozen times for each row. */
static void
append(GString *key, gconstpointer bytes, gsize n)
{
	if (n >= key->allocated_len - key->len) {
		g_string_append_len(key, bytes, (gssize)n);
		return;
	}
	memcpy(key->str + key->len, bytes, n);
	key->len += n;
}

static void
add_number(GString *key, guint number)
{
	append(key, &number, sizeof(number));
}

/* With its length before it, or a mark for absent: no two different rows have one key. */
static void
add_text(GString *key, const char *text)
{
	guint n = text != NULL ? (guint)strlen(text) : G_MAXUINT;

	add_number(key, n);
	if (text != NULL)
		append(key, text, n);
}

/* All that a shape has, as bytes. */
static void
write_key(GString *key, const MqRecord *record)
{
	key->len = 0;
	add_text(key, record->header_from);
	add_text(key, record->envelope_from);
	add_text(key, record->envelope_to);
	add_number(key, record->n_auth_dkim);
	for (guint i = 0; i < record->n_auth_dkim; i++) {
		add_text(key, record->auth_dkim[i].domain);
		add_text(key, record->auth_dkim[i].selector);
		add_number(key, record->auth_dkim[i].result);
		add_text(key, record->auth_dkim[i].human_result);
	}
	add_number(key, record->n_auth_spf);
	for (guint i = 0; i < record->n_auth_spf; i++) {
		add_text(key, record->auth_spf[i].domain);
		add_number(key, record->auth_spf[i].scope);
		add_number(key, record->auth_spf[i].result);
		add_text(key, record->auth_spf[i].human_result);
	}
	for (guint i = 0; i < record->n_reasons; i++) {
		add_number(key, record->reasons[i].type);
		add_text(key, record->reasons[i].type_text);
		add_text(key, record->reasons[i].comment);
	}
}

gboolean
mq_intern_shape(MqStore *store, const MqRecord *record, MqShape *shape, GError **error)
{
	const MqShape *known;

	write_key(store->key, record);
	known = recall(store, MQ_INTERN_SHAPE, store->key->str, store->key->len);
	if (known != NULL) {
		*shape = *known;
		return TRUE;
	}
	if (!intern_identity(store, record, &shape->header_from, &shape->identity, error)
	    || !intern_auth(store, record, &shape->auth, error) || !intern_reasons(store, record, &shape->reasons, error))
		return FALSE;
	remember(store, MQ_INTERN_SHAPE, store->key->str, store->key->len, shape, sizeof(*shape));
	return TRUE;
}
