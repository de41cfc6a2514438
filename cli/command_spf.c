/* marque spf ADDRESS SENDER [HELO]: SPF as a receiver would evaluate it today, and why. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyze/resolver.h"
#include "analyze/spf.h"
#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "ingest/error.h"
#include "ingest/text.h"

#define LINE_BYTES 4096
#define TREE_DEPTH 20 /* more than RFC 7208 lets a record nest */

/* Lines that are evaluated together. Each may need 220 questions, all of them less than MQ_LIMIT_DNS_RUN
 * together with what is kept from the lines before. */
#define BATCH        64
#define KEPT_ANSWERS 5000
#define KEPT_WAIT_US (10 * G_USEC_PER_SEC) /* slow servers of one line are no burden to the next ones */

/* --- the document --- */

static json_t *
tree_json(const GPtrArray *tree, guint depth)
{
	json_t *nodes = json_array();

	for (guint i = 0; tree != NULL && depth < TREE_DEPTH && i < tree->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(tree, i);
		json_t *object = json_object();

		json_object_set_new(object, "term", mq_json_text(node->text));
		json_object_set_new(object, "state", mq_json_text(mq_spf_state_word(node->state)));
		json_object_set_new(object, "target", mq_json_text(node->target));
		json_object_set_new(object, "result", mq_json_word(&mq_words_result, node->result));
		json_object_set_new(object, "lookups", json_integer(node->lookups));
		json_object_set_new(object, "void_lookups", json_integer(node->void_lookups));
		json_object_set_new(object, "problem", mq_json_text(node->problem));
		json_object_set_new(object, "record", mq_json_text(node->record));
		json_object_set_new(object, "addresses", mq_json_texts(node->addresses));
		json_object_set_new(object, "tree", tree_json(node->children, depth + 1));
		json_array_append_new(nodes, object);
	}
	return nodes;
}

/* @check: (nullable): a line that could not be evaluated, because of @problem */
static json_t *
check_json(const MqSpfQuery *query, const MqSpfCheck *check, const char *problem)
{
	static const MqSpfCheck nothing = { 0 };
	json_t *document = mq_document_new("spf");
	const MqSpfCheck *told = check != NULL ? check : &nothing;

	json_object_set_new(document, "ip", mq_json_address(&query->ip, NULL));
	json_object_set_new(document, "sender", mq_json_text(query->sender));
	json_object_set_new(document, "helo", mq_json_text(query->helo));
	json_object_set_new(document, "domain", mq_json_text(told->domain));
	json_object_set_new(document, "result", mq_json_word(&mq_words_result, told->result));
	json_object_set_new(document, "explanation", mq_json_text(told->explanation));
	json_object_set_new(document, "matched", mq_json_text(told->matched));
	json_object_set_new(document, "lookups", json_integer(told->lookups));
	json_object_set_new(document, "void_lookups", json_integer(told->void_lookups));
	json_object_set_new(document, "problem", mq_json_text(check != NULL ? check->problem : problem));
	json_object_set_new(document, "record", mq_json_text(told->record));
	json_object_set_new(document, "tree", tree_json(told->tree, 0));
	return document;
}

/* --- for people --- */

static void
print_tree(const MqApp *app, const json_t *tree, int indent)
{
	const json_t *node;
	size_t i;

	json_array_foreach(tree, i, node) {
		const char *problem = json_string_value(json_object_get(node, "problem"));

		mq_print_line(app, "%*s%-*s %s%s%s", indent, "", MAX(40 - indent, 1), json_string_value(json_object_get(node, "term")),
		              json_string_value(json_object_get(node, "state")), problem != NULL ? ": " : "",
		              problem != NULL ? problem : "");
		print_tree(app, json_object_get(node, "tree"), indent + 2);
	}
}

