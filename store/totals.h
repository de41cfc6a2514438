/* sums(): the aggregate function of SQL that makes MqTotals of rows in one go. */
#ifndef MQ_STORE_TOTALS_H
#define MQ_STORE_TOTALS_H

#include "store/sets.h"

/* Makes sums() known to the connection. */
gboolean mq_totals_define(MqStore *store, GError **error);

/* What stays while a question with sums() runs: the sets of results that it needs to look at. */
typedef struct {
	MqSets sets;
} MqTotalling;
void mq_totalling_begin(MqTotalling *totalling, MqStore *store);
void mq_totalling_end(MqTotalling *totalling);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqTotalling, mq_totalling_end)

/* Adds the messages of a row. */
void mq_totals_add(MqTotals *totals, gint64 count, MqDisposition disposition, MqResult dkim, MqResult spf);

/* A column that is sums(). */
void mq_totals_read(MqQuery *ask, int column, MqTotals *totals);

#endif
