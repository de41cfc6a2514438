/* The resolver over c-ares. Questions of one or many sets of answers are in flight together, each
 * name and type once: what several want, and what was answered a while ago, comes from one reply.
 *
 * c-ares 1.18 has no event thread, and its callback may run before ares_query() returns. */
#include <poll.h>
#include <string.h>

#include <ares.h>
#include <arpa/nameser.h>

#include "analyze/dns_wire.h"
#include "analyze/resolver.h"
#include "ingest/error.h"
#include "ingest/limits.h"

#define TIMEOUT_MS      1000
#define TRIES           4
#define EDNS_BYTES      1232 /* no fragments on the way: DNS flag day 2020 */
#define CACHE_MIN_S     60   /* a TTL of 0 still serves those who ask now */
#define CACHE_NEGATIVE_S 300
#define QUESTION_US     (30 * G_USEC_PER_SEC) /* of all tries, over all servers */
#define POLL_MS         500
#define REACH_US        (3 * G_USEC_PER_SEC / 2) /* all silent for so long: is anybody there? and so long for that */

/* c-ares, twice: as it is a server's refusal or failure is told as "connection refused", after all
 * servers were tried. So a question is asked first of one that tells what the reply was; when that is
 * no answer, again of all servers. */
typedef struct {
	ares_channel ares;
	GArray *sockets;      /* struct pollfd */
} Channel;

enum { TELLING, TRYING, CHANNELS };

typedef struct {
	MqResolver base;
	Channel channels[CHANNELS];
	GHashTable *cache;    /* "TXT name" -> MqAnswer * */
	gsize cache_bytes;
	GHashTable *asked;    /* "TXT name" -> Flight *, queued or in flight */
	GQueue *queue;        /* Flight * */
	GPtrArray *flights;   /* Flight *, in flight */
	guint flight_limit;
	guint64 n_replies;    /* of any kind, from any server */
	guint64 n_silent;     /* questions that nobody replied to */
	char *servers;        /* as the user named them, for messages */
	gint64 begun_us;      /* when the first question was sent; 0: none was */
	gint64 reach_us;      /* when ". NS" was asked: whether anybody is there at all; 0: not yet */
	gboolean unreachable;
} Cares;

/* One question on its way. It lives until c-ares has called back; when that takes too long, it is
 * given up before: its resolver is told, and the late reply is thrown away. */
typedef struct {
	Cares *cares;
	char *key;
	MqAnswer *answer;
	GPtrArray *waiting; /* Waiter *: only during a fill */
	gint64 started_us;
	gboolean again;     /* a server has said no: all are tried */
	gboolean given_up;
} Flight;

/* A set of answers during one fill. */
typedef struct {
	MqAnswers *answers;
	guint pending; /* its questions that have no answer yet */
	gint64 until_us;
} Waiter;

/* ------------------------------------------------------------------ cache */

static gint64
now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static gsize
cached_bytes(const MqAnswer *answer)
{
	gsize n = 256;

	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);

		n += sizeof(*record) + 2 * strlen(record->text);
	}
	return n;
}

static void
cache_put(Cares *cares, const char *key, MqAnswer *answer)
{
	if (cares->cache_bytes > MQ_LIMIT_DNS_BYTES) {
		g_hash_table_remove_all(cares->cache); /* rare: the sets keep what they have */
		cares->cache_bytes = 0;
	}
	cares->cache_bytes += cached_bytes(answer);
	g_hash_table_insert(cares->cache, g_strdup(key), answer);
}

static const MqAnswer *
cache_get(Cares *cares, const char *key)
{
	const MqAnswer *answer = g_hash_table_lookup(cares->cache, key);
	gint64 ttl_s;

	if (answer == NULL)
		return NULL;
	ttl_s = answer->outcome == MQ_ANSWER_FOUND ? MAX(answer->ttl_s, CACHE_MIN_S) : CACHE_NEGATIVE_S;
	if (now_s() - answer->asked_s < ttl_s)
		return answer;
	cares->cache_bytes -= cached_bytes(answer);
	g_hash_table_remove(cares->cache, key);
	return NULL;
}

/* ------------------------------------------------------------------ one question */

