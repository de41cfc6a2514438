/* HTML by libxml2's writer, with our habits: text is made visible, then escaped by the writer. */
#ifndef MQ_CLI_MARKUP_H
#define MQ_CLI_MARKUP_H

#include <glib.h>

typedef struct MqMarkup MqMarkup;

/* An HTML document with @style inside, open at its body. */
MqMarkup *mq_markup_new(const char *title, const char *style);
/* Closes what is open. (transfer full): the whole document */
char *mq_markup_finish(MqMarkup *markup);

void mq_markup_open(MqMarkup *markup, const char *element, const char *css_class); /* (nullable) */
void mq_markup_close(MqMarkup *markup);
void mq_markup_text(MqMarkup *markup, const char *text);
/* An element that holds only text. */
void mq_markup_element(MqMarkup *markup, const char *element, const char *css_class, const char *text);

#endif
