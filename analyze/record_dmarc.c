#include "analyze/record_dmarc.h"

#include <string.h>

#include "ingest/domain.h"
#include "ingest/text.h"

static void G_GNUC_PRINTF(2, 3)
odd(MqDmarcRecord *record, const char *format, ...)
{
	g_autofree char *phrase = NULL;
	va_list args;

	va_start(args, format);
	phrase = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(record->oddities, mq_text_visible(phrase));
}

void
mq_report_uri_free(MqReportUri *uri)
{
	if (uri == NULL)
		return;
	g_free(uri->text);
	g_free(uri->host);
	g_free(uri->address);
	g_free(uri->size);
	g_free(uri->problem);
	g_free(uri);
}

/* "!10m" at the end goes to uri->size. */
static void
take_size(MqReportUri *uri)
{
	char *mark = strrchr(uri->text, '!');
	gsize digits;

	if (mark == NULL)
		return;
	digits = strspn(mark + 1, "0123456789");
	if (digits == 0 || (mark[1 + digits] != '\0' && (strchr("kmgtKMGT", mark[1 + digits]) == NULL || mark[2 + digits] != '\0')))
		return;
	uri->size = g_strdup(mark + 1);
	*mark = '\0';
	g_strchomp(uri->text);
}

static void
read_mailto(MqReportUri *uri, const char *rest)
{
	g_autofree char *bare = g_strndup(rest, strcspn(rest, "?"));
	g_autofree char *address = g_uri_unescape_string(bare, NULL);
	const char *at = address != NULL ? strrchr(address, '@') : NULL;
	gboolean valid = FALSE;
	g_autofree char *host = at != NULL ? mq_domain_normalize(at + 1, &valid) : NULL;

	if (!valid || at == address || !mq_text_is_visible(address) || strpbrk(address, " <>") != NULL) {
		uri->problem = g_strdup("no mail address after 'mailto:'");
		return;
	}
	uri->address = g_steal_pointer(&address);
	uri->host = g_steal_pointer(&host);
}

static void
read_other_scheme(MqReportUri *uri)
{
	g_autoptr(GUri) parsed = g_uri_parse(uri->text, G_URI_FLAGS_NONE, NULL); /* its words are no help */
	gboolean valid = FALSE;
	g_autofree char *host = NULL;

	if (parsed == NULL || g_uri_get_host(parsed) == NULL) {
		uri->problem = g_strdup(strchr(uri->text, '@') != NULL && strchr(uri->text, ':') == NULL
		                        ? "'mailto:' is missing before the address"
		                        : "no URI of a known kind");
		return;
	}
	host = mq_domain_normalize(g_uri_get_host(parsed), &valid);
	if (valid)
		uri->host = g_steal_pointer(&host);
	else
		uri->problem = g_strdup("the URI has no usable host");
}

static MqReportUri *
report_uri_parse(const char *text)
{
	MqReportUri *uri = g_new0(MqReportUri, 1);

	uri->text = g_strstrip(g_strdup(text));
	take_size(uri);
	if (g_ascii_strncasecmp(uri->text, "mailto:", 7) == 0)
		read_mailto(uri, uri->text + 7);
	else
		read_other_scheme(uri);
	return uri;
}

static void
read_uris(MqDmarcRecord *record, const char *tag, const char *value, GPtrArray *out)
{
	g_auto(GStrv) items = g_strsplit(value, ",", MQ_DMARC_URIS_MAX + 1);

	for (guint i = 0; items[i] != NULL; i++) {
		MqReportUri *uri;

		if (i == MQ_DMARC_URIS_MAX) {
			odd(record, "%s names more than %d destinations; the rest is not looked at", tag, MQ_DMARC_URIS_MAX);
			return;
		}
		uri = report_uri_parse(items[i]);
		if (uri->problem != NULL)
			odd(record, "%s: '%s' is ignored: %s", tag, uri->text, uri->problem);
		if (uri->size != NULL && !g_ptr_array_find_with_equal_func(record->obsolete, "!", g_str_equal, NULL))
			g_ptr_array_add(record->obsolete, (gpointer)"!");
		g_ptr_array_add(out, uri);
	}
}

gboolean
mq_report_uris_usable(const GPtrArray *uris)
{
	for (guint i = 0; i < uris->len; i++)
		if (((const MqReportUri *)g_ptr_array_index(uris, i))->problem == NULL)
			return TRUE;
	return FALSE;
}

