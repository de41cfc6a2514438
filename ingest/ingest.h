/* ingest: bytes in, reports out.
 *
 * It finds mail (Maildirs, folders, files, standard input …), takes messages apart whatever wraps
 * them, understands the reports inside, and hands each message with its reports and the ledger of
 * what was odd to a sink. It never stores, never asks the network about what it read, and knows no
 * SQL. Most callers need mq_ingest_init() once, then mq_ingest_run() with a sink.
 *
 *     walker thread         parsers (GThreadPool)            the caller's thread
 *     origin -> item        unwrap -> sniff -> parse         sink: put -> commit -> settle
 *
 * Messages come to the sink in walking order, whatever the number of parsers. */
#ifndef MQ_INGEST_INGEST_H
#define MQ_INGEST_INGEST_H

#include <gio/gio.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/problem.h"
#include "ingest/report.h"

/* Sets up the libraries (GMime, libcurl); once, before the first thread. */
void mq_ingest_init(void);

typedef enum {
	MQ_MESSAGE_KNOWN,   /* the sink knew it: not looked into */
	MQ_MESSAGE_REPORTS, /* has reports */
	MQ_MESSAGE_NOTHING, /* holds no report and claims none */
	MQ_MESSAGE_FAILED,  /* claims to be a report, or holds what cannot be read; has no report */
	MQ_MESSAGE_PARTLY,  /* has reports, and beside them what would be FAILED */
} MqMessageState;

/* Whether something in it claims to be a report and could not be read: to be tried again. */
gboolean mq_message_state_is_loss(MqMessageState state);

/* What the mail says of itself; all (nullable), visible text is the caller's business. */
typedef struct {
	char *message_id;
	char *from;          /* the From header's address */
	char *from_domain;   /* normalized */
	char *subject;
	gint64 date_s;
	GPtrArray *authentication_results; /* char *, outermost (topmost) first; at most 20 */
	char *authentication; /* what a trusted receiver found: "dmarc=pass dkim=pass spf=fail" */
} MqEnvelope;

/* What a store says of a message's bytes. */
typedef enum {
	MQ_KNOWN_NOT,  /* new, or a loss: to be looked into */
	MQ_KNOWN_DONE, /* brought reports, and all that it claims is stored */
	MQ_KNOWN_REST, /* done with, yet without a report */
} MqKnown;

typedef struct MqItem MqItem;

/* One mail or bare file that was looked at. */
typedef struct {
	char *name;        /* "inbox/new/1712.eml": the path, or folder and UID; bytes as the system has them */
	guint8 sha256[MQ_DIGEST_BYTES]; /* of all its bytes */
	guint64 n_bytes;
	MqMessageState state;
	MqKnown known;     /* what the sink said */
	MqEnvelope envelope;
	GPtrArray *reports;   /* MqReport * */
	MqProblems *problems;
	gboolean records_follow; /* over MQ_LIMIT_HELD_RECORDS: get them by mq_message_pour() */
	MqItem *item;            /* how to read it again */
	char *quarantined;       /* (nullable) the copy that was made of it in this run */
	GArray *batch_runs;      /* mq_message_pour()'s own: which batches belong to which report */
} MqMessage;

/* @item: (transfer full) (nullable) */
MqMessage *mq_message_new(MqItem *item);
void mq_message_free(MqMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqMessage, mq_message_free)

/* Whether each report that it has or claims is stored, once it is committed: what --after may act on.
 * Without a report, failed, or short of a part it is not, and stays where it is. */
gboolean mq_message_is_done(const MqMessage *message);

/**
 * MqBatchFunc:
 * @report: index into message->reports
 * @batch: (transfer none): the next records of it, in order
 */
typedef gboolean (*MqBatchFunc)(gpointer ctx, guint report, MqBatch *batch, GError **error);

/**
 * mq_message_pour:
 *
 * Reads the message once more and passes on all records of all its reports, batch by batch, in the
 * order of message->reports. Works for each message while the sink's put() runs; with
 * records_follow unset the records are taken from the reports.
 *
 * Returns: %FALSE with the callback's error, or %MQ_ERROR_FORMAT when the file has changed since
 */
