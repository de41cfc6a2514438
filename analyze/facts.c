#include "analyze/facts_gather.h"

#include <string.h>

#include "analyze/alignment.h"
#include "analyze/spf_propose.h"
#include "ingest/domain.h"
#include "ingest/text.h"

MqFactState
mq_fact_state(const MqAnswer *answer)
{
	if (answer->outcome == MQ_ANSWER_FOUND)
		return MQ_FACT_PRESENT;
	return answer->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED : MQ_FACT_ABSENT;
}

const char *
mq_fact_text(const MqAnswer *answer, guint i)
{
	return ((const MqDnsRecord *)g_ptr_array_index(answer->records, i))->text;
}

/* ------------------------------------------------------------------- SPF */

static gboolean
looks_stray(const char *text)
{
	return g_ascii_strncasecmp(text, "v=dmarc1", 8) == 0 || g_ascii_strncasecmp(text, "spf1", 4) == 0
	       || g_ascii_strncasecmp(text, "v=spf", 5) == 0 || g_ascii_strncasecmp(text, "\"v=spf", 6) == 0
	       || g_ascii_strncasecmp(text, "v = spf", 7) == 0 || g_ascii_strncasecmp(text, " v=spf", 6) == 0;
}

/* The tree of the one record; and a record to publish instead, where that one is of no use. */
static gboolean
gather_tree(MqAnswers *answers, MqFacts *facts)
{
	MqSpfFacts *spf = &facts->spf;

	if (spf->records->len == 0)
		return TRUE;
	if (spf->records->len == 1) {
		if (!mq_spf_survey(answers, facts->domain, &spf->ranges))
			return FALSE;
		if (spf->ranges->result != MQ_RESULT_PERMERROR && spf->ranges->lookups <= MQ_SPF_LOOKUPS)
			return TRUE;
	}
	return mq_spf_propose(answers, facts->domain, spf->records, &spf->proposal);
}

static gboolean
gather_spf(MqAnswers *answers, MqFacts *facts)
{
	MqSpfFacts *spf = &facts->spf;
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, facts->domain);

	if (txt == NULL)
		return FALSE;
	spf->state = mq_fact_state(txt);
	spf->why = g_strdup(txt->why);
	for (guint i = 0; i < txt->records->len; i++) {
		const char *text = mq_fact_text(txt, i);

		if (mq_spf_is_record(text))
			g_ptr_array_add(spf->records, g_strdup(text));
		else if (looks_stray(text))
			g_ptr_array_add(spf->stray, g_strdup(text));
	}
	if (spf->state == MQ_FACT_PRESENT && spf->records->len == 0)
		spf->state = MQ_FACT_ABSENT;
	return gather_tree(answers, facts);
}

/* ------------------------------------------------------------------- DMARC */

static void
destination_free(gpointer data)
{
	MqDestinationFact *fact = data;

	g_free(fact->query);
	g_free(fact->why);
	g_free(fact);
}

/* RFC 9990 section 4: one record there that is a DMARC record is enough. */
static gboolean
ask_destination(MqAnswers *answers, MqDestinationFact *fact)
{
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, fact->query);

	if (txt == NULL)
		return FALSE;
	fact->agreed = txt->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED : MQ_FACT_ABSENT;
	fact->why = g_strdup(txt->why);
	for (guint i = 0; i < txt->records->len; i++) {
		g_autoptr(MqDmarcRecord) record = mq_dmarc_record_parse(mq_fact_text(txt, i));

		if (record != NULL)
			fact->agreed = MQ_FACT_PRESENT;
	}
	return TRUE;
}

/* Another organization, by either way to tell: a reporter of either generation may ask. */
static gboolean
is_external(MqAnswers *answers, const char *policy_domain, const char *host, gboolean *external)
{
	MqAligned walk;

	*external = !mq_alignment_suffix(policy_domain, host, FALSE);
	if (!mq_alignment_treewalk(answers, policy_domain, host, FALSE, &walk))
		return FALSE;
	*external = *external || walk == MQ_ALIGNED_NO;
	return TRUE;
}

