#include "ingest/unwrap.h"

#include <stdarg.h>

#include "ingest/containers.h"
#include "ingest/error.h"
#include "ingest/formats.h"
#include "ingest/limits.h"
#include "ingest/problem.h"
#include "ingest/salvage.h"

/* A first byte or two that fits (an XML declaration) is not yet a report; from here on it is sure. */
#define BID_SURE 75

/* A container that has its magic number, or the syntax of a mail, and not only the benefit of doubt. */
#define BID_CONTAINER 50
#define BID_MAX       100

#define VOID_REPORT G_MAXUINT

/* Batches come before their report is known, or known to be void: how many, and whose they were. */
typedef struct {
	guint n_batches;
	guint report; /* index, or VOID_REPORT */
} BatchRun;

struct MqUnwrap {
	MqMessage *message;     /* gets what is found; the second time, one that is thrown away */
	gboolean redact;
	MqProblems *claimed;    /* parts that say they are a report and are none */
	MqProblems *unclaimed;  /* to be told only if no report is found at all */
	MqProblems *hushed;     /* what concerned nobody; told if a report was announced and none is found */
	gboolean has_envelope;
	gboolean is_settled;
	gboolean is_announced;  /* by a subject */
	guint n_reports;

	/* the allowance */
	guint64 packed_bytes;   /* of the message: what the ratio is measured against */
	guint64 unpacked_bytes;
	guint n_parts, n_members;
	gboolean is_exceeded;   /* nothing is read any more */
	MqProblemCode exceeded;
	gboolean exceeded_told; /* once, where it was seen first, and not by all that is around it */

	/* the first time: batches of the report that is being read */
	GPtrArray *batches;     /* MqBatch *; none are held when the message is large */
	guint n_batches;
	guint64 n_held;         /* records in memory */

	/* the second time: whose batches come next */
	MqBatchFunc take;       /* (nullable): the first time */
	gpointer take_ctx;
	GError *take_error;
	const GArray *runs;
	guint run, run_at;
};

/* ---------------------------------------------------------------- allowance */

static gboolean
exceed(MqUnwrap *unwrap, MqProblemCode code, const char *what, guint64 limit, GError **error)
{
	if (!unwrap->is_exceeded)
		unwrap->exceeded = code;
	unwrap->is_exceeded = TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "%s: more than %" G_GUINT64_FORMAT, what, limit);
	return FALSE;
}

gboolean
mq_unwrap_spend(MqUnwrap *unwrap, gsize n, GError **error)
{
	guint64 by_ratio = MAX(unwrap->packed_bytes * MQ_LIMIT_RATIO, MQ_LIMIT_RATIO_FREE);
	guint64 limit = MIN(by_ratio, MQ_LIMIT_UNPACKED_BYTES);

	if (unwrap->is_exceeded || n > limit - unwrap->unpacked_bytes)
		return exceed(unwrap, MQ_PROBLEM_BOMB, "unpacks to far more than it is, in bytes", limit, error);
	unwrap->unpacked_bytes += n;
	return TRUE;
}

gboolean
mq_unwrap_count_part(MqUnwrap *unwrap, GError **error)
{
	if (unwrap->is_exceeded || ++unwrap->n_parts > MQ_LIMIT_MESSAGE_PARTS)
		return exceed(unwrap, MQ_PROBLEM_TOO_MANY_PARTS, "parts of a mail", MQ_LIMIT_MESSAGE_PARTS, error);
	return TRUE;
}

gboolean
mq_unwrap_count_member(MqUnwrap *unwrap, GError **error)
{
	unwrap->n_parts = 0; /* a member may be a mail of its own */
	if (unwrap->is_exceeded || ++unwrap->n_members > MQ_LIMIT_MEMBERS)
		return exceed(unwrap, MQ_PROBLEM_TOO_MANY_PARTS, "members of an archive", MQ_LIMIT_MEMBERS, error);
	return TRUE;
}

/* ----------------------------------------------------------------- problems */

static gboolean
is_limit(MqProblemCode code)
{
	return code == MQ_PROBLEM_TOO_LARGE || code == MQ_PROBLEM_TOO_DEEP || code == MQ_PROBLEM_TOO_MANY_PARTS
	       || code == MQ_PROBLEM_BOMB || code == MQ_PROBLEM_UNREADABLE;
}

/* The message itself has no name among its parts. */
static const char *
named(const char *path)
{
	return path != NULL && path[0] != '\0' ? path : NULL;
}

