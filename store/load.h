/* Rows of reports that are there, for put.c. */
#ifndef MQ_STORE_LOAD_H
#define MQ_STORE_LOAD_H

#include "store/db.h"

/* Adds the first MQ_HASH_BYTES of the digest of each row of @report that counts; @digests has elements
 * of that size. Holds one batch of rows at a time. */
gboolean mq_load_digests(MqStore *store, gint64 report, GArray *digests, GError **error);

#endif
