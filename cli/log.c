#include "cli/log.h"

#include "ingest/text.h"

static void
print_line(const MqApp *app, const char *format, va_list args)
{
	g_autofree char *message = g_strdup_vprintf(format, args);
	g_autofree char *visible = mq_text_visible(message);

	fprintf(app->err, "marque: %s\n", visible);
}

void
mq_log_error(const MqApp *app, const char *format, ...)
{
	va_list args;

	fflush(app->out); /* on a terminal the two come in order */
	va_start(args, format);
	print_line(app, format, args);
	va_end(args);
}

void
mq_log_notice(const MqApp *app, const char *format, ...)
{
	va_list args;

	if (app->globals.quiet)
		return;
	va_start(args, format);
	print_line(app, format, args);
	va_end(args);
}

/* Called by any thread, GLib locks nothing: one fprintf is one line. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	const MqApp *app = data;
	const char *message = NULL;
	g_autofree char *visible = NULL;

	for (gsize i = 0; i < n_fields; i++)
		if (g_str_equal(fields[i].key, "MESSAGE"))
			message = fields[i].value;
	if (message == NULL || (level & G_LOG_LEVEL_DEBUG)
	    || (!app->globals.verbose && (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_MESSAGE))))
		return G_LOG_WRITER_HANDLED;
	visible = mq_text_visible(message);
	fprintf(app->err, "marque: %s\n", visible);
	return G_LOG_WRITER_HANDLED;
}

/* g_log_set_writer_func() may be called once a process; what it writes to changes here. */
static MqApp *current;

static GLogWriterOutput
write_log_of_current(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	(void)data;
	if (current == NULL)
		return g_log_writer_default(level, fields, n_fields, NULL);
	return write_log(level, fields, n_fields, current);
}

void
mq_log_start(MqApp *app)
{
	static gsize once;

	current = app;
	if (g_once_init_enter(&once)) {
		g_log_set_writer_func(write_log_of_current, NULL, NULL);
		g_once_init_leave(&once, 1);
	}
}

void
mq_log_stop(void)
{
	current = NULL;
}
