/* An SMTP TLS report, as JSON. */
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	fuzz_format(&mq_format_tls, bytes, n);
	return 0;
}
