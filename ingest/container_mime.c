/* Mails: their parts, attached or inline, and the mails in them. */
#include "ingest/containers.h"

#include <string.h>

#include "ingest/error.h"
#include "ingest/limits.h"
#include "ingest/mail.h"
#include "ingest/salvage.h"

/* How a file tells that it is a mail: fields that hardly anything else begins with. */
static const char *const usual_fields[] = {
	"authentication-results:", "content-type:", "date:", "delivered-to:", "dkim-signature:", "from:",
	"message-id:", "mime-version:", "received:", "reply-to:", "return-path:", "subject:", "to:",
};

/* Those that come in front of them and can be longer than what is seen; enough where that is full of fields. */
static const char *const front_fields[] = {
	"arc-", "authentication-results", "bcc:", "cc:", "delivered-to:", "dkim-", "domainkey-", "envelope-", "list-",
	"received-spf:", "resent-", "sender:", "x-",
};

static gboolean
is_one_of(const char *line, const char *const *fields, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (g_ascii_strncasecmp(line, fields[i], strlen(fields[i])) == 0)
			return TRUE;
	return FALSE;
}

static gboolean
is_usual_field(const char *line)
{
	return is_one_of(line, usual_fields, G_N_ELEMENTS(usual_fields));
}

static gboolean
is_front_field(const char *line)
{
	return is_one_of(line, front_fields, G_N_ELEMENTS(front_fields));
}

static gboolean
is_field(const char *line)
{
	gsize n = strcspn(line, ": \t\r");

	return g_ascii_isspace(line[0]) || (n > 0 && line[n] == ':') || g_str_has_prefix(line, "From ")
	       || g_str_has_prefix(line, ">From ");
}

/* Ends the line and returns the next; NULL: it was the last. CR alone ends one too, and CR CR LF is one end. */
static char *
cut_line(char *line)
{
	char *end = strpbrk(line, "\r\n");
	gsize n_cr = end != NULL ? strspn(end, "\r") : 0;
	char *next;

	if (end == NULL)
		return NULL;
	next = end[n_cr] == '\n' ? end + n_cr + 1 : end + 1;
	*end = '\0';
	return next;
}

/* Lines that are looked at. */
#define LINES_MAX 100

/* @wanted: usual fields that are enough */
static gboolean
looks_like_mail(const guint8 *bytes, gsize n, guint wanted)
{
	char text[MQ_BID_BYTES + 1]; /* ends at a NUL; what is before must do */
	char *line = text, *next;
	guint usual = 0, front = 0;
	gboolean is_cut;

	n = MIN(n, MQ_BID_BYTES);
	memcpy(text, bytes, n);
	text[n] = '\0';
	is_cut = n == MQ_BID_BYTES && strlen(text) == n;
	line += strspn(line, "\r\n");
	for (guint i = 0; line != NULL && i < LINES_MAX && usual < wanted; i++, line = next) {
		next = cut_line(line);
		if (!is_field(line) || line[strspn(line, " \t")] == '\0')
			break;
		usual += is_usual_field(line) ? 1 : 0;
		front += is_front_field(line) ? 1 : 0;
	}
	return usual >= wanted || (is_cut && line == NULL && usual + front > 0);
}

static guint
mime_bid(const MqPart *part, const guint8 *bytes, gsize n)
{
	return looks_like_mail(bytes, n, part->is_mail ? 1 : 2) ? 50 : part->is_mail ? 10 : 0;
}

/* Never fetched, never put together: they are somebody else's promise. */
static gboolean
is_left_alone(const char *type)
{
	static const char *const left_alone[] = {
		"message/external-body", "message/partial", "message/delivery-status",
		"message/disposition-notification", "text/rfc822-headers", NULL,
	};

	return g_strv_contains(left_alone, type);
}

static gboolean pour_mail(MqMail *mail, const MqPart *part, MqUnwrap *unwrap, GError **error);

static gboolean
pour_inner_mail(const MqMail *mail, guint i, const MqPart *around, MqUnwrap *unwrap, GError **error)
{
	g_autoptr(MqMail) inner = mq_mail_leaf_mail(mail, i);
	g_autoptr(MqPart) part = mq_mail_leaf_part(mail, i, around);

	if (part->depth < MQ_LIMIT_NESTING)
		return pour_mail(inner, part, unwrap, error);
	mq_unwrap_note(unwrap, part, MQ_PROBLEM_TOO_DEEP, FALSE, "more than %d mails inside each other", MQ_LIMIT_NESTING);
	return TRUE;
}

static gboolean
is_body(const MqLeaf *leaf)
{
	return !leaf->is_attachment && (g_str_equal(leaf->type, "text/plain") || g_str_equal(leaf->type, "text/html"));
}

