/* Mailbox files: where a mail begins, what is quoting, and that nothing is lost between. */
#include <string.h>
#include <unistd.h>

#include "ingest/limits.h"
#include "ingest/mbox.h"

#define FROM "From a@b.example Tue Apr 30 02:09:16 2019\n"

typedef struct {
	const char *bytes;
	gsize n, step;
} Text;

static gssize
read_text(gpointer ctx, guint8 *bytes, gsize n, G_GNUC_UNUSED GError **error)
{
	Text *text = ctx;
	gsize some = MIN(MIN(n, text->n), text->step);

	memcpy(bytes, text->bytes, some);
	text->bytes += some;
	text->n -= some;
	return (gssize)some;
}

/* All mails, each followed by '|'. */
static char *
split(const char *bytes, gsize n, gsize step)
{
	Text text = { .bytes = bytes, .n = n, .step = step };
	g_autoptr(MqMbox) mbox = mq_mbox_new(read_text, &text);
	GString *mails = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	guint64 n_mail;
	int fd;

	while (mq_mbox_next(mbox, &fd, &n_mail, &error) > 0) {
		g_autofree char *mail = g_malloc(n_mail);

		g_assert_cmpint(pread(fd, mail, n_mail, 0), ==, (gssize)n_mail);
		close(fd);
		g_string_append_len(mails, mail, (gssize)n_mail);
		g_string_append_c(mails, '|');
	}
	g_assert_no_error(error);
	return g_string_free(mails, FALSE);
}

typedef struct {
	const char *rule, *box, *mails;
} Case;

static const Case cases[] = {
	{ "one mail", FROM "A: b\n\nbody\n", "A: b\n\nbody\n|" },
	{ "a byte order mark and empty lines before the first", "\xEF\xBB\xBF\r\n\n" FROM "A: b\n\nbody\n", "A: b\n\nbody\n|" },
	{ "the empty line before the next is the box's", FROM "A: 1\n\nx\n\n" FROM "A: 2\n\ny\n\n", "A: 1\n\nx\n|A: 2\n\ny\n|" },
	{ "only one empty line is", FROM "A: 1\n\nx\n\n\n" FROM "A: 2\n\n", "A: 1\n\nx\n\n|A: 2\n|" },
	{ "no empty line before the next", FROM "A: 1\n\nx\n" FROM "A: 2\n\ny\n", "A: 1\n\nx\n|A: 2\n\ny\n|" },
	{ "no body at all", FROM "A: 1\n" FROM "A: 2\n", "A: 1\n|A: 2\n|" },
	{ "quoted once", FROM "A: 1\n\n>From me\n", "A: 1\n\nFrom me\n|" },
	{ "quoted twice", FROM "A: 1\n\n>>From me\n", "A: 1\n\n>From me\n|" },
	{ "an ISO date", "From a@b.example 2019-04-30T02:09:16Z\nA: 1\n", "A: 1\n|" },
	{ "a sender and no date", "From nobody\nA: 1\n\nx\n\nFrom nobody\nA: 2\n", "A: 1\n\nx\n|A: 2\n|" },
	{ "From without a date is text", FROM "A: 1\n\nFrom me to you\nB: c\n", "A: 1\n\nFrom me to you\nB: c\n|" },
	{ "From without a field after it is text", FROM "A: 1\n\n" FROM "no field\n", "A: 1\n\n" FROM "no field\n|" },
	{ "a word that begins like From", FROM "A: 1\n\nFrommage\n", "A: 1\n\nFrommage\n|" },
	{ "CR LF", "From a@b.example Tue Apr 30 02:09:16 2019\r\nA: 1\r\n\r\nx\r\n\r\n"
	           "From c@d.example Tue Apr 30 02:09:17 2019\r\nA: 2\r\n\r\ny\r\n", "A: 1\r\n\r\nx\r\n|A: 2\r\n\r\ny\r\n|" },
	{ "Thunderbird", "From - Tue Apr 30 02:09:16 2019\nA: 1\n", "A: 1\n|" },
	{ "a takeout, with a zone", "From 17@xxx Tue Apr 30 02:09:16 +0000 2019\nA: 1\n", "A: 1\n|" },
	{ "a date as in mail", "From a@b.example Tue, 30 Apr 2019 02:09 +0100\nA: 1\n", "A: 1\n|" },
	{ "a sender with spaces", "From MAILER DAEMON Tue Apr 30 02:09:16 2019\nA: 1\n", "A: 1\n|" },
	{ "MMDF", "\1\1\1\1\nA: 1\n\nx\n\1\1\1\1\n\1\1\1\1\nA: 2\n\1\1\1\1\n", "A: 1\n\nx\n|A: 2\n|" },
	{ "Content-Length is not believed", FROM "Content-Length: 9999\n\nx\n\n" FROM "A: 2\n", "Content-Length: 9999\n\nx\n|A: 2\n|" },
	{ "cut in a line", FROM "A: 1\n\nxyz", "A: 1\n\nxyz|" },
	{ "cut in a separator", FROM "A: 1\n\nFrom a@b.exa", "A: 1\n\nFrom a@b.exa|" },
	{ "nothing between separators is no mail", "\1\1\1\1\n\1\1\1\1\nA: 1\n\1\1\1\1\n", "A: 1\n|" },
	{ "nothing", "", "" },
};

