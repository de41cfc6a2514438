#!/usr/bin/env python3
"""--watch: new mail is taken as it arrives, a stop is clean, a restart goes on."""
import os, signal, subprocess, sys, time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'support')]
import support
from support import report, mail, MARQUE
from dovecot import Dovecot, Missing

class Watching(support.Case):
    def start(self, *args):
        self.child = subprocess.Popen([MARQUE, '-d', self.db, 'ingest', '--watch', '--format', 'json', *map(str, args)],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        self.addCleanup(self.kill)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()

    def stop(self, how=signal.SIGTERM):
        """The document, and what was said meanwhile."""
        self.child.send_signal(how)
        out, err = self.child.communicate(timeout=60)
        self.assertEqual(self.child.returncode, 0, err)
        return __import__('json').loads(out), err.decode()

    def ids(self):
        if not os.path.exists(self.db):
            return []
        done = self.raw('-d', self.db, 'reports', '--format', 'json')
        return sorted(r['report_id'] for r in __import__('json').loads(done.stdout)['reports']) if done.returncode == 0 else []

    def wait_for(self, *ids):
        for _ in range(300):
            if self.ids() == sorted(ids):
                return
            self.assertIsNone(self.child.poll(), 'it has ended')
            time.sleep(0.2)
        self.assertEqual(self.ids(), sorted(ids))

class Maildirs(Watching):
    N = 0

    def deliver(self, report_id, sub='new', box='box'):
        self.N += 1
        self.file(mail(report(report_id=report_id)), f'{box}/tmp/{self.N}')
        os.rename(self.dir / box / 'tmp' / str(self.N), self.dir / box / sub / f'18000000{self.N:02}.M{self.N}.host')

    def test_arrivals_stop_and_restart(self):
        box = self.maildir(mail(report(report_id='a')))
        self.start(box)
        self.wait_for('a')
        self.deliver('b')
        self.wait_for('a', 'b')
        self.deliver('c', 'cur')
        self.wait_for('a', 'b', 'c')
        document, _ = self.stop()
        self.assertEqual((document['messages'], document['already_ingested']), (3, 0), 'each message is read once')
        self.deliver('d')
        self.start(box)
        self.wait_for('a', 'b', 'c', 'd')
        self.deliver('e')
        self.wait_for('a', 'b', 'c', 'd', 'e')
        document, _ = self.stop(signal.SIGINT)
        self.assertEqual((document['messages'], document['already_ingested']), (5, 3))

    def test_afterwards(self):
        box = self.maildir(mail(report(report_id='a')))
        self.start(box, '--after', 'move:Done')
        self.wait_for('a')
        self.deliver('b')
        self.wait_for('a', 'b')
        self.stop()
        self.assertEqual([len(list((box / sub).iterdir())) for sub in ('new', 'cur', '.Done/new')], [0, 0, 2])

    def test_a_folder_that_is_made_later(self):
        box = self.maildir(mail(report(report_id='a')))
        self.start(self.dir / 'box', '--interval', '1')
        self.wait_for('a')
        for sub in ('cur', 'new', 'tmp'):
            (box / '.Later' / sub).mkdir(parents=True)
        self.deliver('b', box='box/.Later')
        self.wait_for('a', 'b')
        self.stop()

    def test_what_needs_a_person_is_said_at_once(self):
        box = self.maildir(mail(b'<!DOCTYPE feedback [<!ENTITY a "b">]><feedback>&a;</feedback>'), mail(report(report_id='a')))
        self.start(box)
        self.wait_for('a')
        document, said = self.stop()
        self.assertEqual(document['failed'], 1)
        self.assertRegex(said, r'\Amarque: \S+/box/new/1700000000.M0.host: [^\n]+\n\Z')

    def test_nothing_to_watch(self):
        self.assertIn('--watch wants', self.error('ingest', '--watch', self.file(report())))
        self.assertIn('--interval', self.error('ingest', '--watch', '--interval', '-1', self.maildir()))

    def test_a_database_that_fails_ends_it(self):
        if os.geteuid() != 0:
            self.skipTest('a small disk cannot be mounted here')
        disk = self.dir / 'disk'
        disk.mkdir()
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', disk], capture_output=True).returncode:
            self.skipTest('a small disk cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', '-l', disk], capture_output=True)
        self.db = str(disk / 'test.db')
        box = self.maildir(mail(report(report_id='a')))
        self.start(box)
        self.wait_for('a')
        self.file(mail(report(report_id='big', records=[(f'198.51.{i // 256}.{i % 256}', i + 1) for i in range(60000)])), 'box/new/19.host')
        _, err = self.child.communicate(timeout=60)
        self.assertEqual(self.child.returncode, 3)
        self.assertIn(b'test.db', err)

class Accounts(Watching):
    def setUp(self):
        super().setUp()
        try:
            self.server = Dovecot(self.dir)
        except Missing as why:
            self.skipTest(str(why))
        self.addCleanup(self.server.stop)
        self.env['MARQUE_IMAP_PASSWORD'] = Dovecot.PASSWORD
        self.url = f'imap://rua%40example.com@127.0.0.1:{self.server.imap}/'

    def deliver(self, *ids):
        self.server.deliver(*(mail(report(report_id=i)) for i in ids))

    def test_arrivals_and_a_server_that_restarts(self):
        self.deliver('a')
        self.start(self.url, '--interval', '1', '--after', 'move:Done')
        self.wait_for('a')
        self.deliver('b')
        self.wait_for('a', 'b')
        self.server.stop()
        time.sleep(2)
        self.deliver('c')
        self.server.start()
        self.wait_for('a', 'b', 'c')
        for _ in range(100):
            if self.server.folder('Done') == ['', '', '']:
                break
            time.sleep(0.2)
        document, said = self.stop()
        self.assertEqual((self.server.folder(), self.server.folder('Done')), ([], ['', '', '']))
        self.assertEqual(document['messages'] - document['already_ingested'], 3)
        self.assertRegex(said, r'the next try is in 1 second\b')

    def test_a_wrong_password_ends_it(self):
        self.env['MARQUE_IMAP_PASSWORD'] = 'wrong'
        self.start(self.url)
        _, err = self.child.communicate(timeout=60)
        self.assertEqual(self.child.returncode, 3)
        self.assertRegex(err.decode(), r'\Amarque: [^\n]+does not let[^\n]+\n\Z')

if __name__ == '__main__':
    support.main()
