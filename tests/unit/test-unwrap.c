/* What reports come wrapped in, and what only looks like it. */
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <gio/gio.h>
#include <openssl/cms.h>
#include <zlib.h>

#include "ingest/ingest.h"
#include "ingest/part.h"
#include "ingest/unwrap.h"

#define REPORT(id) \
	"<?xml version=\"1.0\"?>\n<feedback><report_metadata><org_name>reporter.example</org_name>" \
	"<email>dmarc@reporter.example</email><report_id>" id "</report_id><date_range><begin>1700000000</begin>" \
	"<end>1700086399</end></date_range></report_metadata><policy_published><domain>example.org</domain>" \
	"<p>none</p></policy_published><record><row><source_ip>192.0.2.1</source_ip><count>3</count>" \
	"<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>" \
	"<identifiers><header_from>example.org</header_from></identifiers><auth_results><spf>" \
	"<domain>example.org</domain><result>fail</result></spf></auth_results></record></feedback>\n"
#define NAME "reporter.example!example.org!1700000000!1700086399"

/* ---------------------------------------------------------------- wrapping */

static GBytes *
text_bytes(const char *text)
{
	return g_bytes_new(text, strlen(text));
}

static GBytes *
gzip(GBytes *plain)
{
	g_autoptr(GConverter) gz = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9));
	g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
	g_autoptr(GOutputStream) out = g_converter_output_stream_new(memory, gz);

	g_assert_true(g_output_stream_write_all(out, g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), NULL, NULL, NULL));
	g_assert_true(g_output_stream_close(out, NULL, NULL));
	g_bytes_unref(plain);
	return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
}

