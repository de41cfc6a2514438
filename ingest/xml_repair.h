/* The second stage of ingest/xml.h: UTF-8 that means to be XML goes in, well-formed XML comes out.
 *
 * What is well-formed comes out as it went in, but for what a reader of data does not need: the XML
 * declaration, comments, instructions, attributes other than namespaces, and text that is not in a
 * leaf. What is not is repaired by what the vocabulary allows: a '<' that starts no tag is text, a
 * tag that has no place closes what must have ended before it, one that has no meaning is dropped.
 * It looks ahead by one tag at most, and holds no more. */
#ifndef MQ_INGEST_XML_REPAIR_H
#define MQ_INGEST_XML_REPAIR_H

#include "ingest/xml.h"

typedef struct MqXmlRepair MqXmlRepair;

/* @out: takes some well-formed XML. @note: as in MqXmlHandler */
MqXmlRepair *mq_xml_repair_new(const MqXmlNode *root,
                               gboolean (*out)(gpointer ctx, const char *bytes, gsize n, GError **error),
                               void (*note)(gpointer ctx, MqProblemCode code, const char *reason), gpointer ctx);
void mq_xml_repair_free(MqXmlRepair *repair);
/* %MQ_ERROR_LIMIT: a DTD, or too deep; mq_xml_repair_problem() says which */
gboolean mq_xml_repair_feed(MqXmlRepair *repair, const char *bytes, gsize n, GError **error);
gboolean mq_xml_repair_finish(MqXmlRepair *repair, GError **error);
gboolean mq_xml_repair_is_damaged(const MqXmlRepair *repair);
MqProblemCode mq_xml_repair_problem(const MqXmlRepair *repair);

#endif
