#include "analyze/answers.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/when.h"

#define NAME_BYTES      253 /* RFC 1035 section 2.3.4, without the final dot */
#define LABEL_BYTES     63
#define NEGATIVE_TTL_S  300 /* RFC 2308 section 5 suggests one to three hours at most; a person waits */
#define WAIT_ANSWER_US  20000 /* ten thousand sources take their time */
#define ANSWER_OVERHEAD 200 /* what an answer costs beside its text, roughly */

#define ASK_WORD(name, word) [MQ_ASK_##name] = word,
static const char *const ask_words[MQ_ASK_N] = { MQ_ASKS(ASK_WORD) };

static const char *const outcome_words[] = {
	[MQ_ANSWER_FOUND] = "found",
	[MQ_ANSWER_NO_NAME] = "no-name",
	[MQ_ANSWER_NO_DATA] = "no-data",
	[MQ_ANSWER_UNKNOWN] = "unknown",
};

/* A question that is asked for, or was until it was answered. */
typedef struct {
	MqQuestion question;
	gboolean answered;
} Want;

struct MqAnswers {
	GHashTable *by_question; /* "TXT name" -> MqAnswer * */
	GPtrArray *in_order;     /* MqAnswer *, which it owns */
	GHashTable *wanted_keys; /* key -> Want *, of what is still wanted */
	GPtrArray *wanted;       /* Want *, in order; those answered meanwhile stay until it is swept */
	gsize n_bytes;
	gint64 waited_us;
	gint64 wait_most_us; /* 0: no limit but ours */
};

const char *
mq_ask_word(MqAsk ask)
{
	return ask_words[ask];
}

gboolean
mq_ask_parse(const char *word, MqAsk *ask)
{
	for (guint i = 0; i < MQ_ASK_N; i++) {
		if (strcmp(ask_words[i], word) != 0)
			continue;
		*ask = (MqAsk)i;
		return TRUE;
	}
	return FALSE;
}

const char *
mq_outcome_word(MqOutcome outcome)
{
	return outcome_words[outcome];
}

gboolean
mq_outcome_parse(const char *word, MqOutcome *outcome)
{
	for (guint i = 0; i < G_N_ELEMENTS(outcome_words); i++) {
		if (strcmp(outcome_words[i], word) != 0)
			continue;
		*outcome = (MqOutcome)i;
		return TRUE;
	}
	return FALSE;
}

/* ------------------------------------------------------------------ records */

void
mq_dns_record_free(MqDnsRecord *record)
{
	if (record == NULL)
		return;
	g_free(record->text);
	g_free(record->host);
	g_free(record->tag);
	g_free(record->value);
	g_free(record);
}

/* Lower case, no final dot except that the root keeps its own. */
static char *
canonical_name(const char *name)
{
	gsize n = strlen(name);

	if (n > 1 && name[n - 1] == '.' && name[n - 2] != '\\')
		n--;
	return g_ascii_strdown(name, (gssize)n);
}

static gboolean
parse_number(const char *text, guint max, guint *out)
{
	guint64 number;

	/* nobody wants the error: the text is no record, that is all */
	if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL))
		return FALSE;
	*out = (guint)number;
	return TRUE;
}

static gboolean
read_address(MqDnsRecord *record, MqAsk ask, const char *text)
{
	if (!mq_address_parse(text, &record->address))
		return FALSE;
	/* an IPv4-mapped AAAA is what its owner published, and matches nothing of IPv6 */
	if (ask == MQ_ASK_A && record->address.n_bytes != 4)
		return FALSE;
	record->text = mq_address_to_text(&record->address);
	return TRUE;
}

static gboolean
read_mx(MqDnsRecord *record, MqAsk ask G_GNUC_UNUSED, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 2);
	guint preference;

	if (g_strv_length(words) != 2 || *words[1] == '\0' || !parse_number(words[0], G_MAXUINT16, &preference))
		return FALSE;
	record->preference = (guint16)preference;
	record->host = canonical_name(words[1]);
	record->text = g_strdup_printf("%u %s", preference, record->host);
	return TRUE;
}

