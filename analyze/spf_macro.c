#include "analyze/spf_macro.h"

#include <string.h>

#define NAME_BYTES     253
#define EXPANDED_BYTES (64 * 1024) /* an explanation of many macros; a name is far below */
#define LETTERS        "slodiphv"
#define TEXT_LETTERS   "crt"
#define DELIMITERS     ".-+,/_="
#define UNRESERVED     "-._~" /* RFC 3986 section 2.3, beside letters and digits */

/* One "%{…}". */
typedef struct {
	char letter; /* lower case */
	gboolean escaped; /* upper case: as in a URL */
	guint keep;  /* right-hand parts; 0: all */
	gboolean reverse;
	const char *delimiters;
	gsize n_delimiters;
} Macro;

/* Reads what follows "%{" up to "}"; NULL when it is no macro, else what follows it. */
static const char *
read_macro(const char *p, gboolean in_text, Macro *macro)
{
	memset(macro, 0, sizeof(*macro));
	macro->letter = g_ascii_tolower(*p);
	macro->escaped = g_ascii_isupper(*p);
	if (*p == '\0' || (strchr(LETTERS, macro->letter) == NULL && (!in_text || strchr(TEXT_LETTERS, macro->letter) == NULL)))
		return NULL;
	p++;
	if (g_ascii_isdigit(*p)) {
		for (; g_ascii_isdigit(*p); p++)
			macro->keep = MIN(macro->keep * 10 + (guint)(*p - '0'), 100000);
		if (macro->keep == 0)
			return NULL; /* section 7.1: a number of 0 is an error */
	}
	macro->reverse = *p == 'r' || *p == 'R';
	p += macro->reverse ? 1 : 0;
	macro->delimiters = p;
	macro->n_delimiters = strspn(p, DELIMITERS);
	p += macro->n_delimiters;
	return *p == '}' ? p + 1 : NULL;
}

/* What follows the expansion or character at p; NULL and why when it is neither. */
static const char *
skip_one(const char *p, gboolean in_text, const char **why)
{
	Macro macro;

	if (*p != '%') {
		gboolean literal = (*p > 0x20 && *p < 0x7F) || (in_text && *p == ' ');

		*why = literal ? NULL : "has a character that no name has";
		return literal ? p + 1 : NULL;
	}
	*why = "has a '%' that begins no macro";
	if (p[1] == '%' || p[1] == '_' || p[1] == '-')
		return p + 2;
	return p[1] == '{' ? read_macro(p + 2, in_text, &macro) : NULL;
}

static const char *
find_problem(const char *text, gboolean in_text, const char **last)
{
	const char *why = NULL;

	*last = text;
	for (const char *p = text; *p != '\0';) {
		const char *next = skip_one(p, in_text, &why);

		if (next == NULL)
			return why;
		*last = p;
		p = next;
	}
	return NULL;
}

const char *
mq_spf_macro_problem(const char *text, gboolean in_text)
{
	const char *last;

	return find_problem(text, in_text, &last);
}

/* toplabel: letters, digits and inner hyphens, not digits alone */
static gboolean
is_toplabel(const char *label, gsize n)
{
	gboolean numeric = TRUE;

	if (n == 0 || label[0] == '-' || label[n - 1] == '-')
		return FALSE;
	for (gsize i = 0; i < n; i++) {
		if (!g_ascii_isalnum(label[i]) && label[i] != '-')
			return FALSE;
		numeric = numeric && g_ascii_isdigit(label[i]);
	}
	return !numeric;
}

const char *
mq_spf_spec_problem(const char *text)
{
	const char *last;
	const char *why = find_problem(text, FALSE, &last);
	gsize n = strlen(text);
	gsize dot;

	if (why != NULL)
		return why;
	if (n == 0)
		return "is empty: want a domain";
	if (*last == '%')
		return NULL; /* ends in an expansion */
	if (text[n - 1] == '.')
		n--;
	for (dot = n; dot > 0 && text[dot - 1] != '.'; dot--)
		;
	if (dot == 0)
		return "is no domain of two labels or more";
	return is_toplabel(text + dot, n - dot) ? NULL : "does not end in a top-level domain";
}

