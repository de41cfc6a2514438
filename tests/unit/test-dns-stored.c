/* What was kept of answers is given back the very same. */
#include "analyze/changes.h"
#include "analyze/resolver.h"
#include "tests/support/reports.h"

#define NOW_S G_GINT64_CONSTANT(1700000000)

static MqAnswer *
make(MqAsk ask, const char *name, const char *const *texts, const char *const *aliases, gint64 at_s)
{
	MqAnswer *answer = mq_answer_new(ask, name, texts[0] != NULL ? MQ_ANSWER_FOUND : MQ_ANSWER_NO_DATA, NULL);

	for (gsize i = 0; texts[i] != NULL; i++)
		g_ptr_array_add(answer->records, mq_dns_record_parse(ask, texts[i]));
	for (gsize i = 0; aliases != NULL && aliases[i] != NULL; i++)
		g_ptr_array_add(answer->aliases, g_strdup(aliases[i]));
	answer->asked_s = at_s;
	return answer;
}

static void
keep(MqStore *store, MqAnswer *answer)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(GError) error = NULL;

	mq_answers_put(answers, answer);
	g_assert_true(mq_dns_stored_keep(store, "example.com", answers, NOW_S, &error));
	g_assert_true(mq_store_commit(store, &error));
	g_assert_no_error(error);
}

/* "found: a b < alias alias"; "unknown: why" */
static char *
ask_stored(MqStore *store, MqAsk ask, const char *name)
{
	g_autoptr(MqResolver) resolver = mq_dns_stored_new(store, NULL);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(GError) error = NULL;
	GString *told;
	const MqAnswer *answer;

	g_assert_null(mq_answers_get(answers, ask, name));
	g_assert_true(mq_resolver_fill(resolver, answers, &error));
	answer = mq_answers_get(answers, ask, name);
	g_assert_nonnull(answer);
	told = g_string_new(mq_outcome_word(answer->outcome));
	g_string_append_printf(told, ":%s", answer->why != NULL ? answer->why : "");
	for (guint i = 0; i < answer->records->len; i++)
		g_string_append_printf(told, " %s", ((const MqDnsRecord *)g_ptr_array_index(answer->records, i))->text);
	for (guint i = 0; i < answer->aliases->len; i++)
		g_string_append_printf(told, " < %s", (const char *)g_ptr_array_index(answer->aliases, i));
	return g_string_free(told, FALSE);
}

#define assert_stored(store, ask, name, want) \
	do { \
		g_autofree char *got_ = ask_stored(store, ask, name); \
		g_assert_cmpstr(got_, ==, want); \
	} while (0)

static void
test_outcomes(StoreFixture *f, gconstpointer data G_GNUC_UNUSED)
{
	MqStore *store = f->store;

	keep(store, make(MQ_ASK_TXT, "b.example", (const char *const[]){ "two", "one", NULL }, NULL, NOW_S));
	keep(store, make(MQ_ASK_A, "b.example", (const char *const[]){ NULL }, NULL, NOW_S));
	keep(store, mq_answer_new(MQ_ASK_TXT, "gone.example", MQ_ANSWER_NO_NAME, NULL));
	keep(store, mq_answer_new(MQ_ASK_TXT, "slow.example", MQ_ANSWER_UNKNOWN, "no reply in time"));
	assert_stored(store, MQ_ASK_TXT, "b.example", "found: one two");
	assert_stored(store, MQ_ASK_TXT, "B.example.", "found: one two");
	assert_stored(store, MQ_ASK_A, "b.example", "no-data:");
	assert_stored(store, MQ_ASK_AAAA, "b.example", "unknown:no answer is stored");
	assert_stored(store, MQ_ASK_TXT, "gone.example", "no-name:");
	assert_stored(store, MQ_ASK_TXT, "slow.example", "unknown:no answer is stored");
}

static void
test_newest(StoreFixture *f, gconstpointer data G_GNUC_UNUSED)
{
	MqStore *store = f->store;

	keep(store, make(MQ_ASK_TXT, "a.example", (const char *const[]){ "old", NULL }, NULL, NOW_S));
	keep(store, make(MQ_ASK_TXT, "a.example", (const char *const[]){ "new", NULL }, NULL, NOW_S + 10));
	assert_stored(store, MQ_ASK_TXT, "a.example", "found: new");
	/* what was there before is there again */
	keep(store, make(MQ_ASK_TXT, "a.example", (const char *const[]){ "old", NULL }, NULL, NOW_S + 20));
	assert_stored(store, MQ_ASK_TXT, "a.example", "found: old");
	/* no answer is no news */
	keep(store, mq_answer_new(MQ_ASK_TXT, "a.example", MQ_ANSWER_UNKNOWN, "no reply in time"));
	assert_stored(store, MQ_ASK_TXT, "a.example", "found: old");
}

