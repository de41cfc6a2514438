/* The password of an account: from a file, a command or the environment, never from the command line. */
#ifndef MQ_CLI_PASSWORD_H
#define MQ_CLI_PASSWORD_H

#include <glib.h>

#define MQ_PASSWORD_VARIABLE "MARQUE_IMAP_PASSWORD"

/**
 * mq_password_get:
 * @file: (nullable): its first line
 * @command: (nullable): the first line that this command of the shell prints
 *
 * Neither: MQ_PASSWORD_VARIABLE of the environment.
 *
 * Returns: (transfer full): the password, or %NULL with @error: %MQ_ERROR_USAGE when there is none, or both are
 *   named, or the file cannot be read
 */
char *mq_password_get(const char *file, const char *command, GError **error);

#endif
