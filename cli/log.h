/* Standard error: messages of ours and of GLib's log, each one line of visible text. */
#ifndef MQ_CLI_LOG_H
#define MQ_CLI_LOG_H

#include "cli/app.h"

/* From now on GLib's log goes to app->err: g_info() and g_message() with --verbose only. */
void mq_log_start(MqApp *app);
void mq_log_stop(void);

/* "marque: cannot …" */
void mq_log_error(const MqApp *app, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, and nothing with --quiet. */
void mq_log_notice(const MqApp *app, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
