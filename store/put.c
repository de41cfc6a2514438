/* Writing: one message with its reports, rows and problems. */
#include <string.h>

#include "ingest/text.h"
#include "store/intern.h"
#include "store/variants.h"

#define SIGHTINGS_MAX 20

/* Another program may have pruned what our ids stand for. */
static gboolean
notice_changes(MqStore *store, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_DATA_VERSION, error, "");
	gboolean row;

	if (ask == NULL || !mq_db_step(store, ask, &row, error))
		return FALSE;
	if (mq_db_int(ask, 0) != store->data_version)
		mq_intern_forget(store);
	store->data_version = mq_db_int(ask, 0);
	return TRUE;
}

static gboolean
begin(MqStore *store, GError **error)
{
	if (store->in_transaction)
		return TRUE;
	store->in_transaction = mq_db_exec(store, "BEGIN IMMEDIATE", error);
	return store->in_transaction && notice_changes(store, error);
}

/* ------------------------------------------------------------- reports and rows */

/* One report on its way into the database. */
typedef struct {
	gint64 id;             /* 0: a duplicate, its rows are not wanted */
	const MqReport *report;
	gint64 begin_s;        /* the window it belongs to */
	MqVariants earlier;    /* the reports it is a variant of */
	gint64 policy_domain;
	gint64 last_domain;    /* the From domain noted last: most reports have one */
	gint64 first_row, n_rows; /* the ids set aside for its rows */
	gint64 next_row;
	gint64 records, messages; /* that count */
} Incoming;

static void
incoming_clear(Incoming *incoming)
{
	mq_variants_clear(&incoming->earlier);
}

static gboolean
note_domain(MqStore *store, Incoming *incoming, gint64 header_from, GError **error)
{
	gint64 domain = header_from != 0 ? header_from : incoming->policy_domain;
	g_autoptr(MqQuery) put = NULL;

	if (domain == incoming->last_domain)
		return TRUE;
	incoming->last_domain = domain;
	store->names_version = 0;
	put = mq_db_ask(store, MQ_QUERY_REPORT_DOMAIN_PUT, error, "iia", incoming->id, domain, incoming->begin_s);
	return mq_db_do(store, put, error);
}

static gboolean
put_record(MqStore *store, Incoming *incoming, const MqRecord *record, GError **error)
{
	gboolean repeated;
	MqShape shape;

	if (incoming->next_row >= incoming->first_row + incoming->n_rows) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "report '%s' has more rows than it had before",
		            incoming->report->part);
		return FALSE;
	}
	if (!mq_variants_take(&incoming->earlier, store, record, &repeated, error)
	    || !mq_intern_shape(store, record, &shape, error) || !note_domain(store, incoming, shape.header_from, error))
		return FALSE;
	g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_RECORD_PUT, error, "isciiii", incoming->next_row++, &record->source,
	                                   record->source_text, record->count,
	                                   MQ_RESULTS(repeated, record->disposition, record->dkim, record->spf),
	                                   shape.identity, shape.auth, shape.reasons);

	if (!repeated) {
		incoming->records++;
		incoming->messages += MAX(record->count, 0);
	}
	return mq_db_do(store, put, error);
}

static gboolean
put_batch(MqStore *store, Incoming *incoming, const MqBatch *batch, GError **error)
{
	for (guint i = 0; i < batch->records->len; i++)
		if (!put_record(store, incoming, g_ptr_array_index(batch->records, i), error))
			return FALSE;
	return TRUE;
}

static char *
joined(const GPtrArray *lines)
{
	GString *text;

	if (lines == NULL || lines->len == 0)
		return NULL;
	text = g_string_new(NULL);
	for (guint i = 0; i < lines->len; i++) {
		g_autofree char *line = g_strdelimit(g_strdup(g_ptr_array_index(lines, i)), "\n", ' ');

		g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", line);
	}
	return g_string_free(text, FALSE);
}

