#include "ingest/xml_reader.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/xml_tag.h"
#include "ingest/xml_text.h"

#define SCAN_BYTES 4096 /* new bytes that make it worth to look at those held again */

#define XML_NAMESPACE   "http://www.w3.org/XML/1998/namespace"
#define XMLNS_NAMESPACE "http://www.w3.org/2000/xmlns/"

/* What is repaired; each is said once a document. DAMAGE: rows may have been lost or mixed. */
#define REPAIRS(ROW) \
	ROW(AMPERSAND, XML_BROKEN, FALSE, "a bare '&' is read as text") \
	ROW(ENTITY, XML_BROKEN, FALSE, "an HTML entity, which XML does not have, is read as its character") \
	ROW(LESS_THAN, XML_BROKEN, FALSE, "a '<' that starts no tag is read as text") \
	ROW(END_TAG, XML_BROKEN, FALSE, "the '<' of an end tag is missing") \
	ROW(CHARACTER, ENCODING, FALSE, "characters that XML does not allow are read as U+FFFD") \
	ROW(UTF8, ENCODING, FALSE, "bytes that are not UTF-8 are read as Windows-1252 or U+FFFD") \
	ROW(DECLARATION, XML_BROKEN, FALSE, "the XML declaration is broken or not at the start") \
	ROW(DOCTYPE, XML_FORBIDDEN, FALSE, "a DOCTYPE is ignored") \
	ROW(ATTRIBUTE, XML_BROKEN, FALSE, "attributes that are not well-formed are ignored") \
	ROW(STRAY, XML_BROKEN, FALSE, "text outside of the elements that may hold it is ignored") \
	ROW(LONG, FIELD_TRUNCATED, FALSE, "the text of an element is cut at 65536 bytes") \
	ROW(UNCLOSED, XML_BROKEN, TRUE, "an element that is never closed is closed where its parent ends") \
	ROW(CROSSED, XML_BROKEN, TRUE, "an element is closed where one begins that cannot be in it") \
	ROW(LEFT_OVER, XML_BROKEN, TRUE, "an end tag without its start tag is ignored")

#define REPAIR_ENUM(name, code, damage, text) REPAIR_##name,
#define REPAIR_TEXT(name, code, damage, text) { MQ_PROBLEM_##code, damage, text },
enum { REPAIRS(REPAIR_ENUM) REPAIR_N };
static const struct {
	MqProblemCode code;
	gboolean damage;
	const char *text;
} repairs[] = { REPAIRS(REPAIR_TEXT) };

typedef struct {
	const MqXmlNode *node; /* NULL: unknown */
	gboolean known_above;  /* a known element is around this one */
	guint n_namespaces;    /* declared around it */
	guint n_name, n_prefix;
	char name[MQ_XML_NAME_BYTES + 1]; /* as it is written, with its prefix */
} Frame;

typedef struct {
	char *prefix, *uri; /* "": the default */
} Declared;

/* Honest reports declare one or two. Each element looks through them. */
#define NAMESPACES_MAX 32

struct MqXmlReader {
	const MqXmlNode *root;
	const MqXmlHandler *handler;
	gpointer ctx;
	GString *in;         /* not yet understood */
	gsize in_new;        /* bytes of it that came since the last look */
	guint64 position;    /* bytes understood before in */
	const char *skip_to; /* what ends the comment, CDATA section … we are in; NULL */
	gboolean is_cdata;   /* and it is text */
	Frame frames[MQ_LIMIT_XML_DEPTH];
	guint depth;
	Declared namespaces[NAMESPACES_MAX];
	guint n_namespaces;
	MqXmlText text;      /* of the leaf we are in */
	gboolean seen[REPAIR_N];
	gboolean damaged;
	MqProblemCode problem;
};

static void
forget_namespaces(MqXmlReader *reader, guint n)
{
	while (reader->n_namespaces > n) {
		Declared *declared = &reader->namespaces[--reader->n_namespaces];

		g_free(declared->prefix);
		g_free(declared->uri);
	}
}

MqXmlReader *
mq_xml_reader_new(const MqXmlNode *root, const MqXmlHandler *handler, gpointer ctx)
{
	MqXmlReader *reader = g_new0(MqXmlReader, 1);

	reader->root = root;
	reader->handler = handler;
	reader->ctx = ctx;
	reader->in = g_string_new(NULL);
	reader->text.made = g_string_new(NULL);
	reader->problem = MQ_PROBLEM_XML_BROKEN;
	return reader;
}

