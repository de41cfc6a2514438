#include "analyze/probe_smtp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "analyze/probe.h"
#include "ingest/text.h"

#define LINE_BYTES    2048 /* of a reply; RFC 5321 4.5.3.1.5 says 512 */
#define REPLY_LINES   100
#define ADDRESSES_MAX 4    /* of a host are tried */
#define SMTP_PORT     25
#define TIMEOUT_MS    20000
#define STRANGER      "probe@example.org" /* RFC 2606: nobody's, so that nobody gets anything */
#define OTHER         "probe@example.net"

typedef struct {
	MqResolver parent;
	guint16 port;
	guint timeout_ms;
	char *ca_file;
} Prober;

/* One conversation. */
typedef struct {
	const Prober *prober;
	const char *host;
	MqProbe *probe;
	int fd;
	gint64 deadline_us;
	SSL *ssl;              /* NULL before STARTTLS */
	char buffer[LINE_BYTES];
	gsize held;            /* bytes in buffer that belong to the next line */
	GString *reply;        /* text of the last reply, its lines joined by newlines */
} Talk;

/* ------------------------------------------------------------------- bytes */

static void
broke(Talk *talk, const char *what)
{
	if (talk->probe->failure == NULL)
		talk->probe->failure = g_strdup(what);
}

/* Waits for the socket; FALSE at the deadline. */
static gboolean
wait_for(Talk *talk, short events)
{
	gint64 left_ms = (talk->deadline_us - g_get_monotonic_time()) / 1000;
	struct pollfd poller = { .fd = talk->fd, .events = events };

	if (left_ms <= 0 || poll(&poller, 1, (int)left_ms) <= 0) {
		broke(talk, "no reply in time");
		return FALSE;
	}
	return TRUE;
}

/* Passes what TLS has to say on to the socket. */
static gboolean
push_tls(Talk *talk)
{
	char bytes[4096];
	int n;

	while ((n = BIO_read(SSL_get_wbio(talk->ssl), bytes, sizeof(bytes))) > 0)
		for (gssize done = 0; done < n;) {
			gssize sent = send(talk->fd, bytes + done, (gsize)(n - done), MSG_NOSIGNAL);

			if (sent > 0)
				done += sent;
			else if ((errno != EAGAIN && errno != EINTR) || !wait_for(talk, POLLOUT))
				return FALSE;
		}
	return TRUE;
}

/* Bytes from the socket, as they are; 0 at the end or the deadline. */
static gsize
receive(Talk *talk, char *bytes, gsize size)
{
	for (;;) {
		gssize n;

		if (!wait_for(talk, POLLIN))
			return 0;
		n = recv(talk->fd, bytes, size, 0);
		if (n > 0)
			return (gsize)n;
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			broke(talk, "the connection was closed");
			return 0;
		}
	}
}

/* Gives TLS bytes to read. */
static gboolean
pull_tls(Talk *talk)
{
	char bytes[4096];
	gsize n;

	if (!push_tls(talk))
		return FALSE;
	n = receive(talk, bytes, sizeof(bytes));
	return n > 0 && BIO_write(SSL_get_rbio(talk->ssl), bytes, (int)n) == (int)n;
}

static gsize
read_some(Talk *talk, char *bytes, gsize size)
{
	if (talk->ssl == NULL)
		return receive(talk, bytes, size);
	for (;;) {
		int n = SSL_read(talk->ssl, bytes, (int)size);

		if (n > 0)
			return (gsize)n;
		if (SSL_get_error(talk->ssl, n) != SSL_ERROR_WANT_READ || !pull_tls(talk))
			return 0;
	}
}

static gboolean
say(Talk *talk, const char *line)
{
	g_autofree char *text = g_strconcat(line, "\r\n", NULL);

	if (talk->ssl != NULL)
		return SSL_write(talk->ssl, text, (int)strlen(text)) > 0 && push_tls(talk);
	for (gsize done = 0; done < strlen(text);) {
		gssize sent = send(talk->fd, text + done, strlen(text) - done, MSG_NOSIGNAL);

		if (sent > 0)
			done += (gsize)sent;
		else if ((errno != EAGAIN && errno != EINTR) || !wait_for(talk, POLLOUT))
			return FALSE;
	}
	return TRUE;
}

