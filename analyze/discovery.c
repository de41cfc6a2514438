#include "analyze/discovery.h"

#include <string.h>

#include "ingest/domain.h"

#define WALK_LABELS 7 /* a longer name is cut to so many by the first step (RFC 9989 4.10) */

/* ------------------------------------------------------------------- one name */

void
mq_dmarc_at_free(MqDmarcAt *at)
{
	if (at == NULL)
		return;
	g_free(at->name);
	g_free(at->why);
	g_ptr_array_unref(at->records);
	g_ptr_array_unref(at->others);
	g_free(at);
}

MqDmarcAt *
mq_dmarc_at(MqAnswers *answers, const char *name)
{
	g_autofree char *query = g_strconcat("_dmarc.", name, NULL);
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, query);
	MqDmarcAt *at;

	if (txt == NULL)
		return NULL;
	at = g_new0(MqDmarcAt, 1);
	at->name = g_strdup(name);
	at->outcome = txt->outcome;
	at->why = g_strdup(txt->why);
	at->records = g_ptr_array_new_with_free_func((GDestroyNotify)mq_dmarc_record_free);
	at->others = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < txt->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(txt->records, i);
		MqDmarcRecord *parsed = mq_dmarc_record_parse(record->text);

		if (parsed != NULL)
			g_ptr_array_add(at->records, parsed);
		else
			g_ptr_array_add(at->others, g_strdup(record->text));
	}
	return at;
}

/* The record that counts; NULL for none and for several (RFC 9989 4.10: all of them are discarded). */
static MqDmarcRecord *
single(const MqDmarcAt *at)
{
	return at->records->len == 1 ? g_ptr_array_index(at->records, 0) : NULL;
}

/* Moves the record out of what is about to be freed. */
static MqDmarcRecord *
steal_single(MqDmarcAt *at)
{
	return at->records->len == 1 ? g_ptr_array_steal_index(at->records, 0) : NULL;
}

void
mq_discovery_clear(MqDiscovery *discovery)
{
	g_free(discovery->why);
	mq_dmarc_record_free(discovery->record);
	g_free(discovery->policy_domain);
	g_free(discovery->organizational_domain);
	*discovery = (MqDiscovery){ 0 };
}

static void
set_unknown(MqDiscovery *out, const MqDmarcAt *at)
{
	out->state = MQ_DISCOVERY_UNKNOWN;
	g_free(out->why);
	out->why = g_strdup_printf("_dmarc.%s: %s", at->name, at->why != NULL ? at->why : "no answer");
}

/* ------------------------------------------------------------------- the tree walk */

/* The name after @name; only the first step may skip labels. */
static const char *
walk_next(const char *start, const char *name)
{
	if (name == start && mq_domain_labels(name) > WALK_LABELS) {
		while (mq_domain_labels(name) > WALK_LABELS)
			name = mq_domain_parent(name);
		return name;
	}
	return mq_domain_parent(name);
}

/* All names of the walk from @start, asked at once. NULL while answers are wanted; what follows the
 * record that ends the walk is left out. */
static GPtrArray *
walk(MqAnswers *answers, const char *start)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func((GDestroyNotify)mq_dmarc_at_free);
	gboolean complete = TRUE;

	for (const char *name = start; name != NULL && names->len < MQ_WALK_QUERIES_MAX; name = walk_next(start, name)) {
		MqDmarcAt *at = mq_dmarc_at(answers, name);

		if (at == NULL) {
			complete = FALSE; /* wanted from now on; go on, so that all are asked at once */
			continue;
		}
		g_ptr_array_add(names, at);
		if (single(at) != NULL && (single(at)->psd == MQ_PSD_NO || single(at)->psd == MQ_PSD_YES))
			break;
	}
	return complete ? g_steal_pointer(&names) : NULL;
}

/* The name one label below @suffix, taken from the labels of @start. */
static const char *
one_below(const char *start, const char *suffix)
{
	guint want = mq_domain_labels(suffix) + 1;

	while (mq_domain_labels(start) > want)
		start = mq_domain_parent(start);
	return start;
}

/* The first name of the walk that DNS did not answer for, or NULL. */
static const MqDmarcAt *
unanswered(const GPtrArray *names)
{
	for (guint i = 0; i < names->len; i++) {
		const MqDmarcAt *at = g_ptr_array_index(names, i);

		if (at->outcome == MQ_ANSWER_UNKNOWN)
			return at;
	}
	return NULL;
}

