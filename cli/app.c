#include "cli/app.h"

#include <errno.h>
#include <string.h>

#include "cli/commands.h"
#include "ingest/domain.h"

gboolean
mq_app_need(const char *value, const char *option, GError **error)
{
	if (value != NULL)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "want %s", option);
	return FALSE;
}

gboolean
mq_app_arguments(const GStrv args, guint min, guint max, const char *what, GError **error)
{
	guint n = g_strv_length(args) - 1;

	if (n >= min && n <= max)
		return TRUE;
	if (n < min)
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "want %s; 'marque %s --help' says more", what,
		            args[0]);
	else
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is one argument too many, want %s",
		            args[max + 1], what);
	return FALSE;
}

/* A date stands for its first second (@last_day: the first after it), an age counts back from the end. */
static gboolean
parse_bound(const MqApp *app, const char *option, const char *text, gboolean last_day, gint64 *time_s,
            GError **error)
{
	if (mq_when_parse_date(text, time_s, NULL)) { /* then it may be an age, whose error says it all */
		*time_s += last_day ? MQ_DAY_S : 0;
		return TRUE;
	}
	if (mq_when_parse(text, app->end_s, time_s, error))
		return TRUE;
	g_prefix_error(error, "%s: ", option);
	return FALSE;
}

gboolean
mq_app_window_if_asked(const MqApp *app, MqWindow *window, GError **error)
{
	const MqGlobals *globals = &app->globals;
	MqWindow w = { MQ_TIME_ABSENT, globals->as_of != NULL ? app->end_s : MQ_TIME_ABSENT };

	if (globals->until != NULL && !parse_bound(app, "--until", globals->until, TRUE, &w.until_s, error))
		return FALSE;
	if (globals->since != NULL && !parse_bound(app, "--since", globals->since, FALSE, &w.since_s, error))
		return FALSE;
	if (w.since_s != MQ_TIME_ABSENT && w.until_s != MQ_TIME_ABSENT && w.since_s >= w.until_s) {
		g_autofree char *since = mq_when_to_date(w.since_s);
		g_autofree char *until = mq_when_to_date(w.until_s - 1);

		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--since (%s) is after --until (%s)",
		            since != NULL ? since : "?", until != NULL ? until : "?");
		return FALSE;
	}
	*window = w;
	return TRUE;
}

gboolean
mq_app_window(const MqApp *app, MqWindow *window, GError **error)
{
	if (!mq_app_window_if_asked(app, window, error))
		return FALSE;
	if (window->until_s == MQ_TIME_ABSENT)
		window->until_s = MAX(app->end_s, window->since_s + 1);
	if (window->since_s == MQ_TIME_ABSENT)
		window->since_s = window->until_s - MQ_DEFAULT_WINDOW_DAYS * MQ_DAY_S;
	return TRUE;
}

gboolean
mq_app_filter(const MqApp *app, const char *domain, gboolean whole, MqFilter *filter, char **normalized,
              GError **error)
{
	MqWindow window;
	gboolean valid = TRUE;
	g_autofree char *name = domain != NULL ? mq_domain_normalize(domain, &valid) : NULL;

	if (!(whole ? mq_app_window_if_asked : mq_app_window)(app, &window, error))
		return FALSE;
	if (!valid) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no domain name", domain);
		return FALSE;
	}
	*filter = MQ_FILTER_ALL;
	filter->domain = name;
	filter->since_s = window.since_s;
	filter->until_s = window.until_s;
	*normalized = g_steal_pointer(&name);
	return TRUE;
}

gboolean
mq_app_report_type(const char *word, MqReportType *type, GError **error)
{
	*type = MQ_TYPE_ABSENT;
	if (word == NULL)
		return TRUE;
	*type = (MqReportType)mq_word_parse(&mq_words_type, word);
	if (*type != MQ_TYPE_ABSENT)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--type is '%s', want aggregate, failure or tls", word);
	return FALSE;
}

const char *
mq_app_format(const MqApp *app)
{
	return app->globals.format != NULL ? app->globals.format : app->command->formats[0];
}

gboolean
mq_app_format_is(const MqApp *app, const char *format)
{
	return strcmp(mq_app_format(app), format) == 0;
}

char *
mq_app_database(const MqApp *app)
{
	const char *environment = g_getenv("MARQUE_DATABASE");

	if (app->globals.database != NULL)
		return g_strdup(app->globals.database);
	if (environment != NULL && *environment != '\0')
		return g_strdup(environment);
	return g_build_filename(g_get_user_data_dir(), "marque", "marque.db", NULL);
}

MqStore *
mq_app_store(const MqApp *app, MqStoreMode mode, GError **error)
{
	g_autofree char *location = mq_app_database(app);
	g_autofree char *usual = g_build_filename(g_get_user_data_dir(), "marque", "marque.db", NULL);

	if (mode == MQ_STORE_WRITE && strcmp(location, usual) == 0) {
		g_autofree char *folder = g_path_get_dirname(location);

		if (g_mkdir_with_parents(folder, 0700) != 0) {
			g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "cannot make the folder '%s': %s", folder,
			            g_strerror(errno));
			return NULL;
		}
	}
	return mq_store_open(location, mode, error);
}

MqResolver *
mq_app_resolver(const MqApp *app, GError **error)
{
	g_autoptr(GPtrArray) servers = g_ptr_array_new();
	MqDnsOptions options = { 0 };

	if (app->globals.zone != NULL)
		return mq_dns_zone_new(app->globals.zone, error);
	for (guint i = 0; i < app->globals.resolvers->len; i++)
		g_ptr_array_add(servers, g_ptr_array_index(app->globals.resolvers, i));
	g_ptr_array_add(servers, NULL);
	options.servers = (const char *const *)servers->pdata;
	return mq_dns_cares_new(&options, error);
}

gboolean
mq_app_geo(const MqApp *app, MqGeo **geo, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new();

	*geo = NULL;
	for (guint i = 0; i < app->globals.mmdb->len; i++)
		g_ptr_array_add(paths, g_ptr_array_index(app->globals.mmdb, i));
	if (paths->len == 0)
		return TRUE;
	g_ptr_array_add(paths, NULL);
	*geo = mq_geo_open((const char *const *)paths->pdata, error);
	return *geo != NULL;
}

void
mq_app_clear(MqApp *app)
{
	MqGlobals *globals = &app->globals;

	g_free(globals->database);
	g_free(globals->config);
	g_free(globals->format);
	g_free(globals->since);
	g_free(globals->until);
	g_free(globals->as_of);
	g_free(globals->color);
	g_free(globals->zone);
	g_free(globals->services);
	g_clear_pointer(&globals->resolvers, g_ptr_array_unref);
	g_clear_pointer(&globals->mmdb, g_ptr_array_unref);
	*globals = (MqGlobals){ 0 };
}

MqStore *
mq_app_store_of_answers(const MqApp *app, gboolean offline, gboolean *keeps, GError **error)
{
	g_autoptr(MqStore) to_read = mq_app_store(app, MQ_STORE_READ, error);
	MqStore *to_write;

	*keeps = FALSE;
	if (to_read == NULL || offline || app->globals.zone != NULL) /* what a file says was never in DNS */
		return g_steal_pointer(&to_read);
	to_write = mq_app_store(app, MQ_STORE_WRITE, NULL);
	*keeps = to_write != NULL;
	return to_write != NULL ? to_write : g_steal_pointer(&to_read);
}
