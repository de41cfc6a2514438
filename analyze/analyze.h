/* analyze: what reports say, and what DNS says today, made into what a person wants to know.
 *
 * It reads the store and asks DNS, in few files; the rest are plain functions. It never prints and
 * never writes a report. What most callers need: mq_summary_make() for what changed in a period;
 * mq_senders_add() and mq_senders_list() (analyze/identify.h) for who sends. */
#ifndef MQ_ANALYZE_ANALYZE_H
#define MQ_ANALYZE_ANALYZE_H

#include "analyze/changes.h"
#include "analyze/identify.h"
#include "analyze/summary.h"

#endif
