/* mq_sender_disputes(): where receivers of RFC 7489 and of RFC 9989 do not see the same alignment. */
#include <string.h>

#include "analyze/sources.h"

/* Something aligned by both standards passed as well. */
static gboolean
passes_undisputed(const MqStream *stream)
{
	for (guint i = 0; i < stream->n_keys; i++)
		if (stream->keys[i].aligned && !stream->keys[i].disputed
		    && stream->keys[i].then == MQ_RESULT_PASS)
			return TRUE;
	return stream->spf_related && !stream->spf_disputed && stream->spf_then_pass;
}

static void
add_dispute(GArray *disputes, const MqStream *stream, const char *identifier, const char *by,
            gboolean by_treewalk)
{
	gint64 decided = passes_undisputed(stream) ? 0 : stream->messages;
	MqDispute dispute = { stream->header_from, identifier, by, by_treewalk, stream->messages, decided };

	for (guint i = 0; i < disputes->len; i++) {
		MqDispute *known = &g_array_index(disputes, MqDispute, i);

		if (strcmp(known->header_from, stream->header_from) == 0
		    && strcmp(known->identifier, identifier) == 0 && strcmp(known->by, by) == 0) {
			known->messages += stream->messages;
			known->decided += decided;
			return;
		}
	}
	if (disputes->len < MQ_PROVED_DOMAINS)
		g_array_append_val(disputes, dispute);
}

static void
add_stream(GArray *disputes, const MqStream *stream)
{
	for (guint i = 0; i < stream->n_keys; i++) {
		const MqStreamKey *key = &stream->keys[i];

		if (key->disputed && key->then == MQ_RESULT_PASS)
			add_dispute(disputes, stream, key->domain, "dkim", key->aligned);
	}
	if (stream->spf_disputed && stream->spf_then_pass)
		add_dispute(disputes, stream, stream->spf_domain, "spf", stream->spf_related);
}

static int
compare_disputes(gconstpointer left, gconstpointer right)
{
	const MqDispute *a = left;
	const MqDispute *b = right;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->identifier, b->identifier);
}

GArray *
mq_sender_disputes(const MqSenderGroup *group)
{
	GArray *disputes = g_array_new(FALSE, FALSE, sizeof(MqDispute));

	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++)
			add_stream(disputes, g_ptr_array_index(source->streams, j));
	}
	g_array_sort(disputes, compare_disputes);
	return disputes;
}
