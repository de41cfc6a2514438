#include "ingest/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/digest.h"
#include "ingest/origins.h"
#include "ingest/text.h"

#define HEX_BYTES    (2 * MQ_DIGEST_BYTES)
#define ENDING_BYTES 5 /* of "xml" or "gz": longer ones are no ending */
#define HEADING      "time\tfile\tsource\tcode\tpart\treason\n"

struct MqQuarantine {
	char *folder;
	GHashTable *copies;  /* SHA-256 in hex -> path below the folder */
	GPtrArray *released; /* char *: SHA-256 of what goes with the next commit */
	int log;             /* reasons.tsv */
};

/* ---------------------------------------------------------------------- the folder */

static gboolean
fail(GError **error, const char *what, const char *path)
{
	int why = errno;

	g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(why), "the quarantine: cannot %s '%s': %s", what, path,
	            g_strerror(why));
	return FALSE;
}

/* A directory entry is lasting when its directory is. */
static gboolean
sync_folder(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean done = fd >= 0 && fsync(fd) == 0;

	if (!done)
		fail(error, "write", path);
	if (fd >= 0)
		close(fd);
	return done;
}

/* Names begin with the digest; mail programs add flags, and move what they have shown to cur. */
static void
look_into(MqQuarantine *quarantine, const char *sub)
{
	g_autofree char *path = g_build_filename(quarantine->folder, sub, NULL);
	g_autoptr(GPtrArray) names = mq_origin_list(path, NULL); /* was made a moment ago */

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *name = names->pdata[i];

		if (strspn(name, "0123456789abcdef") == HEX_BYTES)
			g_hash_table_insert(quarantine->copies, g_strndup(name, HEX_BYTES), g_build_filename(sub, name, NULL));
	}
}

static gboolean
open_log(MqQuarantine *quarantine, GError **error)
{
	g_autofree char *path = g_build_filename(quarantine->folder, "reasons.tsv", NULL);
	struct stat st;

	quarantine->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (quarantine->log < 0 || fstat(quarantine->log, &st) < 0)
		return fail(error, "open", path);
	if (st.st_size == 0 && write(quarantine->log, HEADING, strlen(HEADING)) < 0)
		return fail(error, "write", path);
	return TRUE;
}

MqQuarantine *
mq_quarantine_open(const char *folder, GError **error)
{
	static const char *const subs[] = { "tmp", "new", "cur", "files" };
	g_autoptr(MqQuarantine) quarantine = g_new0(MqQuarantine, 1);

	quarantine->folder = g_strdup(folder);
	quarantine->copies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	quarantine->released = g_ptr_array_new_with_free_func(g_free);
	quarantine->log = -1;
	for (gsize i = 0; i < G_N_ELEMENTS(subs); i++) {
		g_autofree char *path = g_build_filename(folder, subs[i], NULL);

		if (g_mkdir_with_parents(path, 0700) < 0) {
			g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "the quarantine: cannot make '%s': %s", path, g_strerror(errno));
			return NULL;
		}
		look_into(quarantine, subs[i]);
	}
	return open_log(quarantine, error) ? g_steal_pointer(&quarantine) : NULL;
}

void
mq_quarantine_free(MqQuarantine *quarantine)
{
	if (quarantine == NULL)
		return;
	if (quarantine->log >= 0)
		close(quarantine->log);
	g_hash_table_unref(quarantine->copies);
	g_ptr_array_unref(quarantine->released);
	g_free(quarantine->folder);
	g_free(quarantine);
}

/* ----------------------------------------------------------------------- the log */

/* Between tabs; what a spreadsheet would take for a formula is none. */
static void
add_cell(GString *line, const char *text)
{
	g_autofree char *visible = mq_text_visible(text);

	g_string_append_printf(line, "\t%s%s", visible[0] != '\0' && strchr("=+-@", visible[0]) != NULL ? "'" : "", visible);
}

static void
add_line(GString *lines, const char *file, const MqMessage *message, const char *code, const char *part, const char *reason)
{
	g_autofree char *now = mq_when_to_text(g_get_real_time() / G_USEC_PER_SEC);
	const char *const cells[] = { file, message->name, code, part, reason };

	g_string_append(lines, now);
	for (gsize i = 0; i < G_N_ELEMENTS(cells); i++)
		add_cell(lines, cells[i]);
	g_string_append_c(lines, '\n');
}

static gboolean
write_lines(MqQuarantine *quarantine, const GString *lines, GError **error)
{
	if (write(quarantine->log, lines->str, lines->len) != (gssize)lines->len || fdatasync(quarantine->log) < 0)
		return fail(error, "write", "reasons.tsv");
	return TRUE;
}

static gboolean
tell_why(MqQuarantine *quarantine, const char *file, const MqMessage *message, GError **error)
{
	g_autoptr(GString) lines = g_string_new(NULL);

	for (guint i = 0; i < mq_problems_count(message->problems); i++) {
		const MqProblem *problem = mq_problems_get(message->problems, i);

		if (!problem->stored && problem->report < 0)
			add_line(lines, file, message, mq_problem_code_word(problem->code), problem->part, problem->reason);
	}
	return write_lines(quarantine, lines, error);
}

/* ---------------------------------------------------------------------- the copy */

/* "sha.xml.gz" of "report.xml.gz": the endings say what a bare file claims to be, and nothing else of a
 * stranger's name is kept. */
