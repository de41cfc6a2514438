/* What domains publish as text: SPF, DMARC, DKIM, MTA-STS, TLS-RPT, BIMI. */
#include <string.h>

#include "analyze/record_bimi.h"
#include "analyze/record_dkim.h"
#include "analyze/record_dmarc.h"
#include "analyze/record_sts.h"
#include "analyze/spf.h"
#include "analyze/spf_macro.h"
#include "tests/fuzz/fuzz.h"

/* As DNS counts them: a backslash is written as two. */
static gsize
name_bytes(const char *name)
{
	gsize n = 0;

	for (; *name != '\0'; name++, n++)
		name += *name == '\\';
	return n;
}

/* What the check lets through is expanded; a single label that is too long is left to the resolver. */
static void
expand(const char *text)
{
	const MqSpfMacros values = {
		.sender = "someone@example.com", .local = "someone", .sender_domain = "example.com", .domain = "example.com",
		.helo = "mx.example.com", .validated = "unknown", .receiver = "mx.example.net",
	};
	g_autofree char *expanded = NULL;
	g_autofree char *name = NULL;

	if (mq_spf_macro_problem(text, TRUE) == NULL)
		expanded = mq_spf_macro_expand(text, &values);
	if (mq_spf_spec_problem(text) == NULL) {
		name = mq_spf_macro_expand_name(text, &values);
		g_assert_true(name_bytes(name) <= 253 || strchr(name, '.') == NULL);
	}
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	g_autofree char *raw = g_strndup((const char *)bytes, n);
	g_autofree char *text = g_utf8_make_valid(raw, -1); /* as answers have it */
	g_autoptr(MqSpfRecord) spf = mq_spf_is_record(text) ? mq_spf_record_parse(text) : NULL;
	g_autoptr(MqDmarcRecord) dmarc = mq_dmarc_record_parse(text);
	g_autoptr(MqDkimKey) key = mq_dkim_key_parse(text);
	g_autoptr(MqStsRecord) sts = mq_sts_record_parse(text);
	g_autoptr(MqStsPolicy) policy = mq_sts_policy_parse(text);
	g_autoptr(MqTlsrptRecord) tlsrpt = mq_tlsrpt_record_parse(text);
	g_autoptr(MqBimiRecord) bimi = mq_bimi_record_parse(text);

	expand(text);
	return 0;
}
