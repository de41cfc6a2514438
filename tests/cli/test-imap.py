#!/usr/bin/env python3
"""IMAP, against a real Dovecot on loopback, and against servers that misbehave."""
import os, pathlib, random, socket, subprocess, sys, threading, time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'support')]
import support
from support import report, mail
from dovecot import Dovecot, Missing, free_ports

PLAIN = b'From: a@example.org\r\nTo: b@example.com\r\nSubject: lunch\r\n\r\nAt noon?\r\n'

class Imap(support.Case):
    SETTINGS = ''

    def setUp(self):
        super().setUp()
        try:
            self.server = Dovecot(self.dir, self.SETTINGS)
        except Missing as why:
            self.skipTest(str(why))
        self.addCleanup(self.server.stop)
        self.env['MARQUE_IMAP_PASSWORD'] = Dovecot.PASSWORD
        self.url = self.at('INBOX')

    def at(self, folder, scheme='imap', host='127.0.0.1', user='rua%40example.com'):
        port = self.server.imaps if scheme == 'imaps' else self.server.imap
        return f'{scheme}://{user}@{host}:{port}/{folder}'

    def deliver(self, *ids):
        self.server.deliver(*(mail(report(report_id=i)) for i in ids))

    def ids(self):
        return sorted(r['report_id'] for r in self.json('reports')['reports'])

class Reading(Imap):
    def test_only_what_is_new(self):
        self.deliver('a', 'b')
        self.server.deliver(PLAIN)
        first = self.json('ingest', self.url)
        self.assertEqual((first['messages'], first['reports']['aggregate'], first['ignored']), (3, 2, 1))
        self.assertEqual(self.server.folder(), ['', '', ''], 'nothing was marked as read')
        self.assertEqual(self.json('ingest', self.url)['messages'], 0)
        self.deliver('c')
        self.assertEqual(self.json('ingest', self.url)['messages'], 1)
        self.assertEqual(self.ids(), ['a', 'b', 'c'])
        everything = self.json('ingest', self.url, '--all')
        self.assertEqual((everything['messages'], everything['already_ingested']), (4, 4))

    def test_a_folder_made_anew_is_read_again(self):
        client = self.server.connect()
        client.create('Reports')
        client.append('Reports', None, None, mail(report(report_id='a')))
        self.assertEqual(self.json('ingest', self.at('Reports'))['messages'], 1)
        client.delete('Reports')
        client.create('Reports')
        for i in 'ab':
            client.append('Reports', None, None, mail(report(report_id=i)))
        client.logout()
        again = self.json('ingest', self.at('Reports'))
        self.assertEqual((again['messages'], again['already_ingested']), (2, 1))
        self.assertEqual(self.ids(), ['a', 'b'])

    def test_names_of_folders(self):
        client = self.server.connect()
        for name, encoded, written in (('Entwürfe', '"Entw&APw-rfe"', 'Entwürfe'), ('R & D/"x"', '"R &- D/\\"x\\""', 'R%20%26%20D/%22x%22')):
            client.create(encoded)
            client.append(encoded, None, None, mail(report(report_id=name)))
            self.assertEqual(self.json('ingest', self.at(written))['reports']['aggregate'], 1, name)
        client.logout()

    def test_an_empty_folder(self):
        self.assertEqual(self.json('ingest', self.url)['messages'], 0)
        self.assertEqual(self.json('ingest', self.at(''))['messages'], 0)

    def test_hundreds_in_order(self):
        self.deliver(*(f'm-{i:03}' for i in range(230)))
        self.assertEqual(self.json('ingest', self.url)['reports']['aggregate'], 230)
        self.assertEqual([r['report_id'] for r in self.json('reports')['reports']], [f'm-{i:03}' for i in reversed(range(230))])

    def test_with_a_maildir_in_one_run(self):
        self.deliver('a')
        box = self.maildir(mail(report(report_id='b')))
        self.assertEqual(self.json('ingest', box, self.url)['reports']['aggregate'], 2)

