/* TNEF (winmail.dat), in which Exchange wraps what it forwards: a signature, then attributes of a
 * level, an id, a length, their bytes and a checksum. Attachments are all that is looked at. */
#include "ingest/containers.h"

#include <string.h>

#include "ingest/error.h"
#include "ingest/limits.h"

#define SIGNATURE   "\x78\x9f\x3e\x22"
#define START_BYTES 6 /* the signature and a key */
#define HEAD_BYTES  9
#define SUM_BYTES   2

/* [MS-OXTNEF] 2.1.3.2 */
typedef enum { ATTACH_TITLE = 0x00018010, ATTACH_DATA = 0x0006800f, ATTACH_START = 0x00069002 } AttributeId;

typedef struct {
	guint32 id, n;
	const guint8 *bytes;
} Attribute;

static guint
tnef_bid(G_GNUC_UNUSED const MqPart *part, const guint8 *bytes, gsize n)
{
	return n > START_BYTES && memcmp(bytes, SIGNATURE, strlen(SIGNATURE)) == 0 ? 100 : 0;
}

static guint32
read_u32(const guint8 *bytes)
{
	return bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
}

/* FALSE: there is no further one that is whole. */
static gboolean
next_attribute(const guint8 **at, const guint8 *end, Attribute *attribute)
{
	gsize n_left = (gsize)(end - *at);

	if (n_left < HEAD_BYTES + SUM_BYTES)
		return FALSE;
	attribute->id = read_u32(*at + 1);
	attribute->n = read_u32(*at + 5);
	attribute->bytes = *at + HEAD_BYTES;
	if (attribute->n > n_left - HEAD_BYTES - SUM_BYTES)
		return FALSE;
	*at += HEAD_BYTES + attribute->n + SUM_BYTES;
	return TRUE;
}

typedef struct {
	const guint8 *data, *title; /* (nullable) of the attachment that is being read */
	gsize n_data, n_title;
} Attachment;

static gboolean
look_into(const Attachment *file, GBytes *held, const MqPart *around, MqUnwrap *unwrap, GError **error)
{
	g_autofree char *name = file->title != NULL ? g_strndup((const char *)file->title, file->n_title) : NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(MqPart) part = NULL;

	if (file->data == NULL)
		return TRUE;
	if (!mq_unwrap_count_member(unwrap, error) || !mq_unwrap_spend(unwrap, file->n_data, error))
		return FALSE;
	bytes = g_bytes_new_from_bytes(held, (gsize)(file->data - (const guint8 *)g_bytes_get_data(held, NULL)), file->n_data);
	part = mq_part_new_bytes(bytes, around, name, NULL);
	part->claim = mq_claim_of(name, NULL);
	mq_unwrap_attachment(unwrap, part);
	return TRUE;
}

static gboolean
tnef_pour(MqPart *part, MqUnwrap *unwrap, GError **error)
{
	g_autoptr(GBytes) held = mq_part_hold(part, MQ_LIMIT_HELD_BYTES, error);
	const guint8 *at, *end;
	Attachment file = { .data = NULL };
	Attribute attribute;

	if (held == NULL)
		return FALSE;
	at = g_bytes_get_data(held, NULL);
	end = at + g_bytes_get_size(held);
	at += START_BYTES;
	while (next_attribute(&at, end, &attribute)) {
		if (attribute.id == ATTACH_START) {
			if (!look_into(&file, held, part, unwrap, error))
				return FALSE;
			file = (Attachment){ .data = NULL };
		} else if (attribute.id == ATTACH_TITLE) {
			file.title = attribute.bytes;
			file.n_title = attribute.n;
		} else if (attribute.id == ATTACH_DATA) {
			file.data = attribute.bytes;
			file.n_data = attribute.n;
		}
	}
	if (!look_into(&file, held, part, unwrap, error))
		return FALSE;
	if (at == end)
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the TNEF data ends in the middle");
	return FALSE;
}

const MqContainer mq_container_tnef = { .name = "tnef", .bid = tnef_bid, .pour = tnef_pour };
