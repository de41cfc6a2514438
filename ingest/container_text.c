/* A text that is none of the others: a file in which a report was pasted, or encoded once more. */
#include "ingest/containers.h"

#include "ingest/salvage.h"

static gboolean
is_text(const guint8 *bytes, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (bytes[i] == 0x7f || (bytes[i] < ' ' && !g_ascii_isspace(bytes[i])))
			return FALSE;
	return TRUE;
}

static guint
text_bid(const MqPart *part, const guint8 *bytes, gsize n)
{
	return !part->is_mail && !part->is_searched && is_text(bytes, n) ? 3 : 0;
}

static gboolean
text_pour(MqPart *part, MqUnwrap *unwrap, G_GNUC_UNUSED GError **error)
{
	mq_salvage_part(unwrap, part);
	return TRUE;
}

const MqContainer mq_container_text = { .name = "text", .bid = text_bid, .pour = text_pour };