static void
print_check(const MqApp *app, const json_t *document)
{
	static const MqColumn fields[] = {
		{ "result", "Result", MQ_CELL_TEXT },           { "matched", "Decided by", MQ_CELL_TEXT },
		{ "domain", "Domain", MQ_CELL_TEXT },           { "record", "Record", MQ_CELL_TEXT },
		{ "problem", "Problem", MQ_CELL_TEXT },         { "explanation", "Explanation", MQ_CELL_TEXT },
		{ "lookups", "DNS lookups", MQ_CELL_COUNT },    { "void_lookups", "Void lookups", MQ_CELL_COUNT },
	};

	mq_print_fields(app, fields, G_N_ELEMENTS(fields), document);
	print_tree(app, json_object_get(document, "tree"), 2);
}

static const MqLayout layout = { .print_text = print_check };

/* --- one or many --- */

typedef struct {
	guint number; /* of its line */
	GStrv cells;  /* what the query borrows from */
	MqSpfQuery query;
	char *problem; /* (nullable) why there is nothing to evaluate */
	MqSpfCheck *check;
} Job;

static void
job_free(gpointer data)
{
	Job *job = data;

	g_strfreev(job->cells);
	g_free(job->problem);
	mq_spf_check_free(job->check);
	g_free(job);
}

typedef struct {
	const MqApp *app;
	MqResolver *resolver;
	MqAnswers *answers; /* of all jobs */
	gint64 waited_us;
	gboolean unreached; /* no DNS server: said once */
	gboolean odd_lines;
} Run;

