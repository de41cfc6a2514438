/* The one seam where a source becomes a sender: flows go in, senders come out, with the evidence
 * that says so. Whoever asks "who is that?" asks here. */
#ifndef MQ_ANALYZE_IDENTIFY_H
#define MQ_ANALYZE_IDENTIFY_H

#include "store/store.h"

/* A domain that a sender proved to speak for: a DKIM signature verified, or SPF passed. */
typedef struct {
	char *domain;
	gint64 dkim_messages, spf_messages;
} MqSenderDomain;

typedef struct {
	gint64 day_s;
	gint64 messages, dmarc_pass;
} MqSenderDay;

/* The hosts that belong together, and what they did in the window. */
typedef struct {
	char *key;            /* the same in each run and window; what a label may name */
	MqTotals totals;      /* reports is 0: flows do not know it */
	GPtrArray *domains;   /* MqSenderDomain *, most messages first; at most MQ_SENDER_DOMAINS */
	GArray *days;         /* MqSenderDay, in order */
	GArray *reporters;    /* guint, private */
	MqAddress last_source; /* private */
} MqSender;

/* what one sender keeps; further ones say nothing new, and a stranger could name a million */
#define MQ_SENDER_DOMAINS 20

/* What failed in a flow and how: "SPF passes for mailer.example, not aligned". (transfer full) */
GPtrArray *mq_sender_evidence(const MqSender *sender);

typedef struct MqSenders MqSenders;

MqSenders *mq_senders_new(void);
void mq_senders_free(MqSenders *senders);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSenders, mq_senders_free)

/* Takes one flow; in the order of mq_store_flows(): sources are counted by that. */
void mq_senders_add(MqSenders *senders, const MqFlow *flow);

/* All senders, most messages first, then by key. (transfer none): until the next call. */
const GPtrArray *mq_senders_list(MqSenders *senders);
/* (nullable) */
const MqSender *mq_senders_find(const MqSenders *senders, const char *key);

/**
 * mq_identify:
 *
 * Until more is known of a source than its address, a sender is the block that one operator
 * commonly has as a whole: its /24 or /48.
 *
 * Returns: (transfer full): the key of the sender that the flow's source belongs to
 */
char *mq_identify(const MqFlow *flow);

#endif
