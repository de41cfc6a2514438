/* What the files of a mail share: the structure (mail.c), the fields (mail_header.c), the bodies (mail_body.c). */
#ifndef MQ_INGEST_MAIL_OWN_H
#define MQ_INGEST_MAIL_OWN_H

#include <gmime/gmime.h>

#include "ingest/mail.h"
#include "ingest/mail_plain.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)

/* One of the two has been read: the library's message or a plain mail. */
struct MqMail {
	GMimeStream *stream;   /* the bodies are in it */
	GMimeMessage *message;
	GBytes *bytes;         /* the plain mail borrows from them */
	MqPlainMail *plain;
	char *type;
	GPtrArray *leaves;     /* MqMailLeaf * */
	gboolean cut;
};

typedef struct {
	MqLeaf shown;
	GMimeObject *object;      /* of the message */
	const MqPlainLeaf *plain; /* of the plain mail */
} MqMailLeaf;

/* @message: (transfer full), whose bodies are in @stream */
MqMail *mq_mail_of(GMimeMessage *message, GMimeStream *stream);

/* The @i-th leaf, borrowed. */
const MqMailLeaf *mq_mail_own_leaf(const MqMail *mail, guint i);

#endif
