#include "ingest/aggregate_values.h"

#include <string.h>

#include "ingest/domain.h"

#define SECONDS_DIGITS 11 /* with more, a time is in smaller units */

void
mq_aggregate_odd(MqAggregate *now, MqProblemCode code, const char *format, ...)
{
	g_autofree char *reason = NULL;
	va_list args;

	if (++now->n_odd > MQ_LIMIT_NOTES)
		return;
	va_start(args, format);
	reason = g_strdup_vprintf(format, args);
	va_end(args);
	mq_problems_add(now->odd, code, TRUE, -1, NULL, "%s", reason);
}

/* --- what is open --- */

void
mq_aggregate_init(MqAggregate *now)
{
	*now = (MqAggregate){ .odd = mq_problems_new() };
	now->reasons = g_array_new(FALSE, TRUE, sizeof(MqReason));
	now->dkims = g_array_new(FALSE, TRUE, sizeof(MqDkimResult));
	now->spfs = g_array_new(FALSE, TRUE, sizeof(MqSpfResult));
}

void
mq_aggregate_end(MqAggregate *now)
{
	g_clear_pointer(&now->report, mq_report_free);
	g_clear_pointer(&now->batch, mq_batch_free);
	now->has_header_from = now->is_9990 = now->is_draft = now->in_record = FALSE;
	now->n_lost = 0;
}

void
mq_aggregate_clear(MqAggregate *now)
{
	mq_aggregate_end(now);
	g_clear_pointer(&now->odd, mq_problems_free);
	g_clear_pointer(&now->reasons, g_array_unref);
	g_clear_pointer(&now->dkims, g_array_unref);
	g_clear_pointer(&now->spfs, g_array_unref);
}

void
mq_aggregate_begin(MqAggregate *now)
{
	mq_aggregate_end(now);
	now->report = mq_report_new(MQ_TYPE_AGGREGATE);
}

/* --- the report as a whole --- */

static void
note_missing(MqAggregate *now, gboolean missing, const char *what)
{
	if (missing)
		mq_aggregate_odd(now, MQ_PROBLEM_VALUE_MISSING, "the report has no %s", what);
}

void
mq_aggregate_check(MqAggregate *now)
{
	MqReport *report = now->report;

	report->dialect = now->is_9990 ? MQ_DIALECT_RFC9990 : now->is_draft ? MQ_DIALECT_DRAFT : MQ_DIALECT_RFC7489;
	note_missing(now, report->reporter == NULL, "org_name");
	note_missing(now, report->report_id == NULL, "report_id");
	note_missing(now, report->begin_s == MQ_TIME_ABSENT, "begin");
	note_missing(now, report->end_s == MQ_TIME_ABSENT, "end");
	note_missing(now, report->policy.domain == NULL, "policy domain");
	if (report->end_s != MQ_TIME_ABSENT && report->begin_s != MQ_TIME_ABSENT && report->end_s < report->begin_s)
		mq_aggregate_odd(now, MQ_PROBLEM_TIME_ODD, "the report ends before it begins");
	if (report->n_records == 0)
		mq_aggregate_odd(now, MQ_PROBLEM_NO_RECORDS, "the report has no record");
}

/* --- values --- */

static gpointer
member(MqAggregate *now, const MqAggregateField *field)
{
	char *base = NULL;

	switch (field->base) {
	case MQ_BASE_REPORT:
		base = (char *)now->report;
		break;
	case MQ_BASE_RECORD:
		base = (char *)&now->record;
		break;
	case MQ_BASE_REASON:
		base = (char *)&now->reason;
		break;
	case MQ_BASE_DKIM:
		base = (char *)&now->dkim;
		break;
	case MQ_BASE_SPF:
		base = (char *)&now->spf;
		break;
	}
	return base + field->at;
}

/* Where in the report, for a note: "record 3: ", or nothing for its head. */
static const char *
place(const MqAggregate *now, const MqAggregateField *field, char buffer[40])
{
	if (field->base == MQ_BASE_REPORT)
		return "";
	g_snprintf(buffer, 40, "record %" G_GUINT64_FORMAT ": ", now->report->n_records + 1);
	return buffer;
}

static void
odd_value(MqAggregate *now, MqProblemCode code, const char *name, const MqAggregateField *field, const char *text,
          const char *want)
{
	char buffer[40];
	g_autofree char *shown = mq_text_clean(text, -1, 100);

	mq_aggregate_odd(now, code, "%s%s is '%s', %s", place(now, field, buffer), name, shown, want);
}

/* The same, where it is clear what is meant. @means: (transfer full) */
static void
odd_means(MqAggregate *now, MqProblemCode code, const char *name, const MqAggregateField *field, const char *text,
          char *means)
{
	g_autofree char *word = means;
	g_autofree char *want = g_strdup_printf("read as '%s'", word);

	odd_value(now, code, name, field, text, want);
}

