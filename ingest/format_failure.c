/* Failure reports: ARF (RFC 5965, 6591, 9991) and what really arrives, and the plain-text notices of
 * Exim and cPanel that are no ARF at all. They are read from the whole mail: the feedback fields are
 * one part, the failed mail (or its header) another. Bodies are never kept. */
#include <string.h>

#include "ingest/auth_results.h"
#include "ingest/domain.h"
#include "ingest/fields.h"
#include "ingest/formats.h"
#include "ingest/mail.h"
#include "ingest/text.h"

#define PART_BYTES   (1024 * 1024) /* of a feedback part or a copied header */
#define LOOKED_BYTES 2048
#define REPORTS_MAX  20 /* of one mail */
#define RESULTS_MAX  20 /* fields of one report */

#define RESULTS_FIELD "Authentication-Results"

static const char notice_words[] = "message claiming to be from you has failed";

/* --- finding --- */

static char *
leaf_text(const MqMail *mail, guint i, gsize max)
{
	g_autoptr(MqPart) part = mq_mail_leaf_part(mail, i, NULL);
	const guint8 *bytes;
	gssize n = mq_part_peek(part, max, &bytes, NULL); /* one that breaks has what came before */

	return n > 0 ? g_strndup((const char *)bytes, (gsize)n) : g_strdup("");
}

static gboolean
starts_with_feedback(const char *text)
{
	const char *at = text + strspn(text, " \t\r\n");

	return g_ascii_strncasecmp(at, "Feedback-Type:", 14) == 0;
}

static gboolean
is_feedback(const MqMail *mail, guint i)
{
	const MqLeaf *leaf = mq_mail_leaf(mail, i);
	g_autofree char *text = NULL;

	if (leaf->is_mail)
		return FALSE;
	if (g_str_equal(leaf->type, "message/feedback-report"))
		return TRUE;
	if (!g_str_has_prefix(leaf->type, "text/plain"))
		return FALSE;
	text = leaf_text(mail, i, LOOKED_BYTES);
	return starts_with_feedback(text);
}

static gboolean
is_notice(const MqMail *mail, guint i)
{
	const MqLeaf *leaf = mq_mail_leaf(mail, i);
	g_autofree char *text = NULL;

	if (leaf->is_mail || !g_str_has_prefix(leaf->type, "text/plain"))
		return FALSE;
	text = leaf_text(mail, i, LOOKED_BYTES);
	return strstr(text, notice_words) != NULL;
}

static guint
failure_bid_mail(MqMail *mail)
{
	g_autofree char *bare = mq_mail_header(mail, "Feedback-Type", 0);
	guint n = MIN(mq_mail_n_leaves(mail), 20);

	if (bare != NULL)
		return 90;
	for (guint i = 0; i < n; i++)
		if (is_feedback(mail, i) || is_notice(mail, i))
			return 100;
	return 0;
}

/* --- values --- */

/* "IPv6:2001:db8::1", "[192.0.2.1]", "192.0.2.1 (host.example)" */
static void
set_source(MqFailure *failure, const char *text)
{
	g_autofree char *bare = text != NULL ? g_strdup(text) : NULL;
	char *start = bare;

	if (bare == NULL)
		return;
	start += strspn(start, " \t[");
	if (g_ascii_strncasecmp(start, "IPv6:", 5) == 0)
		start += 5;
	start[strcspn(start, "] \t(;")] = '\0';
	if (*start != '\0' && !mq_address_parse(start, &failure->source))
		failure->source_text = mq_text_clean(text, -1, MQ_LIMIT_FIELD_BYTES);
}

static char *
without_brackets(char *text)
{
	g_autofree char *owned = text;
	gsize n = text != NULL ? strlen(text) : 0;

	if (n >= 2 && text[0] == '<' && text[n - 1] == '>')
		return mq_text_clean(text + 1, (gssize)n - 2, MQ_LIMIT_FIELD_BYTES);
	return g_steal_pointer(&owned);
}

