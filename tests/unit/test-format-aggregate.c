/* Aggregate reports in every dialect and in every way to get them wrong: what is read, in one line. */
#include "ingest/formats.h"

#include <string.h>

#include "ingest/address.h"

typedef struct {
	const char *rule;
	const char *document;
	gsize n; /* 0: up to the NUL */
	/* dialect reporter id domain p: address*count disposition/dkim/spf header_from, …; each report on
	 * its line; then the codes of problems, a '-' before one that was not stored */
	const char *want;
} Case;

#define DATES "<date_range><begin>1700000000</begin><end>1700086399</end></date_range>"
#define META_OF(org, id) \
	"<report_metadata><org_name>" org "</org_name><email>d@r.example</email><report_id>" id "</report_id>" DATES \
	"</report_metadata>"
#define META META_OF("R", "1")
#define POLICY "<policy_published><domain>example.com</domain><p>none</p></policy_published>"
#define POLICY_WITH(more) "<policy_published><domain>example.com</domain><p>none</p>" more "</policy_published>"
#define EVALUATED "<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated>"
#define FROM "<identifiers><header_from>example.com</header_from></identifiers>"
#define AUTH "<auth_results><dkim><domain>example.com</domain><selector>s</selector><result>pass</result></dkim></auth_results>"
#define ROW(ip, count) "<row><source_ip>" ip "</source_ip><count>" count "</count>" EVALUATED "</row>"
#define RECORD(ip, count) "<record>" ROW(ip, count) FROM AUTH "</record>"
#define EVALUATED_RECORD(evaluated) \
	"<record><row><source_ip>192.0.2.1</source_ip><count>2</count>" evaluated "</row>" FROM AUTH "</record>"
#define FEEDBACK(what) "<feedback>" what "</feedback>"
#define ONE RECORD("192.0.2.1", "2")
#define REPORT(record) FEEDBACK(META POLICY record)
#define IN_META(what) FEEDBACK("<report_metadata>" what "</report_metadata>" POLICY ONE)
#define TIMES(begin, end) \
	IN_META("<org_name>R</org_name><report_id>1</report_id><date_range><begin>" begin "</begin><end>" end \
	        "</end></date_range>")

#define HEAD "rfc7489 R 1 example.com none:"
#define LINE " 192.0.2.1*2 none/pass/fail example.com\n"
#define GOOD HEAD LINE

