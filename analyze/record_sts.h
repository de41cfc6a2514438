/* What secures mail in transit: the MTA-STS record and policy (RFC 8461) and the TLS-RPT record
 * (RFC 8460). */
#ifndef MQ_ANALYZE_RECORD_STS_H
#define MQ_ANALYZE_RECORD_STS_H

#include "analyze/tags.h"

#define MQ_STS_POLICY_BYTES 65536    /* RFC 8461 3.3 suggests it */
#define MQ_STS_AGE_MAX_S    31557600 /* RFC 8461 3.2 */
#define MQ_STS_MX_MAX       200

/* The TXT record at _mta-sts.DOMAIN. */
typedef struct {
	char *id;      /* (nullable) when it is valid */
	char *problem; /* (nullable) a phrase */
} MqStsRecord;

/* (transfer full) (nullable): %NULL when @text does not begin with "v=STSv1;": no such record */
MqStsRecord *mq_sts_record_parse(const char *text);
void mq_sts_record_free(MqStsRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqStsRecord, mq_sts_record_free)

typedef enum { MQ_STS_MODE_INVALID, MQ_STS_MODE_ENFORCE, MQ_STS_MODE_TESTING, MQ_STS_MODE_NONE } MqStsMode;

/* "enforce"; %NULL for invalid */
const char *mq_sts_mode_word(MqStsMode mode);

/* The file at https://mta-sts.DOMAIN/.well-known/mta-sts.txt */
typedef struct {
	MqStsMode mode;
	guint32 max_age_s;
	GPtrArray *mx;  /* char *: patterns, lower case */
	char *problem;  /* (nullable) senders discard an invalid policy: why */
} MqStsPolicy;

/* (transfer full): never %NULL; @text: the body, at most MQ_STS_POLICY_BYTES of it are read */
MqStsPolicy *mq_sts_policy_parse(const char *text);
void mq_sts_policy_free(MqStsPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqStsPolicy, mq_sts_policy_free)

/* Whether @host (normalized) is one of the policy's; "*.example.com" is exactly one label more. */
gboolean mq_sts_policy_matches(const MqStsPolicy *policy, const char *host);

/* The TXT record at _smtp._tls.DOMAIN. */
typedef struct {
	GPtrArray *rua; /* char *: usable URIs, mailto: or https: */
	char *problem;  /* (nullable) */
} MqTlsrptRecord;

/* (transfer full) (nullable): %NULL when @text does not begin with "v=TLSRPTv1;" */
MqTlsrptRecord *mq_tlsrpt_record_parse(const char *text);
void mq_tlsrpt_record_free(MqTlsrptRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqTlsrptRecord, mq_tlsrpt_record_free)

#endif
