/* A line on standard error that says how far an ingest is; only where that is a terminal. */
#ifndef MQ_CLI_PROGRESS_H
#define MQ_CLI_PROGRESS_H

#include "cli/app.h"

typedef struct {
	FILE *err;
	gboolean shown;     /* there is something to wipe out */
	gboolean wanted;    /* a terminal, and not --quiet */
	gint64 started_us;  /* monotonic */
} MqProgressBar;

void mq_progress_start(MqProgressBar *bar, const MqApp *app);
void mq_progress_show(MqProgressBar *bar, const MqProgress *progress);
/* "32 of 1000 domains". @bar: MqProgressBar */
void mq_progress_domains(gpointer bar, guint done, guint total);
/* Wipes the line out. */
void mq_progress_end(MqProgressBar *bar);

/**
 * mq_progress_text:
 * @elapsed_s: since the start
 *
 * Returns: (transfer full): "1,200 of 4,800 messages, 400/s, 9 s left"
 */
char *mq_progress_text(const MqProgress *progress, double elapsed_s);

#endif
