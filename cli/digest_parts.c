#include "cli/digest_parts.h"

#include <math.h>
#include <string.h>

#include "cli/outputs.h"
#include "ingest/text.h"

/* --------------------------------------------------------------------- tables */

static const MqColumn ranking_columns[] = {
	{ "domain", "Domain", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "previous_messages", "Before", MQ_CELL_COUNT, .optional = TRUE },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
	{ "previous_pass", "Before", MQ_CELL_SHARE, .optional = TRUE },
	{ "weeks", "12 weeks", MQ_CELL_TREND, .optional = TRUE },
	{ "needs_person", "Needs you", MQ_CELL_FLAG },
	{ "next", "Next", MQ_CELL_TEXT },
};

static const MqColumn change_columns[] = {
	{ "since", "Since", MQ_CELL_DAY },
	{ "subject", "Who", MQ_CELL_TEXT },
	{ "detail", "What", MQ_CELL_TEXT },
};

static const MqColumn failing_columns[] = {
	{ "sender", "Sender", MQ_CELL_TEXT },
	{ "failing", "Failing", MQ_CELL_COUNT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
	{ "since", "Since", MQ_CELL_DAY },
};

static const MqColumn failing_details[] = {
	{ "why", "Why", MQ_CELL_TEXT },
	{ "actions.0.fix", "Fix", MQ_CELL_TEXT },
	{ "actions.0.record", "Publish", MQ_CELL_TEXT },
	{ "evidence", "Reports say", MQ_CELL_LIST },
};

static const MqColumn sender_columns[] = {
	{ "sender", "Sender", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "", "What became of it", MQ_CELL_BAR },
	{ "dmarc_pass_share", "Pass", MQ_CELL_PASS },
	{ "dmarc_unknown", "Unknown", MQ_CELL_SOME },
	{ "quarantined", "Quarantined", MQ_CELL_SOME },
	{ "rejected", "Rejected", MQ_CELL_SOME },
	{ "domains", "Proved domains", MQ_CELL_LIST, .optional = TRUE },
};

static const MqColumn origin_columns[] = {
	{ "sender", "From", MQ_CELL_TEXT },
	{ "messages", "Messages", MQ_CELL_COUNT },
	{ "failing", "Failing", MQ_CELL_COUNT },
	{ "blocked", "Blocked", MQ_CELL_COUNT },
	{ "sources", "Addresses", MQ_CELL_COUNT },
};

#define COLUMNS(columns) columns, G_N_ELEMENTS(columns)

const MqDigestSection mq_digest_ranking = { "domains", "Domains", COLUMNS(ranking_columns), NULL, 0, G_MAXUINT, G_MAXUINT };

const MqDigestSection mq_digest_sections[] = {
	{ "changes", "What changed", COLUMNS(change_columns), NULL, 0, 12, 5 },
	{ "failing_senders", "Senders that fail", COLUMNS(failing_columns), COLUMNS(failing_details), 10, 3 },
	{ "threat.from", "Forged mail", COLUMNS(origin_columns), NULL, 0, 5, 3 },
	{ "forwarded.from", "Forwarded mail", COLUMNS(origin_columns), NULL, 0, 3, 3 },
	{ "senders", "Who sends", COLUMNS(sender_columns), NULL, 0, 5, 5 },
};
const guint mq_digest_sections_n = G_N_ELEMENTS(mq_digest_sections);

static json_int_t
count_at(const json_t *object, const char *path)
{
	return json_integer_value(mq_json_at(object, path));
}

static gboolean
needs_person(const json_t *domain)
{
	return json_is_true(json_object_get(domain, "needs_person"));
}

static size_t
shown_rows(const MqDigestSection *section, const json_t *domain)
{
	size_t most = needs_person(domain) ? section->most : section->most_quiet;

	return MIN(json_array_size(mq_json_at(domain, section->rows)), most);
}

/* What the words of a cause mean to somebody who does not know DMARC by heart. */
static const struct cause {
	const char *word, *phrase;
} causes[] = {
	{ "not-in-spf", "its address is not in the domain's SPF record" },
	{ "spf-broken", "the domain's SPF record is broken, so that it vouches for nobody" },
	{ "bounce-domain", "SPF passes for the service's own bounce domain only" },
	{ "service-signature", "it is signed with the service's own domain only" },
	{ "unsigned", "it is neither signed with DKIM nor vouched for by SPF" },
	{ "key-missing", "its DKIM key is not in DNS" },
	{ "key-revoked", "its DKIM key was revoked" },
	{ "key-invalid", "its DKIM key in DNS is broken" },
	{ "strict-alignment", "it is authenticated for a subdomain, and the policy wants the very same domain" },
	{ "body-changed", "its signature was broken on the way" },
	{ "forwarded", "it was forwarded" },
	{ "mailing-list", "it went through a mailing list" },
	{ "no-relation", "nothing ties it to the domain's owner" },
};

const char *
mq_digest_cause(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(causes); i++)
		if (g_strcmp0(causes[i].word, word) == 0)
			return causes[i].phrase;
	return NULL;
}

