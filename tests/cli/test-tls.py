#!/usr/bin/env python3
"""SMTP TLS reports: what is unknown is shown as unknown, and the filters."""
import json
from support import Case, main

WINDOW = ('--as-of', '2023-11-20')


def tls_report(reporter='reporter.example', domain='example.com', failures=(), **summary):
    return json.dumps({
        'organization-name': reporter, 'report-id': f'{reporter}-{domain}',
        'date-range': {'start-datetime': '2023-11-15T00:00:00Z', 'end-datetime': '2023-11-15T23:59:59Z'},
        'policies': [{'policy': {'policy-type': 'sts', 'policy-domain': domain},
                      'summary': {'total-successful-session-count': 5, 'total-failure-session-count': 3},
                      'failure-details': list(failures)}]}).encode()


class Tls(Case):
    def put(self, *reports):
        self.json('ingest', *[self.file(content, f'{i}.json') for i, content in enumerate(reports)])

    def test_unknown_is_shown_as_unknown(self):
        self.put(tls_report(failures=[{'result-type': 'brand-new', 'failed-session-count': 2}, {'result-type': 'certificate-expired'},
                                      {'result-type': '', 'failed-session-count': 1}, {}]))
        text = self.text('tls', *WINDOW)
        for said in ('brand-new 2', 'certificate-expired ?', 'unnamed 1', 'unnamed ?'):
            self.assertIn(said, text)
        self.assertNotIn(' 0', text)

    def test_filters(self):
        self.put(tls_report(failures=[{'result-type': 'certificate-expired', 'failed-session-count': 3}]),
                 tls_report(reporter='Other Inc', domain='b.example', failures=[{'failed-session-count': 3}]),
                 tls_report(reporter='Quiet', domain='c.example'))
        for args, domains in [
            ((), ['b.example', 'c.example', 'example.com']),
            (('--reporter', 'other'), ['b.example']),
            (('--result-type', 'Certificate-Expired'), ['example.com']),
            (('--result-type', 'unnamed'), ['b.example']),
            (('--result-type', 'unnamed', '--reporter', 'reporter'), []),
        ]:
            with self.subTest(args=args):
                self.assertEqual(sorted(row['domain'] for row in self.json('tls', *args, *WINDOW)['rows']), domains)


if __name__ == '__main__':
    main()
