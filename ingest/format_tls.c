/* SMTP TLS reports (RFC 8460): JSON, read whole, since its keys may come in any order. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "ingest/domain.h"
#include "ingest/formats.h"
#include "ingest/json_repair.h"
#include "ingest/text.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

struct MqFormatReader {
	MqFormatContext *context;
	GByteArray *bytes;
};

/* What a report is read with. */
typedef struct {
	MqFormatContext *context;
	MqReport *report;
	guint n_failures;
} Tls;

/* ---------------------------------------------------------------------- bid */

/* Keys that tell a TLS report from other JSON, in quotes. */
static const char *const telling[] = {
	"\"organization-name\"",  "\"policies\"",  "\"date-range\"", "\"report-id\"",
	"\"contact-info\"",       "\"policy-type\"", "\"policy-domain\"", "\"failure-details\"",
	"\"total-successful-session-count\"", "\"total-failure-session-count\"",
};

/* The start as plain characters: UTF-16 and "\u002d" undone, as far as keys need it. */
static char *
plain_start(const guint8 *start, gsize n)
{
	GString *plain = g_string_sized_new(n);

	for (gsize i = 0; i < n; i++) {
		int high = n - i >= 6 ? g_ascii_xdigit_value((char)start[i + 4]) : -1;
		int low = n - i >= 6 ? g_ascii_xdigit_value((char)start[i + 5]) : -1;

		if (start[i] == 0 || start[i] >= 0x80)
			continue;
		if (high >= 0 && low >= 0 && high + low > 0 && memcmp(start + i, "\\u00", 4) == 0) {
			g_string_append_c(plain, (char)(16 * high + low));
			i += 5;
		} else {
			g_string_append_c(plain, (char)start[i]);
		}
	}
	return g_string_free(plain, FALSE);
}

static guint
tls_bid(const guint8 *start, gsize n)
{
	g_autofree char *plain = NULL;
	const char *first;
	guint found = 0;

	if (n == 0 || memchr(start, '{', MIN(n, 64)) == NULL)
		return 0;
	plain = plain_start(start, n);
	first = plain + strspn(plain, " \t\r\n");
	if (*first != '{')
		return 0;
	for (gsize i = 0; i < G_N_ELEMENTS(telling); i++)
		found += strstr(first, telling[i]) != NULL;
	return found >= 2 ? 90 : 0;
}

/* ------------------------------------------------------------------- values */

