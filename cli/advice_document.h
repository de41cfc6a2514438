/* What several commands say of advice, as JSON: INTERFACE's "move", "gates", "actions", "impact". */
#ifndef MQ_CLI_ADVICE_DOCUMENT_H
#define MQ_CLI_ADVICE_DOCUMENT_H

#include "analyze/advise.h"
#include "cli/document.h"

/* (transfer full), each */
json_t *mq_advice_move_document(const MqAdvice *advice);
/* "impact"."reject" and "what_if": what @candidate would touch, with today's DNS and with DNS as it was ("dns_then"), of
 * subdomains by itself, and by sender */
json_t *mq_advice_replay_document(MqAdvice *advice, const MqDmarcRecord *candidate);
json_t *mq_advice_gates_document(const MqAdvice *advice);
/* sets "failing_since" and "failed_until" of @object */
void mq_advice_add_episode(json_t *object, const MqEpisode *episode);
/* @sender: (nullable): only what is to be done about it; any */
json_t *mq_advice_actions_document(const MqAdvice *advice, const char *sender);

#endif