/* Names and contents in turn, ended by NULL; a name that ends in '@' is a symbolic link. */
static GBytes *
archive(int format, int filter, const char *name, GBytes *bytes, ...)
{
	gsize capacity = 1 << 20, used = 0;
	char *buffer = g_malloc(capacity);
	struct archive *a = archive_write_new();
	va_list args;

	archive_write_set_format(a, format);
	archive_write_add_filter(a, filter);
	g_assert_cmpint(archive_write_set_bytes_in_last_block(a, 1), ==, ARCHIVE_OK);
	g_assert_cmpint(archive_write_open_memory(a, buffer, capacity, &used), ==, ARCHIVE_OK);
	va_start(args, bytes);
	while (name != NULL) {
		struct archive_entry *entry = archive_entry_new();
		gboolean is_link = g_str_has_suffix(name, "@");

		archive_entry_set_pathname(entry, name);
		archive_entry_set_filetype(entry, is_link ? AE_IFLNK : AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		if (is_link)
			archive_entry_set_symlink(entry, "/etc/passwd");
		else
			archive_entry_set_size(entry, (la_int64_t)g_bytes_get_size(bytes));
		g_assert_cmpint(archive_write_header(a, entry), ==, ARCHIVE_OK);
		if (!is_link)
			archive_write_data(a, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		archive_entry_free(entry);
		g_bytes_unref(bytes);
		name = va_arg(args, const char *);
		bytes = name != NULL ? va_arg(args, GBytes *) : NULL;
	}
	va_end(args);
	archive_write_close(a);
	archive_write_free(a);
	return g_bytes_new_take(buffer, used);
}

#define ZIP(...) archive(ARCHIVE_FORMAT_ZIP, ARCHIVE_FILTER_NONE, __VA_ARGS__, NULL)
#define TAR(...) archive(ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, __VA_ARGS__, NULL)

static GBytes *
join(GBytes *first, const char *rest, gsize n)
{
	GByteArray *all = g_bytes_unref_to_array(first);

	g_byte_array_append(all, (const guint8 *)rest, (guint)n);
	return g_byte_array_free_to_bytes(all);
}

static GBytes *
cut(GBytes *bytes, gsize percent)
{
	GBytes *shorter = g_bytes_new_from_bytes(bytes, 0, g_bytes_get_size(bytes) * percent / 100);

	g_bytes_unref(bytes);
	return shorter;
}

static GBytes *
with_byte(GBytes *bytes, gsize at, guint8 byte)
{
	GByteArray *all = g_bytes_unref_to_array(bytes);

	all->data[at] = byte;
	return g_byte_array_free_to_bytes(all);
}

/* A mail around one attachment, in base64. */
static GBytes *
mail(const char *type, const char *name, GBytes *attached)
{
	g_autofree char *base64 = g_base64_encode(g_bytes_get_data(attached, NULL), g_bytes_get_size(attached));
	GString *text = g_string_new("From: dmarc@reporter.example\nTo: rua@example.org\nSubject: Report\nMIME-Version: 1.0\n"
	                             "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello.\n--b\n");

	g_string_append_printf(text, "Content-Type: %s\nContent-Transfer-Encoding: base64\n", type);
	if (name != NULL)
		g_string_append_printf(text, "Content-Disposition: attachment; filename=\"%s\"\n", name);
	g_string_append_printf(text, "\n%s\n--b--\n", base64);
	g_bytes_unref(attached);
	return g_string_free_to_bytes(text);
}

/* ------------------------------------------------------------------- cases */

static GBytes *spaces; /* 64 MiB of them */
static GBytes *program; /* which a self-extracting archive begins with */

static GBytes *plain_xml(void) { return text_bytes(REPORT("1")); }
static GBytes *gzipped(void) { return gzip(plain_xml()); }
static GBytes *gzipped_twice(void) { return gzip(gzipped()); }
static GBytes *
zlib(void)
{
	GByteArray *out = g_byte_array_new();
	uLongf n = compressBound(strlen(REPORT("1")));

	g_byte_array_set_size(out, (guint)n);
	g_assert_cmpint(compress(out->data, &n, (const Bytef *)REPORT("1"), strlen(REPORT("1"))), ==, Z_OK);
	g_byte_array_set_size(out, (guint)n);
	return g_byte_array_free_to_bytes(out);
}

static GBytes *gzip_with_tail(void) { return join(gzipped(), "\x0c\x01", 2); }
static GBytes *gzip_with_padding(void) { return join(gzipped(), "\r\n\0\0", 4); }
static GBytes *gzip_cut(void) { return cut(gzipped(), 15); }
static GBytes *gzip_bad_sum(void) { GBytes *gz = gzipped(); gsize n = g_bytes_get_size(gz); return with_byte(gz, n - 6, 0x55); }
static GBytes *gzip_flags(void) { return with_byte(gzipped(), 3, 0xe0); }
static GBytes *gzip_of_text(void) { return gzip(text_bytes("unused")); }
static GBytes *gzip_of_nothing(void) { return gzip(text_bytes("")); }
static GBytes *blanks(void) { return join(text_bytes("<feedback>"), g_bytes_get_data(spaces, NULL), g_bytes_get_size(spaces)); }
static GBytes *gzip_bomb(void) { return gzip(blanks()); }
static GBytes *gzip_bomb_twice(void) { return gzip(gzip_bomb()); }

static GBytes *
gzip_in_two(void)
{
	g_autoptr(GBytes) second = gzip(text_bytes(REPORT("1") + 100));

	return join(gzip(g_bytes_new(REPORT("1"), 100)), g_bytes_get_data(second, NULL), g_bytes_get_size(second));
}

static GBytes *
gzip_nested(void)
{
	GBytes *bytes = plain_xml();

	for (int i = 0; i < 20; i++)
		bytes = gzip(bytes);
	return bytes;
}

static GBytes *zipped(void) { return ZIP(NAME ".xml", plain_xml()); }
static GBytes *zip_with_tail(void) { return join(zipped(), "\r\n", 2); }
static GBytes *zip_of_two(void) { return ZIP("a.xml", plain_xml(), "b.xml.gz", gzip(text_bytes(REPORT("2")))); }
static GBytes *zip_of_good_and_bad(void) { return ZIP("a.xml", plain_xml(), "b.xml.gz", gzip_cut()); }
static GBytes *zip_without_name(void) { return ZIP("a", plain_xml()); }
static GBytes *zip_traversal(void) { return ZIP("../../../tmp/x\n.xml", plain_xml()); }
static GBytes *zip_of_nothing(void) { return ZIP("a.xml", text_bytes("")); }
static GBytes *zip_of_picture(void) { return ZIP("a.png", text_bytes("\x89PNG\r\n\x1a\n")); }
static GBytes *zip_without_directory(void) { return cut(zipped(), 70); }
static GBytes *zip_odd_method(void) { return with_byte(with_byte(zipped(), 8, 99), 9, 0); }
static GBytes *zip_bomb(void) { return ZIP("a.xml", blanks()); }
static GBytes *tarred(void) { return TAR("link@", text_bytes(""), "a.xml", plain_xml(), "b.xml.gz", gzip(text_bytes(REPORT("2")))); }
static GBytes *tar_gz(void) { return gzip(tarred()); }
static GBytes *tar_cut(void) { return cut(tarred(), 60); }
static GBytes *seven_zip(void) { return archive(ARCHIVE_FORMAT_7ZIP, ARCHIVE_FILTER_NONE, "a.xml", plain_xml(), NULL); }
static GBytes *xz(void) { return archive(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_XZ, "a", plain_xml(), NULL); }
static GBytes *zstd(void) { return archive(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_ZSTD, "a", plain_xml(), NULL); }
static GBytes *bzip2(void) { return archive(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_BZIP2, "a", plain_xml(), NULL); }
static GBytes *tar_xz(void) { return archive(ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_XZ, "a.xml", plain_xml(), NULL); }
static GBytes *nothing(void) { return text_bytes(""); }
static GBytes *prose(void) { return text_bytes("this is not what it is called\n"); }
static GBytes *other_xml(void) { return text_bytes("<?xml version=\"1.0\"?><invoice><total>3</total></invoice>"); }

static GBytes *lzma(void) { return archive(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_LZMA, "a", plain_xml(), NULL); }
static GBytes *compressed(void) { return archive(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_COMPRESS, "a", plain_xml(), NULL); }

static GBytes *
behind(const char *front, gsize n_front, GBytes *bytes)
{
	GBytes *all = join(g_bytes_new(front, n_front), g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

	g_bytes_unref(bytes);
	return all;
}

static GBytes *zip_behind_text(void) { return behind("see below\n", 10, zipped()); }
static GBytes *zip_behind_line(void) { return behind("\r\n", 2, zipped()); }
static GBytes *zip_in_volumes(void) { return behind("PK00", 4, zipped()); }
static GBytes *zip_of_program(void) { return behind(g_bytes_get_data(program, NULL), g_bytes_get_size(program), zipped()); }
static GBytes *gzip_behind_line(void) { return behind("\r\n", 2, gzipped()); }
static GBytes *picture_behind_text(void) { return behind("see below\n", 10, ZIP("a.png", text_bytes("\x89PNG\r\n\x1a\n"))); }

/* As a transfer of text leaves it: each LF has a CR in front. */
static GBytes *
as_text(GBytes *bytes)
{
	const guint8 *data = g_bytes_get_data(bytes, NULL);
	GByteArray *all = g_byte_array_new();
	gsize n_ends = 0;

	for (gsize i = 0; i < g_bytes_get_size(bytes); i++) {
		if (data[i] == '\n')
			g_byte_array_append(all, (const guint8 *)"\r", 1);
		n_ends += data[i] == '\n' ? 1 : 0;
		g_byte_array_append(all, data + i, 1);
	}
	g_assert_cmpuint(n_ends, >, 0);
	g_bytes_unref(bytes);
	return g_byte_array_free_to_bytes(all);
}

/* As characters of Latin-1, in UTF-8. */
static GBytes *
as_latin1(GBytes *bytes)
{
	gsize n;
	char *text = g_convert(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), "UTF-8", "ISO-8859-1", NULL, &n, NULL);

	g_bytes_unref(bytes);
	return g_bytes_new_take(text, n);
}

/* Its first bytes are a name, so that there is a line end. */
static GBytes *
gzip_named(void)
{
	g_autoptr(GBytes) gz = gzipped();
	gsize n;
	const guint8 *bytes = g_bytes_get_data(gz, &n);
	GByteArray *all = g_byte_array_new();

	g_byte_array_append(all, bytes, 10);
	all->data[3] = 8; /* FNAME */
	g_byte_array_append(all, (const guint8 *)"a\nb", 4);
	g_byte_array_append(all, bytes + 10, (guint)n - 10);
	return g_byte_array_free_to_bytes(all);
}

static GBytes *gzip_as_text(void) { return as_text(gzip_named()); }
static GBytes *just_program(void) { return g_bytes_ref(program); }
static GBytes *
gzip_with_crlf(void)
{
	GBytes *gz = gzip_named();

	return with_byte(gz, 10, '\r'); /* "\r\nb" */
}
static GBytes *gzip_as_text_cut(void) { return cut(gzip_as_text(), 15); }
static GBytes *gzip_as_latin1(void) { return as_latin1(gzipped()); }

static GBytes *
base64(GBytes *bytes)
{
	g_autofree char *text = g_base64_encode(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

	g_bytes_unref(bytes);
	return text_bytes(text);
}

static GBytes *base64_gzip(void) { return base64(gzipped()); }
static GBytes *base64_zip(void) { return base64(zipped()); }
static GBytes *base64_xml(void) { return base64(plain_xml()); }
static GBytes *xml_behind_text(void) { return text_bytes("Hello,\nthe report:\n" REPORT("1")); }

static GBytes *
many_in_text(void)
{
	GString *text = g_string_new("Hello\n");

	for (guint i = 0; i < 50; i++)
		g_string_append(text, REPORT("1"));
	return g_string_free_to_bytes(text);
}

#define HEADER "From: dmarc@reporter.example\nTo: rua@example.org\nSubject: Report\n"

static GBytes *
many_in_body(void)
{
	return behind(HEADER "\n", sizeof(HEADER "\n") - 1, many_in_text());
}

/* A block of a rar: its checksum, then @n bytes that begin with its kind. */
static void
append_block(GByteArray *out, const guint8 *bytes, gsize n)
{
	guint16 sum = GUINT16_TO_LE((guint16)crc32(0, bytes, (uInt)n));

	g_byte_array_append(out, (const guint8 *)&sum, 2);
	g_byte_array_append(out, bytes, (guint)n);
}

/* libarchive reads these and writes none: one file, stored. */
static GBytes *
rar(void)
{
	static const guint8 main_block[11] = { 0x73, 0, 0, 13 };
	guint8 file[30 + 5] = { 0x74, 0, 0x80, 32 + 5, 0 };
	GByteArray *out = g_byte_array_new();
	guint32 n = GUINT32_TO_LE((guint32)strlen(REPORT("1")));
	guint32 sum = GUINT32_TO_LE((guint32)crc32(0, (const guint8 *)REPORT("1"), (uInt)strlen(REPORT("1"))));

	memcpy(file + 5, &n, 4);
	memcpy(file + 9, &n, 4);
	file[13] = 3; /* Unix */
	memcpy(file + 14, &sum, 4);
	file[22] = 20;   /* version */
	file[23] = 0x30; /* stored */
	file[24] = 5;
	file[26] = 0xa4, file[27] = 0x81; /* a file */
	memcpy(file + 30, "a.xml", 5);
	g_byte_array_append(out, (const guint8 *)"Rar!\x1a\7", 7);
	append_block(out, main_block, sizeof(main_block));
	append_block(out, file, sizeof(file));
	g_byte_array_append(out, (const guint8 *)REPORT("1"), (guint)strlen(REPORT("1")));
	return g_byte_array_free_to_bytes(out);
}

static GBytes *rar_cut(void) { return cut(rar(), 4); }

static char *
base64_lines(GBytes *bytes)
{
	gsize n = g_bytes_get_size(bytes);
	char *out = g_malloc(n * 2 + 100);
	int state = 0, save = 0;
	gsize used = g_base64_encode_step(g_bytes_get_data(bytes, NULL), n, TRUE, out, &state, &save);

	used += g_base64_encode_close(TRUE, out + used, &state, &save);
	out[used] = '\0';
	return out;
}

static GBytes *lz4(void) { return archive(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_LZ4, "a", plain_xml(), NULL); }
static GBytes *lzip(void) { return archive(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_LZIP, "a", plain_xml(), NULL); }

/* A gzip in base64 in a body, with @front before each line. */
static GBytes *
base64_behind(const char *front)
{
	g_autoptr(GBytes) gz = gzipped();
	g_autofree char *encoded = base64_lines(gz);
	GString *text = g_string_new(HEADER "\nSee this:\n\n");
	g_auto(GStrv) lines = g_strsplit(encoded, "\n", 0);

	for (guint i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++)
		g_string_append_printf(text, "%s%s\n", front, lines[i]);
	return g_string_free_to_bytes(text);
}

static GBytes *base64_quoted(void) { return base64_behind("> "); }
static GBytes *base64_indented(void) { return base64_behind("\t"); }

static GBytes *
mailed_bytes(void)
{
	static const char front[] = HEADER "Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n";

	return behind(front, sizeof(front) - 1, gzipped());
}

static GBytes *
zip_of_many(void)
{
	gsize capacity = 4 << 20, used = 0;
	char *buffer = g_malloc(capacity);
	struct archive *a = archive_write_new();

	archive_write_set_format_zip(a);
	archive_write_open_memory(a, buffer, capacity, &used);
	for (guint i = 0; i < MQ_LIMIT_MEMBERS + 1; i++) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, "a");
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_size(entry, 0);
		archive_write_header(a, entry);
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
	return g_bytes_new_take(buffer, used);
}

static GBytes *mailed(void) { return mail("application/gzip", NAME ".xml.gz", gzipped()); }
static GBytes *mailed_zip_as_gzip(void) { return mail("application/gzip", NAME ".xml.gz", zipped()); }
static GBytes *mailed_gzip_as_zip(void) { return mail("application/zip", NAME ".zip", gzipped()); }
static GBytes *mailed_base64(void) { return mail("application/gzip", NAME ".xml.gz", base64_gzip()); }
static GBytes *mailed_many(void) { return mail("text/plain", "reports.txt", many_in_text()); }
static GBytes *mailed_as_text(void) { return mail("text/plain", NULL, gzipped()); }
static GBytes *mailed_mail(void) { return mail("application/octet-stream", "report.eml", mailed()); }
static GBytes *mailed_prose(void) { return mail("application/gzip", NAME ".xml.gz", prose()); }
static GBytes *mailed_picture(void) { return mail("image/png", "logo.png", text_bytes("\x89PNG\r\n\x1a\n")); }
static GBytes *mailed_office(void) { return mail("application/octet-stream", "offer.docx", ZIP("word/document.xml", other_xml())); }
static GBytes *mailed_broken_office(void) { return mail("application/octet-stream", "offer.docx", cut(zip_of_picture(), 60)); }
static GBytes *mailed_nothing(void) { return mail("application/gzip", NAME ".xml.gz", nothing()); }

/* A mail whose lines end in @end. */
static GBytes *
with_ends(const char *end)
{
	g_autoptr(GBytes) bytes = mailed();
	GString *text = g_string_new_len(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));

	g_string_replace(text, "\n", end, 0);
	return g_string_free_to_bytes(text);
}

static GBytes *mailed_cr(void) { return with_ends("\r"); }
static GBytes *cr_only(void) { return behind("From: a@b.example\r", 18, g_bytes_new_take(memset(g_malloc(1 << 20), '\r', 1 << 20), 1 << 20)); }
static GBytes *mailed_cr_cr_lf(void) { return with_ends("\r\r\n"); }

/* A mail behind a long field. */
static GBytes *
mailed_behind(const char *name, const char *line_end)
{
	g_autoptr(GBytes) bytes = mailed();
	GString *text = g_string_new(name);

	for (guint i = 0; i < 100; i++)
		g_string_append_printf(text, "%s %060u", line_end, i);
	g_string_append_c(text, '\n');
	g_string_append_len(text, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));
	return g_string_free_to_bytes(text);
}

