/* A look over a mail before the library parses it: whether that would cost too much. */
#ifndef MQ_INGEST_MAIL_SCAN_H
#define MQ_INGEST_MAIL_SCAN_H

#include "ingest/part.h"

/* Reads @part to its end and goes back to its start. %MQ_ERROR_LIMIT when its structure is hostile. */
gboolean mq_mail_scan(MqPart *part, GError **error);

/* Whether the header ends in a line of white space, which is no end but a fold: a mail that was
 * indented on its way through an editor or a web page. */
gboolean mq_mail_has_loose_separator(MqPart *part, gssize skip);

/* Whether its first line ends in CR alone, or in CR CR LF. */
gboolean mq_mail_has_odd_ends(MqPart *part);
/* The same mail with LF for each CR that is alone and each CR CR LF. (transfer full) */
GBytes *mq_mail_mend_ends(GBytes *mail);

#endif
