/* marque check: what DNS says today, what is wrong with it, and the record to publish instead. */
#include <string.h>

#include "analyze/check_domains.h"
#include "analyze/policy_https.h"
#include "analyze/probe_smtp.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "ingest/domain.h"

typedef struct {
	char *selectors, *fail_on, *ca_file;
	gboolean probe, explain, offline;
	int smtp_port, https_port; /* for tests; people have 25 and 443 */
} Options;

/* ------------------------------------------------------------------- the document */

static json_t *
spf_node_json(const MqSpfNode *node)
{
	json_t *children = json_array();

	for (guint i = 0; node->children != NULL && i < node->children->len; i++)
		json_array_append_new(children, spf_node_json(g_ptr_array_index(node->children, i)));
	return json_pack("{s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o}", "term", mq_json_text(node->text), "target",
	                 mq_json_text(node->target), "lookups", (int)node->lookups, "void_lookups", (int)node->void_lookups,
	                 "problem", mq_json_text(node->problem), "record", mq_json_text(node->record), "addresses",
	                 node->addresses != NULL ? mq_json_texts(node->addresses) : json_array(), "tree", children);
}

static json_t *
spf_tree_json(const MqFacts *facts)
{
	const MqSpfSurvey *ranges = facts->spf.ranges;
	json_t *tree = json_array();

	for (guint i = 0; ranges != NULL && i < ranges->tree->len; i++)
		json_array_append_new(tree, spf_node_json(g_ptr_array_index(ranges->tree, i)));
	return tree;
}

static gboolean
is_whole_tree(const MqFacts *facts)
{
	const MqSpfSurvey *ranges = facts->spf.ranges;

	return ranges == NULL || (!ranges->incomplete && !ranges->shortened);
}

static json_t *
dmarc_json(const MqFacts *facts)
{
	json_t *records = json_array();

	for (guint i = 0; i < facts->dmarc.at->records->len; i++)
		json_array_append_new(records, mq_json_text(((const MqDmarcRecord *)
		                                             g_ptr_array_index(facts->dmarc.at->records, i))->text));
	return records;
}

static json_t *
mx_json(const MqFacts *facts)
{
	json_t *rows = json_array();

	if (facts->mx.is_null || facts->mx.null_among)
		json_array_append_new(rows, json_pack("{s:s, s:i, s:[]}", "host", ".", "preference", 0, "addresses"));
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);
		json_t *addresses = json_array();

		for (guint a = 0; a < mx->addresses->len; a++)
			json_array_append_new(addresses,
			                      mq_json_address(&((const MqAddressFact *)g_ptr_array_index(mx->addresses, a))->address, NULL));
		json_array_append_new(rows, json_pack("{s:o, s:i, s:o}", "host", mq_json_text(mx->host), "preference",
		                                      (int)mx->preference, "addresses", addresses));
	}
	return rows;
}

static json_t *
caa_json(const MqFacts *facts)
{
	json_t *rows = json_array();

	for (guint i = 0; facts->caa.set != NULL && i < facts->caa.set->records->len; i++)
		json_array_append_new(rows, mq_json_text(((const MqDnsRecord *)g_ptr_array_index(facts->caa.set->records, i))->text));
	return rows;
}

static json_t *
dkim_json(const MqFacts *facts)
{
	json_t *rows = json_array();

	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);

		if (fact->origin == MQ_SELECTOR_GUESSED && fact->key == NULL)
			continue;
		json_array_append_new(rows, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "selector", mq_json_text(fact->selector),
		                                      "domain", mq_json_text(fact->domain), "state", mq_dkim_state_word(fact->state),
		                                      "type", mq_json_text(fact->key != NULL ? fact->key->type_text : NULL), "bits",
		                                      mq_json_count(fact->key != NULL && fact->key->bits > 0 ? (gint64)fact->key->bits : -1),
		                                      "alias", mq_json_text(fact->alias), "record",
		                                      mq_json_text(fact->key != NULL ? fact->key->text : NULL)));
	}
	return rows;
}

