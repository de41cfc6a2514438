#!/usr/bin/env python3
"""Failure reports and complaints, from the mail to the answers; and what --redact leaves of people."""
import pathlib
from support import Case, mail, main, report

FEEDBACK = '''Feedback-Type: {type}
User-Agent: Reporter/1.0
Version: 1
Auth-Failure: dmarc
Source-IP: 192.0.2.7
Reported-Domain: example.com
Original-Mail-From: <alice.secret@example.com>
Original-Rcpt-To: bob.secret@example.net
Arrival-Date: {date}
Authentication-Results: mx.example.net; dkim=fail header.i=alice.secret@example.com; spf=pass smtp.mailfrom=example.com
'''


def feedback(type='auth-failure', day=15):
    fields = FEEDBACK.format(type=type, date=f'Wed, {day} Nov 2023 01:00:00 +0000')
    return f'''From: ruf@reporter.example
Subject: FW: subject-secret
Date: Wed, {day} Nov 2023 01:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

Hello human-secret.
--b
Content-Type: message/feedback-report

{fields}
--b
Content-Type: message/rfc822

From: Alice <alice.secret@example.com>
To: bob.secret@example.net
Subject: subject-secret
Message-ID: <id-secret@example.com>
DKIM-Signature: v=1; d=example.com; s=s1; i=alice.secret@example.com; b=x

body-secret
--b--
'''.replace('\n', '\r\n').encode()


WINDOW = ('--as-of', '2023-11-20')


class Failures(Case):
    def stored(self):
        """All bytes of the database."""
        return b''.join(p.read_bytes() for p in pathlib.Path(self.db).parent.glob('test.db*'))

    def test_listed_with_its_type(self):
        self.json('ingest', self.maildir(feedback(), feedback('abuse', day=16)))
        listed = self.json('failures', *WINDOW)['failures']
        self.assertEqual([(f['feedback_type'], f['source_ip'], f['identity_alignment']) for f in listed],
                         [('abuse', '192.0.2.7', 'dkim'), ('auth-failure', '192.0.2.7', 'dkim')])
        self.assertIn('abuse', self.text('failures', *WINDOW))

    def test_filters(self):
        other = feedback(day=17).replace(b'192.0.2.7', b'2001:db8::7').replace(b'Auth-Failure: dmarc', b'Auth-Failure: SPF')
        self.json('ingest', self.maildir(feedback(), feedback('abuse', day=16), other.replace(b'reporter.example', b'Other.example')))
        for args, days in [
            ((), [17, 16, 15]),
            (('--source', '192.0.2.7'), [16, 15]),
            (('--source', '192.0.2.0/24', '--limit', '1'), [16]),
            (('--source', '2001:db8::/32'), [17]),
            (('--type', 'dmarc', '-n', '5'), [16, 15]),
            (('--type', 'spf'), [17]),
            (('--type', 'Abuse'), [16]),
            (('--reporter', 'oTHER', '--type', 'spf'), [17]),
            (('--reporter', 'reporter.example', '--limit', '1'), [16]),
            (('other.example',), []),
            (('example.com', '--source', '192.0.2.8'), []),
        ]:
            with self.subTest(args=args):
                listed = self.json('failures', *args, *WINDOW)['failures']
                self.assertEqual([int(f['arrival_date'][8:10]) for f in listed], days)

    def test_older_date_when_the_newer_cannot_be_read(self):
        date = b'Arrival-Date: soon\r\nReceived-Date: Tue, 14 Nov 2023 09:00:00 +0000\r\n'
        self.json('ingest', self.maildir(feedback().replace(b'Arrival-Date: Wed, 15 Nov 2023 01:00:00 +0000\r\n', date)))
        self.assertEqual(self.json('failures', *WINDOW)['failures'][0]['arrival_date'], '2023-11-14T09:00:00Z')

    def test_alignment_of_a_notice(self):
        notice = b'''From: mailer@cp.example\r\nDate: Wed, 15 Nov 2023 01:00:00 +0000\r\n\r
A message claiming to be from you has failed the published DMARC policy.\r\n\r
Sender Domain: example.com\r\nSender IP Address: 192.0.2.9\r\nSPF Alignment: yes\r\nDKIM Alignment: no\r\n'''
        self.json('ingest', self.maildir(notice))
        self.assertEqual(self.json('failures', *WINDOW)['failures'][0]['identity_alignment'], 'dkim')

    def test_complaints_are_no_failures(self):
        self.json('ingest', self.maildir(mail(report()), feedback(), feedback('abuse', day=16), feedback('Not-Spam', day=17)))
        summary = self.json('summary', 'example.com', *WINDOW)['domains'][0]
        self.assertEqual((summary['failures'], summary['complaints']), (1, 2))
        self.assertIn('2 complaints', self.text('summary', 'example.com', *WINDOW))

    def test_bodies_are_never_stored(self):
        self.json('ingest', self.maildir(feedback()))
        stored = self.stored()
        self.assertIn(b'alice.secret', stored)
        for secret in (b'body-secret', b'human-secret'):
            self.assertNotIn(secret, stored)

    def check_redacted(self):
        self.assertNotIn(b'secret', self.stored())
        [shown] = self.json('failures', *WINDOW)['failures']
        self.assertEqual((shown['header_from'], shown['original_rcpt_to'], shown['dkim']['identity'], shown['subject']),
                         ('@example.com', '@example.net', '@example.com', None))
        self.assertEqual((shown['reported_domain'], shown['identity_alignment'], shown['dkim']['selector']),
                         ('example.com', 'dkim', 's1'))

    def test_redacted(self):
        self.json('ingest', '--redact', self.maildir(feedback()))
        self.check_redacted()

    def test_redacted_where_no_address_belongs(self):
        odd = b'''Reporting-MTA: dns; mta.secret@reporter.example\r
Delivery-Result: eaten by eve.secret@example.org, <"quoted secret"@example.org>\r
SPF-DNS: txt:example.com:"v=spf1 exp=postmaster.secret@example.com"\r
DKIM-Selector: sel.secret@example.com\r
Auth-Failure: auth.secret@example.com\r
Identity-Alignment: said.secret@example.com\r
User-Agent: agent.secret@example.com\r
Source-IP: 999.1.1.1 (ip.secret@example.com)\r
'''
        plain = feedback().replace(b'User-Agent: Reporter/1.0\r\n', b'').replace(b'Source-IP: 192.0.2.7\r\n', odd)
        self.json('ingest', '--redact', self.maildir(plain))
        self.assertNotIn(b'secret', self.stored())
        [shown] = self.json('failures', *WINDOW)['failures']
        self.assertEqual((shown['reporter'], shown['delivery_result']),
                         ('@reporter.example', 'eaten by @example.org, <@example.org>'))

    def test_redacted_by_configuration(self):
        config = self.file(b'[ingest]\nredact = true\n', 'marque.conf')
        self.json('ingest', '--config', config, self.maildir(feedback()))
        self.check_redacted()

    def test_forgotten(self):
        self.json('ingest', self.maildir(feedback()))
        self.json('prune', '--older-than', '1y', '--as-of', '2026-11-24')
        self.assertEqual(self.json('failures', '--since', '2023-01-01')['failures'], [])
        self.assertNotIn(b'secret', self.stored())


if __name__ == '__main__':
    main()
