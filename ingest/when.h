/* Times: seconds since 1970, UTC, as gint64; windows and ages as people write them. */
#ifndef MQ_INGEST_WHEN_H
#define MQ_INGEST_WHEN_H

#include <glib.h>

#define MQ_TIME_ABSENT G_MININT64
#define MQ_DAY_S       G_GINT64_CONSTANT(86400)

/* "2026-11-24T00:00:00Z". (transfer full) (nullable): %NULL when absent or beyond the calendar */
char *mq_when_to_text(gint64 time_s);
/* "2026-11-24". (transfer full) (nullable) */
char *mq_when_to_date(gint64 time_s);
/* RFC 3339, with or without zone (then UTC). */
gboolean mq_when_parse_rfc3339(const char *text, gint64 *time_s);
/* RFC 5322 date of a mail header; FALSE also when no mail can be from then (MQ_LIMIT_TIME_FIRST, _LAST). */
gboolean mq_when_parse_rfc5322(const char *text, gint64 *time_s);
/**
 * mq_when_parse_stranger:
 *
 * What a program may have written where the standard wants seconds, if it can be one time only:
 * "+1700000000", with a fraction, in milli-, micro- or nanoseconds, RFC 3339 or the date of it (its
 * first second), RFC 5322 with a zone. Not "11/14/2023", "14 Nov", "1.7e9".
 */
gboolean mq_when_parse_stranger(const char *text, gint64 *time_s);
/* "2026-11-24": its first second. %MQ_ERROR_USAGE otherwise. */
gboolean mq_when_parse_date(const char *text, gint64 *time_s, GError **error);
/**
 * mq_when_parse:
 * @text: a date, or an age before @now_s: 7d, 4w, 6m, 1y (months and years by the calendar)
 */
gboolean mq_when_parse(const char *text, gint64 now_s, gint64 *time_s, GError **error);
/* The first second of the UTC day. */
gint64 mq_when_day(gint64 time_s);

#endif