void
mq_xml_reader_free(MqXmlReader *reader)
{
	if (reader == NULL)
		return;
	g_string_free(reader->in, TRUE);
	forget_namespaces(reader, 0);
	g_string_free(reader->text.made, TRUE);
	g_free(reader);
}

gboolean
mq_xml_reader_is_damaged(const MqXmlReader *reader)
{
	return reader->damaged;
}

MqProblemCode
mq_xml_reader_problem(const MqXmlReader *reader)
{
	return reader->problem;
}

static void
repaired(MqXmlReader *reader, guint kind, gsize at)
{
	g_autofree char *reason = NULL;

	reader->damaged |= repairs[kind].damage;
	if (reader->seen[kind])
		return;
	reader->seen[kind] = TRUE;
	reason = g_strdup_printf("%s (first near byte %" G_GUINT64_FORMAT ")", repairs[kind].text,
	                         reader->position + at);
	reader->handler->note(reader->ctx, repairs[kind].code, reason);
}

static gboolean
refuse(MqXmlReader *reader, MqProblemCode problem, GError **error, const char *why)
{
	reader->problem = problem;
	g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "%s", why);
	return FALSE;
}

/* --- the elements that are open --- */

static const MqXmlNode *
innermost(const MqXmlReader *reader)
{
	return reader->depth > 0 ? reader->frames[reader->depth - 1].node : NULL;
}

static gboolean
in_leaf(const MqXmlReader *reader)
{
	const MqXmlNode *node = innermost(reader);

	return node != NULL && node->children == NULL;
}

static gboolean
is_called(const char *name, const char *text, gsize n)
{
	return strncmp(name, text, n) == 0 && name[n] == '\0';
}

/* Where a name begins without its prefix. */
static gsize
n_skipped(gsize n_prefix)
{
	return n_prefix > 0 ? n_prefix + 1 : 0;
}

static gboolean
has_name(const Frame *frame, const char *name, gsize n)
{
	return frame->n_name == n && memcmp(frame->name, name, n) == 0;
}

static gboolean
has_local_name(const Frame *frame, const char *name, gsize n)
{
	gsize skip = n_skipped(frame->n_prefix);

	return frame->n_name - skip == n && memcmp(frame->name + skip, name, n) == 0;
}

/* --- namespaces --- */

/* (nullable) The URI of the declaration of @prefix that is nearest, among those from @from on. */
static const char *
find_namespace(const MqXmlReader *reader, const char *prefix, gsize n, guint from)
{
	for (guint i = reader->n_namespaces; i-- > from;)
		if (is_called(reader->namespaces[i].prefix, prefix, n))
			return reader->namespaces[i].uri;
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
	MqXmlReader *reader = ctx;
	guint around = reader->frames[reader->depth - 1].n_namespaces;
	Declared *declared;

	if (reader->n_namespaces == NAMESPACES_MAX || is_reserved(ns)
	    || find_namespace(reader, ns->prefix, ns->n_prefix, around) != NULL)
		return;
	declared = &reader->namespaces[reader->n_namespaces++];
	declared->prefix = g_strndup(ns->prefix, ns->n_prefix);
	declared->uri = g_strndup(ns->uri, ns->n_uri);
}

/* (nullable) The namespace of the element, or its prefix when nobody declared that: in @prefix then. */
static const char *
namespace_of(const MqXmlReader *reader, const Frame *frame, char prefix[MQ_XML_NAME_BYTES + 1])
{
	const char *uri = find_namespace(reader, frame->name, frame->n_prefix, 0);

	if (uri != NULL || frame->n_prefix == 0)
		return uri;
	if (is_called("xml", frame->name, frame->n_prefix))
		return XML_NAMESPACE;
	g_strlcpy(prefix, frame->name, frame->n_prefix + 1);
	return prefix;
}

/* --- elements open and close --- */

