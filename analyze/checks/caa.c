/* CAA: who may issue certificates for the domain's hosts. */
#include "analyze/checks.h"

#define EXAMPLE_CA "letsencrypt.org"

static void
find_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqFinding *finding;

	if (facts->exists == MQ_FACT_ABSENT)
		return;
	if (facts->caa.outcome == MQ_ANSWER_UNKNOWN) {
		mq_findings_unknown(out, kind, facts->domain, facts->caa.why);
		return;
	}
	if (facts->caa.outcome == MQ_ANSWER_FOUND)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, "Any certificate authority may issue for %s, its mail hosts and its mta-sts host: neither the name "
	                  "nor a parent has a CAA record.", facts->domain);
	mq_finding_evidence(finding, "%s CAA: none, and none at a parent", facts->domain);
	mq_finding_fix(finding, "publish one issue record for each authority that you use (in place of " EXAMPLE_CA "), and an iodef "
	               "record with an address for alarms");
	mq_finding_record(finding, facts->domain, "CAA", g_strdup("0 issue \"" EXAMPLE_CA "\""));
}

static void
find_iodef_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqFinding *finding;

	if (facts->caa.outcome != MQ_ANSWER_FOUND || mq_caa_has(&facts->caa, "iodef"))
		return;
	finding = mq_findings_add(out, kind, facts->caa.name);
	mq_finding_detail(finding, "An authority that refuses to issue for a stranger has nowhere to say so.");
	for (guint i = 0; i < facts->caa.set->records->len; i++)
		mq_finding_evidence(finding, "%s. CAA %s", facts->caa.name,
		                    ((const MqDnsRecord *)g_ptr_array_index(facts->caa.set->records, i))->text);
	mq_finding_fix(finding, "add an iodef record with an address that is read");
	mq_finding_record(finding, facts->caa.name, "CAA", g_strdup_printf("0 iodef \"mailto:security@%s\"", facts->caa.name));
}

static char *
praise(const MqFacts *facts)
{
	return facts->caa.outcome == MQ_ANSWER_FOUND
	               ? g_strdup_printf("%s says who may issue certificates, and where to report.", facts->caa.name)
	               : NULL;
}

static const MqFindingKind kinds[] = {
	{ "caa-missing", MQ_SEVERITY_LOW, "Any authority may issue certificates", "RFC 8659 section 3", find_missing },
	{ "caa-iodef-missing", MQ_SEVERITY_LOW, "CAA names no address for alarms", "RFC 8659 section 4.4", find_iodef_missing },
};

const MqCheck mq_check_caa = {
	.family = "caa", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "caa-ok", .ok_title = "CAA is set", .praise = praise,
};
