#include "ingest/xml_open.h"

#include <string.h>

#define XML_NAMESPACE   "http://www.w3.org/XML/1998/namespace"
#define XMLNS_NAMESPACE "http://www.w3.org/2000/xmlns/"

void
mq_xml_open_init(MqXmlOpen *open, const MqXmlNode *root, const char *const *accepted)
{
	open->root = root;
	open->accepted = accepted;
	open->is_default_ours = TRUE;
	open->own = g_string_new(NULL);
}

static void
forget_namespaces(MqXmlOpen *open, guint n)
{
	while (open->n_namespaces > n) {
		MqXmlDeclared *declared = &open->namespaces[--open->n_namespaces];

		g_free(declared->prefix);
		g_free(declared->uri);
	}
}

void
mq_xml_open_clear(MqXmlOpen *open)
{
	forget_namespaces(open, 0);
	g_string_free(open->own, TRUE);
}

const MqXmlNode *
mq_xml_open_innermost(const MqXmlOpen *open)
{
	return open->depth > 0 ? open->frames[open->depth - 1].node : NULL;
}

gboolean
mq_xml_open_in_leaf(const MqXmlOpen *open)
{
	const MqXmlNode *node = mq_xml_open_innermost(open);

	return node != NULL && node->children == NULL;
}

const char *
mq_xml_open_name(const MqXmlOpen *open, guint i)
{
	return open->frames[i].name;
}

const char *
mq_xml_open_local_name(const MqXmlOpen *open, guint i)
{
	const MqXmlFrame *frame = &open->frames[i];

	return mq_xml_open_name(open, i) + (frame->n_prefix > 0 ? frame->n_prefix + 1 : 0);
}

static gboolean
is_called(const char *name, const char *text, gsize n)
{
	return strncmp(name, text, n) == 0 && name[n] == '\0';
}

/* But for its case: element names are ASCII. */
static gboolean
is_roughly_called(const char *name, const char *text, gsize n)
{
	return g_ascii_strncasecmp(name, text, n) == 0 && name[n] == '\0';
}

/* Where the tag's name begins without its prefix, and how long it is. */
static const char *
local_name(const MqXmlTag *tag, gsize *n)
{
	gsize skip = tag->n_prefix > 0 ? tag->n_prefix + 1 : 0;

	*n = tag->n_name - skip;
	return tag->name + skip;
}

/* --- namespaces --- */

/* (nullable) The URI of the declaration of @prefix that is nearest, among those from @from on. */
static const char *
find_namespace(const MqXmlOpen *open, const char *prefix, gsize n, guint from)
{
	for (guint i = open->n_namespaces; i-- > from;)
		if (is_called(open->namespaces[i].prefix, prefix, n))
			return open->namespaces[i].uri;
	return NULL;
}

/* What may not be declared otherwise (Namespaces in XML 1.0 section 3). */
static gboolean
is_reserved(const MqXmlNamespace *ns)
{
	return is_called("xml", ns->prefix, ns->n_prefix) || is_called("xmlns", ns->prefix, ns->n_prefix)
	       || is_called(XML_NAMESPACE, ns->uri, ns->n_uri) || is_called(XMLNS_NAMESPACE, ns->uri, ns->n_uri);
}

/* Of the element that was pushed last; of two for one prefix the first counts. */
static void
declare(gpointer ctx, const MqXmlNamespace *ns)
{
	MqXmlOpen *open = ctx;
	guint around = open->frames[open->depth - 1].n_namespaces;
	MqXmlDeclared *declared;

	if (open->n_namespaces == MQ_XML_NAMESPACES || is_reserved(ns)
	    || find_namespace(open, ns->prefix, ns->n_prefix, around) != NULL)
		return;
	declared = &open->namespaces[open->n_namespaces++];
	declared->prefix = g_strndup(ns->prefix, ns->n_prefix);
	declared->uri = g_strndup(ns->uri, ns->n_uri);
}

const char *
mq_xml_open_namespace(const MqXmlOpen *open, char prefix[MQ_XML_NAME_BYTES + 1])
{
	const MqXmlFrame *frame = &open->frames[open->depth - 1];
	const char *uri = find_namespace(open, frame->name, frame->n_prefix, 0);

	if (uri != NULL || frame->n_prefix == 0)
		return uri;
	if (is_called("xml", frame->name, frame->n_prefix))
		return XML_NAMESPACE;
	g_strlcpy(prefix, frame->name, frame->n_prefix + 1);
	return prefix;
}

const char *
mq_xml_open_default_namespace(const MqXmlOpen *open)
{
	return find_namespace(open, "", 0, 0);
}

