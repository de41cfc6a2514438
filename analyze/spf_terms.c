/* The mechanisms of RFC 7208 section 5, each a function of the answers there are. */
#include <string.h>

#include "analyze/spf_run.h"
#include "ingest/domain.h"

MqSpfStep
mq_spf_run_fail(MqSpfRun *run, MqSpfNode *node, MqResult error, char *problem)
{
	run->error = error;
	node->state = MQ_SPF_ERROR;
	g_free(node->problem);
	node->problem = problem;
	if (run->problem == NULL)
		run->problem = g_strdup(problem);
	return MQ_SPF_STEP_ERROR;
}

const MqAnswer *
mq_spf_run_ask(MqSpfRun *run, MqAsk ask, const char *name)
{
	const MqAnswer *answer = mq_answers_get(run->answers, ask, name);

	if (answer == NULL)
		run->complete = FALSE;
	return answer;
}

static gboolean
spend_lookup(MqSpfRun *run, MqSpfNode *node)
{
	if (++run->lookups <= MQ_SPF_LOOKUPS)
		return TRUE;
	mq_spf_run_fail(run, node, MQ_RESULT_PERMERROR,
	                g_strdup_printf("'%s' is one more than %d lookups (RFC 7208 section 4.6.4)", node->text,
	                                MQ_SPF_LOOKUPS));
	return FALSE;
}

static MqSpfStep
spend_void(MqSpfRun *run, MqSpfNode *node)
{
	node->void_lookups++;
	if (++run->voids <= MQ_SPF_VOIDS)
		return MQ_SPF_STEP_NO_MATCH;
	return mq_spf_run_fail(run, node, MQ_RESULT_PERMERROR,
	                       g_strdup_printf("'%s' is one more than %d lookups that find nothing (RFC 7208 section 4.6.4)",
	                                       node->text, MQ_SPF_VOIDS));
}

static MqAsk
address_ask(const MqSpfRun *run)
{
	return run->query->ip.n_bytes == 4 ? MQ_ASK_A : MQ_ASK_AAAA;
}

/* ------------------------------------------------------------------- whose way this is */

/* What follows depends on the address itself: the way is its own. */
static void
reach_only_this(MqSpfRun *run)
{
	run->reach.first = run->reach.last = run->query->ip;
}

/* Whether the client is in the block. All that are on its side of the block's ends go the same way. */
static gboolean
is_in_block(MqSpfRun *run, const MqBlock *block)
{
	const MqAddress *ip = &run->query->ip;
	MqSpfReach *reach = &run->reach;
	MqAddress last;

	if (block->first.n_bytes != ip->n_bytes)
		return FALSE;
	last = mq_block_last(block);
	if (mq_address_in_block(ip, block)) {
		reach->first = mq_address_compare(&reach->first, &block->first) < 0 ? block->first : reach->first;
		reach->last = mq_address_compare(&reach->last, &last) > 0 ? last : reach->last;
		return TRUE;
	}
	if (mq_address_compare(&last, ip) < 0 && mq_address_compare(&reach->first, &last) <= 0)
		reach->first = mq_address_next(&last);
	else if (mq_address_compare(&block->first, ip) > 0 && mq_address_compare(&reach->last, &block->first) >= 0)
		reach->last = mq_address_previous(&block->first);
	return FALSE;
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
validated_names(MqSpfRun *run, const MqAnswer *ptr, const char *within, GPtrArray *names)
{
	gboolean complete = TRUE;

	for (guint i = 0; i < MIN(ptr->records->len, MQ_SPF_HOSTS); i++) {
		const MqDnsRecord *record = g_ptr_array_index(ptr->records, i);
		const MqAnswer *back;

		if (within != NULL && !mq_domain_is_within(record->host, within))
			continue;
		back = mq_spf_run_ask(run, address_ask(run), record->host);
		complete = complete && back != NULL;
		if (back != NULL && has_address(back, &run->query->ip))
			g_ptr_array_add(names, record->host);
	}
	return complete;
}

/* %{p}: a name equal to the domain, else within it, else any. */
gboolean
mq_spf_run_validate(MqSpfRun *run, const char *domain)
{
	g_autofree char *reverse = mq_address_reverse_name(&run->query->ip);
	const MqAnswer *ptr = mq_spf_run_ask(run, MQ_ASK_PTR, reverse);
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

/* ------------------------------------------------------------------- the name a term is about */

/* Spends the term's lookup and sets the node's target. FALSE: an error, or wanted; see *step. */
static gboolean
begin(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node, MqSpfStep *step)
{
	*step = MQ_SPF_STEP_ERROR;
	if (!spend_lookup(run, node))
		return FALSE;
	if (term->spec == NULL) {
		node->target = g_strdup(scope->domain);
		return TRUE;
	}
	if (mq_spf_macro_uses(term->spec, "ip"))
		reach_only_this(run);
	if (mq_spf_macro_uses(term->spec, "p")) {
		if (!spend_lookup(run, node))
			return FALSE;
		*step = MQ_SPF_STEP_WAITING;
		if (!mq_spf_run_validate(run, scope->domain))
			return FALSE;
	}
	run->macros.domain = scope->domain;
	node->target = mq_spf_macro_expand_name(term->spec, &run->macros);
	return TRUE;
}

/* What the term asks first; NULL: *step says why. */
static const MqAnswer *
ask_target(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node, MqAsk ask, MqSpfStep *step)
{
	const MqAnswer *answer;

	if (!begin(run, scope, term, node, step))
		return NULL;
	*step = MQ_SPF_STEP_WAITING;
	answer = mq_spf_run_ask(run, ask, node->target);
	if (answer == NULL || answer->outcome != MQ_ANSWER_UNKNOWN)
		return answer;
	*step = mq_spf_run_fail(run, node, MQ_RESULT_TEMPERROR, mq_spf_unknown(answer));
	return NULL;
}

/* ------------------------------------------------------------------- mechanisms */

static MqSpfStep
eval_all(MqSpfRun *run G_GNUC_UNUSED, const MqSpfScope *scope G_GNUC_UNUSED, const MqSpfTerm *term G_GNUC_UNUSED,
         MqSpfNode *node G_GNUC_UNUSED)
{
	return MQ_SPF_STEP_MATCH;
}

static MqSpfStep
eval_network(MqSpfRun *run, const MqSpfScope *scope G_GNUC_UNUSED, const MqSpfTerm *term, MqSpfNode *node G_GNUC_UNUSED)
{
	return is_in_block(run, &term->block) ? MQ_SPF_STEP_MATCH : MQ_SPF_STEP_NO_MATCH;
}

/* Whether the client is in the block that one of the addresses stands for. */
static gboolean
is_among(MqSpfRun *run, const MqSpfTerm *term, MqSpfNode *node, const MqAnswer *answer)
{
	gboolean found = FALSE;

	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);
		MqBlock block;

		mq_spf_node_address(node, term, &record->address, &block);
		found = is_in_block(run, &block) || found;
	}
	return found;
}

