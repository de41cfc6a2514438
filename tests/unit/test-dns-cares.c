#include "analyze/resolver.h"

#include <string.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "tests/support/dns.h"

/* One question against a zone of its own: what comes out, and how often the server was asked. */
typedef struct {
	const char *rule, *zone;
	MqAsk ask;
	const char *name;
	MqOutcome outcome;
	const char *texts; /* joined by "|" */
	const char *alias; /* (nullable) the last one */
	guint udp, tcp;    /* queries; 0 udp: not counted */
} Case;

static const Case cases[] = {
	{ "A", "a.example A 192.0.2.1\na.example A 192.0.2.2", MQ_ASK_A, "a.example", MQ_ANSWER_FOUND,
	  "192.0.2.1|192.0.2.2", NULL, 1, 0 },
	{ "case and final dot", "a.example A 192.0.2.1", MQ_ASK_A, "A.Example.", MQ_ANSWER_FOUND, "192.0.2.1", NULL, 1, 0 },
	{ "AAAA", "a.example AAAA 2001:DB8::1", MQ_ASK_AAAA, "a.example", MQ_ANSWER_FOUND, "2001:db8::1", NULL, 1, 0 },
	{ "MX by preference", "a.example MX 20 b.example\na.example MX 10 C.example", MQ_ASK_MX, "a.example",
	  MQ_ANSWER_FOUND, "10 c.example|20 b.example", NULL, 1, 0 },
	{ "null MX", "a.example MX 0 .", MQ_ASK_MX, "a.example", MQ_ANSWER_FOUND, "0 .", NULL, 1, 0 },
	{ "TXT strings are joined", "a.example TXT \"v=spf1 \" \"-all\"", MQ_ASK_TXT, "a.example", MQ_ANSWER_FOUND,
	  "v=spf1 -all", NULL, 1, 0 },
	{ "TXT without a string", "a.example TXT", MQ_ASK_TXT, "a.example", MQ_ANSWER_FOUND, "", NULL, 1, 0 },
	{ "TXT keeps odd bytes odd", "a.example TXT \"x\\000\\200y\"", MQ_ASK_TXT, "a.example", MQ_ANSWER_FOUND,
	  "x\xEF\xBF\xBD\xEF\xBF\xBDy", NULL, 1, 0 },
	{ "PTR", "1.2.0.192.in-addr.arpa PTR Mail.Example", MQ_ASK_PTR, "1.2.0.192.in-addr.arpa", MQ_ANSWER_FOUND,
	  "mail.example", NULL, 1, 0 },
	{ "a dot inside a label is not a dot", "1.2.0.192.in-addr.arpa PTR a\\.b\\032.example", MQ_ASK_PTR,
	  "1.2.0.192.in-addr.arpa", MQ_ANSWER_FOUND, "a\\.b\\032.example", NULL, 1, 0 },
	{ "CAA", "a.example CAA 128 Issue \"ca.example; x=1\"", MQ_ASK_CAA, "a.example", MQ_ANSWER_FOUND,
	  "128 issue \"ca.example; x=1\"", NULL, 1, 0 },
	{ "TLSA", "_25._tcp.a.example TLSA 3 1 1 0aFF", MQ_ASK_TLSA, "_25._tcp.a.example", MQ_ANSWER_FOUND,
	  "3 1 1 0aff", NULL, 1, 0 },
	{ "NS", "a.example NS ns.example", MQ_ASK_NS, "a.example", MQ_ANSWER_FOUND, "ns.example", NULL, 1, 0 },
	{ "SOA", "a.example SOA ns.example h.example 1 2 3 4 5", MQ_ASK_SOA, "a.example", MQ_ANSWER_FOUND,
	  "ns.example h.example 1 2 3 4 5", NULL, 1, 0 },
	{ "a CNAME is followed and told", "a.example CNAME b.example\nb.example TXT \"k\"", MQ_ASK_TXT, "a.example",
	  MQ_ANSWER_FOUND, "k", "b.example", 1, 0 },
	{ "a CNAME itself", "a.example CNAME b.example\nb.example TXT \"k\"", MQ_ASK_CNAME, "a.example",
	  MQ_ANSWER_FOUND, "b.example", NULL, 1, 0 },
	{ "a CNAME to nowhere", "a.example CNAME b.example", MQ_ASK_TXT, "a.example", MQ_ANSWER_NO_NAME, "",
	  "b.example", 1, 0 },
	{ "CNAMEs in a circle", "a.example CNAME b.example\nb.example CNAME a.example", MQ_ASK_TXT, "a.example",
	  MQ_ANSWER_UNKNOWN, "", NULL, 1, 0 },
	{ "wildcard", "*.a.example TXT \"w\"", MQ_ASK_TXT, "x.y.a.example", MQ_ANSWER_FOUND, "w", NULL, 1, 0 },
	{ "no such name", "a.example A 192.0.2.1", MQ_ASK_A, "b.example", MQ_ANSWER_NO_NAME, "", NULL, 1, 0 },
	{ "no such data", "a.example A 192.0.2.1", MQ_ASK_MX, "a.example", MQ_ANSWER_NO_DATA, "", NULL, 1, 0 },
	{ "a name between names exists", "x.a.example A 192.0.2.1", MQ_ASK_MX, "a.example", MQ_ANSWER_NO_DATA, "", NULL, 1, 0 },
	{ "a label too long is not asked", "a.example A 192.0.2.1", MQ_ASK_A,
	  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg.example", MQ_ANSWER_NO_NAME, "", NULL, 0, 0 },
	{ "an empty label is not asked", "a.example A 192.0.2.1", MQ_ASK_A, "a..example", MQ_ANSWER_NO_NAME, "", NULL, 0, 0 },
	{ "SERVFAIL is unknown", "a.example !SERVFAIL", MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "REFUSED is unknown", "a.example !REFUSED", MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "NOTIMP is unknown", "a.example !NOTIMP", MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "FORMERR is unknown", "a.example !FORMERR", MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "silence is unknown", "a.example !TIMEOUT", MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "a referral is unknown", "a.example !LAME", MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 1, 0 },
	{ "pointers in a circle are unknown", "a.example !BOMB", MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 1, 0 },
	{ "a reply cut inside a record is unknown", "a.example !CUT\na.example A 192.0.2.1", MQ_ASK_A, "a.example",
	  MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "garbage is unknown", "a.example !GARBAGE", MQ_ASK_A, "a.example", MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "another id is no reply", "a.example !WRONG-ID\na.example A 192.0.2.1", MQ_ASK_A, "a.example",
	  MQ_ANSWER_UNKNOWN, "", NULL, 0, 0 },
	{ "a late reply counts", "a.example !DELAY 20\na.example A 192.0.2.1", MQ_ASK_A, "a.example", MQ_ANSWER_FOUND,
	  "192.0.2.1", NULL, 1, 0 },
	{ "cut over UDP comes by TCP", "a.example !TRUNCATE\na.example TXT \"x\"", MQ_ASK_TXT, "a.example",
	  MQ_ANSWER_FOUND, "x", NULL, 1, 1 },
	{ "cut over TCP too is unknown", "a.example !TRUNCATE-ALWAYS\na.example TXT \"x\"", MQ_ASK_TXT, "a.example",
	  MQ_ANSWER_UNKNOWN, "", NULL, 1, 1 },
};

static MqResolver *
make_resolver(const TestDns *dns)
{
	const char *const servers[] = { test_dns_address(dns), NULL };
	const MqDnsOptions options = { .servers = servers, .timeout_ms = 250, .tries = 1 };
	g_autoptr(GError) error = NULL;
	MqResolver *resolver = mq_dns_cares_new(&options, &error);

	g_assert_no_error(error);
	return resolver;
}

static void
fill(MqResolver *resolver, MqAnswers *answers)
{
	g_autoptr(GError) error = NULL;

	mq_resolver_fill(resolver, answers, &error);
	g_assert_no_error(error);
	g_assert_false(mq_answers_want(answers, MQ_ASK_DNS));
}

static char *
join_texts(const MqAnswer *answer)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < answer->records->len; i++)
		g_string_append_printf(all, "%s%s", i > 0 ? "|" : "",
		                       ((const MqDnsRecord *)g_ptr_array_index(answer->records, i))->text);
	return g_string_free(all, FALSE);
}

