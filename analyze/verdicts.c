#include "analyze/verdicts.h"

#include <string.h>

#include "analyze/discovery.h"
#include "ingest/domain.h"

/* Regular mail leaves traces on many days; a wave does not. */
#define STEADY_DAYS   6
#define STEADY_SPAN_S (14 * MQ_DAY_S)
#define FEW_SOURCES   16
#define OWN_AMONG     2000 /* the owner's hosts are among those that send most */
/* A question to a person about one or two senders is honest; the same about a crowd of them is not: so many
 * strangers do not begin at once, a botnet or a snowshoe sender does. */
#define CROWD_GROUPS  8
/* Services that nobody told us of have a name of their own and send for weeks: a large owner has several. Not so many,
 * though, and not side by side in one block, as who rents it to send by fifty names. */
#define CROWD_REGULAR 24
#define CROWD_BLOCK   4

typedef enum { CROWD_NONE, CROWD_ENVELOPE, CROWD_SIGNATURE, CROWD_STRANGER, CROWD_NAMED, CROWD_N } MqCrowd;

typedef struct {
	const MqSources *all;
	const GPtrArray *own_hosts; /* MqSource *: of the owner alone, those that send most */
	const MqSource *source;
	MqStream *stream;
} Case;

/* --- what can be seen --- */

static gboolean
passed_then(const MqStream *stream)
{
	return stream->dkim == MQ_RESULT_PASS || stream->spf == MQ_RESULT_PASS;
}

/* Our own signature is on it, whether it verified or not. */
static const MqStreamKey *
own_signature(const MqStream *stream)
{
	for (guint i = 0; i < stream->n_keys; i++)
		if (stream->keys[i].aligned)
			return &stream->keys[i];
	return NULL;
}

static gboolean
key_is_there(const MqStreamKey *key)
{
	return key->now == MQ_DKIM_OK || key->now == MQ_DKIM_WEAK || key->now == MQ_DKIM_TESTING;
}

/* A verified signature of somebody who is neither the owner nor the service that sends. */
static gboolean
signed_by_stranger(const Case *c)
{
	for (guint i = 0; i < c->stream->n_keys; i++) {
		const MqStreamKey *key = &c->stream->keys[i];

		if (key->then == MQ_RESULT_PASS && !key->aligned
		    && mq_services_find(c->all->services, MQ_SERVICE_BY_DKIM, key->domain) == NULL)
			return TRUE;
	}
	return FALSE;
}

static gboolean
is_steady(const GArray *days)
{
	return days->len >= STEADY_DAYS
	       && g_array_index(days, MqSourceDay, days->len - 1).day_s - g_array_index(days, MqSourceDay, 0).day_s
	                  >= STEADY_SPAN_S;
}

/* A host of the owner: by its confirmed name, by being an exchanger, or by the owner's SPF record. */
static gboolean
is_own_source(const MqSource *source)
{
	return source->own_host || source->is_exchanger || source->owner_spf == MQ_RESULT_PASS;
}

/* The owner's mail comes through it with the owner's signature intact, though it is no host of the
 * owner and no service that sends for customers. */
static gboolean
relays_intact_mail(const MqSource *source)
{
	if (is_own_source(source) || (source->service != NULL && !mq_service_relays(source->service)))
		return FALSE;
	for (guint i = 0; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);

		if (stream->dkim == MQ_RESULT_PASS && stream->spf != MQ_RESULT_PASS)
			return TRUE;
	}
	return FALSE;
}

/* Behind it are customers: the catalogue knows it, or the owner's record includes a stranger's. */
static gboolean
is_shared(const MqSource *source)
{
	return source->service != NULL && !source->own_host;
}

/* What ties a message to the owner beside the address: the owner's envelope, or signature and no other envelope. */
static gboolean
is_tied(const MqStream *stream)
{
	return stream->spf_related || (own_signature(stream) != NULL && !stream->spf_then_pass);
}

/* SPF passed for somebody who is neither the owner nor the service. */
static gboolean
bounces_to_stranger(const Case *c)
{
	const MqStream *stream = c->stream;

	return stream->spf_then_pass && !stream->spf_related && stream->spf_domain != NULL && !stream->is_bounce
	       && mq_services_find(c->all->services, MQ_SERVICE_BY_BOUNCE, stream->spf_domain) == NULL
	       && mq_services_find(c->all->services, MQ_SERVICE_BY_DKIM, stream->spf_domain) == NULL
	       && mq_services_find(c->all->services, MQ_SERVICE_BY_PTR, stream->spf_domain) == NULL
	       && mq_services_find(c->all->services, MQ_SERVICE_BY_SPF, stream->spf_domain) == NULL;
}

