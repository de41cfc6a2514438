/* marque summary [DOMAIN…]: the digest that a person reads. */
#include <string.h>

#include "cli/commands.h"
#include "cli/digests.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "ingest/domain.h"

static const char *const periods[] = { "day", "week", "month", NULL };

/* One period before @end_s. */
static gint64
step_back(gint64 end_s, const char *period)
{
	g_autoptr(GDateTime) end = g_date_time_new_from_unix_utc(end_s);
	g_autoptr(GDateTime) start = NULL;

	if (strcmp(period, "day") == 0)
		return end_s - MQ_DAY_S;
	if (strcmp(period, "week") == 0)
		return end_s - 7 * MQ_DAY_S;
	start = end != NULL ? g_date_time_add_months(end, -1) : NULL;
	return start != NULL ? g_date_time_to_unix(start) : end_s - 30 * MQ_DAY_S;
}

/* --since and --until make a period of their own; the one before it is as long. */
static gboolean
choose_period(const MqApp *app, const char *name, MqPeriod *period, GError **error)
{
	const char *length = name != NULL ? name : "week";
	MqWindow window;

	if (!g_strv_contains(periods, length)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--period is '%s', want day, week or month", length);
		return FALSE;
	}
	if (!mq_app_window(app, &window, error))
		return FALSE;
	period->until_s = window.until_s;
	if (app->globals.since != NULL && name == NULL) {
		period->since_s = mq_when_day(window.since_s);
		period->previous_since_s = 2 * period->since_s - window.until_s;
	} else {
		period->since_s = step_back(period->until_s, length);
		period->previous_since_s = step_back(period->since_s, length);
	}
	return TRUE;
}

static gboolean
normalize_all(const GStrv args, GPtrArray *domains, GError **error)
{
	for (gsize i = 1; args[i] != NULL; i++) {
		gboolean valid;
		char *domain = mq_domain_normalize(args[i], &valid);

		g_ptr_array_add(domains, domain);
		if (valid)
			continue;
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no domain name", args[i]);
		return FALSE;
	}
	g_ptr_array_add(domains, NULL);
	return TRUE;
}

static void
print(const MqApp *app, const json_t *document)
{
	const MqDigest *digest = mq_digest_find(mq_app_format_is(app, "table") ? "text" : mq_app_format(app));

	if (digest != NULL)
		digest->print(app, document);
	else
		mq_output_print(app, document, &(MqLayout){ .rows = NULL });
}

/* Whole or not at all: who reads the file never sees half a digest. */
static gboolean
print_to_file(const MqApp *app, const json_t *document, const char *path, GError **error)
{
	char *text = NULL;
	size_t n = 0;
	FILE *memory = open_memstream(&text, &n);
	MqApp into = *app;
	gboolean done;

	if (memory == NULL)
		g_error("out of memory");
	into.out = memory;
	print(&into, document);
	fclose(memory);
	done = g_file_set_contents(path, text, (gssize)n, error);
	free(text);
	return done;
}

typedef struct {
	char *period, *output, *goal, *services;
	gboolean offline;
} Options;

static void
options_clear(Options *options)
{
	g_free(options->period);
	g_free(options->output);
	g_free(options->goal);
	g_free(options->services);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static MqExit
summarize(MqApp *app, const char *const *domains, const MqPeriod *period, const Options *options, GError **error)
{
	g_autoptr(MqServices) services = mq_services_load(options->services, error);
	g_autoptr(MqStore) store = NULL;
	g_autoptr(MqResolver) resolver = NULL;
	g_autoptr(MqSummary) summary = NULL;
	g_autoptr(json_t) document = NULL;
	MqSummaryAsk ask = { .services = services, .now_s = app->now_s };

	if (services == NULL || !mq_goal_parse(options->goal, &ask.goal, error))
		return MQ_EXIT_USAGE;
	store = mq_app_store_of_answers(app, options->offline, &ask.keeps, error);
	resolver = store == NULL ? NULL : options->offline ? mq_dns_stored_new(store, NULL) : mq_app_resolver(app, error);
	ask.resolver = resolver;
	summary = resolver != NULL ? mq_summary_make(store, domains, period, &ask, error) : NULL;
	if (summary == NULL || (ask.keeps && !mq_store_commit(store, error)))
		return MQ_EXIT_FAILED;
	if (summary->dns_problem != NULL)
		mq_log_notice(app, "%s: what DNS says today is left out, and nothing is advised", summary->dns_problem);
	document = mq_digest_document(summary);
	if (options->output == NULL)
		print(app, document);
	else if (!print_to_file(app, document, options->output, error))
		return MQ_EXIT_FAILED;
	return MQ_EXIT_OK;
}

static MqExit
run_summary(MqApp *app, GStrv *args, GError **error)
{
	g_auto(Options) options = { 0 };
	g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
	MqPeriod period;
	const GOptionEntry entries[] = {
		{ "period", 0, 0, G_OPTION_ARG_STRING, &options.period, "day, week (default) or month", "PERIOD" },
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "write to FILE, not to standard output", "FILE" },
		{ "goal", 0, 0, G_OPTION_ARG_STRING, &options.goal, "the last step: reject (default) or quarantine", "POLICY" },
		{ "services", 0, 0, G_OPTION_ARG_FILENAME, &options.services, "more mail services, as in services.conf", "FILE" },
		{ "offline", 0, 0, G_OPTION_ARG_NONE, &options.offline, "use the newest DNS answers in the database", NULL },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, entries, args, error) || !choose_period(app, options.period, &period, error)
	    || !normalize_all(*args, domains, error))
		return MQ_EXIT_USAGE;
	return summarize(app, (const char *const *)domains->pdata, &period, &options, error);
}

static const char *const formats[] = { "text", "html", "json", "table", NULL };

const MqCommand mq_command_summary = {
	.name = "summary",
	.arguments = "[DOMAIN…]",
	.summary = "the digest of a week: volume, what changed, who fails",
	.details = "Without DOMAIN, all domains that reports name. The period ends with the day of --as-of.",
	.formats = formats,
	.run = run_summary,
};
