/* What the libraries alone cost: for each file of a folder, read it, decode its base64 parts, inflate what is
 * gzip or zip, run libxml2's SAX parser with handlers that keep nothing, and insert one SQLite row per <record>.
 * One thread, no errors handled beyond stopping: this is the measure for tests/bench/run, not a program to use.
 *
 *     bench-floor MAILDIR DATABASE */
#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <libxml/parser.h>
#include <sqlite3.h>
#include <zlib.h>

#define CHUNK 65536
#define COMMIT_EVERY 1000

typedef struct {
	sqlite3 *db;
	sqlite3_stmt *insert;
	gint64 files, reports, rows;
} Floor;

static void
stop_unless(gboolean good, const char *what, const char *on)
{
	if (good)
		return;
	fprintf(stderr, "bench-floor: cannot %s: %s\n", what, on);
	exit(3);
}

static void
run_sql(Floor *floor, const char *sql)
{
	stop_unless(sqlite3_exec(floor->db, sql, NULL, NULL, NULL) == SQLITE_OK, "run", sql);
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
         const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	(void)ctx, (void)name, (void)prefix, (void)uri, (void)n_namespaces, (void)namespaces;
	(void)n_attributes, (void)n_defaulted, (void)attributes;
}

static void
on_text(void *ctx, const xmlChar *text, int n)
{
	(void)ctx, (void)text, (void)n;
}

/* Report, address, count, three results, two names by number: what a compact row would have. */
static void
insert_row(Floor *floor)
{
	static const guint8 address[4] = { 192, 0, 2, 1 };

	floor->rows++;
	sqlite3_bind_int64(floor->insert, 1, floor->reports);
	sqlite3_bind_blob(floor->insert, 2, address, sizeof(address), SQLITE_STATIC);
	for (int i = 3; i <= 9; i++)
		sqlite3_bind_int64(floor->insert, i, floor->rows % 100);
	stop_unless(sqlite3_step(floor->insert) == SQLITE_DONE, "insert", sqlite3_errmsg(floor->db));
	sqlite3_reset(floor->insert);
}

static void
on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)prefix, (void)uri;
	if (strcmp((const char *)name, "record") == 0)
		insert_row(ctx);
}

/* @window_bits: 31 for gzip, -15 for a zip member */
static void
parse_packed(Floor *floor, guint8 *bytes, gsize n, int window_bits)
{
	xmlSAXHandler handlers = {
		.initialized = XML_SAX2_MAGIC, .startElementNs = on_start, .endElementNs = on_end, .characters = on_text,
	};
	xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&handlers, floor, NULL, 0, NULL);
	z_stream z = { .next_in = bytes, .avail_in = (uInt)n };
	static char plain[CHUNK];
	int state = inflateInit2(&z, window_bits);

	floor->reports++;
	while (state == Z_OK) {
		z.next_out = (Bytef *)plain;
		z.avail_out = CHUNK;
		state = inflate(&z, Z_NO_FLUSH);
		xmlParseChunk(parser, plain, (int)(CHUNK - z.avail_out), 0);
	}
	xmlParseChunk(parser, plain, 0, 1);
	stop_unless(state == Z_STREAM_END && parser->wellFormed, "read", "a report");
	inflateEnd(&z);
	xmlFreeParserCtxt(parser);
}

static void
parse_report(Floor *floor, guint8 *bytes, gsize n)
{
	gsize skip = 0;

	if (n > 30 && memcmp(bytes, "PK\3\4", 4) == 0)
		skip = 30 + (gsize)(bytes[26] | bytes[27] << 8) + (gsize)(bytes[28] | bytes[29] << 8);
	stop_unless(n > skip, "read", "a zip");
	parse_packed(floor, bytes + skip, n - skip, skip != 0 ? -15 : 31);
}

/* Each base64 part: from the empty line after its header to the next boundary. */
static void
read_mail(Floor *floor, char *text)
{
	static const char mark[] = "Content-Transfer-Encoding: base64\n";
	char *at = text;

	while ((at = strstr(at, mark)) != NULL && (at = strstr(at, "\n\n")) != NULL) {
		char *end = strstr(at, "\n--");
		gsize n = end != NULL ? (gsize)(end - at) : strlen(at);
		g_autofree guint8 *bytes = g_malloc(n);
		gint state = 0;
		guint save = 0;
		gsize n_bytes = g_base64_decode_step(at, n, bytes, &state, &save);

		at += n;
		if (n_bytes > 4 && (bytes[0] == 0x1f || bytes[0] == 'P'))
			parse_report(floor, bytes, n_bytes);
	}
}

static void
read_folder(Floor *floor, const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	stop_unless(dir != NULL, "open", folder);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *text = NULL;

		stop_unless(g_file_get_contents(path, &text, NULL, NULL), "read", path);
		read_mail(floor, text);
		if (++floor->files % COMMIT_EVERY == 0)
			run_sql(floor, "COMMIT; BEGIN");
	}
}

int
main(int argc, char **argv)
{
	Floor floor = { 0 };

	stop_unless(argc == 3, "start", "want bench-floor MAILDIR DATABASE");
	g_autofree char *fresh = g_build_filename(argv[1], "new", NULL);
	g_autofree char *seen = g_build_filename(argv[1], "cur", NULL);

	stop_unless(sqlite3_open(argv[2], &floor.db) == SQLITE_OK, "open", argv[2]);
	run_sql(&floor, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	                "CREATE TABLE record (id INTEGER PRIMARY KEY, report INT, ip BLOB, count INT, disposition INT,"
	                " dkim INT, spf INT, header_from INT, envelope_from INT, auth INT); BEGIN");
	stop_unless(sqlite3_prepare_v2(floor.db, "INSERT INTO record VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1,
	                               &floor.insert, NULL) == SQLITE_OK, "prepare", sqlite3_errmsg(floor.db));
	read_folder(&floor, seen);
	read_folder(&floor, fresh);
	run_sql(&floor, "COMMIT");
	sqlite3_finalize(floor.insert);
	sqlite3_close(floor.db);
	printf("%" G_GINT64_FORMAT " files, %" G_GINT64_FORMAT " reports, %" G_GINT64_FORMAT " rows\n", floor.files,
	       floor.reports, floor.rows);
	return 0;
}
