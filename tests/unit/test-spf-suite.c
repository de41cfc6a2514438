/* The open test suite of RFC 7208 (tests/vectors), over real DNS packets through c-ares. */
#include <string.h>

#include "analyze/resolver.h"
#include "analyze/spf.h"
#include "tests/support/dns.h"

#define SUITE   "tests/vectors/spf-rfc7208.txt"
#define TESTS   203
#define TIME_MS 300

typedef struct {
	char *name;
	GString *zone;
	TestDns *dns; /* from its first test on */
	guint left;   /* tests that have not run */
} Scenario;

typedef struct {
	Scenario *scenario;
	char *name, *host, *helo, *mailfrom, *explanation;
	GStrv results;
} Test;

static void
test_one(gconstpointer data)
{
	const Test *test = data;
	MqSpfQuery query = { .sender = test->mailfrom, .helo = test->helo };
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(MqSpfCheck) check = NULL;
	g_autoptr(GError) error = NULL;
	const char *result;

	if (test->scenario->dns == NULL)
		test->scenario->dns = test_dns_start(test->scenario->zone->str);
	const char *const servers[] = { test_dns_address(test->scenario->dns), NULL };
	const MqDnsOptions options = { .servers = servers, .timeout_ms = TIME_MS, .tries = 1 };
	g_autoptr(MqResolver) resolver = mq_dns_cares_new(&options, &error);

	g_assert_no_error(error);
	g_assert_true(mq_address_parse(test->host, &query.ip));
	while (!mq_spf_check(answers, &query, &check)) {
		mq_resolver_fill(resolver, answers, &error);
		g_assert_no_error(error);
	}
	result = mq_words_result.words[check->result];
	if (!g_strv_contains((const char *const *)test->results, result))
		g_test_message("%s, want %s: %s", result, test->results[0], check->problem);
	g_assert_true(g_strv_contains((const char *const *)test->results, result));
	if (test->explanation != NULL)
		g_assert_cmpstr(check->explanation, ==,
		                strcmp(test->explanation, "DEFAULT") == 0 ? NULL : test->explanation);
	if (--test->scenario->left == 0)
		g_clear_pointer(&test->scenario->dns, test_dns_stop);
}

/* "host 192.0.2.1": the value where the line has that key */
static const char *
value_of(const char *line, const char *key)
{
	gsize n = strlen(key);

	if (strncmp(line, key, n) != 0 || (line[n] != ' ' && line[n] != '\0'))
		return NULL;
	return line[n] == ' ' ? line + n + 1 : "";
}

static void
read_field(Test *test, const char *line)
{
	const struct {
		const char *key;
		char **field;
	} fields[] = {
		{ "host", &test->host },
		{ "helo", &test->helo },
		{ "mailfrom", &test->mailfrom },
		{ "explanation", &test->explanation },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		const char *value = value_of(line, fields[i].key);

		if (value != NULL)
			*fields[i].field = g_strdup(value);
	}
	if (value_of(line, "result") != NULL)
		test->results = g_strsplit(value_of(line, "result"), "|", -1);
}

static void
test_free(gpointer data)
{
	Test *test = data;

	g_free(test->name);
	g_free(test->host);
	g_free(test->helo);
	g_free(test->mailfrom);
	g_free(test->explanation);
	g_strfreev(test->results);
	g_free(test);
}

static void
scenario_free(gpointer data)
{
	Scenario *scenario = data;

	test_dns_stop(scenario->dns);
	g_string_free(scenario->zone, TRUE);
	g_free(scenario->name);
	g_free(scenario);
}

static void
read_line(const char *line, GPtrArray *scenarios, GPtrArray *tests)
{
	Scenario *scenario = scenarios->len > 0 ? g_ptr_array_index(scenarios, scenarios->len - 1) : NULL;

	if (value_of(line, "scenario") != NULL) {
		scenario = g_new0(Scenario, 1);
		scenario->name = g_strdup(value_of(line, "scenario"));
		scenario->zone = g_string_new(NULL);
		g_ptr_array_add(scenarios, scenario);
	} else if (value_of(line, "zone") != NULL) {
		g_string_append_printf(scenario->zone, "%s\n", value_of(line, "zone"));
	} else if (value_of(line, "test") != NULL) {
		Test *test = g_new0(Test, 1);

		test->name = g_strdup(value_of(line, "test"));
		test->scenario = scenario;
		scenario->left++;
		g_ptr_array_add(tests, test);
	} else if (tests->len > 0 && *line != '#') {
		read_field(g_ptr_array_index(tests, tests->len - 1), line);
	}
}

static void
test_whole(gconstpointer data)
{
	const GPtrArray *tests = data;

	g_assert_cmpuint(tests->len, ==, TESTS);
}

int
main(int argc, char **argv)
{
	g_autoptr(GPtrArray) scenarios = g_ptr_array_new_with_free_func(scenario_free);
	g_autoptr(GPtrArray) tests = g_ptr_array_new_with_free_func(test_free);
	g_auto(GStrv) lines = NULL;
	g_autofree char *text = NULL;

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions(); /* a failing test does not hide the next */
	if (!g_file_get_contents(SUITE, &text, NULL, NULL))
		g_error("cannot read '%s': run this in the project's root", SUITE);
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++)
		read_line(lines[i], scenarios, tests);
	g_test_add_data_func("/spf-suite/it is whole", tests, test_whole);
	for (guint i = 0; i < tests->len; i++) {
		const Test *test = g_ptr_array_index(tests, i);
		g_autofree char *path = g_strdup_printf("/spf-suite/%s/%s", test->scenario->name, test->name);

		g_test_add_data_func(path, test, test_one);
	}
	return g_test_run();
}
