#include "ingest/aggregate_values.h"

static void
begin_row(MqAggregate *now)
{
	MqRecord *record = &now->record;

	*record = (MqRecord){
		.count = MQ_COUNT_ABSENT,
		.header_from = record->header_from,
		.envelope_from = record->envelope_from,
		.envelope_to = record->envelope_to,
	};
	now->has_count_text = FALSE;
	g_array_set_size(now->reasons, 0);
}

void
mq_aggregate_begin_record(MqAggregate *now)
{
	if (now->batch == NULL)
		now->batch = mq_batch_new();
	now->in_record = TRUE;
	now->is_further_row = now->is_full = FALSE;
	now->n_rows = now->n_waiting = 0;
	now->old_identifiers = now->old_results = FALSE;
	now->record = (MqRecord){ .count = MQ_COUNT_ABSENT };
	begin_row(now);
	g_array_set_size(now->dkims, 0);
	g_array_set_size(now->spfs, 0);
}

static gboolean
has_identifiers(const MqAggregate *now)
{
	return now->record.header_from != NULL || now->record.envelope_from != NULL || now->record.envelope_to != NULL;
}

static gboolean
has_results(const MqAggregate *now)
{
	return now->dkims->len > 0 || now->spfs->len > 0;
}

/* A row names a source or a count, or it is a piece of one. */
static gboolean
has_row(const MqAggregate *now)
{
	return now->record.source.n_bytes > 0 || now->record.source_text != NULL || now->has_count_text;
}

static gboolean
has_evaluation(const MqAggregate *now)
{
	const MqRecord *record = &now->record;

	return record->dkim != MQ_RESULT_ABSENT || record->spf != MQ_RESULT_ABSENT
	       || record->disposition != MQ_DISPOSITION_ABSENT || now->reasons->len > 0;
}

static void
check_row(MqAggregate *now, guint64 number)
{
	const MqRecord *record = &now->record;

	if (record->source.n_bytes == 0 && record->source_text == NULL && record->count != 0)
		mq_aggregate_odd(now, MQ_PROBLEM_ADDRESS_ODD, "record %" G_GUINT64_FORMAT ": names no source address", number);
	if (!now->has_count_text)
		mq_aggregate_odd(now, MQ_PROBLEM_COUNT_ODD, "record %" G_GUINT64_FORMAT ": has no count", number);
}

/* The row that was read last, into the batch. */
static void
keep_row(MqAggregate *now)
{
	MqRecord *kept;

	if (now->n_rows == MQ_LIMIT_ROWS || now->is_full) {
		now->n_lost++;
		return;
	}
	check_row(now, ++now->report->n_records);
	kept = mq_batch_add(now->batch);
	*kept = now->record;
	kept->n_reasons = now->reasons->len;
	kept->reasons = mq_batch_copy(now->batch, now->reasons->data, now->reasons->len * sizeof(MqReason));
	now->n_rows++;
	now->n_waiting++;
}

/* What DMARC said of a method beside what the method said. Reports leave signatures out and align
 * in more than one way, so it takes a pass of nothing that passed, or a failure although the
 * author's own domain did. */
static const char *
contradiction(MqResult evaluated, gboolean is_told, gboolean passed, gboolean own_passed)
{
	if (evaluated == MQ_RESULT_PASS && is_told && !passed)
		return "passes DMARC although none passed";
	if (evaluated == MQ_RESULT_FAIL && own_passed)
		return "fails DMARC although that of header_from itself passed";
	return NULL;
}

static void
check_dkim(MqAggregate *now, const MqRecord *record, guint64 number)
{
	gboolean passed = FALSE, own_passed = FALSE;
	const char *what;

	for (guint i = 0; i < record->n_auth_dkim; i++) {
		const MqDkimResult *dkim = &record->auth_dkim[i];

		passed |= dkim->result == MQ_RESULT_PASS || dkim->result == MQ_RESULT_ABSENT;
		own_passed |= dkim->result == MQ_RESULT_PASS && dkim->domain != NULL &&
			      g_strcmp0(dkim->domain, record->header_from) == 0;
	}
	what = contradiction(record->dkim, record->n_auth_dkim > 0, passed, own_passed);
	if (what != NULL)
		mq_aggregate_odd(now, MQ_PROBLEM_RESULT_CONTRADICTORY,
		                 "record %" G_GUINT64_FORMAT ": dkim %s", number, what);
}

