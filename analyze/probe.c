#include "analyze/probe.h"

#include <stddef.h>
#include <string.h>

#include "ingest/limits.h"
#include "ingest/text.h"

typedef enum { FIELD_TEXT, FIELD_RESULT, FIELD_TIME } FieldKind;

static const struct field {
	const char *name;
	FieldKind kind;
	gsize offset;
} fields[] = {
	{ "address", FIELD_TEXT, offsetof(MqProbe, address) },
	{ "reached", FIELD_RESULT, offsetof(MqProbe, reached) },
	{ "failure", FIELD_TEXT, offsetof(MqProbe, failure) },
	{ "banner", FIELD_TEXT, offsetof(MqProbe, banner) },
	{ "starttls", FIELD_RESULT, offsetof(MqProbe, starttls) },
	{ "tls", FIELD_RESULT, offsetof(MqProbe, tls) },
	{ "tls-version", FIELD_TEXT, offsetof(MqProbe, tls_version) },
	{ "certificate", FIELD_RESULT, offsetof(MqProbe, certificate) },
	{ "certificate-problem", FIELD_TEXT, offsetof(MqProbe, certificate_problem) },
	{ "issuer", FIELD_TEXT, offsetof(MqProbe, issuer) },
	{ "expires", FIELD_TIME, offsetof(MqProbe, expires_s) },
	{ "relay", FIELD_RESULT, offsetof(MqProbe, relay) },
	{ "relay-reply", FIELD_TEXT, offsetof(MqProbe, relay_reply) },
};

static const char *const result_words[] = { "unknown", "no", "yes" };

MqProbe *
mq_probe_new(void)
{
	MqProbe *probe = g_new0(MqProbe, 1);

	probe->expires_s = MQ_TIME_ABSENT;
	return probe;
}

void
mq_probe_free(MqProbe *probe)
{
	if (probe == NULL)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
		if (fields[i].kind == FIELD_TEXT)
			g_free(G_STRUCT_MEMBER(char *, probe, fields[i].offset));
	g_free(probe);
}

/* NULL when there is nothing to say. */
static char *
field_text(const MqProbe *probe, const struct field *field)
{
	const char *text;

	switch (field->kind) {
	case FIELD_TEXT:
		text = G_STRUCT_MEMBER(char *, probe, field->offset);
		return text != NULL ? mq_text_visible(text) : NULL;
	case FIELD_RESULT:
		return g_strdup(result_words[G_STRUCT_MEMBER(MqProbeResult, probe, field->offset)]);
	case FIELD_TIME:
		return mq_when_to_text(G_STRUCT_MEMBER(gint64, probe, field->offset));
	}
	return NULL;
}

char *
mq_probe_to_text(const MqProbe *probe)
{
	GString *out = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *text = field_text(probe, &fields[i]);

		if (text != NULL)
			g_string_append_printf(out, "%s: %s\n", fields[i].name, text);
	}
	return g_string_free(out, FALSE);
}

static void
read_field(MqProbe *probe, const struct field *field, const char *value)
{
	switch (field->kind) {
	case FIELD_TEXT:
		g_free(G_STRUCT_MEMBER(char *, probe, field->offset));
		G_STRUCT_MEMBER(char *, probe, field->offset) = mq_text_clean(value, -1, MQ_LIMIT_FIELD_BYTES);
		break;
	case FIELD_RESULT:
		for (guint i = 0; i < G_N_ELEMENTS(result_words); i++)
			if (strcmp(result_words[i], value) == 0)
				G_STRUCT_MEMBER(MqProbeResult, probe, field->offset) = (MqProbeResult)i;
		break;
	case FIELD_TIME:
		if (!mq_when_parse_rfc3339(value, &G_STRUCT_MEMBER(gint64, probe, field->offset)))
			G_STRUCT_MEMBER(gint64, probe, field->offset) = MQ_TIME_ABSENT;
		break;
	}
}

MqProbe *
mq_probe_parse(const char *text)
{
	MqProbe *probe = mq_probe_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", 100);

	for (guint l = 0; lines[l] != NULL; l++) {
		char *value = strstr(lines[l], ": ");

		if (value == NULL)
			continue;
		*value = '\0';
		for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
			if (strcmp(fields[i].name, lines[l]) == 0)
				read_field(probe, &fields[i], value + 2);
	}
	return probe;
}
