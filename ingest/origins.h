/* Where mail comes from: a table of places. A place is walked into items, in an order that does not
 * change between two runs; an item is opened when its turn comes, maybe in another thread. */
#ifndef MQ_INGEST_ORIGINS_H
#define MQ_INGEST_ORIGINS_H

#include <gio/gio.h>

#include "ingest/ingest.h"

typedef struct MqOrigin MqOrigin;

/* What walking reports to. */
typedef struct {
	/* Takes the item. FALSE: stop walking (not an error). */
	gboolean (*emit)(gpointer ctx, MqItem *item);
	/* That many more items are known to come. */
	void (*expect)(gpointer ctx, guint64 n);
	/* (nullable) Whether nobody wants more: for those that wait for input. */
	gboolean (*stopped)(gpointer ctx);
	gpointer ctx;
} MqWalk;

struct MqOrigin {
	const char *name;
	/* How well this kind fits @source, a path or URL as the command line has it; 0: not at all. */
	int (*bid)(const char *source);
	/* (nullable) Whether @source can be opened at all; tried before anything is read. */
	gboolean (*check)(const char *source, GError **error);
	/* Emits all items, in order. FALSE with an error when the place as a whole cannot be read. */
	gboolean (*walk)(const char *source, const MqWalk *walk, GError **error);
	/* A descriptor to read the message from, at its start; the caller closes it. -1 with the error:
	 * %G_IO_ERROR_NOT_FOUND when the message is gone, which is no trouble. */
	int (*open)(MqItem *item, GError **error);
	/* (nullable) What becomes of it after the commit. One that is gone is no error. */
	gboolean (*settle)(MqItem *item, const MqAfter *after, GError **error);
	/* (nullable) Frees item->data. */
	void (*forget)(gpointer data);
};

struct MqItem {
	const MqOrigin *origin;
	char *name;        /* what people see: a path as the system has it, or folder and UID */
	char *place;       /* (nullable) how the origin finds it again; the same as name when NULL */
	gboolean is_mail;  /* a mailbox holds mails: a bare file need not be one */
	guint64 n_bytes;   /* as far as known before it is opened; what waits for room */
	gpointer data;     /* (nullable) the origin's own */
};

MqItem *mq_item_new(const MqOrigin *origin, const char *name);
void mq_item_free(MqItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqItem, mq_item_free)

/* Opens a regular file for reading; follows symbolic links, never waits for a FIFO. -1 with @error. */
int mq_origin_open_file(const char *path, GError **error);

/* For MqOrigin.check: %MQ_ERROR_USAGE when the file or folder may not be read. */
gboolean mq_origin_check_path(const char *path, GError **error);

/* The names in @folder, sorted by bytes, without "." and "..": (transfer full) (element-type filename) */
GPtrArray *mq_origin_list(const char *folder, GError **error);

#define MQ_ORIGINS(ROW) ROW(maildir) ROW(mbox) ROW(stdin) ROW(tree)
#define MQ_ORIGIN_DECLARE(name) extern const MqOrigin mq_origin_##name;
MQ_ORIGINS(MQ_ORIGIN_DECLARE)

/* The origin that fits best; NULL with %MQ_ERROR_USAGE when @source is not there or no kind fits. */
const MqOrigin *mq_origin_for(const char *source, GError **error);

/* For folders. Whether @folder is a Maildir: has cur or new (a copy may lack one that was empty). */
gboolean mq_origin_is_maildir(const char *folder);
/* Whether the file at @path begins as a mailbox file does. */
gboolean mq_origin_is_mbox(const char *path);
/* Emits the messages of one Maildir, sorted by their unique names; folders in it are the caller's. */
gboolean mq_origin_walk_maildir(const char *folder, const MqWalk *walk, GError **error);
/* Emits all that is in @folder and the folders below it, Maildirs among them. */
gboolean mq_origin_walk_tree(const char *folder, const MqWalk *walk, GError **error);

#endif
