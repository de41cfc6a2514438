/* DKIM keys: what a TXT record at SELECTOR._domainkey.DOMAIN holds (RFC 6376 3.6.1, 8301, 8463). */
#ifndef MQ_ANALYZE_RECORD_DKIM_H
#define MQ_ANALYZE_RECORD_DKIM_H

#include "analyze/tags.h"

#define MQ_DKIM_RSA_BITS_MIN  1024 /* RFC 8301 3.2: verifiers refuse less */
#define MQ_DKIM_RSA_BITS_GOOD 2048 /* and signers should have this */

typedef enum { MQ_DKIM_KEY_OTHER, MQ_DKIM_KEY_RSA, MQ_DKIM_KEY_ED25519 } MqDkimKeyType;

/* Worst first where several are true: "testing" is only said of a key that is sound otherwise. */
#define MQ_DKIM_STATES(ROW) \
	ROW(UNKNOWN, "unknown") /* DNS did not answer */ \
	ROW(MISSING, "missing") /* nothing at that name */ \
	ROW(INVALID, "invalid") /* no verifier can use it */ \
	ROW(REVOKED, "revoked") /* p= is empty */ \
	ROW(WEAK, "weak")       /* RSA under 2048 bits, or SHA-1 only */ \
	ROW(TESTING, "testing") /* t=y */ \
	ROW(OK, "ok")

#define MQ_DKIM_STATE_ENUM(name, word) MQ_DKIM_##name,
typedef enum { MQ_DKIM_STATES(MQ_DKIM_STATE_ENUM) MQ_DKIM_STATE_N } MqDkimState;

/* "missing": as it stands in JSON. */
const char *mq_dkim_state_word(MqDkimState state);

typedef struct {
	char *text;
	MqTags *tags;
	MqDkimState state;   /* never _UNKNOWN or _MISSING here */
	MqDkimKeyType type;
	const char *type_text; /* "rsa" when k= is not said */
	guint bits;          /* 0 when there is no key to measure */
	gboolean testing;    /* t=y */
	gboolean strict;     /* t=s: i= must have the very domain */
	gboolean for_mail;   /* s= has * or email, or is not said */
	gboolean sha256;     /* h= allows it */
	char *problem;       /* (nullable) of an invalid one: why, a phrase */
} MqDkimKey;

/**
 * mq_dkim_key_parse:
 * @text: one TXT record, its strings joined
 *
 * Returns: (transfer full) (nullable): %NULL when @text is not meant as a key: it has no p=, k= or
 *   v=DKIM1 (any TXT with p= may be a key; RFC 6376 3.6.1)
 */
MqDkimKey *mq_dkim_key_parse(const char *text);
void mq_dkim_key_free(MqDkimKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqDkimKey, mq_dkim_key_free)

#endif
