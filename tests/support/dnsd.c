/* dnsd ZONE [LOG]: a DNS server on loopback, UDP and TCP, for tests. Real packets, and real faults.
 *
 * Binds a free port of 127.0.0.1, prints it on a line of its own, serves until its standard input
 * ends. Each query is a line in LOG before it is answered: "udp TXT name.example".
 *
 * ZONE has a record or a fault a line; "#" begins a comment line:
 *
 *     NAME [TTL] TYPE RDATA        A AAAA MX TXT PTR CNAME CAA TLSA NS SOA
 *     NAME [TYPE] !FAULT [NUMBER]  for that type, or for all
 *
 *     example.com A 192.0.2.1
 *     example.com 300 MX 10 mx.example.com        "MX 0 ." is the null MX
 *     example.com TXT "v=spf1 " "-all"            \" \\ \DDD; over 255 bytes it is split; none: no string
 *     example.com CAA 0 issue "ca.example"
 *     _25._tcp.mx.example.com TLSA 3 1 1 0123abcd
 *     example.com SOA ns.example.com h.example.com 1 2 3 4 5
 *     *.example.com A 192.0.2.9                   wildcards as in RFC 4592
 *     a\032b.example A 192.0.2.1                  a name with a space
 *
 * Faults: !TIMEOUT !SERVFAIL !REFUSED !NOTIMP !FORMERR; !DELAY ms; !TRUNCATE (over UDP: TC and
 * nothing else), !TRUNCATE-ALWAYS; !LAME (a referral elsewhere); !BOMB (names that point at
 * themselves), !CUT (ends in the middle of a record), !GARBAGE, !WRONG-ID, !EMPTY (NOERROR, nothing);
 * !NODATA (a name without records). A name of "*" alone means every name that the zone does not have.
 *
 * What is not in the zone does not exist. CNAMEs are followed within the zone, also in circles. An
 * answer over the client's EDNS size (512 without) is cut over UDP. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib.h>

#define HEADER_BYTES  12
#define MESSAGE_BYTES 65535
#define TYPE_OPT      41
#define ALIASES       8
#define FLAG_QR       0x8000u
#define FLAG_AA       0x0400u
#define FLAG_TC       0x0200u
#define FLAG_RD       0x0100u
#define FLAG_RA       0x0080u

typedef enum { OK = 0, FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5 } Rcode;

static const struct type {
	const char *word;
	guint16 number;
} types[] = {
	{ "A", 1 },    { "NS", 2 },    { "CNAME", 5 },  { "SOA", 6 },   { "PTR", 12 },
	{ "MX", 15 },  { "TXT", 16 },  { "AAAA", 28 },  { "TLSA", 52 }, { "CAA", 257 },
};
#define TYPE_CNAME 5
#define TYPE_NS    2

typedef enum {
	FAULT_NONE, FAULT_TIMEOUT, FAULT_SERVFAIL, FAULT_REFUSED, FAULT_NOTIMP, FAULT_FORMERR, FAULT_DELAY,
	FAULT_TRUNCATE, FAULT_TRUNCATE_ALWAYS, FAULT_LAME, FAULT_BOMB, FAULT_CUT, FAULT_GARBAGE, FAULT_WRONG_ID,
	FAULT_EMPTY, FAULT_NODATA, FAULT_N,
} FaultKind;

static const char *const fault_words[FAULT_N] = {
	NULL, "!TIMEOUT", "!SERVFAIL", "!REFUSED", "!NOTIMP", "!FORMERR", "!DELAY", "!TRUNCATE", "!TRUNCATE-ALWAYS",
	"!LAME", "!BOMB", "!CUT", "!GARBAGE", "!WRONG-ID", "!EMPTY", "!NODATA",
};

typedef struct {
	guint16 type; /* 0 in a fault: all types */
	guint32 ttl_s;
	GByteArray *rdata;
	char *target; /* of a CNAME */
	FaultKind fault;
	guint number;
} Row;

typedef struct {
	GHashTable *names; /* lower case name -> GPtrArray of Row * */
	FILE *log;
	int udp, tcp;
	GMainLoop *loop;
} Server;

typedef struct {
	guint16 id, type, udp_bytes;
	char *name; /* lower case text */
	GByteArray *question; /* as it came, so that its case comes back */
	gboolean over_tcp;
} Query;

/* ------------------------------------------------------------------ zone file */

