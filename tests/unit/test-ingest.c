/* Mailboxes and folders, walked by several threads and delivered in order. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "ingest/budget.h"
#include "ingest/ingest.h"
#include "ingest/origins.h"

#define REPORT(id) \
	"<?xml version=\"1.0\"?>\n<feedback><report_metadata><org_name>reporter.example</org_name>" \
	"<report_id>" id "</report_id><date_range><begin>1700000000</begin><end>1700086399</end></date_range>" \
	"</report_metadata><policy_published><domain>example.org</domain><p>none</p></policy_published>"
#define RECORD \
	"<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated><disposition>none</disposition>" \
	"<dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.org</header_from>" \
	"</identifiers></record>"
#define HEADER "From: dmarc@reporter.example\nTo: rua@example.org\nSubject: Report\n\n"

/* ------------------------------------------------------------------ a folder */

typedef struct {
	char *path;
} Folder;

static void
remove_tree(const char *path)
{
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) && (dir = g_dir_open(path, 0, NULL)) != NULL) {
		while ((name = g_dir_read_name(dir)) != NULL) {
			g_autofree char *child = g_build_filename(path, name, NULL);

			remove_tree(child);
		}
	}
	g_remove(path);
}

static Folder *
folder_new(void)
{
	Folder *folder = g_new0(Folder, 1);
	g_autoptr(GError) error = NULL;

	folder->path = g_dir_make_tmp("marque-ingest-XXXXXX", &error);
	g_assert_no_error(error);
	return folder;
}

static void
folder_free(Folder *folder)
{
	remove_tree(folder->path);
	g_free(folder->path);
	g_free(folder);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Folder, folder_free)

static void
add_file(const Folder *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder->path, name, NULL);
	g_autofree char *dir = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* --------------------------------------------------------------------- a sink */

typedef struct {
	GString *seen;        /* base names and report ids, in order of delivery */
	guint messages, commits, uncommitted, reports, states[MQ_MESSAGE_FAILED + 1];
	guint64 poured;       /* records got by mq_message_pour() */
	guint fail_at;        /* the put that fails; 0: none */
	guint cancel_at;
	GCancellable *cancellable;
	gboolean knows_all;
} Seen;

static MqKnown
known(gpointer ctx, G_GNUC_UNUSED const guint8 sha256[MQ_DIGEST_BYTES])
{
	return ((const Seen *)ctx)->knows_all ? MQ_KNOWN_DONE : MQ_KNOWN_NOT;
}

static gboolean
count_records(gpointer ctx, G_GNUC_UNUSED guint report, MqBatch *batch, G_GNUC_UNUSED GError **error)
{
	((Seen *)ctx)->poured += batch->records->len;
	return TRUE;
}

static gboolean
put(gpointer ctx, MqMessage *message, GError **error)
{
	Seen *seen = ctx;
	g_autofree char *base = g_path_get_basename(message->name);

	if (++seen->messages == seen->fail_at) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "the disk is full");
		return FALSE;
	}
	if (seen->messages == seen->cancel_at)
		g_cancellable_cancel(seen->cancellable);
	seen->uncommitted++;
	seen->states[message->state]++;
	seen->reports += message->reports->len;
	g_string_append_printf(seen->seen, "%s ", base);
	for (guint i = 0; i < message->reports->len; i++)
		g_string_append_printf(seen->seen, "[%s] ", ((const MqReport *)message->reports->pdata[i])->report_id);
	return mq_message_pour(message, count_records, seen, error);
}

static gboolean
commit(gpointer ctx, G_GNUC_UNUSED GError **error)
{
	Seen *seen = ctx;

	seen->commits++;
	seen->uncommitted = 0;
	return TRUE;
}

static void
seen_clear(Seen *seen)
{
	g_string_free(seen->seen, TRUE);
	g_clear_object(&seen->cancellable);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seen, seen_clear)

#define SEEN ((Seen){ .seen = g_string_new(NULL), .cancellable = g_cancellable_new() })

static gboolean
run(const char *source, guint jobs, Seen *seen, GError **error)
{
	const char *const sources[] = { source, NULL };
	const MqIngestOptions options = { .jobs = jobs };
	const MqSink sink = { .known = known, .put = put, .commit = commit };

	return mq_ingest_run(sources, &options, &sink, seen, seen->cancellable, error);
}