/* This sender signed with that very key before, and it verified: nobody else has it. */
static gboolean
signed_before(const Case *c, const MqStreamKey *key)
{
	const MqSenderGroup *group = c->source->sender;

	for (guint i = 0; key->selector != NULL && i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			for (guint k = 0; k < stream->n_keys; k++)
				if (stream->keys[k].then == MQ_RESULT_PASS && g_strcmp0(stream->keys[k].selector, key->selector) == 0
				    && g_strcmp0(stream->keys[k].domain, key->domain) == 0)
					return TRUE;
		}
	}
	return FALSE;
}

static gboolean
decide(const Case *c, MqVerdict verdict, MqCause cause)
{
	c->stream->verdict = verdict;
	c->stream->cause = cause;
	return TRUE;
}

/* --- why the owner's own mail fails --- */

static MqCause
cause_of_key(const MqStreamKey *key)
{
	if (key->asked && key->now == MQ_DKIM_MISSING)
		return MQ_CAUSE_KEY_MISSING;
	if (key->asked && key->now == MQ_DKIM_REVOKED)
		return MQ_CAUSE_KEY_REVOKED;
	if (key->asked && key->now == MQ_DKIM_INVALID)
		return MQ_CAUSE_KEY_INVALID;
	return key->aligned && !key->aligned_now && key->then == MQ_RESULT_PASS ? MQ_CAUSE_STRICT_ALIGNMENT : MQ_CAUSE_BODY_CHANGED;
}

static MqCause
own_cause(const Case *c)
{
	const MqStream *stream = c->stream;
	const MqStreamKey *own = own_signature(stream);

	if (own != NULL && cause_of_key(own) != MQ_CAUSE_BODY_CHANGED)
		return cause_of_key(own);
	if (stream->spf_related && !stream->spf_aligned && stream->spf_now == MQ_RESULT_PASS)
		return MQ_CAUSE_STRICT_ALIGNMENT;
	if (stream->spf_related && stream->spf_now == MQ_RESULT_PERMERROR)
		return MQ_CAUSE_SPF_BROKEN;
	if (stream->is_bounce && own == NULL && is_own_source(c->source))
		return MQ_CAUSE_BOUNCE_UNSIGNED;
	if (stream->spf_related && stream->spf_now != MQ_RESULT_PASS && stream->spf_now != MQ_RESULT_ABSENT)
		return MQ_CAUSE_NOT_IN_SPF;
	if (own != NULL)
		return MQ_CAUSE_BODY_CHANGED;
	for (guint i = 0; i < stream->n_keys; i++)
		if (stream->keys[i].then == MQ_RESULT_PASS)
			return MQ_CAUSE_SERVICE_SIGNATURE;
	return stream->spf_then_pass && !stream->spf_related ? MQ_CAUSE_BOUNCE_DOMAIN : MQ_CAUSE_UNSIGNED;
}

/* --- rules --- */

static gboolean
rule_label(const Case *c)
{
	const char *label = c->source->label;

	if (label == NULL)
		return FALSE;
	if (g_str_equal(label, "threat"))
		return decide(c, MQ_VERDICT_THREAT, MQ_CAUSE_NO_RELATION);
	if (g_str_equal(label, "forwarder"))
		return decide(c, MQ_VERDICT_FORWARDER, MQ_CAUSE_FORWARDED);
	if (c->stream->unsaid)
		return decide(c, MQ_VERDICT_COMPLIANT, MQ_CAUSE_NONE);
	if (c->stream->today == MQ_TODAY_PASS)
		return decide(c, !c->stream->fixed ? MQ_VERDICT_COMPLIANT : MQ_VERDICT_FIXED, MQ_CAUSE_NONE);
	return decide(c, MQ_VERDICT_FIXABLE, own_cause(c));
}

/* No report says what DMARC found: no evidence against anybody, and none for anybody, unless today's DNS lets it pass. */
static gboolean
rule_unsaid(const Case *c)
{
	if (c->stream->unsaid)
		return decide(c, MQ_VERDICT_UNKNOWN, MQ_CAUSE_NONE);
	return mq_sources_dmarc(c->stream->dkim, c->stream->spf) == MQ_RESULT_ABSENT
	       && decide(c, MQ_VERDICT_COMPLIANT, MQ_CAUSE_NONE);
}

