/* One tag, as ingest/xml_reader.h meets it. */
#ifndef MQ_INGEST_XML_TAG_H
#define MQ_INGEST_XML_TAG_H

#include <glib.h>

#define MQ_XML_TAG_BYTES  8192 /* a longer one is none */
#define MQ_XML_NAME_BYTES 63   /* an element's; a longer one is cut */

/* All borrow from the text. */
typedef struct {
	const char *name;       /* with its prefix, if there is one */
	gsize n_name, n_prefix; /* the prefix without its colon */
	gboolean is_end, is_empty;
	const char *attributes; /* what stands between the name and the end */
	gsize n_attributes;
	gsize n;                /* the whole tag */
} MqXmlTag;

typedef struct {
	const char *prefix, *uri;
	gsize n_prefix, n_uri; /* a prefix of 0 bytes: the default */
} MqXmlNamespace;

typedef enum { MQ_XML_FOUND_NONE, MQ_XML_FOUND_MORE, MQ_XML_FOUND_TAG } MqXmlFound;

/**
 * mq_xml_tag_find:
 * @text: begins with '<'
 *
 * Returns: whether it begins with a tag (up to its '>' there is no other '<'), or may yet
 */
MqXmlFound mq_xml_tag_find(MqXmlTag *tag, const char *text, gsize n);

/* Tells the tag's namespace declarations, in order. FALSE when its attributes are not well-formed; those
 * after the break are left out. */
gboolean mq_xml_tag_namespaces(const MqXmlTag *tag, void (*declare)(gpointer ctx, const MqXmlNamespace *ns), gpointer ctx);

#endif
