/* The DNS answers that were seen over time. */
#ifndef MQ_CLI_DNS_DOCUMENT_H
#define MQ_CLI_DNS_DOCUMENT_H

#include "cli/document.h"
#include "store/store.h"

/* "records" of marque.history/1. @name: (nullable): any. (transfer full): NULL with MQ_ERROR_STORE */
json_t *mq_dns_document_rows(MqStore *store, const char *domain, const char *name, GError **error);

#endif
