/* What must be true before a stricter policy: one row a gate, its measure and its requirement. */
#include <string.h>

#include "analyze/advise.h"

/* The requirements, by step. Why: RFC 9989 7.4 asks for a month of observation where people post to
 * lists and forbids reject on SPF alone; the other figures are the middle of what the field uses
 * (two to four weeks, 95 to 99 % of the owner's mail, no new sender for a week or two). */
static const struct {
	gint64 days_covered, stage_days;
	gint64 messages;
	guint reporters;
	double lost_share, lost_upper; /* of the owner's mail */
	double dkim_share;             /* of the owner's mail that passes */
	double unexplained_share;      /* of all but threats */
	double list_share;             /* of the owner's and forwarded mail */
	gint64 new_days;
} need[2] = {
	{ 21, 14, 50, 2, 0.02, 0.06, 0.50, 0.02, 1.00, 14 },  /* to quarantine */
	{ 21, 21, 150, 2, 0.01, 0.02, 0.90, 0.01, 0.01, 14 }, /* to reject */
};

typedef struct {
	MqAdvice *advice;
	const MqImpact *impact;
	guint step;
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

			if (s->verdict == MQ_VERDICT_UNKNOWN)
				m->unknown += s->messages;
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
add_gate(const Measures *m, const char *id, gboolean met, char *measured, char *required)
{
	MqGate *gate = g_new0(MqGate, 1);

	gate->id = id;
	gate->met = met;
	gate->measured = measured;
	gate->required = required;
	g_ptr_array_add(m->advice->gates, gate);
}

static void
gate_coverage(const Measures *m)
{
	gint64 days = (m->advice->until_s - m->advice->since_s + MQ_DAY_S - 1) / MQ_DAY_S;
	gint64 covered = g_hash_table_size(m->advice->sources->covered);
	gint64 wanted = MIN(need[m->step].days_covered, MAX(days * 7 / 10, 14));

	add_gate(m, "coverage", covered >= wanted,
	         g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " days", covered, days),
	         g_strdup_printf("at least %" G_GINT64_FORMAT " days", wanted));
}

static void
gate_volume(const Measures *m)
{
	add_gate(m, "volume", m->owner >= need[m->step].messages,
	         g_strdup_printf("%" G_GINT64_FORMAT " messages of your own", m->owner),
	         g_strdup_printf("at least %" G_GINT64_FORMAT, need[m->step].messages));
}

static void
gate_reporters(const Measures *m)
{
	guint n = g_hash_table_size(m->advice->sources->reporters);

	add_gate(m, "reporters", n >= need[m->step].reporters, g_strdup_printf("%u", n),
	         g_strdup_printf("at least %u", need[m->step].reporters));
}

static void
gate_legitimate_pass(const Measures *m)
{
	const MqImpact *impact = m->impact;
	gboolean met = impact->legitimate_share <= need[m->step].lost_share && impact->legitimate_upper95 <= need[m->step].lost_upper;

	add_gate(m, "legitimate-pass", met,
	         g_strdup_printf("%.2f %% of your mail would be lost, at most %.2f %% (95 %% sure)",
	                         100 * impact->legitimate_share, 100 * impact->legitimate_upper95),
	         g_strdup_printf("at most %g %%, %g %% with 95 %% certainty", 100 * need[m->step].lost_share,
	                         100 * need[m->step].lost_upper));
}

static void
gate_dkim_coverage(const Measures *m)
{
	double got = share(m->owner_signed, m->owner_passing);

	add_gate(m, "dkim-coverage", got >= need[m->step].dkim_share,
	         g_strdup_printf("%.1f %% of your mail that passes has an aligned signature", 100 * got),
	         g_strdup_printf("at least %g %%", 100 * need[m->step].dkim_share));
}

/* A sender seen first in the last days, whose mail would be lost or is not understood. */
static gboolean
is_new_trouble(const Measures *m, const MqSenderGroup *group)
{
	gint64 since = m->advice->sources->last_day_s - (need[m->step].new_days - 1) * MQ_DAY_S;

	return group->days->len > 0 && g_array_index(group->days, MqSourceDay, 0).day_s >= since
	       && (group->verdict == MQ_VERDICT_FIXABLE || group->verdict == MQ_VERDICT_UNKNOWN)
	       && share(group->messages, m->owner + m->unknown) >= 0.001;
}

static void
gate_new_senders(const Measures *m)
{
	const MqSenderGroup *first = NULL;
	guint n = 0;

	for (guint i = 0; i < m->advice->sources->senders->len; i++) {
		const MqSenderGroup *group = g_ptr_array_index(m->advice->sources->senders, i);

		if (is_new_trouble(m, group)) {
			first = first != NULL ? first : group;
			n++;
		}
	}
	add_gate(m, "new-senders", n == 0,
	         n == 0 ? g_strdup("none that fails or is unknown") : g_strdup_printf("%u, such as %s", n, first->name),
	         g_strdup_printf("none in the last %" G_GINT64_FORMAT " days that fails or is unknown", need[m->step].new_days));
}

static void
gate_unexplained(const Measures *m)
{
	double got = share(m->unknown, m->owner + m->forwarded + m->unknown);

	add_gate(m, "unexplained", got <= need[m->step].unexplained_share,
	         g_strdup_printf("%.2f %% (%" G_GINT64_FORMAT " messages)", 100 * got, m->unknown),
	         g_strdup_printf("at most %g %%", 100 * need[m->step].unexplained_share));
}

static void
gate_stage_length(const Measures *m)
{
	const MqSources *sources = m->advice->sources;
	gint64 days = sources->newest_policy != MQ_POLICY_ABSENT
		? (sources->newest_policy_day_s - sources->policy_since_s) / MQ_DAY_S + 1
		: 0;

	add_gate(m, "stage-length", days >= need[m->step].stage_days,
	         g_strdup_printf("reports see the present policy for %" G_GINT64_FORMAT " days", days),
	         g_strdup_printf("at least %" G_GINT64_FORMAT " days", need[m->step].stage_days));
}

static const char *
dns_trouble(const MqAdvice *advice)
{
	if (!advice->answered || advice->sources->dns_incomplete)
		return "DNS did not answer all that was asked";
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
	         g_strdup("DMARC and SPF valid, reports arrive, DNS answers"));
}

static void
gate_mailing_lists(const Measures *m)
{
	double got = share(m->forwarded_list, m->owner + m->forwarded);

	add_gate(m, "mailing-lists", got <= need[m->step].list_share,
	         g_strdup_printf("%.2f %% of your mail comes by lists that break it", 100 * got),
	         m->step == 0 ? g_strdup("any: quarantine is right for domains whose people post to lists")
	                      : g_strdup_printf("at most %g %%: RFC 9989 advises such domains against reject; see --goal quarantine",
	                                        100 * need[m->step].list_share));
}

static void (*const gates[])(const Measures *m) = {
	gate_coverage,    gate_volume,      gate_reporters,    gate_legitimate_pass, gate_dkim_coverage,
	gate_new_senders, gate_unexplained, gate_stage_length, gate_dns_health,      gate_mailing_lists,
};

gboolean
mq_gates_judge(MqAdvice *advice, MqPolicy to, const MqImpact *impact)
{
	Measures m = { .advice = advice, .impact = impact, .step = to == MQ_POLICY_REJECT ? 1 : 0 };
	gboolean all = TRUE;

	measure(&m);
	g_ptr_array_set_size(advice->gates, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(gates); i++)
		gates[i](&m);
	for (guint i = 0; i < advice->gates->len; i++)
		all = all && ((const MqGate *)g_ptr_array_index(advice->gates, i))->met;
	return all;
}