static void
flight_free(Flight *flight)
{
	mq_answer_free(flight->answer);
	g_ptr_array_unref(flight->waiting);
	g_free(flight->key);
	g_free(flight);
}

/* The answer is there: to the cache, and to each set that waits for it. */
static void
finish(Flight *flight)
{
	Cares *cares = flight->cares;

	flight->answer->asked_s = now_s();
	for (guint i = 0; i < flight->waiting->len; i++) {
		Waiter *waiter = g_ptr_array_index(flight->waiting, i);

		mq_answers_put(waiter->answers, mq_answer_copy(flight->answer));
		waiter->pending -= waiter->pending > 0 ? 1 : 0; /* it may have given up */
	}
	g_ptr_array_set_size(flight->waiting, 0);
	g_hash_table_remove(cares->asked, flight->key);
	cache_put(cares, flight->key, g_steal_pointer(&flight->answer));
}

static void
set_why(MqAnswer *answer, const char *why)
{
	answer->outcome = MQ_ANSWER_UNKNOWN;
	g_ptr_array_set_size(answer->records, 0);
	g_free(answer->why);
	answer->why = g_strdup(why);
}

static const struct status {
	int status;
	gboolean is_reply;   /* a server said so */
	gboolean is_silence; /* no server said anything */
	const char *why;
} statuses[] = {
	{ ARES_EFORMERR, TRUE, FALSE, "the server did not understand the question (FORMERR)" },
	{ ARES_ESERVFAIL, TRUE, FALSE, "the server failed (SERVFAIL)" },
	{ ARES_ENOTIMP, TRUE, FALSE, "the server does not do that (NOTIMP)" },
	{ ARES_EREFUSED, TRUE, FALSE, "the server refused (REFUSED)" },
	{ ARES_EBADRESP, TRUE, FALSE, "the reply is malformed" },
	{ ARES_ETIMEOUT, FALSE, TRUE, "no reply in time" },
	{ ARES_ECONNREFUSED, FALSE, TRUE, "no reply: nothing answers at the server's address" },
	{ ARES_EBADNAME, FALSE, FALSE, "the name cannot be asked for" },
	{ ARES_EBADQUERY, FALSE, FALSE, "the name cannot be asked for" },
};

static const struct status *
find_status(int status)
{
	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return NULL;
}

static void
set_status(Flight *flight, int status)
{
	const struct status *row = find_status(status);

	if (flight->again && (row == NULL || !row->is_reply))
		return; /* no server had more to say than the first */
	if (row == NULL) {
		set_why(flight->answer, ares_strerror(status));
		return;
	}
	flight->cares->n_replies += row->is_reply ? 1 : 0;
	flight->cares->n_silent += row->is_silence ? 1 : 0;
	set_why(flight->answer, row->why);
}

/* What another server, or the same a moment later, may well answer. */
static gboolean
is_worth_another(int status)
{
	return status == ARES_ESERVFAIL || status == ARES_EREFUSED || status == ARES_ENOTIMP;
}

static void ask(Flight *flight, const char *name);

static void
on_reply(void *data, int status, int timeouts G_GNUC_UNUSED, unsigned char *message, int n)
{
	Flight *flight = data;
	g_autofree char *follow = NULL;

	if (flight->given_up || status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) {
		if (!flight->given_up)
			g_hash_table_remove(flight->cares->asked, flight->key);
		g_ptr_array_remove_fast(flight->cares->flights, flight);
		flight_free(flight);
		return;
	}
	if (message != NULL && n > 0 && (status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND)) {
		flight->cares->n_replies++;
		mq_dns_wire_read(flight->answer, message, (gsize)n, &follow);
	} else if (status == ARES_ENOTFOUND) {
		flight->answer->outcome = MQ_ANSWER_NO_NAME; /* c-ares knows by itself: .onion, RFC 7686 */
	} else {
		set_status(flight, status);
	}
	if (is_worth_another(status) && !flight->again) {
		flight->again = TRUE;
		ask(flight, flight->answer->aliases->len > 0 ? g_ptr_array_index(flight->answer->aliases, flight->answer->aliases->len - 1)
		                                             : flight->answer->name);
		return;
	}
	if (follow != NULL && flight->answer->aliases->len <= MQ_LIMIT_DNS_ALIASES) {
		ask(flight, follow);
		return;
	}
	finish(flight);
	g_ptr_array_remove_fast(flight->cares->flights, flight);
	flight_free(flight);
}

