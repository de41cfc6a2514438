/* What is stored once and pointed to: names, addresses, sets of results. Each call finds the id or
 * makes it, in the open transaction; NULL and empty sets have id 0. */
#ifndef MQ_STORE_INTERN_H
#define MQ_STORE_INTERN_H

#include "store/db.h"

#define MQ_HASH_BYTES 16 /* of SHA-256: what the database keeps of a digest */

gboolean mq_intern_text(MqStore *store, const char *text, gint64 *id, GError **error);
/* @other is what stands in place of an address. */
gboolean mq_intern_address(MqStore *store, const MqAddress *address, const char *other, gint64 *id, GError **error);
gboolean mq_intern_identity(MqStore *store, const MqRecord *record, gint64 *header_from, gint64 *id, GError **error);
gboolean mq_intern_auth(MqStore *store, const MqRecord *record, gint64 *id, GError **error);
gboolean mq_intern_reasons(MqStore *store, const MqRecord *record, gint64 *id, GError **error);
/* After a savepoint was rolled back: it took ids with it. */
void mq_intern_forget(MqStore *store);

#endif