void
mq_unwrap_note(MqUnwrap *unwrap, const MqPart *part, MqProblemCode code, gboolean stored, const char *format, ...)
{
	g_autofree char *reason = NULL;
	va_list args;

	gboolean concerns = stored || part->claim != MQ_CLAIM_NO || is_limit(code);

	va_start(args, format);
	reason = g_strdup_vprintf(format, args);
	va_end(args);
	mq_problems_add(concerns ? unwrap->message->problems : unwrap->hushed, code, stored, -1, named(part->path), "%s", reason);
}

static MqProblemCode
code_of(const MqUnwrap *unwrap, const GError *error)
{
	if (g_error_matches(error, MQ_ERROR, MQ_ERROR_LIMIT))
		return unwrap->is_exceeded ? unwrap->exceeded : MQ_PROBLEM_TOO_LARGE;
	if (g_error_matches(error, MQ_ERROR, MQ_ERROR_UNSUPPORTED))
		return MQ_PROBLEM_ARCHIVE_UNSUPPORTED;
	return error->domain == MQ_ERROR ? MQ_PROBLEM_ARCHIVE_BROKEN : MQ_PROBLEM_UNREADABLE;
}

/* @stored: a report was saved nevertheless. */
static void
note_error(MqUnwrap *unwrap, const MqPart *part, const GError *error, gboolean stored)
{
	gboolean is_end = g_error_matches(error, MQ_ERROR, MQ_ERROR_LIMIT) && unwrap->is_exceeded;

	if (!(is_end && unwrap->exceeded_told))
		mq_unwrap_note(unwrap, part, code_of(unwrap, error), stored, "%s", error->message);
	unwrap->exceeded_told = unwrap->exceeded_told || is_end;
}

void
mq_unwrap_fail(MqUnwrap *unwrap, const MqPart *part, const GError *error)
{
	note_error(unwrap, part, error, FALSE);
}

static guint
count_unstored(const MqProblems *problems)
{
	guint n = 0;

	for (guint i = 0; i < mq_problems_count(problems); i++)
		n += !mq_problems_get(problems, i)->stored;
	return n;
}

/* ------------------------------------------------------------ what formats find */

/* From now on the message is one whose records are poured again. */
static void
stop_holding(MqUnwrap *unwrap)
{
	MqMessage *message = unwrap->message;

	message->records_follow = TRUE;
	g_ptr_array_set_size(unwrap->batches, 0);
	for (guint i = 0; i < message->reports->len; i++) {
		MqReport *report = message->reports->pdata[i];

		g_ptr_array_set_size(report->batches, 0);
	}
}

static gboolean
hold_batch(gpointer ctx, MqBatch *batch, G_GNUC_UNUSED GError **error)
{
	MqUnwrap *unwrap = ctx;

	unwrap->n_batches++;
	unwrap->n_held += batch->records->len;
	g_ptr_array_add(unwrap->batches, batch);
	if (unwrap->message->records_follow || unwrap->n_held > MQ_LIMIT_HELD_RECORDS)
		stop_holding(unwrap);
	return TRUE;
}

static void
end_run(MqUnwrap *unwrap, guint report)
{
	BatchRun run = { .n_batches = unwrap->n_batches, .report = report };

	if (run.n_batches > 0)
		g_array_append_val(unwrap->message->batch_runs, run);
	unwrap->n_batches = 0;
}

static gboolean
hold_report(gpointer ctx, MqReport *report, G_GNUC_UNUSED GError **error)
{
	MqUnwrap *unwrap = ctx;

	end_run(unwrap, unwrap->n_reports++);
	g_ptr_array_extend_and_steal(report->batches, unwrap->batches);
	unwrap->batches = g_ptr_array_new_with_free_func((GDestroyNotify)mq_batch_free);
	g_ptr_array_add(unwrap->message->reports, report);
	return TRUE;
}

/* A reader ended: what it left without a report is void. */
static void
drop_batches(MqUnwrap *unwrap)
{
	end_run(unwrap, VOID_REPORT);
	for (guint i = 0; i < unwrap->batches->len; i++)
		unwrap->n_held -= ((MqBatch *)unwrap->batches->pdata[i])->records->len;
	g_ptr_array_set_size(unwrap->batches, 0);
}

