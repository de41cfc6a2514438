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

/* A mail with the parts of what follows, whatever it calls itself. */
#define MAIL(type, parts) \
	"From: ruf@reporter.example\r\nDate: Tue, 24 Nov 2026 01:00:00 +0100\r\nMIME-Version: 1.0\r\n" \
	"Content-Type: " type "; boundary=\"a:b\"\r\n\r\n" parts "--a:b--\r\n"
#define PART(type, text) "--a:b\r\nContent-Type: " type "\r\n\r\n" text "\r\n"
#define IN_BASE64(type, text) "--a:b\r\nContent-Type: " type "\r\nContent-Transfer-Encoding: base64\r\n\r\n" text "\r\n"
#define REPORT_TYPE "multipart/report; report-type=feedback-report"

/* Feedback-Type: auth-failure / Source-IP: 192.0.2.7 / Identity-Alignment: spf, dkim / Original-Mail-From: <a@example.com> /
 * Authentication-Results: mx.example.net; dkim=fail header.d=example.com; spf=softfail smtp.mailfrom=example.com /
 * Reported-Domain: example.com / User-Agent: Reporter/1.0 */
#define FIELDS_BASE64 \
	"RmVlZGJhY2stVHlwZTogYXV0aC1mYWlsdXJlDQpTb3VyY2UtSVA6IDE5Mi4wLjIuNw0KSWRlbnRpdHktQWxpZ25tZW50OiBzcGYsIGRraW0NCk9yaWdpbmFs\r\n" \
	"LU1haWwtRnJvbTogPGFAZXhhbXBsZS5jb20+DQpBdXRoZW50aWNhdGlvbi1SZXN1bHRzOiBteC5leGFtcGxlLm5ldDsgZGtpbT1mYWlsIGhlYWRlci5kPWV4\r\n" \
	"YW1wbGUuY29tOyBzcGY9c29mdGZhaWwgc210cC5tYWlsZnJvbT1leGFtcGxlLmNvbQ0KUmVwb3J0ZWQtRG9tYWluOiBleGFtcGxlLmNvbQ0KVXNlci1BZ2Vu\r\n" \
	"dDogUmVwb3J0ZXIvMS4wDQo="
/* From: Someone <someone@example.com> / Subject: Payment / (body) */
#define ORIGINAL_BASE64 \
	"RnJvbTogU29tZW9uZSA8c29tZW9uZUBleGFtcGxlLmNvbT4NClN1YmplY3Q6IFBheW1lbnQNCg0Kc2VjcmV0IGJvZHkNCg=="

/* What one mail gives: "name=value" of all that it says, for each report. */
typedef struct {
	const char *rule, *mail, *want;
	gboolean redact;
} Case;

