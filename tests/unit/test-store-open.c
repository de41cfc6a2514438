/* Databases that are not there, not ours, locked, killed, read-only; and the views that people see. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "tests/support/reports.h"

static void
test_views(StoreFixture *f, gconstpointer data)
{
	static const struct {
		const char *sql, *want;
	} rules[] = {
		{ "SELECT type || dialect || reporter || domain || begins || p FROM reports WHERE id = 1",
		  "aggregaterfc7489R.exampleexample.com2026-11-02 00:00:00none" },
		{ "SELECT group_concat(source_ip || ':' || count || ':' || dkim, ' ') FROM records WHERE header_from = 'example.net'",
		  "203.0.113.9:2:fail" },
		{ "SELECT selector || ' ' || result FROM signatures WHERE domain = 'example.net'", "s1 fail" },
		{ "SELECT count(*) FROM spf_results", "0" },
		{ "SELECT count(*) FROM override_reasons", "0" },
		{ "SELECT name || ' ' || state FROM messages WHERE id = 1", "a reports" },
		{ "SELECT count(*) FROM problems", "0" },
		{ "SELECT count(*) FROM failures", "0" },
		{ "SELECT count(*) FROM tls_results", "0" },
	};
	sqlite3 *db;

	(void)data;
	made_three_reports(f);
	g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		sqlite3_stmt *ask = NULL;

		g_assert_cmpint(sqlite3_prepare_v2(db, rules[i].sql, -1, &ask, NULL), ==, SQLITE_OK);
		g_assert_cmpint(sqlite3_step(ask), ==, SQLITE_ROW);
		g_assert_cmpstr((const char *)sqlite3_column_text(ask, 0), ==, rules[i].want);
		sqlite3_finalize(ask);
	}
	sqlite3_close(db);
}

static void
test_killed_between_commits(StoreFixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	pid_t child;
	int status;

	(void)data;
	g_clear_pointer(&f->store, mq_store_close);
	child = fork();
	if (child == 0) {
		MqStore *store = mq_store_open(f->path, MQ_STORE_WRITE, NULL);

		for (int i = 0; i < 5; i++) {
			g_autofree char *name = g_strdup_printf("m%d", i);
			g_autoptr(MqMessage) message = made_message(name, made_two_rows(name));
			MqPutResult result;

			if (!mq_store_put(store, message, &result, NULL) || (i == 2 && !mq_store_commit(store, NULL)))
				_exit(1);
		}
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	g_assert_true(WIFSIGNALED(status));
	f->store = mq_store_open(f->path, MQ_STORE_WRITE, &error);
	g_assert_no_error(error);
	assert_total(f, "=45/30"); /* three of five: the last two were not committed, and left nothing */
	g_assert_cmpuint(made_put(f, made_message("m3", made_two_rows("m3"))).records, ==, 2);
}

static void
assert_refused(const char *path, MqStoreMode mode, const char *word)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MqStore) store = mq_store_open(path, mode, &error);

	g_assert_null(store);
	g_assert_error(error, MQ_ERROR, MQ_ERROR_STORE);
	g_assert_nonnull(strstr(error->message, word));
	g_assert_null(strchr(error->message, '\n'));
}

static void
run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(db);
}

static void
test_refusals(StoreFixture *f, gconstpointer data)
{
	g_autofree char *missing = g_build_filename(f->folder, "none.db", NULL);
	g_autofree char *text = g_build_filename(f->folder, "text.db", NULL);
	g_autofree char *other = g_build_filename(f->folder, "other.db", NULL);

	(void)data;
	assert_refused(missing, MQ_STORE_READ, "marque ingest");
	g_assert_true(g_file_set_contents(text, "this is a letter, not a database, and longer than a header of one hundred "
	                                        "bytes so that it cannot pass for an empty one.", -1, NULL));
	assert_refused(text, MQ_STORE_WRITE, "no SQLite database");
	assert_refused(text, MQ_STORE_READ, "no SQLite database");
	g_assert_true(g_file_set_contents(text, "x", -1, NULL)); /* shorter than any header */
	assert_refused(text, MQ_STORE_WRITE, "no SQLite database");
	run_sql(other, "CREATE TABLE theirs (x)");
	assert_refused(other, MQ_STORE_WRITE, "another program");
	run_sql(f->path, "PRAGMA user_version = 999");
	assert_refused(f->path, MQ_STORE_WRITE, "newer marque");
}