/* c-ares reads \X and not \DDD. */
static gboolean
can_be_asked(const char *name)
{
	for (const char *p = strchr(name, '\\'); p != NULL; p = strchr(p + 2, '\\'))
		if (p[1] == '\0' || g_ascii_isdigit(p[1]))
			return FALSE;
	return TRUE;
}

static void
ask(Flight *flight, const char *name)
{
	if (!can_be_asked(name)) {
		on_reply(flight, ARES_EBADNAME, 0, NULL, 0);
		return;
	}
	ares_query(flight->cares->channels[flight->again ? TRYING : TELLING].ares, name, ns_c_in, mq_dns_wire_type(flight->answer->ask), on_reply, flight);
}

static Flight *
enqueue(Cares *cares, const MqQuestion *question, const char *key)
{
	Flight *flight = g_new0(Flight, 1);

	flight->cares = cares;
	flight->key = g_strdup(key);
	flight->answer = mq_answer_new(question->ask, question->name, MQ_ANSWER_UNKNOWN, NULL);
	flight->waiting = g_ptr_array_new();
	g_hash_table_insert(cares->asked, flight->key, flight);
	g_queue_push_tail(cares->queue, flight);
	return flight;
}

static void
start_queued(Cares *cares)
{
	while (cares->flights->len < cares->flight_limit && !g_queue_is_empty(cares->queue)) {
		Flight *flight = g_queue_pop_head(cares->queue);

		flight->started_us = g_get_monotonic_time();
		if (cares->begun_us == 0)
			cares->begun_us = flight->started_us;
		g_ptr_array_add(cares->flights, flight);
		ask(flight, flight->answer->name); /* may be answered, and freed, at once */
	}
}

/* ------------------------------------------------------------------ one fill */

static char *
question_key(const MqQuestion *question)
{
	return g_strconcat(mq_ask_word(question->ask), " ", question->name, NULL);
}

/* Answers what is known already and asks the rest. */
static void
attach(Cares *cares, Waiter *waiter)
{
	g_autoptr(GPtrArray) questions = mq_answers_wanted(waiter->answers, cares->base.kinds);

	for (guint i = 0; i < questions->len; i++) {
		const MqQuestion *question = g_ptr_array_index(questions, i);
		g_autofree char *key = question_key(question);
		const MqAnswer *cached = cache_get(cares, key);
		Flight *flight;

		if (cached != NULL) {
			mq_answers_put(waiter->answers, mq_answer_copy(cached));
			continue;
		}
		flight = g_hash_table_lookup(cares->asked, key);
		if (flight == NULL)
			flight = enqueue(cares, question, key);
		g_ptr_array_add(flight->waiting, waiter);
		waiter->pending++;
	}
}

/* The caller's sets are not ours after the fill. What nobody waits for any more is not asked. */
static void
detach_all(Cares *cares)
{
	Flight *flight;

	for (guint i = 0; i < cares->flights->len; i++)
		g_ptr_array_set_size(((Flight *)g_ptr_array_index(cares->flights, i))->waiting, 0);
	while ((flight = g_queue_pop_head(cares->queue)) != NULL) {
		g_hash_table_remove(cares->asked, flight->key);
		flight_free(flight);
	}
}

static void
on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	GArray *sockets = data;
	struct pollfd entry = { .fd = fd, .events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)) };

	for (guint i = 0; i < sockets->len; i++) {
		if (g_array_index(sockets, struct pollfd, i).fd != fd)
			continue;
		g_array_remove_index_fast(sockets, i);
		break;
	}
	if (entry.events != 0)
		g_array_append_val(sockets, entry);
}

