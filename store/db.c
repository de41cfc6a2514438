#include "store/db.h"

#include <string.h>

#include "ingest/text.h"

/* What a person can do about it, by SQLite's primary result code. */
static const struct {
	int code;
	const char *advice;
} advices[] = {
	{ SQLITE_BUSY, "another program is writing to it: try again when that one is done" },
	{ SQLITE_LOCKED, "another program is writing to it: try again when that one is done" },
	{ SQLITE_READONLY, "it, or its directory, cannot be written to: change the permissions or name another file with --database" },
	{ SQLITE_CANTOPEN, "it cannot be opened: check that the directory exists and may be written to, or name another file with --database" },
	{ SQLITE_FULL, "the disk is full: make room and run it again, nothing is lost" },
	{ SQLITE_NOTADB, "it is no SQLite database: name another file with --database" },
	{ SQLITE_CORRUPT, "it is damaged: restore a copy, or ingest the mail into a new database" },
	{ SQLITE_PERM, "no permission" },
	{ SQLITE_IOERR, "the disk reports an error" },
};

gboolean
mq_db_error(MqStore *store, GError **error)
{
	int code = sqlite3_errcode(store->db) & 0xFF;

	for (gsize i = 0; i < G_N_ELEMENTS(advices); i++) {
		if (advices[i].code == code) {
			g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "database '%s': %s", store->location, advices[i].advice);
			return FALSE;
		}
	}
	g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "database '%s': %s", store->location, sqlite3_errmsg(store->db));
	return FALSE;
}

gboolean
mq_db_exec(MqStore *store, const char *sql, GError **error)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return TRUE;
	return mq_db_error(store, error);
}

/* IPv4 is a number less 2^31, so that each fits four bytes; IPv6 is a blob. */
#define SOURCE_IPV4_ZERO G_GINT64_CONSTANT(0x80000000)

static int
bind_source(MqQuery *ask, int i, const MqAddress *address, const char *other)
{
	guint32 number;

	if (address->n_bytes == 0)
		return other == NULL ? SQLITE_OK : sqlite3_bind_text(ask, i, other, -1, SQLITE_STATIC);
	if (address->n_bytes == 16)
		return sqlite3_bind_blob(ask, i, address->bytes, 16, SQLITE_STATIC);
	memcpy(&number, address->bytes, sizeof(number));
	return sqlite3_bind_int64(ask, i, (gint64)GUINT32_FROM_BE(number) - SOURCE_IPV4_ZERO);
}

static int
bind_one(MqQuery *ask, int i, char letter, va_list *args)
{
	gint64 number;
	const char *text;
	const guint8 *bytes;
	const MqAddress *address;
	gsize n;

	switch (letter) {
	case 't':
		text = va_arg(*args, const char *);
		return text == NULL ? SQLITE_OK : sqlite3_bind_text(ask, i, text, -1, SQLITE_STATIC);
	case 'b':
		bytes = va_arg(*args, const guint8 *);
		n = va_arg(*args, gsize);
		return n == 0 ? SQLITE_OK : sqlite3_bind_blob64(ask, i, bytes, n, SQLITE_STATIC);
	case 's':
		address = va_arg(*args, const MqAddress *);
		text = va_arg(*args, const char *);
		return bind_source(ask, i, address, text);
	default:
		number = va_arg(*args, gint64);
		if ((letter == 'a' && number == MQ_TIME_ABSENT) || (letter == 'c' && number < 0))
			return SQLITE_OK; /* unbound is NULL */
		return sqlite3_bind_int64(ask, i, number);
	}
}

MqQuery *
mq_db_ask(MqStore *store, MqQueryName name, GError **error, const char *format, ...)
{
	MqQuery *ask = store->prepared[name];
	va_list args;
	int status = SQLITE_OK;

	if (ask == NULL) {
		if (sqlite3_prepare_v3(store->db, mq_query_sql(name), -1, SQLITE_PREPARE_PERSISTENT, &store->prepared[name], NULL)
		    != SQLITE_OK) {
			mq_db_error(store, error);
			return NULL;
		}
		ask = store->prepared[name];
	}
	va_start(args, format);
	for (int i = 0; format[i] != '\0' && status == SQLITE_OK; i++)
		status = bind_one(ask, i + 1, format[i], &args);
	va_end(args);
	if (status != SQLITE_OK) {
		mq_db_error(store, error);
		mq_query_done(ask);
		return NULL;
	}
	return ask;
}

gboolean
mq_db_step(MqStore *store, MqQuery *ask, gboolean *row, GError **error)
{
	int status = sqlite3_step(ask);

	*row = status == SQLITE_ROW;
	return status == SQLITE_ROW || status == SQLITE_DONE || mq_db_error(store, error);
}

