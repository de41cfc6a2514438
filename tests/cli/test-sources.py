#!/usr/bin/env python3
"""Every way that mail comes in: standard input, mailbox files, mixed folders."""
import gzip
from support import Case, mail, main, report

FROM = b'From dmarc@reporter.example Tue Apr 30 02:09:16 2019\n'

def mbox(*mails):
    return b''.join(FROM + m.replace(b'\r\n', b'\n') + b'\n' for m in mails)

def reports(n):
    return [report(report_id=f'r-{i}') for i in range(n)]

class StandardInput(Case):
    def ingest(self, data):
        return self.json('ingest', '-', input=data)

    def test_one_mail(self):
        self.assertEqual(self.ingest(mail(report()))['reports']['aggregate'], 1)

    def test_a_bare_report(self):
        self.assertEqual(self.ingest(report())['reports']['aggregate'], 1)

    def test_a_packed_report(self):
        self.assertEqual(self.ingest(gzip.compress(report()))['reports']['aggregate'], 1)

    def test_a_mailbox(self):
        got = self.ingest(mbox(*map(mail, reports(7))))
        self.assertEqual((got['messages'], got['reports']['aggregate'], got['failed']), (7, 7, 0))

    def test_a_file_as_standard_input(self):
        path = self.dir / 'box'
        path.write_bytes(mbox(*map(mail, reports(3))))
        self.assertEqual(self.json('ingest', '-', input=path.read_bytes())['reports']['aggregate'], 3)
        self.assertEqual(self.json('ingest', path)['already_ingested'], 3)

    def test_nothing(self):
        got = self.ingest(b'')
        self.assertEqual((got['messages'], got['ignored'], got['failed']), (1, 1, 0))

    def test_a_mail_that_is_broken_harms_no_other(self):
        box = mbox(mail(report(report_id='a')), mail(report())[:-200], mail(report(report_id='b')))
        got = self.json('ingest', '-', input=box, status=1)
        self.assertEqual((got['messages'], got['problems'][0]['source']), (3, 'standard input:2'))
        self.assertIn(got['reports']['aggregate'], (2, 3))

class Files(Case):
    def test_more_of_what_is_held_than_memory_allows(self):
        """Signed content is held several times over, and may be in further signed content: it has a bound of its own."""
        oid = bytes.fromhex('06092a864886f70d010702')
        der = b'\x30\x84\x00\x90\x00\x00' + oid + bytes(9 << 20)
        head = b'From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name="a!b!1!2.p7m"\r\n'
        mail = self.file(head + b'Content-Transfer-Encoding: binary\r\n\r\n' + der, 'signed.eml')
        self.assertEqual([p['code'] for p in self.json('ingest', mail, status=1)['problems']], ['too-large'])

    def test_a_mailbox_twice_stores_nothing_twice(self):
        path = self.dir / 'reports.mbox'
        path.write_bytes(mbox(*map(mail, reports(4))))
        self.assertEqual(self.json('ingest', path)['reports']['aggregate'], 4)
        again = self.json('ingest', path)
        self.assertEqual((again['messages'], again['already_ingested']), (4, 4))

    def test_a_mixed_folder(self):
        one, two, three, four = reports(4)
        box = self.maildir(mail(one))
        (box / 'deep' / 'deeper').mkdir(parents=True)
        (box / 'deep' / 'saved.eml').write_bytes(mail(two))
        (box / 'deep' / 'deeper' / 'old').write_bytes(mbox(mail(three)))
        (box / 'deep' / 'bare.xml').write_bytes(four)
        got = self.json('ingest', box)
        self.assertEqual((got['messages'], got['reports']['aggregate'], got['failed']), (4, 4, 0))

main()
