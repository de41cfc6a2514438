/* SPF: whether there is one record, whether receivers can use it, and what it lets through. */
#include "analyze/checks.h"

#include <string.h>

#include "ingest/domain.h"

#define LOOKUPS_NEAR 8
#define BROAD_V4     16 /* a shorter prefix is more than 65,536 addresses */
#define BROAD_V6     32

/* Services known by their exchangers, and what they ask to be put into SPF. */
static const struct {
	const char *mx, *include;
} services[] = {
	{ "google.com", "_spf.google.com" },
	{ "googlemail.com", "_spf.google.com" },
	{ "outlook.com", "spf.protection.outlook.com" },
	{ "zoho.com", "zohomail.com" },
	{ "messagingengine.com", "spf.messagingengine.com" },
	{ "protonmail.ch", "_spf.protonmail.ch" },
	{ "icloud.com", "icloud.com" },
};

/* A record with the terms of this one, or fewer, can be used. */
static gboolean
is_within_lookups(const MqFacts *facts)
{
	return facts->spf.ranges != NULL && facts->spf.ranges->lookups <= MQ_SPF_LOOKUPS;
}

/* A record for a domain that has none; "~all", as a forgotten sender is likely. */
static char *
first_record(const MqFacts *facts)
{
	if (mq_facts_parked(facts) || facts->mx.is_null)
		return g_strdup("v=spf1 -all");
	for (guint i = 0; i < facts->mx.hosts->len; i++) {
		const MqMxFact *mx = g_ptr_array_index(facts->mx.hosts, i);

		for (gsize s = 0; s < G_N_ELEMENTS(services); s++)
			if (mq_domain_is_within(mx->host, services[s].mx))
				return g_strdup_printf("v=spf1 include:%s ~all", services[s].include);
	}
	return g_strdup(facts->mx.hosts->len > 0 ? "v=spf1 mx ~all" : "v=spf1 a ~all");
}

static void
find_missing(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqFinding *finding = mq_findings_missing(out, kind, facts, facts->spf.state, facts->spf.why);

	if (finding == NULL)
		return;
	mq_finding_detail(finding, "%s does not say which hosts may send for it.", facts->domain);
	mq_finding_evidence(finding, "%s TXT: none that begins with v=spf1", facts->domain);
	for (guint i = 0; i < facts->spf.stray->len; i++)
		mq_finding_evidence(finding, "no SPF record: %s", (const char *)g_ptr_array_index(facts->spf.stray, i));
	mq_finding_fix(finding, mq_facts_parked(facts) ? "the domain sends no mail: say so"
	                                               : "publish a record that names every service that sends for the domain");
	mq_finding_record(finding, facts->domain, "TXT", first_record(facts));
}

static void
find_multiple(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqFinding *finding;

	if (facts->spf.records->len < 2)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, "There are %u SPF records. That is a permanent error: receivers use none of them, not the first "
	                  "one.", facts->spf.records->len);
	for (guint i = 0; i < facts->spf.records->len; i++)
		mq_finding_evidence(finding, "%s", (const char *)g_ptr_array_index(facts->spf.records, i));
	mq_finding_fix(finding, "publish one record with the terms of all, and take the others out");
	if (facts->spf.proposal != NULL)
		mq_finding_record(finding, facts->domain, "TXT", g_strdup(facts->spf.proposal));
}

/* The name that the records of @nodes, which @path leads to, come back to; NULL: none. */
static const char *
looped(const GPtrArray *nodes, GPtrArray *path)
{
	const char *again = NULL;

	for (guint i = 0; nodes != NULL && again == NULL && i < nodes->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(nodes, i);

		if (node->target == NULL || (node->kind != MQ_SPF_INCLUDE && node->kind != MQ_SPF_REDIRECT))
			continue;
		if (g_ptr_array_find_with_equal_func(path, node->target, g_str_equal, NULL))
			return node->target;
		g_ptr_array_add(path, node->target);
		again = looped(node->children, path);
		g_ptr_array_remove_index(path, path->len - 1);
	}
	return again;
}