static GBytes *mailed_behind_arc(void) { return mailed_behind("ARC-Seal:", "\n"); }
static GBytes *mailed_behind_x(void) { return mailed_behind("X-Filter-Data:", ""); }

#define OID(last) "\6\x9\x2a\x86\x48\x86\xf7\xd\1\7" last

static void
append_octets(GByteArray *out, const char *bytes, gsize n)
{
	const guint8 head[] = { 4, 0x82, (guint8)(n >> 8), (guint8)n };

	g_byte_array_append(out, head, sizeof(head));
	g_byte_array_append(out, (const guint8 *)bytes, (guint)n);
}

/* What is signed by nobody, in BER: no length is told but those of the pieces. */
static GBytes *
signed_data(gboolean in_pieces)
{
	static const char entity[] = "Content-Type: text/xml\nContent-Transfer-Encoding: quoted-printable\n\n"
				     "<feedback><report_metadata><org_name>r.exa=\nmple</org_name><report_id>1</report_id><date_range>"
				     "<begin>1700000000</begin><end>1700086399</end></date_range></report_metadata><policy_published>"
				     "<domain>example.org</domain><p>none</p></policy_published></feedback>\n";
	static const char front[] = "\x30\x80" OID("\2") "\xa0\x80\x30\x80\2\1\1\x31\0\x30\x80" OID("\1") "\xa0\x80";
	static const char back[] = "\0\0\0\0\x31\0\0\0\0\0\0"; /* and the one that ends the text */
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)front, sizeof(front) - 1);
	if (in_pieces)
		g_byte_array_append(out, (const guint8 *)"\x24\x80", 2);
	append_octets(out, entity, in_pieces ? 100 : sizeof(entity) - 1);
	if (in_pieces) {
		append_octets(out, entity + 100, sizeof(entity) - 1 - 100);
		g_byte_array_append(out, (const guint8 *)"\0", 2);
	}
	g_byte_array_append(out, (const guint8 *)back, sizeof(back));
	return g_byte_array_free_to_bytes(out);
}