static gboolean
put_failure(MqStore *store, gint64 id, const MqFailure *f, GError **error)
{
	g_autofree char *auth_failure = joined(f->auth_failure);
	g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_FAILURE_PUT, error, "ittasttttttcttttttttt", id, f->feedback_type,
	                                 f->user_agent, f->arrival_s, &f->source, f->source_text, f->reported_domain, auth_failure,
	                                 f->delivery_result, f->identity_alignment, f->identity_alignment_said,
	                                 f->auth_results, f->incidents, f->original_mail_from, f->original_rcpt_to,
	                                 f->header_from, f->subject, f->message_id, f->dkim_domain, f->dkim_selector,
	                                 f->dkim_identity, f->spf_dns);

	return mq_db_do(store, put, error);
}

static gboolean
put_tls_policy(MqStore *store, gint64 report, const MqTlsPolicy *policy, GError **error)
{
	g_autofree char *strings = joined(policy->policy_strings);
	g_autofree char *hosts = joined(policy->mx_hosts);
	g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_TLS_POLICY_PUT, error, "ittcctt", report, policy->domain,
	                                 policy->policy_type, policy->sessions_ok, policy->sessions_failed, strings, hosts);
	gint64 id;

	if (!mq_db_do(store, put, error))
		return FALSE;
	id = sqlite3_last_insert_rowid(store->db);
	for (guint i = 0; i < policy->failures->len; i++) {
		const MqTlsFailure *f = g_ptr_array_index(policy->failures, i);
		g_autoptr(MqQuery) one = mq_db_ask(store, MQ_QUERY_TLS_FAILURE_PUT, error, "iitttttctt", id, (gint64)i,
		                                 f->result_type, f->sending_mta, f->receiving_mx, f->receiving_ip, f->helo,
		                                 f->sessions, f->information, f->reason_code);

		if (!mq_db_do(store, one, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
put_details(MqStore *store, Incoming *incoming, GError **error)
{
	const MqReport *report = incoming->report;

	for (guint i = 0; report->errors != NULL && i < report->errors->len; i++) {
		g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_REPORT_ERROR_PUT, error, "iit", incoming->id, (gint64)i,
		                                 g_ptr_array_index(report->errors, i));

		if (!mq_db_do(store, put, error))
			return FALSE;
	}
	/* every report is found by its own domain, also one without rows */
	if (!note_domain(store, incoming, 0, error))
		return FALSE;
	if (report->failure != NULL && !put_failure(store, incoming->id, report->failure, error))
		return FALSE;
	for (guint i = 0; report->tls != NULL && i < report->tls->len; i++)
		if (!put_tls_policy(store, incoming->id, g_ptr_array_index(report->tls, i), error))
			return FALSE;
	return TRUE;
}

/* Why a report is not to be trusted, if so. */
static const char *
suspicion(const MqMessage *message, gint report)
{
	for (guint i = 0; i < mq_problems_count(message->problems); i++) {
		const MqProblem *problem = mq_problems_get(message->problems, i);

		if (problem->code == MQ_PROBLEM_FORGERY_SUSPECTED && (problem->report == report || problem->report < 0))
			return problem->reason;
	}
	return NULL;
}

/* Sets ids aside for the rows of @incoming: they lie together, whatever order they come in. */
static gboolean
reserve_rows(MqStore *store, Incoming *incoming, const MqMessage *message, GError **error)
{
	const MqReport *report = incoming->report;
	gint64 n = message->records_follow ? (gint64)report->n_records : 0;

	for (guint b = 0; !message->records_follow && b < report->batches->len; b++)
		n += ((const MqBatch *)report->batches->pdata[b])->records->len;
	if (store->next_row == 0) {
		g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_NEXT_ROW, error, "");
		gboolean row;

		if (ask == NULL || !mq_db_step(store, ask, &row, error))
			return FALSE;
		store->next_row = mq_db_int(ask, 0);
	}
	incoming->first_row = incoming->next_row = store->next_row;
	incoming->n_rows = n;
	store->next_row += n;
	return TRUE;
}

static gboolean
put_head(MqStore *store, Incoming *incoming, gint64 message_id, gint64 key, const char *trust, GError **error)
{
	const MqReport *r = incoming->report;
	const MqPolicyPublished *p = &r->policy;
	gint64 reporter;
	gint64 email;
	gint64 contact;
	gint64 generator;
	gint64 fo;

	if (!mq_intern_text(store, r->reporter, &reporter, error) || !mq_intern_text(store, r->email, &email, error)
	    || !mq_intern_text(store, r->extra_contact, &contact, error)
	    || !mq_intern_text(store, r->generator, &generator, error) || !mq_intern_text(store, p->fo, &fo, error)
	    || !mq_intern_text(store, p->domain, &incoming->policy_domain, error))
		return FALSE;
	g_autoptr(MqQuery) put = mq_db_ask(
		store, MQ_QUERY_REPORT_PUT, error, "iiitbciiitiiaaiiiiiciiiiiiiit", (gint64)r->type, (gint64)r->dialect, message_id,
		r->part, r->digest, (gsize)MQ_HASH_BYTES, key != 0 ? key : (gint64)-1, reporter, email, contact, r->report_id,
		generator, incoming->policy_domain, incoming->begin_s, r->end_s, (gint64)p->p, (gint64)p->sp, (gint64)p->np,
		(gint64)p->adkim, (gint64)p->aspf, (gint64)p->pct, (gint64)p->testing, (gint64)p->discovery_method, fo,
		incoming->first_row, incoming->n_rows, incoming->n_rows, (gint64)r->n_messages,
		(gint64)mq_variants_any(&incoming->earlier), trust);

	if (!mq_db_do(store, put, error))
		return FALSE;
	incoming->id = sqlite3_last_insert_rowid(store->db);
	incoming->last_domain = -1;
	return put_details(store, incoming, error);
}

static gboolean
put_sighting(MqStore *store, gint64 report, gint64 message, const char *part, GError **error)
{
	gboolean row;
	g_autoptr(MqQuery) count = mq_db_ask(store, MQ_QUERY_SIGHTING_COUNT, error, "i", report);

	if (count == NULL || !mq_db_step(store, count, &row, error))
		return FALSE;
	if (mq_db_int(count, 0) >= SIGHTINGS_MAX)
		return TRUE;
	g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_SIGHTING_PUT, error, "iit", report, message, part);

	return mq_db_do(store, put, error);
}

