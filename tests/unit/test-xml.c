/* The XML reader by itself: what a vocabulary makes of a document. */
#include "ingest/xml.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

static const MqXmlNode inner[] = { { .name = "leaf" }, { .name = NULL } };
static const MqXmlNode middle[] = { { .name = "box", .children = inner }, { .name = "leaf" }, { .name = NULL } };
static const MqXmlNode root = { .name = "root", .children = middle };

typedef struct {
	const char *rule, *document;
	const char *want; /* (box(leaf=text)); ? before an unknown element */
	gboolean damaged;
} Case;

static const Case cases[] = {
	{ "plain", "<root><leaf>a</leaf></root>", "(root(leaf=a))", FALSE },
	{ "empty element", "<root><leaf/></root>", "(root(leaf=))", FALSE },
	{ "predefined entities", "<root><leaf>&lt;&amp;&#65;&#x42;</leaf></root>", "(root(leaf=<&AB))", FALSE },
	{ "CDATA keeps markup", "<root><leaf><![CDATA[<b>&]]></leaf></root>", "(root(leaf=<b>&))", FALSE },
	{ "comment in a text", "<root><leaf>a<!-- <leaf> -->b</leaf></root>", "(root(leaf=ab))", FALSE },
	{ "unknown subtree is skipped", "<root><x><leaf>a</leaf></x></root>", "(root?x)", FALSE },
	{ "nested root is not one", "<root><x><root/></x></root>", "(root?x)", FALSE },
	{ "root within another", "<x><root/></x>", "?x(root)", FALSE },
	{ "end tag closes what is inside", "<root><box><leaf>a</root>", "(root(box(leaf=a)))", TRUE },
	{ "start tag closes a leaf", "<root><leaf>a<box/></root>", "(root(leaf=a)(box))", TRUE },
	{ "end tag of nothing", "<root></y></root>", "(root)", TRUE },
	{ "cut", "<root><leaf>a", "(root(leaf=", FALSE },
	{ "lines end in one way", "<root><leaf>a\r\nb\rc&#13;</leaf></root>", "(root(leaf=a\nb\nc\r))", FALSE },
	{ "a prefix is not the name", "<p:root xmlns:p='u'><p:leaf>a</p:leaf></p:root>", "(root[u](leaf[u]=a))", FALSE },
	{ "a default namespace", "<root xmlns='u'><leaf xmlns=\"v\">a</leaf><box/></root>", "(root[u](leaf[v]=a)(box[u]))", FALSE },
	{ "a prefix that nobody declared", "<p:root><q:x/></p:root>", "(root[p]?x[q])", FALSE },
	{ "a reserved namespace", "<root xmlns='http://www.w3.org/XML/1998/namespace'><xml:x/></root>",
	  "(root?x[http://www.w3.org/XML/1998/namespace])", FALSE },
	{ "end tag without its <", "<root><leaf>a/leaf><leaf>b</leaf></root>", "(root(leaf=a)(leaf=b))", FALSE },
	{ "attributes with a bracket", "<root a='>'><leaf b=\"/>\">a</leaf></root>", "(root(leaf=a))", FALSE },
};

static void
say_namespace(GString *said, const char *ns)
{
	if (ns != NULL)
		g_string_append_printf(said, "[%s]", ns);
}

static gboolean
on_open(gpointer ctx, const MqXmlNode *node, const char *ns, GError **error)
{
	(void)error;
	g_string_append_printf(ctx, "(%s", node->name);
	say_namespace(ctx, ns);
	g_string_append(ctx, node->children == NULL ? "=" : "");
	return TRUE;
}

static gboolean
on_close(gpointer ctx, const MqXmlNode *node, char *text, gsize n, GError **error)
{
	(void)node;
	(void)error;
	g_assert_cmpuint(strlen(text), ==, n);
	g_string_append_printf(ctx, "%s)", text);
	return TRUE;
}

