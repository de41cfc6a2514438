#include "cli/options.h"

#include <string.h>

#include "cli/commands.h"

static gboolean set_text(const char *name, const char *value, gpointer data, GError **error);
static gboolean add_resolver(const char *name, const char *value, gpointer data, GError **error);
static gboolean add_mmdb(const char *name, const char *value, gpointer data, GError **error);
static gboolean set_flag(const char *name, const char *value, gpointer data, GError **error);

/* Each is a callback: GOption would lose the text that an earlier pass had stored. */
#define TEXT(word, key, description, argument) \
	{ word, key, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)set_text, description, argument }
#define FLAG(word, key, description) \
	{ word, key, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer)set_flag, description, NULL }

static const GOptionEntry entries[] = {
	TEXT("database", 'd', "an SQLite file or clickhouse://… (default: $MARQUE_DATABASE)", "LOCATION"),
	TEXT("config", 'c', "the configuration file", "FILE"),
	TEXT("format", 'f', "table, json, csv, …", "FORMAT"),
	TEXT("since", 0, "a date (UTC) or an age: 7d, 4w, 6m, 1y (default: 30d)", "WHEN"),
	TEXT("until", 0, "the last day, or an age (default: the day of --as-of)", "WHEN"),
	TEXT("as-of", 0, "answer as if today were DATE (default: today, UTC)", "DATE"),
	{ "resolver", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)add_resolver,
	  "a DNS server to ask, repeatable (default: the system's), or ./FILE of records", "ADDRESS[:PORT]" },
	TEXT("services", 0, "more mail services, as in services.conf", "FILE"),
	{ "mmdb", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)add_mmdb,
	  "a MaxMind file of networks or countries, repeatable", "FILE" },
	TEXT("color", 0, "auto, always or never", "WHEN"),
	FLAG("quiet", 'q', "less on standard error"),
	FLAG("verbose", 'v', "more on standard error"),
	FLAG("version", 0, "print the version"),
	FLAG("help", 'h', "this help"),
	G_OPTION_ENTRY_NULL,
};

static const struct place {
	const char *name;
	gsize offset;
} places[] = {
	{ "--database", offsetof(MqGlobals, database) }, { "-d", offsetof(MqGlobals, database) },
	{ "--config", offsetof(MqGlobals, config) },     { "-c", offsetof(MqGlobals, config) },
	{ "--format", offsetof(MqGlobals, format) },     { "-f", offsetof(MqGlobals, format) },
	{ "--since", offsetof(MqGlobals, since) },       { "--until", offsetof(MqGlobals, until) },
	{ "--as-of", offsetof(MqGlobals, as_of) },       { "--color", offsetof(MqGlobals, color) },
	{ "--services", offsetof(MqGlobals, services) },
	{ "--quiet", offsetof(MqGlobals, quiet) },       { "-q", offsetof(MqGlobals, quiet) },
	{ "--verbose", offsetof(MqGlobals, verbose) },   { "-v", offsetof(MqGlobals, verbose) },
	{ "--version", offsetof(MqGlobals, version) },   { "--help", offsetof(MqGlobals, help) },
	{ "-h", offsetof(MqGlobals, help) },
};

/* What the option @name of the command line sets. */
static gpointer
place_of(MqApp *app, const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
		if (strcmp(places[i].name, name) == 0)
			return (char *)&app->globals + places[i].offset;
	g_assert_not_reached(); /* each entry has its place: tests/unit/test-options.c */
}

static gboolean
set_text(const char *name, const char *value, gpointer data, GError **error)
{
	char **text = place_of(data, name);

	if (*value == '\0') {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "%s is empty", name);
		return FALSE;
	}
	g_free(*text);
	*text = g_strdup(value);
	return TRUE;
}

/* A server's address, or else a file of records. */
static gboolean
add_resolver(const char *name, const char *value, gpointer data, GError **error)
{
	MqApp *app = data;
	g_autoptr(GError) why = NULL;
	char *server = strchr(value, '/') == NULL ? mq_dns_server_parse(value, &why) : NULL; /* no address has one */

	if (server != NULL) {
		g_ptr_array_add(app->globals.resolvers, server);
		return TRUE;
	}
	if (why != NULL && !g_file_test(value, G_FILE_TEST_IS_REGULAR)) {
		g_propagate_prefixed_error(error, g_steal_pointer(&why), "%s: ", name);
		return FALSE;
	}
	g_free(app->globals.zone);
	app->globals.zone = g_strdup(value);
	return TRUE;
}

static gboolean
add_mmdb(const char *name, const char *value, gpointer data, GError **error)
{
	(void)name;
	(void)error;
	g_ptr_array_add(((MqApp *)data)->globals.mmdb, g_strdup(value));
	return TRUE;
}

