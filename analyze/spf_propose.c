#include "analyze/spf_propose.h"

#include <string.h>

/* A term of the record to be, with what it costs. */
typedef struct {
	char *text;
	guint lookups;
	MqSpfSurvey *ranges; /* (nullable) of an include that can be replaced */
} Piece;

static void
piece_free(gpointer data)
{
	Piece *piece = data;

	g_free(piece->text);
	mq_spf_survey_free(piece->ranges);
	g_free(piece);
}

static gboolean
costs(MqSpfTermKind kind)
{
	return kind == MQ_SPF_INCLUDE || kind == MQ_SPF_A || kind == MQ_SPF_MX || kind == MQ_SPF_PTR || kind == MQ_SPF_EXISTS;
}

static gboolean
has_piece(const GPtrArray *pieces, const char *text)
{
	for (guint i = 0; i < pieces->len; i++)
		if (g_ascii_strcasecmp(((const Piece *)g_ptr_array_index(pieces, i))->text, text) == 0)
			return TRUE;
	return FALSE;
}

static gboolean
add_term(MqAnswers *answers, GPtrArray *pieces, const MqSpfTerm *term)
{
	Piece *piece;

	/* ptr should not be published (RFC 7208 5.5); the end is written last; a redirect's target is added as include */
	if (term->kind == MQ_SPF_ALL || term->kind == MQ_SPF_PTR || term->kind == MQ_SPF_REDIRECT || has_piece(pieces, term->text))
		return TRUE;
	piece = g_new0(Piece, 1);
	piece->text = g_strdup(term->text);
	piece->lookups = costs(term->kind) ? 1 : 0;
	g_ptr_array_add(pieces, piece);
	if (term->kind != MQ_SPF_INCLUDE || term->spec == NULL || strchr(term->spec, '%') != NULL)
		return TRUE;
	if (!mq_spf_survey(answers, term->spec, &piece->ranges))
		return FALSE;
	if (piece->ranges->result == MQ_RESULT_NONE)
		g_ptr_array_remove(pieces, piece); /* an include of nothing breaks the record */
	else
		piece->lookups += piece->ranges->lookups;
	return TRUE;
}

/* The ranges of a tree as terms; FALSE when some of it stands for no fixed ranges. */
static gboolean
append_ranges(const GPtrArray *nodes, GString *out)
{
	for (guint i = 0; i < nodes->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(nodes, i);

		if (node->kind == MQ_SPF_ALL || node->kind == MQ_SPF_EXP || node->kind == MQ_SPF_OTHER)
			continue;
		if (strchr("-~?", node->text[0]) != NULL || node->kind == MQ_SPF_EXISTS || node->kind == MQ_SPF_PTR)
			return FALSE;
		if (node->kind == MQ_SPF_IP4 || node->kind == MQ_SPF_IP6)
			g_string_append_printf(out, " %s", node->text + (node->text[0] == '+'));
		for (guint a = 0; node->addresses != NULL && a < node->addresses->len; a++) {
			const char *block = g_ptr_array_index(node->addresses, a);

			g_string_append_printf(out, " %s:%s", strchr(block, ':') != NULL ? "ip6" : "ip4", block);
		}
		if (node->addresses != NULL && node->addresses->len >= MQ_SPF_NODE_ADDRESSES)
			return FALSE;
		if (node->children != NULL && !append_ranges(node->children, out))
			return FALSE;
	}
	return TRUE;
}

static guint
sum(const GPtrArray *pieces)
{
	guint lookups = 0;

	for (guint i = 0; i < pieces->len; i++)
		lookups += ((const Piece *)g_ptr_array_index(pieces, i))->lookups;
	return lookups;
}

/* Replaces the costliest include that has ranges. FALSE when there is none. */
static gboolean
flatten_one(GPtrArray *pieces)
{
	Piece *costliest = NULL;
	g_autoptr(GString) ranges = g_string_new(NULL);

	for (guint i = 0; i < pieces->len; i++) {
		Piece *piece = g_ptr_array_index(pieces, i);

		if (piece->ranges != NULL && (costliest == NULL || piece->lookups > costliest->lookups))
			costliest = piece;
	}
	if (costliest == NULL)
		return FALSE;
	if (strchr("-~?", costliest->text[0]) == NULL && costliest->ranges->result == MQ_RESULT_NEUTRAL
	    && !costliest->ranges->needs_ask && append_ranges(costliest->ranges->tree, ranges) && ranges->len > 0) {
		g_free(costliest->text);
		costliest->text = g_strdup(ranges->str + 1);
		costliest->lookups = 0;
	}
	g_clear_pointer(&costliest->ranges, mq_spf_survey_free); /* not tried again */
	return TRUE;
}

/* "~all" unless a record says another end; the first that says one decides. +all is never proposed. */
static const char *
end_of(const MqSpfRecord *record)
{
	for (guint i = 0; i < record->terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);

		if (term->kind == MQ_SPF_ALL)
			return term->qualifier == '-' ? "-all" : "~all";
	}
	return NULL;
}

static char *
written(const GPtrArray *pieces, const char *end)
{
	g_autoptr(GString) out = g_string_new("v=spf1");

	for (guint i = 0; i < pieces->len; i++)
		g_string_append_printf(out, " %s", ((const Piece *)g_ptr_array_index(pieces, i))->text);
	g_string_append_printf(out, " %s", end);
	return out->len <= MQ_SPF_RECORD_BYTES ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

/* A redirect stands for all of its target's record: as an include it matches the same addresses. */
static gboolean
add_redirect(MqAnswers *answers, GPtrArray *pieces, const MqSpfTerm *redirect)
{
	g_autofree char *text = g_strconcat("include:", redirect->spec, NULL);
	const MqSpfTerm include = { .kind = MQ_SPF_INCLUDE, .qualifier = '+', .text = text, .spec = redirect->spec };

	return redirect->spec == NULL || add_term(answers, pieces, &include);
}

gboolean
mq_spf_propose(MqAnswers *answers, const char *domain, const GPtrArray *records, char **out)
{
	g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(piece_free);
	const char *end = NULL;
	gboolean complete = TRUE;

	(void)domain;
	for (guint r = 0; r < records->len; r++) {
		g_autoptr(MqSpfRecord) record = mq_spf_record_parse(g_ptr_array_index(records, r));

		for (guint t = 0; t < record->terms->len; t++)
			complete = add_term(answers, pieces, g_ptr_array_index(record->terms, t)) && complete;
		if (record->redirect != NULL && end_of(record) == NULL)
			complete = add_redirect(answers, pieces, record->redirect) && complete;
		if (end == NULL)
			end = end_of(record);
	}
	if (!complete)
		return FALSE;
	while (sum(pieces) > MQ_SPF_LOOKUPS && flatten_one(pieces))
		continue;
	*out = sum(pieces) <= MQ_SPF_LOOKUPS ? written(pieces, end != NULL ? end : "~all") : NULL;
	return TRUE;
}
