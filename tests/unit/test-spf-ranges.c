/* Records compiled to ranges say what the evaluator says, for every address. */
#include "analyze/spf_ranges.h"

#define ZONES     40
#define DOMAINS   8
#define ADDRESSES 120

/* A zone in memory: "TXT name" -> what is there; a name it has not does not exist, and where the value
 * is "!" no server answers. */
typedef struct {
	GHashTable *texts; /* "A name" -> GStrv */
	guint asked;
} Zone;

static Zone *
zone_new(void)
{
	Zone *zone = g_new0(Zone, 1);

	zone->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
	return zone;
}

static void
zone_free(Zone *zone)
{
	g_hash_table_unref(zone->texts);
	g_free(zone);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Zone, zone_free)

/* @values: separated by '|' */
static void
zone_add(Zone *zone, const char *key, const char *values)
{
	g_hash_table_insert(zone->texts, g_strdup(key), g_strsplit(values, "|", -1));
}

static void
zone_fill(Zone *zone, MqAnswers *answers)
{
	g_autoptr(GPtrArray) wanted = mq_answers_wanted(answers, MQ_ASK_DNS);

	g_assert_cmpuint(wanted->len, >, 0);
	for (guint i = 0; i < wanted->len; i++) {
		const MqQuestion *question = g_ptr_array_index(wanted, i);
		g_autofree char *key = g_strconcat(mq_ask_word(question->ask), " ", question->name, NULL);
		GStrv texts = g_hash_table_lookup(zone->texts, key);

		zone->asked++;
		if (texts == NULL)
			mq_answers_put(answers, mq_answer_new(question->ask, question->name, MQ_ANSWER_NO_NAME, NULL));
		else if (g_str_equal(texts[0], "!"))
			mq_answers_put(answers, mq_answer_new(question->ask, question->name, MQ_ANSWER_UNKNOWN, "no reply"));
		else
			mq_answers_put_texts(answers, question->ask, question->name, (const char *const *)texts);
	}
}

static MqResult
evaluator_says(Zone *zone, MqAnswers *answers, const char *domain, const MqAddress *address, char **via)
{
	const MqSpfQuery query = { .ip = *address, .sender = domain };
	g_autoptr(MqSpfCheck) check = NULL;

	while (!mq_spf_check(answers, &query, &check))
		zone_fill(zone, answers);
	for (guint i = 0; check->result == MQ_RESULT_PASS && i < check->tree->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(check->tree, i);

		if (node->state == MQ_SPF_MATCH && (node->kind == MQ_SPF_INCLUDE || node->kind == MQ_SPF_REDIRECT))
			*via = g_strdup(node->target);
	}
	return check->result;
}

/* Ranges of @domain's record in which all @addresses are found. */
static MqSpfRanges *
compile(Zone *zone, MqAnswers *answers, const char *domain, const GArray *addresses)
{
	for (;;) {
		g_autoptr(MqSpfRanges) ranges = mq_spf_ranges_new(answers);
		gboolean complete = TRUE;
		MqResult result;

		for (guint i = 0; i < addresses->len; i++)
			complete = mq_spf_ranges_find(ranges, domain, &g_array_index(addresses, MqAddress, i), &result, NULL)
			           && complete;
		if (complete)
			return g_steal_pointer(&ranges);
		zone_fill(zone, answers);
	}
}

/* @seen: (nullable): how often each result was seen */
static void
assert_same(Zone *zone, const char *domain, const GArray *addresses, guint *seen)
{
	g_autoptr(MqAnswers) ours = mq_answers_new();
	g_autoptr(MqAnswers) theirs = mq_answers_new();
	g_autoptr(MqSpfRanges) ranges = compile(zone, ours, domain, addresses);

	for (guint i = 0; i < addresses->len; i++) {
		const MqAddress *address = &g_array_index(addresses, MqAddress, i);
		g_autofree char *text = mq_address_to_text(address);
		g_autofree char *want_via = NULL;
		MqResult want = evaluator_says(zone, theirs, domain, address, &want_via);
		const char *via;
		MqResult got;

		g_assert_true(mq_spf_ranges_find(ranges, domain, address, &got, &via));
		if (got != want || g_strcmp0(via, want_via) != 0)
			g_test_message("%s %s", domain, text);
		g_assert_cmpint(got, ==, want);
		g_assert_cmpstr(via, ==, want_via);
		if (seen != NULL)
			seen[got]++;
	}
}

/* ------------------------------------------------------------------- made-up records */

static char *
random_name(GRand *rand)
{
	/* two more than there are: includes of nothing, void lookups */
	return g_strdup_printf("d%d.example", g_rand_int_range(rand, 0, DOMAINS + 2));
}