static GBytes *
encrypted_data(void)
{
	static const guint8 key[16] = { 1 };
	BIO *in = BIO_new_mem_buf("secret", 6);
	CMS_ContentInfo *cms = CMS_EncryptedData_encrypt(in, EVP_aes_128_cbc(), key, sizeof(key), CMS_BINARY);
	guint8 *der = NULL;
	int n = i2d_CMS_ContentInfo(cms, &der);
	GBytes *bytes = g_bytes_new(der, (gsize)n);

	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return bytes;
}

#define SMIME(bytes) mail("application/pkcs7-mime", "smime.p7m", bytes)
static GBytes *mailed_signed(void) { return SMIME(signed_data(FALSE)); }
static GBytes *mailed_signed_stream(void) { return SMIME(signed_data(TRUE)); }
static GBytes *file_encrypted(void) { return encrypted_data(); }
static GBytes *file_signed_cut(void) { return cut(signed_data(FALSE), 70); }

static GBytes *
mailed_encrypted(void)
{
	g_autoptr(GBytes) bytes = SMIME(encrypted_data());
	GString *text = g_string_new_len(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));

	g_string_replace(text, "Subject: Report", "Subject: Report Domain: example.org Submitter: reporter.example", 1);
	return g_string_free_to_bytes(text);
}

static void
append_attribute(GByteArray *out, guint8 level, guint32 id, GBytes *bytes)
{
	gsize n;
	const guint8 *data = g_bytes_get_data(bytes, &n);
	guint32 words[2] = { GUINT32_TO_LE(id), GUINT32_TO_LE((guint32)n) };

	g_byte_array_append(out, &level, 1);
	g_byte_array_append(out, (const guint8 *)words, 8);
	g_byte_array_append(out, data, (guint)n);
	g_byte_array_append(out, (const guint8 *)"\0", 2); /* the checksum, which nobody looks at */
	g_bytes_unref(bytes);
}

static GBytes *
tnef(void)
{
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)"\x78\x9f\x3e\x22\1", 6);
	append_attribute(out, 1, 0x00089006, g_bytes_new("\0\0\1", 4));
	append_attribute(out, 2, 0x00069002, g_bytes_new("\1\0\0\0\0\0\0\0\0\0\0\0\0", 14));
	append_attribute(out, 2, 0x0006800f, gzipped());
	append_attribute(out, 2, 0x00018010, g_bytes_new(NAME ".xml.gz", sizeof(NAME ".xml.gz")));
	append_attribute(out, 2, 0x00069002, g_bytes_new("\1\0\0\0\0\0\0\0\0\0\0\0\0", 14));
	append_attribute(out, 2, 0x00018010, g_bytes_new("b.xml", 6));
	append_attribute(out, 2, 0x0006800f, text_bytes(REPORT("2")));
	return g_byte_array_free_to_bytes(out);
}

static GBytes *mailed_tnef(void) { return mail("application/ms-tnef", "winmail.dat", tnef()); }
static GBytes *file_tnef_cut(void) { return cut(tnef(), 90); }
static GBytes *file_tnef_huge(void) { return with_byte(tnef(), 6 + 8, 0xff); }

static GBytes *
mailed_deep(void)
{
	GBytes *bytes = mailed();

	for (int i = 0; i < 12; i++)
		bytes = mail("application/octet-stream", "forwarded.eml", bytes);
	return bytes;
}

typedef struct {
	const char *rule;
	GBytes *(*make)(void);
	const char *name; /* (nullable) NULL: from a mailbox */
	MqMessageState state;
	guint reports;
	const char *code; /* (nullable) of the first problem */
	gboolean stored;
} Case;

/* The directory of a zip, where its checksums are, says something else. */
static GBytes *
zip_bad_sum(void)
{
	GBytes *zip = ZIP("a.xml", text_bytes(REPORT("1")), "b.xml", text_bytes(REPORT("2")));
	gsize n;
	const guint8 *bytes = g_bytes_get_data(zip, &n);
	const guint8 *entry = memmem(bytes, n, "PK\1\2", 4);

	return with_byte(zip, (gsize)(entry - bytes) + 16, entry[16] ^ 1);
}

/* Two gzip members, of which the first takes @n bytes: it says a name as long as that needs. */
static GBytes *
gzip_then_another(gsize n)
{
	g_autoptr(GBytes) first = gzip(text_bytes(REPORT("1")));
	g_autoptr(GBytes) second = gzip(text_bytes(REPORT("2")));
	gsize n_first, n_second;
	const guint8 *a = g_bytes_get_data(first, &n_first), *b = g_bytes_get_data(second, &n_second);
	g_autofree char *name = g_strnfill(n - n_first - 1, 'n');
	GByteArray *all = g_byte_array_new();

	g_byte_array_append(all, a, 10);
	all->data[3] = 8; /* FNAME */
	g_byte_array_append(all, (const guint8 *)name, (guint)(n - n_first));
	g_byte_array_append(all, a + 10, (guint)n_first - 10);
	g_assert_cmpuint(all->len, ==, n);
	g_byte_array_append(all, b, (guint)n_second);
	return g_byte_array_free_to_bytes(all);
}

static GBytes *
gzip_cut_magic(void)
{
	return gzip_then_another(4095); /* what is peeked at ends at 4096 */
}

#define FROM_LINE "From a@b.example Tue Apr 30 02:09:16 2019\n"
#define MBOX FROM_LINE "From: a@b.example\nSubject: x\n\n" REPORT("1") "\n" \
	FROM_LINE "From: a@b.example\nSubject: y\n\n" REPORT("2")

static GBytes *
gzip_of_mbox(void)
{
	return gzip(text_bytes(MBOX));
}

static GBytes *
mailed_mbox(void)
{
	return mail("application/octet-stream", "box.mbox", text_bytes(MBOX));
}

/* A good report, and another attachment. */
static GBytes *
mailed_beside(const char *name, const char *attached)
{
	g_autofree char *text = g_strdup_printf("From: dmarc@reporter.example\nTo: rua@example.org\nSubject: Report\n"
	                                        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
	                                        "Content-Type: text/xml\n\n%s\n--b\nContent-Type: application/octet-stream; "
	                                        "name=\"%s\"\n\n%s\n--b--\n", REPORT("1"), name, attached);

	return text_bytes(text);
}

static GBytes *
mailed_beside_prose(void)
{
	return mailed_beside(NAME ".xml.gz", "not what it says");
}

static GBytes *
mailed_beside_xml(void)
{
	return mailed_beside("other.xml", "<?xml version=\"1.0\"?><other/>");
}

static GBytes *
mailed_beside_picture(void)
{
	return mailed_beside("logo.png", "a picture");
}

#define GOOD MQ_MESSAGE_REPORTS
#define PART MQ_MESSAGE_PARTLY
#define BAD  MQ_MESSAGE_FAILED
#define NONE MQ_MESSAGE_NOTHING

