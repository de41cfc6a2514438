/* Fetches MTA-STS policies (RFC 8461 section 3.3): answers MQ_ASK_STS_POLICY questions. The address of
 * mta-sts.DOMAIN is taken from the answers, where our own resolver has put it.
 *
 * Found: the file's text. No data: there is something, and no sender may use it (status, certificate,
 * too long), see why. Unknown: it could not be reached from here. */
#ifndef MQ_ANALYZE_POLICY_HTTPS_H
#define MQ_ANALYZE_POLICY_HTTPS_H

#include "analyze/resolver.h"

/* Zero is the default everywhere. */
typedef struct {
	guint16 port;        /* 443 */
	guint timeout_ms;    /* 10000; RFC 8461 suggests a minute, and a person waits */
	const char *ca_file; /* (nullable) certificates to trust, PEM; the system's */
} MqPolicyOptions;

/* @options: (nullable): copied. (transfer full) */
MqResolver *mq_policy_https_new(const MqPolicyOptions *options);

#endif
