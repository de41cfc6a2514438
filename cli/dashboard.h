/* The dashboard: a document for each domain and one for all, and the pages that show them. */
#ifndef MQ_CLI_DASHBOARD_H
#define MQ_CLI_DASHBOARD_H

#include "analyze/analyze.h"
#include "cli/app.h"
#include "cli/page.h"

#define MQ_DASHBOARD_DAYS 371 /* fifty-three whole weeks */

/* What pages are made from; borrowed. */
typedef struct {
	MqStore *store;
	const MqServices *services;
	MqResolver *resolver;  /* answers from the store: a page of a thousand domains asks nobody */
	MqPeriod period;       /* the week that is looked at closely */
	gint64 now_s;
} MqDashboard;

/* "domain/example.com.html": of a name that is none, what no file system and no link stumbles over. (transfer full) */
char *mq_dashboard_path(const char *domain);

/**
 * mq_dashboard_domain:
 *
 * The digest's document of the domain, and with it "year" (weeks), "published", "everybody" (all senders, with
 * evidence), "sources", "tls_rows", "findings", "dns", "page".
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_STORE
 */
json_t *mq_dashboard_domain(const MqDashboard *dashboard, const char *domain, GError **error);

/* @rows: documents as mq_dashboard_domain() makes them; the long lists may be gone. (transfer full) */
char *mq_dashboard_index_page(const json_t *rows, const char *until);
char *mq_dashboard_domain_page(const json_t *domain, const char *until);

#endif
