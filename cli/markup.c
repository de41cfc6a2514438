#include "cli/markup.h"

#include <libxml/xmlwriter.h>
#include <string.h>

#include "ingest/text.h"

struct MqMarkup {
	xmlBuffer *buffer;
	xmlTextWriter *writer;
	guint depth; /* elements that are open */
};

MqMarkup *
mq_markup_new(void)
{
	MqMarkup *markup = g_new0(MqMarkup, 1);

	markup->buffer = xmlBufferCreate();
	markup->writer = xmlNewTextWriterMemory(markup->buffer, 0);
	g_assert(markup->writer != NULL); /* there is memory, or the process is over */
	xmlTextWriterWriteDTD(markup->writer, BAD_CAST "html", NULL, NULL, NULL);
	mq_markup_open(markup, "html", NULL);
	mq_markup_attribute(markup, "lang", "en");
	return markup;
}

void
mq_markup_free(MqMarkup *markup)
{
	if (markup == NULL)
		return;
	xmlFreeTextWriter(markup->writer);
	xmlBufferFree(markup->buffer);
	g_free(markup);
}

char *
mq_markup_finish(MqMarkup *markup)
{
	char *text;

	while (markup->depth > 0)
		mq_markup_close(markup);
	xmlTextWriterFlush(markup->writer);
	text = g_strconcat((const char *)xmlBufferContent(markup->buffer), "\n", NULL);
	mq_markup_free(markup);
	return text;
}

void
mq_markup_open(MqMarkup *markup, const char *element, const char *css_class)
{
	xmlTextWriterStartElement(markup->writer, BAD_CAST element);
	markup->depth++;
	if (css_class != NULL)
		mq_markup_attribute(markup, "class", css_class);
}

/* With an end tag, always: "<td/>" is an open cell to HTML. */
void
mq_markup_close(MqMarkup *markup)
{
	g_assert(markup->depth > 0);
	xmlTextWriterFullEndElement(markup->writer);
	markup->depth--;
}

void
mq_markup_attribute(MqMarkup *markup, const char *name, const char *value)
{
	g_autofree char *visible = mq_text_visible(value);

	xmlTextWriterWriteAttribute(markup->writer, BAD_CAST name, BAD_CAST visible);
}

void
mq_markup_attributef(MqMarkup *markup, const char *name, const char *format, ...)
{
	g_autofree char *value = NULL;
	va_list args;

	va_start(args, format);
	value = g_strdup_vprintf(format, args); /* LC_NUMERIC is "C" */
	va_end(args);
	mq_markup_attribute(markup, name, value);
}

void
mq_markup_text(MqMarkup *markup, const char *text)
{
	g_autofree char *visible = mq_text_visible(text);

	xmlTextWriterWriteString(markup->writer, BAD_CAST visible);
}

void
mq_markup_element(MqMarkup *markup, const char *element, const char *css_class, const char *text)
{
	mq_markup_open(markup, element, css_class);
	mq_markup_text(markup, text);
	mq_markup_close(markup);
}

void
mq_markup_void(MqMarkup *markup, const char *element, const char *const *pairs)
{
	mq_markup_open(markup, element, NULL);
	for (gsize i = 0; pairs[i] != NULL; i += 2)
		mq_markup_attribute(markup, pairs[i], pairs[i + 1]);
	xmlTextWriterEndElement(markup->writer);
	markup->depth--;
}

static void
add_raw(MqMarkup *markup, const char *element, const char *text)
{
	g_assert(strstr(text, "</") == NULL); /* it would end there */
	mq_markup_open(markup, element, NULL);
	xmlTextWriterWriteRaw(markup->writer, BAD_CAST text);
	mq_markup_close(markup);
}

void
mq_markup_style(MqMarkup *markup, const char *css)
{
	add_raw(markup, "style", css);
}

void
mq_markup_script(MqMarkup *markup, const char *code)
{
	add_raw(markup, "script", code);
}
