#include "store/questions.h"

/* The questions count on these numbers; they stand in databases and never change. */
G_STATIC_ASSERT(MQ_RESULT_N <= 16 && MQ_DISPOSITION_N <= 8);
G_STATIC_ASSERT(MQ_DISPOSITION_QUARANTINE == 3 && MQ_DISPOSITION_REJECT == 4);
G_STATIC_ASSERT(MQ_TYPE_AGGREGATE == 1 && MQ_TYPE_TLS == 3);

#define ROWS_OF_REPORT "c.id >= r.first_row AND c.id < r.first_row + r.rows"

/* In the one number of MQ_RESULTS(). */
#define DISPOSITION "((c.results >> 8) & 7)"

/* The rows in temp.scope: those of variants that are there already, and those of other domains, left out.
 * CROSS JOIN keeps SQLite to this order: reports in question are few, rows are millions. */
#define ROWS \
	" FROM temp.scope s CROSS JOIN report r ON r.id = s.report" \
	" CROSS JOIN record c ON " ROWS_OF_REPORT " AND c.results < 2048 CROSS JOIN identity i ON i.id = c.identity" \
	" AND (s.domain IS NULL OR s.domain = CASE i.header_from WHEN 0 THEN r.domain ELSE i.header_from END)"

/* The domains of reports, which are hopped through one by one: they are few, where rows are very many. */
#define DOMAINS \
	"WITH RECURSIVE d(id) AS (SELECT min(domain) FROM report_domain UNION ALL" \
	" SELECT (SELECT min(domain) FROM report_domain WHERE domain > d.id) FROM d WHERE d.id IS NOT NULL)"

/* Of temp.name, the ids of the name ?5 and, with ?6, of those under it. A name that is too long to be one is under none. */
#define NAMES "(SELECT id FROM temp.name WHERE value = ?5 UNION ALL SELECT id FROM temp.name_above WHERE ?6 AND value = ?5)"
#define NAME_BYTES_MAX "255"

/* ?1: a type, 0 any; ?4: 0 any, 1 trusted only, 2 untrusted only */
#define OF_KIND "(?1 = 0 OR r.type = ?1) AND (?4 = 0 OR (?4 = 1) = (r.trust IS NULL))"

/* From ?2 to before ?3; said so that an index on begin_s serves. NULL is in no window. */
#define WITHIN(begin_s) begin_s " >= coalesce(?2, -9223372036854775807) AND " begin_s " < coalesce(?3, 9223372036854775807)"

/* sums(): totals.c */
#define SUMS \
	" coalesce(sum(c.count), 0), sums(c.count, c.results, c.source, r.id, r.reporter, r.begin_s, r.end_s, c.auth," \
	" i.header_from, r.adkim, r.aspf)"

#define MOST_FIRST " GROUP BY 1 ORDER BY 2 DESC, 1"
#define IN_ORDER   " GROUP BY 1 ORDER BY 1"

#define REPORT_ROW \
	"SELECT r.id, r.type, r.dialect, re.value, r.report_id, d.value, r.begin_s, r.end_s, r.records, r.messages, r.variant," \
	" r.trust, (SELECT f.feedback_type FROM failure f WHERE f.report = r.id)"

#define REPORT_NAMES " text re ON re.id = r.reporter CROSS JOIN text d ON d.id = r.domain"
#define NEWEST_FIRST " ORDER BY r.begin_s DESC, r.id DESC LIMIT ?7"