/* "dmarc, spf (note)": each word once, lower case */
static void
add_words(GPtrArray *words, const char *text)
{
	g_autofree char *bare = g_ascii_strdown(text, -1);
	g_auto(GStrv) items = NULL;
	char *comment;

	while ((comment = strchr(bare, '(')) != NULL) {
		char *end = strchr(comment, ')');

		memset(comment, ' ', end != NULL ? (gsize)(end - comment) + 1 : strlen(comment));
	}
	items = g_strsplit_set(bare, ", \t\r\n;", 100);
	for (guint i = 0; items[i] != NULL; i++)
		if (*items[i] != '\0' && !g_ptr_array_find_with_equal_func(words, items[i], g_str_equal, NULL))
			g_ptr_array_add(words, mq_text_clean(items[i], -1, MQ_LIMIT_FIELD_BYTES));
}

/* A tag of a DKIM-Signature field. (transfer full) (nullable) */
static char *
signature_tag(const char *signature, const char *tag)
{
	g_auto(GStrv) items = g_strsplit(signature, ";", 100);

	for (guint i = 0; items[i] != NULL; i++) {
		char *value = strchr(items[i], '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (g_str_equal(g_strstrip(items[i]), tag))
			return mq_text_clean(value, -1, MQ_LIMIT_FIELD_BYTES);
	}
	return NULL;
}

static void
take_text(char **into, char *text)
{
	if (*into == NULL)
		*into = text;
	else
		g_free(text);
}

static gint64
first_date(const MqFields *fields, const char *name)
{
	const char *value = mq_fields_get(fields, name, 0);
	gint64 at;

	return value != NULL && mq_when_parse_rfc5322(value, &at) ? at : MQ_TIME_ABSENT;
}

/* --- what the parts say --- */

/* RFC 5965 allows several fields of results; "a; spf=pass; b; dkim=fail". (transfer full) (nullable) */
static char *
all_results(const MqFields *fields)
{
	g_autoptr(GString) all = g_string_new(NULL);
	const char *value;

	for (guint i = 0; i < RESULTS_MAX && (value = mq_fields_get(fields, RESULTS_FIELD, i)) != NULL; i++)
		g_string_append_printf(all, "%s%s", i > 0 ? "; " : "", value);
	return all->len > 0 ? mq_text_clean(all->str, (gssize)all->len, MQ_LIMIT_FIELD_BYTES) : NULL;
}

static void
read_feedback(MqReport *report, const MqFields *fields)
{
	MqFailure *f = report->failure;
	const char *value;

	f->feedback_type = mq_fields_text(fields, "Feedback-Type");
	f->user_agent = mq_fields_text(fields, "User-Agent");
	set_source(f, mq_fields_get(fields, "Source-IP", 0));
	f->reported_domain = mq_fields_get(fields, "Reported-Domain", 0) != NULL
		? mq_domain_of_address(mq_fields_get(fields, "Reported-Domain", 0))
		: NULL;
	for (guint i = 0; i < mq_fields_count_of(fields, "Auth-Failure"); i++)
		add_words(f->auth_failure, mq_fields_get(fields, "Auth-Failure", i));
	f->delivery_result = mq_fields_text(fields, "Delivery-Result");
	f->identity_alignment_said = mq_fields_text(fields, "Identity-Alignment");
	f->auth_results = all_results(fields);
	f->original_mail_from = without_brackets(mq_fields_text(fields, "Original-Mail-From"));
	f->original_rcpt_to = without_brackets(mq_fields_text(fields, "Original-Rcpt-To"));
	f->dkim_domain = mq_fields_text(fields, "DKIM-Domain");
	f->dkim_selector = mq_fields_text(fields, "DKIM-Selector");
	f->dkim_identity = mq_fields_text(fields, "DKIM-Identity");
	f->spf_dns = mq_fields_text(fields, "SPF-DNS");
	f->message_id = without_brackets(mq_fields_text(fields, "Message-ID"));
	value = mq_fields_get(fields, "Incidents", 0);
	if (value != NULL) {
		guint64 incidents;

		/* one that is no number stays absent */
		if (g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &incidents, NULL))
			f->incidents = (gint64)incidents;
	}
	f->arrival_s = first_date(fields, "Arrival-Date");
	if (f->arrival_s == MQ_TIME_ABSENT)
		f->arrival_s = first_date(fields, "Received-Date"); /* RFC 5965's older name */
	value = mq_fields_get(fields, "Reporting-MTA", 0);
	if (value != NULL) {
		const char *name = strchr(value, ';');

		report->reporter = mq_text_clean(name != NULL ? name + 1 : value, -1, MQ_LIMIT_FIELD_BYTES);
	}
}

