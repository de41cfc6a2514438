/* What evaluation and compilation of SPF share: finding the record of a name, and nodes. */
#ifndef MQ_ANALYZE_SPF_TREE_H
#define MQ_ANALYZE_SPF_TREE_H

#include "analyze/spf.h"
#include "analyze/spf_macro.h"

/* Who sends, taken apart: what the macros borrow from. */
typedef struct {
	char *sender, *local, *sender_domain, *helo;
	char *domain; /* to be checked, normalized */
} MqSpfSender;

void mq_spf_sender_init(MqSpfSender *out, const char *sender, const char *helo);
void mq_spf_sender_clear(MqSpfSender *sender);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqSpfSender, mq_spf_sender_clear)
void mq_spf_sender_macros(const MqSpfSender *sender, MqSpfMacros *out);

/**
 * mq_spf_find:
 * @record: (out) (transfer full) (nullable): also with a syntax error
 * @result: (out): neutral: there is one record; none; permerror: several, or a syntax error;
 *   temperror: DNS does not say
 * @problem: (out) (transfer full) (nullable): for the errors
 *
 * Returns: %FALSE while the answer is wanted
 */
gboolean mq_spf_find(MqAnswers *answers, const char *domain, MqSpfRecord **record, MqResult *result, char **problem);

void mq_spf_node_free(MqSpfNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqSpfNode, mq_spf_node_free)
GPtrArray *mq_spf_nodes_new(void);
/* A node for @term, owned by @nodes; over MQ_SPF_NODES it goes to @spare instead. */
MqSpfNode *mq_spf_node_add(GPtrArray *nodes, const MqSpfTerm *term, GPtrArray *spare);
/* All terms of a record that was not evaluated, the one with the syntax error marked. */
void mq_spf_nodes_unreached(GPtrArray *nodes, const MqSpfRecord *record, guint from);
/* Notes that the node's name has these addresses, as blocks of its prefix. */
void mq_spf_node_address(MqSpfNode *node, const MqSpfTerm *term, const MqAddress *address, MqBlock *block);
/* "A of mail.example: no reply in time". (transfer full) */
char *mq_spf_unknown(const MqAnswer *answer);

#endif