static gboolean
pass_batch(gpointer ctx, MqBatch *data, GError **error)
{
	MqUnwrap *unwrap = ctx;
	g_autoptr(MqBatch) batch = data;
	const BatchRun *run;

	if (unwrap->run >= unwrap->runs->len) {
		g_set_error(&unwrap->take_error, MQ_ERROR, MQ_ERROR_FORMAT, "the message has changed since it was read");
	} else {
		run = &g_array_index(unwrap->runs, BatchRun, unwrap->run);
		if (++unwrap->run_at == run->n_batches) {
			unwrap->run++;
			unwrap->run_at = 0;
		}
		if (run->report == VOID_REPORT
		    || unwrap->take(unwrap->take_ctx, run->report, batch, &unwrap->take_error))
			return TRUE;
	}
	g_propagate_error(error, g_error_copy(unwrap->take_error));
	return FALSE;
}

static gboolean
pass_report(gpointer ctx, MqReport *report, G_GNUC_UNUSED GError **error)
{
	((MqUnwrap *)ctx)->n_reports++;
	mq_report_free(report);
	return TRUE;
}

/* ------------------------------------------------------------------- formats */

static void
context_init(MqFormatContext *context, MqUnwrap *unwrap, const MqPart *part)
{
	gboolean again = unwrap->take != NULL;

	*context = (MqFormatContext){
		.part = part->path,
		.charset = part->charset,
		.envelope = unwrap->has_envelope ? &unwrap->message->envelope : NULL,
		.problems = mq_problems_new(),
		.redact = unwrap->redact,
		.report = unwrap->n_reports,
		.take_batch = again ? pass_batch : hold_batch,
		.take_report = again ? pass_report : hold_report,
		.ctx = unwrap,
	};
}

/* Its problems become the message's, unless nobody said that this would be a report. */
static void
context_end(MqFormatContext *context, MqUnwrap *unwrap, gboolean concerns)
{
	if (unwrap->take == NULL)
		drop_batches(unwrap);
	for (guint i = 0; concerns && i < mq_problems_count(context->problems); i++) {
		const MqProblem *problem = mq_problems_get(context->problems, i);
		gboolean waits = problem->code == MQ_PROBLEM_NO_REPORT && !problem->stored;

		mq_problems_add(waits ? unwrap->unclaimed : unwrap->message->problems, problem->code, problem->stored,
		                problem->report, named(problem->part), "%s", problem->reason);
	}
	mq_problems_free(context->problems);
}

typedef struct {
	const MqFormat *format;
	MqFormatReader *reader;
	gboolean refused; /* by the format; the part itself can still be read */
} Reading;

static gboolean
feed_format(gpointer ctx, const guint8 *bytes, gsize n, GError **error)
{
	Reading *reading = ctx;

	reading->refused = !reading->format->feed(reading->reader, bytes, n, error);
	return !reading->refused;
}

/* A part that breaks off is finished as far as it goes, and one that was refused is not: a bomb that
 * begins like a report is no report. */
static void
read_report(MqUnwrap *unwrap, MqPart *part, const MqFormat *format, gboolean sure)
{
	g_autoptr(GError) broken = NULL;
	g_autoptr(GError) refused = NULL;
	Reading reading = { .format = format };
	guint n_before = unwrap->n_reports;
	MqFormatContext context;

	context_init(&context, unwrap, part);
	reading.reader = format->open(&context);
	if (!mq_part_pour(part, feed_format, &reading, &broken) && reading.refused)
		refused = g_steal_pointer(&broken);
	else if (!g_error_matches(broken, MQ_ERROR, MQ_ERROR_LIMIT))
		format->finish(reading.reader, broken == NULL, &refused);
	format->free(reading.reader);
	if (broken != NULL)
		note_error(unwrap, part, broken, unwrap->n_reports > n_before);
	context_end(&context, unwrap, sure || part->claim == MQ_CLAIM_REPORT || unwrap->n_reports > n_before);
}

/* --------------------------------------------------------------------- parts */

#define MQ_CONTAINER_ENTRY(name) &mq_container_##name,
static const MqContainer *const containers[] = { MQ_CONTAINERS(MQ_CONTAINER_ENTRY) };

static const MqContainer *
find_container(const MqPart *part, const guint8 *start, gsize n, guint *best_bid)
{
	const MqContainer *best = NULL;

	*best_bid = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(containers) && *best_bid < BID_MAX; i++) {
		guint bid = containers[i]->bid(part, start, n);

		if (bid > *best_bid) {
			best = containers[i];
			*best_bid = bid;
		}
	}
	return best;
}

