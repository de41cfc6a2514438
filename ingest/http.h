/* One HTTPS request with a deadline and a cap on the reply: the only place that knows libcurl's easy
 * interface for the web. Redirects are not followed, proxies of the environment not used. */
#ifndef MQ_INGEST_HTTP_H
#define MQ_INGEST_HTTP_H

#include <glib.h>

#include "ingest/address.h"

typedef struct {
	const char *url;          /* https:// */
	const char *host;         /* of @url; asked at @address, which no name server of libcurl's is asked for */
	guint16 port;             /* of @url */
	const MqAddress *address;
	const char *ca_file;      /* (nullable) certificates to trust, PEM; the system's */
	guint timeout_ms;         /* for all of it */
	gsize max_bytes;          /* a longer body is refused */
} MqHttpRequest;

typedef enum {
	MQ_HTTP_DONE,        /* there is a reply, of whatever status */
	MQ_HTTP_REFUSED,     /* there is something, and it is not to be used: certificate, protocol, too long */
	MQ_HTTP_UNREACHABLE, /* no connection, or no reply in time */
} MqHttpOutcome;

typedef struct {
	MqHttpOutcome outcome;
	char *why;           /* (nullable) unless done: a phrase */
	guint status;
	GString *body;
} MqHttpReply;

void mq_http_reply_clear(MqHttpReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqHttpReply, mq_http_reply_clear)

/* Sets libcurl up, for all that use it: part of mq_ingest_init(). */
void mq_http_init(void);

/* @reply: (out caller-allocates). mq_ingest_init() must have been called. */
void mq_http_get(const MqHttpRequest *request, MqHttpReply *reply);

#endif
