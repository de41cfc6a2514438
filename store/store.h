/* store: keeps reports and answers questions about them.
 *
 * It decides what is a duplicate and what a variant, keeps the provenance of every report and the
 * ledger of what was odd, and fills the structs below. It knows no XML and no mail, and prints
 * nothing. Most callers need mq_store_open(), then mq_store_put()/mq_store_commit() or one of the
 * questions. The schema, for people who write their own SQL: store/README.md. */
#ifndef MQ_STORE_STORE_H
#define MQ_STORE_STORE_H

#include "ingest/ingest.h"

typedef struct MqStore MqStore;

typedef enum {
	MQ_STORE_READ,   /* the database must exist */
	MQ_STORE_WRITE,  /* made if it is not there; migrated if it is older */
} MqStoreMode;

/**
 * mq_store_open:
 * @location: a file path, in a directory that is there, or (later) clickhouse://…
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_STORE: not there, not a marque database, of a newer
 *   marque, read-only, locked: one line that says what to do
 */
MqStore *mq_store_open(const char *location, MqStoreMode mode, GError **error);
void mq_store_close(MqStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqStore, mq_store_close)

/* ------------------------------------------------------------------ writing */

typedef enum { MQ_PUT_NEW, MQ_PUT_DUPLICATE, MQ_PUT_VARIANT } MqPutOutcome;

typedef struct {
	gboolean known;            /* the very message was there already; nothing was put */
	guint reports[MQ_TYPE_N];  /* new reports (variants among them), by MqReportType */
	guint duplicates;
	guint variants;
	guint64 records;           /* rows stored that count */
	guint64 n_messages;        /* sum of their counts */
} MqPutResult;

/* What there is of a message of these bytes. Any thread. */
MqKnown mq_store_knows(MqStore *store, const guint8 sha256[MQ_DIGEST_BYTES]);

/* Puts one message with its reports, records and problems, all or nothing, into the open
 * transaction (begun when there is none). A variant adds a MQ_PROBLEM_REPORT_VARIANT to
 * @message->problems. A message that failed before is replaced. */
gboolean mq_store_put(MqStore *store, MqMessage *message, MqPutResult *result, GError **error);
gboolean mq_store_commit(MqStore *store, GError **error);

/* ---------------------------------------------------------------- questions */

/* What to look at. Zero or NULL means "any". A report belongs to a window by its begin, a failure report by
 * when its mail arrived (or was sent). */
typedef struct {
	const char *domain;    /* (nullable) header_from (or policy domain for reports): it and its subdomains */
	gboolean exact;        /* only @domain itself */
	gint64 since_s;        /* first second, or MQ_TIME_ABSENT */
	gint64 until_s;        /* first second after, or MQ_TIME_ABSENT */
	MqReportType type;
	guint limit;           /* rows; 0: all */
	gboolean untrusted_only, trusted_only;
	/* of mq_store_each_report() alone: */
	const char *reporter;  /* (nullable) part of its name, in any case */
	const MqBlock *source; /* (nullable) a failure report's source lies in it */
	const char *failed;    /* (nullable) a word of a failure report's Auth-Failure, or its Feedback-Type, in any case */
} MqFilter;
#define MQ_FILTER_ALL ((MqFilter){ .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT })

typedef struct {
	gint64 id;
	MqReportType type;
	MqDialect dialect;
	const char *reporter, *report_id, *domain; /* (nullable) */
	gint64 begin_s, end_s;
	gint64 n_records, n_messages; /* that count: rows of a variant that are there already do not */
	gboolean is_variant;
	const char *trust; /* (nullable) why it is suspicious; NULL: nothing speaks against it */
	const char *feedback_type; /* (nullable) of a failure report: mq_feedback_is_complaint() */
} MqReportRow;
typedef gboolean (*MqReportRowFunc)(gpointer ctx, const MqReportRow *row, GError **error);
/* Newest first (begin, then id). */
gboolean mq_store_reports(MqStore *store, const MqFilter *filter, MqReportRowFunc take, gpointer ctx, GError **error);
/* How many reports look forged, of those that @filter would take but for its trust. */
gboolean mq_store_count_suspicious(MqStore *store, const MqFilter *filter, gint64 *n, GError **error);

