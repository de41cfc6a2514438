/* check_host() of RFC 7208, over the answers there are. It is called again until nothing is wanted,
 * and goes on as if what is missing did not match, so that all it may need is wanted at once. */
#include "analyze/spf.h"

#include <stdarg.h>
#include <string.h>

#include "analyze/spf_tree.h"
#include "ingest/domain.h"
#include "ingest/text.h"

typedef struct {
	MqAnswers *answers;
	const MqSpfQuery *query;
	MqSpfMacros macros;   /* domain changes from record to record */
	guint lookups, voids;
	gboolean complete;    /* so far nothing was wanted */
	MqResult error;       /* of the step that ended it */
	char *problem;
} Run;

/* One record's evaluation. */
typedef struct {
	const char *domain;
	GPtrArray *nodes;   /* borrowed */
	GPtrArray *spare;   /* a node that is not told */
	char *record;
	char *matched;
	char *exp, *exp_domain; /* (nullable) of the record that decided */
} Scope;

typedef enum { NO_MATCH, MATCH, ERROR, WAITING } Step;

static void
scope_clear(Scope *scope)
{
	g_clear_pointer(&scope->spare, g_ptr_array_unref);
	g_free(scope->record);
	g_free(scope->matched);
	g_free(scope->exp);
	g_free(scope->exp_domain);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scope, scope_clear)

static MqResult check_host(Run *run, Scope *scope);

/* Ends the evaluation; takes @problem. */
static Step
fail(Run *run, MqSpfNode *node, MqResult error, char *problem)
{
	run->error = error;
	node->state = MQ_SPF_ERROR;
	g_free(node->problem);
	node->problem = problem;
	if (run->problem == NULL)
		run->problem = g_strdup(problem);
	return ERROR;
}

static const MqAnswer *
get(Run *run, MqAsk ask, const char *name)
{
	const MqAnswer *answer = mq_answers_get(run->answers, ask, name);

	if (answer == NULL)
		run->complete = FALSE;
	return answer;
}

static gboolean
spend_lookup(Run *run, MqSpfNode *node)
{
	if (++run->lookups <= MQ_SPF_LOOKUPS)
		return TRUE;
	fail(run, node, MQ_RESULT_PERMERROR,
	     g_strdup_printf("'%s' is one more than %d lookups (RFC 7208 section 4.6.4)", node->text, MQ_SPF_LOOKUPS));
	return FALSE;
}

static gboolean
spend_void(Run *run, MqSpfNode *node)
{
	node->void_lookups++;
	if (++run->voids <= MQ_SPF_VOIDS)
		return TRUE;
	fail(run, node, MQ_RESULT_PERMERROR,
	     g_strdup_printf("'%s' is one more than %d lookups that find nothing (RFC 7208 section 4.6.4)", node->text,
	                     MQ_SPF_VOIDS));
	return FALSE;
}

static MqAsk
address_ask(const Run *run)
{
	return run->query->ip.n_bytes == 4 ? MQ_ASK_A : MQ_ASK_AAAA;
}

/* ------------------------------------------------------------------- reverse names */

static gboolean
has_address(const MqAnswer *answer, const MqAddress *ip)
{
	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);

		if (mq_address_compare(&record->address, ip) == 0)
			return TRUE;
	}
	return FALSE;
}

/* The names of the client that name it back, and are in @within (nullable). FALSE: wanted. A name
 * that cannot be looked up is none (section 5.5); only the first ten count. */
static gboolean
validated_names(Run *run, const MqAnswer *ptr, const char *within, GPtrArray *names)
{
	gboolean complete = TRUE;

	for (guint i = 0; i < MIN(ptr->records->len, MQ_SPF_HOSTS); i++) {
		const MqDnsRecord *record = g_ptr_array_index(ptr->records, i);
		const MqAnswer *back;

		if (within != NULL && !mq_domain_is_within(record->host, within))
			continue;
		back = get(run, address_ask(run), record->host);
		complete = complete && back != NULL;
		if (back != NULL && has_address(back, &run->query->ip))
			g_ptr_array_add(names, record->host);
	}
	return complete;
}

/* %{p}: a name equal to the domain, else within it, else any. */
static gboolean
set_validated(Run *run, const char *domain)
{
	g_autofree char *reverse = mq_address_reverse_name(&run->query->ip);
	const MqAnswer *ptr = get(run, MQ_ASK_PTR, reverse);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	guint best = 0;

	run->macros.validated = "unknown";
	if (ptr == NULL || !validated_names(run, ptr, NULL, names))
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		guint rank = strcmp(name, domain) == 0 ? 3 : mq_domain_is_within(name, domain) ? 2 : 1;

		if (rank <= best)
			continue;
		best = rank;
		run->macros.validated = name;
	}
	return TRUE;
}

