/* mq_sources_settle(): what DNS says today of what reports said then. */
#include <string.h>

#include "analyze/alignment.h"
#include "analyze/discovery.h"
#include "analyze/facts.h"
#include "analyze/sources.h"
#include "analyze/spf_ranges.h"
#include "ingest/domain.h"

/* Sources beyond these are so small that their names decide nothing; RFC 9989 has no say here, a
 * resolver that is asked a hundred thousand names has. */
#define PTR_SOURCES  1500
#define PTR_NAMES    3
#define SPF_DOMAINS  60  /* other than the owner's: of envelopes, most messages first */
#define MX_HOSTS     10
#define TURNING_DAYS 2
#define FIXED_FOR_S  (4 * MQ_DAY_S) /* what passes so long has taken the place of what failed */

static int
compare_sources(gconstpointer left, gconstpointer right)
{
	const MqSource *a = *(const MqSource *const *)left;
	const MqSource *b = *(const MqSource *const *)right;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return mq_address_compare(&a->address, &b->address);
}

/* A name's organisational domain. */
typedef struct {
	gboolean complete; /* all that the tree walk asks is answered */
	char *walked;      /* (nullable) DNS does not say */
	char *suffix;      /* (nullable) the public suffix list was not asked yet */
} Organization;

static void
organization_free(gpointer data)
{
	Organization *organization = data;

	g_free(organization->walked);
	g_free(organization->suffix);
	g_free(organization);
}

typedef struct {
	MqSources *sources;
	MqAnswers *answers;
	gboolean strict_dkim, strict_spf;
	gboolean complete;
	GHashTable *strangers;   /* domains whose SPF record is asked for, other than the owner's */
	GHashTable *aligned;     /* "from identifier" -> MqAligned + 1 */
	GHashTable *organizations; /* name -> Organization: pairs of names are many more than names */
	GHashTable *states;      /* "selector domain" -> MqDkimState + 1 */
	MqSpfRanges *spf;
} Settling;

#define DISPUTED 0x10u /* beside MqAligned + 1 */

static Organization *
organization_of(Settling *s, const char *name)
{
	Organization *organization = g_hash_table_lookup(s->organizations, name);

	if (organization != NULL)
		return organization;
	organization = g_new0(Organization, 1);
	organization->complete = mq_discovery_organization(s->answers, name, &organization->walked);
	g_hash_table_insert(s->organizations, g_strdup(name), organization);
	return organization;
}

static const char *
suffix_of(Organization *organization, const char *name)
{
	if (organization->suffix == NULL)
		organization->suffix = mq_discovery_organization_suffix(name);
	return organization->suffix;
}

/* mq_alignment_treewalk() and mq_alignment_suffix() of two names, by what is known of each. FALSE: not answered yet */
static gboolean
compare_organizations(Settling *s, const char *from, const char *identifier, gboolean *same)
{
	Organization *ours = organization_of(s, from);
	Organization *theirs;

	*same = FALSE;
	if (!ours->complete)
		return FALSE; /* most strangers are told apart without a question about them */
	if (ours->walked != NULL && !mq_domain_is_within(identifier, ours->walked))
		return TRUE;
	theirs = organization_of(s, identifier);
	if (!theirs->complete)
		return FALSE;
	*same = ours->walked != NULL && theirs->walked != NULL
	                ? strcmp(ours->walked, theirs->walked) == 0
	                : strcmp(suffix_of(ours, from), suffix_of(theirs, identifier)) == 0;
	return TRUE;
}

/* The same by the public suffix list alone; strangers are told apart without a look into it. */
static gboolean
are_related_by_suffix(Settling *s, const char *from, const char *identifier)
{
	return mq_domain_is_within(identifier, suffix_of(organization_of(s, from), from))
	       && mq_alignment_suffix(from, identifier, FALSE);
}

