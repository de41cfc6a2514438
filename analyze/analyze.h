/* analyze: what reports say, and what DNS says today, made into what a person wants to know.
 *
 * It reads the store and asks DNS, in few files; the rest are plain functions. It never prints and
 * never writes a report. What most callers need: mq_summary_make() for what changed in a period,
 * mq_sources_new() and what follows it (analyze/sources.h) for who sends, mq_advice_new() for what to do. */
#ifndef MQ_ANALYZE_ANALYZE_H
#define MQ_ANALYZE_ANALYZE_H

#include "analyze/advise.h"
#include "analyze/changes.h"
#include "analyze/summary.h"

#endif
