/* An aggregate report, as XML. */
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	fuzz_format(&mq_format_aggregate, bytes, n);
	return 0;
}
