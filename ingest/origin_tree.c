/* Folders and files. A folder is walked to its bottom; Maildirs in it are taken as such. */
#include "ingest/origins.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/error.h"

/* Folders in folders: deeper than any mail store, and far from the end of the stack. */
#define FOLDERS_MAX 64

typedef struct {
	const MqWalk *walk;
	GHashTable *seen;  /* "device:inode" of folders: a symbolic link may lead back */
	gboolean stopped;
} Tree;

static gboolean
is_new_folder(Tree *tree, const struct stat *st)
{
	return g_hash_table_add(tree->seen, g_strdup_printf("%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino));
}

static void
emit(Tree *tree, const char *path, guint64 n_bytes)
{
	MqItem *item = mq_item_new(&mq_origin_tree, path);

	item->n_bytes = n_bytes;
	tree->walk->expect(tree->walk->ctx, 1);
	tree->stopped = !tree->walk->emit(tree->walk->ctx, item);
}

/* Is told to the sink as a message that cannot be read, once: opening it fails the same way. */
static void
emit_unreadable(Tree *tree, const char *path)
{
	if (!tree->walk->again)
		emit(tree, path, 0);
}

/* One that breaks off is an item of its own behind its mails, which cannot be opened. */
static void
walk_mbox(Tree *tree, const char *path)
{
	const MqWalk *walk = tree->walk;

	if (!mq_origin_walk_mbox(path, walk, NULL))
		tree->stopped = !walk->emit(walk->ctx, mq_item_new(&mq_origin_mbox, path));
}

static void walk_folder(Tree *tree, const char *folder, guint depth);

static gboolean
is_maildir_own(const char *name)
{
	static const char *const own[] = { "cur", "new", "tmp", NULL };

	return g_strv_contains(own, name);
}

static void
walk_entry(Tree *tree, const char *folder, const char *name, gboolean in_maildir, guint depth)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat st;

	if (stat(path, &st) < 0)
		return; /* gone meanwhile, or a link to nothing */
	if (S_ISREG(st.st_mode) && !in_maildir && name[0] != '.' && !tree->walk->again) {
		if (mq_origin_is_mbox(path))
			walk_mbox(tree, path);
		else
			emit(tree, path, (guint64)st.st_size);
	} else if (S_ISDIR(st.st_mode) && !(in_maildir && is_maildir_own(name))) {
		/* ".Sub" is a folder of Maildir++, other hidden folders are nobody's mail */
		if ((name[0] != '.' || mq_origin_is_maildir(path)) && is_new_folder(tree, &st))
			walk_folder(tree, path, depth + 1);
	}
}

static void
walk_folder(Tree *tree, const char *folder, guint depth)
{
	gboolean is_maildir = mq_origin_is_maildir(folder);
	g_autoptr(GPtrArray) names = NULL;

	if (depth > FOLDERS_MAX)
		return;
	if (is_maildir && !mq_origin_walk_maildir(folder, tree->walk, NULL)) /* opening it says why */
		emit_unreadable(tree, folder);
	names = mq_origin_list(folder, NULL); /* likewise */
	if (names == NULL)
		emit_unreadable(tree, folder);
	for (guint i = 0; names != NULL && i < names->len && !tree->stopped; i++)
		walk_entry(tree, folder, names->pdata[i], is_maildir, depth);
}

gboolean
mq_origin_walk_tree(const char *folder, const MqWalk *walk, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Tree tree = { .walk = walk, .seen = seen };
	g_autoptr(GDir) readable = NULL;
	struct stat st;

	if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode)) {
		if (!walk->again)
			emit(&tree, folder, (guint64)st.st_size);
		return TRUE;
	}
	readable = g_dir_open(folder, 0, error);
	if (readable == NULL)
		return FALSE;
	is_new_folder(&tree, &st);
	walk_folder(&tree, folder, 0);
	return TRUE;
}

static gboolean
tree_walk(MqPlace *place, const MqWalk *walk, GError **error)
{
	return mq_origin_walk_tree(place->source, walk, error);
}

static int
tree_bid(const char *source)
{
	struct stat st;

	return stat(source, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) ? 1 : 0;
}

static int
tree_open(MqItem *item, GError **error)
{
	return mq_origin_open_file(item->name, error);
}

const MqOrigin mq_origin_tree = {
	.name = "folder",
	.is_watched = TRUE,
	.bid = tree_bid,
	.check = mq_origin_check_path,
	.walk = tree_walk,
	.open = tree_open,
};
