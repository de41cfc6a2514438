#!/usr/bin/env python3
"""The command line: what is wrong is one line and exit status 2; help comes from the tables."""
import os, pathlib, re, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

COMMANDS = ['ingest', 'reports', 'show', 'senders', 'failures', 'tls', 'summary', 'label', 'history', 'export', 'prune', 'status']

class Usage(support.Case):
    def test_wrong_command_lines(self):
        for args, said in [
            ((), 'want a command'),
            (('ingset',), "did you mean 'ingest'"),
            (('frobnicate',), "unknown command 'frobnicate'"),
            (('reports', '--formt', 'csv'), "did you mean '--format'"),
            (('reports', '-f', 'xml'), "unknown format 'xml'"),
            (('ingest', '-f', 'csv', 'x'), "unknown format 'csv'"),
            (('reports', '--since'), 'since'),
            (('reports', '--since', 'yesterday'), "'yesterday' is no time"),
            (('reports', '--as-of', '2024-02-30'), "'2024-02-30' is no date"),
            (('reports', '--since', '2024-02-01', '--until', '2024-01-01'), 'is after --until'),
            (('reports', '--color', 'blue'), 'auto, always or never'),
            (('reports', '--type', 'x'), 'aggregate, failure or tls'),
            (('reports', 'a.example', 'b.example'), 'one argument too many'),
            (('reports', 'no domain'), 'is no domain name'),
            (('show',), 'want one REPORT'),
            (('show', 'x'), "no report's id"),
            (('senders', '--by', 'x'), 'want one of sender, source'),
            (('senders', '--by', 'asn'), 'data file of networks or countries: --mmdb'),
            (('failures', '--source', 'host.example'), "'host.example', want an address or a block"),
            (('failures', '--source', '192.0.2.0/33'), 'want an address or a block'),
            (('failures', '--typ', 'spf'), "did you mean '--type'"),
            (('tls', '--result', 'x'), "unknown option '--result'"),
            (('prune',), 'want --older-than'),
            (('prune', '--older-than', 'long'), 'is no time'),
            (('label', 'example.com', '192.0.2.1'), 'the verdict is'),
            (('label', 'example.com', '192.0.2.1', 'good'), "the verdict is 'good'"),
            (('summary', '--period', 'year'), 'day, week or month'),
            (('ingest',), 'want a SOURCE'),
            (('ingest', '--jobs', '-1', 'x'), '--jobs'),
            (('ingest', 'nothing-there'), 'nothing-there'),
        ]:
            with self.subTest(args=args):
                self.assertIn(said, self.error(*args))

    def test_an_error_shows_no_control_characters(self):
        self.assertIn('\\x1b', self.error('a\x1b[31m'))

    def test_help_lists_every_command_and_exits_0(self):
        text = self.text('--help', database=False)
        for name in COMMANDS:
            self.assertRegex(text, rf'(?m)^  {name} ')
            own = self.text(name, '--help', database=False)
            self.assertTrue(own.startswith(f'Usage: marque {name}'))
            self.assertEqual(own, self.text('help', name, database=False))
            self.assertIn('--database', own)

    def test_version(self):
        self.assertRegex(self.text('--version', database=False), r'\Amarque \d+\.\d+\.\d+\n\Z')

    def test_global_options_stand_before_or_after(self):
        self.ingest(support.report())
        before = self.raw('-d', self.db, '--format', 'json', 'reports').stdout
        after = self.raw('reports', '--format', 'json', '-d', self.db).stdout
        self.assertEqual(before, after)
        self.assertIn(b'marque.reports/1', before)

class Manual(support.Case):
    def test_every_long_option_is_in_the_manual(self):
        folder = os.path.join(os.environ.get('MARQUE_SOURCE', '.'), 'cli', 'man')
        if not os.path.isdir(folder):
            self.skipTest('there are no manual pages')
        common = pathlib.Path(folder, 'marque.1.scd').read_text()
        for name in re.findall(r'(?m)^  ([a-z]+) ', self.text('--help', database=False)):
            own = pathlib.Path(folder, f'marque-{name}.1.scd').read_text()
            for option in set(re.findall(r'--[a-z][a-z-]+', re.sub(r"'[^']*'", '', self.text(name, '--help', database=False)))):
                with self.subTest(command=name, option=option):
                    self.assertIn(f'*{option}*', common + own)

class Configuration(support.Case):
    def setUp(self):
        super().setUp()
        self.file = self.dir / 'config' / 'marque' / 'marque.conf'
        self.file.parent.mkdir(parents=True)

    def test_who_wins(self):
        """Command line before environment before the command's section before [marque]."""
        for name in 'cesm':
            self.db = str(self.dir / f'{name}.db')
            self.ingest(support.report(report_id=name))
        def asked(*args, env=None):
            return __import__('json').loads(self.raw('reports', *args, env=env).stdout)['reports'][0]['report_id']
        self.file.write_text(f'[marque]\nformat=json\ndatabase={self.dir}/m.db\n')
        self.assertEqual(asked(), 'm')
        self.file.write_text(f'[marque]\nformat=csv\ndatabase={self.dir}/m.db\n[reports]\nformat=json\ndatabase={self.dir}/s.db\n')
        self.assertEqual(asked(), 's')
        environment = {**self.env, 'MARQUE_DATABASE': str(self.dir / 'e.db')}
        self.assertEqual(asked(env=environment), 'e')
        self.assertEqual(asked('-d', str(self.dir / 'c.db'), env=environment), 'c')

    def test_options_of_a_command(self):
        self.ingest(support.report(), support.report(report_id='r-2'))
        self.file.write_text('[reports]\nlimit=1\n')
        self.assertEqual(len(self.json('reports')['reports']), 1)
        self.assertEqual(len(self.json('reports', '--limit', '2')['reports']), 2)

    def test_mistakes_name_file_and_key(self):
        for text, said in [('[marque]\ndatabse=x\n', "did you mean 'database'"), ('[senderz]\n', 'unknown section [senderz]'),
                           ('[marque]\nquiet=perhaps\n', 'quiet'), ('nonsense', 'marque.conf'), ('[reports]\nlimit=many\n', 'many'),
                           ('[marque]\nhelp=true\n', "unknown key 'help'")]:
            with self.subTest(text=text):
                self.file.write_text(text)
                error = self.error('reports')
                self.assertIn(said, error)
                self.assertIn('marque.conf', error)

    def test_a_file_that_is_asked_for_must_be_there(self):
        self.assertIn('nope.conf', self.error('-c', 'nope.conf', 'reports'))

if __name__ == '__main__':
    support.main()
