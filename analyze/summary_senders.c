#include "analyze/summary_senders.h"

#include <string.h>

#define PHRASES      50 /* of one sender */
#define KEPT_PHRASES 4

/* -------------------------------------------------- why a sender's mail fails */

/* What reports say of the mail of one sender that fails: phrase to messages. */
typedef struct {
	GHashTable *phrases;
	gint64 messages;
} Failures;

static void
count_phrase(Failures *failures, gint64 messages, char *phrase)
{
	g_autofree char *owned = phrase;
	gint64 *n = g_hash_table_lookup(failures->phrases, phrase);

	if (n != NULL) {
		*n += messages;
	} else if (g_hash_table_size(failures->phrases) < PHRASES) {
		n = g_new(gint64, 1);
		*n = messages;
		g_hash_table_insert(failures->phrases, g_steal_pointer(&owned), n);
	}
}

static void
explain_dkim(Failures *failures, const MqStream *stream)
{
	if (stream->n_keys == 0)
		count_phrase(failures, stream->in_period, g_strdup("not signed with DKIM"));
	for (guint i = 0; i < stream->n_keys; i++) {
		const MqStreamKey *key = &stream->keys[i];
		const char *word = mq_word(&mq_words_result, key->then);

		/* the report left out what DMARC said, or contradicts itself: nothing is made up for it */
		if (key->then == MQ_RESULT_PASS && g_strcmp0(key->domain, stream->header_from) == 0)
			count_phrase(failures, stream->in_period,
			             g_strdup_printf("signed as %s, and yet not reported as passing", key->domain));
		else if (key->then == MQ_RESULT_PASS)
			count_phrase(failures, stream->in_period,
			             g_strdup_printf("signed as %s, which is not aligned with %s", key->domain,
			                             stream->header_from));
		else
			count_phrase(failures, stream->in_period,
			             g_strdup_printf("signed as %s, and the signature does not verify (%s)", key->domain,
			                             word != NULL ? word : "no result"));
	}
}

static void
explain_spf(Failures *failures, const MqStream *stream)
{
	const char *word = mq_word(&mq_words_result, stream->spf_result);

	if (stream->spf_domain == NULL || word == NULL)
		return;
	if (stream->spf_then_pass)
		count_phrase(failures, stream->in_period,
		             g_strdup_printf("SPF passes for %s, which is not aligned with %s", stream->spf_domain,
		                             stream->header_from));
	else
		count_phrase(failures, stream->in_period, g_strdup_printf("SPF of %s says %s", stream->spf_domain, word));
}

static gboolean
failed_then(const MqStream *stream)
{
	return mq_sources_dmarc(stream->dkim, stream->spf) == MQ_RESULT_FAIL;
}

static void
explain(Failures *failures, const MqSenderGroup *sender)
{
	for (guint i = 0; i < sender->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sender->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			if (!failed_then(stream) || stream->in_period == 0)
				continue;
			failures->messages += stream->in_period;
			explain_dkim(failures, stream);
			explain_spf(failures, stream);
			if (stream->hints != 0)
				count_phrase(failures, stream->in_period, g_strdup("receivers take it for forwarded mail"));
		}
	}
}

typedef struct {
	const char *phrase;
	gint64 messages;
} Phrase;

static int
compare_phrases(gconstpointer left, gconstpointer right)
{
	const Phrase *a = left;
	const Phrase *b = right;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->phrase, b->phrase);
}

/* (transfer full) */
static GPtrArray *
evidence_of(const MqSenderGroup *sender)
{
	g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	Failures failures = { counts, 0 };
	GPtrArray *evidence = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) phrases = g_array_new(FALSE, FALSE, sizeof(Phrase));
	GHashTableIter iter;
	gpointer phrase;
	gpointer n;

	explain(&failures, sender);
	g_hash_table_iter_init(&iter, counts);
	while (g_hash_table_iter_next(&iter, &phrase, &n))
		g_array_append_vals(phrases, &(Phrase){ phrase, *(const gint64 *)n }, 1);
	g_array_sort(phrases, compare_phrases);
	for (guint i = 0; i < phrases->len && i < KEPT_PHRASES; i++) {
		const Phrase *p = &g_array_index(phrases, Phrase, i);

		g_ptr_array_add(evidence, g_strdup_printf("%s (%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ")", p->phrase,
		                                          p->messages, failures.messages));
	}
	return evidence;
}

/* ----------------------------------------------------------- failing senders */

/* Messages of the period, by what became of them. */
typedef struct {
	gint64 failing_own;                     /* the owner's, or nobody knows whose */
	MqSummaryOrigin threat, forwarded;
} Split;

