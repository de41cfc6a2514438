#include "analyze/spf_propose.h"

#include <string.h>

/* A term of the record to be, with what it costs. */
typedef struct {
	char *text;
	guint lookups;
	MqSpfSurvey *ranges; /* (nullable) of an include that can be replaced */
	gboolean is_unseen;  /* an include whose name depends on the mail: whether it works cannot be said */
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

/* Too many lookups are another matter: ranges may stand for it. */
static gboolean
is_broken(const MqSpfSurvey *ranges)
{
	return ranges->result == MQ_RESULT_PERMERROR && ranges->lookups <= MQ_SPF_LOOKUPS;
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
	if (term->kind != MQ_SPF_INCLUDE || term->spec == NULL)
		return TRUE;
	piece->is_unseen = strchr(term->spec, '%') != NULL;
	if (piece->is_unseen)
		return TRUE;
	if (!mq_spf_survey(answers, term->spec, &piece->ranges))
		return FALSE;
	if (piece->ranges->result == MQ_RESULT_NONE || is_broken(piece->ranges))
		g_ptr_array_remove(pieces, piece); /* an include of nothing breaks the record */
	else
		piece->lookups += piece->ranges->lookups;
	return TRUE;
}

/* "192.0.2.1/32" as a term: a prefix that takes all is left out. */
static void
append_block(GString *out, const char *block)
{
	gboolean v6 = strchr(block, ':') != NULL;
	const char *whole = v6 ? "/128" : "/32";
	gsize n = strlen(block) - (g_str_has_suffix(block, whole) ? strlen(whole) : 0);

	g_string_append_printf(out, " %s:%.*s", v6 ? "ip6" : "ip4", (int)n, block);
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
		for (guint a = 0; node->addresses != NULL && a < node->addresses->len; a++)
			append_block(out, g_ptr_array_index(node->addresses, a));
		if (node->addresses != NULL && node->addresses->len >= MQ_SPF_NODE_ADDRESSES)
			return FALSE;
		if (node->children != NULL && !append_ranges(node->children, out))
			return FALSE;
	}
	return TRUE;
}

static gboolean
has_unseen(const GPtrArray *pieces)
{
	for (guint i = 0; i < pieces->len; i++)
		if (((const Piece *)g_ptr_array_index(pieces, i))->is_unseen)
			return TRUE;
	return FALSE;
}

static guint
sum(const GPtrArray *pieces)
{
	guint lookups = 0;

	for (guint i = 0; i < pieces->len; i++)
		lookups += ((const Piece *)g_ptr_array_index(pieces, i))->lookups;
	return lookups;
}

/* What people write where a term belongs. */
static const struct {
	const char *written, *meant;
} slips[] = {
	{ "ipv4:", "ip4:" },  { "ipv6:", "ip6:" },       { "ip4=", "ip4:" },         { "ip6=", "ip6:" },
	{ "ip:", "ip4:" },    { "includes:", "include:" }, { "include=", "include:" }, { "inlcude:", "include:" },
	{ "a=", "a:" },       { "mx=", "mx:" },          { "redirect:", "redirect=" }, { "exp:", "exp=" },
};

/* One word of a record, read by itself; NULL when it is no term. */
static MqSpfRecord *
read_word(const char *word)
{
	g_autofree char *text = g_strconcat("v=spf1 ", word, NULL);
	g_autoptr(MqSpfRecord) record = mq_spf_record_parse(text);

	return record->problem == NULL && record->terms->len == 1 ? g_steal_pointer(&record) : NULL;
}

