#include "analyze/identify.h"

typedef struct {
	const char *rule, *source, *text, *want;
} Case;

static const Case cases[] = {
	{ "IPv4 is known by its /24", "192.0.2.77", NULL, "192.0.2.0/24" },
	{ "IPv6 by its /48", "2001:db8:1:2::3", NULL, "2001:db8:1::/48" },
	{ "what is no address by what stands there", NULL, "localhost", "localhost" },
	{ "and by nothing", NULL, NULL, "(no address)" },
};

static void
test_key(gconstpointer data)
{
	const Case *want = data;
	MqFlow flow = { .source_text = want->text };
	g_autofree char *key = NULL;

	if (want->source != NULL)
		g_assert_true(mq_address_parse(want->source, &flow.source));
	key = mq_identify(&flow);
	g_assert_cmpstr(key, ==, want->want);
}

/* Two hosts of one block, two reporters, one verified signature and one that is not. */
static void
test_sums(void)
{
	g_autoptr(MqSenders) senders = mq_senders_new();
	MqDkimResult dkim[] = { { "news.example", "s", MQ_RESULT_PASS, NULL },
		                { "forged.example", "s", MQ_RESULT_FAIL, NULL } };
	MqFlow flow = { .reporter = "a.example", .messages = 10, .day_s = 0, .dkim = MQ_RESULT_PASS,
		        .auth_dkim = dkim, .n_auth_dkim = 2, .disposition = MQ_DISPOSITION_NONE };
	const MqSender *sender;
	const MqSenderDomain *domain;

	g_assert_true(mq_address_parse("192.0.2.1", &flow.source));
	mq_senders_add(senders, &flow);
	flow.day_s = MQ_DAY_S;
	flow.reporter = "b.example";
	flow.dkim = MQ_RESULT_FAIL;
	flow.disposition = MQ_DISPOSITION_REJECT;
	flow.n_auth_dkim = 0;
	mq_senders_add(senders, &flow);
	g_assert_true(mq_address_parse("192.0.2.2", &flow.source));
	mq_senders_add(senders, &flow);

	g_assert_cmpuint(mq_senders_list(senders)->len, ==, 1);
	sender = mq_senders_find(senders, "192.0.2.0/24");
	g_assert_nonnull(sender);
	g_assert_cmpint(sender->totals.messages, ==, 30);
	g_assert_cmpint(sender->totals.dmarc_pass, ==, 10);
	g_assert_cmpint(sender->totals.dkim_aligned, ==, 10);
	g_assert_cmpint(sender->totals.spf_aligned, ==, 0);
	g_assert_cmpint(sender->totals.rejected, ==, 20);
	g_assert_cmpint(sender->totals.sources, ==, 2);
	g_assert_cmpint(sender->totals.reporters, ==, 2);
	g_assert_cmpint(sender->totals.first_s, ==, 0);
	g_assert_cmpint(sender->totals.last_s, ==, 2 * MQ_DAY_S - 1);
	g_assert_cmpuint(sender->days->len, ==, 2);
	g_assert_cmpuint(sender->domains->len, ==, 1); /* what does not verify proves nothing */
	domain = g_ptr_array_index(sender->domains, 0);
	g_assert_cmpstr(domain->domain, ==, "news.example");
	g_assert_cmpint(domain->dkim_messages, ==, 10);
}

static void
test_bound(void)
{
	g_autoptr(MqSenders) senders = mq_senders_new();
	const MqSender *sender;

	for (guint i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("d%u.example", i);
		MqSpfResult spf = { name, MQ_SCOPE_MFROM, MQ_RESULT_PASS, NULL };

		mq_senders_add(senders, &(MqFlow){ .source_text = "x", .messages = 1, .auth_spf = &spf, .n_auth_spf = 1 });
	}
	sender = mq_senders_find(senders, "x");
	g_assert_cmpint(sender->totals.messages, ==, 1000);
	g_assert_cmpuint(sender->domains->len, ==, MQ_SENDER_DOMAINS);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/identify/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_key);
	}
	g_test_add_func("/identify/sums of a sender", test_sums);
	g_test_add_func("/identify/a stranger names a thousand domains", test_bound);
	return g_test_run();
}
