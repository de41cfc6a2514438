#include "analyze/trend.h"

typedef struct {
	GArray *days;
	gint64 since_s;
} Reading;

static gboolean
take_day(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	const Reading *reading = ctx;
	gint64 day_s;
	gint64 i;

	(void)error;
	if (key == NULL || !mq_when_parse_date(key, &day_s, NULL)) /* a year that dates cannot say */
		return TRUE;
	i = (day_s - reading->since_s) / MQ_DAY_S;
	if (day_s < reading->since_s || i >= reading->days->len)
		return TRUE;
	g_array_index(reading->days, MqTrendPoint, i) =
	        (MqTrendPoint){ day_s, totals->messages, totals->dmarc_pass, totals->quarantined, totals->rejected,
		                totals->dmarc_unknown };
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
	if (!mq_store_totals(store, filter, MQ_BY_DAY, take_day, &reading, error))
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