static void
note(const Tls *tls, MqProblemCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
note(const Tls *tls, MqProblemCode code, const char *format, ...)
{
	g_autofree char *reason = NULL;
	va_list args;

	va_start(args, format);
	reason = g_strdup_vprintf(format, args);
	va_end(args);
	mq_problems_add(tls->context->problems, code, TRUE, (gint)tls->context->report, tls->context->part, "%s", reason);
}

/* What stands at @key, if it is a text (or a number, as text); cleaned. (nullable) */
static char *
get_text(const Tls *tls, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (json_is_real(value))
		return g_strdup_printf("%.15g", json_real_value(value));
	if (!json_is_string(value)) {
		note(tls, MQ_PROBLEM_VALUE_ODD, "'%s' is no text", key);
		return NULL;
	}
	if (json_string_length(value) > MQ_LIMIT_FIELD_BYTES)
		note(tls, MQ_PROBLEM_FIELD_TRUNCATED, "'%s' is longer than %d bytes, the rest is dropped", key,
		     MQ_LIMIT_FIELD_BYTES);
	return mq_text_clean(json_string_value(value), -1, MQ_LIMIT_FIELD_BYTES);
}

static char *
get_domain(const Tls *tls, const json_t *object, const char *key)
{
	g_autofree char *text = get_text(tls, object, key);

	return text != NULL ? mq_domain_normalize(text, NULL) : NULL;
}

/* An address in its canonical form, or what stands there. */
static char *
get_address(const Tls *tls, const json_t *object, const char *key)
{
	char *text = get_text(tls, object, key);
	MqAddress address;

	if (text == NULL || !mq_address_parse(text, &address))
		return text;
	g_free(text);
	return mq_address_to_text(&address);
}

/* Counts come as numbers; some write them as texts. All numbers are reals here: see decode(). */
static gint64
get_count(const Tls *tls, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	double number = NAN;

	if (value == NULL)
		return MQ_COUNT_ABSENT;
	if (json_is_real(value))
		number = json_real_value(value);
	else if (json_is_string(value)) {
		guint64 whole;

		if (g_ascii_string_to_unsigned(json_string_value(value), 10, 0, MQ_LIMIT_COUNT, &whole, NULL)) {
			note(tls, MQ_PROBLEM_VALUE_ODD, "'%s' is a text, not a number; read as one", key);
			return (gint64)whole;
		}
	}
	if (number >= 0 && number <= (double)MQ_LIMIT_COUNT && number == floor(number))
		return (gint64)number;
	note(tls, MQ_PROBLEM_COUNT_ODD, "'%s' is no number of sessions; left open", key);
	return MQ_COUNT_ABSENT;
}

static gint64
get_time(const Tls *tls, const json_t *range, const char *key)
{
	g_autofree char *text = get_text(tls, range, key);
	gint64 time_s;

	if (text == NULL) {
		note(tls, MQ_PROBLEM_VALUE_MISSING, "'%s' is missing", key);
		return MQ_TIME_ABSENT;
	}
	if (strlen(text) > 10 && text[10] == ' ')
		text[10] = 'T';
	if (mq_when_parse_rfc3339(text, &time_s) && time_s >= MQ_LIMIT_TIME_FIRST && time_s < MQ_LIMIT_TIME_LAST)
		return time_s;
	note(tls, MQ_PROBLEM_TIME_ODD, "'%s' is no time of a report", key);
	return MQ_TIME_ABSENT;
}

/* ----------------------------------------------------------------- policies */

static void
add_string(const Tls *tls, GPtrArray *list, const char *text, const char *key)
{
	if (g_ascii_strncasecmp(text, "mx: ", 4) == 0 && g_str_has_prefix(key, "mx-"))
		text += 4;
	if (list->len < MQ_LIMIT_TLS_STRINGS)
		g_ptr_array_add(list, mq_text_clean(text, -1, MQ_LIMIT_FIELD_BYTES));
	else
		note(tls, MQ_PROBLEM_RECORD_DROPPED, "'%s' has more than %d items", key, MQ_LIMIT_TLS_STRINGS);
}

/* Microsoft writes the TLSA records as one text that is itself a JSON list. */
static gboolean
add_list_in_text(const Tls *tls, GPtrArray *list, const char *text, const char *key)
{
	g_autoptr(json_t) inner = NULL;
	const json_t *item;
	size_t i;

	if (*text != '[' || strlen(text) > MQ_LIMIT_XML_TEXT)
		return FALSE;
	inner = json_loads(text, 0, NULL);
	json_array_foreach(inner, i, item)
		if (!json_is_string(item))
			return FALSE;
	json_array_foreach(inner, i, item)
		add_string(tls, list, json_string_value(item), key);
	return json_array_size(inner) > 0;
}

/* A list of texts, or one text (RFC 8460 section 4.4 says both, erratum 6241). */
static void
get_strings(const Tls *tls, const json_t *object, const char *key, GPtrArray *list)
{
	json_t *value = json_object_get(object, key);
	gsize n = json_is_array(value) ? json_array_size(value) : value != NULL;

	for (gsize i = 0; i < n && i <= MQ_LIMIT_TLS_STRINGS; i++) {
		const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;

		if (json_is_string(item)) {
			if (!add_list_in_text(tls, list, json_string_value(item), key))
				add_string(tls, list, json_string_value(item), key);
		} else if (!json_is_null(item)) {
			note(tls, MQ_PROBLEM_VALUE_ODD, "'%s' holds what is no text", key);
		}
	}
}

/* RFC 8460 section 4.3. The list is open: another word is kept, and noted. */
static const char *const result_types[] = {
	"starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted",
	"validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error",
	"sts-policy-invalid", "sts-webpki-invalid", NULL,
};

static void
check_result_type(const Tls *tls, const char *type)
{
	if (type == NULL)
		note(tls, MQ_PROBLEM_VALUE_MISSING, "a failure has no 'result-type'");
	else if (!g_strv_contains(result_types, type))
		note(tls, MQ_PROBLEM_VALUE_ODD, "'%s' is no result type of RFC 8460", type);
}

static MqTlsFailure *
read_failure(const Tls *tls, const json_t *detail)
{
	MqTlsFailure *failure = g_new0(MqTlsFailure, 1);

	failure->result_type = get_text(tls, detail, "result-type");
	failure->sending_mta = get_address(tls, detail, "sending-mta-ip");
	failure->receiving_mx = get_domain(tls, detail, "receiving-mx-hostname");
	failure->receiving_ip = get_address(tls, detail, "receiving-ip");
	failure->helo = get_text(tls, detail, "receiving-mx-helo");
	failure->sessions = get_count(tls, detail, "failed-session-count");
	failure->information = get_text(tls, detail, "additional-information");
	if (failure->information == NULL)
		failure->information = get_text(tls, detail, "additional-info-uri");
	failure->reason_code = get_text(tls, detail, "failure-reason-code");
	check_result_type(tls, failure->result_type);
	if (json_object_get(detail, "failed-session-count") == NULL)
		note(tls, MQ_PROBLEM_VALUE_MISSING, "a failure has no 'failed-session-count'");
	return failure;
}

static void
read_failures(Tls *tls, const json_t *details, MqTlsPolicy *policy)
{
	const json_t *detail;
	size_t i;

	if (details != NULL && !json_is_array(details) && !json_is_null(details))
		note(tls, MQ_PROBLEM_VALUE_ODD, "'failure-details' is no list");
	json_array_foreach(details, i, detail) {
		if (!json_is_object(detail)) {
			note(tls, MQ_PROBLEM_RECORD_DROPPED, "'failure-details' holds what is no failure");
			continue;
		}
		if (tls->n_failures++ >= MQ_LIMIT_TLS_FAILURES) {
			note(tls, MQ_PROBLEM_RECORD_DROPPED, "more than %d failures, the rest is dropped",
			     MQ_LIMIT_TLS_FAILURES);
			return;
		}
		g_ptr_array_add(policy->failures, read_failure(tls, detail));
	}
}

/* Totals and details are counted apart by some (mail.ru): both are kept. */
static void
compare_counts(const Tls *tls, const MqTlsPolicy *policy)
{
	gint64 sum = 0;
	gboolean whole = TRUE;

	for (guint i = 0; i < policy->failures->len; i++) {
		const MqTlsFailure *failure = g_ptr_array_index(policy->failures, i);

		if (failure->sessions == MQ_COUNT_ABSENT)
			whole = FALSE;
		else
			sum += failure->sessions;
	}
	if (policy->failures->len == 0 || policy->sessions_failed == MQ_COUNT_ABSENT)
		return;
	if (whole ? sum != policy->sessions_failed : sum > policy->sessions_failed)
		note(tls, MQ_PROBLEM_COUNT_MISMATCH,
		     "%" G_GINT64_FORMAT " failed sessions in all, the details add up to %" G_GINT64_FORMAT,
		     policy->sessions_failed, sum);
}

static MqTlsPolicy *
read_policy(Tls *tls, const json_t *item)
{
	MqTlsPolicy *policy = mq_tls_policy_new();
	const json_t *head = json_object_get(item, "policy");
	const json_t *summary = json_object_get(item, "summary");

	policy->policy_type = get_text(tls, head, "policy-type");
	for (char *c = policy->policy_type; c != NULL && *c != '\0'; c++)
		*c = g_ascii_tolower(*c);
	policy->domain = get_domain(tls, head, "policy-domain");
	get_strings(tls, head, "policy-string", policy->policy_strings);
	get_strings(tls, head, "mx-host", policy->mx_hosts);
	if (policy->mx_hosts->len == 0)
		get_strings(tls, head, "mx-host-pattern", policy->mx_hosts);
	policy->sessions_ok = get_count(tls, summary, "total-successful-session-count");
	policy->sessions_failed = get_count(tls, summary, "total-failure-session-count");
	read_failures(tls, json_object_get(item, "failure-details"), policy);
	if (policy->policy_type == NULL)
		note(tls, MQ_PROBLEM_VALUE_MISSING, "a policy has no 'policy-type'");
	if (policy->domain == NULL)
		note(tls, MQ_PROBLEM_VALUE_MISSING, "a policy has no 'policy-domain'");
	if (!json_is_object(summary))
		note(tls, MQ_PROBLEM_VALUE_MISSING, "a policy has no 'summary'");
	compare_counts(tls, policy);
	return policy;
}

static void
read_policies(Tls *tls, const json_t *policies)
{
	const json_t *item;
	size_t i;

	json_array_foreach(policies, i, item) {
		if (!json_is_object(item)) {
			note(tls, MQ_PROBLEM_RECORD_DROPPED, "'policies' holds what is no policy");
		} else if (tls->report->tls->len >= MQ_LIMIT_TLS_POLICIES) {
			note(tls, MQ_PROBLEM_RECORD_DROPPED, "more than %d policies, the rest is dropped",
			     MQ_LIMIT_TLS_POLICIES);
			return;
		} else {
			g_ptr_array_add(tls->report->tls, read_policy(tls, item));
		}
	}
	if (json_array_size(policies) == 0)
		note(tls, MQ_PROBLEM_NO_RECORDS, "the report has no policies");
}

/* ------------------------------------------------------------------- report */

static void
read_report(Tls *tls, const json_t *root)
{
	MqReport *report = tls->report;
	const json_t *range = json_object_get(root, "date-range");

	report->dialect = MQ_DIALECT_RFC8460;
	report->reporter = get_text(tls, root, "organization-name");
	report->email = get_text(tls, root, "contact-info");
	report->report_id = get_text(tls, root, "report-id");
	report->begin_s = get_time(tls, range, "start-datetime");
	report->end_s = get_time(tls, range, "end-datetime");
	if (report->begin_s != MQ_TIME_ABSENT && report->end_s != MQ_TIME_ABSENT && report->end_s < report->begin_s)
		note(tls, MQ_PROBLEM_TIME_ODD, "the report ends before it begins");
	if (report->reporter == NULL)
		note(tls, MQ_PROBLEM_VALUE_MISSING, "'organization-name' is missing");
	if (report->report_id == NULL)
		note(tls, MQ_PROBLEM_VALUE_MISSING, "'report-id' is missing");
	read_policies(tls, json_object_get(root, "policies"));
	for (guint i = 0; i < report->tls->len && report->policy.domain == NULL; i++)
		report->policy.domain = g_strdup(((MqTlsPolicy *)g_ptr_array_index(report->tls, i))->domain);
}

static gboolean
refuse(MqFormatContext *context, MqProblemCode code, GError **error, int error_code, const char *reason)
{
	mq_problems_add(context->problems, code, FALSE, -1, context->part, "%s", reason);
	g_set_error_literal(error, MQ_ERROR, error_code, reason);
	return FALSE;
}

static const struct {
	guint repair;
	MqProblemCode code;
	const char *reason;
} repairs[] = {
	{ MQ_JSON_COMMA, MQ_PROBLEM_JSON_BROKEN, "a comma before a closing bracket, ignored" },
	{ MQ_JSON_GARBAGE, MQ_PROBLEM_TRAILING_BYTES, "bytes after the end of the JSON, ignored" },
	{ MQ_JSON_ENCODING, MQ_PROBLEM_ENCODING, "bytes or escapes that are no text, replaced by U+FFFD" },
	{ MQ_JSON_CONTROL, MQ_PROBLEM_ENCODING, "raw control bytes in a text, replaced by spaces" },
	{ MQ_JSON_CUT, MQ_PROBLEM_JSON_BROKEN, "the JSON ends in the middle; the policies before are kept" },
};

/* The document, all its numbers as reals: a count of 2^63 is odd, not the end of the report. */
static json_t *
decode(MqFormatReader *reader, guint *repaired, GError **error)
{
	g_autoptr(GError) broken = NULL;
	const char *bytes = reader->bytes->len > 0 ? (const char *)reader->bytes->data : "";
	g_autofree char *text = mq_json_repair(bytes, reader->bytes->len, repaired, &broken);
	json_error_t where;
	json_t *root;

	if (text == NULL) {
		gboolean limit = g_error_matches(broken, MQ_ERROR, MQ_ERROR_LIMIT);

		refuse(reader->context, limit ? MQ_PROBLEM_TOO_LARGE : MQ_PROBLEM_JSON_BROKEN, error,
		       limit ? MQ_ERROR_LIMIT : MQ_ERROR_FORMAT, broken->message);
		return NULL;
	}
	root = json_loads(text, JSON_DECODE_INT_AS_REAL, &where);
	if (root == NULL) {
		g_autofree char *shown = mq_text_visible(where.text);
		g_autofree char *reason = g_strdup_printf("line %d: %s", where.line, shown);

		refuse(reader->context, MQ_PROBLEM_JSON_BROKEN, error, MQ_ERROR_FORMAT, reason);
	}
	return root;
}

static gboolean
is_report(const json_t *root)
{
	return json_is_array(json_object_get(root, "policies"))
	       && (json_object_get(root, "organization-name") != NULL || json_object_get(root, "report-id") != NULL
	           || json_object_get(root, "date-range") != NULL);
}

static gboolean
tls_finish(MqFormatReader *reader, G_GNUC_UNUSED gboolean whole, GError **error)
{
	MqFormatContext *context = reader->context;
	Tls tls = { .context = context };
	guint repaired = 0;
	g_autoptr(json_t) root = decode(reader, &repaired, error);

	if (root == NULL)
		return FALSE;
	if (!is_report(root))
		return refuse(context, MQ_PROBLEM_REPORT_INCOMPLETE, error, MQ_ERROR_FORMAT,
		              "a TLS report without policies or without a head");
	for (gsize i = 0; i < G_N_ELEMENTS(repairs); i++)
		if (repaired & repairs[i].repair)
			note(&tls, repairs[i].code, "%s", repairs[i].reason);
	tls.report = mq_report_new(MQ_TYPE_TLS);
	read_report(&tls, root);
	return mq_format_deliver(context, tls.report, NULL, error);
}

/* ------------------------------------------------------------------- reader */

static MqFormatReader *
tls_open(MqFormatContext *context)
{
	MqFormatReader *reader = g_new0(MqFormatReader, 1);

	reader->context = context;
	reader->bytes = g_byte_array_new();
	return reader;
}

static gboolean
tls_feed(MqFormatReader *reader, const guint8 *bytes, gsize n, GError **error)
{
	if (n > MQ_LIMIT_JSON_BYTES - reader->bytes->len)
		return refuse(reader->context, MQ_PROBLEM_TOO_LARGE, error, MQ_ERROR_LIMIT, "the JSON is larger than 16 MiB");
	g_byte_array_append(reader->bytes, bytes, (guint)n);
	return TRUE;
}

static void
tls_free(MqFormatReader *reader)
{
	if (reader == NULL)
		return;
	g_byte_array_unref(reader->bytes);
	g_free(reader);
}

const MqFormat mq_format_tls = {
	.name = "tls", .bid = tls_bid, .open = tls_open, .feed = tls_feed, .finish = tls_finish, .free = tls_free,
};
