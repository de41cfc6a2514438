/* The digest as a mail: text, and the page for those who see it, as alternatives. For `sendmail -t`. */
#include <gmime/gmime.h>
#include <string.h>

#include "cli/digests.h"

/* (transfer full) */
static GMimeObject *
text_part(const char *subtype, const char *text)
{
	GMimeTextPart *part = g_mime_text_part_new_with_subtype(subtype);

	g_mime_text_part_set_charset(part, "utf-8");
	g_mime_text_part_set_text(part, text);
	g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	return GMIME_OBJECT(part);
}

/* What a terminal would show, and no terminal is asked. */
static char *
plain_text(const MqApp *app, const json_t *document)
{
	MqApp into = *app;
	char *text = NULL;
	size_t n = 0;

	into.color = MQ_COLOR_NEVER;
	into.out = open_memstream(&text, &n);
	if (into.out == NULL)
		g_error("out of memory");
	mq_digest_text.print(&into, document, NULL);
	fclose(into.out);
	return text;
}

static GMimeObject *
alternatives(const MqApp *app, const json_t *document, const char *boundary)
{
	GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("alternative");
	char *text = plain_text(app, document);
	g_autofree char *page = mq_digest_page(document, MQ_PAGE_MAIL);
	GMimeObject *parts[] = { text_part("plain", text), text_part("html", page) };

	free(text);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) { /* the richest last */
		g_mime_multipart_add(multipart, parts[i]);
		g_object_unref(parts[i]);
	}
	g_mime_multipart_set_boundary(multipart, boundary);
	return GMIME_OBJECT(multipart);
}

/* Of the content and the clock: who makes the same mail twice sends one that is known to be the same. */
static char *
name_of(const MqApp *app, const json_t *document)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	char *bytes = json_dumps(document, JSON_COMPACT);

	g_checksum_update(sum, (const guchar *)bytes, -1);
	g_checksum_update(sum, (const guchar *)&app->now_s, sizeof(app->now_s));
	free(bytes);
	return g_strndup(g_checksum_get_string(sum), 32);
}

static void
set_header(GMimeMessage *message, const char *name, const char *value)
{
	g_mime_object_set_header(GMIME_OBJECT(message), name, value, NULL);
}

/* RFC 3834 tells holiday answers to keep quiet; RFC 2919 lets people sort by List-Id. */
static void
set_headers(GMimeMessage *message, const MqApp *app, const json_t *document, const MqLetterhead *envelope,
            const char *name)
{
	const char *domain = strrchr(envelope->from, '@') + 1;
	g_autofree char *title = mq_digest_title(document);
	g_autofree char *headline = mq_digest_headline(document);
	g_autofree char *subject = g_strdup_printf("%s: %.*s", title, (int)strlen(headline) - 1, headline); /* no full stop */
	g_autofree char *message_id = g_strdup_printf("%s@%s", name, domain);
	g_autofree char *list = g_strdup_printf("DMARC summary <dmarc-summary.%s>", domain);
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(app->now_s);

	g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, "marque", envelope->from);
	for (gsize i = 0; envelope->to[i] != NULL; i++)
		g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, envelope->to[i]);
	g_mime_message_set_subject(message, subject, "utf-8");
	g_mime_message_set_date(message, now);
	g_mime_message_set_message_id(message, message_id);
	set_header(message, "List-Id", list);
	set_header(message, "Auto-Submitted", "auto-generated");
}

static void
print_eml(const MqApp *app, const json_t *document, const MqLetterhead *envelope)
{
	g_autofree char *name = name_of(app, document);
	g_autofree char *boundary = g_strconcat("marque-", name, NULL);
	g_autoptr(GObject) message = G_OBJECT(g_mime_message_new(TRUE));
	g_autoptr(GObject) body = G_OBJECT(alternatives(app, document, boundary));
	g_autofree char *text = NULL;

	set_headers(GMIME_MESSAGE(message), app, document, envelope, name);
	g_mime_message_set_mime_part(GMIME_MESSAGE(message), GMIME_OBJECT(body));
	text = g_mime_object_to_string(GMIME_OBJECT(message), NULL);
	fputs(text, app->out);
}

const MqDigest mq_digest_eml = { .name = "eml", .is_mail = TRUE, .print = print_eml };
