#include "analyze/record_dmarc.h"

typedef struct {
	const char *rule, *text;
	gboolean is_record;
	MqPolicy p, self, below, nonexistent; /* p as said; the others as they apply */
	guint oddities;
} Case;

#define NO     MQ_POLICY_NONE
#define QUAR   MQ_POLICY_QUARANTINE
#define REJECT MQ_POLICY_REJECT
#define ABSENT MQ_POLICY_ABSENT
#define OTHER  MQ_POLICY_OTHER

static const Case cases[] = {
	{ "plain", "v=DMARC1; p=reject", TRUE, REJECT, REJECT, REJECT, REJECT, 0 },
	{ "no spaces", "v=DMARC1;p=none;", TRUE, NO, NO, NO, NO, 0 },
	{ "version is case bound", "v=dmarc1; p=reject", FALSE, 0, 0, 0, 0, 0 },
	{ "version must come first", "p=reject; v=DMARC1", FALSE, 0, 0, 0, 0, 0 },
	{ "version of another protocol", "v=spf1 -all", FALSE, 0, 0, 0, 0, 0 },
	{ "version alone applies to nothing", "v=DMARC1", TRUE, ABSENT, ABSENT, ABSENT, ABSENT, 0 },
	{ "values have no case", "v=DMARC1; p=Reject", TRUE, REJECT, REJECT, REJECT, REJECT, 0 },
	{ "p may come late", "v=DMARC1; adkim=s; p=quarantine", TRUE, QUAR, QUAR, QUAR, QUAR, 0 },
	{ "sp is for subdomains", "v=DMARC1; p=reject; sp=none", TRUE, REJECT, REJECT, NO, NO, 0 },
	{ "np is for what does not exist", "v=DMARC1; p=none; sp=quarantine; np=reject", TRUE, NO, NO, QUAR, REJECT, 0 },
	{ "np without sp", "v=DMARC1; p=none; np=reject", TRUE, NO, NO, NO, REJECT, 0 },
	{ "bad p without rua", "v=DMARC1; p=rejct", TRUE, OTHER, ABSENT, ABSENT, ABSENT, 1 },
	{ "bad p with rua acts as none", "v=DMARC1; p=rejct; rua=mailto:a@b.example", TRUE, OTHER, NO, NO, NO, 1 },
	{ "no p with rua acts as none", "v=DMARC1; rua=mailto:a@b.example", TRUE, ABSENT, NO, NO, NO, 0 },
	{ "bad sp spoils p", "v=DMARC1; p=reject; sp=rejct; rua=mailto:a@b.example", TRUE, REJECT, NO, NO, NO, 1 },
	{ "bad np without rua", "v=DMARC1; p=reject; np=x", TRUE, REJECT, ABSENT, ABSENT, ABSENT, 1 },
	{ "rua without mailto is no rua", "v=DMARC1; rua=a@b.example", TRUE, ABSENT, ABSENT, ABSENT, ABSENT, 1 },
	{ "unknown tag is odd", "v=DMARC1; x=1; p=reject", TRUE, REJECT, REJECT, REJECT, REJECT, 1 },
	{ "colon instead of equals", "v=DMARC1; p=reject; fo:1", TRUE, REJECT, REJECT, REJECT, REJECT, 1 },
	{ "the first of two counts", "v=DMARC1; p=none; p=reject", TRUE, NO, NO, NO, NO, 1 },
	{ "upper-case tag is read and odd", "v=DMARC1; P=reject", TRUE, REJECT, REJECT, REJECT, REJECT, 1 },
	{ "bad adkim keeps the default", "v=DMARC1; p=reject; adkim=x", TRUE, REJECT, REJECT, REJECT, REJECT, 1 },
	{ "pct beyond 100 is odd", "v=DMARC1; p=reject; pct=101", TRUE, REJECT, REJECT, REJECT, REJECT, 1 },
	{ "bad fo is odd", "v=DMARC1; p=reject; fo=2", TRUE, REJECT, REJECT, REJECT, REJECT, 1 },
	{ "fo is a list", "v=DMARC1; p=reject; fo=1:d:s", TRUE, REJECT, REJECT, REJECT, REJECT, 0 },
	{ "cut after equals", "v=DMARC1; p=", TRUE, OTHER, ABSENT, ABSENT, ABSENT, 1 },
	{ "control characters", "v=DMARC1; p=reject; rua=mailto:\x1b[31m@b.example", TRUE, REJECT, REJECT, REJECT, REJECT, 1 },
	{ "nothing at all", "", FALSE, 0, 0, 0, 0, 0 },
};

