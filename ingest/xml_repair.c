#include "ingest/xml_repair.h"

#include <string.h>

#include "ingest/limits.h"
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
	guint name_at;         /* in names; as it is written, with its prefix */
	gboolean known_above;  /* a known element is around this one */
} Frame;

struct MqXmlRepair {
	const MqXmlNode *root;
	gboolean (*out)(gpointer ctx, const char *bytes, gsize n, GError **error);
	void (*note)(gpointer ctx, MqProblemCode code, const char *reason);
	gpointer ctx;
	GString *in;         /* not yet understood */
	gsize in_new;        /* bytes of it that came since the last look */
	guint64 position;    /* bytes understood before in */
	GString *made;       /* to be passed on */
	const char *skip_to; /* what ends the comment, CDATA section … we are in; NULL */
	gboolean is_cdata;   /* and it is text */
	Frame frames[MQ_LIMIT_XML_DEPTH];
	guint depth;
	GString *names;
	MqXmlText text;      /* of the leaf we are in; writes to made */
	gboolean seen[REPAIR_N];
	gboolean damaged;
	MqProblemCode problem;
};

MqXmlRepair *
mq_xml_repair_new(const MqXmlNode *root, gboolean (*out)(gpointer ctx, const char *bytes, gsize n, GError **error),
                  void (*note)(gpointer ctx, MqProblemCode code, const char *reason), gpointer ctx)
{
	MqXmlRepair *repair = g_new0(MqXmlRepair, 1);

	repair->root = root;
	repair->out = out;
	repair->note = note;
	repair->ctx = ctx;
	repair->in = g_string_new(NULL);
	repair->made = g_string_new(NULL);
	repair->text.made = repair->made;
	repair->names = g_string_new(NULL);
	repair->problem = MQ_PROBLEM_XML_BROKEN;
	return repair;
}

void
mq_xml_repair_free(MqXmlRepair *repair)
{
	if (repair == NULL)
		return;
	g_string_free(repair->in, TRUE);
	g_string_free(repair->made, TRUE);
	g_string_free(repair->names, TRUE);
	g_free(repair);
}

gboolean
mq_xml_repair_is_damaged(const MqXmlRepair *repair)
{
	return repair->damaged;
}

MqProblemCode
mq_xml_repair_problem(const MqXmlRepair *repair)
{
	return repair->problem;
}

static void
repaired(MqXmlRepair *repair, guint kind, gsize at)
{
	g_autofree char *reason = NULL;

	repair->damaged |= repairs[kind].damage;
	if (repair->seen[kind])
		return;
	repair->seen[kind] = TRUE;
	reason = g_strdup_printf("%s (first near byte %" G_GUINT64_FORMAT ")", repairs[kind].text,
	                         repair->position + at);
	repair->note(repair->ctx, repairs[kind].code, reason);
}

static gboolean
refuse(MqXmlRepair *repair, MqProblemCode problem, GError **error, const char *why)
{
	repair->problem = problem;
	g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "%s", why);
	return FALSE;
}

/* --- the elements that are open --- */

static const MqXmlNode *
innermost(const MqXmlRepair *repair)
{
	return repair->depth > 0 ? repair->frames[repair->depth - 1].node : NULL;
}

static gboolean
in_leaf(const MqXmlRepair *repair)
{
	const MqXmlNode *node = innermost(repair);

	return node != NULL && node->children == NULL;
}

static const char *
frame_name(const MqXmlRepair *repair, guint i)
{
	return repair->names->str + repair->frames[i].name_at;
}

static const char *
local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static void
pop(MqXmlRepair *repair)
{
	repair->depth--;
	g_string_truncate(repair->names, repair->frames[repair->depth].name_at);
}

static void
close_down_to(MqXmlRepair *repair, guint depth)
{
	while (repair->depth > depth) {
		g_string_append(repair->made, "</");
		g_string_append(repair->made, frame_name(repair, repair->depth - 1));
		g_string_append_c(repair->made, '>');
		pop(repair);
	}
}

static gboolean
push(MqXmlRepair *repair, const MqXmlNode *node, const char *name, GError **error)
{
	gboolean known_above = repair->depth > 0 && (innermost(repair) != NULL
	                       || repair->frames[repair->depth - 1].known_above);
	Frame *frame;

	if (repair->depth == MQ_LIMIT_XML_DEPTH)
		return refuse(repair, MQ_PROBLEM_TOO_DEEP, error, "elements are nested more than "
		              G_STRINGIFY(MQ_LIMIT_XML_DEPTH) " deep");
	frame = &repair->frames[repair->depth++];
	*frame = (Frame){ .node = node, .name_at = (guint)repair->names->len, .known_above = known_above };
	g_string_append_len(repair->names, name, (gssize)strlen(name) + 1);
	repair->text = (MqXmlText){ .made = repair->made };
	return TRUE;
}

/* What an element called @name is, where we are: *@node, and *@depth, where it goes. FALSE: no
 * element at all but text. */
