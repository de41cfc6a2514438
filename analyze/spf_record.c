/* An SPF record, text to terms: the grammar of RFC 7208 section 12. The whole record is checked
 * before any of it counts. */
#include <arpa/inet.h>
#include <string.h>

#include "analyze/spf.h"
#include "analyze/spf_macro.h"
#include "ingest/text.h"

#define VERSION    "v=spf1"
#define TERM_SHOWN 100

#define TERM_WORD(name, word) [MQ_SPF_##name] = word,
static const char *const words[MQ_SPF_TERM_N] = { MQ_SPF_TERMS(TERM_WORD) };

gboolean
mq_spf_is_record(const char *text)
{
	gsize n = strlen(VERSION);

	return g_ascii_strncasecmp(text, VERSION, n) == 0 && (text[n] == ' ' || text[n] == '\0');
}

MqResult
mq_spf_qualifier_result(char qualifier)
{
	switch (qualifier) {
	case '-':
		return MQ_RESULT_FAIL;
	case '~':
		return MQ_RESULT_SOFTFAIL;
	case '?':
		return MQ_RESULT_NEUTRAL;
	default:
		return MQ_RESULT_PASS;
	}
}

static void
term_free(gpointer data)
{
	MqSpfTerm *term = data;

	g_free(term->text);
	g_free(term->spec);
	g_free(term);
}

void
mq_spf_record_free(MqSpfRecord *record)
{
	if (record == NULL)
		return;
	g_free(record->text);
	g_free(record->problem);
	g_ptr_array_unref(record->terms);
	g_free(record);
}

/* ------------------------------------------------------------------- arguments */

/* What fits into a sentence. */
static char *
shorten(const char *text)
{
	g_autofree char *visible = mq_text_visible(text);
	g_autofree char *head = NULL;

	if (g_utf8_strlen(visible, -1) <= TERM_SHOWN)
		return g_steal_pointer(&visible);
	head = g_utf8_substring(visible, 0, TERM_SHOWN);
	return g_strconcat(head, "...", NULL);
}

/* A domain-spec to the end of the term; NULL or why it is none. */
static char *
read_spec(MqSpfTerm *term, const char *text)
{
	g_autofree char *shown = shorten(text);
	const char *why = mq_spf_spec_problem(text);
	MqAddress address;

	if (why == NULL) {
		term->spec = g_strdup(text);
		return NULL;
	}
	if (mq_address_parse(text, &address))
		return g_strdup_printf("'%s' is an address, not a name: want ip%d:%s", text, address.n_bytes == 4 ? 4 : 6,
		                       text);
	return g_strdup_printf("'%s' %s", shown, why);
}

/* Decimal, without a leading zero, at most max. */
static gboolean
read_prefix(const char *digits, gsize n, guint max, guint8 *out)
{
	guint number = 0;

	if (n == 0 || n > 3 || (n > 1 && digits[0] == '0'))
		return FALSE;
	for (gsize i = 0; i < n; i++) {
		if (!g_ascii_isdigit(digits[i]))
			return FALSE;
		number = number * 10 + (guint)(digits[i] - '0');
	}
	*out = (guint8)number;
	return number <= max;
}

/* The length of @text without a tail of one slash (or two) and digits; *tail is at the digits. */
static gsize
without_prefix(const char *text, gsize n, gsize slashes, const char **tail)
{
	gsize i = n;

	while (i > 0 && g_ascii_isdigit(text[i - 1]))
		i--;
	if (i == n || i < slashes || text[i - 1] != '/' || (slashes == 2 && text[i - 2] != '/')
	    || (slashes == 1 && i > 1 && text[i - 2] == '/'))
		return n;
	*tail = text + i;
	return i - slashes;
}

/* [":" domain-spec] [ "/" ip4-cidr ] [ "//" ip6-cidr ]; a domain-spec may hold slashes of its own. */
static char *
read_dual(MqSpfTerm *term, const char *rest)
{
	const char *digits4 = NULL;
	const char *digits6 = NULL;
	gsize n6 = without_prefix(rest, strlen(rest), 2, &digits6);
	gsize n4 = without_prefix(rest, n6, 1, &digits4);
	g_autofree char *spec = NULL;

	if (digits6 != NULL && !read_prefix(digits6, strlen(digits6), 128, &term->prefix6))
		return g_strdup("it has no prefix length of IPv6: want 0 to 128");
	if (digits4 != NULL && !read_prefix(digits4, (gsize)(rest + n6 - digits4), 32, &term->prefix4))
		return g_strdup("it has no prefix length of IPv4: want 0 to 32");
	if (n4 == 0)
		return NULL;
	if (*rest != ':')
		return g_strdup("what follows the name is no prefix length");
	spec = g_strndup(rest + 1, n4 - 1);
	return read_spec(term, spec);
}

static char *
read_nothing(MqSpfTerm *term G_GNUC_UNUSED, const char *rest)
{
	return *rest != '\0' ? g_strdup("'all' takes no argument") : NULL;
}

static char *
read_domain(MqSpfTerm *term, const char *rest)
{
	return *rest != ':' ? g_strdup("want ':' and a domain") : read_spec(term, rest + 1);
}

static char *
read_domain_if_any(MqSpfTerm *term, const char *rest)
{
	return *rest == '\0' ? NULL : read_domain(term, rest);
}

