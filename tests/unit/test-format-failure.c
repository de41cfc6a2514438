/* Failure reports, read from whole mails. */
#include <string.h>

#include "ingest/formats.h"
#include "ingest/mail.h"

#define ARF(fields, third) \
	"From: dmarc@reporter.example\r\nDate: Tue, 24 Nov 2026 01:00:00 +0100\r\nMIME-Version: 1.0\r\n" \
	"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n" \
	"--b\r\nContent-Type: text/plain\r\n\r\nThis is a failure report.\r\n" \
	"--b\r\nContent-Type: message/feedback-report\r\n\r\n" fields "\r\n" third "--b--\r\n"
#define ORIGINAL \
	"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Someone <someone@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n" \
	"Message-ID: <1@example.com>\r\nDKIM-Signature: v=1; d=example.com; s=s1; b=x\r\n\r\nsecret body\r\n"
#define FIELDS \
	"Feedback-Type: auth-failure\r\nVersion: 1\r\nAuth-Failure: dmarc\r\nSource-IP: 192.0.2.7\r\n" \
	"Reported-Domain: Example.COM\r\nArrival-Date: Tue, 24 Nov 2026 00:00:00 +0000\r\n" \
	"Authentication-Results: mx.example.net; dkim=fail header.d=example.com; spf=fail smtp.mailfrom=example.com\r\n"

/* What one mail gives: "source domain auth subject message-id selector alignment" for each report. */
typedef struct {
	const char *rule, *mail, *want;
	gboolean redact;
} Case;

static const Case cases[] = {
	{ "plain", ARF(FIELDS, ORIGINAL), "192.0.2.7 example.com dmarc Gr\xC3\xBC\xC3\x9F" "e 1@example.com s1 dkim,spf\n", FALSE },
	{ "no third part", ARF(FIELDS, ""), "192.0.2.7 example.com dmarc - - - dkim,spf\n", FALSE },
	{ "address literal",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: [IPv6:2001:DB8::1]\r\nReported-Domain: a.example\r\n", ""),
	  "2001:db8::1 a.example  - - - -\n", FALSE },
	{ "address with a host name",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.9 (host.example)\r\nAuth-Failure: spf (note), dkim\r\n", ""),
	  "192.0.2.9 - spf,dkim - - - -\n", FALSE },
	{ "folded and empty fields",
	  ARF("Feedback-Type: auth-failure\r\nReported-Domain:\r\n a.example\r\nOriginal-Mail-From:\r\n", ""),
	  "- a.example  - - - -\n", FALSE },
	{ "redacted", ARF(FIELDS, ORIGINAL), "192.0.2.7 example.com dmarc - @example.com s1 dkim,spf\n", TRUE },
	{ "a feedback part that says nothing", ARF("", ORIGINAL), "", FALSE },
	{ "a notice in plain text",
	  "From: a@mail.example\r\nSubject: DMARC\r\nContent-Type: text/plain\r\n\r\nA message claiming to be from you has failed the "
	  "published DMARC policy.\r\n\r\n  Sender Domain: example.com\r\n  Sender IP Address: 192.0.2.3\r\n"
	  "------ This is a copy of the headers ------\r\n\r\nSubject: Payment\r\nMessage-ID: <2@example.com>\r\n",
	  "192.0.2.3 example.com dmarc Payment 2@example.com - -\n", FALSE },
};

static gboolean
drop_batch(gpointer ctx, MqBatch *batch, GError **error)
{
	(void)ctx;
	(void)error;
	mq_batch_free(batch);
	return TRUE;
}

static const char *
or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

static gboolean
write_report(gpointer ctx, MqReport *owned, GError **error)
{
	g_autoptr(MqReport) report = owned;
	const MqFailure *f = report->failure;
	g_autofree char *source = mq_address_to_text(&f->source);
	g_autofree char *auth = NULL;

	(void)error;
	g_ptr_array_add(f->auth_failure, NULL);
	auth = g_strjoinv(",", (char **)f->auth_failure->pdata);
	g_string_append_printf(ctx, "%s %s %s %s %s %s %s\n", *source != '\0' ? source : "-", or_dash(f->reported_domain), auth,
	                       or_dash(f->subject), or_dash(f->message_id), or_dash(f->dkim_selector), or_dash(f->identity_alignment));
	return TRUE;
}

static void
test_read(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(GBytes) bytes = g_bytes_new_static(want->mail, strlen(want->mail));
	g_autoptr(MqPart) part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(MqMail) mail = mq_mail_read(part, &error);
	g_autoptr(MqProblems) problems = mq_problems_new();
	g_autoptr(GString) got = g_string_new(NULL);
	MqFormatContext context = {
		.part = "mail",
		.problems = problems,
		.redact = want->redact,
		.take_batch = drop_batch,
		.take_report = write_report,
		.ctx = got,
	};

	g_assert_no_error(error);
	g_assert_cmpuint(mq_format_failure.bid_mail(mail), >, 0);
	g_assert_cmpint(mq_format_failure.read_mail(mail, &context, &error), ==, *want->want != '\0');
	g_assert_cmpstr(got->str, ==, want->want);
	if (*want->want == '\0')
		g_assert_false(mq_problems_get(problems, 0)->stored);
}

static void
test_no_bid(void)
{
	static const char mail_text[] = "From: a@example.com\r\nContent-Type: text/plain\r\n\r\nyour feedback is welcome\r\n";
	g_autoptr(GBytes) bytes = g_bytes_new_static(mail_text, strlen(mail_text));
	g_autoptr(MqPart) part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	g_autoptr(MqMail) mail = mq_mail_read(part, NULL);

	g_assert_cmpuint(mq_format_failure.bid_mail(mail), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	mq_ingest_init();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/format-failure/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_read);
	}
	g_test_add_func("/format-failure/an ordinary mail is none", test_no_bid);
	return g_test_run();
}
