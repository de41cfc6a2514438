#include "analyze/tags.h"

#include <string.h>

static void
tag_clear(gpointer data)
{
	MqTag *tag = data;

	g_free(tag->name);
	g_free(tag->value);
}

/* @item is ours: it is cut in place. */
static void
add_item(MqTags *tags, char *item)
{
	char *value = strchr(item, '=');
	MqTag tag;

	if (value == NULL || value == item) {
		g_ptr_array_add(tags->broken, g_strdup(item));
		return;
	}
	*value++ = '\0';
	tag.name = g_strdup(g_strstrip(item));
	tag.value = g_strdup(g_strstrip(value));
	g_array_append_val(tags->tags, tag);
}

MqTags *
mq_tags_parse(const char *text)
{
	MqTags *tags = g_new0(MqTags, 1);
	g_auto(GStrv) items = g_strsplit(text, ";", MQ_TAGS_MAX + 1);

	tags->tags = g_array_new(FALSE, FALSE, sizeof(MqTag));
	tags->broken = g_ptr_array_new_with_free_func(g_free);
	g_array_set_clear_func(tags->tags, tag_clear);
	for (guint i = 0; items[i] != NULL; i++) {
		if (i == MQ_TAGS_MAX) {
			tags->cut = TRUE;
			break;
		}
		g_strstrip(items[i]);
		if (*items[i] != '\0')
			add_item(tags, items[i]);
		if (i == 0)
			tags->headless = tags->tags->len == 0;
	}
	return tags;
}

void
mq_tags_free(MqTags *tags)
{
	if (tags == NULL)
		return;
	g_array_unref(tags->tags);
	g_ptr_array_unref(tags->broken);
	g_free(tags);
}

const char *
mq_tags_get(const MqTags *tags, const char *name)
{
	for (guint i = 0; i < tags->tags->len; i++) {
		const MqTag *tag = &g_array_index(tags->tags, MqTag, i);

		if (strcmp(tag->name, name) == 0)
			return tag->value;
	}
	return NULL;
}

gboolean
mq_tags_begin_with(const MqTags *tags, const char *name, const char *value)
{
	const MqTag *first;

	if (tags->headless || tags->tags->len == 0)
		return FALSE;
	first = &g_array_index(tags->tags, MqTag, 0);
	return strcmp(first->name, name) == 0 && strcmp(first->value, value) == 0;
}

const char *
mq_tags_repeated(const MqTags *tags)
{
	for (guint i = 1; i < tags->tags->len; i++) {
		const MqTag *tag = &g_array_index(tags->tags, MqTag, i);

		for (guint before = 0; before < i; before++)
			if (strcmp(g_array_index(tags->tags, MqTag, before).name, tag->name) == 0)
				return tag->name;
	}
	return NULL;
}
