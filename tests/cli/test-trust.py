#!/usr/bin/env python3
"""Forged reports: who is believed, what is left out, and that it is said."""
from support import Case, mail, main, report

HONEST = 'mx.example.net; dmarc=pass header.from=reporter.example'
FORGED = 'mx.example.net; spf=softfail smtp.mailfrom=forger.example; dmarc=fail header.from=reporter.example'
WINDOW = ('--as-of', '2023-11-20')


def with_results(content, results):
    return b''.join(b'Authentication-Results: ' + r.encode() + b'\r\n' for r in results) + content


class Trust(Case):
    def box(self, *mails):
        return self.maildir(*[with_results(mail(xml), results) for xml, *results in mails])

    def two(self, *options):
        """An honest report with 15 messages and a forged one with 500."""
        forged = report(report_id='r-2', records=[('203.0.113.66', 500, 'fail', 'fail')])
        return self.json('ingest', *options, self.box((report(), HONEST), (forged, FORGED, HONEST)))

    def test_left_out_and_said(self):
        self.two('--trusted-authserv-id', 'mx.example.net')
        listed = self.json('reports', '--untrusted')['reports']
        self.assertEqual([r['report_id'] for r in listed], ['r-2'])
        self.assertIn('dmarc=fail', listed[0]['suspicion'])
        senders = self.json('senders', '--by', 'source', *WINDOW)
        self.assertEqual((senders['total']['messages'], senders['suspicious_reports_left_out']), (15, 1))
        summary = self.json('summary', *WINDOW)['domains'][0]
        self.assertEqual((summary['messages'], summary['suspicious_reports_left_out']), (15, 1))
        advice = self.json('advise', '--offline', 'example.com', *WINDOW)['domains'][0]
        self.assertEqual((advice['volume']['messages'], advice['volume']['suspicious_reports_left_out']), (15, 1))
        self.assertIn('\n\n1 suspicious report is left out', self.text('advise', '--offline', 'example.com', *WINDOW))

    def test_show_says_what_was_found(self):
        self.two('--trusted-authserv-id', 'mx.example.net')
        found = {}
        for row in self.json('reports')['reports']:
            shown = self.json('show', row['id'])
            found[row['report_id']] = (shown['provenance'][0]['authentication'], shown['suspicion'] is not None)
        self.assertEqual(found, {'r-1': ('dmarc=pass', False), 'r-2': ('dmarc=fail spf=softfail', True)})
        self.assertIn('dmarc=fail spf=softfail', self.text('show', '2') + self.text('show', '1'))

    def test_nobody_is_believed_by_default(self):
        self.two()
        self.assertEqual(self.json('reports', '--untrusted')['reports'], [])
        self.assertEqual(self.json('senders', *WINDOW)['total']['messages'], 515)

    def test_other_receivers_are_not_believed(self):
        self.two('--trusted-authserv-id', 'mx.other.example')
        self.assertEqual(self.json('reports', '--untrusted')['reports'], [])

    def test_configuration(self):
        config = self.file(b'[ingest]\ntrusted-authserv-id = mx.other.example;mx.example.net\n', 'marque.conf')
        self.two('--config', config)
        self.assertEqual(len(self.json('reports', '--untrusted')['reports']), 1)

    def test_a_differing_sender_is_noted_only(self):
        box = self.box((report(reporter='other.example').replace(b'dmarc@reporter', b'dmarc@other'),))
        problems = self.json('ingest', box)['problems']
        self.assertEqual([(p['code'], p['stored']) for p in problems], [('sender-differs', True)])
        self.assertEqual(self.json('reports', '--untrusted')['reports'], [])

    def test_the_same_report_from_an_honest_mail_is_believed(self):
        self.json('ingest', '--trusted-authserv-id', 'mx.example.net', self.box((report(), FORGED)))
        self.assertEqual(len(self.json('reports', '--untrusted')['reports']), 1)
        done = self.json('ingest', '--trusted-authserv-id', 'mx.example.net', self.box((report(), HONEST)))
        self.assertEqual(done['duplicates'], 1)
        self.assertEqual(self.json('reports', '--untrusted')['reports'], [])
        self.assertEqual(self.json('senders', *WINDOW)['total']['messages'], 15)

    def test_a_forged_variant_takes_nothing_from_the_honest_one(self):
        forged = report(records=[('192.0.2.1', 10), ('203.0.113.66', 500, 'fail', 'fail')])
        self.json('ingest', '--trusted-authserv-id', 'mx.example.net', self.box((forged, FORGED), (report(), HONEST)))
        self.assertEqual(self.json('senders', *WINDOW)['total']['messages'], 15)


if __name__ == '__main__':
    main()