/* The failed mail's own header; its body is not looked at. */
static void
read_original(MqFailure *f, const MqMail *original)
{
	g_autofree char *signature = mq_mail_header(original, "DKIM-Signature", 0);
	g_autofree char *date = mq_mail_header(original, "Date", 0);

	take_text(&f->header_from, mq_mail_header_address(original, "From"));
	take_text(&f->subject, mq_mail_header(original, "Subject", 0));
	g_clear_pointer(&f->message_id, g_free); /* the mail knows better than the feedback fields */
	f->message_id = without_brackets(mq_mail_header(original, "Message-ID", 0));
	if (signature != NULL) {
		take_text(&f->dkim_domain, signature_tag(signature, "d"));
		take_text(&f->dkim_selector, signature_tag(signature, "s"));
		take_text(&f->dkim_identity, signature_tag(signature, "i"));
	}
	if (f->arrival_s == MQ_TIME_ABSENT && (date == NULL || !mq_when_parse_rfc5322(date, &f->arrival_s)))
		f->arrival_s = MQ_TIME_ABSENT;
}

/* A header as text becomes a mail of its own, so that it is decoded as one. */
static void
read_original_text(MqFailure *f, const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(MqPart) part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	g_autoptr(MqMail) original = mq_mail_read(part, NULL); /* one that is hostile says nothing */

	if (original != NULL)
		read_original(f, original);
}

/* A mail or its header that calls itself text: it begins with fields, one is From and one another that mails have. */
static gboolean
looks_like_mail(const char *text)
{
	static const char *const usual[] = { "Date", "Subject", "Message-ID", "To", "Received", "DKIM-Signature" };
	g_autoptr(MqFields) fields = mq_fields_parse(text, -1);

	if (!mq_fields_at_start(fields) || mq_fields_get(fields, "From", 0) == NULL)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(usual); i++)
		if (mq_fields_get(fields, usual[i], 0) != NULL)
			return TRUE;
	return FALSE;
}

static gboolean
is_original_text(const MqLeaf *leaf)
{
	return g_str_equal(leaf->type, "text/rfc822-headers") || g_str_equal(leaf->type, "message/rfc822")
	       || g_str_equal(leaf->type, "text/rfc822");
}

/* The leaf that holds the failed mail, or its header; after @from. One that says so is better than one that looks so. */
static void
find_original(MqFailure *f, const MqMail *mail, guint from)
{
	g_autofree char *likely = NULL;

	for (guint i = from; i < mq_mail_n_leaves(mail); i++) {
		const MqLeaf *leaf = mq_mail_leaf(mail, i);
		g_autoptr(MqMail) inner = leaf->is_mail ? mq_mail_leaf_mail(mail, i) : NULL;
		g_autofree char *text = NULL;

		if (inner != NULL) {
			read_original(f, inner);
			return;
		}
		if (is_feedback(mail, i))
			break; /* of the next report */
		if (is_original_text(leaf)) {
			text = leaf_text(mail, i, PART_BYTES);
			read_original_text(f, text);
			return;
		}
		if (likely == NULL && g_str_has_prefix(leaf->type, "text/plain")) {
			text = leaf_text(mail, i, PART_BYTES);
			likely = looks_like_mail(text) ? g_steal_pointer(&text) : NULL;
		}
	}
	if (likely != NULL)
		read_original_text(f, likely);
}