/* It passed with the owner's identifiers, and still would. */
static gboolean
rule_passes(const Case *c)
{
	if (!passed_then(c->stream) || c->stream->today == MQ_TODAY_FAIL)
		return FALSE;
	if (relays_intact_mail(c->source) && c->source->service != NULL)
		return decide(c, MQ_VERDICT_FORWARDER, MQ_CAUSE_NONE);
	return decide(c, MQ_VERDICT_COMPLIANT, MQ_CAUSE_NONE);
}

/* It passed, and would not today: a key that vanished, an address taken out of SPF. */
static gboolean
rule_passed_once(const Case *c)
{
	return passed_then(c->stream) && decide(c, MQ_VERDICT_FIXABLE, own_cause(c));
}

/* What was wrong with mail that today's DNS lets pass: what it lacked then. */
static MqCause
past_cause(const Case *c)
{
	const MqStream *stream = c->stream;

	for (guint i = 0; i < stream->n_keys; i++) {
		const MqStreamKey *key = &stream->keys[i];

		if (!key->aligned_now || !key_is_there(key))
			continue;
		if (key->then == MQ_RESULT_PASS)
			return MQ_CAUSE_STRICT_ALIGNMENT;
		if (key->then == MQ_RESULT_PERMERROR || key->then == MQ_RESULT_TEMPERROR)
			return MQ_CAUSE_KEY_MISSING;
	}
	if (stream->spf_aligned && stream->spf_now == MQ_RESULT_PASS) {
		if (stream->spf_then_pass)
			return MQ_CAUSE_STRICT_ALIGNMENT;
		return stream->spf_result == MQ_RESULT_PERMERROR ? MQ_CAUSE_SPF_BROKEN : MQ_CAUSE_NOT_IN_SPF;
	}
	return own_cause(c);
}

static gboolean
rule_fixed(const Case *c)
{
	return c->stream->fixed && decide(c, MQ_VERDICT_FIXED, past_cause(c));
}

/* The owner's own host: of its name, an exchanger, or let send by SPF. */
static gboolean
rule_own_host(const Case *c)
{
	if (!is_own_source(c->source) || signed_by_stranger(c) || (is_shared(c->source) && !is_tied(c->stream)))
		return FALSE;
	return decide(c, MQ_VERDICT_FIXABLE, own_cause(c));
}

/* What receivers that looked closer say; one that is not known for that needs something beside its word. */
static gboolean
rule_said_forwarded(const Case *c)
{
	guint hints = c->stream->hints;
	gboolean supported = (hints & MQ_HINT_TRUSTED) != 0 || own_signature(c->stream) != NULL || c->source->confirmed
	                     || (c->stream->spf_then_pass && !c->stream->spf_related) || relays_intact_mail(c->source);

	if (!supported)
		return FALSE;
	if (hints & MQ_HINT_LIST)
		return decide(c, MQ_VERDICT_FORWARDER, MQ_CAUSE_MAILING_LIST);
	if ((hints & (MQ_HINT_FORWARDED | MQ_HINT_ARC)) != 0)
		return decide(c, MQ_VERDICT_FORWARDER, MQ_CAUSE_FORWARDED);
	return FALSE;
}

/* Our signature with a key that is published, broken on the way, by a host that relays: it vouches for
 * the envelope with a domain of its own, relays other mail of ours intact, or does so for a living. */
static gboolean
rule_broken_on_the_way(const Case *c)
{
	const MqStreamKey *own = own_signature(c->stream);
	const MqService *service = c->source->service;
	gboolean relays = (c->stream->spf_then_pass && !c->stream->spf_related) || relays_intact_mail(c->source)
	                  || (service != NULL && mq_service_relays(service));

	if (own == NULL || !key_is_there(own) || !relays)
		return FALSE;
	return decide(c, MQ_VERDICT_FORWARDER,
	              service != NULL && service->kind == MQ_SERVICE_LIST ? MQ_CAUSE_MAILING_LIST : MQ_CAUSE_BODY_CHANGED);
}