/* Relaxed, by the tree walk; where DNS does not answer by the public suffix list. @disputed: (out) (optional) */
static gboolean
is_related(Settling *s, const char *from, const char *identifier, gboolean *disputed)
{
	gboolean by_suffix = TRUE;
	g_autofree char *key = g_strconcat(from, " ", identifier, NULL);
	guint known = GPOINTER_TO_UINT(g_hash_table_lookup(s->aligned, key));
	gboolean same = TRUE;

	if (disputed != NULL)
		*disputed = (known & DISPUTED) != 0;
	if (known > 0)
		return (known & ~DISPUTED) - 1 == MQ_ALIGNED_YES;
	if (strcmp(from, identifier) != 0) {
		if (!compare_organizations(s, from, identifier, &same)) {
			s->complete = FALSE;
			return FALSE;
		}
		by_suffix = are_related_by_suffix(s, from, identifier);
	}
	known = ((same ? MQ_ALIGNED_YES : MQ_ALIGNED_NO) + 1u) | (same != by_suffix ? DISPUTED : 0);
	g_hash_table_insert(s->aligned, g_steal_pointer(&key), GUINT_TO_POINTER(known));
	if (disputed != NULL)
		*disputed = (known & DISPUTED) != 0;
	return same;
}

/* ------------------------------------------------------------------- SPF */

/* ABSENT when it cannot be known (yet). @via: (nullable) (out) */
static MqResult
spf_today(Settling *s, const char *domain, const MqAddress *address, const char **via)
{
	MqResult result = MQ_RESULT_ABSENT;

	if (address->n_bytes > 0 && !mq_spf_ranges_find(s->spf, domain, address, &result, via))
		s->complete = FALSE;
	return result;
}

/* Strangers' records are asked for up to a number of them. */
static gboolean
may_ask_stranger(Settling *s, const char *domain)
{
	if (g_hash_table_contains(s->strangers, domain))
		return TRUE;
	if (g_hash_table_size(s->strangers) >= SPF_DOMAINS)
		return FALSE;
	g_hash_table_add(s->strangers, (gpointer)domain);
	return TRUE;
}

static void
settle_spf(Settling *s, MqSource *source, MqStream *stream)
{
	const char *domain = stream->spf_domain;

	if (domain == NULL || !mq_answers_is_name(domain))
		return;
	stream->spf_related = is_related(s, stream->header_from, domain, &stream->spf_disputed);
	stream->spf_aligned = stream->spf_related && (!s->strict_spf || strcmp(domain, stream->header_from) == 0);
	if (stream->spf_related || may_ask_stranger(s, domain))
		stream->spf_now = spf_today(s, domain, &source->address, NULL);
}

/* ------------------------------------------------------------------- keys */

static MqDkimState
key_state(Settling *s, const MqStreamKey *key)
{
	g_autofree char *name = g_strconcat(key->selector, " ", key->domain, NULL);
	guint known = GPOINTER_TO_UINT(g_hash_table_lookup(s->states, name));
	g_autoptr(MqDkimFact) fact = NULL;
	MqDkimState state;

	if (known > 0)
		return (MqDkimState)(known - 1);
	fact = mq_dkim_fact(s->answers, key->selector, key->domain);
	if (fact == NULL) {
		s->complete = FALSE;
		return MQ_DKIM_UNKNOWN;
	}
	state = fact->state;
	g_hash_table_insert(s->states, g_steal_pointer(&name), GUINT_TO_POINTER(state + 1u));
	return state;
}

static void
settle_keys(Settling *s, MqStream *stream)
{
	for (guint i = 0; i < stream->n_keys; i++) {
		MqStreamKey *key = &stream->keys[i];

		if (!mq_answers_is_name(key->domain))
			continue;
		key->aligned = is_related(s, stream->header_from, key->domain, &key->disputed);
		key->aligned_now = key->aligned && (!s->strict_dkim || strcmp(key->domain, stream->header_from) == 0);
		if (key->aligned && key->selector != NULL) {
			key->now = key_state(s, key);
			key->asked = TRUE;
		}
	}
}

static gboolean
is_usable(MqDkimState state)
{
	return state == MQ_DKIM_OK || state == MQ_DKIM_WEAK || state == MQ_DKIM_TESTING;
}

/* What a signature would be worth today: it verified then and its key is there; or it failed only
 * because its key was not to be had, and now is. */
