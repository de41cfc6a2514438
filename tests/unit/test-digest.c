#include "ingest/digest.h"

#include <string.h>

typedef struct {
	const char *rule, *text, *want;
} Case;

/* FIPS 180-2, appendix B */
static const Case cases[] = {
	{ "nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void
assert_digest(const guint8 digest[MQ_DIGEST_BYTES], const char *want)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < MQ_DIGEST_BYTES; i++)
		g_string_append_printf(text, "%02x", digest[i]);
	g_assert_cmpstr(text->str, ==, want);
}

static void
test_at_once(gconstpointer data)
{
	const Case *want = data;
	guint8 digest[MQ_DIGEST_BYTES];

	mq_digest_bytes(want->text, strlen(want->text), digest);
	assert_digest(digest, want->want);
}

static void
test_piece_by_piece_and_again(void)
{
	g_autoptr(MqDigester) digester = mq_digester_new();
	guint8 digest[MQ_DIGEST_BYTES];

	for (gsize round = 0; round < 2; round++) {
		for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
			for (const char *at = cases[i].text; *at != '\0'; at++)
				mq_digester_add(digester, at, 1);
			mq_digester_take(digester, digest);
			assert_digest(digest, cases[i].want);
		}
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/digest/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_at_once);
	}
	g_test_add_func("/digest/piece by piece and again", test_piece_by_piece_and_again);
	return g_test_run();
}
