#include "analyze/policy_https.h"

#include "analyze/record_sts.h"
#include "ingest/http.h"

#define HTTPS_PORT 443
#define TIMEOUT_MS 10000

typedef struct {
	MqResolver parent;
	guint16 port;
	guint timeout_ms;
	char *ca_file;
} Fetcher;

/* The first address of @host that the answers hold, IPv4 first; NULL when there is none. */
static const MqAddress *
known_address(const MqAnswers *answers, const char *host)
{
	static const MqAsk asks[] = { MQ_ASK_A, MQ_ASK_AAAA };

	for (gsize i = 0; i < G_N_ELEMENTS(asks); i++) {
		const MqAnswer *answer = mq_answers_peek(answers, asks[i], host);

		if (answer != NULL && answer->records->len > 0)
			return &((const MqDnsRecord *)g_ptr_array_index(answer->records, 0))->address;
	}
	return NULL;
}

/* Whether DNS says that the host has no address: then there is no policy. */
static gboolean
has_none(const MqAnswers *answers, const char *host)
{
	const MqAnswer *a = mq_answers_peek(answers, MQ_ASK_A, host);
	const MqAnswer *aaaa = mq_answers_peek(answers, MQ_ASK_AAAA, host);

	return a != NULL && aaaa != NULL && a->outcome != MQ_ANSWER_UNKNOWN && aaaa->outcome != MQ_ANSWER_UNKNOWN;
}

static MqAnswer *
read_reply(const char *domain, const MqHttpReply *reply)
{
	g_autofree char *status = g_strdup_printf("the server says %u, want 200", reply->status);
	MqAnswer *answer;

	if (reply->outcome == MQ_HTTP_UNREACHABLE)
		return mq_answer_new(MQ_ASK_STS_POLICY, domain, MQ_ANSWER_UNKNOWN, reply->why);
	if (reply->outcome == MQ_HTTP_REFUSED || reply->status != 200)
		return mq_answer_new(MQ_ASK_STS_POLICY, domain, MQ_ANSWER_NO_DATA,
		                     reply->outcome == MQ_HTTP_REFUSED ? reply->why : status);
	answer = mq_answer_new(MQ_ASK_STS_POLICY, domain, MQ_ANSWER_FOUND, NULL);
	g_ptr_array_add(answer->records, mq_dns_record_parse(MQ_ASK_STS_POLICY, reply->body->str));
	return answer;
}

static MqAnswer *
fetch(gconstpointer resolver, const MqAnswers *answers, const char *domain)
{
	const Fetcher *fetcher = resolver;
	g_autofree char *host = g_strconcat("mta-sts.", domain, NULL);
	g_autofree char *url = g_strdup_printf("https://%s:%u/.well-known/mta-sts.txt", host, fetcher->port);
	const MqHttpRequest request = {
		.url = url, .host = host, .port = fetcher->port, .address = known_address(answers, host),
		.ca_file = fetcher->ca_file, .timeout_ms = fetcher->timeout_ms, .max_bytes = MQ_STS_POLICY_BYTES,
	};
	g_auto(MqHttpReply) reply = { 0 };

	if (request.address == NULL && has_none(answers, host)) {
		g_autofree char *why = g_strdup_printf("%s has no address", host);

		return mq_answer_new(MQ_ASK_STS_POLICY, domain, MQ_ANSWER_NO_DATA, why);
	}
	if (request.address == NULL)
		return mq_answer_new(MQ_ASK_STS_POLICY, domain, MQ_ANSWER_UNKNOWN, "the address of its host is not known");
	mq_http_get(&request, &reply);
	return read_reply(domain, &reply);
}

static gboolean
fill(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	(void)error;
	mq_resolver_ask_blocking(resolver, sets, n_sets, MQ_ASK_STS_POLICY, fetch);
	return TRUE;
}

static void
fetcher_free(MqResolver *resolver)
{
	Fetcher *fetcher = (Fetcher *)resolver;

	g_free(fetcher->ca_file);
	g_free(fetcher);
}

MqResolver *
mq_policy_https_new(const MqPolicyOptions *options)
{
	Fetcher *fetcher = g_new0(Fetcher, 1);

	fetcher->parent = (MqResolver){ .kinds = MQ_ASK_BIT(MQ_ASK_STS_POLICY), .fill = fill, .free = fetcher_free };
	fetcher->port = options != NULL && options->port != 0 ? options->port : HTTPS_PORT;
	fetcher->timeout_ms = options != NULL && options->timeout_ms != 0 ? options->timeout_ms : TIMEOUT_MS;
	fetcher->ca_file = options != NULL ? g_strdup(options->ca_file) : NULL;
	return &fetcher->parent;
}