static const Case cases[] = {
	/* the simple, the empty, the enemy's */
	{ "plain", "<?xml version=\"1.0\"?>\n" REPORT(ONE), 0, GOOD },
	{ "nothing", "", 0, "-no-report" },
	{ "white space", "  \n", 0, "-no-report" },
	{ "another root", "<?xml version=\"1.0\"?><invoice><a/></invoice>", 0, "-no-report" },
	{ "no XML", "this is not XML", 0, "-no-report" },
	{ "DTD with entities", "<!DOCTYPE feedback [<!ENTITY a 'aaa'>]>" REPORT(ONE), 0, "-xml-forbidden" },
	{ "DTD with a parameter entity", "<!DOCTYPE f [<!ENTITY % a SYSTEM 'file:///etc/passwd'>%a;]>" REPORT(ONE), 0,
	  "-xml-forbidden" },
	{ "bare DOCTYPE", "<!DOCTYPE feedback>" REPORT(ONE), 0, GOOD "xml-forbidden" },
	{ "too deep",
	  "<feedback><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", 0,
	  "-too-deep" },
	{ "EBCDIC", "\x4c\x6f\xa7\x94\x93\x40\xa5\x85", 0, "-encoding" },

	/* dialects */
	{ "default namespace", "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">" META POLICY ONE "</feedback>", 0,
	  "rfc9990 R 1 example.com none:" LINE },
	{ "prefixed namespace",
	  "<d:feedback xmlns:d='urn:ietf:params:xml:ns:dmarc-2.0'><d:report_metadata><d:org_name>R</d:org_name>"
	  "<d:report_id>1</d:report_id>" DATES "</d:report_metadata>" POLICY ONE "</d:feedback>", 0,
	  "rfc9990 R 1 example.com none:" LINE },
	{ "prefix that nobody declares", "<x:feedback>" META POLICY ONE "</x:feedback>", 0, GOOD },
	{ "namespace of 2012",
	  "<ns1:feedback xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:ns1='http://dmarc.org/dmarc-xml/0.1'"
	  " xsi:schemaLocation='http://dmarc.org/dmarc-xml/0.1 a.xsd'>" META POLICY ONE "</ns1:feedback>", 0, GOOD },
	{ "RFC 9990 without namespace",
	  FEEDBACK(META "<policy_published><domain>example.com</domain><p>none</p><np>reject</np><testing>y</testing>"
	           "<discovery_method>treewalk</discovery_method></policy_published>"
	           EVALUATED_RECORD("<policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf>"
	                            "<reason><type>policy_test_mode</type></reason></policy_evaluated>")), 0,
	  "rfc9990 R 1 example.com none np=reject testing=y treewalk: 192.0.2.1*2 pass/pass/fail example.com"
	  " [policy_test_mode]\n" },
	{ "np alone is RFC 7489",
	  FEEDBACK(META "<policy_published><domain>example.com</domain><p>none</p><np>none</np></policy_published>" ONE), 0,
	  "rfc7489 R 1 example.com none np=none:" LINE },
	{ "identities of the drafts",
	  REPORT("<record>" ROW("192.0.2.1", "2") "<identities><header_from>example.com</header_from></identities></record>"),
	  0, "draft R 1 example.com none:" LINE },
	{ "any order", FEEDBACK(ONE POLICY META), 0, GOOD },
	{ "namespaced extension", "<feedback xmlns:e='urn:e'>" META POLICY ONE "<e:x><p>reject</p></e:x></feedback>", 0, GOOD },
	{ "unknown element", FEEDBACK(META POLICY ONE "<x><p>reject</p></x>"), 0, GOOD "value-odd" },
	{ "language attribute", REPORT(ONE "<!-- c -->") "<?pi x?>", 0, GOOD },
	{ "CDATA", FEEDBACK(META_OF("<![CDATA[R]]>", "1") POLICY ONE), 0, GOOD },
	{ "several reports in a document", REPORT(ONE) "\n<?xml version=\"1.0\"?>" FEEDBACK(META_OF("R", "2") POLICY ONE), 0,
	  GOOD "rfc7489 R 2 example.com none:" LINE },

	/* encodings */
	{ "byte order mark", "\xef\xbb\xbf" REPORT(ONE), 0, GOOD },
	{ "two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf" REPORT(ONE), 0, GOOD "xml-broken" },
	{ "byte that is not UTF-8", FEEDBACK(META_OF("Caf\xe9 Corp", "1") POLICY ONE), 0,
	  "rfc7489 Caf\xc3\xa9 Corp 1 example.com none:" LINE "encoding" },
	{ "bytes that could be anything", FEEDBACK(META_OF("\xed\xa0\xbd", "1") POLICY ONE), 0,
	  "rfc7489 \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd 1 example.com none:" LINE "encoding" },
	{ "ISO-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?>" FEEDBACK(META_OF("Caf\xe9", "1") POLICY ONE), 0,
	  "rfc7489 Caf\xc3\xa9 1 example.com none:" LINE },
	{ "Windows-1252", "<?xml version='1.0' encoding='windows-1252'?>" FEEDBACK(META_OF("\x80", "1") POLICY ONE), 0,
	  "rfc7489 \xe2\x82\xac 1 example.com none:" LINE },
	{ "declares UTF-16 and is not", "<?xml version='1.0' encoding='utf-16'?>" REPORT(ONE), 0, GOOD "encoding" },
	{ "declares what nobody knows", "<?xml version='1.0' encoding='x-no-such'?>" REPORT(ONE), 0, GOOD "encoding" },
	{ "NUL", "<feedback>\0</feedback>", 22, "-report-incomplete" },

	/* XML that is none */
	{ "cut after a record", "<feedback>" META POLICY ONE "<record>" ROW("192.0.2.2", "3"), 0, GOOD "xml-truncated" },
	{ "cut before the first record ends", "<feedback>" META POLICY "<record>" ROW("192.0.2.1", "3"), 0, "-xml-truncated" },
	{ "cut in a tag", "<feedback>" META POLICY ONE "<reco", 0, GOOD "xml-truncated" },
	{ "cut in an entity", "<feedback>" META POLICY ONE "<record><row><source_ip>&am", 0, GOOD "xml-truncated" },
	{ "cut in a character", "<feedback>" META POLICY ONE "<record><row><source_ip>\xe2\x82", 0, GOOD "xml-truncated" },
	{ "cut in a comment", "<feedback>" META POLICY ONE "<!-- x", 0, GOOD "xml-truncated" },
	{ "cut in an end tag", "<feedback>" META POLICY ONE "</feedba", 0, GOOD "xml-truncated" },
	{ "cut within the rows of a record", "<feedback>" META POLICY ONE "<record>" ROW("192.0.2.2", "3") ROW("192.0.2.3", "4"), 0,
	  GOOD "element-repeated xml-truncated" },
	{ "bare ampersand", FEEDBACK(META_OF("A & B", "1") POLICY ONE), 0, "rfc7489 A & B 1 example.com none:" LINE "xml-broken" },
	{ "HTML entity", FEEDBACK(META_OF("Caf&eacute;", "1") POLICY ONE), 0,
	  "rfc7489 Caf\xc3\xa9 1 example.com none:" LINE "xml-broken" },
	{ "entity that nobody knows", FEEDBACK(META_OF("&nope;", "1") POLICY ONE), 0,
	  "rfc7489 &nope; 1 example.com none:" LINE "xml-broken" },
	{ "reference to no character", FEEDBACK(META_OF("a&#0;b", "1") POLICY ONE), 0,
	  "rfc7489 a\xef\xbf\xbd" "b 1 example.com none:" LINE "encoding" },
	{ "address in brackets", FEEDBACK(META_OF("<a@b.example>", "1") POLICY ONE), 0,
	  "rfc7489 <a@b.example> 1 example.com none:" LINE "xml-broken" },
	{ "less-than in a text", FEEDBACK(META_OF("a<b", "1") POLICY ONE), 0, "rfc7489 a<b 1 example.com none:" LINE "xml-broken" },
	{ "markup in a text", FEEDBACK(META_OF("<b>R</b>", "1") POLICY ONE), 0,
	  "rfc7489 <b>R</b> 1 example.com none:" LINE "xml-broken" },
	{ "white space before the declaration", "\n  <?xml version=\"1.0\"?>" REPORT(ONE), 0, GOOD },
	{ "quote after the declaration", "<?xml version=\"1.0\"?>\"\n" REPORT(ONE), 0, GOOD "xml-broken" },
	{ "broken declaration", "<?xml version=\"1.0\">" REPORT(ONE), 0, GOOD "xml-broken" },
	{ "schema that is never closed", "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">" REPORT(ONE), 0,
	  GOOD "xml-broken" },
	{ "end tag without its bracket",
	  IN_META("<org_name>R</org_name><report_id>1/report_id>" DATES), 0, GOOD "xml-broken" },
	{ "end tag lost", IN_META("<org_name>R<report_id>1</report_id>" DATES), 0, GOOD "xml-broken" },
	{ "end tag of a record lost", REPORT("<record>" ROW("192.0.2.1", "2") FROM AUTH RECORD("192.0.2.2", "1")), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com\nxml-broken" },
	{ "end tag too many", REPORT(ONE "</record>"), 0, GOOD "xml-broken" },
	{ "middle cut out", FEEDBACK(META "<policy_published><domain>example.com</domain><result/></spf></auth_results></record>"), 0,
	  "-xml-broken" },
	{ "bytes after the end", REPORT(ONE) "\0\0\r\n--", 0, GOOD },
	{ "attributes that are none", "<feedback a=b c>" META POLICY ONE "</feedback>", 0, GOOD "xml-broken" },
	{ "text between elements", FEEDBACK("junk" META POLICY ONE), 0, GOOD "xml-broken" },

	/* structures that are not the standards' */
	{ "wrapper around the records", FEEDBACK(META POLICY "<records>" ONE RECORD("192.0.2.2", "1") "</records>"), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com\nvalue-odd" },
	{ "two wrappers", FEEDBACK(META POLICY "<data><records>" ONE "</records></data>"), 0, GOOD "value-odd" },
	{ "record in a wrapper never ends",
	  FEEDBACK(META POLICY "<records><record>" ROW("192.0.2.1", "2") FROM AUTH RECORD("192.0.2.2", "1") "</records>"), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com\nvalue-odd xml-broken" },
	{ "wrapper around the row", REPORT("<record><rows>" ROW("192.0.2.1", "2") "</rows>" FROM AUTH "</record>"), 0, GOOD "value-odd" },
	{ "extension is no wrapper", FEEDBACK(META POLICY ONE "<extension><x>" RECORD("192.0.2.2", "1") "</x></extension>"), 0,
	  "rfc9990 R 1 example.com none:" LINE },
	{ "another namespace is no wrapper", FEEDBACK(META POLICY ONE "<e:x xmlns:e='urn:e'>" RECORD("192.0.2.2", "1") "</e:x>"), 0,
	  GOOD },
	{ "rows before what they share",
	  REPORT("<record>" ROW("192.0.2.1", "2") ROW("192.0.2.2", "1") FROM AUTH "</record>"), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com\nelement-repeated" },
	{ "rows behind what they share",
	  REPORT("<record>" FROM AUTH ROW("192.0.2.1", "2") ROW("192.0.2.2", "1") "</record>"), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com\nelement-repeated" },
	{ "rows with identifiers each",
	  REPORT("<record>" ROW("192.0.2.1", "2") FROM AUTH ROW("192.0.2.2", "1")
	         "<identifiers><header_from>b.example.com</header_from></identifiers></record>"), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail b.example.com\nelement-repeated" },
	{ "rows that say little", REPORT("<record>" ROW("192.0.2.1", "2") "<row/><row></row>" FROM AUTH "</record>"), 0, GOOD },
	{ "no row", REPORT("<record><source_ip>192.0.2.1</source_ip><count>2</count>" EVALUATED FROM AUTH "</record>"), 0,
	  GOOD "xml-broken" },
	{ "policy_evaluated beside its row",
	  REPORT("<record><row><source_ip>192.0.2.1</source_ip><count>2</count></row>" EVALUATED FROM AUTH "</record>"), 0,
	  GOOD "xml-broken" },
	{ "start tag of a row lost",
	  REPORT("<record><source_ip>192.0.2.1</source_ip><count>2</count>" EVALUATED "</row>" FROM AUTH "</record>"), 0,
	  GOOD "xml-broken" },
	{ "start tag of a record lost", REPORT(ONE ROW("192.0.2.2", "1") FROM AUTH "</record>" RECORD("192.0.2.3", "4")), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com,"
	  " 192.0.2.3*4 none/pass/fail example.com\nxml-broken" },
	{ "no record around rows", REPORT(ROW("192.0.2.1", "2") FROM AUTH ROW("192.0.2.2", "1") FROM AUTH), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com\nelement-repeated xml-broken" },
	{ "fields of a row beside the records are none", REPORT(ONE "<source_ip>192.0.2.2</source_ip><count>9</count>"), 0,
	  GOOD "value-odd value-odd" },
	{ "element of another namespace is not ours",
	  REPORT(RECORD("192.0.2.1", "2</count><e:count xmlns:e='urn:e'>55</e:count><count>2")), 0, GOOD "element-repeated" },
	{ "nor where it comes first",
	  "<feedback xmlns:e='urn:e'>" META POLICY "<record><row><source_ip>192.0.2.1</source_ip><e:count>55</e:count><count>2"
	  "</count>" EVALUATED "</row>" FROM AUTH "</record></feedback>", 0, GOOD },
	{ "nor as a default",
	  REPORT("<record><row><source_ip>192.0.2.1</source_ip><count xmlns='urn:e'>55</count><count>2</count>" EVALUATED "</row>"
	         FROM AUTH "</record>"), 0, GOOD },
	{ "any namespace that the root has", "<feedback xmlns='urn:x'>" META POLICY ONE "</feedback>", 0, GOOD },
	{ "children of the standard's namespace",
	  "<d:feedback xmlns:d='urn:x' xmlns:e='urn:ietf:params:xml:ns:dmarc-2.0'>" META POLICY
	  "<e:record>" ROW("192.0.2.1", "2") FROM AUTH "</e:record></d:feedback>", 0, GOOD },
	{ "upper case",
	  "<FEEDBACK><Report_Metadata><ORG_NAME>R</ORG_NAME><report_id>1</report_id>" DATES "</Report_Metadata>" POLICY
	  "<Record>" ROW("192.0.2.1", "2") FROM AUTH "</RECORD></FEEDBACK>", 0, GOOD "xml-broken" },
	{ "misspelled end tag", REPORT(RECORD("192.0.2.1", "2</cuont><x>") ), 0,
	  HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd xml-broken" },
	{ "misspelled end tag, and another element",
	  REPORT("<record><row><source_ip>192.0.2.1</source_ip><count>2</cuont>" EVALUATED "</row>" FROM AUTH "</record>"), 0,
	  GOOD "xml-broken" },
	{ "end tag in a text", FEEDBACK(META_OF("a</b>", "1") POLICY ONE), 0, "rfc7489 a</b> 1 example.com none:" LINE "xml-broken" },

	/* what a report cannot be without, and what it can */
	{ "no record", REPORT(""), 0, HEAD "\nno-records" },
	{ "record without anything", REPORT(ONE "<record/>"), 0, GOOD "record-dropped" },
	{ "neither id nor time", IN_META("<org_name>R</org_name>"), 0, "-report-incomplete" },
	{ "no domain anywhere", FEEDBACK(META "<policy_published><p>none</p></policy_published>"), 0, "-report-incomplete" },
	{ "domain from a record only", FEEDBACK(META "<policy_published><p>none</p></policy_published>" ONE), 0,
	  "rfc7489 R 1 (null) none:" LINE "value-missing" },
	{ "empty org_name", FEEDBACK(META_OF("", "1") POLICY ONE), 0, "rfc7489 (null) 1 example.com none:" LINE "value-missing" },
	{ "second policy", FEEDBACK(META POLICY "<policy_published><domain>b.example</domain><p>reject</p></policy_published>" ONE),
	  0, GOOD "element-repeated" },

	/* values */
	{ "modes in words",
	  FEEDBACK(META POLICY_WITH("<adkim>relaxed</adkim><aspf>Strict</aspf>") ONE), 0,
	  "rfc7489 R 1 example.com none r/s:" LINE "value-odd value-odd" },
	{ "percentage with its sign", FEEDBACK(META POLICY_WITH("<pct>20%</pct>") ONE), 0,
	  "rfc7489 R 1 example.com none pct=20:" LINE "value-odd" },
	{ "percentage of too much", FEEDBACK(META POLICY_WITH("<pct>101</pct>") ONE), 0, GOOD "value-odd" },
	{ "the tag t for its element", FEEDBACK(META POLICY_WITH("<t>y</t>") ONE), 0,
	  "rfc9990 R 1 example.com none testing=y:" LINE "value-odd" },
	{ "case and space of words",
	  FEEDBACK(META_OF(" R ", "\t1\n") "<policy_published><domain>EXAMPLE.com.</domain><p>None</p></policy_published>"
	           EVALUATED_RECORD("<policy_evaluated><disposition>Quarantine</disposition><dkim>PASS</dkim><spf>Fail</spf>"
	                            "</policy_evaluated>")), 0,
	  HEAD " 192.0.2.1*2 quarantine/pass/fail example.com\n" },
	{ "words outside the standard",
	  REPORT(EVALUATED_RECORD("<policy_evaluated><disposition>deliver</disposition><dkim>neutral</dkim><spf>hardfail</spf>"
	                          "</policy_evaluated>")), 0,
	  HEAD " 192.0.2.1*2 other/other/fail example.com\nvalue-odd value-odd value-odd" },
	{ "empty dkim and spf",
	  REPORT(EVALUATED_RECORD("<policy_evaluated><disposition/><dkim></dkim><spf> </spf></policy_evaluated>")), 0,
	  HEAD " 192.0.2.1*2 -/-/- example.com\n" },
	{ "no policy_evaluated", REPORT(EVALUATED_RECORD("")), 0, HEAD " 192.0.2.1*2 -/-/- example.com\n" },
	{ "no auth_results", REPORT("<record>" ROW("192.0.2.1", "2") FROM "</record>"), 0, GOOD },
	{ "no header_from", REPORT("<record>" ROW("192.0.2.1", "2") AUTH "</record>"), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail (null)\nvalue-missing" },
	{ "empty reason",
	  REPORT(EVALUATED_RECORD("<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>"
	                          "<reason><type/><comment/></reason></policy_evaluated>")), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com [-]\n" },
	{ "reason of their own",
	  REPORT(EVALUATED_RECORD("<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>"
	                          "<reason><type>because</type></reason></policy_evaluated>")), 0,
	  HEAD " 192.0.2.1*2 none/pass/fail example.com [other]\nvalue-odd" },

	{ "passes of nothing that passed",
	  REPORT("<record>" ROW("192.0.2.1", "2") FROM "<auth_results><dkim><domain>example.com</domain><result>fail</result></dkim>"
	         "<spf><domain>example.com</domain><result>softfail</result></spf></auth_results></record>"), 0, GOOD "result-contradictory" },
	{ "failure of what passed for the author's own domain",
	  REPORT("<record>" ROW("192.0.2.1", "2") FROM "<auth_results><dkim><domain>example.com</domain><result>pass</result></dkim>"
	         "<spf><domain>example.com</domain><scope>mfrom</scope><result>pass</result></spf></auth_results></record>"), 0,
	  GOOD "result-contradictory" },
	{ "no failure of DMARC: only the HELO name passed, and another domain",
	  REPORT("<record>" ROW("192.0.2.1", "2") FROM "<auth_results><dkim><domain>example.com</domain><result>pass</result></dkim>"
	         "<spf><domain>example.com</domain><scope>helo</scope><result>pass</result></spf>"
	         "<spf><domain>bounce.example.net</domain><scope>mfrom</scope><result>pass</result></spf></auth_results></record>"), 0, GOOD },

	{ "count with a plus", REPORT(RECORD("192.0.2.1", "+2")), 0, GOOD "count-odd" },
	{ "count with a fraction of nothing", REPORT(RECORD("192.0.2.1", "2.0")), 0, GOOD "count-odd" },
	{ "count with a fraction", REPORT(RECORD("192.0.2.1", "2.5")), 0, HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "count that ends in a point", REPORT(RECORD("192.0.2.1", "2.")), 0, HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "count in percent", REPORT(RECORD("192.0.2.1", "2%")), 0, HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "count in words", REPORT(RECORD("192.0.2.1", "abc") RECORD("192.0.2.2", "1")), 0,
	  HEAD " 192.0.2.1*? none/pass/fail example.com, 192.0.2.2*1 none/pass/fail example.com\ncount-odd" },
	{ "negative count", REPORT(RECORD("192.0.2.1", "-17")), 0, HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "hexadecimal count", REPORT(RECORD("192.0.2.1", "0x10")), 0, HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "count with a comma", REPORT(RECORD("192.0.2.1", "1,234")), 0, HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "full-width count", REPORT(RECORD("192.0.2.1", "\xef\xbc\x91")), 0,
	  HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "count of 32 bits and one", REPORT(RECORD("192.0.2.1", "2147483648")), 0,
	  HEAD " 192.0.2.1*2147483648 none/pass/fail example.com\n" },
	{ "count beyond belief", REPORT(RECORD("192.0.2.1", "9223372036854775808")), 0,
	  HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },
	{ "empty count", REPORT(RECORD("192.0.2.1", "")), 0, HEAD " 192.0.2.1*? none/pass/fail example.com\ncount-odd" },

	{ "address that is none", REPORT(RECORD("unknown", "2")), 0, HEAD " 'unknown'*2 none/pass/fail example.com\naddress-odd" },
	{ "octal address", REPORT(RECORD("0177.0.0.1", "2")), 0, HEAD " '0177.0.0.1'*2 none/pass/fail example.com\naddress-odd" },
	{ "address in square brackets", REPORT(RECORD("[192.0.2.1]", "2")), 0, GOOD },
	{ "IPv4 within IPv6", REPORT(RECORD("::ffff:192.0.2.1", "2")), 0, GOOD },
	{ "two addresses", REPORT(RECORD("192.0.2.1</source_ip><source_ip>192.0.2.2", "2")), 0, GOOD "element-repeated" },
	{ "no address", REPORT(RECORD("", "2")), 0, HEAD " ''*2 none/pass/fail example.com\naddress-odd" },
	{ "row that says nothing was seen", REPORT(RECORD("", "0")), 0, HEAD " ''*0 none/pass/fail example.com\n" },

	{ "fraction of a second", TIMES("1700000000.5", "1700086399.0"), 0, GOOD "time-odd time-odd" },
	{ "milliseconds", TIMES("1700000000000", "1700086399000"), 0, GOOD "time-odd time-odd" },
	{ "calendar times", TIMES("2023-11-14T22:13:20Z", "Wed, 15 Nov 2023 22:13:19 GMT"), 0, GOOD "time-odd time-odd" },
	{ "calendar times of any day", TIMES("14/11/2023", "11/12/2023"), 0,
	  "rfc7489 R 1 example.com none @?-?:" LINE "time-odd time-odd value-missing value-missing" },
	{ "ends before it begins", TIMES("1700086399", "1700000000"), 0,
	  "rfc7489 R 1 example.com none @1700086399-1700000000:" LINE "time-odd" },
	{ "begins and ends at once", TIMES("1700000000", "1700000000"), 0,
	  "rfc7489 R 1 example.com none @1700000000-1700000000:" LINE },
	{ "times that are none", TIMES("-1", "99999999999999999999999999"), 0,
	  "rfc7489 R 1 example.com none @?-?:" LINE "time-odd time-odd value-missing value-missing" },
};

typedef struct {
	GString *said;
	GPtrArray *batches; /* of the report that comes */
} Reading;

static void
say_record(GString *said, const MqRecord *record)
{
	g_autofree char *address = mq_address_to_text(&record->source);

	if (record->source.n_bytes > 0)
		g_string_append_printf(said, " %s*", address);
	else
		g_string_append_printf(said, " '%s'*", record->source_text != NULL ? record->source_text : "");
	if (record->count == MQ_COUNT_ABSENT)
		g_string_append_c(said, '?');
	else
		g_string_append_printf(said, "%" G_GINT64_FORMAT, record->count);
	g_string_append_printf(said, " %s/%s/%s %s",
	                       record->disposition != 0 ? mq_word(&mq_words_disposition, record->disposition) : "-",
	                       record->dkim != 0 ? mq_word(&mq_words_result, record->dkim) : "-",
	                       record->spf != 0 ? mq_word(&mq_words_result, record->spf) : "-",
	                       record->header_from != NULL ? record->header_from : "(null)");
	for (guint i = 0; i < record->n_reasons; i++) {
		const char *word = mq_word(&mq_words_reason, record->reasons[i].type);

		g_string_append_printf(said, " [%s]", word != NULL ? word : "-");
	}
}

static void
say_time(GString *said, gint64 time_s)
{
	if (time_s == MQ_TIME_ABSENT)
		g_string_append_c(said, '?');
	else
		g_string_append_printf(said, "%" G_GINT64_FORMAT, time_s);
}

static void
say_head(GString *said, const MqReport *report)
{
	const MqPolicyPublished *policy = &report->policy;

	g_string_append_printf(said, "%s %s %s %s %s", mq_word(&mq_words_dialect, report->dialect),
	                       report->reporter != NULL ? report->reporter : "(null)",
	                       report->report_id != NULL ? report->report_id : "(null)",
	                       policy->domain != NULL ? policy->domain : "(null)", mq_word(&mq_words_policy, policy->p));
	if (policy->np != 0)
		g_string_append_printf(said, " np=%s", mq_word(&mq_words_policy, policy->np));
	if (policy->adkim != 0 || policy->aspf != 0)
		g_string_append_printf(said, " %s/%s", mq_word(&mq_words_mode, policy->adkim),
		                       mq_word(&mq_words_mode, policy->aspf));
	if (policy->pct >= 0)
		g_string_append_printf(said, " pct=%d", policy->pct);
	if (policy->testing != 0)
		g_string_append_printf(said, " testing=%s", mq_word(&mq_words_yes, policy->testing));
	if (policy->discovery_method != 0)
		g_string_append_printf(said, " %s", mq_word(&mq_words_method, policy->discovery_method));
	if (report->begin_s != 1700000000 || report->end_s != 1700086399) {
		g_string_append(said, " @");
		say_time(said, report->begin_s);
		g_string_append_c(said, '-');
		say_time(said, report->end_s);
	}
	g_string_append_c(said, ':');
}

static gboolean
take_batch(gpointer ctx, MqBatch *batch, GError **error)
{
	Reading *reading = ctx;

	(void)error;
	g_ptr_array_add(reading->batches, batch);
	return TRUE;
}

static gboolean
take_report(gpointer ctx, MqReport *report, GError **error)
{
	Reading *reading = ctx;
	guint64 n = 0;

	(void)error;
	say_head(reading->said, report);
	for (guint b = 0; b < reading->batches->len; b++) {
		const MqBatch *batch = reading->batches->pdata[b];

		for (guint i = 0; i < batch->records->len; i++) {
			if (n++ > 0)
				g_string_append_c(reading->said, ',');
			say_record(reading->said, batch->records->pdata[i]);
		}
	}
	g_assert_cmpuint(report->n_records, ==, n);
	g_string_append_c(reading->said, '\n');
	g_ptr_array_set_size(reading->batches, 0);
	mq_report_free(report);
	return TRUE;
}

static int
compare_words(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The codes, sorted: they come as the bytes do. */
static void
say_problems(GString *said, const MqProblems *problems)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *all = NULL;

	for (guint i = 0; i < mq_problems_count(problems); i++) {
		const MqProblem *problem = mq_problems_get(problems, i);

		g_ptr_array_add(words, g_strconcat(problem->stored ? "" : "-", mq_problem_code_word(problem->code), NULL));
	}
	g_ptr_array_sort(words, compare_words);
	g_ptr_array_add(words, NULL);
	all = g_strjoinv(" ", (char **)words->pdata);
	g_string_append(said, all);
}

/* What is said about @document, fed in pieces of @piece bytes. @charset: (nullable): of the mail */
static char *
read_document(const char *document, gsize n, const char *charset, gsize piece)
{
	Reading reading = {
		.said = g_string_new(NULL),
		.batches = g_ptr_array_new_with_free_func((GDestroyNotify)mq_batch_free),
	};
	g_autoptr(MqProblems) problems = mq_problems_new();
	MqFormatContext context = {
		.part = "report.xml",
		.charset = charset,
		.problems = problems,
		.take_batch = take_batch,
		.take_report = take_report,
		.ctx = &reading,
	};
	MqFormatReader *reader = mq_format_aggregate.open(&context);
	g_autoptr(GError) error = NULL;

	for (gsize at = 0; at < n && error == NULL; at += piece)
		mq_format_aggregate.feed(reader, (const guint8 *)document + at, MIN(piece, n - at), &error);
	if (error == NULL)
		mq_format_aggregate.finish(reader, TRUE, &error);
	mq_format_aggregate.free(reader);
	g_assert_cmpint(error == NULL, ==, context.report > 0);
	say_problems(reading.said, problems);
	g_ptr_array_unref(reading.batches);
	return g_string_free(reading.said, FALSE);
}

static void
test_read(gconstpointer data)
{
	const Case *row = data;
	gsize n = row->n != 0 ? row->n : strlen(row->document);
	g_autofree char *whole = read_document(row->document, n, NULL, G_MAXSIZE / 2);
	g_autofree char *bytes = read_document(row->document, n, NULL, 1);

	g_assert_cmpstr(whole, ==, row->want);
	g_assert_cmpstr(bytes, ==, row->want);
}

/* Each of these charsets carries the same report, marked or not. */
static void
test_charset(gconstpointer data)
{
	static const char *const fronts[] = { "\xef\xbb\xbf", "", "\n \t" };
	const char *charset = data;

	for (gsize i = 0; i < G_N_ELEMENTS(fronts); i++) {
		g_autofree char *text = g_strconcat(fronts[i], REPORT(ONE), NULL);
		gsize n = 0;
		g_autofree char *bytes = g_convert(text, -1, charset, "UTF-8", NULL, &n, NULL);
		g_autofree char *whole = read_document(bytes, n, NULL, G_MAXSIZE / 2);
		g_autofree char *three = read_document(bytes, n, NULL, 3);

		g_assert_cmpstr(whole, ==, GOOD);
		g_assert_cmpstr(three, ==, GOOD);
	}
}

/* What the mail says about bytes that do not tell themselves. */
static const struct {
	const char *rule, *charset, *declaration, *name;
	const char *want; /* the name; and a note, when the bytes are read by guessing */
} labels[] = {
	{ "KOI8-R", "KOI8-R", "", "\xf0\xcf\xde\xd4\xc1 R", "\xd0\x9f\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0 R" },
	{ "Latin-1 as its superset", "iso-8859-1", "", "Caf\xe9 \x80", "Caf\xc3\xa9 \xe2\x82\xac" },
	{ "UTF-8 for all that", "iso-8859-1", "", "Caf\xc3\xa9", "Caf\xc3\xa9" },
	{ "one letter at the end", "windows-1251", "", "\xff", "\xd1\x8f" },
	{ "the document knows better", "koi8-r", "<?xml version='1.0' encoding='windows-1251'?>", "\xff", "\xd1\x8f" },
	{ "the document says UTF-8", "koi8-r", "<?xml version='1.0' encoding='utf-8'?>", "a\xe9" "b", "a\xc3\xa9" "b!" },
	{ "a charset that nobody knows", "x-no-such", "", "a\xe9" "b", "a\xc3\xa9" "b!" },
};

static void
test_label(gconstpointer data)
{
	const gsize i = GPOINTER_TO_SIZE(data);
	g_autofree char *document = g_strconcat(labels[i].declaration, "<feedback><report_metadata><org_name>", labels[i].name,
	                                        "</org_name><report_id>1</report_id>" DATES "</report_metadata>" POLICY ONE
	                                        "</feedback>", NULL);
	gboolean guessed = g_str_has_suffix(labels[i].want, "!");
	g_autofree char *name = g_strndup(labels[i].want, strlen(labels[i].want) - (guessed ? 1 : 0));
	g_autofree char *want = g_strconcat("rfc7489 ", name, " 1 example.com none:" LINE, guessed ? "encoding" : "", NULL);
	g_autofree char *whole = read_document(document, strlen(document), labels[i].charset, G_MAXSIZE / 2);
	g_autofree char *bytes = read_document(document, strlen(document), labels[i].charset, 1);

	g_assert_cmpstr(whole, ==, want);
	g_assert_cmpstr(bytes, ==, want);
}

/* Records leave in batches, and none is lost between them. */
static void
test_many(void)
{
	g_autoptr(GString) document = g_string_new("<feedback>" META POLICY);
	g_autofree char *said = NULL;
	const char *at;
	guint n = 0;

	for (guint i = 0; i < 2 * MQ_LIMIT_BATCH_RECORDS + 1; i++)
		g_string_append(document, ONE);
	g_string_append(document, "</feedback>");
	said = read_document(document->str, document->len, NULL, 65536);
	for (at = strstr(said, "*2"); at != NULL; at = strstr(at + 1, "*2"))
		n++;
	g_assert_cmpuint(n, ==, 2 * MQ_LIMIT_BATCH_RECORDS + 1);
}

/* So many rows no record has, or not with so many results; what is lost is said, and that it is. */
static void
test_many_rows(gconstpointer data)
{
	guint n_results = GPOINTER_TO_UINT(data), kept = 0;
	g_autoptr(GString) document = g_string_new("<feedback>" META POLICY "<record>");
	g_autofree char *said = NULL;

	for (guint i = 0; i < MQ_LIMIT_ROWS + 7; i++)
		g_string_append(document, ROW("192.0.2.1", "2"));
	g_string_append(document, FROM "<auth_results>");
	for (guint i = 0; i < n_results; i++)
		g_string_append(document, "<spf><domain>example.com</domain></spf>");
	g_string_append(document, "</auth_results></record></feedback>");
	said = read_document(document->str, document->len, NULL, 65536);
	for (const char *at = strstr(said, "*2"); at != NULL; at = strstr(at + 1, "*2"))
		kept++;
	g_assert_cmpuint(kept, ==, MIN(MQ_LIMIT_ROWS, MQ_LIMIT_ROW_RESULTS / n_results));
	g_assert_true(g_str_has_suffix(said, "\n-record-dropped element-repeated"));
}

/* What says nothing is refused where it outweighs all else. */
static void
test_waste(gconstpointer data)
{
	const char *piece = data;
	g_autoptr(GString) document = g_string_new("<feedback>" META POLICY);
	g_autofree char *few = NULL;
	g_autofree char *many = NULL;

	for (guint i = 0; i < 1000; i++)
		g_string_append(document, piece);
	few = read_document(document->str, document->len, NULL, 65536);
	for (guint i = 0; i < MQ_LIMIT_XML_WASTE; i++)
		g_string_append(document, piece);
	many = read_document(document->str, document->len, NULL, 65536);
	g_assert_cmpstr(few, ==, "-xml-truncated");
	g_assert_cmpstr(many, ==, "-too-large");
}

/* A text of a megabyte is cut, and the report is kept. */
static void
test_long_text(void)
{
	g_autofree char *name = g_strnfill(1 << 20, 'R');
	g_autofree char *document = g_strconcat("<feedback><report_metadata><org_name>", name,
	                                        "</org_name><report_id>1</report_id>" DATES "</report_metadata>" POLICY ONE
	                                        "</feedback>", NULL);
	g_autofree char *said = read_document(document, strlen(document), NULL, 4096);

	g_assert_cmpuint(strspn(said + strlen("rfc7489 "), "R"), ==, MQ_LIMIT_FIELD_BYTES);
	g_assert_true(g_str_has_suffix(said, LINE "field-truncated field-truncated"));
}

static void
test_bids(void)
{
	static const struct {
		const char *start;
		guint least, most;
	} bids[] = {
		{ "<?xml version=\"1.0\"?><feedback>", 90, 100 },
		{ "<ns:feedback xmlns:ns='x'>", 90, 100 },
		{ "\xef\xbb\xbf <feedback>", 90, 100 },
		{ "<?xml version=\"1.0\"?><svg/>", 0, 30 },
		{ "<!DOCTYPE html><html>", 0, 0 },
		{ "<FeedBack>", 90, 100 },
		{ "feedback is welcome", 0, 0 },
		{ "", 0, 0 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bids); i++) {
		guint bid = mq_format_aggregate.bid((const guint8 *)bids[i].start, strlen(bids[i].start));

		g_assert_cmpuint(bid, >=, bids[i].least);
		g_assert_cmpuint(bid, <=, bids[i].most);
	}
}

int
main(int argc, char **argv)
{
	static const char *const wastes[] = { "<zz/>", "<!---->", "<?x?>" };
	static const char *const charsets[] = { "UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE" };

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/format-aggregate/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_read);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++) {
		g_autofree char *path = g_strconcat("/format-aggregate/charset/", charsets[i], NULL);

		g_test_add_data_func(path, charsets[i], test_charset);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
		g_autofree char *path = g_strconcat("/format-aggregate/label/", labels[i].rule, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_label);
	}
	g_test_add_func("/format-aggregate/many records", test_many);
	g_test_add_data_func("/format-aggregate/many rows of a record", GUINT_TO_POINTER(1), test_many_rows);
	g_test_add_data_func("/format-aggregate/many rows with many results", GUINT_TO_POINTER(50), test_many_rows);
	for (gsize i = 0; i < G_N_ELEMENTS(wastes); i++) {
		g_autofree char *path = g_strconcat("/format-aggregate/waste/", wastes[i], NULL);

		g_test_add_data_func(path, wastes[i], test_waste);
	}
	g_test_add_func("/format-aggregate/long text", test_long_text);
	g_test_add_func("/format-aggregate/bids", test_bids);
	return g_test_run();
}
