/* HTML and SVG by libxml2's writer, with our habits: a stranger's text is made visible, then escaped
 * by the writer. Names of elements, attributes and classes are ours. */
#ifndef MQ_CLI_MARKUP_H
#define MQ_CLI_MARKUP_H

#include <glib.h>

typedef struct MqMarkup MqMarkup;

/* An HTML document, open inside <html>. */
MqMarkup *mq_markup_new(void);
/* Closes what is open. (transfer full): the whole document */
char *mq_markup_finish(MqMarkup *markup);
void mq_markup_free(MqMarkup *markup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqMarkup, mq_markup_free)

void mq_markup_open(MqMarkup *markup, const char *element, const char *css_class); /* (nullable) */
void mq_markup_close(MqMarkup *markup);
/* Of the element just opened. */
void mq_markup_attribute(MqMarkup *markup, const char *name, const char *value);
/* printf() of numbers and our own words: always with "." as the decimal point. */
void mq_markup_attributef(MqMarkup *markup, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
void mq_markup_text(MqMarkup *markup, const char *text); /* (nullable): nothing */
/* An element that holds only text. */
void mq_markup_element(MqMarkup *markup, const char *element, const char *css_class, const char *text);
/* An element without content or end tag: meta, link, br. @pairs: name, value, …, NULL */
void mq_markup_void(MqMarkup *markup, const char *element, const char *const *pairs);
/* <style>, <script>: their text is ours, and is not escaped. */
void mq_markup_style(MqMarkup *markup, const char *css);
void mq_markup_script(MqMarkup *markup, const char *code);

#endif
