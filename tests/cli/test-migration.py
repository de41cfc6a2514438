#!/usr/bin/env python3
"""Databases of older schemas: schema-N.sql is what the marque of that time wrote, schema-N.ndjson what it exported. Both
are kept for ever: whatever comes must read them."""
import json, os, pathlib, sqlite3, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from support import report

HERE = pathlib.Path(__file__).parent

class Migration(support.Case):
    def old_database(self, version):
        db = sqlite3.connect(self.db)
        db.executescript((HERE / f'schema-{version}.sql').read_text())
        db.close()

    def test_is_refused_by_readers(self):
        self.old_database(1)
        self.assertIn('marque ingest', self.error('reports', status=3))

    def test_rows_are_the_same(self):
        self.old_database(1)
        self.ingest(report(report_id='new'))
        rows = [json.loads(line) for line in self.text('export').splitlines()]
        old = {(row['report'], row.get('source_ip')): row for row in rows if row.get('report_id') != 'new'}
        wanted = [json.loads(line) for line in (HERE / 'schema-1.ndjson').read_text().splitlines()]
        self.assertEqual(len(rows), len(wanted) + 2)
        self.assertEqual(len(old), len(wanted))
        for want in wanted:
            got = old[want['report'], want.get('source_ip')]
            self.assertEqual({key: got.get(key) for key in want}, want)

    def test_what_was_known_stays_known(self):
        self.old_database(1)
        self.ingest(report(report_id='new'))
        shown = self.json('show', 3)
        self.assertEqual([p['message'] for p in shown['provenance']], ['old/021.eml', 'old/022.eml'])
        self.assertEqual([p['part'] for p in shown['provenance']],
                         ['odd14.example!example.com!1794009600!1794095999.xml.gz',
                          'odd14.example!example.com!1794009600!1794095999.zip/odd14.example!example.com!1794009600!1794095999.xml'])
        self.assertEqual([r['records'] for r in self.json('reports')['reports'] if r['id'] == 5], [1])
        self.assertEqual([f['source_ip'] for f in self.json('failures')['failures']], ['2001:db8:5003::71'])

    def test_is_like_a_new_one(self):
        self.old_database(1)
        self.ingest(report(report_id='new'))
        schemas = []
        for _ in range(2):
            db = sqlite3.connect(self.db)
            schemas.append(db.execute('SELECT name, sql FROM sqlite_schema ORDER BY name').fetchall())
            self.assertEqual(db.execute('PRAGMA integrity_check').fetchall(), [('ok',)])
            db.close()
            os.unlink(self.db)
            self.ingest(report(report_id='new'))
        self.assertEqual(schemas[0], schemas[1])

    def test_views_write_addresses_as_the_program_does(self):
        self.old_database(1)
        odd = ['0.0.0.0', '127.255.0.1', '128.0.0.0', '255.255.255.255', '::', '::1', '1::', '2001:db8::1:0:0:1',
               '2001:db8:0:1:1:1:1:1', '0:0:1::1', 'abcd:ef01:2345:6789:abcd:ef01:2345:6789', '2001:0:0:1::', 'no address']
        self.ingest(report(report_id='odd', records=[(address, 1) for address in odd]))
        db = sqlite3.connect(self.db)
        view = [ip for ip, in db.execute('SELECT source_ip FROM records WHERE NOT repeated')]
        db.close()
        rows = [json.loads(line) for line in self.text('export').splitlines()]
        self.assertEqual(sorted(view), sorted(row['source_ip'] for row in rows if row['type'] == 'aggregate'))
        self.assertLessEqual(set(odd), set(view))

if __name__ == '__main__':
    support.main()
