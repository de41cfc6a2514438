#!/usr/bin/env python3
"""marque advise in simulated worlds: reports and a DNS zone whose truth is known, through the real program."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
import support

KEY = 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnFGdA99Um/bBEotrYWpYUi9N7XUvIoWUojKCGikBndpdzwzyq3q3HgObNActyGbCnMrrYZSFYCj+YMCuUAQy89XUkEtHi6JUdEuu0mpsH0Xz6kl6Z9uRVgAAudGzfdnlNEqOaRDy+n0Psx9fbyOnU9B8nBboBIM4yVMkBqUG3orDw0zkkBV4iQBdVigCAocpLAM8x086MvJp0av0xa9PJaqN4hi+Pzdyv53VY1sKQiARmLpaEmn8/hR8ut2S8PPeesx83D4TRFx2LHflmq05K2+Om5XVwx+XZvg5kshSNTLIe6cNxfTYlWkhw1uFvQfAyZ8mK9dudKUlajgiQGY+nwIDAQAB'
DAY = 86400
BEGIN = 1700006400  # 2023-11-15
LAST = '2023-12-14'  # the 30th day
ZONE = f"""
example.com MX 10 mx.example.com
example.com A 192.0.2.80
mx.example.com A 192.0.2.10
example.com TXT "v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 include:_spf.mailer.example -all"
_spf.mailer.example TXT "v=spf1 ip4:198.51.100.0/28 -all"
_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com; fo=1"
s1._domainkey.example.com TXT "v=DKIM1; k=rsa; p={KEY}"
10.2.0.192.in-addr.arpa PTR mx.example.com
"""


def auth(dkim=(), spf=None):
    signatures = ''.join(f'<dkim><domain>{d}</domain><selector>{s}</selector><result>{r}</result></dkim>' for d, s, r in dkim)
    return signatures + (f'<spf><domain>{spf[0]}</domain><scope>mfrom</scope><result>{spf[1]}</result></spf>' if spf else '')


def row(ip, count, dkim=(), spf=('example.com', 'fail'), aligned=('fail', 'fail'), reason='', header_from='example.com', disposition='none'):
    """@aligned: the policy_evaluated results, dkim and spf."""
    reason = f'<reason><type>{reason}</type></reason>' if reason else ''
    return f'''<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}</disposition>
<dkim>{aligned[0]}</dkim><spf>{aligned[1]}</spf>{reason}</policy_evaluated></row><identifiers><envelope_from>{spf[0] if spf else ""}</envelope_from>
<header_from>{header_from}</header_from></identifiers><auth_results>{auth(dkim, spf)}</auth_results></record>'''


OWN = [row('192.0.2.10', 40, [('example.com', 's1', 'pass')], ('example.com', 'pass'), ('pass', 'pass'))]
NEWSLETTER = row('203.0.113.66', 20, [('sendgrid.net', 'smtpapi', 'pass')], ('em1.sendgrid.net', 'pass'))
FORWARDED = row('203.0.113.90', 3, [('example.com', 's1', 'pass')], ('example.com', 'fail'), ('pass', 'fail'))
LIST = row('203.0.113.91', 3, [('example.com', 's1', 'fail'), ('lists.example.net', 'l', 'pass')], ('lists.example.net', 'pass'), reason='mailing_list')


def spoof(day):
    return [row(f'203.0.113.{100 + (day * 7 + i) % 150}', 2) for i in range(6)]


class Worlds(support.Case):
    def world(self, rows, zone=ZONE, p='none', days=30, *options, status=0):
        """@rows: day -> the records of that day; every day has two reporters."""
        reports = [support.report(reporter=who, report_id=f'{who}-{day}', begin=BEGIN + day * DAY, p=p, records=rows(day))
                   for day in range(days) for who in ('one.example', 'two.example')]
        self.ingest(*reports)
        with DnsServer(zone) as dns:
            self.env.update(RES_OPTIONS='retrans:300 retry:1')
            document = self.json('advise', 'example.com', '--as-of', LAST, '--resolver', dns.address, *options, status=status)
            asked = dns.queries()
        self.assertEqual(len(asked), len(set(asked)), 'each query is sent once')
        return document['domains'][0]

    def verdicts(self, advice):
        return {source['ip']: source['verdict'] for sender in advice['senders'] for source in sender['sources']}

    def gate(self, advice, name):
        return next(gate['met'] for gate in advice['gates'] if gate['id'] == name)

    def test_ready_domain_advances(self):
        advice = self.world(lambda day: OWN + [FORWARDED] + spoof(day))
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'quarantine'), advice['gates'])
        self.assertIn('p=quarantine', advice['move']['record'])
        self.assertIn('fo=1', advice['move']['record'])
        self.assertEqual(advice['impact']['quarantine']['legitimate'], 0)
        self.assertEqual(self.verdicts(advice)['192.0.2.10'], 'compliant')
        self.assertEqual({v for ip, v in self.verdicts(advice).items() if ip.startswith('203.0.113.1') and ip != '203.0.113.90'}, {'threat'})

    def test_misconfigured_service_holds(self):
        advice = self.world(lambda day: OWN + [NEWSLETTER])
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertEqual(self.verdicts(advice)['203.0.113.66'], 'fixable')
        self.assertEqual(advice['actions'][0]['id'], 'enable-dkim')
        self.assertEqual(advice['actions'][0]['sender'], 'SendGrid')
        self.assertEqual(advice['actions'][0]['recovers_messages'], 20 * 60)

    def test_list_is_a_forwarder(self):
        advice = self.world(lambda day: OWN + [LIST])
        self.assertEqual(self.verdicts(advice)['203.0.113.91'], 'forwarder')
        self.assertEqual(advice['impact']['reject']['forwarded'], 3 * 60)
        self.assertEqual(advice['impact']['reject']['legitimate'], 0)

    def test_list_users_hold_before_reject(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        advice = self.world(lambda day: OWN + [LIST], zone, 'quarantine')
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'mailing-lists'))

    def test_goal_quarantine_is_done(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        advice = self.world(lambda day: OWN + [LIST], zone, 'quarantine', 30, '--goal', 'quarantine')
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('done', 'quarantine'))

    def test_quarantine_to_reject(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        advice = self.world(lambda day: OWN + spoof(day), zone, 'quarantine')
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'reject'), advice['gates'])

    def test_address_missing_from_spf(self):
        host = row('192.0.2.77', 10)
        zone = ZONE + '77.2.0.192.in-addr.arpa PTR app.example.com\napp.example.com A 192.0.2.77\n'
        advice = self.world(lambda day: OWN + [host], zone)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertEqual(self.verdicts(advice)['192.0.2.77'], 'fixable')
        action = advice['actions'][0]
        self.assertEqual(action['id'], 'authorise-in-spf')
        self.assertIn('ip4:192.0.2.77', action['record'])
        self.assertTrue(action['record'].endswith('-all'))

    def test_address_added_since_is_fixed(self):
        host = row('192.0.2.11', 10)
        advice = self.world(lambda day: OWN + [host] if day < 20 else OWN)
        self.assertEqual(self.verdicts(advice)['192.0.2.11'], 'fixed')
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_vanished_key_is_lost_mail(self):
        only_signed = [row('198.51.100.99', 40, [('example.com', 'gone', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))]
        advice = self.world(lambda day: OWN + only_signed)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertEqual(advice['actions'][0]['id'], 'publish-dkim-key')
        self.assertGreater(advice['impact']['quarantine']['legitimate'], 0)

    def test_vanished_key_under_reject_retreats(self):
        zone = ZONE.replace('p=none', 'p=reject')
        only_signed = [row('198.51.100.99', 40, [('example.com', 'gone', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))]
        advice = self.world(lambda day: OWN + only_signed, zone, 'reject')
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('retreat', 'quarantine'))

    def test_spf_only_is_no_ground_for_reject(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        unsigned = [row('192.0.2.10', 40, [], ('example.com', 'pass'), ('fail', 'pass'))]
        advice = self.world(lambda day: unsigned, zone, 'quarantine')
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dkim-coverage'))

    def test_too_few_days(self):
        advice = self.world(lambda day: OWN, days=9)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'coverage'))

    def test_no_record_is_published(self):
        zone = ''.join(line + '\n' for line in ZONE.splitlines() if '_dmarc' not in line)
        advice = self.world(lambda day: OWN, zone)
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('publish', 'none'))
        self.assertTrue(advice['move']['record'].startswith('v=DMARC1; p=none'))
        self.assertIsNone(advice['published']['p'])

    def test_several_records_are_merged(self):
        zone = ZONE + '_dmarc.example.com TXT "v=DMARC1; p=reject"\n'
        advice = self.world(lambda day: OWN, zone)
        self.assertEqual(advice['move']['action'], 'publish')
        self.assertIn('merge-dmarc', [action['id'] for action in advice['actions']])

    def test_parked_domain_is_locked(self):
        zone = """
