#include "analyze/sources.h"

#include <string.h>

#include "analyze/discovery.h"

#define MQ_VERDICT_WORD(name, word) word,
#define MQ_CAUSE_WORD(name, word) word,
static const char *const verdict_words[] = { MQ_VERDICTS(MQ_VERDICT_WORD) };
static const char *const cause_words[] = { MQ_CAUSES(MQ_CAUSE_WORD) };

const char *
mq_verdict_word(MqVerdict verdict)
{
	return verdict_words[verdict];
}

const char *
mq_cause_word(MqCause cause)
{
	return cause_words[cause];
}

/* ------------------------------------------------------------------- memory */

static guint
address_hash(gconstpointer key)
{
	return mq_address_hash(key);
}

static gboolean
address_equal(gconstpointer a, gconstpointer b)
{
	return mq_address_compare(a, b) == 0;
}

/* A stream and what tells it from others; names are interned. */
typedef struct {
	const MqSource *source;
	const char *header_from, *envelope_from;
	gint64 auth_id;
	MqResult dkim, spf;
	guint hints;
	MqStream *stream; /* owned by the source */
} StreamKey;

static guint
stream_key_hash(gconstpointer data)
{
	const StreamKey *key = data;
	guint hash = g_direct_hash(key->source) * 31 + g_direct_hash(key->header_from);

	hash = (hash * 31 + g_direct_hash(key->envelope_from)) * 31 + (guint)key->auth_id;
	return (hash * 31 + key->dkim * 16 + key->spf) * 31 + key->hints;
}

static gboolean
stream_key_equal(gconstpointer left, gconstpointer right)
{
	const StreamKey *a = left;
	const StreamKey *b = right;

	return a->source == b->source && a->header_from == b->header_from && a->envelope_from == b->envelope_from
	       && a->auth_id == b->auth_id && a->dkim == b->dkim && a->spf == b->spf && a->hints == b->hints;
}

static void
stream_free(gpointer data)
{
	MqStream *stream = data;

	for (guint i = 0; i < stream->n_keys; i++) {
		g_free(stream->keys[i].domain);
		g_free(stream->keys[i].selector);
	}
	g_free(stream->keys);
	g_free(stream);
}

static void
source_free(gpointer data)
{
	MqSource *source = data;

	g_free(source->text);
	g_free(source->ptr);
	g_free(source->owner_spf_via);
	mq_location_clear(&source->place);
	g_ptr_array_unref(source->streams);
	g_array_unref(source->days);
	g_hash_table_unref(source->reporters);
	g_free(source);
}

static void
group_free(gpointer data)
{
	MqSenderGroup *group = data;

	g_free(group->name);
	g_ptr_array_unref(group->sources);
	g_array_unref(group->days);
	g_ptr_array_unref(group->evidence);
	g_free(group);
}

MqSources *
mq_sources_new(const char *domain, const MqServices *services)
{
	MqSources *sources = g_new0(MqSources, 1);

	sources->services = services;
	sources->by_address = g_hash_table_new(address_hash, address_equal);
	sources->by_text = g_hash_table_new(g_str_hash, g_str_equal);
	sources->by_stream = g_hash_table_new_full(stream_key_hash, stream_key_equal, g_free, NULL);
	sources->sources = g_ptr_array_new_with_free_func(source_free);
	sources->senders = g_ptr_array_new_with_free_func(group_free);
	sources->reporters = g_hash_table_new(g_str_hash, g_str_equal);
	sources->covered = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	sources->names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	sources->text = g_string_chunk_new(4096);
	sources->policy_days = g_array_new(FALSE, FALSE, 2 * sizeof(gint64));
	sources->domain = domain != NULL ? g_string_chunk_insert_const(sources->text, domain) : NULL;
	sources->period_since_s = MQ_TIME_ABSENT;
	sources->previous_since_s = MQ_TIME_ABSENT;
	sources->first_day_s = G_MAXINT64;
	sources->last_day_s = G_MININT64;
	sources->newest_policy_day_s = G_MININT64;
	return sources;
}

