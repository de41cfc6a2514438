/* The #include lines of the four folders: they point down, and each library is included only by the
 * files that own it. A new library or owner is a line in one of the tables below. */
#include <string.h>

#include <glib.h>

/* From the bottom up: a folder includes itself and those before it. */
static const char *const folders[] = { "ingest", "store", "analyze", "cli" };

typedef struct {
	const char *header; /* of the library: a prefix of what stands in < > */
	const char *owners; /* files, with spaces around each */
} Library;

static const Library libraries[] = {
	{ "gmime/", " ingest/mail_own.h ingest/mail_plain.c ingest/when.c cli/digest_eml.c " },
	{ "libxml/", " ingest/xml.c cli/markup.c " },
	{ "archive", " ingest/container_archive.c " },
	{ "zlib.h", " ingest/container_gzip.c " },
	{ "curl/", " ingest/http.c ingest/origin_imap.c " },
	{ "services_data.h", " analyze/services.c " }, /* generated, as the next two */
	{ "page_css.h", " cli/page.c " },
	{ "page_js.h", " cli/page.c " },
	{ "jansson.h", " ingest/format_tls.c store/backend_clickhouse.c analyze/dns_stored.c cli/document.h " },
	{ "sqlite3.h", " store/db.h store/backend_sqlite.c " },
	{ "ares", " analyze/dns_cares.c " },
	{ "idn2.h", " ingest/domain.c " },
	{ "libpsl.h", " ingest/domain.c " },
	{ "openssl/", " ingest/container_cms.c ingest/digest.c analyze/record_dkim.c analyze/probe_smtp.c " },
	{ "maxminddb.h", " analyze/geo.c " },
	{ "libsmartcols", " cli/output_table.c " },
};

/* What any file may include: GLib, C and POSIX. Lists of prefixes. */
static const char *const free_for_all[] = {
	"glib", "gio/", "gmodule.h", "assert.h", "errno.h", "fcntl.h", "float.h", "inttypes.h", "langinfo.h", "limits.h", "locale.h",
	"math.h", "signal.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
	"time.h", "unistd.h", "poll.h", "netdb.h", "dirent.h", "termios.h", "ftw.h", "arpa/", "netinet/", "net/", "sys/",
};

static gint
layer_of(const char *path)
{
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
		if (g_str_has_prefix(path, folders[i]) && path[strlen(folders[i])] == '/')
			return (gint)i;
	return -1;
}

/* (nullable) what is wrong with @file including @header, as a phrase */
static char *
fault_of_system_header(const char *file, const char *header)
{
	g_autofree char *wanted = g_strdup_printf(" %s ", file);

	for (gsize i = 0; i < G_N_ELEMENTS(libraries); i++) {
		if (!g_str_has_prefix(header, libraries[i].header))
			continue;
		if (strstr(libraries[i].owners, wanted) != NULL)
			return NULL;
		return g_strdup_printf("%s includes <%s>, which belongs to%s", file, header, libraries[i].owners);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(free_for_all); i++)
		if (g_str_has_prefix(header, free_for_all[i]))
			return NULL;
	return g_strdup_printf("%s includes <%s>, which no table of this test knows", file, header);
}

static char *
fault_of_own_header(const char *file, const char *header)
{
	gint to = layer_of(header);

	if (to < 0)
		return g_strdup_printf("%s includes \"%s\": want the path from the project's root", file, header);
	if (to > layer_of(file))
		return g_strdup_printf("%s includes \"%s\", which is above it", file, header);
	if (!g_file_test(header, G_FILE_TEST_EXISTS))
		return g_strdup_printf("%s includes \"%s\", which does not exist", file, header);
	return NULL;
}

static void
check_line(const char *file, const char *line)
{
	char quote = line[strlen("#include ")];
	const char *name = line + strlen("#include ") + 1;
	const char *end = strchr(name, quote == '<' ? '>' : '"');
	g_autofree char *header = end != NULL ? g_strndup(name, (gsize)(end - name)) : NULL;
	g_autofree char *fault = NULL;

	if (header == NULL)
		fault = g_strdup_printf("%s has an #include that cannot be read: %s", file, line);
	else
		fault = quote == '<' ? fault_of_system_header(file, header) : fault_of_own_header(file, header);
	if (fault != NULL)
		g_test_fail_printf("%s", fault);
}

static void
check_file(const char *file)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(file, &text, NULL, &error);
	g_assert_no_error(error);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		if (g_str_has_prefix(*line, "#include "))
			check_line(file, *line);
}

static void
check_folder(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_strdup_printf("%s/%s", folder, name);

		if (g_str_has_suffix(name, ".c") || g_str_has_suffix(name, ".h"))
			check_file(path);
		else if (g_file_test(path, G_FILE_TEST_IS_DIR))
			check_folder(path);
	}
}

static void
test_folder(gconstpointer folder)
{
	check_folder(folder);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions(); /* all the faults, not the first */
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = g_strdup_printf("/layers/%s", folders[i]);

		g_test_add_data_func(path, folders[i], test_folder);
	}
	return g_test_run();
}
