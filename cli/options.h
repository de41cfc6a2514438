/* The command line's global options and the configuration file that stands in for them. What
 * commands use of it is in app.h. */
#ifndef MQ_CLI_OPTIONS_H
#define MQ_CLI_OPTIONS_H

#include "cli/app.h"

/**
 * mq_options_before_command:
 * @args: (inout): with the program's name first; the options before the command's name are taken out
 *
 * Returns: %FALSE with %MQ_ERROR_USAGE or a G_OPTION_ERROR
 */
gboolean mq_options_before_command(MqApp *app, GStrv *args, GError **error);

/* What `marque --help` says of the global options. (transfer full) */
char *mq_options_help(MqApp *app);

#endif
