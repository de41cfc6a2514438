/* The catalogue of mail services: who is behind a host name, a signature or a bounce address, and
 * what a customer does there so that mail aligns. The data: analyze/services.conf. */
#ifndef MQ_ANALYZE_SERVICES_H
#define MQ_ANALYZE_SERVICES_H

#include <glib.h>

#define MQ_SERVICE_KINDS(ROW) \
	ROW(MAILBOX, "mailbox") ROW(MARKETING, "marketing") ROW(TRANSACTIONAL, "transactional") ROW(CRM, "crm") \
	ROW(SUPPORT, "support") ROW(HOSTING, "hosting") ROW(GATEWAY, "gateway") ROW(FORWARDER, "forwarder") \
	ROW(LIST, "list") ROW(SECURITY, "security")
#define MQ_SERVICE_ENUM(name, word) MQ_SERVICE_##name,
typedef enum { MQ_SERVICE_KINDS(MQ_SERVICE_ENUM) MQ_SERVICE_KIND_N } MqServiceKind;

typedef struct {
	char *name;
	MqServiceKind kind;
	GStrv ptr, spf, dkim, bounce; /* normalized names; never NULL */
	char *setup;                  /* (nullable) */
} MqService;

typedef struct MqServices MqServices;

/**
 * mq_services_load:
 * @path: (nullable): a file of the owner's, read after the built-in one
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_USAGE: the file cannot be read, or a group in it has
 *   no known kind
 */
MqServices *mq_services_load(const char *path, GError **error);
void mq_services_free(MqServices *services);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqServices, mq_services_free)

guint mq_services_count(const MqServices *services);

/* What a name says: whose host, whose include, whose signature, whose bounce address. */
typedef enum { MQ_SERVICE_BY_PTR, MQ_SERVICE_BY_SPF, MQ_SERVICE_BY_DKIM, MQ_SERVICE_BY_BOUNCE, MQ_SERVICE_BY_N } MqServiceBy;

/* The service that @domain, or a domain above it, belongs to. (nullable) (transfer none) */
const MqService *mq_services_find(const MqServices *services, MqServiceBy by, const char *domain);

/* Relays other people's mail as its business: mailboxes, forwarders, lists, gateways. */
gboolean mq_service_relays(const MqService *service);

#endif
