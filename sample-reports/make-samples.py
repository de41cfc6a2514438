#!/usr/bin/env python3
"""Makes the sample mailbox: five weeks of reports about two invented domains, the same bytes each time.

    sample-reports/make-samples.py            writes cur/, new/ and expected.json here
    sample-reports/make-samples.py --to DIR   writes them there

All names are of RFC 2606, all addresses of RFC 5737 and RFC 3849. The story: example.com (p=none) is nearly ready
for enforcement. Its mail provider and its own server pass, a newsletter service signs and bounces as itself
only, a forwarder breaks SPF but not DKIM, and in the fourth week strangers send as the domain from everywhere.
example.org is parked: nobody may send, some try.
"""

import argparse
import base64
import calendar
import gzip
import io
import json
import pathlib
import quopri
import random
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace

DAY = 86400
FIRST = calendar.timegm((2026, 10, 19, 0, 0, 0))  # a Monday
DAYS = 35
RANDOM = random.Random(7489)


# ------------------------------------------------------------------------------------------- what is reported

@dataclass(frozen=True)
class Row:
    ip: str
    count: int
    dkim: str = "fail"           # aligned results
    spf: str = "fail"
    disposition: str = "none"
    header_from: str = "example.com"
    envelope_from: str = "example.com"
    signatures: tuple = ()       # (domain, selector, result)
    spf_result: str = "fail"
    reason: tuple = ()           # (type, comment)


@dataclass(frozen=True)
class Report:
    reporter: str
    email: str
    ident: str
    domain: str
    begin: int
    rows: tuple = ()
    policy: str = "none"
    dialect: str = "rfc7489"
    extra: dict = field(default_factory=dict, hash=False)

    @property
    def end(self):
        return self.begin + DAY - 1


def provider(day, share):
    """The mail provider of example.com: all passes."""
    rows = []
    for ip in RANDOM.sample(["192.0.2.17", "192.0.2.18", "192.0.2.21", "2001:db8:1000::21", "2001:db8:1000::35"], 3):
        rows.append(Row(ip, RANDOM.randint(20, 60) * share, "pass", "pass", envelope_from="example.com",
                        signatures=(("example.com", "provider2026", "pass"),), spf_result="pass"))
    return rows


def own_server(day, share):
    """example.com's own server; it signs since the eleventh day."""
    signs = day >= 10
    signatures = (("example.com", "mx1", "pass"),) if signs else ()
    row = Row("198.51.100.25", RANDOM.randint(5, 15) * share, "pass" if signs else "fail", "pass",
              signatures=signatures, spf_result="pass")
    if day % 3 == 0:
        return [row, replace(row, ip="2001:db8:25::25", count=2 * share, header_from="billing.example.com",
                             envelope_from="billing.example.com")]
    return [row]


def newsletter(day, share):
    """Tuesdays; passes as itself, never as example.com: the mistake to find."""
    if day % 7 not in (1, 2):
        return []
    size = 40 if day % 7 == 1 else 3
    return [Row(ip, RANDOM.randint(size, 2 * size) * share, envelope_from="bounce.newsletter.example",
                signatures=(("newsletter.example", "nl1", "pass"),), spf_result="pass")
            for ip in ("203.0.113.66", "203.0.113.67")]


def forwarder(day, share):
    """An alumni forwarder: the signature survives, the address is not example.com's."""
    if day % 2:
        return []
    reason = ("forwarded", "") if day % 4 else ()
    return [Row("2001:db8:f0::2a", RANDOM.randint(1, 5), "pass", "fail", envelope_from="example.com",
                signatures=(("example.com", "provider2026", "pass"),), spf_result="softfail", reason=reason)]


def mailing_list(day, share):
    """A list that adds a footer: the signature breaks."""
    if day % 5 != 4:
        return []
    return [Row("2001:db8:115::7", RANDOM.randint(1, 3), envelope_from="lists.example.net",
                signatures=(("example.com", "provider2026", "fail"), ("lists.example.net", "list", "pass")),
                spf_result="pass", reason=("mailing_list", "list-id: talk.lists.example.net"))]


