#!/usr/bin/env python3
"""What other programs do meanwhile: a second ingest on the same database, a mail server in the same Maildir, a database that
may only be read."""
import json, os, pathlib, random, signal, subprocess, sys, threading
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from support import report, mail, MARQUE

class Databases(support.Case):
    def start(self, *args):
        child = subprocess.Popen([MARQUE, '-d', self.db, 'ingest', '--format', 'json', *map(str, args)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child

    def document(self, child):
        out, err = child.communicate(timeout=300)
        self.assertEqual((child.returncode, err), (0, b''))
        return json.loads(out)

    def box(self, name, numbers):
        for sub in ('cur', 'new', 'tmp'):
            (self.dir / name / sub).mkdir(parents=True)
        for i in numbers:
            (self.dir / name / 'new' / f'{i:06}.M1.host').write_bytes(mail(report(report_id=f't-{i:04}')))
        return self.dir / name

    def ids(self):
        return sorted(r['report_id'] for r in self.json('reports')['reports'])

    def test_two_at_once(self):
        """A new database, mailboxes that share a third: both succeed, each report is there once."""
        boxes = [self.box('left', range(0, 600)), self.box('right', range(400, 1000))]
        documents = [self.document(child) for child in [self.start(box) for box in boxes]]
        self.assertEqual(self.ids(), [f't-{i:04}' for i in range(1000)])
        self.assertEqual(sum(d['reports']['aggregate'] for d in documents), 1000)
        self.assertEqual(sum(d['already_ingested'] for d in documents), 200)

    def test_beside_one_that_never_pauses(self):
        """The one that comes later gets its turn."""
        long_one = self.start('-')
        stop = threading.Event()
        def feed():
            i = 0
            while not stop.is_set():
                i += 1
                content = mail(report(report_id=f'long-{i}')).replace(b'\r', b'')
                long_one.stdin.write(b'From a@example.org Thu Jan  1 00:00:00 2024\n' + content + b'\n')
            long_one.stdin.close()
        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            for i in range(5):
                self.assertEqual(self.json('ingest', self.file(report(report_id=f's-{i}')))['reports']['aggregate'], 1)
            self.assertIsNone(long_one.poll(), 'it has ended')
        finally:
            stop.set()
            feeder.join()
            out, err = long_one.stdout.read(), long_one.stderr.read()
            long_one.stdout.close()
            long_one.stderr.close()
        self.assertEqual((long_one.wait(), err), (0, b''))
        ids = self.ids()
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(len(ids), 5 + json.loads(out)['reports']['aggregate'])

    def test_only_to_be_read(self):
        """Even root may not write here."""
        disk = self.disk_of(4)
        self.json('ingest', self.file(report()))
        subprocess.run(['mount', '-o', 'remount,ro', disk], check=True)
        box = self.box('box', range(3))
        self.assertIn('test.db', self.error('ingest', box, '--after', 'delete', status=3))
        self.assertEqual(self.ids(), ['r-1'])
        self.assertEqual(len(list((box / 'new').iterdir())), 3, 'nothing was committed, and so nothing deleted')

    def test_a_full_disk_settles_nothing(self):
        """What could not be committed is still in the mailbox; with room, the next run goes on."""
        disk = self.disk_of(1)
        box = self.box('box', range(5))
        rows = [(f'198.51.{i // 256}.{i % 256}', i + 1) for i in range(60000)]
        (box / 'new' / '000002.M2.host').write_bytes(mail(report(report_id='t-big', records=rows)))
        self.assertIn('test.db', self.error('ingest', box, '--after', 'move:Done', status=3))
        there = [p for p in (box / 'new').iterdir()]
        stored = self.ids() if os.path.getsize(self.db) else []
        self.assertEqual(len(there) + len(list((box / '.Done' / 'new').iterdir()) if (box / '.Done').exists() else []), 6)
        self.assertLessEqual(6 - len(there), len(stored))
        subprocess.run(['mount', '-o', 'remount,size=64m', disk], check=True)
        self.json('ingest', box, '--after', 'move:Done')
        self.assertEqual(self.ids(), sorted([f't-{i:04}' for i in range(5)] + ['t-big']))
        self.assertEqual((list((box / 'new').iterdir()), len(list((box / '.Done' / 'new').iterdir()))), ([], 6))

class Maildirs(support.Case):
    """A mail server delivers, sets flags, moves from new to cur and deletes while marque reads and moves."""
    MESSAGES = 400

    def test_in_use(self):
        box = self.maildir()
        rng = random.Random(11)
        done = threading.Event()
        def serve():
            for i in range(self.MESSAGES):
                name = f'{i:06}.M1.host'
                content = mail(report(report_id=f'u-{i:03}')) if i % 4 else b'From: a@example.org\r\nSubject: lunch\r\n\r\nAt noon?\r\n%d' % i
                (box / 'tmp' / name).write_bytes(content)
                os.rename(box / 'tmp' / name, box / 'new' / name)
                for _ in range(3):
                    self.change_one(box, rng)
            done.set()
        server = threading.Thread(target=serve)
        server.start()
        while not done.is_set():
            document = self.json('ingest', box, '--after', 'move:Done')
            self.assertEqual(document['problems'], [])
        server.join()
        self.json('ingest', box, '--after', 'move:Done')
        wanted = [f'u-{i:03}' for i in range(self.MESSAGES) if i % 4]
        self.assertEqual(sorted(r['report_id'] for r in self.json('reports')['reports']), wanted)
        moved = sorted(p.name.split(':')[0] for sub in ('new', 'cur') for p in (box / '.Done' / sub).iterdir())
        self.assertEqual(moved, [f'{i:06}.M1.host' for i in range(self.MESSAGES) if i % 4])

    def change_one(self, box, rng):
        """Reads or flags a mail; deletes one that is no report."""
        sub = rng.choice(('new', 'cur'))
        names = os.listdir(box / sub)
        if not names:
            return
        name = rng.choice(names)
        unique, _, flags = name.partition(':2,')
        try:
            if int(unique[:6]) % 4 == 0 and rng.random() < 0.3:
                os.unlink(box / sub / name)
            else:
                flags = ''.join(sorted(set(flags) ^ {rng.choice('FRST')}))
                os.rename(box / sub / name, box / 'cur' / f'{unique}:2,{flags}')
        except FileNotFoundError:
            pass # marque was first

if __name__ == '__main__':
    support.main()
