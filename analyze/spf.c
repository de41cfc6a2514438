/* check_host() of RFC 7208, over the answers there are. It is called again until nothing is wanted,
 * and goes on as if what is missing did not match, so that all it may need is wanted at once. */
#include "analyze/spf.h"

#include <string.h>

#include "analyze/spf_run.h"

void
mq_spf_scope_clear(MqSpfScope *scope)
{
	g_clear_pointer(&scope->spare, g_ptr_array_unref);
	g_free(scope->record);
	g_free(scope->matched);
	g_free(scope->exp);
	g_free(scope->exp_domain);
}

/* ------------------------------------------------------------------- a record */

static MqSpfNode *
find_node(GPtrArray *nodes, const MqSpfTerm *term, GPtrArray *spare)
{
	for (guint i = 0; i < nodes->len; i++) {
		MqSpfNode *node = g_ptr_array_index(nodes, i);

		if (node->at == term->at)
			return node;
	}
	return mq_spf_node_add(nodes, term, spare);
}

/* Section 6.1: the target's result is ours, and so is its explanation. */
static MqResult
take_redirect(MqSpfRun *run, MqSpfScope *scope, const MqSpfTerm *term)
{
	MqSpfNode *node = find_node(scope->nodes, term, scope->spare);
	guint lookups = run->lookups;
	g_auto(MqSpfScope) inner = { 0 };
	MqResult result = MQ_RESULT_ABSENT;
	MqSpfStep step = mq_spf_run_inner(run, scope, term, node, &inner, &result);

	node->lookups = run->lookups - lookups;
	if (step == MQ_SPF_STEP_ERROR)
		return run->error;
	if (step == MQ_SPF_STEP_WAITING)
		return MQ_RESULT_ABSENT;
	node->state = MQ_SPF_MATCH;
	if (result == MQ_RESULT_NONE) {
		mq_spf_run_fail(run, node, MQ_RESULT_PERMERROR,
		                g_strdup_printf("'%s': no SPF record there (RFC 7208 section 6.1)", node->text));
		return run->error;
	}
	if (result == MQ_RESULT_TEMPERROR || result == MQ_RESULT_PERMERROR)
		mq_spf_run_fail(run, node, result, g_strdup(run->problem));
	g_free(scope->exp);
	g_free(scope->exp_domain);
	scope->exp = g_steal_pointer(&inner.exp);
	scope->exp_domain = g_steal_pointer(&inner.exp_domain);
	scope->matched = g_steal_pointer(&inner.matched);
	return result;
}

static MqResult
take_terms(MqSpfRun *run, MqSpfScope *scope, const MqSpfRecord *record)
{
	for (guint i = 0; i < record->terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);
		MqSpfStep step = mq_spf_run_term(run, scope, term, mq_spf_node_add(scope->nodes, term, scope->spare));

		if (step == MQ_SPF_STEP_NO_MATCH || step == MQ_SPF_STEP_WAITING)
			continue;
		mq_spf_nodes_unreached(scope->nodes, record, i + 1);
		if (step == MQ_SPF_STEP_ERROR)
			return run->error;
		scope->matched = g_strdup(term->text);
		return mq_spf_qualifier_result(term->qualifier);
	}
	return record->redirect != NULL ? take_redirect(run, scope, record->redirect) : MQ_RESULT_NEUTRAL;
}

MqResult
mq_spf_run_record(MqSpfRun *run, MqSpfScope *scope)
{
	g_autoptr(MqSpfRecord) record = NULL;
	g_autofree char *problem = NULL;
	MqResult result;

	if (!mq_spf_find(run->answers, scope->domain, &record, &result, &problem)) {
		run->complete = FALSE;
		return MQ_RESULT_ABSENT;
	}
	if (record != NULL)
		scope->record = g_strdup(record->text);
	if (result != MQ_RESULT_NEUTRAL) {
		if (run->problem == NULL)
			run->problem = g_strdup(problem);
		if (record != NULL)
			mq_spf_nodes_unreached(scope->nodes, record, 0);
		return result;
	}
	if (record->exp != NULL) {
		scope->exp = g_strdup(record->exp->spec);
		scope->exp_domain = g_strdup(scope->domain);
	}
	return take_terms(run, scope, record);
}