/* The root's own, or one of the vocabulary's. */
static gboolean
is_accepted(const MqXmlOpen *open, const char *uri, gsize n)
{
	if (is_called(open->own->str, uri, n))
		return TRUE;
	for (const char *const *one = open->accepted; *one != NULL; one++)
		if (is_called(*one, uri, n))
			return TRUE;
	return FALSE;
}

/* Declarations have come or gone. */
static void
look_at_default(MqXmlOpen *open)
{
	const char *uri = open->accepted != NULL ? mq_xml_open_default_namespace(open) : NULL;

	open->is_default_ours = uri == NULL || is_accepted(open, uri, strlen(uri));
}

/* A tag that is not yet pushed: what it declares for its own prefix. */
typedef struct {
	const MqXmlTag *tag;
	const char *uri; /* (nullable) borrows from the tag */
	gsize n_uri;
} Wanted;

static void
find_declared(gpointer ctx, const MqXmlNamespace *ns)
{
	Wanted *wanted = ctx;

	if (wanted->uri != NULL || is_reserved(ns) || ns->n_prefix != wanted->tag->n_prefix
	    || memcmp(ns->prefix, wanted->tag->name, ns->n_prefix) != 0)
		return;
	wanted->uri = ns->uri;
	wanted->n_uri = ns->n_uri;
}

/* None, one that is accepted, or one that nobody declares. */
static gboolean
is_ours(const MqXmlOpen *open, const MqXmlTag *tag)
{
	Wanted wanted = { .tag = tag };

	if (open->accepted == NULL || (tag->n_prefix == 0 && tag->n_attributes == 0 && open->n_namespaces == 0))
		return TRUE;
	if (tag->n_attributes > 0)
		mq_xml_tag_namespaces(tag, find_declared, &wanted); /* whoever pushes it says what is odd */
	if (wanted.uri == NULL) {
		wanted.uri = find_namespace(open, tag->name, tag->n_prefix, 0);
		wanted.n_uri = wanted.uri != NULL ? strlen(wanted.uri) : 0;
	}
	return wanted.uri == NULL || is_accepted(open, wanted.uri, wanted.n_uri);
}

/* --- where the next one belongs --- */

static const MqXmlNode *
find_child(const MqXmlNode *node, const char *name, gsize n, gboolean *is_other_case)
{
	const MqXmlNode *child = mq_xml_node_child(node, name, n);

	*is_other_case = FALSE;
	if (child != NULL || node->children == NULL)
		return child;
	for (child = node->children; child->name != NULL; child++) {
		if (is_roughly_called(child->name, name, n)) {
			*is_other_case = TRUE;
			return child;
		}
	}
	return NULL;
}

/* What it would be in the @i-th. In one that is looked through only what is loose counts. */
static const MqXmlNode *
find_in(const MqXmlOpen *open, guint i, const char *name, gsize n, gboolean *is_other_case)
{
	const MqXmlNode *child;

	if (open->frames[i].node != NULL)
		return find_child(open->frames[i].node, name, n, is_other_case);
	if (!open->frames[i].is_clear)
		return NULL;
	while (open->frames[i].node == NULL)
		i--;
	child = find_child(open->frames[i].node, name, n, is_other_case);
	return child != NULL && child->is_loose ? child : NULL;
}

/* Further out: what is open there was never closed. */
static gboolean
find_outside(const MqXmlOpen *open, const char *name, gsize n, MqXmlPlace *place)
{
	const MqXmlNode *here = mq_xml_open_innermost(open);

	for (guint i = open->depth - 1; i-- > 0 && (open->frames[i].node != NULL || open->frames[i].is_clear);) {
		const MqXmlNode *candidate = find_in(open, i, name, n, &place->is_other_case);

		if (candidate == NULL || (here->children != NULL && candidate->children == NULL))
			continue;
		place->node = candidate;
		place->depth = i + 1;
		return TRUE;
	}
	return FALSE;
}

/* Further in: an element whose start tag is missing. */
static gboolean
find_inside(const MqXmlNode *here, const char *name, gsize n, MqXmlPlace *place)
{
	for (const MqXmlNode *child = here->children; child != NULL && child->name != NULL; child++) {
		place->node = child->is_implied ? find_child(child, name, n, &place->is_other_case) : NULL;
		if (place->node == NULL)
			continue;
		place->implied = child;
		return TRUE;
	}
	return FALSE;
}

static MqXmlPlace
place_root(const MqXmlOpen *open, const char *name, gsize n)
{
	MqXmlPlace place = { .depth = open->depth };

	if (is_roughly_called(open->root->name, name, n)) {
		place.node = open->root;
		place.is_other_case = !is_called(open->root->name, name, n);
	}
	return place;
}

