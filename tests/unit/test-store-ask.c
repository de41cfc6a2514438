/* Questions over many reports: sums, flows, lists. */
#include <string.h>

#include "tests/support/reports.h"

static void
test_totals(StoreFixture *f, gconstpointer data)
{
	static const struct {
		MqBy by;
		const char *domain;
		gboolean exact;
		gint64 since_s, until_s;
		const char *want;
	} rules[] = {
		{ MQ_BY_NOTHING, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "=28/22" },
		{ MQ_BY_SOURCE, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT,
		  "192.0.2.1=17/17 192.0.2.2=5/0 203.0.113.9=3/2 2001:db8::1=3/3" },
		{ MQ_BY_DOMAIN, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT,
		  "example.com=22/17 news.example.com=3/3 example.net=2/2 badexample.com=1/0" },
		{ MQ_BY_DOMAIN, "example.com", FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "example.com=22/17 news.example.com=3/3" },
		{ MQ_BY_DOMAIN, "example.com", TRUE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "example.com=22/17" },
		{ MQ_BY_NOTHING, "example.com", FALSE, DAY, DAY + MQ_DAY_S, "=18/13" },
		{ MQ_BY_NOTHING, "example.com", FALSE, DAY + 1, MQ_TIME_ABSENT, "=7/7" },
		{ MQ_BY_NOTHING, "com", TRUE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "=0/0" },
		{ MQ_BY_REPORTER, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "R.example=20/15 Q.example=8/7" },
		{ MQ_BY_SELECTOR, "example.net", FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "s1._domainkey.example.net=2/2" },
		{ MQ_BY_DISPOSITION, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "none=28/22" },
		{ MQ_BY_DAY, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "2026-11-02=18/13 2026-11-10=8/7 2026-12-12=2/2" },
		{ MQ_BY_WEEK, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "2026-11-02=18/13 2026-11-09=8/7 2026-12-07=2/2" },
		{ MQ_BY_MONTH, NULL, FALSE, MQ_TIME_ABSENT, MQ_TIME_ABSENT, "2026-11=26/20 2026-12=2/2" },
	};

	(void)data;
	made_three_reports(f);
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		MqFilter filter = {
			.domain = rules[i].domain,
			.exact = rules[i].exact,
			.since_s = rules[i].since_s,
			.until_s = rules[i].until_s,
		};
		g_autofree char *got = totals_of(f, &filter, rules[i].by);

		g_assert_cmpstr(got, ==, rules[i].want);
	}
}

/* MqTotalsFunc */
static gboolean
write_key(gpointer ctx, const char *key, G_GNUC_UNUSED const MqTotals *totals, G_GNUC_UNUSED GError **error)
{
	g_string_append_printf(ctx, "%s ", key);
	return TRUE;
}

static void
put_without_policy(StoreFixture *f, const char *id, const char *const *from)
{
	MqReport *report = made_report("R.example", id, NULL, DAY);

	for (gsize i = 0; from[i] != NULL; i++)
		made_record(report, "192.0.2.1", 5, MQ_RESULT_PASS, MQ_RESULT_PASS, from[i]);
	made_put(f, made_message(id, report));
}

