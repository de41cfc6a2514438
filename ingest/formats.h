/* The table of report formats, and the seam between what unwraps messages and what reads reports.
 *
 * A format bids on the first bytes of a part, the highest bid reads it: open(), feed() with all its
 * bytes in chunks of any size, finish(), free(). One that needs several parts of a mail at once bids
 * on the mail instead and reads it by itself. Either hands what it understood to the context:
 * batches of records as they fill, then the report they belong to (XML may name its head last).
 *
 *     open  feed feed feed …        finish  free
 *             |                       |
 *             take_batch() …          take_report() …   (earlier when a file holds several)
 */
#ifndef MQ_INGEST_FORMATS_H
#define MQ_INGEST_FORMATS_H

#include "ingest/ingest.h"

typedef struct MqMail MqMail; /* ingest/mail.h */
typedef struct MqFormatContext MqFormatContext;
typedef struct MqFormatReader MqFormatReader; /* each format has its own */

/* What a reader is given, by whoever pours the bytes; outlives the reader. */
struct MqFormatContext {
	const char *part;            /* where in the message; visible text, goes into reports and problems */
	const char *charset;         /* (nullable) that the mail declares for the part */
	const MqEnvelope *envelope;  /* (nullable) of the mail around it: a hint, never data */
	MqProblems *problems;
	gboolean redact;             /* failure reports keep domains only */
	guint report;                /* index that the next report will have; moved by mq_format_deliver() */
	/* The next records of the report that follows; (transfer full). May drop them: a large message is
	 * poured twice, once for its heads and once for its records. */
	gboolean (*take_batch)(gpointer ctx, MqBatch *batch, GError **error);
	/* A sealed report, whose records were taken before; (transfer full). Sets no batches. */
	gboolean (*take_report)(gpointer ctx, MqReport *report, GError **error);
	gpointer ctx;
};

/**
 * MqFormat:
 * @bid: (nullable): how surely these first bytes (up to %MQ_FORMAT_BID_BYTES, undecoded) start a
 *   report of this format: 0 no, 100 certainly. Cheap, no side effects.
 * @feed: any number of bytes
 * @finish: @whole: FALSE when the bytes broke off (a cut archive; whoever poured has noted that):
 *   what is complete is kept
 * @bid_mail: (nullable): the same for a whole mail; a mail that somebody bids for is not taken apart
 * @read_mail: (nullable): reads it
 *
 * A reader that returns %FALSE by itself has added the problem that says why (not stored) and may
 * have delivered reports before; batches after the last one are void. An error of take_batch() or
 * take_report() is passed on as it is, without a problem. After %FALSE only free() is called. A part
 * that is read to the end without a report is never %TRUE.
 */
typedef struct {
	const char *name;
	guint (*bid)(const guint8 *start, gsize n);
	MqFormatReader *(*open)(MqFormatContext *context);
	gboolean (*feed)(MqFormatReader *reader, const guint8 *bytes, gsize n, GError **error);
	gboolean (*finish)(MqFormatReader *reader, gboolean whole, GError **error);
	void (*free)(MqFormatReader *reader);
	guint (*bid_mail)(MqMail *mail);
	gboolean (*read_mail)(MqMail *mail, MqFormatContext *context, GError **error);
} MqFormat;

#define MQ_FORMAT_BID_BYTES 4096

/* One word a format: format_WORD.c has its row, mq_format_WORD. */
#define MQ_FORMATS(ROW) ROW(aggregate) ROW(tls) ROW(failure)
#define MQ_FORMAT_DECLARE(name) extern const MqFormat mq_format_##name;
MQ_FORMATS(MQ_FORMAT_DECLARE)

extern const MqFormat *const mq_formats[];
extern const guint mq_n_formats;

/* The highest bidder; NULL when nobody bids. The first row wins a tie. */
const MqFormat *mq_format_find(const guint8 *start, gsize n, guint *bid);
const MqFormat *mq_format_find_mail(MqMail *mail);

/**
 * mq_format_deliver:
 * @report: (transfer full): complete but for part and digest
 * @records: (nullable): the sum of its records' digests
 *
 * What each reader calls with a finished report: names its part, seals it, passes it to
 * take_report() and moves the context's index on.
 */
gboolean mq_format_deliver(MqFormatContext *context, MqReport *report, const MqDigestSum *records, GError **error);

#endif
