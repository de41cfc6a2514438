#!/usr/bin/env python3
"""--after: what becomes of a Maildir's messages once their reports are committed, and what does not."""
import collections, os, pathlib, random, signal, subprocess, sys, threading, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from support import report, mail, MARQUE

PLAIN = b'From: a@example.org\r\nTo: b@example.com\r\nSubject: lunch\r\n\r\nAt noon?\r\n'
BROKEN = mail(b'<!DOCTYPE feedback [<!ENTITY a "b">]><feedback>&a;</feedback>')

def names(box, folder=''):
    """Of the messages in one Maildir: 'new/NAME', 'cur/NAME:2,S'."""
    top = box / folder if folder else box
    return sorted(f'{sub}/{p.name}' for sub in ('new', 'cur') if (top / sub).is_dir() for p in (top / sub).iterdir())

class After(support.Case):
    def setUp(self):
        super().setUp()
        self.box = self.maildir(mail(report()), mail(report(report_id='r-2')))
        self.file(mail(report(report_id='r-3')), 'box/cur/1700000009.M9.host:2,RT')

    def test_keep(self):
        before = names(self.box)
        for args in ((), ('--after', 'keep')):
            self.json('ingest', self.box, *args)
            self.assertEqual(names(self.box), before)

    def test_seen(self):
        self.json('ingest', self.box, '--after', 'seen')
        seen = ['cur/1700000000.M0.host:2,S', 'cur/1700000001.M1.host:2,S', 'cur/1700000009.M9.host:2,RST']
        self.assertEqual(names(self.box), seen)

    def test_delete(self):
        self.json('ingest', self.box, '--after', 'delete')
        self.assertEqual(names(self.box), [])
        self.assertEqual(len(self.json('reports')['reports']), 3)

    def test_move_to_a_folder_of_the_account(self):
        before = names(self.box)
        self.json('ingest', self.box, '--after', 'move:Done')
        self.assertEqual(names(self.box), [])
        self.assertEqual(names(self.box, '.Done'), before)
        again = self.json('ingest', self.box, '--after', 'move:Done')
        self.assertEqual(again['already_ingested'], 3)
        self.assertEqual(names(self.box, '.Done'), before)

    def test_a_folder_stands_beside_the_others(self):
        self.json('ingest', self.box, '--after', 'move:Reports')
        self.json('ingest', self.box / '.Reports', '--after', 'move:Reports.Done')
        self.assertEqual(len(names(self.box, '.Reports.Done')), 3)
        self.assertEqual(names(self.box, '.Reports'), [])

    def test_move_to_a_path(self):
        self.json('ingest', self.box, '--after', f'move:{self.dir}/elsewhere')
        self.assertEqual(len(names(self.dir / 'elsewhere')), 3)
        self.assertTrue((self.dir / 'elsewhere' / 'tmp').is_dir())
        self.json('ingest', self.dir / 'elsewhere', '--after', 'move:~/home')
        self.assertEqual(len(names(self.dir / 'home')), 3)

    def test_never_onto_another_message(self):
        self.json('ingest', self.box, '--after', 'move:Done')
        for i, name in enumerate(('1700000000.M0.host,S=99', '1700000001.M1.host')):
            self.file(mail(report(report_id=f'other-{i}')), f'box/new/{name}')
        self.file(b'in the way', 'box/.Done/new/1700000000.M0.host,S=99')
        self.json('ingest', self.box, '--after', 'move:Done')
        self.assertEqual(names(self.box), [])
        self.assertEqual(names(self.box, '.Done'), [
            'cur/1700000009.M9.host:2,RT', 'new/1700000000.M0.host', 'new/1700000000.M0.host,S=99', 'new/1700000000.M0.host.1,S=99',
            'new/1700000001.M1.host', 'new/1700000001.M1.host.1'])

    def test_what_was_read_before_is_settled_now(self):
        self.json('ingest', self.box)
        self.assertEqual(self.json('ingest', self.box, '--after', 'delete')['already_ingested'], 3)
        self.assertEqual(names(self.box), [])

    def test_what_is_no_stored_report_stays(self):
        self.file(PLAIN, 'box/new/1800000000.M1.host')
        self.file(BROKEN, 'box/new/1800000000.M2.host')
        boundary = b'MIME-Version: 1.0\r\nSubject: Report Domain: example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'
        half = mail(report(report_id='half')).split(b'MIME-Version: 1.0\r\n')[1]
        lost = BROKEN.split(b'MIME-Version: 1.0\r\n')[1]
        self.file(boundary + half + b'\r\n--b\r\n' + lost + b'\r\n--b--\r\n', 'box/new/1800000000.M3.host')
        left = [f'new/1800000000.M{i}.host' for i in (1, 2, 3)]
        for _ in ('first', 'again'):
            self.json('ingest', self.box, '--after', 'delete', status=1)
            self.assertEqual(names(self.box), left)
        self.assertEqual(len(self.json('reports')['reports']), 4)

    def test_files_and_mailboxes_are_left_alone(self):
        one = self.file(report(report_id='file'))
        mbox = self.file(b'From a@example.org Thu Jan  1 00:00:00 2024\n' + mail(report(report_id='mbox')).replace(b'\r', b''), 'a.mbox')
        self.json('ingest', one, mbox, '--after', 'delete')
        self.assertTrue(one.exists() and mbox.exists())

    def test_a_folder_that_cannot_be_made(self):
        self.file(b'', 'occupied')
        done = self.json('ingest', self.box, '--after', f'move:{self.dir}/occupied', status=1)
        self.assertEqual(sum(done['reports'].values()), 3)
        self.assertEqual({(p['code'], p['stored']) for p in done['problems']}, {('after-failed', True)})
        self.assertIn('occupied', done['problems'][0]['reason'])
        self.assertEqual(len(names(self.box)), 3)

    def test_another_file_system(self):
        other = pathlib.Path('/dev/shm')
        if not other.is_dir() or other.stat().st_dev == self.box.stat().st_dev or not os.access(other, os.W_OK):
            self.skipTest('there is no second file system here')
        place = other / f'marque-test-{os.getpid()}'
        self.addCleanup(subprocess.run, ['rm', '-r', place])
        done = self.json('ingest', self.box, '--after', f'move:{place}', status=1)
        self.assertIn('another file system', done['problems'][0]['reason'])
        self.assertEqual(len(names(self.box)), 3)

    def test_wrong_actions(self):
        for action in ('', 'burn', 'move', 'move:', 'move:..', 'seen:x'):
            with self.subTest(action=action):
                self.assertIn('want keep, seen, move:FOLDER or delete', self.error('ingest', self.box, '--after', action))
        self.assertEqual(len(names(self.box)), 3)