static const Case cases[] = {
	{ "a bare XML is read", plain_xml, "r.xml", GOOD, 1, NULL, FALSE },
	{ "a name decides nothing", plain_xml, "r.png", GOOD, 1, NULL, FALSE },
	{ "a gzip is read", gzipped, "r.xml.gz", GOOD, 1, NULL, FALSE },
	{ "a bare zlib stream is read", zlib, "r", GOOD, 1, NULL, FALSE },
	{ "a gzip in a gzip is read", gzipped_twice, "r.xml.gz.gz", GOOD, 1, NULL, FALSE },
	{ "gzip members follow each other", gzip_in_two, "r.gz", GOOD, 1, NULL, FALSE },
	{ "a gzip member begins anywhere", gzip_cut_magic, "r.gz", GOOD, 2, NULL, FALSE },
	{ "bytes after a gzip are noted", gzip_with_tail, "r.gz", GOOD, 1, "trailing-bytes", TRUE },
	{ "padding after a gzip is nothing", gzip_with_padding, "r.gz", GOOD, 1, NULL, FALSE },
	{ "a gzip cut early holds no report", gzip_cut, "r.xml.gz", BAD, 0, "archive-broken", FALSE },
	{ "a wrong checksum is told, the report is kept", gzip_bad_sum, "r.xml.gz", GOOD, 1, "archive-broken", TRUE },
	{ "reserved flags are an error", gzip_flags, "r.xml.gz", BAD, 0, "archive-broken", FALSE },
	{ "a gzip of prose fails", gzip_of_text, "r.xml.gz", BAD, 0, "no-report", FALSE },
	{ "a gzip of nothing fails", gzip_of_nothing, "r.xml.gz", BAD, 0, "no-report", FALSE },
	{ "a bomb is refused", gzip_bomb, "r.xml.gz", BAD, 0, "decompression-bomb", FALSE },
	{ "the allowance holds over layers", gzip_bomb_twice, "r.xml.gz.gz", BAD, 0, "decompression-bomb", FALSE },
	{ "nesting ends", gzip_nested, "r.gz", BAD, 0, "too-deep", FALSE },
	{ "a zip is read", zipped, "r.zip", GOOD, 1, NULL, FALSE },
	{ "a zip with a line end behind it is read", zip_with_tail, "r.zip", GOOD, 1, NULL, FALSE },
	{ "all members count", zip_of_two, "r.zip", GOOD, 2, NULL, FALSE },
	{ "a wrong checksum in a zip is told, all is kept", zip_bad_sum, "r.zip", GOOD, 2, "archive-broken", TRUE },
	{ "one bad member is told", zip_of_good_and_bad, "r.zip", PART, 1, "archive-broken", FALSE },
	{ "a member needs no extension", zip_without_name, "r.zip", GOOD, 1, NULL, FALSE },
	{ "a member's name is no path", zip_traversal, "r.zip", GOOD, 1, NULL, FALSE },
	{ "a zip of nothing fails", zip_of_nothing, "r.zip", BAD, 0, "no-report", FALSE },
	{ "a zip of a picture fails when called .zip", zip_of_picture, "r.zip", BAD, 0, "no-report", FALSE },
	{ "a zip without directory is salvaged or told", zip_without_directory, "r.zip", BAD, 0, "archive-broken", FALSE },
	{ "an unknown method is told", zip_odd_method, "r.zip", BAD, 0, "archive-broken", FALSE },
	{ "a zip bomb is refused", zip_bomb, "r.zip", BAD, 0, "decompression-bomb", FALSE },
	{ "members end", zip_of_many, "r.zip", BAD, 0, "too-many-parts", FALSE },
	{ "a tar is read, links are not", tarred, "r.tar", GOOD, 2, NULL, FALSE },
	{ "a tar.gz is read", tar_gz, "r.tar.gz", GOOD, 2, NULL, FALSE },
	{ "a cut tar is told", tar_cut, "r.tar", GOOD, 1, "archive-broken", TRUE },
	{ "a 7z is read", seven_zip, "r.7z", GOOD, 1, NULL, FALSE },
	{ "an xz is read", xz, "r.xml.xz", GOOD, 1, NULL, FALSE },
	{ "a zstd is read", zstd, "r.xml.zst", GOOD, 1, NULL, FALSE },
	{ "a bzip2 is read", bzip2, "r.xml.bz2", GOOD, 1, NULL, FALSE },
	{ "a tar.xz is read", tar_xz, "r.tar.xz", GOOD, 1, NULL, FALSE },
	{ "an lz4 is read", lz4, "r.xml.lz4", GOOD, 1, NULL, FALSE },
	{ "an lzip is read", lzip, "r.xml.lz", GOOD, 1, NULL, FALSE },
	{ "base64 that is quoted is read", base64_quoted, NULL, GOOD, 1, "mime-broken", TRUE },
	{ "and indented", base64_indented, NULL, GOOD, 1, "mime-broken", TRUE },
	{ "bytes that are said to be base64 are read", mailed_bytes, NULL, GOOD, 1, "mime-broken", TRUE },
	{ "an lzma is read", lzma, "r.xml.lzma", GOOD, 1, NULL, FALSE },
	{ "a compress is read", compressed, "r.xml.Z", GOOD, 1, NULL, FALSE },
	{ "a zip behind text is read", zip_behind_text, "r.zip", GOOD, 1, "archive-broken", TRUE },
	{ "a zip behind a line end is read", zip_behind_line, "r", GOOD, 1, "archive-broken", TRUE },
	{ "a zip in one volume is read", zip_in_volumes, "r.zip", GOOD, 1, "archive-broken", TRUE },
	{ "a zip that extracts itself is read", zip_of_program, "r.exe", GOOD, 1, "archive-broken", TRUE },
	{ "a gzip behind a line end is read", gzip_behind_line, "r.gz", GOOD, 1, "archive-broken", TRUE },
	{ "a program is ignored", just_program, "r.exe", NONE, 0, NULL, FALSE },
	{ "a zip of a picture behind text fails", picture_behind_text, "r.zip", BAD, 0, "no-report", FALSE },
	{ "a gzip sent as text is repaired", gzip_as_text, "r.gz", GOOD, 1, "archive-broken", TRUE },
	{ "one with a CR LF of its own needs none", gzip_with_crlf, "r.gz", GOOD, 1, NULL, FALSE },
	{ "a cut one is not", gzip_as_text_cut, "r.gz", BAD, 0, "archive-broken", FALSE },
	{ "a gzip sent as Latin-1 is repaired", gzip_as_latin1, "r.gz", GOOD, 1, "archive-broken", TRUE },
	{ "a gzip in base64 is read", base64_gzip, "r.xml.gz", GOOD, 1, "mime-broken", TRUE },
	{ "a zip in base64 is read", base64_zip, "r.zip", GOOD, 1, "mime-broken", TRUE },
	{ "an XML in base64 is read", base64_xml, "r.xml", GOOD, 1, "mime-broken", TRUE },
	{ "an XML behind text is read", xml_behind_text, "r.txt", GOOD, 1, "xml-broken", TRUE },
	{ "base64 twice is read", mailed_base64, NULL, GOOD, 1, "mime-broken", TRUE },
	{ "a text has any number of reports", many_in_text, "r.txt", GOOD, 50, "xml-broken", TRUE },
	{ "a body has any number of reports", many_in_body, NULL, GOOD, 50, NULL, FALSE },
	{ "a rar is read", rar, "r.rar", GOOD, 1, NULL, FALSE },
	{ "a rar that breaks is told", rar_cut, "r.rar", BAD, 0, "archive-broken", FALSE },
	{ "one in a mail too", mailed_many, NULL, GOOD, 50, "xml-broken", TRUE },
	{ "an empty file that claims fails", nothing, "r.xml", BAD, 0, "empty", FALSE },
	{ "an empty file that claims nothing is ignored", nothing, "r.txt", NONE, 0, NULL, FALSE },
	{ "an empty mail is ignored", nothing, NULL, NONE, 0, NULL, FALSE },
	{ "prose that claims fails", prose, "r.xml.gz", BAD, 0, "no-report", FALSE },
	{ "prose is ignored", prose, "README", NONE, 0, NULL, FALSE },
	{ "another XML that claims fails", other_xml, "r.xml", BAD, 0, "no-report", FALSE },
	{ "a mailbox in a gzip is read", gzip_of_mbox, "box.gz", GOOD, 2, NULL, FALSE },
	{ "a mailbox in a mail is read", mailed_mbox, NULL, GOOD, 2, NULL, FALSE },
	{ "what claims fails beside a report too", mailed_beside_prose, NULL, PART, 1, "no-report", FALSE },
	{ "another XML beside a report is ignored", mailed_beside_xml, NULL, GOOD, 1, NULL, FALSE },
	{ "a picture beside a report is ignored", mailed_beside_picture, NULL, GOOD, 1, NULL, FALSE },
	{ "a mail is read", mailed, NULL, GOOD, 1, NULL, FALSE },
	{ "a mail as a file is read", mailed, "mail.eml", GOOD, 1, NULL, FALSE },
	{ "a mail whose lines end in CR is read", mailed_cr, "mail.eml", GOOD, 1, NULL, FALSE },
	{ "one from a mailbox too", mailed_cr, NULL, GOOD, 1, NULL, FALSE },
	{ "a mail of nothing but CR is read in no time", cr_only, NULL, NONE, 0, NULL, FALSE },
	{ "one whose lines end in CR CR LF is read", mailed_cr_cr_lf, "mail.eml", GOOD, 1, NULL, FALSE },
	{ "a mail behind a long seal is read", mailed_behind_arc, "mail.eml", GOOD, 1, NULL, FALSE },
	{ "a mail behind a long line is read", mailed_behind_x, "mail.eml", GOOD, 1, NULL, FALSE },
	{ "a signed mail is read", mailed_signed, NULL, GOOD, 1, "no-records", TRUE },
	{ "one that was signed in pieces too", mailed_signed_stream, NULL, GOOD, 1, "no-records", TRUE },
	{ "an encrypted mail that announces a report fails", mailed_encrypted, NULL, BAD, 0, "no-report", FALSE },
	{ "S/MIME that is encrypted is told", file_encrypted, "r.xml", BAD, 0, "archive-unsupported", FALSE },
	{ "S/MIME that is cut is told", file_signed_cut, "r.xml", BAD, 0, "archive-broken", FALSE },
	{ "a winmail.dat is read", mailed_tnef, NULL, GOOD, 2, NULL, FALSE },
	{ "one that is cut is told", file_tnef_cut, "r.xml", GOOD, 1, "archive-broken", TRUE },
	{ "one with a length beyond its end too", file_tnef_huge, "r.xml", BAD, 0, "archive-broken", FALSE },
	{ "zip called gzip is read", mailed_zip_as_gzip, NULL, GOOD, 1, NULL, FALSE },
	{ "gzip called zip is read", mailed_gzip_as_zip, NULL, GOOD, 1, NULL, FALSE },
	{ "a report without a name is read", mailed_as_text, NULL, GOOD, 1, NULL, FALSE },
	{ "a mail attached as bytes is read", mailed_mail, NULL, GOOD, 1, NULL, FALSE },
	{ "mails inside each other end", mailed_deep, NULL, BAD, 0, "too-deep", FALSE },
	{ "an attachment that claims fails", mailed_prose, NULL, BAD, 0, "no-report", FALSE },
	{ "an empty attachment that claims fails", mailed_nothing, NULL, BAD, 0, "empty", FALSE },
	{ "a picture is ignored", mailed_picture, NULL, NONE, 0, NULL, FALSE },
	{ "an office document is ignored", mailed_office, NULL, NONE, 0, NULL, FALSE },
	{ "a broken office document is ignored", mailed_broken_office, NULL, NONE, 0, NULL, FALSE },
};