/* --- what follows from it --- */

/* In the words of RFC 9991; a mechanism's result is 1 when it gave an aligned identity, 0, or -1 when unknown. */
static void
set_alignment(MqFailure *f, int dkim, int spf)
{
	if (dkim >= 0 || spf >= 0)
		f->identity_alignment = g_strdup(dkim == 0 && spf == 0 ? "dkim,spf" : dkim == 0 ? "dkim" : spf == 0 ? "spf" : "none");
}

/* Whether any of the fields has @method give an aligned identity. Each is read by itself: what one leaves open, a
 * quote or a comment, hides nothing of the next. */
static int
aligned_by(const MqFields *fields, const char *method, const char *from)
{
	const char *value;
	int aligned = -1;

	for (guint i = 0; i < RESULTS_MAX && (value = mq_fields_get(fields, RESULTS_FIELD, i)) != NULL; i++) {
		g_autofree char *text = mq_text_clean(value, -1, MQ_LIMIT_FIELD_BYTES);
		g_autoptr(MqAuthResults) results = mq_auth_results_parse(text);

		aligned = MAX(aligned, mq_auth_results_aligned(results, method, from));
	}
	return aligned;
}

/* RFC 9991 4: what failed to authenticate an aligned identity. Recomputed: RFC 7489 had it the other way. */
static void
recompute_alignment(MqFailure *f, const MqFields *fields)
{
	g_autofree char *from = f->header_from != NULL ? mq_domain_of_address(f->header_from) : g_strdup(f->reported_domain);

	if (from == NULL)
		return;
	set_alignment(f, aligned_by(fields, "dkim", from), aligned_by(fields, "spf", from));
}

/* "@example.com". An address without a domain that is one could be a name: nothing of it stays. */
static void
keep_domain_only(char **address)
{
	g_autofree char *owned = *address;
	g_autofree char *said = owned != NULL && strchr(owned, '@') != NULL ? mq_domain_of_address(owned) : NULL;
	gboolean valid = FALSE;
	g_autofree char *domain = said != NULL ? mq_domain_normalize(said, &valid) : NULL;

	*address = NULL;
	if (owned != NULL && *owned == '\0')
		*address = g_steal_pointer(&owned); /* the null sender is nobody */
	else if (valid)
		*address = g_strconcat("@", domain, NULL);
}

/* Where the local part starts whose '@' comes next in @out: a quoted one may hold anything. */
static gsize
local_part_start(const GString *out)
{
	gsize at = out->len;

	if (at > 0 && out->str[at - 1] == '"') {
		for (at--; at > 0 && out->str[at - 1] != '"'; at--)
			;
		return at > 0 ? at - 1 : 0;
	}
	while (at > 0 && strchr(" \t,;:=<>()[]\"", out->str[at - 1]) == NULL)
		at--;
	return at;
}

/* How many bytes of @text are an '@', as it is or as a URL writes it; 0: none. */
static gsize
at_sign(const char *text)
{
	static const char *const signs[] = { "@", "%40", "%2540" };

	for (gsize i = 0; i < G_N_ELEMENTS(signs); i++)
		if (g_str_has_prefix(text, signs[i]))
			return strlen(signs[i]);
	return 0;
}

/* Free text in which somebody's address may stand all the same: "eaten by @example.com". */
static void
hide_local_parts(char **text)
{
	g_autofree char *owned = *text;
	GString *out;

	if (owned == NULL)
		return;
	out = g_string_new(NULL);
	for (const char *at = owned; *at != '\0';) {
		gsize n = at_sign(at);

		if (n > 0) {
			g_string_truncate(out, local_part_start(out));
			g_string_append_c(out, '@');
		} else {
			g_string_append_c(out, *at);
		}
		at += MAX(n, 1);
	}
	*text = g_string_free(out, FALSE);
}

/* A domain that is written as an address: "@example.com" has a domain, "someone%40example.com" had none. */
static void
hide_in_domain(char **domain)
{
	hide_local_parts(domain);
	if (*domain != NULL && strchr(*domain, '@') != NULL) {
		g_autofree char *owned = *domain;

		*domain = mq_domain_of_address(owned);
	}
}

