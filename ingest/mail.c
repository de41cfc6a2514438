#include "ingest/mail.h"

#include <string.h>

#include <gmime/gmime.h>

#include "ingest/domain.h"
#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include "ingest/when.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFilter, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)

/* Of a header field: what is decoded at all. Longer ones are somebody's attack or a long To. */
#define LOOSE_BYTES 32768 /* a header that is longer is looked at no further */
#define FIELD_RAW_BYTES 16384

struct MqMail {
	GMimeStream *stream;   /* the bodies are in it */
	GMimeMessage *message;
	char *type;
	GPtrArray *leaves;     /* Leaf * */
	gboolean cut;
};

typedef struct {
	MqLeaf shown;
	GMimeObject *object; /* of the message */
} Leaf;

void
mq_mail_init(void)
{
	g_mime_init();
}

static void
leaf_free(gpointer data)
{
	Leaf *leaf = data;

	g_free(leaf->shown.type);
	g_free(leaf->shown.name);
	g_free(leaf);
}

/* ---------------------------------------------------------------- structure */

static char *
type_of(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	g_autofree char *text = type != NULL ? g_mime_content_type_get_mime_type(type) : g_strdup("text/plain");
	char *clean = mq_text_clean(text, -1, MQ_LIMIT_FIELD_BYTES);

	for (char *c = clean; *c != '\0'; c++)
		*c = g_ascii_tolower(*c);
	return clean;
}

static void
add_leaf(MqMail *mail, GMimeObject *object)
{
	const char *name = GMIME_IS_PART(object) ? g_mime_part_get_filename(GMIME_PART(object)) : NULL;
	const char *disposition = g_mime_object_get_disposition(object);
	Leaf *leaf;

	if (mail->leaves->len >= MQ_LIMIT_MESSAGE_PARTS) {
		mail->cut = TRUE;
		return;
	}
	leaf = g_new0(Leaf, 1);
	leaf->object = object;
	leaf->shown.type = type_of(object);
	leaf->shown.name = name != NULL ? mq_text_clean(name, -1, MQ_LIMIT_FIELD_BYTES) : NULL;
	leaf->shown.is_attachment = leaf->shown.name != NULL
	                            || (disposition != NULL && g_ascii_strcasecmp(disposition, "attachment") == 0);
	leaf->shown.is_mail = GMIME_IS_MESSAGE_PART(object)
	                      && g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)) != NULL;
	g_ptr_array_add(mail->leaves, leaf);
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

static MqMail *
mail_of(GMimeMessage *message, GMimeStream *stream)
{
	MqMail *mail = g_new0(MqMail, 1);
	GMimeObject *top = g_mime_message_get_mime_part(message);

	mail->message = message;
	mail->stream = g_object_ref(stream);
	mail->leaves = g_ptr_array_new_with_free_func(leaf_free);
	mail->type = top != NULL ? type_of(top) : g_strdup("text/plain");
	if (top != NULL)
		flatten(mail, top, 0);
	return mail;
}

void
mq_mail_free(MqMail *mail)
{
	if (mail == NULL)
		return;
	g_ptr_array_unref(mail->leaves);
	g_free(mail->type);
	g_object_unref(mail->message);
	g_object_unref(mail->stream);
	g_free(mail);
}

/* ------------------------------------------------------------------ reading */

/* What the parser's work and memory grow with, seen from outside: it compares each line that begins
 * with "--" with the boundary of each multipart around it, and keeps an object for each part and
 * field. */
typedef struct {
	guint64 multiparts, parts, dashes, header_bytes, fields;
	gboolean in_header;
	gboolean after_dashes;
	char line[64];      /* the beginning of it */
	gsize n_line;
} Scan;

static gboolean
is_blank(const Scan *scan)
{
	return scan->n_line == 0 || (scan->n_line == 1 && scan->line[0] == '\r');
}

static gboolean
is_multipart_type(const char *line)
{
	const char *value = line + strlen("content-type:");

	if (g_ascii_strncasecmp(line, "content-type:", strlen("content-type:")) != 0)
		return FALSE;
	value += strspn(value, " \t");
	return g_ascii_tolower(*value) == 'm' || *value == '\0' || *value == '\r'; /* multipart, message, or folded */
}

static void
scan_header_line(Scan *scan)
{
	gboolean is_folded = scan->line[0] == ' ' || scan->line[0] == '\t';
	gboolean is_field = !is_folded && strchr(scan->line, ':') != NULL;

	scan->in_header = !is_blank(scan) && (is_folded || is_field);
	scan->header_bytes += scan->in_header ? scan->n_line : 0;
	scan->fields += is_field ? 1 : 0;
}

