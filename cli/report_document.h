/* Reports as documents: what `show`, `failures`, `tls` and `export` print. */
#ifndef MQ_CLI_REPORT_DOCUMENT_H
#define MQ_CLI_REPORT_DOCUMENT_H

#include "cli/document.h"
#include "store/store.h"

/* Adds to @document all that the report says but for its records; problems and provenance. */
void mq_document_add_report(json_t *document, const MqStoredReport *stored);

/* One row of an aggregate report, or of the failures or TLS results. (transfer full) */
json_t *mq_document_record(const MqRecord *record);
json_t *mq_document_failure(const MqStoredReport *stored);
json_t *mq_document_tls_policy(const MqStoredReport *stored, const MqTlsPolicy *policy);

/* One line of `reports`. (transfer full) */
json_t *mq_document_report_row(const MqReportRow *row);

/* A record with its lists as text, for tables and CSV. (transfer full) */
json_t *mq_document_flat_record(const json_t *record);

#endif
