#include "ingest/mail_own.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/mail_scan.h"
#include "ingest/mime_value.h"
#include "ingest/text.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentDisposition, g_object_unref)

/* A mail of up to this size is held; if it is a plain one, it is read without the library's parser. */
#define PLAIN_BYTES (1024 * 1024)

void
mq_mail_init(void)
{
	g_mime_init();
}

static void
leaf_free(gpointer data)
{
	MqMailLeaf *leaf = data;

	g_free(leaf->shown.type);
	g_free(leaf->shown.charset);
	g_free(leaf->shown.name);
	g_free(leaf);
}

/* ---------------------------------------------------------------- structure */

static char *
type_of(GMimeContentType *type)
{
	g_autofree char *text = type != NULL ? g_mime_content_type_get_mime_type(type) : g_strdup("text/plain");
	char *clean = mq_text_clean(text, -1, MQ_LIMIT_FIELD_BYTES);

	for (char *c = clean; *c != '\0'; c++)
		*c = g_ascii_tolower(*c);
	return clean;
}

/* What the fields of a part say about it. */
typedef struct {
	char *type;    /* lower case */
	char *charset; /* (nullable) */
	char *name;    /* (nullable) */
} Described;

static void
described_clear(Described *described)
{
	g_free(described->type);
	g_free(described->charset);
	g_free(described->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Described, described_clear)

static Described
describe(GMimeContentType *type)
{
	return (Described){
		.type = type_of(type),
		.charset = type != NULL ? g_strdup(g_mime_content_type_get_parameter(type, "charset")) : NULL,
		.name = type != NULL ? g_strdup(g_mime_content_type_get_parameter(type, "name")) : NULL,
	};
}

static MqMailLeaf *
new_leaf(MqMail *mail, Described *described, const char *name, const char *disposition)
{
	MqMailLeaf *leaf = g_new0(MqMailLeaf, 1);

	leaf->shown.type = g_steal_pointer(&described->type);
	leaf->shown.charset = g_steal_pointer(&described->charset);
	leaf->shown.name = name != NULL ? mq_text_clean(name, -1, MQ_LIMIT_FIELD_BYTES) : NULL;
	leaf->shown.is_attachment = leaf->shown.name != NULL
	                            || (disposition != NULL && g_ascii_strcasecmp(disposition, "attachment") == 0);
	g_ptr_array_add(mail->leaves, leaf);
	return leaf;
}

static void
add_leaf(MqMail *mail, GMimeObject *object)
{
	const char *name = GMIME_IS_PART(object) ? g_mime_part_get_filename(GMIME_PART(object)) : NULL;
	g_auto(Described) described = { .type = NULL };
	MqMailLeaf *leaf;

	if (mail->leaves->len >= MQ_LIMIT_MESSAGE_PARTS) {
		mail->cut = TRUE;
		return;
	}
	described = describe(g_mime_object_get_content_type(object));
	leaf = new_leaf(mail, &described, name, g_mime_object_get_disposition(object));
	leaf->object = object;
	leaf->shown.is_mail = GMIME_IS_MESSAGE_PART(object)
	                      && g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)) != NULL;
}

static void
flatten(MqMail *mail, GMimeObject *object, guint depth)
{
	GMimeMultipart *multipart;
	int n;

	if (!GMIME_IS_MULTIPART(object)) {
		add_leaf(mail, object);
		return;
	}
	if (depth >= MQ_LIMIT_MULTIPARTS) {
		mail->cut = TRUE;
		return;
	}
	multipart = GMIME_MULTIPART(object);
	n = g_mime_multipart_get_count(multipart);
	for (int i = 0; i < n && !mail->cut; i++)
		flatten(mail, g_mime_multipart_get_part(multipart, i), depth + 1);
}

MqMail *
mq_mail_of(GMimeMessage *message, GMimeStream *stream)
{
	MqMail *mail = g_new0(MqMail, 1);
	GMimeObject *top = g_mime_message_get_mime_part(message);

	mail->message = message;
	mail->stream = g_object_ref(stream);
	mail->leaves = g_ptr_array_new_with_free_func(leaf_free);
	mail->type = type_of(top != NULL ? g_mime_object_get_content_type(top) : NULL);
	if (top != NULL)
		flatten(mail, top, 0);
	return mail;
}

