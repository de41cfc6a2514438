#include "ingest/origins.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/text.h"

MqItem *
mq_item_new(const MqOrigin *origin, const char *name)
{
	MqItem *item = g_new0(MqItem, 1);

	item->origin = origin;
	item->name = g_strdup(name);
	return item;
}

void
mq_item_let_go(MqItem *item)
{
	if (item->data != NULL && item->origin->forget != NULL)
		item->origin->forget(item->data);
	item->data = NULL;
}

void
mq_item_free(MqItem *item)
{
	if (item == NULL)
		return;
	mq_item_let_go(item);
	g_free(item->name);
	g_free(item->place);
	g_free(item->mark);
	g_free(item);
}

static void
set_errno(GError **error, int why, const char *path)
{
	g_autofree char *seen = mq_text_visible(path);

	g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(why), "cannot open '%s': %s", seen, g_strerror(why));
}

int
mq_origin_open_file(const char *path, GError **error)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0) {
		set_errno(error, errno, path);
	} else if (!S_ISREG(st.st_mode)) {
		set_errno(error, S_ISDIR(st.st_mode) ? EISDIR : ENXIO, path);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

void
mq_item_hold(MqItem *item, int fd, guint64 n_bytes)
{
	item->n_bytes = n_bytes;
	item->data = GINT_TO_POINTER(fd + 1); /* 0 is a descriptor too */
}

void
mq_item_forget_held(gpointer data)
{
	close(GPOINTER_TO_INT(data) - 1);
}

/* An item without a descriptor stands for a place that broke off. */
int
mq_item_open_held(MqItem *item, GError **error)
{
	int fd;

	if (item->data == NULL) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot be read to its end");
		return -1;
	}
	fd = fcntl(GPOINTER_TO_INT(item->data) - 1, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "cannot be read: %s", g_strerror(errno));
	return fd;
}

gboolean
mq_origin_check_path(MqPlace *place, GError **error)
{
	g_autofree char *seen = mq_text_visible(place->source);

	if (access(place->source, R_OK) == 0)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "cannot read '%s': %s", seen, g_strerror(errno));
	return FALSE;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
mq_origin_list(const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
	GPtrArray *names;
	const char *name;

	if (dir == NULL)
		return NULL;
	names = g_ptr_array_new_with_free_func(g_free);
	while ((name = g_dir_read_name(dir)) != NULL)
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	return names;
}

#define MQ_ORIGIN_ENTRY(name) &mq_origin_##name,
static const MqOrigin *const origins[] = { MQ_ORIGINS(MQ_ORIGIN_ENTRY) };

static const MqOrigin *
origin_for(const char *source, GError **error)
{
	g_autofree char *seen = mq_text_visible(source);
	const MqOrigin *best = NULL;
	struct stat st;
	int best_bid = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(origins); i++) {
		int bid = origins[i]->bid(source);

		if (bid > best_bid) {
			best = origins[i];
			best_bid = bid;
		}
	}
	if (best != NULL)
		return best;
	if (stat(source, &st) < 0)
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "cannot read '%s': %s", seen, g_strerror(errno));
	else
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is neither a mailbox, a folder nor a file", seen);
	return NULL;
}

MqPlace *
mq_place_new(const char *source, const MqIngestOptions *options, GCancellable *cancellable, GError **error)
{
	const MqOrigin *origin = origin_for(source, error);
	g_autoptr(MqPlace) place = NULL;

	if (origin == NULL)
		return NULL;
	place = g_new0(MqPlace, 1);
	g_mutex_init(&place->lock);
	place->origin = origin;
	place->source = source;
	place->options = options;
	place->cancellable = cancellable;
	if (origin->check != NULL && !origin->check(place, error))
		return NULL;
	place->is_watched = origin->is_watched && !g_file_test(source, G_FILE_TEST_IS_REGULAR);
	place->key = origin->key != NULL ? origin->key(place) : NULL;
	return g_steal_pointer(&place);
}

void
mq_place_free(MqPlace *place)
{
	if (place == NULL)
		return;
	if (place->data != NULL && place->origin->leave != NULL)
		place->origin->leave(place->data);
	g_mutex_clear(&place->lock);
	g_free(place->key);
	g_free(place->mark);
	g_free(place->reached);
	g_free(place);
}

char *
mq_place_get_mark(MqPlace *place)
{
	char *mark;

	g_mutex_lock(&place->lock);
	mark = g_strdup(place->mark);
	g_mutex_unlock(&place->lock);
	return mark;
}

void
mq_place_set_mark(MqPlace *place, const char *mark)
{
	g_mutex_lock(&place->lock);
	g_free(place->mark);
	place->mark = g_strdup(mark);
	g_mutex_unlock(&place->lock);
}
