#include "analyze/dns_wire.h"

#include <arpa/nameser.h>
#include <string.h>

#include "ingest/limits.h"

#define NAME_TEXT_BYTES 1025 /* 255 bytes, each at most \DDD: NS_MAXDNAME */

/* One message while it is read; the parser is glibc's, which checks each length. */
typedef struct {
	ns_msg message;
	MqAnswer *answer;
	char *owner; /* whose records count: the name that was asked, then what it is an alias of */
	guint32 ttl_s;
} Reading;

static const guint16 type_numbers[MQ_ASK_N] = {
	[MQ_ASK_A] = ns_t_a,     [MQ_ASK_AAAA] = ns_t_aaaa, [MQ_ASK_MX] = ns_t_mx,
	[MQ_ASK_TXT] = ns_t_txt, [MQ_ASK_PTR] = ns_t_ptr,   [MQ_ASK_CNAME] = ns_t_cname,
	[MQ_ASK_CAA] = 257,      [MQ_ASK_TLSA] = 52,        [MQ_ASK_NS] = ns_t_ns,
	[MQ_ASK_SOA] = ns_t_soa,
};

guint16
mq_dns_wire_type(MqAsk ask)
{
	return type_numbers[ask];
}

static void
set_unknown(MqAnswer *answer, const char *why)
{
	answer->outcome = MQ_ANSWER_UNKNOWN;
	g_ptr_array_set_size(answer->records, 0);
	g_free(answer->why);
	answer->why = g_strdup(why);
}

/* The name at *at, which is moved behind it; NULL when it is none. */
static char *
read_name(const Reading *reading, const ns_rr *rr, gsize *at)
{
	const guint8 *end = ns_rr_rdata(*rr) + ns_rr_rdlen(*rr);
	char text[NAME_TEXT_BYTES];
	int n;

	if (*at >= ns_rr_rdlen(*rr))
		return NULL;
	n = ns_name_uncompress(ns_msg_base(reading->message), ns_msg_end(reading->message), ns_rr_rdata(*rr) + *at, text,
	                       sizeof(text));
	if (n < 0 || ns_rr_rdata(*rr) + *at + n > end)
		return NULL;
	*at += (gsize)n;
	return g_ascii_strdown(*text != '\0' ? text : ".", -1);
}

/* Bytes as text: NUL and what is not UTF-8 become U+FFFD. */
static char *
make_text(const guint8 *bytes, gsize n)
{
	return g_utf8_make_valid((const char *)bytes, (gssize)n);
}

static char *
text_of_address(const Reading *reading G_GNUC_UNUSED, const ns_rr *rr)
{
	MqAddress address;

	if (ns_rr_rdlen(*rr) != (ns_rr_type(*rr) == ns_t_a ? 4 : 16)
	    || !mq_address_from_bytes(ns_rr_rdata(*rr), ns_rr_rdlen(*rr), &address))
		return NULL;
	return mq_address_to_text(&address);
}

static char *
text_of_mx(const Reading *reading, const ns_rr *rr)
{
	gsize at = 2;
	g_autofree char *host = NULL;

	if (ns_rr_rdlen(*rr) < 3)
		return NULL;
	host = read_name(reading, rr, &at);
	return host != NULL ? g_strdup_printf("%u %s", ns_get16(ns_rr_rdata(*rr)), host) : NULL;
}

static char *
text_of_host(const Reading *reading, const ns_rr *rr)
{
	gsize at = 0;

	return read_name(reading, rr, &at);
}

static char *
text_of_txt(const Reading *reading G_GNUC_UNUSED, const ns_rr *rr)
{
	g_autoptr(GByteArray) joined = g_byte_array_new();
	const guint8 *bytes = ns_rr_rdata(*rr);
	gsize n = ns_rr_rdlen(*rr);

	while (n > 0) {
		gsize string = bytes[0];

		if (string > n - 1)
			return NULL;
		g_byte_array_append(joined, bytes + 1, (guint)string);
		bytes += 1 + string;
		n -= 1 + string;
	}
	return joined->len > 0 ? make_text(joined->data, joined->len) : g_strdup("");
}

