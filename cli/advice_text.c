#include "cli/advice_text.h"

#include <string.h>

#include "cli/outputs.h"
#include "ingest/text.h"

#define WIDTH         79 /* of prose: lines beyond it are hard to read on any terminal */
#define SHOWN_ACTIONS 3
#define SHOWN_SENDERS 8

static const char *
text_at(const json_t *object, const char *path)
{
	const char *text = json_string_value(mq_json_at(object, path));

	return text != NULL ? text : "";
}

/* Words broken to lines, each after @indent; the first after @first. */
static void
print_wrapped(const MqApp *app, const char *first, const char *indent, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	g_autoptr(GString) line = g_string_new(first);
	gboolean empty = TRUE;

	for (guint i = 0; words[i] != NULL; i++) {
		if (!empty && g_utf8_strlen(line->str, -1) + 1 + g_utf8_strlen(words[i], -1) > WIDTH) {
			mq_print_line(app, "%s", line->str);
			g_string_assign(line, indent);
			empty = TRUE;
		}
		g_string_append_printf(line, "%s%s", empty ? "" : " ", words[i]);
		empty = FALSE;
	}
	mq_print_line(app, "%s", line->str);
}

static void
print_blank(const MqApp *app)
{
	mq_print_line(app, "%s", "");
}

/* --- the parts, from the top --- */

static void
print_move(const MqApp *app, const json_t *domain)
{
	const char *action = text_at(domain, "move.action");
	const char *record = json_string_value(mq_json_at(domain, "move.record"));
	g_autofree char *head = g_strconcat(text_at(domain, "domain"), ": ", NULL);

	print_wrapped(app, head, "  ", text_at(domain, "move.why"));
	if (record == NULL || strcmp(action, "hold") == 0 || strcmp(action, "done") == 0)
		return;
	print_blank(app);
	mq_print_line(app, "Publish at _dmarc.%s", text_at(domain, "domain"));
	mq_print_line(app, "  %s", record); /* on one line: it is to be copied */
}

/* "0 of your own, 41 forwarded, 1,550 forged, 12 unknown"; @short_form: without what is 0 */
static char *
whose_text(const json_t *impact, gboolean short_form)
{
	static const struct {
		const char *key, *what;
	} parts[] = { { "legitimate", "of your own" }, { "forwarded", "forwarded" }, { "threat", "forged" }, { "unknown", "unknown" } };
	g_autoptr(GString) line = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		json_int_t messages = json_integer_value(json_object_get(impact, parts[i].key));
		g_autofree char *n = mq_count_to_text(messages);

		if (messages > 0 || !short_form)
			g_string_append_printf(line, "%s%s %s", line->len > 0 ? ", " : "", n, parts[i].what);
	}
	return g_strdup(line->len > 0 ? line->str : "none");
}

static void
print_impact(const MqApp *app, const char *name, const json_t *impact)
{
	g_autofree char *text = whose_text(impact, FALSE);

	mq_print_line(app, "  %-14s %s", name, text);
}

static void
print_impacts(const MqApp *app, const json_t *domain)
{
	print_blank(app);
	mq_print_line(app, "Messages that a policy would touch");
	print_impact(app, "p=quarantine", mq_json_at(domain, "impact.quarantine"));
	print_impact(app, "p=reject", mq_json_at(domain, "impact.reject"));
	if (json_object_get(domain, "what_if") != NULL)
		print_impact(app, "what if", json_object_get(domain, "what_if"));
}

/* The senders it would touch; of those forged there may be thousands, and they are as they should be. */
static void
print_replay_senders(const MqApp *app, const json_t *senders)
{
	const json_t *sender;
	json_int_t forged = 0;
	size_t i;

	json_array_foreach(senders, i, sender) {
		const json_t *then = json_object_get(sender, "dns_then");
		g_autofree char *today_text = whose_text(sender, TRUE);
		g_autofree char *then_text = whose_text(then, TRUE);
		g_autofree char *text = strcmp(today_text, then_text) == 0
		                                ? g_strdup(today_text)
		                                : g_strdup_printf("%s; with DNS as it was %s", today_text, then_text);
		g_autofree char *head = g_strdup_printf("    %s: ", text_at(sender, "sender"));

		if (strcmp(text_at(sender, "verdict"), "threat") == 0)
			forged++;
		else
			print_wrapped(app, head, "      ", text);
	}
	if (forged > 0)
		mq_print_line(app, "    … and %" JSON_INTEGER_FORMAT " that forge", forged);
}