/* (transfer none) (nullable) */
static const char *
find_loop(const MqFacts *facts)
{
	g_autoptr(GPtrArray) path = g_ptr_array_new();

	g_ptr_array_add(path, facts->domain);
	return looped(facts->spf.ranges->tree, path);
}

static const char *
permerror_fix(const MqSpfSurvey *ranges, const char *loop)
{
	if (loop != NULL)
		return "take out the include or redirect that leads back";
	if (ranges->lookups > MQ_SPF_LOOKUPS)
		return "drop services that no longer send, or replace an include by the ranges it stands for (they change: look again "
		       "from time to time)";
	return "publish the record with its slips mended; look whether what could not be read is missing now";
}

static void
find_permerror(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqSpfSurvey *ranges = facts->spf.ranges;
	const char *loop;
	MqFinding *finding;

	if (ranges == NULL)
		return;
	if (ranges->result == MQ_RESULT_TEMPERROR)
		mq_findings_unknown(out, kind, facts->domain, ranges->problem);
	if (ranges->result != MQ_RESULT_PERMERROR && ranges->lookups <= MQ_SPF_LOOKUPS)
		return;
	loop = find_loop(facts);
	finding = mq_findings_add(out, kind, facts->domain);
	if (loop != NULL)
		mq_finding_detail(finding, "The record leads back to %s without end; receivers stop at %d DNS lookups and give up with "
		                  "a permanent error.", loop, MQ_SPF_LOOKUPS);
	else if (ranges->lookups > MQ_SPF_LOOKUPS)
		mq_finding_detail(finding, "The record needs %s%u DNS lookups; receivers stop at %d and give up with a permanent error.",
		                  ranges->incomplete ? "more than " : "", ranges->lookups, MQ_SPF_LOOKUPS);
	else
		mq_finding_detail(finding, "Receivers give up on the record with a permanent error, so it protects nothing: %s.",
		                  ranges->problem != NULL ? ranges->problem : "it cannot be read");
	mq_finding_evidence(finding, "%s", mq_facts_spf(facts));
	if (ranges->lookups > MQ_SPF_LOOKUPS && ranges->problem != NULL)
		mq_finding_evidence(finding, "%s", ranges->problem);
	mq_finding_fix(finding, "%s", permerror_fix(ranges, loop));
	if (facts->spf.proposal != NULL)
		mq_finding_record(finding, facts->domain, "TXT", g_strdup(facts->spf.proposal));
}

static void
find_limit_near(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqSpfSurvey *ranges = facts->spf.ranges;
	MqFinding *finding;

	if (ranges == NULL || ranges->lookups < LOOKUPS_NEAR || ranges->lookups > MQ_SPF_LOOKUPS)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, "%u of %d lookups are used; a service that adds one of its own can break the record from outside.",
	                  ranges->lookups, MQ_SPF_LOOKUPS);
	mq_finding_evidence(finding, "%s", mq_facts_spf(facts));
	mq_finding_fix(finding, "drop includes that are no longer needed");
}

static void
find_void(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqSpfSurvey *ranges = facts->spf.ranges;
	MqFinding *finding;

	if (ranges == NULL || ranges->void_lookups <= MQ_SPF_VOIDS)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, "%u lookups find nothing; many receivers give up with a permanent error after %d.",
	                  ranges->void_lookups, MQ_SPF_VOIDS);
	mq_finding_evidence(finding, "%s", mq_facts_spf(facts));
	mq_finding_fix(finding, "take out the terms whose names no longer exist");
}

/* The term that everything ends with: of the record, or of the one it redirects to. NULL: none. */
static const MqSpfNode *
end_of(const GPtrArray *nodes)
{
	const MqSpfNode *redirect = NULL;

	for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(nodes, i);

		if (node->kind == MQ_SPF_ALL)
			return node;
		if (node->kind == MQ_SPF_REDIRECT)
			redirect = node;
	}
	return redirect != NULL ? end_of(redirect->children) : NULL;
}

