/* Domain names in one form: A-labels, lower case, no final dot. */
#ifndef MQ_INGEST_DOMAIN_H
#define MQ_INGEST_DOMAIN_H

#include <glib.h>

/**
 * mq_domain_normalize:
 * @text: what a stranger calls a domain: any case, U-labels, one final dot
 *
 * For names that came from reports or people. What is no domain name (spaces, empty labels, too
 * long) is still returned, as clean text in lower case: a report's odd value is kept.
 *
 * @valid: (out) (optional): whether the result is a host name of A-labels (underscores allowed)
 * Returns: (transfer full): the canonical form
 */
char *mq_domain_normalize(const char *text, gboolean *valid);

/* Whether @text is a host name that mq_domain_normalize() would leave as it is. */
gboolean mq_domain_is_normal(const char *text);

/* The domain of a mail address or a bare domain ("<a@b.example>" gives "b.example"), normalized;
 * %NULL when there is none. (transfer full) (nullable) */
char *mq_domain_of_address(const char *address);

/* The name without its first label; %NULL at a single label. Borrows from @domain. */
const char *mq_domain_parent(const char *domain);

/* How many labels; 0 for "". */
guint mq_domain_labels(const char *domain);

/* "a.example.com" is within "example.com", and so is "example.com" itself. Both canonical. */
gboolean mq_domain_is_within(const char *domain, const char *ancestor);

/* The name that somebody registered under a public suffix ("a.b.example.co.uk" gives "example.co.uk"): the
 * organizational domain of RFC 7489. A public suffix gives itself. Canonical. (transfer full) */
char *mq_domain_registrable(const char *domain);

/* For people: U-labels where they are harmless to show, else the A-labels. (transfer full) */
char *mq_domain_display(const char *domain);

#endif
