/* Header fields of a block of text: what ARF, header copies and failure notices are made of. Kinder
 * than a mail reader: a line that is no field is skipped, one of white space ends the block. */
#ifndef MQ_INGEST_FIELDS_H
#define MQ_INGEST_FIELDS_H

#include <glib.h>

typedef struct MqFields MqFields;

/* Reads the block at the start of @text; @n or -1. Empty lines, "From " lines and a byte order mark
 * before it are skipped. At most MQ_LIMIT_FIELDS fields. */
MqFields *mq_fields_parse(const char *text, gssize n);
void mq_fields_free(MqFields *fields);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqFields, mq_fields_free)

guint mq_fields_count(const MqFields *fields);
/* Whether the first line that says anything is a field: the block was one from the start. */
gboolean mq_fields_at_start(const MqFields *fields);

/* The @i-th value of @name (any case), unfolded, not decoded; NULL when there is none, "" when it is empty. */
const char *mq_fields_get(const MqFields *fields, const char *name, guint i);
guint mq_fields_count_of(const MqFields *fields, const char *name);
/* Cleaned and cut to MQ_LIMIT_FIELD_BYTES. (transfer full) (nullable) */
char *mq_fields_text(const MqFields *fields, const char *name);

#endif