/* Domains stay, people go. */
static void
redact(MqReport *report)
{
	MqFailure *f = report->failure;
	char **const free_texts[] = {
		&report->reporter, &f->feedback_type, &f->user_agent, &f->source_text, &f->delivery_result,
		&f->identity_alignment_said, &f->dkim_domain, &f->dkim_selector, &f->spf_dns,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(free_texts); i++)
		hide_local_parts(free_texts[i]);
	for (guint i = 0; i < f->auth_failure->len; i++)
		hide_local_parts((char **)&g_ptr_array_index(f->auth_failure, i));
	hide_in_domain(&f->reported_domain);
	hide_in_domain(&report->policy.domain);
	keep_domain_only(&f->original_mail_from);
	keep_domain_only(&f->original_rcpt_to);
	keep_domain_only(&f->header_from);
	keep_domain_only(&f->message_id);
	keep_domain_only(&f->dkim_identity);
	g_clear_pointer(&f->subject, g_free);
	g_clear_pointer(&f->auth_results, g_free);
}

static gboolean
deliver(MqFormatContext *context, MqReport *report, GError **error)
{
	MqFailure *f = report->failure;

	if (f->reported_domain == NULL && f->header_from != NULL)
		f->reported_domain = mq_domain_of_address(f->header_from);
	if (f->arrival_s == MQ_TIME_ABSENT && context->envelope != NULL)
		f->arrival_s = context->envelope->date_s;
	if (report->reporter == NULL && context->envelope != NULL)
		report->reporter = g_strdup(context->envelope->from_domain);
	report->policy.domain = g_strdup(f->reported_domain);
	report->begin_s = report->end_s = f->arrival_s;
	if (f->source.n_bytes == 0)
		mq_problems_add(context->problems, MQ_PROBLEM_ADDRESS_ODD, TRUE, (gint)context->report, context->part,
		                "names no source address that can be read");
	if (context->redact)
		redact(report);
	return mq_format_deliver(context, report, NULL, error);
}

/* Whether the fields say anything that makes a failure report. */
static gboolean
is_complete(const MqFailure *f)
{
	return f->feedback_type != NULL
	       && (f->source.n_bytes > 0 || f->source_text != NULL || f->reported_domain != NULL || f->auth_failure->len > 0
	           || f->user_agent != NULL || f->original_mail_from != NULL || f->arrival_s != MQ_TIME_ABSENT);
}

/* @original_from: the leaf after the feedback part */
static gboolean
read_arf(MqMail *mail, const char *text, guint original_from, MqFormatContext *context, guint *n, GError **error)
{
	g_autoptr(MqFields) fields = mq_fields_parse(text, -1);
	g_autoptr(MqReport) report = mq_report_new(MQ_TYPE_FAILURE);

	report->dialect = MQ_DIALECT_ARF;
	read_feedback(report, fields);
	if (!is_complete(report->failure))
		return TRUE;
	(*n)++;
	find_original(report->failure, mail, original_from);
	recompute_alignment(report->failure, fields);
	return deliver(context, g_steal_pointer(&report), error);
}

/* "Sender Domain: example.com" anywhere in the text. (transfer full) (nullable) */
static char *
notice_value(const char *text, const char *label)
{
	const char *at = strstr(text, label);
	g_autofree char *line = NULL;

	if (at == NULL)
		return NULL;
	at += strlen(label);
	line = g_strndup(at, strcspn(at, "\r\n"));
	return mq_text_clean(line, -1, MQ_LIMIT_FIELD_BYTES);
}

/* "SPF Alignment: no": 0; -1 when it does not say. */
static int
notice_alignment(const char *text, const char *label)
{
	g_autofree char *value = notice_value(text, label);

	if (value == NULL)
		return -1;
	return g_ascii_strcasecmp(value, "yes") == 0 ? 1 : g_ascii_strcasecmp(value, "no") == 0 ? 0 : -1;
}