static void
test_case(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(TestDns) dns = test_dns_start(want->zone);
	g_autoptr(MqResolver) resolver = make_resolver(dns);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autofree char *tcp = g_strdup_printf("tcp %s %s", mq_ask_word(want->ask), want->name);
	const MqAnswer *got = mq_answers_get(answers, want->ask, want->name);
	g_autofree char *texts = NULL;

	if (got == NULL)
		fill(resolver, answers);
	got = mq_answers_get(answers, want->ask, want->name);
	g_assert_nonnull(got);
	g_assert_cmpstr(mq_outcome_word(got->outcome), ==, mq_outcome_word(want->outcome));
	g_assert_cmpint(got->outcome != MQ_ANSWER_UNKNOWN || got->why != NULL, ==, TRUE);
	texts = join_texts(got);
	g_assert_cmpstr(texts, ==, want->texts);
	if (want->alias != NULL)
		g_assert_cmpstr(g_ptr_array_index(got->aliases, got->aliases->len - 1), ==, want->alias);
	if (want->udp > 0) {
		g_assert_cmpuint(test_dns_count(dns, NULL), ==, want->udp + want->tcp);
		g_assert_cmpuint(test_dns_count(dns, tcp), ==, want->tcp);
	}
}

/* What was said is told, not that nothing was; and another server is asked. */
static void
test_refusals(void)
{
	static const struct {
		const char *fault, *word;
	} said[] = { { "!SERVFAIL", "SERVFAIL" }, { "!REFUSED", "REFUSED" }, { "!NOTIMP", "NOTIMP" }, { "!FORMERR", "FORMERR" } };

	for (gsize i = 0; i < G_N_ELEMENTS(said); i++) {
		g_autofree char *zone = g_strconcat("a.example ", said[i].fault, NULL);
		g_autoptr(TestDns) dns = test_dns_start(zone);
		g_autoptr(MqResolver) resolver = make_resolver(dns);
		g_autoptr(MqAnswers) answers = mq_answers_new();
		const MqAnswer *got = mq_answers_get(answers, MQ_ASK_TXT, "a.example");

		fill(resolver, answers);
		got = mq_answers_get(answers, MQ_ASK_TXT, "a.example");
		g_assert_cmpint(got->outcome, ==, MQ_ANSWER_UNKNOWN);
		g_assert_nonnull(strstr(got->why, said[i].word));
	}
}