static void
on_unknown(gpointer ctx, const MqXmlNode *parent, const char *name, const char *ns)
{
	(void)parent;
	g_string_append_printf(ctx, "?%s", name);
	say_namespace(ctx, ns);
}

/* When a repair is told, against what is read, is a matter of buffers: only that it is. */
static void
on_note(gpointer ctx, MqProblemCode code, const char *reason)
{
	(void)ctx;
	(void)code;
	g_assert_true(*reason != '\0');
}

static const MqXmlHandler handler = { NULL, on_open, on_close, on_unknown, on_note };

/* In pieces of up to @piece bytes, which are not those that it is looked at in. (transfer full) */
static char *
read_by(const MqXmlHandler *by, const char *document, gsize n, gsize piece, gboolean *damaged)
{
	g_autoptr(GString) said = g_string_new(NULL);
	g_autoptr(MqXml) xml = mq_xml_new(&root, by, NULL, said);

	for (gsize at = 0; at < n; at += MIN(piece, n - at))
		g_assert_true(mq_xml_feed(xml, (const guint8 *)document + at, MIN(piece, n - at), NULL));
	g_assert_true(mq_xml_finish(xml, NULL));
	*damaged = mq_xml_is_damaged(xml);
	return g_string_free(g_steal_pointer(&said), FALSE);
}

static char *
read_in_pieces(const char *document, gsize n, gsize piece, gboolean *damaged)
{
	return read_by(&handler, document, n, piece, damaged);
}

static void
test_read(gconstpointer data)
{
	const Case *row = data;
	gboolean damaged;
	g_autofree char *said = read_in_pieces(row->document, strlen(row->document), G_MAXSIZE, &damaged);

	g_assert_cmpstr(said, ==, row->want);
	g_assert_cmpint(damaged, ==, row->damaged);
}

/* An element that is not near the end of what there is may be read at once: that is the same. */
static char *
read_far_from_end(const MqXmlHandler *by, const char *document, gboolean *damaged)
{
	g_autofree char *tail = g_strnfill(200, 'x');
	g_autofree char *longer = g_strdup_printf("%s<!--%s-->", document, tail);

	return read_by(by, longer, strlen(longer), G_MAXSIZE, damaged);
}

static void
test_at_once(gconstpointer data)
{
	const Case *row = data;
	gboolean damaged;
	g_autofree char *said = read_far_from_end(&handler, row->document, &damaged);

	g_assert_cmpstr(said, ==, row->want);
	g_assert_cmpint(damaged, ==, row->damaged);
}

