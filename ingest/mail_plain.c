#include "ingest/mail_plain.h"

#include <string.h>

#include <gmime/gmime.h>

#include "ingest/limits.h"
#include "ingest/mime_value.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)

/* Each new field is compared with those before it. */
#define FIELDS_MAX 1000

typedef struct {
	const char *at, *end;
} Text;

static void
clear_leaf(gpointer leaf)
{
	g_array_unref(((MqPlainLeaf *)leaf)->fields);
}

void
mq_plain_mail_free(MqPlainMail *mail)
{
	if (mail == NULL)
		return;
	g_clear_pointer(&mail->fields, g_array_unref);
	g_array_unref(mail->leaves);
	g_free(mail);
}

/* The next line without its end, CRLF or LF; FALSE at the end of the text or at a line without end. */
static gboolean
next_line(Text *text, Text *line)
{
	const char *newline = text->at < text->end ? memchr(text->at, '\n', (gsize)(text->end - text->at)) : NULL;

	if (newline == NULL)
		return FALSE;
	line->at = text->at;
	line->end = newline > text->at && newline[-1] == '\r' ? newline - 1 : newline;
	text->at = newline + 1;
	return TRUE;
}

/* ------------------------------------------------------------------- header */

static const MqPlainField *
find_field(const GArray *fields, const char *name, gsize n, guint i)
{
	for (guint at = 0; at < fields->len; at++) {
		const MqPlainField *field = &g_array_index(fields, MqPlainField, at);

		if (field->n_name == n && g_ascii_strncasecmp(field->name, name, n) == 0 && i-- == 0)
			return field;
	}
	return NULL;
}

const MqPlainField *
mq_plain_field(const GArray *fields, const char *name, guint i)
{
	return find_field(fields, name, strlen(name), i);
}

char *
mq_plain_value(const GArray *fields, const char *name)
{
	const MqPlainField *field = mq_plain_field(fields, name, 0);

	return field != NULL ? g_strndup(field->value, field->n_value) : NULL;
}

static gboolean
is_plain_text(const Text *line)
{
	for (const char *c = line->at; c < line->end; c++)
		if ((*c < ' ' || *c > '~') && *c != '\t')
			return FALSE;
	return TRUE;
}

/* A line of white space ends a header in mails that were indented on their way. */
static gboolean
is_white(const Text *line)
{
	for (const char *c = line->at; c < line->end; c++)
		if (*c != ' ' && *c != '\t')
			return FALSE;
	return TRUE;
}

/* "Name: value"; FALSE when it is none. */
static gboolean
split_field(const Text *line, MqPlainField *field)
{
	const char *colon = line->at;

	while (colon < line->end && *colon > ' ' && *colon != ':')
		colon++;
	if (colon == line->at || colon == line->end || *colon != ':')
		return FALSE;
	field->name = line->at;
	field->n_name = (gsize)(colon - line->at);
	field->value = colon + 1;
	field->n_value = (gsize)(line->end - field->value);
	return TRUE;
}

/* Which of two decides is the library's business. */
static gboolean
says_content_twice(const GArray *fields, const MqPlainField *field)
{
	return field->n_name > 8 && g_ascii_strncasecmp(field->name, "Content-", 8) == 0
	       && find_field(fields, field->name, field->n_name, 0) != NULL;
}

/* Up to and with the empty line. (transfer full) (nullable) */
static GArray *
read_header(Text *text)
{
	g_autoptr(GArray) fields = g_array_new(FALSE, FALSE, sizeof(MqPlainField));
	Text line;

	while (next_line(text, &line)) {
		MqPlainField field;

		if (line.at == line.end)
			return g_steal_pointer(&fields);
		if (!is_plain_text(&line) || line.end - line.at > MQ_LIMIT_FIELD_BYTES)
			return NULL;
		if (*line.at == ' ' || *line.at == '\t') {
			MqPlainField *before;

			if (fields->len == 0 || is_white(&line))
				return NULL;
			before = &g_array_index(fields, MqPlainField, fields->len - 1);
			before->n_value = (gsize)(line.end - before->value);
			continue;
		}
		if (!split_field(&line, &field) || says_content_twice(fields, &field))
			return NULL;
		if (fields->len >= FIELDS_MAX)
			return NULL;
		g_array_append_val(fields, field);
	}
	return NULL; /* the header never ends */
}

/* ---------------------------------------------------------------- structure */

static gboolean read_part(MqPlainMail *mail, Text text, guint depth);

/* Where the value begins, white space skipped; "" when there is no such field. */
static Text
value_of(const GArray *fields, const char *name)
{
	const MqPlainField *field = mq_plain_field(fields, name, 0);
	Text value = { .at = "", .end = "" };

	if (field == NULL)
		return value;
	value.at = field->value;
	value.end = field->value + field->n_value;
	while (value.at < value.end && g_ascii_isspace(*value.at))
		value.at++;
	return value;
}

static gboolean
starts_with(const Text *text, const char *word)
{
	gsize n = strlen(word);

	return (gsize)(text->end - text->at) >= n && g_ascii_strncasecmp(text->at, word, n) == 0;
}

static gboolean
is_plain_multipart(const Text *type)
{
	return starts_with(type, "multipart/mixed") || starts_with(type, "multipart/related")
	       || starts_with(type, "multipart/alternative");
}

