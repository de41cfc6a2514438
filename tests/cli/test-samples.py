#!/usr/bin/env python3
"""The sample mailbox: marque finds in it what expected.json says, and make-samples.py still makes these bytes."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zlib

MARQUE = os.environ["MARQUE"]
SAMPLES = pathlib.Path(os.environ["MARQUE_SOURCE"]) / "sample-reports"
MADE_WITH_ZLIB = "1.2.13"  # another zlib may pack the same data into other bytes

failures = 0


def check(what, got, want):
    global failures
    if got != want:
        failures += 1
        print(f"FAILED: {what}: got {got}, want {want}")


def marque(database, *arguments):
    done = subprocess.run([MARQUE, "-d", database, "-f", "json", *arguments], capture_output=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"marque {arguments[0]}: exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)


def check_ingest(got, want):
    for key, value in want["ingest"].items():
        check(f"ingest: {key}", got[key], value)
    codes = {problem["code"] for problem in got["problems"]}
    for code in want["problem_codes"]:
        check(f"ingest: a problem '{code}'", code in codes, True)
    spelled = json.dumps(got, ensure_ascii=False)
    for character in "\x1b\x9b\u202e":
        check(f"ingest: no U+{ord(character):04X}", character in spelled, False)


def check_second_run(got, want):
    failed = want["ingest"]["failed"]  # those are tried again
    check("second run: already ingested", got["already_ingested"], want["ingest"]["messages"] - failed)
    check("second run: reports", sum(got["reports"].values()), 0)
    check("second run: records", got["records"], 0)


def check_reports(got, want):
    dialects = {}
    for report in got["reports"]:
        if report["type"] == "aggregate":
            dialects[report["dialect"]] = dialects.get(report["dialect"], 0) + 1
    check("reports: dialects", dialects, want["dialects"])


def check_senders(database, want):
    got = marque(database, "senders", "--by", "domain", "--since", "2026-10-01", "--until", "2026-12-01")
    rows = {row["key"]: row for row in got["rows"]}
    check("senders: domains", sorted(rows), sorted(want["domains"]))
    for name, totals in want["domains"].items():
        for key in ("messages", "dmarc_pass", "spf_aligned", "dkim_aligned", "rejected"):
            check(f"senders: {name}: {key}", rows.get(name, {}).get(key), totals[key])


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for name in ("cur", "new", "expected.json") for path in [folder / name, *(folder / name).glob("*")]
            if path.is_file()}


def check_generator():
    if zlib.ZLIB_RUNTIME_VERSION != MADE_WITH_ZLIB:
        print(f"# SKIP the generator: zlib here is {zlib.ZLIB_RUNTIME_VERSION}, not {MADE_WITH_ZLIB}")
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, SAMPLES / "make-samples.py", "--to", folder], check=True)
        made, kept = tree(pathlib.Path(folder)), tree(SAMPLES)
    check("generator: file names", sorted(made), sorted(kept))
    check("generator: other bytes in", sorted(name for name in made if made[name] != kept.get(name)), [])


def main():
    want = json.loads((SAMPLES / "expected.json").read_text())
    check_generator()
    with tempfile.TemporaryDirectory() as folder:
        database = str(pathlib.Path(folder) / "samples.db")
        check_ingest(marque(database, "ingest", str(SAMPLES)), want)
        check_second_run(marque(database, "ingest", str(SAMPLES)), want)
        check_reports(marque(database, "reports", "--since", "2026-10-01", "--until", "2026-12-01"), want)
        check_senders(database, want)
    sys.exit(1 if failures else 0)


main()
