#include "ingest/xml_text.h"

#include <string.h>

#include "ingest/limits.h"

#define REFERENCE_BYTES 40
#define END_TAG_BYTES   64

enum { PLAIN, GREATER, LESS, AMPERSAND, RETURN, CONTROL, HIGH };

static const guint8 kinds[256] = {
	[0x00 ... 0x08] = CONTROL,
	[0x0b ... 0x0c] = CONTROL,
	[0x0e ... 0x1f] = CONTROL,
	['\r'] = RETURN,
	['<'] = LESS,
	['>'] = GREATER,
	['&'] = AMPERSAND,
	[0x80 ... 0xff] = HIGH,
};

/* g_string_append_len() is made for more than this, and that shows: it is called for each text. */
static void
append(GString *made, const char *bytes, gsize n)
{
	if (n >= made->allocated_len - made->len) {
		g_string_append_len(made, bytes, (gssize)n);
		return;
	}
	memcpy(made->str + made->len, bytes, n);
	made->len += n;
	made->str[made->len] = '\0';
}

static void
put(MqXmlText *text, const char *bytes, gsize n)
{
	gsize room = MQ_LIMIT_XML_TEXT - text->n_bytes;

	if (n > room) {
		text->odd |= MQ_XML_ODD_LONG;
		text->n_bytes = MQ_LIMIT_XML_TEXT; /* and nothing after it */
		for (n = room; n > 0 && ((guint8)bytes[n] & 0xc0) == 0x80; n--)
			;
	} else {
		text->n_bytes += n;
	}
	append(text->made, bytes, n);
}

void
mq_xml_text_add(MqXmlText *text, char c)
{
	put(text, &c, 1);
}

static void
put_character(MqXmlText *text, gunichar c)
{
	char utf8[6];

	put(text, utf8, (gsize)g_unichar_to_utf8(c, utf8));
}

/* A line ends in "\n", however it was written (XML 1.0 section 2.11). How many bytes; 0: wants more. */
static gsize
read_return(MqXmlText *text, const char *bytes, gsize n, gboolean final)
{
	if (n == 1 && !final)
		return 0;
	text->after_high = FALSE;
	mq_xml_text_add(text, '\n');
	return n > 1 && bytes[1] == '\n' ? 2 : 1;
}

static gboolean
is_xml_character(gunichar c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) || (c >= 0xe000 && c < 0xfffe)
	       || (c >= 0x10000 && c < 0x110000);
}

/* A lone byte between ASCII is what a mailer of the nineties writes; others could be anything. */
static gunichar
guess_byte(const MqXmlText *text, const guint8 *bytes, gsize n)
{
	static const guint16 windows[32] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
		0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
		0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
	};

	if (text->after_high || (n > 1 && bytes[1] >= 0x80))
		return 0xfffd;
	return bytes[0] < 0xa0 ? windows[bytes[0] - 0x80] : bytes[0];
}

/* The character that begins at @bytes, beyond ASCII. How many bytes it has; 0: wants more. */
static gsize
read_high(MqXmlText *text, const char *bytes, gsize n, gboolean final)
{
	gunichar c = g_utf8_get_char_validated(bytes, (gssize)MIN(n, 6));
	gboolean is_broken = c == (gunichar)-1 || c == (gunichar)-2;

	if (!final && (c == (gunichar)-2 || (c == (gunichar)-1 && n == 1)))
		return 0;
	if (is_broken) {
		text->odd |= MQ_XML_ODD_UTF8;
		put_character(text, guess_byte(text, (const guint8 *)bytes, n));
	} else if (is_xml_character(c)) {
		put_character(text, c);
	} else {
		text->odd |= MQ_XML_ODD_CHARACTER;
		put_character(text, 0xfffd);
	}
	text->after_high = TRUE;
	return is_broken ? 1 : (gsize)g_unichar_to_utf8(c, NULL);
}

/* One character that cannot pass as it is. */
static gsize
read_special(MqXmlText *text, const char *bytes, gsize n, gboolean final)
{
	switch (kinds[(guint8)*bytes]) {
	case HIGH:
		return read_high(text, bytes, n, final);
	case RETURN:
		return read_return(text, bytes, n, final);
	case CONTROL:
		text->odd |= MQ_XML_ODD_CHARACTER;
		put_character(text, 0xfffd);
		return 1;
	default:
		mq_xml_text_add(text, *bytes);
		return 1;
	}
}

