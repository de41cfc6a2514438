/* Aggregate reports: RFC 7489 appendix C, RFC 9990 appendix A, and what came before. Elements count
 * by local name in any order; what senders do against the standards is in ingest/QUIRKS.md. */
#include <string.h>

#include "ingest/aggregate_values.h"
#include "ingest/formats.h"
#include "ingest/xml.h"

#define NAMESPACE_9990 "urn:ietf:params:xml:ns:dmarc-2.0"

#define UNKNOWN_NAMES 20 /* of elements that the vocabulary lacks; further ones are not named */

struct MqFormatReader {
	MqFormatContext *context;
	MqXml *xml;
	MqAggregate now;      /* the report we are in; its report is NULL outside of one */
	MqDigestSum sum;
	gboolean has_policy;  /* a policy_published was read */
	gboolean skip_policy; /* and this is another one */
	guint delivered, refused;
	struct {
		const MqXmlNode *parent;
		char *name;
	} unknown[UNKNOWN_NAMES]; /* noted, of this report */
	guint n_unknown;
	gboolean is_foreign;  /* an error is not ours to explain */
	char *other_root;     /* (nullable) what the document is instead */
};

/* --- the vocabulary --- */

enum { FEEDBACK = 1, POLICY, RECORD, ROW, EVALUATED, REASON, RESULTS, DKIM, SPF, IDENTIFIERS, IDENTITIES, EXTENSION, OTHER };

#define LEAF(tag, setter, ...) { .name = tag, .data = &(const MqAggregateField){ .set = setter, __VA_ARGS__ } }
#define IN_HEAD(member)   .base = MQ_BASE_REPORT, .at = offsetof(MqReport, member)
#define IN_RECORD(member) .base = MQ_BASE_RECORD, .at = offsetof(MqRecord, member)
#define IN_REASON(member) .base = MQ_BASE_REASON, .at = offsetof(MqReason, member)
#define IN_DKIM(member)   .base = MQ_BASE_DKIM, .at = offsetof(MqDkimResult, member)
#define IN_SPF(member)    .base = MQ_BASE_SPF, .at = offsetof(MqSpfResult, member)
#define WORDS(set)        .words = &mq_words_##set
#define NEW               .is_9990 = TRUE
#define END               { .name = NULL }

