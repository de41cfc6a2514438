/* marque summary [DOMAIN…]: the digest that a person reads. */
#include <string.h>

#include "cli/commands.h"
#include "cli/digests.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "ingest/domain.h"

/* A summary is looked at: what DNS does not say in that time is unknown in it, and nothing is advised. */
#define DNS_WAIT_S 3

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

static const MqDigest *
digest_of(const MqApp *app)
{
	return mq_digest_find(mq_app_format_is(app, "table") ? "text" : mq_app_format(app));
}

static void
print(const MqApp *app, const json_t *document, const MqLetterhead *envelope)
{
	const MqDigest *digest = digest_of(app);

	if (digest != NULL)
		digest->print(app, document, envelope);
	else
		mq_output_print(app, document, &(MqLayout){ .rows = NULL });
}

/* Whole or not at all: who reads the file never sees half a digest. */
static gboolean
print_to_file(const MqApp *app, const json_t *document, const MqLetterhead *envelope, const char *path, GError **error)
{
	char *text = NULL;
	size_t n = 0;
	FILE *memory = open_memstream(&text, &n);
	MqApp into = *app;
	gboolean done;

	if (memory == NULL)
		g_error("out of memory");
	into.out = memory;
	print(&into, document, envelope);
	fclose(memory);
	done = g_file_set_contents(path, text, (gssize)n, error);
	free(text);
	return done;
}

/* ------------------------------------------------------------------ envelope */

#define MAX_LOCAL_PART 64 /* RFC 5321 §4.5.3.1.1 */

/* "local@domain" and nothing else: what is written into a header cannot begin another. */
static gboolean
check_address(const char *option, const char *address, GError **error)
{
	static const char atext[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.";
	const char *at = strrchr(address, '@');
	gsize local = strspn(address, atext);
	gboolean valid = at != NULL && local > 0 && local <= MAX_LOCAL_PART && at == address + local;
	g_autofree char *domain = valid ? mq_domain_normalize(at + 1, &valid) : NULL;

	/* a domain of other letters would need a mail server that takes them: its A-label always works */
	if (valid && g_ascii_strcasecmp(domain, at + 1) == 0)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "%s is '%s', want an address such as postmaster@example.com", option,
	            address);
	return FALSE;
}

typedef struct {
	char *period, *output, *goal, *from;
	GStrv to, require;
	gboolean offline;
	int dns_wait_s;
} Options;

static void
options_clear(Options *options)
{
	g_free(options->period);
	g_free(options->output);
	g_free(options->goal);
	g_free(options->from);
	g_strfreev(options->to);
	g_strfreev(options->require);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean
check_envelope(const MqApp *app, const Options *options, GError **error)
{
	const MqDigest *digest = digest_of(app);

	if (digest != NULL && digest->is_mail && options->from == NULL)
		return mq_app_need(NULL, "--from ADDRESS", error);
	if (digest != NULL && digest->is_mail && options->to == NULL)
		return mq_app_need(NULL, "--to ADDRESS", error);
	if (options->from != NULL && !check_address("--from", options->from, error))
		return FALSE;
	for (gsize i = 0; options->to != NULL && options->to[i] != NULL; i++)
		if (!check_address("--to", options->to[i], error))
			return FALSE;
	return TRUE;
}

static gboolean
check_wait(int seconds, GError **error)
{
	if (seconds >= 1 && seconds <= MQ_LIMIT_DNS_WAIT_S)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--dns-wait is %d, want 1 to %d seconds", seconds, MQ_LIMIT_DNS_WAIT_S);
	return FALSE;
}

/* --------------------------------------------------------------------- the run */

static MqExit
summarize(MqApp *app, const char *const *domains, const MqPeriod *period, const Options *options, GError **error)
{
	const MqLetterhead envelope = { options->from, (const char *const *)options->to };
	g_autoptr(MqServices) services = mq_services_load(app->globals.services, error);
	g_autoptr(MqStore) store = NULL;
	g_autoptr(MqResolver) resolver = NULL;
	g_autoptr(MqGeo) geo = NULL;
	g_autoptr(MqSummary) summary = NULL;
	g_autoptr(json_t) document = NULL;
	MqSummaryAsk ask = { .services = services, .now_s = app->now_s, .wait_us = options->dns_wait_s * G_USEC_PER_SEC };

	if (services == NULL || !mq_goal_parse(options->goal, &ask.goal, error) || !mq_app_geo(app, &geo, error))
		return MQ_EXIT_USAGE;
	ask.geo = geo;
	mq_requirements_default(&ask.need);
	for (guint i = 0; options->require != NULL && options->require[i] != NULL; i++)
		if (!mq_requirements_set(&ask.need, options->require[i], error))
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
		print(app, document, &envelope);
	else if (!print_to_file(app, document, &envelope, options->output, error))
		return MQ_EXIT_FAILED;
	return MQ_EXIT_OK;
}

static MqExit
run_summary(MqApp *app, GStrv *args, GError **error)
{
	g_auto(Options) options = { .dns_wait_s = DNS_WAIT_S };
	g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
	MqPeriod period;
	const GOptionEntry entries[] = {
		{ "period", 0, 0, G_OPTION_ARG_STRING, &options.period, "day, week (default) or month", "PERIOD" },
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "write to FILE, not to standard output", "FILE" },
		{ "goal", 0, 0, G_OPTION_ARG_STRING, &options.goal, "the last step: reject (default) or quarantine", "POLICY" },
		{ "require", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.require, "what a gate asks for, as in 'advise'", "NAME=NUMBER" },
		{ "offline", 0, 0, G_OPTION_ARG_NONE, &options.offline, "use the newest DNS answers in the database", NULL },
		{ "dns-wait", 0, 0, G_OPTION_ARG_INT, &options.dns_wait_s, "seconds that DNS has for a domain (default 3)", "SECONDS" },
		{ "from", 0, 0, G_OPTION_ARG_STRING, &options.from, "who the mail of --format eml is from", "ADDRESS" },
		{ "to", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.to, "who it goes to, repeatable", "ADDRESS" },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, entries, args, error) || !choose_period(app, options.period, &period, error)
	    || !check_wait(options.dns_wait_s, error) || !normalize_all(*args, domains, error)
	    || !check_envelope(app, &options, error))
		return MQ_EXIT_USAGE;
	return summarize(app, (const char *const *)domains->pdata, &period, &options, error);
}

static const char *const formats[] = { "text", "markdown", "html", "json", "eml", "table", NULL };

const MqCommand mq_command_summary = {
	.name = "summary",
	.arguments = "[DOMAIN…]",
	.summary = "the digest of a week: volume, what changed, who fails",
	.details = "Without DOMAIN, all domains that reports name. The period ends with the day of --as-of.",
	.formats = formats,
	.run = run_summary,
};
