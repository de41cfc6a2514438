/* What a mail says of itself, and its parts. */
#include <string.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/mail.h"
#include "ingest/part.h"

static MqMail *
read_text(const char *text, gsize n, MqPart **part)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, n);
	g_autoptr(GError) error = NULL;
	MqMail *mail;

	*part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	mail = mq_mail_read(*part, &error);
	g_assert_no_error(error);
	return mail;
}

/* ------------------------------------------------------------------- fields */

typedef struct {
	const char *rule, *text;
	const char *subject, *from, *domain, *message_id; /* (nullable) as MqEnvelope has them */
	gint64 date_s;
} HeaderCase;

#define ABSENT MQ_TIME_ABSENT

static const HeaderCase headers[] = {
	{ "plain", "From: a@b.example\nSubject: Hello\nMessage-ID: <1@b.example>\nDate: Wed, 15 Nov 2023 10:00:00 +0000\n\n",
	  "Hello", "a@b.example", "b.example", "<1@b.example>", 1700042400 },
	{ "a name before the address", "From: \"A, B\" <a@B.Example>\n\n", NULL, "a@B.Example", "b.example", NULL, ABSENT },
	{ "an encoded word", "Subject: =?utf-8?B?UsOpcG9ydA==?=\n\n", "R\303\251port", NULL, NULL, NULL, ABSENT },
	{ "a folded field", "Subject: Report\n Domain: b.example\n\n", "Report Domain: b.example", NULL, NULL, NULL, ABSENT },
	{ "bytes without a charset", "Subject: R\351port\n\n", "R\303\251port", NULL, NULL, NULL, ABSENT },
	{ "names in any case", "SUBJECT: x\r\nfrom: a@b.example\r\n\r\n", "x", "a@b.example", "b.example", NULL, ABSENT },
	{ "a group in front", "From: list: a@b.example;\n\n", NULL, NULL, NULL, NULL, ABSENT },
	{ "an odd date", "Date: yesterday\n\n", NULL, NULL, NULL, NULL, ABSENT },
	{ "no header at all", "\nHello\n", NULL, NULL, NULL, NULL, ABSENT },
	{ "nothing at all", "", NULL, NULL, NULL, NULL, ABSENT },
	{ "cut in the header", "From: a@b.exa", NULL, "a@b.exa", "b.exa", NULL, ABSENT },
	{ "a From line in front", "From x Wed May 20 2020\nSubject: x\n\n", "x", NULL, NULL, NULL, ABSENT },
};

static void
test_header(gconstpointer data)
{
	const HeaderCase *want = data;
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = read_text(want->text, strlen(want->text), &part);
	MqEnvelope got = { .date_s = 0 };

	mq_mail_envelope(mail, &got);
	g_assert_cmpstr(got.subject, ==, want->subject);
	g_assert_cmpstr(got.from, ==, want->from);
	g_assert_cmpstr(got.from_domain, ==, want->domain);
	g_assert_cmpstr(got.message_id, ==, want->message_id);
	g_assert_cmpint(got.date_s, ==, want->date_s);
	mq_envelope_clear(&got);
}

static void
test_results_in_order(void)
{
	GString *text = g_string_new(NULL);
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = NULL;
	MqEnvelope got = { .date_s = 0 };

	for (int i = 0; i < 30; i++)
		g_string_append_printf(text, "Authentication-Results: mx%d.example; dmarc=pass\n", i);
	mail = read_text(text->str, text->len, &part);
	mq_mail_envelope(mail, &got);
	g_assert_cmpuint(got.authentication_results->len, ==, 20);
	g_assert_cmpstr(got.authentication_results->pdata[0], ==, "mx0.example; dmarc=pass");
	mq_envelope_clear(&got);
	g_string_free(text, TRUE);
}

static void
test_long_field(void)
{
	g_autofree char *long_text = g_strnfill(500000, 'x');
	g_autofree char *text = g_strconcat("Subject: ", long_text, "\n\n", NULL);
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = read_text(text, strlen(text), &part);
	g_autofree char *subject = mq_mail_header(mail, "Subject", 0);

	g_assert_cmpuint(strlen(subject), ==, MQ_LIMIT_FIELD_BYTES);
}