static MqToday
signature_today(const MqStreamKey *key)
{
	gboolean worth = key->then == MQ_RESULT_PASS || key->then == MQ_RESULT_PERMERROR || key->then == MQ_RESULT_TEMPERROR;

	if (!key->aligned_now || !worth)
		return MQ_TODAY_FAIL;
	if (key->selector == NULL) /* not reported: its key cannot be looked at */
		return key->then == MQ_RESULT_PASS ? MQ_TODAY_PASS : MQ_TODAY_FAIL;
	if (key->now == MQ_DKIM_UNKNOWN)
		return MQ_TODAY_UNKNOWN;
	return is_usable(key->now) ? MQ_TODAY_PASS : MQ_TODAY_FAIL;
}

/* The aligned result says pass, and no listed signature tells which: some reporters leave them out. */
static MqToday
unlisted_signature_today(const MqStream *stream)
{
	for (guint i = 0; i < stream->n_keys; i++)
		if (stream->keys[i].aligned && stream->keys[i].then == MQ_RESULT_PASS)
			return MQ_TODAY_FAIL; /* it is listed, and was judged */
	return stream->dkim == MQ_RESULT_PASS ? MQ_TODAY_PASS : MQ_TODAY_FAIL;
}

static MqToday
spf_part_today(const MqStream *stream)
{
	if (stream->spf_domain == NULL)
		return stream->spf == MQ_RESULT_PASS ? MQ_TODAY_PASS : MQ_TODAY_FAIL;
	if (!stream->spf_aligned)
		return MQ_TODAY_FAIL;
	switch (stream->spf_now) {
	case MQ_RESULT_PASS:
		return MQ_TODAY_PASS;
	case MQ_RESULT_ABSENT:
	case MQ_RESULT_TEMPERROR:
		return MQ_TODAY_UNKNOWN;
	case MQ_RESULT_NONE:
	case MQ_RESULT_FAIL:
	case MQ_RESULT_SOFTFAIL:
	case MQ_RESULT_POLICY:
	case MQ_RESULT_NEUTRAL:
	case MQ_RESULT_PERMERROR:
	case MQ_RESULT_OTHER:
	case MQ_RESULT_N:
		break;
	}
	return MQ_TODAY_FAIL;
}

static void
judge_today(Settling *s, MqStream *stream)
{
	MqToday best = MQ_TODAY_FAIL;
	MqResult then = mq_sources_dmarc(stream->dkim, stream->spf);
	MqToday parts[2] = { spf_part_today(stream), unlisted_signature_today(stream) };

	for (guint i = 0; i < stream->n_keys + G_N_ELEMENTS(parts); i++) {
		MqToday one = i < stream->n_keys ? signature_today(&stream->keys[i]) : parts[i - stream->n_keys];

		if (one == MQ_TODAY_PASS || (one == MQ_TODAY_UNKNOWN && best == MQ_TODAY_FAIL))
			best = one;
	}
	if (best == MQ_TODAY_UNKNOWN)
		s->sources->dns_incomplete = TRUE;
	stream->unsaid = best != MQ_TODAY_PASS && then == MQ_RESULT_ABSENT;
	stream->today = stream->unsaid ? MQ_TODAY_UNKNOWN : best;
	stream->fixed = best == MQ_TODAY_PASS && then == MQ_RESULT_FAIL;
}

/* ------------------------------------------------------------------- names of sources */

static gboolean
has_address(MqAnswers *answers, const char *name, const MqAddress *address, gboolean *complete)
{
	const MqAnswer *found = mq_answers_get(answers, address->n_bytes == 4 ? MQ_ASK_A : MQ_ASK_AAAA, name);

	if (found == NULL) {
		*complete = FALSE;
		return FALSE;
	}
	for (guint i = 0; i < found->records->len; i++)
		if (mq_address_compare(&((const MqDnsRecord *)g_ptr_array_index(found->records, i))->address, address) == 0)
			return TRUE;
	return FALSE;
}