static const char *const sql[MQ_QUERY_N] = {
	[MQ_QUERY_SAVEPOINT] = "SAVEPOINT message",
	[MQ_QUERY_RELEASE] = "RELEASE message",
	[MQ_QUERY_MESSAGE_FIND] = "SELECT id, state FROM message WHERE hash = ?1",
	[MQ_QUERY_MESSAGE_PUT] =
		"INSERT INTO message (hash, name, bytes, state, message_id, sender, date_s, ingested_s, authentication)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_MESSAGE_STATE] = "UPDATE message SET state = ?2, name = ?3, authentication = ?4 WHERE id = ?1",
	[MQ_QUERY_MESSAGE_FORGET_PROBLEMS] = "DELETE FROM problem WHERE message = ?1 AND report IS NULL",

	[MQ_QUERY_TEXT_FIND] = "SELECT id FROM text WHERE value = ?1",
	[MQ_QUERY_TEXT_PUT] = "INSERT INTO text (value) VALUES (?1)",
	[MQ_QUERY_IDENTITY_FIND] = "SELECT id FROM identity WHERE header_from = ?1 AND envelope_from = ?2 AND envelope_to = ?3",
	[MQ_QUERY_IDENTITY_PUT] = "INSERT INTO identity (header_from, envelope_from, envelope_to) VALUES (?1, ?2, ?3)",
	[MQ_QUERY_AUTH_FIND] = "SELECT id FROM auth WHERE digest = ?1",
	[MQ_QUERY_AUTH_PUT] = "INSERT INTO auth (digest) VALUES (?1)",
	[MQ_QUERY_AUTH_DKIM_PUT] = "INSERT INTO auth_dkim VALUES (?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_AUTH_SPF_PUT] = "INSERT INTO auth_spf VALUES (?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_AUTH_DKIM] =
		"SELECT d.value, s.value, k.result, h.value FROM auth_dkim k JOIN text d ON d.id = k.domain"
		" JOIN text s ON s.id = k.selector JOIN text h ON h.id = k.human_result WHERE k.auth = ?1 ORDER BY k.seq",
	[MQ_QUERY_AUTH_SPF] =
		"SELECT d.value, k.scope, k.result, h.value FROM auth_spf k JOIN text d ON d.id = k.domain"
		" JOIN text h ON h.id = k.human_result WHERE k.auth = ?1 ORDER BY k.seq",
	[MQ_QUERY_REASONS_FIND] = "SELECT id FROM reasons WHERE digest = ?1",
	[MQ_QUERY_REASONS_PUT] = "INSERT INTO reasons (digest) VALUES (?1)",
	[MQ_QUERY_REASON_PUT] = "INSERT INTO reason VALUES (?, ?, ?, ?, ?)",
	[MQ_QUERY_REASONS] =
		"SELECT r.type, t.value, c.value FROM reason r JOIN text t ON t.id = r.type_text JOIN text c ON c.id = r.comment"
		" WHERE r.reasons = ?1 ORDER BY r.seq",

	[MQ_QUERY_REPORT_BY_DIGEST] = "SELECT id, trust FROM report WHERE digest = ?1",
	[MQ_QUERY_REPORT_BELIEVE] = "UPDATE report SET trust = NULL WHERE id = ?1",
	[MQ_QUERY_REPORT_BY_KEY] =
		"SELECT r.id, re.value, r.report_id, d.value, r.begin_s, r.end_s FROM report r JOIN text re ON re.id = r.reporter"
		" JOIN text d ON d.id = r.domain WHERE r.key = ?1 AND r.type = ?2 AND (r.trust IS NULL OR ?4) ORDER BY r.id LIMIT ?3",
	[MQ_QUERY_NEXT_ROW] = "SELECT coalesce(max(id), 0) + 1 FROM record",
	[MQ_QUERY_REPORT_PUT] =
		"INSERT INTO report (type, dialect, message, part, digest, key, reporter, email, extra_contact, report_id, generator,"
		" domain, begin_s, end_s, p, sp, np, adkim, aspf, pct, testing, discovery_method, fo, first_row, rows, records, messages,"
		" variant, trust)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_REPORT_SUMS] = "UPDATE report SET records = ?2, messages = ?3 WHERE id = ?1",
	[MQ_QUERY_REPORT_DOMAIN_PUT] = "INSERT OR IGNORE INTO report_domain (report, domain, begin_s) VALUES (?1, ?2, coalesce(?3, 0))",
	[MQ_QUERY_REPORT_ERROR_PUT] = "INSERT INTO report_error VALUES (?, ?, ?)",
	[MQ_QUERY_SIGHTING_COUNT] = "SELECT count(*) FROM sighting WHERE report = ?1",
	[MQ_QUERY_SIGHTING_PUT] = /* not where it was first seen: that message may be tried again */
		"INSERT OR IGNORE INTO sighting (report, message, part) SELECT ?1, ?2, coalesce(?3, '')"
		" WHERE NOT EXISTS (SELECT 1 FROM report WHERE id = ?1 AND message = ?2 AND part IS ?3)",
	[MQ_QUERY_RECORD_PUT] = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_PROBLEM_PUT] = "INSERT INTO problem (message, report, code, reason, part, stored) VALUES (?, nullif(?, 0), ?, ?, ?, ?)",

	[MQ_QUERY_FAILURE_PUT] =
		"INSERT INTO failure (report, feedback_type, user_agent, arrival_s, source, reported_domain, auth_failure,"
		" delivery_result, identity_alignment, identity_alignment_said, auth_results, incidents, original_mail_from,"
		" original_rcpt_to, header_from, subject, message_id, dkim_domain, dkim_selector, dkim_identity, spf_dns)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_TLS_POLICY_PUT] =
		"INSERT INTO tls_policy (report, domain, policy_type, sessions_ok, sessions_failed, policy_strings, mx_hosts)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_TLS_FAILURE_PUT] = "INSERT INTO tls_failure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",

	[MQ_QUERY_NAMES_CLEAR] = "DELETE FROM temp.name",
	[MQ_QUERY_NAMES_ABOVE_CLEAR] = "DELETE FROM temp.name_above",
	[MQ_QUERY_NAMES_FILL] =
		"INSERT INTO temp.name " DOMAINS " SELECT t.value, t.id FROM d CROSS JOIN text t ON t.id = d.id WHERE t.value IS NOT NULL",
	[MQ_QUERY_NAMES_ABOVE_FILL] =
		"INSERT OR IGNORE INTO temp.name_above WITH RECURSIVE above(value, id) AS"
		" (SELECT value, id FROM temp.name WHERE length(value) <= " NAME_BYTES_MAX " UNION ALL"
		" SELECT substr(value, instr(value, '.') + 1), id FROM above WHERE instr(value, '.') > 0)"
		" SELECT a.value, a.id FROM above a JOIN temp.name n ON n.id = a.id AND n.value <> a.value",
	[MQ_QUERY_SCOPE_CLEAR] = "DELETE FROM temp.scope",
	[MQ_QUERY_SCOPE_ALL] = "INSERT INTO temp.scope SELECT r.id, NULL FROM report r WHERE ?2 IS NULL AND ?3 IS NULL AND " OF_KIND,
	[MQ_QUERY_SCOPE_WINDOW] = "INSERT INTO temp.scope SELECT r.id, NULL FROM report r WHERE " WITHIN("r.begin_s") " AND " OF_KIND,
	[MQ_QUERY_SCOPE_DOMAIN] =
		"INSERT INTO temp.scope SELECT rd.report, rd.domain FROM report_domain rd CROSS JOIN report r ON r.id = rd.report"
		" WHERE rd.domain IN " NAMES " AND " WITHIN("rd.begin_s")
		" AND (r.begin_s IS NOT NULL OR (?2 IS NULL AND ?3 IS NULL)) AND " OF_KIND,

	[MQ_QUERY_REPORTS_ALL] =
		REPORT_ROW " FROM report r CROSS JOIN" REPORT_NAMES " WHERE ?2 IS NULL AND ?3 IS NULL AND " OF_KIND NEWEST_FIRST,
	[MQ_QUERY_REPORTS_WINDOW] =
		REPORT_ROW " FROM report r CROSS JOIN" REPORT_NAMES " WHERE " WITHIN("r.begin_s") " AND " OF_KIND NEWEST_FIRST,
	[MQ_QUERY_REPORTS_SCOPE] =
		REPORT_ROW " FROM (SELECT DISTINCT report FROM temp.scope) s CROSS JOIN report r ON r.id = s.report CROSS JOIN"
		REPORT_NAMES NEWEST_FIRST,
	[MQ_QUERY_UNDATED] =
		"SELECT count(*) FROM report r WHERE r.begin_s IS NULL AND (?5 IS NULL OR r.id IN"
		" (SELECT report FROM report_domain WHERE begin_s = 0 AND domain IN " NAMES ")) AND " OF_KIND,

	[MQ_QUERY_TOTALS_SOURCE] = "SELECT c.source," SUMS ROWS MOST_FIRST,
	[MQ_QUERY_TOTALS_DOMAIN] = "SELECT t.value," SUMS ROWS " JOIN text t ON t.id = i.header_from" MOST_FIRST,
	[MQ_QUERY_TOTALS_REPORTER] = "SELECT t.value," SUMS ROWS " JOIN text t ON t.id = r.reporter" MOST_FIRST,
	[MQ_QUERY_TOTALS_SELECTOR] = /* a row that two signatures of one key stand in counts once */
		"SELECT st.value || '._domainkey.' || dt.value," SUMS ROWS " CROSS JOIN auth_dkim x ON x.auth = c.auth"
		" AND NOT EXISTS (SELECT 1 FROM auth_dkim y WHERE y.auth = x.auth AND y.seq < x.seq AND y.domain = x.domain"
		" AND y.selector = x.selector) CROSS JOIN text st ON st.id = x.selector CROSS JOIN text dt ON dt.id = x.domain"
		" WHERE st.value IS NOT NULL AND dt.value IS NOT NULL" MOST_FIRST,
	[MQ_QUERY_TOTALS_DISPOSITION] =
		"SELECT (SELECT word FROM word WHERE kind = 'disposition' AND number = " DISPOSITION ")," SUMS ROWS MOST_FIRST,
	[MQ_QUERY_TOTALS_DAY] = "SELECT date(r.begin_s, 'unixepoch')," SUMS ROWS IN_ORDER,
	[MQ_QUERY_TOTALS_WEEK] = "SELECT date(r.begin_s, 'unixepoch', 'weekday 0', '-6 days')," SUMS ROWS IN_ORDER,
	[MQ_QUERY_TOTALS_MONTH] = "SELECT strftime('%Y-%m', r.begin_s, 'unixepoch')," SUMS ROWS IN_ORDER,
	[MQ_QUERY_TOTALS_NOTHING] = "SELECT ''," SUMS ROWS,
	/* unsorted: sums() of each day would sort all rows first */
	[MQ_QUERY_DAYS] =
		"SELECT (r.begin_s / 86400) * 86400, coalesce(c.count, 0), c.results, c.auth, i.header_from, r.adkim, r.aspf" ROWS
		" WHERE r.begin_s >= 0",
	[MQ_QUERY_POLICY_DOMAINS] = "SELECT t.value," SUMS ROWS " JOIN text t ON t.id = r.domain" MOST_FIRST,
	/* of reports that do not say whose policy they are about */
	[MQ_QUERY_ROW_DOMAINS] = "SELECT t.value," SUMS ROWS " AND r.domain = 0 JOIN text t ON t.id = i.header_from" MOST_FIRST
		" LIMIT ?1",
	[MQ_QUERY_REPORTERS] =
		"SELECT t.value, coalesce(sum(r.messages), 0), count(*), min(r.begin_s), max(r.end_s)"
		" FROM temp.scope s JOIN report r ON r.id = s.report JOIN text t ON t.id = r.reporter GROUP BY 1 ORDER BY 1",
	/* ids only: each name is read once */
	[MQ_QUERY_FLOWS] =
		"SELECT c.source, i.header_from, i.envelope_from, i.envelope_to, c.results, c.auth, c.reasons, r.reporter, r.domain,"
		" r.p, r.sp, r.np, (coalesce(r.begin_s, 0) / 86400) * 86400, coalesce(c.count, 0), r.adkim, r.aspf" ROWS,
	[MQ_QUERY_TEXT] = "SELECT value FROM text WHERE id = ?1",

	[MQ_QUERY_REPORT_HEAD] =
		"SELECT r.type, r.dialect, re.value, em.value, ex.value, r.report_id, ge.value, d.value, r.begin_s, r.end_s, r.p, r.sp,"
		" r.np, r.adkim, r.aspf, r.pct, r.testing, r.discovery_method, fo.value, r.records, r.messages, r.variant, r.trust,"
		" r.part, (SELECT count(*) FROM record c WHERE " ROWS_OF_REPORT ") FROM report r JOIN text re ON re.id = r.reporter JOIN text em ON em.id = r.email"
		" JOIN text ex ON ex.id = r.extra_contact JOIN text ge ON ge.id = r.generator JOIN text d ON d.id = r.domain"
		" JOIN text fo ON fo.id = r.fo WHERE r.id = ?1",
	[MQ_QUERY_REPORT_ERRORS] = "SELECT text FROM report_error WHERE report = ?1 ORDER BY seq",
	[MQ_QUERY_REPORT_RECORDS] =
		"SELECT c.source, c.count, c.results, hf.value, ef.value, et.value, c.auth, c.reasons"
		" FROM report r CROSS JOIN record c ON " ROWS_OF_REPORT " JOIN identity i ON i.id = c.identity"
		" JOIN text hf ON hf.id = i.header_from JOIN text ef ON ef.id = i.envelope_from JOIN text et ON et.id = i.envelope_to"
		" WHERE r.id = ?1 ORDER BY c.id LIMIT ?2",
	[MQ_QUERY_REPORT_PROBLEMS] =
		/* and those of its mail that belong to no report: what was beside it and could not be read */
		"SELECT code, reason, part, stored FROM problem WHERE report = ?1 OR (report IS NULL AND message ="
		" (SELECT message FROM report WHERE id = ?1)) ORDER BY id",
	[MQ_QUERY_REPORT_PROVENANCE] =
		"SELECT m.name, m.message_id, m.sender, nullif(s.part, ''), hex(m.hash), m.ingested_s, m.authentication FROM (SELECT id AS report, message, part,"
		" 0 AS later FROM report WHERE id = ?1 UNION ALL SELECT report, message, part, 1 FROM sighting WHERE report = ?1) s"
		" JOIN message m ON m.id = s.message ORDER BY s.later, m.id",
	[MQ_QUERY_REPORT_FAILURE] =
		"SELECT f.feedback_type, f.user_agent, f.arrival_s, f.source, f.reported_domain, f.auth_failure,"
		" f.delivery_result, f.identity_alignment, f.identity_alignment_said, f.auth_results, f.incidents, f.original_mail_from,"
		" f.original_rcpt_to, f.header_from, f.subject, f.message_id, f.dkim_domain, f.dkim_selector, f.dkim_identity, f.spf_dns"
		" FROM failure f WHERE f.report = ?1",
	[MQ_QUERY_REPORT_TLS_POLICIES] =
		"SELECT id, domain, policy_type, sessions_ok, sessions_failed, policy_strings, mx_hosts FROM tls_policy"
		" WHERE report = ?1 ORDER BY id",
	[MQ_QUERY_REPORT_TLS_FAILURES] =
		"SELECT result_type, sending_mta, receiving_mx, receiving_ip, helo, sessions, information, reason_code FROM tls_failure"
		" WHERE policy = ?1 ORDER BY seq",

	[MQ_QUERY_FAILED_MESSAGES] = "SELECT count(*) FROM message WHERE state IN (?1, ?2)",
	[MQ_QUERY_STATUS_COUNTS] =
		"SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM message WHERE state IN (?1, ?2)), (SELECT count(*) FROM problem),"
		" (SELECT min(begin_s) FROM report), (SELECT max(end_s) FROM report)",
	[MQ_QUERY_STATUS_ROWS] = "SELECT coalesce(sum(records), 0), coalesce(sum(messages), 0) FROM report WHERE type = 1",
	[MQ_QUERY_STATUS_TYPES] = "SELECT type, count(*) FROM report GROUP BY type",

	[MQ_QUERY_PRUNE_MARK] =
		"INSERT INTO temp.scope SELECT r.id, NULL FROM report r LEFT JOIN failure f ON f.report = r.id JOIN message m ON m.id ="
		" r.message WHERE (?2 = 0 OR r.type = ?2) AND coalesce(r.end_s, r.begin_s, f.arrival_s, m.ingested_s) < ?1",
	[MQ_QUERY_PRUNE_COUNT] = "SELECT r.type, count(*) FROM temp.scope s JOIN report r ON r.id = s.report GROUP BY r.type",
	[MQ_QUERY_PRUNE_ROWS] =
		"SELECT coalesce(sum(r.records), 0), coalesce(sum(r.messages), 0) FROM temp.scope s JOIN report r ON r.id = s.report"
		" WHERE r.type = 1",

	[MQ_QUERY_LABEL_PUT] = "INSERT OR REPLACE INTO label (domain, key, word, set_s) VALUES (?1, ?2, ?3, ?4)",
	[MQ_QUERY_LABEL_FORGET] = "DELETE FROM label WHERE domain = ?1 AND key = ?2",
	[MQ_QUERY_LABELS] = "SELECT domain, key, word, set_s FROM label WHERE ?1 IS NULL OR domain = ?1 ORDER BY domain, key",
	[MQ_QUERY_DNS_NEWEST] =
		"SELECT id, outcome, data FROM dns WHERE name = ?1 AND type = ?2 AND domain = ?3 ORDER BY id DESC LIMIT 1",
	[MQ_QUERY_DNS_PUT] =
		"INSERT INTO dns (domain, name, type, outcome, data, first_seen_s, last_seen_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[MQ_QUERY_DNS_SEEN_AGAIN] = "UPDATE dns SET last_seen_s = max(last_seen_s, ?2) WHERE id = ?1",
	[MQ_QUERY_DNS] =
		"SELECT domain, name, type, outcome, data, first_seen_s, last_seen_s FROM dns WHERE (?1 IS NULL OR domain = ?1)"
		" AND (?2 IS NULL OR name = ?2) ORDER BY first_seen_s, id",
	[MQ_QUERY_MARK_GET] = "SELECT value FROM mark WHERE key = ?1",
	[MQ_QUERY_MARK_PUT] = "INSERT OR REPLACE INTO mark (key, value) VALUES (?1, ?2)",
	[MQ_QUERY_DATA_VERSION] = "SELECT data_version FROM pragma_data_version()",
};

