/* Where mail for the domain goes: MX records, their hosts, and domains that take no mail. */
#include "analyze/checks.h"

#include <string.h>

#include "analyze/alignment.h"
#include "ingest/domain.h"

/* Domains that hold the exchangers of well-known providers: what people mistype. */
static const char *const providers[] = {
	"google.com",        "googlemail.com",  "outlook.com",      "yahoodns.net",     "pphosted.com",
	"ppe-hosted.com",    "mimecast.com",    "zoho.com",         "zoho.eu",          "zohomail.com",
	"messagingengine.com", "fastmail.com",  "icloud.com",       "protonmail.ch",    "mail.ru",
	"yandex.net",        "yandex.ru",       "amazonaws.com",    "secureserver.net", "gandi.net",
	"kundenserver.de",   "hostedemail.com", "mailgun.org",      "sendgrid.net",     "barracudanetworks.com",
	"iphmx.com",         "messagelabs.com", "trendmicro.com",   "sophos.com",       "migadu.com",
	"mailbox.org",       "tutanota.de",     "emailsrvr.com",    "mxhichina.com",    "hostinger.com",
	"registrar-servers.com", "forwardemail.net", "improvmx.com", "hornetsecurity.com", "antispameurope.com",
	"retarus.com",       "startmail.com",   "runbox.com",       "dreamhost.com",    "ionos.com",
	"privateemail.com",  "infomaniak.ch",   "rackspace.com",    "cloudflare.net",   "exclaimer.net",
};

#define SHORT_LABEL 6 /* one letter more or less makes another honest word: "mail", "email" */

/* One letter changed, left out, put in, or two neighbours swapped. */
static gboolean
one_slip(const char *a, const char *b)
{
	gsize n = strlen(a), m = strlen(b), head = 0, tail = 0;

	while (a[head] != '\0' && a[head] == b[head])
		head++;
	while (tail < MIN(n, m) - head && a[n - 1 - tail] == b[m - 1 - tail])
		tail++;
	n -= head + tail;
	m -= head + tail;
	return (n == 1 && m <= 1) || (n == 0 && m == 1)
	       || (n == 2 && m == 2 && a[head] == b[head + 1] && a[head + 1] == b[head]);
}

/* The provider whose name @registrable is a slip of, or NULL. */
static const char *
lookalike_of(const char *registrable)
{
	const char *near = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(providers); i++) {
		gboolean is_short = strcspn(providers[i], ".") < SHORT_LABEL;

		if (strcmp(providers[i], registrable) == 0)
			return NULL;
		if (one_slip(providers[i], registrable) && (!is_short || strlen(providers[i]) == strlen(registrable)))
			near = providers[i];
	}
	return near;
}

/* The host that was meant: with the provider's own name; or without the zone's, which a missing final
 * dot appended. NULL when nothing looks wrong. (transfer full) */
static char *
host_meant(const char *host, const char *domain)
{
	g_autofree char *registrable = mq_discovery_organization_suffix(host);
	const char *provider = lookalike_of(registrable);
	g_autofree char *bare = NULL;

	if (provider != NULL && strlen(host) >= strlen(registrable))
		return g_strdup_printf("%.*s%s", (int)(strlen(host) - strlen(registrable)), host, provider);
	if (!mq_domain_is_within(host, domain) || strcmp(host, domain) == 0)
		return NULL;
	bare = g_strndup(host, strlen(host) - strlen(domain) - 1);
	for (gsize i = 0; i < G_N_ELEMENTS(providers); i++)
		if (mq_domain_is_within(bare, providers[i]))
			return g_steal_pointer(&bare);
	return NULL;
}