/* A confirmed name, else the first one. */
static void
settle_ptr(Settling *s, MqSource *source)
{
	g_autofree char *reverse = mq_address_reverse_name(&source->address);
	const MqAnswer *ptr = mq_answers_get(s->answers, MQ_ASK_PTR, reverse);

	if (ptr == NULL) {
		s->complete = FALSE;
		return;
	}
	for (guint i = 0; i < MIN(ptr->records->len, PTR_NAMES) && !source->confirmed; i++) {
		const MqDnsRecord *record = g_ptr_array_index(ptr->records, i);

		if (record->host == NULL || !mq_answers_is_name(record->host))
			continue;
		source->confirmed = has_address(s->answers, record->host, &source->address, &s->complete);
		if (source->ptr == NULL || source->confirmed) {
			g_free(source->ptr);
			source->ptr = g_strdup(record->host);
		}
	}
	source->own_host = source->confirmed && is_related(s, source->owner, source->ptr, NULL);
}

static void
settle_owner_spf(Settling *s, MqSource *source)
{
	const MqStream *stream = g_ptr_array_index(source->streams, 0);
	const char *via = NULL;
	MqResult result = spf_today(s, stream->header_from, &source->address, &via);

	/* a subdomain without a record of its own: what the domain itself says names the host as well */
	if (result == MQ_RESULT_NONE && strcmp(stream->header_from, source->owner) != 0) {
		via = NULL;
		result = spf_today(s, source->owner, &source->address, &via);
	}
	source->owner_spf = result;
	g_free(source->owner_spf_via);
	source->owner_spf_via = g_strdup(via);
}

static void
settle_exchangers(Settling *s)
{
	const MqAnswer *mx = s->sources->domain != NULL ? mq_answers_get(s->answers, MQ_ASK_MX, s->sources->domain) : NULL;

	if (s->sources->domain == NULL)
		return;
	if (mx == NULL) {
		s->complete = FALSE;
		return;
	}
	for (guint i = 0; i < MIN(mx->records->len, MX_HOSTS); i++) {
		const char *host = ((const MqDnsRecord *)g_ptr_array_index(mx->records, i))->host;

		for (guint family = 0; family < 2 && host != NULL && mq_answers_is_name(host); family++) {
			const MqAnswer *at = mq_answers_get(s->answers, family == 0 ? MQ_ASK_A : MQ_ASK_AAAA, host);

			if (at == NULL)
				s->complete = FALSE;
			for (guint a = 0; at != NULL && a < at->records->len; a++) {
				const MqDnsRecord *record = g_ptr_array_index(at->records, a);
				MqSource *source = g_hash_table_lookup(s->sources->by_address, &record->address);

				if (source != NULL)
					source->is_exchanger = TRUE;
			}
		}
	}
}

/* ------------------------------------------------------------------- time */

/* How a source's failures lie in time. */
typedef struct {
	gint64 last_s;   /* the last day that has one */
	gint64 gap_s;    /* the longest time between two such days */
	guint days_since; /* days with mail after it */
	guint failing, mixed; /* days with failures; those of them on which other mail passed */
} FailureTimes;

static FailureTimes
failure_times(const MqSource *source)
{
	FailureTimes times = { .last_s = MQ_TIME_ABSENT };

	for (guint i = 0; i < source->days->len; i++) {
		const MqSourceDay *day = &g_array_index(source->days, MqSourceDay, i);

		if (day->passed + day->unknown == day->messages) {
			times.days_since++;
			continue;
		}
		if (times.last_s != MQ_TIME_ABSENT)
			times.gap_s = MAX(times.gap_s, day->day_s - times.last_s);
		times.last_s = day->day_s;
		times.days_since = 0;
		times.failing++;
		times.mixed += day->passed > 0 ? 1 : 0;
	}
	return times;
}

/* Mail that passes began when @failing ended, and goes on; or it was there before, and gone while all failed, but for
 * the days on which that began and ended. */
static gboolean
is_succeeded(const MqSource *source, const FailureTimes *times, const MqStream *failing)
{
	gboolean instead = times->failing > TURNING_DAYS && times->mixed <= TURNING_DAYS;

	for (guint i = 0; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);

		if (stream->today == MQ_TODAY_PASS && !stream->fixed && (instead || stream->first_day_s >= failing->last_day_s - MQ_DAY_S)
		    && stream->last_day_s >= failing->last_day_s + FIXED_FOR_S)
			return TRUE;
	}
	return FALSE;
}

