/* Talks to mail exchangers: what --probe asks for. It answers MQ_ASK_PROBE questions, "DOMAIN HOST",
 * and only for a HOST that the answers hold as an MX of DOMAIN, at an address that they hold for it.
 *
 * It greets, looks for STARTTLS, looks at the certificate, and tries MAIL FROM and RCPT TO for a
 * domain that is nobody's; then RSET and QUIT. It never sends DATA. Each host has a deadline. */
#ifndef MQ_ANALYZE_PROBE_SMTP_H
#define MQ_ANALYZE_PROBE_SMTP_H

#include "analyze/resolver.h"

/* Zero is the default everywhere. */
typedef struct {
	guint16 port;        /* 25 */
	guint timeout_ms;    /* for a host, all its addresses together; 20000 */
	const char *ca_file; /* (nullable) certificates to trust, PEM; the system's */
} MqProbeOptions;

/* @options: (nullable): copied. (transfer full) */
MqResolver *mq_probe_smtp_new(const MqProbeOptions *options);

#endif
