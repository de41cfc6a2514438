/* Lines of a stream that somebody may still be writing: what is there already is read without waiting
 * for more, so that many lines can be worked on together and none is kept back. */
#ifndef MQ_CLI_LINES_H
#define MQ_CLI_LINES_H

#include <glib.h>

typedef struct MqLines MqLines;

typedef enum {
	MQ_LINE_READ,
	MQ_LINE_TOO_LONG, /* over the limit: read to its end, and dropped */
	MQ_LINE_NOT_YET,  /* none is complete */
	MQ_LINE_END,
	MQ_LINE_ERROR,
} MqLineState;

/* @max_bytes: of a line */
MqLines *mq_lines_new(int fd, gsize max_bytes);
void mq_lines_free(MqLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqLines, mq_lines_free)

/**
 * mq_lines_next:
 * @may_wait: for the next line to be complete
 * @line: (out) (transfer full): without its end, on MQ_LINE_READ; as text it ends at a NUL byte
 */
MqLineState mq_lines_next(MqLines *lines, gboolean may_wait, char **line, GError **error);

#endif
