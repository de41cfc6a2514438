/* The aggregate report that is being read, and how the text of each element becomes a value of it:
 * trimmed, of any case, absent where nothing usable stands, with a note wherever that loses a word. */
#ifndef MQ_INGEST_AGGREGATE_VALUES_H
#define MQ_INGEST_AGGREGATE_VALUES_H

#include <stddef.h>

#include "ingest/limits.h"
#include "ingest/problem.h"
#include "ingest/report.h"
#include "ingest/text.h"

typedef struct {
	MqReport *report; /* (nullable) NULL outside of one */
	MqBatch *batch;   /* (nullable) the records since the last batch; the text of the open one is in it */
	MqRecord record;  /* the open one; enters the batch when its row is complete */
	gboolean in_record;
	gboolean is_further_row; /* the row that is open is not its first; what is in it tells whether it is one */
	guint n_rows;     /* of it, at the end of the batch: the standards give a record one */
	gboolean is_full; /* rows of it were dropped, as those that follow are */
	guint n_waiting;  /* the last of them: identifiers and results come behind */
	gboolean old_identifiers, old_results; /* are of rows before; new ones replace them */
	guint64 n_lost;   /* rows of the report that are dropped */
	MqReason reason;
	MqDkimResult dkim;
	MqSpfResult spf;
	GArray *reasons, *dkims, *spfs; /* of the open record */
	gboolean has_count_text;  /* the open record's count is said, usable or not */
	MqProblems *odd;
	guint n_odd;              /* notes of the document so far */
	gboolean has_header_from; /* some record has one */
	gboolean is_9990, is_draft;
} MqAggregate;

typedef enum { MQ_BASE_REPORT, MQ_BASE_RECORD, MQ_BASE_REASON, MQ_BASE_DKIM, MQ_BASE_SPF } MqAggregateBase;

/* What a leaf sets: a member of what is open. */
typedef struct MqAggregateField MqAggregateField;
struct MqAggregateField {
	void (*set)(MqAggregate *now, const char *name, const MqAggregateField *field, const char *text);
	MqAggregateBase base;
	gsize at;             /* offset of the member */
	const MqWords *words; /* (nullable) of an enum */
	gboolean keep_empty;  /* an empty element says "", which is not absent */
	gboolean is_9990;     /* only RFC 9990 has it */
};

void mq_aggregate_init(MqAggregate *now);
void mq_aggregate_clear(MqAggregate *now);
/* A report begins; what was odd before it belongs to it. */
void mq_aggregate_begin(MqAggregate *now);
/* A report was taken, or is void. */
void mq_aggregate_end(MqAggregate *now);
/* Sets the dialect, and notes what a report should say and this one does not. */
void mq_aggregate_check(MqAggregate *now);
void mq_aggregate_odd(MqAggregate *now, MqProblemCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

void mq_aggregate_begin_record(MqAggregate *now);
/* How many records it gave, which are the last of the batch now; 0 when nothing was in it. */
guint mq_aggregate_end_record(MqAggregate *now);
/* The document ends within it: nothing of it remains. */
void mq_aggregate_drop_record(MqAggregate *now);
/* A record has one row; of more, each becomes a record that shares the identifiers and results. */
void mq_aggregate_begin_row(MqAggregate *now);
/* Something is said that a row has once. */
void mq_aggregate_need_row(MqAggregate *now);
void mq_aggregate_begin_evaluation(MqAggregate *now);
void mq_aggregate_begin_identifiers(MqAggregate *now);
void mq_aggregate_begin_results(MqAggregate *now);
void mq_aggregate_begin_reason(MqAggregate *now);
void mq_aggregate_end_reason(MqAggregate *now);
void mq_aggregate_begin_dkim(MqAggregate *now);
void mq_aggregate_end_dkim(MqAggregate *now);
void mq_aggregate_begin_spf(MqAggregate *now);
void mq_aggregate_end_spf(MqAggregate *now);

/* @text: a leaf's, valid UTF-8, not trimmed; is changed */
void mq_aggregate_set(MqAggregate *now, const char *name, const MqAggregateField *field, char *text, gsize n);

#define MQ_SETTER(name) void name(MqAggregate *now, const char *element, const MqAggregateField *field, const char *text)
MQ_SETTER(mq_set_nothing);
MQ_SETTER(mq_set_text);
MQ_SETTER(mq_set_error);
MQ_SETTER(mq_set_domain);
MQ_SETTER(mq_set_time);
MQ_SETTER(mq_set_word);
MQ_SETTER(mq_set_tag);
MQ_SETTER(mq_set_percentage);
MQ_SETTER(mq_set_disposition);
MQ_SETTER(mq_set_aligned);
MQ_SETTER(mq_set_reason);
MQ_SETTER(mq_set_source);
MQ_SETTER(mq_set_count);

#endif
