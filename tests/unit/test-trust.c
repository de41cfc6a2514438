/* What a report's mail says of itself, and what of that is reason to suspect a forgery. */
#include <string.h>

#include "ingest/trust.h"

#define SUBJECT "Report Domain: example.com Submitter: reporter.example Report-ID: <1>"
#define PASS    "mx.example.net; dkim=pass header.d=reporter.example; dmarc=pass (p=none) header.from=reporter.example"
#define FAIL    "mx.example.net; spf=softfail smtp.mailfrom=forger.example; dmarc=fail header.from=reporter.example"
#define STRANGE "mx.example.net; dmarc=pass header.from=forger.example"

/* A mail with a report in the name of reporter.example, unless it says otherwise. */
typedef struct {
	const char *rule;
	const char *from, *subject;          /* (nullable) */
	const char *fields[4];               /* Authentication-Results, topmost first */
	const char *reporter, *email, *about; /* (nullable) */
	const char *authentication;          /* (nullable) what is to be found */
	gboolean differs, suspected;
} Case;

#define REPORT "Reporter Inc.", "dmarc@reporter.example", "example.com"
static const Case cases[] = {
	{ "an honest mail", "reporter.example", SUBJECT, { PASS }, REPORT, "dmarc=pass dkim=pass", FALSE, FALSE },
	{ "nobody vouches, nothing differs", "reporter.example", SUBJECT, { NULL }, REPORT, NULL, FALSE, FALSE },
	{ "a subdomain is the same house", "mail.reporter.example", SUBJECT, { NULL }, REPORT, NULL, FALSE, FALSE },
	{ "a sister domain is the same house", "mail.reporter.example", SUBJECT, { NULL }, "x", "a@dmarc.reporter.example", "example.com",
	  NULL, FALSE, FALSE },
	{ "the reporter's name may be the domain", "reporter.example", SUBJECT, { NULL }, "reporter.example", NULL, "example.com", NULL,
	  FALSE, FALSE },
	{ "a report that names no domain says nothing", "other.example", SUBJECT, { NULL }, "Reporter Inc.", "nobody", "example.com", NULL,
	  FALSE, FALSE },
	{ "another sender is noted, and no more", "other.example", SUBJECT, { NULL }, REPORT, NULL, TRUE, FALSE },
	{ "another subject is noted, and no more", "reporter.example", "Report domain: other.example", { NULL }, REPORT, NULL, TRUE, FALSE },
	{ "a subject in braces", "reporter.example", "Dmarc Aggregate Report Domain: {example.com}  Submitter: {x}", { NULL }, REPORT, NULL,
	  FALSE, FALSE },
	{ "both at once", "other.example", "Report domain: third.example", { NULL }, REPORT, NULL, TRUE, TRUE },
	{ "not from its From domain", "reporter.example", SUBJECT, { FAIL }, REPORT, "dmarc=fail spf=softfail", FALSE, TRUE },
	{ "a receiver of another name is not believed", "reporter.example", SUBJECT, { "mx.other.example; dmarc=fail" }, REPORT, NULL,
	  FALSE, FALSE },
	{ "results without a name are not believed", "reporter.example", SUBJECT, { "dmarc=fail header.from=reporter.example" }, REPORT,
	  NULL, FALSE, FALSE },
	{ "the name in any case, with a version", "reporter.example", SUBJECT, { "MX.Example.NET 1; dmarc=fail" }, REPORT, "dmarc=fail",
	  FALSE, TRUE },
	{ "the topmost result counts", "reporter.example", SUBJECT, { FAIL, PASS }, REPORT, "dmarc=fail dkim=pass spf=softfail", FALSE, TRUE },
	{ "a forged one below another's is not read", "reporter.example", SUBJECT, { "mx.example.net; spf=none", "x.example; spf=pass", PASS },
	  REPORT, "spf=none", FALSE, FALSE },
	{ "another's on top is passed over", "reporter.example", SUBJECT, { "store.example; none", FAIL }, REPORT, "dmarc=fail spf=softfail",
	  FALSE, TRUE },
	{ "one field a method", "reporter.example", SUBJECT,
	  { "mx.example.net; spf=fail smtp.mailfrom=reporter.example", "mx.example.net; dkim=pass header.d=reporter.example" }, REPORT,
	  "dkim=pass spf=fail", FALSE, FALSE },
	{ "a pass for someone else does not vouch", "reporter.example", SUBJECT,
	  { "mx.example.net; spf=fail smtp.mailfrom=reporter.example; dkim=pass header.d=forger.example" }, REPORT, "dkim=pass spf=fail",
	  FALSE, TRUE },
	{ "SPF that fails for a forwarder says nothing", "reporter.example", SUBJECT,
	  { "mx.example.net; dkim=fail header.d=reporter.example; spf=fail smtp.mailfrom=list.example" }, REPORT, "dkim=fail spf=fail", FALSE,
	  FALSE },
	{ "no result is no evidence", "reporter.example", SUBJECT, { "mx.example.net; dmarc=temperror; spf=softfail smtp.mailfrom=reporter.example" },
	  REPORT, "dmarc=temperror spf=softfail", FALSE, FALSE },
	{ "somebody else, and surely so", "forger.example", SUBJECT, { STRANGE }, REPORT, "dmarc=pass", TRUE, TRUE },
	{ "forwarded by one's own people", "mail.example.com", SUBJECT, { "mx.example.net; dmarc=pass header.from=mail.example.com" }, REPORT,
	  "dmarc=pass", TRUE, FALSE },
	{ "a result about another From says nothing", "reporter.example", SUBJECT, { "mx.example.net; dmarc=fail header.from=x.example" },
	  REPORT, "dmarc=fail", FALSE, FALSE },
	{ "strangers under one country are strangers", "forger.co.uk", SUBJECT, { "mx.example.net; dmarc=pass header.from=forger.co.uk" },
	  "reporter.co.uk", NULL, "example.com", "dmarc=pass", TRUE, TRUE },
	{ "a bare file", NULL, NULL, { PASS }, REPORT, NULL, FALSE, FALSE },
};

