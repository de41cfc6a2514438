#include "analyze/check_domains.h"

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

typedef struct {
	MqResolver *dns;
	MqResolver *const *others;
	GPtrArray *active; /* MqDomainCheck *: being looked at */
	GError *error;     /* the first time that no name server was reached */
} Run;

/* Whether the facts are complete now. Called when nothing is wanted any more: what is wanted after it
 * is new. */
static gboolean
look(MqDomainCheck *check)
{
	check->facts = mq_facts_gather(check->answers, check->domain, &check->options);
	if (check->facts != NULL) {
		check->findings = mq_checks_run(check->facts);
		return TRUE;
	}
	if (++check->rounds >= MQ_CHECK_ROUNDS)
		mq_answers_give_up(check->answers, ~0u, "answers brought up new questions without end");
	return FALSE;
}

/* The sets of the active checks that want something of @kinds, and nothing of @before. */
static GPtrArray *
list_sets(const GPtrArray *active, guint kinds, guint before)
{
	GPtrArray *sets = g_ptr_array_new();

	for (guint i = 0; i < active->len; i++) {
		MqAnswers *answers = ((MqDomainCheck *)g_ptr_array_index(active, i))->answers;

		if (mq_answers_want(answers, kinds) && !mq_answers_want(answers, before))
			g_ptr_array_add(sets, answers);
	}
	return sets;
}

static void
fill_sets(MqResolver *resolver, const GPtrArray *sets, guint kinds, GError **first)
{
	g_autoptr(GError) error = NULL;

	if (sets->len == 0 || mq_resolver_fill_some(resolver, (MqAnswers *const *)sets->pdata, sets->len, &error))
		return;
	for (guint i = 0; i < sets->len; i++)
		mq_answers_give_up(g_ptr_array_index(sets, i), kinds, error->message);
	if (first != NULL && *first == NULL)
		*first = g_steal_pointer(&error);
}

/* What is not DNS waits until the domain's DNS is complete: who fetches needs the addresses there. */
static void
fill(Run *run)
{
	g_autoptr(GPtrArray) asking = list_sets(run->active, MQ_ASK_DNS, 0);

	fill_sets(run->dns, asking, MQ_ASK_DNS, &run->error);
	for (gsize i = 0; run->others != NULL && run->others[i] != NULL; i++) {
		g_autoptr(GPtrArray) waiting = list_sets(run->active, run->others[i]->kinds & ~MQ_ASK_DNS, MQ_ASK_DNS);

		fill_sets(run->others[i], waiting, run->others[i]->kinds, NULL);
	}
	for (guint i = 0; i < run->active->len; i++) {
		MqAnswers *answers = ((MqDomainCheck *)g_ptr_array_index(run->active, i))->answers;

		if (!mq_answers_want(answers, MQ_ASK_DNS))
			mq_answers_give_up(answers, ~0u, "it was not asked for");
	}
}

/* Looks at those that have all they wanted; what is complete leaves. */
static void
advance(Run *run)
{
	for (guint i = run->active->len; i-- > 0;) {
		MqDomainCheck *check = g_ptr_array_index(run->active, i);

		if (!mq_answers_want(check->answers, ~0u) && look(check))
			g_ptr_array_remove_index_fast(run->active, i);
	}
}

gboolean
mq_check_domains(const GPtrArray *checks, MqResolver *dns, MqResolver *const *others, MqCheckProgress progress,
                 gpointer ctx, GError **error)
{
	g_autoptr(GPtrArray) active = g_ptr_array_new();
	Run run = { .dns = dns, .others = others, .active = active };
	guint next = 0;

	while (next < checks->len || active->len > 0) {
		while (next < checks->len && active->len < MQ_CHECK_FLIGHT)
			g_ptr_array_add(active, g_ptr_array_index(checks, next++));
		advance(&run);
		if (progress != NULL)
			progress(ctx, next - active->len, checks->len);
		fill(&run);
	}
	if (run.error == NULL)
		return TRUE;
	g_propagate_error(error, run.error);
	return FALSE;
}
