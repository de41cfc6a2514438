/* marque senders [DOMAIN]: who sends as the domain, and how it performs. */
#include <string.h>

#include "analyze/resolver.h"
#include "analyze/sources.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/outputs.h"

#define DEFAULT_ROWS 20000 /* a document that one machine can still hold */

static const MqColumn columns[] = {
	{ "key", "Sender", MQ_CELL_TEXT },
	{ "sources", "Sources", MQ_CELL_COUNT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "dmarc_pass", "Passed", MQ_CELL_COUNT, .csv_only = TRUE },
	{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
	{ "spf_aligned", "SPF", MQ_CELL_COUNT },
	{ "dkim_aligned", "DKIM", MQ_CELL_COUNT },
	{ "quarantined", "Quarantined", MQ_CELL_COUNT, .optional = TRUE },
	{ "rejected", "Rejected", MQ_CELL_COUNT, .optional = TRUE },
	{ "reporters", "Reporters", MQ_CELL_COUNT, .optional = TRUE },
	{ "first_seen", "First", MQ_CELL_DAY, .optional = TRUE },
	{ "last_seen", "Last", MQ_CELL_DAY, .optional = TRUE },
	{ "domains", "Proved domains", MQ_CELL_LIST, .optional = TRUE },
};

/* What --by takes, and what its first column is called. */
static const struct by {
	const char *name;
	const char *label;
	enum { BY_IDENTITY, BY_TOTALS, BY_LOCATION } how;
	MqBy by;
} bys[] = {
	{ "sender", "Sender", BY_IDENTITY, MQ_BY_NOTHING },
	{ "source", "Source", BY_TOTALS, MQ_BY_SOURCE },
	{ "domain", "Domain", BY_TOTALS, MQ_BY_DOMAIN },
	{ "reporter", "Reporter", BY_TOTALS, MQ_BY_REPORTER },
	{ "asn", "Network", BY_LOCATION, MQ_BY_NOTHING },
	{ "country", "Country", BY_LOCATION, MQ_BY_NOTHING },
	{ "selector", "Selector", BY_TOTALS, MQ_BY_SELECTOR },
	{ "disposition", "Disposition", BY_TOTALS, MQ_BY_DISPOSITION },
	{ "day", "Day", BY_TOTALS, MQ_BY_DAY },
	{ "week", "Week", BY_TOTALS, MQ_BY_WEEK },
	{ "month", "Month", BY_TOTALS, MQ_BY_MONTH },
};

static const struct by *
find_by(const MqApp *app, const char *name, GError **error)
{
	const char *names[G_N_ELEMENTS(bys) + 1] = { NULL };
	g_autofree char *list = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(bys); i++) {
		names[i] = bys[i].name;
		if (strcmp(bys[i].name, name) != 0)
			continue;
		if (bys[i].how != BY_LOCATION || app->globals.mmdb->len > 0)
			return &bys[i];
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE,
		            "--by %s needs a data file of networks or countries: --mmdb FILE", name);
		return NULL;
	}
	list = g_strjoinv(", ", (char **)names);
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--by is '%s', want one of %s", name, list);
	return NULL;
}

/* (transfer full) */
static json_t *
totals_row(const char *key, const MqTotals *totals)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
	                 "key", mq_json_text(key),
	                 "sources", (json_int_t)totals->sources,
	                 "messages", (json_int_t)totals->messages,
	                 "dmarc_pass", (json_int_t)totals->dmarc_pass,
	                 "dmarc_pass_share", mq_json_pass_share(totals->dmarc_pass, totals->messages, totals->dmarc_unknown),
	                 "dmarc_unknown", (json_int_t)totals->dmarc_unknown,
	                 "spf_aligned", (json_int_t)totals->spf_aligned,
	                 "dkim_aligned", (json_int_t)totals->dkim_aligned,
	                 "quarantined", (json_int_t)totals->quarantined,
	                 "rejected", (json_int_t)totals->rejected,
	                 "reporters", (json_int_t)totals->reporters,
	                 "first_seen", mq_json_time(totals->reporters > 0 ? totals->first_s : MQ_TIME_ABSENT),
	                 "last_seen", mq_json_time(totals->reporters > 0 ? totals->last_s : MQ_TIME_ABSENT));
}

typedef struct {
	json_t *rows;
	guint limit;
	gint64 left_out;
} Rows;

static json_t *
add_row(Rows *rows, const char *key, const MqTotals *totals)
{
	json_t *row;

	if (rows->limit > 0 && json_array_size(rows->rows) >= rows->limit) {
		rows->left_out++;
		return NULL;
	}
	row = totals_row(key, totals);
	json_array_append_new(rows->rows, row);
	return row;
}

static gboolean
take_totals(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	(void)error;
	add_row(ctx, key, totals);
	return TRUE;
}

static gboolean
take_total(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	json_t *document = ctx;

	(void)key;
	(void)error;
	json_object_set_new(document, "total", totals_row("total", totals));
	return TRUE;
}