static MqMessage *
unwrap(GBytes *bytes, const char *name)
{
	MqMessage *message = mq_message_new(NULL);
	g_autoptr(MqPart) part = mq_part_new_bytes(bytes, NULL, NULL, NULL);

	part->name = g_strdup(name);
	part->is_mail = name == NULL;
	part->claim = name != NULL ? mq_claim_of(name, NULL) : MQ_CLAIM_NO;
	mq_unwrap_message(part, FALSE, message);
	return message;
}

static void
test_wrapping(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(GBytes) bytes = want->make();
	g_autoptr(MqMessage) message = unwrap(bytes, want->name);
	const MqProblem *first = mq_problems_count(message->problems) > 0 ? mq_problems_get(message->problems, 0) : NULL;

	g_assert_cmpint(message->state, ==, want->state);
	g_assert_cmpuint(message->reports->len, ==, want->reports);
	g_assert_cmpstr(first != NULL ? mq_problem_code_word(first->code) : NULL, ==, want->code);
	if (first != NULL)
		g_assert_cmpint(first->stored, ==, want->stored);
}

/* -------------------------------------------------------------------- texts */

/* A report of one row. */
#define UU \
	"M/&9E961B86-K/CQR97!O<G1?;65T861A=&$^/&]R9U]N86UE/G(N97AA;7!L\n" \
	"M93PO;W)G7VYA;64^/')E<&]R=%]I9#XQ/\"]R97!O<G1?:60^/&1A=&5?<F%N\n" \
	"M9V4^/&)E9VEN/C$W,#`P,#`P,#`\\+V)E9VEN/CQE;F0^,3<P,#`X-C,Y.3PO\n" \
	"M96YD/CPO9&%T95]R86YG93X\\+W)E<&]R=%]M971A9&%T83X\\<&]L:6-Y7W!U\n" \
	"M8FQI<VAE9#X\\9&]M86EN/F5X86UP;&4N;W)G/\"]D;VUA:6X^/'`^;F]N93PO\n" \
	"M<#X\\+W!O;&EC>5]P=6)L:7-H960^/')E8V]R9#X\\<F]W/CQS;W5R8V5?:7`^\n" \
	"M,3DR+C`N,BXQ/\"]S;W5R8V5?:7`^/&-O=6YT/C,\\+V-O=6YT/CPO<F]W/CQI\n" \
	"M9&5N=&EF:65R<SX\\:&5A9&5R7V9R;VT^97AA;7!L92YO<F<\\+VAE861E<E]F\n" \
	"G<F]M/CPO:61E;G1I9FEE<G,^/\"]R96-O<F0^/\"]F965D8F%C:SX*\n"

/* As a web page shows it, in colour. */
#define ESCAPED \
	"&lt;?xml version=&quot;1.0&quot;?&gt;<br>\n&lt;feedback&gt;&lt;report_metadata&gt;&lt;org_name&gt;R &amp;amp; Co&lt;/org_name&gt;" \
	"&lt;<b>report_id</b>&gt;1&lt;/report_id&gt;&lt;date_range&gt;&lt;begin>1700000000&lt;/begin>&lt;end>1700086399&lt;/end>" \
	"&lt;/date_range>&lt;/report_metadata>&lt;policy_published>&lt;domain>example.org&lt;/domain>&lt;p>none&lt;/p>" \
	"&lt;/policy_published>&lt;record>&lt;row>&lt;source_ip>192.0.2.1&lt;/source_ip>&lt;count>3&lt;/count>&lt;/row>&lt;identifiers>" \
	"&lt;header_from>example.org&lt;/header_from>&lt;/identifiers>&lt;/record>&lt;/feedback&gt;"

typedef struct {
	const char *rule;
	const char *text;
	guint reports;
	MqMessageState state;
} TextCase;