/* What has no prefix is of the vocabulary or not, as declarations come and go. */
static void
test_default_namespace(void)
{
	static const char *const ours[] = { "u", "v", NULL };
	static const MqXmlHandler by = { ours, on_open, on_close, on_unknown, on_note };
	static const Case rows[] = {
		{ "foreign", "<root xmlns='u'><box xmlns='z'><leaf>a</leaf></box><leaf>b</leaf></root>", "(root[u]?box[z](leaf[u]=b))", FALSE },
		{ "ours", "<root xmlns='u'><box xmlns='v'><leaf>a</leaf></box><leaf>b</leaf></root>", "(root[u](box[v](leaf[v]=a))(leaf[u]=b))", FALSE },
		{ "the root's own", "<root xmlns='w'><box><leaf>a</leaf></box></root>", "(root[w](box[w](leaf[w]=a)))", FALSE },
		{ "a foreign default", "<u:root xmlns:u='u' xmlns='z'><leaf>a</leaf><u:leaf>b</u:leaf></u:root>", "(root[u]?leaf[z](leaf[u]=b))", FALSE },
		{ "none, and a foreign prefix", "<root xmlns:z='z'><leaf>a</leaf><z:leaf>b</z:leaf></root>", "(root(leaf=a)?leaf[z])", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		gboolean damaged;
		g_autofree char *near = read_by(&by, rows[i].document, strlen(rows[i].document), G_MAXSIZE, &damaged);
		g_autofree char *far = read_far_from_end(&by, rows[i].document, &damaged);

		g_assert_cmpstr(near, ==, rows[i].want);
		g_assert_cmpstr(far, ==, rows[i].want);
	}
}

/* Wherever a buffer ends, the same is read: a comment in front moves the document through all places. */
static void
test_buffers(gconstpointer data)
{
	const Case *row = data;
	gsize n = strlen(row->document);

	for (gsize cut = 1; cut < n; cut++) {
		g_autoptr(GString) moved = g_string_new("<!--");
		g_autofree char *said = NULL;
		gboolean damaged;

		while (moved->len < 4096 - 3 - cut)
			g_string_append_c(moved, 'x');
		g_string_append_printf(moved, "-->%s", row->document);
		said = read_in_pieces(moved->str, moved->len, 4096, &damaged);
		g_assert_cmpstr(said, ==, row->want);
		g_assert_cmpint(damaged, ==, row->damaged);
	}
}

/* A name without end is none, and is not waited for. */
static void
test_endless_tag(void)
{
	g_autoptr(GString) document = g_string_new("<root><leaf>a<");
	g_autofree char *said = NULL;
	gboolean damaged;

	for (guint i = 0; i < 20000; i++)
		g_string_append_c(document, 'x');
	g_string_append(document, "></leaf></root>");
	said = read_in_pieces(document->str, document->len, 1000, &damaged);
	g_assert_true(g_str_has_prefix(said, "(root(leaf=a<xxx"));
	g_assert_true(g_str_has_suffix(said, "xxx>))"));
	g_assert_false(damaged);
}

/* --- what is well-formed is read as libxml2 reads it --- */

typedef struct {
	GString *said, *text;
	const MqXmlNode *path[64];
	guint depth, known;
} Oracle;

static void
oracle_start(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
             const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	Oracle *oracle = ctx;
	const char *name = (const char *)local, *ns = (const char *)(uri != NULL ? uri : prefix);
	const MqXmlNode *around = oracle->depth > 0 ? oracle->path[oracle->depth - 1] : NULL, *node = NULL;

	(void)n_namespaces, (void)namespaces, (void)n_attributes, (void)n_defaulted, (void)attributes;
	if (around != NULL)
		node = mq_xml_node_child(around, name, strlen(name));
	else if (oracle->known == 0 && g_str_equal(name, root.name))
		node = &root;
	oracle->path[oracle->depth++] = node;
	oracle->known += node != NULL;
	g_string_truncate(oracle->text, 0);
	if (node != NULL)
		on_open(oracle->said, node, ns, NULL);
	else if (around != NULL || oracle->known == 0)
		on_unknown(oracle->said, around, name, ns);
}

static void
oracle_end(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
	Oracle *oracle = ctx;
	const MqXmlNode *node = oracle->path[--oracle->depth];

	(void)local, (void)prefix, (void)uri;
	if (node == NULL || node->children != NULL)
		g_string_truncate(oracle->text, 0);
	oracle->known -= node != NULL;
	if (node != NULL)
		on_close(oracle->said, node, oracle->text->str, oracle->text->len, NULL);
}

static void
oracle_text(void *ctx, const xmlChar *text, int n)
{
	g_string_append_len(((Oracle *)ctx)->text, (const char *)text, n);
}

static char *
read_by_libxml2(const GString *document)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC, .startElementNs = oracle_start, .endElementNs = oracle_end,
		.characters = oracle_text, .ignorableWhitespace = oracle_text,
	};
	Oracle oracle = { .said = g_string_new(NULL), .text = g_string_new(NULL) };

	if (xmlSAXUserParseMemory(&sax, &oracle, document->str, (int)document->len) != 0)
		g_error("not well-formed: %s", document->str);
	g_string_free(oracle.text, TRUE);
	return g_string_free(oracle.said, FALSE);
}

#define PICK(list) list[g_test_rand_int_range(0, G_N_ELEMENTS(list))]

