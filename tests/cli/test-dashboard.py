#!/usr/bin/env python3
"""marque dashboard: a page for each domain, whatever its name; all links lead somewhere; nothing but the script runs."""
import base64
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
from page import Page
from support import Case, main, report

DAY = 86400
BEGIN = 1700006400  # 2023-11-15
AS_OF = ('--as-of', '2023-11-28')
ZONE = '''example.com TXT "v=spf1 ip4:192.0.2.1 +all"
_dmarc.example.com TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"
'''


class Dashboard(Case):
    def setUp(self):
        super().setUp()
        self.out = self.dir / 'site' / 'of marque'

    def make(self, *args, **kw):
        return self.json('dashboard', *AS_OF, '--output', self.out, *args, **kw)

    def pages(self):
        return {str(path.relative_to(self.out)): Page(path.read_text()) for path in self.out.rglob('*') if path.is_file()}

    def links(self, page):
        return [value for name, value in page.attributes if name == 'href']

    def test_pages(self):
        self.ingest(*[report(report_id=f'{d}{i}', domain=d, begin=BEGIN + i * DAY) for i in range(14) for d in ('example.com', 'other.test')])
        self.assertEqual(self.make()['domains'], 2)
        pages = self.pages()
        self.assertEqual(sorted(pages), ['domain/example.com.html', 'domain/other.test.html', 'index.html'])
        self.assertEqual(self.links(pages['index.html']), ['domain/example.com.html', 'domain/other.test.html'])
        for name, page in pages.items():
            self.assertEqual(page.faults, [], name)
            for link in self.links(page):
                self.assertTrue((self.out / name).parent.joinpath(link).is_file(), link)
        domain = pages['domain/example.com.html'].text()
        for fact in ('example.com', '192.0.2.0/24', '198.51.100.7', 'A year, week by week', 'Senders that fail', 'marque check', '66.7 %'):
            self.assertIn(fact, domain)

    def test_policy_allows_what_is_there(self):
        self.ingest(report(begin=BEGIN))
        self.make()
        for name in ('index.html', 'domain/example.com.html'):
            text = (self.out / name).read_text()
            policy = next(v for k, v in Page(text).attributes if k == 'content' and 'default-src' in v)
            self.assertNotIn('unsafe', policy)
            self.assertIn("default-src 'none'", policy)
            for element in ('style', 'script'):
                found = re.findall(f'<{element}>(.*?)</{element}>', text, re.DOTALL)
                self.assertEqual(len(found), 1)
                digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
                self.assertIn(f"{element}-src 'sha256-{digest}'", policy)
            self.assertNotIn('://', text)
            self.assertNotIn(' style=', text)

    def test_what_dns_says(self):
        self.ingest(*[report(report_id=f'r{i}', begin=BEGIN + i * DAY) for i in range(14)])
        with DnsServer(ZONE) as dns:
            self.env.update(RES_OPTIONS='retrans:300 retry:1')
            self.raw('-d', self.db, 'check', 'example.com', '--resolver', dns.address)
        self.make()
        text = self.pages()['domain/example.com.html'].text()
        for fact in ('v=spf1 ip4:192.0.2.1 +all', 'DNS over time', 'critical', 'p=quarantine'):
            self.assertIn(fact, text)
        self.assertNotIn('No DNS answers', text)

    def test_names_that_no_file_should_have(self):
        names = ['../../escape', '/etc/passwd', 'a/b.test', '.hidden', '-rf', 'x' * 250, 'a b.test', 'q?x=1#y.test', '%2e%2e', 'index', 'con<b>.test']
        self.ingest(*[report(report_id=f'n{i}', domain=name.replace('<', '&lt;').replace('>', '&gt;'), begin=BEGIN) for i, name in enumerate(names)])
        self.make()
        below = [path.relative_to(self.out) for path in self.out.rglob('*') if path.is_file()]
        self.assertEqual({str(path.parent) for path in below}, {'.', 'domain'})
        for path in below:
            self.assertRegex(path.name, r'^-?[a-z0-9][a-z0-9._-]*\.html$')
            self.assertLessEqual(len(path.name), 210)
        self.assertEqual([p for p in self.dir.rglob('*') if 'escape' in p.name or 'passwd' in p.name], [])
        links = self.links(self.pages()['index.html'])
        self.assertGreaterEqual(len(links), len(names) - 2)
        for link in links:
            self.assertTrue((self.out / link).is_file(), link)

    def test_again_into_the_same_folder(self):
        self.ingest(report(begin=BEGIN))
        self.make()
        first = {path: path.read_bytes() for path in self.out.rglob('*') if path.is_file()}
        self.make()
        self.assertEqual({path: path.read_bytes() for path in self.out.rglob('*') if path.is_file()}, first)

    def test_one_domain(self):
        self.ingest(report(begin=BEGIN), report(report_id='x', domain='other.test', begin=BEGIN))
        self.assertEqual(self.make('other.test')['domains'], 1)
        self.assertEqual(sorted(self.pages()), ['domain/other.test.html', 'index.html'])

    def test_what_is_wrong_is_said(self):
        self.ingest(report(begin=BEGIN))
        self.assertIn('--output', self.error('dashboard', *AS_OF))
        self.assertIn('no domain name', self.error('dashboard', *AS_OF, '--output', self.out, 'no domain'))
        (self.dir / 'file').write_text('')
        self.assertIn('file', self.error('dashboard', *AS_OF, '--output', self.dir / 'file'))


if __name__ == '__main__':
    main()
