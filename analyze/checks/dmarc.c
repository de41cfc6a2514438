/* The DMARC policy: whether there is one, what it is worth, what it says that nobody reads. */
#include "analyze/checks.h"

#include <string.h>

static const char *
policy_word(MqPolicy policy)
{
	return policy == MQ_POLICY_ABSENT ? "no policy" : mq_word(&mq_words_policy, policy);
}

static char *
dmarc_name(const char *domain)
{
	return g_strconcat("_dmarc.", domain, NULL);
}

/* Findings on the record itself are made where it is published, or where it is inherited. */
static const MqDmarcRecord *
applied(const MqFacts *facts)
{
	return mq_facts_under_registry(facts) ? NULL : facts->dmarc.walk.record;
}

static void
propose(MqFinding *finding, const MqFacts *facts, const MqDmarcChange *changes, gsize n)
{
	const MqDiscovery *walk = &facts->dmarc.walk;
	g_autofree char *name = dmarc_name(walk->policy_domain != NULL ? walk->policy_domain : facts->domain);

	mq_finding_record(finding, name, "TXT",
	                  mq_dmarc_record_propose(walk->record != NULL ? walk->record->text : NULL, changes, n));
}

/* Where reports about a domain that has no address for them yet might go. */
static char *
report_address(const MqFacts *facts)
{
	return g_strconcat("mailto:dmarc-reports@", facts->domain, NULL);
}

static void
propose_first_record(MqFinding *finding, const MqFacts *facts, const char *name)
{
	g_autofree char *rua = report_address(facts);
	const MqDmarcChange first[] = { { "p", "none" }, { "rua", rua } };

	if (mq_facts_parked(facts)) {
		mq_finding_fix(finding, "the domain sends no mail, so lock it down at once: publish p=reject");
		mq_finding_record(finding, name, "TXT", mq_parked_dmarc(NULL));
	} else {
		mq_finding_fix(finding, "publish p=none with an address for reports, read them, then enforce (the address must "
		               "exist)");
		mq_finding_record(finding, name, "TXT", mq_dmarc_record_propose(NULL, first, G_N_ELEMENTS(first)));
	}
}

static void
find_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDiscovery *walk = &facts->dmarc.walk;
	g_autofree char *name = dmarc_name(facts->domain);
	MqFinding *finding;

	if (walk->state == MQ_DISCOVERY_UNKNOWN) {
		mq_findings_unknown(out, kind, name, walk->why);
		return;
	}
	if ((walk->state == MQ_DISCOVERY_RECORD && !mq_facts_under_registry(facts)) || facts->dmarc.at->records->len > 1)
		return;
	finding = mq_findings_add(out, kind, name);
	if (walk->state == MQ_DISCOVERY_RECORD) {
		finding->severity = MQ_SEVERITY_MEDIUM;
		mq_finding_detail(finding, "Only the registry's record at %s applies, which is not %s's own: nobody tells its owner "
		                  "who sends as it.", walk->policy_domain, facts->domain);
		mq_finding_evidence(finding, "_dmarc.%s: %s", walk->policy_domain, walk->record->text);
	} else {
		mq_finding_detail(finding, "Anybody can send as %s, and nobody tells its owner: no DMARC record applies to it.",
		                  facts->domain);
	}
	mq_finding_evidence(finding, "%s TXT: none that begins with v=DMARC1", name);
	for (guint i = 0; i < facts->dmarc.at->others->len; i++)
		mq_finding_evidence(finding, "no DMARC record: %s", (const char *)g_ptr_array_index(facts->dmarc.at->others, i));
	for (guint i = 0; i < facts->spf.stray->len; i++) {
		const char *text = g_ptr_array_index(facts->spf.stray, i);

		if (g_ascii_strncasecmp(text, "v=dmarc1", 8) == 0)
			mq_finding_evidence(finding, "at %s, where nobody looks for it: %s", facts->domain, text);
	}
	propose_first_record(finding, facts, name);
}

