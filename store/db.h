/* SQLite as store/ uses it: a connection with its prepared questions. Only this folder includes
 * it, and only this folder includes sqlite3.h. */
#ifndef MQ_STORE_DB_H
#define MQ_STORE_DB_H

#include <sqlite3.h>

#include "store/questions.h"
#include "store/store.h"

#define MQ_HASH_BYTES 16 /* of SHA-256: what the database keeps of a digest */

/* What is stored once and pointed to, by kind; a shape is what rows share of all these. */
typedef enum {
	MQ_INTERN_TEXT, MQ_INTERN_IDENTITY, MQ_INTERN_AUTH, MQ_INTERN_REASONS, MQ_INTERN_SHAPE, MQ_INTERN_N
} MqIntern;

/* The ids of one kind that are remembered. */
typedef struct {
	GHashTable *ids; /* GBytes -> gint64, or MqShape */
	gsize n_bytes;   /* that they take, about */
} MqInterned;

struct MqStore {
	sqlite3 *db;
	char *location;
	gboolean in_transaction;
	gint64 turn_us;      /* when others last had their turn to write */
	gint64 data_version; /* when it differs, another program has changed the database */
	gint64 names_version; /* the data_version that temp.name was filled at; 0: to be filled */
	sqlite3_stmt *prepared[MQ_QUERY_N];
	MqInterned interned[MQ_INTERN_N]; /* see intern.c */
	GString *key;        /* of the row that is being interned */
	gint64 next_row;     /* the id of the next record; 0: not known */
	GMutex knows_lock;
	sqlite3 *knows_db;      /* mq_store_knows() has a connection of its own: any thread */
	sqlite3_stmt *knows;
	struct MqSets *sets; /* (nullable) of the question about sums that is running */
	guint n_looked_up;      /* since its read transaction began; 0: none is open */
};

/* A prepared question in use; resetting it lets go of its locks. */
typedef sqlite3_stmt MqQuery;
static inline void
mq_query_done(MqQuery *ask)
{
	sqlite3_reset(ask);
	sqlite3_clear_bindings(ask);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqQuery, mq_query_done)

/**
 * mq_db_ask:
 * @format: one letter for each parameter, in order: i gint64, t const char * (NULL is NULL),
 *   b const guint8 * and gsize, a gint64 that is NULL when MQ_TIME_ABSENT, c gint64 that is NULL
 *   when negative, s const MqAddress * and const char *: an address or what stands in its place.
 *   Text and blobs must outlive the question.
 *
 * Returns: (transfer none): the question, bound, or %NULL with %MQ_ERROR_STORE; end it with
 *   mq_query_done() (g_autoptr(MqQuery))
 */
MqQuery *mq_db_ask(MqStore *store, MqQueryName name, GError **error, const char *format, ...);
/* SQLITE_ROW: TRUE and *row TRUE; SQLITE_DONE: TRUE and *row FALSE. */
gboolean mq_db_step(MqStore *store, MqQuery *ask, gboolean *row, GError **error);
/* A question that answers with no row. */
gboolean mq_db_do(MqStore *store, MqQuery *ask, GError **error);
gboolean mq_db_exec(MqStore *store, const char *sql, GError **error);
/* Sets *error from SQLite's last one: what was being done, on which database, what to do. Always FALSE. */
gboolean mq_db_error(MqStore *store, GError **error);

/* After a commit: lets another program write, once a second. A run that puts without a pause would begin
 * again before anybody who waits has looked. */
void mq_db_give_turn(MqStore *store);
#define MQ_DB_TURN_US 5000

/* Columns; NULL is absent. Text is borrowed until the next step. */
static inline const char *
mq_db_text(MqQuery *ask, int column)
{
	return (const char *)sqlite3_column_text(ask, column);
}
static inline gint64
mq_db_int(MqQuery *ask, int column)
{
	return sqlite3_column_int64(ask, column);
}
static inline gint64
mq_db_int_or(MqQuery *ask, int column, gint64 absent)
{
	return sqlite3_column_type(ask, column) == SQLITE_NULL ? absent : sqlite3_column_int64(ask, column);
}
/* What 's' bound: an address, or else the text that stands in its place (nullable, borrowed like all text). */
const char *mq_db_source(MqQuery *ask, int column, MqAddress *address);

/* Fills temp.scope with the reports of @filter; every question about rows reads it. */
gboolean mq_db_scope(MqStore *store, const MqFilter *filter, GError **error);
/* The list of the reports of @filter, newest first. (transfer none), as of mq_db_ask() */
MqQuery *mq_db_reports(MqStore *store, const MqFilter *filter, GError **error);

/* How many reports of @filter, but for its window, are in none. (transfer none), as of mq_db_ask() */
MqQuery *mq_db_undated(MqStore *store, const MqFilter *filter, GError **error);

/* Lets mq_store_knows() wait, in whatever thread; what it reads afterwards is not older than this. */
void mq_db_pause_looking_up(MqStore *store);
void mq_db_go_on_looking_up(MqStore *store);

#endif