static guint
count_troubles(const MqUnwrap *unwrap)
{
	return count_unstored(unwrap->message->problems) + count_unstored(unwrap->claimed)
	       + count_unstored(unwrap->unclaimed);
}

static void
open_container(MqUnwrap *unwrap, MqPart *part, const MqContainer *container)
{
	g_autoptr(GError) error = NULL;
	guint n_before = unwrap->n_reports;

	part->is_packed = container->is_packing;
	if (part->is_packed && part->name == NULL && part->claim == MQ_CLAIM_NO)
		part->claim = MQ_CLAIM_UNKNOWN; /* declared to be text, yet nobody writes that by hand */
	if (part->depth >= MQ_LIMIT_NESTING)
		mq_unwrap_note(unwrap, part, MQ_PROBLEM_TOO_DEEP, FALSE, "more than %d containers and mails inside each other",
		               MQ_LIMIT_NESTING);
	else if (!container->pour(part, unwrap, &error) && unwrap->take_error == NULL)
		/* what is behind the break was perhaps nothing: a report was found */
		note_error(unwrap, part, error,
		           unwrap->n_reports > n_before && g_error_matches(error, MQ_ERROR, MQ_ERROR_FORMAT));
}

void
mq_unwrap_part(MqUnwrap *unwrap, MqPart *part)
{
	g_autoptr(GError) error = NULL;
	const MqContainer *container;
	const MqFormat *format;
	const guint8 *start;
	guint container_bid, format_bid;
	gssize n;

	if (unwrap->is_exceeded || unwrap->take_error != NULL)
		return;
	n = mq_part_peek(part, MQ_BID_BYTES, &start, &error);
	if (n <= 0) {
		if (n < 0)
			mq_unwrap_fail(unwrap, part, error);
		else
			part->is_empty = TRUE;
		return;
	}
	container = find_container(part, start, (gsize)n, &container_bid);
	/* a container that is sure goes first: a report's beginning may show through it */
	format = container_bid < BID_CONTAINER ? mq_format_find(start, (gsize)n, &format_bid) : NULL;
	if (format != NULL)
		read_report(unwrap, part, format, format_bid >= BID_SURE);
	else if (container != NULL)
		open_container(unwrap, part, container);
}

MqUnwrapMark
mq_unwrap_mark(const MqUnwrap *unwrap)
{
	return (MqUnwrapMark){ .reports = unwrap->n_reports, .troubles = count_troubles(unwrap) };
}

static gboolean
has_moved(const MqUnwrap *unwrap, MqUnwrapMark before)
{
	return unwrap->n_reports > before.reports || count_troubles(unwrap) > before.troubles;
}

void
mq_unwrap_expect(MqUnwrap *unwrap, const MqPart *part, MqUnwrapMark before, const char *reason)
{
	if (has_moved(unwrap, before))
		return;
	unwrap->is_announced = TRUE;
	mq_problems_add(unwrap->claimed, MQ_PROBLEM_NO_REPORT, FALSE, -1, named(part->path), "%s", reason);
}

gboolean
mq_unwrap_is_settled(const MqUnwrap *unwrap)
{
	return unwrap->is_settled;
}

void
mq_unwrap_attachment(MqUnwrap *unwrap, MqPart *part)
{
	MqUnwrapMark before = mq_unwrap_mark(unwrap);

	mq_unwrap_part(unwrap, part);
	if (has_moved(unwrap, before))
		return;
	if (part->claim == MQ_CLAIM_REPORT || (part->claim == MQ_CLAIM_UNKNOWN && part->is_packed))
		mq_problems_add(part->claim == MQ_CLAIM_REPORT ? unwrap->claimed : unwrap->unclaimed,
		                part->is_empty ? MQ_PROBLEM_EMPTY : MQ_PROBLEM_NO_REPORT, FALSE, -1, named(part->path),
		                part->is_empty ? "is empty" : "holds no report");
}

void
mq_unwrap_settle(MqUnwrap *unwrap)
{
	unwrap->is_settled = TRUE;
}

gboolean
mq_unwrap_mail(MqUnwrap *unwrap, const MqPart *part, MqMail *mail)
{
	const MqFormat *format = mq_format_find_mail(mail);
	g_autoptr(GError) why = NULL; /* told as a problem by the format */
	MqFormatContext context;

	if (format == NULL)
		return FALSE;
	mq_unwrap_settle(unwrap);
	context_init(&context, unwrap, part);
	format->read_mail(mail, &context, &why);
	context_end(&context, unwrap, TRUE);
	return TRUE;
}

