/* Where reports go, and whether those who get them have agreed. */
#include "analyze/checks.h"

static void
find_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out, const char *tag, gboolean said,
             const GPtrArray *uris)
{
	const MqDiscovery *walk = &facts->dmarc.walk;
	g_autofree char *name = g_strconcat("_dmarc.", walk->policy_domain, NULL);
	g_autofree char *address = g_strdup_printf("mailto:dmarc-%s@%s", tag, walk->policy_domain);
	const MqDmarcChange add[] = { { tag, address } };
	MqFinding *finding;

	if (mq_report_uris_usable(uris))
		return;
	finding = mq_findings_add(out, kind, name);
	mq_finding_evidence(finding, "%s", walk->record->text);
	if (said)
		mq_finding_evidence(finding, "%s is there, and no address in it can be used", tag);
	mq_finding_fix(finding, "add %s with an address that exists and is read (the one proposed is an example)", tag);
	mq_finding_record(finding, name, "TXT", mq_dmarc_record_propose(walk->record->text, add, G_N_ELEMENTS(add)));
}

static void
find_rua_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDmarcRecord *record = facts->dmarc.walk.record;
	guint before = out->list->len;
	MqFinding *finding;

	if (record == NULL || mq_facts_under_registry(facts))
		return;
	find_missing(kind, facts, out, "rua", record->has_rua, record->rua);
	if (out->list->len == before)
		return;
	finding = g_ptr_array_index(out->list, before);
	mq_finding_detail(finding, "Nobody is asked for aggregate reports, so nobody sees who sends as the domain and what fails.");
	if (mq_facts_parked(facts))
		finding->severity = MQ_SEVERITY_LOW;
}

static void
find_ruf_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDmarcRecord *record = facts->dmarc.walk.record;
	guint before = out->list->len;

	if (record == NULL || mq_facts_under_registry(facts))
		return;
	find_missing(kind, facts, out, "ruf", record->has_ruf, record->ruf);
	if (out->list->len > before)
		mq_finding_detail(g_ptr_array_index(out->list, before),
		                  "Nobody is asked for failure reports. Few receivers send them, for privacy; where they do, one report "
		                  "shows one failing mail, which finds a forgotten sender quickly.");
}

static void
find_unverified(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->dmarc.destinations->len; i++) {
		const MqDestinationFact *fact = g_ptr_array_index(facts->dmarc.destinations, i);
		MqFinding *finding;

		if (!fact->external || fact->agreed == MQ_FACT_PRESENT)
			continue;
		if (fact->agreed == MQ_FACT_UNANSWERED) {
			mq_findings_unknown(out, kind, fact->query, fact->why);
			continue;
		}
		finding = mq_findings_add(out, kind, fact->query);
		mq_finding_detail(finding, "%s asks for reports at %s, which belongs to somebody else who has not agreed: most "
		                  "reporters silently send nothing there.", fact->tag, fact->uri->text);
		mq_finding_evidence(finding, "%s: no DMARC record", fact->query);
		mq_finding_fix(finding, "have the owner of %s publish this record, or use an address of your own", fact->uri->host);
		mq_finding_record(finding, fact->query, "TXT", g_strdup("v=DMARC1;"));
	}
}

static char *
praise(const MqFacts *facts)
{
	return facts->dmarc.destinations->len > 0
	               ? g_strdup_printf("Reports go to %u addresses, all of which can be used.", facts->dmarc.destinations->len)
	               : NULL;
}

static const MqFindingKind kinds[] = {
	{ "dmarc-rua-missing", MQ_SEVERITY_MEDIUM, "No address for aggregate reports", "RFC 9989 section 4.8", find_rua_missing },
	{ "dmarc-ruf-missing", MQ_SEVERITY_LOW, "No address for failure reports", "RFC 9991", find_ruf_missing },
	{ "dmarc-destination-unverified", MQ_SEVERITY_MEDIUM, "Reports go to somebody who has not agreed", "RFC 9990 section 4",
	  find_unverified },
};

const MqCheck mq_check_destinations = {
	.family = "destinations", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "dmarc-destinations-ok", .ok_title = "Reports have somewhere to go", .praise = praise,
};
