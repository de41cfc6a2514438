/* A failure report (ARF, or a notice in plain text), as the mail that it comes in: with the names in it,
 * and redacted. */
#include <string.h>

#include "ingest/mail.h"
#include "tests/fuzz/fuzz.h"

/* Of a person, nothing stays. */
static void
check_redacted(const MqFailure *f)
{
	const char *const addresses[] = { f->original_mail_from, f->original_rcpt_to, f->header_from, f->message_id,
		f->dkim_identity };

	g_assert_null(f->subject);
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
		g_assert_true(addresses[i] == NULL || *addresses[i] == '\0' || strrchr(addresses[i], '@') == addresses[i]);
}

static gboolean
take_report(gpointer ctx, MqReport *owned, GError **error)
{
	g_autoptr(MqReport) report = owned;
	const MqFormatContext *context = ctx;

	(void)error;
	fuzz_check_report(report);
	if (context->redact)
		check_redacted(report->failure);
	return TRUE;
}

static void
read_mail(const guint8 *bytes, gsize n, gboolean redact)
{
	g_autoptr(GBytes) held = g_bytes_new_static(bytes, n);
	g_autoptr(MqPart) part = mq_part_new_bytes(held, NULL, NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(MqMail) mail = mq_mail_read(part, &error);
	g_autoptr(MqProblems) problems = mq_problems_new();
	MqFormatContext context = { .part = "mail", .problems = problems, .redact = redact, .take_report = take_report };

	g_assert_cmpint(mail == NULL, ==, error != NULL);
	if (mail == NULL || mq_format_failure.bid_mail(mail) == 0)
		return;
	context.ctx = &context;
	g_assert_cmpint(mq_format_failure.read_mail(mail, &context, &error), ==, error == NULL);
	g_assert_true(error == NULL || mq_problems_count(problems) > 0);
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	read_mail(bytes, n, FALSE);
	read_mail(bytes, n, TRUE);
	return 0;
}