/* An address of the term's own family and a prefix: ip6:::ffff:192.0.2.1 is IPv6 here. */
static char *
read_network(MqSpfTerm *term, const char *rest)
{
	gboolean v4 = term->kind == MQ_SPF_IP4;
	const char *slash = strchr(rest, '/');
	gsize n = slash != NULL ? (gsize)(slash - rest) : strlen(rest);
	g_autofree char *text = *rest == ':' ? g_strndup(rest + 1, n - 1) : NULL;
	MqAddress address = { .n_bytes = v4 ? 4 : 16 };
	guint8 prefix = v4 ? 32 : 128;

	if (text == NULL || *text == '\0')
		return g_strdup_printf("want ':' and an IPv%d address", v4 ? 4 : 6);
	if (inet_pton(v4 ? AF_INET : AF_INET6, text, address.bytes) != 1)
		return g_strdup_printf("it names no IPv%d address", v4 ? 4 : 6);
	if (slash != NULL && !read_prefix(slash + 1, strlen(slash + 1), prefix, &prefix))
		return g_strdup_printf("it has no prefix length of IPv%d: want 0 to %d", v4 ? 4 : 6, v4 ? 32 : 128);
	term->block = mq_address_block(&address, prefix);
	return NULL;
}

static char *(*const read_argument[MQ_SPF_TERM_N])(MqSpfTerm *term, const char *rest) = {
	[MQ_SPF_ALL] = read_nothing, [MQ_SPF_INCLUDE] = read_domain, [MQ_SPF_A] = read_dual,
	[MQ_SPF_MX] = read_dual,     [MQ_SPF_PTR] = read_domain_if_any, [MQ_SPF_IP4] = read_network,
	[MQ_SPF_IP6] = read_network, [MQ_SPF_EXISTS] = read_domain,
};

/* ------------------------------------------------------------------- terms */

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ); its length, or 0 */
static gsize
name_length(const char *text)
{
	gsize n = 0;

	if (!g_ascii_isalpha(*text))
		return 0;
	while (g_ascii_isalnum(text[n]) || text[n] == '-' || text[n] == '_' || text[n] == '.')
		n++;
	return n;
}

static MqSpfTermKind
find_kind(const char *name, gsize n, MqSpfTermKind first, MqSpfTermKind end)
{
	for (guint i = first; i < end; i++)
		if (strlen(words[i]) == n && g_ascii_strncasecmp(words[i], name, n) == 0)
			return (MqSpfTermKind)i;
	return MQ_SPF_OTHER;
}

static char *
read_modifier(MqSpfRecord *record, MqSpfTerm *term, gsize n)
{
	const char *value = term->text + n + 1;
	const MqSpfTerm **slot;

	term->kind = find_kind(term->text, n, MQ_SPF_REDIRECT, MQ_SPF_OTHER);
	if (term->kind == MQ_SPF_OTHER)
		return mq_spf_macro_problem(value, TRUE) != NULL
		               ? g_strdup_printf("its value %s", mq_spf_macro_problem(value, TRUE))
		               : NULL;
	slot = term->kind == MQ_SPF_REDIRECT ? &record->redirect : &record->exp;
	if (*slot != NULL)
		return g_strdup_printf("a second '%s=' (RFC 7208 section 6)", words[term->kind]);
	*slot = term;
	return read_spec(term, value);
}

static char *
read_mechanism(MqSpfTerm *term)
{
	const char *name = term->text;
	gsize n;

	term->qualifier = '+';
	if (*name != '\0' && strchr("+-~?", *name) != NULL)
		term->qualifier = *name++;
	n = name_length(name);
	term->kind = find_kind(name, n, MQ_SPF_ALL, MQ_SPF_REDIRECT);
	if (term->kind == MQ_SPF_OTHER || (name[n] != '\0' && name[n] != ':' && name[n] != '/'))
		return g_strdup(name[n] == '=' ? "a modifier has no qualifier" : "there is no such mechanism");
	return read_argument[term->kind](term, name + n);
}

static char *
read_term(MqSpfRecord *record, MqSpfTerm *term)
{
	gsize n = name_length(term->text);

	for (const char *p = term->text; *p != '\0'; p++) {
		if ((guint8)*p >= 0x80)
			return g_strdup("a character that is not ASCII");
		if (*p < 0x20 || *p == 0x7F)
			return g_strdup("a control character: only spaces separate terms");
	}
	return n > 0 && term->text[n] == '=' ? read_modifier(record, term, n) : read_mechanism(term);
}

static void
add_term(MqSpfRecord *record, const char *text, gsize n, guint at)
{
	MqSpfTerm *term = g_new0(MqSpfTerm, 1);
	g_autofree char *why = NULL;
	g_autofree char *shown = NULL;

	term->text = g_strndup(text, n);
	term->at = at;
	term->prefix4 = 32;
	term->prefix6 = 128;
	g_ptr_array_add(record->terms, term);
	why = read_term(record, term);
	if (why == NULL || record->problem != NULL)
		return;
	shown = shorten(term->text);
	record->problem = g_strdup_printf("term %u '%s' at byte %u: %s", record->terms->len, shown, at + 1, why);
	record->problem_at = at;
}

MqSpfRecord *
mq_spf_record_parse(const char *text)
{
	MqSpfRecord *record = g_new0(MqSpfRecord, 1);
	const char *p = text + strlen(VERSION);

	record->text = g_strdup(text);
	record->terms = g_ptr_array_new_with_free_func(term_free);
	while (*p != '\0') {
		gsize n;

		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n > 0)
			add_term(record, p, n, (guint)(p - text));
		p += n;
	}
	return record;
}

gboolean
mq_spf_record_has_all(const MqSpfRecord *record)
{
	for (guint i = 0; i < record->terms->len; i++)
		if (((const MqSpfTerm *)g_ptr_array_index(record->terms, i))->kind == MQ_SPF_ALL)
			return TRUE;
	return FALSE;
}