class Security(Imap):
    def test_tls(self):
        self.deliver('a')
        for host in ('localhost', '127.0.0.1'):
            url = self.at('INBOX', 'imaps', host)
            self.assertIn('--ca-file', self.error('ingest', url, status=3))
            self.json('ingest', url, '--ca-file', self.server.dir / 'ca.pem')
        self.assertEqual(self.ids(), ['a'])

    def test_starttls(self):
        """A name that is not plainly this machine's: the password goes over an encrypted connection only."""
        self.deliver('a')
        url = self.at('INBOX', host='mail.localhost')
        self.assertIn('--ca-file', self.error('ingest', url, status=3))
        self.json('ingest', url, '--ca-file', self.server.dir / 'ca.pem')
        self.assertEqual(self.ids(), ['a'])
        self.assertRegex(self.server.log(), r'Login: .*, TLS')

    def test_passwords(self):
        self.deliver('a')
        del self.env['MARQUE_IMAP_PASSWORD']
        self.assertIn('--password-file', self.error('ingest', self.url))
        secret = self.file(Dovecot.PASSWORD.encode() + b'\nmore\n', 'secret')
        self.json('ingest', self.url, '--password-file', secret)
        self.json('ingest', self.url, '--all', '--password-command', f'cat {secret}')
        self.json('ingest', self.at('INBOX', user='').replace('@', ''), '--user', Dovecot.USER, '--password-file', secret)
        for args in (('--password-file', 'nothing-there'), ('--password-file', self.file(b'\n', 'empty')),
                     ('--password-file', secret, '--password-command', 'true'), ('--password-command', 'true')):
            with self.subTest(args=args):
                self.assertIn('--password', self.error('ingest', self.url, *args))
        self.assertIn('--password-command', self.error('ingest', self.url, '--password-command', 'exit 3', status=3))

    def test_no_password_in_the_address(self):
        said = self.error('ingest', self.at('INBOX', user='rua%40example.com:hunter2'))
        self.assertIn('--password-file', said)
        self.assertNotIn('hunter2', said)

    def test_wrong_password(self):
        self.env['MARQUE_IMAP_PASSWORD'] = 'wrong'
        said = self.error('ingest', self.url, status=3)
        self.assertIn("does not let 'rua@example.com' in", said)
        self.assertNotIn('wrong', said)

    def test_addresses(self):
        for url, said in ((self.at('INBOX', user='').replace('@', ''), 'no user'), ('imap:///INBOX', 'no host'),
                          (self.url + '?x', '%3F'), ('imap://a@127.0.0.1:99999/', 'cannot be read')):
            with self.subTest(url=url):
                self.assertIn(said, self.error('ingest', url))

    def test_nobody_there(self):
        self.server.stop()
        self.assertIn('rua@example.com@127.0.0.1', self.error('ingest', self.url, status=3))
        self.server.start()

    def test_no_such_folder(self):
        said = self.error('ingest', self.at('Nope'), status=3)
        self.assertIn("folder 'Nope' cannot be opened", said)
        self.assertIn('INBOX', said)