static json_t *
domain_names(const MqSenderGroup *sender)
{
	g_autoptr(GArray) proved = mq_sender_proved(sender);
	json_t *names = json_array();

	for (guint i = 0; i < proved->len; i++)
		json_array_append_new(names, mq_json_text(g_array_index(proved, MqProvedDomain, i).domain));
	return names;
}

static MqTotals
totals_of(const GPtrArray *sources)
{
	g_autoptr(GHashTable) reporters = g_hash_table_new(g_direct_hash, g_direct_equal);
	MqTotals totals = { .sources = sources->len, .first_s = G_MAXINT64, .last_s = G_MININT64 };

	for (guint i = 0; i < sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sources, i);
		GHashTableIter iter;
		gpointer reporter;

		totals.messages += source->messages;
		totals.dmarc_pass += source->dmarc_pass;
		totals.dmarc_unknown += source->unknown;
		totals.spf_aligned += source->spf_aligned;
		totals.dkim_aligned += source->dkim_aligned;
		totals.quarantined += source->quarantined;
		totals.rejected += source->rejected;
		g_hash_table_iter_init(&iter, source->reporters);
		while (g_hash_table_iter_next(&iter, &reporter, NULL))
			g_hash_table_add(reporters, reporter); /* interned: a name is a place */
		totals.first_s = MIN(totals.first_s, g_array_index(source->days, MqSourceDay, 0).day_s);
		totals.last_s = MAX(totals.last_s, g_array_index(source->days, MqSourceDay, source->days->len - 1).day_s + MQ_DAY_S - 1);
	}
	totals.reporters = g_hash_table_size(reporters);
	return totals;
}

/* Named by what the database knows, reports and the DNS answers of earlier runs; or by what DNS says now. */
static gboolean
rows_by_sender(MqApp *app, MqStore *store, MqSources *sources, gboolean resolve, Rows *rows, GError **error)
{
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(MqResolver) resolver = resolve ? mq_app_resolver(app, error) : mq_dns_stored_new(store, NULL);

	if (resolver == NULL)
		return FALSE;
	while (!mq_sources_settle(sources, answers, NULL))
		if (!mq_resolver_fill(resolver, answers, error))
			return FALSE;
	mq_sources_name(sources);
	for (guint i = 0; i < sources->senders->len; i++) {
		const MqSenderGroup *sender = g_ptr_array_index(sources->senders, i);
		MqTotals totals = totals_of(sender->sources);
		json_t *row = add_row(rows, sender->name, &totals);

		if (row != NULL)
			json_object_set_new(row, "domains", domain_names(sender));
	}
	return TRUE;
}

/* "AS64500 Example Net", "DE". (transfer full) */
static char *
place_name(const MqLocation *place, gboolean by_country)
{
	if (by_country)
		return g_strdup(place->country != NULL ? place->country : "unknown");
	if (place->asn == 0)
		return g_strdup("unknown");
	return g_strdup_printf("AS%u%s%s", place->asn, place->organization != NULL ? " " : "",
	                       place->organization != NULL ? place->organization : "");
}

typedef struct {
	const char *name;
	MqTotals totals;
} PlaceRow;

static int
compare_places(gconstpointer left, gconstpointer right)
{
	const PlaceRow *a = left;
	const PlaceRow *b = right;

	if (a->totals.messages != b->totals.messages)
		return a->totals.messages > b->totals.messages ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void
rows_by_place(const MqSources *sources, gboolean by_country, Rows *rows)
{
	g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(PlaceRow));
	GHashTableIter iter;
	gpointer name;
	gpointer members;

	for (guint i = 0; i < sources->sources->len; i++) {
		MqSource *source = g_ptr_array_index(sources->sources, i);
		g_auto(MqLocation) place = { 0 };
		g_autofree char *key = NULL;

		mq_geo_find(sources->geo, &source->address, &place);
		key = place_name(&place, by_country);
		if (!g_hash_table_contains(places, key))
			g_hash_table_insert(places, g_strdup(key), g_ptr_array_new());
		g_ptr_array_add(g_hash_table_lookup(places, key), source);
	}
	g_hash_table_iter_init(&iter, places);
	while (g_hash_table_iter_next(&iter, &name, &members))
		g_array_append_vals(sorted, &(PlaceRow){ name, totals_of(members) }, 1);
	g_array_sort(sorted, compare_places);
	for (guint i = 0; i < sorted->len; i++)
		add_row(rows, g_array_index(sorted, PlaceRow, i).name, &g_array_index(sorted, PlaceRow, i).totals);
}

static gboolean
rows_by_source_sums(MqApp *app, MqStore *store, const MqFilter *filter, const struct by *by, gboolean resolve, Rows *rows,
                    GError **error)
{
	g_autoptr(MqServices) services = mq_services_load(app->globals.services, error);
	g_autoptr(MqSources) sources = mq_sources_new(filter->domain, services);
	g_autoptr(MqGeo) geo = NULL;

	if (services == NULL || !mq_app_geo(app, &geo, error) || !mq_store_flows(store, filter, mq_sources_take, sources, error))
		return FALSE;
	sources->geo = geo;
	if (by->how == BY_IDENTITY)
		return rows_by_sender(app, store, sources, resolve, rows, error);
	rows_by_place(sources, strcmp(by->name, "country") == 0, rows);
	return TRUE;
}