static void
test_another_server(void)
{
	g_autoptr(TestDns) first = test_dns_start("a.example !REFUSED");
	g_autoptr(TestDns) second = test_dns_start("a.example TXT \"x\"");
	const char *const servers[] = { test_dns_address(first), test_dns_address(second), NULL };
	const MqDnsOptions options = { .servers = servers, .timeout_ms = 250, .tries = 1 };
	g_autoptr(GError) error = NULL;
	g_autoptr(MqResolver) resolver = mq_dns_cares_new(&options, &error);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	const MqAnswer *got = mq_answers_get(answers, MQ_ASK_TXT, "a.example");

	g_assert_no_error(error);
	fill(resolver, answers);
	got = mq_answers_get(answers, MQ_ASK_TXT, "a.example");
	g_assert_cmpint(got->outcome, ==, MQ_ANSWER_FOUND);
}

/* A chain that the server does not follow is followed here: dnsd stops after eight links. */
static void
test_long_chain(void)
{
	g_autoptr(GString) zone = g_string_new("l30.example TXT \"end\"\n");
	g_autoptr(MqAnswers) answers = mq_answers_new();

	for (guint i = 0; i < 30; i++)
		g_string_append_printf(zone, "l%u.example CNAME l%u.example\n", i, i + 1);
	g_autoptr(TestDns) dns = test_dns_start(zone->str);
	g_autoptr(MqResolver) resolver = make_resolver(dns);

	mq_answers_get(answers, MQ_ASK_TXT, "l18.example");
	mq_answers_get(answers, MQ_ASK_TXT, "l0.example");
	fill(resolver, answers);
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_TXT, "l18.example")->outcome, ==, MQ_ANSWER_FOUND);
	g_assert_cmpuint(mq_answers_get(answers, MQ_ASK_TXT, "l18.example")->aliases->len, ==, 12);
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_TXT, "l0.example")->outcome, ==, MQ_ANSWER_UNKNOWN);
	g_assert_cmpuint(test_dns_count(dns, NULL), <=, 2 + 3);
}

static void
test_large_txt(void)
{
	g_autofree char *filler = g_strnfill(50000, 'x');
	g_autofree char *zone = g_strdup_printf("a.example TXT \"%s\"", filler);
	g_autoptr(TestDns) dns = test_dns_start(zone);
	g_autoptr(MqResolver) resolver = make_resolver(dns);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autofree char *text = NULL;

	mq_answers_get(answers, MQ_ASK_TXT, "a.example");
	fill(resolver, answers);
	text = join_texts(mq_answers_get(answers, MQ_ASK_TXT, "a.example"));
	g_assert_cmpstr(text, ==, filler);
	g_assert_cmpuint(test_dns_count(dns, "udp TXT a.example"), ==, 1);
	g_assert_cmpuint(test_dns_count(dns, "tcp TXT a.example"), ==, 1);
}

/* More questions than may be in flight, each asked once; a second set is served by the first. */
static void
test_many(void)
{
	g_autoptr(TestDns) dns = test_dns_start("*.a.example TXT \"x\"\n");
	g_autoptr(MqResolver) resolver = make_resolver(dns);
	g_autoptr(MqAnswers) first = mq_answers_new();
	g_autoptr(MqAnswers) second = mq_answers_new();
	const guint n = 5 * MQ_LIMIT_DNS_FLIGHT;
	g_autofree char *most = NULL;
	guint count;

	for (guint i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("n%u.a.example", i);

		mq_answers_get(first, MQ_ASK_TXT, name);
		mq_answers_get(first, MQ_ASK_TXT, name);
		mq_answers_get(second, MQ_ASK_TXT, name);
	}
	fill(resolver, first);
	fill(resolver, second);
	g_assert_cmpuint(test_dns_count(dns, NULL), ==, n);
	most = test_dns_most(dns, &count);
	g_assert_cmpuint(count, ==, 1);
	g_assert_cmpint(mq_answers_get(second, MQ_ASK_TXT, "n7.a.example")->outcome, ==, MQ_ANSWER_FOUND);
}

