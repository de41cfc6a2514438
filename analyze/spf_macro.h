/* Macros of SPF (RFC 7208 section 7): checked before they are expanded, expanded from plain values. */
#ifndef MQ_ANALYZE_SPF_MACRO_H
#define MQ_ANALYZE_SPF_MACRO_H

#include "ingest/address.h"

/* What the letters stand for. */
typedef struct {
	const char *sender;        /* s: local@domain */
	const char *local;         /* l */
	const char *sender_domain; /* o */
	const char *domain;        /* d: the record's */
	const char *helo;          /* h */
	const char *validated;     /* p */
	const char *receiver;      /* r */
	MqAddress ip;              /* i, v, c */
	gint64 now_s;              /* t */
} MqSpfMacros;

/* Why @text is no macro-string; %NULL: it is one. %{c} %{r} %{t} only @in_text of an explanation. */
const char *mq_spf_macro_problem(const char *text, gboolean in_text);
/* Why @text is no domain-spec. */
const char *mq_spf_spec_problem(const char *text);

/* Whether it has a macro of one of these letters (lower case). */
gboolean mq_spf_macro_uses(const char *text, const char *letters);

/* Both take what passed the checks above. */
char *mq_spf_macro_expand(const char *text, const MqSpfMacros *values);
/* A name as DNS has it: no final dot, at most 253 bytes (labels are dropped on the left), a
 * backslash written as two. */
char *mq_spf_macro_expand_name(const char *spec, const MqSpfMacros *values);

#endif
