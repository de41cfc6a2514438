/* What to do, most recovered first: a row for each cause. */
#include <string.h>

#include "analyze/advise.h"
#include "ingest/domain.h"
#include "ingest/text.h"

#define SPF_ADDRESSES 10 /* written one by one; more want an include or a block */

static MqAction *
add_action(MqAdvice *advice, const char *id, const char *sender, gint64 recovers, char *title, char *fix, char *record)
{
	MqAction *action = g_new0(MqAction, 1);

	action->id = id;
	action->sender = g_strdup(sender);
	action->recovers = recovers;
	action->title = title;
	action->fix = fix;
	action->record = record;
	action->episode.since_s = MQ_TIME_ABSENT;
	action->episode.until_s = MQ_TIME_ABSENT;
	g_ptr_array_add(advice->actions, action);
	return action;
}

/* --- records --- */

/* The SPF record with @terms before its all or redirect. */
static char *
spf_with(const char *record, const char *terms)
{
	g_auto(GStrv) words = g_strsplit(record, " ", 500);
	GString *out = g_string_new(NULL);
	gboolean placed = FALSE;

	for (guint i = 0; words[i] != NULL; i++) {
		const char *bare = words[i] + (strchr("+-~?", words[i][0]) != NULL && words[i][0] != '\0' ? 1 : 0);

		if (*words[i] == '\0')
			continue;
		if (!placed && (g_ascii_strcasecmp(bare, "all") == 0 || g_ascii_strncasecmp(bare, "redirect=", 9) == 0)) {
			g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", terms);
			placed = TRUE;
		}
		g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", words[i]);
	}
	if (!placed)
		g_string_append_printf(out, " %s", terms);
	return g_string_free(out, FALSE);
}

static char *
address_terms(const MqSenderGroup *group)
{
	GString *terms = g_string_new(NULL);
	guint n = 0;

	for (guint i = 0; i < group->sources->len && n < SPF_ADDRESSES; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		if (source->address.n_bytes == 0 || source->verdict != MQ_VERDICT_FIXABLE || source->owner_spf == MQ_RESULT_PASS)
			continue;
		g_string_append_printf(terms, "%s%s:%s", n++ > 0 ? " " : "", source->address.n_bytes == 4 ? "ip4" : "ip6",
		                       source->text);
	}
	return g_string_free(terms, FALSE);
}

/* %NULL when the record is no base to build on. */
static char *
spf_record_for(const MqAdvice *advice, const MqSenderGroup *group)
{
	const MqSpfCheck *spf = advice->spf;
	gboolean room = spf != NULL && spf->lookups < MQ_SPF_LOOKUPS;
	g_autofree char *include =
		room && group->service != NULL && group->service->spf[0] != NULL ? g_strconcat("include:", group->service->spf[0], NULL) : NULL;
	g_autofree char *terms = include != NULL ? g_steal_pointer(&include) : address_terms(group);

	if (*terms == '\0' || spf == NULL || spf->result == MQ_RESULT_PERMERROR || spf->result == MQ_RESULT_TEMPERROR)
		return NULL;
	if (spf->record == NULL)
		return g_strdup_printf("v=spf1 %s ~all", terms);
	return spf_with(spf->record, terms);
}

static char *
relaxed_record(const MqAdvice *advice)
{
	const MqDmarcChange changes[] = { { "adkim", NULL }, { "aspf", NULL } };

	if (advice->discovery.record == NULL)
		return NULL;
	return mq_dmarc_record_propose(advice->discovery.record->text, changes, G_N_ELEMENTS(changes));
}

/* --- by cause --- */

/* The name of the key that is missing: "s1._domainkey.example.com". (nullable) */
static char *
key_name(const MqSenderGroup *group, MqCause cause)
{
	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			for (guint k = 0; stream->cause == cause && k < stream->n_keys; k++)
				if (stream->keys[k].aligned && stream->keys[k].selector != NULL && stream->keys[k].now != MQ_DKIM_OK)
					return g_strconcat(stream->keys[k].selector, "._domainkey.", stream->keys[k].domain, NULL);
		}
	}
	return NULL;
}

