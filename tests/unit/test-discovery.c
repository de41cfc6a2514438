#include "analyze/discovery.h"

#include "analyze/alignment.h"

/* A world is lines "name = record"; "name = ?" does not answer, "name = !" does not exist, other
 * names exist without a record. */
typedef struct {
	const char *rule, *world, *domain;
	MqDiscoveryState state;
	const char *policy_domain;
	MqDmarcWhom whom;
	const char *organization;
} Case;

#define NONE    MQ_DISCOVERY_NONE
#define RECORD  MQ_DISCOVERY_RECORD
#define UNKNOWN MQ_DISCOVERY_UNKNOWN

static const Case walks[] = {
	{ "record at the domain", "example.com = v=DMARC1; p=reject", "example.com", RECORD, "example.com", MQ_DMARC_SELF,
	  "example.com" },
	{ "record above", "example.com = v=DMARC1; p=reject", "mail.example.com", RECORD, "example.com", MQ_DMARC_SUBDOMAIN,
	  "example.com" },
	{ "a domain that does not exist", "example.com = v=DMARC1; p=none; np=reject\nx.example.com = !", "x.example.com",
	  RECORD, "example.com", MQ_DMARC_NONEXISTENT, "example.com" },
	{ "nothing", "", "mail.example.com", NONE, NULL, MQ_DMARC_SELF, "mail.example.com" },
	{ "the fewest labels win", "mail.example.com = v=DMARC1; p=reject\nexample.com = v=DMARC1; p=none",
	  "a.mail.example.com", RECORD, "example.com", MQ_DMARC_SUBDOMAIN, "example.com" },
	{ "psd=n ends the walk", "mail.example.com = v=DMARC1; p=reject; psd=n\nexample.com = v=DMARC1; p=none",
	  "a.mail.example.com", RECORD, "mail.example.com", MQ_DMARC_SUBDOMAIN, "mail.example.com" },
	{ "psd=y above: one label below it", "com = v=DMARC1; p=none; psd=y", "a.mail.example.com", RECORD, "com",
	  MQ_DMARC_SUBDOMAIN, "example.com" },
	{ "psd=y and a record between", "bank.example = v=DMARC1; p=none; psd=y\ngiant.bank.example = v=DMARC1; p=reject",
	  "mail.giant.bank.example", RECORD, "giant.bank.example", MQ_DMARC_SUBDOMAIN, "giant.bank.example" },
	{ "psd=y at the domain itself", "bank.example = v=DMARC1; p=none; psd=y", "bank.example", RECORD, "bank.example",
	  MQ_DMARC_SELF, "bank.example" },
	{ "psd=y straight above", "bank = v=DMARC1; p=reject; psd=y", "example.bank", RECORD, "bank", MQ_DMARC_SUBDOMAIN,
	  "example.bank" },
	{ "two records are none, the walk goes on", "a.example.com = v=DMARC1; p=none|v=DMARC1; p=reject\n"
	  "example.com = v=DMARC1; p=quarantine", "a.example.com", RECORD, "example.com", MQ_DMARC_SUBDOMAIN, "example.com" },
	{ "two records and nothing above", "example.com = v=DMARC1; p=none|v=DMARC1; p=reject", "example.com", NONE, NULL,
	  MQ_DMARC_SELF, "example.com" },
	{ "other TXT beside it is harmless", "example.com = hello|v=DMARC1; p=none", "example.com", RECORD, "example.com",
	  MQ_DMARC_SELF, "example.com" },
	{ "a wildcard's TXT is no record", "x.example.com = v=spf1 -all\nexample.com = v=DMARC1; p=none", "x.example.com",
	  RECORD, "example.com", MQ_DMARC_SUBDOMAIN, "example.com" },
	{ "eight labels are cut to seven", "b.c.d.e.f.example.com = v=DMARC1; p=none; psd=n", "z.y.a.b.c.d.e.f.example.com",
	  RECORD, "b.c.d.e.f.example.com", MQ_DMARC_SUBDOMAIN, "b.c.d.e.f.example.com" },
	{ "what the cut leaps over is not seen", "y.a.b.c.d.e.f.example.com = v=DMARC1; p=reject; psd=n\n"
	  "example.com = v=DMARC1; p=none", "z.y.a.b.c.d.e.f.example.com", RECORD, "example.com", MQ_DMARC_SUBDOMAIN,
	  "example.com" },
	{ "no answer at the domain", "example.com = ?", "example.com", UNKNOWN, NULL, MQ_DMARC_SELF, NULL },
	{ "no answer above: the policy is known, the organization is not", "example.com = v=DMARC1; p=none\ncom = ?",
	  "example.com", RECORD, "example.com", MQ_DMARC_SELF, NULL },
	{ "no answer above: no policy is known", "com = ?", "example.com", UNKNOWN, NULL, MQ_DMARC_SELF, NULL },
	{ "no answer above psd=n does not matter", "a.example.com = v=DMARC1; p=none; psd=n\nexample.com = ?",
	  "x.a.example.com", RECORD, "a.example.com", MQ_DMARC_SUBDOMAIN, "a.example.com" },
};