void
mq_sources_free(MqSources *sources)
{
	if (sources == NULL)
		return;
	g_ptr_array_unref(sources->senders);
	g_hash_table_unref(sources->by_address);
	g_hash_table_unref(sources->by_text);
	g_hash_table_unref(sources->by_stream);
	g_ptr_array_unref(sources->sources);
	g_hash_table_unref(sources->reporters);
	g_hash_table_unref(sources->covered);
	g_hash_table_unref(sources->names);
	g_array_unref(sources->policy_days);
	g_string_chunk_free(sources->text);
	g_free(sources);
}

/* ------------------------------------------------------------------- taking flows */

static const char *
interned(MqSources *sources, const char *text)
{
	return text != NULL ? g_string_chunk_insert_const(sources->text, text) : NULL;
}

static const char *
owner_of(MqSources *sources, const char *header_from)
{
	g_autofree char *organization = NULL;

	if (sources->domain != NULL)
		return sources->domain;
	organization = mq_discovery_organization_suffix(header_from);
	return interned(sources, organization);
}

static MqSource *
source_of(MqSources *sources, const MqFlow *flow, const char *header_from)
{
	gboolean is_address = flow->source.n_bytes > 0;
	const char *text = flow->source_text != NULL ? flow->source_text : "";
	MqSource *source = is_address ? g_hash_table_lookup(sources->by_address, &flow->source)
	                              : g_hash_table_lookup(sources->by_text, text);

	if (source != NULL)
		return source;
	source = g_new0(MqSource, 1);
	source->address = flow->source;
	source->text = is_address ? mq_address_to_text(&flow->source) : g_strdup(text);
	source->owner = owner_of(sources, header_from);
	source->streams = g_ptr_array_new_with_free_func(stream_free);
	source->days = g_array_new(FALSE, FALSE, sizeof(MqSourceDay));
	source->reporters = g_hash_table_new(g_str_hash, g_str_equal);
	g_ptr_array_add(sources->sources, source);
	if (is_address)
		g_hash_table_insert(sources->by_address, &source->address, source);
	else
		g_hash_table_insert(sources->by_text, source->text, source);
	return source;
}

/* Receivers that judge ARC and forwarding with care. What others write beside a failure is a guess, and counts
 * only where something else speaks for it. */
static const char *const careful_reporters[] = { "google", "yahoo", "aol", "fastmail", "outlook", "microsoft", "comcast", "mail.ru",
	                                         "proton", "apple", "icloud" };

/* In any case of letters, and without a copy: each row of each report asks. @word is in lower case. */
static gboolean
has_word(const char *text, const char *word)
{
	const char first[] = { word[0], g_ascii_toupper(word[0]), '\0' };
	gsize length = strlen(word);

	for (text = strpbrk(text, first); text != NULL; text = strpbrk(text + 1, first))
		if (g_ascii_strncasecmp(text, word, length) == 0)
			return TRUE;
	return FALSE;
}

static gboolean
is_careful(const char *reporter)
{
	for (gsize i = 0; reporter != NULL && i < G_N_ELEMENTS(careful_reporters); i++)
		if (has_word(reporter, careful_reporters[i]))
			return TRUE;
	return FALSE;
}

static gboolean
is_one_of(const char *word, const char *const *words)
{
	return *word != '\0' && g_strv_contains(words, word);
}