static gboolean
place(const MqXmlRepair *repair, const char *name, const MqXmlNode **node, guint *depth)
{
	const MqXmlNode *here = innermost(repair);
	gsize n = strlen(name);

	*depth = repair->depth;
	*node = NULL;
	if (here == NULL) {
		if ((repair->depth == 0 || !repair->frames[repair->depth - 1].known_above)
		    && g_str_equal(name, repair->root->name))
			*node = repair->root;
		return TRUE;
	}
	*node = mq_xml_node_child(here, name, n);
	if (*node != NULL)
		return TRUE;
	for (guint i = repair->depth - 1; i-- > 0 && repair->frames[i].node != NULL;) {
		const MqXmlNode *candidate = mq_xml_node_child(repair->frames[i].node, name, n);

		if (candidate == NULL || (here->children != NULL && candidate->children == NULL))
			continue;
		*node = candidate;
		*depth = i + 1;
		return TRUE;
	}
	if (g_str_equal(name, repair->root->name)) { /* the one before was never closed */
		for (*depth = 0; repair->frames[*depth].node == NULL; ++*depth)
			;
		*node = repair->root;
		return TRUE;
	}
	return here->children != NULL;
}

/* --- text --- */

/* Says what was odd about the text that was read last. */
static void
say_odd_text(MqXmlRepair *repair, gsize at)
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

	for (gsize i = 0; repair->text.odd != 0 && i < G_N_ELEMENTS(odds); i++)
		if (repair->text.odd & odds[i].odd)
			repaired(repair, odds[i].kind, at);
	repair->text.odd = 0;
}

/* In a leaf. How much is understood; 0: wants more */
static gsize
read_text(MqXmlRepair *repair, const char *bytes, gsize n, gboolean final, gsize at)
{
	gboolean ended = FALSE;
	gsize used;

	if (*bytes == '&')
		used = mq_xml_text_read_reference(&repair->text, bytes, n, final);
	else
		used = mq_xml_text_read(&repair->text, bytes, n, frame_name(repair, repair->depth - 1), final, &ended);
	say_odd_text(repair, at);
	if (ended) {
		repaired(repair, REPAIR_END_TAG, at);
		close_down_to(repair, repair->depth - 1);
	}
	return used;
}

/* Text where none belongs, up to the next '<'. */
static gsize
skip_text(MqXmlRepair *repair, const char *text, gsize n, gsize at)
{
	const char *end = memchr(text, '<', n);
	gsize len = end != NULL ? (gsize)(end - text) : n;

	for (gsize i = 0; i < len; i++) {
		if (!g_ascii_isspace(text[i])) {
			if (innermost(repair) != NULL || repair->depth == 0)
				repaired(repair, REPAIR_STRAY, at + i);
			break;
		}
	}
	return len;
}

/* --- markup --- */

static gboolean
start_element(MqXmlRepair *repair, const MqXmlTag *tag, gsize at, gboolean *is_text, GError **error)
{
	const MqXmlNode *node;
	guint depth;

	*is_text = !place(repair, local_name(tag->name), &node, &depth);
	if (*is_text)
		return TRUE;
	if (depth < repair->depth)
		repaired(repair, REPAIR_CROSSED, at);
	close_down_to(repair, depth);
	if (!push(repair, node, tag->name, error))
		return FALSE;
	g_string_append_c(repair->made, '<');
	g_string_append(repair->made, tag->name);
	if (tag->n_attributes > 0 && !mq_xml_tag_namespaces(tag, repair->made))
		repaired(repair, REPAIR_ATTRIBUTE, at);
	g_string_append_c(repair->made, '>');
	if (tag->is_empty)
		close_down_to(repair, depth);
	return TRUE;
}

