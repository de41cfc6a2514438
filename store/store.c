/* Opening and closing, and the smaller questions. */
#include <glib/gstdio.h>

#include "store/intern.h"
#include "store/schema.h"
#include "store/totals.h"

#define HEADER_BYTES 100
#define TURN_POLL_US (MQ_DB_TURN_US / 2) /* who waits does not sleep through a turn */
#define TURN_POLLS   (60 * G_USEC_PER_SEC / TURN_POLL_US) /* some sixty turns */

/* Another program is writing: it lets go once a second at least. */
static int
wait_for_turn(G_GNUC_UNUSED void *ctx, int polls)
{
	g_usleep(TURN_POLL_US);
	return polls < TURN_POLLS;
}

/* Reads a database whose directory cannot be written to: then SQLite cannot make the -shm file of its
 * write-ahead log, and the file is taken as it is. */
static int
open_immutable(const char *location, sqlite3 **db)
{
	g_autofree char *escaped = g_uri_escape_string(location, "/", FALSE);
	g_autofree char *uri = g_strconcat("file:", escaped, "?immutable=1", NULL);

	return sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
}

/* What a program that was killed left behind cannot be read in a directory that cannot be written to. */
static gboolean
has_unsettled_log(const char *location)
{
	g_autofree char *log = g_strconcat(location, "-wal", NULL);
	GStatBuf st;

	return g_stat(log, &st) == 0 && st.st_size > 0;
}

static gboolean
reopen_immutable(MqStore *store, GError **error)
{
	if (has_unsettled_log(store->location)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE,
		            "database '%s': its last writes are still in '%s-wal' and its directory cannot be written to: "
		            "open it once with an account that may write there", store->location, store->location);
		return FALSE;
	}
	sqlite3_close(store->db);
	store->db = NULL;
	return open_immutable(store->location, &store->db) == SQLITE_OK || mq_db_error(store, error);
}

static gboolean
open_for_reading(MqStore *store, GError **error)
{
	int status;

	if (!g_file_test(store->location, G_FILE_TEST_EXISTS)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "there is no database '%s': run 'marque ingest' first, or name one with --database",
		            store->location);
		return FALSE;
	}
	status = sqlite3_open_v2(store->location, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (status == SQLITE_OK) {
		sqlite3_busy_handler(store->db, wait_for_turn, NULL);
		status = sqlite3_exec(store->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	}
	if (status == SQLITE_OK)
		return TRUE;
	if ((status & 0xFF) == SQLITE_CANTOPEN || (status & 0xFF) == SQLITE_READONLY)
		return reopen_immutable(store, error);
	return mq_db_error(store, error);
}

/* SQLite takes a file that is shorter than its header for an empty database, and writes over it. */
static gboolean
is_foreign_scrap(const char *location)
{
	GStatBuf file;

	return g_stat(location, &file) == 0 && S_ISREG(file.st_mode) && file.st_size > 0 && file.st_size < HEADER_BYTES;
}

static gboolean
open_for_writing(MqStore *store, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(store->location);

	if (!g_file_test(directory, G_FILE_TEST_EXISTS)) { /* a name that was mistyped makes no directories */
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE,
		            "there is no directory '%s' for the database: make it first, or name another file with --database",
		            directory);
		return FALSE;
	}
	if (is_foreign_scrap(store->location)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE,
		            "database '%s': it is no SQLite database: name another file with --database", store->location);
		return FALSE;
	}
	if (sqlite3_open_v2(store->location, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL)
	    != SQLITE_OK)
		return mq_db_error(store, error);
	sqlite3_busy_handler(store->db, wait_for_turn, NULL);
	if (sqlite3_db_readonly(store->db, "main") == 1) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE,
		            "database '%s': it cannot be written to: change its permissions or name another file with --database",
		            store->location);
		return FALSE;
	}
	return TRUE;
}

