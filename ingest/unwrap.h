/* The engine: parts inside parts, one allowance of depth, count, bytes and ratio for all of them.
 * What it finds goes into a message: reports, problems, and at the end its state.
 *
 * What fails: a part that claims to be a report (mq_claim_of()) and holds none, a container that is
 * broken, a report that is broken. XML of another kind next to a good report, or any trouble in a
 * mail that claims nothing, is nobody's trouble and not mentioned. */
#ifndef MQ_INGEST_UNWRAP_H
#define MQ_INGEST_UNWRAP_H

#include "ingest/ingest.h"
#include "ingest/mail.h"
#include "ingest/part.h"

typedef struct MqUnwrap MqUnwrap;

/**
 * mq_unwrap_message:
 * @item: its bytes, can be sought; claim and is_mail are set
 * @redact: failure reports keep domains only
 * @message: (inout): gets envelope, reports, problems, state and records_follow
 *
 * Never fails: what cannot be read is in the message's problems.
 */
void mq_unwrap_message(MqPart *item, gboolean redact, MqMessage *message);

/**
 * mq_unwrap_again:
 * @item: the same bytes
 * @message: what mq_unwrap_message() made of them
 *
 * Once more, for the records only.
 *
 * Returns: %FALSE with @take's error
 */
gboolean mq_unwrap_again(MqPart *item, gboolean redact, const MqMessage *message, MqBatchFunc take, gpointer ctx,
                         GError **error);

/* What MqMessage.batch_runs is. (transfer full) */
GArray *mq_unwrap_runs_new(void);

/* ---------------------------------------------------------------- for containers */

/* Looks into a part, whatever it is. */
void mq_unwrap_part(MqUnwrap *unwrap, MqPart *part);
/* The same for a part that stands for itself (an attachment, a file), whose @claim is set: if it
 * claims a report and none is in it, that is said. */
void mq_unwrap_attachment(MqUnwrap *unwrap, MqPart *part);
/* Has a format read the mail as a whole. FALSE: none bids for it, its parts are for the caller. */
gboolean mq_unwrap_mail(MqUnwrap *unwrap, const MqPart *part, MqMail *mail);
/* All of the message is accounted for: what nobody looked into is not to be looked into. */
void mq_unwrap_settle(MqUnwrap *unwrap);
/* Unpacked bytes are paid for before they are passed on; %MQ_ERROR_LIMIT when there are too many. */
gboolean mq_unwrap_spend(MqUnwrap *unwrap, gsize n, GError **error);
/* One more part of a mail, one more member of an archive; %MQ_ERROR_LIMIT when there are too many. */
gboolean mq_unwrap_count_part(MqUnwrap *unwrap, GError **error);
gboolean mq_unwrap_count_member(MqUnwrap *unwrap, GError **error);
/* Adds a problem; it is dropped where it concerns nobody. */
void mq_unwrap_note(MqUnwrap *unwrap, const MqPart *part, MqProblemCode code, gboolean stored, const char *format, ...)
	G_GNUC_PRINTF(5, 6);
/* Adds what made reading @part fail: the code follows from the error. */
void mq_unwrap_fail(MqUnwrap *unwrap, const MqPart *part, const GError *error);
/* How many reports have been found so far; to see whether something held one. */
guint mq_unwrap_n_reports(const MqUnwrap *unwrap);
/* What has been found and told so far; for mq_unwrap_expect(). */
typedef struct {
	guint reports, troubles;
} MqUnwrapMark;
MqUnwrapMark mq_unwrap_mark(const MqUnwrap *unwrap);
/* Something announced a report: if since @before neither one was found nor trouble told, that is said. */
void mq_unwrap_expect(MqUnwrap *unwrap, const MqPart *part, MqUnwrapMark before, const char *reason);
/* Whether mq_unwrap_settle() was called. */
gboolean mq_unwrap_is_settled(const MqUnwrap *unwrap);
/* What the outermost mail says of itself goes here, once; NULL afterwards. */
MqEnvelope *mq_unwrap_envelope(MqUnwrap *unwrap);

#endif