static void
repeated(MqAggregate *now, const char *name, const MqAggregateField *field)
{
	char buffer[40];

	mq_aggregate_odd(now, MQ_PROBLEM_ELEMENT_REPEATED, "%s%s is repeated; the first one counts", place(now, field, buffer),
	                 name);
}

void
mq_aggregate_set(MqAggregate *now, const char *name, const MqAggregateField *field, char *text, gsize n)
{
	const char *clean;

	if (now->report == NULL)
		return;
	clean = mq_text_trim(text, n, MQ_LIMIT_FIELD_BYTES);
	if (n > MQ_LIMIT_FIELD_BYTES && strlen(clean) + 3 >= MQ_LIMIT_FIELD_BYTES) {
		char buffer[40];

		mq_aggregate_odd(now, MQ_PROBLEM_FIELD_TRUNCATED, "%s%s is longer than %d bytes and was cut",
		                 place(now, field, buffer), name, MQ_LIMIT_FIELD_BYTES);
	}
	if (*clean == '\0' && !field->keep_empty)
		return;
	if (field->is_9990)
		now->is_9990 = TRUE;
	field->set(now, name, field, clean);
}

MQ_SETTER(mq_set_nothing)
{
	(void)now;
	(void)element;
	(void)field;
	(void)text;
}

static void
put_text(MqAggregate *now, const char *name, const MqAggregateField *field, const char *text)
{
	char **at = member(now, field);

	if (*at != NULL)
		repeated(now, name, field);
	else if (field->base == MQ_BASE_REPORT)
		*at = g_strdup(text);
	else
		*at = mq_batch_text(now->batch, text);
}

MQ_SETTER(mq_set_text)
{
	put_text(now, element, field, text);
}

MQ_SETTER(mq_set_error)
{
	GPtrArray *errors = *(GPtrArray **)member(now, field);

	if (errors->len < MQ_LIMIT_ERRORS)
		g_ptr_array_add(errors, g_strdup(text));
	else
		mq_aggregate_odd(now, MQ_PROBLEM_TOO_LARGE, "more than %d times %s; further ones are dropped", MQ_LIMIT_ERRORS,
		                 element);
}

MQ_SETTER(mq_set_domain)
{
	g_autofree char *domain = NULL;
	gboolean valid;

	if (mq_domain_is_normal(text)) {
		put_text(now, element, field, text);
		return;
	}
	domain = mq_domain_normalize(text, &valid);
	if (!valid && *domain != '\0')
		odd_value(now, MQ_PROBLEM_VALUE_ODD, element, field, text, "which is no domain name");
	put_text(now, element, field, domain);
}

MQ_SETTER(mq_set_time)
{
	gint64 *at = member(now, field);
	gint64 time_s;

	if (*at != MQ_TIME_ABSENT) {
		repeated(now, element, field);
	} else if (!mq_when_parse_stranger(text, &time_s)) {
		odd_value(now, MQ_PROBLEM_TIME_ODD, element, field, text, "want seconds since 1970; kept as absent");
	} else if (time_s < MQ_LIMIT_TIME_FIRST || time_s >= MQ_LIMIT_TIME_LAST) {
		odd_value(now, MQ_PROBLEM_TIME_ODD, element, field, text, "which no report can be from; kept as absent");
	} else {
		*at = time_s;
		if (strspn(text, "0123456789") != strlen(text) || strlen(text) > SECONDS_DIGITS)
			odd_means(now, MQ_PROBLEM_TIME_ODD, element, field, text, mq_when_to_text(time_s));
	}
}

/* Words of older standards, and of senders who never read one. */
static const struct {
	const MqWords *words;
	const char *said;
	guint means;
} other_words[] = {
	{ &mq_words_result, "hardfail", MQ_RESULT_FAIL },      /* RFC 5451 */
	{ &mq_words_result, "unknown", MQ_RESULT_TEMPERROR },  /* RFC 7489 appendix C names both as common */
	{ &mq_words_result, "error", MQ_RESULT_PERMERROR },
	{ &mq_words_mode, "relaxed", MQ_MODE_RELAXED },
	{ &mq_words_mode, "strict", MQ_MODE_STRICT },
};

static guint
read_word(MqAggregate *now, const char *name, const MqAggregateField *field, const char *text)
{
	guint value = mq_word_parse(field->words, text);

	if (value != 0)
		return value;
	for (gsize i = 0; i < G_N_ELEMENTS(other_words); i++) {
		if (other_words[i].words == field->words && g_ascii_strcasecmp(other_words[i].said, text) == 0) {
			odd_means(now, MQ_PROBLEM_VALUE_ODD, name, field, text,
			          g_strdup(mq_word(field->words, other_words[i].means)));
			return other_words[i].means;
		}
	}
	odd_value(now, MQ_PROBLEM_VALUE_ODD, name, field, text, "which is none of the standard's words");
	return field->words->n - 1; /* OTHER is the last of each set */
}

