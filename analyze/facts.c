#include "analyze/facts.h"

#include <string.h>

#include "analyze/alignment.h"
#include "analyze/spf_propose.h"
#include "ingest/domain.h"
#include "ingest/text.h"

/* Selectors that common services use; tried when nobody has named one. */
static const char *const common_selectors[] = {
	"default", "google", "selector1", "selector2", "k1", "k2", "s1", "s2", "dkim", "mail",
	"smtp", "sig1", "fm1", "fm2", "protonmail", "zoho", "mandrill", "pm", "key1", "ses",
};

static MqFactState
state_of(const MqAnswer *answer)
{
	if (answer->outcome == MQ_ANSWER_FOUND)
		return MQ_FACT_PRESENT;
	return answer->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED : MQ_FACT_ABSENT;
}

static const char *
text_of(const MqAnswer *answer, guint i)
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
	spf->state = state_of(txt);
	spf->why = g_strdup(txt->why);
	for (guint i = 0; i < txt->records->len; i++) {
		const char *text = text_of(txt, i);

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
		g_autoptr(MqDmarcRecord) record = mq_dmarc_record_parse(text_of(txt, i));

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

/* ------------------------------------------------------------------- MX */

static void
address_free(gpointer data)
{
	MqAddressFact *fact = data;

	g_free(fact->reverse_name);
	g_free(fact);
}

static void
mx_free(gpointer data)
{
	MqMxFact *fact = data;

	g_free(fact->host);
	g_free(fact->why);
	g_free(fact->alias);
	g_ptr_array_unref(fact->addresses);
	mq_probe_free(fact->probe);
	g_free(fact->probe_why);
	g_free(fact);
}

static gboolean
answer_has(const MqAnswer *answer, const MqAddress *address)
{
	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);

		if (mq_address_compare(&record->address, address) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Whether one of the first few PTR names leads back. */
static gboolean
confirm(MqAnswers *answers, MqAddressFact *fact, const MqAnswer *ptr)
{
	MqAsk ask = fact->address.n_bytes == 4 ? MQ_ASK_A : MQ_ASK_AAAA;
	gboolean complete = TRUE;

	fact->confirmed = MQ_FACT_ABSENT;
	for (guint i = 0; i < MIN(ptr->records->len, 3); i++) {
		const MqAnswer *back = mq_answers_get(answers, ask, text_of(ptr, i));

		if (back == NULL)
			complete = FALSE;
		else if (answer_has(back, &fact->address))
			fact->confirmed = MQ_FACT_PRESENT;
		else if (back->outcome == MQ_ANSWER_UNKNOWN && fact->confirmed == MQ_FACT_ABSENT)
			fact->confirmed = MQ_FACT_UNANSWERED;
	}
	return complete;
}

static gboolean
gather_reverse(MqAnswers *answers, MqAddressFact *fact)
{
	g_autofree char *name = mq_address_reverse_name(&fact->address);
	const MqAnswer *ptr = mq_answers_get(answers, MQ_ASK_PTR, name);

	if (ptr == NULL)
		return FALSE;
	fact->reverse = state_of(ptr);
	if (fact->reverse != MQ_FACT_PRESENT)
		return TRUE;
	fact->reverse_name = g_strdup(text_of(ptr, 0));
	return confirm(answers, fact, ptr);
}

static gboolean
add_addresses(MqAnswers *answers, MqMxFact *fact, const MqAnswer *answer)
{
	gboolean complete = TRUE;

	for (guint i = 0; i < answer->records->len && fact->addresses->len < MQ_FACTS_ADDRESSES_MAX; i++) {
		MqAddressFact *address = g_new0(MqAddressFact, 1);

		address->address = ((const MqDnsRecord *)g_ptr_array_index(answer->records, i))->address;
		g_ptr_array_add(fact->addresses, address);
		complete = gather_reverse(answers, address) && complete;
	}
	return complete;
}

static gboolean
gather_probe(MqAnswers *answers, const char *domain, MqMxFact *fact)
{
	g_autofree char *name = g_strconcat(domain, " ", fact->host, NULL);
	const MqAnswer *answer = mq_answers_get(answers, MQ_ASK_PROBE, name);

	if (answer == NULL)
		return FALSE;
	fact->probe_why = g_strdup(answer->why);
	if (answer->outcome == MQ_ANSWER_FOUND) {
		fact->probed = MQ_FACT_PRESENT;
		fact->probe = mq_probe_parse(text_of(answer, 0));
	}
	return TRUE;
}

static gboolean
gather_host(MqAnswers *answers, const MqFacts *facts, MqMxFact *fact)
{
	const MqAnswer *a = mq_answers_get(answers, MQ_ASK_A, fact->host);
	const MqAnswer *aaaa = mq_answers_get(answers, MQ_ASK_AAAA, fact->host);
	gboolean complete;

	if (a == NULL || aaaa == NULL)
		return FALSE;
	if (a->aliases->len > 0)
		fact->alias = g_strdup(g_ptr_array_index(a->aliases, a->aliases->len - 1));
	if (a->outcome == MQ_ANSWER_FOUND || aaaa->outcome == MQ_ANSWER_FOUND)
		fact->state = MQ_FACT_PRESENT;
	else if (a->outcome == MQ_ANSWER_UNKNOWN || aaaa->outcome == MQ_ANSWER_UNKNOWN)
		fact->state = MQ_FACT_UNANSWERED;
	else
		fact->state = MQ_FACT_ABSENT;
	fact->no_name = a->outcome == MQ_ANSWER_NO_NAME;
	fact->why = g_strdup(a->why != NULL ? a->why : aaaa->why);
	complete = add_addresses(answers, fact, a);
	complete = add_addresses(answers, fact, aaaa) && complete;
	if (facts->probed && fact->state == MQ_FACT_PRESENT)
		complete = gather_probe(answers, facts->domain, fact) && complete;
	return complete;
}

static gboolean
gather_hosts(MqAnswers *answers, MqFacts *facts, const MqAnswer *mx)
{
	gboolean complete = TRUE;

	for (guint i = 0; i < mx->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(mx->records, i);
		MqMxFact *fact;

		if (strcmp(record->host, ".") == 0) {
			facts->mx.is_null = mx->records->len == 1;
			facts->mx.null_among = mx->records->len > 1;
			continue;
		}
		if (facts->mx.hosts->len == MQ_FACTS_MX_MAX)
			break;
		fact = g_new0(MqMxFact, 1);
		fact->host = g_strdup(record->host);
		fact->preference = record->preference;
		fact->addresses = g_ptr_array_new_with_free_func(address_free);
		g_ptr_array_add(facts->mx.hosts, fact);
		complete = gather_host(answers, facts, fact) && complete;
	}
	return complete;
}

static gboolean
gather_mx(MqAnswers *answers, MqFacts *facts)
{
	const MqAnswer *mx = mq_answers_get(answers, MQ_ASK_MX, facts->domain);
	const MqAnswer *a = mq_answers_get(answers, MQ_ASK_A, facts->domain);
	const MqAnswer *aaaa = mq_answers_get(answers, MQ_ASK_AAAA, facts->domain);

	if (mx == NULL || a == NULL || aaaa == NULL)
		return FALSE;
	facts->mx.state = state_of(mx);
	facts->mx.why = g_strdup(mx->why);
	facts->mx.published = mx->records->len;
	facts->mx.address = MAX(state_of(a), state_of(aaaa));
	if (state_of(a) != MQ_FACT_PRESENT && state_of(aaaa) != MQ_FACT_PRESENT)
		facts->mx.address = MIN(state_of(a), state_of(aaaa));
	facts->exists = MQ_FACT_PRESENT;
	if (mx->outcome == MQ_ANSWER_NO_NAME)
		facts->exists = MQ_FACT_ABSENT;
	else if (mx->outcome == MQ_ANSWER_UNKNOWN && facts->mx.address != MQ_FACT_PRESENT)
		facts->exists = MQ_FACT_UNANSWERED;
	return gather_hosts(answers, facts, mx);
}

/* ------------------------------------------------------------------- DKIM */

void
mq_dkim_fact_free(MqDkimFact *fact)
{
	if (fact == NULL)
		return;
	g_free(fact->domain);
	g_free(fact->selector);
	g_free(fact->name);
	mq_dkim_key_free(fact->key);
	g_free(fact->alias);
	g_free(fact->why);
	g_free(fact);
}

/* The first key counts; a usable one is preferred, as a verifier may try any. */
static void
read_keys(MqDkimFact *fact, const MqAnswer *txt)
{
	for (guint i = 0; i < txt->records->len; i++) {
		MqDkimKey *key = mq_dkim_key_parse(text_of(txt, i));

		if (key == NULL)
			continue;
		fact->keys++;
		if (fact->key == NULL || key->state > fact->key->state) {
			mq_dkim_key_free(fact->key);
			fact->key = key;
		} else {
			mq_dkim_key_free(key);
		}
	}
	if (fact->key != NULL)
		fact->state = fact->key->state;
}

MqDkimFact *
mq_dkim_fact(MqAnswers *answers, const char *selector, const char *domain)
{
	g_autofree char *name = g_strconcat(selector, "._domainkey.", domain, NULL);
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, name);
	MqDkimFact *fact;

	if (txt == NULL)
		return NULL;
	fact = g_new0(MqDkimFact, 1);
	fact->domain = g_strdup(domain);
	fact->selector = g_strdup(selector);
	fact->name = g_steal_pointer(&name);
	fact->state = txt->outcome == MQ_ANSWER_UNKNOWN ? MQ_DKIM_UNKNOWN : MQ_DKIM_MISSING;
	fact->why = g_strdup(txt->why);
	if (txt->aliases->len > 0)
		fact->alias = g_strdup(g_ptr_array_index(txt->aliases, txt->aliases->len - 1));
	read_keys(fact, txt);
	return fact;
}

static gboolean
has_selector(const MqFacts *facts, const char *selector, const char *domain)
{
	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);

		if (strcmp(fact->selector, selector) == 0 && strcmp(fact->domain, domain) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean
add_selector(MqAnswers *answers, MqFacts *facts, const char *selector, const char *domain, MqSelectorOrigin origin)
{
	MqDkimFact *fact;

	if (facts->dkim->len >= MQ_FACTS_SELECTORS_MAX || has_selector(facts, selector, domain))
		return TRUE;
	fact = mq_dkim_fact(answers, selector, domain);
	if (fact == NULL)
		return FALSE;
	fact->origin = origin;
	g_ptr_array_add(facts->dkim, fact);
	return TRUE;
}

/* "s._domainkey.d"; what is not, or not of this domain, is nobody's business here. */
static gboolean
add_reported(MqAnswers *answers, MqFacts *facts, const char *name)
{
	const char *mark = strstr(name, "._domainkey.");
	g_autofree char *selector = mark != NULL ? g_strndup(name, (gsize)(mark - name)) : NULL;
	const char *domain = mark != NULL ? mark + strlen("._domainkey.") : NULL;

	if (selector == NULL || *selector == '\0' || !mq_domain_is_within(domain, facts->domain))
		return TRUE;
	return add_selector(answers, facts, selector, domain, MQ_SELECTOR_REPORTED);
}

static gboolean
gather_dkim(MqAnswers *answers, MqFacts *facts, const MqFactsOptions *options)
{
	gboolean complete = TRUE;
	guint named = 0;
	g_autofree char *below = g_strconcat("_domainkey.", facts->domain, NULL);
	const MqAnswer *domainkey = mq_answers_get(answers, MQ_ASK_TXT, below);

	for (gsize i = 0; options->selectors != NULL && options->selectors[i] != NULL; i++, named++)
		complete = add_selector(answers, facts, options->selectors[i], facts->domain, MQ_SELECTOR_NAMED)
		           && complete;
	for (gsize i = 0; options->dkim_names != NULL && options->dkim_names[i] != NULL; i++, named++)
		complete = add_reported(answers, facts, options->dkim_names[i]) && complete;
	for (gsize i = 0; named == 0 && i < G_N_ELEMENTS(common_selectors); i++)
		complete = add_selector(answers, facts, common_selectors[i], facts->domain, MQ_SELECTOR_GUESSED)
		           && complete;
	if (domainkey == NULL)
		return FALSE;
	facts->domainkey = domainkey->outcome == MQ_ANSWER_NO_NAME   ? MQ_FACT_ABSENT
	                   : domainkey->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED
	                                                             : MQ_FACT_PRESENT;
	return complete;
}

/* ------------------------------------------------------------------- transport security */

/* A TXT record that is meant as @version and does not begin with it exactly: nobody reads it. */
static const char *
near_miss(const MqAnswer *txt, const char *version)
{
	for (guint i = 0; i < txt->records->len; i++) {
		g_autofree char *lower = g_ascii_strdown(text_of(txt, i), -1);

		if (strstr(lower, version) != NULL)
			return text_of(txt, i);
	}
	return NULL;
}

static gboolean
gather_policy(MqAnswers *answers, MqFacts *facts)
{
	g_autofree char *host = g_strconcat("mta-sts.", facts->domain, NULL);
	const MqAnswer *a = mq_answers_get(answers, MQ_ASK_A, host);
	const MqAnswer *aaaa = mq_answers_get(answers, MQ_ASK_AAAA, host);
	const MqAnswer *file;

	if (a == NULL || aaaa == NULL)
		return FALSE; /* the address is asked first: who fetches takes it from the answers */
	file = mq_answers_get(answers, MQ_ASK_STS_POLICY, facts->domain);
	if (file == NULL)
		return FALSE;
	facts->sts.fetched = state_of(file);
	facts->sts.fetch_problem = g_strdup(file->why);
	if (file->outcome == MQ_ANSWER_FOUND)
		facts->sts.policy = mq_sts_policy_parse(text_of(file, 0));
	return TRUE;
}

static gboolean
gather_sts(MqAnswers *answers, MqFacts *facts)
{
	MqStsFacts *sts = &facts->sts;
	g_autofree char *name = g_strconcat("_mta-sts.", facts->domain, NULL);
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, name);

	if (txt == NULL)
		return FALSE;
	sts->why = g_strdup(txt->why);
	sts->state = txt->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED : MQ_FACT_ABSENT;
	for (guint i = 0; i < txt->records->len; i++) {
		g_autoptr(MqStsRecord) record = mq_sts_record_parse(text_of(txt, i));

		if (record == NULL)
			continue;
		if (sts->records++ > 0)
			continue;
		sts->text = g_strdup(text_of(txt, i));
		sts->problem = g_strdup(record->problem);
		sts->state = MQ_FACT_PRESENT;
	}
	if (sts->records > 1 && sts->problem == NULL)
		sts->problem = g_strdup("there are several records; none of them counts");
	if (sts->records == 0 && near_miss(txt, "stsv1") != NULL) {
		sts->state = MQ_FACT_PRESENT;
		sts->text = g_strdup(near_miss(txt, "stsv1"));
		sts->problem = g_strdup("it does not begin with 'v=STSv1;' to the letter");
	}
	return sts->records == 0 || gather_policy(answers, facts);
}

static gboolean
gather_tlsrpt(MqAnswers *answers, MqFacts *facts)
{
	MqTlsrptFacts *tlsrpt = &facts->tlsrpt;
	g_autofree char *name = g_strconcat("_smtp._tls.", facts->domain, NULL);
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, name);

	if (txt == NULL)
		return FALSE;
	tlsrpt->why = g_strdup(txt->why);
	tlsrpt->state = txt->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED : MQ_FACT_ABSENT;
	for (guint i = 0; i < txt->records->len; i++) {
		g_autoptr(MqTlsrptRecord) record = mq_tlsrpt_record_parse(text_of(txt, i));

		if (record == NULL)
			continue;
		if (tlsrpt->records++ > 0)
			continue;
		tlsrpt->text = g_strdup(text_of(txt, i));
		tlsrpt->problem = g_strdup(record->problem);
		tlsrpt->record = g_steal_pointer(&record);
		tlsrpt->state = MQ_FACT_PRESENT;
	}
	if (tlsrpt->records > 1 && tlsrpt->problem == NULL)
		tlsrpt->problem = g_strdup("there are several records; none of them counts");
	if (tlsrpt->records == 0 && near_miss(txt, "tlsrptv1") != NULL) {
		tlsrpt->state = MQ_FACT_PRESENT;
		tlsrpt->text = g_strdup(near_miss(txt, "tlsrptv1"));
		tlsrpt->problem = g_strdup("it does not begin with 'v=TLSRPTv1;' to the letter");
	}
	return TRUE;
}

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
		bimi->record = mq_bimi_record_parse(text_of(txt, i));
		if (bimi->record == NULL)
			continue;
		bimi->text = g_strdup(text_of(txt, i));
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
	facts->mx.hosts = g_ptr_array_new_with_free_func(mx_free);
	facts->dkim = g_ptr_array_new_with_free_func((GDestroyNotify)mq_dkim_fact_free);
	return facts;
}