/* Where a report does not say whose policy it is about, its rows say whose mail; each domain comes once. */
static void
test_domains(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	static const char *const from[] = { "a.other.example.org", "b.other.example.org", "example.com", "com", NULL };
	g_autoptr(GString) got = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	made_three_reports(f);
	put_without_policy(f, "without", from);
	mq_store_policy_domains(f->store, &MQ_FILTER_ALL, write_key, got, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(got->str, ==, "example.com example.net example.org com ");
}

/* One report of very many names is not as many chapters. */
static void
test_many_domains(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	g_auto(GStrv) from = NULL;
	g_autoptr(GString) got = g_string_new(NULL);
	g_auto(GStrv) words = NULL;

	for (guint i = 0; i < 300; i++) {
		g_autofree char *name = g_strdup_printf("d%u.example", i);

		g_strv_builder_add(names, name);
	}
	from = g_strv_builder_end(names);
	put_without_policy(f, "many", (const char *const *)from);
	mq_store_policy_domains(f->store, &MQ_FILTER_ALL, write_key, got, NULL);
	words = g_strsplit(g_strchomp(got->str), " ", -1);
	g_assert_cmpuint(g_strv_length(words), ==, MQ_LIMIT_ROW_DOMAINS);
}

/* MqFlowFunc */
static gboolean
sum_flow(gpointer ctx, const MqFlow *flow, GError **error)
{
	(void)error;
	*(gint64 *)ctx += flow->messages;
	g_assert_cmpuint(flow->n_auth_dkim, ==, 1);
	g_assert_cmpstr(flow->auth_dkim[0].selector, ==, "s1");
	return TRUE;
}

static void
test_flows(StoreFixture *f, gconstpointer data)
{
	MqFilter filter = MQ_FILTER_ALL;
	g_autoptr(GError) error = NULL;
	gint64 sum = 0;

	(void)data;
	made_three_reports(f);
	mq_store_flows(f->store, &filter, sum_flow, &sum, &error);
	g_assert_no_error(error);
	g_assert_cmpint(sum, ==, 28);
	filter.domain = "example.com";
	sum = 0;
	mq_store_flows(f->store, &filter, sum_flow, &sum, &error);
	g_assert_no_error(error);
	g_assert_cmpint(sum, ==, 25);
}

static void
test_untrusted(StoreFixture *f, gconstpointer data)
{
	MqMessage *forged = made_message("a", made_two_rows("1"));
	MqFilter trusted = MQ_FILTER_ALL;
	MqFilter untrusted = MQ_FILTER_ALL;

	(void)data;
	trusted.trusted_only = TRUE;
	untrusted.untrusted_only = TRUE;
	mq_problems_add(forged->problems, MQ_PROBLEM_FORGERY_SUSPECTED, TRUE, 0, NULL, "sent by someone else");
	made_put(f, forged);
	made_put(f, made_message("b", made_two_rows("2")));
	g_autofree char *good = totals_of(f, &trusted, MQ_BY_NOTHING);
	g_autofree char *bad = totals_of(f, &untrusted, MQ_BY_NOTHING);

	g_assert_cmpstr(good, ==, "=15/10");
	g_assert_cmpstr(bad, ==, "=15/10");
	assert_total(f, "=30/20");
}

/* ------------------------------------------------------------- many invented reports */

static guint
below(gint end)
{
	return (guint)g_test_rand_int_range(0, end);
}

static MqReport *
random_report(guint i)
{
	static const char *const domains[] = { "example.com", "news.example.com", "example.net", "mail.example.org" };
	static const MqResult results[] = { MQ_RESULT_PASS, MQ_RESULT_FAIL, MQ_RESULT_ABSENT };
	g_autofree char *reporter = g_strdup_printf("r%u.example", below(4));
	g_autofree char *id = g_strdup_printf("%u", i);
	MqReport *report = made_report(reporter, id, "example.com", DAY + (gint64)below(60) * MQ_DAY_S);
	guint n = below(12);

	for (guint r = 0; r < n; r++) {
		g_autofree char *ip = g_strdup_printf("192.0.2.%u", below(20));
		MqRecord *record = made_record(report, ip, below(100), results[below(3)],
		                               results[below(3)], domains[below(4)]);

		record->disposition = (MqDisposition)below(MQ_DISPOSITION_N);
	}
	return report;
}

/* MqTotalsFunc */
static gboolean
add_totals(gpointer ctx, G_GNUC_UNUSED const char *key, const MqTotals *totals, G_GNUC_UNUSED GError **error)
{
	MqTotals *sum = ctx;

	sum->messages += totals->messages;
	sum->dmarc_pass += totals->dmarc_pass;
	sum->spf_aligned += totals->spf_aligned;
	sum->dkim_aligned += totals->dkim_aligned;
	sum->quarantined += totals->quarantined;
	sum->rejected += totals->rejected;
	return TRUE;
}

static void
assert_sums_agree(StoreFixture *f, const MqFilter *filter)
{
	static const MqBy parts[] = { MQ_BY_SOURCE, MQ_BY_DOMAIN, MQ_BY_REPORTER, MQ_BY_DISPOSITION, MQ_BY_DAY, MQ_BY_WEEK, MQ_BY_MONTH };
	g_autoptr(GError) error = NULL;
	MqTotals whole = { 0 };

	mq_store_totals(f->store, filter, MQ_BY_NOTHING, add_totals, &whole, &error);
	g_assert_no_error(error);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		MqTotals sum = { 0 };

		mq_store_totals(f->store, filter, parts[i], add_totals, &sum, &error);
		g_assert_no_error(error);
		g_assert_true(memcmp(&sum, &whole, sizeof(sum)) == 0);
	}
}

/* However rows are divided, the parts are the whole; a domain's subdomains and days are parts of it. */
static void
test_parts_are_the_whole(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	MqFilter filters[] = { MQ_FILTER_ALL, MQ_FILTER_ALL, MQ_FILTER_ALL, MQ_FILTER_ALL };

	for (guint i = 0; i < 60; i++) {
		g_autofree char *name = g_strdup_printf("%u", i);

		made_put(f, made_message(name, random_report(i)));
	}
	filters[1].domain = "example.com";
	filters[2].domain = "example.com";
	filters[2].exact = TRUE;
	filters[3].domain = "example.net";
	filters[3].since_s = DAY + 10 * MQ_DAY_S;
	filters[3].until_s = DAY + 40 * MQ_DAY_S;
	for (gsize i = 0; i < G_N_ELEMENTS(filters); i++)
		assert_sums_agree(f, &filters[i]);
}