static const TextCase texts[] = {
	{ "XML in the body is read", HEADER "\nHello,\n\n" REPORT("1") "\n-- \nthe list\n", 1, GOOD },
	{ "an XML alone in the body is read", HEADER "\n" REPORT("1"), 1, GOOD },
	{ "two of them are two", HEADER "\n" REPORT("1") "\n" REPORT("2"), 2, GOOD },
	{ "inline with a type is read", HEADER "Content-Type: text/xml\n\n" REPORT("1"), 1, GOOD },
	{ "quoted-printable is decoded", HEADER "Content-Type: text/xml\nContent-Transfer-Encoding: quoted-printable\n\n"
	  "<feedback><report_metadata><org_name>r.exa=\nmple</org_name><report_id>1</report_id><date_range>"
	  "<begin>1700000000</begin><end>1700086399</end></date_range></report_metadata><policy_published>"
	  "<domain>example.org</domain><p>none</p></policy_published><record><row><source_ip>192.0.2.1</source_ip>"
	  "<count>=33</count></row><identifiers><header_from>example.org</header_from></identifiers></record></feedback>\n",
	  1, GOOD },
	{ "a From line in front is skipped", "From a@b.example Wed May 20 01:49:42 2020\n" HEADER "\n" REPORT("1"), 1, GOOD },
	{ "a quoted From line too", ">From a@b.example Wed May 20 01:49:42 2020\n" HEADER "\n" REPORT("1"), 1, GOOD },
	{ "no header at all", "\n" REPORT("1"), 1, GOOD },
	{ "a mail in a mail", HEADER "Content-Type: message/rfc822\n\n" HEADER "\n" REPORT("1"), 1, GOOD },
	{ "no final boundary", HEADER "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n" REPORT("1"), 1, GOOD },
	{ "XML in a page is read", HEADER "Content-Type: text/html\n\n<html><p>Hello<p><pre>" REPORT("1") "</pre></html>", 1, GOOD },
	{ "XML that a page shows is read", HEADER "Content-Type: text/html\n\n<html><pre>" ESCAPED "</pre></html>", 1, GOOD },
	{ "a newsletter is ignored", HEADER "Content-Type: text/html\n\n<!DOCTYPE html><html><p>Sale<br></html>\n", 0, NONE },
	{ "a header alone is ignored", HEADER, 0, NONE },
	{ "a body elsewhere is never fetched", HEADER "Content-Type: message/external-body; access-type=URL;"
	  " URL=\"http://127.0.0.1:9/r.xml.gz\"\n\nContent-Type: application/gzip\n\n", 0, NONE },
	{ "a partial message is left alone", HEADER "Content-Type: message/partial; id=x; number=1; total=2\n\n"
	  "From: a\n\n" REPORT("1"), 0, NONE },
	{ "uuencode of something else is ignored", HEADER "\nbegin 644 ../../x\n#0V%T\n`\nend\n", 0, NONE },
	{ "uuencode of a report is read", HEADER "\nHello\n\nbegin 644 r.xml\n" UU "`\nend\n", 1, GOOD },
	{ "an XML cut in the body fails", HEADER "\n<?xml version=\"1.0\"?><feedback><report_metadata><org_name>r", 0, BAD },
	{ "a multipart without boundary is ignored", HEADER "Content-Type: multipart/mixed\n\nHello\n", 0, NONE },
};

#define ANNOUNCED(text) "From: dmarc@reporter.example\nTo: rua@example.org\nSubject: " text "\n"
#define SUBJECT "Report Domain: example.org Submitter: reporter.example Report-ID: 1"
#define GARBAGE "Content-Type: text/xml\n\ngarbage\n"

static const TextCase announced[] = {
	{ "a mail that announces a report fails without", ANNOUNCED(SUBJECT) "\nHello\n", 0, BAD },
	{ "whatever is attached", ANNOUNCED(SUBJECT) GARBAGE, 0, BAD },
	{ "and of whatever type", ANNOUNCED(SUBJECT) "Content-Type: application/ms-tnef; name=winmail.dat\n\ngarbage\n", 0, BAD },
	{ "with odd blanks", ANNOUNCED("Report  Domain : example.org Submitter : reporter.example") GARBAGE, 0, BAD },
	{ "in any case", ANNOUNCED("rePORT domain: example.org SUBMITTER: reporter.example") GARBAGE, 0, BAD },
	{ "encoded", ANNOUNCED("=?utf-8?b?UmVwb3J0IERvbWFpbjogZXhhbXBsZS5vcmcgU3VibWl0dGVyOiByZXBvcnRlci5leGFtcGxl?=") GARBAGE, 0, BAD },
	{ "folded", ANNOUNCED("Report\n  Domain: example.org\n\tSubmitter: reporter.example") GARBAGE, 0, BAD },
	{ "forwarded", ANNOUNCED("Fwd: " SUBJECT) GARBAGE, 0, BAD },
	{ "tagged", ANNOUNCED("[EXTERNAL] ***SPAM*** " SUBJECT) GARBAGE, 0, BAD },
	{ "a report on TLS too", ANNOUNCED("x") "TLS-Report-Domain: example.org\n\nHello\n", 0, BAD },
	{ "with the report nothing fails", ANNOUNCED(SUBJECT) "Content-Type: text/xml\n\n" REPORT("1"), 1, GOOD },
	{ "an answer announces nothing", ANNOUNCED("Re: " SUBJECT) "\nThank you\n", 0, NONE },
	{ "whatever its subject", ANNOUNCED(SUBJECT) "Content-Type: multipart/report; boundary=b\n\n--b\n\nSorry\n--b\n"
	  "Content-Type: message/delivery-status\n\nAction: failed\n--b--\n", 0, NONE },
	{ "nor does a bounce", ANNOUNCED("Undelivered Mail: " SUBJECT) "\nSorry\n", 0, NONE },
	{ "nor who talks about it", ANNOUNCED("Your report domain: is it ready?") "\nBuy\n", 0, NONE },
};

static void
test_text(gconstpointer data)
{
	const TextCase *want = data;
	g_autoptr(GBytes) bytes = text_bytes(want->text);
	g_autoptr(MqMessage) message = unwrap(bytes, NULL);

	g_assert_cmpint(message->state, ==, want->state);
	g_assert_cmpuint(message->reports->len, ==, want->reports);
}

static void
test_mangled_base64(void)
{
	g_autoptr(GBytes) gz = gzipped();
	g_autofree char *base64 = base64_lines(gz);
	g_autofree char *text = g_strconcat(HEADER "\n--x\nContentType: application/gzip\n\n", base64, "\n--x--\n", NULL);
	g_autoptr(GBytes) bytes = text_bytes(text);
	g_autoptr(MqMessage) message = unwrap(bytes, NULL);

	g_assert_cmpuint(message->reports->len, ==, 1);
	g_assert_cmpuint(mq_problems_count(message->problems), ==, 1);
	g_assert_cmpint(mq_problems_get(message->problems, 0)->code, ==, MQ_PROBLEM_MIME_BROKEN);
	g_assert_true(mq_problems_get(message->problems, 0)->stored);
}

static void
test_multiparts(void)
{
	GString *text = g_string_new(HEADER);
	g_autoptr(MqMessage) message = NULL;
	g_autoptr(GBytes) bytes = NULL;

	for (int i = 0; i < 500; i++)
		g_string_append_printf(text, "Content-Type: multipart/mixed; boundary=\"n%d\"\n\n--n%d\n", i, i);
	g_string_append(text, "\n" REPORT("1"));
	bytes = g_string_free_to_bytes(text);
	message = unwrap(bytes, NULL);
	g_assert_cmpint(message->state, ==, MQ_MESSAGE_FAILED);
	g_assert_cmpint(mq_problems_get(message->problems, 0)->code, ==, MQ_PROBLEM_TOO_DEEP);
}

