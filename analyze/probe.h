/* What a conversation with a mail exchanger showed: the answer to an MQ_ASK_PROBE question. It is
 * made by analyze/probe_smtp.c, and travels as text ("key: value" lines) so that it can be stored
 * and replayed like any other answer. */
#ifndef MQ_ANALYZE_PROBE_H
#define MQ_ANALYZE_PROBE_H

#include <glib.h>

#include "ingest/when.h"

typedef enum { MQ_PROBE_UNKNOWN, MQ_PROBE_NO, MQ_PROBE_YES } MqProbeResult;

typedef struct {
	char *address;           /* (nullable) that was talked to */
	MqProbeResult reached;   /* it accepted the connection and greeted with 220 */
	char *failure;           /* (nullable) why not, or where the conversation broke off */
	char *banner;            /* (nullable) */
	MqProbeResult starttls;  /* offered */
	MqProbeResult tls;       /* the handshake worked, valid certificate or not */
	char *tls_version;       /* (nullable) "TLSv1.3" */
	MqProbeResult certificate; /* trusted, in time and for this host */
	char *certificate_problem; /* (nullable) "certificate has expired" */
	char *issuer;            /* (nullable) */
	gint64 expires_s;        /* MQ_TIME_ABSENT */
	MqProbeResult relay;     /* it would relay for strangers */
	char *relay_reply;       /* (nullable) what it said to the foreign recipient */
} MqProbe;

MqProbe *mq_probe_new(void);
void mq_probe_free(MqProbe *probe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqProbe, mq_probe_free)

/* (transfer full): lines */
char *mq_probe_to_text(const MqProbe *probe);
/* (transfer full): what is missing or odd in @text is unknown */
MqProbe *mq_probe_parse(const char *text);

#endif
