/* DKIM keys at the selectors in use (RFC 6376, 8301, 8463). */
#include "analyze/checks.h"

/* In use: named by a person or by reports; a guess counts when there is something. */
static gboolean
in_use(const MqDkimFact *fact)
{
	return fact->origin != MQ_SELECTOR_GUESSED || fact->key != NULL;
}

static gboolean
any_usable(const MqFacts *facts)
{
	for (guint i = 0; i < facts->dkim->len; i++)
		if (((const MqDkimFact *)g_ptr_array_index(facts->dkim, i))->state >= MQ_DKIM_WEAK)
			return TRUE;
	return FALSE;
}

static gboolean
any_in_use(const MqFacts *facts)
{
	for (guint i = 0; i < facts->dkim->len; i++)
		if (in_use(g_ptr_array_index(facts->dkim, i)))
			return TRUE;
	return FALSE;
}

static void
say_alias(MqFinding *finding, const MqDkimFact *fact)
{
	if (fact->alias != NULL)
		mq_finding_evidence(finding, "%s is an alias of %s: whoever runs that manages the key", fact->name, fact->alias);
}

/* No selector is known: only NXDOMAIN below _domainkey proves that there is no key. */
static void
find_missing_everywhere(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	g_autofree char *below = g_strconcat("_domainkey.", facts->domain, NULL);
	MqFinding *finding;

	if (mq_facts_parked(facts) || facts->exists == MQ_FACT_ABSENT)
		return;
	if (facts->domainkey == MQ_FACT_UNANSWERED) {
		mq_findings_unknown(out, kind, below, "no answer");
		return;
	}
	finding = mq_findings_add(out, kind, below);
	if (facts->domainkey == MQ_FACT_ABSENT) {
		mq_finding_detail(finding, "Nothing exists below %s, so no DKIM key is published at all: mail of this domain "
		                  "cannot carry a signature of its own, and does not survive forwarding.", below);
		mq_finding_evidence(finding, "%s: no such name", below);
		mq_finding_fix(finding, "have each service that sends for the domain make a key, and publish it where the "
		               "service says");
		return;
	}
	finding->severity = MQ_SEVERITY_INFO;
	finding->title = "No DKIM selector is known";
	mq_finding_detail(finding, "DNS cannot list selectors, no report has named one, and the names that common services use "
	                  "hold no key here.");
	mq_finding_fix(finding, "name the selectors that the domain's mail is signed with: --selectors a,b");
}

static void
find_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	gboolean usable = any_usable(facts);

	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);
		MqFinding *finding;

		if (fact->origin == MQ_SELECTOR_GUESSED)
			continue;
		if (fact->state == MQ_DKIM_UNKNOWN)
			mq_findings_unknown(out, kind, fact->name, fact->why);
		if (fact->state != MQ_DKIM_MISSING)
			continue;
		finding = mq_findings_add(out, kind, fact->name);
		if (usable && fact->origin == MQ_SELECTOR_REPORTED)
			finding->severity = MQ_SEVERITY_MEDIUM; /* perhaps an old key, rightly gone */
		mq_finding_detail(finding, "Mail signed with the selector '%s' fails DKIM: there is no key to verify it with.",
		                  fact->selector);
		mq_finding_evidence(finding, "%s: no TXT record that is a key", fact->name);
		say_alias(finding, fact);
		mq_finding_fix(finding, "publish the public key of that selector, as the service that signs shows it, or stop "
		               "signing with it");
	}
	if (!any_in_use(facts))
		find_missing_everywhere(kind, facts, out);
}

static void
find_revoked(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);
		MqFinding *finding;

		if (fact->state != MQ_DKIM_REVOKED || !in_use(fact))
			continue;
		finding = mq_findings_add(out, kind, fact->name);
		if (fact->origin == MQ_SELECTOR_GUESSED)
			finding->severity = MQ_SEVERITY_INFO;
		mq_finding_detail(finding, "p= is empty: the key '%s' was withdrawn, and each signature made with it fails.",
		                  fact->selector);
		mq_finding_evidence(finding, "%s", fact->key->text);
		say_alias(finding, fact);
		mq_finding_fix(finding, "if mail is still signed with this selector, publish a new key under a new selector");
	}
}

