/* The XML reader by itself: what a vocabulary makes of a document. */
#include "ingest/xml.h"

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
	{ "attributes with a bracket", "<root a='>'><leaf b=\"/>\">a</leaf></root>", "(root(leaf=a))", FALSE },
};

static gboolean
on_open(gpointer ctx, const MqXmlNode *node, const char *ns, GError **error)
{
	(void)ns;
	(void)error;
	g_string_append_printf(ctx, node->children == NULL ? "(%s=" : "(%s", node->name);
	return TRUE;
}

static gboolean
on_close(gpointer ctx, const MqXmlNode *node, const char *text, GError **error)
{
	(void)node;
	(void)error;
	g_string_append_printf(ctx, "%s)", text);
	return TRUE;
}

static void
on_unknown(gpointer ctx, const MqXmlNode *parent, const char *name, const char *ns)
{
	(void)parent;
	(void)ns;
	g_string_append_printf(ctx, "?%s", name);
}

/* When a repair is told, against what is read, is a matter of buffers: only that it is. */
static void
on_note(gpointer ctx, MqProblemCode code, const char *reason)
{
	(void)ctx;
	(void)code;
	g_assert_true(*reason != '\0');
}

static const MqXmlHandler handler = { on_open, on_close, on_unknown, on_note };

static void
test_read(gconstpointer data)
{
	const Case *row = data;
	g_autoptr(GString) said = g_string_new(NULL);
	g_autoptr(MqXml) xml = mq_xml_new(&root, &handler, said);

	g_assert_true(mq_xml_feed(xml, (const guint8 *)row->document, strlen(row->document), NULL));
	g_assert_true(mq_xml_finish(xml, NULL));
	g_assert_cmpstr(said->str, ==, row->want);
	g_assert_cmpint(mq_xml_is_damaged(xml), ==, row->damaged);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/xml/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_read);
	}
	return g_test_run();
}
