#include "ingest/http.h"

#include <curl/curl.h>

#include "ingest/text.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURL, curl_easy_cleanup)

typedef struct curl_slist CurlList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CurlList, curl_slist_free_all)

void
mq_http_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT); /* fails only where memory ends */
}

typedef struct {
	GString *body;
	gsize max_bytes;
	gboolean too_long;
} Sink;

static size_t
take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	Sink *sink = ctx;

	if (sink->body->len + size * n > sink->max_bytes) {
		sink->too_long = TRUE;
		return 0; /* ends the transfer */
	}
	g_string_append_len(sink->body, bytes, (gssize)(size * n));
	return size * n;
}

/* What nobody's second try will change. */
static gboolean
is_refusal(CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_WRITE_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return TRUE;
	default:
		return FALSE;
	}
}

static void
set_options(CURL *curl, const MqHttpRequest *request, const CurlList *resolve, Sink *sink, char *message)
{
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_RESOLVE, resolve);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "marque/" MARQUE_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
	if (request->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
}

void
mq_http_get(const MqHttpRequest *request, MqHttpReply *reply)
{
	g_autoptr(CURL) curl = curl_easy_init();
	g_autofree char *address = mq_address_to_text(request->address);
	g_autofree char *entry = g_strdup_printf(request->address->n_bytes == 4 ? "%s:%u:%s" : "%s:%u:[%s]", request->host,
	                                         request->port, address);
	g_autoptr(CurlList) resolve = curl_slist_append(NULL, entry);
	char message[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode code;

	*reply = (MqHttpReply){ .outcome = MQ_HTTP_UNREACHABLE, .body = g_string_new(NULL) };
	Sink sink = { .body = reply->body, .max_bytes = request->max_bytes };

	set_options(curl, request, resolve, &sink, message);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	reply->status = (guint)status;
	if (code == CURLE_OK) {
		reply->outcome = MQ_HTTP_DONE;
		return;
	}
	reply->outcome = is_refusal(code) ? MQ_HTTP_REFUSED : MQ_HTTP_UNREACHABLE;
	if (sink.too_long)
		reply->why = g_strdup_printf("it is longer than %" G_GSIZE_FORMAT " bytes", request->max_bytes);
	else
		reply->why = mq_text_visible(*message != '\0' ? message : curl_easy_strerror(code));
}

void
mq_http_reply_clear(MqHttpReply *reply)
{
	g_free(reply->why);
	if (reply->body != NULL)
		g_string_free(reply->body, TRUE);
	*reply = (MqHttpReply){ 0 };
}