guint
mq_unwrap_n_reports(const MqUnwrap *unwrap)
{
	return unwrap->n_reports;
}

MqEnvelope *
mq_unwrap_envelope(MqUnwrap *unwrap)
{
	if (unwrap->has_envelope)
		return NULL;
	unwrap->has_envelope = TRUE;
	return &unwrap->message->envelope;
}

/* ------------------------------------------------------------------- messages */

GArray *
mq_unwrap_runs_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(BatchRun));
}

static void
unwrap_init(MqUnwrap *unwrap, const MqPart *item, gboolean redact, MqMessage *message)
{
	*unwrap = (MqUnwrap){
		.message = message,
		.redact = redact,
		.claimed = mq_problems_new(),
		.unclaimed = mq_problems_new(),
		.hushed = mq_problems_new(),
		.packed_bytes = (guint64)MAX(item->n_bytes, 0),
		.batches = g_ptr_array_new_with_free_func((GDestroyNotify)mq_batch_free),
	};
}

static void
unwrap_clear(MqUnwrap *unwrap)
{
	mq_problems_free(unwrap->claimed);
	mq_problems_free(unwrap->unclaimed);
	mq_problems_free(unwrap->hushed);
	g_ptr_array_unref(unwrap->batches);
}

static void
look_into(MqUnwrap *unwrap, MqPart *item)
{
	mq_unwrap_attachment(unwrap, item);
	/* A mail whose MIME is broken may still have the report's base64 somewhere in it. */
	if (unwrap->n_reports > 0 || unwrap->is_settled || unwrap->is_exceeded || count_unstored(unwrap->message->problems) > 0)
		return;
	mq_salvage_item(unwrap, item);
	if (unwrap->n_reports > 0) { /* so what was claimed is there */
		mq_problems_free(unwrap->claimed);
		unwrap->claimed = mq_problems_new();
	}
}

static void
tell(MqProblems *all, const MqProblems *waiting)
{
	for (guint i = 0; i < mq_problems_count(waiting); i++) {
		const MqProblem *problem = mq_problems_get(waiting, i);

		mq_problems_add(all, problem->code, FALSE, -1, problem->part, "%s", problem->reason);
	}
}

/* What a report lost of itself is noted with it, and no reason to read it again. */
static gboolean
lost_something(const MqProblems *problems)
{
	for (guint i = 0; i < mq_problems_count(problems); i++) {
		const MqProblem *problem = mq_problems_get(problems, i);

		if (!problem->stored && problem->report < 0)
			return TRUE;
	}
	return FALSE;
}

void
mq_unwrap_message(MqPart *item, gboolean redact, MqMessage *message)
{
	static const MqMessageState states[2][2] = { /* has reports, lost something */
		{ MQ_MESSAGE_NOTHING, MQ_MESSAGE_FAILED },
		{ MQ_MESSAGE_REPORTS, MQ_MESSAGE_PARTLY },
	};
	MqUnwrap unwrap;

	unwrap_init(&unwrap, item, redact, message);
	look_into(&unwrap, item);
	tell(message->problems, unwrap.claimed);
	if (unwrap.n_reports == 0)
		tell(message->problems, unwrap.unclaimed);
	if (unwrap.n_reports == 0 && unwrap.is_announced)
		tell(message->problems, unwrap.hushed);
	message->state = states[unwrap.n_reports > 0][lost_something(message->problems)];
	unwrap_clear(&unwrap);
}

gboolean
mq_unwrap_again(MqPart *item, gboolean redact, const MqMessage *message, MqBatchFunc take, gpointer ctx, GError **error)
{
	g_autoptr(MqMessage) scratch = mq_message_new(NULL);
	MqUnwrap unwrap;

	unwrap_init(&unwrap, item, redact, scratch);
	unwrap.take = take;
	unwrap.take_ctx = ctx;
	unwrap.runs = message->batch_runs;
	look_into(&unwrap, item);
	unwrap_clear(&unwrap);
	if (unwrap.take_error == NULL && unwrap.run < unwrap.runs->len)
		g_set_error(&unwrap.take_error, MQ_ERROR, MQ_ERROR_FORMAT, "the message has changed since it was read");
	if (unwrap.take_error == NULL)
		return TRUE;
	g_propagate_error(error, unwrap.take_error);
	return FALSE;
}