static void
find_lookalike(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);
		g_autofree char *meant = host_meant(mx->host, facts->domain);
		MqFinding *finding;

		if (meant == NULL)
			continue;
		finding = mq_findings_add(out, kind, mx->host);
		mq_finding_detail(finding, "%s is one slip away from %s. Whoever holds the name gets the domain's mail.", mx->host,
		                  meant);
		mq_finding_evidence(finding, "MX %u %s", mx->preference, mx->host);
		mq_finding_fix(finding, "if %s was meant, correct the MX record (in a zone file a name ends in a dot)", meant);
		mq_finding_record(finding, facts->domain, "MX", g_strdup_printf("%u %s.", mx->preference, meant));
	}
}

static void
find_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqFinding *finding = mq_findings_missing(out, kind, facts, facts->mx.state, facts->mx.why);

	if (finding == NULL)
		return;
	mq_finding_evidence(finding, "%s: no MX record", facts->domain);
	if (mq_facts_parked(facts)) {
		finding->severity = MQ_SEVERITY_LOW;
		mq_finding_detail(finding, "The domain sends no mail; say that it takes none, so that nobody tries for days.");
		mq_finding_fix(finding, "publish a null MX");
		mq_finding_record(finding, facts->domain, "MX", g_strdup("0 ."));
	} else if (facts->mx.address == MQ_FACT_PRESENT) {
		mq_finding_detail(finding, "Without MX, senders fall back to the address (A, AAAA) of %s itself, which is often a web "
		                  "server: mail is lost or lies where nobody reads it.", facts->domain);
		mq_finding_evidence(finding, "%s has an address", facts->domain);
		mq_finding_fix(finding, "name the hosts that take the domain's mail (the record says what happens today), or publish "
		               "'0 .' if it takes none");
		mq_finding_record(finding, facts->domain, "MX", g_strdup_printf("10 %s.", facts->domain));
	} else {
		mq_finding_detail(finding, "There is neither MX nor address, so nobody can answer mail of this domain, bounces "
		                  "included; many receivers refuse mail from such a domain.");
		mq_finding_fix(finding, "name the hosts that take the domain's mail; publish '0 .' only if it neither takes nor sends any");
		mq_finding_record(finding, facts->domain, "MX", g_strdup("0 ."));
	}
}

static void
find_unresolvable(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);
		MqAddress literal;
		MqFinding *finding;

		if (mq_address_parse(mx->host, &literal))
			continue; /* said by mx-address */
		if (mx->state == MQ_FACT_UNANSWERED)
			mq_findings_unknown(out, kind, mx->host, mx->why);
		if (mx->state != MQ_FACT_ABSENT)
			continue;
		finding = mq_findings_add(out, kind, mx->host);
		mq_finding_detail(finding, "%s%s, so no mail can go there.", mx->host,
		                  mx->no_name ? " does not exist" : " has no address");
		if (mx->no_name && !mq_domain_is_within(mx->host, facts->domain)) {
			g_autofree char *holder = mq_discovery_organization_suffix(mx->host);

			mq_finding_evidence(finding, "it is under %s: if nobody has registered that name, whoever does gets the mail",
			                    holder);
		}
		mq_finding_evidence(finding, "MX %u %s", mx->preference, mx->host);
		mq_finding_fix(finding, "correct the host's name, give it an address, or take the MX record out");
	}
}

static void
find_cname(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);
		MqFinding *finding;

		if (mx->alias == NULL)
			continue;
		finding = mq_findings_add(out, kind, mx->host);
		mq_finding_detail(finding, "%s is an alias (CNAME) of %s. An MX must name a host; some senders refuse this one.", mx->host,
		                  mx->alias);
		mq_finding_evidence(finding, "%s MX %u %s", facts->domain, mx->preference, mx->host);
		mq_finding_evidence(finding, "%s CNAME %s", mx->host, mx->alias);
		mq_finding_fix(finding, "name %s in the MX record itself", mx->alias);
		if (mx->state == MQ_FACT_PRESENT)
			mq_finding_record(finding, facts->domain, "MX", g_strdup_printf("%u %s.", mx->preference, mx->alias));
	}
}