gboolean mq_message_pour(MqMessage *message, MqBatchFunc take, gpointer ctx, GError **error);

typedef struct {
	guint64 messages;   /* looked at so far */
	guint64 messages_total; /* 0 while not known */
	guint64 bytes;
	guint64 reports;
	guint64 records;
} MqProgress;

/* What becomes of messages. All but @known are called in the thread that called mq_ingest_run(). */
typedef struct {
	/* What the store has of a message of these very bytes. From the parsers' threads. */
	MqKnown (*known)(gpointer ctx, const guint8 sha256[MQ_DIGEST_BYTES]);
	/* Takes one message; an error ends the run. Problems that it finds itself it adds to @message. */
	gboolean (*put)(gpointer ctx, MqMessage *message, GError **error);
	/* Makes all that was put lasting; called per MQ_LIMIT_COMMIT_MESSAGES or second, and at the end. */
	gboolean (*commit)(gpointer ctx, GError **error);
	/* A message is committed, yet what --after says could not be done. */
	void (*unsettled)(gpointer ctx, const char *name, const GError *why);
	/* (nullable) What was noted under @key; *value NULL: nothing. (out) (transfer full) */
	gboolean (*get_mark)(gpointer ctx, const char *key, char **value, GError **error);
	/* (nullable) How far a place was read: to be found by the next run. */
	gboolean (*put_mark)(gpointer ctx, const char *key, const char *value, GError **error);
	/* (nullable) A place could not be read this time; watching goes on. From the walker's thread. */
	void (*trouble)(gpointer ctx, const GError *why);
	/* (nullable) Ten times a second at most. */
	void (*progress)(gpointer ctx, const MqProgress *progress);
} MqSink;

/* What becomes of a Maildir or IMAP message once its reports are committed. */
typedef enum { MQ_AFTER_KEEP, MQ_AFTER_SEEN, MQ_AFTER_MOVE, MQ_AFTER_DELETE } MqAfterAction;

typedef struct {
	MqAfterAction action;
	const char *folder; /* of MQ_AFTER_MOVE */
} MqAfter;

/* "keep", "seen", "move:FOLDER" (@after borrows the folder) or "delete"; else %FALSE with %MQ_ERROR_USAGE. */
gboolean mq_after_parse(const char *text, MqAfter *after, GError **error);

typedef struct {
	guint jobs;                /* parser threads; 0: the processors */
	MqAfter after;
	const char *quarantine;    /* (nullable) a directory: messages that could not be understood */
	gboolean watch;            /* goes on until it is cancelled */
	guint interval_s;          /* watching: accounts are asked, and folders looked at, after that time at the latest */
	gboolean redact;           /* failure reports keep domains only */
	const char *const *trusted_authserv_ids; /* (nullable) whose Authentication-Results are believed */
	/* IMAP */
	const char *user;          /* (nullable) of sources that name none */
	const char *password;      /* (nullable) */
	const char *ca_file;       /* (nullable) certificates to trust, PEM; the system's */
	gboolean all;              /* not only what is new since the last run */
} MqIngestOptions;

/* Whether @source is an account, for which a password is wanted. */
gboolean mq_source_is_imap(const char *source);

/**
 * mq_ingest_run:
 * @sources: (array zero-terminated=1): what the command line calls SOURCE
 * @cancellable: (nullable): set it (from a signal) to stop after the messages in flight; what was
 *   put is committed and the call returns %TRUE
 *
 * Returns: %FALSE with the sink's error (nothing lost: what was committed is whole), with
 *   %MQ_ERROR_USAGE when a source does not exist or cannot be opened at all (tried before anything
 *   is read), or with the error of an IMAP account that could not be read to its end; what came from
 *   it and from the other sources is committed
 */
gboolean mq_ingest_run(const char *const *sources, const MqIngestOptions *options, const MqSink *sink,
                       gpointer ctx, GCancellable *cancellable, GError **error);

#endif