/* After the schema was seen to be ours: another program's database is not changed. */
static gboolean
set_up(MqStore *store, MqStoreMode mode, GError **error)
{
	/* 16 MB of pages: with 32, a run over 300,000 mails took 17 MB more and was no faster */
	if (mode == MQ_STORE_WRITE
	    && !mq_db_exec(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384", error))
		return FALSE;
	return mq_totals_define(store, error) && mq_db_exec(store, "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0", error)
	       && mq_db_exec(store, "CREATE TEMP TABLE scope (report INTEGER NOT NULL, domain INTEGER);"
	                             "CREATE TEMP TABLE name (value TEXT PRIMARY KEY, id INTEGER NOT NULL UNIQUE) WITHOUT ROWID;"
	                             "CREATE TEMP TABLE name_above (value TEXT, id INTEGER, PRIMARY KEY (value, id)) WITHOUT ROWID", error);
}

static gboolean
open_knows(MqStore *store, GError **error)
{
	if (sqlite3_open_v2(store->location, &store->knows_db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK
	    || sqlite3_prepare_v2(store->knows_db, mq_query_sql(MQ_QUERY_MESSAGE_FIND), -1, &store->knows, NULL) != SQLITE_OK) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "database '%s': %s", store->location,
		            sqlite3_errmsg(store->knows_db));
		return FALSE;
	}
	sqlite3_busy_handler(store->knows_db, wait_for_turn, NULL);
	return TRUE;
}

MqStore *
mq_store_open(const char *location, MqStoreMode mode, GError **error)
{
	g_autoptr(MqStore) store = g_new0(MqStore, 1);

	store->location = g_strdup(location);
	g_mutex_init(&store->knows_lock);
	mq_intern_init(store);
	if (g_str_has_prefix(location, "clickhouse:")) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_UNSUPPORTED, "'%s': ClickHouse is not supported by this marque: name a file",
		            location);
		return NULL;
	}
	if (!(mode == MQ_STORE_WRITE ? open_for_writing(store, error) : open_for_reading(store, error))
	    || !mq_schema_settle(store, mode == MQ_STORE_WRITE, error) || !set_up(store, mode, error)
	    || (mode == MQ_STORE_WRITE && !open_knows(store, error)))
		return NULL;
	return g_steal_pointer(&store);
}

void
mq_store_close(MqStore *store)
{
	if (store == NULL)
		return;
	for (guint i = 0; i < MQ_QUERY_N; i++)
		sqlite3_finalize(store->prepared[i]);
	mq_intern_clear(store);
	sqlite3_finalize(store->knows);
	sqlite3_close(store->knows_db);
	sqlite3_close(store->db); /* an open transaction is rolled back */
	g_mutex_clear(&store->knows_lock);
	g_free(store->location);
	g_free(store);
}

static MqKnown
known_by(MqMessageState state)
{
	if (mq_message_state_is_loss(state))
		return MQ_KNOWN_NOT;
	return state == MQ_MESSAGE_REPORTS ? MQ_KNOWN_DONE : MQ_KNOWN_REST;
}

/* Each read transaction takes and gives locks of the file, which costs more than to look something up. What
 * was committed since it began is read again, and put() finds it then. */
#define LOOKED_UP_TOGETHER 100

static void
end_looking_up(MqStore *store)
{
	if (store->n_looked_up > 0)
		sqlite3_exec(store->knows_db, "COMMIT", NULL, NULL, NULL);
	store->n_looked_up = 0;
}

void
mq_db_pause_looking_up(MqStore *store)
{
	g_mutex_lock(&store->knows_lock);
	end_looking_up(store);
}

void
mq_db_go_on_looking_up(MqStore *store)
{
	g_mutex_unlock(&store->knows_lock);
}

MqKnown
mq_store_knows(MqStore *store, const guint8 sha256[MQ_DIGEST_BYTES])
{
	MqKnown known = MQ_KNOWN_NOT; /* when in doubt it is read again, and put() decides */

	g_mutex_lock(&store->knows_lock);
	if (store->n_looked_up++ == 0)
		sqlite3_exec(store->knows_db, "BEGIN", NULL, NULL, NULL); /* without one each look-up has its own */
	sqlite3_bind_blob(store->knows, 1, sha256, 16, SQLITE_STATIC);
	if (sqlite3_step(store->knows) == SQLITE_ROW)
		known = known_by((MqMessageState)sqlite3_column_int(store->knows, 1));
	sqlite3_reset(store->knows);
	if (store->n_looked_up == LOOKED_UP_TOGETHER)
		end_looking_up(store);
	g_mutex_unlock(&store->knows_lock);
	return known;
}