static void
add_to_origin(MqSummaryOrigin *origin, const MqStream *stream)
{
	origin->messages += stream->in_period;
	origin->previous_messages += stream->in_previous;
	origin->failing += failed_then(stream) ? stream->in_period : 0;
	origin->blocked += stream->quarantined_in_period + stream->rejected_in_period;
}

static void
split_source(Split *split, const MqSource *source)
{
	gint64 threat = split->threat.messages;
	gint64 forwarded = split->forwarded.messages;

	for (guint j = 0; j < source->streams->len; j++) {
		const MqStream *stream = g_ptr_array_index(source->streams, j);

		if (stream->verdict == MQ_VERDICT_THREAT)
			add_to_origin(&split->threat, stream);
		else if (stream->verdict == MQ_VERDICT_FORWARDER)
			add_to_origin(&split->forwarded, stream);
		else if (failed_then(stream))
			split->failing_own += stream->in_period;
	}
	split->threat.sources += split->threat.messages > threat;
	split->forwarded.sources += split->forwarded.messages > forwarded;
}

static Split
split_sender(const MqSenderGroup *sender)
{
	Split split = { .threat.sender = sender, .forwarded.sender = sender };

	for (guint i = 0; i < sender->sources->len; i++)
		split_source(&split, g_ptr_array_index(sender->sources, i));
	return split;
}

static void
add_origin(MqSummaryOrigins *all, const MqSummaryOrigin *one)
{
	if (one->messages == 0 && one->previous_messages == 0)
		return;
	all->messages += one->messages;
	all->previous_messages += one->previous_messages;
	all->failing += one->failing;
	all->blocked += one->blocked;
	all->sources += one->sources;
	if (one->messages > 0)
		g_array_append_vals(all->origins, one, 1);
}

static int
compare_origins(gconstpointer left, gconstpointer right)
{
	const MqSummaryOrigin *a = left;
	const MqSummaryOrigin *b = right;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->sender->name, b->sender->name);
}

static void
keep_first(MqSummaryOrigins *all)
{
	g_array_sort(all->origins, compare_origins);
	if (all->origins->len <= MQ_SUMMARY_SENDERS)
		return;
	all->more_origins = all->origins->len - MQ_SUMMARY_SENDERS;
	g_array_set_size(all->origins, MQ_SUMMARY_SENDERS);
}

static MqFailingSender *
failing_new(const MqSenderGroup *sender, const MqPeriod *period)
{
	MqFailingSender *failing = g_new0(MqFailingSender, 1);

	failing->sender = sender;
	failing->now = mq_sender_period(sender, period->since_s, period->until_s);
	failing->before = mq_sender_period(sender, period->previous_since_s, period->since_s);
	failing->since_s = mq_days_failing_since((const MqSourceDay *)(gconstpointer)sender->days->data, sender->days->len);
	failing->evidence = evidence_of(sender);
	return failing;
}

/* What a fix is known for, then what nobody knows, then what was fixed since. */
static guint
rank_of(MqVerdict verdict)
{
	return verdict == MQ_VERDICT_FIXABLE ? 0 : verdict == MQ_VERDICT_UNKNOWN ? 1 : 2;
}

typedef struct {
	const MqSenderGroup *sender;
	gint64 failing;
} Candidate;

static int
compare_candidates(gconstpointer left, gconstpointer right)
{
	const Candidate *a = left;
	const Candidate *b = right;
	guint a_rank = rank_of(a->sender->verdict);
	guint b_rank = rank_of(b->sender->verdict);

	if (a_rank != b_rank)
		return a_rank < b_rank ? -1 : 1;
	if (a->failing != b->failing)
		return a->failing > b->failing ? -1 : 1;
	return strcmp(a->sender->name, b->sender->name);
}

void
mq_summary_list_senders(MqDomainSummary *out, const MqPeriod *period)
{
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));

	for (guint i = 0; i < out->sources->senders->len; i++) {
		const MqSenderGroup *sender = g_ptr_array_index(out->sources->senders, i);
		Split split = split_sender(sender);

		add_origin(&out->threat, &split.threat);
		add_origin(&out->forwarded, &split.forwarded);
		if (split.failing_own > 0)
			g_array_append_vals(candidates, &(Candidate){ sender, split.failing_own }, 1);
	}
	keep_first(&out->threat);
	keep_first(&out->forwarded);
	g_array_sort(candidates, compare_candidates);
	for (guint i = 0; i < candidates->len; i++) {
		const Candidate *candidate = &g_array_index(candidates, Candidate, i);

		if (i < MQ_SUMMARY_SENDERS) {
			g_ptr_array_add(out->failing, failing_new(candidate->sender, period));
		} else {
			out->failing_others++;
			out->failing_others_messages += candidate->failing;
		}
	}
}
