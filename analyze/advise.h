/* Advice: may the domain go to the next policy, what would it lose, and what is to be fixed first.
 *
 * mq_advice_new() with the window, then flows by mq_sources_take() on ->sources, then
 * mq_advice_settle() until it has all answers; all of it pure but for what fills the answers. */
#ifndef MQ_ANALYZE_ADVISE_H
#define MQ_ANALYZE_ADVISE_H

#include "analyze/discovery.h"
#include "analyze/replay.h"
#include "analyze/resolver.h"
#include "analyze/sources.h"
#include "analyze/spf.h"
#include "analyze/verdicts.h"

typedef enum { MQ_MOVE_PUBLISH, MQ_MOVE_ADVANCE, MQ_MOVE_HOLD, MQ_MOVE_RETREAT, MQ_MOVE_DONE } MqMoveAction;
/* "advance" */
const char *mq_move_word(MqMoveAction action);

/* @word: (nullable): "quarantine" or "reject", which NULL is. %FALSE with %MQ_ERROR_USAGE. */
gboolean mq_goal_parse(const char *word, MqPolicy *goal, GError **error);

typedef struct {
	const char *id; /* coverage, volume, reporters, legitimate-pass, … */
	gboolean met;
	char *measured, *required;
} MqGate;

typedef struct {
	const char *id; /* authorise-in-spf, enable-dkim, … */
	char *sender;   /* (nullable) */
	char *title, *fix;
	char *record;   /* (nullable) to publish, verbatim */
	gint64 recovers;
} MqAction;

typedef struct {
	char *domain;
	gint64 since_s, until_s;
	MqPolicy goal;              /* REJECT, or QUARANTINE when that is the last step */
	MqSources *sources;
	gint64 reports;
	GPtrArray *labels;          /* MqLabel * */
	/* what DNS says */
	gboolean answered;          /* of the DMARC record */
	MqDmarcAt *at;              /* the domain's own record(s) */
	MqDiscovery discovery;      /* what applies: RFC 9989 */
	char *problem;              /* (nullable) why no record applies */
	MqSpfCheck *spf;            /* (nullable) for an address that nothing in it matches: the whole record */
	gboolean takes_no_mail;     /* a null MX, or neither MX nor address */
	GHashTable *missing;        /* From domains below the domain that do not exist */
	/* advice */
	MqMoveAction action;
	MqPolicy to;
	gboolean testing;
	char *record, *why;
	MqImpact impact_quarantine, impact_reject;
	GPtrArray *gates;           /* MqGate * */
	GPtrArray *actions;         /* MqAction *, ranked */
} MqAdvice;

MqAdvice *mq_advice_new(const char *domain, const MqServices *services, gint64 since_s, gint64 until_s, MqPolicy goal);
void mq_advice_free(MqAdvice *advice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqAdvice, mq_advice_free)

/* Reads flows (trusted reports only), labels and the number of reports of the window. @also: (nullable):
 * sees each flow too. */
gboolean mq_advice_read(MqAdvice *advice, MqStore *store, MqFlowFunc also, gpointer ctx, GError **error);

/* %FALSE while answers are wanted; then all but the advice itself is there. */
gboolean mq_advice_settle(MqAdvice *advice, MqAnswers *answers);

/* Judges and recommends; after mq_advice_settle(). */
void mq_advice_decide(MqAdvice *advice);

/**
 * mq_advice_consult:
 * @resolver: (nullable): nobody can be asked
 *
 * Has all answers filled in, then decides. What was not answered is unknown, and the advice says so.
 *
 * Returns: %FALSE with %MQ_ERROR_DNS when DNS cannot be reached at all; the advice is complete all the same
 */
gboolean mq_advice_consult(MqAdvice *advice, MqAnswers *answers, MqResolver *resolver, GError **error);

/* MqWhomFunc: @ctx is MqAdvice */
MqDmarcWhom mq_advice_whom(gpointer ctx, const char *header_from);

/* gates.c: fills ->gates for the step to @to; whether all are met. */
gboolean mq_gates_judge(MqAdvice *advice, MqPolicy to, const MqImpact *impact);
/* actions.c: fills ->actions. */
void mq_actions_rank(MqAdvice *advice);

#endif