static const MqXmlNode date_range[] = {
	LEAF("begin", mq_set_time, IN_HEAD(begin_s)),
	LEAF("end", mq_set_time, IN_HEAD(end_s)),
	END,
};
static const MqXmlNode report_metadata[] = {
	LEAF("org_name", mq_set_text, IN_HEAD(reporter)),
	LEAF("email", mq_set_text, IN_HEAD(email)),
	LEAF("extra_contact_info", mq_set_text, IN_HEAD(extra_contact)),
	LEAF("report_id", mq_set_text, IN_HEAD(report_id)),
	LEAF("error", mq_set_error, IN_HEAD(errors)),
	LEAF("generator", mq_set_text, IN_HEAD(generator), NEW),
	{ .name = "date_range", .children = date_range, .id = OTHER },
	END,
};
static const MqXmlNode policy_published[] = {
	LEAF("domain", mq_set_domain, IN_HEAD(policy.domain)),
	LEAF("p", mq_set_word, IN_HEAD(policy.p), WORDS(policy)),
	LEAF("sp", mq_set_word, IN_HEAD(policy.sp), WORDS(policy)),
	LEAF("np", mq_set_word, IN_HEAD(policy.np), WORDS(policy)), /* Google writes it in RFC 7489 reports */
	LEAF("adkim", mq_set_word, IN_HEAD(policy.adkim), WORDS(mode)),
	LEAF("aspf", mq_set_word, IN_HEAD(policy.aspf), WORDS(mode)),
	LEAF("pct", mq_set_percentage, IN_HEAD(policy.pct)),
	LEAF("testing", mq_set_word, IN_HEAD(policy.testing), WORDS(yes), NEW),
	LEAF("t", mq_set_tag, IN_HEAD(policy.testing), WORDS(yes), NEW),
	LEAF("discovery_method", mq_set_word, IN_HEAD(policy.discovery_method), WORDS(method), NEW),
	LEAF("fo", mq_set_text, IN_HEAD(policy.fo)),
	END,
};
static const MqXmlNode reason[] = {
	LEAF("type", mq_set_reason, IN_REASON(type), WORDS(reason)),
	LEAF("comment", mq_set_text, IN_REASON(comment)),
	END,
};
static const MqXmlNode policy_evaluated[] = {
	LEAF("disposition", mq_set_disposition, IN_RECORD(disposition), WORDS(disposition)),
	LEAF("dkim", mq_set_aligned, IN_RECORD(dkim), WORDS(result)),
	LEAF("spf", mq_set_aligned, IN_RECORD(spf), WORDS(result)),
	{ .name = "reason", .children = reason, .id = REASON },
	END,
};
static const MqXmlNode row[] = {
	LEAF("source_ip", mq_set_source, IN_RECORD(source_text)),
	LEAF("count", mq_set_count, IN_RECORD(count)),
	{ .name = "policy_evaluated", .children = policy_evaluated, .id = EVALUATED },
	END,
};
static const MqXmlNode identifiers[] = {
	LEAF("header_from", mq_set_domain, IN_RECORD(header_from)),
	LEAF("envelope_from", mq_set_domain, IN_RECORD(envelope_from), .keep_empty = TRUE),
	LEAF("envelope_to", mq_set_domain, IN_RECORD(envelope_to)),
	END,
};
static const MqXmlNode dkim[] = {
	LEAF("domain", mq_set_domain, IN_DKIM(domain)),
	LEAF("selector", mq_set_text, IN_DKIM(selector), .keep_empty = TRUE),
	LEAF("result", mq_set_word, IN_DKIM(result), WORDS(result)),
	LEAF("human_result", mq_set_text, IN_DKIM(human_result)),
	END,
};
static const MqXmlNode spf[] = {
	LEAF("domain", mq_set_domain, IN_SPF(domain)),
	LEAF("scope", mq_set_word, IN_SPF(scope), WORDS(scope)),
	LEAF("result", mq_set_word, IN_SPF(result), WORDS(result)),
	LEAF("human_result", mq_set_text, IN_SPF(human_result), NEW),
	END,
};
static const MqXmlNode auth_results[] = {
	{ .name = "dkim", .children = dkim, .id = DKIM },
	{ .name = "spf", .children = spf, .id = SPF },
	END,
};
static const MqXmlNode record[] = {
	{ .name = "row", .children = row, .id = ROW, .is_loose = TRUE, .is_implied = TRUE },
	{ .name = "identifiers", .children = identifiers, .id = IDENTIFIERS },
	{ .name = "identities", .children = identifiers, .id = IDENTITIES }, /* drafts */
	{ .name = "auth_results", .children = auth_results, .id = RESULTS },
	END,
};
static const MqXmlNode extension[] = { END }; /* anything; none of it is ours */
static const MqXmlNode feedback_children[] = {
	LEAF("version", mq_set_nothing),
	{ .name = "report_metadata", .children = report_metadata, .id = OTHER },
	{ .name = "policy_published", .children = policy_published, .id = POLICY },
	{ .name = "record", .children = record, .id = RECORD, .is_loose = TRUE, .is_implied = TRUE },
	{ .name = "extension", .children = extension, .id = EXTENSION },
	END,
};
static const MqXmlNode feedback = { .name = "feedback", .children = feedback_children, .id = FEEDBACK };

static const char *const namespaces[] = { NAMESPACE_9990, "http://dmarc.org/dmarc-xml/0.1", NULL };

/* --- a report ends --- */

static gboolean
pass_batch(MqFormatReader *reader, GError **error)
{
	MqBatch *batch = g_steal_pointer(&reader->now.batch);

	reader->is_foreign = TRUE;
	if (batch != NULL && !reader->context->take_batch(reader->context->ctx, batch, error))
		return FALSE;
	reader->is_foreign = FALSE;
	return TRUE;
}

/* What was odd is known only by then to be about a report that is stored. */
static void
pass_problems(MqFormatReader *reader, gint report)
{
	MqProblems *odd = reader->now.odd;

	for (guint i = 0; i < mq_problems_count(odd); i++) {
		const MqProblem *problem = mq_problems_get(odd, i);

		mq_problems_add(reader->context->problems, problem->code, TRUE, report, reader->context->part, "%s",
		                problem->reason);
	}
	mq_problems_free(odd);
	reader->now.odd = mq_problems_new();
}

static void
refuse(MqFormatReader *reader, MqProblemCode code, const char *why)
{
	mq_problems_add(reader->context->problems, code, FALSE, -1, reader->context->part, "%s", why);
	reader->refused++;
}