const MqXmlNode *
mq_xml_open_usual(const MqXmlOpen *open, const char *text, gsize n, gsize *n_name)
{
	const MqXmlNode *here = mq_xml_open_innermost(open);
	const MqXmlNode *child = here != NULL && open->is_default_ours && n > MQ_XML_NAME_BYTES + 2 ? here->children : NULL;

	for (; child != NULL && child->name != NULL; child++) {
		gsize i = 0;

		while (child->name[i] != '\0' && child->name[i] == text[i + 1])
			i++;
		if (child->name[i] != '\0' || text[i + 1] != '>')
			continue;
		*n_name = i;
		return child;
	}
	return NULL;
}

MqXmlPlace
mq_xml_open_place(const MqXmlOpen *open, const MqXmlTag *tag)
{
	const MqXmlNode *here = mq_xml_open_innermost(open);
	MqXmlPlace place = { .depth = open->depth };
	gsize n;
	const char *name = local_name(tag, &n);

	if (here == NULL && (open->depth == 0 || !open->frames[open->depth - 1].known_above))
		return place_root(open, name, n);
	if (!is_ours(open, tag)) {
		place.is_text = mq_xml_open_in_leaf(open);
		place.is_foreign = TRUE;
		return place;
	}
	place.node = find_in(open, open->depth - 1, name, n, &place.is_other_case);
	if (place.node != NULL || here == NULL || find_outside(open, name, n, &place)
	    || find_inside(here, name, n, &place))
		return place;
	if (is_called(open->root->name, name, n)) { /* the one before was never closed */
		for (place.depth = 0; open->frames[place.depth].node == NULL; ++place.depth)
			;
		place.node = open->root;
		return place;
	}
	place.is_text = here->children == NULL;
	return place;
}

guint
mq_xml_open_find(const MqXmlOpen *open, const MqXmlTag *tag)
{
	gsize n;
	const char *local = local_name(tag, &n);
	guint i = open->depth;

	if (i > 0 && open->frames[i - 1].n_name == tag->n_name
	    && memcmp(open->frames[i - 1].name, tag->name, tag->n_name) == 0)
		return i;
	while (i > 0 && !is_roughly_called(mq_xml_open_local_name(open, i - 1), local, n))
		i--;
	return i;
}

/* --- elements open and close --- */

static gboolean
has_loose(const MqXmlNode *node)
{
	for (const MqXmlNode *child = node->children; child != NULL && child->name != NULL; child++)
		if (child->is_loose)
			return TRUE;
	return FALSE;
}

gboolean
mq_xml_open_push(MqXmlOpen *open, const MqXmlPlace *place, const MqXmlNode *node, const MqXmlTag *tag,
                 gboolean *attributes_ok)
{
	const MqXmlFrame *around = open->depth > 0 ? &open->frames[open->depth - 1] : NULL;
	MqXmlFrame *frame;

	*attributes_ok = TRUE;
	if (open->depth == MQ_LIMIT_XML_DEPTH)
		return FALSE;
	frame = &open->frames[open->depth++];
	frame->node = node;
	frame->known_above = around != NULL && (around->node != NULL || around->known_above);
	frame->is_clear = node == NULL && !place->is_foreign && around != NULL
	                  && (around->node != NULL ? has_loose(around->node) : around->is_clear);
	frame->is_implied = tag == NULL;
	frame->n_namespaces = open->n_namespaces;
	frame->n_name = tag != NULL ? (guint)tag->n_name : (guint)strlen(node->name);
	frame->n_prefix = tag != NULL ? (guint)tag->n_prefix : 0;
	memcpy(frame->name, tag != NULL ? tag->name : node->name, frame->n_name);
	frame->name[frame->n_name] = '\0';
	if (tag == NULL)
		return TRUE;
	if (tag->n_attributes > 0)
		*attributes_ok = mq_xml_tag_namespaces(tag, declare, open);
	if (node == open->root) {
		const char *own = find_namespace(open, tag->name, tag->n_prefix, 0);

		g_string_assign(open->own, own != NULL ? own : "");
	}
	if (open->n_namespaces > frame->n_namespaces || node == open->root)
		look_at_default(open);
	return TRUE;
}

void
mq_xml_open_pop(MqXmlOpen *open)
{
	const MqXmlFrame *frame = &open->frames[--open->depth];

	if (open->n_namespaces == frame->n_namespaces)
		return;
	forget_namespaces(open, frame->n_namespaces);
	look_at_default(open);
}