static char *
setup_of(const MqAdvice *advice, const MqSenderGroup *group)
{
	if (group->service != NULL && group->service->setup != NULL)
		return g_strdup(group->service->setup);
	return g_strdup_printf("Have %s sign with a key of %s (2048-bit RSA), and publish that key.", group->name, advice->domain);
}

/* The envelope domain of most of the mail with that cause. (nullable) */
static const char *
envelope_of(const MqSenderGroup *group, MqCause cause)
{
	const MqStream *best = NULL;

	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			if (stream->cause == cause && stream->verdict == MQ_VERDICT_FIXABLE && stream->spf_domain != NULL
			    && (best == NULL || stream->messages > best->messages))
				best = stream;
		}
	}
	return best != NULL ? best->spf_domain : NULL;
}

/* The record to change is that of the envelope's domain, which may be below the owner's. */
static void
act_on_envelope(MqAdvice *advice, const MqSenderGroup *group, gint64 recovers)
{
	const char *envelope = envelope_of(group, MQ_CAUSE_NOT_IN_SPF);
	gboolean below = envelope != NULL && strcmp(envelope, advice->domain) != 0;

	add_action(advice, "authorise-in-spf", group->name, recovers,
	           below ? g_strdup_printf("SPF of %s does not let %s send", envelope, group->name)
	                 : g_strdup_printf("SPF does not let %s send", group->name),
	           below ? g_strdup_printf("Add it to the SPF record of %s (or publish one), and sign its mail with DKIM.", envelope)
	                 : g_strdup_printf("Add it to the SPF record of %s, and sign its mail with DKIM.", advice->domain),
	           below ? NULL : spf_record_for(advice, group));
}

static void
act_on(MqAdvice *advice, const MqSenderGroup *group, MqCause cause, gint64 recovers)
{
	g_autofree char *key = key_name(group, cause);
	const char *name = group->name;

	switch (cause) {
	case MQ_CAUSE_NOT_IN_SPF:
		act_on_envelope(advice, group, recovers);
		return;
	case MQ_CAUSE_SPF_BROKEN:
		if (advice->spf != NULL && advice->spf->lookups > MQ_SPF_LOOKUPS)
			add_action(advice, "shorten-spf", name, recovers, g_strdup("the SPF record needs more than ten lookups"),
			           g_strdup("Drop includes that nobody uses, or write the ip4:/ip6: ranges that they stand for."), NULL);
		else
			add_action(advice, "repair-spf", name, recovers, g_strdup("the SPF record is a permerror"),
			           g_strdup_printf("Repair it: %s.", advice->spf != NULL && advice->spf->problem != NULL
			                                                     ? advice->spf->problem
			                                                     : "see marque check"),
			           NULL);
		return;
	case MQ_CAUSE_BOUNCE_UNSIGNED:
		add_action(advice, "enable-dkim", name, recovers, g_strdup_printf("bounces of %s are not signed", name),
		           g_strdup_printf("Have the server sign what it sends itself (bounces, automatic replies) as %s too; or publish SPF for "
		                           "its HELO name.", advice->domain),
		           NULL);
		return;
	case MQ_CAUSE_BOUNCE_DOMAIN:
	case MQ_CAUSE_SERVICE_SIGNATURE:
	case MQ_CAUSE_UNSIGNED:
		add_action(advice, "enable-dkim", name, recovers,
		           g_strdup_printf("%s does not sign as %s", name, advice->domain), setup_of(advice, group), NULL);
		return;
	case MQ_CAUSE_KEY_MISSING:
		add_action(advice, "publish-dkim-key", name, recovers,
		           g_strdup_printf("the DKIM key of %s is gone", name),
		           g_strdup_printf("Publish the public key at %s again, or have %s sign with a selector that is published.",
		                           key != NULL ? key : "its selector", name),
		           NULL);
		return;
	case MQ_CAUSE_KEY_REVOKED:
	case MQ_CAUSE_KEY_INVALID:
		add_action(advice, "replace-dkim-key", name, recovers,
		           g_strdup_printf("the DKIM key of %s is no use", name),
		           g_strdup_printf("Publish a valid key at %s, or sign with another selector.", key != NULL ? key : "its selector"),
		           NULL);
		return;
	case MQ_CAUSE_STRICT_ALIGNMENT:
		add_action(advice, "relax-alignment", name, recovers,
		           g_strdup_printf("%s passes only under relaxed alignment", name),
		           g_strdup("Publish the DMARC record without adkim=s and aspf=s."), relaxed_record(advice));
		return;
	case MQ_CAUSE_BODY_CHANGED:
	case MQ_CAUSE_FORWARDED:
	case MQ_CAUSE_MAILING_LIST:
	case MQ_CAUSE_NO_RELATION:
	case MQ_CAUSE_NONE:
	case MQ_CAUSE_N:
		break;
	}
	add_action(advice, "investigate", name, recovers, g_strdup_printf("mail of %s is changed on its way", name),
	           g_strdup("Find what changes it after it was signed: a footer, a gateway, a virus scanner."), NULL);
}

