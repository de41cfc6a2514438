/* SMTP TLS reports, summed up per domain, policy and reporter. */
#ifndef MQ_CLI_TLS_DOCUMENT_H
#define MQ_CLI_TLS_DOCUMENT_H

#include "cli/document.h"
#include "store/store.h"

/* "rows" of marque.tls/1. (transfer full): NULL with MQ_ERROR_STORE */
json_t *mq_tls_document_rows(MqStore *store, const MqFilter *filter, GError **error);
/* Leaves only the rows in which sessions failed with @type; "unnamed" is what has no name. */
void mq_tls_document_keep_type(json_t *rows, const char *type);
/* Adds "failure_types" to each row: "certificate-expired 3", for tables and CSV. */
void mq_tls_document_add_types(json_t *rows);

#endif
