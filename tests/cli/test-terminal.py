#!/usr/bin/env python3
"""What a terminal shows: lines as wide as it is, numbers under each other, colours where they are wanted, whatever is in
the names of domains."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
from dnsserver import DnsServer
from support import MARQUE, Case, main, report

DAY = 86400
BEGIN = 1700006400  # 2023-11-15
AS_OF = ('--as-of', '2023-11-28')
ESCAPE = re.compile(r'\x1b\[[0-9;]*m')
ZONE = '''example.com TXT "v=spf1 ip4:192.0.2.1 +all"
_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"
'''
LONG = 'a-very-long-name-of-a-department.of-an-even-longer-name.example.com'
WIDE = '例え.テスト'      # two columns a letter, as a report should not have it
RIGHT = 'דוגמה.example'  # from right to left


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


class Terminal(Case):
    def setUp(self):
        super().setUp()
        domains = ('example.com', LONG, WIDE, RIGHT, 'xn--bcher-kva.example')
        self.ingest(*[report(report_id=f'{i}.{k}', domain=domain, reporter='The Reporter With A Long Name', begin=BEGIN + i * DAY, records=[
            ('192.0.2.1', 123456, *(('pass', 'pass') if i < 9 else ('fail', 'fail'))), ('198.51.100.7', 5 + k, 'fail', 'fail')])
            for i in range(14) for k, domain in enumerate(domains)])
        with DnsServer(ZONE) as dns:
            self.env.update(RES_OPTIONS='retrans:300 retry:1')
            self.raw('-d', self.db, 'check', 'example.com', '--resolver', dns.address)

    def show(self, columns, *args, **env):
        """What @args print on a terminal of that many columns."""
        try:
            child, master = pty.fork()
        except OSError as why:  # a chroot without /dev/pts
            self.skipTest(f'there is no terminal here: {why}')
        if child == 0:
            os.execve(MARQUE, [MARQUE, '-d', self.db, *args], dict(self.env, TERM='xterm-256color', LC_ALL='C.UTF-8', **env))
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 50, columns, 0, 0))
        out = b''
        try:
            while chunk := os.read(master, 65536):
                out += chunk
        except OSError:  # the child has ended
            pass
        os.close(master)
        os.waitpid(child, 0)
        return out.decode().replace('\r\n', '\n')

    def views(self):
        return (('summary', '--offline', *AS_OF), ('summary', 'example.com', '--offline', *AS_OF), ('senders', *AS_OF),
                ('senders', 'example.com', *AS_OF), ('senders', '--by', 'domain', *AS_OF), ('advise', 'example.com', '--offline', *AS_OF),
                ('advise', '--offline', *AS_OF), ('check', 'example.com', '--offline'))

    def test_no_line_is_wider(self):
        for columns in (80, 200):
            for args in self.views():
                shown = self.show(columns, *args, COLUMNS=str(columns))
                self.assertGreater(len(shown.splitlines()), 2, (args, shown))
                for line in ESCAPE.sub('', shown).splitlines():
                    if re.search(r'v=DMARC1|v=spf1', line) or len(line.split()) == 1:  # to be copied: never broken
                        continue
                    self.assertLessEqual(width(line), columns, (args, line))

    def test_numbers_stand_under_each_other(self):
        lines = ESCAPE.sub('', self.show(120, 'senders', 'example.com', '--by', 'source', *AS_OF, COLUMNS='120')).splitlines()
        end = lines[0].index('Messages') + len('Messages')
        for line in lines[1:]:
            self.assertRegex(line[:end], r' [\d,]+$', line)
            self.assertEqual(line[end], ' ')

    def test_what_matters_is_not_cut(self):
        lines = self.show(80, 'reports', 'xn--bcher-kva.example', COLUMNS='80').splitlines()
        for line in lines[1:]:
            self.assertRegex(line, r'The Reporter .* xn--bcher-kva\.example  2023-11-\d\d')
        shown = self.show(80, 'show', '1', COLUMNS='80')
        for word in ('192.0.2.1 ', '198.51.100.7 ', 'example.com/s1 fail', 'The Reporter With A Long Name'):
            self.assertIn(word, shown)
        self.assertIn('  example.com/s1 fail  ', self.show(200, 'show', '1', COLUMNS='200'))

    def test_colours_where_they_are_wanted(self):
        for args, env, wanted in (((), {}, True), ((), {'NO_COLOR': '1'}, False), (('--color', 'never'), {}, False),
                                  (('--color', 'always'), {'NO_COLOR': '1'}, True)):
            shown = self.show(80, 'summary', '--offline', *AS_OF, *args, **env)
            self.assertEqual('\x1b' in shown, wanted, (args, env))
            self.assertNotIn('\x1b[1;33m', shown)  # bright yellow on white cannot be read
        self.assertNotIn('\x1b', self.text('summary', '--offline', *AS_OF))

    def test_names_are_letters_of_ascii(self):
        for args in self.views():
            shown = self.show(200, *args)
            for name in (WIDE, RIGHT):
                self.assertNotIn(name, shown)
        self.assertIn('xn--', self.show(200, 'summary', '--offline', *AS_OF))

    def test_text_is_whole_in_a_pipe(self):
        self.assertIn(LONG, self.text('senders', '--by', 'domain', *AS_OF))


if __name__ == '__main__':
    main()
