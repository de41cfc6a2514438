/* mq_sources_name(): from addresses to senders, by evidence that is hard to forge first. */
#include <string.h>

#include "analyze/discovery.h"
#include "analyze/sources.h"
#include "ingest/domain.h"

#define EVIDENCE_MAX 12

/* --- which service --- */

static const MqService *
service_by_ptr(const MqSources *all, const MqSource *source)
{
	return source->confirmed ? mq_services_find(all->services, MQ_SERVICE_BY_PTR, source->ptr) : NULL;
}

/* The owner's SPF record lets it send through an include of that service. */
static const MqService *
service_by_spf(const MqSources *all, const MqSource *source)
{
	if (source->owner_spf != MQ_RESULT_PASS || source->owner_spf_via == NULL)
		return NULL;
	return mq_services_find(all->services, MQ_SERVICE_BY_SPF, source->owner_spf_via);
}

/* SPF passed for the service's bounce domain: its own record lets this address send. */
static const MqService *
service_by_bounce(const MqSources *all, const MqSource *source)
{
	for (guint i = 0; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);
		const MqService *service =
			stream->spf_then_pass && stream->spf_domain != NULL && !stream->spf_related
				? mq_services_find(all->services, MQ_SERVICE_BY_BOUNCE, stream->spf_domain)
				: NULL;

		if (service != NULL)
			return service;
	}
	return NULL;
}

/* Weakest: a signature survives forwarding, so it names the author, not this host. */
static const MqService *
service_by_dkim(const MqSources *all, const MqSource *source)
{
	if (source->confirmed)
		return NULL; /* the host has a name, and that is nobody of the catalogue */
	for (guint i = 0; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);

		for (guint k = 0; k < stream->n_keys; k++) {
			const MqService *service = stream->keys[k].then == MQ_RESULT_PASS && !stream->keys[k].aligned
				? mq_services_find(all->services, MQ_SERVICE_BY_DKIM, stream->keys[k].domain)
				: NULL;

			if (service != NULL)
				return service;
		}
	}
	return NULL;
}

static const struct {
	const char *word;
	const MqService *(*find)(const MqSources *all, const MqSource *source);
} ways[] = {
	{ "ptr", service_by_ptr },
	{ "spf", service_by_spf },
	{ "bounce", service_by_bounce },
	{ "dkim", service_by_dkim },
};

/* The organization that SPF passed for, when it is not the owner's: a relay's, a service's or a stranger's. */
static char *
envelope_organization(const MqSource *source)
{
	for (guint i = 0; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);

		if (stream->spf_then_pass && stream->spf_domain != NULL && !stream->spf_related)
			return mq_discovery_organization_suffix(stream->spf_domain);
	}
	return NULL;
}

/* A provider that no catalogue has: the owner's SPF record includes one of its names, and the host has
 * another. (nullable) (transfer full) */
static char *
provider_by_spf(const MqSource *source)
{
	g_autofree char *by_spf =
		source->owner_spf_via != NULL ? mq_discovery_organization_suffix(source->owner_spf_via) : NULL;
	g_autofree char *by_name = mq_discovery_organization_suffix(source->ptr);

	return g_strcmp0(by_spf, by_name) == 0 ? g_steal_pointer(&by_name) : NULL;
}

/* (transfer full) */
static char *
name_of(const MqSources *all, MqSource *source)
{
	g_autofree char *envelope = NULL;
	g_autofree char *provider = NULL;
	MqBlock block;

	for (gsize i = 0; i < G_N_ELEMENTS(ways) && source->service == NULL; i++) {
		source->service = ways[i].find(all, source);
		source->service_by = ways[i].word;
	}
	if (source->service != NULL)
		return g_strdup(source->service->name);
	source->service_by = NULL;
	if (source->own_host)
		return g_strdup_printf("own servers of %s", source->owner);
	if (source->confirmed && (provider = provider_by_spf(source)) != NULL)
		return g_steal_pointer(&provider);
	if (source->is_exchanger || source->owner_spf == MQ_RESULT_PASS)
		return g_strdup_printf("own servers of %s", source->owner);
	if (source->confirmed)
		return mq_discovery_organization_suffix(source->ptr);
	envelope = envelope_organization(source);
	if (envelope != NULL)
		return g_steal_pointer(&envelope);
	if (source->address.n_bytes == 0)
		return g_strdup(*source->text != '\0' ? source->text : "(no address)");
	block = mq_address_neighbourhood(&source->address);
	return mq_block_to_text(&block);
}