static G_NORETURN void
die(const char *what, const char *detail)
{
	fprintf(stderr, "dnsd: %s: %s\n", what, detail);
	exit(3);
}

static guint32
to_number(const char *word)
{
	return (guint32)strtoul(word, NULL, 10);
}

static void
put_16(GByteArray *out, guint number)
{
	const guint8 bytes[] = { (guint8)(number >> 8), (guint8)number };

	g_byte_array_append(out, bytes, sizeof(bytes));
}

static void
put_32(GByteArray *out, guint32 number)
{
	put_16(out, number >> 16);
	put_16(out, number & 0xFFFF);
}

static void
put_8(GByteArray *out, guint number)
{
	const guint8 byte = (guint8)number;

	g_byte_array_append(out, &byte, 1);
}

/* Labels without compression; \DDD and \X are read. */
static void
put_name(GByteArray *out, const char *name)
{
	GByteArray *label = g_byte_array_new();

	for (const char *p = name; *p != '\0' && !g_str_equal(name, "."); p++) {
		if (*p == '.') {
			put_8(out, label->len);
			g_byte_array_append(out, label->data, label->len);
			g_byte_array_set_size(label, 0);
		} else if (*p == '\\' && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) && g_ascii_isdigit(p[3])) {
			put_8(label, (guint)((p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0'));
			p += 3;
		} else {
			p += *p == '\\' && p[1] != '\0';
			put_8(label, (guint8)*p);
		}
	}
	if (label->len > 0) {
		put_8(out, label->len);
		g_byte_array_append(out, label->data, label->len);
	}
	put_8(out, 0);
	g_byte_array_unref(label);
}

static void
put_strings(GByteArray *out, const GByteArray *text)
{
	guint at = 0;

	do {
		guint n = MIN(text->len - at, 255);

		put_8(out, n);
		g_byte_array_append(out, text->data + at, n);
		at += n;
	} while (at < text->len);
}

/* One quoted string; returns what follows it. */
static const char *
read_quoted(const char *p, GByteArray *text)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\0')
			die("a string without end", p);
		if (*p == '\\' && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) && g_ascii_isdigit(p[3])) {
			put_8(text, (guint)((p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0'));
			p += 3;
			continue;
		}
		if (*p == '\\' && p[1] != '\0')
			p++;
		put_8(text, (guint8)*p);
	}
	return p + 1;
}

static void
put_txt(GByteArray *out, const char *rdata)
{
	while (*rdata != '\0') {
		GByteArray *text = g_byte_array_new();

		if (*rdata == '"') {
			rdata = read_quoted(rdata, text);
		} else {
			g_byte_array_append(text, (const guint8 *)rdata, (guint)strlen(rdata));
			rdata += strlen(rdata);
		}
		put_strings(out, text);
		g_byte_array_unref(text);
		rdata += strspn(rdata, " \t");
	}
}

static void
put_hex(GByteArray *out, const char *hex)
{
	for (; g_ascii_isxdigit(hex[0]) && g_ascii_isxdigit(hex[1]); hex += 2)
		put_8(out, (guint)(g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1])));
}

static void
put_caa(GByteArray *out, GStrv words, const char *rdata)
{
	const char *quote = strchr(rdata, '"');

	put_8(out, to_number(words[0]));
	put_8(out, (guint)strlen(words[1]));
	g_byte_array_append(out, (const guint8 *)words[1], (guint)strlen(words[1]));
	if (quote != NULL)
		read_quoted(quote, out);
}

static void
put_rdata(GByteArray *out, const char *type, const char *rdata)
{
	g_auto(GStrv) words = g_strsplit(rdata, " ", -1);
	guint8 address[16];

	if (g_str_equal(type, "A") || g_str_equal(type, "AAAA")) {
		gboolean v4 = g_str_equal(type, "A");

		if (inet_pton(v4 ? AF_INET : AF_INET6, rdata, address) != 1)
			die("no address", rdata);
		g_byte_array_append(out, address, v4 ? 4 : 16);
	} else if (g_str_equal(type, "TXT")) {
		put_txt(out, rdata);
	} else if (g_str_equal(type, "MX") && g_strv_length(words) == 2) {
		put_16(out, to_number(words[0]));
		put_name(out, words[1]);
	} else if (g_str_equal(type, "CAA") && g_strv_length(words) >= 3) {
		put_caa(out, words, rdata);
	} else if (g_str_equal(type, "TLSA") && g_strv_length(words) == 4) {
		for (guint i = 0; i < 3; i++)
			put_8(out, to_number(words[i]));
		put_hex(out, words[3]);
	} else if (g_str_equal(type, "SOA") && g_strv_length(words) == 7) {
		put_name(out, words[0]);
		put_name(out, words[1]);
		for (guint i = 2; i < 7; i++)
			put_32(out, to_number(words[i]));
	} else if (g_strv_length(words) == 1) {
		put_name(out, words[0]);
	} else {
		die("cannot read", rdata);
	}
}

