/* marque ingest SOURCE…: reads reports into the database, and says what became of each. */
#include <string.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "cli/password.h"
#include "cli/progress.h"
#include "ingest/text.h"

#define LISTED_PROBLEMS 50000 /* the database keeps them all; a document need not */
#define SHOWN_EXAMPLES  3     /* of one kind, in text */
#define INTERVAL_S      300

typedef struct {
	MqApp *app;
	MqStore *store;
	MqProgressBar bar;
	guint watch_s; /* between two tries; 0: not watching */
	gint64 messages, already_ingested, ignored, failed, unsettled, quarantined;
	gint64 reports[MQ_TYPE_N];
	gint64 duplicates, variants, records, message_count;
	json_t *problems;
	gint64 problems_left_out;
} Run;

static MqKnown
look_up(gpointer ctx, const guint8 sha256[MQ_DIGEST_BYTES])
{
	const Run *run = ctx;

	return mq_store_knows(run->store, sha256);
}

static void
list_problem(Run *run, const char *source, const MqProblem *problem)
{
	if (run->watch_s > 0 && (!problem->stored || problem->code == MQ_PROBLEM_AFTER_FAILED))
		mq_log_notice(run->app, "%s: %s", source, problem->reason); /* the document is far away */
	if (json_array_size(run->problems) >= LISTED_PROBLEMS) {
		run->problems_left_out++;
		return;
	}
	json_array_append_new(run->problems,
	                      json_pack("{s:o, s:o, s:s, s:o, s:b}", "source", mq_json_text(source), "part",
	                                mq_json_text(problem->part), "code", mq_problem_code_word(problem->code),
	                                "reason", mq_json_text(problem->reason), "stored", problem->stored));
}

static void
list_problems(Run *run, const MqMessage *message)
{
	run->problems_left_out += (gint64)mq_problems_left_out(message->problems);
	for (guint i = 0; i < mq_problems_count(message->problems); i++)
		list_problem(run, message->name, mq_problems_get(message->problems, i));
}

static gboolean
put(gpointer ctx, MqMessage *message, GError **error)
{
	Run *run = ctx;
	MqPutResult result = { 0 };

	if (message->state != MQ_MESSAGE_KNOWN && !mq_store_put(run->store, message, &result, error))
		return FALSE;
	run->messages++;
	run->quarantined += message->quarantined != NULL;
	if (message->state == MQ_MESSAGE_KNOWN || result.known) {
		run->already_ingested++;
		return TRUE;
	}
	for (guint i = 0; i < MQ_TYPE_N; i++)
		run->reports[i] += result.reports[i];
	run->duplicates += result.duplicates;
	run->variants += result.variants;
	run->records += (gint64)result.records;
	run->message_count += (gint64)result.n_messages;
	run->ignored += message->state == MQ_MESSAGE_NOTHING;
	run->failed += mq_message_state_is_loss(message->state);
	list_problems(run, message);
	return TRUE;
}

static gboolean
commit(gpointer ctx, GError **error)
{
	Run *run = ctx;

	return mq_store_commit(run->store, error);
}

static void
tell_unsettled(gpointer ctx, const char *name, const GError *why)
{
	Run *run = ctx;

	run->unsettled++;
	list_problem(run, name, &(MqProblem){ .code = MQ_PROBLEM_AFTER_FAILED, .reason = why->message, .stored = TRUE });
}

static void
tell_trouble(gpointer ctx, const GError *why)
{
	const Run *run = ctx;

	mq_log_error(run->app, "%s; the next try is in %u second%s", why->message, run->watch_s, run->watch_s == 1 ? "" : "s");
}

static gboolean
get_mark(gpointer ctx, const char *key, char **value, GError **error)
{
	Run *run = ctx;

	return mq_store_get_mark(run->store, key, value, error);
}

static gboolean
put_mark(gpointer ctx, const char *key, const char *value, GError **error)
{
	Run *run = ctx;

	return mq_store_put_mark(run->store, key, value, error);
}