/* A chain that passed, in any receiver's words: "arc=pass", "ARC chain validated", "override due to valid ARC (cv=pass)". */
static gboolean
says_arc_passed(const char *comment)
{
	static const char *const good[] = { "pass", "passed", "passes", "valid", "validated", "verified", "ok", NULL };
	static const char *const bad[] = { "fail",    "failed", "fails", "failure", "none",    "no",         "not", "invalid", "broken", "without",
		                           "missing", "error",  "temperror", "permerror", "untrusted", NULL };
	g_autofree char *lower = NULL;
	g_auto(GStrv) words = NULL;
	gboolean names_arc = FALSE;
	gboolean is_good = FALSE;
	gboolean is_bad = FALSE;

	if (!has_word(comment, "arc"))
		return FALSE; /* most comments */
	if (has_word(comment, "arc=pass"))
		return TRUE;
	lower = g_ascii_strdown(comment, -1);
	words = g_strsplit_set(lower, " \t\r\n=:;,.()[]<>\"'_/-", 200);
	for (guint i = 0; words[i] != NULL; i++) {
		names_arc = names_arc || strcmp(words[i], "arc") == 0;
		is_good = is_good || is_one_of(words[i], good);
		is_bad = is_bad || is_one_of(words[i], bad);
	}
	return names_arc && is_good && !is_bad;
}

static guint
hints_of(const MqFlow *flow)
{
	guint hints = 0;

	for (guint i = 0; i < flow->n_reasons; i++) {
		const MqReason *reason = &flow->reasons[i];
		const char *comment = reason->comment;

		if (reason->type == MQ_REASON_FORWARDED || reason->type == MQ_REASON_TRUSTED_FORWARDER)
			hints |= MQ_HINT_FORWARDED;
		if (reason->type == MQ_REASON_MAILING_LIST)
			hints |= MQ_HINT_LIST;
		if (comment != NULL && says_arc_passed(comment))
			hints |= MQ_HINT_ARC;
		if (comment != NULL && has_word(comment, "looks forwarded"))
			hints |= MQ_HINT_FORWARDED;
	}
	if (hints != 0 && is_careful(flow->reporter))
		hints |= MQ_HINT_TRUSTED;
	return hints;
}

/* What SPF was checked for, and what it said; the envelope counts before the HELO. */
static void
read_spf(MqSources *sources, const MqFlow *flow, MqStream *stream)
{
	const MqSpfResult *best = NULL;

	for (guint i = 0; i < flow->n_auth_spf; i++) {
		const MqSpfResult *spf = &flow->auth_spf[i];

		if (best == NULL || (best->scope == MQ_SCOPE_HELO && spf->scope != MQ_SCOPE_HELO))
			best = spf;
	}
	stream->is_bounce = (best != NULL && best->scope == MQ_SCOPE_HELO)
	                    || (flow->envelope_from != NULL && *flow->envelope_from == '\0');
	if (best != NULL) {
		stream->spf_domain = interned(sources, best->domain);
		stream->spf_result = best->result;
		stream->spf_then_pass = best->result == MQ_RESULT_PASS;
	}
	if ((stream->spf_domain == NULL || *stream->spf_domain == '\0') && flow->envelope_from != NULL
	    && *flow->envelope_from != '\0')
		stream->spf_domain = interned(sources, flow->envelope_from);
	if (stream->spf_domain != NULL && *stream->spf_domain == '\0')
		stream->spf_domain = NULL;
}

static void
read_keys(const MqFlow *flow, MqStream *stream)
{
	stream->keys = g_new0(MqStreamKey, flow->n_auth_dkim);
	for (guint i = 0; i < flow->n_auth_dkim; i++) {
		const MqDkimResult *dkim = &flow->auth_dkim[i];

		if (dkim->domain == NULL || *dkim->domain == '\0' || dkim->result == MQ_RESULT_NONE)
			continue;
		stream->keys[stream->n_keys++] = (MqStreamKey){
			.domain = g_strdup(dkim->domain),
			.selector = dkim->selector != NULL && *dkim->selector != '\0' ? g_strdup(dkim->selector) : NULL,
			.then = dkim->result,
			.now = MQ_DKIM_UNKNOWN,
		};
	}
}

