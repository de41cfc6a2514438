/* What is called simple means what the library reads there. */
#include "ingest/mime_value.h"

#include <string.h>

#include <gmime/gmime.h>

typedef struct {
	const char *rule, *text;
	gboolean is_type;
	const char *want; /* word|name=value|…; NULL: not simple */
} Case;

static const Case cases[] = {
	{ "a type", "text/xml", TRUE, "text/xml" },
	{ "a parameter", " application/zip; name=a.zip", TRUE, "application/zip|name=a.zip" },
	{ "quotes", "attachment;\n\tfilename=\"a!b!1!2.xml.gz\" ; size=7", FALSE, "attachment|filename=a!b!1!2.xml.gz|size=7" },
	{ "nothing", "  ", FALSE, NULL },
	{ "a type of one word", "text", TRUE, NULL },
	{ "no value", "text/plain; name=", TRUE, NULL },
	{ "an empty value", "text/plain; name=\"\"", TRUE, NULL },
	{ "a value without end", "text/plain; name=\"a", TRUE, NULL },
	{ "a semicolon at the end", "text/plain;", TRUE, NULL },
	{ "a comment", "text/plain (is it?)", TRUE, NULL },
	{ "an escape", "text/plain; name=\"a\\\"b\"", TRUE, NULL },
	{ "an encoded word", "text/plain; name=\"=?utf-8?q?a?=\"", TRUE, NULL },
	{ "a continuation", "text/plain; name*0=a", TRUE, NULL },
	{ "said twice", "text/plain; name=a; NAME=b", TRUE, NULL },
	{ "nine parameters", "a/b; a=1; b=1; c=1; d=1; e=1; f=1; g=1; h=1; i=1", TRUE, NULL },
};

static char *
say(const MqMimeValue *value)
{
	GString *said = g_string_new(value->word);

	for (guint i = 0; i < value->n_params; i++)
		g_string_append_printf(said, "|%s=%s", value->params[i].name, value->params[i].value);
	return g_string_free(said, FALSE);
}

static void
test_parse(gconstpointer data)
{
	const Case *want = data;
	MqMimeValue value;
	g_autofree char *said = NULL;

	if (mq_mime_value_parse(&value, want->text, strlen(want->text), want->is_type))
		said = say(&value);
	g_assert_cmpstr(said, ==, want->want);
}

static void
test_too_long(void)
{
	g_autofree char *text = g_strnfill(MQ_MIME_VALUE_BYTES + 1, 'a');
	MqMimeValue value;

	g_assert_false(mq_mime_value_parse(&value, text, strlen(text), FALSE));
	g_assert_true(mq_mime_value_parse(&value, text, strlen(text) - 1, FALSE));
}

static void
assert_params(const MqMimeValue *value, GMimeParamList *params)
{
	g_assert_cmpint((int)value->n_params, ==, g_mime_param_list_length(params));
	for (guint i = 0; i < value->n_params; i++) {
		GMimeParam *param = g_mime_param_list_get_parameter(params, value->params[i].name);

		g_assert_nonnull(param);
		g_assert_cmpstr(value->params[i].value, ==, g_mime_param_get_value(param));
	}
}

static void
compare(const char *text)
{
	GMimeContentType *type = g_mime_content_type_parse(NULL, text);
	GMimeContentDisposition *disposition = g_mime_content_disposition_parse(NULL, text);
	g_autofree char *word = g_mime_content_type_get_mime_type(type);
	MqMimeValue value;

	if (mq_mime_value_parse(&value, text, strlen(text), TRUE)) {
		g_assert_cmpstr(value.word, ==, word);
		assert_params(&value, g_mime_content_type_get_parameters(type));
	}
	if (mq_mime_value_parse(&value, text, strlen(text), FALSE)) {
		g_assert_cmpstr(value.word, ==, g_mime_content_disposition_get_disposition(disposition));
		assert_params(&value, g_mime_content_disposition_get_parameters(disposition));
	}
	g_object_unref(type);
	g_object_unref(disposition);
}

static void
test_like_the_library(void)
{
	static const char *const pieces[] = {
		"text", "/", ";", "; ", "\n\t", "\r\n ", "name", "NAME", "filename", "=", "\"", "a b.xml", "x!y!1!2.xml.gz",
		"attachment", "(c)", "%20", "'", "*0", "=?utf-8?q?a?=", "\\", "=_b", "a@b", "\303\251", "text/plain", "; name=a",
		"; filename=\"a b\"", "; charset=utf-8", "application/gzip", " ;", "; x=\"\"",
	};

	for (guint i = 0; i < 30000; i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		for (gint n = g_test_rand_int_range(1, 9); n > 0; n--)
			g_string_append(text, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
		compare(text->str);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_mime_init();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/mime-value/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_parse);
	}
	g_test_add_func("/mime-value/too long", test_too_long);
	g_test_add_func("/mime-value/like the library", test_like_the_library);
	return g_test_run();
}