static void
show_progress(gpointer ctx, const MqProgress *progress)
{
	Run *run = ctx;

	mq_progress_show(&run->bar, progress);
}

static json_t *
make_document(const Run *run, double seconds)
{
	json_t *document = mq_document_new("ingest");
	json_t *rest = json_pack("{s:I, s:I, s:{s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:I, s:f}",
	                         "messages", (json_int_t)run->messages,
	                         "already_ingested", (json_int_t)run->already_ingested, "reports",
	                         "aggregate", (json_int_t)run->reports[MQ_TYPE_AGGREGATE],
	                         "failure", (json_int_t)run->reports[MQ_TYPE_FAILURE],
	                         "tls", (json_int_t)run->reports[MQ_TYPE_TLS],
	                         "duplicates", (json_int_t)run->duplicates,
	                         "variants", (json_int_t)run->variants,
	                         "ignored", (json_int_t)run->ignored,
	                         "failed", (json_int_t)run->failed,
	                         "quarantined", (json_int_t)run->quarantined,
	                         "records", (json_int_t)run->records,
	                         "message_count", (json_int_t)run->message_count,
	                         "problems", run->problems,
	                         "problems_left_out", (json_int_t)run->problems_left_out,
	                         "seconds", seconds);

	json_object_update(document, rest);
	json_decref(rest);
	return document;
}

/* ------------------------------------------------------------------- as text */

/* Problems of one code and fate. */
typedef struct {
	const char *code;
	gboolean stored;
	gint64 n;
	const json_t *examples[SHOWN_EXAMPLES];
} Group;

static int
compare_groups(gconstpointer left, gconstpointer right)
{
	const Group *a = left;
	const Group *b = right;

	if (a->stored != b->stored)
		return a->stored ? 1 : -1; /* what was lost comes first */
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return strcmp(a->code, b->code);
}

static Group *
group_of(GArray *groups, const char *code, gboolean stored)
{
	for (guint i = 0; i < groups->len; i++) {
		Group *group = &g_array_index(groups, Group, i);

		if (group->stored == stored && strcmp(group->code, code) == 0)
			return group;
	}
	g_array_append_vals(groups, &(Group){ .code = code, .stored = stored }, 1);
	return &g_array_index(groups, Group, groups->len - 1);
}

static GArray *
group_problems(const json_t *problems)
{
	GArray *groups = g_array_new(FALSE, TRUE, sizeof(Group));
	const json_t *problem;
	size_t i;

	json_array_foreach(problems, i, problem) {
		Group *group = group_of(groups, json_string_value(json_object_get(problem, "code")),
		                        json_is_true(json_object_get(problem, "stored")));

		if (group->n < SHOWN_EXAMPLES)
			group->examples[group->n] = problem;
		group->n++;
	}
	g_array_sort(groups, compare_groups);
	return groups;
}

static void
print_group(const MqApp *app, const Group *group)
{
	g_autofree char *n = mq_count_to_text(group->n);

	mq_print_line(app, "  %s × %s, %s", n, group->code, group->stored ? "kept" : "not stored");
	for (gint64 i = 0; i < MIN(group->n, SHOWN_EXAMPLES); i++)
		mq_print_line(app, "      %s: %s", json_string_value(json_object_get(group->examples[i], "source")),
		              json_string_value(json_object_get(group->examples[i], "reason")));
	if (group->n > SHOWN_EXAMPLES)
		mq_print_line(app, "      … and %" G_GINT64_FORMAT " more", group->n - SHOWN_EXAMPLES);
}

static const MqColumn counts[] = {
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "already_ingested", "  known already", MQ_CELL_COUNT },
	{ "ignored", "  without a report", MQ_CELL_COUNT },
	{ "failed", "  failed", MQ_CELL_COUNT },
	{ "reports.aggregate", "Aggregate reports", MQ_CELL_COUNT },
	{ "reports.failure", "Failure reports", MQ_CELL_COUNT },
	{ "reports.tls", "TLS reports", MQ_CELL_COUNT },
	{ "duplicates", "Duplicates", MQ_CELL_COUNT },
	{ "records", "Rows", MQ_CELL_COUNT },
	{ "message_count", "Mails they count", MQ_CELL_COUNT },
};