/* The name whose record ends this one: the last of its redirects; NULL: it has none. */
static const char *
redirected_to(const GPtrArray *nodes)
{
	const char *target = NULL;

	for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(nodes, i);

		if (node->kind == MQ_SPF_ALL)
			return NULL;
		if (node->kind == MQ_SPF_REDIRECT) {
			const char *further = redirected_to(node->children);

			target = further != NULL ? further : node->target;
		}
	}
	return target;
}

/* '+', '-', '~', '?'; 0: nothing is said */
static char
end_qualifier(const MqFacts *facts)
{
	const MqSpfNode *end = facts->spf.ranges != NULL ? end_of(facts->spf.ranges->tree) : NULL;

	if (end == NULL)
		return '\0';
	return strchr("-~?", end->text[0]) != NULL ? end->text[0] : '+';
}

/* The domain's own record with another end. (nullable) */
static char *
with_end(const MqFacts *facts, const char *end)
{
	g_autoptr(MqSpfRecord) record = mq_spf_record_parse(mq_facts_spf(facts));
	GString *text;

	if (record->problem != NULL || record->redirect != NULL)
		return NULL;
	text = g_string_new("v=spf1");
	for (guint i = 0; i < record->terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);

		if (term->kind == MQ_SPF_ALL)
			break;
		g_string_append_printf(text, " %s", term->text);
	}
	g_string_append_printf(text, " %s", end);
	return g_string_free(text, FALSE);
}

/* A whole family of addresses: ip4, ip6, or the /0 of a host that exists. */
static gboolean
is_whole_family(const MqSpfNode *node)
{
	if (node->kind == MQ_SPF_IP4 || node->kind == MQ_SPF_IP6)
		return g_str_has_suffix(node->text, "/0");
	for (guint i = 0; node->addresses != NULL && i < node->addresses->len; i++)
		if (g_str_has_suffix(g_ptr_array_index(node->addresses, i), "/0"))
			return TRUE;
	return FALSE;
}

static gboolean
lets_everybody(const MqSpfNode *node)
{
	return node->state == MQ_SPF_WALKED && strchr("-~?", node->text[0]) == NULL
	       && (node->kind == MQ_SPF_ALL || is_whole_family(node));
}

/* The term that lets everybody send, also one that an include or a redirect leads to; NULL: none. */
static const MqSpfNode *
find_everybody(const GPtrArray *nodes)
{
	for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(nodes, i);
		const MqSpfNode *below = NULL;

		if (lets_everybody(node))
			return node;
		if (node->state != MQ_SPF_WALKED || strchr("-~?", node->text[0]) != NULL)
			continue;
		if (node->kind == MQ_SPF_INCLUDE || node->kind == MQ_SPF_REDIRECT)
			below = find_everybody(node->children);
		if (below != NULL)
			return below;
	}
	return NULL;
}

/* Whether the term is one to take out; *foreign: what lets everybody send is in a record it leads to. */
static gboolean
is_for_everybody(const GPtrArray *tree, const MqSpfTerm *term, gboolean *foreign)
{
	for (guint i = 0; i < tree->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(tree, i);

		if (node->at != term->at)
			continue;
		*foreign = *foreign || (!lets_everybody(node) && find_everybody(node->children) != NULL);
		return lets_everybody(node);
	}
	return FALSE;
}

/* The own end of a record that still lets somebody send; else ~all, which harms nobody who was forgotten. */
static const char *
end_to_keep(const MqSpfRecord *record, const MqSpfTerm *all, gsize n_kept)
{
	if (all == NULL && record->redirect != NULL)
		return record->redirect->text;
	return all != NULL && all->qualifier == '-' && n_kept > 0 ? "-all" : "~all";
}