static json_t *
discovery_json(const MqFacts *facts)
{
	const MqDiscovery *walk = &facts->dmarc.walk;
	const MqDiscovery *suffix = &facts->dmarc.suffix;

	return json_pack("{s:o, s:o, s:o, s:b}", "policy_domain", mq_json_text(walk->policy_domain), "organizational_domain",
	                 mq_json_text(walk->organizational_domain), "organizational_domain_psl",
	                 mq_json_text(suffix->organizational_domain), "disagree",
	                 walk->organizational_domain != NULL
	                         && (g_strcmp0(walk->policy_domain, suffix->policy_domain) != 0
	                             || (walk->state == MQ_DISCOVERY_RECORD
	                                 && g_strcmp0(walk->organizational_domain, suffix->organizational_domain) != 0)));
}

static json_t *
finding_json(const MqFinding *finding)
{
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", finding->id, "severity",
	                 mq_severity_word(finding->severity), "subject", mq_json_text(finding->subject), "title", finding->title,
	                 "detail", mq_json_text(finding->detail), "evidence", mq_json_texts(finding->evidence), "fix",
	                 mq_json_text(finding->fix), "record", mq_json_text(finding->record), "record_name",
	                 mq_json_text(finding->record_name), "record_type", mq_json_text(finding->record_type), "reference",
	                 mq_json_text(finding->reference));
}

static json_t *
records_json(const MqFacts *facts)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "spf", mq_json_texts(facts->spf.records), "dmarc",
	                 dmarc_json(facts), "dmarc_discovery", discovery_json(facts), "mx", mx_json(facts), "caa", caa_json(facts),
	                 "dkim", dkim_json(facts), "mta_sts", mq_json_text(facts->sts.txt.text), "tlsrpt",
	                 mq_json_text(facts->tlsrpt.txt.text), "bimi", mq_json_text(facts->bimi.text));
}

static json_t *
domain_json(const MqDomainCheck *check, const Options *options)
{
	json_t *findings = json_array();
	json_t *domain;

	for (guint i = 0; i < check->findings->list->len; i++)
		json_array_append_new(findings, finding_json(g_ptr_array_index(check->findings->list, i)));
	domain = json_pack("{s:o, s:o, s:o, s:o}", "domain", mq_json_text(check->domain), "checked_at",
	                   mq_json_time(check->options.now_s), "records", records_json(check->facts), "findings", findings);
	if (options->explain) {
		json_object_set_new(domain, "spf_tree", spf_tree_json(check->facts));
		json_object_set_new(domain, "spf_tree_complete", json_boolean(is_whole_tree(check->facts)));
	}
	return domain;
}

/* ------------------------------------------------------------------- the layout */

static void
print_tree(const MqApp *app, const json_t *nodes, int depth)
{
	const json_t *node;
	size_t i;

	json_array_foreach(nodes, i, node) {
		json_int_t lookups = json_integer_value(json_object_get(node, "lookups"));
		const char *problem = json_string_value(json_object_get(node, "problem"));
		g_autofree char *cost = lookups > 0 ? g_strdup_printf("  [%d]", (int)lookups) : g_strdup("");

		mq_print_line(app, "%*s%s%s%s%s", depth * 2, "", json_string_value(json_object_get(node, "term")), cost,
		              problem != NULL ? "  ! " : "", problem != NULL ? problem : "");
		print_tree(app, json_object_get(node, "tree"), depth + 1);
	}
}

static void
print_labelled(const MqApp *app, const char *label, const char *text)
{
	g_autofree char *indented = g_strdup_printf("            %-8s ", label);

	mq_print_paragraph(app, indented, 21, text);
}

static void
print_part(const MqApp *app, const json_t *finding, const char *label, const char *key)
{
	const char *text = json_string_value(json_object_get(finding, key));

	if (text != NULL)
		print_labelled(app, label, text);
}