static MqStream *
stream_of(MqSources *sources, MqSource *source, const MqFlow *flow, const char *header_from, guint hints)
{
	StreamKey key = {
		.source = source,
		.header_from = header_from,
		.envelope_from = interned(sources, flow->envelope_from),
		.auth_id = flow->auth_id,
		.dkim = flow->dkim,
		.spf = flow->spf,
		.hints = hints,
	};
	const StreamKey *known = g_hash_table_lookup(sources->by_stream, &key);
	MqStream *stream;

	if (known != NULL)
		return known->stream;
	stream = key.stream = g_new0(MqStream, 1);
	stream->header_from = header_from;
	stream->envelope_from = key.envelope_from;
	stream->auth_id = flow->auth_id;
	stream->dkim = flow->dkim;
	stream->spf = flow->spf;
	stream->hints = hints;
	stream->first_day_s = G_MAXINT64;
	stream->last_day_s = G_MININT64;
	read_spf(sources, flow, stream);
	read_keys(flow, stream);
	g_ptr_array_add(source->streams, stream);
	g_hash_table_add(sources->by_stream, g_memdup2(&key, sizeof(key)));
	return stream;
}

MqResult
mq_sources_dmarc(MqResult dkim, MqResult spf)
{
	if (dkim == MQ_RESULT_PASS || spf == MQ_RESULT_PASS)
		return MQ_RESULT_PASS;
	return dkim == MQ_RESULT_ABSENT && spf == MQ_RESULT_ABSENT ? MQ_RESULT_ABSENT : MQ_RESULT_FAIL;
}

static void
add_day(GArray *days, gint64 day_s, gint64 messages, MqResult dmarc)
{
	guint i = days->len;

	while (i > 0 && g_array_index(days, MqSourceDay, i - 1).day_s > day_s)
		i--;
	if (i == 0 || g_array_index(days, MqSourceDay, i - 1).day_s != day_s) {
		MqSourceDay day = { .day_s = day_s };

		g_array_insert_val(days, i, day);
		i++;
	}
	g_array_index(days, MqSourceDay, i - 1).messages += messages;
	g_array_index(days, MqSourceDay, i - 1).passed += dmarc == MQ_RESULT_PASS ? messages : 0;
	g_array_index(days, MqSourceDay, i - 1).unknown += dmarc == MQ_RESULT_ABSENT ? messages : 0;
}

static gboolean
is_in_period(const MqSources *sources, gint64 day_s)
{
	return sources->period_since_s != MQ_TIME_ABSENT && day_s >= sources->period_since_s;
}

static void
note_policy(MqSources *sources, const MqFlow *flow)
{
	gint64 pair[2] = { flow->day_s, flow->policy_p };

	if (flow->policy_domain == NULL || g_strcmp0(flow->policy_domain, sources->domain) != 0
	    || flow->policy_p == MQ_POLICY_ABSENT || flow->policy_p == MQ_POLICY_OTHER)
		return;
	if (flow->day_s >= sources->newest_policy_day_s) {
		sources->newest_policy_day_s = flow->day_s;
		sources->newest_policy = flow->policy_p;
	}
	if (sources->policy_days->len > 0) { /* most flows say what the one before said */
		const gint64 *last =
			(const gint64 *)(gconstpointer)(sources->policy_days->data + (sources->policy_days->len - 1) * sizeof(pair));

		if (last[0] == pair[0] && last[1] == pair[1])
			return;
	}
	g_array_append_vals(sources->policy_days, pair, 1);
}

static void
note_window(MqSources *sources, const MqFlow *flow, const char *header_from)
{
	gint64 *count = g_hash_table_lookup(sources->names, header_from);

	if (count == NULL) {
		count = g_new0(gint64, 1);
		g_hash_table_insert(sources->names, (gpointer)header_from, count);
	}
	*count += flow->messages;
	if (!g_hash_table_contains(sources->covered, &flow->day_s))
		g_hash_table_add(sources->covered, g_memdup2(&flow->day_s, sizeof(flow->day_s)));
	if (is_in_period(sources, flow->day_s))
		sources->dispositions[flow->disposition] += flow->messages;
	sources->first_day_s = MIN(sources->first_day_s, flow->day_s);
	sources->last_day_s = MAX(sources->last_day_s, flow->day_s);
	note_policy(sources, flow);
}

