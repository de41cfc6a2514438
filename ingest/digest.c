/* OpenSSL's implementation uses what the processor has for it: five times GChecksum's speed. Its
 * functions fail only when memory ends or the library is broken, and then nothing can go on. */
#include "ingest/digest.h"

#include <openssl/evp.h>

struct MqDigester {
	EVP_MD_CTX *context;
};

static const EVP_MD *
algorithm(void)
{
	static gsize once;
	static EVP_MD *sha256;

	if (g_once_init_enter(&once)) {
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); /* kept until the process ends */
		g_once_init_leave(&once, 1);
	}
	return sha256;
}

static void
must(int good)
{
	if (good != 1)
		g_error("SHA-256 of OpenSSL does not work here");
}

MqDigester *
mq_digester_new(void)
{
	MqDigester *digester = g_new0(MqDigester, 1);

	digester->context = EVP_MD_CTX_new();
	must(digester->context != NULL && algorithm() != NULL);
	must(EVP_DigestInit_ex2(digester->context, algorithm(), NULL));
	return digester;
}

void
mq_digester_free(MqDigester *digester)
{
	if (digester == NULL)
		return;
	EVP_MD_CTX_free(digester->context);
	g_free(digester);
}

void
mq_digester_add(MqDigester *digester, gconstpointer bytes, gsize n)
{
	must(EVP_DigestUpdate(digester->context, bytes, n));
}

void
mq_digester_take(MqDigester *digester, guint8 digest[MQ_DIGEST_BYTES])
{
	must(EVP_DigestFinal_ex(digester->context, digest, NULL));
	must(EVP_DigestInit_ex2(digester->context, NULL, NULL)); /* the same algorithm again */
}

static void
free_kept(gpointer digester)
{
	mq_digester_free(digester);
}

void
mq_digest_bytes(gconstpointer bytes, gsize n, guint8 digest[MQ_DIGEST_BYTES])
{
	static GPrivate kept = G_PRIVATE_INIT(free_kept);
	MqDigester *digester = g_private_get(&kept);

	if (digester == NULL) {
		digester = mq_digester_new();
		g_private_set(&kept, digester);
	}
	mq_digester_add(digester, bytes, n);
	mq_digester_take(digester, digest);
}