/* ------------------------------------------------------------------- replies */

/* The next line without its end. (transfer full) (nullable) */
static char *
read_line(Talk *talk)
{
	for (;;) {
		char *end = memchr(talk->buffer, '\n', talk->held);
		gsize n;

		if (end != NULL) {
			gsize length = (gsize)(end - talk->buffer);
			char *line = mq_text_clean(talk->buffer, (gssize)length, LINE_BYTES);

			talk->held -= length + 1;
			memmove(talk->buffer, end + 1, talk->held);
			return line;
		}
		if (talk->held == sizeof(talk->buffer)) {
			broke(talk, "a reply without an end");
			return NULL;
		}
		n = read_some(talk, talk->buffer + talk->held, sizeof(talk->buffer) - talk->held);
		if (n == 0)
			return NULL;
		talk->held += n;
	}
}

/* The code of the next reply; 0 when there is none. */
static guint
reply(Talk *talk)
{
	g_string_truncate(talk->reply, 0);
	for (guint i = 0; i < REPLY_LINES; i++) {
		g_autofree char *line = read_line(talk);
		guint64 code;
		g_autofree char *digits = line != NULL ? g_strndup(line, 3) : NULL;

		if (line == NULL)
			return 0;
		if (!g_ascii_string_to_unsigned(digits, 10, 100, 599, &code, NULL)) { /* not SMTP, whatever the error says */
			broke(talk, "what answers does not speak SMTP");
			return 0;
		}
		g_string_append_printf(talk->reply, "%s%s", i > 0 ? "\n" : "", line);
		if (line[3] != '-')
			return (guint)code;
	}
	broke(talk, "a reply of too many lines");
	return 0;
}

static guint
command(Talk *talk, const char *line)
{
	return say(talk, line) ? reply(talk) : 0;
}

/* Whether a line of the reply to EHLO is that keyword. */
static gboolean
offers(const Talk *talk, const char *keyword)
{
	g_auto(GStrv) lines = g_strsplit(talk->reply->str, "\n", -1);

	for (guint i = 1; lines[i] != NULL; i++)
		if (strlen(lines[i]) > 4 && g_ascii_strcasecmp(g_strstrip(lines[i] + 4), keyword) == 0)
			return TRUE;
	return FALSE;
}

/* ------------------------------------------------------------------- the certificate */

static void
note_certificate(Talk *talk)
{
	X509 *certificate = SSL_get0_peer_certificate(talk->ssl);
	long verdict = SSL_get_verify_result(talk->ssl);
	char issuer[256];
	struct tm ends;

	if (certificate == NULL)
		return;
	talk->probe->certificate = verdict == X509_V_OK ? MQ_PROBE_YES : MQ_PROBE_NO;
	if (verdict != X509_V_OK)
		talk->probe->certificate_problem = g_strdup(X509_verify_cert_error_string(verdict));
	X509_NAME_oneline(X509_get_issuer_name(certificate), issuer, sizeof(issuer));
	talk->probe->issuer = mq_text_visible(issuer);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) == 1)
		talk->probe->expires_s = (gint64)timegm(&ends);
}

static gboolean
shake_hands(Talk *talk)
{
	for (;;) {
		int n = SSL_connect(talk->ssl);

		if (n == 1)
			return push_tls(talk);
		if (SSL_get_error(talk->ssl, n) != SSL_ERROR_WANT_READ || !pull_tls(talk))
			return FALSE;
	}
}