static gboolean
set_flag(const char *name, const char *value, gpointer data, GError **error)
{
	gboolean *flag = place_of(data, name);

	(void)value;
	(void)error;
	*flag = TRUE;
	return TRUE;
}

/* @options may be NULL. (transfer full) */
static GOptionContext *
make_context(MqApp *app, const GOptionEntry *options)
{
	GOptionContext *context = g_option_context_new(app->command != NULL ? app->command->arguments
	                                                                    : "COMMAND …");
	GOptionGroup *group = g_option_group_new("global", "Global options, before or after the command:",
	                                         "", app, NULL);

	g_option_context_set_help_enabled(context, FALSE); /* it would print and exit by itself */
	g_option_group_add_entries(group, entries);
	if (options != NULL)
		g_option_context_add_main_entries(context, options, NULL);
	else
		g_option_context_set_main_group(context, g_option_group_new("main", "", "", NULL, NULL));
	g_option_context_add_group(context, group);
	return context;
}

static const GOptionEntry *
find_entry(const GOptionEntry *table, const char *name, gsize n)
{
	for (; table != NULL && table->long_name != NULL; table++)
		if (strlen(table->long_name) == n && strncmp(table->long_name, name, n) == 0)
			return table;
	return NULL;
}

static const char *
suggest_option(const GOptionEntry *options, const char *name)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	for (const GOptionEntry *e = entries; e->long_name != NULL; e++)
		g_ptr_array_add(words, (gpointer)e->long_name);
	for (const GOptionEntry *e = options; e != NULL && e->long_name != NULL; e++)
		g_ptr_array_add(words, (gpointer)e->long_name);
	g_ptr_array_add(words, NULL);
	return mq_suggest(name, (const char *const *)words->pdata);
}

/* In place of GOption's "Unknown option --formt": one that helps. */
static void
explain_unknown(MqApp *app, const GOptionEntry *options, const GStrv args, GError **error)
{
	g_autofree char *help = g_strconcat("marque ", app->command != NULL ? app->command->name : "",
	                                    app->command != NULL ? " --help" : "--help", NULL);

	for (gsize i = 1; args[i] != NULL && strcmp(args[i], "--") != 0; i++) {
		gsize n = strcspn(args[i], "=");
		g_autofree char *name = NULL;
		const char *similar;

		if (!g_str_has_prefix(args[i], "--") || find_entry(entries, args[i] + 2, n - 2) != NULL
		    || find_entry(options, args[i] + 2, n - 2) != NULL)
			continue;
		name = g_strndup(args[i], n);
		similar = suggest_option(options, name + 2);
		g_clear_error(error);
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "unknown option '%s'%s%s%s; '%s' lists them", name,
		            similar != NULL ? ", did you mean '--" : "", similar != NULL ? similar : "",
		            similar != NULL ? "'" : "", help);
		return;
	}
	g_prefix_error(error, "'%s' lists the options: ", help);
}

