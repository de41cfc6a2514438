/* Advice: may the domain go to the next policy, what would it lose, and what is to be fixed first.
 *
 * mq_advice_new() with the window, then flows by mq_sources_take() on ->sources, then
 * mq_advice_settle() until it has all answers; all of it pure but for what fills the answers. */
#ifndef MQ_ANALYZE_ADVISE_H
#define MQ_ANALYZE_ADVISE_H

#include "analyze/discovery.h"
#include "analyze/episodes.h"
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
	char *trouble;  /* what is wrong when it is not met, as a clause: "reports cover only 9 of 30 days" */
} MqGate;

/* What a step asks for: days, messages, shares from 0 to 1. Name, default for quarantine, for reject. Why:
 * RFC 9989 7.4 asks for a month of observation where people post to lists and forbids reject on SPF
 * alone; the other figures are the middle of what the field uses (two to four weeks, 95 to 99 % of the
 * owner's mail, no new sender for a week or two). */
#define MQ_REQUIREMENTS(ROW) \
	ROW(COVERAGE_DAYS, "coverage-days", 21, 21) \
	ROW(VOLUME, "volume", 50, 150)                     /* the owner's messages */ \
	ROW(REPORTERS, "reporters", 2, 2) \
	ROW(LOST_SHARE, "lost-share", 0.02, 0.01)          /* of the owner's mail */ \
	ROW(LOST_UPPER, "lost-upper", 0.06, 0.02)          /* its 95 % upper bound: for small numbers */ \
	ROW(DKIM_SHARE, "dkim-share", 0.50, 0.90)          /* of the owner's mail that passes */ \
	ROW(NEW_DAYS, "new-sender-days", 14, 14) \
	ROW(UNEXPLAINED_SHARE, "unexplained-share", 0.02, 0.01) /* of all but threats */ \
	ROW(STAGE_DAYS, "stage-days", 14, 21)              /* at the policy before */ \
	ROW(LIST_SHARE, "list-share", 1, 0.01)             /* of the owner's and forwarded mail, by mailing lists */
#define MQ_REQUIREMENT_ENUM(name, word, quarantine, reject) MQ_REQUIRE_##name,
typedef enum { MQ_REQUIREMENTS(MQ_REQUIREMENT_ENUM) MQ_REQUIRE_N } MqRequirement;

typedef struct {
	double quarantine[MQ_REQUIRE_N], reject[MQ_REQUIRE_N];
} MqRequirements;

void mq_requirements_default(MqRequirements *requirements);
/* @text: "NAME=NUMBER" for both steps, "reject.NAME=NUMBER" for one. %FALSE with %MQ_ERROR_USAGE. */
gboolean mq_requirements_set(MqRequirements *requirements, const char *text, GError **error);

typedef struct {
	const char *id; /* authorise-in-spf, enable-dkim, … */
	char *sender;   /* (nullable) */
	char *title, *fix;
	char *record;   /* (nullable) to publish, verbatim */
	gint64 recovers;
	MqEpisode episode; /* when what it is about failed; its since_s is MQ_TIME_ABSENT where that is not to be said */
} MqAction;

typedef struct {
	char *domain;
	gint64 since_s, until_s;
	MqPolicy goal;              /* REJECT, or QUARANTINE when that is the last step */
	MqRequirements need;        /* the defaults; to be changed before mq_advice_decide() */
	MqSources *sources;
	gint64 reports;
	gint64 suspicious_reports;  /* left out of all this */
	GPtrArray *labels;          /* MqLabel * */
	/* what DNS says */
	gboolean answered;          /* of the DMARC record */
	MqDmarcAt *at;              /* the domain's own record(s) */
	MqDiscovery discovery;      /* what applies: RFC 9989 */
	char *problem;              /* (nullable) why no record applies */
	MqSpfCheck *spf;            /* (nullable) for an address that nothing in it matches: the whole record */
	gboolean takes_no_mail;     /* a null MX, or neither MX nor address */
	GHashTable *missing;        /* From domains below the domain that do not exist */
	GHashTable *elsewhere;      /* and those with a DMARC record of their own */
	/* advice */
	MqMoveAction action;
	MqPolicy to;
	gboolean testing;
	char *record, *why;
	MqDmarcRecord *candidate_quarantine, *candidate_reject; /* what the impacts are of */
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

/* Whether the advice is about that mail: its result is known, and no other record is for it. */
gboolean mq_advice_counts(const MqAdvice *advice, const MqStream *stream);
/* Whether nobody knows whose that mail is. Of mail whose result no report says, that is where nothing else is known of
 * its source either. */
gboolean mq_advice_is_unexplained(const MqAdvice *advice, const MqSource *source, const MqStream *stream);

/* The window under a candidate record, today: for mq_replay(), which may be asked more narrowly. */
MqReplay mq_advice_replay(MqAdvice *advice, const MqDmarcRecord *candidate);

/* gates.c: fills ->gates for the step to @to; whether all are met. */
gboolean mq_gates_judge(MqAdvice *advice, MqPolicy to, const MqImpact *impact);
/* actions.c: fills ->actions. */
void mq_actions_rank(MqAdvice *advice);

#endif