static gboolean
add_destination(MqAnswers *answers, MqFacts *facts, const char *tag, const MqReportUri *uri)
{
	const char *policy_domain = facts->dmarc.walk.policy_domain;
	MqDestinationFact *fact;
	gboolean complete;

	if (uri->host == NULL)
		return TRUE;
	fact = g_new0(MqDestinationFact, 1);
	fact->tag = tag;
	fact->uri = uri;
	fact->agreed = MQ_FACT_PRESENT;
	g_ptr_array_add(facts->dmarc.destinations, fact);
	complete = is_external(answers, policy_domain, uri->host, &fact->external);
	if (!complete || !fact->external)
		return complete;
	fact->query = g_strconcat(policy_domain, "._report._dmarc.", uri->host, NULL);
	return ask_destination(answers, fact);
}

static gboolean
add_destinations(MqAnswers *answers, MqFacts *facts, const char *tag, const GPtrArray *uris)
{
	gboolean complete = TRUE;

	for (guint i = 0; i < uris->len; i++)
		complete = add_destination(answers, facts, tag, g_ptr_array_index(uris, i)) && complete;
	return complete;
}

static gboolean
gather_dmarc(MqAnswers *answers, MqFacts *facts)
{
	MqDmarcFacts *dmarc = &facts->dmarc;
	gboolean complete = mq_discovery_treewalk(answers, facts->domain, &dmarc->walk);

	complete = mq_discovery_suffix(answers, facts->domain, &dmarc->suffix) && complete;
	dmarc->at = mq_dmarc_at(answers, facts->domain);
	if (!complete || dmarc->at == NULL)
		return FALSE;
	if (dmarc->walk.record == NULL)
		return TRUE;
	complete = add_destinations(answers, facts, "rua", dmarc->walk.record->rua);
	return add_destinations(answers, facts, "ruf", dmarc->walk.record->ruf) && complete;
}

/* ------------------------------------------------------------------- BIMI */

static gboolean
gather_bimi(MqAnswers *answers, MqFacts *facts)
{
	MqBimiFacts *bimi = &facts->bimi;
	g_autofree char *name = g_strconcat("default._bimi.", facts->domain, NULL);
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, name);

	if (txt == NULL)
		return FALSE;
	bimi->state = txt->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED : MQ_FACT_ABSENT;
	for (guint i = 0; i < txt->records->len && bimi->record == NULL; i++) {
		bimi->record = mq_bimi_record_parse(mq_fact_text(txt, i));
		if (bimi->record == NULL)
			continue;
		bimi->text = g_strdup(mq_fact_text(txt, i));
		bimi->state = MQ_FACT_PRESENT;
	}
	return TRUE;
}

/* ------------------------------------------------------------------- all of it */

static MqFacts *
facts_new(const char *domain, const MqFactsOptions *options)
{
	MqFacts *facts = g_new0(MqFacts, 1);

	facts->domain = g_strdup(domain);
	facts->probed = options->probe;
	facts->now_s = options->now_s;
	facts->spf.records = g_ptr_array_new_with_free_func(g_free);
	facts->spf.stray = g_ptr_array_new_with_free_func(g_free);
	facts->dmarc.destinations = g_ptr_array_new_with_free_func(destination_free);
	facts->mx.hosts = g_ptr_array_new_with_free_func(mq_mx_fact_free);
	facts->dkim = g_ptr_array_new_with_free_func((GDestroyNotify)mq_dkim_fact_free);
	return facts;
}

