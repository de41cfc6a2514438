/* tag=value lists separated by semicolons, as DMARC, DKIM, TLS-RPT, MTA-STS and BIMI write them.
 * Nothing is judged here but the shape: which tags there are, in order, and which pieces are none. */
#ifndef MQ_ANALYZE_TAGS_H
#define MQ_ANALYZE_TAGS_H

#include <glib.h>

#define MQ_TAGS_MAX 100 /* no record has more than twenty; the rest is dropped and said so */

typedef struct {
	char *name;  /* as written: DKIM's names are case-sensitive, DMARC's are not */
	char *value; /* white space around it is gone, inside it is kept */
} MqTag;

typedef struct {
	GArray *tags;      /* MqTag, in order */
	GPtrArray *broken; /* char *: pieces that are no tag=value */
	gboolean cut;      /* there were more than MQ_TAGS_MAX */
	gboolean headless; /* the text does not begin with a tag: "; v=DMARC1" */
} MqTags;

/* @text: what a TXT record says. (transfer full); never %NULL */
MqTags *mq_tags_parse(const char *text);
void mq_tags_free(MqTags *tags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqTags, mq_tags_free)

/* The value of the first tag of that name (exact case). (nullable); borrows from @tags */
const char *mq_tags_get(const MqTags *tags, const char *name);

/* Whether the first tag is @name with exactly the value @value: how versions are said. */
gboolean mq_tags_begin_with(const MqTags *tags, const char *name, const char *value);

/* A name that occurs twice, in exact case. (nullable); borrows from @tags */
const char *mq_tags_repeated(const MqTags *tags);

#endif