static void
print_summary(const MqApp *app, const json_t *document)
{
	const json_t *problems = json_object_get(document, "problems");
	g_autoptr(GArray) groups = group_problems(problems);
	json_int_t left_out = json_integer_value(json_object_get(document, "problems_left_out"));
	json_int_t quarantined = json_integer_value(json_object_get(document, "quarantined"));

	mq_print_fields(app, counts, G_N_ELEMENTS(counts), document);
	if (groups->len > 0)
		fputs("\nProblems\n", app->out);
	for (guint i = 0; i < groups->len; i++)
		print_group(app, &g_array_index(groups, Group, i));
	if (left_out > 0)
		mq_print_line(app, "  and %" JSON_INTEGER_FORMAT " further ones", left_out);
	if (quarantined == 0)
		return;
	fputc('\n', app->out);
	mq_print_line(app, "%" JSON_INTEGER_FORMAT " %s copied to the quarantine, with why in its reasons.tsv", quarantined,
	              quarantined == 1 ? "message was" : "messages were");
}

static const MqLayout layout = { .print_text = print_summary };

/* ----------------------------------------------------------------------- run */

static MqExit
ingest(MqApp *app, Run *run, const char *const *sources, const MqIngestOptions *options, GError **error)
{
	const MqSink sink = { .known = look_up, .put = put, .commit = commit,
	                      .unsettled = tell_unsettled, .get_mark = get_mark, .put_mark = put_mark,
	                      .trouble = tell_trouble, .progress = show_progress };
	g_autoptr(MqInterrupt) interrupt = mq_interrupt_new();
	GCancellable *cancellable = mq_interrupt_cancellable(interrupt);
	g_autoptr(json_t) document = NULL;
	gint64 start_us = g_get_monotonic_time();
	gboolean done;

	mq_progress_start(&run->bar, app);
	done = mq_ingest_run(sources, options, &sink, run, cancellable, error);
	mq_progress_end(&run->bar);
	if (!done)
		return MQ_EXIT_FAILED;
	document = make_document(run, (double)(g_get_monotonic_time() - start_us) / G_USEC_PER_SEC);
	mq_output_print(app, document, &layout);
	if (options->watch)
		return MQ_EXIT_OK; /* it ran until it was told to stop; what needs a person was said when it came */
	if (g_cancellable_is_cancelled(cancellable)) {
		mq_log_error(app, "interrupted: what was read so far is stored; run it again to go on");
		return MQ_EXIT_PERSON;
	}
	return run->failed > 0 || run->unsettled > 0 ? MQ_EXIT_PERSON : MQ_EXIT_OK;
}

/* (transfer full) (nullable): only an account wants one */
static char *
password_for(const char *const *sources, const char *file, const char *command, GError **error)
{
	for (guint i = 0; sources[i] != NULL; i++)
		if (mq_source_is_imap(sources[i]))
			return mq_password_get(file, command, error);
	return NULL;
}