/* The name a term is about. FALSE: an error, or wanted; see *step. */
static gboolean
find_target(Run *run, const Scope *scope, const MqSpfTerm *term, MqSpfNode *node, Step *step)
{
	if (term->spec == NULL) {
		node->target = g_strdup(scope->domain);
		return TRUE;
	}
	if (mq_spf_macro_uses(term->spec, "p")) {
		if (!spend_lookup(run, node)) {
			*step = ERROR;
			return FALSE;
		}
		if (!set_validated(run, scope->domain)) {
			*step = WAITING;
			return FALSE;
		}
	}
	run->macros.domain = scope->domain;
	node->target = mq_spf_macro_expand_name(term->spec, &run->macros);
	return TRUE;
}

/* ------------------------------------------------------------------- mechanisms */

static Step
eval_all(Run *run G_GNUC_UNUSED, const Scope *scope G_GNUC_UNUSED, const MqSpfTerm *term G_GNUC_UNUSED,
         MqSpfNode *node G_GNUC_UNUSED)
{
	return MATCH;
}

static Step
eval_network(Run *run, const Scope *scope G_GNUC_UNUSED, const MqSpfTerm *term, MqSpfNode *node G_GNUC_UNUSED)
{
	return mq_address_in_block(&run->query->ip, &term->block) ? MATCH : NO_MATCH;
}

/* Whether the client is in the block that one of the addresses stands for. */
static gboolean
is_among(Run *run, const MqSpfTerm *term, MqSpfNode *node, const MqAnswer *answer)
{
	gboolean found = FALSE;

	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);
		MqBlock block;

		mq_spf_node_address(node, term, &record->address, &block);
		found = found || mq_address_in_block(&run->query->ip, &block);
	}
	return found;
}

static Step
eval_a(Run *run, const Scope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	Step step = WAITING;
	const MqAnswer *answer;

	if (!spend_lookup(run, node))
		return ERROR;
	if (!find_target(run, scope, term, node, &step))
		return step;
	answer = get(run, address_ask(run), node->target);
	if (answer == NULL)
		return WAITING;
	if (answer->outcome == MQ_ANSWER_UNKNOWN)
		return fail(run, node, MQ_RESULT_TEMPERROR, mq_spf_unknown(answer));
	if (answer->outcome != MQ_ANSWER_FOUND)
		return spend_void(run, node) ? NO_MATCH : ERROR;
	return is_among(run, term, node, answer) ? MATCH : NO_MATCH;
}

/* The exchangers' addresses; all are wanted at once. */
static Step
eval_hosts(Run *run, const MqSpfTerm *term, MqSpfNode *node, const MqAnswer *mx)
{
	const MqAnswer *unknown = NULL;
	gboolean complete = TRUE;
	guint n_found = 0;

	for (guint i = 0; i < mx->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(mx->records, i);
		const MqAnswer *answer;

		if (strcmp(record->host, ".") == 0)
			continue; /* the null MX (RFC 7505) */
		answer = get(run, address_ask(run), record->host);
		complete = complete && answer != NULL;
		if (answer == NULL)
			continue;
		if (answer->outcome == MQ_ANSWER_UNKNOWN)
			unknown = unknown != NULL ? unknown : answer;
		n_found += answer->outcome == MQ_ANSWER_FOUND ? 1 : 0;
		if (complete && unknown == NULL && is_among(run, term, node, answer))
			return MATCH;
	}
	if (!complete)
		return WAITING;
	if (unknown != NULL)
		return fail(run, node, MQ_RESULT_TEMPERROR, mq_spf_unknown(unknown));
	return n_found > 0 || spend_void(run, node) ? NO_MATCH : ERROR;
}

static Step
eval_mx(Run *run, const Scope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	Step step = WAITING;
	const MqAnswer *mx;

	if (!spend_lookup(run, node))
		return ERROR;
	if (!find_target(run, scope, term, node, &step))
		return step;
	mx = get(run, MQ_ASK_MX, node->target);
	if (mx == NULL)
		return WAITING;
	if (mx->outcome == MQ_ANSWER_UNKNOWN)
		return fail(run, node, MQ_RESULT_TEMPERROR, mq_spf_unknown(mx));
	if (mx->records->len > MQ_SPF_HOSTS)
		return fail(run, node, MQ_RESULT_PERMERROR,
		            g_strdup_printf("'%s' has %u exchangers, more than %d (RFC 7208 section 4.6.4)", node->text,
		                            mx->records->len, MQ_SPF_HOSTS));
	return eval_hosts(run, term, node, mx);
}