def wave(day, share):
    """Spoofing, three days in the fourth week."""
    if not 22 <= day <= 24:
        return []
    networks = RANDOM.sample(range(0x5000, 0x500c), 6)
    hosts = [f"2001:db8:{network:x}::{RANDOM.randint(2, 999):x}" for network in networks]
    return [Row(ip, RANDOM.randint(8, 40), envelope_from=RANDOM.choice(["example.com", "cheap-pills.example"]),
                spf_result=RANDOM.choice(["fail", "fail", "softfail", "none"])) for ip in hosts]


SENDERS = (provider, own_server, newsletter, forwarder, mailing_list, wave)


def rows_of(day, share):
    rows = [row for sender in SENDERS for row in sender(day, share)]
    return tuple(rows)


def parked(day):
    return tuple(Row(f"2001:db8:{RANDOM.randint(0x6000, 0x6003):x}::{RANDOM.randint(2, 99):x}", RANDOM.randint(1, 4), header_from="example.org",
                     envelope_from="example.org", disposition="reject") for _ in range(2))


# -------------------------------------------------------------------------------------------------------- XML

def xml_text(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def element(name, *inner):
    """<name>inner</name>; None leaves the element out."""
    if inner == (None,):
        return ""
    return f"<{name}>{''.join(part if part.startswith('<') else xml_text(part) for part in inner)}</{name}>"


def row_xml(row, report):
    modern = report.dialect == "rfc9990"
    reasons = ""
    if row.reason:
        kind = "trusted_forwarder" if modern and row.reason[0] == "forwarded" else row.reason[0]
        reasons = element("reason", element("type", kind), element("comment", row.reason[1] or None))
    signatures = [element("dkim", element("domain", domain), element("selector", selector), element("result", result))
                  for domain, selector, result in row.signatures]
    scope = "mfrom" if "scope" in report.extra or modern else None
    return element(
        "record",
        element("row", element("source_ip", row.ip), element("count", str(row.count)),
                element("policy_evaluated", element("disposition", row.disposition), element("dkim", row.dkim),
                        element("spf", row.spf), reasons)),
        element(report.extra.get("identifiers", "identifiers"), element("header_from", row.header_from),
                element("envelope_from", row.envelope_from if "envelope" in report.extra or modern else None)
               ),
        element("auth_results", *signatures, element("spf", element("domain", row.envelope_from),
                                                     element("scope", scope),
                                                     element("result", row.spf_result))),
    ) + "\n"


def report_xml(report):
    modern = report.dialect == "rfc9990"
    optional = {
        "rfc7489": element("sp", report.policy) + element("pct", "100"),
        "rfc9990": element("sp", report.policy) + element("np", "reject") + element("discovery_method", "treewalk")
        + element("testing", "n"),
        "draft": "",
    }[report.dialect]
    head = element(
        "report_metadata",
        element("org_name", report.reporter) if report.reporter else "<org_name/>",
        element("email", report.email),
        element("extra_contact_info", report.extra.get("contact")),
        element("report_id", report.ident),
        element("date_range", element("begin", str(report.begin)), element("end", str(report.end))),
        element("generator", "Example Reporter 2.1" if modern else None),
    )
    policy = element("policy_published", element("domain", report.domain), element("adkim", "r"), element("aspf", "r"),
                     element("p", report.policy), optional)
    version = report.extra.get("version", "<version>1.0</version>\n")
    rows = "".join(row_xml(row, report) for row in report.rows)
    root = "feedback" + (' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"' if modern else "")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>\n{version}{head}\n{policy}\n{rows}</feedback>\n'


def prefixed(xml, prefix="d"):
    """The same document with a prefix on each name, as some XML libraries write it."""
    xml = xml.replace("xmlns=", f"xmlns:{prefix}=")
    out = []
    for piece in xml.split("<"):
        if piece and piece[0] == "/":
            piece = f"/{prefix}:{piece[1:]}"
        elif piece and piece[0].isalpha():
            piece = f"{prefix}:{piece}"
        out.append(piece)
    return "<".join(out)


# ------------------------------------------------------------------------------------------------------ packing

def gz(data, name="report.xml"):
    out = io.BytesIO()
    with gzip.GzipFile(filename=name, mode="wb", fileobj=out, mtime=0) as stream:
        stream.write(data)
    return out.getvalue()


def zipped(data, name="report.xml"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, data)
    return out.getvalue()


def date_header(when):
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(when))


