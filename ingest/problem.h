/* The loss ledger: everything that was odd, repaired, dropped or refused, in words that a script
 * can match (code) and words that a person can read (reason). */
#ifndef MQ_INGEST_PROBLEM_H
#define MQ_INGEST_PROBLEM_H

#include <glib.h>

/* A row: enum name, code as it stands in JSON and in the database. A code never changes its meaning. */
#define MQ_PROBLEMS(ROW) \
	/* the message and its containers */ \
	ROW(UNREADABLE, "unreadable")                  /* the file could not be read at all */ \
	ROW(EMPTY, "empty")                            /* nothing in it */ \
	ROW(TOO_LARGE, "too-large")                    /* over a limit of limits.h */ \
	ROW(TOO_DEEP, "too-deep") \
	ROW(TOO_MANY_PARTS, "too-many-parts") \
	ROW(BOMB, "decompression-bomb") \
	ROW(ARCHIVE_BROKEN, "archive-broken")          /* cut, damaged, bad checksum */ \
	ROW(ARCHIVE_UNSUPPORTED, "archive-unsupported") \
	ROW(TRAILING_BYTES, "trailing-bytes")          /* after the end of a gzip, ignored */ \
	ROW(MIME_BROKEN, "mime-broken") \
	ROW(NO_REPORT, "no-report")                    /* claims a report and holds none */ \
	ROW(AFTER_FAILED, "after-failed")              /* stored, yet what --after says could not be done */ \
	/* XML and JSON */ \
	ROW(XML_BROKEN, "xml-broken")                  /* not well-formed: repaired, or nothing to save */ \
	ROW(XML_TRUNCATED, "xml-truncated")            /* ends in the middle */ \
	ROW(XML_FORBIDDEN, "xml-forbidden")            /* DOCTYPE, entities */ \
	ROW(ENCODING, "encoding")                      /* bytes that the declared encoding does not have */ \
	ROW(JSON_BROKEN, "json-broken") \
	ROW(FIELD_TRUNCATED, "field-truncated")        /* a text over the limit was cut */ \
	/* what a report says */ \
	ROW(REPORT_INCOMPLETE, "report-incomplete")    /* lacks what a report cannot be without */ \
	ROW(NO_RECORDS, "no-records") \
	ROW(VALUE_ODD, "value-odd")                    /* a value outside the standard's set */ \
	ROW(VALUE_MISSING, "value-missing")            /* required, yet not said */ \
	ROW(ELEMENT_REPEATED, "element-repeated")      /* the first one counts */ \
	ROW(TIME_ODD, "time-odd") \
	ROW(COUNT_ODD, "count-odd")                    /* no number, negative, or beyond belief: kept as absent */ \
	ROW(ADDRESS_ODD, "address-odd")                /* source_ip is no IP address: its text is kept */ \
	ROW(RECORD_DROPPED, "record-dropped") \
	ROW(RESULT_CONTRADICTORY, "result-contradictory") /* policy_evaluated disagrees with auth_results */ \
	ROW(COUNT_MISMATCH, "count-mismatch")          /* TLS: totals are not the sum of the details */ \
	ROW(REPORT_VARIANT, "report-variant")          /* same id, domain and period, other content */ \
	ROW(SENDER_DIFFERS, "sender-differs")          /* the mail and the report disagree on who sends, or about whom */ \
	ROW(FORGERY_SUSPECTED, "forgery-suspected")    /* with evidence: the report counts for nothing */

#define MQ_PROBLEM_ENUM(name, code) MQ_PROBLEM_##name,
typedef enum { MQ_PROBLEMS(MQ_PROBLEM_ENUM) MQ_PROBLEM_N } MqProblemCode;

/* "xml-truncated" */
const char *mq_problem_code_word(MqProblemCode code);
/* FALSE when no code has that word (a database of a newer marque). */
gboolean mq_problem_code_parse(const char *word, MqProblemCode *code);

typedef struct {
	MqProblemCode code;
	char *reason;    /* a finished phrase, visible text, at most MQ_LIMIT_FIELD_BYTES */
	char *part;      /* (nullable) "report.zip/report.xml": where in the message; visible text */
	gint report;     /* which of the message's reports it is about; -1: none, or the message */
	gboolean stored; /* TRUE: repaired or noted, and the report is kept */
} MqProblem;

void mq_problem_free(MqProblem *problem);

/* The problems of one message. Equal ones (same code, part, report and reason) are kept once and
 * further ones beyond MQ_LIMIT_HELD_PROBLEMS are only counted, so that a hostile report of a million
 * odd rows stays small. */
typedef struct MqProblems MqProblems;

MqProblems *mq_problems_new(void);
void mq_problems_free(MqProblems *problems);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqProblems, mq_problems_free)

void mq_problems_add(MqProblems *problems, MqProblemCode code, gboolean stored, gint report,
                     const char *part, const char *format, ...) G_GNUC_PRINTF(6, 7);
/* In the order they were added; borrowed, const MqProblem *. */
guint mq_problems_count(const MqProblems *problems);
const MqProblem *mq_problems_get(const MqProblems *problems, guint i);
/* How many were added and not kept. */
guint64 mq_problems_left_out(const MqProblems *problems);

#endif
