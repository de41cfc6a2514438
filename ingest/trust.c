#include "ingest/trust.h"

#include <string.h>

#include "ingest/auth_results.h"
#include "ingest/domain.h"
#include "ingest/text.h"

/* ------------------------------------------------------- the receiver's word */

typedef enum { DMARC, DKIM, SPF, N_METHODS } Method;
static const char *const methods[N_METHODS] = { "dmarc", "dkim", "spf" };

typedef enum { UNTOLD, AUTHENTIC, NOT_AUTHENTIC } Authenticity;

/* For each method the topmost field of ours that has it. */
typedef struct {
	const MqAuthResults *by[N_METHODS];
	GPtrArray *fields; /* MqAuthResults *, ours */
} Witness;

static void
witness_clear(Witness *witness)
{
	g_clear_pointer(&witness->fields, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Witness, witness_clear)

static gboolean
is_ours(const MqAuthResults *results, const char *const *authserv_ids)
{
	for (gsize i = 0; results->authserv_id != NULL && authserv_ids[i] != NULL; i++)
		if (g_ascii_strcasecmp(results->authserv_id, authserv_ids[i]) == 0)
			return TRUE;
	return FALSE;
}

static void
hear(Witness *witness, const GPtrArray *fields, const char *const *authserv_ids)
{
	witness->fields = g_ptr_array_new_with_free_func((GDestroyNotify)mq_auth_results_free);
	for (guint i = 0; fields != NULL && i < fields->len; i++) {
		g_autoptr(MqAuthResults) results = mq_auth_results_parse(fields->pdata[i]);

		if (!is_ours(results, authserv_ids)) {
			if (witness->fields->len > 0)
				return; /* from here on, anyone may have written it */
			continue;
		}
		for (guint m = 0; m < N_METHODS; m++)
			if (witness->by[m] == NULL && mq_auth_results_find(results, methods[m]) != NULL)
				witness->by[m] = results;
		g_ptr_array_add(witness->fields, g_steal_pointer(&results));
	}
}

/* A pass for @from if there is one, else what the method found first. */
static const char *
word_of(const Witness *witness, Method method, const char *from)
{
	const MqAuthResults *results = witness->by[method];

	if (results == NULL)
		return NULL;
	if (mq_auth_results_aligned(results, methods[method], from) == 1)
		return "pass";
	return mq_auth_results_find(results, methods[method])->result;
}

/* "dmarc=pass dkim=pass spf=fail"; NULL when it said nothing of these */
static char *
witness_text(const Witness *witness, const char *from)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint m = 0; m < N_METHODS; m++) {
		const char *word = word_of(witness, m, from);

		if (word != NULL)
			g_string_append_printf(text, "%s%s=%s", text->len > 0 ? " " : "", methods[m], word);
	}
	return text->len > 0 ? mq_text_clean(text->str, (gssize)text->len, MQ_LIMIT_FIELD_BYTES) : NULL;
}

/* What DMARC found of this very From; of other domains it says nothing here. */
static const char *
dmarc_word(const Witness *witness, const char *from)
{
	const MqAuthResult *dmarc =
		witness->by[DMARC] != NULL ? mq_auth_results_find(witness->by[DMARC], methods[DMARC]) : NULL;

	if (dmarc == NULL || (dmarc->domain != NULL && !mq_domains_roughly_aligned(dmarc->domain, from)))
		return NULL;
	return dmarc->result;
}

/* A signature that does not verify is as good as none, and a domain that SPF does not permit may have
 * been forwarded: without DMARC only an outright SPF failure of the From domain itself says anything. */
static Authenticity
authenticity(const Witness *witness, const char *from)
{
	const char *dmarc = dmarc_word(witness, from);
	const MqAuthResult *spf = witness->by[SPF] != NULL ? mq_auth_results_find(witness->by[SPF], methods[SPF]) : NULL;

	if (g_strcmp0(dmarc, "pass") == 0)
		return AUTHENTIC;
	if (g_strcmp0(dmarc, "fail") == 0)
		return NOT_AUTHENTIC;
	for (guint m = DKIM; m < N_METHODS; m++)
		if (witness->by[m] != NULL && mq_auth_results_aligned(witness->by[m], methods[m], from) == 1)
			return AUTHENTIC;
	if (spf != NULL && g_str_equal(spf->result, "fail") && spf->domain != NULL
	    && mq_domains_roughly_aligned(spf->domain, from))
		return NOT_AUTHENTIC;
	return UNTOLD;
}

/* ------------------------------------------------------------- who is related */

/* "example.co.uk" of "mail.example.co.uk": a guess that needs no public suffix list. Too long a name
 * makes strangers, so two labels under a country are taken for a suffix only when the upper is short. */
static const char *
organisation(const char *domain)
{
	guint labels = mq_domain_labels(domain);
	const char *at = domain;
	const char *dot;

	for (; labels > 3; labels--)
		at = mq_domain_parent(at);
	if (labels < 3)
		return at;
	dot = strchr(at, '.') + 1;
	return strlen(strchr(dot, '.') + 1) == 2 && strcspn(dot, ".") <= 3 ? at : dot;
}

static gboolean
are_related(const char *a, const char *b)
{
	return mq_domains_roughly_aligned(a, b) || g_str_equal(organisation(a), organisation(b));
}