const char *
mq_query_sql(MqQueryName name)
{
	return sql[name];
}

#define FORGET(table, key) "DELETE FROM " table " WHERE " key " IN (SELECT report FROM temp.scope)"

/* Ids are given again, so that nothing may point to one that is gone: sets before what they point to. */
const char *const mq_prune_steps[] = {
	"DELETE FROM record WHERE id IN (SELECT c.id FROM temp.scope s CROSS JOIN report r ON r.id = s.report"
	" CROSS JOIN record c ON " ROWS_OF_REPORT ")",
	FORGET("report_error", "report"),
	FORGET("report_domain", "report"),
	FORGET("sighting", "report"),
	FORGET("problem", "report"),
	FORGET("failure", "report"),
	"DELETE FROM tls_failure WHERE policy IN (SELECT id FROM tls_policy WHERE report IN (SELECT report FROM temp.scope))",
	FORGET("tls_policy", "report"),
	/* a part that was lost (state 4) is not tried again: that would bring back the others */
	"UPDATE message SET state = 1 WHERE state = 4 AND id IN"
	" (SELECT message FROM report WHERE id IN (SELECT report FROM temp.scope))",
	FORGET("report", "id"),
	/* the envelope of a forgotten failure sample may name people: what stays is that it was read (state 1: had reports) */
	"UPDATE message SET message_id = NULL, sender = NULL WHERE id NOT IN (SELECT message FROM report)"
	" AND id NOT IN (SELECT message FROM sighting) AND state = 1",
	"DELETE FROM auth WHERE id NOT IN (SELECT auth FROM record)",
	"DELETE FROM auth_dkim WHERE auth NOT IN (SELECT id FROM auth)",
	"DELETE FROM auth_spf WHERE auth NOT IN (SELECT id FROM auth)",
	"DELETE FROM reasons WHERE id NOT IN (SELECT reasons FROM record)",
	"DELETE FROM reason WHERE reasons NOT IN (SELECT id FROM reasons)",
	"DELETE FROM identity WHERE id NOT IN (SELECT identity FROM record)",
	"DELETE FROM text WHERE id <> 0 AND id NOT IN (SELECT header_from FROM identity UNION SELECT envelope_from FROM identity"
	" UNION SELECT envelope_to FROM identity UNION SELECT domain FROM auth_dkim UNION SELECT selector FROM auth_dkim"
	" UNION SELECT human_result FROM auth_dkim UNION SELECT domain FROM auth_spf UNION SELECT human_result FROM auth_spf"
	" UNION SELECT type_text FROM reason UNION SELECT comment FROM reason"
	" UNION SELECT reporter FROM report UNION SELECT email FROM report UNION SELECT extra_contact FROM report"
	" UNION SELECT generator FROM report UNION SELECT domain FROM report UNION SELECT fo FROM report"
	" UNION SELECT domain FROM report_domain)",
};
const guint mq_n_prune_steps = G_N_ELEMENTS(mq_prune_steps);
G_STATIC_ASSERT(MQ_MESSAGE_REPORTS == 1 && MQ_MESSAGE_PARTLY == 4);