static MqExit
run_ingest(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *after = NULL;
	g_autofree char *quarantine = NULL;
	g_autofree char *user = NULL;
	g_autofree char *password_file = NULL;
	g_autofree char *password_command = NULL;
	g_autofree char *password = NULL;
	g_autofree char *ca_file = NULL;
	gboolean all = FALSE;
	GError *problem = NULL;
	g_auto(GStrv) trusted = NULL;
	gboolean watch = FALSE;
	gboolean redact = FALSE;
	int jobs = 0;
	int interval_s = 0;
	guint wait_s;
	MqAfter action = { MQ_AFTER_KEEP, NULL };
	g_autoptr(MqStore) store = NULL;
	g_autoptr(json_t) problems = json_array();
	const GOptionEntry options[] = {
		{ "after", 0, 0, G_OPTION_ARG_FILENAME, &after,
		  "what becomes of a Maildir or IMAP message once its reports are stored: keep (default), seen, move:FOLDER, delete", "ACTION" },
		{ "quarantine", 0, 0, G_OPTION_ARG_FILENAME, &quarantine,
		  "keep a copy of what is not understood there, and why", "DIR" },
		{ "watch", 0, 0, G_OPTION_ARG_NONE, &watch, "keep running: take new mail of Maildirs and IMAP folders as it arrives", NULL },
		{ "interval", 0, 0, G_OPTION_ARG_INT, &interval_s, "with --watch: ask IMAP servers so often (default: 300)", "SECONDS" },
		{ "jobs", 0, 0, G_OPTION_ARG_INT, &jobs, "parser threads (default: the processors)", "N" },
		{ "redact", 0, 0, G_OPTION_ARG_NONE, &redact, "of failure reports keep domains only", NULL },
		{ "trusted-authserv-id", 0, 0, G_OPTION_ARG_STRING_ARRAY, &trusted,
		  "believe Authentication-Results of this receiver, your own; repeatable", "ID" },
		{ "user", 0, 0, G_OPTION_ARG_STRING, &user, "the IMAP user, when the address names none", "NAME" },
		{ "password-file", 0, 0, G_OPTION_ARG_FILENAME, &password_file,
		  "its first line is the IMAP password", "FILE" },
		{ "password-command", 0, 0, G_OPTION_ARG_STRING, &password_command,
		  "prints the IMAP password (default: $" MQ_PASSWORD_VARIABLE ")", "COMMAND" },
		{ "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &ca_file, "certificates to trust instead of the system's", "FILE" },
		{ "all", 0, 0, G_OPTION_ARG_NONE, &all, "fetch all of an IMAP folder, not only what is new", NULL },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, options, args, error)
	    || !mq_app_arguments(*args, 1, G_MAXUINT - 1, "a SOURCE to read", error))
		return MQ_EXIT_USAGE;
	if (jobs < 0 || jobs > 1024) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--jobs is %d, want 1 to 1024", jobs);
		return MQ_EXIT_USAGE;
	}
	if (interval_s < 0 || interval_s > 86400) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--interval is %d, want 1 to 86400", interval_s);
		return MQ_EXIT_USAGE;
	}
	wait_s = interval_s > 0 ? (guint)interval_s : INTERVAL_S;
	if (after != NULL && !mq_after_parse(after, &action, error))
		return MQ_EXIT_USAGE;
	password = password_for((const char *const *)*args + 1, password_file, password_command, &problem);
	if (problem != NULL) {
		g_propagate_error(error, problem);
		return MQ_EXIT_FAILED;
	}
	store = mq_app_store(app, MQ_STORE_WRITE, error);
	if (store == NULL)
		return MQ_EXIT_FAILED;
	return ingest(app,
	              &(Run){ .app = app, .store = store, .problems = problems, .watch_s = watch ? wait_s : 0 },
	              (const char *const *)*args + 1,
	              &(MqIngestOptions){ .jobs = (guint)jobs, .after = action, .quarantine = quarantine,
	                                  .watch = watch, .interval_s = wait_s, .redact = redact, .user = user,
	                                  .password = password, .ca_file = ca_file, .all = all,
	                                  .trusted_authserv_ids = (const char *const *)trusted },
	              error);
}

const MqCommand mq_command_ingest = {
	.name = "ingest",
	.arguments = "SOURCE…",
	.summary = "read reports into the database",
	.details = "SOURCE is a Maildir, an mbox, a folder, a file, '-' for standard input, or an IMAP folder:\n"
	           "imaps://USER@HOST/FOLDER. "
	           "What was read before is not stored twice.",
	.formats = mq_formats_document,
	.run = run_ingest,
};
