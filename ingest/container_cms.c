/* S/MIME: what is in a signed mail whose content is not in the clear (smime-type=signed-data). The
 * signature is nobody's business here; what is encrypted stays so. */
#include "ingest/containers.h"

#include <string.h>

#include <openssl/cms.h>

#include "ingest/error.h"
#include "ingest/limits.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

/* id-signedData and its like: 1.2.840.113549.1.7, where 2 is signed and 3 is enveloped */
static const guint8 pkcs7[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };

#define OUTER_BYTES 16 /* a SEQUENCE and its length are in front */
#define CMS_BYTES   (8 * 1024 * 1024) /* held several times while it is taken apart, and it may be within another */

static guint
cms_bid(G_GNUC_UNUSED const MqPart *part, const guint8 *bytes, gsize n)
{
	return n > OUTER_BYTES && bytes[0] == 0x30 && memmem(bytes, MIN(n, OUTER_BYTES), pkcs7, sizeof(pkcs7)) != NULL ? 100 : 0;
}

/* (transfer none): what is signed; NULL when it is no signed-data, or its content is elsewhere */
static const ASN1_OCTET_STRING *
content_of(CMS_ContentInfo *cms)
{
	ASN1_OCTET_STRING **content;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		return NULL;
	content = CMS_get0_content(cms);
	return content != NULL ? *content : NULL;
}

/* (transfer full): of all that this takes only the content is left */
static GBytes *
take_content(MqPart *part, GError **error)
{
	g_autoptr(GBytes) held = mq_part_hold(part, CMS_BYTES, error);
	g_autoptr(CMS_ContentInfo) cms = NULL;
	const ASN1_OCTET_STRING *content;
	const guint8 *der;
	gsize n;

	if (held == NULL)
		return NULL;
	der = g_bytes_get_data(held, &n);
	cms = d2i_CMS_ContentInfo(NULL, &der, (long)n);
	if (cms == NULL) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the S/MIME data is damaged");
		return NULL;
	}
	content = content_of(cms);
	if (content == NULL) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_UNSUPPORTED, "is S/MIME that is encrypted, or holds no content");
		return NULL;
	}
	return g_bytes_new(ASN1_STRING_get0_data(content), (gsize)ASN1_STRING_length(content));
}

static gboolean
cms_pour(MqPart *part, MqUnwrap *unwrap, GError **error)
{
	g_autoptr(GBytes) bytes = take_content(part, error);
	g_autoptr(MqPart) inner = NULL;

	if (bytes == NULL || !mq_unwrap_spend(unwrap, g_bytes_get_size(bytes), error))
		return FALSE;
	inner = mq_part_new_bytes(bytes, part, NULL, NULL);
	inner->is_mail = TRUE;
	mq_unwrap_part(unwrap, inner);
	return TRUE;
}

const MqContainer mq_container_cms = { .name = "cms", .bid = cms_bid, .pour = cms_pour };