/* Few networks, so that they overlap. */
static char *
random_block(GRand *rand)
{
	gboolean v4 = g_rand_int_range(rand, 0, 3) > 0;
	guint low = (guint)g_rand_int_range(rand, 0, 256);

	if (v4)
		return g_strdup_printf("ip4:192.0.2.%u/%d", low, g_rand_int_range(rand, 22, 33));
	return g_strdup_printf("ip6:2001:db8::%x/%d", low, g_rand_int_range(rand, 118, 129));
}

static char *
random_term(GRand *rand)
{
	static const char *const shapes[] = {
		"include:%s", "include:%s", "include:%s", "a:%s", "a:%s/29//125", "mx:%s", "exists:%s", "a", "mx",
		"exists:%%{i}.%s", "ptr:%s", "include:%%{p}.%s", "a:%%{ir}.%s",
	};
	static const char *const qualifiers[] = { "", "", "", "", "-", "~", "?" };
	const char *qualifier = qualifiers[g_rand_int_range(rand, 0, G_N_ELEMENTS(qualifiers))];
	g_autofree char *name = random_name(rand);
	g_autofree char *body = NULL;
	int pick = g_rand_int_range(rand, 0, 100);

	if (pick == 0)
		return g_strdup("ip4:192.0.2.256"); /* a syntax error */
	if (pick < 50) {
		body = random_block(rand);
	} else {
		int known = pick < 90 ? 9 : (int)G_N_ELEMENTS(shapes); /* those on the address are rare */
		g_autoptr(GString) shaped = g_string_new(shapes[g_rand_int_range(rand, 0, known)]);

		g_string_replace(shaped, "%s", name, 0);
		g_string_replace(shaped, "%%", "%", 0);
		body = g_strdup(shaped->str);
	}
	return g_strconcat(qualifier, body, NULL);
}

static char *
random_record(GRand *rand)
{
	static const char *const ends[] = { " -all", " ~all", " ?all", " +all", "", " redirect=", " -all exp=%{i}.e.example" };
	GString *record = g_string_new("v=spf1");
	int n = g_rand_int_range(rand, 0, 8);
	const char *end = ends[g_rand_int_range(rand, 0, G_N_ELEMENTS(ends))];

	for (int i = 0; i < n; i++) {
		g_autofree char *term = random_term(rand);

		g_string_append_printf(record, " %s", term);
	}
	g_string_append(record, end);
	if (g_str_has_suffix(end, "=")) {
		g_autofree char *name = random_name(rand);

		g_string_append(record, name);
	}
	return g_string_free(record, FALSE);
}

static Zone *
random_zone(GRand *rand)
{
	Zone *zone = zone_new();

	for (int d = 0; d < DOMAINS; d++) {
		g_autofree char *record = random_record(rand);
		g_autofree char *name = g_strdup_printf("d%d.example", d);
		g_autofree char *txt = g_strconcat("TXT ", name, NULL);
		g_autofree char *a = g_strconcat("A ", name, NULL);
		g_autofree char *aaaa = g_strconcat("AAAA ", name, NULL);
		g_autofree char *mx = g_strconcat("MX ", name, NULL);
		g_autofree char *v4 = g_strdup_printf("192.0.2.%d|192.0.3.%d", g_rand_int_range(rand, 0, 256), d);
		g_autofree char *host = random_name(rand);
		g_autofree char *exchangers = g_strdup_printf("1 %s|2 d%d.example", host, d);

		zone_add(zone, txt, g_rand_int_range(rand, 0, 40) == 0 ? "!" : record);
		zone_add(zone, a, g_rand_int_range(rand, 0, 40) == 0 ? "!" : v4);
		if (d % 2 == 0)
			zone_add(zone, aaaa, "2001:db8::7|2001:db8::80");
		if (d % 3 > 0)
			zone_add(zone, mx, exchangers);
	}
	zone_add(zone, "PTR 7.2.0.192.in-addr.arpa", "d1.example|x.d2.example");
	zone_add(zone, "A x.d2.example", "192.0.2.7");
	zone_add(zone, "A 192.0.2.9.d1.example", "127.0.0.2");
	return zone;
}

static GArray *
random_addresses(GRand *rand)
{
	GArray *addresses = g_array_new(FALSE, FALSE, sizeof(MqAddress));

	for (int i = 0; i < ADDRESSES; i++) {
		g_autofree char *text = i % 3 > 0 ? g_strdup_printf("192.0.%d.%d", g_rand_int_range(rand, 0, 5),
		                                                    g_rand_int_range(rand, 0, 256))
		                                  : g_strdup_printf("2001:db8::%x", g_rand_int_range(rand, 0, 0x500));
		MqAddress address;

		g_assert_true(mq_address_parse(text, &address));
		g_array_append_val(addresses, address);
	}
	return addresses;
}

/* ------------------------------------------------------------------- tests */

