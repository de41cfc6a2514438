#!/usr/bin/env python3
"""marque check --probe against real Postfix instances on loopback."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
from support import SKIPPED, Case, main

ZONE = '''example.com MX 10 mx.example.com
example.com TXT "v=spf1 mx -all"
mx.example.com A 127.0.0.1
'''
MASTER = '''127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
trace unix - - n - 0 bounce
defer unix - - n - 0 bounce
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
qmgr unix n - n 300 1 qmgr
postlog unix-dgram n - n - 1 postlogd
'''
MAIN = '''compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = mx.example.com
mydestination = example.com
mynetworks = {networks}
inet_protocols = ipv4
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_peername_lookup = no
{tls}
'''


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, capture_output=True)


class Postfix:
    """An instance with a configuration, queue and port of its own."""

    def __init__(self, networks='192.0.2.255/32', certificate=None):
        self.folder = tempfile.mkdtemp(prefix='marque-postfix-')
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        tls = 'smtpd_tls_security_level = none'
        if certificate:
            tls = f'smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {certificate}.crt\nsmtpd_tls_key_file = {certificate}.key'
        for name in ('config', 'queue', 'data'):
            os.mkdir(os.path.join(self.folder, name))
        shutil.chown(os.path.join(self.folder, 'data'), 'postfix')
        self.write('main.cf', MAIN.format(folder=self.folder, networks=networks, tls=tls))
        self.write('master.cf', MASTER.format(port=self.port))

    def write(self, name, text):
        with open(os.path.join(self.folder, 'config', name), 'w') as out:
            out.write(text)

    def postfix(self, *args):
        return subprocess.run(['postfix', '-c', os.path.join(self.folder, 'config'), *args], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)

    def __enter__(self):
        self.postfix('check')
        self.output = open(os.path.join(self.folder, 'log'), 'w')
        self.process = subprocess.Popen(['postfix', '-c', os.path.join(self.folder, 'config'), 'start-fg'], stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=self.output, start_new_session=True)
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', self.port)) == 0:
                    return self
            time.sleep(0.1)
        with open(self.output.name) as log:
            text = log.read()
        self.__exit__()
        raise RuntimeError('postfix did not start: ' + text)

    def __exit__(self, *exc):
        self.postfix('stop')
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


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