static MqSpfStep
eval_a(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	MqSpfStep step;
	const MqAnswer *answer = ask_target(run, scope, term, node, address_ask(run), &step);

	if (answer == NULL)
		return step;
	if (answer->outcome != MQ_ANSWER_FOUND)
		return spend_void(run, node);
	return is_among(run, term, node, answer) ? MQ_SPF_STEP_MATCH : MQ_SPF_STEP_NO_MATCH;
}

/* The exchangers' addresses; all are wanted at once. */
static MqSpfStep
eval_hosts(MqSpfRun *run, const MqSpfTerm *term, MqSpfNode *node, const MqAnswer *mx)
{
	const MqAnswer *unknown = NULL;
	gboolean complete = TRUE;
	guint n_found = 0;

	for (guint i = 0; i < mx->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(mx->records, i);
		const MqAnswer *answer;

		if (strcmp(record->host, ".") == 0)
			continue; /* the null MX (RFC 7505) */
		answer = mq_spf_run_ask(run, address_ask(run), record->host);
		complete = complete && answer != NULL;
		if (answer == NULL)
			continue;
		if (answer->outcome == MQ_ANSWER_UNKNOWN)
			unknown = unknown != NULL ? unknown : answer;
		n_found += answer->outcome == MQ_ANSWER_FOUND ? 1 : 0;
		if (complete && unknown == NULL && is_among(run, term, node, answer))
			return MQ_SPF_STEP_MATCH;
	}
	if (!complete)
		return MQ_SPF_STEP_WAITING;
	if (unknown != NULL)
		return mq_spf_run_fail(run, node, MQ_RESULT_TEMPERROR, mq_spf_unknown(unknown));
	return n_found > 0 ? MQ_SPF_STEP_NO_MATCH : spend_void(run, node);
}

static MqSpfStep
eval_mx(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	MqSpfStep step;
	const MqAnswer *mx = ask_target(run, scope, term, node, MQ_ASK_MX, &step);

	if (mx == NULL)
		return step;
	if (mx->records->len > MQ_SPF_HOSTS)
		return mq_spf_run_fail(run, node, MQ_RESULT_PERMERROR,
		                       g_strdup_printf("'%s' has %u exchangers, more than %d (RFC 7208 section 4.6.4)",
		                                       node->text, mx->records->len, MQ_SPF_HOSTS));
	return eval_hosts(run, term, node, mx);
}