/* Unsigned mail through a host that relays signed mail of ours, or for a living under our envelope. */
static gboolean
rule_plain_forward(const Case *c)
{
	const MqService *service = c->source->service;

	if (own_signature(c->stream) != NULL || signed_by_stranger(c))
		return FALSE;
	if (relays_intact_mail(c->source) && !c->all->signs)
		return decide(c, MQ_VERDICT_FORWARDER, MQ_CAUSE_FORWARDED);
	if (service != NULL && (service->kind == MQ_SERVICE_LIST || service->kind == MQ_SERVICE_FORWARDER))
		return decide(c, MQ_VERDICT_FORWARDER,
		              service->kind == MQ_SERVICE_LIST ? MQ_CAUSE_MAILING_LIST : MQ_CAUSE_FORWARDED);
	return FALSE;
}

/* Our signature, by one who signed with our key before: whatever breaks it now is on our side. */
static gboolean
rule_signed_before(const Case *c)
{
	const MqStreamKey *own = own_signature(c->stream);

	return own != NULL && signed_before(c, own) && cause_of_key(own) != MQ_CAUSE_BODY_CHANGED
	       && decide(c, MQ_VERDICT_FIXABLE, cause_of_key(own));
}

/* Our signature and our key, and the key is why: nobody else signs with our selector. */
static gboolean
rule_own_key_trouble(const Case *c)
{
	const MqStreamKey *own = own_signature(c->stream);
	MqCause cause = own != NULL ? cause_of_key(own) : MQ_CAUSE_NONE;

	if (own == NULL || cause == MQ_CAUSE_BODY_CHANGED || own->then == MQ_RESULT_FAIL)
		return FALSE;
	return (c->source->service != NULL || is_steady(c->source->sender->days)) && decide(c, MQ_VERDICT_FIXABLE, cause);
}

/* At a mailbox provider anybody has an account. The owner's has the owner's envelope, or a signature by which the
 * provider calls it after the owner: "example.provider.example", "example-com.provider.example". */
static gboolean
is_owners_account(const Case *c)
{
	const char *from = c->stream->header_from;
	g_autofree char *organization = mq_discovery_organization_suffix(from);
	gsize length = strcspn(organization, ".");

	if (is_tied(c->stream))
		return TRUE;
	for (guint i = 0; i < c->stream->n_keys; i++) {
		const MqStreamKey *key = &c->stream->keys[i];

		if (key->then == MQ_RESULT_PASS && g_ascii_strncasecmp(key->domain, organization, length) == 0
		    && (key->domain[length] == '.' || key->domain[length] == '-'))
			return TRUE;
	}
	return FALSE;
}

/* A service that sends for customers, with its own signature or bounce address: the owner's, when the
 * owner's mail passes there as well or it comes week after week. Otherwise anybody may be its customer. */
static gboolean
rule_service(const Case *c)
{
	const MqService *service = c->source->service;
	const MqSenderGroup *group = c->source->sender;

	if (service == NULL || service->kind == MQ_SERVICE_FORWARDER || service->kind == MQ_SERVICE_LIST)
		return FALSE;
	if (signed_by_stranger(c) || bounces_to_stranger(c))
		return decide(c, MQ_VERDICT_THREAT, MQ_CAUSE_NO_RELATION);
	if (service->kind == MQ_SERVICE_MAILBOX && !group->aligned_pass && !(is_steady(group->days) && is_owners_account(c)))
		return decide(c, MQ_VERDICT_UNKNOWN, MQ_CAUSE_SERVICE_SIGNATURE);
	if (is_steady(group->days) && g_hash_table_size(c->source->reporters) > 0 && !group->aligned_pass)
		return decide(c, MQ_VERDICT_FIXABLE, own_cause(c));
	return decide(c, MQ_VERDICT_UNKNOWN, own_cause(c));
}

/* It signs or bounces as itself, and that verified. */
static gboolean
has_a_name_of_its_own(const MqStream *stream)
{
	if (stream->spf_then_pass && !stream->spf_related)
		return TRUE;
	for (guint i = 0; i < stream->n_keys; i++)
		if (stream->keys[i].then == MQ_RESULT_PASS && !stream->keys[i].aligned)
			return TRUE;
	return FALSE;
}

/* No catalogue knows it, yet it behaves as a service or a forgotten host does: few addresses, known by
 * a host name or by what they sign as, week after week. A person must say. */