MqFacts *
mq_facts_gather(MqAnswers *answers, const char *domain, const MqFactsOptions *options)
{
	g_autoptr(MqFacts) facts = facts_new(domain, options);
	gboolean complete = gather_spf(answers, facts);

	complete = gather_dmarc(answers, facts) && complete;
	complete = mq_facts_gather_mx(answers, facts) && complete;
	complete = mq_caa_find(answers, domain, &facts->caa) && complete;
	complete = mq_facts_gather_dkim(answers, facts, options) && complete;
	complete = mq_facts_gather_tls(answers, facts) && complete;
	complete = gather_bimi(answers, facts) && complete;
	return complete ? g_steal_pointer(&facts) : NULL;
}

static void
txt_clear(MqTxtFact *txt)
{
	g_free(txt->why);
	g_free(txt->text);
	g_free(txt->problem);
}

void
mq_facts_free(MqFacts *facts)
{
	if (facts == NULL)
		return;
	g_free(facts->domain);
	g_free(facts->spf.why);
	g_ptr_array_unref(facts->spf.records);
	g_ptr_array_unref(facts->spf.stray);
	mq_spf_survey_free(facts->spf.ranges);
	g_free(facts->spf.proposal);
	mq_dmarc_at_free(facts->dmarc.at);
	g_ptr_array_unref(facts->dmarc.destinations); /* they borrow from the walk's record */
	mq_discovery_clear(&facts->dmarc.walk);
	mq_discovery_clear(&facts->dmarc.suffix);
	g_free(facts->mx.why);
	g_ptr_array_unref(facts->mx.hosts);
	mq_caa_clear(&facts->caa);
	g_ptr_array_unref(facts->dkim);
	txt_clear(&facts->sts.txt);
	g_free(facts->sts.fetch_problem);
	mq_sts_policy_free(facts->sts.policy);
	txt_clear(&facts->tlsrpt.txt);
	mq_tlsrpt_record_free(facts->tlsrpt.record);
	g_free(facts->bimi.text);
	mq_bimi_record_free(facts->bimi.record);
	g_free(facts);
}

/* ------------------------------------------------------------------- what follows */

const char *
mq_facts_spf(const MqFacts *facts)
{
	return facts->spf.records->len == 1 ? g_ptr_array_index(facts->spf.records, 0) : NULL;
}

gboolean
mq_facts_spf_lets_nobody(const MqFacts *facts)
{
	const char *spf = mq_facts_spf(facts);
	g_autofree char *rest = spf != NULL ? g_strstrip(g_strdup(spf + strlen("v=spf1"))) : NULL;

	return rest != NULL && g_ascii_strcasecmp(rest, "-all") == 0;
}

static gboolean
selector_known(const MqFacts *facts)
{
	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);

		if (fact->origin != MQ_SELECTOR_GUESSED || fact->state > MQ_DKIM_REVOKED)
			return TRUE;
	}
	return FALSE;
}

gboolean
mq_facts_under_registry(const MqFacts *facts)
{
	const MqDiscovery *walk = &facts->dmarc.walk;

	return walk->record != NULL && walk->record->psd == MQ_PSD_YES && strcmp(walk->policy_domain, facts->domain) != 0;
}

gboolean
mq_facts_parked(const MqFacts *facts)
{
	const char *spf = mq_facts_spf(facts);
	gboolean silent = mq_facts_spf_lets_nobody(facts);

	if (facts->mx.state == MQ_FACT_UNANSWERED || facts->spf.state == MQ_FACT_UNANSWERED
	    || facts->spf.records->len > 1 || selector_known(facts))
		return FALSE;
	if (facts->mx.is_null)
		return spf == NULL || silent;
	if (facts->mx.state == MQ_FACT_PRESENT)
		return FALSE;
	return silent || (facts->mx.address == MQ_FACT_ABSENT && spf == NULL);
}

MqPolicy
mq_facts_treatment(const MqFacts *facts)
{
	const MqDiscovery *walk = &facts->dmarc.walk;

	return walk->record != NULL ? mq_dmarc_record_treatment(walk->record, walk->whom) : MQ_POLICY_ABSENT;
}
