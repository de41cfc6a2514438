#include "ingest/mail_own.h"

#include <string.h>

#include "ingest/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFilter, g_object_unref)

typedef struct {
	MqPart part;
	GMimeStream *stream; /* (nullable) decodes */
} LeafPart;

static gssize
leaf_read(MqPart *part, guint8 *bytes, gsize n, GError **error)
{
	LeafPart *self = (LeafPart *)part;
	gssize got;

	if (self->stream == NULL || g_mime_stream_eos(self->stream))
		return 0; /* GMime calls reading at the end an error */
	got = g_mime_stream_read(self->stream, (char *)bytes, MIN(n, G_MAXINT));
	if (got >= 0 || g_mime_stream_eos(self->stream))
		return MAX(got, 0);
	g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the body cannot be read");
	return -1;
}

static void
leaf_close(MqPart *part)
{
	LeafPart *self = (LeafPart *)part;

	g_clear_object(&self->stream);
	g_free(self);
}

static const MqPartKind leaf_kind = { .name = "body", .read = leaf_read, .close = leaf_close };

/* Some senders leave out the final "=" of base64, and the decoder would drop what is before them; two
 * too many do no harm. */
#define PADDING "=="

static GMimeStream *
padded(GMimeStream *raw)
{
	g_autoptr(GMimeStream) padding = g_mime_stream_mem_new_with_buffer(PADDING, strlen(PADDING));
	GMimeStream *both = g_mime_stream_cat_new();

	g_mime_stream_cat_add_source(GMIME_STREAM_CAT(both), raw);
	g_mime_stream_cat_add_source(GMIME_STREAM_CAT(both), padding);
	return both;
}

/* NULL: there is no body. */
static GMimeStream *
decoding_stream(GMimeObject *object)
{
	GMimeDataWrapper *content = GMIME_IS_PART(object) ? g_mime_part_get_content(GMIME_PART(object)) : NULL;
	GMimeStream *raw = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
	g_autoptr(GMimeStream) source = NULL;
	g_autoptr(GMimeFilter) decode = NULL;
	GMimeContentEncoding encoding;
	GMimeStream *stream;

	if (raw == NULL)
		return NULL;
	g_mime_stream_reset(raw);
	encoding = g_mime_data_wrapper_get_encoding(content);
	source = encoding == GMIME_CONTENT_ENCODING_BASE64 ? padded(raw) : g_object_ref(raw);
	stream = g_mime_stream_filter_new(source);
	decode = g_mime_filter_basic_new(encoding, FALSE);
	g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), decode);
	return stream;
}

/* All at once: a plain mail is not large. */
static GBytes *
decode_plain(const MqMail *mail, const MqPlainLeaf *plain)
{
	g_autofree char *word = mq_plain_value(plain->fields, "Content-Transfer-Encoding");
	GMimeContentEncoding encoding = word != NULL ? g_mime_content_encoding_from_string(g_strstrip(word))
	                                             : GMIME_CONTENT_ENCODING_DEFAULT;
	const char *start = g_bytes_get_data(mail->bytes, NULL);
	GMimeEncoding state;
	char *out;
	gsize n;

	if (encoding != GMIME_CONTENT_ENCODING_BASE64 && encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE
	    && encoding != GMIME_CONTENT_ENCODING_UUENCODE)
		return g_bytes_new_from_bytes(mail->bytes, (gsize)(plain->body - start), plain->n_body);
	g_mime_encoding_init_decode(&state, encoding);
	out = g_malloc(g_mime_encoding_outlen(&state, plain->n_body) + g_mime_encoding_outlen(&state, strlen(PADDING)));
	n = g_mime_encoding_step(&state, plain->body, plain->n_body, out);
	if (encoding == GMIME_CONTENT_ENCODING_BASE64)
		n += g_mime_encoding_flush(&state, PADDING, strlen(PADDING), out + n);
	return g_bytes_new_take(out, n);
}

MqPart *
mq_mail_leaf_part(const MqMail *mail, guint i, const MqPart *around)
{
	const MqMailLeaf *leaf = mq_mail_own_leaf(mail, i);
	LeafPart *self;

	if (leaf->plain != NULL) {
		g_autoptr(GBytes) bytes = decode_plain(mail, leaf->plain);

		return mq_part_new_bytes(bytes, around, leaf->shown.name, leaf->shown.type);
	}
	self = g_new0(LeafPart, 1);
	mq_part_init(&self->part, &leaf_kind, around, leaf->shown.name, leaf->shown.type);
	self->stream = decoding_stream(leaf->object);
	return &self->part;
}

char *
mq_mail_leaf_header(const MqMail *mail, guint i)
{
	const MqMailLeaf *leaf = mq_mail_own_leaf(mail, i);

	return leaf->plain != NULL ? g_strndup(leaf->plain->header, leaf->plain->n_header)
	                           : g_mime_object_get_headers(leaf->object, NULL);
}

MqMail *
mq_mail_leaf_mail(const MqMail *mail, guint i)
{
	const MqMailLeaf *leaf = mq_mail_own_leaf(mail, i);

	if (!leaf->shown.is_mail)
		return NULL;
	return mq_mail_of(g_object_ref(g_mime_message_part_get_message(GMIME_MESSAGE_PART(leaf->object))), mail->stream);
}

GBytes *
mq_mail_decode(const char *text, gsize n, MqEncoded encoded)
{
	GMimeEncoding state;
	g_autofree char *out = NULL;
	gsize n_out;

	g_mime_encoding_init_decode(&state, encoded == MQ_ENCODED_UU ? GMIME_CONTENT_ENCODING_UUENCODE
	                                                             : GMIME_CONTENT_ENCODING_BASE64);
	out = g_malloc(g_mime_encoding_outlen(&state, n) + g_mime_encoding_outlen(&state, strlen(PADDING)));
	n_out = g_mime_encoding_step(&state, text, n, out);
	if (encoded == MQ_ENCODED_BASE64)
		n_out += g_mime_encoding_flush(&state, PADDING, strlen(PADDING), out + n_out);
	return g_bytes_new_take(g_steal_pointer(&out), n_out);
}
