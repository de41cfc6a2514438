/* Strangers' text: made valid UTF-8, trimmed, its control bytes made visible. */
#ifndef MQ_INGEST_TEXT_H
#define MQ_INGEST_TEXT_H

#include <glib.h>

/**
 * mq_text_clean:
 * @bytes: what a stranger wrote; need not be UTF-8, need not end in NUL
 * @n: its length in bytes, or -1
 * @max_bytes: the result is cut there, at a character
 *
 * Valid UTF-8 (U+FFFD for what is not, and for NUL), white space trimmed at both ends.
 *
 * Returns: (transfer full): the text, "" for nothing
 */
char *mq_text_clean(const char *bytes, gssize n, gsize max_bytes);

/* The same in place, for text that is valid UTF-8 without NUL: cuts @text, and returns where it begins then. */
char *mq_text_trim(char *text, gsize n, gsize max_bytes);

/**
 * mq_text_visible:
 * @text: (nullable): text, any bytes
 *
 * What may be shown to a terminal, in an error or a log: valid UTF-8 on one line, where each
 * control character (C0, C1, DEL), line separator, direction mark or override, zero-width and
 * unassigned character is written as its escape: \n, \t, \x1b, \u202e.
 *
 * Returns: (transfer full): the text, "" for %NULL
 */
char *mq_text_visible(const char *text);

/* Whether mq_text_visible() would leave @text as it is. */
gboolean mq_text_is_visible(const char *text);

/**
 * mq_text_to_utf8:
 * @charset: a name such as "iso-8859-1" (any case)
 *
 * Returns: (transfer full) (nullable): UTF-8; %NULL when the charset is unknown. Bytes that the
 *   charset does not have become U+FFFD.
 */
char *mq_text_to_utf8(const char *bytes, gsize n, const char *charset);

/* A count as people read it: "1,234,567". (transfer full) */
char *mq_count_to_text(gint64 count);
/* "1 day", "1,234 days". (transfer full) */
char *mq_counted(gint64 count, const char *one, const char *many);

#endif
