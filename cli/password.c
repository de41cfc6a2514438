#include "cli/password.h"

#include <string.h>

#include "ingest/error.h"

/* @text: (transfer full) */
static char *
first_line(char *text, const char *whence, GError **error)
{
	text[strcspn(text, "\r\n")] = '\0';
	if (*text != '\0')
		return text;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "%s has no password in its first line", whence);
	g_free(text);
	return NULL;
}

static char *
read_file(const char *file, GError **error)
{
	g_autoptr(GError) why = NULL;
	char *text;

	if (g_file_get_contents(file, &text, NULL, &why))
		return first_line(text, "--password-file", error);
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--password-file: %s", why->message);
	return NULL;
}

/* It may ask the person at the terminal, and so has as long as that takes. */
static char *
run_command(const char *command, GError **error)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	g_autofree char *text = NULL;
	int status;

	if (g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, &text, NULL, &status, error)
	    && g_spawn_check_wait_status(status, error))
		return first_line(g_steal_pointer(&text), "what --password-command prints", error);
	g_prefix_error(error, "--password-command: ");
	return NULL;
}

char *
mq_password_get(const char *file, const char *command, GError **error)
{
	const char *said = g_getenv(MQ_PASSWORD_VARIABLE);

	if (file != NULL && command != NULL) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "want either --password-file or --password-command");
		return NULL;
	}
	if (file != NULL)
		return read_file(file, error);
	if (command != NULL)
		return run_command(command, error);
	if (said != NULL)
		return first_line(g_strdup(said), "$" MQ_PASSWORD_VARIABLE, error);
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE,
	            "an IMAP account wants a password: use --password-file, --password-command or $" MQ_PASSWORD_VARIABLE);
	return NULL;
}
