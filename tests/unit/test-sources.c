#include "analyze/sources.h"

#define DAY(n) ((n) * MQ_DAY_S)

typedef struct {
	const char *rule, *source, *text, *want;
} Case;

/* Of what nothing is known but reports. */
static const Case cases[] = {
	{ "IPv4 is known by its /24", "192.0.2.77", NULL, "192.0.2.0/24" },
	{ "IPv6 by its /48", "2001:db8:1:2::3", NULL, "2001:db8:1::/48" },
	{ "what is no address by what stands there", NULL, "localhost", "localhost" },
	{ "and by nothing", NULL, NULL, "(no address)" },
};

static MqSources *
sources_new(MqServices **services)
{
	*services = mq_services_load(NULL, NULL);
	return mq_sources_new("example.com", *services);
}

static const MqSenderGroup *
only_sender(MqSources *sources)
{
	mq_sources_name(sources);
	g_assert_cmpuint(sources->senders->len, ==, 1);
	return g_ptr_array_index(sources->senders, 0);
}

static void
test_name(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqServices) services = NULL;
	g_autoptr(MqSources) sources = sources_new(&services);
	MqFlow flow = { .header_from = "example.com", .source_text = want->text, .messages = 1 };

	if (want->source != NULL)
		g_assert_true(mq_address_parse(want->source, &flow.source));
	g_assert_true(mq_sources_take(sources, &flow, NULL));
	g_assert_cmpstr(only_sender(sources)->name, ==, want->want);
}

/* Two hosts of one block, two reporters, one verified signature and one that is not. */
static void
test_sums(void)
{
	g_autoptr(MqServices) services = NULL;
	g_autoptr(MqSources) sources = sources_new(&services);
	MqDkimResult dkim[] = { { "news.example", "s", MQ_RESULT_PASS, NULL },
		                { "forged.example", "s", MQ_RESULT_FAIL, NULL } };
	MqFlow flow = { .header_from = "example.com", .reporter = "a.example", .messages = 10, .dkim = MQ_RESULT_PASS,
		        .auth_id = 1, .auth_dkim = dkim, .n_auth_dkim = 2, .disposition = MQ_DISPOSITION_NONE };
	const MqSenderGroup *sender;
	const MqSource *first;
	g_autoptr(GArray) proved = NULL;

	sources->period_since_s = DAY(1);
	sources->previous_since_s = DAY(0);
	g_assert_true(mq_address_parse("192.0.2.1", &flow.source));
	g_assert_true(mq_sources_take(sources, &flow, NULL));
	flow.day_s = DAY(1);
	flow.reporter = "b.example";
	flow.dkim = MQ_RESULT_FAIL;
	flow.disposition = MQ_DISPOSITION_REJECT;
	flow.n_auth_dkim = 0;
	flow.auth_id = 2;
	g_assert_true(mq_sources_take(sources, &flow, NULL));
	g_assert_true(mq_address_parse("192.0.2.2", &flow.source));
	g_assert_true(mq_sources_take(sources, &flow, NULL));

	sender = only_sender(sources);
	g_assert_cmpint(sender->messages, ==, 30);
	g_assert_cmpint(sender->dmarc_pass, ==, 10);
	g_assert_cmpuint(sender->days->len, ==, 2);
	g_assert_cmpuint(sender->sources->len, ==, 2);
	first = g_ptr_array_index(sender->sources, 0);
	g_assert_cmpint(first->dkim_aligned, ==, 10);
	g_assert_cmpint(first->spf_aligned, ==, 0);
	g_assert_cmpint(first->rejected, ==, 10);
	g_assert_cmpuint(g_hash_table_size(first->reporters), ==, 2);
	g_assert_cmpint(((const MqStream *)g_ptr_array_index(first->streams, 0))->in_previous, ==, 10);
	g_assert_cmpint(((const MqStream *)g_ptr_array_index(first->streams, 1))->in_period, ==, 10);
	g_assert_cmpint(((const MqStream *)g_ptr_array_index(first->streams, 1))->rejected_in_period, ==, 10);
	g_assert_cmpint(sources->dispositions[MQ_DISPOSITION_REJECT], ==, 20);
	proved = mq_sender_proved(sender);
	g_assert_cmpuint(proved->len, ==, 1); /* what does not verify proves nothing */
	g_assert_cmpstr(g_array_index(proved, MqProvedDomain, 0).domain, ==, "news.example");
	g_assert_cmpint(g_array_index(proved, MqProvedDomain, 0).messages, ==, 10);
}

static void
test_bound(void)
{
	g_autoptr(MqServices) services = NULL;
	g_autoptr(MqSources) sources = sources_new(&services);
	g_autoptr(GArray) proved = NULL;

	for (guint i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("d%u.example", i);
		MqSpfResult spf = { name, MQ_SCOPE_MFROM, MQ_RESULT_PASS, NULL };

		g_assert_true(mq_sources_take(sources, &(MqFlow){ .source_text = "x", .messages = 1, .auth_spf = &spf,
		                                                  .auth_id = i + 1, .n_auth_spf = 1 }, NULL));
	}
	proved = mq_sender_proved(only_sender(sources));
	g_assert_cmpuint(proved->len, ==, MQ_PROVED_DOMAINS);
}

/* Without a domain each source is of the organization that it says it is. */
static void
test_all_domains(void)
{
	g_autoptr(MqServices) services = mq_services_load(NULL, NULL);
	g_autoptr(MqSources) sources = mq_sources_new(NULL, services);
	MqFlow flow = { .header_from = "mail.example.com", .messages = 1 };

	g_assert_true(mq_address_parse("192.0.2.1", &flow.source));
	g_assert_true(mq_sources_take(sources, &flow, NULL));
	g_assert_cmpstr(((const MqSource *)g_ptr_array_index(sources->sources, 0))->owner, ==, "example.com");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/sources/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_name);
	}
	g_test_add_func("/sources/sums of a sender", test_sums);
	g_test_add_func("/sources/a stranger names a thousand domains", test_bound);
	g_test_add_func("/sources/all domains", test_all_domains);
	return g_test_run();
}
