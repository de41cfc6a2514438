/* A message: what was found in one mail or file, and how it is read, the first time and again. */
#include "ingest/message.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/digest.h"
#include "ingest/mail.h"
#include "ingest/origins.h"
#include "ingest/part.h"
#include "ingest/trust.h"
#include "ingest/unwrap.h"

gboolean
mq_message_state_is_loss(MqMessageState state)
{
	return state == MQ_MESSAGE_FAILED || state == MQ_MESSAGE_PARTLY;
}

MqMessage *
mq_message_new(MqItem *item)
{
	MqMessage *message = g_new0(MqMessage, 1);

	message->name = g_strdup(item != NULL ? item->name : "");
	message->state = MQ_MESSAGE_NOTHING;
	message->envelope.date_s = MQ_TIME_ABSENT;
	message->reports = g_ptr_array_new_with_free_func((GDestroyNotify)mq_report_free);
	message->problems = mq_problems_new();
	message->item = item;
	message->batch_runs = mq_unwrap_runs_new();
	return message;
}

void
mq_message_free(MqMessage *message)
{
	if (message == NULL)
		return;
	mq_envelope_clear(&message->envelope);
	mq_problems_free(message->problems);
	mq_item_free(message->item);
	g_ptr_array_unref(message->reports);
	g_array_unref(message->batch_runs);
	g_free(message->name);
	g_free(message->quarantined);
	g_free(message);
}

/* An item that is open. */
typedef struct {
	int fd;
	gint64 n_bytes;
} Opened;

static void
opened_clear(Opened *opened)
{
	if (opened->fd >= 0)
		close(opened->fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Opened, opened_clear)

static gboolean
open_item(MqItem *item, Opened *opened, GError **error)
{
	struct stat st;

	opened->fd = item->origin->open(item, error);
	if (opened->fd < 0)
		return FALSE;
	if (fstat(opened->fd, &st) < 0) {
		g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "cannot be read: %s", g_strerror(errno));
		return FALSE;
	}
	opened->n_bytes = st.st_size;
	return TRUE;
}

static gboolean
add_bytes(gpointer ctx, const guint8 *bytes, gsize n, G_GNUC_UNUSED GError **error)
{
	mq_digester_add(ctx, bytes, n);
	return TRUE;
}

static gboolean
digest_part(MqPart *part, guint8 digest[MQ_DIGEST_BYTES], GError **error)
{
	g_autoptr(MqDigester) digester = mq_digester_new();

	if (!mq_part_pour(part, add_bytes, digester, error))
		return FALSE;
	mq_digester_take(digester, digest);
	return mq_part_seek(part, 0, error);
}

/* One of this size is read once and held: for its digest, then for what is in it. */
#define HELD_BYTES (1024 * 1024)

/* (transfer full) (nullable) */
static MqPart *
digested_part(const Opened *opened, guint8 digest[MQ_DIGEST_BYTES], GError **error)
{
	g_autoptr(MqPart) file = mq_part_new_file(opened->fd, 0, opened->n_bytes, NULL, NULL, NULL);
	g_autoptr(GBytes) bytes = NULL;

	if (opened->n_bytes > HELD_BYTES)
		return digest_part(file, digest, error) ? g_steal_pointer(&file) : NULL;
	bytes = mq_part_hold(file, HELD_BYTES, error);
	if (bytes == NULL)
		return NULL;
	mq_digest_bytes(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), digest);
	return mq_part_new_bytes(bytes, NULL, NULL, NULL);
}

/* At its start, with its digest. (transfer full) (nullable) */
static MqPart *
part_of(const Opened *opened, const MqItem *item, guint8 digest[MQ_DIGEST_BYTES], GError **error)
{
	MqPart *part = digested_part(opened, digest, error);

	if (part == NULL)
		return NULL;
	part->name = item->is_mail ? NULL : g_path_get_basename(item->name); /* its path is "", it is the message */
	part->is_mail = item->is_mail;
	part->claim = item->is_mail ? MQ_CLAIM_NO : mq_claim_of(part->name, NULL);
	return part;
}

/* Such a message fails under its name: there are no bytes to know it by. */
static void
fail(MqMessage *message, MqProblemCode code, const char *why)
{
	message->state = MQ_MESSAGE_FAILED;
	mq_problems_add(message->problems, code, FALSE, -1, NULL, "%s", why);
}

gboolean
mq_message_read(MqMessage *message, const MqIngestOptions *options, MqKnownFunc known, gpointer ctx)
{
	g_autoptr(GError) error = NULL;
	g_auto(Opened) opened = { .fd = -1 };
	g_autoptr(MqPart) part = NULL;

	mq_digest_bytes(message->name, strlen(message->name), message->sha256);
	if (!open_item(message->item, &opened, &error)) {
		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
			return FALSE;
		fail(message, g_error_matches(error, MQ_ERROR, MQ_ERROR_LIMIT) ? MQ_PROBLEM_TOO_LARGE : MQ_PROBLEM_UNREADABLE,
		     error->message);
		return TRUE;
	}
	message->n_bytes = (guint64)opened.n_bytes;
	if (opened.n_bytes > MQ_LIMIT_UNPACKED_BYTES
	    || (message->item->is_mail && opened.n_bytes > MQ_LIMIT_MESSAGE_BYTES)) {
		fail(message, MQ_PROBLEM_TOO_LARGE, "is larger than what is read");
		return TRUE;
	}
	part = part_of(&opened, message->item, message->sha256, &error);
	if (part == NULL) {
		fail(message, MQ_PROBLEM_UNREADABLE, error->message);
		return TRUE;
	}
	message->known = known != NULL ? known(ctx, message->sha256) : MQ_KNOWN_NOT;
	if (message->known != MQ_KNOWN_NOT) {
		message->state = MQ_MESSAGE_KNOWN;
		return TRUE;
	}
	mq_unwrap_message(part, options->redact, message);
	mq_trust_judge(message, options->trusted_authserv_ids);
	return TRUE;
}

gboolean
mq_message_is_done(const MqMessage *message)
{
	if (message->state == MQ_MESSAGE_KNOWN)
		return message->known == MQ_KNOWN_DONE;
	return message->state == MQ_MESSAGE_REPORTS;
}

/* ------------------------------------------------------------------- once more */

static gboolean
pour_held(const MqMessage *message, MqBatchFunc take, gpointer ctx, GError **error)
{
	for (guint i = 0; i < message->reports->len; i++) {
		const MqReport *report = message->reports->pdata[i];

		for (guint b = 0; b < report->batches->len; b++)
			if (!take(ctx, i, report->batches->pdata[b], error))
				return FALSE;
	}
	return TRUE;
}

gboolean
mq_message_pour(MqMessage *message, MqBatchFunc take, gpointer ctx, GError **error)
{
	g_auto(Opened) opened = { .fd = -1 };
	g_autoptr(MqPart) part = NULL;
	guint8 digest[MQ_DIGEST_BYTES];

	if (!message->records_follow)
		return pour_held(message, take, ctx, error);
	if (!open_item(message->item, &opened, error))
		return FALSE;
	part = part_of(&opened, message->item, digest, error);
	if (part == NULL)
		return FALSE;
	if (memcmp(digest, message->sha256, sizeof(digest)) != 0) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the message has changed since it was read");
		return FALSE;
	}
	return mq_unwrap_again(part, FALSE, message, take, ctx, error);
}