static void
make_text(GString *out)
{
	static const char *const pieces[] = {
		"a", " b ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#65;", "&#x20ac;", "&#13;",
		"\303\251", "\360\237\230\200", "'", "\"", ">", "/", "<!-- <leaf> & -->", "<?x <leaf> ?>",
		"<![CDATA[<b>&amp;\r\nx]]>", "<![CDATA[]]>", "long text that goes on for a while",
	};

	for (gint n = g_test_rand_int_range(0, 6); n > 0; n--)
		g_string_append(out, PICK(pieces));
}

static void
make_between(GString *out)
{
	static const char *const pieces[] = { "", "", "\n  ", "\r\n", "<!-- -x- -->", "<?pi?>", "\t" };

	g_string_append(out, PICK(pieces));
}

static const MqXmlNode *
random_child(const MqXmlNode *children)
{
	gint n = 0;

	while (children[n].name != NULL)
		n++;
	return &children[g_test_rand_int_range(0, n)];
}

/* What an element is called depends on where it stands: one out of place would be repaired. */
static void
make_element(GString *out, const MqXmlNode *node, guint depth)
{
	static const char *const unknown[] = { "u", "v-1", "w.x", "_y" };
	static const char *const prefixes[] = { "", "", "", "p:", "q:" };
	static const char *const attributes[] = {
		"", "", "", " a='1'", " b=\"x>y\"", " xmlns='urn:one'", " xmlns:p=\"urn:two\"", "\n xmlns:q = 'urn:a-b' ",
		" xmlns:p='urn:three' c='/'",
	};
	g_autofree char *name = g_strconcat(PICK(prefixes), node != NULL ? node->name : PICK(unknown), NULL);
	const MqXmlNode *children = node != NULL ? node->children : NULL;
	gboolean is_leaf = node != NULL && children == NULL;
	gint n = is_leaf || depth > 5 ? 0 : g_test_rand_int_range(0, 6);

	g_string_append_printf(out, "<%s%s", name, PICK(attributes));
	if (!is_leaf && n == 0) {
		g_string_append(out, g_test_rand_bit() ? "/>" : " />");
		return;
	}
	g_string_append_c(out, '>');
	for (; n > 0; n--) {
		make_between(out);
		make_element(out, children != NULL && g_test_rand_bit() ? random_child(children) : NULL, depth + 1);
	}
	(is_leaf ? make_text : make_between)(out);
	g_string_append_printf(out, "</%s%s>", name, g_test_rand_bit() ? " " : "");
}

static void
test_like_libxml2(void)
{
	for (guint i = 0; i < 3000; i++) {
		g_autoptr(GString) document = g_string_new(g_test_rand_bit() ? "<?xml version='1.0' encoding='UTF-8'?>" : "");
		g_autofree char *want = NULL;
		g_autofree char *got = NULL;
		gboolean damaged;

		make_element(document, &root, 0);
		want = read_by_libxml2(document);
		got = read_in_pieces(document->str, document->len, (gsize)g_test_rand_int_range(1, 9000), &damaged);
		if (!g_str_equal(got, want))
			g_test_message("%s", document->str);
		g_assert_cmpstr(got, ==, want);
		g_assert_false(damaged);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/xml/", cases[i].rule, NULL);
		g_autofree char *buffers = g_strconcat("/xml/buffers/", cases[i].rule, NULL);
		g_autofree char *at_once = g_strdup_printf("/xml/at once/%s", cases[i].rule);

		g_test_add_data_func(path, &cases[i], test_read);
		g_test_add_data_func(buffers, &cases[i], test_buffers);
		g_test_add_data_func(at_once, &cases[i], test_at_once);
	}
	g_test_add_func("/xml/default namespace", test_default_namespace);
	g_test_add_func("/xml/endless tag", test_endless_tag);
	g_test_add_func("/xml/like libxml2", test_like_libxml2);
	return g_test_run();
}