static guint16
type_number(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_equal(types[i].word, word))
			return types[i].number;
	return 0;
}

static void
row_free(gpointer data)
{
	Row *row = data;

	g_byte_array_unref(row->rdata);
	g_free(row->target);
	g_free(row);
}

/* The next word of a line, and the rest of it without leading blanks. */
static char *
take_word(const char **line)
{
	gsize n = strcspn(*line, " \t");
	char *word = g_strndup(*line, n);

	*line += n;
	*line += strspn(*line, " \t");
	return word;
}

/* The name as read_query() has it: lower case, \032 as the byte. */
static void
make_key(char *name)
{
	char *out = name;

	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '\\' && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) && g_ascii_isdigit(p[3])) {
			*out++ = (char)((p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0');
			p += 3;
		} else {
			*out++ = g_ascii_tolower(*p);
		}
	}
	*out = '\0';
}

static void
read_line(Server *server, const char *line)
{
	Row *row = g_new0(Row, 1);
	char *name = take_word(&line);
	g_autofree char *word = NULL;
	GPtrArray *rows;

	row->rdata = g_byte_array_new();
	row->ttl_s = 300;
	make_key(name);
	if (strlen(name) > 1 && g_str_has_suffix(name, "."))
		name[strlen(name) - 1] = '\0';
	word = take_word(&line);
	if (g_ascii_isdigit(*word)) {
		row->ttl_s = to_number(word);
		g_free(word);
		word = take_word(&line);
	}
	row->type = type_number(word);
	if (row->type != 0 && *line == '!') {
		g_free(word);
		word = take_word(&line);
	}
	if (*word == '!') {
		for (guint i = 1; i < FAULT_N; i++)
			if (g_str_equal(fault_words[i], word))
				row->fault = (FaultKind)i;
		if (row->fault == FAULT_NONE)
			die("unknown fault", word);
		row->number = to_number(line);
	} else if (row->type == 0) {
		die("unknown type", word);
	} else {
		put_rdata(row->rdata, word, line);
		if (row->type == TYPE_CNAME)
			row->target = g_ascii_strdown(line, -1);
	}
	rows = g_hash_table_lookup(server->names, name);
	if (rows == NULL) {
		rows = g_ptr_array_new_with_free_func(row_free);
		g_hash_table_insert(server->names, name, rows);
	} else {
		g_free(name);
	}
	g_ptr_array_add(rows, row);
}

static void
read_zone(Server *server, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	server->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	if (!g_file_get_contents(path, &text, NULL, &error))
		die("zone", error->message);
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		const char *line = lines[i] + strspn(lines[i], " \t");

		if (*line != '\0' && *line != '#')
			read_line(server, line);
	}
}

/* ------------------------------------------------------------------ looking up */

static gboolean
has_descendant(Server *server, const char *name)
{
	g_autofree char *tail = g_strconcat(".", name, NULL);
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, server->names);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (g_str_has_suffix(key, tail))
			return TRUE;
	return FALSE;
}

/* The rows of a name; a name between others has none; NULL: no such name. */
static GPtrArray *
find_rows(Server *server, const char *name, GPtrArray *empty)
{
	GPtrArray *rows = g_hash_table_lookup(server->names, name);

	if (rows != NULL)
		return rows;
	if (has_descendant(server, name))
		return empty;
	for (const char *at = strchr(name, '.'); at != NULL; at = strchr(at + 1, '.')) {
		g_autofree char *wildcard = g_strconcat("*", at, NULL);

		rows = g_hash_table_lookup(server->names, wildcard);
		if (rows != NULL)
			return rows;
		if (g_hash_table_contains(server->names, at + 1) || has_descendant(server, at + 1))
			break;
	}
	return g_hash_table_lookup(server->names, "*");
}

static const Row *
find_fault(GPtrArray *rows, guint16 type)
{
	for (guint i = 0; rows != NULL && i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);

		if (row->fault != FAULT_NONE && (row->type == 0 || row->type == type))
			return row;
	}
	return NULL;
}

