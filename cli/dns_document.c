#include "cli/dns_document.h"

static gboolean
take_seen(gpointer ctx, const MqDnsSeen *seen, GError **error)
{
	json_t *records = seen->data != NULL ? json_loads(seen->data, 0, NULL) : NULL;

	(void)error;
	if (records == NULL) /* no answer: nothing was there */
		records = json_array();
	json_array_append_new(ctx, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "domain",
	                                     mq_json_text(seen->domain), "name", mq_json_text(seen->name),
	                                     "type", mq_json_text(seen->type), "outcome",
	                                     mq_json_text(seen->outcome), "records", records, "first_seen",
	                                     mq_json_time(seen->first_seen_s), "last_seen",
	                                     mq_json_time(seen->last_seen_s)));
	return TRUE;
}

json_t *
mq_dns_document_rows(MqStore *store, const char *domain, const char *name, GError **error)
{
	g_autoptr(json_t) rows = json_array();

	if (!mq_store_dns(store, domain, name, take_seen, rows, error))
		return NULL;
	return g_steal_pointer(&rows);
}
