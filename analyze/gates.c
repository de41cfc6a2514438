/* What must be true before a stricter policy: one row a gate, its measure and its requirement. */
#include <string.h>

#include "analyze/advise.h"
#include "ingest/error.h"
#include "ingest/text.h"

#define DEFAULT_QUARANTINE(name, word, quarantine, reject) quarantine,
#define DEFAULT_REJECT(name, word, quarantine, reject) reject,
#define REQUIREMENT_WORD(name, word, quarantine, reject) word,
static const double default_quarantine[] = { MQ_REQUIREMENTS(DEFAULT_QUARANTINE) };
static const double default_reject[] = { MQ_REQUIREMENTS(DEFAULT_REJECT) };
static const char *const requirement_words[] = { MQ_REQUIREMENTS(REQUIREMENT_WORD) };

void
mq_requirements_default(MqRequirements *requirements)
{
	memcpy(requirements->quarantine, default_quarantine, sizeof(default_quarantine));
	memcpy(requirements->reject, default_reject, sizeof(default_reject));
}

static gboolean
refuse_requirement(const char *text, GError **error)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_auto(GStrv) all = NULL;
	g_autofree char *list = NULL;

	for (guint i = 0; i < MQ_REQUIRE_N; i++)
		g_strv_builder_add(words, requirement_words[i]);
	all = g_strv_builder_end(words);
	list = g_strjoinv(", ", all);
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no requirement, want NAME=NUMBER or quarantine.NAME=NUMBER or "
	            "reject.NAME=NUMBER, NAME one of %s", text, list);
	return FALSE;
}

gboolean
mq_requirements_set(MqRequirements *requirements, const char *text, GError **error)
{
	gboolean quarantine = g_str_has_prefix(text, "quarantine.");
	gboolean reject = g_str_has_prefix(text, "reject.");
	const char *name = quarantine || reject ? strchr(text, '.') + 1 : text;
	const char *equals = strchr(name, '=');
	char *end = NULL;
	double value = equals != NULL ? g_ascii_strtod(equals + 1, &end) : 0;
	guint i = 0;

	if (equals == NULL || end == equals + 1 || *end != '\0' || !(value >= 0 && value <= 1e9))
		return refuse_requirement(text, error);
	while (i < MQ_REQUIRE_N && (strncmp(requirement_words[i], name, (gsize)(equals - name)) != 0
	                            || requirement_words[i][equals - name] != '\0'))
		i++;
	if (i == MQ_REQUIRE_N)
		return refuse_requirement(text, error);
	if (!reject)
		requirements->quarantine[i] = value;
	if (!quarantine)
		requirements->reject[i] = value;
	return TRUE;
}

typedef struct {
	MqAdvice *advice;
	const MqImpact *impact;
	const double *need; /* by MqRequirement */
	gint64 owner, owner_passing, owner_signed, forwarded_list, forwarded, unknown;
} Measures;

static void
measure(Measures *m)
{
	const MqSources *sources = m->advice->sources;

	for (guint i = 0; i < sources->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sources->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *s = g_ptr_array_index(source->streams, j);

			if (mq_advice_is_unexplained(m->advice, source, s))
				m->unknown += s->messages;
			if (!mq_advice_counts(m->advice, s))
				continue;
			if (s->verdict == MQ_VERDICT_FORWARDER)
				m->forwarded += s->messages;
			if (s->verdict == MQ_VERDICT_FORWARDER && s->cause == MQ_CAUSE_MAILING_LIST)
				m->forwarded_list += s->messages;
			if (!mq_verdict_is_owner(s->verdict))
				continue;
			m->owner += s->messages;
			if (s->today == MQ_TODAY_PASS) {
				m->owner_passing += s->messages;
				m->owner_signed += s->dkim == MQ_RESULT_PASS ? s->messages : 0;
			}
		}
	}
}

