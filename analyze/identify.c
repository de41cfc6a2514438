#include "analyze/identify.h"

#include <string.h>

struct MqSenders {
	GHashTable *by_key;    /* key to MqSender, owned by list */
	GPtrArray *list;       /* MqSender * */
	GHashTable *reporters; /* name to its number */
};

static void
domain_free(gpointer data)
{
	MqSenderDomain *domain = data;

	g_free(domain->domain);
	g_free(domain);
}

static void
sender_free(gpointer data)
{
	MqSender *sender = data;

	g_free(sender->key);
	g_ptr_array_unref(sender->domains);
	g_array_unref(sender->days);
	g_array_unref(sender->reporters);
	g_free(sender);
}

static MqSender *
sender_new(const char *key)
{
	MqSender *sender = g_new0(MqSender, 1);

	sender->key = g_strdup(key);
	sender->domains = g_ptr_array_new_with_free_func(domain_free);
	sender->days = g_array_new(FALSE, FALSE, sizeof(MqSenderDay));
	sender->reporters = g_array_new(FALSE, FALSE, sizeof(guint));
	sender->totals.first_s = G_MAXINT64;
	sender->totals.last_s = G_MININT64;
	return sender;
}

MqSenders *
mq_senders_new(void)
{
	MqSenders *senders = g_new0(MqSenders, 1);

	senders->list = g_ptr_array_new_with_free_func(sender_free);
	senders->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	senders->reporters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return senders;
}

void
mq_senders_free(MqSenders *senders)
{
	if (senders == NULL)
		return;
	g_hash_table_unref(senders->by_key);
	g_hash_table_unref(senders->reporters);
	g_ptr_array_unref(senders->list);
	g_free(senders);
}

char *
mq_identify(const MqFlow *flow)
{
	MqBlock block;

	if (flow->source.n_bytes == 0)
		return g_strdup(flow->source_text != NULL ? flow->source_text : "(no address)");
	block = mq_address_neighbourhood(&flow->source);
	return mq_block_to_text(&block);
}

static MqSender *
sender_of(MqSenders *senders, const MqFlow *flow)
{
	g_autofree char *key = mq_identify(flow);
	MqSender *sender = g_hash_table_lookup(senders->by_key, key);

	if (sender != NULL)
		return sender;
	sender = sender_new(key);
	g_ptr_array_add(senders->list, sender);
	g_hash_table_insert(senders->by_key, sender->key, sender);
	return sender;
}

static MqSenderDomain *
domain_of(MqSender *sender, const char *name)
{
	MqSenderDomain *domain;

	for (guint i = 0; i < sender->domains->len; i++) {
		domain = g_ptr_array_index(sender->domains, i);
		if (strcmp(domain->domain, name) == 0)
			return domain;
	}
	if (sender->domains->len >= MQ_SENDER_DOMAINS)
		return NULL;
	domain = g_new0(MqSenderDomain, 1);
	domain->domain = g_strdup(name);
	g_ptr_array_add(sender->domains, domain);
	return domain;
}

static void
add_domains(MqSender *sender, const MqFlow *flow)
{
	MqSenderDomain *domain;

	for (guint i = 0; i < flow->n_auth_dkim; i++) {
		const MqDkimResult *dkim = &flow->auth_dkim[i];

		if (dkim->result == MQ_RESULT_PASS && dkim->domain != NULL
		    && (domain = domain_of(sender, dkim->domain)) != NULL)
			domain->dkim_messages += flow->messages;
	}
	for (guint i = 0; i < flow->n_auth_spf; i++) {
		const MqSpfResult *spf = &flow->auth_spf[i];

		if (spf->result == MQ_RESULT_PASS && spf->domain != NULL
		    && (domain = domain_of(sender, spf->domain)) != NULL)
			domain->spf_messages += flow->messages;
	}
}