static void
print_finding(const MqApp *app, const json_t *finding)
{
	const json_t *evidence = json_object_get(finding, "evidence");
	const char *name = json_string_value(json_object_get(finding, "record_name"));
	const char *record = json_string_value(json_object_get(finding, "record"));
	g_autofree char *severity = g_strdup_printf("  %-9s ", json_string_value(json_object_get(finding, "severity")));
	g_autofree char *line = g_strdup_printf("%s: %s (%s)", json_string_value(json_object_get(finding, "subject")),
	                                        json_string_value(json_object_get(finding, "title")),
	                                        json_string_value(json_object_get(finding, "id")));

	mq_print_paragraph(app, severity, 12, line);
	print_part(app, finding, "", "detail");
	for (size_t i = 0; i < json_array_size(evidence); i++)
		print_labelled(app, i == 0 ? "seen" : "", json_string_value(json_array_get(evidence, i)));
	print_part(app, finding, "fix", "fix");
	if (record != NULL)
		mq_print_line(app, "            %-8s %s %s %s", "publish", name,
		              json_string_value(json_object_get(finding, "record_type")), record);
	if (app->globals.verbose)
		print_part(app, finding, "see", "reference");
}

/* What is fine, and remarks, in a line. */
static void
print_fine(const MqApp *app, const json_t *findings)
{
	g_autoptr(GString) line = g_string_new(NULL);
	const json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding) {
		const char *severity = json_string_value(json_object_get(finding, "severity"));

		if (strcmp(severity, "ok") == 0 || strcmp(severity, "info") == 0)
			g_string_append_printf(line, "%s%s", line->len > 0 ? "; " : "",
			                       json_string_value(json_object_get(finding, "title")));
	}
	if (line->len > 0)
		mq_print_paragraph(app, "  fine      ", 12, g_string_append(line, " (-v says more)")->str);
}

static void
print_text(const MqApp *app, const json_t *document)
{
	const json_t *domain, *finding;
	size_t d, i;

	json_array_foreach(json_object_get(document, "domains"), d, domain) {
		const json_t *findings = json_object_get(domain, "findings");

		if (d > 0)
			fputc('\n', app->out);
		mq_print_heading(app, json_string_value(json_object_get(domain, "domain")));
		json_array_foreach(findings, i, finding) {
			const char *severity = json_string_value(json_object_get(finding, "severity"));

			if (app->globals.verbose || (strcmp(severity, "ok") != 0 && strcmp(severity, "info") != 0))
				print_finding(app, finding);
		}
		if (!app->globals.verbose)
			print_fine(app, findings);
		if (json_object_get(domain, "spf_tree") != NULL) {
			mq_print_line(app, "  SPF, with the lookups of each term%s:",
			              json_is_true(json_object_get(domain, "spf_tree_complete")) ? "" : "; only a part of it");
			print_tree(app, json_object_get(domain, "spf_tree"), 2);
		}
	}
}

static const MqLayout layout = { .print_text = print_text };

/* ------------------------------------------------------------------- what is asked */

static gboolean
take_selector(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	(void)totals;
	(void)error;
	if (((GPtrArray *)ctx)->len < MQ_FACTS_SELECTORS_MAX)
		g_ptr_array_add(ctx, g_strdup(key));
	return TRUE;
}

/* What reports name for the domain, NULL-terminated. Without a database: nothing. */
static GPtrArray *
reported_selectors(const MqApp *app, MqStore *store, const char *domain, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	MqFilter filter = MQ_FILTER_ALL;
	MqWindow window;

	if (store != NULL) {
		if (!mq_app_window(app, &window, error))
			return NULL;
		filter.domain = domain;
		filter.since_s = window.since_s;
		filter.until_s = window.until_s;
		if (!mq_store_totals(store, &filter, MQ_BY_SELECTOR, take_selector, names, error))
			return NULL;
	}
	g_ptr_array_add(names, NULL);
	return g_steal_pointer(&names);
}

/* The database, if there is one; a check works without, unless it is to answer from it. */
static gboolean
open_store(const MqApp *app, gboolean offline, MqStore **store, GError **error)
{
	g_autofree char *place = mq_app_database(app);

	*store = NULL;
	if (offline) {
		*store = mq_app_store(app, MQ_STORE_READ, error);
		return *store != NULL;
	}
	if (!g_str_has_prefix(place, "clickhouse:") && !g_file_test(place, G_FILE_TEST_EXISTS))
		return TRUE;
	*store = mq_app_store(app, MQ_STORE_WRITE, error);
	return *store != NULL;
}