MqFacts *
mq_facts_gather(MqAnswers *answers, const char *domain, const MqFactsOptions *options)
{
	g_autoptr(MqFacts) facts = facts_new(domain, options);
	gboolean complete = gather_spf(answers, facts);

	complete = gather_dmarc(answers, facts) && complete;
	complete = gather_mx(answers, facts) && complete;
	complete = mq_caa_find(answers, domain, &facts->caa) && complete;
	complete = gather_dkim(answers, facts, options) && complete;
	complete = gather_sts(answers, facts) && complete;
	complete = gather_tlsrpt(answers, facts) && complete;
	complete = gather_bimi(answers, facts) && complete;
	return complete ? g_steal_pointer(&facts) : NULL;
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
	g_free(facts->sts.why);
	g_free(facts->sts.text);
	g_free(facts->sts.problem);
	g_free(facts->sts.fetch_problem);
	mq_sts_policy_free(facts->sts.policy);
	g_free(facts->tlsrpt.why);
	g_free(facts->tlsrpt.text);
	g_free(facts->tlsrpt.problem);
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

/* "v=spf1 -all" in any spacing and case. */
static gboolean
spf_lets_nobody(const char *record)
{
	g_autofree char *rest = g_strstrip(g_strdup(record + strlen("v=spf1")));

	return g_ascii_strcasecmp(rest, "-all") == 0;
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
mq_facts_parked(const MqFacts *facts)
{
	const char *spf = mq_facts_spf(facts);
	gboolean silent = spf != NULL && spf_lets_nobody(spf);

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