gboolean
mq_store_status(MqStore *store, MqStatus *status, GError **error)
{
	g_autoptr(MqQuery) counts = mq_db_ask(store, MQ_QUERY_STATUS_COUNTS, error, "ii", (gint64)MQ_MESSAGE_FAILED,
	                                         (gint64)MQ_MESSAGE_PARTLY);
	g_autoptr(MqQuery) rows = counts != NULL ? mq_db_ask(store, MQ_QUERY_STATUS_ROWS, error, "") : NULL;
	g_autoptr(MqQuery) types = rows != NULL ? mq_db_ask(store, MQ_QUERY_STATUS_TYPES, error, "") : NULL;
	GStatBuf file;
	gboolean row;

	*status = (MqStatus){ .schema_version = MQ_SCHEMA_VERSION };
	if (types == NULL || !mq_db_step(store, counts, &row, error) || !mq_db_step(store, rows, &row, error))
		return FALSE;
	status->messages = mq_db_int(counts, 0);
	status->failed_messages = mq_db_int(counts, 1);
	status->problems = mq_db_int(counts, 2);
	status->first_s = mq_db_int_or(counts, 3, MQ_TIME_ABSENT);
	status->last_s = mq_db_int_or(counts, 4, MQ_TIME_ABSENT);
	status->records = mq_db_int(rows, 0);
	status->n_messages = mq_db_int(rows, 1);
	if (!mq_store_count_undated(store, &MQ_FILTER_ALL, &status->undated, error))
		return FALSE;
	do {
		if (!mq_db_step(store, types, &row, error))
			return FALSE;
		if (row && mq_db_int(types, 0) > 0 && mq_db_int(types, 0) < MQ_TYPE_N)
			status->reports[mq_db_int(types, 0)] = mq_db_int(types, 1);
	} while (row);
	if (g_stat(store->location, &file) == 0)
		status->bytes = file.st_size;
	return TRUE;
}

gboolean
mq_store_count_failed(MqStore *store, gint64 *n, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_FAILED_MESSAGES, error, "ii", (gint64)MQ_MESSAGE_FAILED,
	                                   (gint64)MQ_MESSAGE_PARTLY);
	gboolean row;

	if (ask == NULL || !mq_db_step(store, ask, &row, error))
		return FALSE;
	*n = mq_db_int(ask, 0);
	return TRUE;
}

/* ------------------------------------------------------------------ prune */

static gboolean
count_pruned(MqStore *store, MqPruned *pruned, GError **error)
{
	g_autoptr(MqQuery) types = mq_db_ask(store, MQ_QUERY_PRUNE_COUNT, error, "");
	g_autoptr(MqQuery) rows = types != NULL ? mq_db_ask(store, MQ_QUERY_PRUNE_ROWS, error, "") : NULL;
	gboolean row;

	*pruned = (MqPruned){ 0 };
	if (rows == NULL || !mq_db_step(store, rows, &row, error))
		return FALSE;
	pruned->records = mq_db_int(rows, 0);
	pruned->messages = mq_db_int(rows, 1);
	do {
		if (!mq_db_step(store, types, &row, error))
			return FALSE;
		if (row && mq_db_int(types, 0) > 0 && mq_db_int(types, 0) < MQ_TYPE_N)
			pruned->reports[mq_db_int(types, 0)] = mq_db_int(types, 1);
	} while (row);
	return TRUE;
}

static gboolean
forget_scope(MqStore *store, GError **error)
{
	gboolean done = mq_db_exec(store, "PRAGMA secure_delete = ON", error) && mq_db_exec(store, "BEGIN IMMEDIATE", error);

	for (guint i = 0; done && i < mq_n_prune_steps; i++)
		done = mq_db_exec(store, mq_prune_steps[i], error);
	mq_intern_forget(store);
	if (done && mq_db_exec(store, "COMMIT", error))
		return mq_db_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", error);
	sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL); /* the first error is the one that counts */
	return FALSE;
}