static void
test_aliases(StoreFixture *f, gconstpointer data G_GNUC_UNUSED)
{
	MqStore *store = f->store;

	keep(store, make(MQ_ASK_TXT, "k.example", (const char *const[]){ "key", NULL },
	                 (const char *const[]){ "a.example", "b.example", NULL }, NOW_S));
	keep(store, make(MQ_ASK_A, "k.example", (const char *const[]){ NULL }, (const char *const[]){ "a.example", "b.example", NULL },
	                 NOW_S + 1));
	assert_stored(store, MQ_ASK_TXT, "k.example", "found: key < a.example < b.example");
	assert_stored(store, MQ_ASK_A, "k.example", "no-data: < a.example < b.example");
	assert_stored(store, MQ_ASK_CNAME, "k.example", "found: a.example");
	/* the alias moves, and is gone in the end */
	keep(store, make(MQ_ASK_TXT, "k.example", (const char *const[]){ "key", NULL }, (const char *const[]){ "c.example", NULL },
	                 NOW_S + 10));
	assert_stored(store, MQ_ASK_TXT, "k.example", "found: key < c.example");
	keep(store, make(MQ_ASK_TXT, "k.example", (const char *const[]){ "key", NULL }, NULL, NOW_S + 20));
	assert_stored(store, MQ_ASK_TXT, "k.example", "found: key");
}

static void
test_changes(StoreFixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		MqAsk ask;
		const char *name;
		const char *const texts[3];
		gint64 at_s;
	} seen[] = {
		{ MQ_ASK_TXT, "example.com", { "v=spf1 -all", "site=1" }, 0 },
		{ MQ_ASK_TXT, "_dmarc.example.com", { "v=DMARC1; p=none" }, 0 },
		{ MQ_ASK_TXT, "s._domainkey.example.com", { "p=AAAA" }, 0 },
		{ MQ_ASK_MX, "example.com", { "10 a.example.com" }, 0 },
		{ MQ_ASK_TXT, "other.example", { "v=spf1 -all" }, 0 },
		{ MQ_ASK_TXT, "example.com", { "v=spf1 -all", "site=2" }, 10 },         /* not what mail depends on */
		{ MQ_ASK_TXT, "other.example", { "v=spf1 +all" }, 10 },                 /* somebody else's */
		{ MQ_ASK_TXT, "_dmarc.example.com", { "v=DMARC1; p=reject" }, 20 },
		{ MQ_ASK_TXT, "s._domainkey.example.com", { NULL }, 20 },
		{ MQ_ASK_TXT, "new._domainkey.example.com", { "p=BBBB" }, 20 },         /* asked for the first time */
		{ MQ_ASK_MX, "example.com", { "10 b.example.com" }, 2 * MQ_DAY_S },     /* later */
	};
	g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)mq_change_free);
	g_autoptr(GString) told = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(seen); i++)
		keep(f->store, make(seen[i].ask, seen[i].name, seen[i].texts, NULL, NOW_S + seen[i].at_s));
	g_assert_true(mq_dns_stored_changes(f->store, "example.com", NOW_S + 5, NOW_S + MQ_DAY_S, changes, &error));
	g_assert_no_error(error);
	for (guint i = 0; i < changes->len; i++) {
		const MqChange *change = g_ptr_array_index(changes, i);

		g_string_append_printf(told, "%s %s: %s%s\n", change->id, change->subject, change->detail, change->needs_person ? " !" : "");
	}
	g_assert_cmpstr(told->str, ==,
	                "dns-changed _dmarc.example.com: TXT is 'v=DMARC1; p=reject' now, was 'v=DMARC1; p=none'\n"
	                "dns-changed s._domainkey.example.com: TXT is nothing now, was 'p=AAAA' !\n");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/dns-stored/outcomes are kept apart", StoreFixture, NULL, store_set_up, test_outcomes, store_tear_down);
	g_test_add("/dns-stored/the newest answer counts", StoreFixture, NULL, store_set_up, test_newest, store_tear_down);
	g_test_add("/dns-stored/aliases are kept", StoreFixture, NULL, store_set_up, test_aliases, store_tear_down);
	g_test_add("/dns-stored/what changed within a domain", StoreFixture, NULL, store_set_up, test_changes, store_tear_down);
	return g_test_run();
}