static gboolean
read_host(MqDnsRecord *record, MqAsk ask G_GNUC_UNUSED, const char *text)
{
	if (*text == '\0')
		return FALSE;
	record->host = canonical_name(text);
	record->text = g_strdup(record->host);
	return TRUE;
}

static gboolean
read_text(MqDnsRecord *record, MqAsk ask G_GNUC_UNUSED, const char *text)
{
	record->text = g_utf8_make_valid(text, -1);
	return TRUE;
}

static gboolean
read_caa(MqDnsRecord *record, MqAsk ask G_GNUC_UNUSED, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 3);
	guint flags;
	gsize n;

	if (g_strv_length(words) != 3 || !parse_number(words[0], G_MAXUINT8, &flags) || *words[1] == '\0')
		return FALSE;
	n = strlen(words[2]);
	if (n < 2 || words[2][0] != '"' || words[2][n - 1] != '"')
		return FALSE;
	record->flags = (guint8)flags;
	record->tag = g_ascii_strdown(words[1], -1);
	record->value = g_strndup(words[2] + 1, n - 2);
	record->text = g_strdup_printf("%u %s \"%s\"", flags, record->tag, record->value);
	return TRUE;
}

static gboolean
read_tlsa(MqDnsRecord *record, MqAsk ask G_GNUC_UNUSED, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 4);
	guint usage, selector, matching;

	if (g_strv_length(words) != 4 || !parse_number(words[0], G_MAXUINT8, &usage)
	    || !parse_number(words[1], G_MAXUINT8, &selector) || !parse_number(words[2], G_MAXUINT8, &matching)
	    || words[3][strspn(words[3], "0123456789abcdefABCDEF")] != '\0')
		return FALSE;
	record->usage = (guint8)usage;
	record->selector = (guint8)selector;
	record->matching = (guint8)matching;
	record->value = g_ascii_strdown(words[3], -1);
	record->text = g_strdup_printf("%u %u %u %s", usage, selector, matching, record->value);
	return TRUE;
}

static gboolean
read_soa(MqDnsRecord *record, MqAsk ask G_GNUC_UNUSED, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 8);
	guint number;

	if (g_strv_length(words) != 7 || *words[0] == '\0')
		return FALSE;
	for (guint i = 2; i < 7; i++)
		if (!parse_number(words[i], G_MAXUINT32, &number))
			return FALSE;
	record->host = canonical_name(words[0]);
	record->text = g_strdup(text);
	return TRUE;
}

static gboolean (*const read_record[MQ_ASK_N])(MqDnsRecord *record, MqAsk ask, const char *text) = {
	[MQ_ASK_A] = read_address, [MQ_ASK_AAAA] = read_address, [MQ_ASK_MX] = read_mx,
	[MQ_ASK_TXT] = read_text,  [MQ_ASK_PTR] = read_host,     [MQ_ASK_CNAME] = read_host,
	[MQ_ASK_CAA] = read_caa,   [MQ_ASK_TLSA] = read_tlsa,    [MQ_ASK_NS] = read_host,
	[MQ_ASK_SOA] = read_soa,   [MQ_ASK_STS_POLICY] = read_text, [MQ_ASK_PROBE] = read_text,
};

MqDnsRecord *
mq_dns_record_parse(MqAsk ask, const char *text)
{
	g_autoptr(MqDnsRecord) record = g_new0(MqDnsRecord, 1);

	return read_record[ask](record, ask, text) ? g_steal_pointer(&record) : NULL;
}

/* ------------------------------------------------------------------ answers */

MqAnswer *
mq_answer_new(MqAsk ask, const char *name, MqOutcome outcome, const char *why)
{
	MqAnswer *answer = g_new0(MqAnswer, 1);

	answer->ask = ask;
	answer->name = canonical_name(name);
	answer->outcome = outcome;
	answer->why = g_strdup(why);
	answer->records = g_ptr_array_new_with_free_func((GDestroyNotify)mq_dns_record_free);
	answer->aliases = g_ptr_array_new_with_free_func(g_free);
	answer->asked_s = MQ_TIME_ABSENT;
	return answer;
}

