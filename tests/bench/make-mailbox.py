#!/usr/bin/env python3
"""Makes a mailbox for measuring: realistic in shape, invented in content, the same for the same seed.

    tests/bench/make-mailbox.py SIZE DIR [--seed N] [--domains N]
                                                        SIZE: small (1,000 mails), medium (20,000), large (100,000),
                                                        row500k (one mail with 500,000 rows), or a number of mails

Most reports have 1 to 10 rows, three in a hundred have hundreds, one in 10,000 has 10,000 and more. 200 domains,
24 reporters in every dialect, two in three gzipped and the rest zipped. With --domains, the first mails are one
of each domain.
"""

import argparse
import base64
import pathlib
import random
import struct
import time
import zlib

SIZES = {"small": 1000, "medium": 20000, "large": 100000}
START = 1735689600  # 2025-01-01
DAYS = 640
DOMAINS = 200
ROOTS = {
    "rfc7489": "<feedback>\n<version>1.0</version>",
    "rfc9990": '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">\n<version>1.0</version>',
    "prefixed": '<feedback xmlns:n="http://dmarc.org/dmarc-xml/0.1">\n<version>1.0</version>',
    "draft": "<feedback>",
}


def make_reporters(rng):
    """(name, host, dialect, packing)"""
    dialects = ["rfc7489"] * 14 + ["rfc9990"] * 6 + ["prefixed"] * 2 + ["draft"] * 2
    return [(f"Reporter {i}", f"mx{i}.example", dialect, "zip" if i % 3 == 0 else "gz")
            for i, dialect in enumerate(dialects)]


def make_sources(rng, domain):
    """What a domain's rows are drawn from: sources with the results they usually have."""
    sources = []
    for _ in range(rng.choice([3, 5, 8, 12, 30])):
        if rng.random() < 0.25:
            ip = f"2001:db8:{rng.randrange(65536):x}::{rng.randrange(1, 65536):x}"
        else:
            ip = f"{rng.choice(['192.0.2', '198.51.100', '203.0.113'])}.{rng.randrange(256)}"
        own = rng.random() < 0.8
        signer = domain if own else f"service{rng.randrange(20)}.example"
        sources.append((ip, own, signer, f"s{rng.randrange(4)}", rng.random() < 0.9))
    return sources


def row_xml(rng, domain, source, dialect):
    ip, own, signer, selector, signs = source
    dkim = "pass" if own and signs else "fail"
    spf = "pass" if own and rng.random() < 0.9 else "fail"
    passed = "pass" in (dkim, spf)
    modern = dialect == "rfc9990"
    reason = "" if passed or rng.random() < 0.9 else "<reason><type>local_policy</type><comment>arc=pass</comment></reason>"
    auth = (f"<dkim><domain>{signer}</domain><selector>{selector}</selector><result>pass</result></dkim>"
            if signs else "")
    envelope = domain if own else f"bounce.{signer}"
    return (f"<record>\n <row>\n  <source_ip>{ip}</source_ip>\n  <count>{min(int(rng.paretovariate(0.8)), 90000)}</count>\n"
            f"  <policy_evaluated>\n   <disposition>{'none' if passed else 'quarantine'}</disposition>\n"
            f"   <dkim>{dkim}</dkim>\n   <spf>{spf}</spf>\n{reason}  </policy_evaluated>\n </row>\n <identifiers>\n"
            f"  <header_from>{domain}</header_from>\n"
            + (f"  <envelope_from>{envelope}</envelope_from>\n" if modern or dialect == "prefixed" else "")
            + f" </identifiers>\n <auth_results>\n  {auth}\n  <spf><domain>{envelope}</domain>"
            + ("<scope>mfrom</scope>" if modern else "") + f"<result>{spf if own else 'pass'}</result></spf>\n"
            f" </auth_results>\n</record>\n")


def strange_source(rng):
    """A large report has many addresses seen once."""
    ip = (f"203.0.113.{rng.randrange(256)}" if rng.random() < 0.5
          else f"2001:db8:{rng.randrange(65536):x}:{rng.randrange(65536):x}::{rng.randrange(1, 65536):x}")
    return (ip, False, f"sender{rng.randrange(300)}.example", "k1", rng.random() < 0.3)


def rows_of_report(rng):
    draw = rng.random()
    if draw < 0.0001:
        return rng.randrange(10000, 15000)
    if draw < 0.03:
        return rng.randrange(100, 800)
    return min(1 + int(rng.expovariate(0.3)), 10)