/* ------------------------------------------------------------------ messages */

static void
put_header(GByteArray *out, const Query *query, guint flags, Rcode rcode)
{
	put_16(out, query->id);
	put_16(out, FLAG_QR | FLAG_RD | flags | rcode);
	put_16(out, 1);
	for (guint i = 0; i < 3; i++)
		put_16(out, 0); /* counts are written when they are known */
	g_byte_array_append(out, query->question->data, query->question->len);
}

static void
add_count(GByteArray *out, guint section, guint n)
{
	out->data[4 + 2 * section] = (guint8)(n >> 8);
	out->data[5 + 2 * section] = (guint8)n;
}

static void
put_row(GByteArray *out, const char *owner, guint16 type, const Row *row)
{
	put_name(out, owner);
	put_16(out, type);
	put_16(out, 1);
	put_32(out, row->ttl_s);
	put_16(out, row->rdata->len);
	g_byte_array_append(out, row->rdata->data, row->rdata->len);
}

/* The records of a name, following CNAMEs; returns how many, sets what became of it. */
static guint
put_answers(Server *server, GByteArray *out, const Query *query, Rcode *rcode)
{
	g_autoptr(GPtrArray) empty = g_ptr_array_new();
	g_autofree char *owner = g_strdup(query->name);
	guint n = 0;

	for (guint hop = 0; hop < ALIASES; hop++) {
		GPtrArray *rows = find_rows(server, owner, empty);
		const Row *alias = NULL;

		*rcode = rows == NULL ? NXDOMAIN : OK;
		for (guint i = 0; rows != NULL && i < rows->len; i++) {
			const Row *row = g_ptr_array_index(rows, i);

			if (row->fault != FAULT_NONE)
				continue;
			if (row->type == query->type) {
				put_row(out, owner, row->type, row);
				n++;
			} else if (row->type == TYPE_CNAME) {
				alias = row;
			}
		}
		if (alias == NULL)
			break;
		put_row(out, owner, TYPE_CNAME, alias);
		n++;
		g_free(owner);
		owner = g_strdup(alias->target);
	}
	return n;
}

/* NOERROR with an answer whose owner is a pointer at itself, or two that point at each other. */
static void
put_bomb(GByteArray *out, const Query *query)
{
	guint at = out->len;

	put_16(out, 0xC000u | (at + 2)); /* each points at the other */
	put_16(out, 0xC000u | at);
	put_16(out, query->type);
	put_16(out, 1);
	put_32(out, 300);
	put_16(out, 2);
	put_16(out, 0xC000u | (at + 14)); /* and the data at itself */
	add_count(out, 1, 1);
}

static void
put_referral(GByteArray *out)
{
	static const Row ns = { .ttl_s = 300 };

	put_name(out, "");
	put_16(out, TYPE_NS);
	put_16(out, 1);
	put_32(out, ns.ttl_s);
	put_16(out, 14);
	put_name(out, "a.ns.invalid");
	add_count(out, 2, 1);
}

static void
put_soa(GByteArray *out)
{
	GByteArray *rdata = g_byte_array_new();
	Row soa = { .ttl_s = 60, .rdata = rdata };

	put_rdata(rdata, "SOA", "ns.invalid host.invalid 1 2 3 4 60");
	put_row(out, "", 6, &soa);
	add_count(out, 2, 1);
	g_byte_array_unref(rdata);
}

/* An answer that is as it should be; a fault may spoil it. */
static GByteArray *
make_answer(Server *server, const Query *query, FaultKind fault)
{
	GByteArray *out = g_byte_array_new();
	Rcode rcode = OK;
	guint n;

	put_header(out, query, FLAG_AA | FLAG_RA, OK);
	n = put_answers(server, out, query, &rcode);
	add_count(out, 1, n);
	out->data[3] = (guint8)(out->data[3] | rcode);
	if (n == 0)
		put_soa(out);
	if (fault == FAULT_CUT)
		g_byte_array_set_size(out, out->len - 3);
	if (out->len > (query->over_tcp ? MESSAGE_BYTES : query->udp_bytes)) {
		g_byte_array_set_size(out, 0);
		put_header(out, query, FLAG_AA | FLAG_RA | FLAG_TC, OK);
	}
	return out;
}

