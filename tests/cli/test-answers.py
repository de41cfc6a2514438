#!/usr/bin/env python3
"""From a mailbox to answers: counts, documents, tables, CSV, and what strangers write made harmless."""
import csv, io, json, os, re, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from support import report, mail

DAY = 86400
NASTY = ['<script>alert(1)</script>', '\x1b[31mred', '=cmd()', '+1+1', '-2+3', '@SUM(A1)', 'a\rFAKE', 'r\n2099-01-01 fake', '\u009b31m', 'moc.\u202eelgoog', '＝1+1', '"quoted", text']

class Ingest(support.Case):
    def test_a_maildir(self):
        box = self.maildir(mail(report()), mail(report()), mail(report(report_id='r-2')), b'Subject: hello\r\n\r\nno report\r\n',
                           mail(b'<feedback><report_metadata>'))
        got = self.json('ingest', box, status=1)
        self.assertEqual([got[k] for k in ('messages', 'already_ingested', 'duplicates', 'ignored', 'failed', 'records', 'message_count')],
                         [5, 1, 0, 1, 1, 4, 30])
        self.assertEqual(got['reports'], {'aggregate': 2, 'failure': 0, 'tls': 0})
        lost = [p for p in got['problems'] if not p['stored']]
        self.assertTrue(lost and lost[0]['source'].endswith('M4.host') and lost[0]['code'] and lost[0]['reason'])

    def test_twice_stores_nothing_twice(self):
        box = self.maildir(mail(report()))
        self.json('ingest', box)
        again = self.json('ingest', box)
        self.assertEqual((again['messages'], again['already_ingested'], again['records']), (1, 1, 0))
        other = self.json('ingest', self.file(report()))
        self.assertEqual((other['duplicates'], other['records']), (1, 0))

    def test_many_problems_are_grouped(self):
        text = self.text('ingest', self.maildir(*[mail(b'<feedback><report_metadata>%d' % i) for i in range(40)]), status=1)
        self.assertLess(len(text.splitlines()), 25)
        self.assertIn('40 ×', text)

