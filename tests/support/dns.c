#include "tests/support/dns.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

struct TestDns {
	GSubprocess *process;
	char *folder, *zone, *log, *address;
};

TestDns *
test_dns_start(const char *zone)
{
	TestDns *dns = g_new0(TestDns, 1);
	const char *program = g_getenv("MARQUE_DNSD");
	g_autoptr(GDataInputStream) lines = NULL;
	g_autofree char *port = NULL;
	g_autoptr(GError) error = NULL;

	dns->folder = g_dir_make_tmp("marque-dns-XXXXXX", &error);
	g_assert_no_error(error);
	dns->zone = g_build_filename(dns->folder, "zone", NULL);
	dns->log = g_build_filename(dns->folder, "log", NULL);
	g_file_set_contents(dns->zone, zone, -1, &error);
	g_assert_no_error(error);
	dns->process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
	                                program != NULL ? program : "build/sanitize/tests/dnsd", dns->zone, dns->log,
	                                NULL);
	g_assert_no_error(error);
	lines = g_data_input_stream_new(g_subprocess_get_stdout_pipe(dns->process));
	port = g_data_input_stream_read_line(lines, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(port); /* its own message is above */
	dns->address = g_strconcat("127.0.0.1:", port, NULL);
	return dns;
}

void
test_dns_stop(TestDns *dns)
{
	if (dns == NULL)
		return;
	/* it ends when its standard input does; whatever it says then, it ends */
	g_output_stream_close(g_subprocess_get_stdin_pipe(dns->process), NULL, NULL);
	g_subprocess_wait(dns->process, NULL, NULL);
	g_object_unref(dns->process);
	g_remove(dns->zone);
	g_remove(dns->log);
	g_rmdir(dns->folder);
	g_free(dns->folder);
	g_free(dns->zone);
	g_free(dns->log);
	g_free(dns->address);
	g_free(dns);
}

const char *
test_dns_address(const TestDns *dns)
{
	return dns->address;
}

static GStrv
read_log(const TestDns *dns)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(dns->log, &text, NULL, NULL)) /* not asked yet: no log */
		text = g_strdup("");
	return g_strsplit(text, "\n", -1);
}

guint
test_dns_count(const TestDns *dns, const char *query)
{
	g_auto(GStrv) lines = read_log(dns);
	guint n = 0;

	for (guint i = 0; lines[i] != NULL; i++)
		n += *lines[i] != '\0' && (query == NULL || strcmp(lines[i], query) == 0) ? 1 : 0;
	return n;
}

char *
test_dns_most(const TestDns *dns, guint *count)
{
	g_auto(GStrv) lines = read_log(dns);
	char *most = NULL;

	*count = 0;
	for (guint i = 0; lines[i] != NULL; i++) {
		guint n = *lines[i] != '\0' ? test_dns_count(dns, lines[i]) : 0;

		if (n <= *count)
			continue;
		*count = n;
		g_free(most);
		most = g_strdup(lines[i]);
	}
	return most;
}