static double
share(gint64 part, gint64 whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

static void
add_gate(const Measures *m, const char *id, gboolean met, char *measured, char *required, char *trouble)
{
	MqGate *gate = g_new0(MqGate, 1);

	gate->id = id;
	gate->met = met;
	gate->measured = measured;
	gate->required = required;
	gate->trouble = trouble;
	g_ptr_array_add(m->advice->gates, gate);
}

/* Short windows are asked for less, yet never for less than two weeks (or what was configured below that). */
static void
gate_coverage(const Measures *m)
{
	gint64 days = (m->advice->until_s - m->advice->since_s + MQ_DAY_S - 1) / MQ_DAY_S;
	gint64 covered = g_hash_table_size(m->advice->sources->covered);
	gint64 wanted = MIN((gint64)m->need[MQ_REQUIRE_COVERAGE_DAYS], MAX(days * 7 / 10, 14));

	add_gate(m, "coverage", covered >= wanted,
	         g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " days", covered, days),
	         g_strdup_printf("at least %" G_GINT64_FORMAT " days", wanted),
	         g_strdup_printf("reports cover %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " days", covered, days));
}

static void
gate_volume(const Measures *m)
{
	g_autofree char *own = mq_counted(m->owner, "message of your own", "messages of your own");

	add_gate(m, "volume", (double)m->owner >= m->need[MQ_REQUIRE_VOLUME], g_strdup(own),
	         g_strdup_printf("at least %.0f", m->need[MQ_REQUIRE_VOLUME]),
	         g_strdup_printf(m->owner == 1 ? "%s is too little to judge by" : "%s are too few to judge by", own));
}

static void
gate_reporters(const Measures *m)
{
	guint n = g_hash_table_size(m->advice->sources->reporters);

	add_gate(m, "reporters", n >= m->need[MQ_REQUIRE_REPORTERS], g_strdup_printf("%u", n),
	         g_strdup_printf("at least %.0f", m->need[MQ_REQUIRE_REPORTERS]),
	         g_strdup_printf("%u %s too few to judge by", n, n == 1 ? "reporter is" : "reporters are"));
}

static void
gate_legitimate_pass(const Measures *m)
{
	const MqImpact *impact = m->impact;
	double lost = m->need[MQ_REQUIRE_LOST_SHARE];
	double upper = m->need[MQ_REQUIRE_LOST_UPPER];

	add_gate(m, "legitimate-pass", impact->legitimate_share <= lost && impact->legitimate_upper95 <= upper,
	         g_strdup_printf("%.2f %% of your mail would be lost, at most %.2f %% (95 %% sure)",
	                         100 * impact->legitimate_share, 100 * impact->legitimate_upper95),
	         g_strdup_printf("at most %g %%, %g %% with 95 %% certainty", 100 * lost, 100 * upper),
	         impact->legitimate_share > lost
	                 ? g_strdup_printf("%.1f %% of your own mail would be lost", 100 * impact->legitimate_share)
	                 : g_strdup("there is too little mail of yours to be sure that it passes"));
}

static void
gate_dkim_coverage(const Measures *m)
{
	double got = share(m->owner_signed, m->owner_passing);

	add_gate(m, "dkim-coverage", got >= m->need[MQ_REQUIRE_DKIM_SHARE],
	         g_strdup_printf("%.1f %% of your mail that passes has an aligned signature", 100 * got),
	         g_strdup_printf("at least %g %%", 100 * m->need[MQ_REQUIRE_DKIM_SHARE]),
	         g_strdup_printf("%.1f %% of your mail is signed with DKIM as your domain, the rest stands on SPF alone", 100 * got));
}

/* What of a sender's mail the record is for. */
typedef struct {
	gint64 first_day_s;
	gint64 fixable, unknown; /* messages */
} Newcomer;

static void
look_at_stream(const Measures *m, const MqStream *s, Newcomer *newcomer)
{
	if (!mq_advice_counts(m->advice, s))
		return;
	newcomer->first_day_s = MIN(newcomer->first_day_s, s->first_day_s);
	newcomer->fixable += s->verdict == MQ_VERDICT_FIXABLE ? s->messages : 0;
	newcomer->unknown += s->verdict == MQ_VERDICT_UNKNOWN ? s->messages : 0;
}

/* A sender seen first in the last days, whose mail would be lost or is not understood. */
static gboolean
is_new_trouble(const Measures *m, const MqSenderGroup *group, gboolean *fails)
{
	gint64 since = m->advice->sources->last_day_s - ((gint64)m->need[MQ_REQUIRE_NEW_DAYS] - 1) * MQ_DAY_S;
	Newcomer newcomer = { .first_day_s = G_MAXINT64 };

	if (group->days->len == 0 || g_array_index(group->days, MqSourceDay, group->days->len - 1).day_s < since)
		return FALSE;
	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++)
			look_at_stream(m, g_ptr_array_index(source->streams, j), &newcomer);
	}
	*fails = newcomer.fixable >= newcomer.unknown;
	return newcomer.first_day_s != G_MAXINT64 && newcomer.first_day_s >= since
	       && share(newcomer.fixable + newcomer.unknown, m->owner + m->unknown) >= 0.001;
}