def header(sender, subject, when, ident, more=""):
    return (f"From: <{sender}>\nTo: <dmarc@example.com>\nSubject: {subject}\nDate: {date_header(when)}\n"
            f"Message-ID: <{ident}>\nMIME-Version: 1.0\n{more}")


def base64_lines(data):
    return base64.encodebytes(data).decode()


def attachment(data, media, name, encoding="base64"):
    body = base64_lines(data) if encoding == "base64" else quopri.encodestring(data).decode("latin-1") + "\n"
    return (f'Content-Type: {media}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
            f"Content-Transfer-Encoding: {encoding}\n\n{body}")


def multipart(kind, *parts, boundary="=_part"):
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


def text_part(text):
    return f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"


def subject_of(report):
    return f"Report Domain: {report.domain} Submitter: {report.email.split('@')[1]} Report-ID: {report.ident}"


def file_of(report, extension):
    return f"{report.email.split('@')[1]}!{report.domain}!{report.begin}!{report.end}.{extension}"


def mail(report, body):
    return header(report.email, subject_of(report), report.end + 7200,
                  f"{report.ident.strip('<>')}.mail@{report.email.split('@')[1]}", body).encode()


def bare_zip(report):
    """The whole mail is one zip."""
    return mail(report, attachment(zipped(report_xml(report).encode(), file_of(report, "xml")), "application/zip",
                                   file_of(report, "zip")))


def gz_beside_text(report, xml=None):
    data = gz((xml or report_xml(report)).encode(), file_of(report, "xml"))
    return mail(report, multipart("mixed", text_part("This is an aggregate report."),
                                  attachment(data, "application/gzip", file_of(report, "xml.gz"))))


def html_around(report):
    """mixed > related > alternative, then the report, as a large provider does."""
    html = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + base64_lines(
        b"<p>This is an aggregate report.</p>")
    inner = multipart("related", multipart("alternative", html, boundary="=_inner"), boundary="=_middle")
    return mail(report, multipart("mixed", inner, attachment(gz(report_xml(report).encode()), "application/gzip",
                                                             file_of(report, "xml.gz"))))


def plain_xml(report):
    return mail(report, multipart("mixed", text_part("See below."), attachment(
        report_xml(report).encode(), "text/xml", file_of(report, "xml"), "quoted-printable")))


def prefixed_gz(report):
    return gz_beside_text(report, prefixed(report_xml(report)))


# ---------------------------------------------------------------------------------------- the regular reporters

# name, address, dialect, how it packs, every how many days, share of the mail, what its reports have
REPORTERS = (
    ("Big Mail", "noreply-dmarc@bigmail.example", "rfc7489", bare_zip, 1, 3, {"version": ""}),
    ("Enterprise Mail", "dmarcreport@enterprise.example", "rfc7489", html_around, 1, 2, {"scope": 1, "envelope": 1}),
    ("post.example", "reports@post.example", "rfc9990", gz_beside_text, 1, 1, {}),
    ("Modern Mail", "dmarc@modern.example", "rfc9990", prefixed_gz, 5, 1, {}),
    ("Old Mail", "postmaster@oldmail.example", "draft", gz_beside_text, 6, 1, 
     {"version": "<version>0.1</version>\n", "identifiers": "identities"}),
    ("Town Hosting", "dmarc@hosting.example", "rfc7489", plain_xml, 4, 1, {"contact": "https://hosting.example/?a=1&b=2"}),
)