/* What a report cannot be without: what it is about, and something to tell it from others. */
static gboolean
is_complete(const MqAggregate *now)
{
	const MqReport *report = now->report;

	return (report->policy.domain != NULL || now->has_header_from)
	       && (report->report_id != NULL || report->begin_s != MQ_TIME_ABSENT);
}

/* The last @n of the batch are complete. */
static void
add_digests(MqFormatReader *reader, guint n)
{
	const GPtrArray *records = reader->now.batch->records;
	guint8 digest[MQ_DIGEST_BYTES];

	for (guint i = records->len - n; i < records->len; i++) {
		mq_record_digest(records->pdata[i], digest);
		mq_digest_sum_add(&reader->sum, digest);
	}
}

/* The document ends in the report, perhaps in one of its records. */
static void
cut_report(MqFormatReader *reader)
{
	MqAggregate *now = &reader->now;
	gboolean in_record = now->in_record;
	guint64 n;

	if (in_record) {
		mq_aggregate_drop_record(now);
		add_digests(reader, now->n_rows);
	}
	n = now->report->n_records;
	if (in_record && n > 0)
		mq_problems_add(now->odd, MQ_PROBLEM_XML_TRUNCATED, TRUE, -1, NULL, "the XML ends in record %" G_GUINT64_FORMAT
		                ", which is dropped; the %" G_GUINT64_FORMAT " before it are kept", n + 1, n);
	else if (n > 0)
		mq_problems_add(now->odd, MQ_PROBLEM_XML_TRUNCATED, TRUE, -1, NULL, "the XML ends after record %" G_GUINT64_FORMAT
		                "; complete records are kept", n);
}

static void
say_lost(MqFormatReader *reader)
{
	if (reader->now.n_lost > 0)
		mq_problems_add(reader->context->problems, MQ_PROBLEM_RECORD_DROPPED, FALSE, (gint)reader->context->report,
		                reader->context->part, "%" G_GUINT64_FORMAT " rows are dropped, of records that have too many",
		                reader->now.n_lost);
}

/* The report is at its end, or (@cut) the document is. */
static gboolean
end_report(MqFormatReader *reader, gboolean cut, GError **error)
{
	MqAggregate *now = &reader->now;
	g_autoptr(MqReport) report = NULL;
	gboolean ok;

	if (cut)
		cut_report(reader);
	mq_aggregate_check(now);
	if (now->report->n_records == 0 && (cut || mq_xml_is_damaged(reader->xml)))
		refuse(reader, cut ? MQ_PROBLEM_XML_TRUNCATED : MQ_PROBLEM_XML_BROKEN,
		       cut ? "the XML ends before its first record does"
		           : "the XML is not well-formed and no record can be read");
	else if (!is_complete(now))
		refuse(reader, MQ_PROBLEM_REPORT_INCOMPLETE, "the report names no domain, or neither report id nor time");
	else
		report = g_steal_pointer(&now->report);
	if (report == NULL) {
		mq_aggregate_end(now);
		return TRUE;
	}
	say_lost(reader);
	pass_problems(reader, (gint)reader->context->report);
	if (!pass_batch(reader, error))
		return FALSE;
	mq_aggregate_end(now);
	reader->delivered++;
	reader->is_foreign = TRUE;
	ok = mq_format_deliver(reader->context, g_steal_pointer(&report), &reader->sum, error);
	reader->is_foreign = !ok;
	return ok;
}

static void
forget_unknown(MqFormatReader *reader)
{
	while (reader->n_unknown > 0)
		g_free(reader->unknown[--reader->n_unknown].name);
}

static gboolean
begin_report(MqFormatReader *reader, const char *ns, GError **error)
{
	if (reader->delivered + reader->refused >= MQ_LIMIT_REPORTS) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "the document has more than %d reports", MQ_LIMIT_REPORTS);
		return FALSE;
	}
	mq_aggregate_begin(&reader->now);
	reader->now.is_9990 = g_strcmp0(ns, NAMESPACE_9990) == 0;
	reader->has_policy = reader->skip_policy = FALSE;
	memset(&reader->sum, 0, sizeof(reader->sum));
	forget_unknown(reader);
	return TRUE;
}

static gboolean
end_record(MqFormatReader *reader, GError **error)
{
	MqAggregate *now = &reader->now;
	guint n = mq_aggregate_end_record(now);

	if (now->report->n_records > MQ_LIMIT_RECORDS) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "the report has more than %d records", MQ_LIMIT_RECORDS);
		return FALSE;
	}
	add_digests(reader, n);
	return now->batch->records->len < MQ_LIMIT_BATCH_RECORDS || pass_batch(reader, error);
}