static void
scan_line(Scan *scan)
{
	gboolean is_dashes;

	scan->line[MIN(scan->n_line, sizeof(scan->line) - 1)] = '\0';
	is_dashes = scan->line[0] == '-' && scan->line[1] == '-';
	if (scan->after_dashes && (is_blank(scan) || g_ascii_strncasecmp(scan->line, "content-", 8) == 0))
		scan->parts++;
	scan->multiparts += is_multipart_type(scan->line) ? 1 : 0;
	scan->dashes += is_dashes ? 1 : 0;
	if (is_dashes)
		scan->in_header = TRUE;
	else if (scan->in_header)
		scan_header_line(scan);
	scan->after_dashes = is_dashes;
	scan->n_line = 0;
}

static gboolean
scan_some(gpointer ctx, const guint8 *bytes, gsize n, G_GNUC_UNUSED GError **error)
{
	Scan *scan = ctx;
	const guint8 *end = bytes + n;

	while (bytes < end) {
		const guint8 *newline = memchr(bytes, '\n', (gsize)(end - bytes));
		gsize n_piece = (gsize)((newline != NULL ? newline : end) - bytes);

		if (scan->n_line < sizeof(scan->line) - 1)
			memcpy(scan->line + scan->n_line, bytes, MIN(n_piece, sizeof(scan->line) - 1 - scan->n_line));
		scan->n_line += n_piece;
		if (newline == NULL)
			break;
		scan_line(scan);
		bytes = newline + 1;
	}
	return TRUE;
}

/* Lines with dashes times boundaries: half a second. */
#define COMPARISONS_MAX 50000000

static gboolean
check_structure(MqPart *part, GError **error)
{
	Scan scan = { .in_header = TRUE };

	if (!mq_part_pour(part, scan_some, &scan, error) || !mq_part_seek(part, 0, error))
		return FALSE;
	scan_line(&scan);
	if (scan.multiparts <= MQ_LIMIT_MESSAGE_PARTS && scan.parts <= MQ_LIMIT_MIME_PARTS
	    && scan.dashes <= COMPARISONS_MAX / MAX(scan.multiparts, 1) && scan.fields <= MQ_LIMIT_HEADER_FIELDS
	    && scan.header_bytes <= MQ_LIMIT_HEADER_BYTES)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "the mail has far too many parts or header fields to be read");
	return FALSE;
}

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

/* Whether the header ends in a line of white space, which is no end but a fold: a mail that was
 * indented on its way through an editor or a web page. */
static gboolean
has_loose_separator(MqPart *part, gssize skip)
{
	const guint8 *bytes;
	/* a part that cannot be read says so when its stream is made */
	gssize n = mq_part_seek(part, skip, NULL) ? mq_part_peek(part, LOOSE_BYTES, &bytes, NULL) : 0;

	for (gssize start = 0, end; start < n; start = end + 1) {
		gssize white = start;

		for (end = start; end < n && bytes[end] != '\n'; end++)
			;
		while (white < end && strchr(" \t\r", bytes[white]) != NULL && bytes[white] != '\0')
			white++;
		if (end == n || white < end)
			continue;
		return end > start && !(end == start + 1 && bytes[start] == '\r');
	}
	return FALSE;
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

MqMail *
mq_mail_read(MqPart *part, GError **error)
{
	g_autoptr(GMimeStream) stream = NULL;
	g_autoptr(GMimeParser) parser = NULL;
	GMimeMessage *message;
	gssize skip;

	if (!check_structure(part, error) || (skip = skip_front(part, error)) < 0)
		return NULL;
	stream = has_loose_separator(part, skip) ? loosened_stream(part, skip, error) : stream_of(part, skip, error);
	if (stream == NULL)
		return NULL;
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	message = g_mime_parser_construct_message(parser, NULL);
	if (message == NULL)
		message = g_mime_message_new(FALSE); /* what has no header at all has no parts */
	return mail_of(message, stream);
}

/* ------------------------------------------------------------------- header */

static GMimeHeader *
find_header(const MqMail *mail, const char *name, guint i)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(mail->message));
	int n = g_mime_header_list_get_count(headers);

	for (int at = 0; at < n; at++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(headers, at);

		if (g_ascii_strcasecmp(g_mime_header_get_name(header), name) == 0 && i-- == 0)
			return header;
	}
	return NULL;
}

/* The field as it stands, cut where nobody reads on; its folding stays. */
static char *
raw_field(GMimeHeader *header)
{
	const char *raw = g_mime_header_get_raw_value(header);

	return g_strndup(raw != NULL ? raw : "", FIELD_RAW_BYTES);
}

