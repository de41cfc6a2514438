#include "store/schema.h"

/* Times are seconds since 1970, UTC. Numbers of enums: the order of the words in ingest/report.h, 0
 * is absent; tables of words make them readable. An id of 0 in a column that points to text is
 * "absent" (a text of its own, NULL, has that id), so that rows compare without IS. */
static const char *const migrations[MQ_SCHEMA_VERSION] = {
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

	"CREATE TABLE word (kind TEXT NOT NULL, number INTEGER NOT NULL, word TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID;"

	"CREATE VIEW reports AS SELECT r.id, ty.word AS type, di.word AS dialect, re.value AS reporter, r.report_id,"
	" dm.value AS domain, datetime(r.begin_s, 'unixepoch') AS begins, datetime(r.end_s, 'unixepoch') AS ends,"
	" p.word AS p, sp.word AS sp, np.word AS np, ad.word AS adkim, sf.word AS aspf, r.pct, te.word AS testing,"
	" me.word AS discovery_method, fo.value AS fo, r.records, r.messages, r.variant, r.trust, ge.value AS generator,"
	" em.value AS email, m.name AS message, pa.value AS part, datetime(m.ingested_s, 'unixepoch') AS ingested"
	" FROM report r JOIN message m ON m.id = r.message JOIN text re ON re.id = r.reporter JOIN text dm ON dm.id = r.domain"
	" JOIN text fo ON fo.id = r.fo JOIN text ge ON ge.id = r.generator JOIN text em ON em.id = r.email"
	" JOIN text pa ON pa.id = r.part"
	" LEFT JOIN word ty ON ty.kind = 'type' AND ty.number = r.type"
	" LEFT JOIN word di ON di.kind = 'dialect' AND di.number = r.dialect"
	" LEFT JOIN word p ON p.kind = 'policy' AND p.number = r.p LEFT JOIN word sp ON sp.kind = 'policy' AND sp.number = r.sp"
	" LEFT JOIN word np ON np.kind = 'policy' AND np.number = r.np"
	" LEFT JOIN word ad ON ad.kind = 'mode' AND ad.number = r.adkim LEFT JOIN word sf ON sf.kind = 'mode' AND sf.number = r.aspf"
	" LEFT JOIN word te ON te.kind = 'yes' AND te.number = r.testing"
	" LEFT JOIN word me ON me.kind = 'method' AND me.number = r.discovery_method;"
	"CREATE VIEW records AS SELECT c.report, c.seq, a.text AS source_ip, c.count, d.word AS disposition, k.word AS dkim,"
	" s.word AS spf, hf.value AS header_from, ef.value AS envelope_from, et.value AS envelope_to, c.auth, c.reasons,"
	" c.repeated FROM record c JOIN address a ON a.id = c.source JOIN identity i ON i.id = c.identity"
	" JOIN text hf ON hf.id = i.header_from JOIN text ef ON ef.id = i.envelope_from JOIN text et ON et.id = i.envelope_to"
	" LEFT JOIN word d ON d.kind = 'disposition' AND d.number = c.disposition"
	" LEFT JOIN word k ON k.kind = 'result' AND k.number = c.dkim LEFT JOIN word s ON s.kind = 'result' AND s.number = c.spf;"
	"CREATE VIEW signatures AS SELECT k.auth, k.seq, d.value AS domain, s.value AS selector, w.word AS result,"
	" h.value AS human_result FROM auth_dkim k JOIN text d ON d.id = k.domain JOIN text s ON s.id = k.selector"
	" JOIN text h ON h.id = k.human_result LEFT JOIN word w ON w.kind = 'result' AND w.number = k.result;"
	"CREATE VIEW spf_results AS SELECT k.auth, k.seq, d.value AS domain, s.word AS scope, w.word AS result,"
	" h.value AS human_result FROM auth_spf k JOIN text d ON d.id = k.domain JOIN text h ON h.id = k.human_result"
	" LEFT JOIN word s ON s.kind = 'scope' AND s.number = k.scope"
	" LEFT JOIN word w ON w.kind = 'result' AND w.number = k.result;"
	"CREATE VIEW override_reasons AS SELECT r.reasons, r.seq, coalesce(t.value, w.word) AS type, c.value AS comment"
	" FROM reason r JOIN text t ON t.id = r.type_text JOIN text c ON c.id = r.comment"
	" LEFT JOIN word w ON w.kind = 'reason' AND w.number = r.type;"
	"CREATE VIEW messages AS SELECT m.id, m.name, m.bytes, CASE m.state WHEN 1 THEN 'reports' WHEN 2 THEN 'nothing'"
	" WHEN 3 THEN 'failed' END AS state, m.message_id, m.sender, datetime(m.date_s, 'unixepoch') AS date,"
	" datetime(m.ingested_s, 'unixepoch') AS ingested FROM message m;"
	"CREATE VIEW problems AS SELECT p.id, m.name AS message, p.report, p.part, p.code, p.reason, p.stored"
	" FROM problem p JOIN message m ON m.id = p.message;"
	"CREATE VIEW failures AS SELECT f.report, datetime(f.arrival_s, 'unixepoch') AS arrived, a.text AS source_ip,"
	" f.reported_domain, f.auth_failure, f.delivery_result, f.header_from, f.original_mail_from, f.original_rcpt_to,"
	" f.subject, f.message_id, f.dkim_domain, f.dkim_selector, f.dkim_identity, f.spf_dns, f.incidents"
	" FROM failure f JOIN address a ON a.id = f.source;"
	"CREATE VIEW tls_results AS SELECT p.report, p.id AS policy, p.domain, p.policy_type, p.sessions_ok, p.sessions_failed,"
	" f.result_type, f.sending_mta, f.receiving_mx, f.sessions FROM tls_policy p"
	" LEFT JOIN tls_failure f ON f.policy = p.id;",
};
/* views say these numbers by words */
G_STATIC_ASSERT(MQ_MESSAGE_REPORTS == 1 && MQ_MESSAGE_NOTHING == 2 && MQ_MESSAGE_FAILED == 3);

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
	if (!mq_db_exec(store, migrations[from], error) || !write_words(store, error) || !mq_db_exec(store, end, error)) {
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