/* Whose receivers do not agree that an identifier is the owner's: it passes here, and is lost there. */
static void
act_on_disputes(MqAdvice *advice, const MqSenderGroup *group)
{
	g_autoptr(GArray) disputes = mq_sender_disputes(group);

	for (guint i = 0; i < disputes->len; i++) {
		const MqDispute *d = &g_array_index(disputes, MqDispute, i);
		gboolean counts = !g_hash_table_contains(advice->elsewhere, d->header_from);
		g_autofree char *decided = mq_counted(d->decided, "message", "messages");

		if (counts && d->decided > 0)
			add_action(advice, "settle-alignment", group->name, 0,
			           g_strdup_printf("receivers disagree whether %s is aligned with %s (%s)", d->identifier, d->header_from,
			                           decided),
			           g_strdup_printf("%s; have %s %s %s itself.",
			                           d->by_treewalk ? "The tree walk of RFC 9989 aligns them, the public suffix list of RFC 7489 "
			                                            "does not"
			                                          : "The public suffix list of RFC 7489 aligns them, the tree walk of RFC 9989 "
			                                            "does not (see psd= in the DMARC records)",
			                           group->name, strcmp(d->by, "dkim") == 0 ? "sign as" : "use an envelope of", d->header_from),
			           NULL);
	}
}

static void
ask_whose(MqAdvice *advice, const MqSenderGroup *group, gint64 unknown)
{
	g_autofree char *messages = mq_counted(unknown, "message", "messages");

	add_action(advice, "investigate", group->name, 0, g_strdup_printf("is %s yours? %s", group->name, messages),
	           g_strdup_printf("Ask whoever runs it, then say so: marque label %s '%s' legitimate (or forwarder, threat).",
	                           advice->domain, group->name),
	           NULL);
}

