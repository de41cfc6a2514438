#include "ingest/domain.h"

#include <string.h>

#include <idn2.h>
#include <libpsl.h>

#include "ingest/limits.h"
#include "ingest/text.h"

#define NAME_BYTES  253 /* RFC 1035 section 2.3.4, without the final dot */
#define LABEL_BYTES 63

enum { OTHER, LABEL, DOT };

static const guint8 kinds[256] = {
	['a' ... 'z'] = LABEL, ['0' ... '9'] = LABEL, ['-'] = LABEL, ['_'] = LABEL, ['.'] = DOT,
};

gboolean
mq_domain_is_normal(const char *text)
{
	gsize at = 0, label_at = 0;

	for (; text[at] != '\0'; at++) {
		guint8 kind = kinds[(guint8)text[at]];

		if (kind == LABEL)
			continue;
		if (kind != DOT || at == label_at || at - label_at > LABEL_BYTES)
			return FALSE;
		label_at = at + 1;
	}
	return at > label_at && at - label_at <= LABEL_BYTES && at <= NAME_BYTES;
}

/* A-labels of a name in U-labels; NULL when IDNA2008 has no mapping for it. */
static char *
to_a_labels(const char *name)
{
	uint8_t *out = NULL;
	char *copy;

	if (strlen(name) > 4 * NAME_BYTES) /* the mapping is not linear in its input */
		return NULL;
	if (idn2_lookup_u8((const uint8_t *)name, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	copy = g_strdup((const char *)out);
	idn2_free(out);
	return copy;
}

char *
mq_domain_normalize(const char *text, gboolean *valid)
{
	g_autofree char *name = mq_text_clean(text, -1, MQ_LIMIT_FIELD_BYTES);
	gsize n = strlen(name);

	if (n > 1 && name[n - 1] == '.')
		name[n - 1] = '\0';
	if (!g_str_is_ascii(name)) {
		char *ascii = to_a_labels(name);

		if (ascii != NULL) {
			g_free(name);
			name = ascii;
		} else {
			char *lower = g_utf8_strdown(name, -1);

			g_free(name);
			name = lower;
		}
	}
	for (char *p = name; *p != '\0'; p++)
		*p = g_ascii_tolower(*p);
	if (valid != NULL)
		*valid = mq_domain_is_normal(name); /* in lower case it is */
	return g_steal_pointer(&name);
}

char *
mq_domain_of_address(const char *address)
{
	g_autofree char *copy = mq_text_clean(address, -1, 4 * MQ_LIMIT_FIELD_BYTES);
	char *at = strrchr(copy, '@');
	char *name = at != NULL ? at + 1 : copy;
	char *end;

	if (at == NULL && *name == '<')
		name++;
	end = name + strcspn(name, "> \t\r\n");
	*end = '\0';
	return *name != '\0' ? mq_domain_normalize(name, NULL) : NULL;
}

const char *
mq_domain_parent(const char *domain)
{
	const char *dot = strchr(domain, '.');

	return dot != NULL && dot[1] != '\0' ? dot + 1 : NULL;
}

guint
mq_domain_labels(const char *domain)
{
	guint labels = *domain != '\0';

	for (const char *p = domain; *p != '\0'; p++)
		labels += *p == '.';
	return labels;
}

gboolean
mq_domain_is_within(const char *domain, const char *ancestor)
{
	gsize n = strlen(domain);
	gsize tail = strlen(ancestor);

	return tail > 0 && n >= tail && strcmp(domain + n - tail, ancestor) == 0
	       && (n == tail || domain[n - tail - 1] == '.');
}

static const psl_ctx_t *
suffixes(void)
{
	static gsize once;
	static psl_ctx_t *list;

	if (g_once_init_enter(&once)) {
		list = psl_latest(NULL); /* the system's file where it is newer than what the library has */
		g_once_init_leave(&once, 1);
	}
	return list != NULL ? list : psl_builtin();
}

char *
mq_domain_registrable(const char *domain)
{
	const char *registrable = psl_registrable_domain(suffixes(), domain);

	return g_strdup(registrable != NULL ? registrable : domain);
}

char *
mq_domain_display(const char *domain)
{
	char *unicode = NULL;
	char *shown;

	if (strstr(domain, "xn--") == NULL || strlen(domain) > NAME_BYTES
	    || idn2_to_unicode_8z8z(domain, &unicode, 0) != IDN2_OK)
		return g_strdup(domain);
	shown = g_strdup(mq_text_is_visible(unicode) ? unicode : domain);
	idn2_free(unicode);
	return shown;
}