static void
pour_leaf(const MqMail *mail, guint i, const MqPart *around, MqUnwrap *unwrap)
{
	const MqLeaf *leaf = mq_mail_leaf(mail, i);
	g_autoptr(MqPart) part = mq_mail_leaf_part(mail, i, around);

	if (is_left_alone(leaf->type)) {
		mq_unwrap_settle(unwrap);
		return;
	}
	part->charset = g_strdup(leaf->charset);
	part->claim = is_body(leaf) ? MQ_CLAIM_NO : mq_claim_of(leaf->name, leaf->type);
	if (is_body(leaf))
		mq_salvage_text(unwrap, part);
	else
		mq_unwrap_attachment(unwrap, part);
}

static gboolean
is_bounce(const MqMail *mail)
{
	guint n = mq_mail_n_leaves(mail);

	for (guint i = 0; i < n; i++)
		if (g_str_has_prefix(mq_mail_leaf(mail, i)->type, "message/d")) /* delivery-status, disposition-notification */
			return TRUE;
	return FALSE;
}

/* By its subject, or by the field that reports on TLS have; a bounce, and what it brings back, announce nothing. */
static gboolean
is_announced(const MqMail *mail, const MqUnwrap *unwrap)
{
	g_autofree char *subject = mq_mail_header(mail, "Subject", 0);
	g_autofree char *tls = mq_mail_header(mail, "TLS-Report-Domain", 0);

	return !mq_unwrap_is_settled(unwrap) && !is_bounce(mail) && (tls != NULL || (subject != NULL && mq_claim_of_subject(subject)));
}

/* Parts that are named when nothing is found in them. */
#define TOLD_PARTS 5

static char *
reason_of(const MqMail *mail)
{
	GString *reason = g_string_new("announces a report, and none was found in it");
	guint n = mq_mail_n_leaves(mail);

	for (guint i = 0; i < MIN(n, TOLD_PARTS); i++) {
		const MqLeaf *leaf = mq_mail_leaf(mail, i);

		g_string_append_printf(reason, "%s %s%s%s", i == 0 ? ":" : ",", leaf->type, leaf->name != NULL ? " " : "",
		                       leaf->name != NULL ? leaf->name : "");
	}
	return g_string_free(reason, FALSE);
}

static gboolean pour_leaves(MqMail *mail, const MqPart *part, MqUnwrap *unwrap, GError **error);

static gboolean
pour_mail(MqMail *mail, const MqPart *part, MqUnwrap *unwrap, GError **error)
{
	gboolean announced = is_announced(mail, unwrap);
	MqUnwrapMark before = mq_unwrap_mark(unwrap);
	MqEnvelope *envelope = mq_unwrap_envelope(unwrap);
	g_autofree char *reason = NULL;

	if (envelope != NULL)
		mq_mail_envelope(mail, envelope);
	if (mq_unwrap_mail(unwrap, part, mail))
		return TRUE;
	if (!pour_leaves(mail, part, unwrap, error))
		return FALSE;
	if (announced) {
		reason = reason_of(mail);
		mq_unwrap_expect(unwrap, part, before, reason);
	}
	return TRUE;
}

static gboolean
pour_leaves(MqMail *mail, const MqPart *part, MqUnwrap *unwrap, GError **error)
{
	guint n = mq_mail_n_leaves(mail);

	for (guint i = 0; i < n; i++) {
		if (!mq_unwrap_count_part(unwrap, error))
			return FALSE;
		if (!mq_mail_leaf(mail, i)->is_mail)
			pour_leaf(mail, i, part, unwrap);
		else if (!pour_inner_mail(mail, i, part, unwrap, error))
			return FALSE;
	}
	if (mq_mail_is_cut(mail))
		mq_unwrap_note(unwrap, part, MQ_PROBLEM_TOO_DEEP, FALSE,
		               "more than %d multiparts inside each other, or %d parts: the rest is not read",
		               MQ_LIMIT_MULTIPARTS, MQ_LIMIT_MESSAGE_PARTS);
	return TRUE;
}

static gboolean
mime_pour(MqPart *part, MqUnwrap *unwrap, GError **error)
{
	g_autoptr(MqPart) held = NULL;
	g_autoptr(MqMail) mail = NULL;
	g_autoptr(GError) why = NULL;

	if (!mq_part_can_seek(part)) {
		held = mq_part_hold_part(part, MQ_LIMIT_HELD_BYTES, error);
		if (held == NULL)
			return FALSE;
	}
	mail = mq_mail_read(held != NULL ? held : part, &why);
	if (mail != NULL)
		return pour_mail(mail, part, unwrap, error);
	if (g_error_matches(why, MQ_ERROR, MQ_ERROR_LIMIT)) {
		mq_unwrap_note(unwrap, part, MQ_PROBLEM_TOO_MANY_PARTS, FALSE, "%s", why->message);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&why));
	return FALSE;
}

const MqContainer mq_container_mime = { .name = "mail", .bid = mime_bid, .pour = mime_pour };