class Mailbox:
    """The mails, in order, and what a reader must find in them."""

    def __init__(self):
        self.mails = []
        self.counts = Counter()
        self.dialects = Counter()
        self.domains = {}
        self.problems = set()

    def add(self, data, *reports, kind=None, outcome=None, problems=()):
        """@reports: those whose rows count; @outcome: "duplicates", "ignored", "failed"."""
        self.mails.append(data)
        self.counts["messages"] += 1
        if outcome:
            self.counts[outcome] += 1
        if kind:
            self.counts[kind] += 1
        self.problems.update(problems)
        for report in reports:
            self.counts["aggregate"] += 1
            self.dialects[report.dialect] += 1
            self.count_rows(report.rows)

    def count_rows(self, rows):
        for row in rows:
            passed = row.count if "pass" in (row.dkim, row.spf) else 0
            total = self.domains.setdefault(row.header_from, Counter())
            total.update(messages=row.count, dmarc_pass=passed, rows=1,
                         spf_aligned=row.count if row.spf == "pass" else 0,
                         dkim_aligned=row.count if row.dkim == "pass" else 0,
                         rejected=row.count if row.disposition == "reject" else 0)
            self.counts.update(records=1, message_count=row.count)

    def expected(self):
        count = self.counts
        return {
            "ingest": {
                "messages": count["messages"],
                "reports": {kind: count[kind] for kind in ("aggregate", "failure", "tls")},
                **{key: count[key] for key in ("duplicates", "ignored", "failed", "records", "message_count")},
            },
            "problem_codes": sorted(self.problems),
            "dialects": dict(sorted(self.dialects.items())),
            "domains": {name: dict(sorted(total.items())) for name, total in sorted(self.domains.items())},
        }


def daily_reports(box):
    for day in range(DAYS):
        begin = FIRST + day * DAY
        for number, (name, email, dialect, pack, every, share, extra) in enumerate(REPORTERS):
            if day % every:
                continue
            ident = f"{begin // 1000}{number}{RANDOM.randint(10**6, 10**7)}"
            report = Report(name, email, ident, "example.com", begin, rows_of(day, share), dialect=dialect, extra=extra)
            box.add(pack(report), report)
        if day % 4 == 2:
            report = Report("Big Mail", "noreply-dmarc@bigmail.example", f"p{begin // 1000}", "example.org", begin,
                            parked(day), policy="reject", extra={"version": ""})
            box.add(bare_zip(report), report)


# --------------------------------------------------------------------------------------------- the odd and the bad

def odd(number, day, reporter, rows=1, **more):
    """A small report of a reporter who writes once, and oddly."""
    host = f"odd{number}.example"
    good = Row("192.0.2.17", 10 + number, "pass", "pass", signatures=(("example.com", "provider2026", "pass"),),
               spf_result="pass")
    return Report(reporter, f"dmarc@{host}", f"odd-{number}@{host}", "example.com", FIRST + day * DAY,
                  tuple(replace(good, ip=f"192.0.2.{17 + i}") for i in range(rows)), **more)


def odd_encodings(box):
    report = odd(1, 3, "Universität Beispiel")
    box.add(mail(report, attachment(gz(report_xml(report).replace("UTF-8", "ISO-8859-1", 1).encode("latin-1")),
                                    "application/gzip", file_of(report, "xml.gz"))), report)
    report = odd(2, 5, "Example Sechzehn")
    box.add(mail(report, attachment(zipped(report_xml(report).replace("UTF-8", "UTF-16", 1).encode("utf-16")),
                                    "application/zip", file_of(report, "zip"))), report)
    report = odd(3, 8, "Byte Order Mail")
    box.add(mail(report, attachment(b"\xef\xbb\xbf\n\n" + report_xml(report).encode(), "text/xml",
                                    file_of(report, "xml"))), report)
    report = odd(4, 9, "Bare & Ampersand")
    box.add(gz_beside_text(report, report_xml(report).replace("&amp;", "&")), report, problems=["xml-broken"])
    report = odd(5, 11, "Schema Mail")
    text = report_xml(report).replace("<feedback>", '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
                                      ' targetNamespace="http://dmarc.org/dmarc-xml/0.1">\n<feedback>')
    box.add(gz_beside_text(report, text), report, problems=["xml-broken"])
    report = odd(6, 12, "Old Prefix")
    text = report_xml(report).replace("<feedback>", "<ns1:feedback xmlns:ns1='http://dmarc.org/dmarc-xml/0.1'>")
    box.add(gz_beside_text(report, text.replace("</feedback>", "</ns1:feedback>")), report)


