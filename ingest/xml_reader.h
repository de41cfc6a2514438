/* The second stage of ingest/xml.h: UTF-8 that means to be XML goes in, elements come out.
 *
 * What is well-formed is read as XML 1.0 says, but for what a reader of data does not need: the XML
 * declaration, comments, instructions, attributes other than namespaces, and text that is not in a
 * leaf. What is not is repaired by what the vocabulary allows: a '<' that starts no tag is text, a
 * tag that has no place closes what must have ended before it, one that has no meaning is dropped.
 * It looks ahead by one tag at most, and holds no more. */
#ifndef MQ_INGEST_XML_READER_H
#define MQ_INGEST_XML_READER_H

#include "ingest/xml.h"

typedef struct MqXmlReader MqXmlReader;

/* As mq_xml_new() */
MqXmlReader *mq_xml_reader_new(const MqXmlNode *root, const MqXmlHandler *handler, gpointer ctx);
void mq_xml_reader_free(MqXmlReader *reader);
/* The handler's error, or %MQ_ERROR_LIMIT: a DTD, or too deep; mq_xml_reader_problem() says which */
gboolean mq_xml_reader_feed(MqXmlReader *reader, const char *bytes, gsize n, GError **error);
gboolean mq_xml_reader_finish(MqXmlReader *reader, GError **error);
gboolean mq_xml_reader_is_damaged(const MqXmlReader *reader);
MqProblemCode mq_xml_reader_problem(const MqXmlReader *reader);

#endif