/* The handshake goes on with a bad certificate: we want to know what is wrong with it. */
static gboolean
start_tls(Talk *talk, SSL_CTX *context)
{
	talk->ssl = SSL_new(context);
	if (talk->ssl == NULL)
		return FALSE;
	SSL_set_bio(talk->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_tlsext_host_name(talk->ssl, talk->host);
	SSL_set_hostflags(talk->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	SSL_set1_host(talk->ssl, talk->host);
	talk->held = 0; /* what came in the clear after STARTTLS is not to be believed */
	talk->probe->tls = shake_hands(talk) ? MQ_PROBE_YES : MQ_PROBE_NO;
	if (talk->probe->tls == MQ_PROBE_YES) {
		talk->probe->tls_version = g_strdup(SSL_get_version(talk->ssl));
		note_certificate(talk);
	}
	ERR_clear_error();
	return talk->probe->tls == MQ_PROBE_YES;
}

static SSL_CTX *
tls_context(const Prober *prober)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	if (prober->ca_file != NULL)
		SSL_CTX_load_verify_locations(context, prober->ca_file, NULL); /* what it lacks, no certificate passes */
	else
		SSL_CTX_set_default_verify_paths(context);
	return context;
}

/* ------------------------------------------------------------------- the conversation */

static gboolean
greet(Talk *talk)
{
	g_autofree char *hello = g_strdup_printf("EHLO %s", "probe.example.org");

	return command(talk, hello) == 250;
}

static gboolean
secure(Talk *talk)
{
	SSL_CTX *context;
	gboolean secured;

	talk->probe->starttls = offers(talk, "STARTTLS") ? MQ_PROBE_YES : MQ_PROBE_NO;
	if (talk->probe->starttls == MQ_PROBE_NO)
		return TRUE;
	if (command(talk, "STARTTLS") != 220) {
		talk->probe->tls = MQ_PROBE_NO;
		talk->probe->certificate_problem = g_strdup("STARTTLS is offered and refused");
		return FALSE;
	}
	context = tls_context(talk->prober);
	secured = start_tls(talk, context) && greet(talk);
	SSL_CTX_free(context);
	return secured;
}

/* A temporary refusal of the recipient (greylisting) says nothing. */
static void
try_relay(Talk *talk)
{
	guint code = command(talk, "MAIL FROM:<" STRANGER ">");

	if (code / 100 == 2) {
		code = command(talk, "RCPT TO:<" OTHER ">");
		g_free(talk->probe->relay_reply);
		talk->probe->relay_reply = mq_text_visible(talk->reply->str);
	}
	if (code / 100 == 2)
		talk->probe->relay = MQ_PROBE_YES;
	else if (code / 100 == 5)
		talk->probe->relay = MQ_PROBE_NO;
	else
		broke(talk, "whether it relays could not be seen: it asks to try later");
	command(talk, "RSET");
	say(talk, "QUIT");
}

static void
converse(Talk *talk)
{
	guint code = reply(talk);

	if (code != 220) {
		talk->probe->reached = MQ_PROBE_NO;
		if (code != 0)
			broke(talk, talk->reply->str);
		return;
	}
	talk->probe->reached = MQ_PROBE_YES;
	talk->probe->banner = mq_text_visible(talk->reply->str);
	if (greet(talk) && secure(talk))
		try_relay(talk);
	broke(talk, "the conversation broke off");
	if (talk->probe->relay != MQ_PROBE_UNKNOWN)
		g_clear_pointer(&talk->probe->failure, g_free);
}

/* A socket connected to @address, or -1. */
static int
connect_to(Talk *talk, const MqAddress *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(talk->prober->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(talk->prober->port) };
	gboolean is_v4 = address->n_bytes == 4;
	int trouble = 0;
	socklen_t size = sizeof(trouble);

	memcpy(&v4.sin_addr, address->bytes, 4);
	memcpy(&v6.sin6_addr, address->bytes, 16);
	talk->fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (talk->fd < 0)
		return -1;
	if (connect(talk->fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
	            is_v4 ? sizeof(v4) : sizeof(v6)) == 0)
		return talk->fd;
	if (errno == EINPROGRESS && wait_for(talk, POLLOUT))
		getsockopt(talk->fd, SOL_SOCKET, SO_ERROR, &trouble, &size);
	else
		trouble = errno == EINPROGRESS ? ETIMEDOUT : errno;
	if (trouble == 0)
		return talk->fd;
	g_free(talk->probe->failure);
	talk->probe->failure = g_strdup(g_strerror(trouble));
	close(talk->fd);
	return -1;
}

/* The first address that accepts a connection is talked to. */
static void
probe_host(const Prober *prober, const char *host, const GPtrArray *addresses, MqProbe *probe)
{
	guint n = MIN(addresses->len, ADDRESSES_MAX);
	gint64 now_us = g_get_monotonic_time();

	for (guint i = 0; i < n; i++) {
		const MqAddress *address = g_ptr_array_index(addresses, i);
		Talk talk = { .prober = prober, .host = host, .probe = probe, .reply = g_string_new(NULL) };
		gint64 share_us = (gint64)prober->timeout_ms * 1000 / n;

		talk.deadline_us = now_us + share_us * (i + 1);
		g_free(probe->address);
		probe->address = mq_address_to_text(address);
		probe->reached = MQ_PROBE_NO;
		if (connect_to(&talk, address) >= 0) {
			g_clear_pointer(&probe->failure, g_free);
			talk.deadline_us = now_us + (gint64)prober->timeout_ms * 1000;
			converse(&talk);
			SSL_free(talk.ssl);
			close(talk.fd);
			i = n;
		}
		g_string_free(talk.reply, TRUE);
	}
}

/* ------------------------------------------------------------------- the resolver */

static gboolean
is_exchanger(const MqAnswers *answers, const char *domain, const char *host)
{
	const MqAnswer *mx = mq_answers_peek(answers, MQ_ASK_MX, domain);

	for (guint i = 0; mx != NULL && i < mx->records->len; i++)
		if (g_strcmp0(((const MqDnsRecord *)g_ptr_array_index(mx->records, i))->host, host) == 0)
			return TRUE;
	return FALSE;
}

static void
add_addresses(const MqAnswers *answers, MqAsk ask, const char *host, GPtrArray *out)
{
	const MqAnswer *answer = mq_answers_peek(answers, ask, host);

	for (guint i = 0; answer != NULL && i < answer->records->len; i++)
		g_ptr_array_add(out, &((MqDnsRecord *)g_ptr_array_index(answer->records, i))->address);
}

static MqAnswer *
answer_question(gconstpointer resolver, const MqAnswers *answers, const char *name)
{
	const Prober *prober = resolver;
	g_auto(GStrv) words = g_strsplit(name, " ", 2);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new();
	g_autoptr(MqProbe) probe = mq_probe_new();
	MqAnswer *answer;
	g_autofree char *text = NULL;

	if (g_strv_length(words) != 2 || !is_exchanger(answers, words[0], words[1]))
		return mq_answer_new(MQ_ASK_PROBE, name, MQ_ANSWER_UNKNOWN, "it is no MX host of the domain, so it is left alone");
	add_addresses(answers, MQ_ASK_A, words[1], addresses);
	add_addresses(answers, MQ_ASK_AAAA, words[1], addresses);
	if (addresses->len == 0)
		return mq_answer_new(MQ_ASK_PROBE, name, MQ_ANSWER_UNKNOWN, "the host has no known address");
	probe_host(prober, words[1], addresses, probe);
	text = mq_probe_to_text(probe);
	answer = mq_answer_new(MQ_ASK_PROBE, name, MQ_ANSWER_FOUND, NULL);
	g_ptr_array_add(answer->records, mq_dns_record_parse(MQ_ASK_PROBE, text));
	return answer;
}

static gboolean
fill(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	(void)error;
	mq_resolver_ask_blocking(resolver, sets, n_sets, MQ_ASK_PROBE, answer_question);
	return TRUE;
}

static void
prober_free(MqResolver *resolver)
{
	Prober *prober = (Prober *)resolver;

	g_free(prober->ca_file);
	g_free(prober);
}

MqResolver *
mq_probe_smtp_new(const MqProbeOptions *options)
{
	Prober *prober = g_new0(Prober, 1);

	prober->parent = (MqResolver){ .kinds = MQ_ASK_BIT(MQ_ASK_PROBE), .fill = fill, .free = prober_free };
	prober->port = options != NULL && options->port != 0 ? options->port : SMTP_PORT;
	prober->timeout_ms = options != NULL && options->timeout_ms != 0 ? options->timeout_ms : TIMEOUT_MS;
	prober->ca_file = options != NULL ? g_strdup(options->ca_file) : NULL;
	return &prober->parent;
}
