#!/usr/bin/env python3
"""README.md tells the truth: each `$ marque …` in a block marked `console` prints exactly what stands below it.

    tests/cli/test-readme.py            checks
    tests/cli/test-readme.py --update   writes what the commands print now into README.md

The commands run against a database of sample-reports/, and ask a DNS server that has readme.zone. A block that needs
another mailbox is not marked `console`. The time that ingesting took is not compared.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from dnsserver import DnsServer  # noqa: E402

ROOT = pathlib.Path(os.environ.get("MARQUE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
MARQUE = os.environ.get("MARQUE", str(ROOT / "build/release/marque"))
BLOCK = re.compile(r"(^```console\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)


def run(command, folder):
    """What a reader sees: standard output, then standard error, then the exit status when it is not 0."""
    words = [word.replace("~", folder, 1) if word.startswith("~/") else word for word in shlex.split(command)]
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "MARQUE_DATABASE": f"{folder}/marque.db",
                   "LC_ALL": "C.UTF-8", "COLUMNS": "100", "TZ": "UTC",
                   **{key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}}
    done = subprocess.run([MARQUE, *words[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return re.sub(r"\b\d+\.\d+ ?s(econds)?\b", "0.1 s", (done.stdout + done.stderr).replace(folder + "/", "~/")).rstrip("\n") + "\n"


def examples(block):
    """(command, output) pairs of a block; lines that a backslash ends go on."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, output = re.match(r"((?:.*\\\n)*.*\n?)((?:.*\n?)*)", part).groups()
        yield command, output


def rewrite(block, folder):
    out = ""
    for command, _ in examples(block):
        out += f"$ {command.rstrip()}\n"
        if command.startswith("marque "):
            out += run(command.replace("\\\n", " "), folder)
    return out


def main():
    readme = ROOT / "README.md"
    text = readme.read_text()
    blocks = BLOCK.findall(text)
    if not blocks:
        sys.exit("README.md has no block marked console")
    zone = (ROOT / "tests/cli/readme.zone").read_text()
    with tempfile.TemporaryDirectory() as folder, DnsServer(zone) as dns:
        config = pathlib.Path(folder, ".config/marque/marque.conf")
        config.parent.mkdir(parents=True)
        config.write_text(f"[marque]\nresolver={dns.address}\n")
        fresh = BLOCK.sub(lambda match: match[1] + rewrite(match[2], folder) + match[3], text)
    if "--update" in sys.argv:
        readme.write_text(fresh)
        return
    if fresh != text:
        import difflib
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), fresh.splitlines(True), "README.md", "today"))
        sys.exit("README.md shows other output than marque prints; tests/cli/test-readme.py --update writes it")


main()