static char *
text_of_caa(const Reading *reading G_GNUC_UNUSED, const ns_rr *rr)
{
	const guint8 *bytes = ns_rr_rdata(*rr);
	gsize n = ns_rr_rdlen(*rr);
	g_autofree char *tag = NULL;
	g_autofree char *value = NULL;

	if (n < 2 || bytes[1] == 0 || bytes[1] > n - 2)
		return NULL;
	for (gsize i = 0; i < bytes[1]; i++)
		if (!g_ascii_isalnum(bytes[2 + i])) /* RFC 8659 section 4.1 */
			return NULL;
	tag = g_strndup((const char *)bytes + 2, bytes[1]);
	value = make_text(bytes + 2 + bytes[1], n - 2 - bytes[1]);
	return g_strdup_printf("%u %s \"%s\"", bytes[0], tag, value);
}

static char *
text_of_tlsa(const Reading *reading G_GNUC_UNUSED, const ns_rr *rr)
{
	const guint8 *bytes = ns_rr_rdata(*rr);
	GString *text;

	if (ns_rr_rdlen(*rr) < 4)
		return NULL;
	text = g_string_new(NULL);
	g_string_printf(text, "%u %u %u ", bytes[0], bytes[1], bytes[2]);
	for (gsize i = 3; i < ns_rr_rdlen(*rr); i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

static char *
text_of_soa(const Reading *reading, const ns_rr *rr)
{
	gsize at = 0;
	g_autofree char *primary = read_name(reading, rr, &at);
	g_autofree char *mailbox = primary != NULL ? read_name(reading, rr, &at) : NULL;
	const guint8 *numbers = ns_rr_rdata(*rr) + at;

	if (mailbox == NULL || ns_rr_rdlen(*rr) - at != 20)
		return NULL;
	return g_strdup_printf("%s %s %lu %lu %lu %lu %lu", primary, mailbox, ns_get32(numbers), ns_get32(numbers + 4),
	                       ns_get32(numbers + 8), ns_get32(numbers + 12), ns_get32(numbers + 16));
}

static char *(*const text_of[MQ_ASK_N])(const Reading *reading, const ns_rr *rr) = {
	[MQ_ASK_A] = text_of_address, [MQ_ASK_AAAA] = text_of_address, [MQ_ASK_MX] = text_of_mx,
	[MQ_ASK_TXT] = text_of_txt,   [MQ_ASK_PTR] = text_of_host,     [MQ_ASK_CNAME] = text_of_host,
	[MQ_ASK_CAA] = text_of_caa,   [MQ_ASK_TLSA] = text_of_tlsa,    [MQ_ASK_NS] = text_of_host,
	[MQ_ASK_SOA] = text_of_soa,
};

/* Whether the record is the current owner's and of that type. */
static gboolean
is_of_owner(const Reading *reading, const ns_rr *rr, guint16 type)
{
	return ns_rr_class(*rr) == ns_c_in && ns_rr_type(*rr) == type
	       && g_ascii_strcasecmp(ns_rr_name(*rr), reading->owner) == 0;
}

/* Moves the owner to what it is an alias of, if the message says so. FALSE: malformed, or endless. */
static gboolean
follow_alias(Reading *reading, gboolean *moved)
{
	ns_rr rr;

	*moved = FALSE;
	for (int i = 0; i < ns_msg_count(reading->message, ns_s_an); i++) {
		gsize at = 0;
		char *target;

		if (ns_parserr(&reading->message, ns_s_an, i, &rr) < 0)
			return FALSE;
		if (!is_of_owner(reading, &rr, ns_t_cname))
			continue;
		target = read_name(reading, &rr, &at);
		if (target == NULL)
			return FALSE;
		g_free(reading->owner);
		reading->owner = target;
		reading->ttl_s = MIN(reading->ttl_s, ns_rr_ttl(rr));
		g_ptr_array_add(reading->answer->aliases, g_strdup(target));
		*moved = TRUE;
		return TRUE;
	}
	return TRUE;
}

static gboolean
take_records(Reading *reading)
{
	MqAnswer *answer = reading->answer;
	ns_rr rr;

	for (int i = 0; i < ns_msg_count(reading->message, ns_s_an); i++) {
		g_autofree char *text = NULL;
		MqDnsRecord *record;

		if (ns_parserr(&reading->message, ns_s_an, i, &rr) < 0)
			return FALSE;
		if (!is_of_owner(reading, &rr, type_numbers[answer->ask]))
			continue;
		text = text_of[answer->ask](reading, &rr);
		record = text != NULL ? mq_dns_record_parse(answer->ask, text) : NULL;
		if (record == NULL)
			return FALSE;
		g_ptr_array_add(answer->records, record);
		reading->ttl_s = MIN(reading->ttl_s, ns_rr_ttl(rr));
	}
	return TRUE;
}

/* Whether the authority section has a record of that type. */
static gboolean
authority_has(Reading *reading, guint16 type)
{
	ns_rr rr;

	for (int i = 0; i < ns_msg_count(reading->message, ns_s_ns); i++) {
		if (ns_parserr(&reading->message, ns_s_ns, i, &rr) < 0)
			return FALSE;
		if (ns_rr_type(rr) == type)
			return TRUE;
	}
	return FALSE;
}

/* What an answer without records means. */
static void
settle_empty(Reading *reading, gboolean aliased, char **follow)
{
	gboolean is_authoritative = ns_msg_getflag(reading->message, ns_f_aa) != 0;
	gboolean has_soa = authority_has(reading, ns_t_soa);

	if (aliased && !has_soa) {
		*follow = g_strdup(reading->owner);
		set_unknown(reading->answer, "the server does not say what its alias has");
	} else if (!has_soa && !is_authoritative && authority_has(reading, ns_t_ns)) {
		set_unknown(reading->answer, "the server only refers to other servers (lame)");
	} else {
		reading->answer->outcome = MQ_ANSWER_NO_DATA;
	}
}

static void
read_message(Reading *reading, char **follow)
{
	MqAnswer *answer = reading->answer;
	guint hops = answer->aliases->len;
	gboolean moved = answer->ask != MQ_ASK_CNAME; /* who asks for the alias does not want it followed */
	guint first = hops;

	while (moved) {
		if (!follow_alias(reading, &moved)) {
			set_unknown(answer, "the reply is malformed");
			return;
		}
		hops += moved ? 1 : 0;
		if (hops > MQ_LIMIT_DNS_ALIASES) {
			set_unknown(answer, "CNAMEs run in a circle, or too many in a row");
			return;
		}
	}
	answer->ttl_s = reading->ttl_s;
	if (ns_msg_getflag(reading->message, ns_f_rcode) == ns_r_nxdomain) {
		answer->outcome = MQ_ANSWER_NO_NAME;
	} else if (!take_records(reading)) {
		set_unknown(answer, "the reply holds a malformed record");
	} else if (answer->records->len > 0) {
		answer->outcome = MQ_ANSWER_FOUND;
		answer->ttl_s = reading->ttl_s;
	} else {
		settle_empty(reading, hops > first, follow);
	}
}

void
mq_dns_wire_read(MqAnswer *answer, const guint8 *message, gsize n, char **follow)
{
	Reading reading = { .answer = answer, .ttl_s = G_MAXUINT32 };
	ns_rr question;
	int rcode;

	*follow = NULL;
	g_clear_pointer(&answer->why, g_free);
	if (n > NS_MAXMSG || ns_initparse(message, (int)n, &reading.message) < 0
	    || ns_msg_count(reading.message, ns_s_qd) != 1
	    || ns_parserr(&reading.message, ns_s_qd, 0, &question) < 0) {
		set_unknown(answer, "the reply is malformed");
		return;
	}
	rcode = ns_msg_getflag(reading.message, ns_f_rcode);
	if (ns_msg_getflag(reading.message, ns_f_tc)) {
		set_unknown(answer, "the reply is cut, over TCP too");
		return;
	}
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain) {
		set_unknown(answer, "the server failed");
		return;
	}
	reading.owner = g_ascii_strdown(ns_rr_name(question), -1);
	read_message(&reading, follow);
	g_free(reading.owner);
}
