#include "analyze/resolver.h"

#include "ingest/limits.h"

gboolean
mq_resolver_fill(MqResolver *resolver, MqAnswers *answers, GError **error)
{
	return resolver->fill(resolver, &answers, 1, error);
}

gboolean
mq_resolver_fill_some(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	return resolver->fill(resolver, sets, n_sets, error);
}

typedef struct {
	MqAnswers *set;
	char *name;
	MqAnswer *answer;
} Job;

static void
job_free(gpointer data)
{
	Job *job = data;

	g_free(job->name);
	g_free(job);
}

typedef struct {
	const MqResolver *resolver;
	MqAskBlocking ask;
} Asking;

static void
work(gpointer data, gpointer ctx)
{
	const Asking *asking = ctx;
	Job *job = data;

	job->answer = asking->ask(asking->resolver, job->set, job->name);
}

static GPtrArray *
list_jobs(const MqResolver *resolver, MqAnswers *const *sets, guint n_sets)
{
	GPtrArray *jobs = g_ptr_array_new_with_free_func(job_free);

	for (guint s = 0; s < n_sets; s++) {
		g_autoptr(GPtrArray) wanted = mq_answers_wanted(sets[s], resolver->kinds);

		for (guint i = 0; i < wanted->len; i++) {
			Job *job = g_new0(Job, 1);

			job->set = sets[s];
			job->name = g_strdup(((const MqQuestion *)g_ptr_array_index(wanted, i))->name);
			g_ptr_array_add(jobs, job);
		}
	}
	return jobs;
}

void
mq_resolver_ask_blocking(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, MqAsk kind, MqAskBlocking ask)
{
	g_autoptr(GPtrArray) jobs = list_jobs(resolver, sets, n_sets);
	Asking asking = { .resolver = resolver, .ask = ask };
	/* no error: threads are not exclusive, so one is made when a job is pushed, or it waits for one */
	GThreadPool *pool = g_thread_pool_new(work, &asking, MQ_LIMIT_BLOCKING, FALSE, NULL);

	for (guint i = 0; i < jobs->len; i++)
		g_thread_pool_push(pool, g_ptr_array_index(jobs, i), NULL);
	g_thread_pool_free(pool, FALSE, TRUE);
	for (guint i = 0; i < jobs->len; i++) {
		Job *job = g_ptr_array_index(jobs, i);

		mq_answers_put(job->set, job->answer != NULL ? job->answer
		                                             : mq_answer_new(kind, job->name, MQ_ANSWER_UNKNOWN, "no thread can be started"));
	}
}

void
mq_resolver_free(MqResolver *resolver)
{
	if (resolver != NULL)
		resolver->free(resolver);
}
