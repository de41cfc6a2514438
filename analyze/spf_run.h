/* One evaluation of SPF on its way: what spf.c (records) and spf_terms.c (mechanisms) share. */
#ifndef MQ_ANALYZE_SPF_RUN_H
#define MQ_ANALYZE_SPF_RUN_H

#include "analyze/spf_tree.h"

typedef struct {
	MqAnswers *answers;
	const MqSpfQuery *query;
	MqSpfMacros macros;   /* domain changes from record to record */
	MqSpfReach reach;     /* whose way this is so far */
	guint lookups, voids;
	gboolean complete;    /* so far nothing was wanted */
	MqResult error;       /* of the step that ended it */
	char *problem;
} MqSpfRun;

/* One record's evaluation. */
typedef struct {
	const char *domain;
	GPtrArray *nodes;   /* borrowed */
	GPtrArray *spare;   /* a node that is not told */
	char *record;
	char *matched;
	char *exp, *exp_domain; /* (nullable) of the record that decided */
} MqSpfScope;

void mq_spf_scope_clear(MqSpfScope *scope);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqSpfScope, mq_spf_scope_clear)

typedef enum { MQ_SPF_STEP_NO_MATCH, MQ_SPF_STEP_MATCH, MQ_SPF_STEP_ERROR, MQ_SPF_STEP_WAITING } MqSpfStep;

/* A mechanism; what a modifier does is not here. */
MqSpfStep mq_spf_run_term(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node);
/* Another record, at @scope's domain: include and redirect come here again. */
MqResult mq_spf_run_record(MqSpfRun *run, MqSpfScope *scope);

/**
 * mq_spf_run_inner:
 * @inner: empty; receives what the record at @term's target did
 * @result: (out): of that record, on MQ_SPF_STEP_MATCH only
 *
 * Spends the lookup and evaluates the record that an include or a redirect names; no error of it has
 * been judged yet.
 */
MqSpfStep mq_spf_run_inner(MqSpfRun *run, const MqSpfScope *scope, const MqSpfTerm *term, MqSpfNode *node,
                           MqSpfScope *inner, MqResult *result);

/* Ends the evaluation; takes @problem. */
MqSpfStep mq_spf_run_fail(MqSpfRun *run, MqSpfNode *node, MqResult error, char *problem);
/* The answer, NULL when it is wanted. */
const MqAnswer *mq_spf_run_ask(MqSpfRun *run, MqAsk ask, const char *name);
/* Sets %{p}. FALSE: wanted. */
gboolean mq_spf_run_validate(MqSpfRun *run, const char *domain);

#endif
