/* The sentence of each kind of week; numbers are MqTotals: messages, pass, unknown. */
#include "analyze/headline.h"

#define DAY G_GINT64_CONSTANT(1700006400) /* 2023-11-15 */

typedef struct {
	const char *rule;
	gint64 now[3], before[3];
	MqMoveAction move;
	const char *action;  /* the id of one that waits */
	const char *sender;  /* whose it is, NULL: the domain's */
	MqVerdict verdict;   /* of the sender that fails */
	gint64 failing;      /* of its messages, all in the period */
	gint64 forged;
	const char *change;  /* the id of one that needs a person */
	gboolean needs_person;
	const char *want;
} Case;

static const Case cases[] = {
	{ "a quiet week", { 1234, 1234 }, { 1100, 1100 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, FALSE,
	  "All of 1,234 messages pass (before: all of 1,100); nothing new needs you." },
	{ "no mail before", { 2000, 1990 }, { 0 }, MQ_MOVE_DONE, NULL, NULL, 0, 0, 0, NULL, FALSE,
	  "99.5 % of 2,000 messages pass; nothing new needs you." },
	{ "all that is not quite all", { 100000, 99999 }, { 0 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, FALSE,
	  "99.9 % of 100,000 messages pass; nothing new needs you." },
	{ "no mail now", { 0 }, { 7084, 7084 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, TRUE,
	  "No report counts any mail in this period; in the one before 7,084 messages." },
	{ "no mail at all", { 0 }, { 0 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, FALSE,
	  "No report counts any mail in this period, nor in the one before." },
	{ "no mail, and why", { 0 }, { 0 }, MQ_MOVE_HOLD, "add-reporting", NULL, 0, 0, 0, NULL, TRUE,
	  "No report counts any mail in this period, nor in the one before; to be mended: the title." },
	{ "one message", { 1, 1 }, { 1, 0 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, FALSE,
	  "The only message passes (before: none of 1); nothing new needs you." },
	{ "a next step", { 1234, 1234 }, { 0 }, MQ_MOVE_ADVANCE, NULL, NULL, 0, 0, 0, NULL, TRUE,
	  "All of 1,234 messages pass; a next step is advised." },
	{ "somebody began to fail", { 1000, 500 }, { 0 }, MQ_MOVE_HOLD, NULL, "s.example", MQ_VERDICT_FIXABLE, 500, 0,
	  "sender-failing", TRUE, "50.0 % of 1,000 messages pass; s.example began to fail, since 2023-11-15." },
	{ "hold, and nobody knows whose it is", { 7084, 6213 }, { 0 }, MQ_MOVE_HOLD, "investigate", "newsletter.example",
	  MQ_VERDICT_UNKNOWN, 1860, 0, NULL, TRUE,
	  "87.7 % of 7,084 messages pass; newsletter.example fails with 1,860 and needs a word from you." },
	{ "hold, and the fix is known", { 7084, 6213 }, { 0 }, MQ_MOVE_HOLD, "enable-dkim", "newsletter.example",
	  MQ_VERDICT_FIXABLE, 860, 0, NULL, TRUE,
	  "87.7 % of 7,084 messages pass; newsletter.example fails with 860 and can be mended." },
	{ "what was mended is no news", { 7084, 6213 }, { 0 }, MQ_MOVE_HOLD, NULL, "newsletter.example", MQ_VERDICT_FIXED,
	  860, 0, NULL, FALSE, "87.7 % of 7,084 messages pass; nothing new needs you." },
	{ "hold for a record", { 1000, 1000 }, { 0 }, MQ_MOVE_HOLD, "shorten-spf", NULL, 0, 0, 0, NULL, TRUE,
	  "All of 1,000 messages pass; to be mended: the title." },
	{ "even when all is done", { 1000, 1000 }, { 0 }, MQ_MOVE_DONE, "shorten-spf", NULL, 0, 0, 0, NULL, TRUE,
	  "All of 1,000 messages pass; to be mended: the title." },
	{ "hold for little", { 1000, 998 }, { 0 }, MQ_MOVE_HOLD, "investigate", "s.example", MQ_VERDICT_UNKNOWN, 2, 0, NULL,
	  FALSE, "99.8 % of 1,000 messages pass; nothing urgent, 1 small thing to do." },
	{ "what others have to do", { 1000, 900 }, { 0 }, MQ_MOVE_HOLD, "ask-forwarder", "s.example", MQ_VERDICT_FORWARDER,
	  100, 0, NULL, FALSE, "90.0 % of 1,000 messages pass; nothing new needs you." },
	{ "all fails", { 500, 0 }, { 0 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, TRUE,
	  "None of 500 messages pass; most of it fails." },
	{ "all is forged, and let through", { 500, 0 }, { 0 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 500, NULL, TRUE,
	  "None of 500 messages pass; what fails looks forged; if it is yours, say so." },
	{ "all is forged, and refused", { 500, 0 }, { 0 }, MQ_MOVE_DONE, NULL, NULL, 0, 0, 500, NULL, FALSE,
	  "None of 500 messages pass; what fails looks forged, and nothing new needs you." },
	{ "all is unknown", { 1200, 0, 1200 }, { 100, 100 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, TRUE,
	  "What DMARC found of 1,200 messages is unknown; the reports do not say it." },
	{ "some is unknown", { 1200, 1000, 200 }, { 100, 0, 100 }, MQ_MOVE_HOLD, NULL, NULL, 0, 0, 0, NULL, FALSE,
	  "All of 1,000 messages pass (before: unknown); of 200 more the result is unknown; nothing new needs you." },
};

static MqTotals
totals(const gint64 numbers[3])
{
	return (MqTotals){ .messages = numbers[0], .dmarc_pass = numbers[1], .dmarc_unknown = numbers[2] };
}

static void
test_headline(gconstpointer data)
{
	const Case *c = data;
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)mq_change_free);
	g_autoptr(GPtrArray) failing = g_ptr_array_new();
	g_autoptr(GPtrArray) senders = g_ptr_array_new();
	g_autoptr(GPtrArray) actions = g_ptr_array_new();
	char *sender = (char *)c->sender;
	MqSenderGroup group = { .name = sender, .verdict = c->verdict, .messages = c->now[0], .failing = c->failing };
	MqFailingSender one = { .sender = &group, .now = { .messages = c->failing } };
	MqAction action = { .id = c->action, .sender = sender, .title = (char *)"the title" };
	MqSources sources = { .senders = senders };
	MqAdvice advice = { .action = c->move, .actions = actions, .sources = &sources };
	MqDomainSummary summary = {
		.advice = &advice, .sources = &sources, .changes = changes, .failing = failing,
		.now = totals(c->now), .before = totals(c->before), .threat.failing = c->forged,
	};
	g_autofree char *headline = NULL;

	if (c->sender != NULL)
		g_ptr_array_add(senders, &group);
	if (c->failing > 0 && c->verdict != MQ_VERDICT_FORWARDER)
		g_ptr_array_add(failing, &one);
	if (c->action != NULL)
		g_ptr_array_add(actions, &action);
	if (c->change != NULL)
		mq_changes_add(changes, c->change, DAY, c->sender, TRUE, "detail");
	mq_headline_make(&summary);
	headline = summary.headline;
	g_assert_cmpstr(headline, ==, c->want);
	g_assert_cmpint(summary.needs_person, ==, c->needs_person);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/headline/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_headline);
	}
	return g_test_run();
}
