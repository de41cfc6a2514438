/* Every limit on strangers' input, with its reason. What a standard fixes (SPF's 10 lookups, the
 * tree walk's 8) stands beside its code. */
#ifndef MQ_INGEST_LIMITS_H
#define MQ_INGEST_LIMITS_H

#include <glib.h>

/* mail: large providers stop at 25 to 50 MiB */
#define MQ_LIMIT_MESSAGE_BYTES   (64 * 1024 * 1024)
#define MQ_LIMIT_MESSAGE_PARTS   1000
#define MQ_LIMIT_NESTING         8 /* containers and messages inside each other */
#define MQ_LIMIT_MULTIPARTS      32 /* multiparts inside each other, in one message; real mail reaches 6 */
/* the headers of a mail, of its parts and of the mails in it, together; real mail stays far below */
#define MQ_LIMIT_HEADER_BYTES    (8 * 1024 * 1024)
#define MQ_LIMIT_HEADER_FIELDS   50000
#define MQ_LIMIT_MIME_PARTS      20000 /* a library would build; of MQ_LIMIT_MESSAGE_PARTS we look at */
/* what has to be in memory as a whole: a mail within a mail, a zip within a mail, a text that is searched */
#define MQ_LIMIT_HELD_BYTES      (32 * 1024 * 1024)

/* what one message may unpack to, over all layers */
#define MQ_LIMIT_UNPACKED_BYTES  (G_GINT64_CONSTANT(1) << 30)
#define MQ_LIMIT_RATIO           300 /* : 1, once more than MQ_LIMIT_RATIO_FREE was unpacked; real XML reaches 60 */
#define MQ_LIMIT_RATIO_FREE      (16 * 1024 * 1024)
#define MQ_LIMIT_MEMBERS         20000 /* a year of reports in one tar */

/* what a run holds in memory */
#define MQ_LIMIT_FLIGHT_BYTES    (64 * 1024 * 1024)
#define MQ_LIMIT_FLIGHT_MESSAGES 256
#define MQ_LIMIT_HELD_RECORDS    5000 /* of one message; a larger one is poured again, in batches */
#define MQ_LIMIT_BATCH_RECORDS   1000
#define MQ_LIMIT_COMMIT_MESSAGES 1000
#define MQ_LIMIT_IMAP_MAILS      10000000 /* of one folder; 24 bytes each */
#define MQ_LIMIT_HELD_PROBLEMS   200 /* of one message; further ones are counted, not kept */

/* one report */
#define MQ_LIMIT_RECORDS         2000000
#define MQ_LIMIT_SIGNATURES      100 /* a record; RFC 9990 3.1.3 asks reporters to stay below */
#define MQ_LIMIT_REASONS         20
#define MQ_LIMIT_ERRORS          100
/* ten thousand million messages in a row: beyond any mailer; sums over a database stay below 2^63 */
#define MQ_LIMIT_COUNT           G_GINT64_CONSTANT(10000000000)
#define MQ_LIMIT_XML_DEPTH       32
#define MQ_LIMIT_XML_TEXT        (64 * 1024)
#define MQ_LIMIT_XML_WASTE       1000000 /* unknown elements, comments …, more than there are known ones */
#define MQ_LIMIT_ROWS            100 /* of one record, which the standards give one */
#define MQ_LIMIT_ROW_RESULTS     500 /* signatures and SPF results of a record, times the rows that share them */
#define MQ_LIMIT_NOTES           200000 /* of one document that are looked at, most of them twice the same */
#define MQ_LIMIT_REPORTS         20000 /* of one document */
#define MQ_LIMIT_FIELDS          500 /* header fields of a feedback part or a copied header */
#define MQ_LIMIT_JSON_BYTES      (16 * 1024 * 1024)
#define MQ_LIMIT_JSON_DEPTH      32
#define MQ_LIMIT_JSON_VALUES     500000 /* a hundred thousand failures; a value takes up to 200 bytes of memory */
#define MQ_LIMIT_TLS_POLICIES    10000 /* one report: a reporter has one or two for a domain */
#define MQ_LIMIT_TLS_FAILURES    100000 /* of one report */
#define MQ_LIMIT_TLS_STRINGS     1000 /* of one policy: lines, hosts; RFC 8461 holds a policy to 64 KiB */
#define MQ_LIMIT_ROW_DOMAINS     200 /* that only rows name: one report could name a million */
#define MQ_LIMIT_FIELD_BYTES     1024 /* an identifier, comment or name as it is stored */

/* when a report can be from: 1970 (test reporters begin there) to 2100 */
#define MQ_LIMIT_TIME_FIRST      G_GINT64_CONSTANT(0)
#define MQ_LIMIT_TIME_LAST       G_GINT64_CONSTANT(4102444800)

/* DNS */
#define MQ_LIMIT_DNS_FLIGHT      50 /* more at once and small resolvers lose some, which costs seconds */
#define MQ_LIMIT_DNS_RUN         20000 /* questions for one domain */
#define MQ_LIMIT_DNS_BYTES       (32 * 1024 * 1024) /* all answers for one domain; an answer has at most 64 KiB */
#define MQ_LIMIT_DNS_WAIT_S      60 /* for one domain; RFC 7208 wants 20 for SPF alone */
#define MQ_LIMIT_BLOCKING        16 /* policies fetched, mail hosts talked to, at once */
#define MQ_LIMIT_DNS_ALIASES     16 /* CNAMEs in a row; resolvers stop at 8 to 16 */

#endif
