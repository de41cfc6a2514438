#include "store/schema.h"

/* Times are seconds since 1970, UTC. Numbers of enums: the order of the words in ingest/report.h, 0
 * is absent; tables of words make them readable. An id of 0 in a column that points to text is
 * "absent" (a text of its own, NULL, has that id), so that rows compare without IS. */
static const char *const migrations[] = {
	/* 1 */
	"CREATE TABLE text (id INTEGER PRIMARY KEY, value TEXT UNIQUE);"
	"INSERT INTO text VALUES (0, NULL);"
	"CREATE TABLE address (id INTEGER PRIMARY KEY, bytes BLOB, text TEXT UNIQUE);"
	"INSERT INTO address VALUES (0, NULL, NULL);"
	"CREATE TABLE identity (id INTEGER PRIMARY KEY, header_from INTEGER NOT NULL, envelope_from INTEGER NOT NULL,"
	" envelope_to INTEGER NOT NULL, UNIQUE (header_from, envelope_from, envelope_to));"
	"CREATE TABLE auth (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);"
	"CREATE TABLE auth_dkim (auth INTEGER NOT NULL, seq INTEGER NOT NULL, domain INTEGER NOT NULL,"
	" selector INTEGER NOT NULL, result INTEGER NOT NULL, human_result INTEGER NOT NULL,"
	" PRIMARY KEY (auth, seq)) WITHOUT ROWID;"
	"CREATE TABLE auth_spf (auth INTEGER NOT NULL, seq INTEGER NOT NULL, domain INTEGER NOT NULL,"
	" scope INTEGER NOT NULL, result INTEGER NOT NULL, human_result INTEGER NOT NULL,"
	" PRIMARY KEY (auth, seq)) WITHOUT ROWID;"
	"CREATE TABLE reasons (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);"
	"CREATE TABLE reason (reasons INTEGER NOT NULL, seq INTEGER NOT NULL, type INTEGER NOT NULL,"
	" type_text INTEGER NOT NULL, comment INTEGER NOT NULL, PRIMARY KEY (reasons, seq)) WITHOUT ROWID;"

	"CREATE TABLE message (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, bytes INTEGER NOT NULL,"
	" state INTEGER NOT NULL, message_id TEXT, sender TEXT, date_s INTEGER, ingested_s INTEGER NOT NULL);"
	"CREATE TABLE report (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, dialect INTEGER NOT NULL,"
	" message INTEGER NOT NULL REFERENCES message (id), part INTEGER NOT NULL, digest BLOB NOT NULL UNIQUE, key INTEGER,"
	" reporter INTEGER NOT NULL, email INTEGER NOT NULL, extra_contact INTEGER NOT NULL, report_id TEXT,"
	" generator INTEGER NOT NULL, domain INTEGER NOT NULL, begin_s INTEGER, end_s INTEGER,"
	" p INTEGER NOT NULL, sp INTEGER NOT NULL, np INTEGER NOT NULL, adkim INTEGER NOT NULL, aspf INTEGER NOT NULL,"
	" pct INTEGER, testing INTEGER NOT NULL, discovery_method INTEGER NOT NULL, fo INTEGER NOT NULL,"
	" records INTEGER NOT NULL, messages INTEGER NOT NULL, variant INTEGER NOT NULL, trust TEXT);"
	"CREATE INDEX report_begin ON report (begin_s);"
	"CREATE INDEX report_key ON report (key) WHERE key IS NOT NULL;"
	"CREATE INDEX report_message ON report (message);"
	"CREATE TABLE report_error (report INTEGER NOT NULL, seq INTEGER NOT NULL, text TEXT NOT NULL,"
	" PRIMARY KEY (report, seq)) WITHOUT ROWID;"
	/* which reports speak of which domain: by From domain, else by policy domain */
	"CREATE TABLE report_domain (domain INTEGER NOT NULL, begin_s INTEGER NOT NULL, report INTEGER NOT NULL,"
	" PRIMARY KEY (domain, begin_s, report)) WITHOUT ROWID;"
	"CREATE INDEX report_domain_report ON report_domain (report);"
	"CREATE TABLE sighting (report INTEGER NOT NULL, message INTEGER NOT NULL, part INTEGER NOT NULL,"
	" PRIMARY KEY (report, message, part)) WITHOUT ROWID;"
	"CREATE TABLE record (report INTEGER NOT NULL, seq INTEGER NOT NULL, source INTEGER NOT NULL, count INTEGER,"
	" disposition INTEGER NOT NULL, dkim INTEGER NOT NULL, spf INTEGER NOT NULL, identity INTEGER NOT NULL,"
	" auth INTEGER NOT NULL, reasons INTEGER NOT NULL, repeated INTEGER NOT NULL,"
	" PRIMARY KEY (report, seq)) WITHOUT ROWID;"
	"CREATE TABLE problem (id INTEGER PRIMARY KEY, message INTEGER NOT NULL, report INTEGER, code TEXT NOT NULL,"
	" reason TEXT NOT NULL, part TEXT, stored INTEGER NOT NULL);"
	"CREATE INDEX problem_message ON problem (message);"
	"CREATE INDEX problem_report ON problem (report) WHERE report IS NOT NULL;"

	"CREATE TABLE failure (report INTEGER PRIMARY KEY, feedback_type TEXT, user_agent TEXT, arrival_s INTEGER,"
	" source INTEGER NOT NULL, reported_domain TEXT, auth_failure TEXT, delivery_result TEXT, identity_alignment TEXT,"
	" identity_alignment_said TEXT, auth_results TEXT, incidents INTEGER, original_mail_from TEXT, original_rcpt_to TEXT,"
	" header_from TEXT, subject TEXT, message_id TEXT, dkim_domain TEXT, dkim_selector TEXT, dkim_identity TEXT,"
	" spf_dns TEXT);"
	"CREATE TABLE tls_policy (id INTEGER PRIMARY KEY, report INTEGER NOT NULL, domain TEXT, policy_type TEXT,"
	" sessions_ok INTEGER, sessions_failed INTEGER, policy_strings TEXT, mx_hosts TEXT);"
	"CREATE INDEX tls_policy_report ON tls_policy (report);"
	"CREATE TABLE tls_failure (policy INTEGER NOT NULL, seq INTEGER NOT NULL, result_type TEXT, sending_mta TEXT,"
	" receiving_mx TEXT, receiving_ip TEXT, helo TEXT, sessions INTEGER, information TEXT, reason_code TEXT,"
	" PRIMARY KEY (policy, seq)) WITHOUT ROWID;"

	"CREATE TABLE label (domain TEXT NOT NULL, key TEXT NOT NULL, word TEXT NOT NULL, set_s INTEGER NOT NULL,"
	" PRIMARY KEY (domain, key)) WITHOUT ROWID;"
	"CREATE TABLE dns (id INTEGER PRIMARY KEY, domain TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,"
	" outcome TEXT NOT NULL, data TEXT NOT NULL, first_seen_s INTEGER NOT NULL, last_seen_s INTEGER NOT NULL);"
	"CREATE INDEX dns_name ON dns (name, type, id);"
	"CREATE INDEX dns_domain ON dns (domain, id);"
	"CREATE TABLE mark (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"

	"CREATE TABLE word (kind TEXT NOT NULL, number INTEGER NOT NULL, word TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID;",

	/* 2: rows of a report lie together under ids of their own and hold their address; file names, which hardly
	 * repeat, are no longer interned */
	"CREATE TEMP TABLE octet AS WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 255)"
	" SELECT n, printf('%02X', n) AS hex FROM n;"
	"CREATE TEMP TABLE source (id INTEGER PRIMARY KEY, value);"
	"INSERT INTO source SELECT id, CASE length(bytes) WHEN 4 THEN"
	" ((SELECT n FROM octet WHERE hex = hex(substr(bytes, 1, 1))) - 128) * 16777216"
	" + (SELECT n FROM octet WHERE hex = hex(substr(bytes, 2, 1))) * 65536"
	" + (SELECT n FROM octet WHERE hex = hex(substr(bytes, 3, 1))) * 256"
	" + (SELECT n FROM octet WHERE hex = hex(substr(bytes, 4, 1))) ELSE coalesce(bytes, text) END FROM address;"

	"ALTER TABLE report RENAME TO report_1;"
	"CREATE TABLE report (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, domain INTEGER NOT NULL, reporter INTEGER NOT NULL,"
	" begin_s INTEGER, end_s INTEGER, first_row INTEGER NOT NULL, rows INTEGER NOT NULL, records INTEGER NOT NULL,"
	" messages INTEGER NOT NULL, p INTEGER NOT NULL, sp INTEGER NOT NULL, np INTEGER NOT NULL, trust TEXT,"
	" dialect INTEGER NOT NULL, message INTEGER NOT NULL REFERENCES message (id), part TEXT, digest BLOB NOT NULL UNIQUE,"
	" key INTEGER, email INTEGER NOT NULL, extra_contact INTEGER NOT NULL, report_id TEXT, generator INTEGER NOT NULL,"
	" adkim INTEGER NOT NULL, aspf INTEGER NOT NULL, pct INTEGER, testing INTEGER NOT NULL,"
	" discovery_method INTEGER NOT NULL, fo INTEGER NOT NULL, variant INTEGER NOT NULL);"
	"INSERT INTO report SELECT r.id, r.type, r.domain, r.reporter, r.begin_s, r.end_s, coalesce(f.first, 1), coalesce(f.n, 0),"
	" r.records, r.messages, r.p, r.sp, r.np, r.trust, r.dialect, r.message, pa.value, r.digest, r.key, r.email,"
	" r.extra_contact, r.report_id, r.generator, r.adkim, r.aspf, r.pct, r.testing, r.discovery_method, r.fo, r.variant"
	" FROM report_1 r JOIN text pa ON pa.id = r.part LEFT JOIN (SELECT report, count(*) AS n, 1 + coalesce(sum(count(*))"
	" OVER (ORDER BY report ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS first FROM record GROUP BY report) f"
	" ON f.report = r.id;"
	"DROP TABLE report_1;"
	"CREATE INDEX report_begin ON report (begin_s);"
	"CREATE INDEX report_key ON report (key) WHERE key IS NOT NULL;"
	"DROP INDEX report_domain_report;"

	"ALTER TABLE record RENAME TO record_1;"
	/* source: IPv4 as a number less 2^31 (four bytes), IPv6 as a blob, else what stands there; results: see questions.h */
	"CREATE TABLE record (id INTEGER PRIMARY KEY, source, count INTEGER, results INTEGER NOT NULL, identity INTEGER NOT NULL,"
	" auth INTEGER NOT NULL, reasons INTEGER NOT NULL);"
	"INSERT INTO record SELECT row_number() OVER (ORDER BY c.report, c.seq), s.value, c.count,"
	" c.repeated * 2048 + c.disposition * 256 + c.dkim * 16 + c.spf, c.identity, c.auth, c.reasons"
	" FROM record_1 c JOIN source s ON s.id = c.source;"
	"DROP TABLE record_1;"

	"ALTER TABLE sighting RENAME TO sighting_1;"
	"CREATE TABLE sighting (report INTEGER NOT NULL, message INTEGER NOT NULL, part TEXT NOT NULL,"
	" PRIMARY KEY (report, message, part)) WITHOUT ROWID;"
	"INSERT INTO sighting SELECT report, message, coalesce(t.value, '') FROM sighting_1 JOIN text t ON t.id = part;"
	"DROP TABLE sighting_1;"

	"ALTER TABLE failure RENAME COLUMN source TO source_1;"
	"ALTER TABLE failure ADD COLUMN source;"
	"UPDATE failure SET source = (SELECT value FROM source s WHERE s.id = source_1);"
	"ALTER TABLE failure DROP COLUMN source_1;"
	"DROP TABLE address; DROP TABLE temp.source; DROP TABLE temp.octet;"
	/* what RFC 5952 writes as "::", for the views */
	"INSERT INTO word VALUES ('zeros', 2, ':0:0:'), ('zeros', 3, ':0:0:0:'), ('zeros', 4, ':0:0:0:0:'),"
	" ('zeros', 5, ':0:0:0:0:0:'), ('zeros', 6, ':0:0:0:0:0:0:'), ('zeros', 7, ':0:0:0:0:0:0:0:'),"
	" ('zeros', 8, ':0:0:0:0:0:0:0:0:');",

	/* 3: what the operator's own receiver found of the mail */
	"ALTER TABLE message ADD COLUMN authentication TEXT;",
};

