/* What the harnesses share. A harness is LLVMFuzzerTestOneInput(): it reads bytes as the program would
 * and asserts what the headers promise, whatever the bytes are. */
#ifndef MQ_TESTS_FUZZ_H
#define MQ_TESTS_FUZZ_H

#include "ingest/formats.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

/* What ingest/report.h promises of every report. */
void fuzz_check_report(const MqReport *report);

/* One format fed with all the bytes at once, and again in small pieces: the same reports both times. */
void fuzz_format(const MqFormat *format, const guint8 *bytes, gsize n);

/* A message of these bytes taken apart, and its records poured once more: as many as the first time. */
void fuzz_message(const guint8 *bytes, gsize n, gboolean is_mail);

#endif