static void
process(const Channel *channel, const struct pollfd *ready, guint n)
{
	for (guint i = 0; i < n; i++) {
		gboolean broken = (ready[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
		gboolean readable = (ready[i].revents & POLLIN) != 0 || broken;

		if (ready[i].revents != 0)
			ares_process_fd(channel->ares, readable ? ready[i].fd : ARES_SOCKET_BAD,
			                (ready[i].revents & POLLOUT) != 0 ? ready[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its time-outs */
}

/* Waits for sockets or the next time-out, and lets c-ares call back. */
static void
wait_once(Cares *cares)
{
	struct timeval most = { .tv_usec = POLL_MS * 1000 };
	struct timeval next[CHANNELS] = { 0 };
	struct timeval *until = &most;
	/* a copy: the callbacks open and close sockets */
	g_autoptr(GArray) ready = g_array_copy(cares->channels[TELLING].sockets);
	const GArray *others = cares->channels[TRYING].sockets;
	guint n_first = ready->len;

	g_array_append_vals(ready, others->data, others->len);
	for (guint c = 0; c < CHANNELS; c++)
		until = ares_timeout(cares->channels[c].ares, until, &next[c]);
	poll((struct pollfd *)(gpointer)ready->data, ready->len, (int)(until->tv_sec * 1000 + until->tv_usec / 1000) + 1);
	process(&cares->channels[TELLING], (const struct pollfd *)(gconstpointer)ready->data, n_first);
	process(&cares->channels[TRYING], (const struct pollfd *)(gconstpointer)ready->data + n_first, ready->len - n_first);
}

static void
give_up_late(Cares *cares)
{
	gint64 now_us = g_get_monotonic_time();

	for (guint i = 0; i < cares->flights->len; i++) {
		Flight *flight = g_ptr_array_index(cares->flights, i);

		if (flight->given_up || now_us - flight->started_us < QUESTION_US)
			continue;
		set_why(flight->answer, "no reply in time");
		finish(flight);
		flight->given_up = TRUE;
	}
}

/* When questions find only silence, one that every server can answer tells whether there is one. */
static void
watch_reach(Cares *cares)
{
	const MqQuestion root = { .ask = MQ_ASK_NS, .name = (char *)"." };
	g_autofree char *key = question_key(&root);
	gint64 now_us = g_get_monotonic_time();

	if (cares->n_replies > 0 || (cares->n_silent == 0 && now_us - cares->begun_us < REACH_US))
		return;
	if (cares->reach_us == 0) {
		cares->reach_us = now_us;
		if (!g_hash_table_contains(cares->asked, key) && cache_get(cares, key) == NULL)
			enqueue(cares, &root, key);
		return;
	}
	cares->unreachable = !g_hash_table_contains(cares->asked, key) || now_us - cares->reach_us >= REACH_US;
}

/* Whether a set has all it wanted, or has waited long enough for it: what it lacks is unknown then. */
static gboolean
is_one_done(const Cares *cares, Waiter *waiters, guint n)
{
	gint64 now_us = g_get_monotonic_time();
	gboolean done = n == 0;

	for (guint i = 0; i < n; i++) {
		if (waiters[i].pending > 0 && now_us >= waiters[i].until_us) {
			mq_answers_give_up(waiters[i].answers, cares->base.kinds, "DNS took too long for this domain");
			waiters[i].pending = 0;
		}
		done = done || waiters[i].pending == 0;
	}
	return done;
}

/* Goes round until a set is done, or nobody is there. */
static void
run(Cares *cares, Waiter *waiters, guint n)
{
	while (!cares->unreachable) {
		start_queued(cares);
		/* silence is told from a dead server before anybody believes it */
		if (is_one_done(cares, waiters, n) && (cares->n_replies > 0 || cares->n_silent == 0))
			return;
		wait_once(cares);
		give_up_late(cares);
		watch_reach(cares);
	}
	for (guint i = 0; i < n; i++)
		mq_answers_give_up(waiters[i].answers, cares->base.kinds, "no DNS server replies");
}

static gboolean
cares_fill(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	Cares *cares = (Cares *)resolver;
	g_autofree Waiter *waiters = g_new0(Waiter, n_sets);
	gint64 begun_us = g_get_monotonic_time();

	for (guint i = 0; i < n_sets; i++) {
		waiters[i].answers = sets[i];
		waiters[i].until_us = begun_us + mq_answers_wait_left(sets[i]);
		attach(cares, &waiters[i]);
	}
	run(cares, waiters, n_sets);
	detach_all(cares);
	for (guint i = 0; i < n_sets; i++)
		mq_answers_add_wait(sets[i], g_get_monotonic_time() - begun_us);
	if (!cares->unreachable)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_DNS, "no DNS server replies (%s): check the network, %s", cares->servers,
	            "/etc/resolv.conf or --resolver");
	return FALSE;
}

/* ------------------------------------------------------------------ beginning and end */

static void
cares_free(MqResolver *resolver)
{
	Cares *cares = (Cares *)resolver;

	for (guint c = 0; c < CHANNELS; c++)
		if (cares->channels[c].ares != NULL)
			ares_destroy(cares->channels[c].ares); /* calls back for all that is in flight */
	detach_all(cares);
	g_queue_free(cares->queue);
	g_ptr_array_unref(cares->flights);
	g_hash_table_unref(cares->asked);
	g_hash_table_unref(cares->cache);
	for (guint c = 0; c < CHANNELS; c++)
		g_array_unref(cares->channels[c].sockets);
	g_free(cares->servers);
	g_free(cares);
	ares_library_cleanup();
}

static char *
servers_to_csv(const char *const *servers, GError **error)
{
	GString *csv = g_string_new(NULL);

	for (gsize i = 0; servers[i] != NULL; i++) {
		g_autofree char *one = mq_dns_server_parse(servers[i], error);

		if (one == NULL) {
			g_string_free(csv, TRUE);
			return NULL;
		}
		g_string_append_printf(csv, "%s%s", i > 0 ? "," : "", one);
	}
	return g_string_free(csv, FALSE);
}

/* @flags: more of them */
static gboolean
open_channel(Channel *channel, const MqDnsOptions *options, const char *csv, int flags, GError **error)
{
	gboolean from_environment = g_getenv("RES_OPTIONS") != NULL && options->timeout_ms == 0 && options->tries == 0;
	struct ares_options wanted = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_STAYOPEN | ARES_FLAG_EDNS | flags,
		.ednspsz = EDNS_BYTES,
		.timeout = (int)(options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS),
		.tries = (int)(options->tries > 0 ? options->tries : TRIES),
		.sock_state_cb = on_socket,
		.sock_state_cb_data = channel->sockets,
		.socket_receive_buffer_size = 1 << 20, /* two hundred replies may come at once */
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB | ARES_OPT_SOCK_RCVBUF;
	int status;

	if (!from_environment)
		mask |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
	status = ares_init_options(&channel->ares, &wanted, mask);
	if (status != ARES_SUCCESS)
		channel->ares = NULL;
	else if (csv != NULL)
		status = ares_set_servers_ports_csv(channel->ares, csv);
	if (status == ARES_SUCCESS)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_DNS, "cannot set up DNS: %s", ares_strerror(status));
	return FALSE;
}

MqResolver *
mq_dns_cares_new(const MqDnsOptions *options, GError **error)
{
	const MqDnsOptions none = { 0 };
	const MqDnsOptions *given = options != NULL ? options : &none;
	gboolean named = given->servers != NULL && given->servers[0] != NULL;
	g_autofree char *csv = named ? servers_to_csv(given->servers, error) : NULL;
	Cares *cares;

	if (named && csv == NULL)
		return NULL;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		g_set_error_literal(error, MQ_ERROR, MQ_ERROR_DNS, "cannot set up DNS");
		return NULL;
	}
	cares = g_new0(Cares, 1);
	cares->base = (MqResolver){ .kinds = MQ_ASK_DNS, .fill = cares_fill, .free = cares_free };
	for (guint c = 0; c < CHANNELS; c++)
		cares->channels[c].sockets = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
	cares->cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mq_answer_free);
	cares->asked = g_hash_table_new(g_str_hash, g_str_equal);
	cares->queue = g_queue_new();
	cares->flights = g_ptr_array_new();
	cares->flight_limit = given->flight > 0 ? MIN(given->flight, MQ_LIMIT_DNS_FLIGHT) : MQ_LIMIT_DNS_FLIGHT;
	cares->servers = g_strdup(named ? csv : "those of /etc/resolv.conf");
	if (!open_channel(&cares->channels[TELLING], given, csv, ARES_FLAG_NOCHECKRESP, error)
	    || !open_channel(&cares->channels[TRYING], given, csv, 0, error)) {
		mq_resolver_free(&cares->base);
		return NULL;
	}
	return &cares->base;
}
