#include "ingest/address.h"

#include <arpa/inet.h>
#include <string.h>

#define V4 4
#define V6 16

static const guint8 mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

gboolean
mq_address_from_bytes(const guint8 *bytes, gsize n, MqAddress *out)
{
	MqAddress address = { .n_bytes = 0 };

	if (n == V6 && memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		bytes += sizeof(mapped_prefix);
		n = V4;
	}
	if (n != V4 && n != V6)
		return FALSE;
	address.n_bytes = (guint8)n;
	memcpy(address.bytes, bytes, n);
	*out = address;
	return TRUE;
}

gboolean
mq_address_parse(const char *text, MqAddress *out)
{
	guint8 bytes[V6];

	/* inet_pton() takes neither octal, hexadecimal nor short forms, nor a zone */
	if (inet_pton(AF_INET, text, bytes) == 1)
		return mq_address_from_bytes(bytes, V4, out);
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return mq_address_from_bytes(bytes, V6, out);
	return FALSE;
}

char *
mq_address_to_text(const MqAddress *address)
{
	char text[INET6_ADDRSTRLEN];

	if (address->n_bytes == 0)
		return g_strdup("");
	return g_strdup(inet_ntop(address->n_bytes == V4 ? AF_INET : AF_INET6, address->bytes, text, sizeof(text)));
}

int
mq_address_compare(const MqAddress *a, const MqAddress *b)
{
	if (a->n_bytes != b->n_bytes)
		return a->n_bytes < b->n_bytes ? -1 : 1;
	return memcmp(a->bytes, b->bytes, V6);
}

guint
mq_address_hash(const MqAddress *address)
{
	guint hash = 2166136261u ^ address->n_bytes; /* FNV-1a */

	for (guint i = 0; i < address->n_bytes; i++)
		hash = (hash ^ address->bytes[i]) * 16777619u;
	return hash;
}

char *
mq_address_reverse_name(const MqAddress *address)
{
	static const char hex[] = "0123456789abcdef";
	GString *name = g_string_sized_new(80);

	for (guint i = address->n_bytes; i-- > 0;) {
		guint8 byte = address->bytes[i];
		const char nibbles[] = { hex[byte & 0xFu], '.', hex[byte >> 4], '.' };

		if (address->n_bytes == V4)
			g_string_append_printf(name, "%u.", byte);
		else
			g_string_append_len(name, nibbles, sizeof(nibbles));
	}
	g_string_append(name, address->n_bytes == V4 ? "in-addr.arpa" : "ip6.arpa");
	return g_string_free(name, FALSE);
}

/* RFC 6890 and its registries: what no mail on the internet comes from. */
static const char *const special_blocks[] = {
	"0.0.0.0/8",       "10.0.0.0/8",    "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",  "172.16.0.0/12",
	"192.0.0.0/24",    "192.0.2.0/24",  "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/3",     "::/127",        "100::/64",      "2001:db8::/32", "fc00::/7",        "fe80::/10",
	"ff00::/8",
};

gboolean
mq_address_is_special(const MqAddress *address)
{
	for (gsize i = 0; i < G_N_ELEMENTS(special_blocks); i++) {
		MqBlock block;

		if (mq_block_parse(special_blocks[i], &block) && mq_address_in_block(address, &block))
			return TRUE;
	}
	return FALSE;
}

MqBlock
mq_address_block(const MqAddress *address, guint prefix)
{
	MqBlock block = { .first = *address, .prefix = (guint8)MIN(prefix, address->n_bytes * 8u) };

	for (guint bit = block.prefix; bit < address->n_bytes * 8u; bit++)
		block.first.bytes[bit / 8] = (guint8)(block.first.bytes[bit / 8] & ~(0x80u >> (bit % 8)));
	return block;
}

MqBlock
mq_address_neighbourhood(const MqAddress *address)
{
	return mq_address_block(address, address->n_bytes == V4 ? 24 : 48);
}

gboolean
mq_address_in_block(const MqAddress *address, const MqBlock *block)
{
	guint whole = block->prefix / 8u;
	guint rest = block->prefix % 8u;
	guint mask = (0xFFu << (8 - rest)) & 0xFFu;

	if (address->n_bytes == 0 || address->n_bytes != block->first.n_bytes
	    || memcmp(address->bytes, block->first.bytes, whole) != 0)
		return FALSE;
	return rest == 0 || (address->bytes[whole] & mask) == (block->first.bytes[whole] & mask);
}

MqAddress
mq_block_last(const MqBlock *block)
{
	MqAddress last = block->first;

	for (guint bit = block->prefix; bit < last.n_bytes * 8u; bit++)
		last.bytes[bit / 8] = (guint8)(last.bytes[bit / 8] | (0x80u >> (bit % 8)));
	return last;
}

/* Adds @step, 1 or 255 (that is -1), while it carries. */
static MqAddress
add_step(const MqAddress *address, guint step)
{
	MqAddress sum = *address;
	guint i = sum.n_bytes;

	while (i-- > 0) {
		guint byte = sum.bytes[i];

		sum.bytes[i] = (guint8)(byte + step);
		if (step == 1 ? byte != 0xFF : byte != 0)
			break;
	}
	return sum;
}

MqAddress
mq_address_next(const MqAddress *address)
{
	return add_step(address, 1);
}

MqAddress
mq_address_previous(const MqAddress *address)
{
	return add_step(address, 0xFF);
}

gboolean
mq_block_parse(const char *text, MqBlock *out)
{
	const char *slash = strchr(text, '/');
	g_autofree char *base = slash != NULL ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
	MqAddress address;
	guint64 prefix;

	if (!mq_address_parse(base, &address))
		return FALSE;
	prefix = address.n_bytes * 8u;
	/* nobody wants the error: FALSE says that it is no block */
	if (slash != NULL && !g_ascii_string_to_unsigned(slash + 1, 10, 0, prefix, &prefix, NULL))
		return FALSE;
	*out = mq_address_block(&address, (guint)prefix);
	return TRUE;
}

char *
mq_block_to_text(const MqBlock *block)
{
	g_autofree char *address = mq_address_to_text(&block->first);

	return g_strdup_printf("%s/%u", address, block->prefix);
}