/* The HELO name does not count for DMARC (RFC 9989 section 4.4: the identity is MAIL FROM). */
static void
check_spf(MqAggregate *now, const MqRecord *record, guint64 number)
{
	gboolean passed = FALSE, own_passed = FALSE;
	const char *what;

	for (guint i = 0; i < record->n_auth_spf; i++) {
		const MqSpfResult *spf = &record->auth_spf[i];

		passed |= spf->result == MQ_RESULT_PASS || spf->result == MQ_RESULT_ABSENT;
		own_passed |= spf->result == MQ_RESULT_PASS && spf->scope != MQ_SCOPE_HELO &&
			      spf->domain != NULL &&
			      g_strcmp0(spf->domain, record->header_from) == 0;
	}
	what = contradiction(record->spf, record->n_auth_spf > 0, passed, own_passed);
	if (what != NULL)
		mq_aggregate_odd(now, MQ_PROBLEM_RESULT_CONTRADICTORY,
		                 "record %" G_GUINT64_FORMAT ": spf %s", number, what);
}

static void
complete_row(MqAggregate *now, MqRecord *record)
{
	record->header_from = now->record.header_from;
	record->envelope_from = now->record.envelope_from;
	record->envelope_to = now->record.envelope_to;
	record->n_auth_dkim = now->dkims->len;
	record->auth_dkim = mq_batch_copy(now->batch, now->dkims->data, now->dkims->len * sizeof(MqDkimResult));
	record->n_auth_spf = now->spfs->len;
	record->auth_spf = mq_batch_copy(now->batch, now->spfs->data, now->spfs->len * sizeof(MqSpfResult));
	now->has_header_from = now->has_header_from || record->header_from != NULL;
	now->report->n_messages += (guint64)MAX(record->count, 0);
}

/* The last @n rows that wait. */
static void
drop_rows(MqAggregate *now, guint n)
{
	GPtrArray *records = now->batch->records;

	g_ptr_array_set_size(records, (gint)(records->len - n));
	now->report->n_records -= n;
	now->n_rows -= n;
	now->n_waiting -= n;
}

/* A few bytes of rows and results could be a million of both. */
static void
drop_beyond_limit(MqAggregate *now)
{
	guint most = MAX(1, MQ_LIMIT_ROW_RESULTS / MAX(1, now->dkims->len + now->spfs->len));
	guint beyond = now->n_rows > most ? MIN(now->n_waiting, now->n_rows - most) : 0;

	now->n_lost += beyond;
	now->is_full = now->is_full || beyond > 0; /* their memory comes back with the batch: no further ones */
	drop_rows(now, beyond);
}

static void
complete_waiting(MqAggregate *now)
{
	guint64 number;

	drop_beyond_limit(now);
	number = now->report->n_records - now->n_waiting;

	for (guint i = now->batch->records->len - now->n_waiting; i < now->batch->records->len; i++) {
		number++;
		if (now->record.header_from == NULL)
			mq_aggregate_odd(now, MQ_PROBLEM_VALUE_MISSING, "record %" G_GUINT64_FORMAT ": names no header_from", number);
		complete_row(now, now->batch->records->pdata[i]);
		check_dkim(now, now->batch->records->pdata[i], number);
		check_spf(now, now->batch->records->pdata[i], number);
	}
	now->n_waiting = 0;
}

void
mq_aggregate_begin_row(MqAggregate *now)
{
	now->is_further_row = has_row(now);
}