static gboolean
publishes(const char *action)
{
	static const char *const publishing[] = { "publish", "advance", "retreat", NULL };

	return action != NULL && g_strv_contains(publishing, action);
}

/* "advance to quarantine", "hold": (nullable) (transfer full) */
static char *
next_step(const json_t *domain)
{
	const char *action = json_string_value(mq_json_at(domain, "move.action"));
	const char *to = json_string_value(mq_json_at(domain, "move.to"));

	return publishes(action) && to != NULL ? g_strdup_printf("%s p=%s", action, to) : g_strdup(action);
}

/* (transfer full) */
static json_t *
explained(const json_t *row)
{
	json_t *copy = json_copy((json_t *)row);
	const char *why = mq_digest_cause(json_string_value(json_object_get(row, "cause")));
	g_autofree char *next = next_step(row);

	if (why != NULL)
		json_object_set_new(copy, "why", json_string(why));
	if (next != NULL)
		json_object_set_new(copy, "next", mq_json_text(next));
	if (json_object_get(row, "dispositions") != NULL) { /* as the rows of senders have them */
		json_object_set_new(copy, "quarantined", json_integer(count_at(row, "dispositions.quarantine")));
		json_object_set_new(copy, "rejected", json_integer(count_at(row, "dispositions.reject")));
	}
	return copy;
}

json_t *
mq_digest_rows(const MqDigestSection *section, const json_t *domain)
{
	const json_t *all = mq_json_at(domain, section->rows);
	json_t *rows = json_array();

	for (size_t i = 0; i < shown_rows(section, domain); i++)
		json_array_append_new(rows, explained(json_array_get(all, i)));
	return rows;
}

char *
mq_digest_left_out(const MqDigestSection *section, const json_t *domain)
{
	size_t more = json_array_size(mq_json_at(domain, section->rows)) - shown_rows(section, domain);

	return more > 0 ? g_strdup_printf("and %zu more", more) : NULL;
}

/* ------------------------------------------------------------------ sentences */

char *
mq_digest_title(const json_t *document)
{
	gint64 since_s = 0;
	gint64 until_s = 0;
	g_autofree char *since = NULL;
	g_autofree char *last = NULL;

	mq_when_parse_rfc3339(json_string_value(mq_json_at(document, "period.since")), &since_s);
	mq_when_parse_rfc3339(json_string_value(mq_json_at(document, "period.until")), &until_s);
	since = mq_when_to_date(since_s);
	last = mq_when_to_date(until_s - 1);
	if (strcmp(since, last) == 0)
		return g_strdup_printf("DMARC %s", since);
	return g_strdup_printf("DMARC %s to %s", since, last);
}

static char *
nothing_urgent(size_t domains, json_int_t small)
{
	g_autofree char *count = mq_count_to_text(small);
	g_autofree char *where = domains > 1 ? g_strdup_printf(" in %zu domains", domains) : g_strdup("");

	return g_strdup_printf("Nothing urgent%s, %s small thing%s to do.", where, count, small == 1 ? "" : "s");
}

char *
mq_digest_headline(const json_t *document)
{
	const json_t *domains = json_object_get(document, "domains");
	const json_t *domain;
	size_t n = json_array_size(domains);
	size_t needing = 0;
	json_int_t small = 0;
	size_t i;

	json_array_foreach(domains, i, domain) {
		needing += needs_person(domain) ? 1 : 0;
		small += count_at(domain, "open_actions");
	}
	if (n == 0)
		return g_strdup("No report of this period or the one before.");
	if (needing == 0 && small > 0)
		return nothing_urgent(n, small);
	if (n == 1)
		return g_strdup(needing > 0 ? "The domain needs you." : "Nothing new needs you.");
	if (needing == 0)
		return g_strdup_printf("Nothing new needs you in %zu domains.", n);
	return g_strdup_printf("%zu of %zu domains need%s you.", needing, n, needing == 1 ? "s" : "");
}

gboolean
mq_digest_has_chapter(const json_t *document, const json_t *domain)
{
	return needs_person(domain) || json_array_size(json_object_get(document, "domains")) == 1;
}

char *
mq_digest_move(const json_t *domain)
{
	const char *why = json_string_value(mq_json_at(domain, "move.why"));

	return why != NULL && *why != '\0' ? g_strdup_printf("Next: %s", why) : NULL;
}

/* To hold, and to be done, is to publish nothing. */
const char *
mq_digest_move_record(const json_t *domain)
{
	if (!publishes(json_string_value(mq_json_at(domain, "move.action"))))
		return NULL;
	return json_string_value(mq_json_at(domain, "move.record"));
}