static gboolean
parse(MqApp *app, GOptionContext *context, const GOptionEntry *options, GStrv *args, GError **error)
{
	g_auto(GStrv) before = g_strdupv(*args);
	GError *problem = NULL;

	if (g_option_context_parse_strv(context, args, &problem))
		return TRUE;
	if (g_error_matches(problem, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
		explain_unknown(app, options, before, &problem);
	g_propagate_error(error, problem);
	return FALSE;
}

gboolean
mq_options_before_command(MqApp *app, GStrv *args, GError **error)
{
	g_autoptr(GOptionContext) context = make_context(app, NULL);

	g_option_context_set_strict_posix(context, TRUE); /* stops at the command's name */
	return parse(app, context, NULL, args, error);
}

char *
mq_options_help(MqApp *app)
{
	g_autoptr(GOptionContext) context = make_context(app, NULL);
	g_autofree char *help = g_option_context_get_help(context, FALSE, NULL);
	const char *options = strstr(help, entries[0].long_name);

	/* GOption's usage line is for its own idea of a program; from the first option on it is ours */
	while (options != NULL && options > help && options[-1] != '\n')
		options--;
	return g_strdup(options != NULL ? options : help);
}

static void
print_command_help(MqApp *app, const GOptionEntry *options)
{
	const MqCommand *command = app->command;
	g_autofree char *globals = mq_options_help(app);

	fprintf(app->out, "Usage: marque %s%s%s [OPTIONS]\n\n%s\n", command->name,
	        command->arguments != NULL ? " " : "", command->arguments != NULL ? command->arguments : "",
	        command->summary);
	if (command->details != NULL)
		fprintf(app->out, "\n%s\n", command->details);
	if (options != NULL && options->long_name != NULL) {
		g_autoptr(GOptionContext) context = g_option_context_new(NULL);
		g_autofree char *help = NULL;
		const char *list;

		g_option_context_set_help_enabled(context, FALSE);
		g_option_context_add_main_entries(context, options, NULL);
		help = g_option_context_get_help(context, TRUE, NULL);
		list = strstr(help, "\n  -"); /* the first option */
		fprintf(app->out, "\nOptions:%s", list != NULL ? list : "\n");
	}
	fprintf(app->out, "\nGlobal options:\n%s", globals);
}

/* ------------------------------------------------------- configuration file */

/* The file to read; NULL when there is none and none was asked for. (transfer full) (nullable) */
static char *
find_config(const MqApp *app)
{
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), "marque", "marque.conf", NULL);

	if (app->globals.config != NULL)
		return g_strdup(app->globals.config);
	if (g_file_test(own, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&own);
	if (g_file_test("/etc/marque/marque.conf", G_FILE_TEST_EXISTS))
		return g_strdup("/etc/marque/marque.conf");
	return NULL;
}

static gboolean
global_is_set(MqApp *app, const GOptionEntry *entry)
{
	g_autofree char *name = g_strconcat("--", entry->long_name, NULL);

	if (strcmp(name, "--resolver") == 0)
		return app->globals.resolvers->len > 0 || app->globals.zone != NULL;
	if (strcmp(name, "--mmdb") == 0)
		return app->globals.mmdb->len > 0;
	if (strcmp(name, "--database") == 0 && g_getenv("MARQUE_DATABASE") != NULL)
		return TRUE; /* the environment stands before the file */
	if (entry->flags & G_OPTION_FLAG_NO_ARG)
		return *(gboolean *)place_of(app, name);
	return *(char **)place_of(app, name) != NULL;
}

/* Options start as NULL, 0 or FALSE, so that what differs was said. */
static gboolean
own_is_set(const GOptionEntry *entry)
{
	switch (entry->arg) {
	case G_OPTION_ARG_NONE:
	case G_OPTION_ARG_INT:
		return *(const int *)entry->arg_data != 0;
	case G_OPTION_ARG_STRING:
	case G_OPTION_ARG_FILENAME:
	case G_OPTION_ARG_STRING_ARRAY:
	case G_OPTION_ARG_FILENAME_ARRAY:
		return *(gconstpointer const *)entry->arg_data != NULL;
	default:
		g_assert_not_reached(); /* a kind that no command uses */
	}
}

static gboolean
is_list(const GOptionEntry *entry)
{
	return entry->arg == G_OPTION_ARG_STRING_ARRAY || entry->arg == G_OPTION_ARG_FILENAME_ARRAY
	       || strcmp(entry->long_name, "resolver") == 0 || strcmp(entry->long_name, "mmdb") == 0;
}

static gboolean
is_flag(const GOptionEntry *entry)
{
	return entry->arg == G_OPTION_ARG_NONE || (entry->flags & G_OPTION_FLAG_NO_ARG) != 0;
}

/* Adds "--key=value" to @args, once per value of a list. */
static gboolean
add_as_argument(GPtrArray *args, GKeyFile *file, const char *section, const GOptionEntry *entry,
                GError **error)
{
	const char *key = entry->long_name;
	g_auto(GStrv) values = NULL;

	if (is_flag(entry)) {
		GError *problem = NULL;

		if (g_key_file_get_boolean(file, section, key, &problem))
			g_ptr_array_add(args, g_strconcat("--", key, NULL));
		if (problem == NULL)
			return TRUE;
		g_propagate_error(error, problem);
		return FALSE;
	}
	if (is_list(entry)) {
		values = g_key_file_get_string_list(file, section, key, NULL, error);
	} else {
		values = g_new0(char *, 2);
		values[0] = g_key_file_get_string(file, section, key, error);
	}
	if (values == NULL || values[0] == NULL)
		return FALSE;
	for (gsize i = 0; values[i] != NULL; i++)
		g_ptr_array_add(args, g_strconcat("--", key, "=", values[i], NULL));
	return TRUE;
}

static gboolean
unknown_key(const char *key, const GOptionEntry *options, GError **error)
{
	const char *similar = suggest_option(options, key);

	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "unknown key '%s'%s%s%s", key,
	            similar != NULL ? ", did you mean '" : "", similar != NULL ? similar : "",
	            similar != NULL ? "'" : "");
	return FALSE;
}