static void
count_in_stream(const MqSources *sources, MqStream *stream, const MqFlow *flow, MqResult dmarc)
{
	gboolean blocked = flow->disposition == MQ_DISPOSITION_QUARANTINE || flow->disposition == MQ_DISPOSITION_REJECT;

	stream->messages += flow->messages;
	stream->delivered += dmarc == MQ_RESULT_FAIL && !blocked ? flow->messages : 0;
	stream->first_day_s = MIN(stream->first_day_s, flow->day_s);
	stream->last_day_s = MAX(stream->last_day_s, flow->day_s);
	if (is_in_period(sources, flow->day_s)) {
		stream->in_period += flow->messages;
		stream->quarantined_in_period += flow->disposition == MQ_DISPOSITION_QUARANTINE ? flow->messages : 0;
		stream->rejected_in_period += flow->disposition == MQ_DISPOSITION_REJECT ? flow->messages : 0;
	} else if (sources->previous_since_s != MQ_TIME_ABSENT && flow->day_s >= sources->previous_since_s) {
		stream->in_previous += flow->messages;
	}
}

static void
count_in_source(MqSource *source, const MqFlow *flow, MqResult dmarc)
{
	source->messages += flow->messages;
	source->dmarc_pass += dmarc == MQ_RESULT_PASS ? flow->messages : 0;
	source->failing += dmarc == MQ_RESULT_FAIL ? flow->messages : 0;
	source->unknown += dmarc == MQ_RESULT_ABSENT ? flow->messages : 0;
	source->spf_aligned += flow->spf == MQ_RESULT_PASS ? flow->messages : 0;
	source->dkim_aligned += flow->dkim == MQ_RESULT_PASS ? flow->messages : 0;
	source->quarantined += flow->disposition == MQ_DISPOSITION_QUARANTINE ? flow->messages : 0;
	source->rejected += flow->disposition == MQ_DISPOSITION_REJECT ? flow->messages : 0;
	add_day(source->days, flow->day_s, flow->messages, dmarc);
}

gboolean
mq_sources_take(gpointer ctx, const MqFlow *flow, GError **error)
{
	MqSources *sources = ctx;
	const char *header_from = interned(sources, flow->header_from != NULL    ? flow->header_from
	                                            : flow->policy_domain != NULL ? flow->policy_domain
	                                            : sources->domain != NULL     ? sources->domain
	                                                                          : "");
	const char *reporter = interned(sources, flow->reporter != NULL ? flow->reporter : "");
	MqResult dmarc = mq_sources_dmarc(flow->dkim, flow->spf);
	MqSource *source = source_of(sources, flow, header_from);
	MqStream *stream = stream_of(sources, source, flow, header_from, hints_of(flow));

	(void)error;
	count_in_stream(sources, stream, flow, dmarc);
	count_in_source(source, flow, dmarc);
	g_hash_table_add(source->reporters, (gpointer)reporter);
	g_hash_table_add(sources->reporters, (gpointer)reporter);
	sources->messages += flow->messages;
	sources->dmarc_pass += dmarc == MQ_RESULT_PASS ? flow->messages : 0;
	sources->unknown += dmarc == MQ_RESULT_ABSENT ? flow->messages : 0;
	sources->spf_aligned += flow->spf == MQ_RESULT_PASS ? flow->messages : 0;
	sources->dkim_aligned += flow->dkim == MQ_RESULT_PASS ? flow->messages : 0;
	note_window(sources, flow, header_from);
	return TRUE;
}