/* The domain's own record without the terms that let everybody send; NULL: it would still, or be of no use. */
static char *
without_everybody(const MqFacts *facts)
{
	g_autoptr(MqSpfRecord) record = mq_spf_record_parse(mq_facts_spf(facts));
	g_autoptr(GString) text = g_string_new("v=spf1");
	const MqSpfTerm *all = NULL;
	gboolean foreign = FALSE;
	gsize n_kept = 0;

	for (guint i = 0; i < record->terms->len && all == NULL; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);

		if (term->kind == MQ_SPF_ALL)
			all = term;
		else if (!is_for_everybody(facts->spf.ranges->tree, term, &foreign) && term->kind != MQ_SPF_REDIRECT) {
			g_string_append_printf(text, " %s", term->text);
			n_kept++;
		}
	}
	g_string_append_printf(text, " %s", end_to_keep(record, all, n_kept));
	if (record->problem != NULL || foreign || !is_within_lookups(facts))
		return NULL;
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
is_among(const GPtrArray *nodes, const MqSpfNode *node)
{
	return g_ptr_array_find((GPtrArray *)nodes, node, NULL);
}

static void
find_permissive(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const GPtrArray *tree = facts->spf.ranges != NULL ? facts->spf.ranges->tree : NULL;
	const MqSpfNode *everybody = tree != NULL ? find_everybody(tree) : NULL;
	MqFinding *finding;
	char *record;

	if (everybody == NULL)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_evidence(finding, "%s", mq_facts_spf(facts));
	if (is_among(tree, everybody)) {
		mq_finding_detail(finding, "'%s' lets every host of the internet send as %s, with an SPF pass and so a DMARC pass.",
		                  everybody->text, facts->domain);
		mq_finding_fix(finding, "end the record with ~all (or -all), after the hosts that really send");
		record = without_everybody(facts);
		if (record != NULL)
			mq_finding_record(finding, facts->domain, "TXT", record);
	} else {
		mq_finding_detail(finding, "The record includes another that says '%s': every host of the internet can send as %s, with an "
		                  "SPF pass and so a DMARC pass.", everybody->text, facts->domain);
		mq_finding_fix(finding, "take that include out, or have its owner mend it (check --explain shows where it is)");
	}
}

static void
find_softfail(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	MqPolicy treatment = mq_facts_treatment(facts);
	MqFinding *finding;

	if (end_qualifier(facts) != '~')
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_evidence(finding, "%s", mq_facts_spf(facts));
	if (treatment == MQ_POLICY_QUARANTINE || treatment == MQ_POLICY_REJECT) {
		finding->severity = MQ_SEVERITY_INFO;
		mq_finding_detail(finding, "~all is right here: the DMARC policy decides what becomes of mail that fails, and -all would "
		                  "only lose mail that DKIM vouches for.");
		return;
	}
	if (treatment == MQ_POLICY_ABSENT)
		finding->severity = MQ_SEVERITY_MEDIUM;
	mq_finding_detail(finding, "~all marks mail from elsewhere as suspect and lets it in; without an enforcing DMARC policy "
	                  "nothing stops it.");
	mq_finding_fix(finding, "keep ~all and enforce DMARC; use -all only where no mail is ever forwarded");
}

static void
find_neutral(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	char end = end_qualifier(facts);
	const char *elsewhere;
	MqFinding *finding;

	if (facts->spf.ranges == NULL || facts->spf.ranges->result != MQ_RESULT_NEUTRAL || (end != '?' && end != '\0'))
		return;
	elsewhere = redirected_to(facts->spf.ranges->tree);
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, end == '?' ? "?all says nothing about hosts that are not named, as if there were no record."
	                                      : "The record has no 'all' at its end, so it says nothing about hosts that are not named.");
	mq_finding_evidence(finding, "%s", mq_facts_spf(facts));
	if (elsewhere != NULL) {
		/* an 'all' here would switch the redirect off, and all senders that it names with it */
		mq_finding_fix(finding, "end the record of %s with ~all: this one redirects to it", elsewhere);
		return;
	}
	mq_finding_fix(finding, "end the record with ~all");
	mq_finding_record(finding, facts->domain, "TXT", with_end(facts, "~all"));
}

static gboolean
is_unreachable(const MqBlock *block)
{
	MqAddress last = mq_block_last(block);
	const char *what = mq_checks_unreachable(&block->first);

	return what != NULL && g_strcmp0(what, mq_checks_unreachable(&last)) == 0;
}