static void
find_address(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);
		MqAddress literal;
		MqFinding *finding;

		if (mq_address_parse(mx->host, &literal)) {
			finding = mq_findings_add(out, kind, mx->host);
			mq_finding_detail(finding, "The MX record has an IP address where a host's name belongs; senders look it up as a "
			                  "name and find nothing.");
			mq_finding_evidence(finding, "MX %u %s", mx->preference, mx->host);
			mq_finding_fix(finding, "give the host a name with that address, and name it in the MX record");
		}
		for (guint a = 0; a < mx->addresses->len; a++) {
			const MqAddressFact *fact = g_ptr_array_index(mx->addresses, a);
			g_autofree char *text = mq_address_to_text(&fact->address);
			const char *what = mq_checks_unreachable(&fact->address);

			if (what == NULL)
				continue;
			finding = mq_findings_add(out, kind, mx->host);
			mq_finding_detail(finding, "%s has the address %s, which is %s: no sender on the internet reaches it.", mx->host,
			                  text, what);
			mq_finding_evidence(finding, "%s MX %u %s", facts->domain, mx->preference, mx->host);
			mq_finding_evidence(finding, "%s %s %s", mx->host, fact->address.n_bytes == 4 ? "A" : "AAAA", text);
			mq_finding_fix(finding, "give %s its public address", mx->host);
		}
	}
}

static void
find_null(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqFinding *finding;

	if (facts->mx.null_among) {
		finding = mq_findings_add(out, kind, facts->domain);
		finding->severity = MQ_SEVERITY_HIGH;
		mq_finding_detail(finding, "'0 .' says that the domain takes no mail, and other MX records say that it does.");
		mq_finding_fix(finding, "take out '0 .', or all the others");
	}
	if (!facts->mx.is_null)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_evidence(finding, "MX 0 .");
	mq_finding_detail(finding, "The domain says that it takes no mail (null MX).");
	if (facts->spf.state == MQ_FACT_UNANSWERED || mq_facts_spf_lets_nobody(facts))
		return;
	finding->severity = MQ_SEVERITY_MEDIUM;
	mq_finding_detail(finding, "The domain takes no mail (null MX), yet its SPF does not say that it sends none. Receivers may "
	                  "refuse mail from a domain that cannot be answered.");
	mq_finding_fix(finding, "if it sends no mail, say so in SPF; if it does, give it an MX");
	mq_finding_record(finding, facts->domain, "TXT", g_strdup("v=spf1 -all"));
}

static void
check_reverse(const MqFindingKind *kind, const MqMxFact *mx, const MqAddressFact *fact, MqFindings *out)
{
	g_autofree char *text = mq_address_to_text(&fact->address);
	g_autofree char *name = mq_address_reverse_name(&fact->address);
	MqFinding *finding;

	if (mq_checks_unreachable(&fact->address) != NULL
	    || (fact->reverse == MQ_FACT_PRESENT && fact->confirmed == MQ_FACT_PRESENT))
		return;
	if (fact->reverse == MQ_FACT_UNANSWERED || (fact->reverse == MQ_FACT_PRESENT && fact->confirmed == MQ_FACT_UNANSWERED)) {
		mq_findings_unknown(out, kind, text, NULL);
		return;
	}
	finding = mq_findings_add(out, kind, text);
	if (fact->reverse == MQ_FACT_ABSENT)
		mq_finding_detail(finding, "%s (%s) has no name in reverse DNS. If it also sends, large receivers refuse its mail.", text,
		                  mx->host);
	else
		mq_finding_detail(finding, "%s (%s) is called %s in reverse DNS, and that name does not lead back to it. If it also "
		                  "sends, large receivers refuse its mail.", text, mx->host, fact->reverse_name);
	if (fact->reverse == MQ_FACT_ABSENT)
		mq_finding_evidence(finding, "%s PTR: no such name, or no data", name);
	else
		mq_finding_evidence(finding, "%s PTR %s", name, fact->reverse_name);
	mq_finding_fix(finding, "have whoever runs the network set the PTR record of %s to the host's name", text);
	mq_finding_record(finding, name, "PTR", g_strdup_printf("%s.", mx->host));
}