static gboolean
find_duplicate(MqStore *store, const MqReport *report, gint64 *id, gboolean *suspected, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, MQ_QUERY_REPORT_BY_DIGEST, error, "b", report->digest, (gsize)MQ_HASH_BYTES);
	gboolean row;

	if (ask == NULL || !mq_db_step(store, ask, &row, error))
		return FALSE;
	*id = row ? mq_db_int(ask, 0) : 0;
	*suspected = row && mq_db_text(ask, 1) != NULL;
	return TRUE;
}

/* The very report came again in a mail that nothing speaks against. */
static gboolean
believe(MqStore *store, gint64 report, GError **error)
{
	g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_REPORT_BELIEVE, error, "i", report);

	return mq_db_do(store, put, error);
}

/* Sets up @incoming as a variant when there is an earlier one; the ledger says so. */
static gboolean
prepare_variant(MqStore *store, Incoming *incoming, MqMessage *message, gint index, gint64 key, gboolean suspicious,
                GError **error)
{
	const MqReport *report = incoming->report;

	if (!mq_variants_find(&incoming->earlier, store, report, key, suspicious, error))
		return FALSE;
	if (mq_variants_any(&incoming->earlier))
		mq_problems_add(message->problems, MQ_PROBLEM_REPORT_VARIANT, TRUE, index, report->part,
		                "report id '%s' of '%s' came before with other content, as report %" G_GINT64_FORMAT "; %s",
		                report->report_id, report->reporter, mq_variants_first(&incoming->earlier),
		                mq_variants_are_too_many(&incoming->earlier)
		                        ? "so often that no further one is counted"
		                        : "rows that are there already are not counted twice");
	return TRUE;
}