static const Case cases[] = {
	{ "plain", ARF(FIELDS, ORIGINAL),
	  "type=auth-failure source=192.0.2.7 domain=example.com auth=dmarc arrival=2026-11-24T00:00:00Z alignment=dkim,spf "
	  "from=someone@example.com subject=Gr\xC3\xBC\xC3\x9F" "e id=1@example.com d=example.com s=s1\n", FALSE },
	{ "no third part", ARF(FIELDS, ""),
	  "type=auth-failure source=192.0.2.7 domain=example.com auth=dmarc arrival=2026-11-24T00:00:00Z alignment=dkim,spf\n", FALSE },
	{ "the header alone",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.7\r\n",
	      "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: someone@example.com\r\nSubject: Payment\r\n"
	      "Date: Tue, 24 Nov 2026 00:30:00 +0000\r\n\r\n"),
	  "type=auth-failure source=192.0.2.7 domain=example.com arrival=2026-11-24T00:30:00Z from=someone@example.com subject=Payment\n",
	  FALSE },
	{ "parts in base64, in a mixed multipart, without Auth-Failure",
	  MAIL("multipart/mixed", PART("text/plain", "Hello") IN_BASE64("message/feedback-report", FIELDS_BASE64)
	                                  IN_BASE64("message/rfc822", ORIGINAL_BASE64)),
	  "type=auth-failure source=192.0.2.7 domain=example.com alignment=dkim,spf said=spf, dkim mail-from=a@example.com "
	  "from=someone@example.com subject=Payment\n", FALSE },
	{ "a feedback part that calls itself text",
	  MAIL("multipart/mixed", PART("text/plain", "Hello") PART("text/plain", FIELDS)),
	  "type=auth-failure source=192.0.2.7 domain=example.com auth=dmarc arrival=2026-11-24T00:00:00Z alignment=dkim,spf\n", FALSE },
	{ "results without who found them, a null sender, a Message-ID among the fields",
	  MAIL(REPORT_TYPE,
	       PART("message/feedback-report",
	            "Feedback-Type: auth-failure\r\nVersion: 1.0\r\nUser-Agent: Lua/1.0\r\nOriginal-Mail-From:\r\n"
	            "Source-IP: 192.0.2.8\r\nMessage-ID: <9@example.com>\r\nReported-Domain: example.com\r\n"
	            "Authentication-Results: dmarc=fail (p=none; dis=none) header.from=example.com")),
	  "type=auth-failure source=192.0.2.8 domain=example.com mail-from= id=9@example.com\n", FALSE },
	{ "results without who found them are still results",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.8\r\nReported-Domain: example.com\r\n"
	      "Authentication-Results: spf=pass smtp.mailfrom=b.example.com; dkim=fail (bad; key) header.d=example.com\r\n", ""),
	  "type=auth-failure source=192.0.2.8 domain=example.com alignment=dkim\n", FALSE },
	{ "the older sense of alignment is not believed",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.8\r\nReported-Domain: example.com\r\nIdentity-Alignment: none\r\n"
	      "Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=other.example\r\n", ""),
	  "type=auth-failure source=192.0.2.8 domain=example.com alignment=spf said=none\n", FALSE },
	{ "a gateway's own word for the delivery",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.8\r\nDelivery-Result: smg-policy-action\r\n", ""),
	  "type=auth-failure source=192.0.2.8 delivery=smg-policy-action\n", FALSE },
	{ "address literal in brackets",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: [IPv6:2001:DB8::1]\r\nReported-Domain: a.example\r\n", ""),
	  "type=auth-failure source=2001:db8::1 domain=a.example\n", FALSE },
	{ "address literal without brackets", ARF("Feedback-Type: auth-failure\r\nSource-IP: IPv6:2001:db8::2\r\n", ""),
	  "type=auth-failure source=2001:db8::2\n", FALSE },
	{ "address in brackets", ARF("Feedback-Type: auth-failure\r\nSource-IP: [192.0.2.9]\r\n", ""),
	  "type=auth-failure source=192.0.2.9\n", FALSE },
	{ "address with a host name",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.9 (host.example)\r\nAuth-Failure: spf (note), dkim\r\n", ""),
	  "type=auth-failure source=192.0.2.9 auth=spf,dkim\n", FALSE },
	{ "no address at all is kept as it stands", ARF("Feedback-Type: auth-failure\r\nSource-IP: unknown\r\n", ""),
	  "type=auth-failure source-text=unknown\n", FALSE },
	{ "several Auth-Failure fields, each word once",
	  ARF("Feedback-Type: auth-failure\r\nAuth-Failure: DMARC\r\nAuth-Failure: bodyhash; signature\r\nAuth-Failure: dmarc\r\n", ""),
	  "type=auth-failure auth=dmarc,bodyhash,signature\n", FALSE },
	{ "folded and empty fields",
	  ARF("Feedback-Type: auth-failure\r\nReported-Domain:\r\n a.example\r\nOriginal-Mail-From:\r\n", ""),
	  "type=auth-failure domain=a.example mail-from=\n", FALSE },
	{ "the older name of the arrival, and a count",
	  ARF("Feedback-Type: auth-failure\r\nReceived-Date: Tue, 24 Nov 2026 00:00:00 +0000\r\nIncidents: 12\r\n", ""),
	  "type=auth-failure arrival=2026-11-24T00:00:00Z incidents=12\n", FALSE },
	{ "signature and record that failed",
	  ARF("Feedback-Type: auth-failure\r\nDKIM-Domain: example.com\r\nDKIM-Selector: s9\r\nDKIM-Identity: @example.com\r\n"
	      "SPF-DNS: txt : example.com : \"v=spf1 -all\"\r\nReporting-MTA: dns; mx.reporter.example\r\nUser-Agent: r/1\r\n", ""),
	  "type=auth-failure d=example.com s=s9 i=@example.com spf-dns=txt : example.com : \"v=spf1 -all\"\n", FALSE },
	{ "a complaint says that it is one",
	  ARF("Feedback-Type: abuse\r\nUser-Agent: r/1\r\nSource-IP: 192.0.2.7\r\nOriginal-Rcpt-To: b@example.net\r\n", ""),
	  "type=abuse source=192.0.2.7 rcpt-to=b@example.net\n", FALSE },
	{ "several fields of results count, whatever one leaves open",
	  ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.8\r\nReported-Domain: example.com\r\n"
	      "Authentication-Results: mx.example.net; spf=fail (so \"it smtp.mailfrom=example.com\r\n"
	      "Authentication-Results: mx2.example.net; dkim=pass header.d=mail.example.com\r\n", ""),
	  "type=auth-failure source=192.0.2.8 domain=example.com alignment=spf\n", FALSE },
	{ "the failed mail sent as text",
	  MAIL(REPORT_TYPE, PART("text/plain", "Hello") PART("message/feedback-report", "Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.8")
	                            PART("text/plain", "From: someone@example.com\r\nSubject: Payment\r\n\r\nsecret body")),
	  "type=auth-failure source=192.0.2.8 domain=example.com from=someone@example.com subject=Payment\n", FALSE },
	{ "text that says what it is not is no failed mail",
	  MAIL(REPORT_TYPE, PART("message/feedback-report", "Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.8")
	                            PART("text/plain", "From: here on it is a footer")
	                            PART("text/plain", "Regards\r\nFrom: us\r\nSubject: none")),
	  "type=auth-failure source=192.0.2.8\n", FALSE },
	{ "what calls itself the failed mail is better than text",
	  MAIL(REPORT_TYPE, PART("message/feedback-report", "Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.8")
	                            PART("text/plain", "From: a@other.example\r\nSubject: no\r\n")
	                            PART("message/rfc822", "From: someone@example.com\r\nSubject: Payment\r\n\r\nsecret body")),
	  "type=auth-failure source=192.0.2.8 domain=example.com from=someone@example.com subject=Payment\n", FALSE },
	{ "a notice that copies the header indented, and says what became of the mail",
	  "From: a@mail.example\r\nContent-Type: text/plain\r\n\r\nA message claiming to be from you has failed the "
	  "published DMARC policy.\r\n\r\n  Sender Domain: example.com\r\n  Sender IP Address: 192.0.2.3\r\n"
	  "  DMARC Results: Reject\r\n------ This is a copy of the headers ------\r\n\r\n"
	  "  From: someone@example.com\r\n  Subject: Pay\r\n   ment\r\n  Message-ID: <2@example.com>\r\n",
	  "type=auth-failure source=192.0.2.3 domain=example.com auth=dmarc delivery=reject from=someone@example.com subject=Pay ment "
	  "id=2@example.com\n",
	  FALSE },
	{ "redacted where a URL or a domain holds an address",
	  ARF("Feedback-Type: auth-failure\r\nDelivery-Result: told https://x.example/?to=someone%40example.net\r\n"
	      "Reported-Domain: someone%40example.com\r\nSPF-DNS: txt : someone%2540example.com\r\n", ""),
	  "type=auth-failure domain=example.com delivery=told https://x.example/?to=@example.net spf-dns=txt : @example.com\n", TRUE },
	{ "redacted", ARF(FIELDS, ORIGINAL),
	  "type=auth-failure source=192.0.2.7 domain=example.com auth=dmarc arrival=2026-11-24T00:00:00Z alignment=dkim,spf "
	  "from=@example.com id=@example.com d=example.com s=s1\n", TRUE },
	{ "redacted addresses",
	  ARF("Feedback-Type: auth-failure\r\nOriginal-Mail-From: <a@example.com>\r\nOriginal-Rcpt-To: B@Example.NET\r\n"
	      "DKIM-Identity: c@example.com\r\nReported-Domain: someone@example.com\r\n", ""),
	  "type=auth-failure domain=example.com mail-from=@example.com rcpt-to=@example.net i=@example.com\n", TRUE },
	{ "redacted, the null sender is nobody", ARF("Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.7\r\nOriginal-Mail-From: <>\r\n", ""),
	  "type=auth-failure source=192.0.2.7 mail-from=\n", TRUE },
	{ "redacted, what has no domain goes altogether",
	  ARF("Feedback-Type: auth-failure\r\nUser-Agent: r/1\r\nOriginal-Mail-From: <root>\r\nOriginal-Rcpt-To: <someone@b c: @>\r\n"
	      "DKIM-Identity: someone@\r\nMessage-ID: <someone.1>\r\n", ""),
	  "type=auth-failure\n", TRUE },
	{ "a feedback part that says nothing", ARF("", ORIGINAL), "", FALSE },
	{ "feedback fields in a header without a part",
	  "Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.7\r\nContent-Type: multipart/report; boundary=b\r\n\r\n", "", FALSE },
	{ "a notice in plain text",
	  "From: a@mail.example\r\nSubject: DMARC\r\nContent-Type: text/plain\r\n\r\nA message claiming to be from you has failed the "
	  "published DMARC policy.\r\n\r\n  Sender Domain: example.com\r\n  Sender IP Address: 192.0.2.3\r\n"
	  "  Received Date: Tue, 24 Nov 2026 00:00:00 +0000\r\n  SPF Alignment: no\r\n  DKIM Alignment: no\r\n"
	  "------ This is a copy of the headers ------\r\n\r\nSubject: Payment\r\nMessage-ID: <2@example.com>\r\n",
	  "type=auth-failure source=192.0.2.3 domain=example.com auth=dmarc arrival=2026-11-24T00:00:00Z alignment=dkim,spf subject=Payment id=2@example.com\n",
	  FALSE },
	{ "a notice in a multipart that calls itself a report",
	  MAIL("multipart/report", PART("text/plain", "A message claiming to be from you has failed the published DMARC policy.\r\n"
	                                              "Sender Domain: example.com\r\nSender IP Address: 192.0.2.3")),
	  "type=auth-failure source=192.0.2.3 domain=example.com auth=dmarc\n", FALSE },
};

