/* An IMAP server's words: whatever it says to a whole visit (folder, list, mails, settling), each request ends,
 * what is handed out is what its headers promise, and small pieces give the same as large ones. */
#include <string.h>
#include <unistd.h>

#include "ingest/imap.h"
#include "ingest/limits.h"
#include "tests/fuzz/fuzz.h"

typedef struct {
	const guint8 *bytes;
	gsize n, step;
} Server;

static gssize
receive(gpointer ctx, char *bytes, gsize n, gint64 deadline_us, GError **error)
{
	Server *server = ctx;
	gsize some = MIN(MIN(n, server->n), server->step);

	(void)error;
	g_assert_cmpint(deadline_us, >, 0);
	if (some > 0)
		memcpy(bytes, server->bytes, some);
	server->bytes += some;
	server->n -= some;
	return (gssize)some;
}

/* What goes out is one line, whatever came in. */
static gboolean
send_line(gpointer ctx, const char *bytes, gsize n, gint64 deadline_us, GError **error)
{
	(void)ctx;
	(void)error;
	g_assert_cmpint(deadline_us, >, 0);
	g_assert_cmpuint(n, >, 2);
	g_assert_true(memchr(bytes, '\n', n) == bytes + n - 1);
	return TRUE;
}

static gboolean
take(gpointer ctx, guint32 uid, int fd, guint64 n_bytes)
{
	g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, (off_t)n_bytes);
	close(fd);
	g_string_append_printf(ctx, "%u %" G_GUINT64_FORMAT "\n", uid, n_bytes);
	return TRUE;
}

static gboolean
read_mails(MqImap *imap, GString *seen, GError **error)
{
	g_autoptr(GArray) mails = mq_imap_list(imap, 2, error);

	if (mails == NULL)
		return FALSE;
	for (guint i = 0; i < mails->len; i++) {
		const MqImapMail *mail = &g_array_index(mails, MqImapMail, i);

		g_assert_cmpuint(mail->uid, >=, 2);
		g_assert_true(i == 0 || mail->uid > g_array_index(mails, MqImapMail, i - 1).uid);
		g_string_append_printf(seen, "%u: %" G_GUINT64_FORMAT "\n", mail->uid, mail->n_bytes);
	}
	return mails->len == 0 || mq_imap_fetch(imap, (const MqImapMail *)(gconstpointer)mails->data, MIN(mails->len, 50), take, seen, error);
}

/* All that came of it, and what went wrong. */
static char *
visit(const guint8 *bytes, gsize n, gsize step)
{
	static const guint32 uids[] = { 2, 3, 4, 9 };
	const MqAfter move = { .action = MQ_AFTER_MOVE, .folder = "Done" };
	Server server = { bytes, n, step };
	const MqImapConnection connection = { .receive = receive, .send = send_line, .ctx = &server };
	g_autoptr(MqImap) imap = mq_imap_new(&connection);
	g_autoptr(GError) error = NULL;
	GString *seen = g_string_new(NULL);
	guint32 uidvalidity = 0;
	gboolean done = mq_imap_open_folder(imap, "Reports", TRUE, &uidvalidity, &error) && read_mails(imap, seen, &error)
	                && mq_imap_settle(imap, uids, G_N_ELEMENTS(uids), &move, &error);

	g_assert_true(done == (error == NULL));
	g_string_append_printf(seen, "%u %s", uidvalidity, error != NULL ? error->message : "");
	g_assert_true(g_utf8_validate(seen->str, (gssize)seen->len, NULL));
	return g_string_free(seen, FALSE);
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	g_autofree char *whole = visit(bytes, n, MAX(n, 1));
	g_autofree char *pieces = visit(bytes, n, n % 13 + 1);

	g_assert_cmpstr(whole, ==, pieces);
	return 0;
}