void
mq_db_give_turn(MqStore *store)
{
	gint64 time_us = g_get_monotonic_time();

	if (time_us - store->turn_us < G_USEC_PER_SEC)
		return;
	store->turn_us = time_us;
	g_usleep(MQ_DB_TURN_US);
}

gboolean
mq_db_do(MqStore *store, MqQuery *ask, GError **error)
{
	gboolean row;

	return ask != NULL && mq_db_step(store, ask, &row, error);
}

const char *
mq_db_source(MqQuery *ask, int column, MqAddress *address)
{
	guint32 number;

	*address = (MqAddress){ 0 };
	switch (sqlite3_column_type(ask, column)) {
	case SQLITE_INTEGER:
		number = GUINT32_TO_BE((guint32)(sqlite3_column_int64(ask, column) + SOURCE_IPV4_ZERO));
		mq_address_from_bytes((const guint8 *)&number, sizeof(number), address);
		return NULL;
	case SQLITE_BLOB:
		mq_address_from_bytes(sqlite3_column_blob(ask, column), (gsize)sqlite3_column_bytes(ask, column), address);
		return NULL;
	default:
		return mq_db_text(ask, column);
	}
}

/* What @filter says of reports, bound to a question: ?1 type, ?2 since, ?3 until, ?4 trust, ?5 domain,
 * ?6 its subdomains too, ?7 limit; @format says how many of these the question has. */
static MqQuery *
ask_filtered(MqStore *store, MqQueryName name, const char *format, const MqFilter *filter, MqReportType type, GError **error)
{
	gint64 trust = filter->trusted_only ? 1 : filter->untrusted_only ? 2 : 0;

	return mq_db_ask(store, name, error, format, (gint64)type, filter->since_s, filter->until_s, trust, filter->domain,
	                 (gint64)!filter->exact, filter->limit > 0 ? (gint64)filter->limit : (gint64)-1);
}

static gboolean
has_window(const MqFilter *filter)
{
	return filter->since_s != MQ_TIME_ABSENT || filter->until_s != MQ_TIME_ABSENT;
}

/* Fills temp.name, the domains of reports, and temp.name_above, their parents: once for many questions, unless reports
 * came or went. */
static gboolean
know_names(MqStore *store, GError **error)
{
	static const MqQueryName steps[] = { MQ_QUERY_NAMES_CLEAR, MQ_QUERY_NAMES_ABOVE_CLEAR, MQ_QUERY_NAMES_FILL,
		                             MQ_QUERY_NAMES_ABOVE_FILL };
	g_autoptr(MqQuery) version = mq_db_ask(store, MQ_QUERY_DATA_VERSION, error, "");
	gint64 now;

	if (!mq_db_do(store, version, error))
		return FALSE;
	now = mq_db_int(version, 0);
	if (now == store->names_version)
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(MqQuery) step = mq_db_ask(store, steps[i], error, "");

		if (!mq_db_do(store, step, error))
			return FALSE;
	}
	store->names_version = now;
	return TRUE;
}

static gboolean
fill_scope(MqStore *store, const MqFilter *filter, MqReportType type, GError **error)
{
	g_autoptr(MqQuery) clear = mq_db_ask(store, MQ_QUERY_SCOPE_CLEAR, error, "");
	g_autoptr(MqQuery) fill = NULL;

	if (!mq_db_do(store, clear, error) || (filter->domain != NULL && !know_names(store, error)))
		return FALSE;
	if (filter->domain != NULL)
		fill = ask_filtered(store, MQ_QUERY_SCOPE_DOMAIN, "iaaiti", filter, type, error);
	else
		fill = ask_filtered(store, has_window(filter) ? MQ_QUERY_SCOPE_WINDOW : MQ_QUERY_SCOPE_ALL, "iaai", filter, type, error);
	return mq_db_do(store, fill, error);
}

gboolean
mq_db_scope(MqStore *store, const MqFilter *filter, GError **error)
{
	return fill_scope(store, filter, filter->type != MQ_TYPE_ABSENT ? filter->type : MQ_TYPE_AGGREGATE, error);
}

MqQuery *
mq_db_reports(MqStore *store, const MqFilter *filter, GError **error)
{
	if (filter->domain == NULL)
		return ask_filtered(store, has_window(filter) ? MQ_QUERY_REPORTS_WINDOW : MQ_QUERY_REPORTS_ALL, "iaaitii",
		                    filter, filter->type, error);
	if (!fill_scope(store, filter, filter->type, error))
		return NULL;
	return ask_filtered(store, MQ_QUERY_REPORTS_SCOPE, "iaaitii", filter, filter->type, error);
}

MqQuery *
mq_db_undated(MqStore *store, const MqFilter *filter, GError **error)
{
	return ask_filtered(store, MQ_QUERY_UNDATED, "iaaiti", filter, filter->type, error);
}