static const Case suffixes[] = {
	{ "record at the domain", "a.example.com = v=DMARC1; p=none", "a.example.com", RECORD, "a.example.com", MQ_DMARC_SELF,
	  "example.com" },
	{ "record at the organization", "example.com = v=DMARC1; p=none", "a.b.example.com", RECORD, "example.com",
	  MQ_DMARC_SUBDOMAIN, "example.com" },
	{ "what is between is not looked at", "b.example.com = v=DMARC1; p=none", "a.b.example.com", NONE, NULL, MQ_DMARC_SELF,
	  "example.com" },
	{ "two at the domain end it", "a.example.com = v=DMARC1; p=none|v=DMARC1; p=none\nexample.com = v=DMARC1; p=none",
	  "a.example.com", NONE, NULL, MQ_DMARC_SELF, "example.com" },
	{ "suffix of two labels", "example.co.uk = v=DMARC1; p=none", "a.example.co.uk", RECORD, "example.co.uk",
	  MQ_DMARC_SUBDOMAIN, "example.co.uk" },
	{ "a public suffix is its own", "", "co.uk", NONE, NULL, MQ_DMARC_SELF, "co.uk" },
	{ "no answer", "example.com = ?", "a.example.com", UNKNOWN, NULL, MQ_DMARC_SELF, "example.com" },
};

static MqAnswer *
answer_line(MqAsk ask, const char *name, const char *records)
{
	g_auto(GStrv) texts = g_strsplit(records, "|", -1);
	MqAnswer *answer;

	if (records[0] == '?')
		return mq_answer_new(ask, name, MQ_ANSWER_UNKNOWN, "time-out");
	answer = mq_answer_new(ask, name, MQ_ANSWER_FOUND, NULL);
	for (guint i = 0; texts[i] != NULL; i++)
		g_ptr_array_add(answer->records, mq_dns_record_parse(ask, texts[i]));
	return answer;
}

/* Answers all that is wanted out of @world. */
static void
fill(MqAnswers *answers, const char *world)
{
	g_autoptr(GPtrArray) wanted = mq_answers_wanted(answers, MQ_ASK_DNS);
	g_auto(GStrv) lines = g_strsplit(world, "\n", -1);

	for (guint i = 0; i < wanted->len; i++) {
		const MqQuestion *question = g_ptr_array_index(wanted, i);
		g_autofree char *name = g_strdup(question->name);
		MqAsk ask = question->ask;

		for (guint l = 0; lines[l] != NULL; l++) {
			g_auto(GStrv) sides = g_strsplit(lines[l], " = ", 2);
			g_autofree char *at = g_strconcat("_dmarc.", sides[0] != NULL ? sides[0] : "", NULL);

			if (sides[0] == NULL)
				continue;
			if (ask == MQ_ASK_TXT && g_str_equal(at, name) && sides[1][0] != '!')
				mq_answers_put(answers, answer_line(ask, name, sides[1]));
			else if (ask == MQ_ASK_MX && g_str_equal(sides[0], name) && sides[1][0] == '!')
				mq_answers_put(answers, mq_answer_new(ask, name, MQ_ANSWER_NO_NAME, NULL));
		}
		mq_answers_put(answers, mq_answer_new(ask, name, MQ_ANSWER_NO_DATA, NULL)); /* when no line had it */
	}
}

