/* The digest: its document, and the table of formats that print it. Each prints the same facts,
 * from the same document. To add one: a file digest_NAME.c that ends in its row, one word in
 * MQ_DIGESTS. */
#ifndef MQ_CLI_DIGESTS_H
#define MQ_CLI_DIGESTS_H

#include "analyze/analyze.h"
#include "cli/app.h"
#include "cli/digest_parts.h"
#include "cli/page.h"

/* Who a digest that is a mail is from and goes to: addr-specs, checked. */
typedef struct {
	const char *from;
	const char *const *to; /* NULL-terminated */
} MqLetterhead;

typedef struct {
	const char *name;      /* what --format calls it */
	gboolean is_mail;      /* it wants an envelope */
	void (*print)(const MqApp *app, const json_t *document, const MqLetterhead *envelope);
} MqDigest;

#define MQ_DIGESTS(ROW) ROW(text) ROW(markdown) ROW(html) ROW(eml)
#define MQ_DIGEST_DECLARE(name) extern const MqDigest mq_digest_##name;
MQ_DIGESTS(MQ_DIGEST_DECLARE)

/* (nullable) */
const MqDigest *mq_digest_find(const char *name);

/* "marque.summary/1". (transfer full) */
json_t *mq_digest_document(const MqSummary *summary);

/* The newest @n of (element-type MqTrendPoint) @points, as "days" and "weeks" have them. (transfer full) */
json_t *mq_digest_points(const GArray *points, guint n);

/* Parts of the page: headline, move and figures; the tables and notes. For a page that is about one domain. */
void mq_digest_add_lead(const MqPage *page, const json_t *domain);
void mq_digest_add_sections(const MqPage *page, const json_t *domain);

/* The digest as a page of @kind. (transfer full) */
char *mq_digest_page(const json_t *document, MqPageKind kind);

#endif
