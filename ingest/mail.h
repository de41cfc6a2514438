/* A mail: its header fields and its parts, whatever their nesting. Multiparts are flattened: what
 * is left are leaves, in the order of the mail. A mail in the mail (message/rfc822) is a leaf too,
 * and can be read as a mail of its own. Bodies stay where they are until somebody reads them. */
#ifndef MQ_INGEST_MAIL_H
#define MQ_INGEST_MAIL_H

#include "ingest/ingest.h"
#include "ingest/part.h"

typedef struct MqMail MqMail;

/* Sets up the library; once, before the first thread. */
void mq_mail_init(void);

/**
 * mq_mail_read:
 * @part: the mail, at its start; can be sought (a file or bytes) and outlives the result
 *
 * Reads the structure, never fails on odd mail: what has no header has no parts. Leading "From "
 * lines and empty lines are skipped.
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_LIMIT when its structure is hostile, or the part's error
 */
MqMail *mq_mail_read(MqPart *part, GError **error);
void mq_mail_free(MqMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqMail, mq_mail_free)

/* Message-ID, From, Subject … of this mail; what was in @envelope is freed. */
void mq_mail_envelope(const MqMail *mail, MqEnvelope *envelope);
void mq_envelope_clear(MqEnvelope *envelope);

/* The @i-th field called @name (any case), unfolded and decoded (RFC 2047) to UTF-8, at most
 * MQ_LIMIT_FIELD_BYTES. (transfer full) (nullable): %NULL when there is none */
char *mq_mail_header(const MqMail *mail, const char *name, guint i);

/* The address of a From, Return-Path … field: "<a@b.example> (x)" gives "a@b.example". (transfer
 * full) (nullable) */
char *mq_mail_header_address(const MqMail *mail, const char *name);

/* The type of the whole mail, lower case: "multipart/report". */
const char *mq_mail_type(const MqMail *mail);

typedef struct {
	char *type;         /* "application/gzip", lower case; "text/plain" when nothing is declared */
	char *charset;      /* (nullable) of the type */
	char *name;         /* (nullable) decoded file name */
	gboolean is_attachment; /* has a name, or says "attachment" */
	gboolean is_mail;   /* message/rfc822: mq_mail_leaf_mail() */
} MqLeaf;

/* At most MQ_LIMIT_MESSAGE_PARTS; what lies deeper than multiparts go is left out. */
guint mq_mail_n_leaves(const MqMail *mail);
const MqLeaf *mq_mail_leaf(const MqMail *mail, guint i);
/* Multiparts nested deeper than we follow: something was left out. */
gboolean mq_mail_is_cut(const MqMail *mail);

/* The leaf's bytes, transfer encoding undone. (transfer full); borrows from @mail. @around: what the
 * mail was read from. A mail in the mail is empty here: mq_mail_leaf_mail(). */
MqPart *mq_mail_leaf_part(const MqMail *mail, guint i, const MqPart *around);
/* The raw header of the leaf itself: its Content-Type … and what else stands there. (transfer full) */
char *mq_mail_leaf_header(const MqMail *mail, guint i);
/* The mail in the mail. (transfer full) (nullable); borrows from @mail */
MqMail *mq_mail_leaf_mail(const MqMail *mail, guint i);

/* What is decoded in plain text, where a mail was mangled. */
typedef enum { MQ_ENCODED_BASE64, MQ_ENCODED_UU } MqEncoded;
/* (transfer full); stops at the end of the encoded block */
GBytes *mq_mail_decode(const char *text, gsize n, MqEncoded encoded);

#endif