/* The domain that a report's text names, be it an address or a name; NULL when it is none: "Yahoo! Inc." */
static char *
domain_in(const char *text)
{
	g_autofree char *said = text != NULL ? mq_domain_of_address(text) : NULL;
	gboolean valid = FALSE;
	g_autofree char *domain = said != NULL ? mq_domain_normalize(said, &valid) : NULL;

	return valid && mq_domain_labels(domain) > 1 ? g_steal_pointer(&domain) : NULL;
}

/* Whether the reporter is someone else than @from. A name that is no domain says nothing. */
static gboolean
is_from_other(const MqReport *report, const char *from)
{
	const char *const names[] = { report->reporter, report->email, report->extra_contact };
	gboolean named = FALSE;

	if (report->type == MQ_TYPE_FAILURE)
		return FALSE; /* it names a host, called anything */
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *domain = domain_in(names[i]);

		if (domain == NULL)
			continue;
		if (are_related(domain, from))
			return FALSE;
		named = TRUE;
	}
	return named;
}

/* "Report Domain: example.com Submitter: …" (RFC 7489 section 7.2.1.1); NULL when it names none. */
static char *
subject_domain(const char *subject)
{
	static const char label[] = "report domain:";
	g_autofree char *lower = subject != NULL ? g_ascii_strdown(subject, -1) : NULL;
	char *at = lower != NULL ? strstr(lower, label) : NULL;

	if (at == NULL)
		return NULL;
	at += strlen(label);
	at += strspn(at, " \t<{[(\"'");
	at[strcspn(at, " \t>}])\"';,")] = '\0';
	return domain_in(at);
}

/* Of several reports in one mail, the subject names one. */
static gboolean
is_about_other(const MqMessage *message, const char *subject)
{
	gboolean named = FALSE;

	if (subject == NULL)
		return FALSE;
	for (guint i = 0; i < message->reports->len; i++) {
		const MqReport *report = message->reports->pdata[i];

		if (report->policy.domain == NULL)
			continue;
		if (are_related(report->policy.domain, subject))
			return FALSE;
		named = TRUE;
	}
	return named;
}

/* ------------------------------------------------------------------- judging */

typedef struct {
	const char *from, *subject; /* domains; @subject (nullable) */
	const char *found;          /* (nullable) what the witness said */
	Authenticity authenticity;
	gboolean about_other;
} Mail;

/* By name and address, as far as it says so: "Reporter Inc., dmarc@reporter.example" */
static char *
named(const MqReport *report)
{
	gboolean both = report->reporter != NULL && report->email != NULL;
	g_autofree char *text = g_strconcat(report->reporter != NULL ? report->reporter : "", both ? ", " : "",
	                                    report->email != NULL ? report->email : "", NULL);

	return mq_text_visible(text);
}

/* Why it may be a forgery; NULL: nothing says so. (transfer full) */
static char *
suspicion(const Mail *mail, const MqReport *report, gboolean from_other)
{
	const char *about = report->policy.domain;
	gboolean own = about != NULL && are_related(mail->from, about);
	g_autofree char *name = named(report);

	if (mail->authenticity == NOT_AUTHENTIC)
		return g_strdup_printf("the mail claims to be from '%s', and was found not to be: %s", mail->from, mail->found);
	if (!from_other || own)
		return NULL;
	if (mail->authenticity == AUTHENTIC)
		return g_strdup_printf("the mail is from '%s' (%s), the report in the name of '%s'", mail->from, mail->found, name);
	if (mail->about_other)
		return g_strdup_printf("the mail is from '%s' about '%s', the report in the name of '%s' about '%s'", mail->from,
		                       mail->subject, name, about);
	return NULL;
}

static void
judge_report(MqMessage *message, guint i, const Mail *mail)
{
	const MqReport *report = message->reports->pdata[i];
	gboolean from_other = is_from_other(report, mail->from);
	g_autofree char *why = suspicion(mail, report, from_other);
	g_autofree char *name = named(report);

	if (from_other)
		mq_problems_add(message->problems, MQ_PROBLEM_SENDER_DIFFERS, TRUE, (gint)i, report->part,
		                "the mail is from '%s', the report from '%s'", mail->from, name);
	if (mail->about_other)
		mq_problems_add(message->problems, MQ_PROBLEM_SENDER_DIFFERS, TRUE, (gint)i, report->part,
		                "the mail's subject names '%s', the report '%s'", mail->subject, report->policy.domain);
	if (why != NULL)
		mq_problems_add(message->problems, MQ_PROBLEM_FORGERY_SUSPECTED, TRUE, (gint)i, report->part, "%s", why);
}

void
mq_trust_judge(MqMessage *message, const char *const *authserv_ids)
{
	MqEnvelope *envelope = &message->envelope;
	g_autofree char *from = domain_in(envelope->from_domain);
	g_autofree char *subject = subject_domain(envelope->subject);
	g_auto(Witness) witness = { 0 };
	Mail mail;

	if (from == NULL)
		return;
	if (authserv_ids != NULL)
		hear(&witness, envelope->authentication_results, authserv_ids);
	envelope->authentication = witness_text(&witness, from);
	mail = (Mail){ .from = from, .subject = subject, .found = envelope->authentication,
		       .authenticity = authenticity(&witness, from), .about_other = is_about_other(message, subject) };
	for (guint i = 0; i < message->reports->len; i++)
		judge_report(message, i, &mail);
}
