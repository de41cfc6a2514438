/* Names, sets of results and of reasons out of the database: thousands of rows share one. */
#ifndef MQ_STORE_SETS_H
#define MQ_STORE_SETS_H

#include "store/db.h"

/* The signatures and results of one auth set, or the reasons of one reason set: owned by the set. */
typedef struct {
	MqDkimResult *dkim;
	MqSpfResult *spf;
	guint n_dkim, n_spf;
	MqReason *reasons;
	guint n_reasons;
} MqSet;

/* Those that were loaded. */
typedef struct MqSets {
	MqStore *store;
	GHashTable *auth;    /* id -> MqSet */
	GHashTable *reasons; /* id -> MqSet */
	GHashTable *texts;   /* id -> char * */
} MqSets;

void mq_sets_init(MqSets *sets, MqStore *store);
void mq_sets_clear(MqSets *sets);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqSets, mq_sets_clear)

/* The text with that id. (nullable); borrowed until mq_sets_trim(), which forgets them when they are many */
gboolean mq_sets_text(MqSets *sets, gint64 id, const char **text, GError **error);
void mq_sets_trim(MqSets *sets);

/* The set with that id, 0 being empty; NULL with an error. Borrowed until the next call of its kind. */
const MqSet *mq_sets_auth(MqSets *sets, gint64 id, GError **error);
const MqSet *mq_sets_reasons(MqSets *sets, gint64 id, GError **error);

#endif