example.com MX 0 .
example.com TXT "v=spf1 -all"
_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"
"""
        advice = self.world(spoof, zone)
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'reject'))
        self.assertIn('rua=mailto:dmarc@example.com', advice['move']['record'])

    def test_silent_dns_never_advances(self):
        zone = ''.join(line + '\n' for line in ZONE.splitlines() if '_dmarc' not in line) + '_dmarc.example.com !SERVFAIL\n'
        advice = self.world(lambda day: OWN, zone)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dns-health'))

    def test_silent_key_never_advances(self):
        only_signed = [row('198.51.100.99', 40, [('example.com', 'slow', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))]
        advice = self.world(lambda day: only_signed, ZONE + 'slow._domainkey.example.com !SERVFAIL\n')
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dns-health'))

    def test_label_wins(self):
        self.ingest(support.report())
        self.run_marque('label', 'example.com', '203.0.113.66', 'threat')
        advice = self.world(lambda day: OWN + [NEWSLETTER])
        self.assertEqual(self.verdicts(advice)['203.0.113.66'], 'threat')
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_shadow_service_is_no_threat(self):
        shadow = row('203.0.113.20', 5, [('mail.unlisted.example', 'k', 'pass')], ('b.unlisted.example', 'pass'))
        zone = ZONE + '20.113.0.203.in-addr.arpa PTR out.unlisted.example\nout.unlisted.example A 203.0.113.20\n'
        advice = self.world(lambda day: OWN + [shadow], zone)
        self.assertEqual(self.verdicts(advice)['203.0.113.20'], 'unknown')
        self.assertEqual(advice['move']['action'], 'hold')

    def test_what_if(self):
        advice = self.world(lambda day: OWN + spoof(day), ZONE, 'none', 30, '--what-if', 'v=DMARC1; p=reject; adkim=s; aspf=s')
        self.assertEqual(advice['what_if']['legitimate'], 0)
        self.assertGreater(advice['what_if']['threat'], 0)

    def test_file_of_records_in_place_of_dns(self):
        self.ingest(*[support.report(reporter=who, report_id=f'{who}-{day}', begin=BEGIN + day * DAY, records=OWN)
                      for day in range(30) for who in ('one.example', 'two.example')])
        zone = ['--resolver', self.file(ZONE.encode(), 'planned.zone'), '--as-of', LAST]
        text = self.text('advise', 'example.com', *zone)
        self.assertTrue(text.startswith('example.com: Go to p=quarantine'), text)
        self.assertIn('\nPublish at _dmarc.example.com\n  v=DMARC1; p=quarantine;', text)
        self.assertIn('own servers of example.com', self.text('senders', 'example.com', '--resolve', *zone))
        self.assertNotIn('own servers', self.text('senders', 'example.com', '--as-of', LAST), 'what a file says is not kept')
        summary = self.json('summary', 'example.com', *zone)['domains'][0]
        self.assertEqual((summary['move']['action'], summary['needs_person']), ('advance', True))
        strict = self.json('advise', 'example.com', '--require', 'quarantine.volume=1e6', *zone)['domains'][0]
        self.assertEqual(strict['move']['action'], 'hold')
        self.assertFalse(self.gate(strict, 'volume'))
        for wrong in ('volume', 'volume=', 'volume=-1', 'volume=x', 'reject.size=1', 'none.volume=1'):
            self.error('advise', 'example.com', '--require', wrong, *zone)

    def test_all_domains_are_ranked(self):
        self.ingest(*[support.report(domain=d, reporter='one.example', report_id=d, begin=BEGIN + 29 * DAY, records=[row('192.0.2.10', 4, header_from=d)])
                      for d in ('example.com', 'unpublished.example')])
        zone = ['--resolver', self.file(ZONE.encode(), 'dns.zone'), '--as-of', LAST]
        lines = self.text('advise', *zone).splitlines()
        self.assertEqual([line.split()[0] for line in lines], ['Domain', 'unpublished.example', 'example.com'])


if __name__ == '__main__':
    support.main()
