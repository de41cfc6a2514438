/* Text of an element, as ingest/xml_reader.h meets it: its references are resolved, it is checked and capped. */
#ifndef MQ_INGEST_XML_TEXT_H
#define MQ_INGEST_XML_TEXT_H

#include <glib.h>

/* What was not as XML wants it. */
enum {
	MQ_XML_ODD_AMPERSAND = 1 << 0,
	MQ_XML_ODD_ENTITY = 1 << 1,
	MQ_XML_ODD_CHARACTER = 1 << 2,
	MQ_XML_ODD_UTF8 = 1 << 3,
	MQ_XML_ODD_LONG = 1 << 4,
};

typedef struct {
	GString *made;       /* where it goes; the owner's */
	gsize n_bytes;       /* of this element so far */
	gboolean after_high; /* the byte before is part of no ASCII character */
	guint odd;           /* a set of MQ_XML_ODD_…; the owner clears it */
} MqXmlText;

/**
 * mq_xml_text_read:
 * @name: (nullable): the element, as it is written; %NULL: no markup counts (CDATA)
 * @final: no bytes will follow
 * @ended: (out): "/NAME>" was met, an end tag that lost its '<'; it is understood, but for its name
 *
 * Reads up to what may be markup.
 *
 * Returns: how many bytes are understood; 0 when more are wanted
 */
gsize mq_xml_text_read(MqXmlText *text, const char *bytes, gsize n, const char *name, gboolean final,
                       gboolean *ended);
/* How many of the first bytes are text that passes as it is, without markup. */
gsize mq_xml_text_plain(const char *bytes, gsize n);
/* "&amp;", and what should have been one. The same return. */
gsize mq_xml_text_read_reference(MqXmlText *text, const char *bytes, gsize n);
/* @c, which is markup elsewhere, as text. */
void mq_xml_text_add(MqXmlText *text, char c);
/* The character that an HTML entity stands for, 0 for none: from ingest/xml.c, which has libxml2's table. */
gunichar mq_xml_entity(const char *name);

#endif
