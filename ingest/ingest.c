#include "ingest/ingest.h"

#include <string.h>

#include "ingest/budget.h"
#include "ingest/http.h"
#include "ingest/mail.h"
#include "ingest/message.h"
#include "ingest/origins.h"
#include "ingest/quarantine.h"
#include "ingest/watch.h"

#define JOBS_MAX    64
#define COMMIT_US   G_USEC_PER_SEC
#define PROGRESS_US (G_USEC_PER_SEC / 10)

/* Messages that the parsers hand to the caller at a time. */
#define READ_TOGETHER 16

/* How much a message may hold while it waits for its turn: its records are larger in memory than
 * they were in the mail, up to what MQ_LIMIT_HELD_RECORDS of them take. */
#define HELD_RATIO 40
#define HELD_BYTES (3 * 1024 * 1024)

/* One message on its way from the walker through a parser to the caller. */
typedef struct {
	guint64 order;       /* in walking order, without gaps */
	guint64 weight;      /* taken from the budget */
	MqMessage *message;  /* (nullable): gone, or the end of all */
	gboolean is_end;
} Job;

/* Shared between threads: the budget, the queue, the pool, the atomic numbers; the rest is set before
 * the threads start, or belongs to the one that is named. */
typedef struct {
	const MqIngestOptions *options;
	const MqSink *sink;
	gpointer sink_ctx;
	GCancellable *cancellable;
	MqBudget *budget;
	GThreadPool *parsers;
	GAsyncQueue *done;   /* Job * */
	GQueue *read;        /* Job *: on their way there; under the lock of @done */
	gint unread;         /* atomic: messages that no parser has taken yet */
	gint stopping;       /* atomic: the sink has failed, nothing more is wanted */
	gint expected;       /* atomic: messages known to come */
	gint missed;         /* atomic: a message was gone, or was just being renamed */

	GPtrArray *places;   /* MqPlace *, one a source */

	/* the walker's */
	MqPlace *walking;
	guint round;         /* walks begun */
	MqWatch *watch;      /* (nullable) */
	gint64 due_us;       /* when accounts are asked again */
	GHashTable *seen, *seeing; /* keys of mails, of the last walk and of this one */
	guint64 n_walked;
	GError *failure;     /* of the first place that could not be reached; the caller's when it has ended */

	/* the caller's */
	Job *waiting[MQ_LIMIT_FLIGHT_MESSAGES + 1]; /* for those before them; by order, modulo its size */
	guint64 next;
	guint uncommitted;
	MqQuarantine *quarantine; /* (nullable) */
	GPtrArray *unsettled; /* MqItem *: what --after acts on after the next commit */
	gint64 committed_us, shown_us;
	MqProgress progress;
} Run;

void
mq_ingest_init(void)
{
	mq_http_init();
	mq_mail_init();
}

static void
job_free(Job *job)
{
	mq_message_free(job->message);
	g_free(job);
}

/* ------------------------------------------------------------------ the walker */

static gboolean
is_unwanted(Run *run)
{
	return g_atomic_int_get(&run->stopping) != 0
	       || (run->cancellable != NULL && g_cancellable_is_cancelled(run->cancellable));
}

static gboolean
is_stopped(gpointer ctx)
{
	return is_unwanted(ctx);
}

static gboolean
emit(gpointer ctx, MqItem *item)
{
	Run *run = ctx;
	guint64 weight = item->n_bytes + MIN(item->n_bytes, HELD_BYTES / HELD_RATIO) * HELD_RATIO;
	Job *job;

	if (is_unwanted(run) || !mq_budget_take(run->budget, weight)) {
		mq_item_free(item);
		return FALSE;
	}
	item->in = run->walking;
	item->round = run->round;
	job = g_new0(Job, 1);
	job->order = run->n_walked++;
	job->weight = weight;
	job->message = mq_message_new(item);
	g_atomic_int_inc(&run->unread);
	g_thread_pool_push(run->parsers, job, NULL); /* fails only to start a thread; another one takes it */
	return TRUE;
}

static void
expect(gpointer ctx, guint64 n)
{
	g_atomic_int_add(&((Run *)ctx)->expected, (gint)n);
}

static void
watch_folder(gpointer ctx, const char *folder)
{
	mq_watch_folder(((Run *)ctx)->watch, folder);
}

