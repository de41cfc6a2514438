/* The structure of a plain mail, without the library: most reports come in mails that need nothing of
 * what makes a MIME parser slow. Whatever is not plain is left to it. */
#ifndef MQ_INGEST_MAIL_PLAIN_H
#define MQ_INGEST_MAIL_PLAIN_H

#include <glib.h>

/* All borrow from the mail's bytes. */
typedef struct {
	const char *name, *value; /* the value as it stands after the colon, folding included */
	gsize n_name, n_value;
} MqPlainField;

typedef struct {
	GArray *fields;           /* MqPlainField: of its own header */
	const char *header, *body;
	gsize n_header, n_body;
} MqPlainLeaf;

typedef struct {
	GArray *fields; /* MqPlainField: of the mail */
	GArray *leaves; /* MqPlainLeaf, in order; for a mail of one part that part, with the mail's header */
} MqPlainMail;

/**
 * mq_plain_mail_read:
 *
 * A mail is plain when each header is fields of ASCII that an empty line ends, with no field about
 * the content twice, when multiparts are mixed, related or alternative, at most
 * %MQ_PLAIN_DEPTH deep, each boundary line in them is exactly that, and the last one is there; and
 * when no part is a message. What is plain reads as the library would read it.
 *
 * @bytes: outlives the result
 * Returns: (transfer full) (nullable): %NULL when it is not plain
 */
MqPlainMail *mq_plain_mail_read(const char *bytes, gsize n);
void mq_plain_mail_free(MqPlainMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqPlainMail, mq_plain_mail_free)

#define MQ_PLAIN_DEPTH 3

/* The @i-th field called @name (any case). (transfer none) (nullable) */
const MqPlainField *mq_plain_field(const GArray *fields, const char *name, guint i);
/* The value of the first one. (transfer full) (nullable) */
char *mq_plain_value(const GArray *fields, const char *name);

#endif
