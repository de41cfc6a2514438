#include "analyze/record_sts.h"

#include <string.h>

#include "ingest/domain.h"
#include "ingest/text.h"

#define ID_BYTES_MAX 32

static void
set_problem(char **problem, char *phrase)
{
	g_autofree char *raw = phrase;

	if (*problem == NULL)
		*problem = mq_text_visible(raw);
}

/* ------------------------------------------------------------------- the record */

static gboolean
id_is_valid(const char *id)
{
	gsize n = strlen(id);

	for (const char *p = id; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p))
			return FALSE;
	return n > 0 && n <= ID_BYTES_MAX;
}

MqStsRecord *
mq_sts_record_parse(const char *text)
{
	g_autoptr(MqTags) tags = NULL;
	MqStsRecord *record;
	const char *id;

	if (!g_str_has_prefix(text, "v=STSv1;") && !g_str_has_prefix(text, "v=STSv1 "))
		return NULL;
	tags = mq_tags_parse(text);
	if (!mq_tags_begin_with(tags, "v", "STSv1"))
		return NULL;
	record = g_new0(MqStsRecord, 1);
	id = mq_tags_get(tags, "id");
	if (id == NULL)
		set_problem(&record->problem, g_strdup("there is no id="));
	else if (!id_is_valid(id))
		set_problem(&record->problem, g_strdup_printf("id=%s is not 1 to %d letters and digits", id, ID_BYTES_MAX));
	else
		record->id = g_strdup(id);
	return record;
}

void
mq_sts_record_free(MqStsRecord *record)
{
	if (record == NULL)
		return;
	g_free(record->id);
	g_free(record->problem);
	g_free(record);
}

/* ------------------------------------------------------------------- the policy */

static const char *const mode_words[] = { NULL, "enforce", "testing", "none" };

const char *
mq_sts_mode_word(MqStsMode mode)
{
	return mode_words[mode];
}

/* What was read of the file; the first of a key counts. */
typedef struct {
	MqStsPolicy *policy;
	gboolean version, mode, max_age;
} Reading;

static void
read_mode(Reading *reading, const char *value)
{
	reading->mode = TRUE;
	for (guint i = 1; i < G_N_ELEMENTS(mode_words); i++)
		if (strcmp(value, mode_words[i]) == 0)
			reading->policy->mode = (MqStsMode)i;
	if (reading->policy->mode == MQ_STS_MODE_INVALID)
		set_problem(&reading->policy->problem, g_strdup_printf("mode '%s' is none of enforce, testing, none", value));
}

static void
read_max_age(Reading *reading, const char *value)
{
	guint64 age = 0;

	reading->max_age = TRUE;
	if (strlen(value) > 10 || !g_ascii_string_to_unsigned(value, 10, 0, MQ_STS_AGE_MAX_S, &age, NULL))
		set_problem(&reading->policy->problem,
		            g_strdup_printf("max_age '%s' is no number of seconds up to %d", value, MQ_STS_AGE_MAX_S));
	reading->policy->max_age_s = (guint32)age;
}

static void
read_mx(Reading *reading, const char *value)
{
	gboolean valid;
	const char *name = g_str_has_prefix(value, "*.") ? value + 2 : value;
	g_autofree char *host = mq_domain_normalize(name, &valid);

	if (!valid)
		set_problem(&reading->policy->problem, g_strdup_printf("mx '%s' is no host name or *.domain", value));
	else if (reading->policy->mx->len < MQ_STS_MX_MAX)
		g_ptr_array_add(reading->policy->mx, g_strconcat(name == value ? "" : "*.", host, NULL));
}

