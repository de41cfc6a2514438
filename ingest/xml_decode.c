#include "ingest/xml_decode.h"

#include <errno.h>
#include <string.h>

#include "ingest/error.h"
#include "ingest/text.h"

#define START_BYTES 512 /* an XML declaration with its encoding is within */
#define RUN_BYTES   64  /* of characters beyond ASCII: whether they are UTF-8 is clear then */

struct MqXmlDecode {
	MqXmlOut out;
	MqXmlOdd odd;
	gpointer ctx;
	GByteArray *start; /* NULL once the encoding is known */
	GIConv iconv;      /* (GIConv)-1: the bytes pass as they are */
	gsize unit;        /* what to skip where the encoding breaks: 1, 2 or 4 bytes */
	char *label;       /* (nullable) the charset that the mail names: for bytes that are not UTF-8 */
	GByteArray *rest;  /* the first bytes of a character that goes on in the next chunk; undecided ones */
	gboolean broken_said;
};

MqXmlDecode *
mq_xml_decode_new(const char *charset, MqXmlOut out, MqXmlOdd odd, gpointer ctx)
{
	MqXmlDecode *decode = g_new0(MqXmlDecode, 1);

	decode->label = charset != NULL ? g_ascii_strdown(charset, -1) : NULL;
	decode->out = out;
	decode->odd = odd;
	decode->ctx = ctx;
	decode->start = g_byte_array_new();
	decode->rest = g_byte_array_new();
	decode->iconv = (GIConv)-1;
	return decode;
}

void
mq_xml_decode_free(MqXmlDecode *decode)
{
	if (decode == NULL)
		return;
	if (decode->iconv != (GIConv)-1)
		g_iconv_close(decode->iconv);
	g_clear_pointer(&decode->start, g_byte_array_unref);
	g_byte_array_unref(decode->rest);
	g_free(decode->label);
	g_free(decode);
}

/* What the first bytes tell, marks first. A '<' here may be white space there. */
static const struct {
	guint8 bytes[4];
	gsize n;
	gsize mark; /* bytes that are no text */
	const char *charset;
	gsize unit;
} starts[] = {
	{ { 0xff, 0xfe, 0x00, 0x00 }, 4, 4, "UTF-32LE", 4 },
	{ { 0x00, 0x00, 0xfe, 0xff }, 4, 4, "UTF-32BE", 4 },
	{ { 0xef, 0xbb, 0xbf },       3, 3, "UTF-8",    1 },
	{ { 0xff, 0xfe },             2, 2, "UTF-16LE", 2 },
	{ { 0xfe, 0xff },             2, 2, "UTF-16BE", 2 },
	{ { '<',  0x00, 0x00, 0x00 }, 4, 0, "UTF-32LE", 4 },
	{ { 0x00, 0x00, 0x00, '<' },  4, 0, "UTF-32BE", 4 },
	{ { '<',  0x00 },             2, 0, "UTF-16LE", 2 },
	{ { 0x00, '<' },              2, 0, "UTF-16BE", 2 },
	{ { 0x4c, 0x6f, 0xa7, 0x94 }, 4, 0, "EBCDIC",   1 },
};

/* Charsets that reports are written in; what they begin with. Nothing else is asked of iconv. */
static const char *const charsets[] = {
	"big5", "cp125", "euc-", "gb18030", "gb2312", "gbk", "iso-2022-jp", "iso-8859-", "iso8859", "koi8-",
	"latin", "macintosh", "shift_jis", "windows-", "tis-620",
};

