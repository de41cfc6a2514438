#include "analyze/spf_survey.h"

#include "analyze/spf_tree.h"

#define DEPTH_MAX 12 /* the limit of lookups ends loops; this keeps the stack small */

typedef struct {
	MqAnswers *answers;
	MqSpfMacros values;
	MqSpfSurvey *out;
	gboolean complete;
	guint told; /* nodes of the tree, over all records */
} Run;

/* The first trouble that every address meets is the record's result. */
static void
trouble(Run *run, MqSpfNode *node, MqResult result, const char *problem)
{
	if (node != NULL && node->problem == NULL) {
		node->problem = g_strdup(problem);
		node->state = MQ_SPF_ERROR;
	}
	if (run->out->result != MQ_RESULT_NEUTRAL)
		return;
	run->out->result = result;
	run->out->problem = g_strdup(problem);
}

/* NULL when it is wanted, or unknown: then the trouble is noted. */
static const MqAnswer *
ask(Run *run, MqSpfNode *node, MqAsk kind, const char *name)
{
	const MqAnswer *answer = mq_answers_get(run->answers, kind, name);

	if (answer == NULL) {
		run->complete = FALSE;
		return NULL;
	}
	if (answer->outcome == MQ_ANSWER_UNKNOWN) {
		g_autofree char *problem = mq_spf_unknown(answer);

		trouble(run, node, MQ_RESULT_TEMPERROR, problem);
		return NULL;
	}
	return answer;
}

static void
count_void(Run *run, MqSpfNode *node)
{
	node->void_lookups++;
	run->out->void_lookups++;
}

/* Both families; whether there is any address. */
static gboolean
take_addresses(Run *run, MqSpfNode *node, const MqSpfTerm *term, const char *name)
{
	const MqAnswer *answers[] = { ask(run, node, MQ_ASK_A, name), ask(run, node, MQ_ASK_AAAA, name) };
	gboolean any = answers[0] == NULL || answers[1] == NULL; /* not known: not void */

	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
		for (guint r = 0; answers[i] != NULL && r < answers[i]->records->len; r++) {
			const MqDnsRecord *record = g_ptr_array_index(answers[i]->records, r);
			MqBlock block;

			mq_spf_node_address(node, term, &record->address, &block);
			any = TRUE;
		}
	return any;
}

static void
take_mx(Run *run, MqSpfNode *node, const MqSpfTerm *term)
{
	const MqAnswer *mx = ask(run, node, MQ_ASK_MX, node->target);
	gboolean any = FALSE;

	if (mx == NULL)
		return;
	if (mx->records->len > MQ_SPF_HOSTS)
		trouble(run, node, MQ_RESULT_PERMERROR, "an mx term with more than 10 hosts (RFC 7208 section 4.6.4)");
	for (guint i = 0; i < MIN(mx->records->len, MQ_SPF_HOSTS); i++) {
		const MqDnsRecord *record = g_ptr_array_index(mx->records, i);

		any = take_addresses(run, node, term, record->host) || any;
	}
	if (!any)
		count_void(run, node);
}

static void walk(Run *run, const char *domain, MqSpfNode *node, GPtrArray *nodes, guint depth);

static void
take_term(Run *run, const char *domain, const MqSpfTerm *term, MqSpfNode *node, guint depth)
{
	if (term->kind == MQ_SPF_EXISTS || term->kind == MQ_SPF_PTR
	    || (term->spec != NULL && mq_spf_macro_uses(term->spec, "slopivh"))) {
		run->out->needs_ask = TRUE; /* what it asks depends on who sends */
		return;
	}
	run->values.domain = domain;
	node->target = term->spec != NULL ? mq_spf_macro_expand_name(term->spec, &run->values) : g_strdup(domain);
	switch (term->kind) {
	case MQ_SPF_A:
		if (!take_addresses(run, node, term, node->target))
			count_void(run, node);
		break;
	case MQ_SPF_MX:
		take_mx(run, node, term);
		break;
	default: /* include, redirect: the others ask nothing */
		walk(run, node->target, node, node->children, depth + 1);
		break;
	}
}