/* --- what the XML reader tells --- */

static gboolean
on_open(gpointer ctx, const MqXmlNode *node, const char *ns, GError **error)
{
	MqFormatReader *reader = ctx;

	switch (node->id) {
	case FEEDBACK:
		return begin_report(reader, ns, error);
	case POLICY:
		reader->skip_policy = reader->has_policy;
		if (reader->has_policy)
			mq_aggregate_odd(&reader->now, MQ_PROBLEM_ELEMENT_REPEATED,
			                 "policy_published is repeated; the first one counts");
		reader->has_policy = TRUE;
		break;
	case RECORD:
		mq_aggregate_begin_record(&reader->now);
		break;
	case ROW:
		mq_aggregate_begin_row(&reader->now);
		break;
	case EVALUATED:
		mq_aggregate_begin_evaluation(&reader->now);
		break;
	case REASON:
		mq_aggregate_begin_reason(&reader->now);
		break;
	case RESULTS:
		mq_aggregate_begin_results(&reader->now);
		break;
	case DKIM:
		mq_aggregate_begin_dkim(&reader->now);
		break;
	case SPF:
		mq_aggregate_begin_spf(&reader->now);
		break;
	case IDENTITIES:
		reader->now.is_draft = TRUE;
		mq_aggregate_begin_identifiers(&reader->now);
		break;
	case IDENTIFIERS:
		mq_aggregate_begin_identifiers(&reader->now);
		break;
	case EXTENSION:
		reader->now.is_9990 = TRUE;
		break;
	default:
		break;
	}
	return TRUE;
}

static gboolean
on_close(gpointer ctx, const MqXmlNode *node, char *text, gsize n, GError **error)
{
	MqFormatReader *reader = ctx;

	if (node->data != NULL) {
		if (!reader->skip_policy)
			mq_aggregate_set(&reader->now, node->name, node->data, text, n);
		return TRUE;
	}
	switch (node->id) {
	case FEEDBACK:
		return end_report(reader, FALSE, error);
	case POLICY:
		reader->skip_policy = FALSE;
		return TRUE;
	case RECORD:
		return end_record(reader, error);
	case REASON:
		mq_aggregate_end_reason(&reader->now);
		return TRUE;
	case DKIM:
		mq_aggregate_end_dkim(&reader->now);
		return TRUE;
	case SPF:
		mq_aggregate_end_spf(&reader->now);
		return TRUE;
	default:
		return TRUE;
	}
}

/* One name is noted once, and a report has only so many. */
static gboolean
is_new_unknown(MqFormatReader *reader, const MqXmlNode *parent, const char *name)
{
	guint n = reader->n_unknown;

	if (n == UNKNOWN_NAMES)
		return FALSE;
	for (guint i = 0; i < n; i++)
		if (reader->unknown[i].parent == parent && g_str_equal(reader->unknown[i].name, name))
			return FALSE;
	reader->unknown[n].parent = parent;
	reader->unknown[n].name = g_strdup(name);
	reader->n_unknown++;
	return TRUE;
}

static void
on_unknown(gpointer ctx, const MqXmlNode *parent, const char *name, const char *ns)
{
	MqFormatReader *reader = ctx;
	g_autofree char *visible = NULL;

	if (parent == NULL) {
		if (reader->other_root == NULL)
			reader->other_root = mq_text_visible(name);
	} else if (g_str_equal(name, "version_published") || g_str_equal(name, "extensions")) {
		reader->now.is_draft = TRUE;
	} else if ((ns == NULL || g_str_has_suffix(ns, NAMESPACE_9990)) && parent->children != extension
	           && is_new_unknown(reader, parent, name)) {
		visible = mq_text_visible(name);
		mq_aggregate_odd(&reader->now, MQ_PROBLEM_VALUE_ODD, "the element '%s' in '%s' is unknown and skipped%s", visible,
		                 parent->name, parent == &feedback ? ", but for records in it" : "");
	}
}

static void
on_note(gpointer ctx, MqProblemCode code, const char *why)
{
	MqFormatReader *reader = ctx;

	mq_aggregate_odd(&reader->now, code, "%s", why);
}

static const MqXmlHandler handler = {
	.namespaces = namespaces,
	.open = on_open,
	.close = on_close,
	.unknown = on_unknown,
	.note = on_note,
};

/* --- the format --- */

