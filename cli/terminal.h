/* What standard output is: a terminal or not, how wide, whether colours are wanted there. */
#ifndef MQ_CLI_TERMINAL_H
#define MQ_CLI_TERMINAL_H

#include "cli/app.h"

gboolean mq_terminal_is(const MqApp *app);
/* --color, else NO_COLOR and TERM */
gboolean mq_terminal_colors(const MqApp *app);
/* In columns; 0: no terminal, no limit. */
guint mq_terminal_width(const MqApp *app);
/* How many columns @text takes: East Asian letters take two, accents none. */
guint mq_terminal_columns(const char *text);

#endif