/* The usable addresses of all records, each once. */
static char *
all_addresses(const GPtrArray *records, gboolean failures)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint r = 0; r < records->len; r++) {
		const MqDmarcRecord *record = g_ptr_array_index(records, r);
		const GPtrArray *uris = failures ? record->ruf : record->rua;

		for (guint u = 0; u < uris->len; u++) {
			const MqReportUri *uri = g_ptr_array_index(uris, u);

			if (uri->problem == NULL && g_hash_table_add(seen, uri->text))
				g_string_append_printf(out, "%s%s", out->len > 0 ? "," : "", uri->text);
		}
	}
	return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

static MqPolicy
weakest(const GPtrArray *records, MqDmarcWhom whom)
{
	MqPolicy least = MQ_POLICY_REJECT;

	for (guint r = 0; r < records->len; r++) {
		MqPolicy policy = mq_dmarc_record_policy(g_ptr_array_index(records, r), whom);

		least = MIN(least, MAX(policy, MQ_POLICY_NONE));
	}
	return least;
}

/* Nothing of them applies today; the weakest policy is the one that breaks nothing. */
static char *
merged(const GPtrArray *records)
{
	const MqDmarcRecord *first = g_ptr_array_index(records, 0);
	g_autofree char *rua = all_addresses(records, FALSE);
	g_autofree char *ruf = all_addresses(records, TRUE);
	MqPolicy self = weakest(records, MQ_DMARC_SELF);
	MqPolicy below = weakest(records, MQ_DMARC_SUBDOMAIN);
	MqPolicy nonexistent = weakest(records, MQ_DMARC_NONEXISTENT);
	const MqDmarcChange changes[] = {
		{ "p", mq_word(&mq_words_policy, self) },
		{ "sp", below != self ? mq_word(&mq_words_policy, below) : NULL },
		{ "np", nonexistent != below ? mq_word(&mq_words_policy, nonexistent) : NULL },
		{ "rua", rua },
		{ "ruf", ruf },
	};

	return mq_dmarc_record_propose(first->text, changes, G_N_ELEMENTS(changes));
}

static void
find_multiple(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const GPtrArray *records = facts->dmarc.at->records;
	g_autofree char *name = dmarc_name(facts->domain);
	MqFinding *finding;

	if (records->len < 2)
		return;
	finding = mq_findings_add(out, kind, name);
	mq_finding_detail(finding, "There are %u DMARC records. Receivers then use none of them: %s.", records->len,
	                  facts->dmarc.walk.state == MQ_DISCOVERY_RECORD ? "newer ones take a parent's, older ones apply no policy"
	                                                                 : "no policy applies");
	for (guint i = 0; i < records->len; i++)
		mq_finding_evidence(finding, "%s", ((const MqDmarcRecord *)g_ptr_array_index(records, i))->text);
	mq_finding_fix(finding, "keep one record; this one has the addresses of all and the weakest policy of them");
	mq_finding_record(finding, name, "TXT", mq_facts_parked(facts) ? mq_parked_dmarc(NULL) : merged(records));
}

static void
find_invalid(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDiscovery *walk = &facts->dmarc.walk;
	const MqDmarcRecord *record = applied(facts);
	g_autofree char *name = NULL;
	MqFinding *finding;
	MqPolicy policy;

	if (record == NULL || (record->oddities->len == 0 && record->p != MQ_POLICY_ABSENT))
		return;
	name = dmarc_name(walk->policy_domain);
	policy = mq_dmarc_record_policy(record, MQ_DMARC_SELF);
	finding = mq_findings_add(out, kind, name);
	if (policy == MQ_POLICY_ABSENT)
		mq_finding_detail(finding, "The record has no valid policy and no usable rua, so it has no effect at all.");
	else if (policy != record->p)
		mq_finding_detail(finding, "A policy in the record is missing or misspelt, so receivers act as if it said p=none.");
	else
		mq_finding_detail(finding, "Receivers read part of the record otherwise than it is meant, or not at all.");
	if (policy == record->p) /* the policy stands; the rest is a nuisance */
		finding->severity = MQ_SEVERITY_LOW;
	mq_finding_evidence(finding, "%s", record->text);
	for (guint i = 0; i < record->oddities->len; i++)
		mq_finding_evidence(finding, "%s", (const char *)g_ptr_array_index(record->oddities, i));
	mq_finding_fix(finding, "publish the record without what cannot be read");
	propose(finding, facts, NULL, 0);
}