gboolean
mq_store_prune(MqStore *store, gint64 before_s, MqReportType type, gboolean dry_run, MqPruned *pruned, GError **error)
{
	g_autoptr(MqQuery) clear = mq_db_ask(store, MQ_QUERY_SCOPE_CLEAR, error, "");
	g_autoptr(MqQuery) mark = clear != NULL ? mq_db_ask(store, MQ_QUERY_PRUNE_MARK, error, "ii", before_s, (gint64)type) : NULL;

	if (!mq_db_do(store, clear, error) || !mq_db_do(store, mark, error) || !count_pruned(store, pruned, error))
		return FALSE;
	if (dry_run)
		return TRUE;
	return forget_scope(store, error);
}

/* ----------------------------------------------------- labels, DNS and marks */

gboolean
mq_store_set_label(MqStore *store, const char *domain, const char *key, const char *word, gint64 now_s, GError **error)
{
	g_autoptr(MqQuery) ask = word != NULL ? mq_db_ask(store, MQ_QUERY_LABEL_PUT, error, "ttti", domain, key, word, now_s)
	                                    : mq_db_ask(store, MQ_QUERY_LABEL_FORGET, error, "tt", domain, key);

	return mq_db_do(store, ask, error);
}

gboolean
mq_store_labels(MqStore *store, const char *domain, MqLabelFunc take, gpointer ctx, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_LABELS, error, "t", domain);
	gboolean row = ask != NULL;

	while (row) {
		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (row && !take(ctx, mq_db_text(ask, 0), mq_db_text(ask, 1), mq_db_text(ask, 2), mq_db_int(ask, 3), error))
			return FALSE;
	}
	return ask != NULL;
}

gboolean
mq_store_put_dns(MqStore *store, const MqDnsSeen *seen, GError **error)
{
	g_autoptr(MqQuery) newest = mq_db_ask(store, MQ_QUERY_DNS_NEWEST, error, "ttt", seen->name, seen->type, seen->domain);
	g_autoptr(MqQuery) write = NULL;
	gboolean row;

	if (newest == NULL || !mq_db_step(store, newest, &row, error))
		return FALSE;
	if (row && g_strcmp0(mq_db_text(newest, 1), seen->outcome) == 0 && g_strcmp0(mq_db_text(newest, 2), seen->data) == 0)
		write = mq_db_ask(store, MQ_QUERY_DNS_SEEN_AGAIN, error, "ii", mq_db_int(newest, 0), seen->last_seen_s);
	else
		write = mq_db_ask(store, MQ_QUERY_DNS_PUT, error, "tttttii", seen->domain, seen->name, seen->type, seen->outcome,
		                  seen->data, seen->first_seen_s, seen->last_seen_s);
	return mq_db_do(store, write, error);
}

gboolean
mq_store_dns(MqStore *store, const char *domain, const char *name, MqDnsSeenFunc take, gpointer ctx, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_DNS, error, "tt", domain, name);
	gboolean row = ask != NULL;

	while (row) {
		MqDnsSeen seen;

		if (!mq_db_step(store, ask, &row, error))
			return FALSE;
		if (!row)
			break;
		seen = (MqDnsSeen){
			.domain = mq_db_text(ask, 0),
			.name = mq_db_text(ask, 1),
			.type = mq_db_text(ask, 2),
			.outcome = mq_db_text(ask, 3),
			.data = mq_db_text(ask, 4),
			.first_seen_s = mq_db_int(ask, 5),
			.last_seen_s = mq_db_int(ask, 6),
		};
		if (!take(ctx, &seen, error))
			return FALSE;
	}
	return ask != NULL;
}

gboolean
mq_store_get_mark(MqStore *store, const char *key, char **value, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_MARK_GET, error, "t", key);
	gboolean row;

	if (ask == NULL || !mq_db_step(store, ask, &row, error))
		return FALSE;
	*value = row ? g_strdup(mq_db_text(ask, 0)) : NULL;
	return TRUE;
}

gboolean
mq_store_put_mark(MqStore *store, const char *key, const char *value, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_MARK_PUT, error, "tt", key, value);

	return mq_db_do(store, ask, error);
}
