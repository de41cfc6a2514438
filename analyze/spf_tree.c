#include "analyze/spf_tree.h"

#include <string.h>

#include "ingest/domain.h"
#include "ingest/text.h"

static const char *const state_words[] = {
	[MQ_SPF_NOT_REACHED] = "not-reached", [MQ_SPF_NO_MATCH] = "no-match", [MQ_SPF_MATCH] = "match",
	[MQ_SPF_ERROR] = "error",             [MQ_SPF_WALKED] = "walked",
};

const char *
mq_spf_state_word(MqSpfState state)
{
	return state_words[state];
}

/* ------------------------------------------------------------------- the sender */

void
mq_spf_sender_init(MqSpfSender *out, const char *sender, const char *helo)
{
	g_autofree char *text = g_strdup(sender != NULL ? sender : "");
	char *bare = g_strstrip(text);
	char *at;

	memset(out, 0, sizeof(*out));
	out->helo = g_strdup(helo != NULL && *helo != '\0' ? helo : "unknown");
	if (*bare == '<') {
		bare++;
		bare[strcspn(bare, ">")] = '\0';
	}
	at = strrchr(bare, '@');
	out->local = at != NULL && at > bare ? g_strndup(bare, (gsize)(at - bare)) : g_strdup("postmaster");
	out->sender_domain = g_strdup(at != NULL ? at + 1 : *bare != '\0' ? bare : out->helo);
	out->domain = mq_domain_normalize(out->sender_domain, NULL);
	if (!g_str_is_ascii(out->sender_domain)) {
		g_free(out->sender_domain);
		out->sender_domain = g_strdup(out->domain);
	}
	out->sender = g_strdup_printf("%s@%s", out->local, out->sender_domain);
}

void
mq_spf_sender_clear(MqSpfSender *sender)
{
	g_free(sender->sender);
	g_free(sender->local);
	g_free(sender->sender_domain);
	g_free(sender->helo);
	g_free(sender->domain);
}

void
mq_spf_sender_macros(const MqSpfSender *sender, MqSpfMacros *out)
{
	out->sender = sender->sender;
	out->local = sender->local;
	out->sender_domain = sender->sender_domain;
	out->helo = sender->helo;
	out->validated = "unknown";
	out->receiver = "unknown";
}

/* ------------------------------------------------------------------- the record */

char *
mq_spf_unknown(const MqAnswer *answer)
{
	g_autofree char *name = mq_text_visible(answer->name);

	return g_strdup_printf("%s of %s: %s", mq_ask_word(answer->ask), name, answer->why);
}

/* RFC 7208 section 4.3: a malformed name, a literal or a single label has no policy. */
static gboolean
can_have_policy(const char *domain)
{
	return mq_answers_is_name(domain) && *domain != '[' && mq_domain_labels(domain) >= 2;
}

gboolean
mq_spf_find(MqAnswers *answers, const char *domain, MqSpfRecord **record, MqResult *result, char **problem)
{
	const MqAnswer *txt;
	const char *found = NULL;
	guint n = 0;

	*record = NULL;
	*problem = NULL;
	*result = MQ_RESULT_NONE;
	if (!can_have_policy(domain))
		return TRUE;
	txt = mq_answers_get(answers, MQ_ASK_TXT, domain);
	if (txt == NULL)
		return FALSE;
	if (txt->outcome == MQ_ANSWER_UNKNOWN) {
		*result = MQ_RESULT_TEMPERROR;
		*problem = mq_spf_unknown(txt);
		return TRUE;
	}
	for (guint i = 0; i < txt->records->len; i++) {
		const MqDnsRecord *one = g_ptr_array_index(txt->records, i);

		if (!mq_spf_is_record(one->text))
			continue;
		found = one->text;
		n++;
	}
	if (n > 1) {
		*result = MQ_RESULT_PERMERROR;
		*problem = g_strdup_printf("%s has %u SPF records, want one (RFC 7208 section 4.5)", txt->name, n);
	} else if (n == 1) {
		*record = mq_spf_record_parse(found);
		*result = (*record)->problem != NULL ? MQ_RESULT_PERMERROR : MQ_RESULT_NEUTRAL;
		if ((*record)->problem != NULL)
			*problem = g_strdup_printf("record of %s, %s", txt->name, (*record)->problem);
	}
	return TRUE;
}

/* ------------------------------------------------------------------- nodes */

void
mq_spf_node_free(MqSpfNode *node)
{
	if (node == NULL)
		return;
	g_free(node->text);
	g_free(node->target);
	g_free(node->problem);
	g_free(node->record);
	g_clear_pointer(&node->addresses, g_ptr_array_unref);
	g_ptr_array_unref(node->children);
	g_free(node);
}

GPtrArray *
mq_spf_nodes_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)mq_spf_node_free);
}

MqSpfNode *
mq_spf_node_add(GPtrArray *nodes, const MqSpfTerm *term, GPtrArray *spare)
{
	MqSpfNode *node = g_new0(MqSpfNode, 1);

	node->kind = term->kind;
	node->text = g_strdup(term->text);
	node->at = term->at;
	node->children = mq_spf_nodes_new();
	if (nodes->len < MQ_SPF_NODES) {
		g_ptr_array_add(nodes, node);
	} else {
		g_ptr_array_set_size(spare, 0);
		g_ptr_array_add(spare, node);
	}
	return node;
}

void
mq_spf_nodes_unreached(GPtrArray *nodes, const MqSpfRecord *record, guint from)
{
	for (guint i = from; i < record->terms->len && nodes->len < MQ_SPF_NODES; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);
		MqSpfNode *node = mq_spf_node_add(nodes, term, NULL);

		if (record->problem == NULL || term->at != record->problem_at)
			continue;
		node->state = MQ_SPF_ERROR;
		node->problem = g_strdup(record->problem);
	}
}

void
mq_spf_node_address(MqSpfNode *node, const MqSpfTerm *term, const MqAddress *address, MqBlock *block)
{
	*block = mq_address_block(address, address->n_bytes == 4 ? term->prefix4 : term->prefix6);
	if (node->addresses == NULL)
		node->addresses = g_ptr_array_new_with_free_func(g_free);
	if (node->addresses->len < MQ_SPF_NODE_ADDRESSES)
		g_ptr_array_add(node->addresses, mq_block_to_text(block));
}
