/* Where mail goes: the exchangers, their addresses and what those are called, and a talk with them. */
#include <string.h>

#include "analyze/facts_gather.h"

static void
address_free(gpointer data)
{
	MqAddressFact *fact = data;

	g_free(fact->reverse_name);
	g_free(fact);
}

void
mq_mx_fact_free(gpointer data)
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
		const MqAnswer *back = mq_answers_get(answers, ask, mq_fact_text(ptr, i));

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
	fact->reverse = mq_fact_state(ptr);
	if (fact->reverse != MQ_FACT_PRESENT)
		return TRUE;
	fact->reverse_name = g_strdup(mq_fact_text(ptr, 0));
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
		fact->probe = mq_probe_parse(mq_fact_text(answer, 0));
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

gboolean
mq_facts_gather_mx(MqAnswers *answers, MqFacts *facts)
{
	const MqAnswer *mx = mq_answers_get(answers, MQ_ASK_MX, facts->domain);
	const MqAnswer *a = mq_answers_get(answers, MQ_ASK_A, facts->domain);
	const MqAnswer *aaaa = mq_answers_get(answers, MQ_ASK_AAAA, facts->domain);

	if (mx == NULL || a == NULL || aaaa == NULL)
		return FALSE;
	facts->mx.state = mq_fact_state(mx);
	facts->mx.why = g_strdup(mx->why);
	facts->mx.published = mx->records->len;
	facts->mx.address = MAX(mq_fact_state(a), mq_fact_state(aaaa));
	if (mq_fact_state(a) != MQ_FACT_PRESENT && mq_fact_state(aaaa) != MQ_FACT_PRESENT)
		facts->mx.address = MIN(mq_fact_state(a), mq_fact_state(aaaa));
	facts->exists = MQ_FACT_PRESENT;
	if (mx->outcome == MQ_ANSWER_NO_NAME)
		facts->exists = MQ_FACT_ABSENT;
	else if (mx->outcome == MQ_ANSWER_UNKNOWN && facts->mx.address != MQ_FACT_PRESENT)
		facts->exists = MQ_FACT_UNANSWERED;
	return gather_hosts(answers, facts, mx);
}