static MqFormatReader *
aggregate_open(MqFormatContext *context)
{
	MqFormatReader *reader = g_new0(MqFormatReader, 1);

	reader->context = context;
	mq_aggregate_init(&reader->now);
	reader->xml = mq_xml_new(&feedback, &handler, context->charset, reader);
	return reader;
}

/* Puts a problem beside @error, which the XML reader or this one has set. */
static gboolean
explain(MqFormatReader *reader, const GError *error)
{
	MqProblemCode code = mq_xml_problem(reader->xml);

	if (reader->is_foreign)
		return FALSE;
	if (g_error_matches(error, MQ_ERROR, MQ_ERROR_UNSUPPORTED))
		code = MQ_PROBLEM_ENCODING;
	else if ((reader->now.report != NULL && reader->now.report->n_records > MQ_LIMIT_RECORDS)
	         || reader->delivered + reader->refused >= MQ_LIMIT_REPORTS)
		code = MQ_PROBLEM_TOO_LARGE;
	refuse(reader, code, error->message);
	return FALSE;
}

static gboolean
aggregate_feed(MqFormatReader *reader, const guint8 *bytes, gsize n, GError **error)
{
	GError *why = NULL;

	if (mq_xml_feed(reader->xml, bytes, n, &why))
		return TRUE;
	explain(reader, why);
	g_propagate_error(error, why);
	return FALSE;
}

static gboolean
aggregate_finish(MqFormatReader *reader, gboolean whole, GError **error)
{
	GError *why = NULL;

	(void)whole; /* whoever knows has said so; here the XML just ends */
	if (!mq_xml_finish(reader->xml, &why) || (reader->now.report != NULL && !end_report(reader, TRUE, &why))) {
		explain(reader, why);
		g_propagate_error(error, why);
		return FALSE;
	}
	if (reader->delivered > 0) {
		pass_problems(reader, (gint)reader->context->report - 1);
		return TRUE;
	}
	if (reader->refused == 0) {
		g_autofree char *what = reader->other_root == NULL
			? g_strdup("there is no element in it")
			: g_strdup_printf("the XML is no report: its root is '%s', not 'feedback'", reader->other_root);

		refuse(reader, MQ_PROBLEM_NO_REPORT, what);
	}
	g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "holds no aggregate report that can be read");
	return FALSE;
}

static void
aggregate_free(MqFormatReader *reader)
{
	if (reader == NULL)
		return;
	mq_xml_free(reader->xml);
	mq_aggregate_clear(&reader->now);
	forget_unknown(reader);
	g_free(reader->other_root);
	g_free(reader);
}

/* The first bytes in lower case and without zeros: UTF-16 and UTF-32 read as ASCII then. */
static void
squeeze(const guint8 *start, gsize n, char *out)
{
	for (gsize i = 0; i < n; i++)
		if (start[i] != 0)
			*out++ = g_ascii_isupper(start[i]) ? (char)(start[i] + ('a' - 'A')) : (char)start[i];
	*out = '\0';
}

/* Whether a tag of that local name begins in @text. */
static gboolean
has_tag(const char *text, const char *name)
{
	for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
		const char *before = at;

		if (before > text && before[-1] == ':') { /* a prefix */
			before--;
			while (before > text && (g_ascii_isalnum(before[-1]) || strchr("_-.", before[-1]) != NULL))
				before--;
		}
		if (before > text && before[-1] == '<')
			return TRUE;
	}
	return FALSE;
}

static guint
aggregate_bid(const guint8 *start, gsize n)
{
	static const guint8 ebcdic[] = { 0x4C, 0x6F, 0xA7, 0x94, 0x93 }; /* "<?xml" there */
	char text[MQ_FORMAT_BID_BYTES + 1];

	n = MIN(n, MQ_FORMAT_BID_BYTES);
	if (n >= sizeof(ebcdic) && memcmp(start, ebcdic, sizeof(ebcdic)) == 0)
		return 10; /* refused, with the reason */
	if (memmem(start, n, "<feedback", strlen("<feedback")) != NULL)
		return 100; /* as nearly all begin */
	squeeze(start, n, text);
	if (has_tag(text, "feedback"))
		return 100;
	if (has_tag(text, "report_metadata") || has_tag(text, "policy_published"))
		return 80;
	return strstr(text, "<?xml") != NULL && !has_tag(text, "html") ? 20 : 0;
}

const MqFormat mq_format_aggregate = {
	.name = "aggregate",
	.bid = aggregate_bid,
	.open = aggregate_open,
	.feed = aggregate_feed,
	.finish = aggregate_finish,
	.free = aggregate_free,
};
