/* DMARC records: what one says (RFC 9989 section 4.8, RFC 7489 section 6.3), what it asks for, and
 * how it reads after a change. What a record does not say is absent here; the defaults are applied
 * by the functions that need them. */
#ifndef MQ_ANALYZE_RECORD_DMARC_H
#define MQ_ANALYZE_RECORD_DMARC_H

#include "analyze/tags.h"
#include "ingest/report.h"

#define MQ_DMARC_URIS_MAX 50 /* of one list; reporters try far fewer */

/* Where reports are asked to be sent. */
typedef struct {
	char *text;    /* as written, without the obsolete size limit */
	char *host;    /* (nullable) normalized; %NULL when the URI is no use to anybody */
	char *address; /* (nullable) of a mailto: URI: decoded */
	char *size;    /* (nullable) "10m" of "!10m": obsolete */
	char *problem; /* (nullable) why reporters ignore it */
} MqReportUri;

void mq_report_uri_free(MqReportUri *uri);

/* psd= of RFC 9989. */
typedef enum { MQ_PSD_ABSENT, MQ_PSD_NO, MQ_PSD_YES, MQ_PSD_UNKNOWN } MqPsd;

typedef struct {
	char *text;              /* the record as published */
	MqTags *tags;
	MqPolicy p, sp, np;      /* _ABSENT: not said; _OTHER: said, and no policy */
	MqAlignmentMode adkim, aspf;
	MqPsd psd;
	MqYes t;
	gint pct;                /* -1: not said, or no number of 0 to 100 */
	const char *fo;          /* (nullable) when it is valid; borrows from @tags */
	GPtrArray *rua, *ruf;    /* MqReportUri *; empty when not said */
	gboolean has_rua, has_ruf;
	GPtrArray *oddities;     /* char *: what a receiver ignores or reads otherwise, as phrases */
	GPtrArray *obsolete;     /* const char *: which of pct, rf, ri there are; size limits count as "!" */
	guint bad_values;        /* for mq_dmarc_record_propose(): a bit a standard tag whose value is none */
} MqDmarcRecord;

/**
 * mq_dmarc_record_parse:
 * @text: one TXT record, its strings joined
 *
 * Returns: (transfer full) (nullable): %NULL when @text is no DMARC record at all: it does not begin
 *   with "v=DMARC1" (*Source:* RFC 9989 4.8: the value is case-sensitive, the tag first)
 */
MqDmarcRecord *mq_dmarc_record_parse(const char *text);
void mq_dmarc_record_free(MqDmarcRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqDmarcRecord, mq_dmarc_record_free)

/* Whose mail the policy is for. */
typedef enum {
	MQ_DMARC_SELF,        /* the domain where the record is */
	MQ_DMARC_SUBDOMAIN,   /* one below it that exists */
	MQ_DMARC_NONEXISTENT, /* one below it that is NXDOMAIN */
	MQ_DMARC_ELSEWHERE,   /* one below it with a record of its own: this one says nothing to it */
} MqDmarcWhom;

/**
 * mq_dmarc_record_policy:
 *
 * The policy that applies: sp and np fall back as RFC 9989 4.10.1 says; a missing or invalid p, or an
 * invalid sp or np, makes the record p=none when it has a usable rua, and of no effect otherwise.
 *
 * Returns: %MQ_POLICY_NONE, _QUARANTINE, _REJECT; %MQ_POLICY_ABSENT: DMARC does not apply
 */
MqPolicy mq_dmarc_record_policy(const MqDmarcRecord *record, MqDmarcWhom whom);

/* The same, one step weaker where the record says t=y: what receivers do (RFC 9989 4.8). */
MqPolicy mq_dmarc_record_treatment(const MqDmarcRecord *record, MqDmarcWhom whom);

/* Relaxed unless the record says strict. */
gboolean mq_dmarc_record_strict_dkim(const MqDmarcRecord *record);
gboolean mq_dmarc_record_strict_spf(const MqDmarcRecord *record);

/* Whether at least one of @uris (rua or ruf) can be used by a reporter. */
gboolean mq_report_uris_usable(const GPtrArray *uris);

/* A tag to set; %NULL value: to leave out. */
typedef struct {
	const char *name, *value;
} MqDmarcChange;

/**
 * mq_dmarc_record_propose:
 * @text: (nullable): the owner's record; %NULL or no DMARC record: begin with "v=DMARC1"
 * @changes: tags to set or leave out, in this order when they are new
 *
 * The record to publish instead: v first, p second (the owner's if it is a policy, else none), then
 * the owner's other tags in their order, tags of no standard included. Left out are pieces that are
 * no tag, values that are none for their tag, and pct, rf, ri and size limits, which RFC 9989 made
 * historic. A pct of 0 becomes t=y unless @changes set t or p: that is what it meant.
 *
 * Returns: (transfer full): a valid record
 */
char *mq_dmarc_record_propose(const char *text, const MqDmarcChange *changes, gsize n_changes);

#endif
