/* Lines of text: headings, sentences that fit the terminal, labelled values. */
#include <string.h>

#include "cli/outputs.h"
#include "cli/terminal.h"
#include "ingest/text.h"

#define MIN_WIDTH 40 /* a sentence in less is a column of words */

void
mq_print_line(const MqApp *app, const char *format, ...)
{
	g_autofree char *line = NULL;
	g_autofree char *visible = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	visible = mq_text_visible(line);
	fprintf(app->out, "%s\n", visible);
}

void
mq_print_heading(const MqApp *app, const char *text)
{
	g_autofree char *visible = mq_text_visible(text);

	if (mq_terminal_colors(app))
		fprintf(app->out, "\033[1m%s\033[0m\n", visible);
	else
		fprintf(app->out, "%s\n", visible);
}

void
mq_print_paragraph(const MqApp *app, const char *label, guint indent, const char *text)
{
	guint width = mq_terminal_width(app);
	g_autofree char *visible = mq_text_visible(text);
	g_autofree char *wrapped = mq_terminal_wrap(visible, width > 0 ? MAX(width, MIN_WIDTH + indent) - indent : G_MAXUINT);
	g_auto(GStrv) lines = g_strsplit(wrapped, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++)
		fprintf(app->out, "%-*s%s\n", (int)indent, i == 0 ? label : "", lines[i]);
}

void
mq_print_fields(const MqApp *app, const MqColumn *fields, guint n_fields, const json_t *object)
{
	int width = 0;

	for (guint i = 0; i < n_fields; i++)
		width = MAX(width, (int)strlen(fields[i].label));
	for (guint i = 0; i < n_fields; i++) {
		g_autofree char *text = mq_cell_text(fields[i].kind, mq_json_at(object, fields[i].key));
		g_autofree char *label = g_strdup_printf("  %-*s  ", width, fields[i].label);

		if (*text != '\0')
			mq_print_paragraph(app, label, (guint)width + 4, text);
	}
}