static void
test_same(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7208);
	guint seen[MQ_RESULT_N] = { 0 };
	/* not none: each domain has a record */
	static const MqResult results[] = { MQ_RESULT_NEUTRAL, MQ_RESULT_PASS, MQ_RESULT_FAIL, MQ_RESULT_SOFTFAIL,
		                            MQ_RESULT_TEMPERROR, MQ_RESULT_PERMERROR };

	for (int z = 0; z < ZONES; z++) {
		g_autoptr(Zone) zone = random_zone(rand);
		g_autoptr(GArray) addresses = random_addresses(rand);

		for (int d = 0; d < DOMAINS; d++) {
			g_autofree char *domain = g_strdup_printf("d%d.example", d);

			assert_same(zone, domain, addresses, seen);
		}
	}
	for (gsize r = 0; r < G_N_ELEMENTS(results); r++)
		g_assert_cmpuint(seen[results[r]], >, 0);
}

/* Every address there is around the edges of blocks that touch, overlap and hold each other. */
static void
test_edges(void)
{
	g_autoptr(Zone) zone = zone_new();
	g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(MqAddress));
	static const char *const texts[] = { "0.0.0.0", "255.255.255.255", "192.0.1.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		                             "2001:db8::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::" };
	MqAddress address;

	zone_add(zone, "TXT e.example", "v=spf1 -ip4:192.0.2.8 ip4:192.0.2.0/28 ?ip4:192.0.2.16/28 include:i.example ip4:255.255.255.255 "
	         "~ip6:2001:db8::/32 ip4:0.0.0.0 -all");
	zone_add(zone, "TXT i.example", "v=spf1 -ip4:192.0.2.40 ip4:192.0.2.32/28 ip6:::/128 include:j.example ?all");
	zone_add(zone, "TXT j.example", "v=spf1 ip4:192.0.2.40 ip4:192.0.2.128/25 -all");
	for (guint i = 0; i < 256; i++) {
		g_autofree char *text = g_strdup_printf("192.0.2.%u", i);

		g_assert_true(mq_address_parse(text, &address));
		g_array_append_val(addresses, address);
	}
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_assert_true(mq_address_parse(texts[i], &address));
		g_array_append_val(addresses, address);
	}
	assert_same(zone, "e.example", addresses, NULL);
}

static void
add_many(GArray *addresses)
{
	for (guint i = 0; i < 10000; i++) {
		const guint8 bytes[4] = { (guint8)(1 + i % 200), (guint8)(i / 200), (guint8)(i % 7), (guint8)i };
		MqAddress address;

		g_assert_true(mq_address_from_bytes(bytes, 4, &address));
		g_array_append_val(addresses, address);
	}
}

static void
test_ten_thousand(void)
{
	g_autoptr(Zone) zone = zone_new();
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(MqAddress));
	g_autoptr(MqSpfRanges) ranges = NULL;

	zone_add(zone, "TXT big.example", "v=spf1 mx include:i.example ip4:3.0.0.0/8 ip4:100.5.0.0/16 ~all exp=%{i}.e.example");
	zone_add(zone, "TXT i.example", "v=spf1 a:h.example ip4:9.9.0.0/16 ?all");
	zone_add(zone, "MX big.example", "10 h.example");
	zone_add(zone, "A h.example", "5.6.0.1");
	add_many(addresses);
	ranges = compile(zone, answers, "big.example", addresses);
	g_assert_cmpuint(zone->asked, ==, 4);
	g_assert_cmpuint(mq_spf_ranges_evaluated(ranges), <=, 12);
}

/* Where the address itself decides, each is asked for, and by nobody else. */
static void
test_of_the_address(void)
{
	g_autoptr(Zone) zone = zone_new();
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(MqAddress));
	g_autoptr(MqSpfRanges) ranges = NULL;
	MqResult result;

	zone_add(zone, "TXT x.example", "v=spf1 ip4:3.0.0.0/8 exists:%{i}.ok.example -all");
	zone_add(zone, "A 2.0.1.1.ok.example", "127.0.0.2");
	add_many(addresses);
	g_array_set_size(addresses, 1000);
	ranges = compile(zone, answers, "x.example", addresses);
	g_assert_true(mq_spf_ranges_find(ranges, "x.example", &g_array_index(addresses, MqAddress, 1), &result, NULL));
	g_assert_cmpint(result, ==, MQ_RESULT_PASS);
	g_assert_true(mq_spf_ranges_find(ranges, "x.example", &g_array_index(addresses, MqAddress, 0), &result, NULL));
	g_assert_cmpint(result, ==, MQ_RESULT_FAIL);
	g_assert_cmpuint(zone->asked, ==, 1 + 1000 - 5); /* five are in the block */
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spf-ranges/says what the evaluator says", test_same);
	g_test_add_func("/spf-ranges/edges of blocks", test_edges);
	g_test_add_func("/spf-ranges/ten thousand addresses ask once", test_ten_thousand);
	g_test_add_func("/spf-ranges/the address itself", test_of_the_address);
	return g_test_run();
}
