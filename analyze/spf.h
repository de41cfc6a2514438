/* SPF (RFC 7208), in two steps that explain themselves: a record is parsed into terms; a sender is
 * evaluated against what DNS says, into a tree of what each term did. A pure function of answers.
 *
 * What RFC 7208 leaves open is decided so: a name that DNS cannot have (empty or long label after
 * expansion) exists not; a term counts as one void lookup when what it asks first finds nothing
 * (for mx: no MX, or hosts without any address); %{p} counts as a lookup of its term. */
#ifndef MQ_ANALYZE_SPF_H
#define MQ_ANALYZE_SPF_H

#include "analyze/answers.h"
#include "ingest/report.h"

#define MQ_SPF_LOOKUPS 10 /* RFC 7208 section 4.6.4; the 11th is a permerror */
#define MQ_SPF_VOIDS   2
#define MQ_SPF_HOSTS   10 /* of one mx (more: permerror) or ptr (more: ignored) */

/* ------------------------------------------------------------------- records */

#define MQ_SPF_TERMS(ROW) \
	ROW(ALL, "all") ROW(INCLUDE, "include") ROW(A, "a") ROW(MX, "mx") ROW(PTR, "ptr") ROW(IP4, "ip4") \
	ROW(IP6, "ip6") ROW(EXISTS, "exists") ROW(REDIRECT, "redirect") ROW(EXP, "exp") \
	ROW(OTHER, "") /* a modifier that nobody knows: ignored */

#define MQ_SPF_TERM_ENUM(name, word) MQ_SPF_##name,
typedef enum { MQ_SPF_TERMS(MQ_SPF_TERM_ENUM) MQ_SPF_TERM_N } MqSpfTermKind;

typedef struct {
	MqSpfTermKind kind;
	char qualifier;           /* + - ~ ?; 0 for a modifier */
	char *text;               /* as it was written */
	guint at;                 /* its first byte in the record, from 0 */
	char *spec;               /* (nullable) the domain-spec, macros and all */
	MqBlock block;            /* ip4, ip6 */
	guint8 prefix4, prefix6;  /* a, mx; 32 and 128 when not said */
} MqSpfTerm;

typedef struct {
	char *text;
	GPtrArray *terms;          /* MqSpfTerm *, as far as they could be read */
	const MqSpfTerm *redirect; /* (nullable) borrowed from terms */
	const MqSpfTerm *exp;      /* (nullable) */
	char *problem;             /* (nullable) the first syntax error, visible text: the record is a permerror */
	guint problem_at;          /* where, from 0 */
} MqSpfRecord;

/* Whether a TXT record is meant as SPF: "v=spf1" in any case, then a space or nothing. */
gboolean mq_spf_is_record(const char *text);
/* Never %NULL: see problem. @text begins with v=spf1. (transfer full) */
MqSpfRecord *mq_spf_record_parse(const char *text);
void mq_spf_record_free(MqSpfRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSpfRecord, mq_spf_record_free)

/* Whether "all" is among its terms: a redirect is then ignored (RFC 7208 section 6.1). */
gboolean mq_spf_record_has_all(const MqSpfRecord *record);

/* What a qualifier says when its mechanism matches. */
MqResult mq_spf_qualifier_result(char qualifier);

/* ------------------------------------------------------------------- the tree */

typedef enum {
	MQ_SPF_NOT_REACHED, /* an earlier term decided */
	MQ_SPF_NO_MATCH,
	MQ_SPF_MATCH,
	MQ_SPF_ERROR,       /* ended the evaluation; see problem */
	MQ_SPF_WALKED,      /* surveyed: matches some addresses */
} MqSpfState;

/* "not-reached", "no-match", "match", "error", "walked" */
const char *mq_spf_state_word(MqSpfState state);

/* What one term did. */
typedef struct {
	MqSpfTermKind kind;
	char *text;           /* the term */
	guint at;             /* its first byte in its record */
	char *target;         /* (nullable) the name it asked for, macros expanded */
	MqSpfState state;
	MqResult result;      /* include, redirect: what the record there says; else absent */
	guint lookups;        /* with all below */
	guint void_lookups;
	char *problem;        /* (nullable) visible text */
	char *record;         /* (nullable) include, redirect: the record there */
	GPtrArray *addresses; /* (nullable) char *: a, mx: what it stands for, as blocks; at most MQ_SPF_NODE_ADDRESSES */
	GPtrArray *children;  /* MqSpfNode *: include, redirect: the terms there */
} MqSpfNode;

#define MQ_SPF_NODE_ADDRESSES 50
#define MQ_SPF_NODES          500 /* of one record; further terms are evaluated, not told */

/* ------------------------------------------------------------------- evaluation */

typedef struct {
	MqAddress ip;
	const char *sender;   /* "user@example.com", a domain, or "" and "<>" for the null sender */
	const char *helo;     /* (nullable) */
	const char *receiver; /* (nullable) %{r}; "unknown" */
	gint64 now_s;         /* %{t} */
} MqSpfQuery;

typedef struct {
	MqResult result;      /* none neutral pass fail softfail temperror permerror */
	char *domain;         /* that was checked; normalized */
	char *record;         /* (nullable) its SPF record */
	char *matched;        /* (nullable) the term that decided; of the redirect's record if that decided */
	char *explanation;    /* (nullable) the domain's own, on fail only; any text: mq_text_visible() */
	char *problem;        /* (nullable) why it is a temperror or permerror, visible text */
	guint lookups, void_lookups;
	GPtrArray *tree;      /* MqSpfNode *: the record's terms */
} MqSpfCheck;

/**
 * mq_spf_check:
 * @out: (out) (transfer full): set on %TRUE only
 *
 * Source: RFC 7208 check_host()
 *
 * Returns: %FALSE while answers are wanted. All that the record can need is wanted together, as far
 *   as it is known and within the limits.
 */
gboolean mq_spf_check(MqAnswers *answers, const MqSpfQuery *query, MqSpfCheck **out);

/* The addresses, of one family, that go the very same way through the records as the one that was
 * evaluated: they meet the same terms with the same outcome, want the same answers, get the same result. */
typedef struct {
	MqAddress first, last;
} MqSpfReach;

/**
 * mq_spf_check_reach:
 * @reach: (out): set in any case, so also while answers are wanted; where a term depends on the address
 *   itself (ptr, %{i}, %{p}), it is that address alone
 *
 * mq_spf_check() without the explanation, which may depend on the address.
 */
gboolean mq_spf_check_reach(MqAnswers *answers, const MqSpfQuery *query, MqSpfReach *reach, MqSpfCheck **out);
void mq_spf_check_free(MqSpfCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSpfCheck, mq_spf_check_free)

#endif