/* The address in a column as text (RFC 5952): the views must work in any SQLite, without our functions. */
#define GROUP(source, at) "coalesce(nullif(ltrim(lower(hex(substr(" source ", " #at ", 2))), '0'), ''), '0') || ':'"
#define GROUPS(source) \
	"':' || " GROUP(source, 1) " || " GROUP(source, 3) " || " GROUP(source, 5) " || " GROUP(source, 7) " || " \
	GROUP(source, 9) " || " GROUP(source, 11) " || " GROUP(source, 13) " || " GROUP(source, 15)
#define SOURCE_TEXT(source) \
	"CASE typeof(" source ") WHEN 'integer' THEN ((" source " >> 24) + 128) || '.' || ((" source " >> 16) & 255)" \
	" || '.' || ((" source " >> 8) & 255) || '.' || (" source " & 255) WHEN 'blob' THEN" \
	" (SELECT CASE WHEN run IS NULL THEN trim(groups, ':') ELSE ltrim(substr(groups, 1, instr(groups, run) - 1), ':')" \
	" || '::' || rtrim(substr(groups, instr(groups, run) + length(run)), ':') END FROM (SELECT groups," \
	" (SELECT word FROM word WHERE kind = 'zeros' AND instr(groups, word) > 0 ORDER BY number DESC LIMIT 1) AS run" \
	" FROM (SELECT " GROUPS(source) " AS groups))) ELSE " source " END"

