/* Questions and answers: the seam between what thinks and what asks.
 *
 * A function that needs DNS asks the answers. What is not there yet becomes *wanted* and the
 * function goes on, so that all it can know to ask is wanted at once; then it returns "not
 * complete". Whoever called it has what is wanted filled in (analyze/resolver.h) and calls again.
 *
 *     const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, "_dmarc.example.com");
 *
 *     if (txt == NULL)
 *             return FALSE; // wanted from now on
 *
 * Each question is asked once in the life of an MqAnswers, whoever wants it. */
#ifndef MQ_ANALYZE_ANSWERS_H
#define MQ_ANALYZE_ANSWERS_H

#include <glib.h>

#include "ingest/address.h"

/* A row: enum name, the word for it (in the database: MqDnsSeen.type). */
#define MQ_ASKS(ROW) \
	ROW(A, "A") ROW(AAAA, "AAAA") ROW(MX, "MX") ROW(TXT, "TXT") ROW(PTR, "PTR") ROW(CNAME, "CNAME") \
	ROW(CAA, "CAA") ROW(TLSA, "TLSA") ROW(NS, "NS") ROW(SOA, "SOA") \
	ROW(STS_POLICY, "STS-POLICY") /* https://mta-sts.NAME/.well-known/mta-sts.txt: one record, its text */ \
	ROW(PROBE, "PROBE")           /* an SMTP server, name "domain host": one record, its text */

#define MQ_ASK_ENUM(name, word) MQ_ASK_##name,
typedef enum { MQ_ASKS(MQ_ASK_ENUM) MQ_ASK_N } MqAsk;

/* Sets of MqAsk, for who fills what. */
#define MQ_ASK_BIT(ask) (1u << (ask))
#define MQ_ASK_DNS      (MQ_ASK_BIT(MQ_ASK_STS_POLICY) - 1)

/* "TXT" */
const char *mq_ask_word(MqAsk ask);
gboolean mq_ask_parse(const char *word, MqAsk *ask);

/* What became of a question. An unknown is never read as "there is none". */
typedef enum {
	MQ_ANSWER_FOUND,   /* at least one record */
	MQ_ANSWER_NO_NAME, /* the name does not exist (NXDOMAIN) */
	MQ_ANSWER_NO_DATA, /* the name exists, without a record of this type */
	MQ_ANSWER_UNKNOWN, /* time-out, SERVFAIL, REFUSED, malformed, over a limit, not asked: see why */
} MqOutcome;

/* "found", "no-name", "no-data", "unknown" */
const char *mq_outcome_word(MqOutcome outcome);
gboolean mq_outcome_parse(const char *word, MqOutcome *outcome);

/* One record of an answer. @text is always there and says all; the rest is for its types.
 *
 * | type       | text                                     | also set                          |
 * | A AAAA     | canonical address                        | address                           |
 * | MX         | "10 mx.example.com", null MX: "0 ."      | preference, host                  |
 * | TXT        | the strings, joined with nothing between | -                                 |
 * | PTR CNAME NS | "host.example.com"                     | host                              |
 * | CAA        | "0 issue \"ca.example\""                 | flags, tag (lower case), value    |
 * | TLSA       | "3 1 1 0123abcd…"                        | usage, selector, matching, value (hex) |
 * | SOA        | "ns.example. … 7 numbers"                | host (the primary)                |
 * | STS_POLICY PROBE | what its resolver says             | -                                 |
 *
 * Hosts are lower case without a final dot; the root is ".". A byte that no host name has is
 * written as in a zone file (\032). All text is valid UTF-8: a NUL or a bad byte of a TXT became
 * U+FFFD, so that SPF still sees "not ASCII". It may hold control characters: mq_text_visible(). */
typedef struct {
	char *text;
	MqAddress address;
	char *host;  /* (nullable) */
	char *tag;   /* (nullable) */
	char *value; /* (nullable) */
	guint16 preference;
	guint8 flags;
	guint8 usage, selector, matching;
} MqDnsRecord;

void mq_dns_record_free(MqDnsRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqDnsRecord, mq_dns_record_free)
/**
 * mq_dns_record_parse:
 * @text: as in the table above
 *
 * Returns: (transfer full) (nullable): %NULL when @text is no record of that type
 */