/* The encoding that the XML declaration names, lower case, or NULL. */
static char *
declared_charset(const char *start, gsize n)
{
	const char *declaration = n > 0 ? g_strstr_len(start, (gssize)n, "<?xml") : NULL; /* of none, start is NULL */
	const char *end, *name;
	gsize left, i = 0;

	if (declaration == NULL)
		return NULL;
	left = n - (gsize)(declaration - start);
	end = memchr(declaration, '>', left);
	name = g_strstr_len(declaration, end != NULL ? end - declaration : (gssize)left, "encoding");
	if (name == NULL || end == NULL)
		return NULL;
	for (name += strlen("encoding"); name < end && strchr(" \t\r\n='\"", *name) != NULL; name++)
		;
	while (name + i < end && i < 40 && (g_ascii_isalnum(name[i]) || strchr("-_.:", name[i]) != NULL))
		i++;
	return i > 0 ? g_ascii_strdown(name, (gssize)i) : NULL;
}

static gboolean
is_known_charset(const char *charset)
{
	for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++)
		if (g_str_has_prefix(charset, charsets[i]))
			return TRUE;
	return FALSE;
}

static GIConv
open_charset(const char *charset)
{
	/* a C1 control is never meant: everybody who says Latin-1 reads it as its superset */
	if (g_str_equal(charset, "iso-8859-1") || g_str_equal(charset, "latin1"))
		charset = "windows-1252";
	return is_known_charset(charset) ? g_iconv_open("UTF-8", charset) : (GIConv)-1;
}

/* For bytes that come one by one, whatever their declaration says. */
static void
believe_declaration(MqXmlDecode *decode)
{
	gsize n = MIN(decode->start->len, START_BYTES); /* the same, however much came at once */
	g_autofree char *charset = declared_charset((const char *)decode->start->data, n);
	g_autofree char *reason = NULL;

	if (charset == NULL)
		return;
	g_clear_pointer(&decode->label, g_free);
	if (g_str_equal(charset, "utf-8") || g_str_equal(charset, "utf8") || g_str_equal(charset, "us-ascii")
	    || g_str_equal(charset, "ascii"))
		return;
	decode->iconv = open_charset(charset);
	if (decode->iconv != (GIConv)-1)
		return;
	reason = g_strdup_printf("the encoding '%s' that is declared cannot be right; read as UTF-8", charset);
	decode->odd(decode->ctx, reason);
}

static gboolean
begins(const GByteArray *start, const guint8 *bytes, gsize n)
{
	if (start->len < n)
		return FALSE;
	for (gsize i = 0; i < n; i++)
		if (start->data[i] != bytes[i] && !(bytes[i] == '<' && g_ascii_isspace(start->data[i])))
			return FALSE;
	return TRUE;
}

/* Returns FALSE when it is known and cannot be read. */
static gboolean
detect(MqXmlDecode *decode, GError **error)
{
	const GByteArray *start = decode->start;

	for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
		if (!begins(start, starts[i].bytes, starts[i].n))
			continue;
		if (g_str_equal(starts[i].charset, "EBCDIC")) {
			g_set_error(error, MQ_ERROR, MQ_ERROR_UNSUPPORTED, "the XML is written in EBCDIC");
			return FALSE;
		}
		g_byte_array_remove_range(decode->start, 0, (guint)starts[i].mark);
		decode->unit = starts[i].unit;
		g_clear_pointer(&decode->label, g_free);
		if (starts[i].unit > 1)
			decode->iconv = g_iconv_open("UTF-8", starts[i].charset);
		return TRUE;
	}
	decode->unit = 1;
	believe_declaration(decode);
	return TRUE;
}

static gboolean
skip_broken(MqXmlDecode *decode, char **in, gsize *in_left, GError **error)
{
	gsize skipped = MIN(decode->unit, *in_left);

	if (!decode->broken_said)
		decode->odd(decode->ctx, "bytes that the encoding does not have are read as U+FFFD");
	decode->broken_said = TRUE;
	*in += skipped;
	*in_left -= skipped;
	g_iconv(decode->iconv, NULL, NULL, NULL, NULL);
	return decode->out(decode->ctx, "\357\277\275", 3, error);
}

