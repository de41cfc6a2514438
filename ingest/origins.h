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
	/* (nullable) A run that goes on: mails will come into @folder. Called before it is looked at. */
	void (*watch)(gpointer ctx, const char *folder);
	/* (nullable) Whether no earlier walk of this run has seen @key, which a mail keeps when it is renamed. */
	gboolean (*is_new)(gpointer ctx, const char *key);
	guint slice; /* names of a folder that are held at once; 0: the usual */
	gboolean again; /* not the first walk of this run: only what mail comes into */
	gpointer ctx;
} MqWalk;

/* A source of this run. */
typedef struct {
	const MqOrigin *origin;
	const char *source;
	const MqIngestOptions *options;
	GCancellable *cancellable; /* (nullable) */
	gpointer data;             /* the origin's own, from its check() */
	gboolean is_watched;       /* mail may come into it later */
	/* How far it was read, for origins that have a key(): see mq_place_get_mark(). */
	GMutex lock;
	char *key, *mark;          /* (nullable) */
	/* the caller's thread */
	char *reached;             /* (nullable) the mark of the last message that was put */
	guint reached_round;       /* the walk that it is from */
	guint stuck_round;         /* no mark moves in it, since a message of it could not be settled; 0: none */
} MqPlace;

/* What the walker has to begin at, as the message before it said; (nullable) (transfer full). Any thread. */
char *mq_place_get_mark(MqPlace *place);
void mq_place_set_mark(MqPlace *place, const char *mark);

typedef void (*MqUnsettled)(gpointer ctx, MqItem *item, const GError *why);

struct MqOrigin {
	const char *name;
	/* How well this kind fits @source, a path or URL as the command line has it; 0: not at all. */
	int (*bid)(const char *source);
	/* (nullable) Whether the source can be opened at all; tried before anything is read. */
	gboolean (*check)(MqPlace *place, GError **error);
	/* (nullable) Frees place->data. */
	void (*leave)(gpointer data);
	/* (nullable) Under which name a store remembers how far the place was read. (transfer full) */
	char *(*key)(const MqPlace *place);
	/* Emits all items, in order; those behind the mark. FALSE with an error when the place as a whole
	 * cannot be read. */
	gboolean (*walk)(MqPlace *place, const MqWalk *walk, GError **error);
	/* Such an error ends the run; else it is a message that cannot be read. */
	gboolean is_remote;
	gboolean is_watched; /* mail may come into it later, unless it is a file */
	/* A descriptor to read the message from, at its start; the caller closes it. -1 with the error:
	 * %G_IO_ERROR_NOT_FOUND when the message is gone, which is no trouble. */
	int (*open)(MqItem *item, GError **error);
	/* (nullable) What becomes of @n items of one place after the commit. Tells those that stay; one that is
	 * gone does not. */
	void (*settle)(MqItem *const *items, guint n, const MqAfter *after, MqUnsettled tell, gpointer ctx);
	/* (nullable) Frees item->data. */
	void (*forget)(gpointer data);
};

struct MqItem {
	const MqOrigin *origin;
	char *name;        /* what people see: a path as the system has it, or folder and UID */
	char *place;       /* (nullable) how the origin finds it again; the same as name when NULL */
	gboolean is_mail;  /* a mailbox holds mails: a bare file need not be one */
	guint64 n_bytes;   /* as far as known before it is opened; what waits for room */
	gpointer data;     /* (nullable) the origin's own; let go of before it is settled */
	guint32 number;    /* the origin's own */
	char *mark;        /* (nullable) the place's, once this item and all before it are done with */
	MqPlace *in;       /* set by the run */
	guint round;       /* which walk of the place it is from, from 1; set by the run */
};

MqItem *mq_item_new(const MqOrigin *origin, const char *name);
void mq_item_free(MqItem *item);
/* Frees its data: it is not opened again. */
void mq_item_let_go(MqItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqItem, mq_item_free)

/* Opens a regular file for reading; follows symbolic links, never waits for a FIFO. -1 with @error. */
int mq_origin_open_file(const char *path, GError **error);

/* For items that are in an open file from the beginning, read by mq_item_open_held(). @fd now belongs to it. */
void mq_item_hold(MqItem *item, int fd, guint64 n_bytes);
/* For MqOrigin.open and .forget. */
int mq_item_open_held(MqItem *item, GError **error);
void mq_item_forget_held(gpointer data);

/* For MqOrigin.check: %MQ_ERROR_USAGE when the file or folder may not be read. */
gboolean mq_origin_check_path(MqPlace *place, GError **error);

/* The names in @folder, sorted by bytes, without "." and "..": (transfer full) (element-type filename) */
GPtrArray *mq_origin_list(const char *folder, GError **error);

#define MQ_ORIGINS(ROW) ROW(imap) ROW(maildir) ROW(mbox) ROW(stdin) ROW(tree)
#define MQ_ORIGIN_DECLARE(name) extern const MqOrigin mq_origin_##name;
MQ_ORIGINS(MQ_ORIGIN_DECLARE)

/* The place that @source is, of the kind that fits best; NULL with %MQ_ERROR_USAGE when it is not there, no
 * kind fits or it cannot be opened. */
MqPlace *mq_place_new(const char *source, const MqIngestOptions *options, GCancellable *cancellable, GError **error);
void mq_place_free(MqPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqPlace, mq_place_free)

/* For folders. Whether @folder is a Maildir: has cur or new (a copy may lack one that was empty). */
gboolean mq_origin_is_maildir(const char *folder);
/* Whether the file at @path begins as a mailbox file does. */
gboolean mq_origin_is_mbox(const char *path);
/* Emits the messages of one Maildir, sorted by their unique names; folders in it are the caller's. */
gboolean mq_origin_walk_maildir(const char *folder, const MqWalk *walk, GError **error);
/* Emits the mails of one mailbox file. */
gboolean mq_origin_walk_mbox(const char *path, const MqWalk *walk, GError **error);
/* Emits all that is in @folder and the folders below it, Maildirs among them. */
gboolean mq_origin_walk_tree(const char *folder, const MqWalk *walk, GError **error);

#endif