static gboolean
is_new(gpointer ctx, const char *key)
{
	Run *run = ctx;

	g_hash_table_add(run->seeing, g_strdup(key));
	return !g_hash_table_contains(run->seen, key);
}

/* What another try in some minutes may well change. */
static gboolean
may_pass(const Run *run, const GError *error)
{
	return run->watch != NULL
	       && (run->round > 1
	           || !(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
	                || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
	                || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)));
}

static void
walk_place(Run *run, MqPlace *place)
{
	const MqWalk to = {
		.emit = emit, .expect = expect, .stopped = is_stopped, .ctx = run, .again = run->round > 1,
		.watch = run->watch != NULL ? watch_folder : NULL, .is_new = run->watch != NULL ? is_new : NULL,
	};
	g_autoptr(GError) error = NULL;

	run->walking = place;
	if (place->origin->walk(place, &to, &error))
		return;
	if (!place->origin->is_remote && run->round == 1)
		emit(run, mq_item_new(place->origin, place->source)); /* opening it tells why */
	else if (may_pass(run, error) && run->sink->trouble != NULL)
		run->sink->trouble(run->sink_ctx, error);
	else if (run->failure == NULL)
		run->failure = g_steal_pointer(&error);
}

/* Mails that went away are forgotten, so that the memory is that of the folders as they are. */
static void
walk_places(Run *run)
{
	GHashTable *before = run->seen;
	gboolean is_due = g_get_monotonic_time() >= run->due_us;

	run->round++;
	if (g_atomic_int_compare_and_exchange(&run->missed, 1, 0))
		g_hash_table_remove_all(run->seen); /* all once more: it may be there under another name */
	if (is_due)
		run->due_us = g_get_monotonic_time() + run->options->interval_s * G_USEC_PER_SEC;
	for (guint i = 0; i < run->places->len && !is_unwanted(run); i++) {
		MqPlace *place = run->places->pdata[i];

		if (run->round == 1 || (place->is_watched && (is_due || !place->origin->is_remote)))
			walk_place(run, place);
	}
	run->seen = run->seeing;
	run->seeing = before;
	g_hash_table_remove_all(run->seeing);
}

static gpointer
walk(gpointer data)
{
	Run *run = data;
	Job *end = g_new0(Job, 1);

	do
		walk_places(run);
	while (run->watch != NULL && run->failure == NULL && !is_unwanted(run)
	       && mq_watch_wait(run->watch, run->due_us, run->cancellable));
	end->order = run->n_walked;
	end->is_end = TRUE;
	g_async_queue_push(run->done, end);
	return NULL;
}

/* ----------------------------------------------------------------- the parsers */

/* The caller is not woken for each message, unless nothing else is being read. */
static void
hand_over(Run *run, Job *job)
{
	g_async_queue_lock(run->done);
	g_queue_push_tail(run->read, job);
	if (run->read->length >= READ_TOGETHER || g_atomic_int_get(&run->unread) == 0)
		while ((job = g_queue_pop_head(run->read)) != NULL)
			g_async_queue_push_unlocked(run->done, job);
	g_async_queue_unlock(run->done);
}

static void
parse(gpointer data, gpointer ctx)
{
	Job *job = data;
	Run *run = ctx;

	g_atomic_int_add(&run->unread, -1);
	if (g_atomic_int_get(&run->stopping) != 0
	    || !mq_message_read(job->message, run->options, run->sink->known, run->sink_ctx))
		g_clear_pointer(&job->message, mq_message_free);
	hand_over(run, job);
}

/* ------------------------------------------------------------------ the caller */

static void
tell_unsettled(gpointer ctx, MqItem *item, const GError *why)
{
	Run *run = ctx;

	item->in->stuck_round = item->round;
	if (run->sink->unsettled != NULL)
		run->sink->unsettled(run->sink_ctx, item->name, why);
}

/* A run that ends between the commit and this one's end leaves the rest where it was: the next run knows
 * those messages by their bytes and settles them. */
static void
settle(Run *run)
{
	MqItem *const *items = (MqItem *const *)run->unsettled->pdata;

	for (guint i = 0, n; i < run->unsettled->len; i += n) {
		const MqItem *first = items[i];

		for (n = 1; i + n < run->unsettled->len; n++)
			if (items[i + n]->in != first->in || items[i + n]->origin != first->origin)
				break;
		first->origin->settle(items + i, n, &run->options->after, tell_unsettled, run);
	}
	g_ptr_array_set_size(run->unsettled, 0);
}