/* One set is stuck; the other comes back without waiting for it. */
static void
test_some(void)
{
	g_autoptr(TestDns) dns = test_dns_start("slow.example !DELAY 150\nslow.example A 192.0.2.1\na.example A 192.0.2.2");
	g_autoptr(MqResolver) resolver = make_resolver(dns);
	g_autoptr(MqAnswers) slow = mq_answers_new();
	g_autoptr(MqAnswers) quick = mq_answers_new();
	MqAnswers *const sets[] = { slow, quick };
	g_autoptr(GError) error = NULL;

	mq_answers_get(slow, MQ_ASK_A, "slow.example");
	mq_answers_get(quick, MQ_ASK_A, "a.example");
	mq_resolver_fill_some(resolver, sets, 2, &error);
	g_assert_no_error(error);
	g_assert_nonnull(mq_answers_peek(quick, MQ_ASK_A, "a.example"));
	g_assert_null(mq_answers_peek(slow, MQ_ASK_A, "slow.example"));
	fill(resolver, slow);
	g_assert_cmpint(mq_answers_peek(slow, MQ_ASK_A, "slow.example")->outcome, ==, MQ_ANSWER_FOUND);
	g_assert_cmpuint(test_dns_count(dns, "udp A slow.example"), ==, 1);
}

static void
test_nobody(void)
{
	g_autoptr(TestDns) dns = test_dns_start("* !TIMEOUT");
	g_autoptr(MqResolver) resolver = make_resolver(dns);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(GError) error = NULL;

	mq_answers_get(answers, MQ_ASK_A, "a.example");
	g_assert_false(mq_resolver_fill(resolver, answers, &error));
	g_assert_error(error, MQ_ERROR, MQ_ERROR_DNS);
	g_assert_cmpint(mq_answers_get(answers, MQ_ASK_A, "a.example")->outcome, ==, MQ_ANSWER_UNKNOWN);
}

static void
test_nothing_listens(void)
{
	const char *const servers[] = { "127.0.0.1:1", NULL };
	const MqDnsOptions options = { .servers = servers, .timeout_ms = 100, .tries = 1 };
	g_autoptr(MqResolver) resolver = mq_dns_cares_new(&options, NULL);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(GError) error = NULL;

	mq_answers_get(answers, MQ_ASK_A, "a.example");
	g_assert_false(mq_resolver_fill(resolver, answers, &error));
	g_assert_error(error, MQ_ERROR, MQ_ERROR_DNS);
}

static void
test_servers(void)
{
	static const struct {
		const char *text;
		gboolean good;
	} forms[] = {
		{ "192.0.2.53", TRUE },  { "192.0.2.53:5353", TRUE },   { "2001:db8::53", TRUE },
		{ "[2001:db8::53]:53", TRUE }, { "[2001:db8::53]", TRUE }, { "ns.example", FALSE },
		{ "", FALSE },           { "192.0.2.53:0", FALSE },     { "192.0.2.53:70000", FALSE },
		{ "[2001:db8::53", FALSE }, { "192.0.2.53:x", FALSE },  { "192.0.2.53,192.0.2.54", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		const char *const servers[] = { forms[i].text, NULL };
		const MqDnsOptions options = { .servers = servers };
		g_autoptr(GError) error = NULL;
		g_autoptr(MqResolver) resolver = mq_dns_cares_new(&options, &error);

		g_test_message("%s", forms[i].text);
		g_assert_cmpint(resolver != NULL, ==, forms[i].good);
		if (!forms[i].good)
			g_assert_error(error, MQ_ERROR, MQ_ERROR_USAGE);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/dns-cares/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_case);
	}
	g_test_add_func("/dns-cares/a chain the server does not follow", test_long_chain);
	g_test_add_func("/dns-cares/50 kB of TXT come over TCP", test_large_txt);
	g_test_add_func("/dns-cares/each question is asked once", test_many);
	g_test_add_func("/dns-cares/a quick set does not wait for a slow one", test_some);
	g_test_add_func("/dns-cares/silence everywhere is an error", test_nobody);
	g_test_add_func("/dns-cares/a closed port is an error", test_nothing_listens);
	g_test_add_func("/dns-cares/servers as people write them", test_servers);
	g_test_add_func("/dns-cares/what a server says is told", test_refusals);
	g_test_add_func("/dns-cares/another server is asked", test_another_server);
	return g_test_run();
}