static void
run_well(const char *source, guint jobs, Seen *seen)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(run(source, jobs, seen, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(seen->uncommitted, ==, 0);
}

/* ---------------------------------------------------------------------- tests */

static void
test_maildir(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) seen = SEEN;

	add_file(folder, "new/2.host", HEADER REPORT("two") RECORD "</feedback>");
	add_file(folder, "cur/1.host:2,S", HEADER REPORT("one") RECORD "</feedback>");
	add_file(folder, "cur/3.host:2,", HEADER "Hello");
	add_file(folder, "tmp/0.host", HEADER REPORT("zero") RECORD "</feedback>");
	add_file(folder, "dovecot-uidlist", "3 V1 N4");
	add_file(folder, ".Archive/cur/1.host:2,S", HEADER REPORT("archived") RECORD "</feedback>");
	add_file(folder, ".hidden/x.xml", REPORT("hidden") RECORD "</feedback>");
	run_well(folder->path, 2, &seen);
	g_assert_cmpstr(seen.seen->str, ==, "1.host:2,S [one] 2.host [two] 3.host:2, 1.host:2,S [archived] ");
	g_assert_cmpuint(seen.poured, ==, 3);
	g_assert_cmpuint(seen.states[MQ_MESSAGE_NOTHING], ==, 1);
}

static void
test_one_folder_of_a_maildir(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) seen = SEEN;

	add_file(folder, "new/2.host", HEADER REPORT("two") RECORD "</feedback>");
	run_well(folder->path, 1, &seen);
	g_assert_cmpstr(seen.seen->str, ==, "2.host [two] ");
}

static void
test_tree(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) seen = SEEN;
	g_autofree char *fifo = g_build_filename(folder->path, "c.fifo", NULL);
	g_autofree char *loop = g_build_filename(folder->path, "sub/loop", NULL);

	add_file(folder, "b.xml", REPORT("b") RECORD "</feedback>");
	add_file(folder, "a.eml", HEADER REPORT("a") RECORD "</feedback>");
	add_file(folder, "notes.txt", "nothing to see");
	add_file(folder, "empty.xml", "");
	add_file(folder, ".profile.xml", REPORT("hidden") RECORD "</feedback>");
	add_file(folder, "sub/box/cur/1:2,S", HEADER REPORT("boxed") RECORD "</feedback>");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(symlink(folder->path, loop), ==, 0);
	run_well(folder->path, 3, &seen);
	g_assert_cmpstr(seen.seen->str, ==, "a.eml [a] b.xml [b] empty.xml notes.txt 1:2,S [boxed] ");
	g_assert_cmpuint(seen.states[MQ_MESSAGE_FAILED], ==, 1);
}

static void
test_file(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_autofree char *path = g_build_filename(folder->path, "b.xml", NULL);
	g_auto(Seen) seen = SEEN;

	add_file(folder, "b.xml", REPORT("b") RECORD "</feedback>");
	run_well(path, 1, &seen);
	g_assert_cmpstr(seen.seen->str, ==, "b.xml [b] ");
}

static void
fill(const Folder *folder, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("%s/%06u.host", i % 2 == 0 ? "new" : "cur", i);
		GString *text = g_string_new(HEADER REPORT("one"));

		for (guint r = 0; r < (i % 7) * 20; r++)
			g_string_append(text, RECORD);
		g_string_append(text, RECORD "</feedback>");
		add_file(folder, name, text->str);
		g_string_free(text, TRUE);
	}
}

static void
test_order(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) one = SEEN;
	g_auto(Seen) eight = SEEN;

	fill(folder, 700);
	run_well(folder->path, 1, &one);
	run_well(folder->path, 8, &eight);
	g_assert_cmpuint(one.messages, ==, 700);
	g_assert_cmpstr(one.seen->str, ==, eight.seen->str);
	g_assert_cmpuint(one.poured, ==, eight.poured);
}

static void
test_known(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) seen = SEEN;

	fill(folder, 10);
	seen.knows_all = TRUE;
	run_well(folder->path, 2, &seen);
	g_assert_cmpuint(seen.states[MQ_MESSAGE_KNOWN], ==, 10);
	g_assert_cmpuint(seen.reports, ==, 0);
}

static void
test_sink_fails(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) seen = SEEN;
	g_autoptr(GError) error = NULL;

	fill(folder, 600);
	seen.fail_at = 5;
	g_assert_false(run(folder->path, 4, &seen, &error));
	g_assert_error(error, MQ_ERROR, MQ_ERROR_STORE);
	g_assert_cmpuint(seen.messages, ==, 5);
}

static void
test_cancel(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) seen = SEEN;

	fill(folder, 1200);
	seen.cancel_at = 3;
	run_well(folder->path, 2, &seen);
	g_assert_cmpuint(seen.messages, >=, 3);
	g_assert_cmpuint(seen.messages, <, 1200);
}

static void
test_large(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_auto(Seen) seen = SEEN;
	GString *text = g_string_new(HEADER REPORT("large"));

	for (guint i = 0; i < 3 * MQ_LIMIT_HELD_RECORDS; i++)
		g_string_append(text, RECORD);
	g_string_append(text, "</feedback>");
	add_file(folder, "cur/1:2,", text->str);
	g_string_free(text, TRUE);
	run_well(folder->path, 1, &seen);
	g_assert_cmpuint(seen.reports, ==, 1);
	g_assert_cmpuint(seen.poured, ==, 3 * MQ_LIMIT_HELD_RECORDS);
}

/* ------------------------------------------------------------- what may go away */

