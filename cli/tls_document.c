#include "cli/tls_document.h"

#include <string.h>

#include "cli/report_document.h"

/* The index of rows makes a year of reports one pass; "failures" of a row are merged the same way. */
typedef struct {
	json_t *rows;
	GHashTable *index; /* "domain\nreporter\npolicy" to a row, borrowed from rows */
} Sums;

/* Adds up; what one report does not say (null) adds nothing. */
static void
add_count(json_t *object, const char *key, const json_t *count)
{
	const json_t *before = json_object_get(object, key);

	if (json_is_integer(count))
		json_object_set_new(object, key, json_integer(json_integer_value(before) + json_integer_value(count)));
}

static gboolean
same_text(const json_t *a, const json_t *b, const char *key)
{
	return g_strcmp0(json_string_value(json_object_get(a, key)), json_string_value(json_object_get(b, key))) == 0;
}

static void
merge_failure(json_t *failures, json_t *failure)
{
	json_t *other;
	size_t i;

	json_array_foreach(failures, i, other) {
		if (!same_text(other, failure, "result_type") || !same_text(other, failure, "sending_mta")
		    || !same_text(other, failure, "receiving_mx"))
			continue;
		add_count(other, "sessions", json_object_get(failure, "sessions"));
		return;
	}
	json_array_append(failures, failure);
}

static const char *
type_name(const char *said)
{
	return said != NULL && *said != '\0' ? said : "unnamed";
}

static char *
key_of(const json_t *row)
{
	const char *domain = json_string_value(json_object_get(row, "domain"));
	const char *reporter = json_string_value(json_object_get(row, "reporter"));
	const char *policy = json_string_value(json_object_get(row, "policy_type"));

	return g_strdup_printf("%s\n%s\n%s", domain != NULL ? domain : "", reporter != NULL ? reporter : "",
	                       policy != NULL ? policy : "");
}

/* @row: (transfer full) */
static void
merge_row(Sums *sums, json_t *row)
{
	g_autofree char *key = key_of(row);
	json_t *sum = g_hash_table_lookup(sums->index, key);
	json_t *failure;
	size_t i;

	if (sum == NULL) {
		json_object_del(row, "report");
		json_array_append_new(sums->rows, row);
		g_hash_table_insert(sums->index, g_steal_pointer(&key), row);
		return;
	}
	add_count(sum, "sessions_ok", json_object_get(row, "sessions_ok"));
	add_count(sum, "sessions_failed", json_object_get(row, "sessions_failed"));
	/* newest first: the row has the newest end already, its begin moves back */
	json_object_set(sum, "begin", json_object_get(row, "begin"));
	json_array_foreach(json_object_get(row, "failures"), i, failure)
		merge_failure(json_object_get(sum, "failures"), failure);
	json_decref(row);
}

static gboolean
take(gpointer ctx, const MqStoredReport *stored, GError **error)
{
	(void)error;
	for (guint i = 0; stored->report->tls != NULL && i < stored->report->tls->len; i++)
		merge_row(ctx, mq_document_tls_policy(stored, g_ptr_array_index(stored->report->tls, i)));
	return TRUE;
}

json_t *
mq_tls_document_rows(MqStore *store, const MqFilter *filter, GError **error)
{
	g_autoptr(GHashTable) index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(json_t) rows = json_array();
	Sums sums = { rows, index };
	MqFilter tls = *filter;

	tls.type = MQ_TYPE_TLS;
	if (!mq_store_each_report(store, &tls, take, &sums, error))
		return NULL;
	return g_steal_pointer(&rows);
}

/* @type: "unnamed" is what the tables call one without a name */
static gboolean
is_of_type(const json_t *failure, const char *type)
{
	const char *said = json_string_value(json_object_get(failure, "result_type"));

	return g_ascii_strcasecmp(type_name(said), type) == 0;
}

void
mq_tls_document_keep_type(json_t *rows, const char *type)
{
	for (size_t i = json_array_size(rows); i-- > 0;) {
		const json_t *failures = json_object_get(json_array_get(rows, i), "failures");
		gboolean found = FALSE;

		for (size_t j = 0; j < json_array_size(failures) && !found; j++)
			found = is_of_type(json_array_get(failures, j), type);
		if (!found)
			json_array_remove(rows, i);
	}
}

/* "certificate-expired 3"; "unnamed ?" */
static char *
type_text(const json_t *failure)
{
	const json_t *sessions = json_object_get(failure, "sessions");
	const char *type = type_name(json_string_value(json_object_get(failure, "result_type")));

	if (!json_is_integer(sessions))
		return g_strdup_printf("%s ?", type);
	return g_strdup_printf("%s %" JSON_INTEGER_FORMAT, type, json_integer_value(sessions));
}

void
mq_tls_document_add_types(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *types = json_array();
		const json_t *failure;
		size_t j;

		json_array_foreach(json_object_get(row, "failures"), j, failure) {
			g_autofree char *text = type_text(failure);

			json_array_append_new(types, mq_json_text(text));
		}
		json_object_set_new(row, "failure_types", types);
	}
}
