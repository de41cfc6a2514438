#!/usr/bin/env python3
"""Databases that cannot be used, disks that are full, pipes that close: one line, the right exit status, nothing lost."""
import os, pathlib, signal, sqlite3, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from support import report, mail, MARQUE

class Trouble(support.Case):
    def test_no_database(self):
        for args in (('reports',), ('show', '1'), ('senders',), ('summary',), ('status',), ('export',)):
            with self.subTest(args=args):
                self.assertIn('test.db', self.error(*args, status=3))
        self.assertFalse(os.path.exists(self.db))

    def test_a_mistyped_path_makes_no_directory(self):
        path = self.dir / 'no' / 'such' / 'marque.db'
        done = self.raw('-d', path, 'ingest', self.file(report()))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr.decode(), r"\Amarque: there is no directory '[^\n]*--database\n\Z")
        self.assertFalse((self.dir / 'no').exists())

    def test_no_database_of_ours(self):
        for content in (b'not a database, but a text that is long enough to be taken for one' * 100,):
            with open(self.db, 'wb') as f:
                f.write(content)
            self.assertIn('test.db', self.error('reports', status=3))
            self.assertIn('test.db', self.error('ingest', self.file(report()), status=3))
            self.assertEqual(pathlib.Path(self.db).read_bytes(), content)
        os.unlink(self.db)
        other = sqlite3.connect(self.db)
        other.execute('create table notes (text)')
        other.commit()
        other.close()
        self.error('reports', status=3)

    def test_a_folder(self):
        os.mkdir(self.db)
        self.error('reports', status=3)
        self.error('ingest', self.file(report()), status=3)

    def test_read_only(self):
        self.ingest(report())
        for suffix in ('', '-wal', '-shm'):
            if os.path.exists(self.db + suffix):
                os.chmod(self.db + suffix, 0o444)
        if os.geteuid() == 0:
            self.skipTest('root writes everywhere')
        self.error('ingest', self.file(report(report_id='x')), status=3)
        self.assertEqual(len(self.json('reports')['reports']), 1)

    def test_a_full_disk(self):
        self.disk_of(1)
        self.ingest(report())
        big = report(report_id='big', records=[(f'198.51.{i // 256}.{i % 256}', i + 1) for i in range(60000)])
        self.assertIn('test.db', self.error('ingest', self.file(big), status=3))
        self.assertEqual([r['report_id'] for r in self.json('reports')['reports']], ['r-1'])

    def test_standard_output_is_full(self):
        self.ingest(report())
        with open('/dev/full', 'w') as full:
            done = subprocess.run([MARQUE, '-d', self.db, 'reports'], stdout=full, stderr=subprocess.PIPE, env=self.env)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b'cannot write', done.stderr)

    def test_a_reader_that_goes_away(self):
        self.ingest(report(records=[(f'198.51.{i // 256}.{i % 256}', 1) for i in range(5000)]))
        done = subprocess.Popen([MARQUE, '-d', self.db, 'export'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        done.stdout.readline()
        done.stdout.close()
        self.assertEqual(done.stderr.read(), b'')
        self.assertIn(done.wait(), (0, -signal.SIGPIPE))
        done.stderr.close()

    def test_locale_that_knows_no_letters(self):
        self.ingest(report(reporter='Gr&#252;&#223;e'))
        out = self.run_marque('reports', env={**self.env, 'LC_ALL': 'C'}).stdout.decode()
        self.assertIn('Grüße', out)
        lines = out.splitlines()
        self.assertEqual(lines[0].index('Domain'), lines[1].index('example.com'))

    def test_colors(self):
        self.ingest(report())
        args = ('senders', '--as-of', '2023-11-16')
        self.assertNotIn(b'\x1b', self.run_marque(*args).stdout)
        self.assertIn(b'\x1b', self.run_marque(*args, '--color', 'always').stdout)
        self.assertNotIn(b'\x1b', self.run_marque(*args, '--color', 'never').stdout)

    def test_the_usual_place(self):
        self.run_marque('ingest', self.file(report()), database=False)
        self.assertTrue((self.dir / 'data' / 'marque' / 'marque.db').exists())
        self.assertIn('example.com', self.text('reports', database=False))

if __name__ == '__main__':
    support.main()