class Afterwards(Imap):
    def test_seen(self):
        self.deliver('a', 'b')
        self.server.deliver(PLAIN)
        self.json('ingest', self.url, '--after', 'seen')
        self.assertEqual(self.server.folder(), ['\\Seen', '\\Seen', ''])

    def test_move(self):
        self.deliver('a', 'b')
        self.server.deliver(PLAIN)
        self.json('ingest', self.url, '--after', 'move:Done/2026')
        self.assertEqual((self.server.folder(), self.server.folder('Done/2026')), ([''], ['', '']))
        self.deliver('c')
        self.assertEqual(self.json('ingest', self.url, '--after', 'move:Done/2026')['messages'], 1)
        self.assertEqual((self.server.folder(), self.server.folder('Done/2026')), ([''], ['', '', '']))

    def test_move_to_itself(self):
        self.deliver('a')
        self.json('ingest', self.url, '--after', 'move:INBOX')
        self.assertEqual(self.server.folder(), [''])

    def test_delete(self):
        self.deliver('a', 'b')
        self.server.deliver(PLAIN)
        self.json('ingest', self.url, '--after', 'delete')
        self.assertEqual(self.server.folder(), [''])
        self.assertEqual(self.ids(), ['a', 'b'])

    def test_what_was_read_before_is_settled_now(self):
        self.deliver('a', 'b')
        self.json('ingest', self.url)
        self.assertEqual(self.json('ingest', self.url, '--after', 'delete')['already_ingested'], 2)
        self.assertEqual(self.server.folder(), [])

    def test_what_could_not_be_settled_is_tried_again(self):
        self.deliver('a')
        done = self.json('ingest', self.url, '--after', 'move:INBOX/', status=1)
        self.assertEqual([p['code'] for p in done['problems']], ['after-failed'])
        self.assertEqual(self.ids(), ['a'])
        self.json('ingest', self.url, '--after', 'move:Done')
        self.assertEqual((self.server.folder(), self.server.folder('Done')), ([], ['']))

