/* Who sent as a domain in a window: flows summed to sources (addresses) and streams (what is alike in
 * a source but for the day), with what reports said then and what DNS says today. Senders are made
 * of sources by evidence, and all of it is kept to be shown. */
#ifndef MQ_ANALYZE_SOURCES_H
#define MQ_ANALYZE_SOURCES_H

#include "analyze/answers.h"
#include "analyze/geo.h"
#include "analyze/record_dkim.h"
#include "analyze/record_dmarc.h"
#include "analyze/services.h"
#include "store/store.h"

/* Hints that a receiver wrote beside a result. */
#define MQ_HINT_FORWARDED (1u << 0) /* forwarded, trusted_forwarder, "looks forwarded" */
#define MQ_HINT_LIST      (1u << 1) /* mailing_list */
#define MQ_HINT_ARC       (1u << 2) /* an ARC chain that passed */
#define MQ_HINT_TRUSTED   (1u << 3) /* a receiver said so that is known to look closely */

/* Would it pass DMARC today? */
typedef enum { MQ_TODAY_UNKNOWN, MQ_TODAY_PASS, MQ_TODAY_FAIL } MqToday;

#define MQ_VERDICTS(ROW) \
	ROW(COMPLIANT, "compliant") ROW(FIXED, "fixed") ROW(FIXABLE, "fixable") ROW(FORWARDER, "forwarder") \
	ROW(THREAT, "threat") ROW(UNKNOWN, "unknown")
#define MQ_VERDICT_ENUM(name, word) MQ_VERDICT_##name,
typedef enum { MQ_VERDICTS(MQ_VERDICT_ENUM) MQ_VERDICT_N } MqVerdict;
/* "compliant" */
const char *mq_verdict_word(MqVerdict verdict);

/* Why a stream fails, or what was wrong; the words are stable. */
#define MQ_CAUSES(ROW) \
	ROW(NONE, NULL) \
	ROW(NOT_IN_SPF, "not-in-spf")                  /* the owner's envelope, an address SPF does not have */ \
	ROW(SPF_BROKEN, "spf-broken")                  /* the owner's SPF record is a permerror */ \
	ROW(BOUNCE_DOMAIN, "bounce-domain")            /* SPF passes for the service's bounce domain */ \
	ROW(SERVICE_SIGNATURE, "service-signature")    /* signed with the service's domain only */ \
	ROW(BOUNCE_UNSIGNED, "bounce-unsigned")        /* a bounce of an own host: no envelope, no signature */ \
	ROW(UNSIGNED, "unsigned")                      /* neither signed nor vouched for by SPF */ \
	ROW(KEY_MISSING, "key-missing") ROW(KEY_REVOKED, "key-revoked") ROW(KEY_INVALID, "key-invalid") \
	ROW(STRICT_ALIGNMENT, "strict-alignment")      /* would pass under relaxed alignment */ \
	ROW(BODY_CHANGED, "body-changed")              /* our signature, broken on the way */ \
	ROW(FORWARDED, "forwarded") ROW(MAILING_LIST, "mailing-list") \
	ROW(NO_RELATION, "no-relation")                /* nothing ties it to the owner */
#define MQ_CAUSE_ENUM(name, word) MQ_CAUSE_##name,
typedef enum { MQ_CAUSES(MQ_CAUSE_ENUM) MQ_CAUSE_N } MqCause;
const char *mq_cause_word(MqCause cause);

typedef struct {
	gint64 day_s;
	gint64 messages, passed;
	gint64 unknown; /* of the messages: what DMARC found is not known */
} MqSourceDay;

/* One signature of a stream. */
typedef struct {
	char *domain, *selector; /* (nullable) */
	MqResult then;
	gboolean aligned;        /* relaxed, with the stream's From domain */
	gboolean disputed;       /* the public suffix list says otherwise */
	gboolean aligned_now;    /* as the domain's adkim has it */
	MqDkimState now;         /* of the key, when aligned; else _UNKNOWN */
	gboolean asked;
} MqStreamKey;

typedef struct {
	const char *header_from;    /* interned; the policy domain where the report does not say */
	const char *envelope_from;  /* (nullable) interned; "" is the null sender */
	const char *spf_domain;     /* (nullable) what SPF was checked for: the envelope's, else the HELO's */
	gboolean is_bounce;         /* no envelope sender: SPF was checked for the HELO */
	gboolean spf_then_pass;     /* raw: SPF passed for spf_domain */
	MqResult spf_result;        /* raw, as reported; ABSENT when not */
	MqResult dkim, spf;         /* aligned, then */
	gboolean unsaid;            /* what DMARC found then is not known, nor does today's DNS let it pass */
	gint64 auth_id;
	MqStreamKey *keys;
	guint n_keys;
	guint hints;
	gint64 messages, delivered; /* delivered: a failure that was neither quarantined nor rejected */
	gint64 in_period, in_previous; /* of the messages: those of MqSources.period_since_s on, and before it */
	gint64 quarantined_in_period, rejected_in_period;
	gint64 first_day_s, last_day_s;
	/* today */
	gboolean spf_disputed;      /* as to spf_related the public suffix list says otherwise */
	gboolean spf_related, spf_aligned; /* relaxed; as the domain's aspf has it */
	MqResult spf_now;           /* of spf_domain and the address; ABSENT when not asked */
	MqToday today;
	gboolean fixed;             /* failed then, would pass today */
	/* judgement */
	MqVerdict verdict;
	MqCause cause;
	guint crowd;                /* private: MqCrowd of verdicts.c */
} MqStream;

typedef struct MqSenderGroup MqSenderGroup;