static void
find_reverse(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);

		/* somebody else's hosts are somebody else's business */
		for (guint a = 0; a < mx->addresses->len && mq_alignment_suffix(mx->host, facts->domain, FALSE); a++)
			check_reverse(kind, mx, g_ptr_array_index(mx->addresses, a), out);
	}
}

/* What is not as it should be at a domain without mail, as lines of a zone file. */
static void
find_parked(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqDmarcRecord *record = facts->dmarc.walk.record;
	g_autofree char *lock = mq_parked_dmarc(record != NULL ? record->text : NULL);
	gboolean rejects = record != NULL && mq_facts_treatment(facts) == MQ_POLICY_REJECT;
	MqFinding *finding;

	if (!mq_facts_parked(facts) || facts->exists != MQ_FACT_PRESENT)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, "The domain neither sends nor takes mail. Locked down, nobody can use its name: the evidence has "
	                  "the whole set.");
	mq_finding_evidence(finding, "%s. MX 0 .%s", facts->domain, facts->mx.is_null ? " (published)" : "");
	mq_finding_evidence(finding, "%s. TXT \"v=spf1 -all\"%s", facts->domain, mq_facts_spf_lets_nobody(facts) ? " (published)" : "");
	mq_finding_evidence(finding, "_dmarc.%s. TXT \"%s\"%s", facts->domain, lock, rejects ? " (p=reject applies)" : "");
	mq_finding_evidence(finding, "*._domainkey.%s. TXT \"v=DKIM1; p=\" (no key of this domain is valid)", facts->domain);
	if (facts->mx.is_null && mq_facts_spf_lets_nobody(facts) && rejects) {
		finding->severity = MQ_SEVERITY_INFO;
		return;
	}
	mq_finding_fix(finding, "publish what is missing of the set");
	if (!rejects) {
		g_autofree char *name = g_strconcat("_dmarc.", facts->domain, NULL);

		mq_finding_record(finding, name, "TXT", g_steal_pointer(&lock));
	}
}

static char *
praise(const MqFacts *facts)
{
	if (facts->mx.state != MQ_FACT_PRESENT || facts->mx.is_null)
		return NULL;
	return g_strdup_printf("%u MX hosts, all of which have addresses.", facts->mx.hosts->len);
}

static const MqFindingKind kinds[] = {
	{ "mx-missing", MQ_SEVERITY_MEDIUM, "No MX record", "RFC 5321 section 5.1", find_missing },
	{ "mx-unresolvable", MQ_SEVERITY_HIGH, "An MX host cannot be found", "RFC 5321 section 5.1", find_unresolvable },
	{ "mx-lookalike", MQ_SEVERITY_HIGH, "An MX host looks mistyped", "RFC 5321 section 5.1", find_lookalike },
	{ "mx-cname", MQ_SEVERITY_MEDIUM, "An MX host is an alias", "RFC 2181 section 10.3", find_cname },
	{ "mx-address", MQ_SEVERITY_HIGH, "An MX host cannot be reached from outside", "RFC 5321 section 5.1", find_address },
	{ "mx-null", MQ_SEVERITY_INFO, "The domain takes no mail", "RFC 7505 section 3", find_null },
	{ "mx-reverse-dns", MQ_SEVERITY_LOW, "Reverse DNS of an MX host does not fit", "RFC 1912 section 2.1", find_reverse },
	{ "domain-parked", MQ_SEVERITY_LOW, "A domain without mail is not locked down", "RFC 7505, RFC 7208 section 10.1.2, RFC 9989",
	  find_parked },
};

const MqCheck mq_check_mx = {
	.family = "mx", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "mx-ok", .ok_title = "Mail has somewhere to go", .praise = praise,
};