static void
read_line(Reading *reading, char *line)
{
	char *value = strchr(line, ':');

	if (value == NULL) {
		if (*g_strstrip(line) != '\0')
			set_problem(&reading->policy->problem, g_strdup_printf("'%.100s' is no 'key: value' line", line));
		return;
	}
	*value++ = '\0';
	g_strstrip(line);
	g_strstrip(value);
	if (strcmp(line, "version") == 0 && !reading->version) {
		reading->version = TRUE;
		if (strcmp(value, "STSv1") != 0)
			set_problem(&reading->policy->problem, g_strdup_printf("version '%.100s' is not STSv1", value));
	} else if (strcmp(line, "mode") == 0 && !reading->mode) {
		read_mode(reading, value);
	} else if (strcmp(line, "max_age") == 0 && !reading->max_age) {
		read_max_age(reading, value);
	} else if (strcmp(line, "mx") == 0) {
		read_mx(reading, value);
	}
}

MqStsPolicy *
mq_sts_policy_parse(const char *text)
{
	MqStsPolicy *policy = g_new0(MqStsPolicy, 1);
	Reading reading = { .policy = policy };
	g_autofree char *body = mq_text_clean(text, -1, MQ_STS_POLICY_BYTES);
	g_auto(GStrv) lines = g_strsplit(body, "\n", 1000);

	policy->mx = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; lines[i] != NULL; i++)
		read_line(&reading, lines[i]);
	if (!reading.version)
		set_problem(&policy->problem, g_strdup("there is no 'version: STSv1'"));
	if (!reading.mode)
		set_problem(&policy->problem, g_strdup("there is no mode"));
	if (!reading.max_age)
		set_problem(&policy->problem, g_strdup("there is no max_age"));
	if (policy->mx->len == 0 && policy->mode != MQ_STS_MODE_NONE)
		set_problem(&policy->problem, g_strdup("it names no mx"));
	return policy;
}

void
mq_sts_policy_free(MqStsPolicy *policy)
{
	if (policy == NULL)
		return;
	g_ptr_array_unref(policy->mx);
	g_free(policy->problem);
	g_free(policy);
}

gboolean
mq_sts_policy_matches(const MqStsPolicy *policy, const char *host)
{
	const char *parent = mq_domain_parent(host);

	for (guint i = 0; i < policy->mx->len; i++) {
		const char *pattern = g_ptr_array_index(policy->mx, i);

		if (strcmp(pattern, host) == 0)
			return TRUE;
		if (g_str_has_prefix(pattern, "*.") && parent != NULL && strcmp(pattern + 2, parent) == 0)
			return TRUE;
	}
	return FALSE;
}

/* ---------------------------------------------------------------------- TLS-RPT */

static void
read_rua(MqTlsrptRecord *record, const char *value)
{
	g_auto(GStrv) items = g_strsplit(value, ",", 50);

	for (guint i = 0; items[i] != NULL; i++) {
		const char *uri = g_strstrip(items[i]);
		gboolean mail = g_ascii_strncasecmp(uri, "mailto:", 7) == 0 && strchr(uri + 7, '@') != NULL;
		gboolean web = g_ascii_strncasecmp(uri, "https://", 8) == 0 && uri[8] != '\0';

		if (mail || web)
			g_ptr_array_add(record->rua, g_strdup(uri));
		else
			set_problem(&record->problem, g_strdup_printf("rua '%s' is no mailto: or https: address", uri));
	}
}

MqTlsrptRecord *
mq_tlsrpt_record_parse(const char *text)
{
	g_autoptr(MqTags) tags = NULL;
	MqTlsrptRecord *record;
	const char *rua;

	if (!g_str_has_prefix(text, "v=TLSRPTv1;") && !g_str_has_prefix(text, "v=TLSRPTv1 "))
		return NULL;
	tags = mq_tags_parse(text);
	if (!mq_tags_begin_with(tags, "v", "TLSRPTv1"))
		return NULL;
	record = g_new0(MqTlsrptRecord, 1);
	record->rua = g_ptr_array_new_with_free_func(g_free);
	rua = mq_tags_get(tags, "rua");
	if (rua == NULL)
		set_problem(&record->problem, g_strdup("there is no rua="));
	else
		read_rua(record, rua);
	return record;
}

void
mq_tlsrpt_record_free(MqTlsrptRecord *record)
{
	if (record == NULL)
		return;
	g_ptr_array_unref(record->rua);
	g_free(record->problem);
	g_free(record);
}