static void
test_split(gconstpointer data)
{
	const Case *want = data;
	static const gsize steps[] = { 1, 7, 100000 };

	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *got = split(want->box, strlen(want->box), steps[i]);

		g_assert_cmpstr(got, ==, want->mails);
	}
}

static const struct { const char *rule, *start; gboolean is_box; } starts[] = {
	{ "a byte order mark", "\xEF\xBB\xBF" FROM "A: b\n", TRUE },
	{ "a separator", FROM "A: b\n", TRUE },
	{ "empty lines before it", "\r\n\n" FROM "A: b\n", TRUE },
	{ "MMDF", "\1\1\1\1\nA: b\n", TRUE },
	{ "a mail", "A: b\n\n" FROM "A: b\n", FALSE },
	{ "a letter", "From me, in Apr 2019 at 10:00\nto you all\n", FALSE },
	{ "XML", "<feedback>", FALSE },
	{ "nothing", "", FALSE },
};

static void
test_starts(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
		g_autofree guint8 *exact = g_memdup2(starts[i].start, strlen(starts[i].start));

		g_test_message("%s", starts[i].rule);
		g_assert_cmpint(mq_mbox_starts(exact, strlen(starts[i].start)), ==, starts[i].is_box);
	}
}

/* Lines around the size of the buffer, among them ones that look like separators from there on. */
static void
test_long_lines(void)
{
	g_autoptr(GString) box = g_string_new(FROM "A: 1\n\n");
	g_autoptr(GString) want = g_string_new("A: 1\n\n");
	g_autofree char *got = NULL;

	for (gsize n = 65530 - 200; n < 65550; n += 3) {
		g_autofree char *line = g_strnfill(n, 'x');

		g_string_append_printf(box, "%s%s>From y\n\n\n", line, FROM);
		g_string_append_printf(want, "%s%sFrom y\n\n\n", line, FROM);
	}
	g_string_append(box, FROM "A: 2\n");
	g_string_truncate(want, want->len - 1);
	g_string_append(want, "|A: 2\n|");
	got = split(box->str, box->len, 100000);
	g_assert_true(g_str_equal(got, want->str));
}

static void
test_too_large(void)
{
	gsize n = MQ_LIMIT_MESSAGE_BYTES + 10000;
	g_autoptr(GString) box = g_string_sized_new(n + 200);
	Text text;
	g_autoptr(MqMbox) mbox = mq_mbox_new(read_text, &text);
	guint64 n_mail;
	int fd;

	g_string_append(box, FROM "A: 1\n\n");
	g_string_set_size(box, n);
	memset(box->str + 50, 'x', n - 50);
	g_string_append(box, "\n\n" FROM "A: 2\n");
	text = (Text){ .bytes = box->str, .n = box->len, .step = G_MAXSIZE };
	g_assert_cmpint(mq_mbox_next(mbox, &fd, &n_mail, NULL), ==, 1);
	g_assert_cmpuint(n_mail, ==, MQ_LIMIT_MESSAGE_BYTES + 1);
	close(fd);
	g_assert_cmpint(mq_mbox_next(mbox, &fd, &n_mail, NULL), ==, 1);
	g_assert_cmpuint(n_mail, ==, 5);
	close(fd);
	g_assert_cmpint(mq_mbox_next(mbox, &fd, &n_mail, NULL), ==, 0);
}

static void
test_spool(void)
{
	Text text = { .bytes = "a\0b", .n = 3, .step = 1 };
	g_autoptr(MqMbox) mbox = mq_mbox_new(read_text, &text);
	const guint8 *start;
	guint64 n = 0;
	char bytes[4];
	int fd;

	g_assert_cmpint(mq_mbox_peek(mbox, &start, NULL), ==, 3);
	fd = mq_mbox_spool(mbox, &n, NULL);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpuint(n, ==, 3);
	g_assert_cmpint(pread(fd, bytes, sizeof(bytes), 0), ==, 3);
	g_assert_cmpint(memcmp(bytes, "a\0b", 3), ==, 0);
	close(fd);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/mbox/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_split);
	}
	g_test_add_func("/mbox/what begins one", test_starts);
	g_test_add_func("/mbox/long lines", test_long_lines);
	g_test_add_func("/mbox/a mail too large is cut behind the limit", test_too_large);
	g_test_add_func("/mbox/what is no mailbox is kept as it is", test_spool);
	return g_test_run();
}