static void
test_parse(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqDmarcRecord) got = mq_dmarc_record_parse(want->text);

	g_assert_cmpint(got != NULL, ==, want->is_record);
	if (got == NULL)
		return;
	g_assert_cmpint(got->p, ==, want->p);
	g_assert_cmpint(mq_dmarc_record_policy(got, MQ_DMARC_SELF), ==, want->self);
	g_assert_cmpint(mq_dmarc_record_policy(got, MQ_DMARC_SUBDOMAIN), ==, want->below);
	g_assert_cmpint(mq_dmarc_record_policy(got, MQ_DMARC_NONEXISTENT), ==, want->nonexistent);
	g_assert_cmpuint(got->oddities->len, ==, want->oddities);
}

typedef struct {
	const char *rule, *rua, *host, *size;
} UriCase;

static const UriCase uris[] = {
	{ "mailto", "mailto:a@B.example", "b.example", NULL },
	{ "scheme has no case", "MAILTO:a@b.example", "b.example", NULL },
	{ "size limit", "mailto:a@b.example!10m", "b.example", "10m" },
	{ "size without unit", "mailto:a@b.example!100", "b.example", "100" },
	{ "encoded mark is no limit", "mailto:a%2110m@b.example", "b.example", NULL },
	{ "query is left out", "mailto:a@b.example?subject=x", "b.example", NULL },
	{ "https", "https://c.example/in", "c.example", NULL },
	{ "no scheme", "a@b.example", NULL, NULL },
	{ "no address", "mailto:", NULL, NULL },
	{ "no local part", "mailto:@b.example", NULL, NULL },
	{ "no host", "mailto:a@", NULL, NULL },
	{ "host that is none", "mailto:a@b..example", NULL, NULL },
	{ "space", "mailto:a b@b.example", NULL, NULL },
};

static void
test_uri(gconstpointer data)
{
	const UriCase *want = data;
	g_autofree char *text = g_strconcat("v=DMARC1; p=none; rua=", want->rua, NULL);
	g_autoptr(MqDmarcRecord) record = mq_dmarc_record_parse(text);
	const MqReportUri *uri = g_ptr_array_index(record->rua, 0);

	g_assert_cmpstr(uri->host, ==, want->host);
	g_assert_cmpstr(uri->size, ==, want->size);
	g_assert_cmpint(uri->problem == NULL, ==, want->host != NULL);
}

static void
test_treatment(void)
{
	g_autoptr(MqDmarcRecord) reject = mq_dmarc_record_parse("v=DMARC1; p=reject; t=y");
	g_autoptr(MqDmarcRecord) none = mq_dmarc_record_parse("v=DMARC1; p=none; t=y");

	g_assert_cmpint(mq_dmarc_record_treatment(reject, MQ_DMARC_SELF), ==, MQ_POLICY_QUARANTINE);
	g_assert_cmpint(mq_dmarc_record_treatment(none, MQ_DMARC_SELF), ==, MQ_POLICY_NONE);
}

static void
test_obsolete(void)
{
	g_autoptr(MqDmarcRecord) record = mq_dmarc_record_parse("v=DMARC1; p=none; pct=50; ri=3600; rua=mailto:a@b.example!1m");

	g_assert_cmpuint(record->obsolete->len, ==, 3);
	g_assert_cmpint(record->pct, ==, 50);
}

