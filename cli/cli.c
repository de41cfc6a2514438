#include "cli/cli.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/log.h"
#include "cli/options.h"

/* The terminal's language and characters, but numbers as machines write them. Where the locale
 * cannot say what UTF-8 is, ours can: widths must be right whatever LANG is. */
static void
set_locale(void)
{
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	setlocale(LC_MESSAGES, "C"); /* messages are in English, those of the libraries too */
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static void
print_help(MqApp *app)
{
	g_autofree char *options = mq_options_help(app);

	fputs("Usage: marque [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
	      "Takes a mail domain from its first DMARC report to p=reject.\n\nCommands:\n",
	      app->out);
	for (guint i = 0; i < mq_commands_n; i++)
		fprintf(app->out, "  %-10s %s\n", mq_commands[i]->name, mq_commands[i]->summary);
	fprintf(app->out,
		"\nGlobal options, before or after the command:\n%s"
		"'marque help COMMAND' says more about one of them.\n",
		options);
}

static gboolean
unknown_command(const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *similar;

	for (guint i = 0; i < mq_commands_n; i++)
		g_ptr_array_add(names, (gpointer)mq_commands[i]->name);
	g_ptr_array_add(names, NULL);
	similar = mq_suggest(name, (const char *const *)names->pdata);
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE,
		    "unknown command '%s'%s%s%s; 'marque --help' lists them", name,
		    similar != NULL ? ", did you mean '" : "", similar != NULL ? similar : "",
		    similar != NULL ? "'" : "");
	return FALSE;
}

/* "help", "help COMMAND": turned into "--help" and "COMMAND --help". */
static void
rewrite_help(MqApp *app, GStrv *args)
{
	g_auto(GStrv) old = *args;
	const char *command = old[2];
	const char *const plain[] = { old[0], command, NULL };

	*args = g_strdupv((char **)plain);
	app->globals.help = TRUE;
}

/* @args: from the command's name on */
static MqExit
run_command(MqApp *app, GStrv all, GError **error)
{
	g_auto(GStrv) args = g_strdupv(all + 1);

	app->command = mq_command_find(args[0]);
	if (app->command == NULL) {
		unknown_command(args[0], error);
		return MQ_EXIT_USAGE;
	}
	return app->command->run(app, &args, error);
}

static MqExit
run(MqApp *app, char **argv, GError **error)
{
	g_auto(GStrv) args = g_strdupv(argv);

	if (!mq_options_before_command(app, &args, error))
		return MQ_EXIT_USAGE;
	if (args[1] != NULL && strcmp(args[1], "help") == 0)
		rewrite_help(app, &args);
	if (args[1] != NULL)
		return run_command(app, args, error);
	if (app->globals.version)
		fputs("marque " MARQUE_VERSION "\n", app->out);
	else if (app->globals.help)
		print_help(app);
	else
		g_set_error_literal(error, MQ_ERROR, MQ_ERROR_USAGE,
				    "want a command; 'marque --help' lists them");
	return MQ_EXIT_OK;
}

static MqExit
exit_of_error(const GError *error)
{
	return g_error_matches(error, MQ_ERROR, MQ_ERROR_USAGE) || error->domain == G_OPTION_ERROR
		       ? MQ_EXIT_USAGE
		       : MQ_EXIT_FAILED;
}

/* A reader that went away (a pipe into head) is no failure of ours; a full disk is. */
static MqExit
finish_output(MqApp *app, MqExit status)
{
	errno = 0;
	if (fflush(app->out) == 0 && !ferror(app->out))
		return status;
	if (errno == EPIPE || errno == 0)
		return status;
	mq_log_error(app, "cannot write to standard output: %s", g_strerror(errno));
	return MQ_EXIT_FAILED;
}

MqExit
mq_cli_main(char **argv, FILE *out, FILE *err, gint64 now_s)
{
	MqApp app = { .out = out, .err = err, .now_s = now_s };
	g_autoptr(GError) error = NULL;
	MqExit status;

	set_locale();
	signal(SIGPIPE, SIG_IGN); /* writing then fails with EPIPE: see finish_output() */
	mq_ingest_init();
	app.globals.resolvers = g_ptr_array_new_with_free_func(g_free);
	app.globals.mmdb = g_ptr_array_new_with_free_func(g_free);
	mq_log_start(&app);
	status = run(&app, argv, &error);
	if (error != NULL) {
		mq_log_error(&app, "%s", error->message);
		status = exit_of_error(error);
	} else if (app.answered) {
		status = MQ_EXIT_OK;
	}
	status = finish_output(&app, status);
	mq_log_stop();
	mq_app_clear(&app);
	return status;
}
