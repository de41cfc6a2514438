#include "ingest/watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#define TOGETHER_US 200000 /* mails that come at once are one walk */

struct MqWatch {
	int events; /* inotify's; -1: there is none, and time alone ends the waiting */
	int ended;  /* an eventfd */
};

MqWatch *
mq_watch_new(void)
{
	MqWatch *watch = g_new0(MqWatch, 1);

	watch->ended = eventfd(0, EFD_CLOEXEC);
	watch->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->events < 0)
		g_info("folders cannot be watched, only looked at from time to time: %s", g_strerror(errno));
	return watch;
}

void
mq_watch_free(MqWatch *watch)
{
	if (watch == NULL)
		return;
	if (watch->events >= 0)
		close(watch->events);
	if (watch->ended >= 0)
		close(watch->ended);
	g_free(watch);
}

void
mq_watch_folder(MqWatch *watch, const char *folder)
{
	if (watch->events >= 0 && inotify_add_watch(watch->events, folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0
	    && errno != ENOENT)
		g_info("'%s' cannot be watched, only looked at from time to time: %s", folder, g_strerror(errno));
}

typedef enum { TIME_PASSED, SOMETHING_CAME, ENDED } Woken;

/* @events: a descriptor that tells that something came, or -1 */
static Woken
wait_for(const MqWatch *watch, int events, gint64 due_us, GCancellable *cancellable)
{
	GPollFD cancelled = { .fd = -1 };
	gboolean can_cancel = g_cancellable_make_pollfd(cancellable, &cancelled); /* FALSE when NULL */
	struct pollfd fds[] = {
		{ .fd = events, .events = POLLIN },
		{ .fd = watch->ended, .events = POLLIN },
		{ .fd = cancelled.fd, .events = POLLIN },
	};
	Woken woken = TIME_PASSED;

	while (woken == TIME_PASSED && g_get_monotonic_time() < due_us) {
		gint64 left_ms = (due_us - g_get_monotonic_time() + 999) / 1000;
		int ready = poll(fds, G_N_ELEMENTS(fds), (int)CLAMP(left_ms, 0, G_MAXINT));

		if (ready > 0)
			woken = fds[1].revents != 0 || fds[2].revents != 0 ? ENDED : SOMETHING_CAME;
	}
	if (can_cancel)
		g_cancellable_release_fd(cancellable);
	return woken;
}

/* Which folder it was does not matter: all are walked. */
static void
drain(const MqWatch *watch)
{
	char events[4096];

	while (watch->events >= 0 && read(watch->events, events, sizeof(events)) > 0)
		continue;
}

gboolean
mq_watch_wait(MqWatch *watch, gint64 due_us, GCancellable *cancellable)
{
	Woken woken = wait_for(watch, watch->events, due_us, cancellable);

	if (woken == SOMETHING_CAME)
		woken = wait_for(watch, -1, g_get_monotonic_time() + TOGETHER_US, cancellable);
	drain(watch);
	return woken != ENDED;
}

void
mq_watch_end(MqWatch *watch)
{
	const guint64 one = 1;

	while (write(watch->ended, &one, sizeof(one)) < 0 && errno == EINTR)
		continue; /* an eventfd that holds little takes it */
}