/* Made anew by every migration. Columns are promised (README.md here): they are added, never dropped. */
static const struct {
	const char *name, *select;
} views[] = {
	{ "reports",
	  "SELECT r.id, ty.word AS type, di.word AS dialect, re.value AS reporter, r.report_id,"
	  " dm.value AS domain, datetime(r.begin_s, 'unixepoch') AS begins, datetime(r.end_s, 'unixepoch') AS ends,"
	  " p.word AS p, sp.word AS sp, np.word AS np, ad.word AS adkim, sf.word AS aspf, r.pct, te.word AS testing,"
	  " me.word AS discovery_method, fo.value AS fo, r.records, r.messages, r.variant, r.trust, ge.value AS generator,"
	  " em.value AS email, m.name AS message, r.part, datetime(m.ingested_s, 'unixepoch') AS ingested"
	  " FROM report r JOIN message m ON m.id = r.message JOIN text re ON re.id = r.reporter JOIN text dm ON dm.id = r.domain"
	  " JOIN text fo ON fo.id = r.fo JOIN text ge ON ge.id = r.generator JOIN text em ON em.id = r.email"
	  " LEFT JOIN word ty ON ty.kind = 'type' AND ty.number = r.type"
	  " LEFT JOIN word di ON di.kind = 'dialect' AND di.number = r.dialect"
	  " LEFT JOIN word p ON p.kind = 'policy' AND p.number = r.p LEFT JOIN word sp ON sp.kind = 'policy' AND sp.number = r.sp"
	  " LEFT JOIN word np ON np.kind = 'policy' AND np.number = r.np"
	  " LEFT JOIN word ad ON ad.kind = 'mode' AND ad.number = r.adkim LEFT JOIN word sf ON sf.kind = 'mode' AND sf.number = r.aspf"
	  " LEFT JOIN word te ON te.kind = 'yes' AND te.number = r.testing"
	  " LEFT JOIN word me ON me.kind = 'method' AND me.number = r.discovery_method" },
	{ "records",
	  /* reports first: a record is found by its report's range of rows, never the other way round */
	  "SELECT r.id AS report, c.id - r.first_row AS seq, " SOURCE_TEXT("c.source") " AS source_ip,"
	  " c.count, d.word AS disposition, k.word AS dkim, s.word AS spf, hf.value AS header_from, ef.value AS envelope_from,"
	  " et.value AS envelope_to, c.auth, c.reasons, c.results >> 11 AS repeated FROM report r"
	  " CROSS JOIN record c ON c.id >= r.first_row AND c.id < r.first_row + r.rows JOIN identity i ON i.id = c.identity"
	  " JOIN text hf ON hf.id = i.header_from JOIN text ef ON ef.id = i.envelope_from JOIN text et ON et.id = i.envelope_to"
	  " LEFT JOIN word d ON d.kind = 'disposition' AND d.number = (c.results >> 8) & 7"
	  " LEFT JOIN word k ON k.kind = 'result' AND k.number = (c.results >> 4) & 15"
	  " LEFT JOIN word s ON s.kind = 'result' AND s.number = c.results & 15" },
	{ "signatures",
	  "SELECT k.auth, k.seq, d.value AS domain, s.value AS selector, w.word AS result,"
	  " h.value AS human_result FROM auth_dkim k JOIN text d ON d.id = k.domain JOIN text s ON s.id = k.selector"
	  " JOIN text h ON h.id = k.human_result LEFT JOIN word w ON w.kind = 'result' AND w.number = k.result" },
	{ "spf_results",
	  "SELECT k.auth, k.seq, d.value AS domain, s.word AS scope, w.word AS result,"
	  " h.value AS human_result FROM auth_spf k JOIN text d ON d.id = k.domain JOIN text h ON h.id = k.human_result"
	  " LEFT JOIN word s ON s.kind = 'scope' AND s.number = k.scope"
	  " LEFT JOIN word w ON w.kind = 'result' AND w.number = k.result" },
	{ "override_reasons",
	  "SELECT r.reasons, r.seq, coalesce(t.value, w.word) AS type, c.value AS comment"
	  " FROM reason r JOIN text t ON t.id = r.type_text JOIN text c ON c.id = r.comment"
	  " LEFT JOIN word w ON w.kind = 'reason' AND w.number = r.type" },
	{ "messages",
	  "SELECT m.id, m.name, m.bytes, CASE m.state WHEN 1 THEN 'reports' WHEN 2 THEN 'nothing'"
	  " WHEN 3 THEN 'failed' WHEN 4 THEN 'partly' END AS state, m.message_id, m.sender, datetime(m.date_s, 'unixepoch') AS date,"
	  " datetime(m.ingested_s, 'unixepoch') AS ingested, m.authentication FROM message m" },
	{ "problems",
	  "SELECT p.id, m.name AS message, p.report, p.part, p.code, p.reason, p.stored"
	  " FROM problem p JOIN message m ON m.id = p.message" },
	{ "failures",
	  "SELECT f.report, datetime(f.arrival_s, 'unixepoch') AS arrived, " SOURCE_TEXT("f.source") " AS source_ip,"
	  " f.reported_domain, f.auth_failure, f.delivery_result, f.header_from, f.original_mail_from, f.original_rcpt_to,"
	  " f.subject, f.message_id, f.dkim_domain, f.dkim_selector, f.dkim_identity, f.spf_dns, f.incidents"
	  " FROM failure f" },
	{ "tls_results",
	  "SELECT p.report, p.id AS policy, p.domain, p.policy_type, p.sessions_ok, p.sessions_failed,"
	  " f.result_type, f.sending_mta, f.receiving_mx, f.sessions FROM tls_policy p"
	  " LEFT JOIN tls_failure f ON f.policy = p.id" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(migrations) == MQ_SCHEMA_VERSION);
/* views say these numbers by words */
G_STATIC_ASSERT(MQ_MESSAGE_REPORTS == 1 && MQ_MESSAGE_NOTHING == 2 && MQ_MESSAGE_FAILED == 3
		 && MQ_MESSAGE_PARTLY == 4);

static const MqWords *const sets[] = {
	&mq_words_type,   &mq_words_dialect, &mq_words_policy, &mq_words_disposition, &mq_words_mode,
	&mq_words_method, &mq_words_result,  &mq_words_scope,  &mq_words_reason,      &mq_words_yes,
};

/* The numbers of the enums with their words, for views and for people's SQL. */
static gboolean
write_words(MqStore *store, GError **error)
{
	for (gsize s = 0; s < G_N_ELEMENTS(sets); s++)
		for (guint i = 1; i < sets[s]->n; i++) {
			char *sql = sqlite3_mprintf("INSERT OR REPLACE INTO word VALUES (%Q, %u, %Q)", sets[s]->name, i,
			                            sets[s]->words[i]);
			gboolean done = mq_db_exec(store, sql, error);

			sqlite3_free(sql);
			if (!done)
				return FALSE;
		}
	return TRUE;
}

static gboolean
write_views(MqStore *store, GError **error)
{
	gboolean done = TRUE;

	for (gsize i = 0; done && i < G_N_ELEMENTS(views); i++) {
		g_autofree char *sql = g_strdup_printf("CREATE VIEW %s AS %s", views[i].name, views[i].select);

		done = mq_db_exec(store, sql, error);
	}
	return done;
}

/* Before tables change: SQLite would keep a view's names in step, or refuse. */
static gboolean
drop_views(MqStore *store, GError **error)
{
	gboolean done = TRUE;

	for (gsize i = 0; done && i < G_N_ELEMENTS(views); i++) {
		g_autofree char *sql = g_strdup_printf("DROP VIEW IF EXISTS %s", views[i].name);

		done = mq_db_exec(store, sql, error);
	}
	return done;
}

static gboolean
pragma(MqStore *store, const char *sql, gint64 *value, GError **error)
{
	sqlite3_stmt *ask;

	if (sqlite3_prepare_v2(store->db, sql, -1, &ask, NULL) != SQLITE_OK)
		return mq_db_error(store, error);
	if (sqlite3_step(ask) != SQLITE_ROW) {
		sqlite3_finalize(ask);
		return mq_db_error(store, error);
	}
	*value = sqlite3_column_int64(ask, 0);
	sqlite3_finalize(ask);
	return TRUE;
}

static gboolean
run_migration(MqStore *store, gint64 from, GError **error)
{
	g_autofree char *end = g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	                                       MQ_APPLICATION_ID, (int)from + 1);
	gint64 now = 0;

	if (!mq_db_exec(store, "BEGIN IMMEDIATE", error))
		return FALSE;
	if (!pragma(store, "PRAGMA user_version", &now, error))
		return FALSE;
	if (now != from) /* another marque was first */
		return mq_db_exec(store, "ROLLBACK", error);
	if (!drop_views(store, error) || !mq_db_exec(store, migrations[from], error) || !write_words(store, error)
	    || (from + 1 == MQ_SCHEMA_VERSION && !write_views(store, error)) || !mq_db_exec(store, end, error)) {
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		return FALSE;
	}
	return TRUE;
}