/* --- groups --- */

static MqSenderGroup *
group_of(MqSources *all, GHashTable *by_name, const char *name, const MqSource *source)
{
	MqSenderGroup *group = g_hash_table_lookup(by_name, name);

	if (group != NULL)
		return group;
	group = g_new0(MqSenderGroup, 1);
	group->name = g_strdup(name);
	group->service = source->service;
	group->sources = g_ptr_array_new();
	group->days = g_array_new(FALSE, FALSE, sizeof(MqSourceDay));
	group->evidence = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(all->senders, group);
	g_hash_table_insert(by_name, group->name, group);
	return group;
}

static void
add_days(GArray *into, const GArray *days)
{
	for (guint i = 0; i < days->len; i++) {
		const MqSourceDay *day = &g_array_index(days, MqSourceDay, i);
		guint at = into->len;

		while (at > 0 && g_array_index(into, MqSourceDay, at - 1).day_s > day->day_s)
			at--;
		if (at > 0 && g_array_index(into, MqSourceDay, at - 1).day_s == day->day_s) {
			g_array_index(into, MqSourceDay, at - 1).messages += day->messages;
			g_array_index(into, MqSourceDay, at - 1).passed += day->passed;
			g_array_index(into, MqSourceDay, at - 1).unknown += day->unknown;
		} else {
			g_array_insert_val(into, at, *day);
		}
	}
}

static void
add_evidence(MqSenderGroup *group, char *sentence)
{
	g_autofree char *owned = sentence;

	for (guint i = 0; i < group->evidence->len; i++)
		if (g_str_equal(g_ptr_array_index(group->evidence, i), owned))
			return;
	if (group->evidence->len < EVIDENCE_MAX)
		g_ptr_array_add(group->evidence, g_steal_pointer(&owned));
}

static void
tell_place(MqSenderGroup *group, const MqSource *source)
{
	const MqLocation *place = &source->place;

	if (place->asn == 0 && place->country == NULL)
		return;
	add_evidence(group, g_strdup_printf("%s is in %s%s%s", source->text, place->organization != NULL ? place->organization
	                                                                     : place->asn != 0        ? "a network"
	                                                                                              : "",
	                                    place->organization != NULL && place->country != NULL ? ", " : "",
	                                    place->country != NULL ? place->country : ""));
}

static void
tell_source(MqSenderGroup *group, const MqSource *source)
{
	if (source->confirmed)
		add_evidence(group, g_strdup_printf("%s is %s, and that name has this address", source->text, source->ptr));
	else if (source->ptr != NULL)
		add_evidence(group, g_strdup_printf("%s calls itself %s, which does not have this address", source->text, source->ptr));
	if (source->owner_spf == MQ_RESULT_PASS)
		add_evidence(group, g_strdup_printf("the SPF record of %s lets %s send%s%s today", source->owner, source->text,
		                                    source->owner_spf_via != NULL ? ", by " : "",
		                                    source->owner_spf_via != NULL ? source->owner_spf_via : ""));
	if (source->is_exchanger)
		add_evidence(group, g_strdup_printf("%s is a mail exchanger of %s", source->text, source->owner));
	tell_place(group, source);
}