class Kill(Imap):
    """Ends at random moments: every report once, every message in one folder."""
    MESSAGES, ROUNDS = 60, 20

    def test_kill(self):
        rng = random.Random(5)
        wanted = []
        args = ('ingest', self.url, '--after', 'move:Done')
        killed = 0
        whole_s = 0.1
        for round_ in range(self.ROUNDS):
            batch = [f'k-{round_:02}-{i:02}' for i in range(self.MESSAGES)]
            wanted += batch
            self.deliver(*batch)
            child = subprocess.Popen([support.MARQUE, '-d', self.db, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.env)
            try:
                begun_s = time.monotonic()
                child.wait(rng.uniform(0, 1.2 * whole_s))
                whole_s = time.monotonic() - begun_s
            except subprocess.TimeoutExpired:
                whole_s *= 1.1  # until one is whole again
                child.kill()
                killed += 1
            child.wait()
            self.json(*args)
            self.assertEqual((self.server.folder(), len(self.server.folder('Done'))), ([], len(wanted)))
        self.assertEqual(self.ids(), wanted)
        self.assertGreater(killed, self.ROUNDS // 4, 'hardly any run was killed')

class WithoutMove(Imap):
    SETTINGS = 'protocol imap {\n  imap_capability = IMAP4rev1 UIDPLUS\n}'

    def test_copies_and_deletes(self):
        self.deliver('a', 'b')
        self.server.deliver(PLAIN)
        self.json('ingest', self.url, '--after', 'move:Done')
        self.assertEqual((self.server.folder(), self.server.folder('Done')), ([''], ['', '']))

class WithoutUids(Imap):
    SETTINGS = 'protocol imap {\n  imap_capability = IMAP4rev1\n}'

    def test_removes_nothing_of_others(self):
        self.deliver('a')
        self.server.deliver(PLAIN)
        self.json('ingest', self.url, '--after', 'delete')
        self.assertEqual(self.server.folder(), ['\\Deleted', ''])

class Misbehaving(support.Case):
    """A server that is scripted: what is sent for each command."""
    def serve(self, fetched, capability=b'IMAP4rev1', listed=None):
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        listed = listed or b'* 1 FETCH (UID 1 RFC822.SIZE 100)\r\n* 2 FETCH (UID 2 RFC822.SIZE 100)\r\n'
        def answer(client):
            lines = client.makefile('rwb')
            lines.write(b'* OK ready\r\n')
            lines.flush()
            for line in lines:
                tag, command = line.split(b' ', 1)
                name = command.upper().split()[0]
                if name == b'CAPABILITY':
                    lines.write(b'* CAPABILITY ' + capability + b'\r\n')
                elif name == b'EXAMINE':
                    lines.write(b'* 2 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n')
                elif b'RFC822.SIZE' in command:
                    lines.write(listed)
                elif b'BODY.PEEK' in command:
                    lines.write(fetched)
                    if not fetched.endswith(b')\r\n'):
                        lines.flush()
                        break
                lines.write(tag + b' OK done\r\n')
                lines.flush()
        def run():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    try:
                        answer(client)
                    except OSError:
                        pass
        threading.Thread(target=run, daemon=True).start()
        self.env['MARQUE_IMAP_PASSWORD'] = 'x'
        return f'imap://u@127.0.0.1:{listener.getsockname()[1]}/'

    @staticmethod
    def fetched(uid, content, form='* {uid} FETCH (UID {uid} BODY[] {{{n}}}\r\n{content})\r\n'):
        return form.format(uid=uid, n=len(content), content=content.decode()).encode()

    def ids(self):
        return [r['report_id'] for r in self.json('reports')['reports']]

    def test_gone_in_the_middle(self):
        """What came is kept, and the next run goes on behind it."""
        a, b = mail(report(report_id='a')), mail(report(report_id='b'))
        self.assertIn('hung up', self.error('ingest', self.serve(self.fetched(1, a) + self.fetched(2, b)[:-50]), status=3))
        self.assertEqual(self.ids(), ['a'])

    def test_other_orders_and_forms(self):
        a, b = mail(report(report_id='a')), mail(report(report_id='b'))
        quoted = '* {uid} FETCH (BODY[] "From: x@example.com\r\n" UID {uid})\r\n'.replace('\r\n"', '"')
        done = self.json('ingest', self.serve(self.fetched(2, b, '* {uid} FETCH (BODY[] {{{n}}}\r\n{content} UID {uid})\r\n')
                                              + b'* 2 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n' + self.fetched(1, a, quoted)))
        self.assertEqual((done['messages'], done['ignored']), (2, 1))
        self.assertEqual(self.ids(), ['b'])

    def test_a_mail_that_looks_like_answers(self):
        a = b'From: a@example.com\r\nSubject: x\r\n\r\nA4 OK done\r\n* BYE\r\n* 2 FETCH (UID 2 BODY[] {5}\r\n'
        done = self.json('ingest', self.serve(self.fetched(1, a)))
        self.assertEqual((done['messages'], done['failed']), (1, 0))

    def test_not_what_was_asked_for(self):
        a = mail(report(report_id='a'))
        done = self.json('ingest', self.serve(self.fetched(1, a) * 3 + self.fetched(77, mail(report(report_id='other')))))
        self.assertEqual(done['messages'], 1)
        self.assertEqual(self.ids(), ['a'])

    def test_endless(self):
        for fetched in (b'* 1 FETCH (UID 1 BODY[] {99999999999}\r\n', b'* 1 FETCH (UID 1 BODY[] {99999999999999999999999}\r\n',
                        b'* ' + b'x' * 100000 + b')\r\n', b'* 1 FETCH (FLAGS {90000}\r\n', b'* OK (x)\r\n' * 20000):
            with self.subTest(fetched=fetched[:40]):
                self.assertIn('does not speak IMAP', self.error('ingest', self.serve(fetched), status=3))

    def test_too_large(self):
        done = self.json('ingest', self.serve(b'* 9 EXISTS (x)\r\n', listed=b'* 1 FETCH (UID 1 RFC822.SIZE 99999999999)\r\n'), status=1)
        self.assertEqual([p['code'] for p in done['problems']], ['too-large'])

    def test_no_encryption_no_password(self):
        url = self.serve(b'').replace('127.0.0.1', 'mail.localhost')
        self.assertIn('no encryption', self.error('ingest', url, status=3))

    def test_what_it_says_is_shown_without_control_characters(self):
        said = self.error('ingest', self.serve(b'', listed=b'* BYE \x1b[31m\r\nA2 NO \x1b[31mred\r\n'), status=3)
        self.assertNotIn('\x1b', said)

if __name__ == '__main__':
    support.main()
