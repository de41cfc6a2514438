/* Bytes and messages in flight between the threads: taking waits until there is room, giving wakes. */
#ifndef MQ_INGEST_BUDGET_H
#define MQ_INGEST_BUDGET_H

#include <glib.h>

typedef struct MqBudget MqBudget;

MqBudget *mq_budget_new(guint64 bytes, guint messages);
void mq_budget_free(MqBudget *budget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqBudget, mq_budget_free)

/* Waits for room for one message of @bytes; what is larger than the whole budget waits until it is
 * alone. FALSE: the budget was closed. */
gboolean mq_budget_take(MqBudget *budget, guint64 bytes);
void mq_budget_give(MqBudget *budget, guint64 bytes);
/* From now on taking fails, also for those that wait. */
void mq_budget_close(MqBudget *budget);

#endif
