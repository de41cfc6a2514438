/* What reads plain mails by itself reads them as the library does, and leaves alone what is not plain. */
#include "ingest/mail_plain.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/mail.h"

#define MIXED "Content-Type: multipart/mixed; boundary=\"b\"\n\n"

typedef struct {
	const char *rule, *mail;
	gint leaves; /* -1: not plain */
} Case;

static const Case cases[] = {
	{ "one part", "Subject: x\n\nbody\n", 1 },
	{ "folded field", "Subject: x\n y\n\nbody\n", 1 },
	{ "line ends of the net", "Subject: x\r\n\r\nbody\r\n", 1 },
	{ "no body", "Subject: x\n\n", 1 },
	{ "two parts", MIXED "--b\n\none\n--b\nContent-Type: text/xml\n\ntwo\n--b--\n", 2 },
	{ "preamble and epilogue", MIXED "before\n--b\n\none\n--b--\nafter\n", 1 },
	{ "nested", MIXED "--b\nContent-Type: multipart/related; boundary=c\n\n--c\n\none\n--c\n\ntwo\n--c--\n\n--b\n\n3\n--b--\n", 3 },
	{ "empty body of a part", MIXED "--b\nContent-Type: text/plain\n\n\n--b--\n", 1 },
	{ "nothing at all", "", -1 },
	{ "a header that never ends", "Subject: x\n", -1 },
	{ "an empty line in front", "\nSubject: x\n\nbody\n", -1 },
	{ "a mailbox line in front", "From a@b.example\nSubject: x\n\nbody\n", -1 },
	{ "a field without colon", "Subject x\n\nbody\n", -1 },
	{ "a line of white space in the header", "Subject: x\n \n\nbody\n", -1 },
	{ "folding of nothing", " x\nSubject: x\n\nbody\n", -1 },
	{ "bytes beyond ASCII in a field", "Subject: \xc3\xa4\n\nbody\n", -1 },
	{ "control characters in a field", "Subject: \x1b[1m\n\nbody\n", -1 },
	{ "two types", "Content-Type: text/plain\nContent-Type: text/xml\n\nbody\n", -1 },
	{ "a mail in it", MIXED "--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n", -1 },
	{ "another multipart", "Content-Type: multipart/report; boundary=b\n\n--b\n\none\n--b--\n", -1 },
	{ "a multipart that is encoded", "Content-Transfer-Encoding: base64\n" MIXED "--b\n\none\n--b--\n", -1 },
	{ "an encoding with a frame", "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n`\nend\n", -1 },
	{ "no boundary", "Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n", -1 },
	{ "something after the boundary", MIXED "--b\n\none\n--bc\n\ntwo\n--b--\n", -1 },
	{ "white space after the boundary", MIXED "--b\n\none\n--b \n\ntwo\n--b--\n", -1 },
	{ "the last boundary is missing", MIXED "--b\n\none\n--b\n\ntwo\n", -1 },
	{ "no part", MIXED "--b--\n", -1 },
	{ "boundary after boundary", MIXED "--b\n--b\n\none\n--b--\n", -1 },
};

static void
test_structure(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqPlainMail) mail = mq_plain_mail_read(want->mail, strlen(want->mail));

	if (want->leaves < 0) {
		g_assert_null(mail);
		return;
	}
	g_assert_nonnull(mail);
	g_assert_cmpint((gint)mail->leaves->len, ==, want->leaves);
}

static MqMail *
read_bytes(GBytes *bytes, MqPart **part)
{
	g_autoptr(GError) error = NULL;
	MqMail *mail;

	*part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	mail = mq_mail_read(*part, &error);
	g_assert_no_error(error);
	return mail;
}

static GBytes *
body_of(const MqMail *mail, guint i)
{
	g_autoptr(MqPart) part = mq_mail_leaf_part(mail, i, NULL);
	g_autoptr(GError) error = NULL;
	GBytes *bytes = mq_part_hold(part, MQ_LIMIT_MESSAGE_BYTES, &error);

	g_assert_no_error(error);
	return bytes;
}

