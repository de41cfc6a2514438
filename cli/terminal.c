#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

gboolean
mq_terminal_is(const MqApp *app)
{
	int fd = fileno(app->out);

	return fd >= 0 && isatty(fd);
}

gboolean
mq_terminal_colors(const MqApp *app)
{
	const char *no_color = g_getenv("NO_COLOR");

	if (app->color == MQ_COLOR_AUTO)
		return mq_terminal_is(app) && (no_color == NULL || *no_color == '\0')
		       && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
	return app->color == MQ_COLOR_ALWAYS;
}

guint
mq_terminal_width(const MqApp *app)
{
	const char *columns = g_getenv("COLUMNS");
	guint64 n;
	struct winsize size;

	if (!mq_terminal_is(app))
		return 0;
	if (columns != NULL && g_ascii_string_to_unsigned(columns, 10, 20, 10000, &n, NULL))
		return (guint)n;
	if (ioctl(fileno(app->out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return 80;
}

guint
mq_terminal_columns(const char *text)
{
	guint n = 0;

	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		n += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
	}
	return n;
}

char *
mq_terminal_wrap(const char *text, guint width)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	GString *out = g_string_new(NULL);
	guint column = 0;

	for (char **word = words; *word != NULL; word++) {
		guint n = mq_terminal_columns(*word);
		gboolean breaks = column > 0 && column + 1 + n > width;

		if (word != words)
			g_string_append_c(out, breaks ? '\n' : ' ');
		g_string_append(out, *word);
		column = breaks || word == words ? n : column + 1 + n;
	}
	return g_string_free(out, FALSE);
}