typedef gboolean (*Discover)(MqAnswers *answers, const char *domain, MqDiscovery *out);

static void
check(const Case *want, Discover discover)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_auto(MqDiscovery) got = { 0 };
	guint rounds = 0;

	while (!discover(answers, want->domain, &got) && rounds++ < 3)
		fill(answers, want->world);
	g_assert_cmpint(got.state, ==, want->state);
	g_assert_cmpstr(got.policy_domain, ==, want->policy_domain);
	g_assert_cmpstr(got.organizational_domain, ==, want->organization);
	g_assert_cmpint(got.record != NULL, ==, want->state == RECORD);
	if (want->state == RECORD)
		g_assert_cmpint(got.whom, ==, want->whom);
}

static void
test_walk(gconstpointer data)
{
	check(data, mq_discovery_treewalk);
}

static void
test_suffix(gconstpointer data)
{
	check(data, mq_discovery_suffix);
}

/* All names of a walk are asked at once, and never more than eight. */
static void
test_questions(void)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_auto(MqDiscovery) got = { 0 };
	g_autoptr(GPtrArray) wanted = NULL;

	g_assert_false(mq_discovery_treewalk(answers, "a.b.c.d.e.f.g.h.i.j.mail.example.com", &got));
	wanted = mq_answers_wanted(answers, MQ_ASK_DNS);
	g_assert_cmpuint(wanted->len, ==, MQ_WALK_QUERIES_MAX);
	g_assert_cmpstr(((const MqQuestion *)g_ptr_array_index(wanted, 1))->name, ==,
	                "_dmarc.g.h.i.j.mail.example.com");
	g_assert_cmpstr(((const MqQuestion *)g_ptr_array_index(wanted, 7))->name, ==, "_dmarc.com");
}

typedef struct {
	const char *rule, *world, *from, *identifier;
	gboolean strict;
	MqAligned walk;
	gboolean suffix;
} AlignmentCase;

static const AlignmentCase alignments[] = {
	{ "equal", "", "example.com", "example.com", TRUE, MQ_ALIGNED_YES, TRUE },
	{ "strict", "example.com = v=DMARC1; p=none", "example.com", "a.example.com", TRUE, MQ_ALIGNED_NO, FALSE },
	{ "relaxed parent", "example.com = v=DMARC1; p=none", "example.com", "a.example.com", FALSE, MQ_ALIGNED_YES, TRUE },
	{ "relaxed sibling", "example.com = v=DMARC1; p=none", "b.example.com", "a.example.com", FALSE, MQ_ALIGNED_YES, TRUE },
	{ "strangers", "", "example.com", "example.net", FALSE, MQ_ALIGNED_NO, FALSE },
	{ "psd=n parts them", "a.example.com = v=DMARC1; p=none; psd=n\nexample.com = v=DMARC1; p=none", "example.com",
	  "a.example.com", FALSE, MQ_ALIGNED_NO, TRUE },
	{ "no answer", "com = ?", "example.com", "a.example.com", FALSE, MQ_ALIGNED_UNKNOWN, TRUE },
};

static void
test_alignment(gconstpointer data)
{
	const AlignmentCase *want = data;
	g_autoptr(MqAnswers) answers = mq_answers_new();
	MqAligned got = MQ_ALIGNED_UNKNOWN;
	guint rounds = 0;

	while (!mq_alignment_treewalk(answers, want->from, want->identifier, want->strict, &got) && rounds++ < 3)
		fill(answers, want->world);
	g_assert_cmpint(got, ==, want->walk);
	g_assert_cmpint(mq_alignment_suffix(want->from, want->identifier, want->strict), ==, want->suffix);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(walks); i++) {
		g_autofree char *path = g_strconcat("/discovery/walk/", walks[i].rule, NULL);

		g_test_add_data_func(path, &walks[i], test_walk);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *path = g_strconcat("/discovery/suffix/", suffixes[i].rule, NULL);

		g_test_add_data_func(path, &suffixes[i], test_suffix);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(alignments); i++) {
		g_autofree char *path = g_strconcat("/alignment/", alignments[i].rule, NULL);

		g_test_add_data_func(path, &alignments[i], test_alignment);
	}
	g_test_add_func("/discovery/walk/all questions at once", test_questions);
	return g_test_run();
}
