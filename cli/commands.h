/* The table of subcommands. To add one: a file command_NAME.c that ends in its row, and one word
 * in MQ_COMMANDS. Dispatch, help and the configuration file follow. */
#ifndef MQ_CLI_COMMANDS_H
#define MQ_CLI_COMMANDS_H

#include "cli/app.h"

struct MqCommand {
	const char *name;
	const char *arguments; /* (nullable) as help shows them: "[DOMAIN]" */
	const char *summary;   /* lower case, no full stop */
	const char *details;   /* (nullable) for its own help: sentences */
	const char *const *formats; /* what --format takes, the default first; NULL-terminated */
	/* @args: see mq_app_parse(), which it calls first. Sets @error when it could not do it. */
	MqExit (*run)(MqApp *app, GStrv *args, GError **error);
};

/* In the order that help lists them. */
#define MQ_COMMANDS(ROW) \
	ROW(ingest) ROW(reports) ROW(show) ROW(senders) ROW(failures) ROW(tls) ROW(summary) ROW(dashboard) ROW(check) ROW(label) ROW(history) \
	ROW(export) ROW(prune) ROW(status) ROW(advise) ROW(spf)

#define MQ_COMMAND_DECLARE(name) extern const MqCommand mq_command_##name;
MQ_COMMANDS(MQ_COMMAND_DECLARE)

extern const MqCommand *const mq_commands[];
extern const guint mq_commands_n;

/* (nullable) */
const MqCommand *mq_command_find(const char *name);

/* NULL-terminated lists that most commands share */
extern const char *const mq_formats_rows[];     /* table, json, csv */
extern const char *const mq_formats_document[]; /* table, json */

/**
 * mq_suggest:
 * @words: (array zero-terminated=1)
 *
 * Returns: (nullable): that of @words which is one or two slips of a key away from @word
 */
const char *mq_suggest(const char *word, const char *const *words);

#endif
