#include "cli/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct MqInterrupt {
	GCancellable *cancellable;
	GThread *listener;
	int signals; /* a signalfd: a handler could not set a GCancellable, which takes locks */
	int stop;    /* an eventfd: the listener may go */
	sigset_t before;
};

static void
end_process(int signal_number)
{
	sigset_t set;

	signal(signal_number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(signal_number);
}

static gpointer
listen(gpointer data)
{
	MqInterrupt *interrupt = data;
	struct pollfd fds[] = {
		{ .fd = interrupt->signals, .events = POLLIN },
		{ .fd = interrupt->stop, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	while (poll(fds, G_N_ELEMENTS(fds), -1) >= 0) {
		if (fds[1].revents != 0)
			return NULL;
		if (read(interrupt->signals, &info, sizeof(info)) != (gssize)sizeof(info))
			continue;
		if (g_cancellable_is_cancelled(interrupt->cancellable))
			end_process((int)info.ssi_signo);
		g_cancellable_cancel(interrupt->cancellable);
	}
	return NULL;
}

MqInterrupt *
mq_interrupt_new(void)
{
	MqInterrupt *interrupt = g_new0(MqInterrupt, 1);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &interrupt->before);
	interrupt->cancellable = g_cancellable_new();
	interrupt->signals = signalfd(-1, &set, SFD_CLOEXEC);
	interrupt->stop = eventfd(0, EFD_CLOEXEC);
	g_assert(interrupt->signals >= 0 && interrupt->stop >= 0); /* the first descriptors of the run */
	interrupt->listener = g_thread_new("signals", listen, interrupt);
	return interrupt;
}

GCancellable *
mq_interrupt_cancellable(MqInterrupt *interrupt)
{
	return interrupt->cancellable;
}

void
mq_interrupt_free(MqInterrupt *interrupt)
{
	const guint64 one = 1;

	if (interrupt == NULL)
		return;
	while (write(interrupt->stop, &one, sizeof(one)) != (gssize)sizeof(one))
		continue; /* interrupted; an eventfd that holds 0 takes it */
	g_thread_join(interrupt->listener);
	close(interrupt->signals);
	close(interrupt->stop);
	g_object_unref(interrupt->cancellable);
	pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
	g_free(interrupt);
}