static void
find_monitoring(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDiscovery *walk = &facts->dmarc.walk;
	const MqDmarcRecord *record = applied(facts);
	static const MqDmarcChange next[] = { { "p", "quarantine" }, { "t", NULL } };
	g_autofree char *name = NULL;
	MqFinding *finding;

	if (record == NULL || mq_dmarc_record_policy(record, walk->whom) > MQ_POLICY_NONE)
		return;
	name = dmarc_name(walk->policy_domain);
	finding = mq_findings_add(out, kind, name);
	mq_finding_evidence(finding, "%s", record->text);
	if (mq_facts_parked(facts)) {
		finding->severity = MQ_SEVERITY_HIGH;
		mq_finding_detail(finding, "The domain sends no mail, yet its policy lets mail that claims to be from it through.");
		mq_finding_fix(finding, "there is nothing to wait for: publish p=reject");
		mq_finding_record(finding, name, "TXT", mq_parked_dmarc(record->text));
		return;
	}
	if (!mq_report_uris_usable(record->rua)) {
		finding->severity = MQ_SEVERITY_HIGH;
		mq_finding_detail(finding, "p=none asks receivers to do nothing but report, and there is no address to report to: "
		                  "the record has no effect.");
		mq_finding_fix(finding, "add an address for reports (rua) first, then enforce step by step");
		return;
	}
	mq_finding_detail(finding, "p=none watches and stops nothing: mail that fails is delivered like any other. It is the right "
	                  "beginning, and has outlived its use once the reports show that the domain's own mail passes.");
	mq_finding_fix(finding, "when 'marque advise %s' finds the gates met, publish p=quarantine", facts->domain);
	if (walk->whom == MQ_DMARC_SELF)
		propose(finding, facts, next, G_N_ELEMENTS(next));
}

static void
find_subdomain_weaker(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDmarcRecord *record = applied(facts);
	static const MqDmarcChange without[] = { { "sp", NULL }, { "np", NULL } };
	MqPolicy self, below, nonexistent;
	MqFinding *finding;

	/* below the organization's name receivers ignore sp and np (RFC 9989 section 4.8) */
	if (record == NULL || g_strcmp0(facts->dmarc.walk.policy_domain, facts->dmarc.walk.organizational_domain) != 0)
		return;
	self = mq_dmarc_record_policy(record, MQ_DMARC_SELF);
	below = mq_dmarc_record_policy(record, MQ_DMARC_SUBDOMAIN);
	nonexistent = mq_dmarc_record_policy(record, MQ_DMARC_NONEXISTENT);
	if (below >= self && nonexistent >= self)
		return;
	finding = mq_findings_add(out, kind, facts->dmarc.walk.policy_domain);
	mq_finding_detail(finding, "%s itself is at %s, its subdomains at %s and names that do not exist at %s: whoever forges "
	                  "takes a subdomain.", facts->dmarc.walk.policy_domain, policy_word(self), policy_word(below),
	                  policy_word(nonexistent));
	mq_finding_evidence(finding, "%s", record->text);
	mq_finding_fix(finding, "drop sp and np, so that subdomains fall under p, once the subdomains' own mail passes");
	propose(finding, facts, without, G_N_ELEMENTS(without));
}