static MqSpfStep
eval_exists(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	MqSpfStep step;
	/* A, for IPv6 clients too (section 5.7) */
	const MqAnswer *answer = ask_target(run, scope, term, node, MQ_ASK_A, &step);

	if (answer == NULL)
		return step;
	return answer->outcome == MQ_ANSWER_FOUND ? MQ_SPF_STEP_MATCH : spend_void(run, node);
}

static MqSpfStep
eval_ptr(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	g_autofree char *reverse = mq_address_reverse_name(&run->query->ip);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *within = NULL;
	MqSpfStep step;
	const MqAnswer *ptr;

	reach_only_this(run);
	if (!begin(run, scope, term, node, &step))
		return step;
	ptr = mq_spf_run_ask(run, MQ_ASK_PTR, reverse);
	if (ptr == NULL)
		return MQ_SPF_STEP_WAITING;
	if (ptr->outcome == MQ_ANSWER_UNKNOWN)
		return MQ_SPF_STEP_NO_MATCH; /* section 5.5: an error is no match here */
	if (ptr->outcome != MQ_ANSWER_FOUND)
		return spend_void(run, node);
	within = g_ascii_strdown(node->target, -1);
	if (!validated_names(run, ptr, within, names))
		return MQ_SPF_STEP_WAITING;
	return names->len > 0 ? MQ_SPF_STEP_MATCH : MQ_SPF_STEP_NO_MATCH;
}

MqSpfStep
mq_spf_run_inner(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node, MqSpfScope *inner,
                 MqResult *result)
{
	gboolean before = run->complete;
	gboolean complete;
	guint voids = run->voids;
	MqSpfStep step;

	if (!begin(run, scope, term, node, &step))
		return step;
	inner->domain = node->target;
	inner->nodes = node->children;
	inner->spare = mq_spf_nodes_new();
	run->complete = TRUE; /* what is wanted inside does not make what follows wanted later */
	*result = mq_spf_run_record(run, inner);
	complete = run->complete;
	run->complete = before && complete;
	node->void_lookups += run->voids - voids;
	node->record = g_strdup(inner->record);
	node->result = complete ? *result : MQ_RESULT_ABSENT;
	return complete ? MQ_SPF_STEP_MATCH : MQ_SPF_STEP_WAITING;
}

static MqSpfStep
eval_include(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	g_auto(MqSpfScope) inner = { 0 };
	MqResult result = MQ_RESULT_ABSENT;
	MqSpfStep step = mq_spf_run_inner(run, scope, term, node, &inner, &result);

	if (step != MQ_SPF_STEP_MATCH)
		return step;
	if (result == MQ_RESULT_TEMPERROR || result == MQ_RESULT_PERMERROR)
		return mq_spf_run_fail(run, node, result, g_strdup(run->problem));
	if (result == MQ_RESULT_NONE)
		return mq_spf_run_fail(run, node, MQ_RESULT_PERMERROR,
		                       g_strdup_printf("'%s': no SPF record there (RFC 7208 section 5.2)", node->text));
	return result == MQ_RESULT_PASS ? MQ_SPF_STEP_MATCH : MQ_SPF_STEP_NO_MATCH;
}

static MqSpfStep (*const eval_term[MQ_SPF_TERM_N])(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term,
                                                   MqSpfNode *node) = {
	[MQ_SPF_ALL] = eval_all, [MQ_SPF_INCLUDE] = eval_include, [MQ_SPF_A] = eval_a,
	[MQ_SPF_MX] = eval_mx,   [MQ_SPF_PTR] = eval_ptr,         [MQ_SPF_IP4] = eval_network,
	[MQ_SPF_IP6] = eval_network, [MQ_SPF_EXISTS] = eval_exists,
};

MqSpfStep
mq_spf_run_term(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node)
{
	static const MqSpfState states[] = {
		[MQ_SPF_STEP_NO_MATCH] = MQ_SPF_NO_MATCH,
		[MQ_SPF_STEP_MATCH] = MQ_SPF_MATCH,
		[MQ_SPF_STEP_ERROR] = MQ_SPF_ERROR,
		[MQ_SPF_STEP_WAITING] = MQ_SPF_NO_MATCH,
	};
	guint lookups = run->lookups;
	MqSpfStep step;

	if (eval_term[term->kind] == NULL)
		return MQ_SPF_STEP_NO_MATCH; /* a modifier: its turn comes after all mechanisms, and the node stays unreached */
	step = eval_term[term->kind](run, scope, term, node);
	node->state = states[step];
	node->lookups = run->lookups - lookups;
	return step;
}