/* How many reports do not say when they begin, and so are in no window, of those that @filter would take but for its
 * own. */
gboolean mq_store_count_undated(MqStore *store, const MqFilter *filter, gint64 *n, GError **error);

/* Where a stored report came from. */
typedef struct {
	char *message_name, *message_id, *message_from, *part; /* (nullable) */
	char *authentication;  /* (nullable) what a trusted receiver found of the mail */
	char *message_sha256;  /* hex */
	gint64 ingested_s;
} MqProvenance;

typedef struct {
	gint64 id;
	MqReport *report;       /* but for its records: mq_store_report_records() */
	gint64 n_rows;          /* how many these are */
	GPtrArray *problems;    /* MqProblem * */
	GPtrArray *provenance;  /* MqProvenance *: the message that brought it first, then duplicates (up to 20) */
	char *trust;            /* (nullable) */
	gboolean is_variant;
} MqStoredReport;
void mq_stored_report_free(MqStoredReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqStoredReport, mq_stored_report_free)

/* The report with that id. NULL with MQ_ERROR_USAGE when there is none. (transfer full) */
MqStoredReport *mq_store_report(MqStore *store, gint64 id, GError **error);

/* @repeated: an earlier variant has that row, which is not counted again. @record lives during the call. */
typedef gboolean (*MqStoredRecordFunc)(gpointer ctx, const MqRecord *record, gboolean repeated, GError **error);
/* The records of an aggregate report, in order, up to @most (0: all of them); memory holds few of them at a time. */
gboolean mq_store_report_records(MqStore *store, gint64 id, guint most, MqStoredRecordFunc take, gpointer ctx,
                                 GError **error);

/* Sums over rows. */
typedef struct {
	gint64 messages, dmarc_pass, spf_aligned, dkim_aligned, quarantined, rejected;
	gint64 dmarc_unknown; /* of the messages: no result is reported, and none follows from what is */
	gint64 sources;   /* distinct */
	gint64 reporters; /* distinct */
	gint64 reports;   /* distinct */
	gint64 first_s, last_s; /* first begin, last end */
} MqTotals;

typedef enum {
	MQ_BY_SOURCE, MQ_BY_DOMAIN, MQ_BY_REPORTER, MQ_BY_SELECTOR, MQ_BY_DISPOSITION, MQ_BY_DAY, MQ_BY_WEEK, MQ_BY_MONTH,
	MQ_BY_NOTHING, /* one row: the total */
} MqBy;
typedef gboolean (*MqTotalsFunc)(gpointer ctx, const char *key, const MqTotals *totals, GError **error);
/* Keys: canonical address; header_from; reporter; "selector._domainkey.domain"; word; date (week: its
 * Monday; month: 2026-11). Most messages first; times in order. */
gboolean mq_store_totals(MqStore *store, const MqFilter *filter, MqBy by, MqTotalsFunc take, gpointer ctx, GError **error);
/* A row's part of its day, in any order; only the numbers of messages are set. */
typedef gboolean (*MqDayFunc)(gpointer ctx, gint64 day_s, const MqTotals *totals, GError **error);
gboolean mq_store_days(MqStore *store, const MqFilter *filter, MqDayFunc take, gpointer ctx, GError **error);

/* A flow: what a row says of mail, with what its report says about it. What analysis reads. Strings are
 * valid during the callback, except that equal auth sets have equal auth_id over one run of the question. */