static void
end_element(MqXmlRepair *repair, const MqXmlTag *tag, gsize at, gboolean *is_text)
{
	const char *local = local_name(tag->name);
	guint i = repair->depth;

	if (i > 0 && g_str_equal(frame_name(repair, i - 1), tag->name)) {
		close_down_to(repair, i - 1);
		return;
	}
	while (i > 0 && !g_str_equal(local_name(frame_name(repair, i - 1)), local))
		i--;
	if (i > 0) {
		if (i < repair->depth)
			repaired(repair, REPAIR_UNCLOSED, at);
		close_down_to(repair, i - 1);
		return;
	}
	*is_text = in_leaf(repair);
	if (!*is_text)
		repaired(repair, REPAIR_LEFT_OVER, at);
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
read_declaration(MqXmlRepair *repair, const char *text, gsize n, gboolean final, gsize at)
{
	const char *end = memchr(text, '>', MIN(n, MQ_XML_TAG_BYTES));

	if (end == NULL && n < MQ_XML_TAG_BYTES && !final)
		return 0;
	if (end == NULL || end[-1] != '?' || repair->depth > 0)
		repaired(repair, REPAIR_DECLARATION, at);
	return end != NULL ? (gsize)(end - text) + 1 : 5;
}

/* One without an internal subset names no entities, and what it points to is never fetched. */
static gboolean
read_doctype(MqXmlRepair *repair, const char *text, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	gsize end = strcspn(text, "[>");

	if (end < n && text[end] == '>') {
		repaired(repair, REPAIR_DOCTYPE, at);
		*used = end + 1;
		return TRUE;
	}
	if (end >= n && n < MQ_XML_TAG_BYTES && !final)
		return TRUE;
	return refuse(repair, MQ_PROBLEM_XML_FORBIDDEN, error, "a document type with declarations is refused");
}

/* A '<' that begins nothing. */
static gsize
read_less_than(MqXmlRepair *repair, gsize at)
{
	repaired(repair, in_leaf(repair) ? REPAIR_LESS_THAN : REPAIR_STRAY, at);
	if (in_leaf(repair))
		mq_xml_text_escape(&repair->text, '<');
	return 1;
}

static gboolean
read_tag(MqXmlRepair *repair, const char *text, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	gboolean is_text = FALSE;
	MqXmlTag tag;
	MqXmlFound found = mq_xml_tag_find(&tag, text, n, final);

	if (found == MQ_XML_FOUND_MORE)
		return TRUE;
	if (found == MQ_XML_FOUND_TAG && tag.is_end)
		end_element(repair, &tag, at, &is_text);
	else if (found == MQ_XML_FOUND_TAG && !start_element(repair, &tag, at, &is_text, error))
		return FALSE;
	*used = found == MQ_XML_FOUND_NONE || is_text ? read_less_than(repair, at) : tag.n;
	return TRUE;
}

/* Whatever begins with '<'. *@used stays 0 when more bytes are wanted. */
static gboolean
read_markup(MqXmlRepair *repair, const char *text, gsize n, gboolean final, gsize at, gsize *used, GError **error)
{
	gboolean more = FALSE;

	if (n > 1 && text[1] != '!' && text[1] != '?')
		return read_tag(repair, text, n, final, at, used, error);
	if (begins(text, n, "<?xml ", final, &more) && !more) {
		*used = read_declaration(repair, text, n, final, at);
		return TRUE;
	}
	if (begins(text, n, "<!DOCTYPE", final, &more))
		return read_doctype(repair, text, n, final, at, used, error);
	for (gsize i = 0; i < G_N_ELEMENTS(skipped) && !more; i++) {
		if (!begins(text, n, skipped[i].start, final, &more))
			continue;
		repair->skip_to = skipped[i].end;
		repair->is_cdata = skipped[i].is_cdata;
		*used = strlen(skipped[i].start);
		return TRUE;
	}
	if (!more)
		*used = read_less_than(repair, at);
	return TRUE;
}

/* Within a comment or the like. How much of it is understood. */
static gsize
read_skipped(MqXmlRepair *repair, const char *text, gsize n, gboolean final, gsize at)
{
	gsize len = strlen(repair->skip_to), inside, used;
	const char *end = memmem(text, n, repair->skip_to, len);

	inside = end != NULL ? (gsize)(end - text) : final ? n : n - MIN(n, len - 1);
	used = inside;
	if (repair->is_cdata && in_leaf(repair)) {
		used = mq_xml_text_read(&repair->text, text, inside, NULL, final || end != NULL, NULL);
		say_odd_text(repair, at);
	}
	if (end == NULL)
		return used;
	repair->skip_to = NULL;
	return inside + len;
}

static gboolean
scan(MqXmlRepair *repair, gboolean final, GError **error)
{
	const char *text = repair->in->str;
	gsize n = repair->in->len, at = 0;

	while (at < n) {
		gsize used = 0;

		if (repair->skip_to != NULL) {
			used = read_skipped(repair, text + at, n - at, final, at);
		} else if (text[at] == '<') {
			if (!read_markup(repair, text + at, n - at, final, at, &used, error))
				return FALSE;
		} else if (!in_leaf(repair)) {
			used = skip_text(repair, text + at, n - at, at);
		} else {
			used = read_text(repair, text + at, n - at, final, at);
		}
		if (used == 0)
			break;
		at += used;
	}
	repair->position += at;
	repair->in_new = 0;
	g_string_erase(repair->in, 0, (gssize)at);
	if (repair->made->len > 0 && !repair->out(repair->ctx, repair->made->str, repair->made->len, error))
		return FALSE;
	g_string_truncate(repair->made, 0);
	return TRUE;
}

gboolean
mq_xml_repair_feed(MqXmlRepair *repair, const char *bytes, gsize n, GError **error)
{
	g_string_append_len(repair->in, bytes, (gssize)n);
	repair->in_new += n;
	return repair->in_new < SCAN_BYTES || scan(repair, FALSE, error);
}

gboolean
mq_xml_repair_finish(MqXmlRepair *repair, GError **error)
{
	if (!scan(repair, TRUE, error))
		return FALSE;
	if (repair->depth > 0 && !repair->frames[repair->depth - 1].known_above && innermost(repair) == NULL)
		repaired(repair, REPAIR_UNCLOSED, 0); /* around the root */
	return TRUE;
}