static gboolean
rule_regular_stranger(const Case *c)
{
	const MqSenderGroup *group = c->source->sender;

	if (!is_steady(group->days) || group->sources->len > FEW_SOURCES)
		return FALSE;
	if (has_a_name_of_its_own(c->stream)) {
		c->stream->crowd = CROWD_NAMED;
		return decide(c, MQ_VERDICT_UNKNOWN, own_cause(c));
	}
	if (c->source->confirmed) {
		/* its provider named it: customers of one provider are steady together, a host is by itself */
		c->stream->crowd = is_steady(c->source->days) ? CROWD_NONE : CROWD_STRANGER;
		return decide(c, MQ_VERDICT_UNKNOWN, own_cause(c));
	}
	if (!c->stream->spf_related || group->sources->len > 3)
		return FALSE;
	c->stream->crowd = CROWD_ENVELOPE;
	return decide(c, MQ_VERDICT_UNKNOWN, own_cause(c));
}

/* Comes once in the window, from few hosts that have their name and sign or bounce by it: a monthly run of a
 * service that no catalogue has, or somebody's own spam. */
static gboolean
rule_proper_stranger(const Case *c)
{
	if (!c->source->confirmed || !has_a_name_of_its_own(c->stream) || c->source->sender->sources->len > 4)
		return FALSE;
	c->stream->crowd = CROWD_STRANGER;
	return decide(c, MQ_VERDICT_UNKNOWN, own_cause(c));
}

/* Our signature on it and broken, from somewhere that nothing else is known of: a forwarder that says
 * nothing of itself, or an old mail that somebody plays back. */
static gboolean
rule_copied_signature(const Case *c)
{
	const MqStreamKey *own = own_signature(c->stream);

	if (own == NULL || !key_is_there(own) || c->source->sender->sources->len > FEW_SOURCES)
		return FALSE;
	c->stream->crowd = CROWD_SIGNATURE;
	return decide(c, MQ_VERDICT_UNKNOWN, MQ_CAUSE_BODY_CHANGED);
}

/* A neighbour of the owner's own hosts: a host that was forgotten, or one that was broken into. */
static gboolean
rule_neighbour(const Case *c)
{
	MqBlock block = mq_address_neighbourhood(&c->source->address);

	for (guint i = 0; i < c->own_hosts->len && c->source->address.n_bytes > 0; i++) {
		const MqSource *other = g_ptr_array_index(c->own_hosts, i);

		if (mq_address_in_block(&other->address, &block))
			return decide(c, MQ_VERDICT_UNKNOWN, own_cause(c));
	}
	return FALSE;
}

static gboolean
rule_dns_silent(const Case *c)
{
	return c->stream->today == MQ_TODAY_UNKNOWN && decide(c, MQ_VERDICT_UNKNOWN, MQ_CAUSE_NONE);
}

static gboolean
rule_no_relation(const Case *c)
{
	return decide(c, MQ_VERDICT_THREAT, MQ_CAUSE_NO_RELATION);
}

static gboolean (*const rules[])(const Case *c) = {
	rule_label,         rule_unsaid,           rule_passes,          rule_passed_once,
	rule_fixed,         rule_said_forwarded,   rule_own_host,        rule_broken_on_the_way,
	rule_plain_forward, rule_signed_before,    rule_own_key_trouble, rule_service,
	rule_dns_silent,    rule_regular_stranger, rule_proper_stranger, rule_copied_signature,
	rule_neighbour,     rule_no_relation,
};

/* --- labels --- */

static const char *
label_for(const GPtrArray *labels, const MqSource *source)
{
	const char *by_block = NULL;

	for (guint i = 0; labels != NULL && i < labels->len; i++) {
		const MqLabel *label = g_ptr_array_index(labels, i);
		MqBlock block;

		if (g_str_equal(label->key, source->text) || g_str_equal(label->key, source->sender->name))
			return label->word;
		if (source->address.n_bytes > 0 && mq_block_parse(label->key, &block) && mq_address_in_block(&source->address, &block))
			by_block = label->word;
	}
	return by_block;
}

/* --- from streams to sources to senders --- */

/* What a person should see of several: what loses the owner's mail before what does not. */
static const guint8 gravity[MQ_VERDICT_N] = {
	[MQ_VERDICT_COMPLIANT] = 0, [MQ_VERDICT_FIXED] = 1,   [MQ_VERDICT_FORWARDER] = 2,
	[MQ_VERDICT_THREAT] = 3,    [MQ_VERDICT_UNKNOWN] = 4, [MQ_VERDICT_FIXABLE] = 5,
};

