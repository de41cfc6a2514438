#include "cli/markup.h"

#include <libxml/xmlwriter.h>

#include "ingest/text.h"

struct MqMarkup {
	xmlBuffer *buffer;
	xmlTextWriter *writer;
};

MqMarkup *
mq_markup_new(const char *title, const char *style)
{
	MqMarkup *markup = g_new0(MqMarkup, 1);

	markup->buffer = xmlBufferCreate();
	markup->writer = xmlNewTextWriterMemory(markup->buffer, 0);
	g_assert(markup->writer != NULL); /* there is memory, or the process is over */
	xmlTextWriterWriteDTD(markup->writer, BAD_CAST "html", NULL, NULL, NULL);
	mq_markup_open(markup, "html", NULL);
	xmlTextWriterWriteAttribute(markup->writer, BAD_CAST "lang", BAD_CAST "en");
	mq_markup_open(markup, "head", NULL);
	mq_markup_open(markup, "meta", NULL);
	xmlTextWriterWriteAttribute(markup->writer, BAD_CAST "charset", BAD_CAST "utf-8");
	mq_markup_close(markup);
	mq_markup_element(markup, "title", NULL, title);
	mq_markup_element(markup, "style", NULL, style);
	mq_markup_close(markup);
	mq_markup_open(markup, "body", NULL);
	return markup;
}

char *
mq_markup_finish(MqMarkup *markup)
{
	char *text;

	xmlTextWriterEndDocument(markup->writer); /* closes what is open */
	xmlFreeTextWriter(markup->writer);
	text = g_strdup((const char *)xmlBufferContent(markup->buffer));
	xmlBufferFree(markup->buffer);
	g_free(markup);
	return text;
}

void
mq_markup_open(MqMarkup *markup, const char *element, const char *css_class)
{
	xmlTextWriterStartElement(markup->writer, BAD_CAST element);
	if (css_class != NULL)
		xmlTextWriterWriteAttribute(markup->writer, BAD_CAST "class", BAD_CAST css_class);
}

void
mq_markup_close(MqMarkup *markup)
{
	xmlTextWriterEndElement(markup->writer);
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
