#include "ingest/formats.h"

#define MQ_FORMAT_ROW(name) &mq_format_##name,
const MqFormat *const mq_formats[] = { MQ_FORMATS(MQ_FORMAT_ROW) };
const guint mq_n_formats = G_N_ELEMENTS(mq_formats);

const MqFormat *
mq_format_find(const guint8 *start, gsize n, guint *bid)
{
	const MqFormat *best = NULL;

	*bid = 0;
	for (guint i = 0; i < mq_n_formats; i++) {
		guint this_bid = mq_formats[i]->bid != NULL ? mq_formats[i]->bid(start, n) : 0;

		if (this_bid > *bid) {
			best = mq_formats[i];
			*bid = this_bid;
		}
	}
	return best;
}

const MqFormat *
mq_format_find_mail(MqMail *mail)
{
	const MqFormat *best = NULL;
	guint best_bid = 0;

	for (guint i = 0; i < mq_n_formats; i++) {
		guint bid = mq_formats[i]->bid_mail != NULL ? mq_formats[i]->bid_mail(mail) : 0;

		if (bid > best_bid) {
			best = mq_formats[i];
			best_bid = bid;
		}
	}
	return best;
}

gboolean
mq_format_deliver(MqFormatContext *context, MqReport *report, const MqDigestSum *records, GError **error)
{
	g_free(report->part);
	report->part = g_strdup(context->part);
	mq_report_seal(report, records);
	context->report++;
	return context->take_report(context->ctx, report, error);
}
