/* A stranger's JSON made fit for a strict parser: one pass, no recursion. */
#ifndef MQ_INGEST_JSON_REPAIR_H
#define MQ_INGEST_JSON_REPAIR_H

#include <glib.h>

/* What was done, as bits. */
typedef enum {
	MQ_JSON_COMMA = 1 << 0,    /* a comma before a closing bracket was dropped */
	MQ_JSON_GARBAGE = 1 << 1,  /* bytes after the end of the document were dropped */
	MQ_JSON_ENCODING = 1 << 2, /* bytes that are not UTF-8, a NUL, a lone surrogate: U+FFFD now */
	MQ_JSON_CONTROL = 1 << 3,  /* raw control bytes inside strings are spaces now */
	MQ_JSON_CUT = 1 << 4,      /* ends in the middle: closed after the last whole list item */
} MqJsonRepairs;

/**
 * mq_json_repair:
 * @bytes: UTF-8, or UTF-16 with or without byte order mark
 * @repairs: (out): what was done; 0: it was fine
 *
 * Keeps the first document of @bytes. One that ends in the middle is closed after the last whole
 * object of a list in the outermost object, if it has one.
 *
 * Returns: (transfer full): JSON text; %NULL with %MQ_ERROR_FORMAT when there is nothing to save,
 *   or %MQ_ERROR_LIMIT when it is deeper than %MQ_LIMIT_JSON_DEPTH or has more than
 *   %MQ_LIMIT_JSON_VALUES values
 */
char *mq_json_repair(const char *bytes, gsize n, guint *repairs, GError **error);

/* The charset that the first bytes show: "UTF-16LE", "UTF-16BE" or "UTF-8". */
const char *mq_json_charset(const guint8 *bytes, gsize n);

#endif