typedef struct {
	gint64 messages[MQ_VERDICT_N];
	MqCause cause[MQ_VERDICT_N];
} Tally;

static void
tally_add(Tally *tally, MqVerdict verdict, MqCause cause, gint64 messages)
{
	if (tally->messages[verdict] == 0 || cause != MQ_CAUSE_NONE)
		tally->cause[verdict] = cause;
	tally->messages[verdict] += MAX(messages, 1);
}

/* The verdict on most of what fails; when nothing of weight does, that on what passes. */
static MqVerdict
tally_verdict(const Tally *tally)
{
	gint64 all = 0;
	MqVerdict worst = MQ_VERDICT_COMPLIANT;

	for (guint v = 0; v < MQ_VERDICT_N; v++)
		all += tally->messages[v];
	for (guint v = 0; v < MQ_VERDICT_N; v++) {
		gboolean weighs = tally->messages[v] * 200 >= all; /* half a percent */

		if (!weighs || tally->messages[v] == 0)
			continue;
		if (v == MQ_VERDICT_COMPLIANT || worst == MQ_VERDICT_COMPLIANT || tally->messages[v] > tally->messages[worst]
		    || (tally->messages[v] == tally->messages[worst] && gravity[v] > gravity[worst]))
			worst = v == MQ_VERDICT_COMPLIANT ? worst : (MqVerdict)v;
	}
	return worst;
}

/* (transfer full) */
static GPtrArray *
own_hosts_of(const MqSources *all)
{
	GPtrArray *hosts = g_ptr_array_new();

	for (guint i = 0; i < MIN(all->sources->len, OWN_AMONG); i++) {
		MqSource *source = g_ptr_array_index(all->sources, i);

		if (is_own_source(source) && source->service == NULL)
			g_ptr_array_add(hosts, source);
	}
	return hosts;
}

static void
judge_streams(MqSources *all, const GPtrArray *own_hosts, MqSource *source)
{
	for (guint i = 0; i < source->streams->len; i++) {
		const Case c = { .all = all, .own_hosts = own_hosts, .source = source, .stream = g_ptr_array_index(source->streams, i) };

		c.stream->crowd = CROWD_NONE;
		for (gsize r = 0; r < G_N_ELEMENTS(rules) && !rules[r](&c); r++)
			;
	}
}

/* The kinds of crowd that a sender's streams belong to, as bits. */
static guint
crowds_of(const MqSenderGroup *group)
{
	guint crowds = 0;

	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++)
			crowds |= 1u << ((const MqStream *)g_ptr_array_index(source->streams, j))->crowd;
	}
	return crowds;
}

/* How many senders with a name of their own are in a block. */
typedef struct {
	const MqSenderGroup *last;
	guint groups;
} BlockCrowd;

static char *
block_of(const MqSource *source)
{
	MqBlock block = mq_address_neighbourhood(&source->address);

	return mq_block_to_text(&block);
}

static gboolean
has_crowd(const MqSource *source, MqCrowd kind)
{
	for (guint i = 0; i < source->streams->len; i++)
		if (((const MqStream *)g_ptr_array_index(source->streams, i))->crowd == (guint)kind)
			return TRUE;
	return FALSE;
}

/* Block, as text -> BlockCrowd. (transfer full) */
static GHashTable *
count_blocks(const MqSources *all)
{
	GHashTable *blocks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (guint i = 0; i < all->senders->len; i++) {
		const MqSenderGroup *group = g_ptr_array_index(all->senders, i);

		for (guint j = 0; j < group->sources->len; j++) {
			const MqSource *source = g_ptr_array_index(group->sources, j);
			g_autofree char *name = has_crowd(source, CROWD_NAMED) && source->address.n_bytes > 0 ? block_of(source) : NULL;
			BlockCrowd *crowd = name != NULL ? g_hash_table_lookup(blocks, name) : NULL;

			if (name == NULL || (crowd != NULL && crowd->last == group))
				continue;
			if (crowd == NULL) {
				crowd = g_new0(BlockCrowd, 1);
				g_hash_table_insert(blocks, g_steal_pointer(&name), crowd);
			}
			crowd->last = group;
			crowd->groups++;
		}
	}
	return blocks;
}