/* The place of @number in the ascending @numbers, or where it belongs. */
static guint
place_in(const GArray *numbers, guint number)
{
	guint low = 0;
	guint high = numbers->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(numbers, guint, middle) < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
add_reporter(MqSenders *senders, MqSender *sender, const char *reporter)
{
	const char *name = reporter != NULL ? reporter : "";
	guint number = GPOINTER_TO_UINT(g_hash_table_lookup(senders->reporters, name));
	guint place;

	if (number == 0) { /* numbers start at 1 */
		number = g_hash_table_size(senders->reporters) + 1;
		g_hash_table_insert(senders->reporters, g_strdup(name), GUINT_TO_POINTER(number));
	}
	place = place_in(sender->reporters, number);
	if (place == sender->reporters->len || g_array_index(sender->reporters, guint, place) != number)
		g_array_insert_val(sender->reporters, place, number);
	sender->totals.reporters = sender->reporters->len;
}

static void
add_day(MqSender *sender, const MqFlow *flow, gint64 passed)
{
	guint i = sender->days->len;

	while (i > 0 && g_array_index(sender->days, MqSenderDay, i - 1).day_s > flow->day_s)
		i--;
	if (i == 0 || g_array_index(sender->days, MqSenderDay, i - 1).day_s != flow->day_s) {
		MqSenderDay day = { .day_s = flow->day_s };

		g_array_insert_val(sender->days, i, day);
		i++;
	}
	g_array_index(sender->days, MqSenderDay, i - 1).messages += flow->messages;
	g_array_index(sender->days, MqSenderDay, i - 1).dmarc_pass += passed;
}

void
mq_senders_add(MqSenders *senders, const MqFlow *flow)
{
	MqSender *sender = sender_of(senders, flow);
	MqTotals *totals = &sender->totals;
	gboolean spf = flow->spf == MQ_RESULT_PASS;
	gboolean dkim = flow->dkim == MQ_RESULT_PASS;
	gint64 passed = spf || dkim ? flow->messages : 0;

	totals->messages += flow->messages;
	totals->dmarc_pass += passed;
	totals->spf_aligned += spf ? flow->messages : 0;
	totals->dkim_aligned += dkim ? flow->messages : 0;
	totals->quarantined += flow->disposition == MQ_DISPOSITION_QUARANTINE ? flow->messages : 0;
	totals->rejected += flow->disposition == MQ_DISPOSITION_REJECT ? flow->messages : 0;
	if (totals->sources == 0 || mq_address_compare(&sender->last_source, &flow->source) != 0)
		totals->sources++;
	sender->last_source = flow->source;
	totals->first_s = MIN(totals->first_s, flow->day_s);
	totals->last_s = MAX(totals->last_s, flow->day_s + MQ_DAY_S - 1);
	add_domains(sender, flow);
	add_reporter(senders, sender, flow->reporter);
	add_day(sender, flow, passed);
}

static int
compare_domains(gconstpointer left, gconstpointer right)
{
	const MqSenderDomain *a = *(const MqSenderDomain *const *)left;
	const MqSenderDomain *b = *(const MqSenderDomain *const *)right;
	gint64 a_messages = MAX(a->dkim_messages, a->spf_messages);
	gint64 b_messages = MAX(b->dkim_messages, b->spf_messages);

	if (a_messages != b_messages)
		return a_messages > b_messages ? -1 : 1;
	return strcmp(a->domain, b->domain);
}

static int
compare_senders(gconstpointer left, gconstpointer right)
{
	const MqSender *a = *(const MqSender *const *)left;
	const MqSender *b = *(const MqSender *const *)right;

	if (a->totals.messages != b->totals.messages)
		return a->totals.messages > b->totals.messages ? -1 : 1;
	return strcmp(a->key, b->key);
}

const GPtrArray *
mq_senders_list(MqSenders *senders)
{
	for (guint i = 0; i < senders->list->len; i++) {
		MqSender *sender = g_ptr_array_index(senders->list, i);

		g_ptr_array_sort(sender->domains, compare_domains);
	}
	g_ptr_array_sort(senders->list, compare_senders);
	return senders->list;
}

const MqSender *
mq_senders_find(const MqSenders *senders, const char *key)
{
	return g_hash_table_lookup(senders->by_key, key);
}

GPtrArray *
mq_sender_evidence(const MqSender *sender)
{
	GPtrArray *evidence = g_ptr_array_new_with_free_func(g_free);
	const MqTotals *totals = &sender->totals;

	for (guint i = 0; i < sender->domains->len; i++) {
		const MqSenderDomain *domain = g_ptr_array_index(sender->domains, i);

		if (domain->dkim_messages > 0)
			g_ptr_array_add(evidence, g_strdup_printf("signs as %s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
			                                          " messages verify",
			                                          domain->domain, domain->dkim_messages,
			                                          totals->messages));
		if (domain->spf_messages > 0)
			g_ptr_array_add(evidence, g_strdup_printf("SPF of %s passes for %" G_GINT64_FORMAT
			                                          " of %" G_GINT64_FORMAT " messages",
			                                          domain->domain, domain->spf_messages,
			                                          totals->messages));
	}
	if (sender->domains->len == 0)
		g_ptr_array_add(evidence, g_strdup("no signature verifies and SPF passes for no domain"));
	return evidence;
}
