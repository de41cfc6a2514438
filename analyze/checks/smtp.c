/* What a conversation with the domain's exchangers showed; only when it was asked for (--probe). */
#include "analyze/checks.h"

#define EXPIRES_SOON_S (21 * MQ_DAY_S) /* who renews 30 days ahead has missed it by then */

typedef void (*FindHost)(const MqFindingKind *kind, const MqFacts *facts, const MqMxFact *mx, MqFindings *out);

static void
each_probe(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out, FindHost find)
{
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);

		if (mx->probe != NULL)
			find(kind, facts, mx, out);
	}
}

static void
relay_at(const MqFindingKind *kind, const MqFacts *facts, const MqMxFact *mx, MqFindings *out)
{
	MqFinding *finding;

	(void)facts;
	if (mx->probe->relay == MQ_PROBE_UNKNOWN && mx->probe->reached == MQ_PROBE_YES)
		mq_findings_unknown(out, kind, mx->host, mx->probe->failure);
	if (mx->probe->relay != MQ_PROBE_YES)
		return;
	finding = mq_findings_add(out, kind, mx->host);
	mq_finding_detail(finding, "%s takes mail from strangers for strangers. Spammers find such a host within hours, and it ends "
	                  "up on every blocklist.", mx->host);
	mq_finding_evidence(finding, "to a recipient of another domain it said: %s", mx->probe->relay_reply);
	mq_finding_fix(finding, "relay only for your own networks and for users who have logged in (Postfix: "
	               "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination)");
}

static void
find_relay(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	each_probe(kind, facts, out, relay_at);
}

static void
starttls_at(const MqFindingKind *kind, const MqFacts *facts, const MqMxFact *mx, MqFindings *out)
{
	MqFinding *finding;

	(void)facts;
	if (mx->probe->starttls != MQ_PROBE_NO)
		return;
	finding = mq_findings_add(out, kind, mx->host);
	mq_finding_detail(finding, "%s does not offer STARTTLS: mail reaches it in the clear, and some senders do not deliver at all.",
	                  mx->host);
	mq_finding_evidence(finding, "%s answers EHLO without STARTTLS", mx->probe->address);
	mq_finding_fix(finding, "give the host a certificate for %s and switch TLS on (Postfix: smtpd_tls_chain_files, "
	               "smtpd_tls_security_level = may)", mx->host);
}

static void
find_starttls(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	each_probe(kind, facts, out, starttls_at);
}

static void
certificate_at(const MqFindingKind *kind, const MqFacts *facts, const MqMxFact *mx, MqFindings *out)
{
	const MqStsPolicy *policy = facts->sts.policy;
	gboolean enforced = policy != NULL && policy->problem == NULL && policy->mode == MQ_STS_MODE_ENFORCE;
	MqFinding *finding;

	if (mx->probe->tls != MQ_PROBE_NO && mx->probe->certificate != MQ_PROBE_NO)
		return;
	finding = mq_findings_add(out, kind, mx->host);
	if (enforced)
		finding->severity = MQ_SEVERITY_HIGH;
	mq_finding_detail(finding, enforced ? "The certificate of %s does not stand (%s), and the domain's MTA-STS policy demands one "
	                                      "that does: senders that honour it do not deliver."
	                                    : "The certificate of %s does not stand: %s. Most senders encrypt all the same; whoever sits "
	                                      "between can replace it.",
	                  mx->host, mx->probe->certificate_problem != NULL ? mx->probe->certificate_problem : "the TLS handshake fails");
	if (mx->probe->issuer != NULL)
		mq_finding_evidence(finding, "issued by %s", mx->probe->issuer);
	mq_finding_fix(finding, "install a certificate for the name %s from an authority that is publicly trusted, with its chain",
	               mx->host);
}

static void
find_certificate(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	each_probe(kind, facts, out, certificate_at);
}

static void
expiring_at(const MqFindingKind *kind, const MqFacts *facts, const MqMxFact *mx, MqFindings *out)
{
	g_autofree char *date = mq_when_to_date(mx->probe->expires_s);
	gint64 left_s;
	MqFinding *finding;

	if (mx->probe->certificate != MQ_PROBE_YES || date == NULL) /* an absent time has no date */
		return;
	left_s = mx->probe->expires_s - facts->now_s;
	if (left_s > EXPIRES_SOON_S)
		return;
	finding = mq_findings_add(out, kind, mx->host);
	mq_finding_detail(finding, "The certificate of %s ends on %s, in %" G_GINT64_FORMAT " days.", mx->host, date,
	                  left_s / MQ_DAY_S);
	mq_finding_fix(finding, "renew it now, and see why it was not renewed by itself");
}

static void
find_expiring(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	each_probe(kind, facts, out, expiring_at);
}

static void
unreachable_at(const MqFindingKind *kind, const MqFacts *facts, const MqMxFact *mx, MqFindings *out)
{
	MqFinding *finding;

	(void)facts;
	if (mx->probe->reached == MQ_PROBE_YES)
		return;
	finding = mq_findings_add(out, kind, mx->host);
	mq_finding_detail(finding, "%s could not be talked to from here: %s. Many networks block port 25 on the way out, so try from "
	                  "a server as well.", mx->host, mx->probe->failure != NULL ? mx->probe->failure : "no answer");
	if (mx->probe->address != NULL)
		mq_finding_evidence(finding, "tried %s", mx->probe->address);
	mq_finding_fix(finding, "see that the host runs and that port 25 is open to everybody");
}

static void
find_unreachable(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	each_probe(kind, facts, out, unreachable_at);
	for (guint i = 0; facts->probed && i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);

		if (mx->probe == NULL)
			mq_findings_unknown(out, kind, mx->host, mx->probe_why != NULL ? mx->probe_why : mx->why);
	}
}

static char *
praise(const MqFacts *facts)
{
	return facts->probed && facts->mx.hosts->len > 0
	               ? g_strdup_printf("%u hosts talked to: no open relay, TLS with certificates that stand.", facts->mx.hosts->len)
	               : NULL;
}

static const MqFindingKind kinds[] = {
	{ "smtp-open-relay", MQ_SEVERITY_CRITICAL, "An open relay", "RFC 5321 section 7.9, RFC 2505 section 2.1", find_relay },
	{ "smtp-starttls-missing", MQ_SEVERITY_MEDIUM, "No STARTTLS", "RFC 3207, RFC 7672 section 1.3", find_starttls },
	{ "smtp-certificate-invalid", MQ_SEVERITY_MEDIUM, "The certificate does not stand", "RFC 8461 section 4.2", find_certificate },
	{ "smtp-certificate-expiring", MQ_SEVERITY_MEDIUM, "The certificate ends soon", "RFC 5280 section 4.1.2.5", find_expiring },
	{ "smtp-unreachable", MQ_SEVERITY_MEDIUM, "An MX host does not answer", "RFC 5321 section 5.1", find_unreachable },
};

const MqCheck mq_check_smtp = {
	.family = "smtp", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "smtp-ok", .ok_title = "The mail hosts are well set up", .praise = praise,
};