static void
put_word(MqAggregate *now, const char *name, const MqAggregateField *field, guint value)
{
	guint *at = member(now, field); /* an enum is as large as a guint */

	if (*at != 0)
		repeated(now, name, field);
	else
		*at = value;
}
G_STATIC_ASSERT(sizeof(MqPolicy) == sizeof(guint) && sizeof(MqResult) == sizeof(guint));

MQ_SETTER(mq_set_word)
{
	put_word(now, element, field, read_word(now, element, field, text));
}

/* The record's tag, where the report's element belongs. */
MQ_SETTER(mq_set_tag)
{
	odd_value(now, MQ_PROBLEM_VALUE_ODD, element, field, text, "read as 'testing'");
	mq_set_word(now, element, field, text);
}

/* Digits, or what can only mean some: "+5", "5.0", "5" with its @unit. *@plain: digits and no more */
static gboolean
parse_number(const char *text, const char *unit, guint64 max, guint64 *number, gboolean *plain)
{
	const char *digits = *text == '+' ? text + 1 : text;
	gsize n = strspn(digits, "0123456789");
	const char *rest = digits + n;
	g_autofree char *whole = g_strndup(digits, n);

	*plain = digits == text && *rest == '\0';
	if (*rest == '.' && rest[1] != '\0')
		rest += 1 + strspn(rest + 1, "0");
	else if (*rest != '\0' && g_str_equal(rest, unit))
		rest += strlen(unit);
	return *rest == '\0' && g_ascii_string_to_unsigned(whole, 10, 0, max, number, NULL); /* the caller says what is odd */
}

MQ_SETTER(mq_set_percentage)
{
	gint *at = member(now, field);
	guint64 value;
	gboolean plain;

	if (*at >= 0) {
		repeated(now, element, field);
	} else if (!parse_number(text, "%", 100, &value, &plain)) {
		odd_value(now, MQ_PROBLEM_VALUE_ODD, element, field, text, "want a number from 0 to 100; kept as absent");
	} else {
		*at = (gint)value;
		if (!plain)
			odd_means(now, MQ_PROBLEM_VALUE_ODD, element, field, text, g_strdup_printf("%d", *at));
	}
}

MQ_SETTER(mq_set_disposition)
{
	guint value = read_word(now, element, field, text);

	if (value == MQ_DISPOSITION_PASS)
		now->is_9990 = TRUE;
	put_word(now, element, field, value);
}

/* policy_evaluated knows pass and fail only. */
MQ_SETTER(mq_set_aligned)
{
	guint value = read_word(now, element, field, text);

	if (value != MQ_RESULT_PASS && value != MQ_RESULT_FAIL && value != MQ_RESULT_OTHER) {
		odd_value(now, MQ_PROBLEM_VALUE_ODD, element, field, text, "want pass or fail");
		value = MQ_RESULT_OTHER;
	}
	put_word(now, element, field, value);
}

MQ_SETTER(mq_set_reason)
{
	guint value = mq_word_parse(field->words, text);

	if (value == 0) {
		odd_value(now, MQ_PROBLEM_VALUE_ODD, element, field, text, "which is no reason of the standards");
		value = MQ_REASON_OTHER;
		if (now->reason.type_text == NULL)
			now->reason.type_text = mq_batch_text(now->batch, text);
	}
	if (value == MQ_REASON_POLICY_TEST_MODE)
		now->is_9990 = TRUE;
	put_word(now, element, field, value);
}

MQ_SETTER(mq_set_source)
{
	MqRecord *record = &now->record;
	gsize n = strlen(text);
	g_autofree char *bare = n > 2 && text[0] == '[' && text[n - 1] == ']' ? g_strndup(text + 1, n - 2) : NULL;

	mq_aggregate_need_row(now);
	if (record->source.n_bytes > 0 || record->source_text != NULL) {
		repeated(now, element, field);
	} else if (!mq_address_parse(bare != NULL ? bare : text, &record->source)) {
		odd_value(now, MQ_PROBLEM_ADDRESS_ODD, element, field, text, "which is no IP address; its text is kept");
		record->source_text = mq_batch_text(now->batch, text);
	}
}

MQ_SETTER(mq_set_count)
{
	gint64 *at = member(now, field);
	guint64 value;
	gboolean plain, is_repeated;

	mq_aggregate_need_row(now);
	is_repeated = now->has_count_text;
	now->has_count_text = TRUE;
	if (is_repeated) {
		repeated(now, element, field);
	} else if (!parse_number(text, "", (guint64)MQ_LIMIT_COUNT, &value, &plain)) {
		odd_value(now, MQ_PROBLEM_COUNT_ODD, element, field, text, "want a number of messages; kept as absent");
	} else {
		*at = (gint64)value;
		if (!plain)
			odd_means(now, MQ_PROBLEM_COUNT_ODD, element, field, text, g_strdup_printf("%" G_GINT64_FORMAT, *at));
	}
}
