#!/usr/bin/env python3
"""Rows whose report does not say what DMARC found: counted as mail, and neither as passing nor as failing unless it follows."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case, main, report

AS_OF = ('--as-of', '2023-11-20')


def unsaid(source, count, auth='', header_from='example.com'):
    """A row without policy_evaluated."""
    identifiers = f'<identifiers><header_from>{header_from}</header_from></identifiers>' if header_from else ''
    return (f'<record><row><source_ip>{source}</source_ip><count>{count}</count></row>{identifiers}'
            f'<auth_results>{auth}</auth_results></record>')


def dkim(domain, result='pass'):
    return f'<dkim><domain>{domain}</domain><selector>s1</selector><result>{result}</result></dkim>'


def spf(domain, result='pass'):
    return f'<spf><domain>{domain}</domain><result>{result}</result></spf>'


class Unsaid(Case):
    def total(self, *rows, **changes):
        xml = report(records=list(rows))
        for old, new in changes.get('replace', ()):
            xml = xml.replace(old, new)
        self.ingest(xml)
        return self.json('senders', 'example.com', *AS_OF)['total']

    def assert_counts(self, total, messages, passed, unknown):
        self.assertEqual((total['messages'], total['dmarc_pass'], total['dmarc_unknown']), (messages, passed, unknown))

    def test_what_nobody_said_is_unknown(self):
        total = self.total(('192.0.2.1', 10), ('192.0.2.2', 6, 'fail', 'fail'), unsaid('192.0.2.3', 4))
        self.assert_counts(total, 20, 10, 4)
        self.assertEqual(total['dmarc_pass_share'], 10 / 16)
        rows = {r['key']: r for r in self.json('senders', 'example.com', *AS_OF, '--by', 'source')['rows']}
        self.assertEqual((rows['192.0.2.3']['dmarc_unknown'], rows['192.0.2.3']['dmarc_pass_share']), (4, None))
        for by in ('sender', 'source', 'reporter', 'disposition', 'day', 'domain'):
            rows = self.json('senders', 'example.com', *AS_OF, '--by', by)['rows']
            self.assertEqual((sum(r['messages'] for r in rows), sum(r['dmarc_unknown'] for r in rows)), (20, 4), by)
        self.assertIn('Unknown', self.text('senders', 'example.com', *AS_OF))
        [domain] = self.json('summary', 'example.com', '--offline', *AS_OF)['domains']
        self.assert_counts(domain, 20, 10, 4)
        self.assertEqual(sum(s['failing'] for s in domain['failing_senders']), 6)
        self.assertEqual(sum(p['dmarc_unknown'] for p in domain['days']), 4)
        for form in ('text', 'html', 'markdown'):
            self.assertIn('of unknown result', self.text('summary', 'example.com', '--offline', *AS_OF, '--format', form), form)
        advice = self.json('advise', 'example.com', '--offline', *AS_OF)['domains'][0]
        self.assertEqual(advice['volume']['dmarc_pass_share'], 10 / 16)
        self.assertIn('marque_dmarc_unknown_messages', self.text('export', '--format', 'prometheus', *AS_OF))

    def test_nothing_unknown_is_not_mentioned(self):
        self.total(('192.0.2.1', 10), ('192.0.2.2', 6, 'fail', 'fail'))
        self.assertNotIn('nknown', self.text('senders', 'example.com', '--by', 'source', *AS_OF))
        self.assertNotIn('of unknown result', self.text('summary', 'example.com', '--offline', *AS_OF))

    def test_what_follows_from_the_results(self):
        for row, passed, unknown in (
                (dkim('example.com') + spf('other.test', 'fail'), 8, 0),
                (dkim('mail.example.com') + spf('other.test', 'fail'), 8, 0),       # the report says relaxed
                (dkim('other.test') + spf('bounces.example.com'), 8, 0),
                (dkim('other.test') + spf('other.test'), 0, 0),                     # nothing is aligned
                (spf('example.com', 'softfail'), 0, 0),                             # and no signature
                (dkim('example.com', 'fail'), 0, 8),                                # what SPF found is not said
                (dkim('example.com', 'fail') + spf('example.com', 'fail'), 0, 0)):
            with self.subTest(row):
                self.tearDown()
                self.setUp()
                self.assert_counts(self.total(unsaid('192.0.2.3', 8, row)), 8, passed, unknown)
                [sender] = self.json('senders', 'example.com', *AS_OF)['rows']
                self.assert_counts(sender, 8, passed, unknown)

    def test_a_mode_that_is_not_said(self):
        strict = ((b'<adkim>r</adkim>', b'<adkim>s</adkim>'),)
        absent = ((b'<adkim>r</adkim>', b''),)
        row = unsaid('192.0.2.3', 8, dkim('mail.example.com') + spf('other.test', 'fail'))
        self.assert_counts(self.total(row, replace=strict), 8, 0, 0)
        self.setUp()
        self.assert_counts(self.total(row, replace=absent), 8, 0, 8)
        self.setUp()
        self.assert_counts(self.total(unsaid('192.0.2.3', 8, dkim('example.com'), header_from=None)), 8, 0, 8)

    def test_a_report_without_policy_is_of_the_domain_in_its_rows(self):
        xml = report(records=[('192.0.2.1', 9, 'pass', 'pass', 'none', 'news.example.org'), ('192.0.2.1', 2, 'pass', 'pass', 'none', 'example.org')])
        self.ingest(re.sub(rb'<policy_published>.*</policy_published>', b'', xml))
        for command in ('summary', 'advise'):
            [domain] = self.json(command, '--offline', *AS_OF)['domains']
            self.assertEqual(domain['domain'], 'example.org', command)
        [domain] = self.json('summary', '--offline', *AS_OF)['domains']
        self.assertEqual(domain['messages'], 11)
        self.json('dashboard', *AS_OF, '--output', self.dir / 'site')
        self.assertEqual([p.name for p in (self.dir / 'site' / 'domain').iterdir()], ['example.org.html'])

    def test_the_report_itself_is_shown_as_it_is(self):
        self.total(unsaid('192.0.2.3', 8, dkim('example.com') + spf('example.com')))
        [row] = self.json('show', '1')['records']
        self.assertEqual((row['dkim'], row['spf'], row['dmarc'], row['disposition']), (None, None, None, None))


if __name__ == '__main__':
    main()