/* What stood before a further row belongs to the rows before it, and to this one if it brings none. */
void
mq_aggregate_need_row(MqAggregate *now)
{
	if (!now->is_further_row)
		return;
	now->is_further_row = FALSE;
	mq_aggregate_odd(now, MQ_PROBLEM_ELEMENT_REPEATED, "a record has several rows; each is read as a record");
	keep_row(now);
	if (has_identifiers(now) || has_results(now)) {
		complete_waiting(now);
		now->old_identifiers = now->old_results = TRUE;
	}
	begin_row(now);
}

void
mq_aggregate_begin_evaluation(MqAggregate *now)
{
	if (has_evaluation(now))
		mq_aggregate_need_row(now);
}

void
mq_aggregate_begin_identifiers(MqAggregate *now)
{
	if (now->old_identifiers)
		now->record.header_from = now->record.envelope_from = now->record.envelope_to = NULL;
	now->old_identifiers = FALSE;
}

void
mq_aggregate_begin_results(MqAggregate *now)
{
	if (now->old_results) {
		g_array_set_size(now->dkims, 0);
		g_array_set_size(now->spfs, 0);
	}
	now->old_results = FALSE;
}

guint
mq_aggregate_end_record(MqAggregate *now)
{
	gboolean is_alone = now->n_rows == 0;

	now->in_record = FALSE;
	if (is_alone && !has_row(now) && !has_evaluation(now) && !has_identifiers(now) && !has_results(now))
		mq_aggregate_odd(now, MQ_PROBLEM_RECORD_DROPPED, "a record without any content is dropped");
	else if (is_alone || has_row(now))
		keep_row(now);
	if (now->n_waiting > 0)
		complete_waiting(now);
	return now->n_rows;
}

void
mq_aggregate_drop_record(MqAggregate *now)
{
	now->in_record = FALSE;
	drop_rows(now, now->n_waiting);
}

void
mq_aggregate_begin_reason(MqAggregate *now)
{
	now->reason = (MqReason){ 0 };
}

void
mq_aggregate_end_reason(MqAggregate *now)
{
	if (now->reasons->len < MQ_LIMIT_REASONS)
		g_array_append_val(now->reasons, now->reason);
	else
		mq_aggregate_odd(now, MQ_PROBLEM_TOO_LARGE, "a record has more than %d reasons; further ones are dropped",
		                 MQ_LIMIT_REASONS);
}

void
mq_aggregate_begin_dkim(MqAggregate *now)
{
	now->dkim = (MqDkimResult){ 0 };
}

/* Microsoft writes a result of nothing at all. */
void
mq_aggregate_end_dkim(MqAggregate *now)
{
	const MqDkimResult *dkim = &now->dkim;

	if (dkim->domain == NULL && (dkim->selector == NULL || *dkim->selector == '\0') && dkim->result == MQ_RESULT_ABSENT)
		mq_aggregate_odd(now, MQ_PROBLEM_VALUE_MISSING, "a dkim result without any content is skipped");
	else if (now->dkims->len < MQ_LIMIT_SIGNATURES)
		g_array_append_val(now->dkims, now->dkim);
	else
		mq_aggregate_odd(now, MQ_PROBLEM_TOO_LARGE, "a record has more than %d dkim results; further ones are dropped",
		                 MQ_LIMIT_SIGNATURES);
}

void
mq_aggregate_begin_spf(MqAggregate *now)
{
	now->spf = (MqSpfResult){ 0 };
}

void
mq_aggregate_end_spf(MqAggregate *now)
{
	const MqSpfResult *spf = &now->spf;

	if (spf->domain == NULL && spf->scope == MQ_SCOPE_ABSENT && spf->result == MQ_RESULT_ABSENT)
		mq_aggregate_odd(now, MQ_PROBLEM_VALUE_MISSING, "an spf result without any content is skipped");
	else if (now->spfs->len < MQ_LIMIT_SIGNATURES)
		g_array_append_val(now->spfs, now->spf);
	else
		mq_aggregate_odd(now, MQ_PROBLEM_TOO_LARGE, "a record has more than %d spf results; further ones are dropped",
		                 MQ_LIMIT_SIGNATURES);
}