/* Turns one section into arguments, what is set already left out. */
static gboolean
read_section(MqApp *app, GKeyFile *file, const char *section, const GOptionEntry *options,
             GPtrArray *args, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, section, NULL, NULL); /* NULL: no such section */

	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		const GOptionEntry *own = find_entry(options, keys[i], strlen(keys[i]));
		const GOptionEntry *global = find_entry(entries, keys[i], strlen(keys[i]));

		if (own == NULL && (global == NULL || strcmp(keys[i], "config") == 0
		                    || strcmp(keys[i], "help") == 0 || strcmp(keys[i], "version") == 0))
			return unknown_key(keys[i], options, error);
		if (own != NULL ? own_is_set(own) : global_is_set(app, global))
			continue;
		if (!add_as_argument(args, file, section, own != NULL ? own : global, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
check_sections(GKeyFile *file, GError **error)
{
	g_auto(GStrv) sections = g_key_file_get_groups(file, NULL);

	for (gsize i = 0; sections[i] != NULL; i++) {
		if (strcmp(sections[i], "marque") == 0 || mq_command_find(sections[i]) != NULL)
			continue;
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE,
		            "unknown section [%s], want [marque] or a command's name", sections[i]);
		return FALSE;
	}
	return TRUE;
}

/* One section at a time: what the command's own section sets, the common one does not set again. */
static gboolean
apply_section(MqApp *app, GKeyFile *file, const char *section, const GOptionEntry *options, GError **error)
{
	g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GOptionContext) context = make_context(app, options);
	g_auto(GStrv) strv = NULL;

	g_ptr_array_add(args, g_strdup("marque"));
	if (!read_section(app, file, section, options, args, error)) {
		g_prefix_error(error, "[%s]: ", section);
		return FALSE;
	}
	g_ptr_array_add(args, NULL);
	strv = g_strdupv((char **)args->pdata);
	if (!g_option_context_parse_strv(context, &strv, error)) {
		g_prefix_error(error, "[%s]: ", section);
		return FALSE;
	}
	return TRUE;
}

static gboolean
apply_config(MqApp *app, const GOptionEntry *options, GError **error)
{
	g_autofree char *path = find_config(app);
	g_autoptr(GKeyFile) file = g_key_file_new();

	if (path == NULL)
		return TRUE;
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error) || !check_sections(file, error)
	    || !apply_section(app, file, app->command->name, options, error)
	    || !apply_section(app, file, "marque", NULL, error)) {
		g_autofree char *why = g_strdup((*error)->message);

		g_clear_error(error);
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "configuration file '%s': %s", path, why);
		return FALSE;
	}
	return TRUE;
}

/* ------------------------------------------------------- what commands call */

static gboolean
check_format(const MqApp *app, GError **error)
{
	const char *const *formats = app->command->formats;
	g_autofree char *list = NULL;

	if (g_strv_contains(formats, mq_app_format(app)))
		return TRUE;
	list = g_strjoinv(", ", (char **)formats);
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "unknown format '%s'; '%s' has %s", mq_app_format(app),
	            app->command->name, list);
	return FALSE;
}

static gboolean
check_color(MqApp *app, GError **error)
{
	static const char *const words[] = { "auto", "always", "never" }; /* in the order of MqColor */

	app->color = MQ_COLOR_AUTO;
	if (app->globals.color == NULL)
		return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(words[i], app->globals.color) != 0)
			continue;
		app->color = (MqColor)i;
		return TRUE;
	}
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--color is '%s', want auto, always or never",
	            app->globals.color);
	return FALSE;
}

static gboolean
set_as_of(MqApp *app, GError **error)
{
	gint64 day_s = mq_when_day(app->now_s);

	if (app->globals.as_of != NULL && !mq_when_parse_date(app->globals.as_of, &day_s, error)) {
		g_prefix_error(error, "--as-of: ");
		return FALSE;
	}
	app->end_s = day_s + MQ_DAY_S;
	return TRUE;
}

gboolean
mq_app_parse(MqApp *app, const GOptionEntry *options, GStrv *args, GError **error)
{
	g_autoptr(GOptionContext) context = make_context(app, options);
	GError *problem = NULL;

	if (!parse(app, context, options, args, error))
		return FALSE;
	if (app->globals.help || app->globals.version) {
		app->answered = TRUE;
		if (app->globals.version)
			fputs("marque " MARQUE_VERSION "\n", app->out);
		else
			print_command_help(app, options);
		return FALSE;
	}
	if (apply_config(app, options, &problem) && check_format(app, &problem) && check_color(app, &problem)
	    && set_as_of(app, &problem))
		return TRUE;
	g_propagate_error(error, problem);
	return FALSE;
}