def report_chunks(rng, number, reporter, domain, sources, n_rows):
    name, host, dialect, _ = reporter
    begin = START + rng.randrange(DAYS) * 86400
    head = (f'<?xml version="1.0" encoding="UTF-8" ?>\n{ROOTS[dialect]}\n<report_metadata>\n'
            f" <org_name>{name}</org_name>\n <email>noreply-dmarc@{host}</email>\n <report_id>{number}.{begin}</report_id>\n"
            f" <date_range>\n  <begin>{begin}</begin>\n  <end>{begin + 86399}</end>\n </date_range>\n</report_metadata>\n"
            f"<policy_published>\n <domain>{domain}</domain>\n <adkim>r</adkim>\n <aspf>r</aspf>\n"
            " <p>quarantine</p>\n <sp>quarantine</sp>\n"
            + ("" if dialect == "rfc9990" else " <pct>100</pct>\n") + "</policy_published>\n")
    yield begin, head
    for _ in range(n_rows):
        source = strange_source(rng) if n_rows > 50 and rng.random() < 0.7 else rng.choice(sources)
        yield begin, row_xml(rng, domain, source, dialect)
    yield begin, "</feedback>\n"


def pack(chunks, packing):
    """The packed report as gzip or as a zip of one member; and when it begins."""
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    out, crc, size, begin = [], 0, 0, 0
    for begin, text in chunks:
        data = text.encode()
        crc, size = zlib.crc32(data, crc), size + len(data)
        out.append(squeeze.compress(data))
    body = b"".join(out) + squeeze.flush()
    if packing == "gz":
        return begin, b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + body + struct.pack("<II", crc, size & 0xffffffff)
    name = b"report.xml"
    common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, crc, len(body), size, len(name), 0)
    local = b"PK\x03\x04" + common + name
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(body), 0)
    return begin, local + body + central + end


def mail(number, reporter, domain, begin, data):
    _, host, _, packing = reporter
    name = f"{host}!{domain}!{begin}!{begin + 86399}.{'zip' if packing == 'zip' else 'xml.gz'}"
    media = "application/zip" if packing == "zip" else "application/gzip"
    part = (f'Content-Type: {media}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
            f"Content-Transfer-Encoding: base64\n\n{base64.encodebytes(data).decode()}")
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(begin + 93600))
    head = (f"Return-Path: <noreply-dmarc@{host}>\nReceived: from {host} by mx.example.com; {date}\n"
            f"From: noreply-dmarc@{host}\nTo: dmarc@example.com\nDate: {date}\nMIME-Version: 1.0\n"
            f"Message-ID: <{number}.{begin}@{host}>\n"
            f"Subject: Report Domain: {domain} Submitter: {host} Report-ID: {number}.{begin}\n")
    if packing == "zip":
        return (head + part).encode()
    return (head + 'Content-Type: multipart/mixed; boundary="=_b"\n\n--=_b\nContent-Type: text/plain\n\n'
            f"This is an aggregate report.\n\n--=_b\n{part}\n--=_b--\n").encode()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("size")
    options.add_argument("dir", type=pathlib.Path)
    options.add_argument("--seed", type=int, default=9990)
    options.add_argument("--domains", type=int)
    given = options.parse_args()
    huge = given.size == "row500k"
    n_mails = 1 if huge else SIZES.get(given.size) or int(given.size)
    rng = random.Random(given.seed)
    reporters = make_reporters(rng)
    n_domains = given.domains or DOMAINS
    domains = [f"d{i}.example.{('com', 'net', 'org')[i % 3]}" for i in range(n_domains)]
    sources = {domain: make_sources(rng, domain) for domain in domains}
    for folder in ("cur", "new", "tmp"):
        (given.dir / folder).mkdir(parents=True, exist_ok=True)
    for number in range(n_mails):
        domain = domains[min(int(rng.paretovariate(0.5)), n_domains) - 1]
        if given.domains and number < n_domains:
            domain = domains[number]
        reporter = rng.choice(reporters)
        n_rows = 500000 if huge else rows_of_report(rng)
        begin, data = pack(report_chunks(rng, number, reporter, domain, sources[domain], n_rows), reporter[3])
        (given.dir / "cur" / f"{number:06}.bench:2,S").write_bytes(mail(number, reporter, domain, begin, data))


main()