/* All that is in rest; what is left there afterwards is the beginning of a character. */
static gboolean
convert(MqXmlDecode *decode, GError **error)
{
	char *in = (char *)decode->rest->data;
	gsize in_left = decode->rest->len;
	char plain[8192];

	while (in_left > 0) {
		char *to = plain;
		gsize to_left = sizeof(plain);
		gsize result = g_iconv(decode->iconv, &in, &in_left, &to, &to_left);
		int reason = errno;

		if (to > plain && !decode->out(decode->ctx, plain, (gsize)(to - plain), error))
			return FALSE;
		if (result != (gsize)-1 || reason == E2BIG)
			continue;
		if (reason == EINVAL)
			break;
		if (!skip_broken(decode, &in, &in_left, error))
			return FALSE;
	}
	g_byte_array_remove_range(decode->rest, 0, decode->rest->len - (guint)in_left);
	return TRUE;
}

/* The mail's charset or UTF-8? The first characters beyond ASCII tell, which are in rest with what
 * comes after them. FALSE: not yet */
static gboolean
believe_label(MqXmlDecode *decode, gboolean final)
{
	const char *text = (const char *)decode->rest->data;
	gsize n = decode->rest->len, run = 0;

	while (run < n && run < RUN_BYTES && (guint8)text[run] >= 0x80)
		run++;
	if (run == n && run < RUN_BYTES && !final)
		return FALSE;
	if (!g_utf8_validate(text, (gssize)run, NULL))
		decode->iconv = open_charset(decode->label);
	g_clear_pointer(&decode->label, g_free);
	return TRUE;
}

static gboolean
flush_rest(MqXmlDecode *decode, GError **error)
{
	g_autoptr(GByteArray) rest = NULL;

	if (decode->iconv != (GIConv)-1)
		return convert(decode, error);
	rest = g_steal_pointer(&decode->rest);
	decode->rest = g_byte_array_new();
	return rest->len == 0 || decode->out(decode->ctx, (const char *)rest->data, rest->len, error);
}

/* ASCII is the same in either. */
static gboolean
pass_labelled(MqXmlDecode *decode, const guint8 *bytes, gsize n, GError **error)
{
	gsize ascii = 0;

	while (decode->rest->len == 0 && ascii < n && bytes[ascii] < 0x80)
		ascii++;
	if (ascii > 0 && !decode->out(decode->ctx, (const char *)bytes, ascii, error))
		return FALSE;
	g_byte_array_append(decode->rest, bytes + ascii, (guint)(n - ascii));
	return decode->rest->len == 0 || !believe_label(decode, FALSE) || flush_rest(decode, error);
}

static gboolean
pass(MqXmlDecode *decode, const guint8 *bytes, gsize n, GError **error)
{
	if (decode->label != NULL)
		return pass_labelled(decode, bytes, n, error);
	if (decode->iconv == (GIConv)-1)
		return decode->out(decode->ctx, (const char *)bytes, n, error);
	g_byte_array_append(decode->rest, bytes, (guint)n);
	return convert(decode, error);
}

static gboolean
begin(MqXmlDecode *decode, GError **error)
{
	g_autoptr(GByteArray) start = NULL;

	if (!detect(decode, error))
		return FALSE;
	start = g_steal_pointer(&decode->start);
	return pass(decode, start->data, start->len, error);
}

gboolean
mq_xml_decode_feed(MqXmlDecode *decode, const guint8 *bytes, gsize n, GError **error)
{
	if (decode->start == NULL)
		return pass(decode, bytes, n, error);
	g_byte_array_append(decode->start, bytes, (guint)n);
	return decode->start->len < START_BYTES || begin(decode, error);
}

gboolean
mq_xml_decode_finish(MqXmlDecode *decode, GError **error)
{
	if (decode->start != NULL && !begin(decode, error))
		return FALSE;
	if (decode->label != NULL && decode->rest->len > 0)
		believe_label(decode, TRUE);
	return flush_rest(decode, error);
}
