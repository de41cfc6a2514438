#include "ingest/xml_reader.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/xml_open.h"
#include "ingest/xml_tag.h"
#include "ingest/xml_text.h"

#define SCAN_BYTES 4096 /* new bytes that make it worth to look at those held again */

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
	ROW(CASE, XML_BROKEN, FALSE, "names of elements are not in the standard's case") \
	ROW(IMPLIED, XML_BROKEN, FALSE, "elements without the one that they belong in are read as if it were there") \
	ROW(MISSPELLED, XML_BROKEN, FALSE, "a misspelled end tag ends its element") \
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

struct MqXmlReader {
	const MqXmlHandler *handler;
	gpointer ctx;
	GString *in;         /* not yet understood */
	gsize in_new;        /* bytes of it that came since the last look */
	guint64 position;    /* bytes understood before in */
	const char *skip_to; /* what ends the comment, CDATA section … we are in; NULL */
	gboolean is_cdata;   /* and it is text */
	MqXmlOpen open;
	MqXmlText text;      /* of the leaf we are in */
	gboolean has_tag;    /* a start tag in it was read as text */
	gsize end_tag_at;    /* behind which of its text an end tag stands that ends nothing; G_MAXSIZE: none */
	guint64 n_known, n_wasted; /* elements that we know; markup that says nothing */
	gboolean seen[REPAIR_N];
	gboolean damaged;
	MqProblemCode problem;
};

