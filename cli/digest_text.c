/* The digest on a terminal: a quiet week is a line, what needs a person comes first. */
#include "cli/digests.h"
#include "cli/outputs.h"

#include <string.h>

#define SHOWN_CHANGES 12
#define SHOWN_SENDERS 5

static const MqColumn ranking[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "previous_messages", "Before", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "previous_pass", "Before", MQ_CELL_SHARE },
	{ "needs_person", "Needs you", MQ_CELL_TEXT },
};

static const MqColumn change_columns[] = {
	{ "since", "Since", MQ_CELL_DAY },
	{ "subject", "What changed", MQ_CELL_TEXT },
	{ "detail", "How", MQ_CELL_TEXT },
};

static const MqColumn failing_columns[] = {
	{ "sender", "Failing sender", MQ_CELL_TEXT },
	{ "failing", "Failing", MQ_CELL_COUNT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "since", "Since", MQ_CELL_DAY },
	{ "evidence", "What reports say", MQ_CELL_LIST },
};

static const MqColumn sender_columns[] = {
	{ "sender", "Most mail from", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "domains", "Proved domains", MQ_CELL_LIST },
};

static json_int_t
count_at(const json_t *object, const char *path)
{
	return json_integer_value(mq_json_at(object, path));
}

/* The first rows of an array, as a table after an empty line. */
static void
print_first(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows, size_t most)
{
	g_autoptr(json_t) first = json_array();

	for (size_t i = 0; i < json_array_size(rows) && i < most; i++)
		json_array_append(first, json_array_get(rows, i));
	if (json_array_size(first) == 0)
		return;
	fputc('\n', app->out);
	mq_print_table(app, columns, n_columns, first, NULL);
	if (json_array_size(rows) > most)
		mq_print_line(app, "… and %zu more", json_array_size(rows) - most);
}

/* "none 4,000, reject 12": what is not 0. */
static void
print_dispositions(const MqApp *app, const json_t *domain)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *word;
	json_t *n;

	json_object_foreach(json_object_get(domain, "dispositions"), word, n) {
		g_autofree char *count = mq_count_to_text(json_integer_value(n));

		if (json_integer_value(n) > 0)
			g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "", word, count);
	}
	if (text->len > 0)
		mq_print_line(app, "Disposition: %s", text->str);
}

/* What is worth a line only when there is some of it. */
static const struct note {
	const char *path;
	const char *text;
} notes[] = {
	{ "other_failing_senders", "further senders that fail; 'marque senders' lists them" },
	{ "failures", "failure samples; 'marque failures' shows them" },
	{ "tls.sessions_failed", "failed TLS sessions; 'marque tls' says why" },
	{ "suspicious_reports_left_out", "suspicious reports left out; 'marque reports' says why" },
};

static void
print_notes(const MqApp *app, const json_t *domain)
{
	print_dispositions(app, domain);
	for (gsize i = 0; i < G_N_ELEMENTS(notes); i++) {
		g_autofree char *n = mq_count_to_text(count_at(domain, notes[i].path));

		if (strcmp(n, "0") != 0)
			mq_print_line(app, "%s %s", n, notes[i].text);
	}
}

static void
print_domain(const MqApp *app, const json_t *domain)
{
	mq_print_line(app, "%s", json_string_value(json_object_get(domain, "domain")));
	mq_print_line(app, "%s", json_string_value(json_object_get(domain, "headline")));
	print_first(app, change_columns, G_N_ELEMENTS(change_columns), json_object_get(domain, "changes"),
	            SHOWN_CHANGES);
	print_first(app, failing_columns, G_N_ELEMENTS(failing_columns), json_object_get(domain, "failing_senders"),
	            MQ_SUMMARY_SENDERS);
	print_first(app, sender_columns, G_N_ELEMENTS(sender_columns), json_object_get(domain, "senders"),
	            SHOWN_SENDERS);
	fputc('\n', app->out);
	print_notes(app, domain);
}

/* Times of the period as days, both ends counted. */
static void
print_heading(const MqApp *app, const json_t *document)
{
	const json_t *period = json_object_get(document, "period");
	gint64 since_s = 0;
	gint64 until_s = 0;
	g_autofree char *since = NULL;
	g_autofree char *until = NULL;

	mq_when_parse_rfc3339(json_string_value(json_object_get(period, "since")), &since_s);
	mq_when_parse_rfc3339(json_string_value(json_object_get(period, "until")), &until_s);
	since = mq_when_to_date(since_s);
	until = mq_when_to_date(until_s - 1);
	mq_print_line(app, "DMARC from %s to %s", since, until);
}

static void
print_text(const MqApp *app, const json_t *document)
{
	const json_t *domains = json_object_get(document, "domains");
	gboolean many = json_array_size(domains) > 1;
	json_int_t failed = count_at(document, "failed_messages");
	const json_t *domain;
	size_t i;

	print_heading(app, document);
	if (json_array_size(domains) == 0)
		mq_print_line(app, "No report of this period or the one before.");
	if (many)
		print_first(app, ranking, G_N_ELEMENTS(ranking), domains, G_MAXUINT);
	json_array_foreach(domains, i, domain) {
		if (many && !json_is_true(json_object_get(domain, "needs_person")))
			continue; /* its line in the ranking says it all */
		fputc('\n', app->out);
		print_domain(app, domain);
	}
	if (failed > 0)
		fputc('\n', app->out);
	if (failed > 0)
		mq_print_line(app, "%" JSON_INTEGER_FORMAT " mails in the database could not be understood", failed);
}

const MqDigest mq_digest_text = { .name = "text", .print = print_text };
