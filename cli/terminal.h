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

/* @text in lines of at most @width columns, broken at spaces. A longer word stays whole: it may be a record to
 * copy. (transfer full) */
char *mq_terminal_wrap(const char *text, guint width);

#endif
