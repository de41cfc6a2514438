/* SMTP TLS reports: what is read, what is repaired, what is refused. */
#include <string.h>

#include "ingest/formats.h"

#define HEAD(policies) \
	"{\"organization-name\": \"Mailer Inc.\", \"date-range\": {\"start-datetime\": \"2026-05-01T00:00:00Z\"," \
	" \"end-datetime\": \"2026-05-01T23:59:59Z\"}, \"contact-info\": \"tls@mailer.example\"," \
	" \"report-id\": \"r-1\", \"policies\": " policies "}"
#define POLICY(ok, failed, details) \
	"{\"policy\": {\"policy-type\": \"sts\", \"policy-domain\": \"Example.COM.\"," \
	" \"policy-string\": [\"version: STSv1\"], \"mx-host\": [\"mx.example.com\"]}," \
	" \"summary\": {\"total-successful-session-count\": " ok ", \"total-failure-session-count\": " failed "}" details "}"
#define DETAIL(count) \
	"{\"result-type\": \"certificate-expired\", \"sending-mta-ip\": \"192.0.2.1\"," \
	" \"receiving-mx-hostname\": \"MX.example.com\", \"failed-session-count\": " count "}"
#define GOOD HEAD("[" POLICY("5", "2", ", \"failure-details\": [" DETAIL("2") "]") "]")

typedef struct {
	MqFormatContext context;
	GPtrArray *reports;
} Run;

static gboolean
take_report(gpointer ctx, MqReport *report, G_GNUC_UNUSED GError **error)
{
	g_ptr_array_add(ctx, report);
	return TRUE;
}

/* Feeds @bytes in pieces; what comes out is in @run. */
static gboolean
read_json(Run *run, const char *bytes, gsize n)
{
	g_autoptr(GError) error = NULL;
	MqFormatReader *reader;
	gboolean fine = TRUE;

	*run = (Run){ .reports = g_ptr_array_new_with_free_func((GDestroyNotify)mq_report_free) };
	run->context = (MqFormatContext){ .part = "report.json", .problems = mq_problems_new(),
		                          .take_report = take_report, .ctx = run->reports };
	reader = mq_format_tls.open(&run->context);
	for (gsize at = 0; fine && at < n; at += 7)
		fine = mq_format_tls.feed(reader, (const guint8 *)bytes + at, MIN(7, n - at), &error);
	fine = fine && mq_format_tls.finish(reader, TRUE, &error);
	mq_format_tls.free(reader);
	g_assert_cmpint(fine, ==, error == NULL);
	return fine;
}