static Step
eval_exists(Run *run, const Scope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	Step step = WAITING;
	const MqAnswer *answer;

	if (!spend_lookup(run, node))
		return ERROR;
	if (!find_target(run, scope, term, node, &step))
		return step;
	answer = get(run, MQ_ASK_A, node->target); /* A, for IPv6 clients too (section 5.7) */
	if (answer == NULL)
		return WAITING;
	if (answer->outcome == MQ_ANSWER_UNKNOWN)
		return fail(run, node, MQ_RESULT_TEMPERROR, mq_spf_unknown(answer));
	if (answer->outcome == MQ_ANSWER_FOUND)
		return MATCH;
	return spend_void(run, node) ? NO_MATCH : ERROR;
}

static Step
eval_ptr(Run *run, const Scope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	g_autofree char *reverse = mq_address_reverse_name(&run->query->ip);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *within = NULL;
	Step step = WAITING;
	const MqAnswer *ptr;

	if (!spend_lookup(run, node))
		return ERROR;
	if (!find_target(run, scope, term, node, &step))
		return step;
	ptr = get(run, MQ_ASK_PTR, reverse);
	if (ptr == NULL)
		return WAITING;
	if (ptr->outcome == MQ_ANSWER_UNKNOWN)
		return NO_MATCH; /* section 5.5: an error is no match here */
	if (ptr->outcome != MQ_ANSWER_FOUND)
		return spend_void(run, node) ? NO_MATCH : ERROR;
	within = g_ascii_strdown(node->target, -1);
	if (!validated_names(run, ptr, within, names))
		return WAITING;
	return names->len > 0 ? MATCH : NO_MATCH;
}

/* The record of the node's target. Wanted answers inside do not make what follows wanted later. */
static MqResult
check_inner(Run *run, MqSpfNode *node, Scope *inner, gboolean *complete)
{
	gboolean before = run->complete;
	guint voids = run->voids;
	MqResult result;

	inner->domain = node->target;
	inner->nodes = node->children;
	inner->spare = mq_spf_nodes_new();
	run->complete = TRUE;
	result = check_host(run, inner);
	*complete = run->complete;
	run->complete = before && run->complete;
	node->void_lookups += run->voids - voids;
	node->record = g_strdup(inner->record);
	node->result = *complete ? result : MQ_RESULT_ABSENT;
	return result;
}

static Step
eval_include(Run *run, const Scope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	g_auto(Scope) inner = { 0 };
	Step step = WAITING;
	gboolean complete;
	MqResult result;

	if (!spend_lookup(run, node))
		return ERROR;
	if (!find_target(run, scope, term, node, &step))
		return step;
	result = check_inner(run, node, &inner, &complete);
	if (!complete)
		return WAITING;
	if (result == MQ_RESULT_PASS)
		return MATCH;
	if (result == MQ_RESULT_TEMPERROR || result == MQ_RESULT_PERMERROR)
		return fail(run, node, result, g_strdup(run->problem));
	if (result == MQ_RESULT_NONE)
		return fail(run, node, MQ_RESULT_PERMERROR,
		            g_strdup_printf("'%s': no SPF record there (RFC 7208 section 5.2)", node->text));
	return NO_MATCH;
}

static Step (*const eval_term[MQ_SPF_TERM_N])(Run *run, const Scope *scope, const MqSpfTerm *term, MqSpfNode *node) = {
	[MQ_SPF_ALL] = eval_all, [MQ_SPF_INCLUDE] = eval_include, [MQ_SPF_A] = eval_a,
	[MQ_SPF_MX] = eval_mx,   [MQ_SPF_PTR] = eval_ptr,         [MQ_SPF_IP4] = eval_network,
	[MQ_SPF_IP6] = eval_network, [MQ_SPF_EXISTS] = eval_exists,
};

/* ------------------------------------------------------------------- a record */

static const MqSpfState step_states[] = {
	[NO_MATCH] = MQ_SPF_NO_MATCH, [MATCH] = MQ_SPF_MATCH, [ERROR] = MQ_SPF_ERROR, [WAITING] = MQ_SPF_NO_MATCH,
};

