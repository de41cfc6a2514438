/* Maildirs: one file a mail, in new/ and cur/; tmp/ is what is still being delivered. What becomes of a
 * mail afterwards is one rename() or unlink(): it is always in one place. */
#include "ingest/origins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/error.h"
#include "ingest/text.h"

#define MOVES_TRIED 5   /* while other programs rename the mail */
#define NAMES_TRIED 100 /* when another mail has the name already */

gboolean
mq_origin_is_maildir(const char *folder)
{
	g_autofree char *cur = g_build_filename(folder, "cur", NULL);
	g_autofree char *new = g_build_filename(folder, "new", NULL);

	return g_file_test(cur, G_FILE_TEST_IS_DIR) || g_file_test(new, G_FILE_TEST_IS_DIR);
}

/* "1700000000.M1P2.host:2,S": up to the colon it stays the same when flags change. */
static gsize
unique_length(const char *name)
{
	return strcspn(name, ":");
}

static gboolean
same_unique(const char *a, const char *b)
{
	gsize n = unique_length(a);

	return n == unique_length(b) && strncmp(a, b, n) == 0;
}

/* Another program has read the mail meanwhile: it has other flags now, or moved from new to cur. */
static char *
find_again(const char *path)
{
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *sub = g_path_get_dirname(path);
	g_autofree char *folder = g_path_get_dirname(sub);
	g_autofree char *cur = g_build_filename(folder, "cur", NULL);
	g_autoptr(GDir) dir = g_dir_open(cur, 0, NULL); /* no cur: the mail is gone, as the caller says */
	const char *other;

	while (dir != NULL && (other = g_dir_read_name(dir)) != NULL)
		if (same_unique(name, other))
			return g_build_filename(cur, other, NULL);
	return NULL;
}

