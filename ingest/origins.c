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
mq_item_free(MqItem *item)
{
	if (item == NULL)
		return;
	if (item->data != NULL && item->origin->forget != NULL)
		item->origin->forget(item->data);
	g_free(item->name);
	g_free(item->place);
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

gboolean
mq_origin_check_path(const char *path, GError **error)
{
	g_autofree char *seen = mq_text_visible(path);

	if (access(path, R_OK) == 0)
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

const MqOrigin *
mq_origin_for(const char *source, GError **error)
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
		return best->check == NULL || best->check(source, error) ? best : NULL;
	if (stat(source, &st) < 0)
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "cannot read '%s': %s", seen, g_strerror(errno));
	else
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is neither a mailbox, a folder nor a file", seen);
	return NULL;
}
