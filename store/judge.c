#include "store/judge.h"

#include <string.h>

#include "ingest/domain.h"

typedef enum { ALIGNED_NO, ALIGNED_UNKNOWN, ALIGNED_YES } Aligned;

static Aligned
alignment_of(const char *from, const char *identifier, MqAlignmentMode mode)
{
	g_autofree char *from_organization = NULL;
	g_autofree char *organization = NULL;

	if (strcmp(from, identifier) == 0)
		return ALIGNED_YES;
	from_organization = mq_domain_registrable(from);
	organization = mq_domain_registrable(identifier);
	if (strcmp(from_organization, organization) != 0 || mode == MQ_MODE_STRICT)
		return ALIGNED_NO;
	return mode == MQ_MODE_RELAXED ? ALIGNED_YES : ALIGNED_UNKNOWN;
}

/* What one result speaks for: PASS, FAIL, or ABSENT when it cannot be said. */
static MqResult
judge_one(const char *from, const char *identifier, MqResult result, MqAlignmentMode mode)
{
	if (result == MQ_RESULT_ABSENT)
		return MQ_RESULT_ABSENT;
	if (result != MQ_RESULT_PASS)
		return MQ_RESULT_FAIL;
	if (identifier == NULL)
		return MQ_RESULT_ABSENT;
	switch (alignment_of(from, identifier, mode)) {
	case ALIGNED_NO:
		return MQ_RESULT_FAIL;
	case ALIGNED_YES:
		return MQ_RESULT_PASS;
	case ALIGNED_UNKNOWN:
		break;
	}
	return MQ_RESULT_ABSENT;
}

/* Any signature will do; where results are reported and no signature is among them, there was none. */
static MqResult
judge_dkim(const MqSet *auth, const char *from, MqAlignmentMode mode)
{
	MqResult all = MQ_RESULT_FAIL;

	for (guint i = 0; i < auth->n_dkim; i++) {
		MqResult one = judge_one(from, auth->dkim[i].domain, auth->dkim[i].result, mode);

		if (one == MQ_RESULT_PASS)
			return one;
		if (one == MQ_RESULT_ABSENT)
			all = one;
	}
	return all;
}

/* The envelope's result counts; the HELO's only where it stands alone. A report always has one: without any it
 * is not known. */
static MqResult
judge_spf(const MqSet *auth, const char *from, MqAlignmentMode mode)
{
	const MqSpfResult *best = NULL;

	for (guint i = 0; i < auth->n_spf; i++)
		if (best == NULL || (best->scope == MQ_SCOPE_HELO && auth->spf[i].scope != MQ_SCOPE_HELO))
			best = &auth->spf[i];
	return best != NULL ? judge_one(from, best->domain, best->result, mode) : MQ_RESULT_ABSENT;
}

void
mq_judge(const MqSet *auth, const char *header_from, MqAlignmentMode adkim, MqAlignmentMode aspf, MqResult *dkim,
         MqResult *spf)
{
	*dkim = *spf = MQ_RESULT_ABSENT;
	if (header_from == NULL || *header_from == '\0' || auth->n_dkim + auth->n_spf == 0)
		return;
	*dkim = judge_dkim(auth, header_from, adkim);
	*spf = judge_spf(auth, header_from, aspf);
	if (*dkim == MQ_RESULT_PASS || *spf == MQ_RESULT_PASS || (*dkim == MQ_RESULT_FAIL && *spf == MQ_RESULT_FAIL))
		return;
	*dkim = *spf = MQ_RESULT_ABSENT; /* what is not known might have passed */
}