static void
run_clear(Run *run)
{
	g_clear_pointer(&run->resolver, mq_resolver_free);
	g_clear_pointer(&run->answers, mq_answers_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static gboolean
run_init(Run *run, const MqApp *app, GError **error)
{
	run->app = app;
	run->answers = mq_answers_new();
	run->resolver = mq_app_resolver(app, error);
	return run->resolver != NULL;
}

/* DNS that cannot be reached makes temperrors, and is said on standard error. */
static void
fill(Run *run)
{
	gint64 begun_us = g_get_monotonic_time();
	g_autoptr(GError) why = NULL;

	if (!mq_resolver_fill(run->resolver, run->answers, &why)) {
		if (!run->unreached)
			mq_log_error(run->app, "%s", why->message);
		run->unreached = TRUE;
		mq_answers_give_up(run->answers, ~0u, why->message);
	}
	run->waited_us += g_get_monotonic_time() - begun_us;
}

/* Evaluates all, their questions together. */
static void
evaluate(Run *run, const GPtrArray *jobs)
{
	gboolean complete = FALSE;

	while (!complete) {
		complete = TRUE;
		for (guint i = 0; i < jobs->len; i++) {
			Job *job = g_ptr_array_index(jobs, i);

			if (job->check == NULL && job->problem == NULL)
				complete = mq_spf_check(run->answers, &job->query, &job->check) && complete;
		}
		if (!complete)
			fill(run);
	}
}

static gboolean
query_set(const MqApp *app, const char *address, const char *sender, const char *helo, MqSpfQuery *query, GError **error)
{
	*query = (MqSpfQuery){ .sender = sender, .helo = helo, .now_s = app->now_s };
	if (mq_address_parse(address, &query->ip))
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no IP address, want one as 192.0.2.1", address);
	return FALSE;
}

/* What the lines before have left is used where it is still good, and not too much. */
static void
renew_answers(Run *run)
{
	g_autoptr(GPtrArray) kept = NULL;

	mq_answers_expire(run->answers, g_get_real_time() / G_USEC_PER_SEC);
	kept = mq_answers_list(run->answers);
	if (kept->len <= KEPT_ANSWERS && run->waited_us <= KEPT_WAIT_US)
		return;
	mq_answers_free(run->answers);
	run->answers = mq_answers_new();
	run->waited_us = 0;
}

static void
read_job(Run *run, Job *job, const char *line)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *bare = g_strndup(line, strcspn(line, "\r"));
	guint n;

	job->cells = g_strsplit(bare, "\t", 4);
	n = g_strv_length(job->cells);
	if (n < 2 || n > 3) {
		job->problem = g_strdup_printf("line %u has %u fields, want ADDRESS, SENDER and HELO with tabs between", job->number, n);
	} else if (!query_set(run->app, job->cells[0], job->cells[1], n == 3 && *job->cells[2] != '\0' ? job->cells[2] : NULL,
	                      &job->query, &error)) {
		job->problem = g_strdup_printf("line %u: %s", job->number, error->message);
	}
}

/* The lines that are there, up to a batch; waits for the first. FALSE: reading failed. */
static gboolean
read_batch(Run *run, MqLines *lines, guint *number, GPtrArray *jobs, GError **error)
{
	while (jobs->len < BATCH) {
		g_autofree char *line = NULL;
		MqLineState state = mq_lines_next(lines, jobs->len == 0, &line, error);
		Job *job;

		if (state == MQ_LINE_ERROR)
			return FALSE;
		if (state == MQ_LINE_END || state == MQ_LINE_NOT_YET)
			return TRUE;
		job = g_new0(Job, 1);
		job->number = ++*number;
		g_ptr_array_add(jobs, job);
		if (state == MQ_LINE_READ)
			read_job(run, job, line);
		else
			job->problem = g_strdup_printf("line %u is longer than %d bytes", job->number, LINE_BYTES);
		run->odd_lines = run->odd_lines || job->problem != NULL;
	}
	return TRUE;
}

static void
print_jobs(const Run *run, const GPtrArray *jobs)
{
	for (guint i = 0; i < jobs->len; i++) {
		const Job *job = g_ptr_array_index(jobs, i);
		g_autofree char *visible = job->problem != NULL ? mq_text_visible(job->problem) : NULL;
		g_autoptr(json_t) document = check_json(&job->query, job->check, visible);

		mq_print_json(run->app->out, document, TRUE);
	}
	fflush(run->app->out);
}

static MqExit
evaluate_lines(Run *run, GError **error)
{
	g_autoptr(MqLines) lines = mq_lines_new(STDIN_FILENO, LINE_BYTES);
	guint number = 0;

	for (;;) {
		g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(job_free);

		if (!read_batch(run, lines, &number, jobs, error))
			return MQ_EXIT_FAILED;
		if (jobs->len == 0)
			break;
		renew_answers(run);
		evaluate(run, jobs);
		print_jobs(run, jobs);
	}
	if (run->unreached)
		return MQ_EXIT_FAILED;
	return run->odd_lines ? MQ_EXIT_PERSON : MQ_EXIT_OK;
}

static MqExit
evaluate_one(Run *run, const MqSpfQuery *query)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(job_free);
	g_autoptr(json_t) document = NULL;
	Job *job = g_new0(Job, 1);

	job->query = *query;
	g_ptr_array_add(jobs, job);
	evaluate(run, jobs);
	document = check_json(query, job->check, NULL);
	mq_output_print(run->app, document, &layout);
	return run->unreached ? MQ_EXIT_FAILED : MQ_EXIT_OK;
}

static MqExit
run_spf(MqApp *app, GStrv *args, GError **error)
{
	gboolean from_stdin = FALSE;
	const GOptionEntry entries[] = {
		{ "stdin", 0, 0, G_OPTION_ARG_NONE, &from_stdin, "evaluate lines of ADDRESS, SENDER, HELO (tabs between)", NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_auto(Run) run = { 0 };
	MqSpfQuery query;

	if (!mq_app_parse(app, entries, args, error)
	    || !mq_app_arguments(*args, from_stdin ? 0 : 2, from_stdin ? 0 : 3, "ADDRESS and SENDER", error)
	    || (!from_stdin && !query_set(app, (*args)[1], (*args)[2], (*args)[3], &query, error)))
		return MQ_EXIT_USAGE;
	if (!run_init(&run, app, error))
		return MQ_EXIT_FAILED;
	return from_stdin ? evaluate_lines(&run, error) : evaluate_one(&run, &query);
}

const MqCommand mq_command_spf = {
	.name = "spf",
	.arguments = "ADDRESS SENDER [HELO]",
	.summary = "evaluate SPF as a receiver would today",
	.details = "SENDER is a mail address or a domain; '<>' is the null sender.",
	.formats = mq_formats_document,
	.run = run_spf,
};