static gboolean
is_in_block_crowd(GHashTable *blocks, const MqSource *source)
{
	g_autofree char *name = source->address.n_bytes > 0 ? block_of(source) : NULL;
	const BlockCrowd *crowd = name != NULL ? g_hash_table_lookup(blocks, name) : NULL;

	return crowd != NULL && crowd->groups > CROWD_BLOCK;
}

static void
judge_crowds(MqSources *all)
{
	g_autoptr(GHashTable) blocks = count_blocks(all);
	guint groups[CROWD_N] = { 0 };

	for (guint i = 0; i < all->senders->len; i++) {
		guint crowds = crowds_of(g_ptr_array_index(all->senders, i));

		for (guint kind = CROWD_NONE + 1; kind < CROWD_N; kind++)
			groups[kind] += (crowds >> kind) & 1;
	}
	for (guint i = 0; i < all->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(all->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const Case c = { .all = all, .source = source, .stream = g_ptr_array_index(source->streams, j) };
			guint kind = c.stream->crowd;

			if (kind != CROWD_NONE
			    && (groups[kind] > (kind == CROWD_NAMED ? CROWD_REGULAR : CROWD_GROUPS)
			        || (kind == CROWD_NAMED && is_in_block_crowd(blocks, source))))
				rule_no_relation(&c);
		}
	}
}

static gboolean
is_empty(const Tally *tally)
{
	for (guint v = 0; v < MQ_VERDICT_N; v++)
		if (tally->messages[v] > 0)
			return FALSE;
	return TRUE;
}

/* What nobody said has no weight beside what was said. */
static void
tally_source(Tally *tally, const MqSource *source, gboolean unsaid)
{
	for (guint i = 0; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);

		if (stream->unsaid == unsaid)
			tally_add(tally, stream->verdict, stream->cause, stream->messages);
	}
}

static void
judge_source(MqSource *source)
{
	Tally tally = { 0 };

	tally_source(&tally, source, FALSE);
	if (is_empty(&tally))
		tally_source(&tally, source, TRUE);
	source->verdict = tally_verdict(&tally);
	source->cause = tally.cause[source->verdict];
}

static void
judge_sender(MqSenderGroup *group)
{
	Tally tally = { 0 };
	gboolean nothing;

	for (guint i = 0; i < group->sources->len; i++)
		tally_source(&tally, g_ptr_array_index(group->sources, i), FALSE);
	nothing = is_empty(&tally);
	for (guint i = 0; nothing && i < group->sources->len; i++)
		tally_source(&tally, g_ptr_array_index(group->sources, i), TRUE);
	group->verdict = tally_verdict(&tally);
	group->cause = tally.cause[group->verdict];
}

static void
tell_unasked(MqSenderGroup *group)
{
	guint n = 0;

	for (guint i = 0; i < group->sources->len; i++)
		n += ((const MqSource *)g_ptr_array_index(group->sources, i))->unasked ? 1 : 0;
	if (n > 0)
		g_ptr_array_add(group->evidence,
		                g_strdup_printf("%u of its %u addresses %s so little that reverse DNS was not asked", n,
		                                group->sources->len, n == 1 ? "sends" : "send"));
}

static void
tell_disputes(MqSenderGroup *group)
{
	g_autoptr(GArray) disputes = mq_sender_disputes(group);

	for (guint i = 0; i < disputes->len; i++) {
		const MqDispute *d = &g_array_index(disputes, MqDispute, i);

		g_ptr_array_add(group->evidence,
		                g_strdup_printf("%s is aligned with %s by %s only: receivers disagree", d->identifier, d->header_from,
		                                d->by_treewalk ? "the tree walk (RFC 9989)" : "the public suffix list (RFC 7489)"));
	}
}

void
mq_verdicts_judge(MqSources *all, const GPtrArray *labels)
{
	g_autoptr(GPtrArray) own_hosts = own_hosts_of(all);

	for (guint i = 0; i < all->sources->len; i++) {
		MqSource *source = g_ptr_array_index(all->sources, i);

		source->label = label_for(labels, source);
		judge_streams(all, own_hosts, source);
	}
	judge_crowds(all);
	for (guint i = 0; i < all->sources->len; i++)
		judge_source(g_ptr_array_index(all->sources, i));
	for (guint i = 0; i < all->senders->len; i++) {
		judge_sender(g_ptr_array_index(all->senders, i));
		tell_disputes(g_ptr_array_index(all->senders, i));
		tell_unasked(g_ptr_array_index(all->senders, i));
	}
}
