/* A DNS reply: its first byte chooses the question. What is found reads back as it is written. */
#include "analyze/dns_wire.h"
#include "tests/fuzz/fuzz.h"

static void
check_answer(const MqAnswer *answer)
{
	g_assert_cmpint(answer->outcome == MQ_ANSWER_FOUND, ==, answer->records->len > 0);
	g_assert_true(answer->outcome != MQ_ANSWER_UNKNOWN || answer->why != NULL);
	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = answer->records->pdata[i];
		MqDnsRecord *again = mq_dns_record_parse(answer->ask, record->text);

		g_assert_true(g_utf8_validate(record->text, -1, NULL));
		g_assert_nonnull(again);
		g_assert_cmpstr(again->text, ==, record->text);
		mq_dns_record_free(again);
	}
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	MqAsk ask = n > 0 ? (MqAsk)(bytes[0] % MQ_ASK_STS_POLICY) : MQ_ASK_A;
	g_autoptr(MqAnswer) answer = mq_answer_new(ask, "example.com", MQ_ANSWER_UNKNOWN, "not read");
	g_autofree char *follow = NULL;

	if (n == 0)
		return 0;
	mq_dns_wire_read(answer, bytes + 1, n - 1, &follow);
	check_answer(answer);
	return 0;
}
