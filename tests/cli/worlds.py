"""Simulated worlds: reports and a DNS zone whose truth is known, through the real program."""
import os
import sys

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
    def world(self, rows, zone=ZONE, p='none', days=30, *options, status=0, reporters=('one.example', 'two.example'), skip=()):
        """@rows: day -> the records of that day; every day but those of @skip has all reporters."""
        self.ingest(*[support.report(reporter=who, report_id=f'{who}-{day}', begin=BEGIN + day * DAY, p=p, records=rows(day))
                      for day in range(days) if day not in skip for who in reporters])
        return self.ask(zone, *options, status=status)

    def ask(self, zone, *options, status=0, domain='example.com'):
        """The advice, by DNS as @zone has it; each query is sent once."""
        with DnsServer(zone) as dns:
            self.env.update(RES_OPTIONS='retrans:300 retry:1')
            document = self.json('advise', domain, '--as-of', LAST, '--resolver', dns.address, *options, status=status)
            self.asked = dns.queries()
        failing = {line.split()[0] for line in zone.splitlines() if '!' in line}  # a server that fails may be asked again
        asked = sorted(query for query in self.asked if query[2] not in failing)
        self.assertEqual(asked, sorted(set(asked)), 'each query is sent once')
        return document['domains'][0]

    def verdicts(self, advice):
        return {source['ip']: source['verdict'] for sender in advice['senders'] for source in sender['sources']}

    def gate(self, advice, name):
        return next(gate['met'] for gate in advice['gates'] if gate['id'] == name)

    def judged(self, advice, **truth):
        """@truth: 'legitimate', 'forwarder', 'threat' to addresses. The owner's mail is never called a threat, a threat
        never the owner's; to say 'unknown' is no error here, and is one in the tests that say so."""
        allowed = {'legitimate': {'compliant', 'fixed', 'fixable', 'unknown'}, 'forwarder': {'forwarder', 'compliant', 'unknown'},
                   'threat': {'threat', 'unknown'}}
        got = self.verdicts(advice)
        for kind, addresses in truth.items():
            for ip in addresses:
                self.assertIn(got[ip], allowed[kind], f'{ip} is {kind}')
        return got

    def causes(self, advice):
        return {source['ip']: source['cause'] for sender in advice['senders'] for source in sender['sources']}