/* NULL: no answer at all */
static GByteArray *
make_reply(Server *server, const Query *query, FaultKind fault)
{
	static const Rcode rcodes[FAULT_N] = {
		[FAULT_SERVFAIL] = SERVFAIL, [FAULT_REFUSED] = REFUSED, [FAULT_NOTIMP] = NOTIMP, [FAULT_FORMERR] = FORMERR,
	};
	GByteArray *out;

	if (fault == FAULT_TIMEOUT)
		return NULL;
	if (fault == FAULT_NONE || fault == FAULT_DELAY || fault == FAULT_CUT || fault == FAULT_NODATA
	    || (fault == FAULT_TRUNCATE && query->over_tcp))
		return make_answer(server, query, fault);
	out = g_byte_array_new();
	if (fault == FAULT_TRUNCATE || fault == FAULT_TRUNCATE_ALWAYS) {
		put_header(out, query, FLAG_TC | FLAG_RA, OK);
	} else if (fault == FAULT_LAME) {
		put_header(out, query, 0, OK);
		put_referral(out);
	} else if (fault == FAULT_GARBAGE) {
		put_16(out, query->id);
		put_32(out, 0xFFFFFFFF);
	} else if (fault == FAULT_WRONG_ID) {
		put_header(out, query, FLAG_AA | FLAG_RA, OK);
		out->data[0] ^= 0xFF;
	} else {
		put_header(out, query, FLAG_RA, rcodes[fault]);
		if (fault == FAULT_BOMB)
			put_bomb(out, query);
	}
	return out;
}

/* FALSE when it is no query that we can answer. */
static gboolean
read_query(const guint8 *bytes, gsize n, gboolean over_tcp, Query *query)
{
	GString *name = g_string_new(NULL);
	gsize at = HEADER_BYTES;

	memset(query, 0, sizeof(*query));
	while (n > at && bytes[at] != 0 && bytes[at] < 64 && n - at > bytes[at] + 5u) {
		if (name->len > 0)
			g_string_append_c(name, '.');
		for (guint i = 1; i <= bytes[at]; i++) {
			guint8 byte = bytes[at + i];

			if (byte == '.' || byte == '\\')
				g_string_append_printf(name, "\\%c", byte);
			else
				g_string_append_c(name, g_ascii_tolower((char)byte));
		}
		at += bytes[at] + 1u;
	}
	query->name = g_string_free(name, FALSE);
	if (n < at + 5 || bytes[at] != 0 || (bytes[2] & 0x80) != 0)
		return FALSE;
	query->id = (guint16)(bytes[0] << 8 | bytes[1]);
	query->type = (guint16)(bytes[at + 1] << 8 | bytes[at + 2]);
	query->question = g_byte_array_new();
	g_byte_array_append(query->question, bytes + HEADER_BYTES, (guint)(at + 5 - HEADER_BYTES));
	at += 5;
	query->over_tcp = over_tcp;
	query->udp_bytes = 512;
	if (n >= at + 11 && bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == TYPE_OPT)
		query->udp_bytes = (guint16)MAX(512, bytes[at + 3] << 8 | bytes[at + 4]);
	return TRUE;
}

static void
write_log(Server *server, const Query *query)
{
	const char *type = "OTHER";

	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (types[i].number == query->type)
			type = types[i].word;
	if (server->log != NULL) {
		fprintf(server->log, "%s %s %s\n", query->over_tcp ? "tcp" : "udp", type,
		        *query->name != '\0' ? query->name : ".");
		fflush(server->log);
	}
}

/* ------------------------------------------------------------------ sockets */

typedef struct {
	int fd; /* of its own */
	struct sockaddr_in to;
	gboolean over_tcp;
	GByteArray *bytes;
} Reply;

static gboolean
send_reply(gpointer data)
{
	Reply *reply = data;

	if (reply->over_tcp) {
		g_autoptr(GByteArray) framed = g_byte_array_new();
		gsize sent = 0;

		put_16(framed, reply->bytes->len);
		g_byte_array_append(framed, reply->bytes->data, reply->bytes->len);
		while (sent < framed->len) {
			ssize_t n = send(reply->fd, framed->data + sent, framed->len - sent, MSG_NOSIGNAL);

			if (n <= 0)
				break; /* the client is gone */
			sent += (gsize)n;
		}
	} else if (sendto(reply->fd, reply->bytes->data, reply->bytes->len, 0, (struct sockaddr *)&reply->to,
	                  sizeof(reply->to)) < 0) {
		perror("dnsd: sendto");
	}
	close(reply->fd);
	g_byte_array_unref(reply->bytes);
	g_free(reply);
	return G_SOURCE_REMOVE;
}

