#include "analyze/check_domains.h"

#include "ingest/error.h"

#define POOL_ANSWERS 5000 /* answers shared between domains before a fresh pool is begun */

MqDomainCheck *
mq_domain_check_new(const char *domain, const MqFactsOptions *options)
{
	MqDomainCheck *check = g_new0(MqDomainCheck, 1);

	check->domain = g_strdup(domain);
	check->options = *options;
	check->answers = mq_answers_new();
	return check;
}

void
mq_domain_check_free(MqDomainCheck *check)
{
	if (check == NULL)
		return;
	mq_findings_free(check->findings);
	mq_facts_free(check->facts);
	mq_answers_free(check->answers);
	g_free(check->domain);
	g_free(check);
}

static MqAnswer *
copy_answer(const MqAnswer *answer)
{
	MqAnswer *copy = mq_answer_new(answer->ask, answer->name, answer->outcome, answer->why);

	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);
		MqDnsRecord *again = mq_dns_record_parse(answer->ask, record->text);

		if (again != NULL)
			g_ptr_array_add(copy->records, again);
	}
	for (guint i = 0; i < answer->aliases->len; i++)
		g_ptr_array_add(copy->aliases, g_strdup(g_ptr_array_index(answer->aliases, i)));
	copy->ttl_s = answer->ttl_s;
	copy->asked_s = answer->asked_s;
	return copy;
}

/* Takes from the pool what @own wants; what the pool does not have either becomes wanted there. */
static void
draw(MqAnswers *pool, MqAnswers *own)
{
	g_autoptr(GPtrArray) wanted = mq_answers_wanted(own, MQ_ASK_DNS);

	for (guint i = 0; i < wanted->len; i++) {
		const MqQuestion *question = g_ptr_array_index(wanted, i);
		const MqAnswer *answer = mq_answers_get(pool, question->ask, question->name);

		if (answer != NULL)
			mq_answers_put(own, copy_answer(answer));
	}
}

/* Fills what is not DNS, from the domain's own answers: who fetches needs the addresses there. */
static void
fill_others(MqResolver *const *others, MqAnswers *own)
{
	for (gsize i = 0; others != NULL && others[i] != NULL; i++)
		if (mq_answers_want(own, others[i]->kinds)) {
			g_autoptr(GError) failed = NULL;

			if (!mq_resolver_fill(others[i], own, &failed))
				mq_answers_give_up(own, others[i]->kinds, failed->message);
		}
	mq_answers_give_up(own, ~MQ_ASK_DNS, "it was not asked for");
}

/* Whether the facts are complete now. */
static gboolean
look(MqDomainCheck *check)
{
	if (check->facts == NULL)
		check->facts = mq_facts_gather(check->answers, check->domain, &check->options);
	return check->facts != NULL;
}

typedef struct {
	MqResolver *dns;
	MqResolver *const *others;
	MqAnswers *pool;
	GError *error; /* the first time that no name server was reached */
} Run;

static void
fill_dns(Run *run)
{
	g_autoptr(GError) error = NULL;

	if (mq_answers_want(run->pool, MQ_ASK_DNS) && !mq_resolver_fill(run->dns, run->pool, &error)) {
		mq_answers_give_up(run->pool, MQ_ASK_DNS, error->message);
		if (run->error == NULL)
			run->error = g_steal_pointer(&error);
	}
}

static void
check_batch(Run *run, const GPtrArray *checks, guint first, guint end)
{
	gboolean complete = FALSE;

	for (guint round = 0; !complete && round < MQ_CHECK_ROUNDS + 2; round++) {
		complete = TRUE;
		for (guint i = first; i < end; i++) {
			MqDomainCheck *check = g_ptr_array_index(checks, i);

			if (look(check))
				continue;
			complete = FALSE;
			draw(run->pool, check->answers);
		}
		fill_dns(run);
		for (guint i = first; i < end; i++) {
			MqDomainCheck *check = g_ptr_array_index(checks, i);

			if (check->facts != NULL)
				continue;
			draw(run->pool, check->answers);
			if (!mq_answers_want(check->answers, MQ_ASK_DNS) && mq_answers_want(check->answers, ~MQ_ASK_DNS))
				fill_others(run->others, check->answers);
			if (round >= MQ_CHECK_ROUNDS)
				mq_answers_give_up(check->answers, ~0u, "answers brought up new questions without end");
		}
	}
}

/* After its rounds a domain's questions are all given up; a few more looks make it complete. */
static void
finish(MqDomainCheck *check)
{
	while (!look(check))
		mq_answers_give_up(check->answers, ~0u, "too many rounds of questions");
	check->findings = mq_checks_run(check->facts);
}

gboolean
mq_check_domains(const GPtrArray *checks, MqResolver *dns, MqResolver *const *others, MqCheckProgress progress,
                 gpointer ctx, GError **error)
{
	Run run = { .dns = dns, .others = others, .pool = mq_answers_new() };

	for (guint first = 0; first < checks->len; first += MQ_CHECK_BATCH) {
		guint end = MIN(first + MQ_CHECK_BATCH, checks->len);
		g_autoptr(GPtrArray) held = mq_answers_list(run.pool);

		if (held->len > POOL_ANSWERS) {
			mq_answers_free(run.pool);
			run.pool = mq_answers_new();
		}
		check_batch(&run, checks, first, end);
		for (guint i = first; i < end; i++)
			finish(g_ptr_array_index(checks, i));
		if (progress != NULL)
			progress(ctx, end, checks->len);
	}
	mq_answers_free(run.pool);
	if (run.error == NULL)
		return TRUE;
	g_propagate_error(error, run.error);
	return FALSE;
}
