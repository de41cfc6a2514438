/* A mail in a mailbox, with whatever is in it: to reports. */
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	fuzz_message(bytes, n, TRUE);
	return 0;
}