static gboolean
close_down_to(MqXmlReader *reader, guint depth, GError **error)
{
	while (reader->depth > depth) {
		const Frame *frame = &reader->frames[--reader->depth];
		GString *text = reader->text.made;

		forget_namespaces(reader, frame->n_namespaces);
		if (frame->node == NULL)
			continue;
		if (frame->node->children != NULL)
			g_string_truncate(text, 0); /* of a leaf in it */
		if (!reader->handler->close(reader->ctx, frame->node, text->str, text->len, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
push(MqXmlReader *reader, const MqXmlNode *node, const MqXmlTag *tag, GError **error)
{
	gboolean known_above = reader->depth > 0 && (innermost(reader) != NULL
	                       || reader->frames[reader->depth - 1].known_above);
	Frame *frame;

	if (reader->depth == MQ_LIMIT_XML_DEPTH)
		return refuse(reader, MQ_PROBLEM_TOO_DEEP, error, "elements are nested more than "
		              G_STRINGIFY(MQ_LIMIT_XML_DEPTH) " deep");
	frame = &reader->frames[reader->depth++];
	frame->node = node;
	frame->known_above = known_above;
	frame->n_namespaces = reader->n_namespaces;
	frame->n_name = (guint)tag->n_name;
	frame->n_prefix = (guint)tag->n_prefix;
	memcpy(frame->name, tag->name, tag->n_name);
	frame->name[tag->n_name] = '\0';
	g_string_truncate(reader->text.made, 0);
	reader->text = (MqXmlText){ .made = reader->text.made };
	return TRUE;
}

/* The element that was pushed last, to whom it may concern. */
static gboolean
tell(MqXmlReader *reader, GError **error)
{
	const Frame *frame = &reader->frames[reader->depth - 1];
	const MqXmlNode *around = reader->depth > 1 ? frame[-1].node : NULL;
	char prefix[MQ_XML_NAME_BYTES + 1];
	const char *ns;

	if (frame->node == NULL && around == NULL && frame->known_above)
		return TRUE;
	ns = namespace_of(reader, frame, prefix);
	if (frame->node != NULL)
		return reader->handler->open(reader->ctx, frame->node, ns, error);
	reader->handler->unknown(reader->ctx, around, frame->name + n_skipped(frame->n_prefix), ns);
	return TRUE;
}

/* What an element called @name is, where we are: *@node, and *@depth, where it goes. FALSE: no
 * element at all but text. */
static gboolean
place(const MqXmlReader *reader, const MqXmlTag *tag, const MqXmlNode **node, guint *depth)
{
	const MqXmlNode *here = innermost(reader);
	gsize skip = n_skipped(tag->n_prefix), n = tag->n_name - skip;
	const char *name = tag->name + skip;

	*depth = reader->depth;
	*node = NULL;
	if (here == NULL) {
		if ((reader->depth == 0 || !reader->frames[reader->depth - 1].known_above)
		    && is_called(reader->root->name, name, n))
			*node = reader->root;
		return TRUE;
	}
	*node = mq_xml_node_child(here, name, n);
	if (*node != NULL)
		return TRUE;
	for (guint i = reader->depth - 1; i-- > 0 && reader->frames[i].node != NULL;) {
		const MqXmlNode *candidate = mq_xml_node_child(reader->frames[i].node, name, n);

		if (candidate == NULL || (here->children != NULL && candidate->children == NULL))
			continue;
		*node = candidate;
		*depth = i + 1;
		return TRUE;
	}
	if (is_called(reader->root->name, name, n)) { /* the one before was never closed */
		for (*depth = 0; reader->frames[*depth].node == NULL; ++*depth)
			;
		*node = reader->root;
		return TRUE;
	}
	return here->children != NULL;
}

/* --- text --- */

/* Says what was odd about the text that was read last. */
static void
say_odd_text(MqXmlReader *reader, gsize at)
{
	static const struct {
		guint odd, kind;
	} odds[] = {
		{ MQ_XML_ODD_AMPERSAND, REPAIR_AMPERSAND },
		{ MQ_XML_ODD_ENTITY, REPAIR_ENTITY },
		{ MQ_XML_ODD_CHARACTER, REPAIR_CHARACTER },
		{ MQ_XML_ODD_UTF8, REPAIR_UTF8 },
		{ MQ_XML_ODD_LONG, REPAIR_LONG },
	};

	for (gsize i = 0; reader->text.odd != 0 && i < G_N_ELEMENTS(odds); i++)
		if (reader->text.odd & odds[i].odd)
			repaired(reader, odds[i].kind, at);
	reader->text.odd = 0;
}

/* In a leaf. *@used: how much is understood; 0: wants more */
static gboolean
read_text(MqXmlReader *reader, const char *bytes, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	gboolean ended = FALSE;

	if (*bytes == '&')
		*used = mq_xml_text_read_reference(&reader->text, bytes, n, final);
	else
		*used = mq_xml_text_read(&reader->text, bytes, n, reader->frames[reader->depth - 1].name, final, &ended);
	say_odd_text(reader, at);
	if (!ended)
		return TRUE;
	repaired(reader, REPAIR_END_TAG, at);
	return close_down_to(reader, reader->depth - 1, error);
}

/* Text where none belongs, up to the next '<'. */
static gsize
skip_text(MqXmlReader *reader, const char *text, gsize n, gsize at)
{
	gsize white = 0;
	const char *end;

	while (white < n && g_ascii_isspace(text[white]))
		white++;
	if (white == n || text[white] == '<')
		return white;
	if (innermost(reader) != NULL || reader->depth == 0)
		repaired(reader, REPAIR_STRAY, at + white);
	end = memchr(text + white, '<', n - white);
	return end != NULL ? (gsize)(end - text) : n;
}

/* --- markup --- */

static gboolean
start_element(MqXmlReader *reader, const MqXmlTag *tag, gsize at, gboolean *is_text, GError **error)
{
	const MqXmlNode *node;
	guint depth;

	*is_text = !place(reader, tag, &node, &depth);
	if (*is_text)
		return TRUE;
	if (depth < reader->depth)
		repaired(reader, REPAIR_CROSSED, at);
	if (!close_down_to(reader, depth, error) || !push(reader, node, tag, error))
		return FALSE;
	if (tag->n_attributes > 0 && !mq_xml_tag_namespaces(tag, declare, reader))
		repaired(reader, REPAIR_ATTRIBUTE, at);
	return tell(reader, error) && (!tag->is_empty || close_down_to(reader, depth, error));
}

static gboolean
end_element(MqXmlReader *reader, const MqXmlTag *tag, gsize at, gboolean *is_text, GError **error)
{
	gsize skip = n_skipped(tag->n_prefix);
	guint i = reader->depth;

	if (i > 0 && has_name(&reader->frames[i - 1], tag->name, tag->n_name))
		return close_down_to(reader, i - 1, error);
	while (i > 0 && !has_local_name(&reader->frames[i - 1], tag->name + skip, tag->n_name - skip))
		i--;
	if (i > 0) {
		if (i < reader->depth)
			repaired(reader, REPAIR_UNCLOSED, at);
		return close_down_to(reader, i - 1, error);
	}
	*is_text = in_leaf(reader);
	if (!*is_text)
		repaired(reader, REPAIR_LEFT_OVER, at);
	return TRUE;
}

/* Comments and the like: what they begin with, what ends them. */
static const struct {
	const char *start, *end;
	gboolean is_cdata;
} skipped[] = {
	{ "<!--",      "-->", FALSE },
	{ "<![CDATA[", "]]>", TRUE },
	{ "<?",        "?>",  FALSE },
};

/* *@more is set when @bytes may yet become @start. */
static gboolean
begins(const char *bytes, gsize n, const char *start, gboolean final, gboolean *more)
{
	gsize len = strlen(start);

	if (n >= len)
		return memcmp(bytes, start, len) == 0;
	if (!final && memcmp(bytes, start, n) == 0)
		*more = TRUE;
	return FALSE;
}

/* "<?xml … ?>", however it ends. How many bytes; 0: wants more */
static gsize
read_declaration(MqXmlReader *reader, const char *text, gsize n, gboolean final, gsize at)
{
	const char *end = memchr(text, '>', MIN(n, MQ_XML_TAG_BYTES));

	if (end == NULL && n < MQ_XML_TAG_BYTES && !final)
		return 0;
	if (end == NULL || end[-1] != '?' || reader->depth > 0)
		repaired(reader, REPAIR_DECLARATION, at);
	return end != NULL ? (gsize)(end - text) + 1 : 5;
}

/* One without an internal subset names no entities, and what it points to is never fetched. */
static gboolean
read_doctype(MqXmlReader *reader, const char *text, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	gsize end = strcspn(text, "[>");

	if (end < n && text[end] == '>') {
		repaired(reader, REPAIR_DOCTYPE, at);
		*used = end + 1;
		return TRUE;
	}
	if (end >= n && n < MQ_XML_TAG_BYTES && !final)
		return TRUE;
	return refuse(reader, MQ_PROBLEM_XML_FORBIDDEN, error, "a document type with declarations is refused");
}

/* A '<' that begins nothing. */
static gsize
read_less_than(MqXmlReader *reader, gsize at)
{
	repaired(reader, in_leaf(reader) ? REPAIR_LESS_THAN : REPAIR_STRAY, at);
	if (in_leaf(reader))
		mq_xml_text_add(&reader->text, '<');
	return 1;
}

/* Whether @text is just the end tag that is due. */
static gboolean
ends_innermost(const MqXmlReader *reader, const char *text, gsize n, gsize *used)
{
	const Frame *frame;

	if (text[1] != '/' || reader->depth == 0)
		return FALSE;
	frame = &reader->frames[reader->depth - 1];
	if (n < frame->n_name + 3 || text[frame->n_name + 2] != '>' || memcmp(text + 2, frame->name, frame->n_name) != 0)
		return FALSE;
	*used = frame->n_name + 3;
	return TRUE;
}

static gboolean
read_tag(MqXmlReader *reader, const char *text, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	gboolean is_text = FALSE;
	MqXmlTag tag;
	MqXmlFound found;

	if (ends_innermost(reader, text, n, used))
		return close_down_to(reader, reader->depth - 1, error);
	found = mq_xml_tag_find(&tag, text, n, final);
	if (found == MQ_XML_FOUND_MORE)
		return TRUE;
	if (found == MQ_XML_FOUND_TAG
	    && !(tag.is_end ? end_element : start_element)(reader, &tag, at, &is_text, error))
		return FALSE;
	*used = found == MQ_XML_FOUND_NONE || is_text ? read_less_than(reader, at) : tag.n;
	return TRUE;
}

/* Whatever begins with '<'. *@used stays 0 when more bytes are wanted. */
static gboolean
read_markup(MqXmlReader *reader, const char *text, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	gboolean more = FALSE;

	if (n > 1 && text[1] != '!' && text[1] != '?')
		return read_tag(reader, text, n, final, at, used, error);
	if (begins(text, n, "<?xml ", final, &more) && !more) {
		*used = read_declaration(reader, text, n, final, at);
		return TRUE;
	}
	if (begins(text, n, "<!DOCTYPE", final, &more))
		return read_doctype(reader, text, n, final, at, used, error);
	for (gsize i = 0; i < G_N_ELEMENTS(skipped) && !more; i++) {
		if (!begins(text, n, skipped[i].start, final, &more))
			continue;
		reader->skip_to = skipped[i].end;
		reader->is_cdata = skipped[i].is_cdata;
		*used = strlen(skipped[i].start);
		return TRUE;
	}
	if (!more)
		*used = read_less_than(reader, at);
	return TRUE;
}

/* Within a comment or the like. How much of it is understood. */
static gsize
read_skipped(MqXmlReader *reader, const char *text, gsize n, gboolean final, gsize at)
{
	gsize len = strlen(reader->skip_to), inside, used;
	const char *end = memmem(text, n, reader->skip_to, len);

	inside = end != NULL ? (gsize)(end - text) : final ? n : n - MIN(n, len - 1);
	used = inside;
	if (reader->is_cdata && in_leaf(reader)) {
		used = mq_xml_text_read(&reader->text, text, inside, NULL, final || end != NULL, NULL);
		say_odd_text(reader, at);
	}
	if (end == NULL)
		return used;
	reader->skip_to = NULL;
	return inside + len;
}

/* What @text begins with. *@used: how much of it is understood; 0: wants more */
static gboolean
read_piece(MqXmlReader *reader, const char *text, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	if (reader->skip_to == NULL && *text == '<')
		return read_markup(reader, text, n, final, at, used, error);
	if (reader->skip_to == NULL && in_leaf(reader))
		return read_text(reader, text, n, final, at, used, error);
	*used = reader->skip_to != NULL ? read_skipped(reader, text, n, final, at) : skip_text(reader, text, n, at);
	return TRUE;
}

static gboolean
scan(MqXmlReader *reader, gboolean final, GError **error)
{
	const char *text = reader->in->str;
	gsize n = reader->in->len, at = 0, used = 1;

	for (; at < n && used > 0; at += used) {
		used = 0;
		if (!read_piece(reader, text + at, n - at, final, at, &used, error))
			return FALSE;
	}
	reader->position += at;
	reader->in_new = 0;
	g_string_erase(reader->in, 0, (gssize)at);
	return TRUE;
}

gboolean
mq_xml_reader_feed(MqXmlReader *reader, const char *bytes, gsize n, GError **error)
{
	g_string_append_len(reader->in, bytes, (gssize)n);
	reader->in_new += n;
	return reader->in_new < SCAN_BYTES || scan(reader, FALSE, error);
}

gboolean
mq_xml_reader_finish(MqXmlReader *reader, GError **error)
{
	if (!scan(reader, TRUE, error))
		return FALSE;
	if (reader->depth > 0 && !reader->frames[reader->depth - 1].known_above && innermost(reader) == NULL)
		repaired(reader, REPAIR_UNCLOSED, 0); /* around the root */
	return TRUE;
}
