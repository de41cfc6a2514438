#include "ingest/problem.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/text.h"

#define MQ_PROBLEM_WORD(name, code) code,
static const char *const words[] = { MQ_PROBLEMS(MQ_PROBLEM_WORD) };

/* Most ledgers stay empty: the containers come with the first problem. */
struct MqProblems {
	GPtrArray *kept;  /* (nullable) MqProblem *, owned */
	GHashTable *seen; /* (nullable) of those kept, by what they say; borrows from them */
	guint64 left_out;
};

const char *
mq_problem_code_word(MqProblemCode code)
{
	g_return_val_if_fail(code < MQ_PROBLEM_N, "");
	return words[code];
}

gboolean
mq_problem_code_parse(const char *word, MqProblemCode *code)
{
	for (guint i = 0; i < MQ_PROBLEM_N; i++) {
		if (strcmp(words[i], word) == 0) {
			*code = (MqProblemCode)i;
			return TRUE;
		}
	}
	return FALSE;
}

void
mq_problem_free(MqProblem *problem)
{
	if (problem == NULL)
		return;
	g_free(problem->reason);
	g_free(problem->part);
	g_free(problem);
}

static guint
problem_hash(gconstpointer key)
{
	const MqProblem *problem = key;

	return g_str_hash(problem->reason) ^ ((guint)problem->code << 16) ^ (guint)problem->report;
}

static gboolean
problem_equal(gconstpointer left, gconstpointer right)
{
	const MqProblem *a = left;
	const MqProblem *b = right;

	return a->code == b->code && a->report == b->report && a->stored == b->stored
	       && strcmp(a->reason, b->reason) == 0 && g_strcmp0(a->part, b->part) == 0;
}

MqProblems *
mq_problems_new(void)
{
	return g_new0(MqProblems, 1);
}

void
mq_problems_free(MqProblems *problems)
{
	if (problems == NULL)
		return;
	g_clear_pointer(&problems->seen, g_hash_table_unref);
	g_clear_pointer(&problems->kept, g_ptr_array_unref);
	g_free(problems);
}

/* Visible, at most MQ_LIMIT_FIELD_BYTES. */
static char *
shown(char *text)
{
	g_autofree char *raw = text;
	g_autofree char *visible = mq_text_visible(raw);

	return mq_text_clean(visible, -1, MQ_LIMIT_FIELD_BYTES);
}

void
mq_problems_add(MqProblems *problems, MqProblemCode code, gboolean stored, gint report, const char *part,
                const char *format, ...)
{
	/* what loses data is kept even when notes have filled the ledger */
	guint most = MQ_LIMIT_HELD_PROBLEMS * (stored ? 1u : 2u);
	MqProblem *problem;
	va_list args;

	if (problems->kept == NULL) {
		problems->kept = g_ptr_array_new_with_free_func((GDestroyNotify)mq_problem_free);
		problems->seen = g_hash_table_new(problem_hash, problem_equal);
	}
	if (problems->kept->len >= most) { /* before any work: a hostile report has millions */
		problems->left_out++;
		return;
	}
	problem = g_new0(MqProblem, 1);
	problem->code = code;
	problem->stored = stored;
	problem->report = report;
	problem->part = part != NULL ? shown(g_strdup(part)) : NULL;
	va_start(args, format);
	problem->reason = shown(g_strdup_vprintf(format, args));
	va_end(args);

	if (g_hash_table_contains(problems->seen, problem)) {
		problems->left_out++;
		mq_problem_free(problem);
		return;
	}
	g_ptr_array_add(problems->kept, problem);
	g_hash_table_add(problems->seen, problem);
}

guint
mq_problems_count(const MqProblems *problems)
{
	return problems->kept != NULL ? problems->kept->len : 0;
}

const MqProblem *
mq_problems_get(const MqProblems *problems, guint i)
{
	return g_ptr_array_index(problems->kept, i);
}

guint64
mq_problems_left_out(const MqProblems *problems)
{
	return problems->left_out;
}
