/* Bytes with a name, read from the front: a file, an attachment, a member of an archive.
 *
 * A kind of part supplies read() and close(), and seek() where it can be read again. Decoding
 * happens as it is read, so that nothing is unpacked to memory in order to be parsed; what needs its
 * bytes whole (a mail within a mail, a directory at the end of a zip) asks mq_part_hold(). */
#ifndef MQ_INGEST_PART_H
#define MQ_INGEST_PART_H

#include <glib.h>

typedef struct MqPart MqPart;

typedef struct {
	const char *name;
	/* Up to @n bytes; 0: the end; -1 with @error. */
	gssize (*read)(MqPart *part, guint8 *bytes, gsize n, GError **error);
	/* (nullable) Where the next read() starts; only to offsets within the part. */
	gboolean (*seek)(MqPart *part, gint64 offset, GError **error);
	/* (nullable) All that is left, where that is in memory. */
	const guint8 *(*look)(const MqPart *part, gsize *n);
	void (*close)(MqPart *part);
} MqPartKind;

/* Whether a part says that it is a report. Names and types decide nothing else. */
typedef enum {
	MQ_CLAIM_NO,      /* a text body, or a name of another kind: trouble in it concerns nobody */
	MQ_CLAIM_UNKNOWN, /* says nothing: an archive counts, other bytes do not */
	MQ_CLAIM_REPORT,  /* called .xml.gz, application/zip, a!b!1!2.xml …: it has to hold a report */
} MqClaim;

struct MqPart {
	const MqPartKind *kind;
	char *path;      /* where in the message, visible text: "report.zip/report.xml"; "" the message */
	char *name;      /* (nullable) what the sender calls it; never a path of ours */
	char *type;      /* (nullable) the declared media type, lower case */
	char *charset;   /* (nullable) declared with it */
	MqClaim claim;
	gint64 n_bytes;  /* -1 while not known */
	guint depth;     /* containers and messages around it */
	gboolean is_searched; /* as a text: what could be pasted into it was looked for */
	gboolean is_mail; /* from a mailbox: a mail, whatever it looks like */
	/* what mq_unwrap_part() found */
	gboolean is_packed; /* a gzip or an archive */
	gboolean is_empty;
	/* private: what mq_part_peek() read ahead */
	GByteArray *ahead;
	gsize ahead_at;
	GError *ahead_error; /* (nullable) what reading on ended with */
};

/* For kinds: sets up @part, the first field of the kind's own struct. @around: (nullable): what it is
 * in; gives it path, claim and depth. */
void mq_part_init(MqPart *part, const MqPartKind *kind, const MqPart *around, const char *name, const char *type);

/* Closes and frees; NULL is nothing. */
void mq_part_free(MqPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqPart, mq_part_free)

/* A part of bytes in memory. */
MqPart *mq_part_new_bytes(GBytes *bytes, const MqPart *around, const char *name, const char *type);
/* A part of a file, from @offset on; @fd is borrowed. */
MqPart *mq_part_new_file(int fd, gint64 offset, gint64 n_bytes, const MqPart *around, const char *name, const char *type);

/**
 * mq_part_peek:
 * @n: how many bytes at most
 * @bytes: (out) (transfer none): valid until the next call
 *
 * The first bytes, left in place. A part that breaks after a few of them has these; reading tells.
 *
 * Returns: how many there are, or -1
 */
gssize mq_part_peek(MqPart *part, gsize n, const guint8 **bytes, GError **error);
gssize mq_part_read(MqPart *part, guint8 *bytes, gsize n, GError **error);
/* All that is left, left in place, where that is in memory; NULL where it is not. */
const guint8 *mq_part_look(const MqPart *part, gsize *n);
/* The descriptor and offset of a part of a file, for libraries that read by themselves; -1 for another. */
int mq_part_descriptor(const MqPart *part, gint64 *offset);
/* Whether mq_part_seek() works. */
gboolean mq_part_can_seek(const MqPart *part);
gboolean mq_part_seek(MqPart *part, gint64 offset, GError **error);

/* Takes some bytes; FALSE with an error ends the pouring. */
typedef gboolean (*MqFeed)(gpointer ctx, const guint8 *bytes, gsize n, GError **error);
/* Passes on all that is left, chunk by chunk. */
gboolean mq_part_pour(MqPart *part, MqFeed feed, gpointer ctx, GError **error);

/**
 * mq_part_hold:
 * @max: more than this is %MQ_ERROR_LIMIT
 *
 * Returns: (transfer full): all that is left of the part, in memory
 */
GBytes *mq_part_hold(MqPart *part, gsize max, GError **error);

/* The same, as a part of its own that can be sought and is as deep as @part. (transfer full) */
MqPart *mq_part_hold_part(MqPart *part, gsize max, GError **error);

/* "a.example!b.example!1700000000!1700086399.xml.gz" and the like say "report". */
MqClaim mq_claim_of(const char *name, const char *type);

/* Whether @subject (decoded) announces a report: "Report Domain: a.example Submitter: b.example
 * Report-ID: 1" (RFC 9990 section 3.1.2, RFC 8460 section 5.3), forwarded or tagged by a filter. One
 * that answers a report, or tells that it could not be delivered, does not. */
gboolean mq_claim_of_subject(const char *subject);

#endif
