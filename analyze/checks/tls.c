/* Encryption on the way in: MTA-STS (RFC 8461) and TLS reports (RFC 8460). */
#include "analyze/checks.h"

/* A domain that takes no mail needs neither. */
static gboolean
takes_mail(const MqFacts *facts)
{
	return facts->mx.hosts->len > 0 || (facts->mx.state == MQ_FACT_ABSENT && facts->mx.address == MQ_FACT_PRESENT
	                                    && !mq_facts_parked(facts));
}

/* "v=STSv1; id=20261124T120000Z" */
static char *
fresh_record(const MqFacts *facts)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(facts->now_s);
	g_autofree char *id = now != NULL ? g_date_time_format(now, "%Y%m%dT%H%M%SZ") : g_strdup("1");

	return g_strdup_printf("v=STSv1; id=%s", id);
}

static void
say_policy(MqFinding *finding, const MqFacts *facts, const char *mode)
{
	g_autoptr(GString) mx = g_string_new(NULL);

	for (guint i = 0; i < facts->mx.hosts->len; i++)
		g_string_append_printf(mx, " / mx: %s", ((const MqMxFact *)g_ptr_array_index(facts->mx.hosts, i))->host);
	mq_finding_evidence(finding, "a policy that fits, one item a line, at https://mta-sts.%s/.well-known/mta-sts.txt: version: "
	                    "STSv1 / mode: %s%s / max_age: 604800", facts->domain, mode, mx->str);
}

static void
find_sts_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	g_autofree char *name = g_strconcat("_mta-sts.", facts->domain, NULL);
	MqFinding *finding;

	if (facts->sts.txt.state == MQ_FACT_UNANSWERED) {
		mq_findings_unknown(out, kind, name, facts->sts.txt.why);
		return;
	}
	if (facts->sts.txt.state == MQ_FACT_PRESENT || !takes_mail(facts))
		return;
	finding = mq_findings_add(out, kind, name);
	mq_finding_detail(finding, "Who sits between can make senders give up encryption: the domain does not say that its mail must "
	                  "come over TLS.");
	say_policy(finding, facts, "testing");
	mq_finding_fix(finding, "serve a policy file in mode testing, publish this record, and go to enforce when the TLS reports are "
	               "clean");
	mq_finding_record(finding, name, "TXT", fresh_record(facts));
}

/* What of it a sender would not accept; NULL: nothing is known to be wrong. (transfer full) */
static char *
sts_problem(const MqFacts *facts)
{
	const MqStsFacts *sts = &facts->sts;

	if (sts->txt.problem != NULL)
		return g_strdup_printf("of the record, %s", sts->txt.problem);
	if (sts->fetched == MQ_FACT_ABSENT)
		return g_strdup_printf("the policy file cannot be had: %s",
		                       sts->fetch_problem != NULL ? sts->fetch_problem : "it is not there");
	if (sts->policy != NULL && sts->policy->problem != NULL)
		return g_strdup_printf("the policy is not valid: %s", sts->policy->problem);
	return NULL;
}

static void
find_sts_mx(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqStsPolicy *policy = facts->sts.policy;

	if (policy == NULL || policy->problem != NULL || policy->mode == MQ_STS_MODE_NONE)
		return;
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);
		MqFinding *finding;

		if (mq_sts_policy_matches(policy, mx->host))
			continue;
		finding = mq_findings_add(out, kind, mx->host);
		if (policy->mode == MQ_STS_MODE_ENFORCE)
			finding->severity = MQ_SEVERITY_HIGH;
		mq_finding_detail(finding, policy->mode == MQ_STS_MODE_ENFORCE
		                  ? "The MX host %s is not in the MTA-STS policy: senders that honour it do not deliver there."
		                  : "The MX host %s is not in the MTA-STS policy: in mode enforce, no mail would be delivered there.",
		                  mx->host);
		say_policy(finding, facts, mq_sts_mode_word(policy->mode));
		mq_finding_fix(finding, "add 'mx: %s' to the policy file, then change the id in the record", mx->host);
	}
}

static void
find_sts_invalid(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	g_autofree char *name = g_strconcat("_mta-sts.", facts->domain, NULL);
	g_autofree char *problem = NULL;
	MqFinding *finding;

	if (facts->sts.txt.state != MQ_FACT_PRESENT)
		return;
	problem = sts_problem(facts);
	if (problem != NULL) {
		finding = mq_findings_add(out, kind, name);
		mq_finding_detail(finding, "MTA-STS is announced and does not work, so senders do as if there were none: %s.", problem);
		mq_finding_evidence(finding, "%s", facts->sts.txt.text);
		if (facts->sts.txt.problem != NULL) {
			mq_finding_fix(finding, "publish one record, and this one");
			mq_finding_record(finding, name, "TXT", fresh_record(facts));
		} else {
			mq_finding_fix(finding, "mend the policy file, then change the id in the record");
			say_policy(finding, facts, "testing");
		}
	} else if (facts->sts.fetched == MQ_FACT_UNANSWERED) {
		mq_findings_unknown(out, kind, name, facts->sts.fetch_problem);
	}
	find_sts_mx(kind, facts, out);
}