typedef struct {
	const char *rule, *old;
	MqDmarcChange changes[3];
	gsize n;
	const char *want;
} ProposeCase;

static const ProposeCase proposals[] = {
	{ "from nothing", NULL, { { "p", "none" }, { "rua", "mailto:a@b.example" } }, 2,
	  "v=DMARC1; p=none; rua=mailto:a@b.example" },
	{ "keeps the owner's tags", "v=DMARC1; p=none; rua=mailto:a@b.example; adkim=s; x=1", { { "p", "reject" } }, 1,
	  "v=DMARC1; p=reject; rua=mailto:a@b.example; adkim=s; x=1" },
	{ "drops what is historic", "v=DMARC1; p=quarantine; pct=50; rf=afrf; ri=86400; fo=1", { { NULL } }, 0,
	  "v=DMARC1; p=quarantine; fo=1" },
	{ "pct 0 was a test", "v=DMARC1; p=reject; pct=0", { { NULL } }, 0, "v=DMARC1; p=reject; t=y" },
	{ "pct 0 and a new policy", "v=DMARC1; p=none; pct=0", { { "p", "quarantine" } }, 1, "v=DMARC1; p=quarantine" },
	{ "takes a tag away", "v=DMARC1; p=reject; t=y; sp=none", { { "t", NULL }, { "sp", NULL } }, 2, "v=DMARC1; p=reject" },
	{ "size limits go", "v=DMARC1; p=none; rua=mailto:a@b.example!10m,mailto:c@d.example", { { NULL } }, 0,
	  "v=DMARC1; p=none; rua=mailto:a@b.example,mailto:c@d.example" },
	{ "a bare address becomes a URI", "v=DMARC1; p=none; rua=a@b.example", { { NULL } }, 0,
	  "v=DMARC1; p=none; rua=mailto:a@b.example" },
	{ "broken pieces and values go", "v=DMARC1; p=rejct; sp=x; adkim:s; aspf=s", { { NULL } }, 0, "v=DMARC1; p=none; aspf=s" },
	{ "p comes second", "v=DMARC1; sp=none; p=reject", { { NULL } }, 0, "v=DMARC1; p=reject; sp=none" },
	{ "not a record", "v=spf1 -all", { { "p", "none" } }, 1, "v=DMARC1; p=none" },
};

static void
test_propose(gconstpointer data)
{
	const ProposeCase *want = data;
	g_autofree char *got = mq_dmarc_record_propose(want->old, want->changes, want->n);
	g_autoptr(MqDmarcRecord) again = mq_dmarc_record_parse(got);

	g_assert_cmpstr(got, ==, want->want);
	g_assert_nonnull(again);
}

static void
test_flood(void)
{
	g_autofree char *long_value = g_strnfill(1 << 20, ',');
	g_autofree char *text = g_strconcat("v=DMARC1; p=none; rua=", long_value, NULL);
	g_autoptr(MqDmarcRecord) record = mq_dmarc_record_parse(text);

	g_assert_cmpuint(record->rua->len, <=, MQ_DMARC_URIS_MAX);
	g_assert_false(mq_report_uris_usable(record->rua));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/record-dmarc/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_parse);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(uris); i++) {
		g_autofree char *path = g_strconcat("/record-dmarc/uri/", uris[i].rule, NULL);

		g_test_add_data_func(path, &uris[i], test_uri);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(proposals); i++) {
		g_autofree char *path = g_strconcat("/record-dmarc/propose/", proposals[i].rule, NULL);

		g_test_add_data_func(path, &proposals[i], test_propose);
	}
	g_test_add_func("/record-dmarc/test mode is one step weaker", test_treatment);
	g_test_add_func("/record-dmarc/obsolete tags", test_obsolete);
	g_test_add_func("/record-dmarc/flood of destinations", test_flood);
	return g_test_run();
}