static void
compare_fields(const MqMail *a, const MqMail *b)
{
	static const char *const names[] = { "From", "Subject", "Date", "Message-ID", "X-None" };

	g_assert_cmpstr(mq_mail_type(a), ==, mq_mail_type(b));
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *my_address = mq_mail_header_address(a, names[i]);
		g_autofree char *its_address = mq_mail_header_address(b, names[i]);
		g_autofree char *mine = mq_mail_header(a, names[i], 0);
		g_autofree char *its = mq_mail_header(b, names[i], 0);

		g_assert_cmpstr(mine, ==, its);
		g_assert_cmpstr(my_address, ==, its_address);
	}
}

static void
compare_leaves(const MqMail *a, const MqMail *b)
{
	g_assert_cmpuint(mq_mail_n_leaves(a), ==, mq_mail_n_leaves(b));
	for (guint i = 0; i < mq_mail_n_leaves(a); i++) {
		const MqLeaf *mine = mq_mail_leaf(a, i);
		const MqLeaf *its = mq_mail_leaf(b, i);
		g_autoptr(GBytes) my_body = NULL;
		g_autoptr(GBytes) its_body = NULL;

		g_assert_cmpstr(mine->type, ==, its->type);
		g_assert_cmpstr(mine->name, ==, its->name);
		g_assert_cmpint(mine->is_attachment, ==, its->is_attachment);
		g_assert_cmpint(mine->is_mail, ==, its->is_mail);
		if (mine->is_mail)
			continue;
		my_body = body_of(a, i);
		its_body = body_of(b, i);
		g_assert_true(g_bytes_equal(my_body, its_body));
	}
}

/* An empty line in front makes no difference to the library, and makes a mail not plain. */
static void
compare_ways(const char *text, gsize n)
{
	g_autofree char *longer = g_malloc(n + 1);
	g_autoptr(GBytes) bytes = g_bytes_new(text, n);
	g_autoptr(GBytes) moved = NULL;
	g_autoptr(MqPart) one = NULL;
	g_autoptr(MqPart) other = NULL;
	g_autoptr(MqMail) by_itself = read_bytes(bytes, &one);
	g_autoptr(MqMail) by_library = NULL;

	longer[0] = '\n';
	memcpy(longer + 1, text, n);
	moved = g_bytes_new(longer, n + 1);
	by_library = read_bytes(moved, &other);
	compare_fields(by_itself, by_library);
	compare_leaves(by_itself, by_library);
}

static void
test_as_the_library(gconstpointer data)
{
	const Case *want = data;

	if (want->leaves >= 0)
		compare_ways(want->mail, strlen(want->mail));
}

/* Header fields of all kinds, those that need no library among them. */
static void
test_fields(void)
{
	static const char *const pieces[] = {
		"a", "b.example", "@", "@", ".", "..", "-", "_", "+", " ", "\t", "\n ", "\r\n\t", "<", ">", "\"", "(c)", ",", ";", ":",
		"=?utf-8?q?=c3=a4?=", "=?utf-8?b?w6Q=?=", "=", "?", "Name ", "a@b.example", "<a@b.example>", "'",
	};
	static const char *const names[] = { "From", "Subject", "Message-ID" };

	for (guint i = 0; i < 5000; i++) {
		g_autoptr(GString) mail = g_string_new(NULL);

		for (gsize f = 0; f < G_N_ELEMENTS(names); f++) {
			g_string_append_printf(mail, "%s: ", names[f]);
			for (gint n = g_test_rand_int_range(1, 8); n > 0; n--)
				g_string_append(mail, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
			g_string_append(mail, "\n");
		}
		g_string_append(mail, "\nbody\n");
		compare_ways(mail->str, mail->len);
	}
}

/* A folder of mails, if it is there. */
static void
test_folder(gconstpointer folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	if (dir == NULL) {
		g_test_skip("the folder is not here");
		return;
	}
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *text = NULL;
		gsize n;

		g_assert_true(g_file_get_contents(path, &text, &n, NULL));
		g_test_message("%s", path);
		compare_ways(text, n);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	mq_mail_init();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/mail-plain/", cases[i].rule, NULL);
		g_autofree char *same = g_strconcat("/mail-plain/as the library: ", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_structure);
		g_test_add_data_func(same, &cases[i], test_as_the_library);
	}
	g_test_add_func("/mail-plain/fields as the library", test_fields);
	g_test_add_data_func("/mail-plain/samples read", "sample-reports/cur", test_folder);
	g_test_add_data_func("/mail-plain/samples new", "sample-reports/new", test_folder);
	return g_test_run();
}