static void
answer(Server *server, int fd, const struct sockaddr_in *from, const guint8 *bytes, gsize n)
{
	g_autoptr(GPtrArray) empty = g_ptr_array_new();
	Query query;
	GByteArray *made = NULL;

	if (read_query(bytes, n, from == NULL, &query)) {
		const Row *fault = find_fault(find_rows(server, query.name, empty), query.type);

		write_log(server, &query);
		made = make_reply(server, &query, fault != NULL ? fault->fault : FAULT_NONE);
		if (made != NULL) {
			Reply *reply = g_new0(Reply, 1);

			reply->fd = dup(fd);
			reply->over_tcp = from == NULL;
			if (from != NULL)
				reply->to = *from;
			reply->bytes = made;
			if (fault != NULL && fault->fault == FAULT_DELAY)
				g_timeout_add(fault->number, send_reply, reply);
			else
				send_reply(reply);
		}
		g_byte_array_unref(query.question);
	}
	g_free(query.name);
}

static gboolean
on_udp(int fd, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
	guint8 bytes[4096];
	struct sockaddr_in from;
	socklen_t from_bytes = sizeof(from);
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_bytes);

	if (n > 0)
		answer(data, fd, &from, bytes, (gsize)n);
	return G_SOURCE_CONTINUE;
}

typedef struct {
	Server *server;
	GByteArray *bytes;
} Client;

static gboolean
on_client(int fd, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
	Client *client = data;
	guint8 bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n <= 0) {
		close(fd);
		g_byte_array_unref(client->bytes);
		g_free(client);
		return G_SOURCE_REMOVE;
	}
	g_byte_array_append(client->bytes, bytes, (guint)n);
	while (client->bytes->len >= 2) {
		guint size = (guint)(client->bytes->data[0] << 8 | client->bytes->data[1]);

		if (client->bytes->len - 2 < size)
			break;
		answer(client->server, fd, NULL, client->bytes->data + 2, size);
		g_byte_array_remove_range(client->bytes, 0, 2 + size);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean
on_tcp(int fd, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
	int connection = accept(fd, NULL, NULL);

	if (connection >= 0) {
		Client *client = g_new0(Client, 1);

		client->server = data;
		client->bytes = g_byte_array_new();
		g_unix_fd_add(connection, G_IO_IN | G_IO_HUP, on_client, client);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean
on_stdin(int fd, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
	Server *server = data;
	char byte;

	if (read(fd, &byte, 1) <= 0)
		g_main_loop_quit(server->loop);
	return G_SOURCE_CONTINUE;
}

/* The same port for both; FALSE when TCP has it in use. */
static gboolean
bind_both(Server *server, guint16 *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	server->udp = socket(AF_INET, SOCK_DGRAM, 0);
	server->tcp = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server->udp, (struct sockaddr *)&at, n) < 0 || getsockname(server->udp, (struct sockaddr *)&at, &n) < 0)
		die("cannot bind", g_strerror(errno));
	*port = ntohs(at.sin_port);
	if (bind(server->tcp, (struct sockaddr *)&at, n) == 0 && listen(server->tcp, 64) == 0)
		return TRUE;
	close(server->udp);
	close(server->tcp);
	return FALSE;
}

int
main(int argc, char **argv)
{
	Server server = { .udp = -1, .tcp = -1 };
	int receive_bytes = 4 << 20; /* hundreds of questions arrive at once */
	guint16 port = 0;
	guint tries = 0;

	if (argc < 2)
		die("usage", "dnsd ZONE [LOG]");
	read_zone(&server, argv[1]);
	if (argc > 2 && (server.log = fopen(argv[2], "w")) == NULL)
		die(argv[2], g_strerror(errno));
	while (!bind_both(&server, &port))
		if (++tries == 100)
			die("cannot bind", "no port is free for both UDP and TCP");
	setsockopt(server.udp, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	server.loop = g_main_loop_new(NULL, FALSE);
	g_unix_fd_add(server.udp, G_IO_IN, on_udp, &server);
	g_unix_fd_add(server.tcp, G_IO_IN, on_tcp, &server);
	g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, &server);
	printf("%u\n", port);
	fflush(stdout);
	g_main_loop_run(server.loop);
	g_main_loop_unref(server.loop);
	g_hash_table_unref(server.names);
	if (server.log != NULL)
		fclose(server.log);
	return 0;
}
