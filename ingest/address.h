/* IP addresses and blocks as plain values; IPv4-mapped IPv6 is IPv4. */
#ifndef MQ_INGEST_ADDRESS_H
#define MQ_INGEST_ADDRESS_H

#include <glib.h>

/* n_bytes is 0 (absent), 4 or 16; the unused bytes are 0, so that memcmp() orders and compares. */
typedef struct {
	guint8 n_bytes;
	guint8 bytes[16];
} MqAddress;

typedef struct {
	MqAddress first; /* host bits are 0 */
	guint8 prefix;   /* 0..32 or 0..128 */
} MqBlock;

/* Strict: dotted quad without leading zeros, or RFC 4291 text without zone; nothing around it. */
gboolean mq_address_parse(const char *text, MqAddress *out);
/* From network order; @n is 4 or 16. ::ffff:0:0/96 becomes IPv4. */
gboolean mq_address_from_bytes(const guint8 *bytes, gsize n, MqAddress *out);
/* RFC 5952. (transfer full); "" when absent */
char *mq_address_to_text(const MqAddress *address);
int mq_address_compare(const MqAddress *a, const MqAddress *b);
guint mq_address_hash(const MqAddress *address);

/* 3.2.0.192.in-addr.arpa, or nibbles under ip6.arpa. (transfer full) */
char *mq_address_reverse_name(const MqAddress *address);
/* Private, loopback, link-local, documentation, multicast, unspecified …: never on the internet. */
gboolean mq_address_is_special(const MqAddress *address);

/* The block of @prefix bits that holds @address. */
MqBlock mq_address_block(const MqAddress *address, guint prefix);
/* The block that one operator commonly has as a whole: /24 or /48. */
MqBlock mq_address_neighbourhood(const MqAddress *address);
gboolean mq_address_in_block(const MqAddress *address, const MqBlock *block);
/* The last address of a block. */
MqAddress mq_block_last(const MqBlock *block);
/* The address after or before, of the same family; the end is followed by the beginning. */
MqAddress mq_address_next(const MqAddress *address);
MqAddress mq_address_previous(const MqAddress *address);
/* "192.0.2.0/24"; a bare address is a block of itself. */
gboolean mq_block_parse(const char *text, MqBlock *out);
char *mq_block_to_text(const MqBlock *block);

#endif