/* Only now: the next run does not look at what is before a mark. */
static gboolean
put_marks(Run *run, GError **error)
{
	for (guint i = 0; i < run->places->len; i++) {
		MqPlace *place = run->places->pdata[i];
		g_autofree char *reached = g_steal_pointer(&place->reached);

		if (reached == NULL || place->reached_round <= place->stuck_round)
			continue;
		mq_place_set_mark(place, reached);
		if (run->sink->put_mark != NULL && !run->sink->put_mark(run->sink_ctx, place->key, reached, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
commit(Run *run, GError **error)
{
	run->uncommitted = 0;
	run->committed_us = g_get_monotonic_time();
	if (run->sink->commit != NULL && !run->sink->commit(run->sink_ctx, error))
		return FALSE;
	settle(run);
	if (run->quarantine != NULL && !mq_quarantine_settle(run->quarantine, error))
		return FALSE;
	return put_marks(run, error);
}

static gboolean
commit_when_due(Run *run, GError **error)
{
	if (run->uncommitted < MQ_LIMIT_COMMIT_MESSAGES
	    && (run->uncommitted == 0 || g_get_monotonic_time() - run->committed_us < COMMIT_US))
		return TRUE;
	return commit(run, error);
}

static void
show_progress(Run *run, gboolean now)
{
	gint64 time_us = g_get_monotonic_time();

	if (run->sink->progress == NULL || (!now && time_us - run->shown_us < PROGRESS_US))
		return;
	run->shown_us = time_us;
	run->progress.messages_total = (guint64)MAX(g_atomic_int_get(&run->expected), 0);
	run->sink->progress(run->sink_ctx, &run->progress);
}

/* What is left to do once it is committed. */
static void
finish(Run *run, MqMessage *message)
{
	MqItem *item = message->item;

	if (item->mark != NULL) {
		g_free(item->in->reached);
		item->in->reached = g_steal_pointer(&item->mark);
		item->in->reached_round = item->round;
	}
	if (run->options->after.action == MQ_AFTER_KEEP || item->origin->settle == NULL || !mq_message_is_done(message))
		return;
	mq_item_let_go(item);
	g_ptr_array_add(run->unsettled, g_steal_pointer(&message->item));
}

static gboolean
deliver(Run *run, const Job *job, GError **error)
{
	MqMessage *message = job->message;
	gboolean taken;

	if (message == NULL)
		return TRUE;
	if (run->quarantine != NULL && !mq_quarantine_look(run->quarantine, message, error))
		return FALSE;
	taken = run->sink->put(run->sink_ctx, message, error);
	if (taken)
		finish(run, message);
	run->uncommitted++;
	run->progress.messages++;
	run->progress.bytes += message->n_bytes;
	run->progress.reports += message->reports->len;
	for (guint i = 0; i < message->reports->len; i++)
		run->progress.records += ((const MqReport *)message->reports->pdata[i])->n_records;
	return taken;
}

/* Delivers what waits, as far as there is no gap. */
static gboolean
deliver_in_order(Run *run, gboolean *ended, GError **error)
{
	gboolean ok = TRUE;
	Job *job;

	while (ok && !*ended && (job = run->waiting[run->next % G_N_ELEMENTS(run->waiting)]) != NULL) {
		run->waiting[run->next++ % G_N_ELEMENTS(run->waiting)] = NULL;
		*ended = job->is_end;
		if (!*ended && job->message == NULL)
			g_atomic_int_set(&run->missed, 1);
		ok = *ended || (deliver(run, job, error) && commit_when_due(run, error));
		if (!job->is_end)
			mq_budget_give(run->budget, job->weight);
		job_free(job);
		show_progress(run, FALSE);
	}
	return ok;
}

static gboolean
take_deliveries(Run *run, GError **error)
{
	gboolean ended = FALSE;

	while (!ended) {
		Job *job = g_async_queue_timeout_pop(run->done, run->uncommitted > 0 ? PROGRESS_US : COMMIT_US);

		if (job != NULL)
			run->waiting[job->order % G_N_ELEMENTS(run->waiting)] = job;
		if (!deliver_in_order(run, &ended, error) || !commit_when_due(run, error))
			return FALSE;
		show_progress(run, FALSE);
	}
	show_progress(run, TRUE);
	return commit(run, error);
}

/* ---------------------------------------------------------------------- the run */

gboolean
mq_after_parse(const char *text, MqAfter *after, GError **error)
{
	static const char *const words[] = { "keep", "seen", "move:", "delete" }; /* in the order of the enum */

	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		const char *folder = i == MQ_AFTER_MOVE && g_str_has_prefix(text, words[i]) ? text + strlen(words[i]) : NULL;

		if (folder != NULL ? folder[strspn(folder, "./")] == '\0' : strcmp(text, words[i]) != 0)
			continue; /* no name, or none of a folder to be made */
		*after = (MqAfter){ .action = (MqAfterAction)i, .folder = folder };
		return TRUE;
	}
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--after is '%s', want keep, seen, move:FOLDER or delete", text);
	return FALSE;
}

static void
run_free(Run *run)
{
	Job *job;

	for (gsize i = 0; i < G_N_ELEMENTS(run->waiting); i++)
		if (run->waiting[i] != NULL)
			job_free(run->waiting[i]);
	while ((job = g_async_queue_try_pop(run->done)) != NULL)
		job_free(job);
	g_async_queue_unref(run->done);
	g_queue_free_full(run->read, (GDestroyNotify)job_free);
	mq_budget_free(run->budget);
	g_ptr_array_unref(run->places);
	g_clear_error(&run->failure);
	mq_watch_free(run->watch);
	g_hash_table_unref(run->seen);
	g_hash_table_unref(run->seeing);
	g_ptr_array_unref(run->unsettled);
	mq_quarantine_free(run->quarantine);
	g_free(run);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)

static gboolean
check_watch(const Run *run, GError **error)
{
	gboolean any = run->watch == NULL;

	for (guint i = 0; i < run->places->len && !any; i++)
		any = ((const MqPlace *)run->places->pdata[i])->is_watched;
	if (!any)
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--watch wants a Maildir, a folder or an IMAP account among the sources");
	return any;
}

static gboolean
find_places(Run *run, const char *const *sources, GError **error)
{
	for (guint i = 0; sources[i] != NULL; i++) {
		MqPlace *place = mq_place_new(sources[i], run->options, run->cancellable, error);

		if (place == NULL)
			return FALSE;
		g_ptr_array_add(run->places, place);
		if (place->key != NULL && run->sink->get_mark != NULL
		    && !run->sink->get_mark(run->sink_ctx, place->key, &place->mark, error))
			return FALSE;
	}
	return TRUE;
}

gboolean
mq_ingest_run(const char *const *sources, const MqIngestOptions *options, const MqSink *sink, gpointer ctx,
              GCancellable *cancellable, GError **error)
{
	g_autoptr(Run) run = g_new0(Run, 1);
	guint jobs = options->jobs > 0 ? options->jobs : g_get_num_processors();
	GThread *walker;
	gboolean done;

	run->options = options;
	run->sink = sink;
	run->sink_ctx = ctx;
	run->cancellable = cancellable;
	run->places = g_ptr_array_new_with_free_func((GDestroyNotify)mq_place_free);
	run->watch = options->watch ? mq_watch_new() : NULL;
	run->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	run->seeing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	run->unsettled = g_ptr_array_new_with_free_func((GDestroyNotify)mq_item_free);
	run->budget = mq_budget_new(MQ_LIMIT_FLIGHT_BYTES, MQ_LIMIT_FLIGHT_MESSAGES);
	run->done = g_async_queue_new();
	run->read = g_queue_new();
	run->committed_us = g_get_monotonic_time();
	if (!find_places(run, sources, error) || !check_watch(run, error))
		return FALSE;
	if (options->quarantine != NULL && (run->quarantine = mq_quarantine_open(options->quarantine, error)) == NULL)
		return FALSE;
	run->parsers = g_thread_pool_new(parse, run, (gint)MIN(jobs, JOBS_MAX), TRUE, error);
	if (run->parsers == NULL)
		return FALSE;
	walker = g_thread_new("walker", walk, run);
	done = take_deliveries(run, error);
	g_atomic_int_set(&run->stopping, 1);
	mq_budget_close(run->budget);
	if (run->watch != NULL)
		mq_watch_end(run->watch);
	g_thread_join(walker);
	g_thread_pool_free(run->parsers, FALSE, TRUE); /* those that wait are dropped by parse() */
	if (!done || run->failure == NULL)
		return done;
	g_propagate_error(error, g_steal_pointer(&run->failure));
	return FALSE;
}