def odd_wrapping(box):
    report = odd(7, 13, "Wrong Label")
    box.add(mail(report, attachment(zipped(report_xml(report).encode()) + b"\r\n", "application/gzip",
                                    file_of(report, "xml.gz"))), report)
    report = odd(8, 14, "Label Wrong")
    box.add(mail(report, attachment(gz(report_xml(report).encode()), "application/zip", file_of(report, "zip"))), report)
    report = odd(9, 15, "Twice Packed")
    box.add(mail(report, attachment(zipped(gz(gz(report_xml(report).encode())), "report.xml.gz.gz"),
                                    "application/octet-stream", "report.bin")), report)
    report = odd(10, 16, "Much Forwarded")
    once = "Content-Type: message/rfc822\n\n" + gz_beside_text(report).decode()
    twice = header("clerk@example.com", "Fwd: report", report.end, "fwd-1@example.com",
                   multipart("mixed", text_part("Yours, I think."), once, boundary="=_fwd"))
    box.add(header("boss@example.com", "Fwd: Fwd: report", report.end, "fwd-2@example.com", multipart(
        "mixed", "Content-Type: message/rfc822\n\n" + twice, boundary="=_fwd2")).encode(), report)
    both = [odd(11, 17, "Two In One"), odd(12, 17, "Two In One")]
    parts = [attachment(gz(report_xml(one).encode()), "application/gzip", file_of(one, "xml.gz")) for one in both]
    box.add(mail(both[0], multipart("mixed", *parts)), *both)
    report = odd(13, 18, "Climbing Names")
    box.add(mail(report, attachment(zipped(report_xml(report).encode(), "../../../../tmp/report.xml"), "application/zip",
                                    "../../report.zip")), report)


def doubles(box):
    report = odd(14, 19, "Sends Twice")
    box.add(gz_beside_text(report), report)
    box.add(bare_zip(report), outcome="duplicates")
    report = odd(15, 20, "Sends Again", rows=2)
    box.add(gz_beside_text(report), report)
    more = replace(report, rows=report.rows + (replace(report.rows[0], ip="192.0.2.30", count=4),))
    box.add(gz_beside_text(more), kind="aggregate", problems=["report-variant"])
    box.dialects[more.dialect] += 1
    box.count_rows(more.rows[2:])


