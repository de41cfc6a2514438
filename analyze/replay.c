#include "analyze/replay.h"

#include <math.h>
#include <string.h>

#define Z95 1.6449 /* one-sided */

/* Wilson score interval: honest for small numbers and for shares near 0 */
static double
wilson(gint64 k, gint64 n, double sign)
{
	double share = (double)k / (double)n;
	double z2 = Z95 * Z95 / (double)n;
	double spread = Z95 * sqrt(share * (1 - share) / (double)n + z2 / (4 * (double)n));

	return CLAMP((share + z2 / 2 + sign * spread) / (1 + z2), 0.0, 1.0);
}

double
mq_upper_bound(gint64 k, gint64 n)
{
	return n > 0 ? wilson(k, n, 1) : 1;
}

double
mq_lower_bound(gint64 k, gint64 n)
{
	return n > 0 ? wilson(k, n, -1) : 0;
}

gboolean
mq_verdict_is_owner(MqVerdict verdict)
{
	return verdict == MQ_VERDICT_COMPLIANT || verdict == MQ_VERDICT_FIXED || verdict == MQ_VERDICT_FIXABLE;
}

static gboolean
signature_passes(const MqStream *stream, const MqStreamKey *key, gboolean strict)
{
	if (!key->aligned || (strict && strcmp(key->domain, stream->header_from) != 0))
		return FALSE;
	if (key->then != MQ_RESULT_PASS && key->then != MQ_RESULT_PERMERROR && key->then != MQ_RESULT_TEMPERROR)
		return FALSE;
	if (key->selector == NULL)
		return key->then == MQ_RESULT_PASS;
	return key->now == MQ_DKIM_OK || key->now == MQ_DKIM_WEAK || key->now == MQ_DKIM_TESTING;
}

gboolean
mq_stream_passes(const MqStream *stream, gboolean strict_dkim, gboolean strict_spf)
{
	for (guint i = 0; i < stream->n_keys; i++)
		if (signature_passes(stream, &stream->keys[i], strict_dkim))
			return TRUE;
	if (stream->spf_domain != NULL && stream->spf_related && stream->spf_now == MQ_RESULT_PASS
	    && (!strict_spf || strcmp(stream->spf_domain, stream->header_from) == 0))
		return TRUE;
	/* what was found by other evidence (results without identifiers, a source that was fixed) */
	return stream->today == MQ_TODAY_PASS && !strict_dkim && !strict_spf;
}

static void
touch(MqImpact *impact, const MqStream *stream)
{
	switch (stream->verdict) {
	case MQ_VERDICT_COMPLIANT:
	case MQ_VERDICT_FIXED:
	case MQ_VERDICT_FIXABLE:
		impact->legitimate += stream->messages;
		break;
	case MQ_VERDICT_FORWARDER:
		impact->forwarded += stream->messages;
		break;
	case MQ_VERDICT_THREAT:
		impact->threat += stream->messages;
		break;
	case MQ_VERDICT_UNKNOWN:
	case MQ_VERDICT_N:
		impact->unknown += stream->messages;
		break;
	}
}

static MqImpact
replay(const MqSources *sources, const MqDmarcRecord *record, MqWhomFunc whom, gpointer ctx, gboolean subdomains_only)
{
	MqImpact impact = { 0 };
	gboolean strict_dkim = mq_dmarc_record_strict_dkim(record);
	gboolean strict_spf = mq_dmarc_record_strict_spf(record);

	for (guint i = 0; i < sources->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sources->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);
			MqDmarcWhom of = whom(ctx, stream->header_from);
			MqPolicy policy;

			if ((subdomains_only && strcmp(stream->header_from, sources->domain) == 0) || of == MQ_DMARC_ELSEWHERE)
				continue;
			if (stream->unsaid) {
				impact.unsaid += stream->messages;
				continue;
			}
			if (mq_verdict_is_owner(stream->verdict))
				impact.legitimate_all += stream->messages;
			policy = mq_dmarc_record_treatment(record, of);
			if ((policy == MQ_POLICY_QUARANTINE || policy == MQ_POLICY_REJECT)
			    && !mq_stream_passes(stream, strict_dkim, strict_spf))
				touch(&impact, stream);
		}
	}
	if (impact.legitimate_all > 0)
		impact.legitimate_share = (double)impact.legitimate / (double)impact.legitimate_all;
	impact.legitimate_upper95 = mq_upper_bound(impact.legitimate, impact.legitimate_all);
	return impact;
}

MqImpact
mq_replay(const MqSources *sources, const MqDmarcRecord *record, MqWhomFunc whom, gpointer ctx)
{
	return replay(sources, record, whom, ctx, FALSE);
}

MqImpact
mq_replay_subdomains(const MqSources *sources, const MqDmarcRecord *record, MqWhomFunc whom, gpointer ctx)
{
	return replay(sources, record, whom, ctx, TRUE);
}
