#include "analyze/record_dkim.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ingest/text.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

#define KEY_BYTES_MAX 8192 /* RSA of 16384 bits takes 2100; the rest is somebody's joke */

#define MQ_DKIM_STATE_WORD(name, word) word,
static const char *const state_words[] = { MQ_DKIM_STATES(MQ_DKIM_STATE_WORD) };

const char *
mq_dkim_state_word(MqDkimState state)
{
	g_return_val_if_fail(state < MQ_DKIM_STATE_N, "unknown");
	return state_words[state];
}

static void G_GNUC_PRINTF(2, 3)
refuse(MqDkimKey *key, const char *format, ...)
{
	g_autofree char *phrase = NULL;
	va_list args;

	if (key->problem != NULL)
		return;
	va_start(args, format);
	phrase = g_strdup_vprintf(format, args);
	va_end(args);
	key->problem = mq_text_visible(phrase);
	key->state = MQ_DKIM_INVALID;
}

/* Whether the colon list @value (NULL: @absent) has @word, exact case. */
static gboolean
list_has(const char *value, const char *word, gboolean absent)
{
	g_auto(GStrv) items = NULL;

	if (value == NULL)
		return absent;
	items = g_strsplit(value, ":", MQ_TAGS_MAX);
	for (guint i = 0; items[i] != NULL; i++)
		if (strcmp(g_strstrip(items[i]), word) == 0)
			return TRUE;
	return FALSE;
}

/* Base64 without its white space, decoded; NULL when it is none. g_base64_decode() skips what it does
 * not know, so that we look first. */
static guchar *
decode(const char *value, gsize *n)
{
	g_autoptr(GString) bare = g_string_sized_new(strlen(value));
	gsize padding = 0;

	for (const char *p = value; *p != '\0'; p++) {
		if (g_ascii_isspace(*p))
			continue;
		if (*p == '=')
			padding++;
		else if (padding > 0 || !(g_ascii_isalnum(*p) || *p == '+' || *p == '/'))
			return NULL;
		g_string_append_c(bare, *p);
	}
	if (padding > 2 || bare->len - padding == 0 || (bare->len - padding) % 4 == 1)
		return NULL;
	while (bare->len % 4 != 0) /* keys without padding are read by every verifier */
		g_string_append_c(bare, '=');
	return g_base64_decode(bare->str, n);
}

/* SubjectPublicKeyInfo, as all publish it, or RSAPublicKey, as RFC 6376 says. */
static void
read_rsa(MqDkimKey *key, const guchar *der, gsize n)
{
	const guchar *at = der;
	g_autoptr(EVP_PKEY) parsed = d2i_PUBKEY(NULL, &at, (long)n);

	if (parsed == NULL) {
		at = der;
		parsed = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)n);
	}
	ERR_clear_error();
	if (parsed == NULL)
		refuse(key, "p= is no RSA key: damaged or cut off");
	else if (at != der + n)
		refuse(key, "bytes follow the RSA key in p=");
	else if (EVP_PKEY_get_base_id(parsed) != EVP_PKEY_RSA)
		refuse(key, "p= holds a key that is not RSA, and k= says rsa");
	else
		key->bits = (guint)EVP_PKEY_get_bits(parsed);
}

static void
read_ed25519(MqDkimKey *key, const guchar *bytes, gsize n)
{
	g_autoptr(EVP_PKEY) parsed = n == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, n) : NULL;

	ERR_clear_error();
	if (parsed == NULL)
		refuse(key, "p= has %" G_GSIZE_FORMAT " bytes; an Ed25519 key has 32 (RFC 8463)", n);
	else
		key->bits = 256;
}

static void
read_key(MqDkimKey *key, const char *p)
{
	gsize n = 0;
	g_autofree guchar *bytes = NULL;

	if (strlen(p) <= 2 * KEY_BYTES_MAX)
		bytes = decode(p, &n);
	if (bytes == NULL)
		refuse(key, "p= is no base64");
	else if (n > KEY_BYTES_MAX)
		refuse(key, "p= is longer than any key");
	else if (key->type == MQ_DKIM_KEY_RSA)
		read_rsa(key, bytes, n);
	else
		read_ed25519(key, bytes, n);
}

static void
read_type(MqDkimKey *key)
{
	const char *k = mq_tags_get(key->tags, "k");

	key->type_text = k != NULL ? k : "rsa";
	if (strcmp(key->type_text, "rsa") == 0)
		key->type = MQ_DKIM_KEY_RSA;
	else if (strcmp(key->type_text, "ed25519") == 0)
		key->type = MQ_DKIM_KEY_ED25519;
	else
		refuse(key, "k=%s is no key type (rsa, ed25519)", k);
}

static void
check_shape(MqDkimKey *key)
{
	const char *v = mq_tags_get(key->tags, "v");
	const char *twice = mq_tags_repeated(key->tags);

	if (v != NULL && !mq_tags_begin_with(key->tags, "v", "DKIM1"))
		refuse(key, strcmp(v, "DKIM1") == 0 ? "v=DKIM1 is not the first tag" : "v=%s is not DKIM1", v);
	if (twice != NULL)
		refuse(key, "%s= occurs twice", twice);
	if (key->tags->broken->len > 0)
		refuse(key, "'%s' is no tag=value", (const char *)g_ptr_array_index(key->tags->broken, 0));
}

static MqDkimState
judge(const MqDkimKey *key)
{
	gboolean rsa = key->type == MQ_DKIM_KEY_RSA;

	if ((rsa && key->bits < MQ_DKIM_RSA_BITS_GOOD) || !key->sha256)
		return MQ_DKIM_WEAK;
	return key->testing ? MQ_DKIM_TESTING : MQ_DKIM_OK;
}

MqDkimKey *
mq_dkim_key_parse(const char *text)
{
	g_autoptr(MqTags) tags = mq_tags_parse(text);
	const char *p = mq_tags_get(tags, "p");
	MqDkimKey *key;

	if (p == NULL && mq_tags_get(tags, "k") == NULL && !mq_tags_begin_with(tags, "v", "DKIM1"))
		return NULL;
	key = g_new0(MqDkimKey, 1);
	key->text = g_strdup(text);
	key->tags = g_steal_pointer(&tags);
	key->testing = list_has(mq_tags_get(key->tags, "t"), "y", FALSE);
	key->strict = list_has(mq_tags_get(key->tags, "t"), "s", FALSE);
	key->for_mail = list_has(mq_tags_get(key->tags, "s"), "*", TRUE) || list_has(mq_tags_get(key->tags, "s"), "email", TRUE);
	key->sha256 = list_has(mq_tags_get(key->tags, "h"), "sha256", TRUE);
	read_type(key);
	check_shape(key);
	if (p == NULL)
		refuse(key, "there is no p=");
	if (key->problem != NULL)
		return key;
	if (*p == '\0') {
		key->state = MQ_DKIM_REVOKED;
		return key;
	}
	read_key(key, p);
	if (!key->for_mail)
		refuse(key, "s=%s does not allow mail", mq_tags_get(key->tags, "s"));
	if (key->problem == NULL)
		key->state = judge(key);
	return key;
}

void
mq_dkim_key_free(MqDkimKey *key)
{
	if (key == NULL)
		return;
	g_free(key->text);
	mq_tags_free(key->tags);
	g_free(key->problem);
	g_free(key);
}