class Answers(support.Case):
    def setUp(self):
        super().setUp()
        self.ingest(report(), report(reporter='other.example', report_id='r-2', begin=1700006400 + DAY, records=[('192.0.2.9', 20)]),
                    report(domain='other.org', report_id='r-3', records=[('2001:db8:1:2::3', 7, 'pass', 'fail')]))

    def test_reports(self):
        rows = self.json('reports')['reports']
        self.assertEqual([r['report_id'] for r in rows], ['r-2', 'r-3', 'r-1'] if rows[1]['id'] > rows[2]['id'] else ['r-2', 'r-1', 'r-3'])
        self.assertEqual(rows[0]['begin'], '2023-11-16T00:00:00Z')
        self.assertEqual(len(self.json('reports', 'EXAMPLE.com.')['reports']), 2)
        self.assertEqual(len(self.json('reports', '--as-of', '2023-11-15')['reports']), 2)
        self.assertEqual(self.json('reports', 'nobody.example')['reports'], [])

    def test_show(self):
        one = next(r['id'] for r in self.json('reports')['reports'] if r['report_id'] == 'r-1')
        got = self.json('show', str(one))
        self.assertEqual((got['policy_published']['p'], got['policy_published']['sp']), ('none', None))
        self.assertEqual([r['count'] for r in got['records']], [10, 5])
        self.assertEqual(got['records'][1]['dmarc'], 'fail')
        self.assertEqual(got['records'][0]['auth']['dkim'][0]['selector'], 's1')
        text = self.text('show', str(one))
        for word in ('reporter.example', 'r-1', 'Policy published', '192.0.2.1', '198.51.100.7'):
            self.assertIn(word, text)
        self.assertIn('no report 999', self.error('show', '999'))

    def test_senders(self):
        got = self.json('senders', 'example.com', '--as-of', '2023-11-16')
        self.assertEqual([(r['key'], r['messages'], r['sources'], r['reporters']) for r in got['rows']],
                         [('192.0.2.0/24', 30, 2, 2), ('198.51.100.0/24', 5, 1, 1)])
        self.assertEqual((got['total']['messages'], got['total']['dmarc_pass']), (35, 30))
        self.assertEqual(got['window'], {'since': '2023-10-18T00:00:00Z', 'until': '2023-11-17T00:00:00Z'})
        self.assertEqual(self.json('senders', '--as-of', '2023-11-14')['rows'], [])

    def test_senders_by_everything(self):
        for by, keys in [('source', {'192.0.2.1', '192.0.2.9', '198.51.100.7', '2001:db8:1:2::3'}), ('domain', {'example.com', 'other.org'}),
                         ('reporter', {'reporter.example', 'other.example'}), ('disposition', {'none'}), ('day', {'2023-11-15', '2023-11-16'}),
                         ('week', {'2023-11-13'}), ('month', {'2023-11'})]:
            with self.subTest(by=by):
                got = self.json('senders', '--by', by, '--as-of', '2023-11-16')
                self.assertEqual({r['key'] for r in got['rows']}, keys)
                self.assertEqual(sum(r['messages'] for r in got['rows']), 42)

    def test_csv(self):
        out = self.run_marque('senders', '--by', 'source', '--as-of', '2023-11-16', '--format', 'csv').stdout
        self.assertTrue(out.count(b'\r\n') == out.count(b'\n') == 5)
        rows = list(csv.DictReader(io.StringIO(out.decode(), newline='')))
        self.assertEqual(rows[0]['key'], '192.0.2.9')

    def test_export(self):
        lines = [json.loads(line) for line in self.text('export').splitlines()]
        self.assertEqual(sum(line['count'] for line in lines), 42)
        self.assertEqual(len(list(csv.DictReader(io.StringIO(self.text('export', '--format', 'csv'))))), 4)
        gauges = self.text('export', '--format', 'prometheus', '--as-of', '2023-11-16')
        self.assertIn('marque_messages{domain="example.com"} 35\n', gauges)

    def test_summary_of_a_quiet_week(self):
        got = self.json('summary', 'example.com', '--offline', '--as-of', '2023-11-16')
        self.assertEqual(got['period'], {'since': '2023-11-10T00:00:00Z', 'until': '2023-11-17T00:00:00Z', 'previous_since': '2023-11-03T00:00:00Z'})
        self.assertEqual((got['domains'][0]['messages'], got['domains'][0]['move']['action']), (35, 'hold'))
        text = self.text('summary', '--offline', '--as-of', '2023-11-16')
        self.assertIn('example.com', text)
        self.assertIn('other.org', text)

    def test_summary_says_who_began_to_fail(self):
        self.ingest(*[report(report_id=f'w{i}', begin=1700006400 + i * DAY, domain='news.test', records=[
            ('192.0.2.1', 100, *(('pass', 'pass') if i < 9 else ('fail', 'fail')))]) for i in range(14)])
        got = self.json('summary', 'news.test', '--offline', '--as-of', '2023-11-28')['domains'][0]
        self.assertEqual([(c['id'], c['since'], c['subject']) for c in got['changes']], [('sender-failing', '2023-11-24T00:00:00Z', '192.0.2.0/24')])
        self.assertTrue(got['needs_person'] and '2023-11-24' in got['headline'])
        self.assertTrue(got['failing_senders'][0]['evidence'])
        out = self.dir / 'digest.txt'
        self.assertEqual(self.text('summary', 'news.test', '--offline', '--as-of', '2023-11-28', '--output', out), '')
        self.assertIn('began to fail', out.read_text())

    def test_summary_where_nobody_says_who_reports(self):
        self.ingest(*[report(report_id=f'n{i}', reporter='', domain='news.test', begin=1700006400 + i * DAY) for i in range(9)])
        self.assertEqual(len(self.json('summary', 'news.test', '--offline', '--as-of', '2023-11-23')['domains']), 1)
        self.text('export', '--format', 'prometheus', '--as-of', '2023-11-23')
        self.text('senders', '--by', 'reporter', '--as-of', '2023-11-23')

    def test_reports_without_dates(self):
        def undated(xml):
            return re.sub(rb'<date_range>.*</date_range>', b'', xml)
        self.ingest(undated(report(report_id='u1')), undated(report(report_id='u2', domain='other.org')))
        self.assertEqual([r['begin'] for r in self.json('reports')['reports']][-2:], [None, None])
        self.assertEqual(self.json('reports')['undated_reports_left_out'], 0)
        self.assertEqual(self.json('status')['undated_reports'], 2)
        self.assertRegex(self.text('status'), r'without dates +2\n')
        window = ('--since', '2023-01-01')
        for args, n in ((window, 2), (('example.com', *window), 1), (('com', *window), 1), (('nobody.test', *window), 0),
                        (('--type', 'tls', *window), 0), (('--untrusted', *window), 0)):
            got = self.json('reports', *args)
            self.assertEqual(got['undated_reports_left_out'], n, args)
            self.assertNotIn(None, [r['begin'] for r in got['reports']])
            said = self.run_marque('reports', *args).stderr.decode()
            self.assertEqual(f'{n} without dates' in said, n > 0, said)

    def test_labels(self):
        self.run_marque('label', 'example.com', '::ffff:192.0.2.1', 'threat')
        self.assertEqual([(r['key'], r['verdict']) for r in self.json('label', 'example.com')['labels']], [('192.0.2.1', 'threat')])
        self.run_marque('label', 'example.com', '192.0.2.1', 'none')
        self.assertEqual(self.json('label', 'example.com')['labels'], [])

    def test_prune_and_status(self):
        self.assertEqual(self.json('status')['reports']['aggregate'], 3)
        self.assertEqual(self.json('prune', '--older-than', '1d', '--as-of', '2024-01-01', '--dry-run')['reports']['aggregate'], 3)
        self.assertEqual(self.json('status')['reports']['aggregate'], 3)
        self.json('prune', '--older-than', '1d', '--as-of', '2024-01-01')
        self.assertEqual(self.json('status')['reports']['aggregate'], 0)

    def test_other_answers(self):
        for name, key in (('failures', 'failures'), ('tls', 'rows')):
            self.assertEqual(self.json(name)[key], [])
        self.assertEqual(self.json('history', 'example.com')['records'], [])

