#include "analyze/record_sts.h"

typedef struct {
	const char *rule, *text;
	gboolean is_record, valid;
} Case;

static const Case sts_cases[] = {
	{ "plain", "v=STSv1; id=20261101T000000Z;", TRUE, TRUE },
	{ "no spaces", "v=STSv1;id=1", TRUE, TRUE },
	{ "no semicolon after the version", "v=STSv1", FALSE, FALSE },
	{ "version has a case", "v=stsv1; id=1", FALSE, FALSE },
	{ "no id", "v=STSv1; x=1", TRUE, FALSE },
	{ "id with a dash", "v=STSv1; id=2026-11-01", TRUE, FALSE },
	{ "id too long", "v=STSv1; id=123456789012345678901234567890123", TRUE, FALSE },
	{ "nothing at all", "", FALSE, FALSE },
};

static const Case tlsrpt_cases[] = {
	{ "mail", "v=TLSRPTv1; rua=mailto:a@b.example", TRUE, TRUE },
	{ "mail and web", "v=TLSRPTv1;rua=mailto:a@b.example,https://c.example/in", TRUE, TRUE },
	{ "no rua", "v=TLSRPTv1; ", TRUE, FALSE },
	{ "http is no https", "v=TLSRPTv1; rua=http://c.example/in", TRUE, FALSE },
	{ "address alone", "v=TLSRPTv1; rua=a@b.example", TRUE, FALSE },
	{ "rua has a case", "v=TLSRPTv1; RUA=mailto:a@b.example", TRUE, FALSE },
	{ "version has a case", "v=tlsrptv1; rua=mailto:a@b.example", FALSE, FALSE },
	{ "nothing at all", "", FALSE, FALSE },
};

static void
test_sts(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqStsRecord) got = mq_sts_record_parse(want->text);

	g_assert_cmpint(got != NULL, ==, want->is_record);
	g_assert_cmpint(got != NULL && got->problem == NULL, ==, want->valid);
}

static void
test_tlsrpt(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqTlsrptRecord) got = mq_tlsrpt_record_parse(want->text);

	g_assert_cmpint(got != NULL, ==, want->is_record);
	g_assert_cmpint(got != NULL && got->problem == NULL, ==, want->valid);
}

typedef struct {
	const char *rule, *text;
	gboolean valid;
	MqStsMode mode;
	guint mx;
} PolicyCase;

static const PolicyCase policies[] = {
	{ "plain", "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n", TRUE,
	  MQ_STS_MODE_ENFORCE, 2 },
	{ "lines end in LF", "version:STSv1\nmode:testing\nmx:mx.example.com\nmax_age:86400", TRUE, MQ_STS_MODE_TESTING, 1 },
	{ "mode none needs no mx", "version: STSv1\nmode: none\nmax_age: 60", TRUE, MQ_STS_MODE_NONE, 0 },
	{ "unknown keys are ignored", "version: STSv1\nx: y\nmode: none\nmax_age: 60", TRUE, MQ_STS_MODE_NONE, 0 },
	{ "the first of a key counts", "version: STSv1\nmode: none\nmode: enforce\nmax_age: 60", TRUE, MQ_STS_MODE_NONE, 0 },
	{ "no version", "mode: none\nmax_age: 60", FALSE, MQ_STS_MODE_NONE, 0 },
	{ "keys have a case", "Version: STSv1\nmode: none\nmax_age: 60", FALSE, MQ_STS_MODE_NONE, 0 },
	{ "mode nobody knows", "version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 60", FALSE, MQ_STS_MODE_INVALID, 1 },
	{ "no mx", "version: STSv1\nmode: enforce\nmax_age: 60", FALSE, MQ_STS_MODE_ENFORCE, 0 },
	{ "age over a year", "version: STSv1\nmode: none\nmax_age: 31557601", FALSE, MQ_STS_MODE_NONE, 0 },
	{ "age that is no number", "version: STSv1\nmode: none\nmax_age: 1d", FALSE, MQ_STS_MODE_NONE, 0 },
	{ "mx that is no host", "version: STSv1\nmode: enforce\nmx: a b\nmax_age: 60", FALSE, MQ_STS_MODE_ENFORCE, 0 },
	{ "a web page", "<html><body>404</body></html>", FALSE, MQ_STS_MODE_INVALID, 0 },
	{ "nothing at all", "", FALSE, MQ_STS_MODE_INVALID, 0 },
};

static void
test_policy(gconstpointer data)
{
	const PolicyCase *want = data;
	g_autoptr(MqStsPolicy) got = mq_sts_policy_parse(want->text);

	g_assert_cmpint(got->problem == NULL, ==, want->valid);
	g_assert_cmpint(got->mode, ==, want->mode);
	g_assert_cmpuint(got->mx->len, ==, want->mx);
}

static void
test_matches(void)
{
	g_autoptr(MqStsPolicy) policy =
		mq_sts_policy_parse("version: STSv1\nmode: enforce\nmx: MX.example.com\nmx: *.example.net\nmax_age: 60");

	g_assert_true(mq_sts_policy_matches(policy, "mx.example.com"));
	g_assert_true(mq_sts_policy_matches(policy, "a.example.net"));
	g_assert_false(mq_sts_policy_matches(policy, "a.b.example.net"));
	g_assert_false(mq_sts_policy_matches(policy, "example.net"));
	g_assert_false(mq_sts_policy_matches(policy, "xexample.net"));
	g_assert_false(mq_sts_policy_matches(policy, "a.mx.example.com"));
}

static void
test_flood(void)
{
	g_autoptr(GString) text = g_string_new("version: STSv1\nmode: enforce\nmax_age: 60\n");
	g_autoptr(MqStsPolicy) policy = NULL;

	for (guint i = 0; i < 100000; i++)
		g_string_append(text, "mx: a.example\n");
	policy = mq_sts_policy_parse(text->str);
	g_assert_cmpuint(policy->mx->len, <=, MQ_STS_MX_MAX);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(sts_cases); i++) {
		g_autofree char *path = g_strconcat("/record-sts/", sts_cases[i].rule, NULL);

		g_test_add_data_func(path, &sts_cases[i], test_sts);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(tlsrpt_cases); i++) {
		g_autofree char *path = g_strconcat("/record-sts/tlsrpt/", tlsrpt_cases[i].rule, NULL);

		g_test_add_data_func(path, &tlsrpt_cases[i], test_tlsrpt);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
		g_autofree char *path = g_strconcat("/record-sts/policy/", policies[i].rule, NULL);

		g_test_add_data_func(path, &policies[i], test_policy);
	}
	g_test_add_func("/record-sts/policy matches", test_matches);
	g_test_add_func("/record-sts/policy flood", test_flood);
	return g_test_run();
}
