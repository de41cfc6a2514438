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

/* --- one stream under the candidate's modes --- */

static gboolean
signature_passes(const MqStream *stream, const MqStreamKey *key, gboolean strict, MqReplayDns dns)
{
	if (!key->aligned || (strict && strcmp(key->domain, stream->header_from) != 0))
		return FALSE;
	if (dns == MQ_REPLAY_THEN || key->selector == NULL)
		return key->then == MQ_RESULT_PASS;
	if (key->then != MQ_RESULT_PASS && key->then != MQ_RESULT_PERMERROR && key->then != MQ_RESULT_TEMPERROR)
		return FALSE;
	return key->now == MQ_DKIM_OK || key->now == MQ_DKIM_WEAK || key->now == MQ_DKIM_TESTING;
}

static gboolean
envelope_passes(const MqStream *stream, gboolean strict, MqReplayDns dns)
{
	return stream->spf_domain != NULL && stream->spf_related
	       && (dns == MQ_REPLAY_THEN ? stream->spf_then_pass : stream->spf_now == MQ_RESULT_PASS)
	       && (!strict || strcmp(stream->spf_domain, stream->header_from) == 0);
}

/* A reporter says that it was aligned and passed, and not by what: it is as much as can be known. */
static gboolean
unlisted_passes(const MqStream *stream, gboolean strict_dkim, gboolean strict_spf)
{
	gboolean listed = FALSE;

	for (guint i = 0; i < stream->n_keys; i++)
		listed = listed || (stream->keys[i].aligned && stream->keys[i].then == MQ_RESULT_PASS);
	return (stream->dkim == MQ_RESULT_PASS && !listed && !strict_dkim)
	       || (stream->spf == MQ_RESULT_PASS && !(stream->spf_related && stream->spf_then_pass) && !strict_spf);
}

/* Unknown is not passing. */
static gboolean
passes(const MqStream *stream, const MqDmarcRecord *record, MqReplayDns dns)
{
	gboolean strict_dkim = mq_dmarc_record_strict_dkim(record);
	gboolean strict_spf = mq_dmarc_record_strict_spf(record);

	for (guint i = 0; i < stream->n_keys; i++)
		if (signature_passes(stream, &stream->keys[i], strict_dkim, dns))
			return TRUE;
	if (envelope_passes(stream, strict_spf, dns))
		return TRUE;
	if (dns == MQ_REPLAY_THEN)
		return unlisted_passes(stream, strict_dkim, strict_spf);
	/* what was found by other evidence (results without identifiers, a source that was fixed) */
	return stream->today == MQ_TODAY_PASS && !strict_dkim && !strict_spf;
}

/* --- sums --- */

static void
count(MqWhose *whose, const MqStream *stream)
{
	switch (stream->verdict) {
	case MQ_VERDICT_COMPLIANT:
	case MQ_VERDICT_FIXED:
	case MQ_VERDICT_FIXABLE:
		whose->legitimate += stream->messages;
		break;
	case MQ_VERDICT_FORWARDER:
		whose->forwarded += stream->messages;
		break;
	case MQ_VERDICT_THREAT:
		whose->threat += stream->messages;
		break;
	case MQ_VERDICT_UNKNOWN:
	case MQ_VERDICT_N:
		whose->unknown += stream->messages;
		break;
	}
}

static void
replay_stream(const MqReplay *replay, const MqStream *stream, MqImpact *impact)
{
	MqDmarcWhom of = replay->whom(replay->ctx, stream->header_from);
	MqPolicy policy;

	if ((replay->subdomains_only && strcmp(stream->header_from, replay->sources->domain) == 0) || of == MQ_DMARC_ELSEWHERE)
		return;
	if (stream->unsaid) {
		impact->unsaid += stream->messages;
		return;
	}
	if (mq_verdict_is_owner(stream->verdict))
		impact->legitimate_all += stream->messages;
	policy = mq_dmarc_record_treatment(replay->record, of);
	if ((policy != MQ_POLICY_QUARANTINE && policy != MQ_POLICY_REJECT) || passes(stream, replay->record, replay->dns))
		return;
	count(&impact->touched, stream);
	count(policy == MQ_POLICY_REJECT ? &impact->rejected : &impact->quarantined, stream);
}

MqImpact
mq_replay(const MqReplay *replay)
{
	const GPtrArray *sources = replay->sender != NULL ? replay->sender->sources : replay->sources->sources;
	MqImpact impact = { 0 };

	for (guint i = 0; i < sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sources, i);

		for (guint j = 0; j < source->streams->len; j++)
			replay_stream(replay, g_ptr_array_index(source->streams, j), &impact);
	}
	if (impact.legitimate_all > 0)
		impact.legitimate_share = (double)impact.touched.legitimate / (double)impact.legitimate_all;
	impact.legitimate_upper95 = mq_upper_bound(impact.touched.legitimate, impact.legitimate_all);
	return impact;
}
