/* Volume, pass rate and what receivers did, day by day: what charts are drawn from. */
#ifndef MQ_ANALYZE_TREND_H
#define MQ_ANALYZE_TREND_H

#include "store/store.h"

typedef struct {
	gint64 since_s; /* its first second */
	gint64 messages, dmarc_pass, quarantined, rejected;
	gint64 dmarc_unknown;
} MqTrendPoint;

/**
 * mq_trend_read:
 * @filter: with a window of whole UTC days, of at most %MQ_TREND_DAYS_MAX
 *
 * Returns: (transfer full) (element-type MqTrendPoint): all days of the window in order, those
 *   without mail too; %NULL with %MQ_ERROR_STORE
 */
GArray *mq_trend_read(MqStore *store, const MqFilter *filter, GError **error);
#define MQ_TREND_DAYS_MAX 4000

/* Sums of @width days each, so that the last one ends where @days ends; fewer than @width days at
 * the front are left out. (transfer full) */
GArray *mq_trend_widen(const GArray *days, guint width);

#endif