/* ------------------------------------------------------------------- explanation */

/* Section 6.2: whatever is wrong with it, there is none then. */
static char *
explain(MqSpfRun *run, const MqSpfScope *scope)
{
	g_autofree char *name = NULL;
	const MqAnswer *txt;
	const MqDnsRecord *only;

	run->macros.domain = scope->exp_domain;
	if (mq_spf_macro_uses(scope->exp, "p") && !mq_spf_run_validate(run, scope->exp_domain))
		return NULL;
	name = mq_spf_macro_expand_name(scope->exp, &run->macros);
	txt = mq_spf_run_ask(run, MQ_ASK_TXT, name);
	if (txt == NULL || txt->records->len != 1)
		return NULL;
	only = g_ptr_array_index(txt->records, 0);
	if (!g_str_is_ascii(only->text) || mq_spf_macro_problem(only->text, TRUE) != NULL)
		return NULL;
	if (mq_spf_macro_uses(only->text, "p") && !mq_spf_run_validate(run, scope->exp_domain))
		return NULL;
	return mq_spf_macro_expand(only->text, &run->macros);
}

/* ------------------------------------------------------------------- public */

/* @reach: (nullable): given, it is set, and no explanation is looked for */
static gboolean
check(MqAnswers *answers, const MqSpfQuery *query, MqSpfReach *reach, MqSpfCheck **out)
{
	g_auto(MqSpfSender) sender = { 0 };
	g_autoptr(MqSpfCheck) done = g_new0(MqSpfCheck, 1);
	MqSpfRun run = { .answers = answers, .query = query, .complete = TRUE };
	g_auto(MqSpfScope) scope = { 0 };

	mq_spf_sender_init(&sender, query->sender, query->helo);
	mq_spf_sender_macros(&sender, &run.macros);
	run.macros.ip = query->ip;
	run.macros.now_s = query->now_s;
	if (query->receiver != NULL)
		run.macros.receiver = query->receiver;
	run.reach.first = mq_address_block(&query->ip, 0).first;
	run.reach.last = mq_block_last(&(MqBlock){ .first = run.reach.first });
	done->tree = mq_spf_nodes_new();
	scope.domain = sender.domain;
	scope.nodes = done->tree;
	scope.spare = mq_spf_nodes_new();
	done->result = mq_spf_run_record(&run, &scope);
	if (reach != NULL)
		*reach = run.reach;
	else if (run.complete && done->result == MQ_RESULT_FAIL && scope.exp != NULL)
		done->explanation = explain(&run, &scope);
	done->problem = g_steal_pointer(&run.problem);
	if (!run.complete)
		return FALSE;
	if (done->result != MQ_RESULT_TEMPERROR && done->result != MQ_RESULT_PERMERROR)
		g_clear_pointer(&done->problem, g_free);
	done->domain = g_strdup(sender.domain);
	done->record = g_steal_pointer(&scope.record);
	done->matched = g_steal_pointer(&scope.matched);
	done->lookups = run.lookups;
	done->void_lookups = run.voids;
	*out = g_steal_pointer(&done);
	return TRUE;
}

gboolean
mq_spf_check(MqAnswers *answers, const MqSpfQuery *query, MqSpfCheck **out)
{
	return check(answers, query, NULL, out);
}

gboolean
mq_spf_check_reach(MqAnswers *answers, const MqSpfQuery *query, MqSpfReach *reach, MqSpfCheck **out)
{
	return check(answers, query, reach, out);
}

void
mq_spf_check_free(MqSpfCheck *done)
{
	if (done == NULL)
		return;
	g_free(done->domain);
	g_free(done->record);
	g_free(done->matched);
	g_free(done->explanation);
	g_free(done->problem);
	g_clear_pointer(&done->tree, g_ptr_array_unref);
	g_free(done);
}
