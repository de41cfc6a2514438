/* One tag, as ingest/xml_repair.h meets it. */
#ifndef MQ_INGEST_XML_TAG_H
#define MQ_INGEST_XML_TAG_H

#include <glib.h>

#define MQ_XML_TAG_BYTES  8192 /* a longer one is none */
#define MQ_XML_NAME_BYTES 64   /* an element's; a longer one is cut */

typedef struct {
	char name[MQ_XML_NAME_BYTES]; /* with its prefix, if there is one */
	gboolean is_end, is_empty;
	const char *attributes; /* what stands between the name and the end; borrowed */
	gsize n_attributes;
	gsize n;                /* the whole tag */
} MqXmlTag;

typedef enum { MQ_XML_FOUND_NONE, MQ_XML_FOUND_MORE, MQ_XML_FOUND_TAG } MqXmlFound;

/**
 * mq_xml_tag_find:
 * @text: begins with '<'
 * @final: no bytes will follow
 *
 * Returns: whether it begins with a tag (up to its '>' there is no other '<'), or may yet
 */
MqXmlFound mq_xml_tag_find(MqXmlTag *tag, const char *text, gsize n, gboolean final);

/* Appends the tag's namespace declarations, each once. FALSE when its attributes are not
 * well-formed; those after the break are left out. */
gboolean mq_xml_tag_namespaces(const MqXmlTag *tag, GString *out);

#endif
