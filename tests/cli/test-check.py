#!/usr/bin/env python3
"""marque check: for each finding, a world where it is found and one where it is not."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
from support import Case, main, report

RSA_2048 = 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlO60fhDKOX1bDeYj69YlySVoPMUN3ikV/58RCcuJAOdec31xnpLPyPIDRmvPFs0JD4t9Q980xC1wiXagWE1eBfL/UMfrJBGYvQiUMZv0Q8k7uUtnIR51GPyNgSLOhzdZOmPRseHeUq6O7PPFknXLCMz97h8HmIbAg+5honByjTCqkv0G1Ouq1nnpSbGCCz8dAsrUJXU1s132Vh+T0m2IYTAKOyXpZGgGQ8eQkM8vYDj53LdV99eTXhPrqHl4HlAm4h11ZM+BVsSLwraZGVwLkMfVhszwBK/xlYOwhfqVEW7VHjx8SO9zsTkH3dmfPeTjYjmWihg5pUZC6JtmPeNQfQIDAQAB'
RSA_1024 = 'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDNIrJo+Q2883a0n8eIWyo1k5iLveJWGQpELZmkU6shhPN7HV7lON0iMUELGgsqBKgxt22UIVx45an0JYr7FBQa80stIwLH3NeOvXSdlUsT6YNyIoMJ8xMEv4byJ9aFVZXb432WvxTB+PAn+iZ5XCxHj0IeM6wMDyySrL9RbQczRwIDAQAB'

# A domain without a fault; worlds below replace or add names of it.
GOOD = {
    'example.com TXT': ['"v=spf1 mx -all"'],
    'example.com MX': ['10 mx.example.com'],
    'example.com A': ['192.0.2.2'],
    'example.com CAA': ['0 issue "ca.example"', '0 iodef "mailto:a@example.com"'],
    'mx.example.com A': ['192.0.2.1'],
    '1.2.0.192.in-addr.arpa PTR': ['mx.example.com'],
    '_dmarc.example.com TXT': ['"v=DMARC1; p=reject; rua=mailto:a@example.com; ruf=mailto:f@example.com"'],
    's1._domainkey.example.com TXT': ['"v=DKIM1; k=rsa; p=%s"' % RSA_2048],
    '_smtp._tls.example.com TXT': ['"v=TLSRPTv1; rua=mailto:a@example.com"'],
}


def zone(changes=None):
    world = dict(GOOD, **(changes or {}))
    return ''.join(f'{name} {data}\n' for name, rows in world.items() for data in rows)


def spf(*records):
    return {'example.com TXT': ['"%s"' % r for r in records]}


def dmarc(*records):
    return {'_dmarc.example.com TXT': ['"%s"' % r for r in records]}


def key(text):
    return {'s1._domainkey.example.com TXT': ['"%s"' % text]}


def mx(*hosts, **more):
    return {'example.com MX': ['10 ' + h for h in hosts]}


REPORTS = '; rua=mailto:a@example.com; ruf=mailto:f@example.com'
INCLUDES = 'v=spf1 ' + ' '.join(f'include:i{n}.example.net' for n in range(12)) + ' -all'
INCLUDED = {f'i{n}.example.net TXT': ['"v=spf1 ip4:198.51.100.%d -all"' % n] for n in range(12)}

# finding id: the world that has it (changes of GOOD), its severity
WORLDS = [
    ('spf-missing', {'example.com TXT': []}, 'high'),
    ('spf-multiple', spf('v=spf1 mx -all', 'v=spf1 a ~all'), 'high'),
    ('spf-permerror', spf('v=spf1 ipv4:192.0.2.1 -all'), 'high'),
    ('spf-permerror', dict(INCLUDED, **spf(INCLUDES)), 'high'),
    ('spf-lookup-limit-near', dict(INCLUDED, **spf(INCLUDES.replace('include:i10.example.net include:i11.example.net ', ''))), 'low'),
    ('spf-void-lookups', spf('v=spf1 a:x1.example.com a:x2.example.com a:x3.example.com -all'), 'medium'),
    ('spf-permissive', spf('v=spf1 mx +all'), 'critical'),
    ('spf-permissive', spf('v=spf1 ip4:0.0.0.0/0 -all'), 'critical'),
    ('spf-softfail', spf('v=spf1 mx ~all'), 'info'),
    ('spf-softfail', dict(spf('v=spf1 mx ~all'), **dmarc('v=DMARC1; p=none' + REPORTS)), 'low'),
    ('spf-softfail', dict(spf('v=spf1 mx ~all'), **dmarc()), 'medium'),
    ('spf-neutral', spf('v=spf1 mx ?all'), 'medium'),
    ('spf-neutral', spf('v=spf1 mx'), 'medium'),
    ('spf-broad-range', spf('v=spf1 ip4:198.0.0.0/8 -all'), 'medium'),
    ('spf-ptr', spf('v=spf1 ptr -all'), 'low'),
    ('spf-include-broken', spf('v=spf1 include:gone.example.net -all'), 'high'),
    ('dmarc-missing', dmarc(), 'high'),
    ('dmarc-multiple', dmarc('v=DMARC1; p=none', 'v=DMARC1; p=reject'), 'high'),
    ('dmarc-invalid', dmarc('v=DMARC1; p=rejct' + REPORTS), 'high'),
    ('dmarc-invalid', dmarc('v=DMARC1; p=reject; fo:1' + REPORTS), 'low'),
    ('dmarc-monitoring-only', dmarc('v=DMARC1; p=none' + REPORTS), 'medium'),
    ('dmarc-monitoring-only', dmarc('v=DMARC1; p=none'), 'high'),
    ('dmarc-subdomain-weaker', dmarc('v=DMARC1; p=reject; sp=none' + REPORTS), 'medium'),
    ('dmarc-obsolete-tag', dmarc('v=DMARC1; p=reject; pct=100' + REPORTS), 'low'),
    ('dmarc-testing', dmarc('v=DMARC1; p=reject; t=y' + REPORTS), 'medium'),
    ('dmarc-rua-missing', dmarc('v=DMARC1; p=reject; ruf=mailto:f@example.com'), 'medium'),
    ('dmarc-ruf-missing', dmarc('v=DMARC1; p=reject; rua=mailto:f@example.com'), 'low'),
    ('dmarc-destination-unverified', dmarc('v=DMARC1; p=reject; rua=mailto:a@example.net; ruf=mailto:f@example.com'), 'medium'),
    ('dkim-missing', {'s1._domainkey.example.com TXT': []}, 'high'),
    ('dkim-revoked', key('v=DKIM1; p='), 'medium'),
    ('dkim-invalid', key('v=DKIM1; p=MIIB'), 'high'),
    ('dkim-weak-key', key('v=DKIM1; p=' + RSA_1024), 'medium'),
    ('dkim-testing', key('v=DKIM1; t=y; p=' + RSA_2048), 'low'),
    ('mx-missing', {'example.com MX': []}, 'medium'),
    ('mx-unresolvable', mx('gone.example.com'), 'high'),
    ('mx-lookalike', mx('aspmx.l.gogle.com'), 'high'),
    ('mx-cname', {'example.com MX': ['10 alias.example.com'], 'alias.example.com CNAME': ['mx.example.com']}, 'medium'),
    ('mx-address', {'mx.example.com A': ['10.0.0.1']}, 'high'),
    ('mx-address', mx('192.0.2.1'), 'high'),
    ('mx-null', {'example.com MX': ['0 .'], 'example.com TXT': ['"v=spf1 ip4:192.0.2.1 -all"']}, 'medium'),
    ('mx-reverse-dns', {'1.2.0.192.in-addr.arpa PTR': []}, 'low'),
    ('caa-missing', {'example.com CAA': []}, 'low'),
    ('caa-iodef-missing', {'example.com CAA': ['0 issue "ca.example"']}, 'low'),
    ('mta-sts-missing', {}, 'low'),
    ('mta-sts-invalid', {'_mta-sts.example.com TXT': ['"v=STSv1; id=not-valid"']}, 'medium'),
    ('mta-sts-invalid', {'_mta-sts.example.com TXT': ['"v=STSV1; id=1"']}, 'medium'),
    ('tlsrpt-missing', {'_smtp._tls.example.com TXT': []}, 'low'),
    ('tlsrpt-invalid', {'_smtp._tls.example.com TXT': ['"v=TLSRPTv1; rua=a@example.com"']}, 'medium'),
]
FINE = {'mta-sts-missing': {'_mta-sts.example.com TXT': ['"v=STSv1; id=1"']}}  # where GOOD itself has it


class Check(Case):
    def check(self, world, *args, status=None):
        with DnsServer(world) as dns:
            env = dict(self.env, RES_OPTIONS=dns.env['RES_OPTIONS'])
            done = self.raw('-d', self.db, '--resolver', dns.address, 'check', 'example.com', '--format', 'json', '--selectors', 's1',
                            *args, env=env)
            self.asked = dns.queries()
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr.decode())
        import json
        return json.loads(done.stdout)['domains'][0]

    @staticmethod
    def found(domain):
        return {f['id']: f for f in domain['findings']}

    def test_each_finding_where_it_is(self):
        for identifier, changes, severity in WORLDS:
            with self.subTest(identifier, changes=str(changes)[:80]):
                found = self.found(self.check(zone(changes)))
                self.assertIn(identifier, found)
                self.assertEqual(found[identifier]['severity'], severity)
                self.assertTrue(found[identifier]['detail'] and found[identifier]['reference'])

    def test_no_finding_where_it_is_not(self):
        good = self.found(self.check(zone(), status=0))
        for identifier in {row[0] for row in WORLDS}:
            with self.subTest(identifier):
                fine = self.found(self.check(zone(FINE[identifier]))) if identifier in FINE else good
                self.assertNotIn(identifier, fine)

    def test_each_question_once(self):
        self.check(zone())
        questions = [q[1:] for q in self.asked]
        self.assertEqual(len(questions), len(set(questions)))

    def test_proposed_spf_is_within_ten_lookups(self):
        record = self.found(self.check(zone(dict(INCLUDED, **spf(INCLUDES)))))['spf-permerror']['record']
        again = self.found(self.check(zone(dict(INCLUDED, **{'example.com TXT': ['"%s"' % record]}))))
        self.assertNotIn('spf-permerror', again)
        for n in range(12):
            self.assertTrue(f'i{n}.example.net' in record or f'198.51.100.{n}' in record, record)

    def test_merged_spf_keeps_all_mechanisms(self):
        found = self.found(self.check(zone(spf('v=spf1 mx -all', 'v=spf1 ip4:198.51.100.1 ~all'))))
        self.assertEqual(found['spf-multiple']['record'], 'v=spf1 ip4:198.51.100.1 mx ~all')

    def test_proposed_spf_is_without_the_syntax_errors(self):
        found = self.found(self.check(zone(spf('v=spf1 ipv4:192.0.2.7 198.51.100.1 ip4:192.0.2.300 mx -all'))))
        self.assertEqual(found['spf-permerror']['record'], 'v=spf1 ip4:192.0.2.7 ip4:198.51.100.1 mx -all')

    def test_proposed_dmarc_keeps_the_owners_tags(self):
        found = self.found(self.check(zone(dmarc('v=DMARC1; p=none; pct=50; adkim=s; x=1' + REPORTS))))
        self.assertEqual(found['dmarc-monitoring-only']['record'], 'v=DMARC1; p=quarantine; adkim=s; x=1' + REPORTS)

    def test_parked_domain_gets_the_whole_set(self):
        parked = {name: [] for name in GOOD}
        found = self.found(self.check(zone(dict(parked, **{'example.com TXT': ['"v=spf1 -all"'], 'example.com MX': ['0 .']})), '--selectors', ''))
        self.assertEqual(found['dmarc-missing']['record'], 'v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; aspf=s')

    def test_authorised_destination_also_by_wildcard(self):
        for name in ('example.com._report._dmarc.example.net', '*._report._dmarc.example.net'):
            world = dmarc('v=DMARC1; p=reject; rua=mailto:a@example.net; ruf=mailto:f@example.com')
            world[name + ' TXT'] = ['"v=DMARC1"']
            self.assertNotIn('dmarc-destination-unverified', self.found(self.check(zone(world))))

    def test_no_answer_is_unknown_and_never_missing(self):
        world = ''.join(f'{name} !TIMEOUT\n' for name in ('example.com', '_dmarc.example.com', 's1._domainkey.example.com'))
        domain = self.check(world + '_domainkey.example.com !NODATA\n', status=1)
        for identifier in ('spf-missing', 'dmarc-missing', 'mx-missing', 'caa-missing', 'dkim-missing'):
            self.assertEqual(self.found(domain)[identifier]['severity'], 'unknown')

    def test_no_name_server_at_all(self):
        done = self.raw('-d', self.db, '--resolver', '127.0.0.1:1', 'check', 'example.com', '--format', 'json',
                        env=dict(self.env, RES_OPTIONS='retrans:200 retry:1'))
        self.assertEqual(done.returncode, 3, done.stderr.decode())
        self.assertRegex(done.stderr.decode(), r'\Amarque: [^\n]+\n\Z')

    def test_fail_on(self):
        low = zone({'example.com CAA': []})
        self.check(low, status=0)
        self.check(low, '--fail-on', 'low', status=1)
        self.check(low, '--fail-on', 'medium', status=0)
        self.assertIn('--fail-on', self.error('check', 'example.com', '--fail-on', 'awful'))

    def test_a_hostile_zone_stays_bounded(self):
        loop = {f'l{n}.example.com TXT': [f'"v=spf1 include:l{n + 1}.example.com include:l{n}.example.com ~all"'] for n in range(60)}
        found = self.found(self.check(zone(dict(loop, **spf('v=spf1 include:l0.example.com ~all')))))
        self.assertIn('spf-permerror', found)

    def test_a_stored_domain_is_replayed(self):
        world = dict(INCLUDED, **spf(INCLUDES))
        world.update({'example.com MX': ['10 alias.example.com', '20 gone.example.com', '20 mx.example.com'],
                      'alias.example.com CNAME': ['mx.example.com'], 's1._domainkey.example.com TXT': [],
                      's1._domainkey.example.com CNAME': ['s1.mailer.example'], 's1.mailer.example CNAME': ['key.mailer.example'],
                      'key.mailer.example TXT': ['"v=DKIM1; p=%s"' % RSA_1024],
                      '1.2.0.192.in-addr.arpa PTR': ['z.example.com', 'b.example.com', 'mx.example.com'],
                      'mx.example.com A': ['192.0.2.1', '10.0.0.9', '192.0.2.0'], 'mx.example.com AAAA': ['2001:db8::1']})
        world.update(dmarc('v=DMARC1; p=none; rua=mailto:b@other.example,mailto:a@example.net'))
        self.ingest(report()) # a database to keep it in
        del world['s1._domainkey.example.com TXT']
        online = self.check(''.join(f'{name} {data}\n' for name, rows in dict({k: v for k, v in GOOD.items() if not k.startswith('s1.')}, **world).items() for data in rows),
                            '--explain')
        self.assertEqual([(k['alias'], k['state']) for k in online['records']['dkim']], [('key.mailer.example', 'weak')])
        offline = self.check('', '--explain', '--offline')
        self.assertEqual(self.asked, [])
        for domain in (online, offline):
            domain.pop('checked_at')
            for finding in domain['findings']: # the id of a proposed MTA-STS record is the time
                finding['record'] = re.sub(r'id=\w+', 'id=', finding['record'] or '')
        self.maxDiff = None
        self.assertEqual(offline, online)
        history = self.json('history', 'example.com', '--name', 's1._domainkey.example.com')['records']
        self.assertEqual([(r['type'], r['records']) for r in history if r['type'] == 'CNAME'], [('CNAME', ['s1.mailer.example'])])

    def test_offline_without_a_database(self):
        self.assertIn('test.db', self.error('check', 'example.com', '--offline', status=3))

    def test_many_domains(self):
        names = [f'd{n}.example.com' for n in range(100)]
        with DnsServer(zone()) as dns:
            done = self.raw('-d', self.db, '--resolver', dns.address, 'check', '--format', 'json', *names,
                            env=dict(self.env, RES_OPTIONS=dns.env['RES_OPTIONS']))
            questions = [q[1:] for q in dns.queries()]
        import json
        self.assertEqual([d['domain'] for d in json.loads(done.stdout)['domains']], names)
        self.assertEqual(len(questions), len(set(questions)))


if __name__ == '__main__':
    main()