char *
mq_mail_header(const MqMail *mail, const char *name, guint i)
{
	GMimeHeader *header = find_header(mail, name, i);
	g_autofree char *raw = NULL;
	g_autofree char *unfolded = NULL;
	g_autofree char *decoded = NULL;

	if (header == NULL)
		return NULL;
	raw = raw_field(header);
	unfolded = g_mime_utils_header_unfold(raw);
	decoded = g_mime_utils_header_decode_text(NULL, unfolded);
	return mq_text_clean(decoded, -1, MQ_LIMIT_FIELD_BYTES);
}

/* The first mailbox; one level of groups is all that a From field has. */
static const char *
first_address(InternetAddressList *list)
{
	int n = internet_address_list_length(list);

	for (int i = 0; i < n; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_MAILBOX(address))
			return internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
	}
	return NULL;
}

char *
mq_mail_header_address(const MqMail *mail, const char *name)
{
	GMimeHeader *header = find_header(mail, name, 0);
	g_autoptr(InternetAddressList) list = NULL;
	g_autofree char *raw = NULL;
	g_autofree char *unfolded = NULL;
	const char *address;

	if (header == NULL)
		return NULL;
	raw = raw_field(header);
	unfolded = g_mime_utils_header_unfold(raw);
	list = internet_address_list_parse(NULL, unfolded);
	address = list != NULL ? first_address(list) : NULL;
	return address != NULL && address[0] != '\0' ? mq_text_clean(address, -1, MQ_LIMIT_FIELD_BYTES) : NULL;
}

void
mq_envelope_clear(MqEnvelope *envelope)
{
	g_clear_pointer(&envelope->message_id, g_free);
	g_clear_pointer(&envelope->from, g_free);
	g_clear_pointer(&envelope->from_domain, g_free);
	g_clear_pointer(&envelope->subject, g_free);
	g_clear_pointer(&envelope->authentication_results, g_ptr_array_unref);
	envelope->date_s = MQ_TIME_ABSENT;
}

#define AUTHENTICATION_RESULTS_MAX 20

void
mq_mail_envelope(const MqMail *mail, MqEnvelope *envelope)
{
	g_autofree char *date = mq_mail_header(mail, "Date", 0);
	char *results;

	mq_envelope_clear(envelope);
	envelope->message_id = mq_mail_header(mail, "Message-ID", 0);
	envelope->from = mq_mail_header_address(mail, "From");
	envelope->from_domain = envelope->from != NULL ? mq_domain_of_address(envelope->from) : NULL;
	envelope->subject = mq_mail_header(mail, "Subject", 0);
	if (date != NULL && !mq_when_parse_rfc5322(date, &envelope->date_s))
		envelope->date_s = MQ_TIME_ABSENT;
	envelope->authentication_results = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < AUTHENTICATION_RESULTS_MAX
	                  && (results = mq_mail_header(mail, "Authentication-Results", i)) != NULL; i++)
		g_ptr_array_add(envelope->authentication_results, results);
}

const char *
mq_mail_type(const MqMail *mail)
{
	return mail->type;
}

const char *
mq_mail_type_parameter(const MqMail *mail, const char *parameter)
{
	GMimeObject *top = g_mime_message_get_mime_part(mail->message);
	GMimeContentType *type = top != NULL ? g_mime_object_get_content_type(top) : NULL;

	return type != NULL ? g_mime_content_type_get_parameter(type, parameter) : NULL;
}

/* ------------------------------------------------------------------- leaves */

guint
mq_mail_n_leaves(const MqMail *mail)
{
	return mail->leaves->len;
}

static const Leaf *
leaf_at(const MqMail *mail, guint i)
{
	g_assert(i < mail->leaves->len);
	return mail->leaves->pdata[i];
}

const MqLeaf *
mq_mail_leaf(const MqMail *mail, guint i)
{
	return &leaf_at(mail, i)->shown;
}

gboolean
mq_mail_is_cut(const MqMail *mail)
{
	return mail->cut;
}

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

MqPart *
mq_mail_leaf_part(const MqMail *mail, guint i, const MqPart *around)
{
	const Leaf *leaf = leaf_at(mail, i);
	LeafPart *self = g_new0(LeafPart, 1);

	mq_part_init(&self->part, &leaf_kind, around, leaf->shown.name, leaf->shown.type);
	self->stream = decoding_stream(leaf->object);
	return &self->part;
}

char *
mq_mail_leaf_header(const MqMail *mail, guint i)
{
	return g_mime_object_get_headers(leaf_at(mail, i)->object, NULL);
}

MqMail *
mq_mail_leaf_mail(const MqMail *mail, guint i)
{
	const Leaf *leaf = leaf_at(mail, i);

	if (!leaf->shown.is_mail)
		return NULL;
	return mail_of(g_object_ref(g_mime_message_part_get_message(GMIME_MESSAGE_PART(leaf->object))), mail->stream);
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