static void
tell_stream(MqSenderGroup *group, const MqStream *stream)
{
	for (guint i = 0; i < stream->n_keys; i++) {
		const MqStreamKey *key = &stream->keys[i];
		const char *selector = key->selector != NULL ? key->selector : "(no selector)";

		if (key->aligned && key->then == MQ_RESULT_PASS)
			add_evidence(group, g_strdup_printf("signs as %s with selector %s, and it verified", key->domain, selector));
		else if (key->aligned)
			add_evidence(group, g_strdup_printf("a signature of %s, selector %s, did not verify (%s); the key is %s today",
			                                    key->domain, selector, mq_word(&mq_words_result, key->then),
			                                    mq_dkim_state_word(key->now)));
		else if (key->then == MQ_RESULT_PASS)
			add_evidence(group, g_strdup_printf("signs as %s, which is another organization", key->domain));
	}
	if (stream->spf_then_pass && stream->spf_domain != NULL && !stream->spf_related)
		add_evidence(group, g_strdup_printf("SPF passes for %s, which is another organization", stream->spf_domain));
	if (stream->hints != 0)
		add_evidence(group, g_strdup("a receiver says that it was forwarded or came by a list"));
}

static int
compare_groups(gconstpointer left, gconstpointer right)
{
	const MqSenderGroup *a = *(const MqSenderGroup *const *)left;
	const MqSenderGroup *b = *(const MqSenderGroup *const *)right;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->name, b->name);
}

void
mq_sources_name(MqSources *all)
{
	g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < all->sources->len; i++) {
		MqSource *source = g_ptr_array_index(all->sources, i);
		g_autofree char *name = NULL;
		MqSenderGroup *group;

		mq_location_clear(&source->place);
		mq_geo_find(all->geo, &source->address, &source->place);
		name = name_of(all, source);
		group = group_of(all, by_name, name, source);
		source->sender = group;
		g_ptr_array_add(group->sources, source);
		group->messages += source->messages;
		group->dmarc_pass += source->dmarc_pass;
		group->failing += source->failing;
		group->unknown += source->unknown;
		add_days(group->days, source->days);
		tell_source(group, source);
		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			group->aligned_pass = group->aligned_pass || stream->dkim == MQ_RESULT_PASS || stream->spf == MQ_RESULT_PASS;
			tell_stream(group, stream);
		}
	}
	g_ptr_array_sort(all->senders, compare_groups);
}

/* --- what a sender proved --- */

static void
count_proved(GHashTable *counts, const char *domain, gint64 messages)
{
	gint64 *n = g_hash_table_lookup(counts, domain);

	if (n != NULL) {
		*n += messages;
	} else {
		n = g_new(gint64, 1);
		*n = messages;
		g_hash_table_insert(counts, (gpointer)domain, n);
	}
}

/* A signature and SPF that prove the same domain count a message once. */
static void
count_stream(GHashTable *counts, const MqStream *stream)
{
	const char *by_spf = stream->spf_then_pass ? stream->spf_domain : NULL;

	if (by_spf != NULL)
		count_proved(counts, by_spf, stream->messages);
	for (guint k = 0; k < stream->n_keys; k++) {
		const MqStreamKey *key = &stream->keys[k];
		gboolean counted = g_strcmp0(key->domain, by_spf) == 0;

		for (guint earlier = 0; earlier < k && !counted; earlier++)
			counted = strcmp(stream->keys[earlier].domain, key->domain) == 0;
		if (key->then == MQ_RESULT_PASS && !counted)
			count_proved(counts, key->domain, stream->messages);
	}
}

static int
compare_proved(gconstpointer left, gconstpointer right)
{
	const MqProvedDomain *a = left;
	const MqProvedDomain *b = right;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->domain, b->domain);
}

GArray *
mq_sender_proved(const MqSenderGroup *group)
{
	g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	GArray *proved = g_array_new(FALSE, FALSE, sizeof(MqProvedDomain));
	GHashTableIter iter;
	gpointer domain;
	gpointer n;

	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++)
			count_stream(counts, g_ptr_array_index(source->streams, j));
	}
	g_hash_table_iter_init(&iter, counts);
	while (g_hash_table_iter_next(&iter, &domain, &n))
		g_array_append_vals(proved, &(MqProvedDomain){ domain, *(const gint64 *)n }, 1);
	g_array_sort(proved, compare_proved);
	g_array_set_size(proved, MIN(proved->len, MQ_PROVED_DOMAINS));
	return proved;
}
