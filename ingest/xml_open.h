/* The elements that are open in ingest/xml_reader.h, their namespaces, and what the vocabulary makes of
 * the next one. */
#ifndef MQ_INGEST_XML_OPEN_H
#define MQ_INGEST_XML_OPEN_H

#include "ingest/limits.h"
#include "ingest/xml.h"
#include "ingest/xml_tag.h"

/* Honest reports declare one or two. Each element looks through them. */
#define MQ_XML_NAMESPACES 32

typedef struct {
	const MqXmlNode *node; /* NULL: unknown */
	char name[MQ_XML_NAME_BYTES + 1]; /* as it is written, with its prefix */
	guint n_name, n_prefix;
	guint n_namespaces;    /* declared around it */
	gboolean known_above;  /* a known element is around this one */
	gboolean is_clear;     /* unknown, and what is loose counts in it */
	gboolean is_implied;   /* its start tag is missing */
} MqXmlFrame;

typedef struct {
	char *prefix, *uri; /* "": the default */
} MqXmlDeclared;

typedef struct {
	const MqXmlNode *root;
	const char *const *accepted; /* (nullable) namespaces: MqXmlHandler */
	MqXmlFrame frames[MQ_LIMIT_XML_DEPTH];
	guint depth;
	MqXmlDeclared namespaces[MQ_XML_NAMESPACES];
	guint n_namespaces;
	GString *own; /* the root's namespace, "" for none */
	gboolean is_default_ours; /* an element without a prefix and a declaration is of the vocabulary here */
} MqXmlOpen;

/* Where an element belongs. */
typedef struct {
	gboolean is_text;         /* it is none, but text */
	const MqXmlNode *node;    /* NULL: unknown */
	guint depth;              /* what is deeper ends before it */
	const MqXmlNode *implied; /* (nullable) what begins around it, without a tag */
	gboolean is_foreign;      /* of another namespace */
	gboolean is_other_case;   /* known but for its case */
} MqXmlPlace;

void mq_xml_open_init(MqXmlOpen *open, const MqXmlNode *root, const char *const *accepted);
void mq_xml_open_clear(MqXmlOpen *open);

/* The element that was opened last; NULL: none, or an unknown one. */
const MqXmlNode *mq_xml_open_innermost(const MqXmlOpen *open);
gboolean mq_xml_open_in_leaf(const MqXmlOpen *open);
/* The name of the @i-th, with its prefix. */
const char *mq_xml_open_name(const MqXmlOpen *open, guint i);
const char *mq_xml_open_local_name(const MqXmlOpen *open, guint i);

/* What a tag is that begins with "<name>", for a child of the innermost element. Most are, and need no further
 * look: this says what mq_xml_open_place() would. (nullable) *@n_name: of the name */
const MqXmlNode *mq_xml_open_usual(const MqXmlOpen *open, const char *text, gsize n, gsize *n_name);
MqXmlPlace mq_xml_open_place(const MqXmlOpen *open, const MqXmlTag *tag);
/* Which of the open elements an end tag ends; 0: none, else its depth. */
guint mq_xml_open_find(const MqXmlOpen *open, const MqXmlTag *tag);

/* FALSE: too deep. @tag: (nullable): of an implied one there is none. @attributes_ok: (out): they are well-formed */
gboolean mq_xml_open_push(MqXmlOpen *open, const MqXmlPlace *place, const MqXmlNode *node, const MqXmlTag *tag,
                          gboolean *attributes_ok);
void mq_xml_open_pop(MqXmlOpen *open);
/* (nullable) What an element without a prefix is of. */
const char *mq_xml_open_default_namespace(const MqXmlOpen *open);
/* (nullable) The namespace of the element that was opened last; or its prefix when nobody declared that: in
 * @prefix then. */
const char *mq_xml_open_namespace(const MqXmlOpen *open, char prefix[MQ_XML_NAME_BYTES + 1]);

#endif