/* ------------------------------------------------------------------- leaves */

typedef struct {
	const char *rule, *text;
	const char *leaves; /* "type|name|content" joined by "\n" */
} LeafCase;

#define MULTI "Content-Type: multipart/mixed; boundary=x\n\n"

static const LeafCase leaves[] = {
	{ "a plain text", "Subject: x\n\nHello\n", "text/plain||Hello\n" },
	{ "no type in a part is text", MULTI "--x\n\nHello\n--x--\n", "text/plain||Hello" },
	{ "multiparts are flattened",
	  MULTI "--x\nContent-Type: multipart/alternative; boundary=y\n\n--y\n\na\n--y\nContent-Type: text/html\n\nb\n--y--\n"
	  "--x\n\nc\n--x--\n", "text/plain||a\ntext/html||b\ntext/plain||c" },
	{ "an outer boundary is the beginning of the inner one",
	  MULTI "--x\nContent-Type: multipart/mixed; boundary=xy\n\n--xy\n\na\n--xy--\n--x\n\nb\n--x--\n",
	  "text/plain||a\ntext/plain||b" },
	{ "base64", MULTI "--x\nContent-Transfer-Encoding: BASE64\n\nSGVs\nbG8=\n--x--\n", "text/plain||Hello" },
	{ "base64 with dirt in it", MULTI "--x\nContent-Transfer-Encoding: base64\n\nSG!!Vs\n > bG8=\n--x--\n", "text/plain||Hello" },
	{ "base64 without its padding", MULTI "--x\nContent-Transfer-Encoding: base64\n\nSGVsbG8\n--x--\n", "text/plain||Hello" },
	{ "an empty base64", MULTI "--x\nContent-Transfer-Encoding: base64\n\n\n--x--\n", "text/plain||" },
	{ "quoted-printable, broken", MULTI "--x\nContent-Transfer-Encoding: quoted-printable\n\na=3Db=ZZ=\n--x--\n",
	  "text/plain||a=b=ZZ" },
	{ "uuencode", MULTI "--x\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#0V%T\n`\nend\n--x--\n", "text/plain||Cat" },
	{ "a name in the disposition", MULTI "--x\nContent-Type: application/gzip\nContent-Disposition: attachment;"
	  " filename=\"a!b.gz\"\n\nq\n--x--\n", "application/gzip|a!b.gz|q" },
	{ "a name in the type", MULTI "--x\nContent-Type: application/zip; name=a.zip;\n\nq\n--x--\n", "application/zip|a.zip|q" },
	{ "a name in pieces (RFC 2231)", MULTI "--x\nContent-Disposition: attachment; filename*0*=utf-8''r%C3%A9;"
	  " filename*1=\"port.xml\"\n\nq\n--x--\n", "text/plain|r\303\251port.xml|q" },
	{ "a name as encoded word (RFC 2047)", MULTI "--x\nContent-Disposition: attachment;"
	  " filename=\"=?utf-8?B?cg==?=.xml\"\n\nq\n--x--\n", "text/plain|r.xml|q" },
	{ "no final boundary", MULTI "--x\n\na", "text/plain||a" },
	{ "a boundary that never comes", MULTI "Hello\n", "" },
	{ "a mail in the mail is one leaf", MULTI "--x\nContent-Type: message/rfc822\n\nSubject: y\n\nb\n--x--\n", "message/rfc822||" },
};

static void
append_leaf(GString *all, const MqMail *mail, guint i, const MqPart *around)
{
	const MqLeaf *leaf = mq_mail_leaf(mail, i);
	g_autoptr(MqPart) part = mq_mail_leaf_part(mail, i, around);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = mq_part_hold(part, 1000, &error);

	g_assert_no_error(error);
	g_string_append_printf(all, "%s%s|%s|", i > 0 ? "\n" : "", leaf->type, leaf->name != NULL ? leaf->name : "");
	g_string_append_len(all, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));
}