static int
maildir_open(MqItem *item, GError **error)
{
	for (guint i = 0;; i++) {
		g_autoptr(GError) why = NULL;
		int fd = mq_origin_open_file(item->place != NULL ? item->place : item->name, &why);
		char *again;

		if (fd >= 0)
			return fd;
		if (i == MOVES_TRIED || !g_error_matches(why, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
		    || (again = find_again(item->name)) == NULL) {
			g_propagate_error(error, g_steal_pointer(&why));
			return -1;
		}
		g_free(item->place);
		item->place = again;
	}
}

typedef struct {
	const char *sub; /* new, cur */
	char *name;
} Entry;

static void
entry_free(gpointer data)
{
	g_free(((Entry *)data)->name);
	g_free(data);
}

/* By name, which begins with the time of delivery; one that is in both is in cur first. */
static int
compare_names(const char *name, const char *sub, const Entry *with)
{
	int order = strcmp(name, with->name);

	return order != 0 ? order : strcmp(sub, with->sub);
}

static int
compare_entries(gconstpointer a, gconstpointer b)
{
	const Entry *left = *(const Entry *const *)a;

	return compare_names(left->name, left->sub, *(const Entry *const *)b);
}

/* Names that are held at once: a folder with more is listed again for the next ones, so that memory does
 * not grow with it. */
#define SLICE 32768

/* The first names of a folder that come after those of the slice before. */
typedef struct {
	GPtrArray *entries;
	guint n;        /* how many at most */
	Entry *after;   /* (nullable) the last of the slice before */
	gboolean is_full; /* there was one more: the last of entries is the last that can be in it */
	guint64 n_seen; /* names, whether they are in the slice or not */
} Slice;

static void
slice_clear(Slice *slice)
{
	g_ptr_array_unref(slice->entries);
	if (slice->after != NULL)
		entry_free(slice->after);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Slice, slice_clear)

static void
cut_slice(Slice *slice)
{
	g_ptr_array_sort(slice->entries, compare_entries);
	if (slice->entries->len <= slice->n)
		return;
	g_ptr_array_set_size(slice->entries, (gint)slice->n);
	slice->is_full = TRUE;
}

static void
add_name(Slice *slice, const char *name, const char *sub)
{
	Entry *entry;

	slice->n_seen++;
	if ((slice->after != NULL && compare_names(name, sub, slice->after) <= 0)
	    || (slice->is_full && compare_names(name, sub, slice->entries->pdata[slice->n - 1]) > 0))
		return;
	entry = g_new0(Entry, 1);
	entry->sub = sub;
	entry->name = g_strdup(name);
	g_ptr_array_add(slice->entries, entry);
	if (slice->entries->len >= 2 * slice->n)
		cut_slice(slice);
}

static gboolean
list_entries(const char *folder, const char *sub, Slice *slice, GError **error)
{
	g_autofree char *path = g_build_filename(folder, sub, NULL);
	g_autoptr(GError) why = NULL;
	g_autoptr(GDir) dir = g_dir_open(path, 0, &why);
	const char *name;

	if (dir == NULL && g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return TRUE; /* a copy that left out an empty folder */
	if (dir == NULL) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	while ((name = g_dir_read_name(dir)) != NULL)
		if (name[0] != '.')
			add_name(slice, name, sub);
	return TRUE;
}

/* What was in it is replaced by what comes after. */
static gboolean
next_slice(Slice *slice, const char *folder, GError **error)
{
	if (slice->entries->len > 0) {
		g_clear_pointer(&slice->after, entry_free);
		slice->after = g_ptr_array_steal_index(slice->entries, slice->entries->len - 1);
		g_ptr_array_set_size(slice->entries, 0);
	}
	slice->is_full = FALSE;
	slice->n_seen = 0;
	/* new first: what moves to cur while we look is then seen twice, not missed */
	if (!list_entries(folder, "new", slice, error) || !list_entries(folder, "cur", slice, error))
		return FALSE;
	cut_slice(slice);
	return TRUE;
}

static void
watch_both(const char *folder, const MqWalk *walk)
{
	g_autofree char *new = g_build_filename(folder, "new", NULL);
	g_autofree char *cur = g_build_filename(folder, "cur", NULL);

	if (walk->watch == NULL)
		return;
	walk->watch(walk->ctx, new);
	walk->watch(walk->ctx, cur);
}

static gboolean
was_seen(const char *folder, const char *name, const MqWalk *walk)
{
	g_autofree char *key = NULL;

	if (walk->is_new == NULL)
		return FALSE;
	key = g_strdup_printf("%s/%.*s", folder, (int)unique_length(name), name);
	return !walk->is_new(walk->ctx, key);
}

/* FALSE: nobody wants more. */
static gboolean
emit_entry(const char *folder, const Entry *entry, const MqWalk *walk)
{
	g_autofree char *path = g_build_filename(folder, entry->sub, entry->name, NULL);
	MqItem *item = mq_item_new(&mq_origin_maildir, path);
	struct stat st;

	item->is_mail = TRUE;
	item->n_bytes = stat(path, &st) == 0 ? (guint64)st.st_size : 0; /* else opening it says why */
	return walk->emit(walk->ctx, item);
}

static gboolean
emit_slice(const char *folder, const Slice *slice, const MqWalk *walk)
{
	const Entry *last = slice->after;

	for (guint i = 0; i < slice->entries->len; i++) {
		const Entry *entry = slice->entries->pdata[i];
		gboolean is_twice = last != NULL && last->sub != entry->sub && same_unique(last->name, entry->name);

		last = entry;
		if (!is_twice && !was_seen(folder, entry->name, walk) && !emit_entry(folder, entry, walk))
			return FALSE;
	}
	return TRUE;
}

gboolean
mq_origin_walk_maildir(const char *folder, const MqWalk *walk, GError **error)
{
	g_auto(Slice) slice = {
		.entries = g_ptr_array_new_with_free_func(entry_free), .n = walk->slice > 0 ? walk->slice : SLICE
	};

	watch_both(folder, walk);
	if (!next_slice(&slice, folder, error))
		return FALSE;
	walk->expect(walk->ctx, slice.n_seen);
	while (emit_slice(folder, &slice, walk) && slice.is_full)
		if (!next_slice(&slice, folder, error))
			return FALSE;
	return TRUE;
}

/* ------------------------------------------------------------------ afterwards */

static gboolean
set_errno(GError **error, const char *what, const char *path)
{
	int why = errno;
	g_autofree char *seen = mq_text_visible(path);

	g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(why), "cannot %s '%s': %s", what, seen, g_strerror(why));
	return FALSE;
}

/* As @model has them: a Maildir that root makes for somebody else is theirs. */
static gboolean
make_folder(const char *path, const struct stat *model, GError **error)
{
	if (mkdir(path, model->st_mode & 0777) < 0)
		return errno == EEXIST || set_errno(error, "make", path);
	if (geteuid() == 0 && chown(path, model->st_uid, model->st_gid) < 0)
		return set_errno(error, "give away", path);
	return TRUE;
}

static gboolean
make_maildir(const char *path, const char *model, GError **error)
{
	static const char *const subs[] = { "", "tmp", "new", "cur" }; /* cur last: it is what makes a Maildir */
	struct stat st;

	if (mq_origin_is_maildir(path) && g_file_test(path, G_FILE_TEST_IS_DIR))
		return TRUE;
	if (stat(model, &st) < 0)
		return set_errno(error, "open", model);
	for (gsize i = 0; i < G_N_ELEMENTS(subs); i++) {
		g_autofree char *sub = g_build_filename(path, subs[i], NULL);

		if (!make_folder(sub, &st, error))
			return FALSE;
	}
	return TRUE;
}

/* The Maildir that "move:FOLDER" means for a mail in @maildir: a path when it has a slash, else the folder of
 * that name beside the others of the same account (Maildir++: ".Name" in the topmost one). */
static char *
folder_of(const char *maildir, const char *folder)
{
	g_autofree char *name = g_path_get_basename(maildir);
	g_autofree char *above = g_path_get_dirname(maildir);
	g_autofree char *dotted = g_strconcat(*folder == '.' ? "" : ".", folder, NULL);

	if (g_str_has_prefix(folder, "~/"))
		return g_build_filename(g_get_home_dir(), folder + 2, NULL);
	if (strchr(folder, '/') != NULL)
		return g_strdup(folder);
	return g_build_filename(*name == '.' && mq_origin_is_maildir(above) ? above : maildir, dotted, NULL);
}

/* "1.host:2,RT" -> "1.host:2,RST": the flags are letters in order. */
static char *
with_seen(const char *name)
{
	gsize n = unique_length(name);
	const char *flags = g_str_has_prefix(name + n, ":2,") ? name + n + 3 : "";
	gsize before = strspn(flags, "ABCDEFGHIJKLMNOPQR");

	if (strchr(flags, 'S') != NULL)
		return g_strdup(name);
	return g_strdup_printf("%.*s:2,%.*sS%s", (int)n, name, (int)before, flags, flags + before);
}

/* "1.host,S=5:2,S" -> "1.host.3,S=5:2,S" */
static char *
with_number(const char *name, guint number)
{
	gsize n = strcspn(name, ",:");

	return number == 0 ? g_strdup(name) : g_strdup_printf("%.*s.%u%s", (int)n, name, number, name + n);
}

/* Never onto another mail. Some network file systems cannot promise that: there we look first. */
static int
rename_to_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (access(to, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

static gboolean
move_mail(const char *from, const char *folder, const char *name, GError **error)
{
	int moved = -1;

	errno = EEXIST;
	for (guint i = 0; moved < 0 && errno == EEXIST && i < NAMES_TRIED; i++) {
		g_autofree char *to_name = with_number(name, i);
		g_autofree char *to = g_build_filename(folder, to_name, NULL);

		moved = rename_to_new(from, to);
	}
	if (moved < 0 && errno == EXDEV) {
		g_autofree char *seen = mq_text_visible(folder);

		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
		            "cannot move it to '%s', which is on another file system: name a folder on the same one", seen);
		return FALSE;
	}
	return moved == 0 || set_errno(error, "move", from);
}

static gboolean
same_folder(const char *a, const char *b)
{
	struct stat left, right;

	return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

static gboolean
see_mail(const char *path, const char *maildir, GError **error)
{
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *cur = g_build_filename(maildir, "cur", NULL);
	g_autofree char *seen = with_seen(name);

	if (strcmp(name, seen) == 0 && same_folder(folder, cur))
		return TRUE;
	return make_maildir(maildir, maildir, error) && move_mail(path, cur, seen, error);
}

/* What was not read stays so: new goes to new, cur to cur. */
static gboolean
put_mail(const char *path, const char *maildir, const char *folder, GError **error)
{
	g_autofree char *to = folder_of(maildir, folder);
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *from = g_path_get_dirname(path);
	g_autofree char *sub = g_path_get_basename(from);
	g_autofree char *to_sub = g_build_filename(to, sub, NULL);

	if (!make_maildir(to, maildir, error))
		return FALSE;
	return same_folder(from, to_sub) || move_mail(path, to_sub, name, error);
}

static gboolean
act(const char *path, const MqAfter *after, GError **error)
{
	g_autofree char *sub = g_path_get_dirname(path);
	g_autofree char *maildir = g_path_get_dirname(sub);

	switch (after->action) {
	case MQ_AFTER_KEEP:
		return TRUE;
	case MQ_AFTER_SEEN:
		return see_mail(path, maildir, error);
	case MQ_AFTER_MOVE:
		return put_mail(path, maildir, after->folder, error);
	case MQ_AFTER_DELETE:
		return unlink(path) == 0 || set_errno(error, "delete", path);
	}
	g_assert_not_reached();
}

static gboolean
settle(MqItem *item, const MqAfter *after, GError **error)
{
	for (guint i = 0; i < MOVES_TRIED; i++) {
		const char *path = item->place != NULL ? item->place : item->name;
		g_autoptr(GError) why = NULL;
		char *again;

		if (act(path, after, &why))
			return TRUE;
		if (g_file_test(path, G_FILE_TEST_EXISTS)) {
			g_propagate_error(error, g_steal_pointer(&why));
			return FALSE;
		}
		again = find_again(item->name);
		if (again == NULL)
			return TRUE; /* somebody took it away */
		g_free(item->place);
		item->place = again;
	}
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "other programs keep renaming it");
	return FALSE;
}

static void
maildir_settle(MqItem *const *items, guint n, const MqAfter *after, MqUnsettled tell, gpointer ctx)
{
	for (guint i = 0; i < n; i++) {
		g_autoptr(GError) why = NULL;

		if (!settle(items[i], after, &why))
			tell(ctx, items[i], why);
	}
}

/* There may be folders in it. */
static gboolean
maildir_walk(MqPlace *place, const MqWalk *walk, GError **error)
{
	return mq_origin_walk_tree(place->source, walk, error);
}

static int
maildir_bid(const char *source)
{
	return mq_origin_is_maildir(source) ? 2 : 0;
}

const MqOrigin mq_origin_maildir = {
	.name = "maildir",
	.is_watched = TRUE,
	.bid = maildir_bid,
	.check = mq_origin_check_path,
	.walk = maildir_walk,
	.open = maildir_open,
	.settle = maildir_settle,
};
