/* Variants: reports of the same reporter, id, policy domain and period that say something else. A row of one
 * that an earlier one has is kept, but not counted again. For put.c. */
#ifndef MQ_STORE_VARIANTS_H
#define MQ_STORE_VARIANTS_H

#include "store/db.h"

/* Of one report on its way into the database; all zero: none. */
typedef struct {
	GArray *reports; /* (nullable) gint64: the earlier ones, oldest first */
	GArray *rows;    /* (nullable) theirs that are still to come again, once rows come */
} MqVariants;

/* What earlier variants are found by: 0 when the report has no id of its own, so that only its content
 * tells it from others. */
gint64 mq_variants_key(const MqReport *report);
/* A suspicious report takes no row from one that is not. */
gboolean mq_variants_find(MqVariants *variants, MqStore *store, const MqReport *report, gint64 key, gboolean suspicious,
                          GError **error);
void mq_variants_clear(MqVariants *variants);
gboolean mq_variants_any(const MqVariants *variants);
/* The next two: when there is any. So many that nobody honest sends them: nothing of a further one counts. */
gboolean mq_variants_are_too_many(const MqVariants *variants);
gint64 mq_variants_first(const MqVariants *variants);
/* Whether an earlier variant has this row: as often as it has it. */
gboolean mq_variants_take(MqVariants *variants, MqStore *store, const MqRecord *record, gboolean *repeated, GError **error);

#endif