static void
find_obsolete(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDmarcRecord *record = applied(facts);
	g_autoptr(GString) names = g_string_new(NULL);
	MqFinding *finding;

	if (record == NULL || record->obsolete->len == 0)
		return;
	for (guint i = 0; i < record->obsolete->len; i++) {
		const char *name = g_ptr_array_index(record->obsolete, i);

		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", strcmp(name, "!") == 0 ? "a size limit after '!'" : name);
	}
	finding = mq_findings_add(out, kind, facts->dmarc.walk.policy_domain);
	mq_finding_detail(finding, "The record uses %s, which the standard dropped in 2026.", names->str);
	if (record->pct >= 0 && record->pct < 100 && mq_dmarc_record_policy(record, MQ_DMARC_SELF) > MQ_POLICY_NONE) {
		finding->severity = MQ_SEVERITY_MEDIUM;
		mq_finding_detail(finding, "The record uses %s, which the standard dropped in 2026. With pct=%d older receivers apply the "
		                  "policy to part of the mail, newer ones to all of it.", names->str, record->pct);
	}
	mq_finding_evidence(finding, "%s", record->text);
	mq_finding_fix(finding, record->pct == 0 ? "publish the record without it; t=y is what pct=0 was used for"
	                                         : "publish the record without it");
	propose(finding, facts, NULL, 0);
}

static void
find_testing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDmarcRecord *record = applied(facts);
	static const MqDmarcChange without[] = { { "t", NULL } };
	MqFinding *finding;

	if (record == NULL || record->t != MQ_YES_YES)
		return;
	finding = mq_findings_add(out, kind, facts->dmarc.walk.policy_domain);
	mq_finding_detail(finding, "t=y asks receivers for one step less than p says: %s is treated as %s.",
	                  policy_word(mq_dmarc_record_policy(record, MQ_DMARC_SELF)),
	                  policy_word(mq_dmarc_record_treatment(record, MQ_DMARC_SELF)));
	if (mq_dmarc_record_policy(record, MQ_DMARC_SELF) <= MQ_POLICY_NONE)
		finding->severity = MQ_SEVERITY_INFO;
	mq_finding_evidence(finding, "%s", record->text);
	mq_finding_fix(finding, "when the reports show that the domain's own mail passes, take t=y out");
	propose(finding, facts, without, G_N_ELEMENTS(without));
}

/* A registry's record tells receivers that its owner's subdomains are other people's. */
static void
find_psd(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDmarcRecord *record = applied(facts);
	static const MqDmarcChange without[] = { { "psd", NULL } };
	g_autofree char *below = NULL;
	g_autofree char *registered = NULL;
	MqFinding *finding;

	if (record == NULL || record->psd != MQ_PSD_YES)
		return;
	below = g_strconcat("a.", facts->dmarc.walk.policy_domain, NULL);
	registered = mq_discovery_organization_suffix(below);
	if (strcmp(registered, below) == 0)
		return; /* a registry indeed: it is a public suffix */
	finding = mq_findings_add(out, kind, facts->dmarc.walk.policy_domain);
	mq_finding_detail(finding, "psd=y says that the domain is a registry under which others have their domains: receivers then "
	                  "align nothing of a subdomain with it.");
	mq_finding_evidence(finding, "%s", record->text);
	mq_finding_fix(finding, "publish the record without psd=y");
	propose(finding, facts, without, G_N_ELEMENTS(without));
}

static const char *
said(const char *name)
{
	return name != NULL ? name : "none";
}