MqAnswer *
mq_answer_copy(const MqAnswer *answer)
{
	MqAnswer *copy = mq_answer_new(answer->ask, answer->name, answer->outcome, answer->why);

	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);
		MqDnsRecord *twin = g_memdup2(record, sizeof(*record));

		twin->text = g_strdup(record->text);
		twin->host = g_strdup(record->host);
		twin->tag = g_strdup(record->tag);
		twin->value = g_strdup(record->value);
		g_ptr_array_add(copy->records, twin);
	}
	for (guint i = 0; i < answer->aliases->len; i++)
		g_ptr_array_add(copy->aliases, g_strdup(g_ptr_array_index(answer->aliases, i)));
	copy->ttl_s = answer->ttl_s;
	copy->asked_s = answer->asked_s;
	return copy;
}

void
mq_answer_free(MqAnswer *answer)
{
	if (answer == NULL)
		return;
	g_free(answer->name);
	g_free(answer->why);
	g_ptr_array_unref(answer->records);
	g_ptr_array_unref(answer->aliases);
	g_free(answer);
}

static void
want_free(gpointer data)
{
	Want *want = data;

	g_free(want->question.name);
	g_free(want);
}

static char *
question_key(MqAsk ask, const char *name)
{
	g_autofree char *canonical = canonical_name(name);

	return g_strconcat(ask_words[ask], " ", canonical, NULL);
}

MqAnswers *
mq_answers_new(void)
{
	MqAnswers *answers = g_new0(MqAnswers, 1);

	answers->by_question = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	answers->in_order = g_ptr_array_new_with_free_func((GDestroyNotify)mq_answer_free);
	answers->wanted_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	answers->wanted = g_ptr_array_new_with_free_func(want_free);
	return answers;
}

void
mq_answers_free(MqAnswers *answers)
{
	if (answers == NULL)
		return;
	g_hash_table_unref(answers->by_question);
	g_ptr_array_unref(answers->in_order);
	g_hash_table_unref(answers->wanted_keys);
	g_ptr_array_unref(answers->wanted);
	g_free(answers);
}

gboolean
mq_answers_is_name(const char *name)
{
	gsize n = strlen(name);
	gsize label = 0;

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n == 0 || n > NAME_BYTES)
		return g_str_equal(name, "."); /* the root has a name too */
	for (gsize i = 0; i < n; i++) {
		guint8 byte = (guint8)name[i];

		if (byte == '.') {
			if (label == 0)
				return FALSE;
			label = 0;
		} else if (byte < 0x20 || byte == 0x7F || ++label > LABEL_BYTES) {
			return FALSE;
		}
	}
	return label > 0;
}

static gsize
answer_bytes(const MqAnswer *answer)
{
	gsize n = ANSWER_OVERHEAD + strlen(answer->name);

	for (guint i = 0; i < answer->records->len; i++) {
		const MqDnsRecord *record = g_ptr_array_index(answer->records, i);

		/* the text, once more in host or value, and the struct */
		n += 2 * strlen(record->text) + sizeof(*record);
	}
	return n;
}

static void
drop_records(MqAnswer *answer, const char *why)
{
	g_ptr_array_set_size(answer->records, 0);
	answer->outcome = MQ_ANSWER_UNKNOWN;
	g_free(answer->why);
	answer->why = g_strdup(why);
}

/* MX by preference, and all in an order that servers do not turn: what is said of them, and whether
 * anything changed, depends on no chance. */
static int
compare_records(gconstpointer a, gconstpointer b)
{
	const MqDnsRecord *left = *(const MqDnsRecord *const *)a;
	const MqDnsRecord *right = *(const MqDnsRecord *const *)b;

	if (left->preference != right->preference)
		return left->preference < right->preference ? -1 : 1;
	return strcmp(left->text, right->text);
}

