/* A mailbox file, split into mails: read at once and in small pieces, the same mails both times. */
#include <string.h>
#include <unistd.h>

#include "ingest/mbox.h"
#include "tests/fuzz/fuzz.h"

typedef struct {
	const guint8 *bytes;
	gsize n, step;
} Input;

static gssize
read_input(gpointer ctx, guint8 *bytes, gsize n, GError **error)
{
	Input *input = ctx;
	gsize some = MIN(MIN(n, input->n), input->step);

	(void)error;
	memcpy(bytes, input->bytes, some);
	input->bytes += some;
	input->n -= some;
	return (gssize)some;
}

/* All mails, each behind its length. */
static GBytes *
split(const guint8 *bytes, gsize n, gsize step)
{
	Input input = { bytes, n, step };
	g_autoptr(MqMbox) mbox = mq_mbox_new(read_input, &input);
	GByteArray *mails = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	guint64 n_mail, n_all = 0;
	int fd;

	while (mq_mbox_next(mbox, &fd, &n_mail, &error) > 0) {
		g_autofree guint8 *mail = g_malloc(n_mail + 1);

		g_assert_cmpint(pread(fd, mail, n_mail + 1, 0), ==, (gssize)n_mail);
		close(fd);
		g_byte_array_append(mails, (const guint8 *)&n_mail, sizeof(n_mail));
		g_byte_array_append(mails, mail, (guint)n_mail);
		n_all += n_mail;
		g_assert_cmpuint(n_all, <=, n);
	}
	g_assert_no_error(error);
	return g_byte_array_free_to_bytes(mails);
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	g_autoptr(GBytes) whole = split(bytes, n, MAX(n, 1));
	g_autoptr(GBytes) pieces = split(bytes, n, n % 13 + 1);

	mq_mbox_starts(bytes, MIN(n, MQ_MBOX_BID_BYTES));
	g_assert_true(g_bytes_equal(whole, pieces));
	return 0;
}
