#include "ingest/address.h"

typedef struct {
	const char *rule, *text, *want; /* want NULL: no address */
} Case;

static const Case cases[] = {
	{ "IPv4", "192.0.2.1", "192.0.2.1" },
	{ "IPv6 is written short", "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
	{ "IPv4-mapped is IPv4", "::ffff:192.0.2.1", "192.0.2.1" },
	{ "out of range", "999.1.1.1", NULL },
	{ "too many", "1.2.3.4.5", NULL },
	{ "octal is no address", "0177.0.0.1", NULL },
	{ "a number is no address", "2130706433", NULL },
	{ "hexadecimal is no address", "0x7f.0.0.1", NULL },
	{ "short form is no address", "127.1", NULL },
	{ "zone", "fe80::1%eth0", NULL },
	{ "block", "192.0.2.0/24", NULL },
	{ "name", "localhost", NULL },
	{ "two", "1.2.3.4, 5.6.7.8", NULL },
	{ "empty", "", NULL },
};

static void
test_parse(gconstpointer data)
{
	const Case *want = data;
	MqAddress address;
	gboolean ok = mq_address_parse(want->text, &address);

	g_assert_cmpint(ok, ==, want->want != NULL);
	if (ok) {
		g_autofree char *got = mq_address_to_text(&address);

		g_assert_cmpstr(got, ==, want->want);
	}
}

static MqAddress
address_of(const char *text)
{
	MqAddress address;

	g_assert_true(mq_address_parse(text, &address));
	return address;
}

static void
test_reverse_name(void)
{
	MqAddress v4 = address_of("192.0.2.3");
	MqAddress v6 = address_of("2001:db8::cb01");
	g_autofree char *name4 = mq_address_reverse_name(&v4);
	g_autofree char *name6 = mq_address_reverse_name(&v6);

	g_assert_cmpstr(name4, ==, "3.2.0.192.in-addr.arpa");
	g_assert_cmpstr(name6, ==, "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

static void
test_blocks(void)
{
	static const struct {
		const char *address, *block;
		gboolean in;
	} rules[] = {
		{ "192.0.2.77", "192.0.2.0/24", TRUE },   { "192.0.3.1", "192.0.2.0/24", FALSE },
		{ "192.0.2.129", "192.0.2.128/25", TRUE }, { "192.0.2.127", "192.0.2.128/25", FALSE },
		{ "192.0.2.1", "192.0.2.1", TRUE },       { "192.0.2.1", "0.0.0.0/0", TRUE },
		{ "2001:db8::1", "0.0.0.0/0", FALSE },    { "2001:db8:1:2::3", "2001:db8:1::/48", TRUE },
		{ "2001:db8:2::3", "2001:db8:1::/48", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		MqAddress address = address_of(rules[i].address);
		MqBlock block;

		g_assert_true(mq_block_parse(rules[i].block, &block));
		g_assert_cmpint(mq_address_in_block(&address, &block), ==, rules[i].in);
	}
}

static void
test_ends(void)
{
	static const struct {
		const char *block, *last, *next, *previous; /* next of the last, previous of the first */
	} rules[] = {
		{ "192.0.2.0/24", "192.0.2.255", "192.0.3.0", "192.0.1.255" },
		{ "192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.6" },
		{ "0.0.0.0/0", "255.255.255.255", "0.0.0.0", "255.255.255.255" },
		{ "2001:db8::/33", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:8000::",
		  "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		MqBlock block;
		MqAddress last, next, previous;
		g_autofree char *last_text = NULL;
		g_autofree char *next_text = NULL;
		g_autofree char *previous_text = NULL;

		g_assert_true(mq_block_parse(rules[i].block, &block));
		last = mq_block_last(&block);
		next = mq_address_next(&last);
		previous = mq_address_previous(&block.first);
		last_text = mq_address_to_text(&last);
		next_text = mq_address_to_text(&next);
		previous_text = mq_address_to_text(&previous);
		g_assert_cmpstr(last_text, ==, rules[i].last);
		g_assert_cmpstr(next_text, ==, rules[i].next);
		g_assert_cmpstr(previous_text, ==, rules[i].previous);
	}
}

static void
test_block_text(void)
{
	MqAddress v6 = address_of("2001:db8:1:2::3");
	MqBlock block = mq_address_neighbourhood(&v6);
	g_autofree char *text = mq_block_to_text(&block);
	MqBlock bad;

	g_assert_cmpstr(text, ==, "2001:db8:1::/48");
	g_assert_false(mq_block_parse("192.0.2.0/33", &bad));
	g_assert_false(mq_block_parse("192.0.2.0/-1", &bad));
	g_assert_false(mq_block_parse("192.0.2.0/", &bad));
	g_assert_false(mq_block_parse("/24", &bad));
}

static void
test_special(void)
{
	static const struct {
		const char *address;
		gboolean special;
	} rules[] = {
		{ "10.1.2.3", TRUE }, { "172.31.255.255", TRUE }, { "172.32.0.0", FALSE }, { "127.0.0.1", TRUE },
		{ "8.8.8.8", FALSE }, { "::1", TRUE }, { "fe80::1", TRUE }, { "2a00::1", FALSE }, { "255.255.255.255", TRUE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		MqAddress address = address_of(rules[i].address);

		g_assert_cmpint(mq_address_is_special(&address), ==, rules[i].special);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/address/parse/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_parse);
	}
	g_test_add_func("/address/reverse name", test_reverse_name);
	g_test_add_func("/address/blocks", test_blocks);
	g_test_add_func("/address/ends of blocks", test_ends);
	g_test_add_func("/address/block text", test_block_text);
	g_test_add_func("/address/special", test_special);
	return g_test_run();
}
