/* The first stage of ingest/xml.h: whatever the encoding, UTF-8 comes out. */
#ifndef MQ_INGEST_XML_DECODE_H
#define MQ_INGEST_XML_DECODE_H

#include <glib.h>

/* Takes some UTF-8; in a document that says it is UTF-8 (or nothing) not yet checked. */
typedef gboolean (*MqXmlOut)(gpointer ctx, const char *bytes, gsize n, GError **error);
/* Something odd about the encoding; @reason is visible text. */
typedef void (*MqXmlOdd)(gpointer ctx, const char *reason);

typedef struct MqXmlDecode MqXmlDecode;

/* The byte order mark decides, then the pattern of zero bytes, then the XML declaration; one that
 * cannot be true is ignored. @charset: (nullable): what the mail says the bytes are (RFC 7303 section
 * 3); believed where the document says nothing, and its first bytes beyond ASCII are not UTF-8 */
MqXmlDecode *mq_xml_decode_new(const char *charset, MqXmlOut out, MqXmlOdd odd, gpointer ctx);
void mq_xml_decode_free(MqXmlDecode *decode);
gboolean mq_xml_decode_feed(MqXmlDecode *decode, const guint8 *bytes, gsize n, GError **error);
gboolean mq_xml_decode_finish(MqXmlDecode *decode, GError **error);

#endif