/* -------------------------------------------------------------------- figures */

/* "15 % fewer", "3.2 times as many" */
static char *
volume_change(json_int_t now, json_int_t before)
{
	double ratio = before > 0 ? (double)now / (double)before : 0;
	double percent = fabs(ratio - 1) * 100;

	if (before == 0)
		return NULL;
	if (percent < 0.5)
		return g_strdup("as before");
	if (ratio >= 2)
		return g_strdup_printf("%.1f times as many", ratio);
	return g_strdup_printf("%.0f %% %s", percent, ratio > 1 ? "more" : "fewer");
}

static char *
pass_change(const json_t *domain)
{
	double points = 100 * (json_real_value(json_object_get(domain, "dmarc_pass_share"))
	                       - json_real_value(json_object_get(domain, "previous_dmarc_pass_share")));

	if (json_is_null(json_object_get(domain, "previous_pass"))
	    || count_at(domain, "messages") == count_at(domain, "dmarc_unknown"))
		return NULL;
	if (fabs(points) < 0.05)
		return g_strdup("as before");
	return g_strdup_printf("%.1f points %s", fabs(points), points > 0 ? "up" : "down");
}

/* @value, @change: (transfer full) */
static void
add_figure(json_t *figures, const char *label, char *value, char *change)
{
	json_array_append_new(figures, json_pack("{s:s, s:s, s:s*}", "label", label, "value", value, "change", change));
	g_free(value);
	g_free(change);
}

json_t *
mq_digest_figures(const json_t *domain)
{
	json_t *figures = json_array();
	json_int_t messages = count_at(domain, "messages");
	json_int_t unknown = count_at(domain, "dmarc_unknown");
	json_int_t quarantined = count_at(domain, "dispositions.quarantine");
	json_int_t rejected = count_at(domain, "dispositions.reject");

	add_figure(figures, "messages", mq_count_to_text(messages),
	           volume_change(messages, count_at(domain, "previous_messages")));
	if (messages == 0)
		return figures;
	if (unknown < messages)
		add_figure(figures, "pass DMARC",
		           mq_share_to_text(json_real_value(json_object_get(domain, "dmarc_pass_share"))), pass_change(domain));
	if (unknown > 0)
		add_figure(figures, "of unknown result", mq_count_to_text(unknown), NULL);
	if (quarantined > 0)
		add_figure(figures, "quarantined", mq_count_to_text(quarantined), NULL);
	if (rejected > 0)
		add_figure(figures, "rejected", mq_count_to_text(rejected), NULL);
	add_figure(figures, count_at(domain, "reporters") == 1 ? "reporter" : "reporters",
	           mq_count_to_text(count_at(domain, "reporters")), NULL);
	return figures;
}

/* ---------------------------------------------------------------------- notes */

/* What is worth a sentence only when there is some of it. */
static const struct note {
	const char *path;
	const char *one, *many;
} notes[] = {
	{ "threat.blocked", "forged message was quarantined or rejected", "forged messages were quarantined or rejected" },
	{ "other_failing_senders", "further sender fails; 'marque senders' lists it", "further senders fail; 'marque senders' lists them" },
	{ "failures", "failure sample; 'marque failures' shows it", "failure samples; 'marque failures' shows them" },
	{ "complaints", "complaint about mail; 'marque failures' shows it", "complaints about mail; 'marque failures' shows them" },
	{ "suspicious_reports_left_out", "suspicious report is left out; 'marque reports --untrusted' says why",
	  "suspicious reports are left out; 'marque reports --untrusted' says why" },
};

static void
note_tls(GPtrArray *out, const json_t *domain)
{
	json_int_t failed = count_at(domain, "tls.sessions_failed");
	g_autofree char *n_failed = mq_count_to_text(failed);
	g_autofree char *all = mq_count_to_text(failed + count_at(domain, "tls.sessions_ok"));

	if (strcmp(all, "0") == 0)
		return;
	if (failed == 0)
		g_ptr_array_add(out, g_strdup_printf("All %s reported TLS sessions succeeded.", all));
	else
		g_ptr_array_add(out, g_strdup_printf("%s of %s reported TLS sessions failed; 'marque tls' says why.",
		                                     n_failed, all));
}

GPtrArray *
mq_digest_notes(const json_t *domain)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);

	note_tls(out, domain);
	for (gsize i = 0; i < G_N_ELEMENTS(notes); i++) {
		json_int_t n = count_at(domain, notes[i].path);
		g_autofree char *count = mq_count_to_text(n);

		if (n > 0)
			g_ptr_array_add(out, g_strdup_printf("%s %s.", count, n == 1 ? notes[i].one : notes[i].many));
	}
	return out;
}
