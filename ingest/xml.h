/* A push reader for small XML vocabularies that strangers write badly.
 *
 * Bytes go through two stages: xml_decode.c makes them UTF-8, xml_reader.c reads them, and repairs what
 * is not well-formed by what the vocabulary allows. No library does the second, and to have one read
 * again what was repaired would cost more than all else; a test compares the two on documents that
 * are well-formed. There is no DTD, no entity but those of XML and HTML, nothing is fetched, and depth
 * and text are capped; memory does not grow with the document. */
#ifndef MQ_INGEST_XML_H
#define MQ_INGEST_XML_H

#include "ingest/error.h"
#include "ingest/problem.h"

/* An element that we know, by local name: prefixes do not matter, nor does order. */
typedef struct MqXmlNode MqXmlNode;
struct MqXmlNode {
	const char *name;
	const MqXmlNode *children; /* ended by a row without name; NULL: a leaf, which holds text alone */
	gboolean is_loose;         /* counts, too, within an element that the vocabulary does not have */
	gboolean is_implied;       /* its start tag may be missing: what is only in it opens it */
	guint id;                  /* the caller's */
	gconstpointer data;        /* the caller's */
};

/* (nullable) */
const MqXmlNode *mq_xml_node_child(const MqXmlNode *node, const char *name, gsize n);

/* What the document says. @namespaces: (nullable): the vocabulary's, ended by %NULL. An element of another is
 * unknown, unless the root is of that too; without the list all are the same. @ns: (nullable): its namespace, or the prefix of one that is not declared. FALSE ends the reading with that error. */
typedef struct {
	const char *const *namespaces;
	gboolean (*open)(gpointer ctx, const MqXmlNode *node, const char *ns, GError **error);
	/* @text: a leaf's, UTF-8 without NUL, not trimmed, at most %MQ_LIMIT_XML_TEXT; "" for others. May be
	 * changed. */
	gboolean (*close)(gpointer ctx, const MqXmlNode *node, char *text, gsize n, GError **error);
	/* An element that @parent (nullable: none that we know) does not have; skipped with all that is in it. */
	void (*unknown)(gpointer ctx, const MqXmlNode *parent, const char *name, const char *ns);
	/* Something was repaired; once for each kind of repair. @reason: visible text */
	void (*note)(gpointer ctx, MqProblemCode code, const char *reason);
} MqXmlHandler;

typedef struct MqXml MqXml;

/**
 * mq_xml_new:
 * @root: outlives the reader. A document may hold it several times, or within other elements.
 * @charset: (nullable): what the mail says that the bytes are written in, for a document that does not say
 */
MqXml *mq_xml_new(const MqXmlNode *root, const MqXmlHandler *handler, const char *charset, gpointer ctx);
void mq_xml_free(MqXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqXml, mq_xml_free)

/**
 * mq_xml_feed:
 *
 * Returns: %FALSE with the handler's error; %MQ_ERROR_UNSUPPORTED for EBCDIC, %MQ_ERROR_LIMIT for
 *   what is forbidden (a DTD) or too deep, %MQ_ERROR_FORMAT for what cannot be repaired
 */
gboolean mq_xml_feed(MqXml *xml, const guint8 *bytes, gsize n, GError **error);
/* The document ends here. Elements that are open stay open: their close() is not called. */
gboolean mq_xml_finish(MqXml *xml, GError **error);

/* Whether tags were missing, crossed or left over so far. */
gboolean mq_xml_is_damaged(const MqXml *xml);
/* Which problem an error of %MQ_ERROR_LIMIT or _FORMAT is. */
MqProblemCode mq_xml_problem(const MqXml *xml);

#endif
