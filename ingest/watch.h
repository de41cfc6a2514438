/* Waiting for new mail: for a folder that changes, a time that passes, a run that is cancelled. */
#ifndef MQ_INGEST_WATCH_H
#define MQ_INGEST_WATCH_H

#include <gio/gio.h>

typedef struct MqWatch MqWatch;

MqWatch *mq_watch_new(void);
void mq_watch_free(MqWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqWatch, mq_watch_free)

/* From now on a file that comes into @folder ends the waiting. Saying so again changes nothing. What cannot be
 * watched (a limit of the system, a network file system that does not tell) is found when the time has passed. */
void mq_watch_folder(MqWatch *watch, const char *folder);

/**
 * mq_watch_wait:
 * @due_us: waits no longer, on the monotonic clock
 * @cancellable: (nullable)
 *
 * Ends at once when something has come since the last call; what comes together is waited for together.
 *
 * Returns: %FALSE when @cancellable is set or mq_watch_end() was called
 */
gboolean mq_watch_wait(MqWatch *watch, gint64 due_us, GCancellable *cancellable);

/* Nobody waits any more. Any thread. */
void mq_watch_end(MqWatch *watch);

#endif