/* Suspicious reports say nothing about senders; how many there are is said. */
static gboolean
add_left_out(MqStore *store, const MqFilter *filter, json_t *document, GError **error)
{
	MqFilter aggregate = *filter;
	gint64 n;

	aggregate.type = MQ_TYPE_AGGREGATE;
	if (!mq_store_count_suspicious(store, &aggregate, &n, error))
		return FALSE;
	json_object_set_new(document, "suspicious_reports_left_out", json_integer(n));
	return TRUE;
}

static gboolean
fill(MqApp *app, MqStore *store, const MqFilter *filter, const struct by *by, gboolean resolve, Rows *rows,
     json_t *document, GError **error)
{
	gboolean done = by->how != BY_TOTALS
	                        ? rows_by_source_sums(app, store, filter, by, resolve, rows, error)
	                        : mq_store_totals(store, filter, by->by, take_totals, rows, error);

	if (!done || !mq_store_totals(store, filter, MQ_BY_NOTHING, take_total, document, error))
		return FALSE;
	if (json_object_get(document, "total") == NULL) /* no message, no row */
		json_object_set_new(document, "total", totals_row("total", &(MqTotals){ 0 }));
	json_object_set_new(document, "rows_left_out", json_integer(rows->left_out));
	return add_left_out(store, filter, document, error);
}

static void
print(const MqApp *app, const json_t *document, const struct by *by)
{
	MqColumn own[G_N_ELEMENTS(columns)];
	MqLayout layout = { .rows = "rows", .columns = own, .n_columns = G_N_ELEMENTS(own),
		            .nothing = "no mail was reported in this window" };
	json_int_t suspicious = json_integer_value(json_object_get(document, "suspicious_reports_left_out"));
	json_int_t left_out = json_integer_value(json_object_get(document, "rows_left_out"));

	memcpy(own, columns, sizeof(own));
	own[0].label = by->label;
	if (by->how != BY_IDENTITY)
		layout.n_columns--; /* domains */
	mq_output_print(app, document, &layout);
	if (left_out > 0)
		mq_log_notice(app, "%" JSON_INTEGER_FORMAT " more rows are not shown; --limit N shows more", left_out);
	if (suspicious > 0)
		mq_log_notice(app, "%" JSON_INTEGER_FORMAT " suspicious %s left out; 'marque reports --untrusted' says why", suspicious,
		              suspicious == 1 ? "report is" : "reports are");
}

static json_t *
window_document(const MqFilter *filter)
{
	return json_pack("{s:o, s:o}", "since", mq_json_time(filter->since_s), "until",
	                 mq_json_time(filter->until_s));
}

static MqExit
run_senders(MqApp *app, GStrv *args, GError **error)
{
	g_autofree char *by_name = NULL;
	g_autofree char *domain = NULL;
	g_autoptr(MqStore) store = NULL;
	g_autoptr(json_t) document = NULL;
	const struct by *by;
	int limit = 0;
	gboolean resolve = FALSE;
	Rows rows;
	MqFilter filter;
	const GOptionEntry options[] = {
		{ "by", 0, 0, G_OPTION_ARG_STRING, &by_name,
		  "sender (default), source, domain, reporter, asn, country, selector, disposition, day, week, month", "WHAT" },
		{ "resolve", 0, 0, G_OPTION_ARG_NONE, &resolve, "ask DNS who the addresses are", NULL },
		{ "limit", 'n', 0, G_OPTION_ARG_INT, &limit, "the first N rows only", "N" },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, options, args, error) || !mq_app_arguments(*args, 0, 1, "one DOMAIN", error)
	    || !mq_app_filter(app, (*args)[1], FALSE, &filter, &domain, error))
		return MQ_EXIT_USAGE;
	by = find_by(app, by_name != NULL ? by_name : bys[0].name, error);
	if (by == NULL)
		return MQ_EXIT_USAGE;
	store = mq_app_store(app, MQ_STORE_READ, error);
	if (store == NULL)
		return MQ_EXIT_FAILED;
	filter.trusted_only = TRUE;
	document = mq_document_new("senders");
	json_object_set_new(document, "window", window_document(&filter));
	json_object_set_new(document, "by", json_string(by->name));
	json_object_set_new(document, "rows", json_array());
	rows = (Rows){ json_object_get(document, "rows"), limit > 0 ? (guint)limit : DEFAULT_ROWS, 0 };
	if (!fill(app, store, &filter, by, resolve, &rows, document, error))
		return MQ_EXIT_FAILED;
	print(app, document, by);
	return MQ_EXIT_OK;
}

const MqCommand mq_command_senders = {
	.name = "senders",
	.arguments = "[DOMAIN]",
	.summary = "who sends as the domain, and how it performs",
	.details = "Mail of the domain and its subdomains, as aggregate reports count it.",
	.formats = mq_formats_rows,
	.run = run_senders,
};