/* The same with a known slip mended, or a bare address made a term. */
static MqSpfRecord *
mend_word(const char *word)
{
	gsize sign = strchr("+-~?", *word) != NULL;
	MqAddress address;

	for (gsize i = 0; i < G_N_ELEMENTS(slips); i++)
		if (g_ascii_strncasecmp(word + sign, slips[i].written, strlen(slips[i].written)) == 0) {
			g_autofree char *mended = g_strdup_printf("%.*s%s%s", (int)sign, word, slips[i].meant,
			                                          word + sign + strlen(slips[i].written));

			return read_word(mended);
		}
	if (mq_address_parse(word + sign, &address)) {
		g_autofree char *mended = g_strdup_printf("%.*s%s:%s", (int)sign, word, address.n_bytes == 4 ? "ip4" : "ip6",
		                                          word + sign);

		return read_word(mended);
	}
	return NULL;
}

/* The valid terms of a record, MqSpfRecord * of one term each: a syntax error spoils its own word only. */
static GPtrArray *
read_words(const char *text)
{
	GPtrArray *terms = g_ptr_array_new_with_free_func((GDestroyNotify)mq_spf_record_free);
	g_auto(GStrv) words = g_strsplit(text, " ", MQ_SPF_NODES);

	for (guint i = 1; words[0] != NULL && words[i] != NULL; i++) {
		MqSpfRecord *one = *words[i] != '\0' ? read_word(words[i]) : NULL;

		if (one == NULL && *words[i] != '\0')
			one = mend_word(words[i]);
		if (one != NULL)
			g_ptr_array_add(terms, one);
	}
	return terms;
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
	    && !costliest->ranges->needs_ask && !costliest->ranges->shortened && append_ranges(costliest->ranges->tree, ranges) && ranges->len > 0) {
		g_free(costliest->text);
		costliest->text = g_strdup(ranges->str + 1);
		costliest->lookups = 0;
	}
	g_clear_pointer(&costliest->ranges, mq_spf_survey_free); /* not tried again */
	return TRUE;
}

/* How a record ends; NULL: it does not say. +all and ?all are never proposed. */
static const char *
end_of(const GPtrArray *terms)
{
	for (guint i = 0; i < terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(((const MqSpfRecord *)g_ptr_array_index(terms, i))->terms, 0);

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

/* Whether the record names somebody, be it illegibly: it says more than how it ends. */
static gboolean
names_somebody(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", MQ_SPF_NODES);

	for (guint i = 1; words[0] != NULL && words[i] != NULL; i++) {
		const char *bare = words[i] + (*words[i] != '\0' && strchr("+-~?", *words[i]) != NULL);

		if (*bare != '\0' && g_ascii_strcasecmp(bare, "all") != 0)
			return TRUE;
	}
	return FALSE;
}

gboolean
mq_spf_propose(MqAnswers *answers, const char *domain, const GPtrArray *records, char **out)
{
	g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(piece_free);
	const char *end = NULL;
	gboolean complete = TRUE;
	gboolean some = FALSE;

	(void)domain;
	for (guint r = 0; r < records->len; r++) {
		g_autoptr(GPtrArray) terms = read_words(g_ptr_array_index(records, r));

		some = some || names_somebody(g_ptr_array_index(records, r));
		for (guint t = 0; t < terms->len; t++) {
			const MqSpfTerm *term = g_ptr_array_index(((const MqSpfRecord *)g_ptr_array_index(terms, t))->terms, 0);

			if (term->kind == MQ_SPF_REDIRECT && end_of(terms) == NULL)
				complete = add_redirect(answers, pieces, term) && complete;
			else
				complete = add_term(answers, pieces, term) && complete;
		}
		/* where they differ, the one that harms nobody who was forgotten */
		if (end_of(terms) != NULL && g_strcmp0(end, "~all") != 0)
			end = end_of(terms);
	}
	if (!complete)
		return FALSE;
	*out = NULL;
	if (some && pieces->len == 0)
		return TRUE; /* published as it is, it would refuse the mail of all who were meant */
	if (has_unseen(pieces))
		return TRUE; /* a permanent error may hide in it */
	while (sum(pieces) > MQ_SPF_LOOKUPS && flatten_one(pieces))
		continue;
	*out = sum(pieces) <= MQ_SPF_LOOKUPS ? written(pieces, end != NULL ? end : "~all") : NULL;
	return TRUE;
}