gboolean
mq_schema_settle(MqStore *store, gboolean may_write, GError **error)
{
	gint64 application = 0;
	gint64 version = 0;
	gint64 tables = 0;

	if (!pragma(store, "PRAGMA application_id", &application, error)
	    || !pragma(store, "PRAGMA user_version", &version, error)
	    || !pragma(store, "SELECT count(*) FROM sqlite_schema", &tables, error))
		return FALSE;
	if (application != MQ_APPLICATION_ID && (tables > 0 || application != 0)) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE, "'%s' is an SQLite database of another program: name another file",
		            store->location);
		return FALSE;
	}
	if (version > MQ_SCHEMA_VERSION) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE,
		            "'%s' was made by a newer marque (schema %d, this one knows %d): use that one", store->location,
		            (int)version, MQ_SCHEMA_VERSION);
		return FALSE;
	}
	if (!may_write && version < MQ_SCHEMA_VERSION) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_STORE,
		            "'%s' holds no reports yet, or is of an older marque: run 'marque ingest' on it first",
		            store->location);
		return FALSE;
	}
	while (version < MQ_SCHEMA_VERSION) {
		if (!run_migration(store, version, error) || !pragma(store, "PRAGMA user_version", &version, error))
			return FALSE;
	}
	return TRUE;
}
