#include "analyze/record_caa.h"

#include <string.h>

#include "ingest/domain.h"

#define CLIMB_MAX 16 /* names asked on the way up; who has more labels asks for trouble */

void
mq_caa_clear(MqCaa *caa)
{
	g_free(caa->why);
	g_free(caa->name);
	*caa = (MqCaa){ .outcome = MQ_ANSWER_NO_DATA };
}

/* Whether the climb ends at this answer. */
static gboolean
settle(MqCaa *out, const MqAnswer *answer)
{
	if (answer->outcome != MQ_ANSWER_FOUND && answer->outcome != MQ_ANSWER_UNKNOWN)
		return FALSE;
	out->outcome = answer->outcome;
	out->why = g_strdup(answer->why);
	if (answer->outcome == MQ_ANSWER_FOUND) {
		out->name = g_strdup(answer->name);
		out->set = answer;
	}
	return TRUE;
}

gboolean
mq_caa_find(MqAnswers *answers, const char *name, MqCaa *out)
{
	gboolean complete = TRUE;
	gboolean settled = FALSE;
	guint climbed = 0;

	mq_caa_clear(out);
	for (; name != NULL && climbed < CLIMB_MAX; name = mq_domain_parent(name), climbed++) {
		const MqAnswer *answer = mq_answers_get(answers, MQ_ASK_CAA, name);

		if (answer == NULL)
			complete = FALSE;
		else if (complete && !settled)
			settled = settle(out, answer);
		if (settled)
			break;
	}
	return complete || settled;
}

gboolean
mq_caa_has(const MqCaa *caa, const char *tag)
{
	for (guint i = 0; caa->set != NULL && i < caa->set->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(caa->set->records, i);

		if (g_strcmp0(record->tag, tag) == 0)
			return TRUE;
	}
	return FALSE;
}