/* One candidate record, in full. */
static void
print_replay(const MqApp *app, const json_t *replay)
{
	static const struct {
		const char *path, *what;
	} rows[] = {
		{ "quarantined", "quarantined" },
		{ "rejected", "rejected" },
		{ "dns_then.quarantined", "quarantined with DNS as it was" },
		{ "dns_then.rejected", "rejected with DNS as it was" },
		{ "subdomains", "of these, of subdomains" },
		{ "dns_then.subdomains", "of subdomains with DNS as it was" },
	};

	print_blank(app);
	print_wrapped(app, "Replay of ", "  ", text_at(replay, "record"));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = whose_text(mq_json_at(replay, rows[i].path), TRUE);

		mq_print_line(app, "  %-33s %s", rows[i].what, text);
	}
	print_replay_senders(app, json_object_get(replay, "senders"));
}

static void
print_replays(const MqApp *app, const json_t *domain)
{
	if (app->globals.verbose) {
		print_replay(app, mq_json_at(domain, "impact.quarantine"));
		print_replay(app, mq_json_at(domain, "impact.reject"));
	}
	if (json_object_get(domain, "what_if") != NULL)
		print_replay(app, json_object_get(domain, "what_if"));
}

/* The unmet ones whole, the met ones by name; with --verbose all. */
static void
print_gates(const MqApp *app, const json_t *gates)
{
	g_autoptr(GString) met = g_string_new(NULL);
	const json_t *gate;
	size_t i;

	print_blank(app);
	mq_print_line(app, "Gates");
	json_array_foreach(gates, i, gate) {
		gboolean is_met = json_is_true(json_object_get(gate, "met"));
		g_autofree char *head = g_strdup_printf("  %s %-16s ", is_met ? "ok " : "NOT", text_at(gate, "id"));
		g_autofree char *text = is_met ? g_strdup(text_at(gate, "measured"))
		                               : g_strdup_printf("%s; want %s", text_at(gate, "measured"), text_at(gate, "required"));

		if (is_met && !app->globals.verbose)
			g_string_append_printf(met, "%s%s", met->len > 0 ? ", " : "", text_at(gate, "id"));
		else
			print_wrapped(app, head, "                       ", text);
	}
	if (met->len > 0)
		print_wrapped(app, "  ok  ", "      ", met->str);
}

static void
print_action(const MqApp *app, size_t rank, const json_t *action)
{
	const char *record = json_string_value(json_object_get(action, "record"));
	json_int_t recovers = json_integer_value(json_object_get(action, "recovers_messages"));
	g_autofree char *number = g_strdup_printf("  %zu. ", rank);
	g_autofree char *count = mq_count_to_text(recovers);
	const char *when = text_at(action, "when");
	g_autofree char *title = recovers > 0 ? g_strdup_printf("%s (recovers %s %s%s%s)", text_at(action, "title"), count,
	                                                        recovers == 1 ? "message" : "messages", *when != '\0' ? "; " : "", when)
	                                      : g_strdup(text_at(action, "title"));

	print_wrapped(app, number, "     ", title);
	print_wrapped(app, "     ", "     ", text_at(action, "fix"));
	if (record != NULL)
		mq_print_line(app, "     %s", record);
}

static void
print_actions(const MqApp *app, const json_t *actions)
{
	const json_t *action;
	size_t i;

	if (json_array_size(actions) == 0)
		return;
	print_blank(app);
	mq_print_line(app, "What to do first");
	json_array_foreach(actions, i, action) {
		if (i >= SHOWN_ACTIONS && !app->globals.verbose) {
			mq_print_line(app, "  … and %zu more (--verbose)", json_array_size(actions) - i);
			return;
		}
		print_action(app, i + 1, action);
	}
}