/* A failure report has no period: it belongs to when its mail arrived, or it was sent. */
static gint64
begin_of(const MqReport *report, const MqMessage *message)
{
	if (report->begin_s != MQ_TIME_ABSENT || report->failure == NULL)
		return report->begin_s;
	return report->failure->arrival_s != MQ_TIME_ABSENT ? report->failure->arrival_s : message->envelope.date_s;
}

static gboolean
put_report(MqStore *store, MqMessage *message, gint64 message_id, guint index, Incoming *incoming, MqPutResult *result,
           GError **error)
{
	const MqReport *report = incoming->report;
	gint64 duplicate_of;
	gint64 key = mq_variants_key(report);
	const char *trust = suspicion(message, (gint)index);
	gboolean suspected;

	if (!find_duplicate(store, report, &duplicate_of, &suspected, error))
		return FALSE;
	if (duplicate_of != 0) {
		result->duplicates++;
		if (suspected && trust == NULL && !believe(store, duplicate_of, error))
			return FALSE;
		return put_sighting(store, duplicate_of, message_id, report->part, error);
	}
	incoming->begin_s = begin_of(report, message);
	if (!prepare_variant(store, incoming, message, (gint)index, key, trust != NULL, error)
	    || !reserve_rows(store, incoming, message, error)
	    || !put_head(store, incoming, message_id, key, trust, error))
		return FALSE;
	result->reports[report->type]++;
	result->variants += mq_variants_any(&incoming->earlier) ? 1 : 0;
	for (guint b = 0; !message->records_follow && b < report->batches->len; b++)
		if (!put_batch(store, incoming, g_ptr_array_index(report->batches, b), error))
			return FALSE;
	return TRUE;
}

typedef struct {
	MqStore *store;
	GArray *incoming; /* Incoming, one a report of the message */
} Pouring;

/* MqBatchFunc */
static gboolean
take_batch(gpointer ctx, guint report, MqBatch *batch, GError **error)
{
	Pouring *pouring = ctx;
	Incoming *incoming = &g_array_index(pouring->incoming, Incoming, report);

	return incoming->id == 0 || put_batch(pouring->store, incoming, batch, error);
}