static void
run_clear(Run *run)
{
	mq_problems_free(run->context.problems);
	g_ptr_array_unref(run->reports);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

typedef struct {
	const char *rule, *json;
	gboolean stored;
	const char *problem; /* (nullable) the first one's code; NULL: none at all */
	gint64 ok, failed;   /* of the first policy */
} Case;

#define ABSENT MQ_COUNT_ABSENT
static const Case cases[] = {
	{ "plain", GOOD, TRUE, NULL, 5, 2 },
	{ "a count may be a text", HEAD("[" POLICY("\"42\"", "\"7\"", "") "]"), TRUE, "value-odd", 42, 7 },
	{ "a fraction is no count", HEAD("[" POLICY("1.5", "0", "") "]"), TRUE, "count-odd", ABSENT, 0 },
	{ "null is no count", HEAD("[" POLICY("null", "null", "") "]"), TRUE, "count-odd", ABSENT, ABSENT },
	{ "a list is no count", HEAD("[" POLICY("[1]", "{}", "") "]"), TRUE, "count-odd", ABSENT, ABSENT },
	{ "2 to the 63rd is no count", HEAD("[" POLICY("9223372036854775808", "1", "") "]"), TRUE, "count-odd", ABSENT, 1 },
	{ "negative is no count", HEAD("[" POLICY("-1", "0", "") "]"), TRUE, "count-odd", ABSENT, 0 },
	{ "details that add up to something else are noted",
	  HEAD("[" POLICY("0", "1", ", \"failure-details\": [" DETAIL("1") "," DETAIL("1") "]") "]"), TRUE, "count-mismatch", 0, 1 },
	{ "details of which some have no count may add up to less",
	  HEAD("[" POLICY("0", "3", ", \"failure-details\": [" DETAIL("1") "," DETAIL("null") "]") "]"), TRUE, "count-odd", 0, 3 },
	{ "details that are more than all are noted",
	  HEAD("[" POLICY("0", "0", ", \"failure-details\": [" DETAIL("4") "]") "]"), TRUE, "count-mismatch", 0, 0 },
	{ "an unknown result type is kept and noted",
	  HEAD("[" POLICY("0", "1", ", \"failure-details\": [{\"result-type\": \"moon-phase\", \"failed-session-count\": 1}]") "]"), TRUE,
	  "value-odd", 0, 1 },
	{ "a failure without a type is kept and noted",
	  HEAD("[" POLICY("0", "1", ", \"failure-details\": [{\"failed-session-count\": 1}]") "]"), TRUE, "value-missing", 0, 1 },
	{ "a comma before the end is dropped", HEAD("[" POLICY("1", "0", "") ",]"), TRUE, "json-broken", 1, 0 },
	{ "bytes after the end are dropped", GOOD "}}garbage", TRUE, "trailing-bytes", 5, 2 },
	{ "cut after a policy keeps it",
	  "{\"organization-name\": \"M\", \"report-id\": \"r\", \"date-range\": {\"start-datetime\": \"2026-05-01T00:00:00Z\","
	  " \"end-datetime\": \"2026-05-01T23:59:59Z\"}, \"policies\": [" POLICY("3", "0", "") ", {\"policy\": {\"pol", TRUE,
	  "json-broken", 3, 0 },
	{ "cut before a policy is whole", "{\"organization-name\": \"M\", \"policies\": [{\"policy\": {", FALSE, "json-broken", 0, 0 },
	{ "bytes that are not UTF-8 are replaced",
	  "{\"organization-name\": \"M\xFF\xFE\", \"report-id\": \"r\", \"date-range\": {\"start-datetime\": \"2026-05-01T00:00:00\","
	  " \"end-datetime\": \"2026-05-01T23:59:59\"}, \"policies\": [" POLICY("3", "0", "") "]}", TRUE, "encoding", 3, 0 },
	{ "policies are required", HEAD("null"), FALSE, "report-incomplete", 0, 0 },
	{ "no policies is noted", HEAD("[]"), TRUE, "no-records", 0, 0 },
	{ "a policy without totals", HEAD("[{\"policy\": {\"policy-type\": \"sts\", \"policy-domain\": \"example.com\"}}]"), TRUE,
	  "value-missing", ABSENT, ABSENT },
	{ "what is no policy is dropped", HEAD("[17, " POLICY("1", "0", "") "]"), TRUE, "record-dropped", 1, 0 },
	{ "other JSON", "{\"organization-name\": \"M\", \"x\": []}", FALSE, "report-incomplete", 0, 0 },
	{ "broken in the middle", "{\"organization-name\": \"M\", \"report-id\" \"r\", \"policies\": []}", FALSE, "json-broken", 0, 0 },
	{ "nothing", "", FALSE, "json-broken", 0, 0 },
	{ "a real that no double holds", HEAD("[" POLICY("1e999", "0", "") "]"), FALSE, "json-broken", 0, 0 },
};

static void
test_read(gconstpointer data)
{
	const Case *want = data;
	g_auto(Run) run = { .reports = NULL };
	const MqReport *report;

	g_assert_cmpint(read_json(&run, want->json, strlen(want->json)), ==, want->stored);
	g_assert_cmpuint(run.reports->len, ==, want->stored ? 1 : 0);
	g_assert_cmpint(mq_problems_count(run.context.problems) > 0, ==, want->problem != NULL);
	if (want->problem != NULL) {
		const MqProblem *problem = mq_problems_get(run.context.problems, 0);

		g_assert_cmpstr(mq_problem_code_word(problem->code), ==, want->problem);
		g_assert_cmpint(problem->stored, ==, want->stored);
	}
	if (!want->stored)
		return;
	report = g_ptr_array_index(run.reports, 0);
	g_assert_cmpint(report->begin_s, ==, G_GINT64_CONSTANT(1777593600));
	if (report->tls->len > 0) {
		const MqTlsPolicy *policy = g_ptr_array_index(report->tls, 0);

		g_assert_cmpint(policy->sessions_ok, ==, want->ok);
		g_assert_cmpint(policy->sessions_failed, ==, want->failed);
		g_assert_cmpstr(report->policy.domain, ==, "example.com");
	}
}

static void
test_fields(void)
{
	g_auto(Run) run = { .reports = NULL };
	const MqReport *report;
	const MqTlsPolicy *policy;
	const MqTlsFailure *failure;

	g_assert_true(read_json(&run, GOOD, strlen(GOOD)));
	report = g_ptr_array_index(run.reports, 0);
	g_assert_cmpint(report->dialect, ==, MQ_DIALECT_RFC8460);
	g_assert_cmpstr(report->reporter, ==, "Mailer Inc.");
	g_assert_cmpstr(report->email, ==, "tls@mailer.example");
	g_assert_cmpstr(report->report_id, ==, "r-1");
	g_assert_cmpstr(report->part, ==, "report.json");
	policy = g_ptr_array_index(report->tls, 0);
	g_assert_cmpstr(policy->policy_type, ==, "sts");
	g_assert_cmpstr(g_ptr_array_index(policy->policy_strings, 0), ==, "version: STSv1");
	g_assert_cmpstr(g_ptr_array_index(policy->mx_hosts, 0), ==, "mx.example.com");
	failure = g_ptr_array_index(policy->failures, 0);
	g_assert_cmpstr(failure->result_type, ==, "certificate-expired");
	g_assert_cmpstr(failure->sending_mta, ==, "192.0.2.1");
	g_assert_cmpstr(failure->receiving_mx, ==, "mx.example.com");
	g_assert_cmpint(failure->sessions, ==, 2);
	g_assert_null(failure->helo);
}

static void
test_lists(void)
{
	static const char json[] = HEAD("[{\"policy\": {\"policy-type\": \"TLSA\", \"policy-domain\": \"example.com\","
	                                " \"policy-string\": \"[\\\"3 1 1 aa\\\",\\\"3 1 1 bb\\\"]\","
	                                " \"mx-host\": \"mx: mx.example.com\"}, \"summary\": {}}]");
	g_auto(Run) run = { .reports = NULL };
	const MqTlsPolicy *policy;

	g_assert_true(read_json(&run, json, strlen(json)));
	policy = g_ptr_array_index(((MqReport *)g_ptr_array_index(run.reports, 0))->tls, 0);
	g_assert_cmpstr(policy->policy_type, ==, "tlsa");
	g_assert_cmpuint(policy->policy_strings->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(policy->policy_strings, 1), ==, "3 1 1 bb");
	g_assert_cmpstr(g_ptr_array_index(policy->mx_hosts, 0), ==, "mx.example.com");
}

static void
test_escapes(void)
{
	static const char json[] = "{\"organization\\u002dname\": \"a\\u0000b\\ud800\", \"report-id\": \"r\","
	                           " \"policies\": [" POLICY("1", "0", "") "]}";
	g_auto(Run) run = { .reports = NULL };
	const MqReport *report;

	g_assert_cmpuint(mq_format_tls.bid((const guint8 *)json, strlen(json)), >, 0);
	g_assert_true(read_json(&run, json, strlen(json)));
	report = g_ptr_array_index(run.reports, 0);
	g_assert_cmpstr(report->reporter, ==, "a\uFFFDb\uFFFD");
	g_assert_cmpint(report->begin_s, ==, MQ_TIME_ABSENT);
}

static void
test_utf16(gconstpointer data)
{
	const char *charset = data;
	gsize n;
	g_autofree char *wide = g_convert(GOOD, -1, charset, "UTF-8", NULL, &n, NULL);
	g_auto(Run) run = { .reports = NULL };

	g_assert_nonnull(wide);
	g_assert_cmpuint(mq_format_tls.bid((const guint8 *)wide, n), >, 0);
	g_assert_true(read_json(&run, wide, n));
	g_assert_cmpstr(((MqReport *)g_ptr_array_index(run.reports, 0))->reporter, ==, "Mailer Inc.");
}

static void
test_deep(void)
{
	g_autofree char *open = g_strnfill(100000, '[');
	g_autofree char *json = g_strconcat("{\"organization-name\": \"M\", \"policies\": ", open, NULL);
	g_auto(Run) run = { .reports = NULL };

	g_assert_false(read_json(&run, json, strlen(json)));
	g_assert_cmpint(mq_problems_get(run.context.problems, 0)->code, ==, MQ_PROBLEM_TOO_LARGE);
}

static void
test_many_values(void)
{
	g_autoptr(GString) json = g_string_new("{\"organization-name\": \"M\", \"policies\": [");
	g_auto(Run) run = { .reports = NULL };

	for (guint i = 0; i <= MQ_LIMIT_JSON_VALUES; i++)
		g_string_append(json, "[],");
	g_assert_false(read_json(&run, json->str, json->len));
	g_assert_cmpint(mq_problems_get(run.context.problems, 0)->code, ==, MQ_PROBLEM_TOO_LARGE);
}

static void
test_many_problems(void)
{
	g_autoptr(GString) json = g_string_new("{\"organization-name\": \"M\", \"policies\": [");
	g_auto(Run) run = { .reports = NULL };

	for (guint i = 0; i < MQ_LIMIT_TLS_POLICIES + 5; i++)
		g_string_append_printf(json, "%s{\"summary\": {}}", i > 0 ? "," : "");
	g_string_append(json, "]}");
	g_assert_true(read_json(&run, json->str, json->len));
	g_assert_cmpuint(((MqReport *)g_ptr_array_index(run.reports, 0))->tls->len, ==, MQ_LIMIT_TLS_POLICIES);
	g_assert_cmpuint(mq_problems_count(run.context.problems), <=, MQ_LIMIT_HELD_PROBLEMS);
}

static const struct { const char *rule, *start; gboolean bids; } bids[] = {
	{ "a report", GOOD, TRUE },
	{ "space and a mark before it", "\xEF\xBB\xBF\r\n " GOOD, TRUE },
	{ "other JSON", "{\"policies\": [], \"version\": 1}", FALSE },
	{ "a list", "[" GOOD "]", FALSE },
	{ "XML", "<feedback>", FALSE },
	{ "a text that talks of it", "see \"policies\" and \"date-range\" {", FALSE },
	{ "nothing", "", FALSE },
};

static void
test_bid(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(bids); i++) {
		gsize n = MIN(strlen(bids[i].start), MQ_FORMAT_BID_BYTES);
		g_autofree guint8 *start = g_memdup2(bids[i].start, n); /* nothing behind it may be read */

		g_test_message("%s", bids[i].rule);
		g_assert_cmpint(mq_format_tls.bid(start, n) > 0, ==, bids[i].bids);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/format-tls/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_read);
	}
	g_test_add_func("/format-tls/every field is kept", test_fields);
	g_test_add_func("/format-tls/lists may be texts", test_lists);
	g_test_add_func("/format-tls/escaped keys and NULs", test_escapes);
	g_test_add_data_func("/format-tls/UTF-16 little end first", "UTF-16LE", test_utf16);
	g_test_add_data_func("/format-tls/UTF-16 big end first", "UTF-16BE", test_utf16);
	g_test_add_data_func("/format-tls/UTF-16 with a mark", "UTF-16", test_utf16);
	g_test_add_func("/format-tls/depth is bounded", test_deep);
	g_test_add_func("/format-tls/values are bounded", test_many_values);
	g_test_add_func("/format-tls/policies and problems are bounded", test_many_problems);
	g_test_add_func("/format-tls/bids for TLS reports only", test_bid);
	return g_test_run();
}