static void
find_disagreement(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDiscovery *walk = &facts->dmarc.walk;
	const MqDiscovery *suffix = &facts->dmarc.suffix;
	MqFinding *finding;
	gboolean policy, organization;

	if (walk->state == MQ_DISCOVERY_UNKNOWN || suffix->state == MQ_DISCOVERY_UNKNOWN || walk->organizational_domain == NULL)
		return;
	policy = g_strcmp0(walk->policy_domain, suffix->policy_domain) != 0;
	/* without a record anywhere the walk has nothing to say about organizations */
	organization = walk->state == MQ_DISCOVERY_RECORD
	               && strcmp(walk->organizational_domain, suffix->organizational_domain) != 0;
	if (!policy && !organization)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	if (policy)
		finding->severity = MQ_SEVERITY_MEDIUM;
	mq_finding_detail(finding, "Receivers of the new standard walk the DNS tree, older ones use the public suffix list, and "
	                  "they come to different ends: the policy is %s or %s, the organization %s or %s.",
	                  said(walk->policy_domain), said(suffix->policy_domain), walk->organizational_domain,
	                  suffix->organizational_domain);
	mq_finding_evidence(finding, "RFC 9989: policy of %s, organization %s", said(walk->policy_domain),
	                    walk->organizational_domain);
	mq_finding_evidence(finding, "RFC 7489: policy of %s, organization %s", said(suffix->policy_domain),
	                    suffix->organizational_domain);
	mq_finding_fix(finding, "publish a DMARC record at %s itself%s", facts->domain,
	               organization ? "; psd=n in the record of an organizational domain settles it for new receivers" : "");
}

static void
find_domain_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqFinding *finding;

	if (facts->exists == MQ_FACT_UNANSWERED)
		mq_findings_unknown(out, kind, facts->domain, facts->mx.why);
	if (facts->exists != MQ_FACT_ABSENT)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, "DNS says that %s does not exist. If it should, nothing of its mail can work.", facts->domain);
	mq_finding_evidence(finding, "%s: no such name", facts->domain);
	mq_finding_fix(finding, "check the spelling, the registration and the delegation of the domain");
}

static char *
praise(const MqFacts *facts)
{
	const MqDmarcRecord *record = applied(facts);

	if (record == NULL)
		return NULL;
	return g_strdup_printf("p=%s from %s.", policy_word(mq_dmarc_record_policy(record, MQ_DMARC_SELF)),
	                       facts->dmarc.walk.policy_domain);
}

static const MqFindingKind kinds[] = {
	{ "domain-missing", MQ_SEVERITY_HIGH, "The domain does not exist", "RFC 8020", find_domain_missing },
	{ "dmarc-missing", MQ_SEVERITY_HIGH, "No DMARC record", "RFC 9989 section 4.10", find_missing },
	{ "dmarc-multiple", MQ_SEVERITY_HIGH, "Several DMARC records", "RFC 9989 section 4.10", find_multiple },
	{ "dmarc-invalid", MQ_SEVERITY_HIGH, "The DMARC record has errors", "RFC 9989 section 4.8", find_invalid },
	{ "dmarc-monitoring-only", MQ_SEVERITY_MEDIUM, "DMARC only watches", "RFC 9989 section 5.1", find_monitoring },
	{ "dmarc-subdomain-weaker", MQ_SEVERITY_MEDIUM, "Subdomains are protected less", "RFC 9989 section 4.8",
	  find_subdomain_weaker },
	{ "dmarc-obsolete-tag", MQ_SEVERITY_LOW, "Obsolete DMARC tags", "RFC 9989 appendix C", find_obsolete },
	{ "dmarc-testing", MQ_SEVERITY_MEDIUM, "DMARC is in test mode", "RFC 9989 section 4.8", find_testing },
	{ "dmarc-psd", MQ_SEVERITY_MEDIUM, "The DMARC record says it is a registry's", "RFC 9989 section 4.8", find_psd },
	{ "dmarc-discovery-differs", MQ_SEVERITY_LOW, "Old and new receivers find different policies",
	  "RFC 9989 section 4.10, RFC 7489 section 3.2", find_disagreement },
};

const MqCheck mq_check_dmarc = {
	.family = "dmarc", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "dmarc-ok", .ok_title = "DMARC is enforced", .praise = praise,
};