static void
print_senders(const MqApp *app, const json_t *senders)
{
	static const MqColumn columns[] = {
		{ "sender", "Sender", MQ_CELL_TEXT },         { "verdict", "Verdict", MQ_CELL_TEXT },
		{ "cause", "Cause", MQ_CELL_TEXT },           { "messages", "Messages", MQ_CELL_COUNT },
		{ "dmarc_pass", "Passed", MQ_CELL_COUNT },    { "failing", "Failing", MQ_CELL_COUNT },
		{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
	};
	g_autoptr(json_t) shown = json_array();
	json_t *sender;
	size_t i;

	if (json_array_size(senders) == 0)
		return;
	print_blank(app);
	json_array_foreach(senders, i, sender)
		if (i < SHOWN_SENDERS || app->globals.verbose)
			json_array_append(shown, sender);
	mq_print_table(app, columns, G_N_ELEMENTS(columns), shown, NULL);
	if (json_array_size(senders) > json_array_size(shown))
		mq_print_line(app, "… and %zu more (--verbose)", json_array_size(senders) - json_array_size(shown));
}

static void
print_evidence(const MqApp *app, const json_t *senders)
{
	const json_t *sender;
	size_t i;

	print_blank(app);
	mq_print_line(app, "Evidence");
	json_array_foreach(senders, i, sender) {
		const json_t *sentence;
		size_t j;

		const char *when = text_at(sender, "when");

		mq_print_line(app, "  %s: %s%s%s", text_at(sender, "sender"), text_at(sender, "verdict"), *when != '\0' ? ", " : "", when);
		json_array_foreach(json_object_get(sender, "evidence"), j, sentence)
			print_wrapped(app, "    - ", "      ", json_string_value(sentence));
	}
}

/* --- the functions people came for --- */

/* What no report says the result of is in no other figure. */
static void
print_unsaid(const MqApp *app, const json_t *domain)
{
	json_int_t n = json_integer_value(mq_json_at(domain, "volume.dmarc_unknown"));
	json_int_t all = json_integer_value(mq_json_at(domain, "volume.messages"));
	g_autofree char *count = mq_count_to_text(n);

	if (n == 0)
		return;
	print_blank(app);
	mq_print_line(app, "Of %s %s (%.1f %%) reports do not say the result: not counted above", count,
	              n == 1 ? "message" : "messages", 100.0 * (double)n / (double)MAX(all, 1));
}

static void
print_own_records(const MqApp *app, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (json_array_size(rows) > 0)
		print_blank(app);
	json_array_foreach(rows, i, row) {
		g_autofree char *count = mq_count_to_text(json_integer_value(json_object_get(row, "messages")));
		g_autofree char *line = g_strdup_printf("Gates, actions and policies above leave out %s messages of %s, which has a DMARC "
		                                        "record of its own: marque advise %s",
		                                        count, text_at(row, "domain"), text_at(row, "domain"));

		if (i >= SHOWN_ACTIONS && !app->globals.verbose) {
			mq_print_line(app, "… and %zu more such domains (--verbose)", json_array_size(rows) - i);
			return;
		}
		print_wrapped(app, "", "  ", line);
	}
}

static void
print_left_out(const MqApp *app, const json_t *domain)
{
	json_int_t n = json_integer_value(json_object_get(json_object_get(domain, "volume"), "suspicious_reports_left_out"));

	if (n == 0)
		return;
	fputc('\n', app->out);
	mq_print_line(app, "%" JSON_INTEGER_FORMAT " suspicious %s left out; 'marque reports --untrusted' says why", n,
	              n == 1 ? "report is" : "reports are");
}

void
mq_advice_print(const MqApp *app, const json_t *domain)
{
	const json_t *senders = json_object_get(domain, "senders");

	print_move(app, domain);
	print_gates(app, json_object_get(domain, "gates"));
	print_actions(app, json_object_get(domain, "actions"));
	print_impacts(app, domain);
	print_replays(app, domain);
	print_senders(app, senders);
	if (app->globals.verbose)
		print_evidence(app, senders);
	print_unsaid(app, domain);
	print_own_records(app, json_object_get(domain, "own_records"));
	print_left_out(app, domain);
}

/* What a person has to do something about, then what waits, then what is done; the larger first. */
static int
rank_of(const json_t *domain)
{
	static const char *const order[] = { "retreat", "publish", "advance", "hold", "done" };
	const char *action = text_at(domain, "move.action");

	for (gsize i = 0; i < G_N_ELEMENTS(order); i++)
		if (strcmp(order[i], action) == 0)
			return (int)i;
	return (int)G_N_ELEMENTS(order);
}

static int
compare_domains(gconstpointer left, gconstpointer right)
{
	const json_t *a = *(const json_t *const *)left;
	const json_t *b = *(const json_t *const *)right;
	json_int_t a_messages = json_integer_value(mq_json_at(a, "volume.messages"));
	json_int_t b_messages = json_integer_value(mq_json_at(b, "volume.messages"));

	if (rank_of(a) != rank_of(b))
		return rank_of(a) - rank_of(b);
	if (a_messages != b_messages)
		return a_messages > b_messages ? -1 : 1;
	return strcmp(text_at(a, "domain"), text_at(b, "domain"));
}

void
mq_advice_print_ranking(const MqApp *app, const json_t *domains)
{
	static const MqColumn columns[] = {
		{ "domain", "Domain", MQ_CELL_TEXT },
		{ "published.p", "Now", MQ_CELL_TEXT },
		{ "move.action", "Move", MQ_CELL_TEXT },
		{ "move.to", "To", MQ_CELL_TEXT },
		{ "volume.messages", "Messages", MQ_CELL_COUNT },
		{ "volume.dmarc_pass_share", "Pass", MQ_CELL_PASS },
		{ "move.why", "Why", MQ_CELL_TEXT },
	};
	g_autoptr(GPtrArray) ranked = g_ptr_array_new();
	g_autoptr(json_t) rows = json_array();
	json_t *domain;
	size_t i;

	json_array_foreach(domains, i, domain)
		g_ptr_array_add(ranked, domain);
	g_ptr_array_sort(ranked, compare_domains);
	for (guint r = 0; r < ranked->len; r++)
		json_array_append(rows, g_ptr_array_index(ranked, r));
	mq_print_table(app, columns, G_N_ELEMENTS(columns), rows, NULL);
}
