/* Checks: facts in, findings out. A family is a file of analyze/checks/; it ends in its row, and each
 * finding id is a row with a function in it. To add a family: a file, and a word in MQ_CHECKS.
 *
 * Three rules: no answer is a finding of severity "unknown" and never reads as "there is none"; the
 * record of a finding is valid and can be published as it stands; the advice is today's. */
#ifndef MQ_ANALYZE_CHECKS_H
#define MQ_ANALYZE_CHECKS_H

#include "analyze/facts.h"

/* In order of gravity; _UNKNOWN stands beside it: a check that could not be made. */
#define MQ_SEVERITIES(ROW) \
	ROW(OK, "ok") ROW(INFO, "info") ROW(LOW, "low") ROW(MEDIUM, "medium") ROW(HIGH, "high") \
	ROW(CRITICAL, "critical") ROW(UNKNOWN, "unknown")

#define MQ_SEVERITY_ENUM(name, word) MQ_SEVERITY_##name,
typedef enum { MQ_SEVERITIES(MQ_SEVERITY_ENUM) MQ_SEVERITY_N } MqSeverity;

const char *mq_severity_word(MqSeverity severity);
/* %FALSE when there is no such word. */
gboolean mq_severity_parse(const char *word, MqSeverity *severity);

typedef struct MqFindings MqFindings;
typedef struct MqFindingKind MqFindingKind;

struct MqFindingKind {
	const char *id;        /* never changes its meaning */
	MqSeverity severity;   /* the usual one */
	const char *title;     /* what is wrong, in plain words */
	const char *reference; /* RFC and section */
	void (*find)(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out);
};

typedef struct {
	const MqFindingKind *kind; /* (nullable) of an "ok" of a whole family */
	const char *id;
	const char *title;
	const char *reference;
	MqSeverity severity;
	char *subject;         /* the name it is about */
	char *detail;          /* sentences: what it means here */
	GPtrArray *evidence;   /* char *: what was seen */
	char *fix;             /* (nullable) a sentence: what to do */
	char *record;          /* (nullable) to publish, verbatim; the data of the DNS record */
	char *record_name;     /* (nullable) where */
	const char *record_type; /* (nullable) "TXT" */
} MqFinding;

void mq_finding_free(MqFinding *finding);

struct MqFindings {
	GPtrArray *list;       /* MqFinding * */
};

/* A finding of that kind on @subject; further fields are set by the caller. Borrowed. */
MqFinding *mq_findings_add(MqFindings *out, const MqFindingKind *kind, const char *subject);
/* The same, of severity unknown. @why: (nullable) */
MqFinding *mq_findings_unknown(MqFindings *out, const MqFindingKind *kind, const char *subject, const char *why);

/**
 * mq_findings_missing:
 * @state: of a record at the domain itself
 * @why: (nullable)
 *
 * Returns: (nullable): a finding to be filled in, where DNS says that the record is missing; %NULL where
 *   it is there, where nobody knows (said as unknown) and where there is no such domain (said by
 *   domain-missing)
 */
MqFinding *mq_findings_missing(MqFindings *out, const MqFindingKind *kind, const MqFacts *facts, MqFactState state,
                               const char *why);

/* Fields, set once. */
void mq_finding_detail(MqFinding *finding, const char *format, ...) G_GNUC_PRINTF(2, 3);
void mq_finding_fix(MqFinding *finding, const char *format, ...) G_GNUC_PRINTF(2, 3);
void mq_finding_evidence(MqFinding *finding, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* @type: static; @data: (transfer full) */
void mq_finding_record(MqFinding *finding, const char *name, const char *type, char *data);

typedef struct {
	const char *family;
	const MqFindingKind *kinds;
	guint n_kinds;
	const char *ok_id, *ok_title;
	/* (nullable) what is fine, for the "ok" of a family without any problem; NULL: nothing to say. (transfer full) */
	char *(*praise)(const MqFacts *facts);
} MqCheck;

#define MQ_CHECKS(ROW) ROW(spf) ROW(dkim) ROW(dmarc) ROW(destinations) ROW(mx) ROW(caa) ROW(tls) ROW(smtp)
#define MQ_CHECK_DECLARE(name) extern const MqCheck mq_check_##name;
MQ_CHECKS(MQ_CHECK_DECLARE)

extern const MqCheck *const mq_checks[];
extern const guint mq_checks_n;

/* All checks on a domain's facts, worst first, unknown ones after the problems, what is fine last.
 * (transfer full) */
MqFindings *mq_checks_run(const MqFacts *facts);
void mq_findings_free(MqFindings *findings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqFindings, mq_findings_free)

/* "private", "loopback": what an address is that nobody reaches from outside; %NULL: it is none of them.
 * Addresses for documentation count as reachable: nobody gives one to a host by mistake. */
const char *mq_checks_unreachable(const MqAddress *address);

/* What a domain that sends nothing publishes under _dmarc. (transfer full) */
char *mq_parked_dmarc(const char *old);

#endif