static void
find_sts_testing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqStsPolicy *policy = facts->sts.policy;
	MqFinding *finding;

	if (facts->sts.txt.problem != NULL || policy == NULL || policy->problem != NULL || policy->mode == MQ_STS_MODE_ENFORCE)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, policy->mode == MQ_STS_MODE_TESTING
	                  ? "Senders report what would fail and deliver without protection all the same."
	                  : "mode none takes MTA-STS back: senders deliver without protection.");
	mq_finding_evidence(finding, "mode: %s", mq_sts_mode_word(policy->mode));
	mq_finding_fix(finding, "when the TLS reports are clean, set mode: enforce in the policy file, then change the id in the record");
}

static void
find_tlsrpt_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	g_autofree char *name = g_strconcat("_smtp._tls.", facts->domain, NULL);
	MqFinding *finding;

	if (facts->tlsrpt.txt.state == MQ_FACT_UNANSWERED) {
		mq_findings_unknown(out, kind, name, facts->tlsrpt.txt.why);
		return;
	}
	if (facts->tlsrpt.txt.state == MQ_FACT_PRESENT || !takes_mail(facts))
		return;
	finding = mq_findings_add(out, kind, name);
	mq_finding_detail(finding, "Senders that cannot reach the domain over TLS have nowhere to report it.");
	mq_finding_evidence(finding, "%s TXT: none that begins with v=TLSRPTv1", name);
	mq_finding_fix(finding, "publish a record with an address that exists");
	mq_finding_record(finding, name, "TXT", g_strdup_printf("v=TLSRPTv1; rua=mailto:tls-reports@%s", facts->domain));
}

static void
find_tlsrpt_invalid(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	g_autofree char *name = g_strconcat("_smtp._tls.", facts->domain, NULL);
	const MqTlsrptRecord *record = facts->tlsrpt.record;
	g_autoptr(GString) rua = g_string_new(NULL);
	MqFinding *finding;

	if (facts->tlsrpt.txt.problem == NULL)
		return;
	for (guint i = 0; record != NULL && i < record->rua->len; i++)
		g_string_append_printf(rua, "%s%s", i > 0 ? "," : "", (const char *)g_ptr_array_index(record->rua, i));
	if (rua->len == 0)
		g_string_append_printf(rua, "mailto:tls-reports@%s", facts->domain);
	finding = mq_findings_add(out, kind, name);
	mq_finding_detail(finding, "No sender can use the TLS-RPT record: %s.", facts->tlsrpt.txt.problem);
	mq_finding_evidence(finding, "%s", facts->tlsrpt.txt.text);
	mq_finding_fix(finding, "publish one record, and this one");
	mq_finding_record(finding, name, "TXT", g_strdup_printf("v=TLSRPTv1; rua=%s", rua->str));
}

static char *
praise(const MqFacts *facts)
{
	if (facts->sts.policy == NULL || facts->tlsrpt.txt.state != MQ_FACT_PRESENT)
		return NULL;
	return g_strdup("MTA-STS is enforced, and TLS reports have somewhere to go.");
}

static const MqFindingKind kinds[] = {
	{ "mta-sts-missing", MQ_SEVERITY_LOW, "No MTA-STS", "RFC 8461 section 3.1", find_sts_missing },
	{ "mta-sts-invalid", MQ_SEVERITY_MEDIUM, "MTA-STS does not work", "RFC 8461 section 3", find_sts_invalid },
	{ "mta-sts-testing", MQ_SEVERITY_LOW, "MTA-STS protects nothing yet", "RFC 8461 section 5", find_sts_testing },
	{ "tlsrpt-missing", MQ_SEVERITY_LOW, "No TLS reports", "RFC 8460 section 3", find_tlsrpt_missing },
	{ "tlsrpt-invalid", MQ_SEVERITY_MEDIUM, "The TLS-RPT record has errors", "RFC 8460 section 3", find_tlsrpt_invalid },
};

const MqCheck mq_check_tls = {
	.family = "tls", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "tls-ok", .ok_title = "Mail comes in encrypted", .praise = praise,
};