/* What of a sender's own mail would be lost today, by cause. */
static void
act_on_sender(MqAdvice *advice, const MqSenderGroup *group)
{
	gint64 lost[MQ_CAUSE_N] = { 0 };
	gint64 unknown = 0;
	gint64 forwarded = 0;

	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			if (mq_advice_is_unexplained(advice, source, stream))
				unknown += stream->messages;
			if (!mq_advice_counts(advice, stream))
				continue;
			if (stream->verdict == MQ_VERDICT_FIXABLE && stream->today != MQ_TODAY_PASS)
				lost[stream->cause] += stream->messages;
			if (stream->verdict == MQ_VERDICT_FORWARDER && stream->today != MQ_TODAY_PASS)
				forwarded += stream->messages;
		}
	}
	for (guint cause = 0; cause < MQ_CAUSE_N; cause++) {
		guint before = advice->actions->len;

		if (lost[cause] > 0)
			act_on(advice, group, (MqCause)cause, lost[cause]);
		for (guint i = before; i < advice->actions->len; i++)
			((MqAction *)g_ptr_array_index(advice->actions, i))->episode =
				mq_episode_of_cause(advice->sources, group, (MqCause)cause);
	}
	if (group->verdict != MQ_VERDICT_THREAT)
		act_on_disputes(advice, group);
	if (unknown > 0)
		ask_whose(advice, group, unknown);
	if (group->verdict == MQ_VERDICT_FORWARDER && forwarded > 0)
		add_action(advice, "ask-forwarder", group->name, 0, g_strdup_printf("%s forwards your mail changed or unsigned", group->name),
		           g_strdup("Sign all mail with DKIM, and ask the forwarder not to change it (or to seal it with ARC)."), NULL);
}

/* --- of the domain itself --- */

static void
act_on_domain(MqAdvice *advice)
{
	const MqDmarcRecord *record = advice->discovery.record;

	if (advice->answered && advice->at != NULL && advice->at->records->len > 1)
		add_action(advice, "merge-dmarc", NULL, 0, g_strdup("several DMARC records: receivers ignore them all"),
		           g_strdup_printf("Publish exactly one at _dmarc.%s.", advice->domain), g_strdup(advice->record));
	else if (advice->answered && record == NULL)
		add_action(advice, "publish-dmarc", NULL, 0, g_strdup("no DMARC record applies"),
		           g_strdup_printf("Publish one at _dmarc.%s.", advice->domain), g_strdup(advice->record));
	if (record != NULL && !mq_report_uris_usable(record->rua)) {
		g_autofree char *rua = g_strconcat("mailto:dmarc-reports@", advice->domain, NULL);
		const MqDmarcChange change = { "rua", rua };

		add_action(advice, "add-reporting", NULL, 0, g_strdup("nobody is asked for aggregate reports"),
		           g_strdup("Name an address in rua=."), mq_dmarc_record_propose(record->text, &change, 1));
	}
}

/* The record by itself, when no sender's row says it. */
static void
act_on_spf(MqAdvice *advice)
{
	const char *id = advice->spf != NULL && advice->spf->lookups > MQ_SPF_LOOKUPS ? "shorten-spf" : "repair-spf";

	for (guint i = 0; i < advice->actions->len; i++)
		if (strcmp(((const MqAction *)g_ptr_array_index(advice->actions, i))->id, id) == 0)
			return;
	if (advice->spf != NULL && advice->spf->result == MQ_RESULT_PERMERROR)
		add_action(advice, id, NULL, 0,
		           g_strdup("the SPF record is a permerror"),
		           g_strdup_printf("Repair it: %s.", advice->spf->problem != NULL ? advice->spf->problem : "see marque check"),
		           NULL);
}

/* By what is recovered, then worst kind first, then by name: the same each time. */
static int
compare_actions(gconstpointer left, gconstpointer right)
{
	const MqAction *a = *(const MqAction *const *)left;
	const MqAction *b = *(const MqAction *const *)right;

	if (a->recovers != b->recovers)
		return a->recovers > b->recovers ? -1 : 1;
	if ((a->sender == NULL) != (b->sender == NULL))
		return a->sender == NULL ? -1 : 1;
	return 0; /* as they came: senders with most mail first (the sort is stable) */
}

void
mq_actions_rank(MqAdvice *advice)
{
	g_ptr_array_set_size(advice->actions, 0);
	act_on_domain(advice);
	for (guint i = 0; i < advice->sources->senders->len && advice->actions->len < 200; i++)
		act_on_sender(advice, g_ptr_array_index(advice->sources->senders, i));
	act_on_spf(advice);
	g_ptr_array_sort(advice->actions, compare_actions);
}
