/* marque spf ADDRESS SENDER [HELO]: SPF as a receiver would evaluate it today, and why. */
#include <stdio.h>
#include <string.h>

#include "analyze/resolver.h"
#include "analyze/spf.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "ingest/error.h"

#define LINE_BYTES 4096
#define TREE_DEPTH 20 /* more than RFC 7208 lets a record nest */

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

static json_t *
check_json(const MqSpfQuery *query, const MqSpfCheck *check)
{
	json_t *document = mq_document_new("spf");

	json_object_set_new(document, "ip", mq_json_address(&query->ip, NULL));
	json_object_set_new(document, "sender", mq_json_text(query->sender));
	json_object_set_new(document, "helo", mq_json_text(query->helo));
	json_object_set_new(document, "domain", mq_json_text(check->domain));
	json_object_set_new(document, "result", mq_json_word(&mq_words_result, check->result));
	json_object_set_new(document, "explanation", mq_json_text(check->explanation));
	json_object_set_new(document, "matched", mq_json_text(check->matched));
	json_object_set_new(document, "lookups", json_integer(check->lookups));
	json_object_set_new(document, "void_lookups", json_integer(check->void_lookups));
	json_object_set_new(document, "problem", mq_json_text(check->problem));
	json_object_set_new(document, "record", mq_json_text(check->record));
	json_object_set_new(document, "tree", tree_json(check->tree, 0));
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

/* --- the run --- */

static MqResolver *
resolver_new(const MqApp *app, GError **error)
{
	g_autoptr(GPtrArray) servers = g_ptr_array_new();
	MqDnsOptions dns = { 0 };

	for (guint i = 0; i < app->globals.resolvers->len; i++)
		g_ptr_array_add(servers, g_ptr_array_index(app->globals.resolvers, i));
	g_ptr_array_add(servers, NULL);
	dns.servers = servers->len > 1 ? (const char *const *)servers->pdata : NULL;
	return mq_dns_cares_new(&dns, error);
}

/* DNS that cannot be reached is a temperror, and said on standard error. */
static json_t *
evaluate(const MqApp *app, MqResolver *resolver, const MqSpfQuery *query, gboolean *reached)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(MqSpfCheck) check = NULL;

	while (!mq_spf_check(answers, query, &check)) {
		g_autoptr(GError) why = NULL;

		if (mq_resolver_fill(resolver, answers, &why))
			continue;
		if (*reached)
			mq_log_error(app, "%s", why->message);
		*reached = FALSE;
		mq_answers_give_up(answers, ~0u, why->message);
	}
	return check_json(query, check);
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

static gboolean
evaluate_line(const MqApp *app, MqResolver *resolver, char *line, gboolean *reached, GError **error)
{
	g_auto(GStrv) cells = NULL;
	g_autoptr(json_t) document = NULL;
	MqSpfQuery query;

	line[strcspn(line, "\r\n")] = '\0';
	cells = g_strsplit(line, "\t", 4);
	if (g_strv_length(cells) < 2 || g_strv_length(cells) > 3) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "standard input has '%s', want ADDRESS, SENDER and HELO with tabs between",
		            line);
		return FALSE;
	}
	if (!query_set(app, cells[0], cells[1], cells[2] != NULL && *cells[2] != '\0' ? cells[2] : NULL, &query, error))
		return FALSE;
	document = evaluate(app, resolver, &query, reached);
	mq_print_json(app->out, document, TRUE);
	fflush(app->out);
	return TRUE;
}

static MqExit
evaluate_lines(const MqApp *app, MqResolver *resolver, GError **error)
{
	char line[LINE_BYTES];
	gboolean reached = TRUE;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strchr(line, '\n') == NULL && !feof(stdin)) {
			g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "a line of standard input is longer than %d bytes", LINE_BYTES - 2);
			return MQ_EXIT_USAGE;
		}
		if (!evaluate_line(app, resolver, line, &reached, error))
			return MQ_EXIT_USAGE;
	}
	return reached ? MQ_EXIT_OK : MQ_EXIT_FAILED;
}

static MqExit
run_spf(MqApp *app, GStrv *args, GError **error)
{
	gboolean from_stdin = FALSE;
	const GOptionEntry entries[] = {
		{ "stdin", 0, 0, G_OPTION_ARG_NONE, &from_stdin, "evaluate lines of ADDRESS, SENDER, HELO (tabs between)", NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(MqResolver) resolver = NULL;
	g_autoptr(json_t) document = NULL;
	gboolean reached = TRUE;
	MqSpfQuery query;

	if (!mq_app_parse(app, entries, args, error)
	    || !mq_app_arguments(*args, from_stdin ? 0 : 2, from_stdin ? 0 : 3, "ADDRESS and SENDER", error))
		return MQ_EXIT_USAGE;
	if (!from_stdin && !query_set(app, (*args)[1], (*args)[2], (*args)[3], &query, error))
		return MQ_EXIT_USAGE;
	resolver = resolver_new(app, error);
	if (resolver == NULL)
		return MQ_EXIT_FAILED;
	if (from_stdin)
		return evaluate_lines(app, resolver, error);
	document = evaluate(app, resolver, &query, &reached);
	mq_output_print(app, document, &layout);
	return reached ? MQ_EXIT_OK : MQ_EXIT_FAILED;
}

const MqCommand mq_command_spf = {
	.name = "spf",
	.arguments = "ADDRESS SENDER [HELO]",
	.summary = "evaluate SPF as a receiver would today",
	.details = "SENDER is a mail address or a domain; '<>' is the null sender.",
	.formats = mq_formats_document,
	.run = run_spf,
};