gboolean
mq_spf_macro_uses(const char *text, const char *letters)
{
	for (const char *p = strchr(text, '%'); p != NULL; p = strchr(p + 2, '%')) {
		if (p[1] == '{' && p[2] != '\0' && strchr(letters, g_ascii_tolower(p[2])) != NULL)
			return TRUE;
		if (p[1] == '\0')
			break;
	}
	return FALSE;
}

/* i: dotted quad, or 32 nibbles between dots */
static char *
dotted(const MqAddress *ip)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < ip->n_bytes; i++) {
		if (ip->n_bytes == 4)
			g_string_append_printf(text, "%s%u", i > 0 ? "." : "", ip->bytes[i]);
		else
			g_string_append_printf(text, "%s%X.%X", i > 0 ? "." : "", ip->bytes[i] >> 4, ip->bytes[i] & 0xFu);
	}
	return g_string_free(text, FALSE);
}

static char *
value_of(char letter, const MqSpfMacros *values)
{
	switch (letter) {
	case 's':
		return g_strdup(values->sender);
	case 'l':
		return g_strdup(values->local);
	case 'o':
		return g_strdup(values->sender_domain);
	case 'd':
		return g_strdup(values->domain);
	case 'h':
		return g_strdup(values->helo);
	case 'p':
		return g_strdup(values->validated);
	case 'r':
		return g_strdup(values->receiver);
	case 'i':
		return dotted(&values->ip);
	case 'c':
		return mq_address_to_text(&values->ip);
	case 'v':
		return g_strdup(values->ip.n_bytes == 4 ? "in-addr" : "ip6");
	default:
		return g_strdup_printf("%" G_GINT64_FORMAT, values->now_s);
	}
}

/* Splits at the delimiters, reverses, keeps parts on the right, joins with dots. */
static char *
transform(const Macro *macro, const char *value)
{
	g_autofree char *set = macro->n_delimiters > 0 ? g_strndup(macro->delimiters, macro->n_delimiters) : g_strdup(".");
	g_auto(GStrv) parts = g_strsplit_set(value, set, -1);
	guint n = g_strv_length(parts);
	guint skip = macro->keep > 0 && macro->keep < n ? n - macro->keep : 0;

	for (guint i = 0; macro->reverse && i < n / 2; i++) {
		char *left = parts[i];

		parts[i] = parts[n - 1 - i];
		parts[n - 1 - i] = left;
	}
	return g_strjoinv(".", parts + skip);
}

static void
append_macro(GString *out, const Macro *macro, const MqSpfMacros *values)
{
	g_autofree char *value = value_of(macro->letter, values);
	g_autofree char *plain = transform(macro, value);

	for (const char *p = plain; *p != '\0' && out->len < EXPANDED_BYTES; p++) {
		if (!macro->escaped || g_ascii_isalnum(*p) || strchr(UNRESERVED, *p) != NULL)
			g_string_append_c(out, *p);
		else
			g_string_append_printf(out, "%%%02X", (guint8)*p);
	}
}

char *
mq_spf_macro_expand(const char *text, const MqSpfMacros *values)
{
	GString *out = g_string_new(NULL);
	const char *p = text;

	while (*p != '\0' && out->len < EXPANDED_BYTES) {
		Macro macro;
		const char *next;

		if (*p != '%') {
			g_string_append_c(out, *p++);
			continue;
		}
		if (p[1] != '{') {
			g_string_append(out, p[1] == '_' ? " " : p[1] == '-' ? "%20" : "%");
			p += 2;
			continue;
		}
		next = read_macro(p + 2, TRUE, &macro);
		g_assert(next != NULL); /* the caller checked */
		append_macro(out, &macro, values);
		p = next;
	}
	return g_string_free(out, FALSE);
}

char *
mq_spf_macro_expand_name(const char *spec, const MqSpfMacros *values)
{
	g_autofree char *expanded = mq_spf_macro_expand(spec, values);
	const char *name = expanded;
	gsize n = strlen(name);
	GString *out = g_string_new(NULL);

	if (n > 0 && name[n - 1] == '.')
		expanded[--n] = '\0';
	while (n > NAME_BYTES) {
		const char *dot = strchr(name, '.');

		if (dot == NULL)
			break; /* one label, and too long: no such name */
		n -= (gsize)(dot + 1 - name);
		name = dot + 1;
	}
	for (; *name != '\0'; name++) {
		if (*name == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *name);
	}
	return g_string_free(out, FALSE);
}