/* Forgets which questions were answered, and frees them. */
static void
sweep_wanted(MqAnswers *answers)
{
	GPtrArray *left = g_ptr_array_new_with_free_func(want_free);

	for (guint i = 0; i < answers->wanted->len; i++) {
		Want *want = g_ptr_array_index(answers->wanted, i);

		if (want->answered)
			want_free(want);
		else
			g_ptr_array_add(left, want);
	}
	g_ptr_array_set_free_func(answers->wanted, NULL);
	g_ptr_array_unref(answers->wanted);
	answers->wanted = left;
}

void
mq_answers_put(MqAnswers *answers, MqAnswer *answer)
{
	g_autofree char *key = question_key(answer->ask, answer->name);
	Want *want = g_hash_table_lookup(answers->wanted_keys, key);

	if (want != NULL)
		want->answered = TRUE;
	g_hash_table_remove(answers->wanted_keys, key);
	if (g_hash_table_contains(answers->by_question, key)) {
		mq_answer_free(answer);
		return;
	}
	g_ptr_array_sort(answer->records, compare_records);
	if (answers->n_bytes + answer_bytes(answer) > MQ_LIMIT_DNS_BYTES)
		drop_records(answer, "the answers for this domain are too large together");
	answers->n_bytes += answer_bytes(answer);
	g_ptr_array_add(answers->in_order, answer);
	g_hash_table_insert(answers->by_question, g_steal_pointer(&key), answer);
}

const MqAnswer *
mq_answers_peek(const MqAnswers *answers, MqAsk ask, const char *name)
{
	g_autofree char *key = question_key(ask, name);

	return g_hash_table_lookup(answers->by_question, key);
}

static void
add_want(MqAnswers *answers, MqAsk ask, const char *name)
{
	g_autofree char *key = question_key(ask, name);
	Want *want;

	if (g_hash_table_contains(answers->wanted_keys, key))
		return;
	if (answers->wanted->len > 2 * g_hash_table_size(answers->wanted_keys) + 64)
		sweep_wanted(answers);
	want = g_new0(Want, 1);
	want->question.ask = ask;
	want->question.name = canonical_name(name);
	g_ptr_array_add(answers->wanted, want);
	g_hash_table_insert(answers->wanted_keys, g_steal_pointer(&key), want);
}

void
mq_answers_limit_wait(MqAnswers *answers, gint64 most_us)
{
	answers->wait_most_us = most_us;
}

void
mq_answers_add_wait(MqAnswers *answers, gint64 waited_us)
{
	answers->waited_us += waited_us;
}

gint64
mq_answers_wait_left(const MqAnswers *answers)
{
	guint n = answers->in_order->len + g_hash_table_size(answers->wanted_keys);

	gint64 most_us = MQ_LIMIT_DNS_WAIT_S * G_USEC_PER_SEC + (gint64)n * WAIT_ANSWER_US;

	if (answers->wait_most_us > 0)
		most_us = MIN(most_us, answers->wait_most_us);
	return most_us - answers->waited_us;
}

/* Why this is not asked, or not waited for any longer; NULL: it may be. */
static const char *
is_over(const MqAnswers *answers, MqAsk ask, const char *name)
{
	g_autofree char *key = question_key(ask, name);

	if (mq_answers_wait_left(answers) < 0)
		return "DNS took too long for this domain, not asked";
	if (answers->in_order->len + g_hash_table_size(answers->wanted_keys) < MQ_LIMIT_DNS_RUN
	    || g_hash_table_contains(answers->wanted_keys, key))
		return NULL;
	return "too many questions for one domain, not asked";
}