/* ------------------------------------------------------------------- the tags */

/* Which of @words, in any case, @value is; -1: none. */
static int
find_word(const char *value, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (g_ascii_strcasecmp(value, words[i]) == 0)
			return i;
	return -1;
}

static gboolean
read_policy(const char *value, MqPolicy *out)
{
	static const char *const words[] = { "none", "quarantine", "reject", NULL };
	int found = find_word(value, words);

	*out = found >= 0 ? (MqPolicy)(MQ_POLICY_NONE + found) : MQ_POLICY_OTHER;
	return found >= 0;
}

static gboolean
set_p(MqDmarcRecord *record, const char *value)
{
	return read_policy(value, &record->p);
}

static gboolean
set_sp(MqDmarcRecord *record, const char *value)
{
	return read_policy(value, &record->sp);
}

static gboolean
set_np(MqDmarcRecord *record, const char *value)
{
	return read_policy(value, &record->np);
}

static gboolean
read_mode(const char *value, MqAlignmentMode *out)
{
	static const char *const words[] = { "r", "s", NULL };
	int found = find_word(value, words);

	if (found >= 0)
		*out = found == 0 ? MQ_MODE_RELAXED : MQ_MODE_STRICT;
	return found >= 0;
}

static gboolean
set_adkim(MqDmarcRecord *record, const char *value)
{
	return read_mode(value, &record->adkim);
}

static gboolean
set_aspf(MqDmarcRecord *record, const char *value)
{
	return read_mode(value, &record->aspf);
}

static gboolean
set_t(MqDmarcRecord *record, const char *value)
{
	static const char *const words[] = { "n", "y", NULL };
	int found = find_word(value, words);

	if (found >= 0)
		record->t = found == 0 ? MQ_YES_NO : MQ_YES_YES;
	return found >= 0;
}

static gboolean
set_psd(MqDmarcRecord *record, const char *value)
{
	static const char *const words[] = { "n", "y", "u", NULL }; /* in the order of MqPsd */
	int found = find_word(value, words);

	if (found >= 0)
		record->psd = (MqPsd)(MQ_PSD_NO + found);
	return found >= 0;
}

static gboolean
set_rua(MqDmarcRecord *record, const char *value)
{
	record->has_rua = TRUE;
	read_uris(record, "rua", value, record->rua);
	return TRUE;
}

static gboolean
set_ruf(MqDmarcRecord *record, const char *value)
{
	record->has_ruf = TRUE;
	read_uris(record, "ruf", value, record->ruf);
	return TRUE;
}

/* Colon list of 0, 1, d, s. */
static gboolean
set_fo(MqDmarcRecord *record, const char *value)
{
	g_auto(GStrv) items = g_strsplit(value, ":", 8);

	for (guint i = 0; items[i] != NULL; i++) {
		g_strstrip(items[i]);
		if (items[i][0] == '\0' || items[i][1] != '\0' || strchr("01dsDS", items[i][0]) == NULL)
			return FALSE;
	}
	record->fo = value;
	return items[0] != NULL;
}

static gboolean
set_pct(MqDmarcRecord *record, const char *value)
{
	guint64 n;

	if (!g_ascii_string_to_unsigned(value, 10, 0, 100, &n, NULL)) /* any bad number is the same oddity */
		return FALSE;
	record->pct = (gint)n;
	return TRUE;
}

static gboolean
set_nothing(MqDmarcRecord *record, const char *value)
{
	(void)record;
	return *value != '\0';
}

static const struct tag {
	const char *name;
	gboolean (*set)(MqDmarcRecord *record, const char *value);
	gboolean obsolete; /* RFC 9989 made it historic */
} known[] = {
	{ "v", set_nothing, FALSE }, { "p", set_p, FALSE },         { "sp", set_sp, FALSE },
	{ "np", set_np, FALSE },     { "adkim", set_adkim, FALSE }, { "aspf", set_aspf, FALSE },
	{ "rua", set_rua, FALSE },   { "ruf", set_ruf, FALSE },     { "fo", set_fo, FALSE },
	{ "psd", set_psd, FALSE },   { "t", set_t, FALSE },         { "pct", set_pct, TRUE },
	{ "rf", set_nothing, TRUE }, { "ri", set_nothing, TRUE },
};

