#!/usr/bin/env python3
"""Networks and countries, from a file in the MaxMind format."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from mmdb import mmdb
import support

NETWORKS = {
    '192.0.2.0/24': {'autonomous_system_number': 64500, 'autonomous_system_organization': 'Example Net'},
    '198.51.100.0/24': {'autonomous_system_number': 64501, 'autonomous_system_organization': '\x1b[31mred'},
    '2001:db8::/32': {'autonomous_system_number': 64500, 'autonomous_system_organization': 'Example Net'},
}
COUNTRIES = {'192.0.2.0/24': {'country': {'iso_code': 'DE'}}, '198.51.100.0/25': {'registered_country': {'iso_code': 'FR'}},
             '2001:db8::/32': {'country_code': 'DE'}}


class Geo(support.Case):
    def setUp(self):
        super().setUp()
        self.ingest(support.report(records=[('192.0.2.1', 10), ('198.51.100.7', 5, 'fail', 'fail'), ('2001:db8::1', 3), ('203.0.113.9', 1)]))
        self.files = ['--mmdb', self.file(mmdb(NETWORKS), 'asn.mmdb'), '--mmdb', self.file(mmdb(COUNTRIES), 'country.mmdb')]

    def rows(self, by):
        got = self.json('senders', '--by', by, '--as-of', '2023-11-16', *self.files)
        self.assertEqual(got['total']['messages'], 19)
        return [(row['key'], row['messages'], row['sources']) for row in got['rows']]

    def test_networks(self):
        self.assertEqual(self.rows('asn'), [('AS64500 Example Net', 13, 2), ('AS64501 \x1b[31mred', 5, 1), ('unknown', 1, 1)])
        self.assertNotIn('\x1b', self.text('senders', '--by', 'asn', '--as-of', '2023-11-16', *self.files))

    def test_countries(self):
        self.assertEqual(self.rows('country'), [('DE', 13, 2), ('FR', 5, 1), ('unknown', 1, 1)])

    def test_evidence(self):
        advice = self.json('advise', 'example.com', '--offline', '--as-of', '2023-11-16', *self.files)['domains'][0]
        source = next(s for sender in advice['senders'] for s in sender['sources'] if s['ip'] == '192.0.2.1')
        self.assertEqual((source['asn'], source['as_name'], source['country']), (64500, 'Example Net', 'DE'))
        self.assertIn('192.0.2.1 is in Example Net, DE', [e for sender in advice['senders'] for e in sender['evidence']])
        plain = self.json('advise', 'example.com', '--offline', '--as-of', '2023-11-16')['domains'][0]
        self.assertIsNone(plain['senders'][0]['sources'][0]['asn'])

    def test_configuration(self):
        (self.dir / 'marque.conf').write_text(f"[marque]\nmmdb={self.files[1]};{self.files[3]}\n")
        self.assertEqual(self.json('senders', '--config', self.dir / 'marque.conf', '--by', 'country', '--as-of', '2023-11-16')['rows'][0]['key'], 'DE')

    def test_what_is_no_such_file(self):
        for content in (b'', b'not a database' * 1000, mmdb(NETWORKS)[:-40]):
            self.assertIn('broken.mmdb', self.error('senders', '--by', 'asn', '--mmdb', self.file(content, 'broken.mmdb')))
        self.error('senders', '--by', 'asn', '--mmdb', self.dir / 'absent.mmdb')

    def test_damaged_tree_and_data(self):
        """Whatever bytes stand there: no crash, and all mail is counted."""
        whole = mmdb(NETWORKS)
        for at in range(0, len(whole) - 200, 97):
            damaged = self.file(whole[:at] + b'\xff' * 7 + whole[at + 7:], 'damaged.mmdb')
            done = self.raw('-d', self.db, 'senders', '--by', 'asn', '--as-of', '2023-11-16', '--mmdb', damaged)
            self.assertIn(done.returncode, (0, 3), done.stderr)


if __name__ == '__main__':
    support.main()
