#include "analyze/record_dkim.h"

/* Made for this test; nobody has the private halves. */
#define RSA_512 \
	"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL+ztqVC0/E4V02J4LHyiQSOG3ug0qKM6Fn4/thkL6whEoUe5FqLhyrL9m" \
	"qU2+yK4EwoD+imX/6M0IqZmBN7J9cCAwEAAQ=="
#define RSA_1024 \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDNIrJo+Q2883a0n8eIWyo1k5iLveJWGQpELZmkU6shhPN7HV7lON" \
	"0iMUELGgsqBKgxt22UIVx45an0JYr7FBQa80stIwLH3NeOvXSdlUsT6YNyIoMJ8xMEv4byJ9aFVZXb432WvxTB+PAn" \
	"+iZ5XCxHj0IeM6wMDyySrL9RbQczRwIDAQAB"
#define RSA_2048 \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlO60fhDKOX1bDeYj69YlySVoPMUN3ikV/58RCcuJAOdec3" \
	"1xnpLPyPIDRmvPFs0JD4t9Q980xC1wiXagWE1eBfL/UMfrJBGYvQiUMZv0Q8k7uUtnIR51GPyNgSLOhzdZOmPRseHe" \
	"Uq6O7PPFknXLCMz97h8HmIbAg+5honByjTCqkv0G1Ouq1nnpSbGCCz8dAsrUJXU1s132Vh+T0m2IYTAKOyXpZGgGQ8" \
	"eQkM8vYDj53LdV99eTXhPrqHl4HlAm4h11ZM+BVsSLwraZGVwLkMfVhszwBK/xlYOwhfqVEW7VHjx8SO9zsTkH3dmf" \
	"PeTjYjmWihg5pUZC6JtmPeNQfQIDAQAB"
#define RSA_2048_BARE \
	"MIIBCgKCAQEAlO60fhDKOX1bDeYj69YlySVoPMUN3ikV/58RCcuJAOdec31xnpLPyPIDRmvPFs0JD4t9Q980xC1wiX" \
	"agWE1eBfL/UMfrJBGYvQiUMZv0Q8k7uUtnIR51GPyNgSLOhzdZOmPRseHeUq6O7PPFknXLCMz97h8HmIbAg+5honBy" \
	"jTCqkv0G1Ouq1nnpSbGCCz8dAsrUJXU1s132Vh+T0m2IYTAKOyXpZGgGQ8eQkM8vYDj53LdV99eTXhPrqHl4HlAm4h" \
	"11ZM+BVsSLwraZGVwLkMfVhszwBK/xlYOwhfqVEW7VHjx8SO9zsTkH3dmfPeTjYjmWihg5pUZC6JtmPeNQfQIDAQAB"
#define ED25519      "mlqhKjmPtc+d3LUwtGj54keFTXVQDrrGxXzYyDH0knE="
#define ED25519_SPKI "MCowBQYDK2VwAyEAmlqhKjmPtc+d3LUwtGj54keFTXVQDrrGxXzYyDH0knE="

typedef struct {
	const char *rule, *text;
	gboolean is_key;
	MqDkimState state;
	guint bits;
} Case;