static char *
file_name(const char *hex, const char *name)
{
	gsize n = strlen(name);
	gsize start = n;

	for (guint i = 0; i < 2; i++) {
		gsize at = start;

		while (at > 0 && start - at <= ENDING_BYTES && g_ascii_isalnum(name[at - 1]))
			at--;
		if (at < 2 || at == start || name[at - 1] != '.' || start - at > ENDING_BYTES)
			break;
		start = at - 1;
	}
	return g_strconcat("files/", hex, name + start, NULL);
}

/* All bytes of @from, and what they are. */
static gboolean
copy_bytes(int from, int to, guint8 digest[MQ_DIGEST_BYTES], GError **error)
{
	g_autoptr(MqDigester) digester = mq_digester_new();
	guint8 bytes[65536];
	guint64 n_all = 0;
	gssize n;

	while ((n = pread(from, bytes, sizeof(bytes), (off_t)n_all)) > 0) {
		for (gssize at = 0; at < n;) {
			gssize done = write(to, bytes + at, (gsize)(n - at));

			if (done < 0)
				return fail(error, "write", "a copy");
			at += done;
		}
		mq_digester_add(digester, bytes, (gsize)n);
		n_all += (guint64)n;
		if (n_all > MQ_LIMIT_UNPACKED_BYTES)
			break; /* grows while it is read: its digest is another one */
	}
	if (n < 0)
		return fail(error, "read", "a message");
	mq_digester_take(digester, digest);
	return fsync(to) == 0 || fail(error, "write", "a copy");
}

/* @file becomes the whole message or is not there. *same: the bytes are still those that were read. */
static gboolean
write_copy(MqQuarantine *quarantine, const MqMessage *message, int from, const char *file, gboolean *same, GError **error)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".%d", g_get_real_time(), (int)getpid());
	g_autofree char *draft = g_build_filename(quarantine->folder, "tmp", name, NULL);
	g_autofree char *path = g_build_filename(quarantine->folder, file, NULL);
	g_autofree char *sub = g_path_get_dirname(path);
	guint8 digest[MQ_DIGEST_BYTES];
	int to = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	gboolean done;

	if (to < 0)
		return fail(error, "make", draft);
	done = copy_bytes(from, to, digest, error);
	close(to);
	*same = done && memcmp(digest, message->sha256, sizeof(digest)) == 0;
	if (*same)
		done = tell_why(quarantine, file, message, error) && (rename(draft, path) == 0 || fail(error, "make", path));
	if (!*same || !done)
		unlink(draft);
	return done && (!*same || sync_folder(sub, error));
}

static gboolean
copy_message(MqQuarantine *quarantine, MqMessage *message, const char *hex, GError **error)
{
	g_autofree char *base = g_path_get_basename(message->item->name);
	g_autofree char *file = message->item->is_mail ? g_build_filename("new", hex, NULL) : file_name(hex, base);
	int from = message->item->origin->open(message->item, NULL); /* cannot be read, as its problems say: nothing to copy */
	gboolean same = FALSE;
	gboolean done;

	if (from < 0)
		return TRUE;
	done = write_copy(quarantine, message, from, file, &same, error);
	close(from);
	if (done && same) {
		message->quarantined = g_build_filename(quarantine->folder, file, NULL);
		g_hash_table_insert(quarantine->copies, g_strdup(hex), g_steal_pointer(&file));
	}
	return done;
}

/* -------------------------------------------------------------------- what is what */

static gboolean
is_understood(const MqMessage *message)
{
	return message->state == MQ_MESSAGE_KNOWN || message->state == MQ_MESSAGE_NOTHING || mq_message_is_done(message);
}

static char *
to_hex(const guint8 digest[MQ_DIGEST_BYTES])
{
	GString *hex = g_string_sized_new(HEX_BYTES);

	for (guint i = 0; i < MQ_DIGEST_BYTES; i++)
		g_string_append_printf(hex, "%02x", digest[i]);
	return g_string_free(hex, FALSE);
}

gboolean
mq_quarantine_look(MqQuarantine *quarantine, MqMessage *message, GError **error)
{
	g_autofree char *hex = to_hex(message->sha256);
	gboolean is_there = g_hash_table_contains(quarantine->copies, hex);

	if (!is_understood(message))
		return is_there || message->n_bytes > MQ_LIMIT_MESSAGE_BYTES || copy_message(quarantine, message, hex, error);
	if (is_there)
		g_ptr_array_add(quarantine->released, g_steal_pointer(&hex));
	return TRUE;
}

static gboolean
release(MqQuarantine *quarantine, const char *hex, GError **error)
{
	const char *file = g_hash_table_lookup(quarantine->copies, hex);
	g_autofree char *path = file != NULL ? g_build_filename(quarantine->folder, file, NULL) : NULL;
	g_autoptr(GString) line = g_string_new(NULL);
	const MqMessage itself = { .name = path };

	if (file == NULL)
		return TRUE; /* came twice in this batch */
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(error, "remove", path);
	add_line(line, file, &itself, "understood", NULL, "its reports are stored, or it claims none");
	g_hash_table_remove(quarantine->copies, hex);
	return write_lines(quarantine, line, error);
}

gboolean
mq_quarantine_settle(MqQuarantine *quarantine, GError **error)
{
	gboolean done = TRUE;

	for (guint i = 0; done && i < quarantine->released->len; i++)
		done = release(quarantine, quarantine->released->pdata[i], error);
	g_ptr_array_set_size(quarantine->released, 0);
	return done;
}