static const struct tag *
find_known(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		if (g_ascii_strcasecmp(known[i].name, name) == 0)
			return &known[i];
	return NULL;
}

/* @seen has a bit for each known tag that was read. */
static void
read_tag(MqDmarcRecord *record, const MqTag *tag, guint *seen)
{
	const struct tag *row = find_known(tag->name);
	guint bit = row != NULL ? 1u << (row - known) : 0;

	if (row == NULL) {
		odd(record, "unknown tag '%s'", tag->name);
		return;
	}
	if (*seen & bit) {
		odd(record, "'%s' occurs twice; the first one counts", row->name);
		return;
	}
	*seen |= bit;
	if (strcmp(tag->name, row->name) != 0)
		odd(record, "'%s' is written '%s'; not every receiver accepts that", row->name, tag->name);
	if (row->obsolete)
		g_ptr_array_add(record->obsolete, (gpointer)row->name);
	if (!row->set(record, tag->value)) {
		record->bad_values |= bit;
		odd(record, "'%s' is no value for %s", tag->value, row->name);
	}
}

static void
note_shape(MqDmarcRecord *record)
{
	const MqTags *tags = record->tags;

	for (guint i = 0; i < tags->broken->len; i++)
		odd(record, "'%s' is no tag=value", (const char *)g_ptr_array_index(tags->broken, i));
	if (tags->cut)
		odd(record, "more than %d tags; the rest is not looked at", MQ_TAGS_MAX);
}

MqDmarcRecord *
mq_dmarc_record_parse(const char *text)
{
	g_autoptr(MqTags) tags = mq_tags_parse(text);
	MqDmarcRecord *record;
	guint seen = 0;

	if (!mq_tags_begin_with(tags, "v", "DMARC1") && !mq_tags_begin_with(tags, "V", "DMARC1"))
		return NULL;
	record = g_new0(MqDmarcRecord, 1);
	record->text = g_strdup(text);
	record->tags = g_steal_pointer(&tags);
	record->pct = -1;
	record->rua = g_ptr_array_new_with_free_func((GDestroyNotify)mq_report_uri_free);
	record->ruf = g_ptr_array_new_with_free_func((GDestroyNotify)mq_report_uri_free);
	record->oddities = g_ptr_array_new_with_free_func(g_free);
	record->obsolete = g_ptr_array_new();
	for (guint i = 0; i < record->tags->tags->len; i++)
		read_tag(record, &g_array_index(record->tags->tags, MqTag, i), &seen);
	note_shape(record);
	return record;
}

void
mq_dmarc_record_free(MqDmarcRecord *record)
{
	if (record == NULL)
		return;
	g_free(record->text);
	mq_tags_free(record->tags);
	g_ptr_array_unref(record->rua);
	g_ptr_array_unref(record->ruf);
	g_ptr_array_unref(record->oddities);
	g_ptr_array_unref(record->obsolete);
	g_free(record);
}

/* -------------------------------------------------------------- what it asks for */

MqPolicy
mq_dmarc_record_policy(const MqDmarcRecord *record, MqDmarcWhom whom)
{
	MqPolicy policy = record->p;

	if (whom == MQ_DMARC_ELSEWHERE)
		return MQ_POLICY_ABSENT;
	if (record->p == MQ_POLICY_ABSENT || record->p == MQ_POLICY_OTHER || record->sp == MQ_POLICY_OTHER
	    || record->np == MQ_POLICY_OTHER)
		return mq_report_uris_usable(record->rua) ? MQ_POLICY_NONE : MQ_POLICY_ABSENT;
	if (whom != MQ_DMARC_SELF && record->sp != MQ_POLICY_ABSENT)
		policy = record->sp;
	if (whom == MQ_DMARC_NONEXISTENT && record->np != MQ_POLICY_ABSENT)
		policy = record->np;
	return policy;
}

MqPolicy
mq_dmarc_record_treatment(const MqDmarcRecord *record, MqDmarcWhom whom)
{
	MqPolicy policy = mq_dmarc_record_policy(record, whom);

	if (record->t == MQ_YES_YES && (policy == MQ_POLICY_QUARANTINE || policy == MQ_POLICY_REJECT))
		return (MqPolicy)(policy - 1);
	return policy;
}

gboolean
mq_dmarc_record_strict_dkim(const MqDmarcRecord *record)
{
	return record->adkim == MQ_MODE_STRICT;
}

