/* The schema, as numbered migrations. Version n is what the first n of them make. */
#ifndef MQ_STORE_SCHEMA_H
#define MQ_STORE_SCHEMA_H

#include "store/db.h"

#define MQ_APPLICATION_ID 0x6D617271 /* "marq": PRAGMA application_id */
#define MQ_SCHEMA_VERSION 3

/* Brings a new or older database to MQ_SCHEMA_VERSION, one transaction a step. Refuses what is no
 * marque database or of a newer marque. With @may_write unset an older one is refused as well. */
gboolean mq_schema_settle(MqStore *store, gboolean may_write, GError **error);

#endif
