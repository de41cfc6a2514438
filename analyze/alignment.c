#include "analyze/alignment.h"

#include <string.h>

#include "analyze/discovery.h"
#include "ingest/domain.h"

gboolean
mq_alignment_treewalk(MqAnswers *answers, const char *from, const char *identifier, gboolean strict,
                      MqAligned *aligned)
{
	g_autofree char *from_org = NULL;
	g_autofree char *identifier_org = NULL;
	gboolean complete;

	if (strict || strcmp(from, identifier) == 0) {
		*aligned = strcmp(from, identifier) == 0 ? MQ_ALIGNED_YES : MQ_ALIGNED_NO;
		return TRUE;
	}
	if (!mq_discovery_organization(answers, from, &from_org))
		return FALSE; /* most strangers are told apart without a question about them */
	if (from_org != NULL && !mq_domain_is_within(identifier, from_org)) {
		*aligned = MQ_ALIGNED_NO;
		return TRUE;
	}
	complete = mq_discovery_organization(answers, identifier, &identifier_org);
	if (from_org == NULL || identifier_org == NULL)
		*aligned = MQ_ALIGNED_UNKNOWN;
	else
		*aligned = strcmp(from_org, identifier_org) == 0 ? MQ_ALIGNED_YES : MQ_ALIGNED_NO;
	return complete;
}

gboolean
mq_alignment_suffix(const char *from, const char *identifier, gboolean strict)
{
	g_autofree char *from_org = NULL;
	g_autofree char *identifier_org = NULL;

	if (strict || strcmp(from, identifier) == 0)
		return strcmp(from, identifier) == 0;
	from_org = mq_discovery_organization_suffix(from);
	identifier_org = mq_discovery_organization_suffix(identifier);
	return strcmp(from_org, identifier_org) == 0;
}
