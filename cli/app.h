/* One run of the program: where it writes, what time it is, what the command line said. Commands
 * get it, and nothing else of the world. */
#ifndef MQ_CLI_APP_H
#define MQ_CLI_APP_H

#include "cli/cli.h"
#include "analyze/resolver.h"
#include "analyze/geo.h"
#include "store/store.h"

typedef struct MqApp MqApp;
typedef struct MqCommand MqCommand;

typedef enum { MQ_COLOR_AUTO, MQ_COLOR_ALWAYS, MQ_COLOR_NEVER } MqColor;

/* What the global options set; NULL is "not said". */
typedef struct {
	char *database;
	char *config;
	char *format;
	char *since, *until;
	char *as_of;
	GPtrArray *resolvers; /* char *: ADDRESS:PORT */
	char *zone;           /* a file that --resolver names */
	char *color;
	char *services;       /* a file */
	GPtrArray *mmdb;      /* char *: files */
	gboolean quiet, verbose, version, help;
} MqGlobals;

struct MqApp {
	FILE *out, *err;
	gint64 now_s;             /* the injected clock */
	const MqCommand *command; /* the one that runs */
	MqGlobals globals;
	gboolean answered;        /* --help or --version was printed: nothing is left to do */
	gint64 end_s;             /* the first second after the day of --as-of */
	MqColor color;
};

/* first second, first second after */
typedef struct {
	gint64 since_s, until_s;
} MqWindow;

/* What a command that looks back no further than it is told looks at by default. */
#define MQ_DEFAULT_WINDOW_DAYS 30

/**
 * mq_app_parse:
 * @options: (nullable) (array zero-terminated=1): the command's own; what they set is NULL, 0 or
 *   FALSE before, and text is (transfer full)
 * @args: (inout): with the command's name first; the arguments that are no options remain
 *
 * Reads the command line (global options and the command's own, in any order), then the
 * configuration file for what the command line left open. Checks --format against the command's.
 *
 * Returns: %FALSE with %MQ_ERROR_USAGE or a G_OPTION_ERROR; %FALSE without error when --help was
 *   answered
 */
gboolean mq_app_parse(MqApp *app, const GOptionEntry *options, GStrv *args, GError **error);

/* %FALSE with %MQ_ERROR_USAGE, "want --older-than", when @value is NULL. */
gboolean mq_app_need(const char *value, const char *option, GError **error);
/* %FALSE with %MQ_ERROR_USAGE when there are fewer or more arguments than wanted. @what names them. */
gboolean mq_app_arguments(const GStrv args, guint min, guint max, const char *what, GError **error);

/* The window of --since, --until and --as-of. The last day counts whole: --until 2026-11-24 and
 * --as-of 2026-11-24 end with that day. Ages count back from the end of the day of --as-of. */
gboolean mq_app_window(const MqApp *app, MqWindow *window, GError **error);
/* As mq_app_window(), yet what nobody asked for is MQ_TIME_ABSENT: no limit. */
gboolean mq_app_window_if_asked(const MqApp *app, MqWindow *window, GError **error);

/**
 * mq_app_filter:
 * @domain: (nullable): as the command line has it
 * @whole: look at everything when no window was asked for; else at the default window
 * @filter: (out): what to ask a store; its domain borrows from @normalized
 * @normalized: (out) (transfer full) (nullable)
 */
gboolean mq_app_filter(const MqApp *app, const char *domain, gboolean whole, MqFilter *filter,
                       char **normalized, GError **error);

/* What --type takes; %NULL is any. */
gboolean mq_app_report_type(const char *word, MqReportType *type, GError **error);

/* The word of --format: "table" unless said otherwise. */
const char *mq_app_format(const MqApp *app);
gboolean mq_app_format_is(const MqApp *app, const char *format);

/* Opens the database of --database; for writing, its folder is made when it is the default one. */
MqStore *mq_app_store(const MqApp *app, MqStoreMode mode, GError **error);
/**
 * mq_app_store_of_answers:
 * @offline: no answer will be new
 * @keeps: (out): whether answers can be kept there: a database that is only to be read is read all the same
 *
 * Opens the database, which must be there.
 */
MqStore *mq_app_store_of_answers(const MqApp *app, gboolean offline, gboolean *keeps, GError **error);
/* "/home/…/marque.db". (transfer full) */
char *mq_app_database(const MqApp *app);

/* Asks the DNS servers or the file of --resolver, or the system's servers. */
MqResolver *mq_app_resolver(const MqApp *app, GError **error);

/* The data files of --mmdb. %TRUE with *geo NULL when there are none. */
gboolean mq_app_geo(const MqApp *app, MqGeo **geo, GError **error);

void mq_app_clear(MqApp *app);

#endif