typedef struct {
	MqAddress source;
	const char *source_text;   /* (nullable) when it is no address */
	const char *header_from, *envelope_from, *envelope_to; /* (nullable) */
	MqResult dkim, spf;        /* aligned, as reported; where neither is, what follows from the auth results */
	MqDisposition disposition;
	gint64 auth_id;
	const MqDkimResult *auth_dkim;
	guint n_auth_dkim;
	const MqSpfResult *auth_spf;
	guint n_auth_spf;
	const MqReason *reasons;
	guint n_reasons;
	const char *reporter;      /* (nullable) */
	const char *policy_domain; /* (nullable) */
	MqPolicy policy_p, policy_sp, policy_np;
	gint64 day_s;              /* begin of the report, to the UTC day */
	gint64 messages;
} MqFlow;
typedef gboolean (*MqFlowFunc)(gpointer ctx, const MqFlow *flow, GError **error);
/* In order of domain, begin, report and row. */
gboolean mq_store_flows(MqStore *store, const MqFilter *filter, MqFlowFunc take, gpointer ctx, GError **error);

/* Distinct policy domains in the window with totals. Where reports name none, the registrable domains of header_from,
 * those with most mail, with the totals of one of them. */
gboolean mq_store_policy_domains(MqStore *store, const MqFilter *filter, MqTotalsFunc take, gpointer ctx, GError **error);

/* Reports, newest first, as mq_store_report() has them. */
typedef gboolean (*MqStoredReportFunc)(gpointer ctx, const MqStoredReport *report, GError **error);
gboolean mq_store_each_report(MqStore *store, const MqFilter *filter, MqStoredReportFunc take, gpointer ctx, GError **error);

typedef struct {
	gint64 messages, reports[MQ_TYPE_N], records, n_messages, problems, failed_messages;
	gint64 undated; /* of the reports: mq_store_count_undated() */
	gint64 first_s, last_s, bytes;
	int schema_version;
} MqStatus;
gboolean mq_store_status(MqStore *store, MqStatus *status, GError **error);
/* Of that, failed_messages alone. */
gboolean mq_store_count_failed(MqStore *store, gint64 *n, GError **error);
/* key: reporter; totals: reports, messages, first_s, last_s. */
gboolean mq_store_reporters(MqStore *store, const MqFilter *filter, MqTotalsFunc take, gpointer ctx, GError **error);

typedef struct {
	gint64 reports[MQ_TYPE_N], records, messages;
} MqPruned;
/* Forgets reports that end before @before_s; with @type, only those. @dry_run only counts. The messages stay
 * known: reading them again brings nothing back. */
gboolean mq_store_prune(MqStore *store, gint64 before_s, MqReportType type, gboolean dry_run, MqPruned *pruned, GError **error);

/* -------------------------------------------------------------- labels, DNS */

/* What a person decided: @domain, @key (address, block or sender name) -> word. NULL word: taken back. */
gboolean mq_store_set_label(MqStore *store, const char *domain, const char *key, const char *word, gint64 now_s, GError **error);
typedef gboolean (*MqLabelFunc)(gpointer ctx, const char *domain, const char *key, const char *word, gint64 set_s, GError **error);
gboolean mq_store_labels(MqStore *store, const char *domain, MqLabelFunc take, gpointer ctx, GError **error);

/* DNS answers that mattered. A row is made when the answer differs from the newest one for that name
 * and type, else its last_seen is moved. @outcome: found, no-name, no-data; @data: JSON array of the
 * records' text, sorted. */
typedef struct {
	const char *domain, *name, *type, *outcome, *data;
	gint64 first_seen_s, last_seen_s;
} MqDnsSeen;
gboolean mq_store_put_dns(MqStore *store, const MqDnsSeen *seen, GError **error);
typedef gboolean (*MqDnsSeenFunc)(gpointer ctx, const MqDnsSeen *seen, GError **error);
/* @domain: the domain it was asked for (nullable: any); @name (nullable). Oldest first. */
gboolean mq_store_dns(MqStore *store, const char *domain, const char *name, MqDnsSeenFunc take, gpointer ctx, GError **error);

/* Small notes of ingest, such as how far a mailbox was read. *value NULL: none. (out) (transfer full) */
gboolean mq_store_get_mark(MqStore *store, const char *key, char **value, GError **error);
/* In the open transaction, if there is one: lasting when the messages are. */
gboolean mq_store_put_mark(MqStore *store, const char *key, const char *value, GError **error);

#endif
