/* What secures mail on its way: MTA-STS, its policy, and TLS reports. */
#include <string.h>

#include "analyze/facts_gather.h"

/* A TXT record of which there must be exactly one that begins to the letter with its version. */
typedef struct {
	const char *prefix;  /* "_mta-sts" */
	const char *version; /* "v=STSv1;" */
	const char *alike;   /* in lower case: whoever writes this means it */
	gboolean (*read)(const char *text, char **problem); /* FALSE: it is another record */
} Kind;

static gboolean
read_sts(const char *text, char **problem)
{
	g_autoptr(MqStsRecord) record = mq_sts_record_parse(text);

	if (record != NULL)
		*problem = g_strdup(record->problem);
	return record != NULL;
}

static gboolean
read_tlsrpt(const char *text, char **problem)
{
	g_autoptr(MqTlsrptRecord) record = mq_tlsrpt_record_parse(text);

	if (record != NULL)
		*problem = g_strdup(record->problem);
	return record != NULL;
}

static const Kind kind_sts = { "_mta-sts", "v=STSv1;", "stsv1", read_sts };
static const Kind kind_tlsrpt = { "_smtp._tls", "v=TLSRPTv1;", "tlsrptv1", read_tlsrpt };

/* A TXT record that is meant as @version and does not begin with it exactly: nobody reads it. */
static const char *
near_miss(const MqAnswer *txt, const char *version)
{
	for (guint i = 0; i < txt->records->len; i++) {
		g_autofree char *lower = g_ascii_strdown(mq_fact_text(txt, i), -1);

		if (strstr(lower, version) != NULL)
			return mq_fact_text(txt, i);
	}
	return NULL;
}

/* The first record of the kind, and what is wrong with it or with there being others. */
static gboolean
gather_txt(MqAnswers *answers, const char *domain, const Kind *kind, MqTxtFact *fact)
{
	g_autofree char *name = g_strdup_printf("%s.%s", kind->prefix, domain);
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, name);

	if (txt == NULL)
		return FALSE;
	fact->why = g_strdup(txt->why);
	fact->state = txt->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED : MQ_FACT_ABSENT;
	for (guint i = 0; i < txt->records->len; i++) {
		g_autofree char *problem = NULL;

		if (!kind->read(mq_fact_text(txt, i), &problem) || fact->records++ > 0)
			continue;
		fact->text = g_strdup(mq_fact_text(txt, i));
		fact->problem = g_steal_pointer(&problem);
		fact->state = MQ_FACT_PRESENT;
	}
	if (fact->records > 1 && fact->problem == NULL)
		fact->problem = g_strdup("there are several records; none of them counts");
	if (fact->records == 0 && near_miss(txt, kind->alike) != NULL) {
		fact->state = MQ_FACT_PRESENT;
		fact->text = g_strdup(near_miss(txt, kind->alike));
		fact->problem = g_strdup_printf("it does not begin with '%s' to the letter", kind->version);
	}
	return TRUE;
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
	facts->sts.fetched = mq_fact_state(file);
	facts->sts.fetch_problem = g_strdup(file->why);
	if (file->outcome == MQ_ANSWER_FOUND)
		facts->sts.policy = mq_sts_policy_parse(mq_fact_text(file, 0));
	return TRUE;
}

gboolean
mq_facts_gather_tls(MqAnswers *answers, MqFacts *facts)
{
	MqTlsrptFacts *tlsrpt = &facts->tlsrpt;
	gboolean complete = gather_txt(answers, facts->domain, &kind_sts, &facts->sts.txt);

	if (complete && facts->sts.txt.records > 0)
		complete = gather_policy(answers, facts);
	if (!gather_txt(answers, facts->domain, &kind_tlsrpt, &tlsrpt->txt))
		return FALSE;
	if (tlsrpt->txt.records > 0)
		tlsrpt->record = mq_tlsrpt_record_parse(tlsrpt->txt.text);
	return complete;
}