MqXmlReader *
mq_xml_reader_new(const MqXmlNode *root, const MqXmlHandler *handler, gpointer ctx)
{
	MqXmlReader *reader = g_new0(MqXmlReader, 1);

	mq_xml_open_init(&reader->open, root, handler->namespaces);
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
	mq_xml_open_clear(&reader->open);
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

/* What costs time and says nothing is bounded by what is said. */
static gboolean
waste(MqXmlReader *reader, GError **error)
{
	if (++reader->n_wasted <= MQ_LIMIT_XML_WASTE + reader->n_known)
		return TRUE;
	return refuse(reader, MQ_PROBLEM_TOO_LARGE, error, "elements, tags and comments that say nothing are more than "
	              G_STRINGIFY(MQ_LIMIT_XML_WASTE));
}

/* --- elements open and close --- */

static gboolean
close_down_to(MqXmlReader *reader, guint depth, GError **error)
{
	while (reader->open.depth > depth) {
		const MqXmlNode *node = mq_xml_open_innermost(&reader->open);
		GString *text = reader->text.made;

		mq_xml_open_pop(&reader->open);
		if (node == NULL)
			continue;
		if (node->children != NULL)
			g_string_truncate(text, 0); /* of a leaf in it */
		if (!reader->handler->close(reader->ctx, node, text->str, text->len, error))
			return FALSE;
	}
	return TRUE;
}

/* The element that was pushed last, to whom it may concern. */
static gboolean
tell(MqXmlReader *reader, GError **error)
{
	const MqXmlOpen *open = &reader->open;
	const MqXmlFrame *frame = &open->frames[open->depth - 1];
	const MqXmlNode *around = open->depth > 1 ? frame[-1].node : NULL;
	char prefix[MQ_XML_NAME_BYTES + 1];
	const char *ns;

	if (frame->node == NULL && around == NULL && frame->known_above)
		return waste(reader, error);
	ns = frame->is_implied ? NULL : mq_xml_open_namespace(open, prefix);
	if (frame->node != NULL) {
		reader->n_known++;
		return reader->handler->open(reader->ctx, frame->node, ns, error);
	}
	reader->handler->unknown(reader->ctx, around, mq_xml_open_local_name(open, open->depth - 1), ns);
	return waste(reader, error);
}

/* @tag: (nullable): none is there, but should be */
static gboolean
push(MqXmlReader *reader, const MqXmlPlace *place, const MqXmlNode *node, const MqXmlTag *tag, gsize at, GError **error)
{
	gboolean attributes_ok;

	if (!mq_xml_open_push(&reader->open, place, node, tag, &attributes_ok))
		return refuse(reader, MQ_PROBLEM_TOO_DEEP, error, "elements are nested more than "
		              G_STRINGIFY(MQ_LIMIT_XML_DEPTH) " deep");
	if (!attributes_ok)
		repaired(reader, REPAIR_ATTRIBUTE, at);
	g_string_truncate(reader->text.made, 0);
	reader->text = (MqXmlText){ .made = reader->text.made };
	reader->has_tag = FALSE;
	reader->end_tag_at = G_MAXSIZE;
	return tell(reader, error);
}

/* Elements end without their end tags, down to @depth. */
static void
say_unended(MqXmlReader *reader, guint depth, guint kind, gsize at)
{
	const MqXmlOpen *open = &reader->open;

	while (depth < open->depth && open->frames[depth].is_implied)
		depth++; /* as was to be expected */
	if (depth == open->depth)
		return;
	if (mq_xml_open_in_leaf(open) && reader->end_tag_at != G_MAXSIZE) {
		g_string_truncate(reader->text.made, reader->end_tag_at);
		if (depth + 1 == open->depth)
			kind = REPAIR_MISSPELLED;
	}
	repaired(reader, kind, at);
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
read_text(MqXmlReader *reader, const char *bytes, gsize n, gsize at, gsize *used, GError **error)
{
	gboolean ended = FALSE;

	if (*bytes == '&')
		*used = mq_xml_text_read_reference(&reader->text, bytes, n);
	else
		*used = mq_xml_text_read(&reader->text, bytes, n, mq_xml_open_name(&reader->open, reader->open.depth - 1), FALSE,
		                         &ended);
	say_odd_text(reader, at);
	if (!ended)
		return TRUE;
	repaired(reader, REPAIR_END_TAG, at);
	return close_down_to(reader, reader->open.depth - 1, error);
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
	if (mq_xml_open_innermost(&reader->open) != NULL || reader->open.depth == 0)
		repaired(reader, REPAIR_STRAY, at + white);
	end = memchr(text + white, '<', n - white);
	return end != NULL ? (gsize)(end - text) : n;
}

/* --- markup --- */

static gboolean
start_element(MqXmlReader *reader, const MqXmlTag *tag, gsize at, gboolean *is_text, GError **error)
{
	const MqXmlPlace place = mq_xml_open_place(&reader->open, tag);

	*is_text = place.is_text;
	reader->has_tag = reader->has_tag || place.is_text;
	if (place.is_text)
		return TRUE;
	if (place.is_other_case)
		repaired(reader, REPAIR_CASE, at);
	say_unended(reader, place.depth, REPAIR_CROSSED, at);
	if (!close_down_to(reader, place.depth, error))
		return FALSE;
	if (place.implied != NULL) {
		repaired(reader, REPAIR_IMPLIED, at);
		if (!push(reader, &place, place.implied, NULL, at, error))
			return FALSE;
	}
	return push(reader, &place, place.node, tag, at, error)
	       && (!tag->is_empty || close_down_to(reader, reader->open.depth - 1, error));
}

static gboolean
end_element(MqXmlReader *reader, const MqXmlTag *tag, gsize at, gboolean *is_text, GError **error)
{
	guint depth = mq_xml_open_find(&reader->open, tag);

	if (depth > 0) {
		if (depth < reader->open.depth)
			say_unended(reader, depth, REPAIR_UNCLOSED, at);
		else if (reader->end_tag_at != G_MAXSIZE && mq_xml_open_in_leaf(&reader->open))
			repaired(reader, REPAIR_LESS_THAN, at);
		return close_down_to(reader, depth - 1, error);
	}
	*is_text = mq_xml_open_in_leaf(&reader->open);
	if (*is_text)
		return TRUE;
	repaired(reader, REPAIR_LEFT_OVER, at);
	return waste(reader, error);
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
begins(const char *bytes, gsize n, const char *start, gboolean *more)
{
	gsize len = strlen(start);

	if (n >= len)
		return memcmp(bytes, start, len) == 0;
	if (memcmp(bytes, start, n) == 0)
		*more = TRUE;
	return FALSE;
}

/* "<?xml … ?>", however it ends. How many bytes; 0: wants more */
static gsize
read_declaration(MqXmlReader *reader, const char *text, gsize n, gsize at)
{
	const char *end = memchr(text, '>', MIN(n, MQ_XML_TAG_BYTES));

	if (end == NULL && n < MQ_XML_TAG_BYTES)
		return 0;
	if (end == NULL || end[-1] != '?' || reader->open.depth > 0)
		repaired(reader, REPAIR_DECLARATION, at);
	return end != NULL ? (gsize)(end - text) + 1 : 5;
}

/* One without an internal subset names no entities, and what it points to is never fetched. */
static gboolean
read_doctype(MqXmlReader *reader, const char *text, gsize n, gsize at, gsize *used, GError **error)
{
	gsize end = strcspn(text, "[>");

	if (end < n && text[end] == '>') {
		repaired(reader, REPAIR_DOCTYPE, at);
		*used = end + 1;
		return TRUE;
	}
	if (end >= n && n < MQ_XML_TAG_BYTES)
		return TRUE;
	return refuse(reader, MQ_PROBLEM_XML_FORBIDDEN, error, "a document type with declarations is refused");
}

/* A '<' that begins nothing. */
static gsize
read_less_than(MqXmlReader *reader, gboolean is_end_tag, gsize at)
{
	gboolean in_leaf = mq_xml_open_in_leaf(&reader->open);

	if (is_end_tag && in_leaf && !reader->has_tag && reader->end_tag_at == G_MAXSIZE)
		reader->end_tag_at = reader->text.made->len; /* what follows tells whether it is text */
	else
		repaired(reader, in_leaf ? REPAIR_LESS_THAN : REPAIR_STRAY, at);
	if (in_leaf)
		mq_xml_text_add(&reader->text, '<');
	return 1;
}

/* Whether @text is just the end tag that is due. */
static gboolean
ends_innermost(const MqXmlReader *reader, const char *text, gsize n, gsize *used)
{
	const MqXmlFrame *frame;

	if (text[1] != '/' || reader->open.depth == 0 || reader->end_tag_at != G_MAXSIZE)
		return FALSE;
	frame = &reader->open.frames[reader->open.depth - 1];
	if (n < frame->n_name + 3 || text[frame->n_name + 2] != '>' || memcmp(text + 2, frame->name, frame->n_name) != 0)
		return FALSE;
	*used = frame->n_name + 3;
	return TRUE;
}

/* What follows "<name>" of a leaf: plain text and its end tag? How long the text is, or -1. */
static gssize
plain_leaf(const char *text, gsize n, gsize n_name)
{
	const char *plain = text + n_name + 2;
	gsize left = n - n_name - 2;
	gsize n_plain = mq_xml_text_plain(plain, MIN(left, MQ_LIMIT_XML_TEXT));
	const char *end = plain + n_plain;

	if (left - n_plain < n_name + 3 || end[0] != '<' || end[1] != '/' || end[n_name + 2] != '>'
	    || memcmp(end + 2, text + 1, n_name) != 0)
		return -1;
	return (gssize)n_plain;
}

/* A leaf that is done with at once: it needs no frame. Its text is told where it stands. */
static gboolean
tell_leaf(MqXmlReader *reader, const MqXmlNode *node, char *text, gsize n, GError **error)
{
	reader->n_known++;
	reader->has_tag = FALSE;
	reader->end_tag_at = G_MAXSIZE;
	text[n] = '\0'; /* over the '<' of the end tag */
	return reader->handler->open(reader->ctx, node, mq_xml_open_default_namespace(&reader->open), error)
	       && reader->handler->close(reader->ctx, node, text, n, error);
}

/* An element as most are. *@used stays 0 when it is none. */
static gboolean
read_usual(MqXmlReader *reader, char *text, gsize n, gsize at, gsize *used, GError **error)
{
	gsize n_name;
	const MqXmlNode *node = mq_xml_open_usual(&reader->open, text, n, &n_name);
	gssize n_text = node != NULL && node->children == NULL && reader->open.depth < MQ_LIMIT_XML_DEPTH
	                        ? plain_leaf(text, n, n_name)
	                        : -1;

	if (node == NULL)
		return TRUE;
	const MqXmlPlace place = { .node = node, .depth = reader->open.depth };
	const MqXmlTag tag = { .name = text + 1, .n_name = n_name, .n = n_name + 2 };

	*used = tag.n;
	if (n_text < 0)
		return push(reader, &place, node, &tag, at, error);
	*used += (gsize)n_text + n_name + 3;
	return tell_leaf(reader, node, text + tag.n, (gsize)n_text, error);
}

static gboolean
read_tag(MqXmlReader *reader, char *text, gsize n, gsize at, gsize *used, GError **error)
{
	gboolean is_text = FALSE;
	MqXmlTag tag;
	MqXmlFound found;

	if (ends_innermost(reader, text, n, used))
		return close_down_to(reader, reader->open.depth - 1, error);
	if (!read_usual(reader, text, n, at, used, error))
		return FALSE;
	if (*used > 0)
		return TRUE;
	found = mq_xml_tag_find(&tag, text, n);
	if (found == MQ_XML_FOUND_MORE)
		return TRUE;
	if (found == MQ_XML_FOUND_TAG
	    && !(tag.is_end ? end_element : start_element)(reader, &tag, at, &is_text, error))
		return FALSE;
	*used = found == MQ_XML_FOUND_NONE || is_text ? read_less_than(reader, is_text && tag.is_end, at) : tag.n;
	return TRUE;
}

/* Whatever begins with '<'. *@used stays 0 when more bytes are wanted. */
static gboolean
read_markup(MqXmlReader *reader, char *text, gsize n, gsize at, gsize *used, GError **error)
{
	gboolean more = FALSE;

	if (n > 1 && text[1] != '!' && text[1] != '?')
		return read_tag(reader, text, n, at, used, error);
	if (begins(text, n, "<?xml ", &more) && !more) {
		*used = read_declaration(reader, text, n, at);
		return TRUE;
	}
	if (begins(text, n, "<!DOCTYPE", &more))
		return read_doctype(reader, text, n, at, used, error);
	for (gsize i = 0; i < G_N_ELEMENTS(skipped) && !more; i++) {
		if (!begins(text, n, skipped[i].start, &more))
			continue;
		reader->skip_to = skipped[i].end;
		reader->is_cdata = skipped[i].is_cdata;
		*used = strlen(skipped[i].start);
		return waste(reader, error);
	}
	if (!more)
		*used = read_less_than(reader, FALSE, at);
	return TRUE;
}

/* Within a comment or the like. How much of it is understood. */
static gsize
read_skipped(MqXmlReader *reader, const char *text, gsize n, gsize at)
{
	gsize len = strlen(reader->skip_to), inside, used;
	const char *end = memmem(text, n, reader->skip_to, len);

	inside = end != NULL ? (gsize)(end - text) : n - MIN(n, len - 1);
	used = inside;
	if (reader->is_cdata && mq_xml_open_in_leaf(&reader->open)) {
		used = mq_xml_text_read(&reader->text, text, inside, NULL, end != NULL, NULL);
		say_odd_text(reader, at);
	}
	if (end == NULL)
		return used;
	reader->skip_to = NULL;
	return inside + len;
}

/* What @text begins with. *@used: how much of it is understood; 0: wants more */
static gboolean
read_piece(MqXmlReader *reader, char *text, gsize n, gsize at, gsize *used, GError **error)
{
	if (reader->skip_to == NULL && *text == '<')
		return read_markup(reader, text, n, at, used, error);
	if (reader->skip_to == NULL && mq_xml_open_in_leaf(&reader->open))
		return read_text(reader, text, n, at, used, error);
	*used = reader->skip_to != NULL ? read_skipped(reader, text, n, at) : skip_text(reader, text, n, at);
	return TRUE;
}

static gboolean
scan(MqXmlReader *reader, GError **error)
{
	char *text = reader->in->str;
	gsize n = reader->in->len, at = 0, used = 1;

	for (; at < n && used > 0; at += used) {
		used = 0;
		if (!read_piece(reader, text + at, n - at, at, &used, error))
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
	return reader->in_new < SCAN_BYTES || scan(reader, error);
}

/* What still wants more is cut: within an element whoever reads that will see so. */
gboolean
mq_xml_reader_finish(MqXmlReader *reader, GError **error)
{
	const MqXmlOpen *open = &reader->open;

	if (!scan(reader, error))
		return FALSE;
	if (open->depth == 0 && reader->in->len > 0)
		repaired(reader, REPAIR_STRAY, 0);
	if (open->depth > 0 && !open->frames[open->depth - 1].known_above && mq_xml_open_innermost(open) == NULL)
		repaired(reader, REPAIR_UNCLOSED, 0); /* around the root */
	return TRUE;
}
