#include "ingest/xml.h"

#include <libxml/HTMLparser.h>
#include <string.h>

#include "ingest/xml_decode.h"
#include "ingest/xml_reader.h"
#include "ingest/xml_text.h"

struct MqXml {
	const MqXmlHandler *handler;
	gpointer ctx;
	MqXmlDecode *decode;
	MqXmlReader *reader;
};

const MqXmlNode *
mq_xml_node_child(const MqXmlNode *node, const char *name, gsize n)
{
	const MqXmlNode *child = node->children;

	for (; child != NULL && child->name != NULL; child++)
		if (child->name[0] == name[0] && strncmp(child->name, name, n) == 0 && child->name[n] == '\0')
			return child;
	return NULL;
}

gunichar
mq_xml_entity(const char *name)
{
	const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)name);

	return entity != NULL ? entity->value : 0;
}

static gboolean
read_text(gpointer ctx, const char *bytes, gsize n, GError **error)
{
	MqXml *xml = ctx;

	return mq_xml_reader_feed(xml->reader, bytes, n, error);
}

static void
note_encoding(gpointer ctx, const char *reason)
{
	MqXml *xml = ctx;

	xml->handler->note(xml->ctx, MQ_PROBLEM_ENCODING, reason);
}

MqXml *
mq_xml_new(const MqXmlNode *root, const MqXmlHandler *handler, const char *charset, gpointer ctx)
{
	MqXml *xml = g_new0(MqXml, 1);

	xml->handler = handler;
	xml->ctx = ctx;
	xml->decode = mq_xml_decode_new(charset, read_text, note_encoding, xml);
	xml->reader = mq_xml_reader_new(root, handler, ctx);
	return xml;
}

void
mq_xml_free(MqXml *xml)
{
	if (xml == NULL)
		return;
	mq_xml_decode_free(xml->decode);
	mq_xml_reader_free(xml->reader);
	g_free(xml);
}

gboolean
mq_xml_feed(MqXml *xml, const guint8 *bytes, gsize n, GError **error)
{
	return mq_xml_decode_feed(xml->decode, bytes, n, error);
}

gboolean
mq_xml_finish(MqXml *xml, GError **error)
{
	return mq_xml_decode_finish(xml->decode, error) && mq_xml_reader_finish(xml->reader, error);
}

gboolean
mq_xml_is_damaged(const MqXml *xml)
{
	return mq_xml_reader_is_damaged(xml->reader);
}

MqProblemCode
mq_xml_problem(const MqXml *xml)
{
	return mq_xml_reader_problem(xml->reader);
}