static Step
take_term(Run *run, const Scope *scope, const MqSpfTerm *term)
{
	MqSpfNode *node = mq_spf_node_add(scope->nodes, term, scope->spare);
	guint lookups = run->lookups;
	Step step;

	if (eval_term[term->kind] == NULL)
		return NO_MATCH; /* a modifier: its turn comes after all mechanisms, and the node stays unreached */
	step = eval_term[term->kind](run, scope, term, node);
	node->state = step_states[step];
	node->lookups = run->lookups - lookups;
	return step;
}

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
take_redirect(Run *run, Scope *scope, const MqSpfTerm *term)
{
	MqSpfNode *node = find_node(scope->nodes, term, scope->spare);
	guint lookups = run->lookups;
	g_auto(Scope) inner = { 0 };
	Step step = WAITING;
	gboolean complete;
	MqResult result;

	if (!spend_lookup(run, node))
		return run->error;
	if (!find_target(run, scope, term, node, &step))
		return step == ERROR ? run->error : MQ_RESULT_ABSENT;
	result = check_inner(run, node, &inner, &complete);
	node->lookups = run->lookups - lookups;
	node->state = MQ_SPF_MATCH;
	if (result == MQ_RESULT_NONE) {
		fail(run, node, MQ_RESULT_PERMERROR,
		     g_strdup_printf("'%s': no SPF record there (RFC 7208 section 6.1)", node->text));
		return run->error;
	}
	if (result == MQ_RESULT_TEMPERROR || result == MQ_RESULT_PERMERROR)
		fail(run, node, result, g_strdup(run->problem));
	g_free(scope->exp);
	g_free(scope->exp_domain);
	scope->exp = g_steal_pointer(&inner.exp);
	scope->exp_domain = g_steal_pointer(&inner.exp_domain);
	scope->matched = g_steal_pointer(&inner.matched);
	return result;
}

static MqResult
check_terms(Run *run, Scope *scope, const MqSpfRecord *record)
{
	for (guint i = 0; i < record->terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);
		Step step = take_term(run, scope, term);

		if (step == NO_MATCH || step == WAITING)
			continue;
		mq_spf_nodes_unreached(scope->nodes, record, i + 1);
		if (step == ERROR)
			return run->error;
		scope->matched = g_strdup(term->text);
		return mq_spf_qualifier_result(term->qualifier);
	}
	return record->redirect != NULL ? take_redirect(run, scope, record->redirect) : MQ_RESULT_NEUTRAL;
}

static MqResult
check_host(Run *run, Scope *scope)
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
	return check_terms(run, scope, record);
}

/* ------------------------------------------------------------------- explanation */

/* Section 6.2: whatever is wrong with it, there is none then. */
static char *
explain(Run *run, const Scope *scope)
{
	g_autofree char *name = NULL;
	const MqAnswer *txt;
	const MqDnsRecord *only;

	run->macros.domain = scope->exp_domain;
	if (mq_spf_macro_uses(scope->exp, "p") && !set_validated(run, scope->exp_domain))
		return NULL;
	name = mq_spf_macro_expand_name(scope->exp, &run->macros);
	txt = get(run, MQ_ASK_TXT, name);
	if (txt == NULL || txt->records->len != 1)
		return NULL;
	only = g_ptr_array_index(txt->records, 0);
	if (!g_str_is_ascii(only->text) || mq_spf_macro_problem(only->text, TRUE) != NULL)
		return NULL;
	if (mq_spf_macro_uses(only->text, "p") && !set_validated(run, scope->exp_domain))
		return NULL;
	return mq_spf_macro_expand(only->text, &run->macros);
}

/* ------------------------------------------------------------------- public */

gboolean
mq_spf_check(MqAnswers *answers, const MqSpfQuery *query, MqSpfCheck **out)
{
	g_auto(MqSpfSender) sender = { 0 };
	g_autoptr(MqSpfCheck) check = g_new0(MqSpfCheck, 1);
	Run run = { .answers = answers, .query = query, .complete = TRUE };
	g_auto(Scope) scope = { 0 };

	mq_spf_sender_init(&sender, query->sender, query->helo);
	mq_spf_sender_macros(&sender, &run.macros);
	run.macros.ip = query->ip;
	run.macros.now_s = query->now_s;
	if (query->receiver != NULL)
		run.macros.receiver = query->receiver;
	check->tree = mq_spf_nodes_new();
	scope.domain = sender.domain;
	scope.nodes = check->tree;
	scope.spare = mq_spf_nodes_new();
	check->result = check_host(&run, &scope);
	if (run.complete && check->result == MQ_RESULT_FAIL && scope.exp != NULL)
		check->explanation = explain(&run, &scope);
	check->problem = g_steal_pointer(&run.problem);
	if (!run.complete)
		return FALSE;
	if (check->result != MQ_RESULT_TEMPERROR && check->result != MQ_RESULT_PERMERROR)
		g_clear_pointer(&check->problem, g_free);
	check->domain = g_strdup(sender.domain);
	check->record = g_steal_pointer(&scope.record);
	check->matched = g_steal_pointer(&scope.matched);
	check->lookups = run.lookups;
	check->void_lookups = run.voids;
	*out = g_steal_pointer(&check);
	return TRUE;
}

void
mq_spf_check_free(MqSpfCheck *check)
{
	if (check == NULL)
		return;
	g_free(check->domain);
	g_free(check->record);
	g_free(check->matched);
	g_free(check->explanation);
	g_free(check->problem);
	g_clear_pointer(&check->tree, g_ptr_array_unref);
	g_free(check);
}