/* Failing streams of an address that was fixed on its side, which DNS does not show: all of its mail passes
 * since, for longer than it ever paused (the newsletter that fails each Tuesday is not fixed on Wednesday),
 * and what passes took the place of what failed. */
static void
judge_time(const MqSources *sources, MqSource *source)
{
	FailureTimes times = failure_times(source);
	gint64 quiet_s = times.last_s != MQ_TIME_ABSENT ? sources->last_day_s - times.last_s : 0;

	if (times.days_since < 2 || quiet_s < FIXED_FOR_S || 2 * quiet_s < 3 * times.gap_s)
		return;
	for (guint i = 0; i < source->streams->len; i++) {
		MqStream *stream = g_ptr_array_index(source->streams, i);

		if (stream->today == MQ_TODAY_FAIL && stream->dkim != MQ_RESULT_PASS && stream->spf != MQ_RESULT_PASS
		    && is_succeeded(source, &times, stream)) {
			stream->today = MQ_TODAY_PASS;
			stream->fixed = TRUE;
		}
	}
}

/* The mail that passes today is to be passed by a signature? Then what comes without one is not ours. */
static void
judge_signing(MqSources *sources)
{
	gint64 passed = 0;
	gint64 signed_too = 0;

	for (guint i = 0; i < sources->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sources->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			if (stream->dkim == MQ_RESULT_PASS || stream->spf == MQ_RESULT_PASS) {
				passed += stream->messages;
				signed_too += stream->dkim == MQ_RESULT_PASS ? stream->messages : 0;
			}
		}
	}
	sources->signs = passed > 0 && (double)signed_too >= 0.8 * (double)passed;
}

static int
compare_policy_days(gconstpointer left, gconstpointer right)
{
	const gint64 *a = left;
	const gint64 *b = right;

	return a[0] != b[0] ? (a[0] < b[0] ? -1 : 1) : a[1] != b[1] ? (a[1] < b[1] ? -1 : 1) : 0;
}

/* Since when reports see the newest policy, without another between. */
static void
judge_policy_age(MqSources *sources)
{
	g_array_sort(sources->policy_days, compare_policy_days);
	sources->policy_since_s = sources->newest_policy_day_s;
	for (guint i = sources->policy_days->len; i-- > 0;) {
		const gint64 *pair = (const gint64 *)(gconstpointer)(sources->policy_days->data + i * 2 * sizeof(gint64));

		if (pair[1] == (gint64)sources->newest_policy)
			sources->policy_since_s = pair[0];
		else if (pair[0] < sources->newest_policy_day_s)
			break;
	}
}

gboolean
mq_sources_settle(MqSources *sources, MqAnswers *answers, const MqDmarcRecord *record)
{
	g_autoptr(GHashTable) aligned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) strangers = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) organizations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, organization_free);
	g_autoptr(GHashTable) states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(MqSpfRanges) spf = mq_spf_ranges_new(answers);
	Settling s = {
		.sources = sources,
		.answers = answers,
		.strict_dkim = record != NULL && mq_dmarc_record_strict_dkim(record),
		.strict_spf = record != NULL && mq_dmarc_record_strict_spf(record),
		.complete = TRUE,
		.aligned = aligned,
		.organizations = organizations,
		.states = states,
		.spf = spf,
		.strangers = strangers,
	};

	g_ptr_array_sort(sources->sources, compare_sources);
	sources->dns_incomplete = FALSE;
	settle_exchangers(&s);
	for (guint i = 0; i < sources->sources->len; i++) {
		MqSource *source = g_ptr_array_index(sources->sources, i);

		settle_owner_spf(&s, source);
		source->unasked = i >= PTR_SOURCES && source->address.n_bytes > 0;
		if (!source->unasked && source->address.n_bytes > 0)
			settle_ptr(&s, source);
		for (guint j = 0; j < source->streams->len; j++) {
			MqStream *stream = g_ptr_array_index(source->streams, j);

			settle_spf(&s, source, stream);
			settle_keys(&s, stream);
			judge_today(&s, stream);
		}
		judge_time(sources, source);
	}
	judge_signing(sources);
	judge_policy_age(sources);
	return s.complete;
}
