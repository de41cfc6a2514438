#include "analyze/record_bimi.h"

#include "ingest/text.h"

static char *
take_url(MqBimiRecord *record, const MqTags *tags, const char *name)
{
	const char *value = mq_tags_get(tags, name);

	if (value == NULL || *value == '\0')
		return NULL;
	if (g_ascii_strncasecmp(value, "https://", 8) != 0 && record->problem == NULL) {
		g_autofree char *phrase = g_strdup_printf("%s=%s is no https: address", name, value);

		record->problem = mq_text_visible(phrase);
	}
	return g_strdup(value);
}

MqBimiRecord *
mq_bimi_record_parse(const char *text)
{
	g_autoptr(MqTags) tags = mq_tags_parse(text);
	MqBimiRecord *record;

	if (!mq_tags_begin_with(tags, "v", "BIMI1"))
		return NULL;
	record = g_new0(MqBimiRecord, 1);
	record->location = take_url(record, tags, "l");
	record->evidence = take_url(record, tags, "a");
	record->declined = record->location == NULL && record->evidence == NULL && mq_tags_get(tags, "l") != NULL;
	if (record->location == NULL && !record->declined && record->problem == NULL)
		record->problem = g_strdup("there is no l=");
	return record;
}

void
mq_bimi_record_free(MqBimiRecord *record)
{
	if (record == NULL)
		return;
	g_free(record->location);
	g_free(record->evidence);
	g_free(record->problem);
	g_free(record);
}