static void
gate_new_senders(const Measures *m)
{
	const MqSenderGroup *first = NULL;
	gboolean first_fails = FALSE;
	gboolean fails;
	guint n = 0;

	for (guint i = 0; i < m->advice->sources->senders->len; i++) {
		const MqSenderGroup *group = g_ptr_array_index(m->advice->sources->senders, i);

		if (is_new_trouble(m, group, &fails)) {
			first_fails = first != NULL ? first_fails : fails;
			first = first != NULL ? first : group;
			n++;
		}
	}
	add_gate(m, "new-senders", n == 0,
	         n == 0 ? g_strdup("none that fails or is unknown") : g_strdup_printf("%u, such as %s", n, first->name),
	         g_strdup_printf("none in the last %.0f days that fails or is unknown", m->need[MQ_REQUIRE_NEW_DAYS]),
	         g_strdup_printf("%s is new and %s", n > 0 ? first->name : "nobody",
	                         first_fails ? "fails" : "nobody knows whose it is"));
}

static void
gate_unexplained(const Measures *m)
{
	double got = share(m->unknown, m->owner + m->forwarded + m->unknown);
	g_autofree char *unknown = mq_counted(m->unknown, "message", "messages");

	add_gate(m, "unexplained", got <= m->need[MQ_REQUIRE_UNEXPLAINED_SHARE],
	         g_strdup_printf("%.2f %% (%s)", 100 * got, unknown),
	         g_strdup_printf("at most %g %%", 100 * m->need[MQ_REQUIRE_UNEXPLAINED_SHARE]),
	         g_strdup_printf("of %.1f %% of the mail nobody knows yet whether it is yours", 100 * got));
}

static void
gate_stage_length(const Measures *m)
{
	const MqSources *sources = m->advice->sources;
	gint64 days = sources->newest_policy != MQ_POLICY_ABSENT
		? (sources->newest_policy_day_s - sources->policy_since_s) / MQ_DAY_S + 1
		: 0;
	g_autofree char *length = mq_counted(days, "day", "days");

	add_gate(m, "stage-length", (double)days >= m->need[MQ_REQUIRE_STAGE_DAYS],
	         g_strdup_printf("reports see the present policy for %s", length),
	         g_strdup_printf("at least %.0f days", m->need[MQ_REQUIRE_STAGE_DAYS]),
	         g_strdup_printf("reports see the present policy for %s only", length));
}

static const char *
dns_trouble(const MqAdvice *advice)
{
	if (!advice->answered || advice->sources->dns_incomplete)
		return "DNS did not answer all that was asked, and no answer is not taken for none";
	if (advice->problem != NULL)
		return advice->problem;
	if (advice->spf != NULL && advice->spf->result == MQ_RESULT_TEMPERROR)
		return "DNS did not answer for the SPF record";
	if (advice->spf != NULL && (advice->spf->result == MQ_RESULT_PERMERROR || advice->spf->lookups > MQ_SPF_LOOKUPS))
		return "the SPF record is a permerror";
	if (advice->discovery.record != NULL && !mq_report_uris_usable(advice->discovery.record->rua))
		return "no address for aggregate reports: losses would not be seen";
	return NULL;
}

static void
gate_dns_health(const Measures *m)
{
	const char *trouble = dns_trouble(m->advice);

	add_gate(m, "dns-health", trouble == NULL, g_strdup(trouble != NULL ? trouble : "records are valid"),
	         g_strdup("DMARC and SPF valid, reports arrive, DNS answers"), g_strdup(trouble));
}

static void
gate_mailing_lists(const Measures *m)
{
	double most = m->need[MQ_REQUIRE_LIST_SHARE];
	double got = share(m->forwarded_list, m->owner + m->forwarded);

	add_gate(m, "mailing-lists", got <= most,
	         g_strdup_printf("%.2f %% of your mail comes by lists that break it", 100 * got),
	         most >= 1 ? g_strdup("any: quarantine is right for domains whose people post to lists")
	                   : g_strdup_printf("at most %g %%: RFC 9989 advises such domains against reject; see --goal quarantine",
	                                     100 * most),
	         g_strdup_printf("%.1f %% of your mail goes through mailing lists, which would lose it", 100 * got));
}

static void (*const gates[])(const Measures *m) = {
	gate_coverage,    gate_volume,      gate_reporters,    gate_legitimate_pass, gate_dkim_coverage,
	gate_new_senders, gate_unexplained, gate_stage_length, gate_dns_health,      gate_mailing_lists,
};

gboolean
mq_gates_judge(MqAdvice *advice, MqPolicy to, const MqImpact *impact)
{
	Measures m = {
		.advice = advice,
		.impact = impact,
		.need = to == MQ_POLICY_REJECT ? advice->need.reject : advice->need.quarantine,
	};
	gboolean all = TRUE;

	measure(&m);
	g_ptr_array_set_size(advice->gates, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(gates); i++)
		gates[i](&m);
	for (guint i = 0; i < advice->gates->len; i++)
		all = all && ((const MqGate *)g_ptr_array_index(advice->gates, i))->met;
	return all;
}
