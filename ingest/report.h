/* What a report says, whatever its dialect. What it does not say is absent here too: NULL, an
 * enum's _ABSENT, MQ_TIME_ABSENT, MQ_COUNT_ABSENT; never a default. All text is valid UTF-8 and
 * trimmed, at most MQ_LIMIT_FIELD_BYTES; it is still a stranger's (mq_text_visible() before a
 * terminal sees it). Domains are mq_domain_normalize()d. */
#ifndef MQ_INGEST_REPORT_H
#define MQ_INGEST_REPORT_H

#include "ingest/address.h"
#include "ingest/when.h"

#define MQ_COUNT_ABSENT (-1)
#define MQ_DIGEST_BYTES 32 /* SHA-256 */

/* Closed sets. 0 is absent; the last is what the standards do not list (a problem keeps the word).
 * The numbers are stored in databases: add at the end, before nothing else. */
#define MQ_WORDS_TYPE(ROW) ROW(AGGREGATE, "aggregate") ROW(FAILURE, "failure") ROW(TLS, "tls")
#define MQ_WORDS_DIALECT(ROW) \
	ROW(RFC7489, "rfc7489") ROW(RFC9990, "rfc9990") ROW(DRAFT, "draft") ROW(ARF, "arf") ROW(TEXT, "text") ROW(RFC8460, "rfc8460")
#define MQ_WORDS_POLICY(ROW) ROW(NONE, "none") ROW(QUARANTINE, "quarantine") ROW(REJECT, "reject") ROW(OTHER, "other")
#define MQ_WORDS_DISPOSITION(ROW) \
	ROW(NONE, "none") ROW(PASS, "pass") ROW(QUARANTINE, "quarantine") ROW(REJECT, "reject") ROW(OTHER, "other")
#define MQ_WORDS_MODE(ROW) ROW(RELAXED, "r") ROW(STRICT, "s") ROW(OTHER, "other")
#define MQ_WORDS_METHOD(ROW) ROW(PSL, "psl") ROW(TREEWALK, "treewalk") ROW(OTHER, "other")
#define MQ_WORDS_RESULT(ROW) \
	ROW(NONE, "none") ROW(PASS, "pass") ROW(FAIL, "fail") ROW(SOFTFAIL, "softfail") ROW(POLICY, "policy") \
	ROW(NEUTRAL, "neutral") ROW(TEMPERROR, "temperror") ROW(PERMERROR, "permerror") ROW(OTHER, "other")
#define MQ_WORDS_SCOPE(ROW) ROW(MFROM, "mfrom") ROW(HELO, "helo") ROW(OTHER, "other")
#define MQ_WORDS_REASON(ROW) \
	ROW(FORWARDED, "forwarded") ROW(SAMPLED_OUT, "sampled_out") ROW(TRUSTED_FORWARDER, "trusted_forwarder") \
	ROW(MAILING_LIST, "mailing_list") ROW(LOCAL_POLICY, "local_policy") ROW(POLICY_TEST_MODE, "policy_test_mode") \
	ROW(OTHER, "other")
#define MQ_WORDS_YES(ROW) ROW(NO, "n") ROW(YES, "y") ROW(OTHER, "other")

#define MQ_WORD_ENUM_TYPE(name, word) MQ_TYPE_##name,
#define MQ_WORD_ENUM_DIALECT(name, word) MQ_DIALECT_##name,
#define MQ_WORD_ENUM_POLICY(name, word) MQ_POLICY_##name,
#define MQ_WORD_ENUM_DISPOSITION(name, word) MQ_DISPOSITION_##name,
#define MQ_WORD_ENUM_MODE(name, word) MQ_MODE_##name,
#define MQ_WORD_ENUM_METHOD(name, word) MQ_METHOD_##name,
#define MQ_WORD_ENUM_RESULT(name, word) MQ_RESULT_##name,
#define MQ_WORD_ENUM_SCOPE(name, word) MQ_SCOPE_##name,
#define MQ_WORD_ENUM_REASON(name, word) MQ_REASON_##name,
#define MQ_WORD_ENUM_YES(name, word) MQ_YES_##name,