gboolean
mq_dmarc_record_strict_spf(const MqDmarcRecord *record)
{
	return record->aspf == MQ_MODE_STRICT;
}

/* ------------------------------------------------------------- the record to publish */

static const MqDmarcChange *
find_change(const MqDmarcChange *changes, gsize n, const char *name)
{
	for (gsize i = 0; i < n; i++)
		if (g_ascii_strcasecmp(changes[i].name, name) == 0)
			return &changes[i];
	return NULL;
}

/* The owner's value of a tag, if it may stand in a record that we propose: RFC 9989 4.8's grammar. */
static const char *
kept_value(const MqDmarcRecord *old, const MqTag *tag)
{
	const struct tag *row = find_known(tag->name);

	for (const char *p = tag->name; *p != '\0'; p++)
		if (!g_ascii_isalpha(*p))
			return NULL;
	for (const char *p = tag->value; *p != '\0'; p++)
		if (!g_ascii_isprint(*p))
			return NULL;
	if (*tag->value == '\0' || (row != NULL && (row->obsolete || old->bad_values & (1u << (row - known)))))
		return NULL;
	return tag->value;
}

/* What the owner's URIs should have been: sizes dropped, a bare address made a mailto:, the rest kept. */
static char *
mended_uris(const GPtrArray *uris)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < uris->len; i++) {
		const MqReportUri *uri = g_ptr_array_index(uris, i);
		gboolean bare = uri->problem != NULL && strchr(uri->text, '@') != NULL && strchr(uri->text, ':') == NULL;

		if (uri->problem != NULL && !bare)
			continue;
		g_string_append_printf(list, "%s%s%s", list->len > 0 ? "," : "", bare ? "mailto:" : "", uri->text);
	}
	return list->len > 0 ? g_string_free(g_steal_pointer(&list), FALSE) : NULL;
}

static void
append_tag(GString *out, const char *name, const char *value)
{
	g_string_append_printf(out, "; %s=%s", name, value);
}

static void
append_owners_tags(GString *out, const MqDmarcRecord *old, const MqDmarcChange *changes, gsize n,
                   GHashTable *done)
{
	for (guint i = 0; i < old->tags->tags->len; i++) {
		const MqTag *tag = &g_array_index(old->tags->tags, MqTag, i);
		const MqDmarcChange *change = find_change(changes, n, tag->name);
		g_autofree char *name = g_ascii_strdown(tag->name, -1);
		g_autofree char *uris = NULL;
		const char *value = change != NULL ? change->value : kept_value(old, tag);

		if (g_hash_table_contains(done, name))
			continue;
		if (change == NULL && strcmp(name, "rua") == 0)
			value = uris = mended_uris(old->rua);
		else if (change == NULL && strcmp(name, "ruf") == 0)
			value = uris = mended_uris(old->ruf);
		if (value != NULL)
			append_tag(out, name, value);
		g_hash_table_add(done, g_steal_pointer(&name));
	}
}

char *
mq_dmarc_record_propose(const char *text, const MqDmarcChange *changes, gsize n_changes)
{
	g_autoptr(MqDmarcRecord) old = text != NULL ? mq_dmarc_record_parse(text) : NULL;
	g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const MqDmarcChange *p = find_change(changes, n_changes, "p");
	MqPolicy kept = old != NULL ? old->p : MQ_POLICY_ABSENT;
	static const char *const words[] = { "none", "none", "quarantine", "reject", "none" };
	GString *out = g_string_new("v=DMARC1");

	g_hash_table_add(done, g_strdup("v"));
	g_hash_table_add(done, g_strdup("p"));
	append_tag(out, "p", p != NULL && p->value != NULL ? p->value : words[kept]);
	if (old != NULL)
		append_owners_tags(out, old, changes, n_changes, done);
	for (gsize i = 0; i < n_changes; i++)
		if (changes[i].value != NULL && !g_hash_table_contains(done, changes[i].name))
			append_tag(out, changes[i].name, changes[i].value);
	if (old != NULL && old->pct == 0 && old->t == MQ_YES_ABSENT && (kept == MQ_POLICY_QUARANTINE || kept == MQ_POLICY_REJECT)
	    && p == NULL
	    && find_change(changes, n_changes, "t") == NULL)
		append_tag(out, "t", "y");
	return g_string_free(out, FALSE);
}
