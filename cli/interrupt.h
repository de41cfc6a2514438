/* SIGINT and SIGTERM as a GCancellable: the run that holds it ends in its own time, nothing is lost. */
#ifndef MQ_CLI_INTERRUPT_H
#define MQ_CLI_INTERRUPT_H

#include <gio/gio.h>

typedef struct MqInterrupt MqInterrupt;

/**
 * mq_interrupt_new:
 *
 * From now on the first signal sets the cancellable; a second one ends the process as if nobody
 * had listened. Call it before other threads start: they inherit that the signals are blocked.
 */
MqInterrupt *mq_interrupt_new(void);
/* Borrowed. */
GCancellable *mq_interrupt_cancellable(MqInterrupt *interrupt);
/* Signals do again what they did before. */
void mq_interrupt_free(MqInterrupt *interrupt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqInterrupt, mq_interrupt_free)

#endif