typedef enum { MQ_TYPE_ABSENT, MQ_WORDS_TYPE(MQ_WORD_ENUM_TYPE) MQ_TYPE_N } MqReportType;
typedef enum { MQ_DIALECT_ABSENT, MQ_WORDS_DIALECT(MQ_WORD_ENUM_DIALECT) MQ_DIALECT_N } MqDialect;
typedef enum { MQ_POLICY_ABSENT, MQ_WORDS_POLICY(MQ_WORD_ENUM_POLICY) MQ_POLICY_N } MqPolicy;
typedef enum { MQ_DISPOSITION_ABSENT, MQ_WORDS_DISPOSITION(MQ_WORD_ENUM_DISPOSITION) MQ_DISPOSITION_N } MqDisposition;
typedef enum { MQ_MODE_ABSENT, MQ_WORDS_MODE(MQ_WORD_ENUM_MODE) MQ_MODE_N } MqAlignmentMode;
typedef enum { MQ_METHOD_ABSENT, MQ_WORDS_METHOD(MQ_WORD_ENUM_METHOD) MQ_METHOD_N } MqDiscoveryMethod;
typedef enum { MQ_RESULT_ABSENT, MQ_WORDS_RESULT(MQ_WORD_ENUM_RESULT) MQ_RESULT_N } MqResult;
typedef enum { MQ_SCOPE_ABSENT, MQ_WORDS_SCOPE(MQ_WORD_ENUM_SCOPE) MQ_SCOPE_N } MqScope;
typedef enum { MQ_REASON_ABSENT, MQ_WORDS_REASON(MQ_WORD_ENUM_REASON) MQ_REASON_N } MqReasonType;
typedef enum { MQ_YES_ABSENT, MQ_WORDS_YES(MQ_WORD_ENUM_YES) MQ_YES_N } MqYes;

/* A closed set with its words, for parsers, stores and printers alike. */
typedef struct {
	const char *name;          /* "disposition" */
	const char *const *words;  /* [0] is NULL: absent */
	guint n;
} MqWords;
extern const MqWords mq_words_type, mq_words_dialect, mq_words_policy, mq_words_disposition, mq_words_mode,
	mq_words_method, mq_words_result, mq_words_scope, mq_words_reason, mq_words_yes;

/* The word of @value; NULL for absent (and for a number that is none of the set). */
const char *mq_word(const MqWords *words, guint value);
/* The value of @word, any case; 0 when the set has no such word. */
guint mq_word_parse(const MqWords *words, const char *word);

typedef struct {
	char *domain;       /* (nullable) d= */
	char *selector;     /* (nullable) s=; "" when the report says it is empty */
	MqResult result;
	char *human_result; /* (nullable) */
} MqDkimResult;

typedef struct {
	char *domain; /* (nullable) */
	MqScope scope;
	MqResult result;
	char *human_result; /* (nullable) */
} MqSpfResult;

typedef struct {
	MqReasonType type;
	char *type_text; /* (nullable) the word, when it is none of the standards' */
	char *comment;   /* (nullable) */
} MqReason;

/* One row of an aggregate report. All it points to lives in the batch. */
typedef struct {
	MqAddress source;
	char *source_text;  /* (nullable) what stands there, when it is not an address */
	gint64 count;       /* messages, or MQ_COUNT_ABSENT */
	MqDisposition disposition;
	MqResult dkim;      /* aligned result (policy_evaluated): PASS, FAIL, ABSENT or OTHER */
	MqResult spf;
	char *header_from;   /* (nullable) */
	char *envelope_from; /* (nullable) "" is the null sender, said so by the report */
	char *envelope_to;   /* (nullable) */
	MqReason *reasons;
	guint n_reasons;
	MqDkimResult *auth_dkim;
	guint n_auth_dkim;
	MqSpfResult *auth_spf;
	guint n_auth_spf;
} MqRecord;

/* PASS when either aligned result is, FAIL when both say so or one does and the other is absent,
 * ABSENT when the report says neither. */
MqResult mq_record_dmarc(const MqRecord *record);

/* SHA-256 over the canonical form of one row, to tell which rows of a variant are new. The form:
 * store/README.md. */
void mq_record_digest(const MqRecord *record, guint8 digest[MQ_DIGEST_BYTES]);

/* Up to MQ_LIMIT_BATCH_RECORDS records, and MQ_LIMIT_ROWS more, with the memory that holds their text. Not reference
 * counted, not shared between threads; a repeated name is stored once. */
typedef struct {
	GPtrArray *records; /* MqRecord * */
	/* private: where they and what they point to are */
	GStringChunk *text;
	GPtrArray *blocks;
	gsize block_left;   /* bytes of the last block */
} MqBatch;

MqBatch *mq_batch_new(void);
void mq_batch_free(MqBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqBatch, mq_batch_free)
/* A new record, all absent, at the end of the batch. */
MqRecord *mq_batch_add(MqBatch *batch);
/* A copy of @n bytes that lives as long as the batch; NULL for 0. */
gpointer mq_batch_copy(MqBatch *batch, gconstpointer bytes, gsize n);
/* @text in the batch; NULL stays NULL. */
char *mq_batch_text(MqBatch *batch, const char *text);

typedef struct {
	char *domain; /* (nullable) */
	MqPolicy p, sp, np;
	MqAlignmentMode adkim, aspf;
	gint pct; /* -1 absent */
	MqYes testing;
	MqDiscoveryMethod discovery_method;
	char *fo; /* (nullable) */
} MqPolicyPublished;

