#include <string.h>

#include "analyze/resolver.h"
#include "ingest/error.h"

char *
mq_dns_server_parse(const char *text, GError **error)
{
	const char *colon = strrchr(text, ':');
	const char *close = strchr(text, ']');
	gboolean bracketed = *text == '[' && close != NULL;
	gboolean has_port = bracketed ? close[1] == ':' : colon != NULL && strchr(text, ':') == colon;
	g_autofree char *host = bracketed ? g_strndup(text + 1, (gsize)(close - text - 1))
	                        : has_port ? g_strndup(text, (gsize)(colon - text))
	                                   : g_strdup(text);
	guint64 port = 53;
	MqAddress address;
	g_autofree char *canonical = NULL;

	/* nobody wants that error: ours says what an address looks like */
	if ((bracketed && !has_port && close[1] != '\0') || !mq_address_parse(host, &address)
	    || (has_port && !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL))) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE,
		            "'%s' is no address of a DNS server: want ADDRESS, ADDRESS:PORT or [V6]:PORT", text);
		return NULL;
	}
	canonical = mq_address_to_text(&address);
	return g_strdup_printf(address.n_bytes == 4 ? "%s:%u" : "[%s]:%u", canonical, (guint)port);
}