class Kill(support.Case):
    """A hundred ends at random moments: every report once, every message in one place."""
    MESSAGES, ROUNDS = 40, 100

    def test_kill(self):
        rng = random.Random(7)
        contents = [mail(report(report_id=f'k-{i}')) for i in range(self.MESSAGES)]
        box = self.maildir(*contents)
        began = time.monotonic()
        self.json('ingest', box, '--after', 'move:Done')
        whole_s = time.monotonic() - began
        killed = 0
        for round_ in range(self.ROUNDS):
            self.start_anew(box, contents)
            child = subprocess.Popen([MARQUE, '-d', self.db, 'ingest', str(box), '--after', 'move:Done'],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.env)
            try:
                child.wait(rng.uniform(0, 1.2 * whole_s))
            except subprocess.TimeoutExpired:
                child.kill()
                killed += 1
            child.wait()
            self.assert_one_place(box, contents)
            self.json('ingest', box, '--after', 'move:Done')
            self.assert_one_place(box, contents)
            self.assertEqual(names(box), [])
            ids = collections.Counter(r['report_id'] for r in self.json('reports')['reports'])
            self.assertEqual(ids, collections.Counter(f'k-{i}' for i in range(self.MESSAGES)))
        self.assertGreater(killed, self.ROUNDS // 4, 'hardly any run was killed')

    def start_anew(self, box, contents):
        for suffix in ('', '-wal', '-shm'):
            pathlib.Path(self.db + suffix).unlink(missing_ok=True)
        for name in names(box, '.Done'):
            (box / '.Done' / name).unlink()
        self.maildir(*contents)

    def assert_one_place(self, box, contents):
        there = [(box / n).read_bytes() for n in names(box)] + [(box / '.Done' / n).read_bytes() for n in names(box, '.Done')]
        self.assertEqual(sorted(there), sorted(contents))

if __name__ == '__main__':
    support.main()
