#!/usr/bin/env python3
"""marque check: the MTA-STS policy over HTTPS, from a server and an authority of our own."""
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
from support import Case, main

ZONE = '''example.com MX 10 mx.example.com
mx.example.com A 192.0.2.1
_mta-sts.example.com TXT "v=STSv1; id=1"
mta-sts.example.com A 127.0.0.1
'''
ENFORCE = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n'


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, capture_output=True)


class Server:
    def __init__(self, folder, name, body, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = self.path == '/.well-known/mta-sts.txt'
                self.send_response(status if found else 404)
                if status == 301:
                    self.send_header('Location', '/elsewhere')
                self.send_header('Content-Type', 'text/plain')
                self.end_headers()
                try:
                    self.wfile.write(body.encode() if found else b'')
                except OSError:
                    pass  # who refuses a long body hangs up

            def log_message(self, *args):
                pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{folder}/{name}.crt', f'{folder}/{name}.key')
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.handle_error = lambda *args: None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()


class MtaSts(Case):
    @classmethod
    def setUpClass(cls):
        cls.certs = tempfile.mkdtemp(prefix='marque-certs-')
        path = lambda name: os.path.join(cls.certs, name)
        openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', path('ca.key'), '-out', path('ca.crt'), '-days', '3650',
                '-subj', '/CN=Test CA', '-addext', 'basicConstraints=critical,CA:TRUE')
        for name, host in (('good', 'mta-sts.example.com'), ('other', 'example.com')):
            openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', path(name + '.key'), '-out', path(name + '.csr'), '-subj', '/CN=x')
            with open(path(name + '.ext'), 'w') as out:
                out.write(f'subjectAltName=DNS:{host}\n')
            openssl('x509', '-req', '-in', path(name + '.csr'), '-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-CAcreateserial', '-out',
                    path(name + '.crt'), '-extfile', path(name + '.ext'), '-days', '90')

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certs, ignore_errors=True)

    def check(self, body=ENFORCE, name='good', status=200, zone=ZONE, port=None):
        with DnsServer(zone) as dns, Server(self.certs, name, body, status) as server:
            done = self.raw('-d', self.db, '--resolver', dns.address, 'check', 'example.com', '--https-port', port or server.port, '--ca-file',
                            os.path.join(self.certs, 'ca.crt'), '--format', 'json', env=dict(self.env, RES_OPTIONS=dns.env['RES_OPTIONS']))
        self.assertTrue(done.stdout, done.stderr.decode())
        return {f['id']: f for f in json.loads(done.stdout)['domains'][0]['findings'] if f['id'].startswith('mta-sts-')}

    def test_enforced(self):
        self.assertEqual(self.check(), {})

    def test_testing(self):
        self.assertEqual(list(self.check(ENFORCE.replace('enforce', 'testing'))), ['mta-sts-testing'])

    def test_exchanger_that_the_policy_does_not_name(self):
        found = self.check(ENFORCE.replace('mx.example.com', 'mx.example.net'))
        self.assertEqual(found['mta-sts-invalid']['severity'], 'high')

    def test_what_no_sender_accepts(self):
        for case, args in {'not a policy': dict(body='<html>'), 'status 404': dict(status=404), 'a redirect': dict(status=301),
                           'certificate of another name': dict(name='other'), 'too long': dict(body=ENFORCE + 'x: y\r\n' * 20000),
                           'no address': dict(zone=ZONE.replace('mta-sts.example.com A 127.0.0.1\n', ''))}.items():
            with self.subTest(case):
                found = self.check(**args)
                self.assertEqual(list(found), ['mta-sts-invalid'])
                self.assertEqual(found['mta-sts-invalid']['severity'], 'medium')

    def test_what_cannot_be_reached_is_unknown(self):
        for args in (dict(port=1), dict(zone=ZONE.replace('mta-sts.example.com A 127.0.0.1', 'mta-sts.example.com !SERVFAIL'))):
            self.assertEqual(self.check(**args)['mta-sts-invalid']['severity'], 'unknown')


if __name__ == '__main__':
    main()