static const Case cases[] = {
	{ "RSA 2048", "v=DKIM1; k=rsa; p=" RSA_2048, TRUE, MQ_DKIM_OK, 2048 },
	{ "RSAPublicKey without its wrapping", "v=DKIM1; p=" RSA_2048_BARE, TRUE, MQ_DKIM_OK, 2048 },
	{ "version is optional", "p=" RSA_2048, TRUE, MQ_DKIM_OK, 2048 },
	{ "white space inside", "v=DKIM1; p=\t" RSA_2048 " ", TRUE, MQ_DKIM_OK, 2048 },
	{ "RSA 1024 is weak", "v=DKIM1; p=" RSA_1024, TRUE, MQ_DKIM_WEAK, 1024 },
	{ "RSA 512 is weak", "v=DKIM1; p=" RSA_512, TRUE, MQ_DKIM_WEAK, 512 },
	{ "SHA-1 only is weak", "v=DKIM1; h=sha1; p=" RSA_2048, TRUE, MQ_DKIM_WEAK, 2048 },
	{ "SHA-1 too is fine", "v=DKIM1; h=sha1:sha256; p=" RSA_2048, TRUE, MQ_DKIM_OK, 2048 },
	{ "Ed25519", "v=DKIM1; k=ed25519; p=" ED25519, TRUE, MQ_DKIM_OK, 256 },
	{ "Ed25519 has 32 bytes", "v=DKIM1; k=ed25519; p=" ED25519_SPKI, TRUE, MQ_DKIM_INVALID, 0 },
	{ "testing", "v=DKIM1; t=y:s; p=" RSA_2048, TRUE, MQ_DKIM_TESTING, 2048 },
	{ "revoked", "v=DKIM1; p=", TRUE, MQ_DKIM_REVOKED, 0 },
	{ "revoked with spaces", "v=DKIM1; p=  ;", TRUE, MQ_DKIM_REVOKED, 0 },
	{ "no p", "v=DKIM1; k=rsa", TRUE, MQ_DKIM_INVALID, 0 },
	{ "type nobody knows", "v=DKIM1; k=dsa; p=" RSA_2048, TRUE, MQ_DKIM_INVALID, 0 },
	{ "type in upper case", "v=DKIM1; k=RSA; p=" RSA_2048, TRUE, MQ_DKIM_INVALID, 0 },
	{ "version must come first", "k=rsa; v=DKIM1; p=" RSA_2048, TRUE, MQ_DKIM_INVALID, 0 },
	{ "version is exact", "v=DKIM2; p=" RSA_2048, TRUE, MQ_DKIM_INVALID, 0 },
	{ "a tag twice", "v=DKIM1; p=" RSA_2048 "; p=", TRUE, MQ_DKIM_INVALID, 0 },
	{ "not for mail", "v=DKIM1; s=tlsrpt; p=" RSA_2048, TRUE, MQ_DKIM_INVALID, 2048 },
	{ "for mail among others", "v=DKIM1; s=tlsrpt:email; p=" RSA_2048, TRUE, MQ_DKIM_OK, 2048 },
	{ "cut key", "v=DKIM1; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", TRUE, MQ_DKIM_INVALID, 0 },
	{ "a key of another kind", "v=DKIM1; k=rsa; p=" ED25519_SPKI, TRUE, MQ_DKIM_INVALID, 0 },
	{ "no base64", "v=DKIM1; p=MIIB*Ij", TRUE, MQ_DKIM_INVALID, 0 },
	{ "quotes pasted along", "v=DKIM1; p=\"" RSA_2048 "\"", TRUE, MQ_DKIM_INVALID, 0 },
	{ "PEM pasted whole", "v=DKIM1; p=-----BEGIN PUBLIC KEY-----", TRUE, MQ_DKIM_INVALID, 0 },
	{ "not a key", "v=spf1 -all", FALSE, 0, 0 },
	{ "any text", "hello", FALSE, 0, 0 },
	{ "nothing at all", "", FALSE, 0, 0 },
};

static void
test_parse(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(MqDkimKey) got = mq_dkim_key_parse(want->text);

	g_assert_cmpint(got != NULL, ==, want->is_key);
	if (got == NULL)
		return;
	g_assert_cmpstr(mq_dkim_state_word(got->state), ==, mq_dkim_state_word(want->state));
	g_assert_cmpuint(got->bits, ==, want->bits);
	g_assert_cmpint(got->problem != NULL, ==, want->state == MQ_DKIM_INVALID);
}

static void
test_over_long(void)
{
	g_autofree char *flood = g_strnfill(1 << 20, 'A');
	g_autofree char *text = g_strconcat("v=DKIM1; p=", flood, NULL);
	g_autoptr(MqDkimKey) key = mq_dkim_key_parse(text);

	g_assert_cmpint(key->state, ==, MQ_DKIM_INVALID);
}

static void
test_flags(void)
{
	g_autoptr(MqDkimKey) key = mq_dkim_key_parse("v=DKIM1; t=s; p=" RSA_2048);

	g_assert_true(key->strict);
	g_assert_false(key->testing);
	g_assert_cmpint(key->type, ==, MQ_DKIM_KEY_RSA);
	g_assert_cmpstr(key->type_text, ==, "rsa");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/record-dkim/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_parse);
	}
	g_test_add_func("/record-dkim/over-long", test_over_long);
	g_test_add_func("/record-dkim/flags", test_flags);
	return g_test_run();
}