def broken(box):
    report = odd(16, 21, "Cut Short", rows=4)
    text = report_xml(report)
    cut = text[:text.index("<record>", text.index("192.0.2.18")) + 60]
    box.add(gz_beside_text(report, cut), replace(report, rows=report.rows[:2]), problems=["xml-truncated"])
    report = odd(17, 22, "Nothing To Say", rows=0)
    box.add(gz_beside_text(report), report, problems=["no-records"])
    report = odd(18, 23, "Broken Archive")
    data = bytearray(zipped(report_xml(report).encode() * 3))
    data[60:len(data) // 2] = b"\xff" * (len(data) // 2 - 60)
    box.add(mail(report, attachment(bytes(data), "application/zip", file_of(report, "zip"))), outcome="failed",
            problems=["archive-broken"])


def hostile(box):
    report = odd(19, 24, "Bomb")
    data = gz(report_xml(report).encode() + b" " * (40 << 20))
    box.add(mail(report, attachment(data, "application/gzip", file_of(report, "xml.gz"))), report,
            problems=["decompression-bomb"])
    report = odd(20, 25, "Entities")
    entities = "".join(f'<!ENTITY e{i} "{("&e%d;" % (i - 1)) * 10 if i else "ha"}">' for i in range(9))
    text = report_xml(report).replace("<feedback>", f"<!DOCTYPE feedback [{entities}]>\n<feedback>").replace(
        "<org_name>Entities", "<org_name>&e8;")
    box.add(gz_beside_text(report, text), outcome="failed", problems=["xml-forbidden"])
    report = odd(21, 26, "=HYPERLINK(\"https://threat.example/\")\u202e")
    report = replace(report, rows=(replace(report.rows[0], header_from="example.com", signatures=(
        ("example.com", "provider2026\u009b31m", "pass"),)),))
    box.add(gz_beside_text(report), report)


def other_kinds(box):
    for number, day, ip in ((1, 22, "2001:db8:5003::71"), (2, 23, "2001:db8:5008::7")):
        when = FIRST + day * DAY + 36000
        fields = ("Content-Type: message/feedback-report\n\nFeedback-Type: auth-failure\nVersion: 1\n"
                  "User-Agent: ExampleReporter/2.1\nAuth-Failure: dmarc\nDelivery-Result: delivered\n"
                  "Original-Mail-From: <offers@cheap-pills.example>\nOriginal-Rcpt-To: <user@enterprise.example>\n"
                  f"Arrival-Date: {date_header(when)}\nSource-IP: {ip}\nReported-Domain: example.com\n"
                  "Authentication-Results: mx.enterprise.example; dkim=none; spf=fail"
                  " smtp.mailfrom=cheap-pills.example; dmarc=fail header.from=example.com\nIdentity-Alignment: dkim, spf\n"
                  'SPF-DNS: txt : example.com : "v=spf1 ip4:198.51.100.25 -all"\n')
        original = (f"Content-Type: text/rfc822-headers\n\nFrom: Example Sales <sales@example.com>\n"
                    f"To: <user@enterprise.example>\nSubject: Your invoice {number}\nDate: {date_header(when)}\n"
                    f"Message-ID: <invoice-{number}@cheap-pills.example>\n")
        box.add(header("dmarcfail@enterprise.example", f"FW: Your invoice {number}", when + 60,
                       f"arf-{number}@enterprise.example", multipart(
                           "report; report-type=feedback-report", text_part("A mail failed DMARC."), fields,
                           original)).encode(), kind="failure")
    for week in range(5):
        box.add(tls_mail(week), kind="tls")
    box.add(header("newsletter@shop.example", "Autumn sale", FIRST + 30 * DAY, "sale@shop.example",
                   text_part("Everything must go.")).encode(), outcome="ignored")


def tls_mail(week):
    begin = FIRST + week * 7 * DAY
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    bad = 12 if week == 2 else 0
    policy = {
        "policy": {"policy-type": "sts", "policy-domain": "example.com", "mx-host": ["mx.example.com"],
                   "policy-string": ["version: STSv1", "mode: testing", "mx: mx.example.com", "max_age: 604800"]},
        "summary": {"total-successful-session-count": 900 + week, "total-failure-session-count": bad},
    }
    if bad:
        policy["failure-details"] = [{
            "result-type": "certificate-expired", "sending-mta-ip": "192.0.2.200",
            "receiving-mx-hostname": "mx.example.com", "receiving-ip": "198.51.100.25", "failed-session-count": bad}]
    document = {
        "organization-name": "Big Mail", "contact-info": "smtp-tls-reporting@bigmail.example",
        "report-id": f"tls-{week}@bigmail.example",
        "date-range": {"start-datetime": time.strftime(stamp, time.gmtime(begin)),
                       "end-datetime": time.strftime(stamp, time.gmtime(begin + DAY - 1))},
        "policies": [policy],
    }
    data = gz(json.dumps(document).encode(), "report.json")
    name = f"bigmail.example!example.com!{begin}!{begin + DAY - 1}.json.gz"
    return header("smtp-tls-reporting@bigmail.example",
                  f"Report Domain: example.com Submitter: bigmail.example Report-ID: <tls-{week}@bigmail.example>",
                  begin + DAY + 7200, f"tls-{week}.mail@bigmail.example",
                  "TLS-Report-Domain: example.com\nTLS-Report-Submitter: bigmail.example\n"
                  + multipart('report; report-type="tlsrpt"', text_part("This is a TLS report."),
                              attachment(data, "application/tlsrpt+gzip", name))).encode()


def write(box, where):
    """The last day's mail has not been looked at yet: it is in new/."""
    for folder in ("cur", "new"):
        (where / folder).mkdir(parents=True, exist_ok=True)
        for old in (where / folder).iterdir():
            old.unlink()
    fresh = len(box.mails) - 8
    for number, data in enumerate(box.mails):
        name = f"{number + 1:03}.sample"
        path = where / "new" / name if number >= fresh else where / "cur" / f"{name}:2,S"
        path.write_bytes(data)
    (where / "expected.json").write_text(json.dumps(box.expected(), indent=1) + "\n")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--to", type=pathlib.Path, default=pathlib.Path(__file__).parent, metavar="DIR")
    box = Mailbox()
    for part in (other_kinds, odd_encodings, odd_wrapping, doubles, broken, hostile, daily_reports):
        part(box)
    write(box, options.parse_args().to)


if __name__ == "__main__":
    main()