static void
test_envelope(void)
{
	g_autoptr(GBytes) bytes = mailed_mail();
	g_autoptr(MqMessage) message = unwrap(bytes, NULL);

	g_assert_cmpstr(message->envelope.from, ==, "dmarc@reporter.example");
	g_assert_cmpstr(message->envelope.from_domain, ==, "reporter.example");
	g_assert_cmpstr(message->envelope.subject, ==, "Report");
}

static void
test_part_name(void)
{
	g_autoptr(GBytes) bytes = mail("application/zip", "r.zip", zip_traversal());
	g_autoptr(MqMessage) message = unwrap(bytes, NULL);
	const MqReport *report = message->reports->pdata[0];

	g_assert_cmpstr(report->part, ==, "r.zip/../../../tmp/x\\n.xml");
}

/* The XML says nothing about its encoding, the mail does. */
static void
test_charset(void)
{
	GString *text = g_string_new(REPORT("1"));
	g_autoptr(MqMessage) message = NULL;
	g_autoptr(GBytes) bytes = NULL;

	g_string_replace(text, "<?xml version=\"1.0\"?>", "", 1);
	g_string_replace(text, "reporter.example<", "\xf0\xcf\xde\xd4\xc1<", 1);
	bytes = mail("text/xml; charset=KOI8-R", "r.xml", g_string_free_to_bytes(text));
	message = unwrap(bytes, NULL);
	g_assert_cmpuint(message->reports->len, ==, 1);
	g_assert_cmpstr(((const MqReport *)message->reports->pdata[0])->reporter, ==, "\xd0\x9f\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0");
	g_assert_cmpuint(mq_problems_count(message->problems), ==, 0);
}

/* ---------------------------------------------------------------- once more */

typedef struct {
	GString *seen;
	guint stop_after;
} Again;

static gboolean
note_batch(gpointer ctx, guint report, MqBatch *batch, GError **error)
{
	Again *again = ctx;

	for (guint i = 0; i < batch->records->len; i++) {
		const MqRecord *record = batch->records->pdata[i];

		g_string_append_printf(again->seen, "%u:%" G_GINT64_FORMAT " ", report, record->count);
	}
	if (again->stop_after > 0 && --again->stop_after == 0) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "the disk is full");
		return FALSE;
	}
	return TRUE;
}

static GBytes *
big_report(const char *id, guint first, guint n)
{
	const char *report = REPORT("1"), *record = strstr(report, "<record>"), *end = strstr(report, "</feedback>");
	GString *text = g_string_new_len(report, record - report);

	for (guint i = 0; i < n; i++) {
		g_autofree char *count = g_strdup_printf("<count>%u</count>", first + i);
		g_autoptr(GString) row = g_string_new_len(record, end - record);

		g_string_replace(row, "<count>3</count>", count, 1);
		g_string_append(text, row->str);
	}
	g_string_append(text, end);
	g_string_replace(text, "<report_id>1<", id, 1);
	return g_string_free_to_bytes(text);
}

/* A large message keeps the order of its reports, and passes over the one that failed. */
static void
test_again(void)
{
	g_autoptr(GBytes) bytes = ZIP("a.xml", big_report("<report_id>a<", 1, 3), "b.xml", cut(big_report("<report_id>b<", 10, 6000), 2),
	                              "c.xml", big_report("<report_id>c<", 20000, 6000), "d.xml", big_report("<report_id>d<", 7, 2));
	g_autoptr(MqMessage) message = unwrap(bytes, "r.zip");
	g_autoptr(MqPart) part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	Again again = { .seen = seen };
	guint last = message->reports->len - 1;
	g_autofree char *end = g_strdup_printf("%u:25999 %u:7 %u:8 ", last - 1, last, last);

	g_assert_true(message->records_follow);
	for (guint i = 0; i <= last; i++)
		g_assert_cmpuint(((const MqReport *)message->reports->pdata[i])->batches->len, ==, 0);
	g_assert_true(mq_unwrap_again(part, FALSE, message, note_batch, &again, &error));
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(seen->str, "0:1 0:2 0:3 "));
	g_assert_true(g_str_has_suffix(seen->str, end));
}

static void
test_again_fails(void)
{
	g_autoptr(GBytes) bytes = big_report("<report_id>a<", 1, 7000);
	g_autoptr(MqMessage) message = unwrap(bytes, "r.xml");
	g_autoptr(MqPart) part = mq_part_new_bytes(bytes, NULL, NULL, NULL);
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	Again again = { .seen = seen, .stop_after = 1 };

	g_assert_false(mq_unwrap_again(part, FALSE, message, note_batch, &again, &error));
	g_assert_error(error, MQ_ERROR, MQ_ERROR_STORE);
}

typedef struct {
	const char *rule, *name, *type;
	MqClaim claim;
} ClaimCase;

static const ClaimCase claims[] = {
	{ "the grammar of report names", NAME, NULL, MQ_CLAIM_REPORT },
	{ "an empty receiver too", "!example.org!1!2.xml", NULL, MQ_CLAIM_REPORT },
	{ "an extension in any case", "R.XML.GZ", NULL, MQ_CLAIM_REPORT },
	{ "a type", NULL, "application/tlsrpt+gzip", MQ_CLAIM_REPORT },
	{ "a picture does not", "a.png", "image/png", MQ_CLAIM_NO },
	{ "one mark does not", "wow!.txt", "text/plain", MQ_CLAIM_NO },
	{ "no name says nothing", NULL, "application/octet-stream", MQ_CLAIM_UNKNOWN },
};

static void
test_claim(gconstpointer data)
{
	const ClaimCase *want = data;

	g_assert_cmpint(mq_claim_of(want->name, want->type), ==, want->claim);
}

int
main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	mq_ingest_init();
	spaces = g_bytes_new_take(memset(g_malloc(64 << 20), ' ', 64 << 20), 64 << 20);
	program = g_bytes_new_take(memset(g_malloc(100000), 'M', 100000), 100000);
	program = with_byte(program, 1, 'Z');
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/unwrap/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_wrapping);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *path = g_strconcat("/unwrap/text/", texts[i].rule, NULL);

		g_test_add_data_func(path, &texts[i], test_text);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(announced); i++) {
		g_autofree char *path = g_strconcat("/unwrap/announced/", announced[i].rule, NULL);

		g_test_add_data_func(path, &announced[i], test_text);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(claims); i++) {
		g_autofree char *path = g_strconcat("/unwrap/claim/", claims[i].rule, NULL);

		g_test_add_data_func(path, &claims[i], test_claim);
	}
	g_test_add_func("/unwrap/base64 in a mangled mail is found", test_mangled_base64);
	g_test_add_func("/unwrap/multiparts end", test_multiparts);
	g_test_add_func("/unwrap/the outer mail is the envelope", test_envelope);
	g_test_add_func("/unwrap/the mail's charset counts", test_charset);
	g_test_add_func("/unwrap/names are shown, not used", test_part_name);
	g_test_add_func("/unwrap/a large message is poured again", test_again);
	g_test_add_func("/unwrap/an error of the taker comes back", test_again_fails);
	result = g_test_run();
	g_bytes_unref(spaces);
	g_bytes_unref(program);
	return result;
}