/* MqReportRowFunc */
static gboolean
write_id(gpointer ctx, const MqReportRow *row, G_GNUC_UNUSED GError **error)
{
	g_string_append_printf(ctx, "%s ", row->report_id != NULL ? row->report_id : "-");
	return TRUE;
}

static void
test_reports(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	static const struct {
		const char *rule;
		MqFilter filter;
		const char *want;
	} rules[] = {
		{ "newest first", { .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT }, "3 2 1 " },
		{ "the newest", { .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT, .limit = 1 }, "3 " },
		{ "by policy domain", { .domain = "example.net", .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT }, "3 " },
		{ "by the domain of a row", { .domain = "badexample.com", .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT }, "2 " },
		{ "an end is no subdomain", { .domain = "ample.com", .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT }, "" },
		{ "until is the second after", { .since_s = DAY, .until_s = DAY + 8 * MQ_DAY_S }, "1 " },
		{ "of no such type", { .type = MQ_TYPE_TLS, .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT }, "" },
	};

	made_three_reports(f);
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		g_autoptr(GString) got = g_string_new(NULL);
		g_autoptr(GError) error = NULL;

		g_test_message("%s", rules[i].rule);
		mq_store_reports(f->store, &rules[i].filter, write_id, got, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(got->str, ==, rules[i].want);
	}
}

/* It has no period: its arrival, or else its mail's date, puts it into a window. */
static void
test_failure_window(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	MqFilter filter = { .type = MQ_TYPE_FAILURE, .since_s = DAY, .until_s = DAY + MQ_DAY_S };
	g_autoptr(GString) got = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 3; i++) {
		g_autofree char *name = g_strdup_printf("f%u", i);
		MqReport *report = mq_report_new(MQ_TYPE_FAILURE);
		MqMessage *message;

		g_ptr_array_add(report->batches, mq_batch_new());
		report->report_id = g_strdup(name);
		report->policy.domain = g_strdup("example.com");
		report->failure->arrival_s = i == 0 ? DAY + 1 : i == 1 ? DAY - 1 : MQ_TIME_ABSENT;
		message = made_message(name, report);
		message->envelope.date_s = DAY + 2;
		made_put(f, message);
	}
	mq_store_reports(f->store, &filter, write_id, got, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(got->str, ==, "f2 f0 ");
}

static MqReport *
two_rows_of(const char *id, const char *from)
{
	MqReport *report = made_report("R.example", id, from, DAY);

	made_record(report, "192.0.2.7", 2, MQ_RESULT_PASS, MQ_RESULT_FAIL, from);
	return report;
}

/* The names of domains are remembered between questions: a domain that came or went since is noticed, whoever put it. */
static void
test_domains_come_and_go(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	MqFilter filter = { .domain = "example.com", .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT };
	g_autoptr(GError) error = NULL;
	StoreFixture other = { .store = mq_store_open(f->path, MQ_STORE_WRITE, &error) };
	MqPruned pruned = { 0 };
	static const char *const wanted[] = { "a.example.com=2/2", "a.example.com=2/2 b.example.com=2/2",
		                              "a.example.com=2/2 b.example.com=2/2 c.b.example.com=2/2" };
	static const char *const names[] = { "a.example.com", "b.example.com", "c.b.example.com" };

	g_assert_no_error(error);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *got = NULL;

		made_put(i == 1 ? &other : f, made_message(names[i], two_rows_of(names[i], names[i])));
		got = totals_of(f, &filter, MQ_BY_DOMAIN);
		g_assert_cmpstr(got, ==, wanted[i]);
	}
	mq_store_prune(f->store, DAY + 2 * MQ_DAY_S, MQ_TYPE_ABSENT, FALSE, &pruned, &error);
	g_assert_no_error(error);
	made_put(f, made_message("d", two_rows_of("d", "d.example.net")));
	g_autofree char *gone = totals_of(f, &filter, MQ_BY_DOMAIN);

	g_assert_cmpstr(gone, ==, "");
	mq_store_close(other.store);
}

static void
add(const char *rule, void (*test)(StoreFixture *, gconstpointer))
{
	g_autofree char *path = g_strconcat("/store-ask/", rule, NULL);

	g_test_add(path, StoreFixture, NULL, store_set_up, test, store_tear_down);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("totals", test_totals);
	add("domains", test_domains);
	add("domains of one report are bounded", test_many_domains);
	add("flows", test_flows);
	add("untrusted reports can be left out", test_untrusted);
	add("parts are the whole", test_parts_are_the_whole);
	add("lists of reports", test_reports);
	add("domains come and go", test_domains_come_and_go);
	add("a failure report belongs to its arrival", test_failure_window);
	return g_test_run();
}