static gboolean
asks(MqSpfTermKind kind)
{
	switch (kind) {
	case MQ_SPF_INCLUDE:
	case MQ_SPF_A:
	case MQ_SPF_MX:
	case MQ_SPF_PTR:
	case MQ_SPF_EXISTS:
	case MQ_SPF_REDIRECT:
		return TRUE;
	default:
		return FALSE;
	}
}

/* What the term costs of the ten; beyond what is walked it is counted, not asked. */
static void
spend(Run *run, const char *domain, const MqSpfTerm *term, MqSpfNode *node, guint depth)
{
	guint before = run->out->lookups;

	run->out->lookups += term->spec != NULL && mq_spf_macro_uses(term->spec, "p") ? 2 : 1;
	if (run->out->lookups <= MQ_SPF_SURVEY_LOOKUPS && depth < DEPTH_MAX)
		take_term(run, domain, term, node, depth);
	else
		run->out->incomplete = TRUE;
	node->lookups = run->out->lookups - before;
}

/* A node of the tree, or one that is not told: every term is walked all the same. */
static MqSpfNode *
add_node(Run *run, GPtrArray *nodes, const MqSpfTerm *term, GPtrArray *spare)
{
	if (run->told++ < MQ_SPF_NODES)
		return mq_spf_node_add(nodes, term, spare);
	run->out->shortened = TRUE;
	g_ptr_array_set_size(spare, 0);
	return mq_spf_node_add(spare, term, NULL);
}

static void
walk_terms(Run *run, const char *domain, const MqSpfRecord *record, GPtrArray *nodes, guint depth)
{
	g_autoptr(GPtrArray) spare = mq_spf_nodes_new();
	gboolean redirects = !mq_spf_record_has_all(record);
	gboolean ended = FALSE; /* by "all": what follows is ignored */

	for (guint i = 0; i < record->terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);
		MqSpfNode *node = add_node(run, nodes, term, spare);

		if (ended || (term->kind == MQ_SPF_REDIRECT && !redirects))
			continue;
		node->state = MQ_SPF_WALKED;
		ended = term->kind == MQ_SPF_ALL;
		if (asks(term->kind))
			spend(run, domain, term, node, depth);
	}
}

/* @node: (nullable) the include or redirect that leads here. */
static void
walk(Run *run, const char *domain, MqSpfNode *node, GPtrArray *nodes, guint depth)
{
	g_autoptr(MqSpfRecord) record = NULL;
	g_autofree char *problem = NULL;
	MqResult result;

	if (!mq_spf_find(run->answers, domain, &record, &result, &problem)) {
		run->complete = FALSE;
		return;
	}
	if (node != NULL) {
		node->result = result;
		node->record = record != NULL ? g_strdup(record->text) : NULL;
	}
	if (node != NULL && result == MQ_RESULT_NONE) {
		g_autofree char *nothing = g_strdup_printf("%s has no SPF record (RFC 7208 section 5.2)", domain);

		trouble(run, node, MQ_RESULT_PERMERROR, nothing);
	} else if (result == MQ_RESULT_NONE) {
		run->out->result = MQ_RESULT_NONE;
	} else if (result == MQ_RESULT_NEUTRAL) {
		walk_terms(run, domain, record, nodes, depth);
	} else {
		trouble(run, node, result, problem);
		if (record != NULL)
			mq_spf_nodes_unreached(nodes, record, 0);
	}
}

gboolean
mq_spf_survey(MqAnswers *answers, const char *domain, MqSpfSurvey **out)
{
	g_autofree char *sender = g_strconcat("postmaster@", domain, NULL);
	g_auto(MqSpfSender) who = { 0 };
	g_autoptr(MqSpfSurvey) survey = g_new0(MqSpfSurvey, 1);
	Run run = { .answers = answers, .out = survey, .complete = TRUE };

	survey->tree = mq_spf_nodes_new();
	survey->result = MQ_RESULT_NEUTRAL;
	mq_spf_sender_init(&who, sender, NULL);
	mq_spf_sender_macros(&who, &run.values);
	walk(&run, domain, NULL, survey->tree, 0);
	if (!run.complete)
		return FALSE;
	*out = g_steal_pointer(&survey);
	return TRUE;
}

void
mq_spf_survey_free(MqSpfSurvey *survey)
{
	if (survey == NULL)
		return;
	g_free(survey->problem);
	g_ptr_array_unref(survey->tree);
	g_free(survey);
}