static gboolean
is_broad(const MqSpfTerm *term)
{
	if (term->qualifier != '+')
		return FALSE;
	switch (term->kind) {
	case MQ_SPF_IP4:
		return term->block.prefix > 0 && term->block.prefix < BROAD_V4 && !is_unreachable(&term->block);
	case MQ_SPF_IP6:
		return term->block.prefix > 0 && term->block.prefix < BROAD_V6 && !is_unreachable(&term->block);
	case MQ_SPF_A:
	case MQ_SPF_MX:
		return term->prefix4 < BROAD_V4 || term->prefix6 < BROAD_V6;
	default:
		return FALSE;
	}
}

static void
find_broad(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	g_autoptr(MqSpfRecord) record = mq_facts_spf(facts) != NULL ? mq_spf_record_parse(mq_facts_spf(facts)) : NULL;
	MqFinding *finding = NULL;

	for (guint i = 0; record != NULL && i < record->terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);

		if (!is_broad(term))
			continue;
		if (finding == NULL)
			finding = mq_findings_add(out, kind, facts->domain);
		mq_finding_evidence(finding, "%s", term->text);
	}
	if (finding == NULL)
		return;
	mq_finding_detail(finding, "The record lets whole networks send, strangers' hosts among them.");
	mq_finding_fix(finding, "name the addresses that really send");
}

/* Why a term does nothing; NULL: it does. @ended: "all" came before; @has_all: it comes at all */
static const char *
why_useless(const MqSpfTerm *term, gboolean ended, gboolean has_all)
{
	if (term->kind == MQ_SPF_REDIRECT && has_all)
		return "redirect is ignored where there is an 'all' (RFC 7208 section 6.1)";
	if (ended && term->qualifier != '\0')
		return "what follows 'all' is never looked at (RFC 7208 section 5.1)";
	if ((term->kind == MQ_SPF_IP4 || term->kind == MQ_SPF_IP6) && is_unreachable(&term->block))
		return "nobody gets mail from there over the internet";
	return NULL;
}

static void
find_useless(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	g_autoptr(MqSpfRecord) record = mq_facts_spf(facts) != NULL ? mq_spf_record_parse(mq_facts_spf(facts)) : NULL;
	g_autoptr(GString) rest = g_string_new("v=spf1");
	gboolean ended = FALSE;
	MqFinding *finding = NULL;

	for (guint i = 0; record != NULL && record->problem == NULL && i < record->terms->len; i++) {
		const MqSpfTerm *term = g_ptr_array_index(record->terms, i);
		const char *why = why_useless(term, ended, mq_spf_record_has_all(record));

		ended = ended || term->kind == MQ_SPF_ALL;
		if (why == NULL) {
			g_string_append_printf(rest, " %s", term->text);
			continue;
		}
		if (finding == NULL)
			finding = mq_findings_add(out, kind, facts->domain);
		mq_finding_evidence(finding, "%s: %s", term->text, why);
	}
	if (finding == NULL)
		return;
	mq_finding_detail(finding, "Some terms of the record have no effect, so it does not say what its owner thinks.");
	mq_finding_fix(finding, "take them out, or write what was meant");
	if (is_within_lookups(facts))
		mq_finding_record(finding, facts->domain, "TXT", g_string_free(g_steal_pointer(&rest), FALSE));
}

/* The first node of that kind in the whole tree, or NULL. */
static const MqSpfNode *
find_node(const GPtrArray *nodes, MqSpfTermKind kind)
{
	for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(nodes, i);
		const MqSpfNode *below = node->kind == kind ? node : find_node(node->children, kind);

		if (below != NULL)
			return below;
	}
	return NULL;
}

static void
find_ptr(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	const MqSpfNode *node = facts->spf.ranges != NULL ? find_node(facts->spf.ranges->tree, MQ_SPF_PTR) : NULL;
	MqFinding *finding;

	if (node == NULL)
		return;
	finding = mq_findings_add(out, kind, facts->domain);
	mq_finding_detail(finding, "ptr is slow, fails when somebody else's name servers do, and is ignored by some receivers.");
	mq_finding_evidence(finding, "%s", node->text);
	mq_finding_fix(finding, "name the addresses (ip4:, ip6:) or hosts (a:) instead of ptr");
}

