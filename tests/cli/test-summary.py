#!/usr/bin/env python3
"""marque summary in all its formats: each says the same, none lets a report in; the mail arrives through a Postfix."""
import email
import email.policy
import os
import re
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
from page import Page
from postfix import Postfix
from support import Case, main, report

DAY = 86400
BEGIN = 1700006400  # 2023-11-15
AS_OF = ('--offline', '--as-of', '2023-11-28')
MAIL = ('--format', 'eml', '--from', 'reports@example.com', '--to', 'postmaster@example.com')
EVIL = '</td><script>alert(1)</script><img src=//evil.example/x> | **b** `c` [d](//e.example) www.evil.example =1+1'


class Summary(Case):
    def setUp(self):
        super().setUp()
        two_weeks = [report(report_id=f'n{i}', begin=BEGIN + i * DAY, domain='news.test', records=[
            ('192.0.2.1', 100, *(('pass', 'pass') if i < 9 else ('fail', 'fail', 'quarantine')))]) for i in range(14)]
        quiet = [report(report_id=f'q{i}', begin=BEGIN + i * DAY, domain='quiet.test', records=[('198.51.100.1', 1000)]) for i in range(14)]
        self.ingest(*two_weeks, *quiet)

    def page(self, *args):
        return Page(self.text('summary', *AS_OF, '--format', 'html', *args))

    def test_trend(self):
        news = {d['domain']: d for d in self.json('summary', *AS_OF)['domains']}['news.test']
        self.assertEqual((len(news['days']), len(news['weeks'])), (28, 12))
        self.assertEqual([w['messages'] for w in news['weeks']], [0] * 10 + [700, 700])
        self.assertEqual([w['dmarc_pass'] for w in news['weeks'][-2:]], [700, 200])
        self.assertEqual(news['days'][-1], {'since': '2023-11-28T00:00:00Z', 'messages': 100, 'dmarc_pass': 0, 'dmarc_pass_share': 0.0, 'dmarc_unknown': 0,
                                            'quarantined': 100, 'rejected': 0})

    def test_each_format_says_the_same(self):
        texts = {'text': self.text('summary', *AS_OF), 'markdown': self.text('summary', *AS_OF, '--format', 'markdown'),
                 'html': self.page().text()}
        mail = email.message_from_string(self.text('summary', *AS_OF, *MAIL), policy=email.policy.default)
        texts['text of eml'] = mail.get_body(('plain',)).get_content()
        texts['html of eml'] = Page(mail.get_body(('html',)).get_content()).text()
        for name, text in texts.items():
            for fact in ('1 of 2 domains needs you', 'news.test', 'quiet.test', '28.6 %', '192.0.2.0/24', '2023-11-24', 'What changed',
                         'Senders that fail', '71.4 points down', 'quarantined', 'does not verify'):
                self.assertIn(fact, text, name)

    def test_what_changed_in_dns(self):
        today = int(time.time()) // DAY * DAY
        self.ingest(*[report(report_id=f'd{i}', begin=today - i * DAY) for i in range(14)])
        for policy in ('none', 'reject'):
            with DnsServer(f'_dmarc.example.com TXT "v=DMARC1; p={policy}"\nexample.com MX 10 mx.example.com\n') as dns:
                self.env.update(RES_OPTIONS='retrans:300 retry:1')
                self.raw('-d', self.db, 'check', 'example.com', '--resolver', dns.address)
        changes = self.json('summary', 'example.com', '--offline')['domains'][0]['changes']
        self.assertEqual([(c['subject'], c['detail']) for c in changes if c['id'] == 'dns-changed'],
                         [('_dmarc.example.com', "TXT is 'v=DMARC1; p=reject' now, was 'v=DMARC1; p=none'")])

    def test_no_mail_before_either(self):
        [domain] = self.json('summary', 'nobody.test', *AS_OF)['domains']
        self.assertEqual(domain['headline'], 'No report counts any mail in this period, nor in the one before.')
        self.assertIsNone(domain['previous_dmarc_pass_share'])

    def test_a_quiet_domain_is_a_line(self):
        for text in (self.text('summary', *AS_OF), self.page().text()):
            self.assertEqual(text.count('quiet.test'), 1)
        alone = self.text('summary', 'quiet.test', *AS_OF)
        self.assertIn('nothing new needs you', alone)
        self.assertLess(len(alone.splitlines()), 15)

    def test_the_page_is_whole_and_fetches_nothing(self):
        for args in ((), ('news.test',), ('quiet.test',), ('nobody.test',)):
            page = self.page(*args)
            self.assertEqual(page.faults, [])
            self.assertEqual({'script', 'img', 'link', 'iframe', 'object'} & set(page.elements), set())
            self.assertEqual([a for a in page.attributes if a[0] in ('src', 'href', 'srcset', 'data') or a[0].startswith('on')], [])
            for landmark in ('header', 'main', 'footer', 'h1'):
                self.assertEqual(page.elements.count(landmark), 1, landmark)
            policy = next(v for _, v in page.attributes if v.startswith("default-src 'none'"))
            self.assertNotIn('unsafe', policy)
        self.assertNotIn('://', self.text('summary', *AS_OF, '--format', 'html'))
        self.assertNotIn('@import', self.text('summary', *AS_OF, '--format', 'html'))

    def test_no_report_reaches_the_markup(self):
        # a name of letters that pages, tables and terminals could take for their own: as reporter and as DKIM domain
        escaped = EVIL.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
        self.ingest(*[report(report_id=f'e{i}', begin=BEGIN + i * DAY, domain='evil.test', reporter=escaped if i < 7 else 'r.example',
                             records=[f'''<record><row><source_ip>203.0.113.9</source_ip><count>50</count><policy_evaluated>
<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>evil.test</header_from>
</identifiers><auth_results><dkim><domain>{escaped}</domain><selector>s</selector><result>pass</result></dkim></auth_results></record>'''])
                      for i in range(14)])
        page = self.page('evil.test')
        self.assertIn('alert(1)', page.text())  # it is shown
        self.assertEqual({'script', 'img'} & set(page.elements), set())
        self.assertEqual(page.faults, [])
        markdown = self.text('summary', 'evil.test', *AS_OF, '--format', 'markdown')
        self.assertIn('alert', markdown)
        for unescaped in (r'(?<!\\)<', r'(?<!\\)`c', r'(?<!\\)\[d', r'(?<!\\)\*\*b', r'www\.'):
            self.assertNotRegex(markdown, unescaped)
        rows = [line for line in markdown.splitlines() if line.startswith('|')]
        self.assertEqual({len(re.findall(r'(?<!\\)\|', row)) for row in rows[:3]}, {len(re.findall(r'(?<!\\)\|', rows[0]))})

    def test_mail(self):
        raw = self.text('summary', *AS_OF, *MAIL, '--to', 'second@example.net')
        mail = email.message_from_string(raw, policy=email.policy.default)
        self.assertEqual(mail.defects, [])
        self.assertEqual(mail['From'].addresses[0].addr_spec, 'reports@example.com')
        self.assertEqual([a.addr_spec for a in mail['To'].addresses], ['postmaster@example.com', 'second@example.net'])
        self.assertEqual(mail['Subject'], 'DMARC 2023-11-22 to 2023-11-28: 1 of 2 domains needs you')
        self.assertEqual(mail['Auto-Submitted'], 'auto-generated')
        self.assertEqual(mail['List-Id'], 'DMARC summary <dmarc-summary.example.com>')
        self.assertRegex(mail['Message-ID'], r'^<[0-9a-f]{32}@example\.com>$')
        self.assertIsNotNone(mail['Date'].datetime)
        self.assertEqual(mail.get_content_type(), 'multipart/alternative')
        self.assertEqual([p.get_content_type() for p in mail.iter_parts()], ['text/plain', 'text/html'])
        for part in mail.iter_parts():
            self.assertEqual(part.get_content_charset(), 'utf-8')
        self.assertTrue(all(len(line) < 998 for line in raw.splitlines()))
        page = Page(mail.get_body(('html',)).get_content())
        self.assertEqual(page.faults, [])
        self.assertEqual({'svg', 'script', 'img'} & set(page.elements), set())

    def test_the_envelope_is_checked(self):
        self.assertIn('--from', self.error('summary', *AS_OF, '--format', 'eml', '--to', 'a@example.com'))
        self.assertIn('--to', self.error('summary', *AS_OF, '--format', 'eml', '--from', 'a@example.com'))
        for address in ('a@example.com\nBcc: x@example.net', 'a@example.com\r\nX: y', 'a b@example.com', 'a@example.com, b@example.com',
                        '"a"@example.com', 'a@', '@example.com', 'a', '', 'a@exam ple.com', '<a@example.com>', 'a@b@example.com',
                        'ä@example.com', 'a@bücher.example', 'x' * 65 + '@example.com'):
            for option in ('--from', '--to'):
                self.assertIn(option, self.error('summary', *AS_OF, *MAIL, option, address))

    def test_file_is_whole(self):
        out = self.dir / 'digest.html'
        self.assertEqual(self.text('summary', *AS_OF, '--format', 'html', '--output', out), '')
        self.assertEqual(Page(out.read_text()).faults, [])

    @unittest.skipUnless(shutil.which('postfix') and os.geteuid() == 0, 'wants Postfix and root to start it')
    def test_it_arrives_through_postfix(self):
        sent = self.run_marque('summary', *AS_OF, *MAIL).stdout
        with Postfix(mailboxes='example.com') as host:
            given = host.sendmail(sent)
            self.assertEqual(given.returncode, 0, given.stderr)
            arrived = email.message_from_bytes(host.arrived(), policy=email.policy.default)
        was = email.message_from_bytes(sent, policy=email.policy.default)
        for header in ('Subject', 'From', 'To', 'Date', 'Message-ID', 'List-Id', 'Auto-Submitted'):
            self.assertEqual(arrived[header], was[header])
        for kind in ('plain', 'html'):
            self.assertEqual(arrived.get_body((kind,)).get_content(), was.get_body((kind,)).get_content())


if __name__ == '__main__':
    if shutil.which('postfix') is None or os.geteuid() != 0:
        print('# SKIP the mail through Postfix: wants Postfix (apt-get install postfix) and root to start it')
    main()
