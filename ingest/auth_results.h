/* Authentication-Results (RFC 8601): who vouches, and what each method found. */
#ifndef MQ_INGEST_AUTH_RESULTS_H
#define MQ_INGEST_AUTH_RESULTS_H

#include <glib.h>

typedef struct {
	char *method;  /* "dkim", lower case */
	char *result;  /* "pass", lower case */
	char *domain;  /* (nullable) header.d or header.i, smtp.mailfrom, header.from: normalized */
} MqAuthResult;

typedef struct {
	char *authserv_id; /* (nullable) lower case; many leave it out */
	GPtrArray *results; /* MqAuthResult *, at most 100 */
} MqAuthResults;

/* Never fails: what cannot be read is left out. @text: one field's value, unfolded. */
MqAuthResults *mq_auth_results_parse(const char *text);
void mq_auth_results_free(MqAuthResults *results);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqAuthResults, mq_auth_results_free)

/**
 * mq_auth_results_aligned:
 * @method: "dkim" or "spf"
 * @from: the domain of From, normalized
 *
 * Alignment is an approximation of relaxed alignment that needs no public suffix list: two domains
 * are aligned when they are equal or one lies within the other.
 *
 * Returns: 1 when a result of @method is pass and aligned, 0 when it has results and none is, -1 when
 *   it has none
 */
int mq_auth_results_aligned(const MqAuthResults *results, const char *method, const char *from);
/* The first result of @method; NULL. */
const MqAuthResult *mq_auth_results_find(const MqAuthResults *results, const char *method);
/* The approximation above. */
gboolean mq_domains_roughly_aligned(const char *a, const char *b);

#endif
