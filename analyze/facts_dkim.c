/* DKIM keys, at the selectors that somebody named or that common services use. */
#include <string.h>

#include "analyze/facts_gather.h"
#include "ingest/domain.h"

/* Selectors that common services use; tried when nobody has named one. */
static const char *const common_selectors[] = {
	"default", "google", "selector1", "selector2", "k1", "k2", "s1", "s2", "dkim", "mail",
	"smtp", "sig1", "fm1", "fm2", "protonmail", "zoho", "mandrill", "pm", "key1", "ses",
};

void
mq_dkim_fact_free(MqDkimFact *fact)
{
	if (fact == NULL)
		return;
	g_free(fact->domain);
	g_free(fact->selector);
	g_free(fact->name);
	mq_dkim_key_free(fact->key);
	g_free(fact->alias);
	g_free(fact->why);
	g_free(fact);
}

/* The first key counts; a usable one is preferred, as a verifier may try any. */
static void
read_keys(MqDkimFact *fact, const MqAnswer *txt)
{
	for (guint i = 0; i < txt->records->len; i++) {
		MqDkimKey *key = mq_dkim_key_parse(mq_fact_text(txt, i));

		if (key == NULL)
			continue;
		fact->keys++;
		if (fact->key == NULL || key->state > fact->key->state) {
			mq_dkim_key_free(fact->key);
			fact->key = key;
		} else {
			mq_dkim_key_free(key);
		}
	}
	if (fact->key != NULL)
		fact->state = fact->key->state;
}

MqDkimFact *
mq_dkim_fact(MqAnswers *answers, const char *selector, const char *domain)
{
	g_autofree char *name = g_strconcat(selector, "._domainkey.", domain, NULL);
	const MqAnswer *txt = mq_answers_get(answers, MQ_ASK_TXT, name);
	MqDkimFact *fact;

	if (txt == NULL)
		return NULL;
	fact = g_new0(MqDkimFact, 1);
	fact->domain = g_strdup(domain);
	fact->selector = g_strdup(selector);
	fact->name = g_steal_pointer(&name);
	fact->state = txt->outcome == MQ_ANSWER_UNKNOWN ? MQ_DKIM_UNKNOWN : MQ_DKIM_MISSING;
	fact->why = g_strdup(txt->why);
	if (txt->aliases->len > 0)
		fact->alias = g_strdup(g_ptr_array_index(txt->aliases, txt->aliases->len - 1));
	read_keys(fact, txt);
	return fact;
}

static gboolean
has_selector(const MqFacts *facts, const char *selector, const char *domain)
{
	for (guint i = 0; i < facts->dkim->len; i++) {
		const MqDkimFact *fact = g_ptr_array_index(facts->dkim, i);

		if (strcmp(fact->selector, selector) == 0 && strcmp(fact->domain, domain) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean
add_selector(MqAnswers *answers, MqFacts *facts, const char *selector, const char *domain, MqSelectorOrigin origin)
{
	MqDkimFact *fact;

	if (facts->dkim->len >= MQ_FACTS_SELECTORS_MAX || has_selector(facts, selector, domain))
		return TRUE;
	fact = mq_dkim_fact(answers, selector, domain);
	if (fact == NULL)
		return FALSE;
	fact->origin = origin;
	g_ptr_array_add(facts->dkim, fact);
	return TRUE;
}

/* RFC 6376 section 3.1: labels of letters, digits and hyphens, and what people use beside. Reports of
 * strangers name anything. */
static gboolean
is_selector(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && strchr("-_.", *p) == NULL)
			return FALSE;
	return *text != '\0';
}

/* "s._domainkey.d"; what is not, or not of this domain, is nobody's business here. */
static gboolean
add_reported(MqAnswers *answers, MqFacts *facts, const char *name)
{
	const char *mark = strstr(name, "._domainkey.");
	g_autofree char *selector = mark != NULL ? g_strndup(name, (gsize)(mark - name)) : NULL;
	const char *domain = mark != NULL ? mark + strlen("._domainkey.") : NULL;

	if (selector == NULL || !is_selector(selector) || !mq_domain_is_within(domain, facts->domain))
		return TRUE;
	return add_selector(answers, facts, selector, domain, MQ_SELECTOR_REPORTED);
}

gboolean
mq_facts_gather_dkim(MqAnswers *answers, MqFacts *facts, const MqFactsOptions *options)
{
	gboolean complete = TRUE;
	guint named = 0;
	g_autofree char *below = g_strconcat("_domainkey.", facts->domain, NULL);
	const MqAnswer *domainkey = mq_answers_get(answers, MQ_ASK_TXT, below);

	for (gsize i = 0; options->selectors != NULL && options->selectors[i] != NULL; i++, named++)
		complete = add_selector(answers, facts, options->selectors[i], facts->domain, MQ_SELECTOR_NAMED)
		           && complete;
	for (gsize i = 0; options->dkim_names != NULL && options->dkim_names[i] != NULL; i++, named++)
		complete = add_reported(answers, facts, options->dkim_names[i]) && complete;
	for (gsize i = 0; named == 0 && i < G_N_ELEMENTS(common_selectors); i++)
		complete = add_selector(answers, facts, common_selectors[i], facts->domain, MQ_SELECTOR_GUESSED)
		           && complete;
	if (domainkey == NULL)
		return FALSE;
	facts->domainkey = domainkey->outcome == MQ_ANSWER_NO_NAME   ? MQ_FACT_ABSENT
	                   : domainkey->outcome == MQ_ANSWER_UNKNOWN ? MQ_FACT_UNANSWERED
	                                                             : MQ_FACT_PRESENT;
	return complete;
}