class Whole(support.Case):
    """A report of very many rows is shown as it is read."""
    # a child's figure begins with that of its parent, so that the parent has to be small
    MEASURE = ('import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);'
               'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)')

    def show(self, *args):
        """Standard output, and the memory it took in MiB."""
        # what a sanitizer keeps of freed memory is not held by marque
        env = self.env | {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':quarantine_size_mb=1'}
        done = subprocess.run([sys.executable, '-c', self.MEASURE, support.MARQUE, '-d', self.db, *args], env=env, cwd=self.dir,
                              capture_output=True, check=True)
        return done.stdout.decode(), int(done.stderr.split()[-1]) / 1024

    def test_rows_are_not_held(self):
        def rows(n):
            return [(f'10.0.{i >> 8}.{i & 255}', 1 + i, *(('pass', 'pass') if i % 3 else ('fail', 'fail'))) for i in range(n)]
        counts = (0, 1, 1001, 30000)
        self.ingest(*[report(report_id=f'n{n}', records=rows(n)) for n in counts])
        ids = {r['records']: str(r['id']) for r in self.json('reports')['reports']}
        took = {}
        for n in counts:
            out, took[n] = self.show('show', ids[n], '--format', 'json')
            document = json.loads(out)
            self.assertEqual([r['count'] for r in document['records']], [1 + i for i in range(n)])
            self.assertEqual(out, json.dumps(document, indent=2, ensure_ascii=False) + '\n')
            self.assertEqual(self.text('show', ids[n], '--format', 'csv').count('\r\n'), 1 + n)
        self.assertLess(took[30000], took[1001] + 24)
        text, memory = self.show('show', ids[30000])
        self.assertIn('Records (30,000)', text)
        self.assertIn('… and 29000 more', text)
        self.assertLess(memory, took[1001] + 24)
        self.assertLess(self.show('export')[1], took[1001] + 24)

class Strangers(support.Case):
    def test_no_output_obeys(self):
        def escaped(text):
            return ''.join(c if c.isascii() and c.isalnum() or c in ' .' else f'&#{ord(c)};' for c in text if c != '\x1b')
        self.ingest(*[report(report_id=escaped(n), reporter=escaped(n), domain=escaped(n), records=[('192.0.2.1', 1, 'pass', 'pass', 'none', escaped(n))])
                      for n in NASTY])
        ids = [str(r['id']) for r in self.json('reports')['reports']]
        asked = [('reports',), ('senders', '--since', '2000-01-01'), ('senders', '--by', 'domain', '--since', '2000-01-01'), *[('show', i) for i in ids],
                 ('status',), ('summary', '--offline', '--as-of', '2023-11-16')]
        for args in asked:
            out = self.run_marque(*args).stdout.decode()
            self.assertFalse([c for c in out if c != '\n' and (ord(c) < 32 or 127 <= ord(c) < 160 or c == '\u202e')], args)
            self.assertNotIn('\n2099', out)
            json.loads(self.run_marque(*args, '--format', 'json').stdout)
            if args[0] == 'summary':
                html = self.text(*args, '--format', 'html')
                self.assertFalse('<script' in html or '\u009b' in html or '\u202e' in html)
                continue
            out = self.run_marque(*args, '--format', 'csv').stdout.decode()
            self.assertNotIn('\u009b', out)
            for row in csv.reader(io.StringIO(out, newline='')):
                for cell in row:
                    self.assertFalse(cell[:1] in tuple('=+-@\t\r＝'), (args, cell))

if __name__ == '__main__':
    support.main()
