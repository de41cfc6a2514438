/* A structured header field as nearly all mailers write it: "word; name=value; name=\"value\"", ASCII,
 * nothing encoded, nothing said twice. Whatever is not so simple is for the MIME library. */
#ifndef MQ_INGEST_MIME_VALUE_H
#define MQ_INGEST_MIME_VALUE_H

#include <glib.h>

#define MQ_MIME_VALUE_BYTES  1024
#define MQ_MIME_VALUE_PARAMS 8

typedef struct {
	const char *word; /* "text/plain", "attachment"; as it is written */
	guint n_params;
	struct {
		const char *name, *value;
	} params[MQ_MIME_VALUE_PARAMS];
	char text[MQ_MIME_VALUE_BYTES + 1]; /* what the others point into */
} MqMimeValue;

/**
 * mq_mime_value_parse:
 * @is_type: whether the word has to be a media type: two words with a '/' between them
 *
 * Returns: %FALSE when it is not simple; @value means nothing then
 */
gboolean mq_mime_value_parse(MqMimeValue *value, const char *text, gsize n, gboolean is_type);

/* (nullable) The parameter called @name, any case. */
const char *mq_mime_value_param(const MqMimeValue *value, const char *name);

#endif
