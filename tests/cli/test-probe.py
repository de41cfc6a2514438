#!/usr/bin/env python3
"""marque check --probe against real Postfix instances on loopback."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
from postfix import Postfix, free_port
from support import SKIPPED, Case, main

ZONE = '''example.com MX 10 mx.example.com
example.com TXT "v=spf1 mx -all"
mx.example.com A 127.0.0.1
'''


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, capture_output=True)


class Probe(Case):
    @classmethod
    def setUpClass(cls):
        """A certificate authority; a good, an expired, an ending and a stranger's certificate."""
        cls.certs = tempfile.mkdtemp(prefix='marque-certs-')
        path = lambda name: os.path.join(cls.certs, name)
        openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', path('ca.key'), '-out', path('ca.crt'), '-days', '3650',
                '-subj', '/CN=Test CA', '-addext', 'basicConstraints=critical,CA:TRUE')
        for name, host, days in (('good', 'mx.example.com', 90), ('soon', 'mx.example.com', 5), ('other', 'mx.example.net', 90)):
            cls.make(path(name), host, path('ca'), '-days', str(days))
        # made in the past: openssl x509 takes no dates, openssl ca does
        openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', path('old.key'), '-out', path('old.csr'), '-subj', '/CN=mx.example.com')
        with open(path('ca.cnf'), 'w') as out:
            out.write(f'[ca]\ndefault_ca=d\n[d]\ndatabase={path("index")}\nnew_certs_dir={cls.certs}\nserial={path("serial")}\n'
                      f'default_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=DNS:mx.example.com\n')
        open(path('index'), 'w').close()
        with open(path('serial'), 'w') as out:
            out.write('77\n')
        openssl('ca', '-batch', '-config', path('ca.cnf'), '-in', path('old.csr'), '-out', path('old.crt'), '-cert', path('ca.crt'),
                '-keyfile', path('ca.key'), '-startdate', '20200101000000Z', '-enddate', '20200201000000Z', '-notext')

    @classmethod
    def make(cls, base, host, ca, *validity):
        openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', base + '.key', '-out', base + '.csr', '-subj', '/CN=' + host)
        with open(base + '.ext', 'w') as out:
            out.write(f'subjectAltName=DNS:{host}\n')
        openssl('x509', '-req', '-in', base + '.csr', '-CA', ca + '.crt', '-CAkey', ca + '.key', '-CAcreateserial', '-out', base + '.crt',
                '-extfile', base + '.ext', *validity)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certs, ignore_errors=True)

    def probe(self, port, *args, zone=ZONE):
        with DnsServer(zone) as dns:
            done = self.raw('-d', self.db, '--resolver', dns.address, 'check', 'example.com', '--probe', '--smtp-port', port, '--ca-file',
                            os.path.join(self.certs, 'ca.crt'), '--format', 'json', *args,
                            env=dict(self.env, RES_OPTIONS=dns.env['RES_OPTIONS']))
        self.assertTrue(done.stdout, done.stderr.decode())
        self.assertIn(done.returncode, (0, 1), done.stderr.decode())
        return {f['id']: f for f in json.loads(done.stdout)['domains'][0]['findings'] if f['id'].startswith('smtp-')}

    def test_proper(self):
        with Postfix(certificate=os.path.join(self.certs, 'good')) as host:
            self.assertEqual(list(self.probe(host.port)), ['smtp-ok'])

    def test_open_relay(self):
        with Postfix(networks='0.0.0.0/0', certificate=os.path.join(self.certs, 'good')) as host:
            found = self.probe(host.port)
            self.assertIn('smtp-open-relay', found, str(found))
            self.assertEqual(found['smtp-open-relay']['severity'], 'critical')
            self.assertEqual(list(found), ['smtp-open-relay'])

    def test_no_starttls(self):
        with Postfix() as host:
            self.assertEqual(list(self.probe(host.port)), ['smtp-starttls-missing'])

    def test_expired_certificate(self):
        with Postfix(certificate=os.path.join(self.certs, 'old')) as host:
            found = self.probe(host.port)
            self.assertEqual(list(found), ['smtp-certificate-invalid'])
            self.assertIn('expired', found['smtp-certificate-invalid']['detail'])

    def test_certificate_of_another_host(self):
        with Postfix(certificate=os.path.join(self.certs, 'other')) as host:
            self.assertEqual(list(self.probe(host.port)), ['smtp-certificate-invalid'])

    def test_certificate_that_ends_soon(self):
        with Postfix(certificate=os.path.join(self.certs, 'soon')) as host:
            self.assertEqual(list(self.probe(host.port)), ['smtp-certificate-expiring'])

    def test_nobody_listens(self):
        self.assertEqual(list(self.probe(free_port())), ['smtp-unreachable'])

    def test_a_host_that_talks_nonsense_or_nothing_without_end(self):
        with socket.socket() as server:
            server.bind(('127.0.0.1', 0))
            server.listen()
            child = os.fork()
            if child == 0:
                peer, _ = server.accept()
                try:
                    while True:
                        peer.sendall(b'220-' + b'x' * 5000)
                except OSError:
                    os._exit(0)
            self.assertEqual(list(self.probe(server.getsockname()[1])), ['smtp-unreachable'])
            os.waitpid(child, 0)


if __name__ == '__main__':
    if shutil.which('postfix') is None or os.geteuid() != 0:
        print('skipped: wants Postfix (apt-get install postfix) and root to start it')
        sys.exit(SKIPPED)
    main()