MqDnsRecord *mq_dns_record_parse(MqAsk ask, const char *text);

typedef struct {
	MqAsk ask;
	char *name;         /* lower case, no final dot */
	MqOutcome outcome;
	char *why;          /* (nullable) a finished phrase: "time-out after 3 tries"; always set when unknown */
	GPtrArray *records; /* MqDnsRecord *; MX by preference, all by their text: servers turn them */
	GPtrArray *aliases; /* char *: the CNAMEs that were followed, in order; the last one has the records */
	guint32 ttl_s;      /* smallest on the way; 0 when not known */
	gint64 asked_s;     /* when it was answered (for a stored answer: last seen); MQ_TIME_ABSENT if not known */
} MqAnswer;

/* An answer without records; asked_s absent. @why (nullable) is copied. Both: (transfer full) */
MqAnswer *mq_answer_new(MqAsk ask, const char *name, MqOutcome outcome, const char *why);
MqAnswer *mq_answer_copy(const MqAnswer *answer);
void mq_answer_free(MqAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqAnswer, mq_answer_free)

typedef struct MqAnswers MqAnswers;

MqAnswers *mq_answers_new(void);
void mq_answers_free(MqAnswers *answers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqAnswers, mq_answers_free)

/**
 * mq_answers_get:
 * @name: any case, a final dot is ignored
 *
 * A name that DNS cannot have (empty label, label over 63 bytes, name over 253, control character)
 * is answered at once: no such name. Beyond MQ_LIMIT_DNS_RUN questions, and after long waits, the
 * answer is unknown.
 *
 * Returns: (nullable): the answer, valid until mq_answers_expire() or the end of @answers; %NULL: it
 *   is wanted from now on
 */
const MqAnswer *mq_answers_get(MqAnswers *answers, MqAsk ask, const char *name);

/* The answer if it is there; wants nothing. (nullable) */
const MqAnswer *mq_answers_peek(const MqAnswers *answers, MqAsk ask, const char *name);

/* Whether a name can be asked for; see mq_answers_get(). */
gboolean mq_answers_is_name(const char *name);

/* ------------------------------------------------------------------ filling in */

typedef struct {
	MqAsk ask;
	char *name;
} MqQuestion;

/**
 * mq_answers_wanted:
 * @kinds: MQ_ASK_BIT()s
 *
 * Returns: (transfer container): const MqQuestion *, in the order in which they were first wanted;
 *   each is valid until it is answered
 */
GPtrArray *mq_answers_wanted(const MqAnswers *answers, guint kinds);

/* Whether anything of @kinds is wanted. */
gboolean mq_answers_want(const MqAnswers *answers, guint kinds);

/* Answers a question, wanted or not; replaces nothing: of two answers the first stays. When all
 * answers together exceed MQ_LIMIT_DNS_BYTES, it is kept as unknown without its records. */
void mq_answers_put(MqAnswers *answers, MqAnswer *answer /* (transfer full) */);

/* What is still wanted of @kinds becomes unknown because of @why: so that a loop ends. */
void mq_answers_give_up(MqAnswers *answers, guint kinds, const char *why);

/**
 * mq_answers_put_texts:
 * @texts: (array zero-terminated=1): records as in the table of MqDnsRecord; none: no data
 *
 * For tests and stored answers. A text that cannot be parsed makes the answer unknown.
 */
void mq_answers_put_texts(MqAnswers *answers, MqAsk ask, const char *name, const char *const *texts);

/* Adds time that was spent waiting for answers. Over MQ_LIMIT_DNS_WAIT_S, and a little for each
 * answer, what is not there yet is unknown at once: a domain whose servers are slow on purpose holds
 * nobody up for long. */
void mq_answers_add_wait(MqAnswers *answers, gint64 waited_us);
/* A shorter limit, for who would rather know less than wait. */
void mq_answers_limit_wait(MqAnswers *answers, gint64 most_us);
/* What is left of that time. */
gint64 mq_answers_wait_left(const MqAnswers *answers);

/* Drops what is older than its TTL (a run that lasts); negative and unknown answers after 5 minutes. */
void mq_answers_expire(MqAnswers *answers, gint64 now_s);

/* All answers, in the order in which they came. (transfer container): const MqAnswer * */
GPtrArray *mq_answers_list(const MqAnswers *answers);

#endif