/* Of a plain mail, what is in the fields is read by the library where it is not simple. */
static Described
plain_type(const GArray *fields)
{
	const MqPlainField *field = mq_plain_field(fields, "Content-Type", 0);
	g_autoptr(GMimeContentType) type = NULL;
	g_autofree char *text = NULL;
	MqMimeValue value;

	if (field != NULL && mq_mime_value_parse(&value, field->value, field->n_value, TRUE))
		return (Described){
			.type = g_ascii_strdown(value.word, -1),
			.charset = g_strdup(mq_mime_value_param(&value, "charset")),
			.name = g_strdup(mq_mime_value_param(&value, "name")),
		};
	text = mq_plain_value(fields, "Content-Type");
	type = text != NULL ? g_mime_content_type_parse(NULL, text) : NULL;
	return describe(type);
}

/* The same. @name: (out) (nullable) (transfer full): of the file. Returns: (transfer full) (nullable) */
static char *
plain_disposition(const GArray *fields, char **name)
{
	const MqPlainField *field = mq_plain_field(fields, "Content-Disposition", 0);
	g_autoptr(GMimeContentDisposition) disposition = NULL;
	g_autofree char *text = NULL;
	MqMimeValue value;

	*name = NULL;
	if (field == NULL)
		return NULL;
	if (mq_mime_value_parse(&value, field->value, field->n_value, FALSE)) {
		*name = g_strdup(mq_mime_value_param(&value, "filename"));
		return g_strdup(value.word);
	}
	text = mq_plain_value(fields, "Content-Disposition");
	disposition = g_mime_content_disposition_parse(NULL, text);
	if (disposition == NULL)
		return NULL;
	*name = g_strdup(g_mime_content_disposition_get_parameter(disposition, "filename"));
	return g_strdup(g_mime_content_disposition_get_disposition(disposition));
}

static void
add_plain_leaf(MqMail *mail, const MqPlainLeaf *plain)
{
	g_auto(Described) described = plain_type(plain->fields);
	g_autofree char *file_name = NULL;
	g_autofree char *disposition = plain_disposition(plain->fields, &file_name);

	new_leaf(mail, &described, file_name != NULL ? file_name : described.name, disposition)->plain = plain;
}

/* NULL when it is not plain. */
static MqMail *
plain_mail_of(MqPart *part)
{
	g_autoptr(GBytes) bytes = mq_part_hold(part, PLAIN_BYTES, NULL); /* the other way says what is wrong */
	g_auto(Described) top = { .type = NULL };
	MqPlainMail *plain;
	MqMail *mail;

	if (bytes == NULL)
		return NULL;
	plain = mq_plain_mail_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	if (plain == NULL)
		return NULL;
	mail = g_new0(MqMail, 1);
	mail->bytes = g_steal_pointer(&bytes);
	mail->plain = plain;
	mail->leaves = g_ptr_array_new_with_free_func(leaf_free);
	top = plain_type(plain->fields);
	mail->type = g_steal_pointer(&top.type);
	for (guint i = 0; i < plain->leaves->len; i++)
		add_plain_leaf(mail, &g_array_index(plain->leaves, MqPlainLeaf, i));
	return mail;
}

void
mq_mail_free(MqMail *mail)
{
	if (mail == NULL)
		return;
	g_ptr_array_unref(mail->leaves);
	g_free(mail->type);
	g_clear_object(&mail->message);
	g_clear_object(&mail->stream);
	mq_plain_mail_free(mail->plain);
	g_clear_pointer(&mail->bytes, g_bytes_unref);
	g_free(mail);
}

/* ------------------------------------------------------------------ reading */

/* Mailboxes leave "From a@b.example Wed May 20 …" or ">From " in front, gateways an empty line. */
static gssize
skip_front(MqPart *part, GError **error)
{
	const guint8 *start;
	gssize n = mq_part_peek(part, 4096, &start, error);
	gssize at = 0;

	while (at < n) {
		gsize left = (gsize)(n - at);
		const guint8 *here = start + at, *newline = memchr(here, '\n', left);
		gboolean is_from = (left > 5 && memcmp(here, "From ", 5) == 0) || (left > 6 && memcmp(here, ">From ", 6) == 0);

		if (newline == NULL || !(is_from || newline == here || (newline == here + 1 && *here == '\r')))
			break;
		at = newline - start + 1;
	}
	return n < 0 ? -1 : at;
}