/* What the head did not know yet: which rows of a variant count. */
static gboolean
put_sums(MqStore *store, const GArray *all, MqPutResult *result, GError **error)
{
	for (guint i = 0; i < all->len; i++) {
		const Incoming *incoming = &g_array_index(all, Incoming, i);
		g_autoptr(MqQuery) put = NULL;

		if (incoming->id == 0)
			continue;
		result->records += (guint64)incoming->records;
		result->n_messages += (guint64)incoming->messages;
		if (incoming->records == incoming->n_rows && incoming->messages == (gint64)incoming->report->n_messages)
			continue;
		put = mq_db_ask(store, MQ_QUERY_REPORT_SUMS, error, "iii", incoming->id, incoming->records, incoming->messages);
		if (!mq_db_do(store, put, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
put_problems(MqStore *store, const MqMessage *message, gint64 message_id, const GArray *incoming, GError **error)
{
	for (guint i = 0; i < mq_problems_count(message->problems); i++) {
		const MqProblem *problem = mq_problems_get(message->problems, i);
		gboolean of_report = problem->report >= 0 && (guint)problem->report < incoming->len;
		gint64 report = of_report ? g_array_index(incoming, Incoming, problem->report).id : 0;
		g_autoptr(MqQuery) put = NULL;

		if (of_report && report == 0)
			continue; /* of a duplicate: the report has them already */
		put = mq_db_ask(store, MQ_QUERY_PROBLEM_PUT, error, "iittti", message_id, report,
		                mq_problem_code_word(problem->code), problem->reason, problem->part, (gint64)problem->stored);
		if (!mq_db_do(store, put, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
put_reports(MqStore *store, MqMessage *message, gint64 message_id, MqPutResult *result, GError **error)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(Incoming));
	Pouring pouring = { .store = store, .incoming = all };

	g_array_set_clear_func(all, (GDestroyNotify)incoming_clear);
	g_array_set_size(all, message->reports->len);
	for (guint i = 0; i < message->reports->len; i++) {
		Incoming *incoming = &g_array_index(all, Incoming, i);

		incoming->report = g_ptr_array_index(message->reports, i);
		if (!put_report(store, message, message_id, i, incoming, result, error))
			return FALSE;
	}
	if (message->records_follow && !mq_message_pour(message, take_batch, &pouring, error))
		return FALSE;
	return put_sums(store, all, result, error) && put_problems(store, message, message_id, all, error);
}

/* The message's row; *known when it is there and done with. */
static gboolean
put_message_row(MqStore *store, const MqMessage *message, gint64 *id, gboolean *known, GError **error)
{
	g_autofree char *name = mq_text_clean(message->name, -1, 4 * MQ_LIMIT_FIELD_BYTES);
	g_autoptr(MqQuery) find = mq_db_ask(store, MQ_QUERY_MESSAGE_FIND, error, "b", message->sha256, (gsize)MQ_HASH_BYTES);
	gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;
	gboolean row;

	*known = FALSE;
	if (find == NULL || !mq_db_step(store, find, &row, error))
		return FALSE;
	if (row) {
		*id = mq_db_int(find, 0);
		*known = !mq_message_state_is_loss((MqMessageState)mq_db_int(find, 1));
		if (*known)
			return TRUE;
		g_autoptr(MqQuery) forget = mq_db_ask(store, MQ_QUERY_MESSAGE_FORGET_PROBLEMS, error, "i", *id);

		if (!mq_db_do(store, forget, error))
			return FALSE;
		g_autoptr(MqQuery) update = mq_db_ask(store, MQ_QUERY_MESSAGE_STATE, error, "iitt", *id, (gint64)message->state, name,
		                                   message->envelope.authentication);

		return mq_db_do(store, update, error);
	}
	g_autoptr(MqQuery) put = mq_db_ask(store, MQ_QUERY_MESSAGE_PUT, error, "btiittait", message->sha256, (gsize)MQ_HASH_BYTES, name,
	                                 (gint64)message->n_bytes, (gint64)message->state, message->envelope.message_id,
	                                 message->envelope.from, message->envelope.date_s, now_s, message->envelope.authentication);

	if (!mq_db_do(store, put, error))
		return FALSE;
	*id = sqlite3_last_insert_rowid(store->db);
	return TRUE;
}

static gboolean
run(MqStore *store, MqQueryName name, GError **error)
{
	g_autoptr(MqQuery) ask = mq_db_ask(store, name, error, "");

	return mq_db_do(store, ask, error);
}

gboolean
mq_store_put(MqStore *store, MqMessage *message, MqPutResult *result, GError **error)
{
	gint64 id = 0;

	*result = (MqPutResult){ 0 };
	if (!begin(store, error) || !run(store, MQ_QUERY_SAVEPOINT, error))
		return FALSE;
	if (put_message_row(store, message, &id, &result->known, error)
	    && (result->known || put_reports(store, message, id, result, error)))
		return run(store, MQ_QUERY_RELEASE, error);

	/* the first error is the one that counts; a full disk may have ended the transaction already */
	sqlite3_exec(store->db, "ROLLBACK TO message; RELEASE message", NULL, NULL, NULL);
	store->in_transaction = sqlite3_get_autocommit(store->db) == 0;
	mq_intern_forget(store);
	return FALSE;
}

/* The log of changes starts anew only when all of it was copied into the database, which a reader in between
 * prevents: it would grow with the run. */
static gboolean
commit_without_readers(MqStore *store, GError **error)
{
	gboolean done;

	mq_db_pause_looking_up(store);
	done = !store->in_transaction || mq_db_exec(store, "COMMIT", error);
	mq_db_go_on_looking_up(store);
	return done;
}

gboolean
mq_store_commit(MqStore *store, GError **error)
{
	if (!commit_without_readers(store, error)) {
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		store->in_transaction = FALSE;
		mq_intern_forget(store);
		return FALSE;
	}
	if (store->in_transaction)
		mq_db_give_turn(store);
	store->in_transaction = FALSE;
	return TRUE;
}
