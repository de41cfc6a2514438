/* Advice as people read it: one sentence, what to publish, the gates, what to fix first, who sends. */
#ifndef MQ_CLI_ADVICE_TEXT_H
#define MQ_CLI_ADVICE_TEXT_H

#include "cli/app.h"
#include "cli/document.h"

/* @domain: one of the "domains" of marque.advise/1; all of it with --verbose, else one screen */
void mq_advice_print(const MqApp *app, const json_t *domain);
/* Many: a table, what needs a person on top. */
void mq_advice_print_ranking(const MqApp *app, const json_t *domains);

#endif
