#include "ingest/budget.h"

struct MqBudget {
	GMutex lock;
	GCond room;
	guint64 bytes, bytes_max;
	guint messages, messages_max;
	gboolean closed;
};

MqBudget *
mq_budget_new(guint64 bytes, guint messages)
{
	MqBudget *budget = g_new0(MqBudget, 1);

	g_mutex_init(&budget->lock);
	g_cond_init(&budget->room);
	budget->bytes_max = bytes;
	budget->messages_max = messages;
	return budget;
}

void
mq_budget_free(MqBudget *budget)
{
	if (budget == NULL)
		return;
	g_mutex_clear(&budget->lock);
	g_cond_clear(&budget->room);
	g_free(budget);
}

static gboolean
fits(const MqBudget *budget, guint64 bytes)
{
	return budget->messages < budget->messages_max && bytes <= budget->bytes_max - budget->bytes;
}

gboolean
mq_budget_take(MqBudget *budget, guint64 bytes)
{
	gboolean taken;

	bytes = MIN(bytes, budget->bytes_max);
	g_mutex_lock(&budget->lock);
	while (!budget->closed && !fits(budget, bytes))
		g_cond_wait(&budget->room, &budget->lock);
	taken = !budget->closed;
	if (taken) {
		budget->bytes += bytes;
		budget->messages++;
	}
	g_mutex_unlock(&budget->lock);
	return taken;
}

/* Whoever waits for room is not woken for each message, but for half of what there can be: the parsers
 * then work through many of them without sleeping. All that was taken is given back at last. */
static gboolean
is_half_empty(const MqBudget *budget)
{
	return budget->messages <= budget->messages_max / 2 && budget->bytes <= budget->bytes_max / 2;
}

void
mq_budget_give(MqBudget *budget, guint64 bytes)
{
	g_mutex_lock(&budget->lock);
	budget->bytes -= MIN(bytes, budget->bytes_max);
	budget->messages--;
	if (is_half_empty(budget))
		g_cond_broadcast(&budget->room);
	g_mutex_unlock(&budget->lock);
}

void
mq_budget_close(MqBudget *budget)
{
	g_mutex_lock(&budget->lock);
	budget->closed = TRUE;
	g_cond_broadcast(&budget->room);
	g_mutex_unlock(&budget->lock);
}