const MqAnswer *
mq_answers_get(MqAnswers *answers, MqAsk ask, const char *name)
{
	const MqAnswer *answer = mq_answers_peek(answers, ask, name);
	const char *why;

	if (answer != NULL)
		return answer;
	if ((MQ_ASK_BIT(ask) & MQ_ASK_DNS) != 0 && !mq_answers_is_name(name)) {
		mq_answers_put(answers, mq_answer_new(ask, name, MQ_ANSWER_NO_NAME, "DNS can have no such name"));
		return mq_answers_peek(answers, ask, name);
	}
	why = is_over(answers, ask, name);
	if (why != NULL) {
		mq_answers_put(answers, mq_answer_new(ask, name, MQ_ANSWER_UNKNOWN, why));
		return mq_answers_peek(answers, ask, name);
	}
	add_want(answers, ask, name);
	return NULL;
}

static gboolean
is_wanted(const Want *want, guint kinds)
{
	return !want->answered && (MQ_ASK_BIT(want->question.ask) & kinds) != 0;
}

GPtrArray *
mq_answers_wanted(const MqAnswers *answers, guint kinds)
{
	GPtrArray *questions = g_ptr_array_new();

	for (guint i = 0; i < answers->wanted->len; i++) {
		Want *want = g_ptr_array_index(answers->wanted, i);

		if (is_wanted(want, kinds))
			g_ptr_array_add(questions, &want->question);
	}
	return questions;
}

gboolean
mq_answers_want(const MqAnswers *answers, guint kinds)
{
	for (guint i = 0; i < answers->wanted->len; i++)
		if (is_wanted(g_ptr_array_index(answers->wanted, i), kinds))
			return TRUE;
	return FALSE;
}

void
mq_answers_give_up(MqAnswers *answers, guint kinds, const char *why)
{
	g_autoptr(GPtrArray) questions = mq_answers_wanted(answers, kinds);

	for (guint i = 0; i < questions->len; i++) {
		const MqQuestion *question = g_ptr_array_index(questions, i);

		mq_answers_put(answers, mq_answer_new(question->ask, question->name, MQ_ANSWER_UNKNOWN, why));
	}
}

void
mq_answers_put_texts(MqAnswers *answers, MqAsk ask, const char *name, const char *const *texts)
{
	g_autoptr(MqAnswer) answer = mq_answer_new(ask, name, MQ_ANSWER_NO_DATA, NULL);

	for (gsize i = 0; texts != NULL && texts[i] != NULL; i++) {
		MqDnsRecord *record = mq_dns_record_parse(ask, texts[i]);

		if (record == NULL) {
			drop_records(answer, "it holds what is no record of its type");
			break;
		}
		answer->outcome = MQ_ANSWER_FOUND;
		g_ptr_array_add(answer->records, record);
	}
	mq_answers_put(answers, g_steal_pointer(&answer));
}

void
mq_answers_expire(MqAnswers *answers, gint64 now_s)
{
	guint kept = 0;

	for (guint i = 0; i < answers->in_order->len; i++) {
		MqAnswer *answer = g_ptr_array_index(answers->in_order, i);
		gint64 ttl_s = answer->outcome == MQ_ANSWER_FOUND ? answer->ttl_s : NEGATIVE_TTL_S;
		g_autofree char *key = NULL;

		if (answer->asked_s == MQ_TIME_ABSENT || now_s - answer->asked_s < ttl_s) {
			g_ptr_array_index(answers->in_order, kept++) = answer;
			continue;
		}
		key = question_key(answer->ask, answer->name);
		g_hash_table_remove(answers->by_question, key);
		answers->n_bytes -= answer_bytes(answer);
		mq_answer_free(answer);
	}
	/* the tail was freed or moved up: its free function must not see it */
	g_ptr_array_set_free_func(answers->in_order, NULL);
	g_ptr_array_set_size(answers->in_order, (int)kept);
	g_ptr_array_set_free_func(answers->in_order, (GDestroyNotify)mq_answer_free);
}

GPtrArray *
mq_answers_list(const MqAnswers *answers)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < answers->in_order->len; i++)
		g_ptr_array_add(list, g_ptr_array_index(answers->in_order, i));
	return list;
}
