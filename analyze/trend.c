#include "analyze/trend.h"

typedef struct {
	GArray *days;
	gint64 since_s;
} Reading;

static gboolean
take_day(gpointer ctx, gint64 day_s, const MqTotals *totals, GError **error)
{
	const Reading *reading = ctx;
	gint64 i = (day_s - reading->since_s) / MQ_DAY_S;
	MqTrendPoint *day;

	(void)error;
	if (day_s < reading->since_s || i >= reading->days->len)
		return TRUE;
	day = &g_array_index(reading->days, MqTrendPoint, i);
	day->messages += totals->messages;
	day->dmarc_pass += totals->dmarc_pass;
	day->quarantined += totals->quarantined;
	day->rejected += totals->rejected;
	day->dmarc_unknown += totals->dmarc_unknown;
	return TRUE;
}

GArray *
mq_trend_read(MqStore *store, const MqFilter *filter, GError **error)
{
	gint64 n = (filter->until_s - filter->since_s) / MQ_DAY_S;
	g_autoptr(GArray) days = g_array_new(FALSE, TRUE, sizeof(MqTrendPoint));
	Reading reading = { days, filter->since_s };

	g_assert(n >= 0 && n <= MQ_TREND_DAYS_MAX);
	for (gint64 i = 0; i < n; i++)
		g_array_append_vals(days, &(MqTrendPoint){ .since_s = filter->since_s + i * MQ_DAY_S }, 1);
	if (!mq_store_days(store, filter, take_day, &reading, error))
		return NULL;
	return g_steal_pointer(&days);
}

GArray *
mq_trend_widen(const GArray *days, guint width)
{
	GArray *wide = g_array_new(FALSE, TRUE, sizeof(MqTrendPoint));

	for (guint first = days->len % width; first < days->len; first += width) {
		MqTrendPoint sum = { .since_s = g_array_index(days, MqTrendPoint, first).since_s };

		for (guint i = first; i < first + width; i++) {
			const MqTrendPoint *day = &g_array_index(days, MqTrendPoint, i);

			sum.messages += day->messages;
			sum.dmarc_pass += day->dmarc_pass;
			sum.quarantined += day->quarantined;
			sum.rejected += day->rejected;
			sum.dmarc_unknown += day->dmarc_unknown;
		}
		g_array_append_val(wide, sum);
	}
	return wide;
}
