#include "cli/progress.h"

#include <unistd.h>

#include "cli/outputs.h"
#include "ingest/text.h"

#define STEADY_S 1.0 /* before that a rate says nothing */

static char *
duration(double seconds)
{
	gint64 s = (gint64)(seconds + 0.5);

	if (s < 60)
		return g_strdup_printf("%d s", (int)s);
	if (s < 3600)
		return g_strdup_printf("%d:%02d min", (int)(s / 60), (int)(s % 60));
	return g_strdup_printf("%" G_GINT64_FORMAT ":%02d h", s / 3600, (int)(s % 3600 / 60));
}

char *
mq_progress_text(const MqProgress *progress, double elapsed_s)
{
	g_autofree char *done = mq_count_to_text((gint64)progress->messages);
	GString *text = g_string_new(done);
	double rate = elapsed_s >= STEADY_S ? (double)progress->messages / elapsed_s : 0;

	if (progress->messages_total > 0) {
		g_autofree char *total = mq_count_to_text((gint64)progress->messages_total);

		g_string_append_printf(text, " of %s", total);
	}
	g_string_append_printf(text, " message%s", progress->messages == 1 ? "" : "s");
	if (rate > 0) {
		g_autofree char *per_s = mq_count_to_text((gint64)(rate + 0.5));

		g_string_append_printf(text, ", %s/s", per_s);
	}
	if (rate > 0 && progress->messages_total > progress->messages) {
		g_autofree char *left = duration((double)(progress->messages_total - progress->messages) / rate);

		g_string_append_printf(text, ", %s left", left);
	}
	return g_string_free(text, FALSE);
}

void
mq_progress_start(MqProgressBar *bar, const MqApp *app)
{
	int fd = fileno(app->err);

	*bar = (MqProgressBar){
		.err = app->err,
		.wanted = fd >= 0 && isatty(fd) && !app->globals.quiet,
		.started_us = g_get_monotonic_time(),
	};
}

void
mq_progress_show(MqProgressBar *bar, const MqProgress *progress)
{
	g_autofree char *text = NULL;

	if (!bar->wanted)
		return;
	text = mq_progress_text(progress,
	                        (double)(g_get_monotonic_time() - bar->started_us) / G_USEC_PER_SEC);
	fprintf(bar->err, "\r\033[K%s", text);
	if (progress->messages_total > 0) {
		int filled = (int)(MIN(progress->messages, progress->messages_total) * 20 / progress->messages_total);

		fprintf(bar->err, "  [%.*s%*s]", filled, "####################", 20 - filled, "");
	}
	fflush(bar->err);
	bar->shown = TRUE;
}

void
mq_progress_domains(gpointer ctx, guint done, guint total)
{
	MqProgressBar *bar = ctx;

	if (!bar->wanted || total == 1)
		return;
	fprintf(bar->err, "\r\033[K%u of %u domains", done, total);
	fflush(bar->err);
	bar->shown = TRUE;
}

void
mq_progress_end(MqProgressBar *bar)
{
	if (bar->shown)
		fputs("\r\033[K", bar->err);
	bar->shown = FALSE;
}