/* RFC 9989 4.10.2; @start is the domain in question even when its own name was not walked. */
static const char *
organization(const GPtrArray *names, const char *start)
{
	const char *shortest = start;

	for (guint i = 0; i < names->len; i++) {
		const MqDmarcAt *at = g_ptr_array_index(names, i);
		const MqDmarcRecord *record = single(at);

		if (record == NULL)
			continue;
		if (record->psd == MQ_PSD_NO)
			return at->name;
		if (record->psd == MQ_PSD_YES && strcmp(at->name, start) != 0)
			return one_below(start, at->name);
		shortest = at->name;
	}
	return shortest;
}

gboolean
mq_discovery_organization(MqAnswers *answers, const char *domain, char **out)
{
	g_autoptr(GPtrArray) names = walk(answers, domain);

	if (names == NULL)
		return FALSE;
	*out = unanswered(names) == NULL ? g_strdup(organization(names, domain)) : NULL;
	return TRUE;
}

/* sp or np: whether the domain itself exists. Any answer but NXDOMAIN says that it does. */
static gboolean
set_whom(MqAnswers *answers, const char *domain, MqDiscovery *out)
{
	const MqAnswer *self;

	if (out->record == NULL || strcmp(domain, out->policy_domain) == 0) {
		out->whom = MQ_DMARC_SELF;
		return TRUE;
	}
	self = mq_answers_get(answers, MQ_ASK_MX, domain);
	if (self == NULL)
		return FALSE;
	out->whom = self->outcome == MQ_ANSWER_NO_NAME ? MQ_DMARC_NONEXISTENT : MQ_DMARC_SUBDOMAIN;
	return TRUE;
}

/* The record applies, whoever holds it. */
static void
take_record(MqDiscovery *out, MqDmarcAt *at)
{
	out->state = MQ_DISCOVERY_RECORD;
	out->policy_domain = g_strdup(at->name);
	out->record = steal_single(at);
}

/* RFC 9989 4.10.1: the organizational domain's record, else that of a public suffix above. */
static void
choose_policy(GPtrArray *names, const char *org, MqDiscovery *out)
{
	MqDmarcAt *suffix = NULL;

	for (guint i = 0; i < names->len; i++) {
		MqDmarcAt *at = g_ptr_array_index(names, i);

		if (single(at) == NULL)
			continue;
		if (strcmp(at->name, org) == 0) {
			take_record(out, at);
			return;
		}
		if (single(at)->psd == MQ_PSD_YES)
			suffix = at;
	}
	if (suffix != NULL)
		take_record(out, suffix);
}

gboolean
mq_discovery_treewalk(MqAnswers *answers, const char *domain, MqDiscovery *out)
{
	g_autoptr(MqDmarcAt) own = mq_dmarc_at(answers, domain);
	const char *org_start = domain;
	g_autofree char *org = NULL;
	g_autoptr(GPtrArray) names = walk(answers, domain);
	const MqDmarcAt *gap;

	mq_discovery_clear(out);
	if (own == NULL || names == NULL)
		return FALSE;
	gap = unanswered(names);
	org = gap == NULL ? g_strdup(organization(names, org_start)) : NULL;
	if (single(own) != NULL)
		take_record(out, own); /* whatever its psd, and whoever else did not answer */
	else if (gap != NULL)
		set_unknown(out, gap);
	else
		choose_policy(names, org, out);
	out->organizational_domain = g_steal_pointer(&org);
	return set_whom(answers, domain, out);
}

/* ------------------------------------------------------------------- the public suffix list */

char *
mq_discovery_organization_suffix(const char *domain)
{
	return mq_domain_registrable(domain);
}

gboolean
mq_discovery_suffix(MqAnswers *answers, const char *domain, MqDiscovery *out)
{
	g_autofree char *org = mq_discovery_organization_suffix(domain);
	g_autoptr(MqDmarcAt) own = mq_dmarc_at(answers, domain);
	g_autoptr(MqDmarcAt) above = strcmp(org, domain) != 0 ? mq_dmarc_at(answers, org) : NULL;

	mq_discovery_clear(out);
	if (own == NULL || (above == NULL && strcmp(org, domain) != 0))
		return FALSE;
	if (own->outcome == MQ_ANSWER_UNKNOWN)
		set_unknown(out, own);
	else if (single(own) != NULL)
		take_record(out, own);
	else if (own->records->len == 0 && above != NULL && above->outcome == MQ_ANSWER_UNKNOWN)
		set_unknown(out, above);
	else if (own->records->len == 0 && above != NULL && single(above) != NULL)
		take_record(out, above); /* several records at the domain itself end it (RFC 7489 6.6.3) */
	out->organizational_domain = g_steal_pointer(&org);
	return set_whom(answers, domain, out);
}
