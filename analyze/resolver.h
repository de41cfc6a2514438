/* What fills answers: an interface, and its makers. The one over c-ares asks DNS, the stored one
 * answers from the database; others (MTA-STS policy, SMTP probe) have their own kinds of question.
 *
 *     while (!some_function(answers, …))
 *             if (!mq_resolver_fill(resolver, answers, error))
 *                     return FALSE;
 */
#ifndef MQ_ANALYZE_RESOLVER_H
#define MQ_ANALYZE_RESOLVER_H

#include <glib.h>

#include "analyze/answers.h"
#include "store/store.h"

typedef struct MqResolver MqResolver;

/* First member of each resolver's own struct. */
struct MqResolver {
	guint kinds; /* MQ_ASK_BIT()s that it fills */
	/* Fills @sets until at least one of them wants nothing more of @kinds. */
	gboolean (*fill)(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error);
	void (*free)(MqResolver *resolver);
};

/**
 * mq_resolver_fill:
 *
 * Answers all that is wanted of its kinds, at once and within its deadline; what got no answer is
 * unknown. What another resolver would have to fill stays wanted.
 *
 * Returns: %FALSE with %MQ_ERROR_DNS when no server can be reached at all (what was wanted is unknown then)
 */
gboolean mq_resolver_fill(MqResolver *resolver, MqAnswers *answers, GError **error);

/**
 * mq_resolver_fill_some:
 * @sets: one for each domain that is being looked at; each wants something
 *
 * The same for many domains at once: returns as soon as one of them has all it wanted, so that it
 * can go on while the others wait. A question that several sets want is asked once.
 */
gboolean mq_resolver_fill_some(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error);

void mq_resolver_free(MqResolver *resolver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqResolver, mq_resolver_free)

/**
 * MqAskBlocking:
 * @answers: what is known of the domain; only read, from several threads
 *
 * Answers a question and waits for it. (transfer full)
 */
typedef MqAnswer *(*MqAskBlocking)(gconstpointer resolver, const MqAnswers *answers, const char *name);

/* The fill of a resolver that can do no better than to wait: up to MQ_LIMIT_BLOCKING questions at once,
 * each in a thread that has ended when this returns. */
void mq_resolver_ask_blocking(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, MqAsk kind, MqAskBlocking ask);

/* Asks DNS over UDP, and TCP where an answer was cut. Zero is the default everywhere. */
typedef struct {
	const char *const *servers; /* (nullable) (array zero-terminated=1): ADDRESS[:PORT] or [V6]:PORT; the system's */
	guint timeout_ms;           /* of the first try; each further round waits twice as long; 1000 */
	guint tries;                /* 4 */
	guint flight;               /* questions at once; MQ_LIMIT_DNS_FLIGHT at most */
} MqDnsOptions;

/**
 * mq_dns_server_parse:
 * @text: "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353"
 *
 * Returns: (transfer full): with its port; %NULL with %MQ_ERROR_USAGE for what is no address
 */
char *mq_dns_server_parse(const char *text, GError **error);

/**
 * mq_dns_cares_new:
 * @options: (nullable): copied
 *
 * Where @options leave timeout_ms and tries at 0, RES_OPTIONS in the environment may set them
 * ("retrans:200 retry:1", as in c-ares).
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_USAGE for a server that is no address, %MQ_ERROR_DNS
 *   when c-ares cannot start
 */
MqResolver *mq_dns_cares_new(const MqDnsOptions *options, GError **error);

/**
 * mq_dns_zone_new:
 * @path: a line for each record, "NAME TYPE DATA" as in a zone file with whole names; '#' begins a comment
 *
 * Answers from that file alone: what is not in it does not exist.
 *
 * Returns: (transfer full): %NULL with an error of GIO, or with %MQ_ERROR_USAGE for a line that is no record
 */
MqResolver *mq_dns_zone_new(const char *path, GError **error);

/**
 * mq_dns_stored_new:
 * @store: must outlive the resolver
 * @domain: (nullable): only answers that were asked for this domain; any
 *
 * Answers each kind of question from the newest answer in @store when the first was asked; what is not
 * there is unknown.
 */
MqResolver *mq_dns_stored_new(MqStore *store, const char *domain);

/**
 * mq_dns_stored_keep:
 * @domain: on whose behalf they were asked
 *
 * Stores all of @answers that say something (unknown ones do not) with their time (@now_s where
 * they have none), and the CNAMEs on the way to them: what is asked of the stored resolver then gets
 * the very same. The caller commits.
 */
gboolean mq_dns_stored_keep(MqStore *store, const char *domain, const MqAnswers *answers, gint64 now_s,
                            GError **error);

/**
 * mq_dns_stored_changes:
 * @changes: (element-type MqChange): gets a "dns-changed" for each name within @domain whose MX or whose SPF, DKIM,
 *   DMARC and like records became others in [since, until); a person is needed where they are gone
 *
 * Returns: %FALSE with %MQ_ERROR_STORE
 */
gboolean mq_dns_stored_changes(MqStore *store, const char *domain, gint64 since_s, gint64 until_s, GPtrArray *changes,
                               GError **error);

#endif
