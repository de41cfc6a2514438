/* A table of what reports come wrapped in. A container looks at the first bytes of a part and says
 * whether it is its own; then it hands what is inside, part by part, to the engine. */
#ifndef MQ_INGEST_CONTAINERS_H
#define MQ_INGEST_CONTAINERS_H

#include "ingest/part.h"
#include "ingest/unwrap.h"

/* How many bytes a bid sees, at most; tar has its magic at 257. */
#define MQ_BID_BYTES 4096

typedef struct {
	const char *name;
	gboolean is_packing; /* who sends one without a name means a report */
	/* Whether @bytes, the first ones of @part, are mine. 0: no; the highest wins. 100 a magic
	 * number, 50 syntax: these go before any format; 10 a guess, after them. */
	guint (*bid)(const MqPart *part, const guint8 *bytes, gsize n);
	/* Calls mq_unwrap_part() or mq_unwrap_attachment() for each part inside; their trouble is theirs.
	 * FALSE: it is broken itself (%MQ_ERROR_FORMAT), refused (%MQ_ERROR_LIMIT) or cannot be read here
	 * (%MQ_ERROR_UNSUPPORTED); what was handed on before stays. */
	gboolean (*pour)(MqPart *part, MqUnwrap *unwrap, GError **error);
} MqContainer;

#define MQ_CONTAINERS(ROW) ROW(gzip) ROW(archive) ROW(mbox) ROW(mime) ROW(cms) ROW(tnef) ROW(shifted) ROW(text)
#define MQ_CONTAINER_DECLARE(name) extern const MqContainer mq_container_##name;
MQ_CONTAINERS(MQ_CONTAINER_DECLARE)

#endif