/* "2025/report_id": where the end tag begins that lost its '<', or NULL. */
static const char *
find_end_tag(const char *bytes, gsize n, const char *name)
{
	gsize len = strlen(name);

	if (n <= len || bytes[n - len - 1] != '/' || memcmp(bytes + n - len, name, len) != 0)
		return NULL;
	return bytes + n - len - 1;
}

/* How much of plain text can pass: what may yet turn out to be such an end tag cannot. */
static gsize
passable(const char *bytes, gsize n)
{
	gsize tail = MIN(n, END_TAG_BYTES);
	const char *slash = memrchr(bytes + n - tail, '/', tail);

	return slash != NULL ? (gsize)(slash - bytes) : n;
}

gsize
mq_xml_text_read(MqXmlText *text, const char *bytes, gsize n, const char *name, gboolean final, gboolean *ended)
{
	gsize start = 0, i = 0, used;

	while (i < n) {
		gsize plain = i;
		const char *end_tag;
		guint8 kind;

		while (i < n && kinds[(guint8)bytes[i]] == PLAIN)
			i++;
		text->after_high = text->after_high && i == plain;
		if (i == n)
			break;
		kind = kinds[(guint8)bytes[i]];
		end_tag = kind == GREATER && name != NULL ? find_end_tag(bytes + start, i - start, name) : NULL;
		if (end_tag != NULL) {
			put(text, bytes + start, (gsize)(end_tag - bytes) - start);
			*ended = TRUE;
			return i + 1;
		}
		put(text, bytes + start, i - start);
		start = i;
		if (name != NULL && (kind == LESS || kind == AMPERSAND))
			return i;
		used = read_special(text, bytes + i, n - i, final);
		if (used == 0)
			return i;
		start = i += used;
	}
	used = final || name == NULL ? n - start : passable(bytes + start, n - start);
	put(text, bytes + start, used);
	return start + used;
}

gsize
mq_xml_text_plain(const char *bytes, gsize n)
{
	gsize i = 0;

	while (i < n && kinds[(guint8)bytes[i]] == PLAIN)
		i++;
	return i;
}

/* The character of "#65", "#x41", "amp" or "eacute"; 0 for none. */
static gunichar
reference_character(MqXmlText *text, const char *name)
{
	static const struct {
		const char *name;
		gunichar c;
	} predefined[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
	gboolean is_hex = name[0] == '#' && name[1] == 'x';
	const char *digits = name + (is_hex ? 2 : 1);
	gunichar c;
	char *rest;

	for (gsize i = 0; i < G_N_ELEMENTS(predefined); i++)
		if (g_str_equal(name, predefined[i].name))
			return predefined[i].c;
	if (name[0] != '#') {
		c = mq_xml_entity(name);
		text->odd |= c != 0 ? MQ_XML_ODD_ENTITY : 0;
		return c;
	}
	c = (gunichar)MIN(g_ascii_strtoull(digits, &rest, is_hex ? 16 : 10), 0x110000);
	if (*rest != '\0' || !(is_hex ? g_ascii_isxdigit(*digits) : g_ascii_isdigit(*digits)))
		return 0;
	if (is_xml_character(c))
		return c;
	text->odd |= MQ_XML_ODD_CHARACTER;
	return 0xfffd;
}

gsize
mq_xml_text_read_reference(MqXmlText *text, const char *bytes, gsize n)
{
	const char *end = memchr(bytes, ';', MIN(n, REFERENCE_BYTES));
	gunichar c = 0;

	if (end == NULL && n < REFERENCE_BYTES)
		return 0;
	if (end != NULL) {
		g_autofree char *name = g_strndup(bytes + 1, (gsize)(end - bytes) - 1);

		c = reference_character(text, name);
	}
	text->after_high = FALSE;
	if (c == 0) {
		text->odd |= MQ_XML_ODD_AMPERSAND;
		mq_xml_text_add(text, '&');
		return 1;
	}
	put_character(text, c);
	return (gsize)(end - bytes) + 1;
}