static MqMessage *
make_message(const Case *c)
{
	MqMessage *message = mq_message_new(NULL);
	MqReport *report = mq_report_new(MQ_TYPE_AGGREGATE);
	MqEnvelope *envelope = &message->envelope;

	envelope->from_domain = g_strdup(c->from);
	envelope->subject = g_strdup(c->subject);
	envelope->authentication_results = g_ptr_array_new_with_free_func(g_free);
	for (gsize i = 0; i < G_N_ELEMENTS(c->fields) && c->fields[i] != NULL; i++)
		g_ptr_array_add(envelope->authentication_results, g_strdup(c->fields[i]));
	report->reporter = g_strdup(c->reporter);
	report->email = g_strdup(c->email);
	report->policy.domain = g_strdup(c->about);
	g_ptr_array_add(message->reports, report);
	return message;
}

static gboolean
has(const MqMessage *message, MqProblemCode code)
{
	for (guint i = 0; i < mq_problems_count(message->problems); i++)
		if (mq_problems_get(message->problems, i)->code == code)
			return TRUE;
	return FALSE;
}

static void
test_judge(gconstpointer data)
{
	const Case *want = data;
	const char *const trusted[] = { "other.trusted.example", "mx.example.net", NULL };
	g_autoptr(MqMessage) message = make_message(want);

	mq_trust_judge(message, trusted);
	g_assert_cmpstr(message->envelope.authentication, ==, want->authentication);
	g_assert_cmpint(has(message, MQ_PROBLEM_SENDER_DIFFERS), ==, want->differs);
	g_assert_cmpint(has(message, MQ_PROBLEM_FORGERY_SUSPECTED), ==, want->suspected);
}

static void
test_nobody_trusted(void)
{
	const Case mail = { "", "reporter.example", SUBJECT, { FAIL }, REPORT, NULL, FALSE, FALSE };
	g_autoptr(MqMessage) message = make_message(&mail);

	mq_trust_judge(message, NULL);
	g_assert_null(message->envelope.authentication);
	g_assert_cmpuint(mq_problems_count(message->problems), ==, 0);
}

/* The subject of a mail with two reports names one of them. */
static void
test_two_reports(void)
{
	const Case mail = { "", "reporter.example", SUBJECT, { NULL }, REPORT, NULL, FALSE, FALSE };
	g_autoptr(MqMessage) message = make_message(&mail);
	MqReport *second = mq_report_new(MQ_TYPE_AGGREGATE);

	second->email = g_strdup("dmarc@reporter.example");
	second->policy.domain = g_strdup("example.org");
	g_ptr_array_add(message->reports, second);
	mq_trust_judge(message, NULL);
	g_assert_cmpuint(mq_problems_count(message->problems), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/trust/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_judge);
	}
	g_test_add_func("/trust/without a receiver of one's own nothing is evidence", test_nobody_trusted);
	g_test_add_func("/trust/one of two reports is named by the subject", test_two_reports);
	return g_test_run();
}
