/* marque dashboard --output DIR: a static site, an index and a page for each domain. */
#include <errno.h>

#include "cli/commands.h"
#include "cli/dashboard.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "ingest/domain.h"
#include "ingest/text.h"

/* Whole or not at all: a browser that reads meanwhile sees the old page or the new one. */
static gboolean
write_page(const char *folder, const char *name, const char *page, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return g_file_set_contents_full(path, page, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}

static gboolean
make_folder(const char *output, GError **error)
{
	g_autofree char *domains = g_build_filename(output, "domain", NULL);

	if (g_mkdir_with_parents(domains, 0755) == 0)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "cannot make the folder '%s': %s", domains, g_strerror(errno));
	return FALSE;
}

/* The index needs a line of it only: a thousand domains are not held whole. */
static void
forget_lists(json_t *document)
{
	static const char *const lists[] = { "days", "changes", "failing_senders", "senders", "threat", "forwarded", "gates",
		                             "actions", "year", "everybody", "sources", "tls_rows", "findings", "dns" };

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		json_object_del(document, lists[i]);
}

/* What needs a person first, then most messages; names decide. */
static int
compare_rows(gconstpointer left, gconstpointer right)
{
	const json_t *a = *(const json_t *const *)left;
	const json_t *b = *(const json_t *const *)right;
	int needs = json_is_true(json_object_get(b, "needs_person")) - json_is_true(json_object_get(a, "needs_person"));
	json_int_t n = json_integer_value(json_object_get(a, "messages"));
	json_int_t m = json_integer_value(json_object_get(b, "messages"));

	if (needs != 0)
		return needs;
	if (n != m)
		return n > m ? -1 : 1;
	return g_strcmp0(json_string_value(json_object_get(a, "domain")), json_string_value(json_object_get(b, "domain")));
}

static gboolean
write_index(const GPtrArray *documents, const char *folder, const char *until, GError **error)
{
	g_autoptr(json_t) rows = json_array();
	g_autofree char *page = NULL;

	for (guint i = 0; i < documents->len; i++)
		json_array_append(rows, g_ptr_array_index(documents, i));
	page = mq_dashboard_index_page(rows, until);
	return write_page(folder, "index.html", page, error);
}

static gboolean
write_domains(const MqDashboard *dashboard, const GPtrArray *domains, const char *folder, const char *until,
              GPtrArray *documents, MqProgressBar *bar, GError **error)
{
	for (guint i = 0; i < domains->len; i++) {
		json_t *document = mq_dashboard_domain(dashboard, g_ptr_array_index(domains, i), error);
		g_autofree char *page = document != NULL ? mq_dashboard_domain_page(document, until) : NULL;

		if (document == NULL)
			return FALSE;
		g_ptr_array_add(documents, document);
		if (!write_page(folder, json_string_value(json_object_get(document, "page")), page, error))
			return FALSE;
		forget_lists(document);
		mq_progress_domains(bar, i + 1, domains->len);
	}
	return TRUE;
}

static gboolean
write_all(const MqApp *app, const MqDashboard *dashboard, const GPtrArray *domains, const char *folder, GError **error)
{
	g_autoptr(GPtrArray) documents = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	g_autofree char *until = mq_when_to_date(dashboard->period.until_s - 1);
	MqProgressBar bar;
	gboolean done;

	if (!make_folder(folder, error))
		return FALSE;
	mq_progress_start(&bar, app);
	done = write_domains(dashboard, domains, folder, until, documents, &bar, error);
	mq_progress_end(&bar);
	g_ptr_array_sort(documents, compare_rows);
	return done && write_index(documents, folder, until, error);
}

static GPtrArray *
choose_domains(MqStore *store, const GStrv args, const MqPeriod *period, GError **error)
{
	g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);

	if (args[1] == NULL)
		return mq_summary_domains(store, period->until_s - MQ_DASHBOARD_DAYS * MQ_DAY_S, period->until_s, error);
	for (gsize i = 1; args[i] != NULL; i++) {
		gboolean valid;

		g_ptr_array_add(domains, mq_domain_normalize(args[i], &valid));
		if (valid)
			continue;
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no domain name", args[i]);
		return NULL;
	}
	return g_steal_pointer(&domains);
}

static void
print_text(const MqApp *app, const json_t *document)
{
	g_autofree char *n = mq_count_to_text(json_integer_value(json_object_get(document, "domains")));

	mq_print_line(app, "%s domains: %s/index.html", n, json_string_value(json_object_get(document, "output")));
}

static const MqLayout layout = { .print_text = print_text };

static MqExit
exit_of(const GError *error)
{
	return g_error_matches(error, MQ_ERROR, MQ_ERROR_USAGE) ? MQ_EXIT_USAGE : MQ_EXIT_FAILED;
}

static MqExit
make_dashboard(const MqApp *app, const GStrv args, const char *output, const MqWindow *window, GError **error)
{
	g_autoptr(MqServices) services = mq_services_load(app->globals.services, error);
	g_autoptr(MqStore) store = services != NULL ? mq_app_store(app, MQ_STORE_READ, error) : NULL;
	g_autoptr(MqResolver) resolver = store != NULL ? mq_dns_stored_new(store, NULL) : NULL;
	const MqDashboard dashboard = {
		.store = store, .services = services, .resolver = resolver, .now_s = app->now_s,
		.period = { window->until_s - 14 * MQ_DAY_S, window->until_s - 7 * MQ_DAY_S, window->until_s },
	};
	g_autoptr(GPtrArray) domains = store != NULL ? choose_domains(store, args, &dashboard.period, error) : NULL;
	g_autoptr(json_t) document = NULL;

	if (domains == NULL || !write_all(app, &dashboard, domains, output, error))
		return services == NULL ? MQ_EXIT_USAGE : exit_of(*error);
	document = mq_document_new("dashboard");
	json_object_set_new(document, "output", mq_json_text(output));
	json_object_set_new(document, "domains", json_integer(domains->len));
	mq_output_print(app, document, &layout);
	return MQ_EXIT_OK;
}

static MqExit
run_dashboard(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *output = NULL;
	MqWindow window;
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write the pages to that folder", "DIR" },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, entries, args, error) || !mq_app_need(output, "--output DIR", error)
	    || !mq_app_window(app, &window, error))
		return MQ_EXIT_USAGE;
	return make_dashboard(app, *args, output, &window, error);
}

const MqCommand mq_command_dashboard = {
	.name = "dashboard",
	.arguments = "[DOMAIN…]",
	.summary = "a static site: an index, and a page for each domain",
	.details = "Asks nobody: what DNS says is what 'marque check' and the others have kept.",
	.formats = mq_formats_document,
	.run = run_dashboard,
};
