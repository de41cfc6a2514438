#include "ingest/problem.h"

#include "ingest/limits.h"

static void
test_words(void)
{
	for (guint i = 0; i < MQ_PROBLEM_N; i++) {
		MqProblemCode code;

		g_assert_true(mq_problem_code_parse(mq_problem_code_word((MqProblemCode)i), &code));
		g_assert_cmpuint(code, ==, i);
	}
	MqProblemCode code;

	g_assert_false(mq_problem_code_parse("no-such-problem", &code));
}

static void
test_equal_ones_are_kept_once(void)
{
	g_autoptr(MqProblems) problems = mq_problems_new();

	for (int i = 0; i < 1000; i++)
		mq_problems_add(problems, MQ_PROBLEM_COUNT_ODD, TRUE, 0, "a.xml", "count is '%s'", "many");
	mq_problems_add(problems, MQ_PROBLEM_COUNT_ODD, TRUE, 1, "a.xml", "count is '%s'", "many");
	g_assert_cmpuint(mq_problems_count(problems), ==, 2);
	g_assert_cmpuint(mq_problems_left_out(problems), ==, 999);
}

static void
test_losses_outlive_a_flood_of_notes(void)
{
	g_autoptr(MqProblems) problems = mq_problems_new();

	for (int i = 0; i < 10000; i++)
		mq_problems_add(problems, MQ_PROBLEM_VALUE_ODD, TRUE, 0, NULL, "odd %d", i);
	mq_problems_add(problems, MQ_PROBLEM_XML_BROKEN, FALSE, -1, NULL, "breaks");
	g_assert_cmpuint(mq_problems_count(problems), ==, MQ_LIMIT_HELD_PROBLEMS + 1);
	g_assert_false(mq_problems_get(problems, MQ_LIMIT_HELD_PROBLEMS)->stored);
}

static void
test_text_is_visible(void)
{
	g_autoptr(MqProblems) problems = mq_problems_new();

	mq_problems_add(problems, MQ_PROBLEM_VALUE_ODD, TRUE, 0, "a\nb", "says '%s'", "\x1b[31m");
	g_assert_cmpstr(mq_problems_get(problems, 0)->reason, ==, "says '\\x1b[31m'");
	g_assert_cmpstr(mq_problems_get(problems, 0)->part, ==, "a\\nb");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/problem/words", test_words);
	g_test_add_func("/problem/equal ones are kept once", test_equal_ones_are_kept_once);
	g_test_add_func("/problem/losses outlive a flood of notes", test_losses_outlive_a_flood_of_notes);
	g_test_add_func("/problem/text is visible", test_text_is_visible);
	return g_test_run();
}
