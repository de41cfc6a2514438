"""The DNS test server of dnsd.c, for tests in Python.

    with DnsServer(zone_text) as dns:
        subprocess.run([marque, "--resolver", dns.address, "check", "example.com"], env=dns.env)
        dns.queries()   # [("udp", "TXT", "example.com"), ...]

The program is $MARQUE_BUILD/tests/dnsd. dns.env is os.environ with short time-outs for marque.
"""
import os
import subprocess
import tempfile


class DnsServer:
    def __init__(self, zone):
        self.zone = zone

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        zone = os.path.join(self.folder.name, "zone")
        self.log = os.path.join(self.folder.name, "log")
        with open(zone, "w", encoding="utf-8") as out:
            out.write(self.zone)
        program = os.path.join(os.environ.get("MARQUE_BUILD", "build/sanitize"), "tests", "dnsd")
        self.process = subprocess.Popen([program, zone, self.log], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        port = self.process.stdout.readline().decode().strip()
        if not port:
            self.__exit__()
            raise RuntimeError("dnsd did not start; its message is above")
        self.address = "127.0.0.1:" + port
        self.env = dict(os.environ, RES_OPTIONS="retrans:200 retry:1")
        return self

    def __exit__(self, *exc):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=30)
        self.folder.cleanup()

    def queries(self):
        """What was asked so far, in order: (transport, type, name)."""
        with open(self.log, encoding="utf-8", errors="replace") as lines:
            return [tuple(line.rstrip("\n").split(" ", 2)) for line in lines]