static void
test_leaves(gconstpointer data)
{
	const LeafCase *want = data;
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = read_text(want->text, strlen(want->text), &part);
	g_autoptr(GString) got = g_string_new(NULL);

	for (guint i = 0; i < mq_mail_n_leaves(mail); i++)
		append_leaf(got, mail, i, part);
	g_assert_cmpstr(got->str, ==, want->leaves);
}

static void
test_inner_mail(void)
{
	static const char text[] = MULTI "--x\nContent-Type: message/rfc822\n\nSubject: inner\n\nb\n--x--\n";
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = read_text(text, strlen(text), &part);
	g_autoptr(MqMail) inner = mq_mail_leaf_mail(mail, 0);
	g_autofree char *subject = mq_mail_header(inner, "subject", 0);

	g_assert_cmpstr(subject, ==, "inner");
}

static void
test_type(void)
{
	static const char text[] = "Content-Type: Multipart/Report; report-type=feedback-report; boundary=x\n\n--x--\n";
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = read_text(text, strlen(text), &part);

	g_assert_cmpstr(mq_mail_type(mail), ==, "multipart/report");
}

/* Fields between the type and the empty line that belong to the body, as some reporters write it. */
static void
test_leaf_header(void)
{
	static const char text[] = MULTI "--x\nContent-Type: message/feedback-report\nSource-IP: 192.0.2.1\n\n--x--\n";
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = read_text(text, strlen(text), &part);
	g_autofree char *header = mq_mail_leaf_header(mail, 0);

	g_assert_nonnull(strstr(header, "Source-IP: 192.0.2.1"));
}

/* -------------------------------------------------------------------- limits */

typedef struct {
	const char *rule, *head, *again;
	guint times;
} LimitCase;

static const LimitCase limits[] = {
	{ "parts end", MULTI, "--x\nContent-Type: text/plain\n\nq\n", 30000 },
	{ "empty parts end", MULTI, "--x\n\n\n", 30000 },
	{ "fields end", "", "X: y\n", 60000 },
	{ "mails in mails end", "", "Content-Type: message/rfc822\n\n", 5000 },
	{ "folding ends", "Subject: x\n", " y y y y y y y y y y y y y y y y y y y y y\n", 250000 },
};

static void
test_limit(gconstpointer data)
{
	const LimitCase *want = data;
	GString *text = g_string_new(want->head);
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < want->times; i++)
		g_string_append(text, want->again);
	bytes = g_string_free_to_bytes(text);
	part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	mail = mq_mail_read(part, &error);
	g_assert_null(mail);
	g_assert_error(error, MQ_ERROR, MQ_ERROR_LIMIT);
}

static void
test_leaves_end(void)
{
	GString *text = g_string_new(MULTI);
	g_autoptr(MqPart) part = NULL;
	g_autoptr(MqMail) mail = NULL;

	for (guint i = 0; i < MQ_LIMIT_MESSAGE_PARTS + 10; i++)
		g_string_append(text, "--x\n\nq\n");
	mail = read_text(text->str, text->len, &part);
	g_assert_cmpuint(mq_mail_n_leaves(mail), ==, MQ_LIMIT_MESSAGE_PARTS);
	g_assert_true(mq_mail_is_cut(mail));
	g_string_free(text, TRUE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	mq_mail_init();
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autofree char *path = g_strconcat("/mail/header/", headers[i].rule, NULL);

		g_test_add_data_func(path, &headers[i], test_header);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(leaves); i++) {
		g_autofree char *path = g_strconcat("/mail/leaves/", leaves[i].rule, NULL);

		g_test_add_data_func(path, &leaves[i], test_leaves);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
		g_autofree char *path = g_strconcat("/mail/limits/", limits[i].rule, NULL);

		g_test_add_data_func(path, &limits[i], test_limit);
	}
	g_test_add_func("/mail/header/the topmost results come first", test_results_in_order);
	g_test_add_func("/mail/header/a long field is cut", test_long_field);
	g_test_add_func("/mail/leaves/a mail in the mail is read as one", test_inner_mail);
	g_test_add_func("/mail/leaves/the header of a part is at hand", test_leaf_header);
	g_test_add_func("/mail/leaves/type", test_type);
	g_test_add_func("/mail/limits/leaves end", test_leaves_end);
	return g_test_run();
}