static gboolean
drop_batch(gpointer ctx, MqBatch *batch, GError **error)
{
	(void)ctx;
	(void)error;
	mq_batch_free(batch);
	return TRUE;
}

static void
write_value(GString *out, const char *name, const char *value)
{
	if (value != NULL)
		g_string_append_printf(out, "%s%s=%s", out->len > 0 && out->str[out->len - 1] != '\n' ? " " : "", name, value);
}

static gboolean
write_report(gpointer ctx, MqReport *owned, GError **error)
{
	g_autoptr(MqReport) report = owned;
	const MqFailure *f = report->failure;
	g_autofree char *source = f->source.n_bytes > 0 ? mq_address_to_text(&f->source) : NULL;
	g_autofree char *arrival = mq_when_to_text(f->arrival_s);
	g_autofree char *incidents = f->incidents >= 0 ? g_strdup_printf("%" G_GINT64_FORMAT, f->incidents) : NULL;
	g_autofree char *auth = NULL;

	(void)error;
	g_ptr_array_add(f->auth_failure, NULL);
	auth = g_strjoinv(",", (char **)f->auth_failure->pdata);
	write_value(ctx, "type", f->feedback_type);
	write_value(ctx, "source", source);
	write_value(ctx, "source-text", f->source_text);
	write_value(ctx, "domain", f->reported_domain);
	write_value(ctx, "auth", *auth != '\0' ? auth : NULL);
	write_value(ctx, "delivery", f->delivery_result);
	write_value(ctx, "arrival", arrival);
	write_value(ctx, "incidents", incidents);
	write_value(ctx, "alignment", f->identity_alignment);
	write_value(ctx, "said", f->identity_alignment_said);
	write_value(ctx, "mail-from", f->original_mail_from);
	write_value(ctx, "rcpt-to", f->original_rcpt_to);
	write_value(ctx, "from", f->header_from);
	write_value(ctx, "subject", f->subject);
	write_value(ctx, "id", f->message_id);
	write_value(ctx, "d", f->dkim_domain);
	write_value(ctx, "s", f->dkim_selector);
	write_value(ctx, "i", f->dkim_identity);
	write_value(ctx, "spf-dns", f->spf_dns);
	g_string_append_c(ctx, '\n');
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
