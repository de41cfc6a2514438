/* BIMI: a logo for mail that passes DMARC (draft-brand-indicators-for-message-identification). */
#ifndef MQ_ANALYZE_RECORD_BIMI_H
#define MQ_ANALYZE_RECORD_BIMI_H

#include "analyze/tags.h"

typedef struct {
	char *location; /* (nullable) l=: the logo; %NULL when it is empty */
	char *evidence; /* (nullable) a=: the mark certificate */
	gboolean declined; /* l= and a= are empty: the domain wants none */
	char *problem;  /* (nullable) */
} MqBimiRecord;

/* (transfer full) (nullable): %NULL when @text does not begin with v=BIMI1 */
MqBimiRecord *mq_bimi_record_parse(const char *text);
void mq_bimi_record_free(MqBimiRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqBimiRecord, mq_bimi_record_free)

#endif