/* In a child without root's rights, which ends 0 when all was as it should be. */
static gboolean
is_read_only_answered(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MqStore) reader = NULL;
	g_autoptr(MqStore) writer = NULL;
	MqStatus status;

	if (geteuid() == 0 && setuid(65534) != 0)
		return FALSE;
	reader = mq_store_open(path, MQ_STORE_READ, NULL);
	if (reader == NULL || !mq_store_status(reader, &status, NULL) || status.records != 2)
		return FALSE;
	writer = mq_store_open(path, MQ_STORE_WRITE, &error);
	return writer == NULL && strstr(error->message, "cannot be") != NULL;
}

static void
test_read_only(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	pid_t child;
	int status;

	made_put(f, made_message("a", made_two_rows("1")));
	g_clear_pointer(&f->store, mq_store_close);
	g_assert_cmpint(g_chmod(f->path, 0444), ==, 0);
	g_assert_cmpint(g_chmod(f->folder, 0555), ==, 0);
	child = fork();
	if (child == 0)
		_exit(is_read_only_answered(f->path) ? 0 : 1);
	waitpid(child, &status, 0);
	g_assert_cmpint(g_chmod(f->folder, 0700), ==, 0);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* Nobody waits for a reader, and a reader waits for nobody. */
static void
test_read_beside_write(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	g_autoptr(MqMessage) message = made_message("b", made_two_rows("2"));
	g_autoptr(GError) error = NULL;
	g_autoptr(MqStore) reader = NULL;
	MqPutResult result;
	MqStatus status;

	made_put(f, made_message("a", made_two_rows("1")));
	mq_store_put(f->store, message, &result, &error);
	g_assert_no_error(error);
	reader = mq_store_open(f->path, MQ_STORE_READ, &error);
	g_assert_no_error(error);
	mq_store_status(reader, &status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status.records, ==, 2);
	mq_store_commit(f->store, &error);
	g_assert_no_error(error);
	mq_store_status(reader, &status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status.records, ==, 4);
}

/* The examples of store/README.md: what stands indented after the first comment. */
static void
test_readme(StoreFixture *f, G_GNUC_UNUSED gconstpointer data)
{
	g_autofree char *text = NULL;
	g_autoptr(GString) sql = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	const char *start;

	made_three_reports(f);
	g_file_get_contents("store/README.md", &text, NULL, &error);
	g_assert_no_error(error);
	start = strstr(text, "\n    --");
	g_assert_nonnull(start);
	g_auto(GStrv) lines = g_strsplit(start, "\n", -1);

	for (char **line = lines; *line != NULL && !g_str_has_prefix(*line, "## "); line++)
		if (g_str_has_prefix(*line, "    "))
			g_string_append_printf(sql, "%s\n", *line);
	g_assert_nonnull(strstr(sql->str, "SELECT"));
	run_sql(f->path, sql->str);
}

static void
add(const char *rule, void (*test)(StoreFixture *, gconstpointer))
{
	g_autofree char *path = g_strconcat("/store-open/", rule, NULL);

	g_test_add(path, StoreFixture, NULL, store_set_up, test, store_tear_down);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("views", test_views);
	add("examples of the README run", test_readme);
	add("killed between commits", test_killed_between_commits);
	add("refusals say what to do", test_refusals);
	add("read-only file and folder", test_read_only);
	add("a reader beside a writer", test_read_beside_write);
	return g_test_run();
}
