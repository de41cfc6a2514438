/* What is stored once and pointed to: names, sets of results. Each call finds the id or
 * makes it, in the open transaction; NULL and empty sets have id 0. */
#ifndef MQ_STORE_INTERN_H
#define MQ_STORE_INTERN_H

#include "store/db.h"

gboolean mq_intern_text(MqStore *store, const char *text, gint64 *id, GError **error);

/* What rows of one kind of mail share: their names and results, all but address, count and policy results. */
typedef struct {
	gint64 header_from, identity, auth, reasons;
} MqShape;
gboolean mq_intern_shape(MqStore *store, const MqRecord *record, MqShape *shape, GError **error);

void mq_intern_init(MqStore *store);
void mq_intern_clear(MqStore *store);
/* After a savepoint was rolled back: it took ids with it. */
void mq_intern_forget(MqStore *store);

#endif
