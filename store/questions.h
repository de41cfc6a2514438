/* Every question and every statement, by name; their SQL is in questions.c and nowhere else. */
#ifndef MQ_STORE_QUESTIONS_H
#define MQ_STORE_QUESTIONS_H

#include "store/store.h"

#define MQ_QUERIES(ROW) \
	ROW(MESSAGE_FIND) ROW(MESSAGE_KNOWN) ROW(MESSAGE_PUT) ROW(MESSAGE_STATE) ROW(MESSAGE_FORGET_PROBLEMS) \
	ROW(TEXT_FIND) ROW(TEXT_PUT) ROW(IDENTITY_FIND) ROW(IDENTITY_PUT) \
	ROW(AUTH_FIND) ROW(AUTH_PUT) ROW(AUTH_DKIM_PUT) ROW(AUTH_SPF_PUT) ROW(AUTH_DKIM) ROW(AUTH_SPF) \
	ROW(REASONS_FIND) ROW(REASONS_PUT) ROW(REASON_PUT) ROW(REASONS) \
	ROW(REPORT_BY_DIGEST) ROW(REPORT_BY_KEY) ROW(NEXT_ROW) ROW(REPORT_PUT) ROW(REPORT_SUMS) ROW(REPORT_DOMAIN_PUT) \
	ROW(REPORT_ERROR_PUT) \
	ROW(SIGHTING_COUNT) ROW(SIGHTING_PUT) ROW(RECORD_PUT) ROW(PROBLEM_PUT) \
	ROW(FAILURE_PUT) ROW(TLS_POLICY_PUT) ROW(TLS_FAILURE_PUT) \
	ROW(SCOPE_CLEAR) ROW(SCOPE_ALL) ROW(SCOPE_DOMAIN) ROW(REPORTS) \
	ROW(TOTALS_SOURCE) ROW(TOTALS_DOMAIN) ROW(TOTALS_REPORTER) ROW(TOTALS_SELECTOR) ROW(TOTALS_DISPOSITION) \
	ROW(TOTALS_DAY) ROW(TOTALS_WEEK) ROW(TOTALS_MONTH) ROW(TOTALS_NOTHING) ROW(POLICY_DOMAINS) ROW(REPORTERS) ROW(FLOWS) \
	ROW(REPORT_HEAD) ROW(REPORT_ERRORS) ROW(REPORT_RECORDS) ROW(REPORT_PROBLEMS) ROW(REPORT_PROVENANCE) \
	ROW(REPORT_FAILURE) ROW(REPORT_TLS_POLICIES) ROW(REPORT_TLS_FAILURES) \
	ROW(STATUS_COUNTS) ROW(STATUS_ROWS) ROW(STATUS_TYPES) \
	ROW(PRUNE_MARK) ROW(PRUNE_COUNT) ROW(PRUNE_ROWS) \
	ROW(LABEL_PUT) ROW(LABEL_FORGET) ROW(LABELS) ROW(DNS_NEWEST) ROW(DNS_PUT) ROW(DNS_SEEN_AGAIN) ROW(DNS) \
	ROW(MARK_GET) ROW(MARK_PUT) ROW(DATA_VERSION)

#define MQ_QUERY_ENUM(name) MQ_QUERY_##name,
typedef enum { MQ_QUERIES(MQ_QUERY_ENUM) MQ_QUERY_N } MqQueryName;

const char *mq_query_sql(MqQueryName name);
/* The steps of forgetting the reports in temp.scope, and then what nothing points to any more. */
extern const char *const mq_prune_steps[];
extern const guint mq_n_prune_steps;

/* A row's results in one number: whether an earlier variant has the row, then what the report says. */
#define MQ_RESULTS(repeated, disposition, dkim, spf) \
	((gint64)(repeated) << 11 | (gint64)(disposition) << 8 | (gint64)(dkim) << 4 | (gint64)(spf))
#define MQ_RESULTS_REPEATED(results)    ((results) >> 11 != 0)
#define MQ_RESULTS_DISPOSITION(results) ((MqDisposition)((results) >> 8 & 7))
#define MQ_RESULTS_DKIM(results)        ((MqResult)((results) >> 4 & 15))
#define MQ_RESULTS_SPF(results)         ((MqResult)((results) & 15))

#endif