/* The copied header, without the white space that all its lines begin with. (transfer full) (nullable) */
static char *
copied_header(const char *text)
{
	const char *copy = strstr(text, "copy of the headers");
	g_autoptr(GString) header = NULL;
	gsize indent;

	if (copy == NULL)
		return NULL;
	copy += strcspn(copy, "\n");
	copy += strspn(copy, "\r\n- \t");
	for (indent = 0; copy - indent > text && strchr(" \t", copy[-(gssize)indent - 1]) != NULL; indent++)
		;
	header = g_string_new(NULL);
	for (const char *line = copy - indent; *line != '\0';) {
		gsize skipped = MIN(indent, strspn(line, " \t"));
		gsize n = strcspn(line, "\n");

		n += line[n] == '\n';
		g_string_append_len(header, line + skipped, (gssize)(n - skipped));
		line += n;
	}
	return g_string_free(g_steal_pointer(&header), FALSE);
}

/* "Reject", in the lower case of RFC 6591's words. (transfer full) (nullable) */
static char *
notice_delivery(const char *text)
{
	g_autofree char *value = notice_value(text, "DMARC Results:");

	return value != NULL && *value != '\0' ? g_ascii_strdown(value, -1) : NULL;
}

static gboolean
read_notice(const char *text, MqFormatContext *context, GError **error)
{
	g_autoptr(MqReport) report = mq_report_new(MQ_TYPE_FAILURE);
	g_autofree char *source = notice_value(text, "Sender IP Address:");
	g_autofree char *domain = notice_value(text, "Sender Domain:");
	g_autofree char *date = notice_value(text, "Received Date:");
	g_autofree char *copy = copied_header(text);
	MqFailure *f = report->failure;

	report->dialect = MQ_DIALECT_TEXT;
	f->feedback_type = g_strdup("auth-failure");
	add_words(f->auth_failure, "dmarc");
	set_source(f, source);
	set_alignment(f, notice_alignment(text, "DKIM Alignment:"), notice_alignment(text, "SPF Alignment:"));
	f->reported_domain = domain != NULL ? mq_domain_normalize(domain, NULL) : NULL;
	if (date == NULL || !mq_when_parse_rfc5322(date, &f->arrival_s))
		f->arrival_s = MQ_TIME_ABSENT;
	f->delivery_result = notice_delivery(text);
	if (copy != NULL)
		read_original_text(f, copy);
	return deliver(context, g_steal_pointer(&report), error);
}

static gboolean
failure_read_mail(MqMail *mail, MqFormatContext *context, GError **error)
{
	g_autofree char *bare = mq_mail_header(mail, "Feedback-Type", 0);
	guint found = 0;

	for (guint i = 0; i < mq_mail_n_leaves(mail) && found < REPORTS_MAX; i++) {
		g_autofree char *text = NULL;

		if (is_feedback(mail, i)) {
			text = leaf_text(mail, i, PART_BYTES);
			if (!read_arf(mail, text, i + 1, context, &found, error))
				return FALSE;
		} else if (is_notice(mail, i)) {
			text = leaf_text(mail, i, PART_BYTES);
			found++;
			return read_notice(text, context, error);
		}
	}
	if (found == 0 && bare != NULL) { /* the fields stand where a mail's header does */
		g_autofree char *header = mq_mail_n_leaves(mail) > 0 ? mq_mail_leaf_header(mail, 0) : NULL;

		if (!read_arf(mail, header != NULL ? header : "", 0, context, &found, error))
			return FALSE;
	}
	if (found > 0)
		return TRUE;
	mq_problems_add(context->problems, MQ_PROBLEM_REPORT_INCOMPLETE, FALSE, -1, context->part,
	                "a failure report whose feedback part says nothing");
	g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "holds no failure report that can be read");
	return FALSE;
}

const MqFormat mq_format_failure = {
	.name = "failure",
	.bid_mail = failure_bid_mail,
	.read_mail = failure_read_mail,
};