static void
find_invalid(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);
		MqFinding *finding;

		if (fact->state == MQ_DKIM_INVALID) {
			finding = mq_findings_add(out, kind, fact->name);
			mq_finding_detail(finding, "No receiver can verify with this key: %s.", fact->key->problem);
			mq_finding_evidence(finding, "%s", fact->key->text);
			say_alias(finding, fact);
			mq_finding_fix(finding, "publish the key again, whole and in one record, as the service that signs shows it");
		} else if (fact->keys > 1) {
			finding = mq_findings_add(out, kind, fact->name);
			finding->severity = MQ_SEVERITY_MEDIUM;
			mq_finding_detail(finding, "There are %u key records at one selector; which one a receiver takes is chance.",
			                  fact->keys);
			mq_finding_evidence(finding, "%s: %u TXT records that are keys", fact->name, fact->keys);
			mq_finding_fix(finding, "keep one key per selector; a second key needs a second selector");
		}
	}
}

static void
find_weak(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);
		MqFinding *finding;

		if (fact->state != MQ_DKIM_WEAK)
			continue;
		finding = mq_findings_add(out, kind, fact->name);
		if (!fact->key->sha256)
			mq_finding_detail(finding, "h= allows SHA-1 only, which receivers must not accept any more.");
		else if (fact->key->bits < MQ_DKIM_RSA_BITS_MIN)
			mq_finding_detail(finding, "The RSA key has %u bits; receivers treat less than %d as no key at all.",
			                  fact->key->bits, MQ_DKIM_RSA_BITS_MIN);
		else
			mq_finding_detail(finding, "The RSA key has %u bits; %d are the measure today.", fact->key->bits,
			                  MQ_DKIM_RSA_BITS_GOOD);
		if (!fact->key->sha256 || fact->key->bits < MQ_DKIM_RSA_BITS_MIN)
			finding->severity = MQ_SEVERITY_HIGH;
		mq_finding_evidence(finding, "%s", fact->key->text);
		say_alias(finding, fact);
		if (!fact->key->sha256 && fact->key->bits >= MQ_DKIM_RSA_BITS_GOOD)
			mq_finding_fix(finding, "publish the key without h=, and sign with rsa-sha256");
		else
			mq_finding_fix(finding, "make a key of %d bits under a new selector, sign with it, and revoke this one a week "
			               "later", MQ_DKIM_RSA_BITS_GOOD);
	}
}

static void
find_testing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);
		g_autoptr(GString) record = NULL;
		MqFinding *finding;

		if (fact->key == NULL || !fact->key->testing || fact->state < MQ_DKIM_WEAK)
			continue;
		finding = mq_findings_add(out, kind, fact->name);
		mq_finding_detail(finding, "t=y says that the key is on trial: receivers may treat its signatures as if there were "
		                  "none.");
		mq_finding_evidence(finding, "%s", fact->key->text);
		say_alias(finding, fact);
		mq_finding_fix(finding, "take t=y out of the record");
		record = g_string_new("v=DKIM1");
		for (guint t = 0; t < fact->key->tags->tags->len; t++) {
			const MqTag *tag = &g_array_index(fact->key->tags->tags, MqTag, t);

			if (!g_str_equal(tag->name, "v") && !g_str_equal(tag->name, "t"))
				g_string_append_printf(record, "; %s=%s", tag->name, tag->value);
			else if (fact->key->strict && g_str_equal(tag->name, "t"))
				g_string_append(record, "; t=s");
		}
		mq_finding_record(finding, fact->name, "TXT", g_string_free(g_steal_pointer(&record), FALSE));
	}
}

static char *
praise(const MqFacts *facts)
{
	g_autoptr(GString) keys = g_string_new(NULL);

	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);

		if (fact->state == MQ_DKIM_OK)
			g_string_append_printf(keys, "%s%s (%s %u)", keys->len > 0 ? ", " : "", fact->selector,
			                       fact->key->type_text, fact->key->bits);
	}
	return keys->len > 0 ? g_strdup_printf("Sound keys: %s.", keys->str) : NULL;
}

static const MqFindingKind kinds[] = {
	{ "dkim-missing", MQ_SEVERITY_HIGH, "No DKIM key", "RFC 6376 section 3.6.2", find_missing },
	{ "dkim-revoked", MQ_SEVERITY_MEDIUM, "The DKIM key is revoked", "RFC 6376 section 3.6.1", find_revoked },
	{ "dkim-invalid", MQ_SEVERITY_HIGH, "The DKIM key cannot be used", "RFC 6376 section 3.6.1", find_invalid },
	{ "dkim-weak-key", MQ_SEVERITY_MEDIUM, "The DKIM key is weak", "RFC 8301 section 3.2", find_weak },
	{ "dkim-testing", MQ_SEVERITY_LOW, "The DKIM key is in test mode", "RFC 6376 section 3.6.1", find_testing },
};

const MqCheck mq_check_dkim = {
	.family = "dkim", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "dkim-ok", .ok_title = "DKIM keys are sound", .praise = praise,
};
