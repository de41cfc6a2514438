#include "analyze/checks.h"

#include <string.h>

#include "ingest/text.h"

#define MQ_SEVERITY_WORD(name, word) word,
static const char *const severity_words[] = { MQ_SEVERITIES(MQ_SEVERITY_WORD) };

#define MQ_CHECK_ROW(name) &mq_check_##name,
const MqCheck *const mq_checks[] = { MQ_CHECKS(MQ_CHECK_ROW) };
const guint mq_checks_n = G_N_ELEMENTS(mq_checks);

const char *
mq_severity_word(MqSeverity severity)
{
	g_return_val_if_fail(severity < MQ_SEVERITY_N, "unknown");
	return severity_words[severity];
}

gboolean
mq_severity_parse(const char *word, MqSeverity *severity)
{
	for (guint i = 0; i < MQ_SEVERITY_N; i++) {
		if (g_ascii_strcasecmp(severity_words[i], word) == 0) {
			*severity = (MqSeverity)i;
			return TRUE;
		}
	}
	return FALSE;
}

void
mq_finding_free(MqFinding *finding)
{
	if (finding == NULL)
		return;
	g_free(finding->subject);
	g_free(finding->detail);
	g_ptr_array_unref(finding->evidence);
	g_free(finding->fix);
	g_free(finding->record);
	g_free(finding->record_name);
	g_free(finding);
}

void
mq_findings_free(MqFindings *findings)
{
	if (findings == NULL)
		return;
	g_ptr_array_unref(findings->list);
	g_free(findings);
}

static MqFinding *
add(MqFindings *out, const char *id, const char *title, MqSeverity severity, const char *subject)
{
	MqFinding *finding = g_new0(MqFinding, 1);

	finding->id = id;
	finding->title = title;
	finding->severity = severity;
	finding->subject = mq_text_visible(subject);
	finding->evidence = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(out->list, finding);
	return finding;
}

MqFinding *
mq_findings_add(MqFindings *out, const MqFindingKind *kind, const char *subject)
{
	MqFinding *finding = add(out, kind->id, kind->title, kind->severity, subject);

	finding->kind = kind;
	finding->reference = kind->reference;
	return finding;
}

MqFinding *
mq_findings_unknown(MqFindings *out, const MqFindingKind *kind, const char *subject, const char *why)
{
	MqFinding *finding = mq_findings_add(out, kind, subject);

	finding->severity = MQ_SEVERITY_UNKNOWN;
	finding->title = "Could not be checked";
	mq_finding_detail(finding, "Whether this is so is not known (%s): %s.", kind->title,
	                  why != NULL ? why : "no answer");
	mq_finding_fix(finding, "check again; if it stays so, look at the domain's name servers");
	return finding;
}

MqFinding *
mq_findings_missing(MqFindings *out, const MqFindingKind *kind, const MqFacts *facts, MqFactState state, const char *why)
{
	if (facts->exists == MQ_FACT_ABSENT || state == MQ_FACT_PRESENT)
		return NULL;
	if (state == MQ_FACT_ABSENT)
		return mq_findings_add(out, kind, facts->domain);
	mq_findings_unknown(out, kind, facts->domain, why);
	return NULL;
}

static char *
phrase(const char *format, va_list args)
{
	g_autofree char *raw = g_strdup_vprintf(format, args);

	return mq_text_visible(raw);
}

void
mq_finding_detail(MqFinding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_free(finding->detail);
	finding->detail = phrase(format, args);
	va_end(args);
}

void
mq_finding_fix(MqFinding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_free(finding->fix);
	finding->fix = phrase(format, args);
	va_end(args);
}

void
mq_finding_evidence(MqFinding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(finding->evidence, phrase(format, args));
	va_end(args);
}

void
mq_finding_record(MqFinding *finding, const char *name, const char *type, char *data)
{
	g_free(finding->record);
	g_free(finding->record_name);
	finding->record = data;
	finding->record_name = g_strdup(name);
	finding->record_type = type;
}

/* ------------------------------------------------------------------- all of them */

/* Problems first, worst first; then what is unknown, then remarks, then what is fine. */
static int
rank(const MqFinding *finding)
{
	static const int ranks[] = { 6, 5, 3, 2, 1, 0, 4 };

	return ranks[finding->severity];
}

static int
compare(gconstpointer left, gconstpointer right)
{
	const MqFinding *a = *(const MqFinding *const *)left;
	const MqFinding *b = *(const MqFinding *const *)right;

	return rank(a) - rank(b); /* g_ptr_array_sort() keeps the order of equals */
}

/* What a family of checks found nothing against. */
static void
add_praise(const MqCheck *check, const MqFacts *facts, MqFindings *out, guint first)
{
	g_autofree char *detail = NULL;

	for (guint i = first; i < out->list->len; i++) {
		const MqFinding *finding = g_ptr_array_index(out->list, i);

		if (finding->severity >= MQ_SEVERITY_LOW)
			return;
	}
	detail = check->praise != NULL ? check->praise(facts) : NULL;
	if (detail != NULL)
		mq_finding_detail(add(out, check->ok_id, check->ok_title, MQ_SEVERITY_OK, facts->domain), "%s", detail);
}

MqFindings *
mq_checks_run(const MqFacts *facts)
{
	MqFindings *out = g_new0(MqFindings, 1);

	out->list = g_ptr_array_new_with_free_func((GDestroyNotify)mq_finding_free);
	for (guint c = 0; c < mq_checks_n; c++) {
		guint first = out->list->len;

		for (guint k = 0; k < mq_checks[c]->n_kinds; k++)
			mq_checks[c]->kinds[k].find(&mq_checks[c]->kinds[k], facts, out);
		add_praise(mq_checks[c], facts, out, first);
	}
	g_ptr_array_sort(out->list, compare);
	return out;
}

const char *
mq_checks_unreachable(const MqAddress *address)
{
	static const struct {
		const char *block, *what;
	} blocks[] = {
		{ "10.0.0.0/8", "private" },    { "172.16.0.0/12", "private" }, { "192.168.0.0/16", "private" },
		{ "127.0.0.0/8", "loopback" },  { "169.254.0.0/16", "link-local" }, { "100.64.0.0/10", "shared (RFC 6598)" },
		{ "0.0.0.0/8", "no host's" },   { "224.0.0.0/3", "multicast or reserved" }, { "::1/128", "loopback" },
		{ "::/128", "no host's" },      { "fe80::/10", "link-local" },  { "fc00::/7", "private" },
		{ "ff00::/8", "multicast" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++) {
		MqBlock block;

		if (mq_block_parse(blocks[i].block, &block) && mq_address_in_block(address, &block))
			return blocks[i].what;
	}
	return NULL;
}

char *
mq_parked_dmarc(const char *old)
{
	static const MqDmarcChange lock[] = {
		{ "p", "reject" }, { "sp", "reject" }, { "np", "reject" }, { "adkim", "s" }, { "aspf", "s" }, { "t", NULL },
	};

	return mq_dmarc_record_propose(old, lock, G_N_ELEMENTS(lock));
}