static gboolean
keep(MqStore *store, const GPtrArray *checks, gint64 now_s, GError **error)
{
	if (store == NULL)
		return TRUE;
	for (guint i = 0; i < checks->len; i++) {
		const MqDomainCheck *check = g_ptr_array_index(checks, i);

		if (!mq_dns_stored_keep(store, check->domain, check->answers, now_s, error))
			return FALSE;
	}
	return mq_store_commit(store, error);
}

/* Findings at or above @fail_on, and what could not be checked, need a person. */
static gboolean
needs_person(const GPtrArray *checks, MqSeverity fail_on)
{
	for (guint i = 0; i < checks->len; i++) {
		const MqFindings *findings = ((const MqDomainCheck *)g_ptr_array_index(checks, i))->findings;

		for (guint f = 0; f < findings->list->len; f++)
			if (((const MqFinding *)g_ptr_array_index(findings->list, f))->severity >= fail_on)
				return TRUE;
	}
	return FALSE;
}

static void
options_clear(Options *options)
{
	g_free(options->selectors);
	g_free(options->fail_on);
	g_free(options->ca_file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

typedef struct {
	const MqApp *app;
	const Options *options;
	GStrv selectors;     /* (nullable) */
	GPtrArray *reported; /* GPtrArray * of char *, one a domain */
	GPtrArray *checks;
} Plan;

static void
plan_clear(Plan *plan)
{
	g_clear_pointer(&plan->checks, g_ptr_array_unref);
	g_clear_pointer(&plan->reported, g_ptr_array_unref);
	g_strfreev(plan->selectors);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_clear)

static gboolean
plan_domain(Plan *plan, MqStore *store, const char *argument, GError **error)
{
	gboolean valid;
	g_autofree char *domain = mq_domain_normalize(argument, &valid);
	GPtrArray *reported;
	MqFactsOptions options = { .selectors = (const char *const *)plan->selectors, .probe = plan->options->probe,
		                   .now_s = plan->app->globals.as_of != NULL ? plan->app->end_s - 1 : plan->app->now_s };

	if (!valid) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no domain name", domain);
		return FALSE;
	}
	reported = reported_selectors(plan->app, store, domain, error);
	if (reported == NULL)
		return FALSE;
	g_ptr_array_add(plan->reported, reported);
	options.dkim_names = (const char *const *)reported->pdata;
	g_ptr_array_add(plan->checks, mq_domain_check_new(domain, &options));
	return TRUE;
}

static void
make_plan(Plan *plan, const MqApp *app, const Options *options)
{
	plan->app = app;
	plan->options = options;
	plan->reported = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	plan->checks = g_ptr_array_new_with_free_func((GDestroyNotify)mq_domain_check_free);
	plan->selectors = options->selectors != NULL ? g_strsplit(options->selectors, ",", MQ_FACTS_SELECTORS_MAX) : NULL;
	for (guint i = 0; plan->selectors != NULL && plan->selectors[i] != NULL; i++)
		g_strstrip(plan->selectors[i]);
}

static json_t *
plan_json(const Plan *plan)
{
	json_t *document = mq_document_new("check");
	json_t *domains = json_array();

	for (guint i = 0; i < plan->checks->len; i++)
		json_array_append_new(domains, domain_json(g_ptr_array_index(plan->checks, i), plan->options));
	json_object_set_new(document, "domains", domains);
	return document;
}

/* @dns: and what @others answer beside it */
static gboolean
check_all(const Plan *plan, MqResolver *dns, MqResolver *const *others, GError **error)
{
	MqProgressBar bar;
	gboolean reached;

	mq_progress_start(&bar, plan->app);
	reached = mq_check_domains(plan->checks, dns, others, mq_progress_domains, &bar, error);
	mq_progress_end(&bar);
	return reached;
}

static gboolean
check_online(const Plan *plan, GError **error)
{
	g_autoptr(MqResolver) dns = mq_app_resolver(plan->app, error);
	const MqProbeOptions probing = { .port = (guint16)plan->options->smtp_port, .ca_file = plan->options->ca_file };
	g_autoptr(MqResolver) prober = plan->options->probe ? mq_probe_smtp_new(&probing) : NULL;
	const MqPolicyOptions fetching = { .port = (guint16)plan->options->https_port, .ca_file = plan->options->ca_file };
	g_autoptr(MqResolver) fetcher = mq_policy_https_new(&fetching);
	MqResolver *const others[] = { fetcher, prober, NULL };

	return dns != NULL && check_all(plan, dns, others, error);
}

/* Whatever the newest answers of all kinds say. */
static gboolean
check_offline(const Plan *plan, MqStore *store, GError **error)
{
	g_autoptr(MqResolver) stored = mq_dns_stored_new(store, NULL);
	MqResolver *const others[] = { stored, NULL };

	return check_all(plan, stored, others, error);
}

static MqExit
check(Plan *plan, MqStore *store, MqSeverity fail_on, GError **error)
{
	gboolean offline = plan->options->offline;
	gboolean reached = offline ? check_offline(plan, store, error) : check_online(plan, error);
	g_autoptr(json_t) document = NULL;

	if (!reached && plan->checks->len > 0 && ((MqDomainCheck *)g_ptr_array_index(plan->checks, 0))->facts == NULL)
		return MQ_EXIT_FAILED;
	document = plan_json(plan);
	mq_output_print(plan->app, document, &layout);
	if (!reached || (!offline && !keep(store, plan->checks, plan->app->now_s, error)))
		return MQ_EXIT_FAILED;
	return needs_person(plan->checks, fail_on) ? MQ_EXIT_PERSON : MQ_EXIT_OK;
}

static MqExit
run_check(MqApp *app, GStrv *args, GError **error)
{
	g_auto(Options) options = { 0 };
	g_auto(Plan) plan = { 0 };
	g_autoptr(MqStore) store = NULL;
	MqSeverity fail_on = MQ_SEVERITY_HIGH;
	const GOptionEntry entries[] = {
		{ "selectors", 0, 0, G_OPTION_ARG_STRING, &options.selectors, "DKIM selectors to look at, beside those that reports name",
		  "A,B" },
		{ "fail-on", 0, 0, G_OPTION_ARG_STRING, &options.fail_on, "exit 1 at or above that (high)", "SEVERITY" },
		{ "probe", 0, 0, G_OPTION_ARG_NONE, &options.probe,
		  "talk to the domain's own mail hosts: STARTTLS, certificate, open relay (never DATA)", NULL },
		{ "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file, "certificates to trust instead of the system's", "FILE" },
		{ "smtp-port", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &options.smtp_port, "instead of 25", "PORT" },
		{ "https-port", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &options.https_port, "instead of 443", "PORT" },
		{ "explain", 0, 0, G_OPTION_ARG_NONE, &options.explain, "show the SPF record as a tree", NULL },
		{ "offline", 0, 0, G_OPTION_ARG_NONE, &options.offline, "use the newest DNS answers in the database", NULL },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, entries, args, error) || !mq_app_arguments(*args, 1, G_MAXUINT - 1, "a DOMAIN", error))
		return MQ_EXIT_USAGE;
	if (options.fail_on != NULL && !mq_severity_parse(options.fail_on, &fail_on)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--fail-on is '%s', want critical, high, medium, low or info",
		            options.fail_on);
		return MQ_EXIT_USAGE;
	}
	if (!open_store(app, options.offline, &store, error))
		return MQ_EXIT_FAILED;
	make_plan(&plan, app, &options);
	for (guint i = 1; (*args)[i] != NULL; i++)
		if (!plan_domain(&plan, store, (*args)[i], error))
			return g_error_matches(*error, MQ_ERROR, MQ_ERROR_USAGE) ? MQ_EXIT_USAGE : MQ_EXIT_FAILED;
	return check(&plan, store, fail_on, error);
}

const MqCommand mq_command_check = {
	.name = "check",
	.arguments = "DOMAIN…",
	.summary = "audit what DNS says of a domain, with the records to publish",
	.details = "Looks at SPF, DKIM, DMARC, MX, CAA, MTA-STS and TLS-RPT. What DNS did not answer is 'unknown', never fine.",
	.formats = mq_formats_document,
	.run = run_check,
};
