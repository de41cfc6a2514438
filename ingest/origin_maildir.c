/* Maildirs: one file a mail, in new/ and cur/; tmp/ is what is still being delivered. */
#include "ingest/origins.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/error.h"

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
	g_autoptr(GError) gone = NULL;
	g_autofree char *again = NULL;
	int fd = mq_origin_open_file(item->place != NULL ? item->place : item->name, &gone);

	if (fd >= 0)
		return fd;
	if (g_error_matches(gone, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
	    && (again = find_again(item->name)) != NULL) {
		fd = mq_origin_open_file(again, error);
		g_free(item->place);
		item->place = g_steal_pointer(&again);
		return fd;
	}
	g_propagate_error(error, g_steal_pointer(&gone));
	return -1;
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
compare_entries(gconstpointer a, gconstpointer b)
{
	const Entry *left = *(const Entry *const *)a, *right = *(const Entry *const *)b;
	int order = strcmp(left->name, right->name);

	return order != 0 ? order : strcmp(left->sub, right->sub);
}

static gboolean
list_entries(const char *folder, const char *sub, GPtrArray *entries, GError **error)
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
	while ((name = g_dir_read_name(dir)) != NULL) {
		Entry *entry;

		if (name[0] == '.')
			continue;
		entry = g_new0(Entry, 1);
		entry->sub = sub;
		entry->name = g_strdup(name);
		g_ptr_array_add(entries, entry);
	}
	return TRUE;
}

gboolean
mq_origin_walk_maildir(const char *folder, const MqWalk *walk, GError **error)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);

	/* new first: what moves to cur while we look is then seen twice, not missed */
	if (!list_entries(folder, "new", entries, error) || !list_entries(folder, "cur", entries, error))
		return FALSE;
	g_ptr_array_sort(entries, compare_entries);
	walk->expect(walk->ctx, entries->len);
	for (guint i = 0; i < entries->len; i++) {
		const Entry *entry = entries->pdata[i];
		const Entry *last = i > 0 ? entries->pdata[i - 1] : NULL;
		g_autofree char *path = g_build_filename(folder, entry->sub, entry->name, NULL);
		struct stat st;
		MqItem *item;

		if (last != NULL && last->sub != entry->sub && same_unique(last->name, entry->name))
			continue;
		item = mq_item_new(&mq_origin_maildir, path);
		item->is_mail = TRUE;
		item->n_bytes = stat(path, &st) == 0 ? (guint64)st.st_size : 0; /* else opening it says why */
		if (!walk->emit(walk->ctx, item))
			return TRUE;
	}
	return TRUE;
}

static int
maildir_bid(const char *source)
{
	return mq_origin_is_maildir(source) ? 2 : 0;
}

const MqOrigin mq_origin_maildir = {
	.name = "maildir",
	.bid = maildir_bid,
	.check = mq_origin_check_path,
	.walk = mq_origin_walk_tree, /* there may be folders in it */
	.open = maildir_open,
};