typedef struct {
	MqAddress address;
	char *text;                /* canonical, or what stands in its place */
	const char *owner;         /* interned: the domain; of all domains the organization of its first From */
	GPtrArray *streams;        /* MqStream * */
	GArray *days;              /* MqSourceDay, in order */
	gint64 messages, dmarc_pass, failing, unknown; /* the last three make up the first */
	gint64 spf_aligned, dkim_aligned, quarantined, rejected;
	GHashTable *reporters;     /* interned names */
	/* today */
	char *ptr;                 /* (nullable) a name of its reverse DNS */
	gboolean unasked;          /* it sends too little to be asked for a name */
	gboolean confirmed;        /* that name has this address */
	MqResult owner_spf;        /* of the From domain's record for this address, ABSENT when not known */
	char *owner_spf_via;       /* (nullable) the domain whose record has the term that matched */
	gboolean is_exchanger;     /* an MX host of the domain */
	/* who */
	MqLocation place;             /* network and country, where a data file knows them */
	const MqService *service;  /* (nullable) */
	const char *service_by;    /* (nullable) what named it: "ptr", "spf", "dkim", "bounce" */
	gboolean own_host;         /* confirmed name within the organization */
	MqSenderGroup *sender;
	const char *label;         /* (nullable) what a person decided: legitimate, forwarder, threat */
	MqVerdict verdict;
	MqCause cause;
} MqSource;

struct MqSenderGroup {
	char *name;
	const MqService *service;  /* (nullable) */
	GPtrArray *sources;        /* MqSource *, borrowed */
	GArray *days;              /* MqSourceDay */
	gint64 messages, dmarc_pass, failing, unknown;
	gboolean aligned_pass;     /* some of its mail passed with the owner's own identifiers */
	const char *label;         /* (nullable) */
	MqVerdict verdict;
	MqCause cause;
	GPtrArray *evidence;       /* char *: sentences */
};

/* A domain that a sender proved to speak for: a DKIM signature verified, or SPF passed. */
typedef struct {
	const char *domain; /* borrowed of the sources */
	gint64 messages;
} MqProvedDomain;

/* what one sender keeps; further ones say nothing new, and a stranger could name a million */
#define MQ_PROVED_DOMAINS 20

typedef struct {
	const char *domain;        /* (nullable): all that reports name */
	const MqServices *services;
	const MqGeo *geo;          /* (nullable) set before mq_sources_name() */
	gint64 period_since_s, previous_since_s; /* what is counted apart, MQ_TIME_ABSENT: nothing; set before taking flows */
	gint64 dispositions[MQ_DISPOSITION_N];   /* messages of the period; [0] where the report does not say */
	GHashTable *by_address;    /* MqAddress -> MqSource, owned by sources */
	GHashTable *by_text;       /* what is no address -> MqSource, likewise */
	GHashTable *by_stream;     /* private */
	GPtrArray *sources;        /* MqSource *, owned; most messages first once settled */
	GPtrArray *senders;        /* MqSenderGroup *, owned; likewise */
	GHashTable *reporters;     /* interned: distinct names in the window */
	GHashTable *covered;       /* distinct days, gint64 */
	GHashTable *names;         /* (header_from) -> messages */
	GStringChunk *text;
	gint64 messages, dmarc_pass, unknown, spf_aligned, dkim_aligned;
	gint64 first_day_s, last_day_s;
	MqPolicy newest_policy;    /* as reports saw it published for the domain itself */
	gint64 newest_policy_day_s, policy_since_s; /* the first day of an unbroken run of it */
	GArray *policy_days;       /* private */
	gboolean signs;            /* most of the mail that passes has an aligned signature */
	gboolean dns_incomplete;   /* something was not answered that could matter */
} MqSources;

/* What DMARC found, by its aligned results: _ABSENT when neither is known. */
MqResult mq_sources_dmarc(MqResult dkim, MqResult spf);

/* @domain: (nullable) */
MqSources *mq_sources_new(const char *domain, const MqServices *services);
void mq_sources_free(MqSources *sources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSources, mq_sources_free)

/* MqFlowFunc: @ctx is MqSources */
gboolean mq_sources_take(gpointer ctx, const MqFlow *flow, GError **error);

/**
 * mq_sources_settle:
 * @record: (nullable): the DMARC record that applies today: its alignment modes
 *
 * Asks what is needed of DNS (SPF of the owner's domains, keys of aligned signatures, reverse DNS of
 * the sources that matter) and judges what would pass today.
 *
 * Returns: %FALSE while answers are wanted
 */
gboolean mq_sources_settle(MqSources *sources, MqAnswers *answers, const MqDmarcRecord *record);

/* What the tree walk (RFC 9989) and the public suffix list (RFC 7489) disagree about: receivers of both are alive. */
typedef struct {
	const char *header_from, *identifier; /* borrowed */
	const char *by;       /* "dkim" or "spf" */
	gboolean by_treewalk; /* aligned by it, and not by the other; or else the reverse */
	gint64 messages;      /* for which the identifier passed */
	gint64 decided;       /* of these, passed by nothing else that is undisputed */
} MqDispute;

/* (transfer full) (element-type MqDispute): most messages first */
GArray *mq_sender_disputes(const MqSenderGroup *group);

/* Names sources and groups them to senders; after mq_sources_settle(). */
void mq_sources_name(MqSources *sources);

/* (transfer full) (element-type MqProvedDomain): most messages first, then by name; MQ_PROVED_DOMAINS at most */
GArray *mq_sender_proved(const MqSenderGroup *group);

#endif