/* Others are decoded by what knows their framing. */
static gboolean
is_plain_encoding(const Text *encoding)
{
	static const char *const words[] = { "base64", "quoted-printable", "7bit", "8bit", "binary" };

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (starts_with(encoding, words[i]))
			return TRUE;
	return encoding->at == encoding->end;
}

typedef enum { LINE_OTHER, LINE_NEXT, LINE_LAST, LINE_ODD } LineKind;

/* @at: after the two dashes */
static LineKind
line_kind(const char *at, const char *end, const char *boundary, gsize n)
{
	if ((gsize)(end - at) < n || memcmp(at, boundary, n) != 0)
		return LINE_OTHER;
	at += n;
	if (at == end)
		return LINE_NEXT;
	return end - at == 2 && memcmp(at, "--", 2) == 0 ? LINE_LAST : LINE_ODD;
}

/* The line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1). */
static Text
until_boundary(const char *from, const char *newline)
{
	Text text = { .at = from, .end = MAX(from, newline) };

	if (text.end > text.at && text.end[-1] == '\r')
		text.end--;
	return text;
}

/* @body begins with the line end before its first line. */
static gboolean
split_parts(MqPlainMail *mail, Text body, const char *boundary, guint depth)
{
	gsize n = strlen(boundary);
	const char *part = NULL;
	const char *newline;

	while ((newline = memmem(body.at, (gsize)(body.end - body.at), "\n--", 3)) != NULL) {
		Text rest = { .at = newline + 1, .end = body.end };
		Text line;
		LineKind kind;

		if (!next_line(&rest, &line))
			return FALSE;
		kind = line_kind(line.at + 2, line.end, boundary, n);
		if (kind == LINE_ODD)
			return FALSE;
		body.at = rest.at - 1; /* its own line end, which the next boundary may need */
		if (kind == LINE_OTHER)
			continue;
		if (part != NULL && !read_part(mail, until_boundary(part, newline), depth + 1))
			return FALSE;
		if (kind == LINE_LAST)
			return part != NULL;
		part = rest.at;
	}
	return FALSE;
}

/* (transfer full) (nullable) */
static char *
boundary_of(const GArray *fields)
{
	const MqPlainField *field = mq_plain_field(fields, "Content-Type", 0);
	g_autoptr(GMimeContentType) type = NULL;
	g_autofree char *text = NULL;
	MqMimeValue value;

	if (mq_mime_value_parse(&value, field->value, field->n_value, TRUE))
		return g_strdup(mq_mime_value_param(&value, "boundary"));
	text = mq_plain_value(fields, "Content-Type");
	type = g_mime_content_type_parse(NULL, text);
	return type != NULL ? g_strdup(g_mime_content_type_get_parameter(type, "boundary")) : NULL;
}

static gboolean
read_multipart(MqPlainMail *mail, const GArray *fields, Text body, guint depth)
{
	g_autofree char *boundary = boundary_of(fields);

	if (boundary == NULL || boundary[0] == '\0' || depth >= MQ_PLAIN_DEPTH
	    || mq_plain_field(fields, "Content-Transfer-Encoding", 0) != NULL)
		return FALSE;
	body.at--; /* the line end of the empty line */
	return split_parts(mail, body, boundary, depth);
}

/* Takes @fields. */
static gboolean
add_leaf(MqPlainMail *mail, GArray *fields, const char *header, Text body)
{
	const MqPlainLeaf leaf = {
		.fields = fields,
		.header = header,
		.n_header = (gsize)(body.at - header),
		.body = body.at,
		.n_body = (gsize)(body.end - body.at),
	};

	g_array_append_val(mail->leaves, leaf);
	return mail->leaves->len < MQ_LIMIT_MESSAGE_PARTS;
}

/* A header and a body; what is a multipart is taken apart. */
static gboolean
read_part(MqPlainMail *mail, Text text, guint depth)
{
	const char *header = text.at;
	g_autoptr(GArray) fields = read_header(&text);
	Text type;
	Text encoding;

	if (fields == NULL || (depth == 0 && fields->len == 0)) /* an empty line may stand in front of a header */
		return FALSE;
	if (depth == 0)
		mail->fields = g_array_ref(fields);
	type = value_of(fields, "Content-Type");
	if (is_plain_multipart(&type))
		return read_multipart(mail, fields, text, depth);
	encoding = value_of(fields, "Content-Transfer-Encoding");
	if (starts_with(&type, "multipart") || starts_with(&type, "message") || !is_plain_encoding(&encoding))
		return FALSE;
	return add_leaf(mail, g_steal_pointer(&fields), header, text);
}

MqPlainMail *
mq_plain_mail_read(const char *bytes, gsize n)
{
	g_autoptr(MqPlainMail) mail = g_new0(MqPlainMail, 1);
	const Text text = { .at = bytes, .end = n > 0 ? bytes + n : bytes }; /* of nothing there is no pointer */

	mail->leaves = g_array_new(FALSE, FALSE, sizeof(MqPlainLeaf));
	g_array_set_clear_func(mail->leaves, clear_leaf);
	return read_part(mail, text, 0) ? g_steal_pointer(&mail) : NULL;
}
