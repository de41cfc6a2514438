/* CAA: which certificate authorities may issue (RFC 8659), found by climbing from a name to its
 * parents. */
#ifndef MQ_ANALYZE_RECORD_CAA_H
#define MQ_ANALYZE_RECORD_CAA_H

#include "analyze/answers.h"

typedef struct {
	MqOutcome outcome;    /* _FOUND, or _NO_DATA when no name on the way has any, or _UNKNOWN */
	char *why;            /* (nullable) when unknown */
	char *name;           /* (nullable) where the set was found */
	const MqAnswer *set;  /* (nullable) borrows from the answers */
} MqCaa;

void mq_caa_clear(MqCaa *caa);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqCaa, mq_caa_clear)

/**
 * mq_caa_find:
 * @out: (out caller-allocates): cleared first
 *
 * The relevant set for @name: its own, else its parent's, and so on below the root (*Source:* RFC 8659
 * section 3). A name that did not answer before one was found makes the whole unknown.
 *
 * Returns: %FALSE while answers are wanted
 */
gboolean mq_caa_find(MqAnswers *answers, const char *name, MqCaa *out);

/* Whether the set has a record of that tag ("issue", "iodef"). */
gboolean mq_caa_has(const MqCaa *caa, const char *tag);

#endif