/* include, redirect of a name without a record: a permanent error for everybody who gets that far. */
static void
broken_includes(const MqFindingKind *kind, const MqFacts *facts, const GPtrArray *nodes, MqFindings *out)
{
	for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(nodes, i);
		MqFinding *finding;

		if (node->kind != MQ_SPF_INCLUDE && node->kind != MQ_SPF_REDIRECT)
			continue;
		broken_includes(kind, facts, node->children, out);
		if (node->result != MQ_RESULT_NONE && !(node->result == MQ_RESULT_PERMERROR && node->children->len == 0))
			continue;
		finding = mq_findings_add(out, kind, node->target != NULL ? node->target : node->text);
		mq_finding_detail(finding, "'%s' leads to a name without a usable SPF record, which is a permanent error for the whole "
		                  "record of %s.", node->text, facts->domain);
		mq_finding_evidence(finding, "%s", node->problem != NULL ? node->problem : node->text);
		mq_finding_fix(finding, "take it out, or correct the name");
		if (facts->spf.proposal != NULL)
			mq_finding_record(finding, facts->domain, "TXT", g_strdup(facts->spf.proposal));
	}
}

static void
find_broken(const MqFindingKind *kind, const MqFacts *facts, MqFindings *out)
{
	if (facts->spf.ranges != NULL)
		broken_includes(kind, facts, facts->spf.ranges->tree, out);
}

static char *
praise(const MqFacts *facts)
{
	return facts->spf.ranges != NULL && facts->spf.ranges->result == MQ_RESULT_NEUTRAL
	               ? g_strdup_printf("One record, %u of %d lookups.", facts->spf.ranges->lookups, MQ_SPF_LOOKUPS)
	               : NULL;
}

static const MqFindingKind kinds[] = {
	{ "spf-missing", MQ_SEVERITY_HIGH, "No SPF record", "RFC 7208 section 3", find_missing },
	{ "spf-multiple", MQ_SEVERITY_HIGH, "Several SPF records", "RFC 7208 section 4.5", find_multiple },
	{ "spf-permerror", MQ_SEVERITY_HIGH, "The SPF record cannot be used", "RFC 7208 section 4.6", find_permerror },
	{ "spf-include-broken", MQ_SEVERITY_HIGH, "SPF includes a name without SPF", "RFC 7208 section 5.2", find_broken },
	{ "spf-permissive", MQ_SEVERITY_CRITICAL, "SPF lets everybody send", "RFC 7208 section 5.1", find_permissive },
	{ "spf-void-lookups", MQ_SEVERITY_MEDIUM, "SPF asks for names that do not exist", "RFC 7208 section 4.6.4", find_void },
	{ "spf-neutral", MQ_SEVERITY_MEDIUM, "SPF says nothing about strangers", "RFC 7208 section 2.6.2", find_neutral },
	{ "spf-broad-range", MQ_SEVERITY_MEDIUM, "SPF lets very large networks send", "RFC 7208 section 11.4", find_broad },
	{ "spf-lookup-limit-near", MQ_SEVERITY_LOW, "SPF is near its limit of lookups", "RFC 7208 section 4.6.4", find_limit_near },
	{ "spf-useless-term", MQ_SEVERITY_LOW, "Terms of the SPF record do nothing", "RFC 7208 section 5", find_useless },
	{ "spf-ptr", MQ_SEVERITY_LOW, "SPF uses ptr", "RFC 7208 section 5.5", find_ptr },
	{ "spf-softfail", MQ_SEVERITY_LOW, "SPF softfail (~all)", "RFC 7208 section 2.6.5, RFC 9989 section 8", find_softfail },
};

const MqCheck mq_check_spf = {
	.family = "spf", .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds),
	.ok_id = "spf-ok", .ok_title = "SPF is sound", .praise = praise,
};
