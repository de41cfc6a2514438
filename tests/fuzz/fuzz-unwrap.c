/* A file that claims to be a report: gzip, zip, tar and kin, what is in them, bare reports. */
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
	fuzz_message(bytes, n, FALSE);
	return 0;
}