static GMimeStream *
stream_of(MqPart *part, gint64 skip, GError **error)
{
	gint64 offset;
	int fd = mq_part_descriptor(part, &offset);
	GMimeStream *stream;
	GBytes *bytes;

	if (fd >= 0) {
		stream = g_mime_stream_fs_new_with_bounds(fd, offset + skip, offset + part->n_bytes);
		g_mime_stream_fs_set_owner(GMIME_STREAM_FS(stream), FALSE);
		return stream;
	}
	if (!mq_part_seek(part, skip, error) || (bytes = mq_part_hold(part, MQ_LIMIT_HELD_BYTES, error)) == NULL)
		return NULL;
	stream = g_mime_stream_mem_new_with_byte_array(g_bytes_unref_to_array(bytes));
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), TRUE);
	return stream;
}

/* The mail with its lines of white space empty. */
static GMimeStream *
loosened_stream(MqPart *part, gssize skip, GError **error)
{
	g_autoptr(GBytes) held = mq_part_seek(part, skip, error) ? mq_part_hold(part, MQ_LIMIT_MESSAGE_BYTES, error) : NULL;
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 *bytes;
	gsize n;

	if (held == NULL)
		return NULL;
	bytes = g_bytes_get_data(held, &n);
	for (gsize start = 0, end; start < n; start = end) {
		gsize white = start;

		while (white < n && (bytes[white] == ' ' || bytes[white] == '\t'))
			white++;
		for (end = white; end < n && bytes[end] != '\n'; end++)
			;
		end = MIN(end + 1, n);
		if (white < n && (bytes[white] == '\n' || bytes[white] == '\r'))
			start = white;
		g_byte_array_append(out, bytes + start, (guint)(end - start));
	}
	return g_mime_stream_mem_new_with_buffer((const char *)out->data, out->len);
}

static MqMail *
read_mended(MqPart *part, GError **error)
{
	g_autoptr(GBytes) held = mq_part_hold(part, MQ_LIMIT_MESSAGE_BYTES, error);
	g_autoptr(GBytes) mended = held != NULL ? mq_mail_mend_ends(held) : NULL;
	g_autoptr(MqPart) again = mended != NULL ? mq_part_new_bytes(mended, part, NULL, NULL) : NULL;

	return again != NULL ? mq_mail_read(again, error) : NULL; /* which keeps what it needs of it */
}

MqMail *
mq_mail_read(MqPart *part, GError **error)
{
	g_autoptr(GMimeStream) stream = NULL;
	g_autoptr(GMimeParser) parser = NULL;
	GMimeMessage *message;
	MqMail *plain;
	gssize skip;

	if (mq_mail_has_odd_ends(part))
		return read_mended(part, error);
	if (part->n_bytes >= 0 && part->n_bytes <= PLAIN_BYTES) {
		plain = plain_mail_of(part);
		if (plain != NULL)
			return plain;
		if (!mq_part_seek(part, 0, error))
			return NULL;
	}
	if (!mq_mail_scan(part, error) || (skip = skip_front(part, error)) < 0)
		return NULL;
	stream = mq_mail_has_loose_separator(part, skip) ? loosened_stream(part, skip, error) : stream_of(part, skip, error);
	if (stream == NULL)
		return NULL;
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	message = g_mime_parser_construct_message(parser, NULL);
	if (message == NULL)
		message = g_mime_message_new(FALSE); /* what has no header at all has no parts */
	return mq_mail_of(message, stream);
}

/* ------------------------------------------------------------------- answers */

const char *
mq_mail_type(const MqMail *mail)
{
	return mail->type;
}

guint
mq_mail_n_leaves(const MqMail *mail)
{
	return mail->leaves->len;
}

const MqMailLeaf *
mq_mail_own_leaf(const MqMail *mail, guint i)
{
	g_assert(i < mail->leaves->len);
	return mail->leaves->pdata[i];
}

const MqLeaf *
mq_mail_leaf(const MqMail *mail, guint i)
{
	return &mq_mail_own_leaf(mail, i)->shown;
}

gboolean
mq_mail_is_cut(const MqMail *mail)
{
	return mail->cut;
}
