#include "analyze/changes.h"

#define DAY(n) ((n) * MQ_DAY_S)

/* One day of one host: the numbers of the last label of 192.0.N.1. */
typedef struct {
	guint8 net;
	gint64 day, messages, passed;
} Mail;

static void
add_mail(MqSources *senders, const Mail *mail)
{
	MqFlow flow = { .header_from = "example.com", .reporter = "r.example", .day_s = DAY(mail->day) };
	const guint8 bytes[] = { 192, 0, mail->net, 1 };

	g_assert_true(mq_address_from_bytes(bytes, sizeof(bytes), &flow.source));
	flow.dkim = MQ_RESULT_PASS;
	flow.spf = MQ_RESULT_FAIL;
	flow.messages = mail->passed;
	if (mail->passed > 0)
		g_assert_true(mq_sources_take(senders, &flow, NULL));
	flow.dkim = MQ_RESULT_FAIL;
	flow.messages = mail->messages - mail->passed;
	if (flow.messages > 0)
		g_assert_true(mq_sources_take(senders, &flow, NULL));
}

typedef struct {
	const char *rule;
	Mail before[4], now[6]; /* end with no messages */
	const char *want;       /* "id subject day", one a line */
} Case;

static const Case cases[] = {
	{ "nothing changes", { { 1, 0, 100, 100 } }, { { 1, 7, 100, 100 } }, "" },
	{ "a new one that passes", { { 1, 0, 100, 100 } }, { { 1, 7, 100, 100 }, { 2, 8, 50, 50 } },
	  "new-sender 192.0.2.0/24 8\n" },
	{ "a new one that fails needs a person", { { 1, 0, 100, 100 } }, { { 1, 7, 100, 100 }, { 2, 8, 50, 0 } },
	  "new-sender 192.0.2.0/24 8 !\n" },
	{ "a new one too small to matter", { { 1, 0, 100, 100 } }, { { 1, 7, 1000, 1000 }, { 2, 8, 9, 0 } }, "" },
	{ "the first period has no news", { { 0 } }, { { 1, 7, 100, 100 } }, "" },
	{ "one that is gone", { { 1, 0, 100, 100 }, { 2, 1, 50, 50 } }, { { 1, 7, 100, 100 } },
	  "sender-gone 192.0.2.0/24 1\n" },
	{ "a stranger that only failed is gone unsaid", { { 1, 0, 100, 100 }, { 2, 1, 50, 0 } }, { { 1, 7, 100, 100 } }, "" },
	{ "when there is no mail at all nobody is gone", { { 1, 0, 100, 100 } }, { { 0 } }, "" },
	{ "began to fail, and since when", { { 1, 0, 100, 100 } },
	  { { 1, 7, 100, 100 }, { 1, 8, 100, 95 }, { 1, 9, 100, 10 }, { 1, 10, 100, 0 } },
	  "sender-failing 192.0.1.0/24 9 !\n" },
	{ "fails now and then: since the first of them", { { 1, 0, 100, 100 } },
	  { { 1, 7, 100, 100 }, { 1, 8, 100, 0 }, { 1, 9, 100, 100 } }, "sender-failing 192.0.1.0/24 8 !\n" },
	{ "recovered", { { 1, 0, 100, 10 } }, { { 1, 7, 100, 100 } }, "sender-recovered 192.0.1.0/24 -\n" },
	{ "always failed is no news", { { 1, 0, 100, 10 } }, { { 1, 7, 100, 0 } }, "" },
	{ "what needs a person comes first", { { 1, 0, 100, 100 }, { 3, 0, 100, 100 } },
	  { { 1, 9, 100, 0 }, { 2, 7, 100, 100 } },
	  "sender-failing 192.0.1.0/24 9 !\nsender-gone 192.0.3.0/24 0\nnew-sender 192.0.2.0/24 7\n" },
};

static char *
to_text(const GPtrArray *changes)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < changes->len; i++) {
		const MqChange *change = g_ptr_array_index(changes, i);

		g_string_append_printf(text, "%s %s ", change->id, change->subject);
		if (change->since_s == MQ_TIME_ABSENT)
			g_string_append_c(text, '-');
		else
			g_string_append_printf(text, "%d", (int)(change->since_s / MQ_DAY_S));
		g_string_append(text, change->needs_person ? " !\n" : "\n");
	}
	return g_string_free(text, FALSE);
}

static void
test_senders(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqServices) services = mq_services_load(NULL, NULL);
	g_autoptr(MqSources) senders = mq_sources_new("example.com", services);
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)mq_change_free);
	g_autofree char *got = NULL;

	for (gsize i = 0; want->before[i].messages > 0; i++)
		add_mail(senders, &want->before[i]);
	for (gsize i = 0; want->now[i].messages > 0; i++)
		add_mail(senders, &want->now[i]);
	mq_sources_name(senders);
	mq_changes_of_senders(changes, senders->senders, DAY(0), DAY(7), DAY(14));
	mq_changes_sort(changes);
	got = to_text(changes);
	g_assert_cmpstr(got, ==, want->want);
}

typedef struct {
	gint64 day;
	MqPolicy p, sp;
} Policy;

typedef struct {
	const char *rule;
	Policy seen[5]; /* end with p absent */
	const char *want;
} PolicyCase;

static const PolicyCase policies[] = {
	{ "stays", { { 1, MQ_POLICY_NONE }, { 5, MQ_POLICY_NONE } }, "" },
	{ "moves up", { { 1, MQ_POLICY_NONE }, { 5, MQ_POLICY_REJECT } }, "policy-changed example.com 5\n" },
	{ "a reporter that lags behind", { { 1, MQ_POLICY_NONE }, { 5, MQ_POLICY_REJECT }, { 6, MQ_POLICY_NONE },
	  { 7, MQ_POLICY_REJECT } }, "policy-changed example.com 5\n" },
	{ "a tag that one reporter leaves out", { { 1, MQ_POLICY_NONE, MQ_POLICY_NONE }, { 5, MQ_POLICY_NONE } }, "" },
	{ "the subdomains' policy", { { 1, MQ_POLICY_NONE, MQ_POLICY_NONE }, { 5, MQ_POLICY_NONE, MQ_POLICY_REJECT } },
	  "policy-changed example.com 5\n" },
	{ "two at once are no order", { { 1, MQ_POLICY_NONE }, { 1, MQ_POLICY_REJECT } }, "" },
};

static void
test_policies(gconstpointer data)
{
	const PolicyCase *want = data;
	g_autoptr(MqPolicyLog) log = mq_policy_log_new();
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)mq_change_free);
	g_autofree char *got = NULL;

	for (gsize i = 0; want->seen[i].p != MQ_POLICY_ABSENT; i++)
		mq_policy_log_add(log, &(MqFlow){ .policy_domain = "example.com", .policy_p = want->seen[i].p,
		                                  .policy_sp = want->seen[i].sp, .day_s = DAY(want->seen[i].day) });
	mq_changes_of_policy(changes, log);
	got = to_text(changes);
	g_assert_cmpstr(got, ==, want->want);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/changes/senders/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_senders);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
		g_autofree char *path = g_strconcat("/changes/policy/", policies[i].rule, NULL);

		g_test_add_data_func(path, &policies[i], test_policies);
	}
	return g_test_run();
}
