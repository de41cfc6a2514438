#!/usr/bin/env python3
"""--quarantine: what is not understood is kept once, with why, and leaves when it is understood."""
import base64, hashlib, os, subprocess, unittest
from support import Case, mail, main, report

BROKEN = mail(report(report_id='r-9')).replace(b'H4sI', b'H4sJ', 1)  # a gzip that is none any more
PART = b'--b\r\nContent-Type: application/gzip; name="%s"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n'


def sha(content):
    return hashlib.sha256(content).hexdigest()


def half_good():
    """A mail with one report that can be read, and one that cannot."""
    good, bad = mail(report()).split(b'\r\n\r\n', 1)[1], base64.encodebytes(b'\x1f\x8b\x08' + b'\0' * 7 + b'\xff' * 90)
    return (b'From: dmarc@reporter.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
            + PART % (b'a.xml.gz', good) + PART % (b'b.xml.gz', bad) + b'--b--\r\n')


class Quarantine(Case):
    def setUp(self):
        super().setUp()
        self.dir_q = self.dir / 'quarantine'

    def read(self, *sources, status=0):
        return self.json('ingest', '--quarantine', self.dir_q, *sources, status=status)

    def kept(self):
        return {str(p.relative_to(self.dir_q)) for sub in ('tmp', 'new', 'cur', 'files') for p in (self.dir_q / sub).iterdir()}

    def log(self):
        lines = (self.dir_q / 'reasons.tsv').read_text().splitlines()
        self.assertEqual(lines[0].split('\t'), ['time', 'file', 'source', 'code', 'part', 'reason'])
        return [line.split('\t')[1:] for line in lines[1:]]

    def test_kept_once_with_why(self):
        nothing = b'From: a@b.example\r\nSubject: hello\r\n\r\nno report\r\n'
        box = self.maildir(mail(report()), BROKEN, nothing)
        done = self.read(box, status=1)
        self.assertEqual((done['failed'], done['quarantined'], done['ignored']), (1, 1, 1))
        self.assertEqual(self.kept(), {f'new/{sha(BROKEN)}'})
        self.assertEqual((self.dir_q / 'new' / sha(BROKEN)).read_bytes(), BROKEN)
        [(file, source, code, part, reason)] = self.log()
        self.assertEqual((file, code), (f'new/{sha(BROKEN)}', done['problems'][0]['code']))
        self.assertTrue(source.endswith('.M1.host') and reason)
        self.assertEqual(len(list((box / 'new').iterdir())), 3, 'what was read stays where it is')

        again = self.read(box, status=1)
        self.assertEqual((again['failed'], again['quarantined']), (1, 0))
        self.assertEqual((self.kept(), len(self.log())), ({f'new/{sha(BROKEN)}'}, 1))

    def test_said_in_words(self):
        shown = self.text('ingest', '--quarantine', self.dir_q, self.maildir(BROKEN), status=1)
        self.assertIn('\n\n1 message was copied to the quarantine', shown)

    def test_a_mail_program_may_have_seen_it(self):
        box = self.maildir(BROKEN)
        self.read(box, status=1)
        (self.dir_q / 'new' / sha(BROKEN)).rename(self.dir_q / 'cur' / (sha(BROKEN) + ':2,S'))
        self.read(box, status=1)
        self.assertEqual(self.kept(), {f'cur/{sha(BROKEN)}:2,S'})

    def test_leaves_when_it_is_understood(self):
        good = mail(report())
        self.read(self.maildir(BROKEN), status=1)
        (self.dir_q / 'new' / sha(good)).write_bytes(good)  # as an older marque, which could not read it, had left it
        done = self.read(self.dir_q, status=1)
        self.assertEqual((done['reports']['aggregate'], done['failed']), (1, 1))
        self.assertEqual(self.kept(), {f'new/{sha(BROKEN)}'})
        self.assertEqual([(line[0], line[2]) for line in self.log()][1:], [(f'new/{sha(good)}', 'understood')])

    def test_leaves_wherever_it_is_read(self):
        good = mail(report())
        self.read(self.maildir(BROKEN), status=1)
        (self.dir_q / 'new' / sha(good)).write_bytes(good)
        self.read(self.maildir(good, BROKEN), status=1)
        self.assertEqual(self.kept(), {f'new/{sha(BROKEN)}'})

    def test_tried_again_without_the_option(self):
        self.read(self.maildir(BROKEN), status=1)
        done = self.json('ingest', self.dir_q, status=1)
        self.assertEqual((done['messages'], done['failed']), (1, 1))

    def test_half_of_it(self):
        both = half_good()
        box = self.maildir(both)
        done = self.read(box, status=1)
        self.assertEqual((done['reports']['aggregate'], done['failed'], done['quarantined']), (1, 1, 1))
        self.assertEqual(self.kept(), {f'new/{sha(both)}'})
        again = self.read(self.dir_q, status=1)
        self.assertEqual((again['failed'], again['duplicates'], again['reports']['aggregate']), (1, 1, 0))
        shown = self.json('show', '1')
        self.assertEqual(len(shown['provenance']), 1, 'the message that brought it is named once')

    def test_after_leaves_it(self):
        box = self.maildir(mail(report()), BROKEN)
        self.json('ingest', '--after', 'delete', '--quarantine', self.dir_q, box, status=1)
        self.assertEqual([p.read_bytes() for p in (box / 'new').iterdir()], [BROKEN])

    def test_bare_files(self):
        folder = self.dir / 'in'
        folder.mkdir()
        packed, bare = b'\x1f\x8bnothing', b'<feedback><report_metadata>'
        (folder / 'a!b.example!1!2.xml.gz').write_bytes(packed)
        (folder / 'x.y z.xml').write_bytes(bare)
        self.read(folder, status=1)
        self.assertEqual(self.kept(), {f'files/{sha(packed)}.xml.gz', f'files/{sha(bare)}.xml'})
        self.assertEqual(self.read(self.dir_q, status=1)['failed'], 2, 'they are tried again')

    def test_mbox_and_standard_input(self):
        box = b'From a@b.example Wed Nov 15 01:00:00 2023\n' + BROKEN.replace(b'\r\n', b'\n') + b'\n'
        self.json('ingest', '--quarantine', self.dir_q, '-', input=box * 2, status=1)
        self.assertEqual(self.kept(), {'new/' + sha(BROKEN.replace(b'\r\n', b'\n'))})

    def test_hostile_names(self):
        folder = self.dir / 'in'
        folder.mkdir()
        (folder / '=cmd\t\x1b[1m\n.xml').write_bytes(b'<feedback>')
        self.read(folder, status=1)
        [line] = self.log()
        self.assertNotIn('\x1b', ''.join(line))
        self.assertEqual(self.kept(), {f'files/{sha(b"<feedback>")}.xml'})

    def test_no_place_for_it(self):
        self.dir_q.write_bytes(b'a file')
        self.assertIn('quarantine', self.error('ingest', '--quarantine', self.dir_q, self.maildir(BROKEN), status=2))

    def test_disk_full(self):
        self.dir_q.mkdir()
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', self.dir_q], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest('a small file system cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', self.dir_q], check=False)
        large = BROKEN + b'\r\n' + os.urandom(100000).hex().encode()
        box = self.maildir(large)
        self.assertIn('quarantine', self.error('ingest', '--quarantine', self.dir_q, box, status=3))
        self.assertEqual(self.kept(), set(), 'no half of a copy')
        self.assertEqual(len(list((box / 'new').iterdir())), 1)


if __name__ == '__main__':
    main()
