#include "ingest/xml.h"

#include <libxml/HTMLparser.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

#include "ingest/limits.h"
#include "ingest/text.h"
#include "ingest/xml_decode.h"
#include "ingest/xml_repair.h"
#include "ingest/xml_text.h"

struct MqXml {
	const MqXmlNode *root;
	const MqXmlHandler *handler;
	gpointer ctx;
	MqXmlDecode *decode;
	MqXmlRepair *repair;
	xmlParserCtxtPtr parser;
	const MqXmlNode *path[MQ_LIMIT_XML_DEPTH + 1]; /* the open elements; NULL: unknown */
	guint depth;
	guint known;    /* how many of them are not NULL */
	gboolean inside; /* the element that is ours and holds all of the document */
	GString *text;  /* of the leaf that is open */
	GError *error;  /* the first thing that has no place */
};

const MqXmlNode *
mq_xml_node_child(const MqXmlNode *node, const char *name, gsize n)
{
	const MqXmlNode *child = node->children;

	if (child == NULL)
		return NULL;
	for (; child->name != NULL; child++)
		if (strncmp(child->name, name, n) == 0 && child->name[n] == '\0')
			return child;
	return NULL;
}

gunichar
mq_xml_entity(const char *name)
{
	const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)name);

	return entity != NULL ? entity->value : 0;
}

static void
stop(MqXml *xml, gboolean ok)
{
	if (!ok)
		xmlStopParser(xml->parser);
}

static void
on_start(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
         const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	MqXml *xml = ctx;
	const char *name = (const char *)local, *ns = (const char *)(uri != NULL ? uri : prefix);
	const MqXmlNode *around = xml->depth > 0 ? xml->path[xml->depth - 1] : NULL, *node = NULL;

	(void)n_namespaces, (void)namespaces, (void)n_attributes, (void)n_defaulted, (void)attributes;
	if (xml->error != NULL)
		return;
	if (!xml->inside) {
		xml->inside = TRUE;
		return;
	}
	g_assert(xml->depth < G_N_ELEMENTS(xml->path)); /* the repair has counted */
	if (around != NULL)
		node = mq_xml_node_child(around, name, strlen(name));
	else if (xml->known == 0 && g_str_equal(name, xml->root->name))
		node = xml->root;
	xml->path[xml->depth++] = node;
	xml->known += node != NULL;
	g_string_truncate(xml->text, 0);
	if (node != NULL)
		stop(xml, xml->handler->open(xml->ctx, node, ns, &xml->error));
	else if (around != NULL || xml->known == 0)
		xml->handler->unknown(xml->ctx, around, name, ns);
}

static void
on_end(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
	MqXml *xml = ctx;
	const MqXmlNode *node;

	(void)local, (void)prefix, (void)uri;
	if (xml->error != NULL || xml->depth == 0)
		return;
	node = xml->path[--xml->depth];
	xml->known -= node != NULL;
	if (node != NULL)
		stop(xml, xml->handler->close(xml->ctx, node, node->children == NULL ? xml->text->str : "", &xml->error));
}

static void
on_text(void *ctx, const xmlChar *text, int n)
{
	MqXml *xml = ctx;

	if ((gsize)n <= 6 * MQ_LIMIT_XML_TEXT - xml->text->len) /* the repair has cut it */
		g_string_append_len(xml->text, (const char *)text, n);
}

static const xmlSAXHandler handlers = {
	.initialized = XML_SAX2_MAGIC,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.characters = on_text,
	.ignorableWhitespace = on_text,
};

/* From the repair: well-formed pieces. An element of ours is around them, so that a document may
 * have more than one root. */
static gboolean
parse(gpointer ctx, const char *bytes, gsize n, GError **error)
{
	MqXml *xml = ctx;

	for (gsize at = 0, some; at < n && xml->error == NULL; at += some) {
		some = MIN(n - at, 65536);
		xmlParseChunk(xml->parser, bytes + at, (int)some, 0);
		if (xml->error == NULL && !xml->parser->wellFormed)
			g_set_error(&xml->error, MQ_ERROR, MQ_ERROR_FORMAT, "the XML breaks: %s",
			            xml->parser->lastError.message != NULL ? g_strchomp(xml->parser->lastError.message)
			                                                   : "no reason given");
	}
	if (xml->error == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&xml->error));
	return FALSE;
}

static gboolean
repair(gpointer ctx, const char *bytes, gsize n, GError **error)
{
	MqXml *xml = ctx;

	return mq_xml_repair_feed(xml->repair, bytes, n, error);
}

static void
note(gpointer ctx, MqProblemCode code, const char *reason)
{
	MqXml *xml = ctx;

	xml->handler->note(xml->ctx, code, reason);
}

static void
note_encoding(gpointer ctx, const char *reason)
{
	note(ctx, MQ_PROBLEM_ENCODING, reason);
}

void
mq_xml_init(void)
{
	xmlInitParser();
}

MqXml *
mq_xml_new(const MqXmlNode *root, const MqXmlHandler *handler, gpointer ctx)
{
	MqXml *xml = g_new0(MqXml, 1);

	xml->root = root;
	xml->handler = handler;
	xml->ctx = ctx;
	xml->text = g_string_new(NULL);
	xml->decode = mq_xml_decode_new(repair, note_encoding, xml);
	xml->repair = mq_xml_repair_new(root, parse, note, xml);
	xml->parser = xmlCreatePushParserCtxt((xmlSAXHandler *)&handlers, xml, NULL, 0, NULL); /* copies them */
	xmlCtxtUseOptions(xml->parser, XML_PARSE_NONET);
	xmlParseChunk(xml->parser, "<document>", (int)strlen("<document>"), 0);
	return xml;
}

void
mq_xml_free(MqXml *xml)
{
	if (xml == NULL)
		return;
	mq_xml_decode_free(xml->decode);
	mq_xml_repair_free(xml->repair);
	xmlFreeParserCtxt(xml->parser);
	g_string_free(xml->text, TRUE);
	g_clear_error(&xml->error);
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
	return mq_xml_decode_finish(xml->decode, error) && mq_xml_repair_finish(xml->repair, error);
}

gboolean
mq_xml_is_damaged(const MqXml *xml)
{
	return mq_xml_repair_is_damaged(xml->repair);
}

MqProblemCode
mq_xml_problem(const MqXml *xml)
{
	return mq_xml_repair_problem(xml->repair);
}