/* Whether a failure report is the complaint of a person (abuse, fraud, not-spam …, RFC 5965) and no mail that failed to
 * authenticate. @feedback_type: (nullable) */
gboolean mq_feedback_is_complaint(const char *feedback_type);

/* A failure (ruf) report. Of the mail that failed only these fields are kept, never its body. */
typedef struct {
	char *feedback_type;       /* (nullable) "auth-failure" */
	char *user_agent;          /* (nullable) */
	gint64 arrival_s;          /* when the failed mail arrived */
	MqAddress source;
	char *source_text;         /* (nullable) when it is not an address */
	char *reported_domain;     /* (nullable) */
	GPtrArray *auth_failure;   /* char *: dmarc, spf, signature …, in order */
	char *delivery_result;     /* (nullable) */
	char *identity_alignment;  /* (nullable) recomputed, RFC 9991's sense: "none", or what failed: "dkim", "spf", "dkim,spf" */
	char *identity_alignment_said; /* (nullable) the field, as it stands */
	char *auth_results;        /* (nullable) Authentication-Results of the report */
	gint64 incidents;          /* MQ_COUNT_ABSENT when not said */
	char *original_mail_from;  /* (nullable) an address, "" for the null sender */
	char *original_rcpt_to;    /* (nullable) */
	char *header_from;         /* (nullable) the From field of the failed mail */
	char *subject;             /* (nullable) */
	char *message_id;          /* (nullable) without < > */
	char *dkim_domain;         /* (nullable) */
	char *dkim_selector;       /* (nullable) */
	char *dkim_identity;       /* (nullable) */
	char *spf_dns;             /* (nullable) */
} MqFailure;

typedef struct {
	char *result_type; /* as the reporter writes it: the list is open (RFC 8460 section 4.3) */
	char *sending_mta; /* (nullable) canonical address text, or what stands there */
	char *receiving_mx;
	char *receiving_ip;
	char *helo;
	gint64 sessions; /* MQ_COUNT_ABSENT */
	char *information;
	char *reason_code;
} MqTlsFailure;

typedef struct {
	char *domain;      /* (nullable) */
	char *policy_type; /* (nullable) sts, tlsa, no-policy-found, or another */
	GPtrArray *policy_strings; /* char * */
	GPtrArray *mx_hosts;       /* char * */
	gint64 sessions_ok, sessions_failed; /* MQ_COUNT_ABSENT */
	GPtrArray *failures;       /* MqTlsFailure * */
} MqTlsPolicy;

typedef struct {
	MqReportType type;
	MqDialect dialect;
	char *reporter;      /* (nullable) org_name; for a failure report its Reporting-MTA or From domain */
	char *email;         /* (nullable) */
	char *extra_contact; /* (nullable) */
	char *report_id;     /* (nullable) */
	char *generator;     /* (nullable) */
	GPtrArray *errors;   /* char *: the reporter's <error> texts */
	gint64 begin_s, end_s;
	MqPolicyPublished policy; /* aggregate; its domain is every type's: what `marque reports` lists */
	guint64 n_records;   /* rows, also those that are poured again later */
	guint64 n_messages;  /* sum of the counts that are there */
	GPtrArray *batches;  /* MqBatch *: the records, in order; empty when MqMessage.records_follow */
	MqFailure *failure;  /* type FAILURE only */
	GPtrArray *tls;      /* MqTlsPolicy *, type TLS only */
	char *part;          /* where in the message: "mail/report.zip/report.xml"; visible text */
	guint8 digest[MQ_DIGEST_BYTES]; /* of the parsed content: see mq_report_seal() */
} MqReport;

MqReport *mq_report_new(MqReportType type);
void mq_report_free(MqReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqReport, mq_report_free)
MqTlsPolicy *mq_tls_policy_new(void);
void mq_tls_policy_free(MqTlsPolicy *policy);
void mq_tls_failure_free(MqTlsFailure *failure);

/**
 * MqDigestSum:
 *
 * The sum of record digests modulo 2^256: the order of rows does not matter, and none need be held
 * for the report to be known.
 */
typedef struct {
	guint8 bytes[MQ_DIGEST_BYTES];
} MqDigestSum;
void mq_digest_sum_add(MqDigestSum *sum, const guint8 digest[MQ_DIGEST_BYTES]);

/**
 * mq_report_seal:
 * @records: (nullable): the sum of the digests of all its records
 *
 * Sets @report->digest: SHA-256 over the canonical form of all that the report says, part names and
 * problems left out. Two reports are duplicates if and only if their digests agree.
 */
void mq_report_seal(MqReport *report, const MqDigestSum *records);

#endif
