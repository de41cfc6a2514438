#include "ingest/mail_own.h"

#include <string.h>

#include "ingest/domain.h"
#include "ingest/limits.h"
#include "ingest/text.h"
#include "ingest/when.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)

/* Of a field: what is decoded at all. Longer ones are somebody's attack or a long To. */
#define FIELD_RAW_BYTES 16384

/* The @i-th field called @name as it stands, cut where nobody reads on; its folding stays. NULL when
 * there is none. */
static char *
raw_field(const MqMail *mail, const char *name, guint i)
{
	GMimeHeaderList *headers;
	int n;

	if (mail->plain != NULL) {
		const MqPlainField *field = mq_plain_field(mail->plain->fields, name, i);

		return field != NULL ? g_strndup(field->value, MIN(field->n_value, FIELD_RAW_BYTES)) : NULL;
	}
	headers = g_mime_object_get_header_list(GMIME_OBJECT(mail->message));
	n = g_mime_header_list_get_count(headers);
	for (int at = 0; at < n; at++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(headers, at);
		const char *raw = g_mime_header_get_raw_value(header);

		if (g_ascii_strcasecmp(g_mime_header_get_name(header), name) == 0 && i-- == 0)
			return g_strndup(raw != NULL ? raw : "", FIELD_RAW_BYTES);
	}
	return NULL;
}

/* One line of ASCII where nothing is encoded. */
static gboolean
needs_no_decoding(const char *raw)
{
	for (; *raw != '\0'; raw++)
		if (!g_ascii_isprint(*raw) || (raw[0] == '=' && raw[1] == '?'))
			return FALSE;
	return TRUE;
}

/* "a@b.example" and nothing else. */
static gboolean
is_bare_address(const char *text)
{
	const char *at = strchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0')
		return FALSE;
	for (const char *c = text; *c != '\0'; c++)
		if (!g_ascii_isalnum(*c) && strchr("-_+.", *c) == NULL && c != at)
			return FALSE;
	/* a dot that stands alone is something to the library */
	return strstr(text, "..") == NULL && text[0] != '.' && at[-1] != '.' && at[1] != '.' && at[strlen(at) - 1] != '.';
}

char *
mq_mail_header(const MqMail *mail, const char *name, guint i)
{
	g_autofree char *raw = raw_field(mail, name, i);
	g_autofree char *unfolded = NULL;
	g_autofree char *decoded = NULL;

	if (raw == NULL)
		return NULL;
	if (needs_no_decoding(raw))
		return mq_text_clean(raw, -1, MQ_LIMIT_FIELD_BYTES);
	unfolded = g_mime_utils_header_unfold(raw);
	decoded = g_mime_utils_header_decode_text(NULL, unfolded);
	return mq_text_clean(decoded, -1, MQ_LIMIT_FIELD_BYTES);
}

/* The first mailbox; one level of groups is all that a From field has. */
static const char *
first_address(InternetAddressList *list)
{
	int n = internet_address_list_length(list);

	for (int i = 0; i < n; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_MAILBOX(address))
			return internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
	}
	return NULL;
}

char *
mq_mail_header_address(const MqMail *mail, const char *name)
{
	g_autoptr(InternetAddressList) list = NULL;
	g_autofree char *raw = raw_field(mail, name, 0);
	g_autofree char *unfolded = NULL;
	const char *address;

	if (raw == NULL)
		return NULL;
	g_strstrip(raw);
	if (is_bare_address(raw))
		return mq_text_clean(raw, -1, MQ_LIMIT_FIELD_BYTES);
	unfolded = g_mime_utils_header_unfold(raw);
	list = internet_address_list_parse(NULL, unfolded);
	address = list != NULL ? first_address(list) : NULL;
	return address != NULL && address[0] != '\0' ? mq_text_clean(address, -1, MQ_LIMIT_FIELD_BYTES) : NULL;
}

void
mq_envelope_clear(MqEnvelope *envelope)
{
	g_clear_pointer(&envelope->message_id, g_free);
	g_clear_pointer(&envelope->from, g_free);
	g_clear_pointer(&envelope->from_domain, g_free);
	g_clear_pointer(&envelope->subject, g_free);
	g_clear_pointer(&envelope->authentication_results, g_ptr_array_unref);
	g_clear_pointer(&envelope->authentication, g_free);
	envelope->date_s = MQ_TIME_ABSENT;
}

#define AUTHENTICATION_RESULTS_MAX 20

void
mq_mail_envelope(const MqMail *mail, MqEnvelope *envelope)
{
	g_autofree char *date = mq_mail_header(mail, "Date", 0);
	char *results;

	mq_envelope_clear(envelope);
	envelope->message_id = mq_mail_header(mail, "Message-ID", 0);
	envelope->from = mq_mail_header_address(mail, "From");
	envelope->from_domain = envelope->from != NULL ? mq_domain_of_address(envelope->from) : NULL;
	envelope->subject = mq_mail_header(mail, "Subject", 0);
	if (date != NULL && !mq_when_parse_rfc5322(date, &envelope->date_s))
		envelope->date_s = MQ_TIME_ABSENT;
	envelope->authentication_results = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < AUTHENTICATION_RESULTS_MAX
	                  && (results = mq_mail_header(mail, "Authentication-Results", i)) != NULL; i++)
		g_ptr_array_add(envelope->authentication_results, results);
}