typedef struct {
	GPtrArray *items;
} Collected;

static gboolean
collect(gpointer ctx, MqItem *item)
{
	g_ptr_array_add(((Collected *)ctx)->items, item);
	return TRUE;
}

static void
expect_nothing(G_GNUC_UNUSED gpointer ctx, G_GNUC_UNUSED guint64 n)
{
}

static void
test_moved(void)
{
	g_autoptr(Folder) folder = folder_new();
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)mq_item_free);
	Collected collected = { items };
	const MqWalk walk = { .emit = collect, .expect = expect_nothing, .ctx = &collected };
	g_autofree char *before = g_build_filename(folder->path, "new", "1.host", NULL);
	g_autofree char *after = g_build_filename(folder->path, "cur", "1.host:2,S", NULL);
	g_autoptr(GError) error = NULL;
	int fd;

	add_file(folder, "new/1.host", HEADER "Hello");
	add_file(folder, "cur/2.host:2,", HEADER "Hello");
	g_assert_true(mq_origin_walk_maildir(folder->path, &walk, &error));
	g_assert_cmpuint(items->len, ==, 2);
	g_assert_cmpint(g_rename(before, after), ==, 0);
	fd = items->pdata[0] != NULL ? mq_origin_maildir.open(items->pdata[0], &error) : -1;
	g_assert_no_error(error);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	g_assert_cmpint(g_remove(after), ==, 0);
	g_assert_cmpint(mq_origin_maildir.open(items->pdata[0], &error), ==, -1);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* However few names are held at once, each mail comes once, and in order. */
static void
test_slices(void)
{
	g_autoptr(Folder) folder = folder_new();

	add_file(folder, "new/3.host", HEADER "Hello");
	add_file(folder, "cur/3.host:2,S", HEADER "Hello");
	for (guint i = 1; i <= 9; i++) {
		g_autofree char *name = g_strdup_printf("%s/%u.host%s", i % 2 == 0 ? "new" : "cur", i, i % 2 == 0 ? "" : ":2,");

		if (i != 3)
			add_file(folder, name, HEADER "Hello");
	}
	for (guint slice = 1; slice <= 12; slice++) {
		g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)mq_item_free);
		Collected collected = { items };
		const MqWalk walk = { .emit = collect, .expect = expect_nothing, .slice = slice, .ctx = &collected };
		g_autoptr(GError) error = NULL;

		g_assert_true(mq_origin_walk_maildir(folder->path, &walk, &error));
		g_assert_cmpuint(items->len, ==, 9);
		for (guint i = 0; i < items->len; i++) {
			g_autofree char *name = g_path_get_basename(((const MqItem *)items->pdata[i])->name);

			g_assert_cmpuint((guint)(name[0] - '0'), ==, i + 1);
		}
	}
}

static void
test_no_source(void)
{
	g_auto(Seen) seen = SEEN;
	g_autoptr(GError) error = NULL;

	g_assert_false(run("/nonexistent/box", 1, &seen, &error));
	g_assert_error(error, MQ_ERROR, MQ_ERROR_USAGE);
	g_assert_cmpuint(seen.messages, ==, 0);
}

static gpointer
take_one(gpointer budget)
{
	return GINT_TO_POINTER(mq_budget_take(budget, 60));
}

static void
test_budget(void)
{
	g_autoptr(MqBudget) budget = mq_budget_new(100, 2);
	GThread *thread;

	g_assert_true(mq_budget_take(budget, 1000)); /* larger than all: alone */
	thread = g_thread_new("taker", take_one, budget);
	mq_budget_give(budget, 1000);
	g_assert_true(GPOINTER_TO_INT(g_thread_join(thread)));
	g_assert_true(mq_budget_take(budget, 40));
	thread = g_thread_new("taker", take_one, budget);
	mq_budget_close(budget);
	g_assert_false(GPOINTER_TO_INT(g_thread_join(thread)));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	mq_ingest_init();
	g_test_add_func("/ingest/a Maildir is new and cur, in order", test_maildir);
	g_test_add_func("/ingest/a large Maildir is read in slices", test_slices);
	g_test_add_func("/ingest/a Maildir may lack an empty folder", test_one_folder_of_a_maildir);
	g_test_add_func("/ingest/a folder is walked to its bottom", test_tree);
	g_test_add_func("/ingest/a file is a source", test_file);
	g_test_add_func("/ingest/jobs do not change the order", test_order);
	g_test_add_func("/ingest/what is known is not looked into", test_known);
	g_test_add_func("/ingest/the sink's error ends the run", test_sink_fails);
	g_test_add_func("/ingest/cancelling commits what was put", test_cancel);
	g_test_add_func("/ingest/a large message is poured again", test_large);
	g_test_add_func("/ingest/a mail that moves is found again", test_moved);
	g_test_add_func("/ingest/a source has to be there", test_no_source);
	g_test_add_func("/ingest/the budget waits and wakes", test_budget);
	return g_test_run();
}
