#!/usr/bin/env python3
"""More simulated worlds for marque advise: what the people who look after a domain meet."""
import shutil

import support
from worlds import BEGIN, DAY, KEY, LAST, NEWSLETTER, OWN, ZONE, Worlds, row, spoof


def host(ip, name):
    """Reverse DNS that is confirmed."""
    return f'{".".join(reversed(ip.split(".")))}.in-addr.arpa PTR {name}\n{name} A {ip}\n'


class MoreWorlds(Worlds):
    def test_botnet_behind_names_of_its_providers(self):
        """Each provider's customers have names that are confirmed; no address sends for long, the providers do."""
        bots = {f'198.18.{isp}.{n}': f'n{n}.dyn.isp{isp}.example' for isp in range(20) for n in range(1, 10)}
        zone = ZONE + ''.join(host(ip, name) for ip, name in bots.items())
        advice = self.world(lambda day: OWN + [row(f'198.18.{isp}.{1 + day % 9}', 1) for isp in range(20)], zone)
        got = self.judged(advice, threat=bots)
        self.assertEqual({got[ip] for ip in bots}, {'threat'})
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_forgotten_host_in_a_botnet(self):
        """One rented host sends for the owner each day, among providers whose customers do not."""
        bots = {f'198.18.{isp}.{n}': f'n{n}.dyn.isp{isp}.example' for isp in range(20) for n in range(1, 10)}
        zone = ZONE + ''.join(host(ip, name) for ip, name in bots.items()) + host('203.0.113.7', 'vps7.hoster.example')
        advice = self.world(lambda day: OWN + [row('203.0.113.7', 3)] + [row(f'198.18.{isp}.{1 + day % 9}', 1) for isp in range(20)], zone)
        self.assertEqual(self.judged(advice, legitimate=['203.0.113.7'], threat=bots)['203.0.113.7'], 'unknown')
        self.assertEqual(advice['move']['action'], 'hold')

    def test_steady_snowshoe(self):
        """Well-kept hosts side by side, each with a domain of its own that passes, all month."""
        hosts = {f'203.0.113.{n}': f'mx.offer{n}.example' for n in range(20, 40)}
        zone = ZONE + ''.join(host(ip, name) for ip, name in hosts.items())
        advice = self.world(lambda day: OWN + [row(f'203.0.113.{n}', 2, [(f'offer{n}.example', 'k', 'pass')], (f'offer{n}.example', 'pass'))
                                               for n in range(20, 40)], zone)
        self.assertEqual({self.judged(advice, threat=hosts)[ip] for ip in hosts}, {'threat'})
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_shadow_services_are_no_snowshoe(self):
        """Four of them, at four providers: a person is asked."""
        hosts = {f'198.18.{n}.5': f'out.service{n}.example' for n in range(4)}
        zone = ZONE + ''.join(host(ip, name) for ip, name in hosts.items())
        advice = self.world(lambda day: OWN + [row(f'198.18.{n}.5', 2, [(f'service{n}.example', 'k', 'pass')], (f'service{n}.example', 'pass'))
                                               for n in range(4)], zone)
        self.assertEqual({self.judged(advice, legitimate=hosts)[ip] for ip in hosts}, {'unknown'})
        self.assertEqual(advice['move']['action'], 'hold')

    def test_subdomain_with_a_record_of_its_own(self):
        """What fails there falls under its own policy, whatever its parent publishes."""
        shop = row('192.0.2.10', 200, [], ('shop.example.com', 'fail'), header_from='shop.example.com')
        zone = ZONE + 'shop.example.com A 192.0.2.80\n_dmarc.shop.example.com TXT "v=DMARC1; p=none; rua=mailto:shop@example.com"\n'
        advice = self.world(lambda day: OWN + [shop], zone)
        self.assertEqual(advice['impact']['reject']['legitimate'], 0)
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])
        self.assertNotIn('sp=', advice['move']['record'])

    def test_new_sender_of_a_subdomain_with_its_own_record(self):
        """What is new, unknown or forwarded there is for its own advice."""
        shop = row('203.0.113.66', 200, [('sendgrid.net', 'k', 'pass')], ('em1.sendgrid.net', 'pass'), header_from='shop.example.com')
        zone = ZONE + 'shop.example.com A 192.0.2.80\n_dmarc.shop.example.com TXT "v=DMARC1; p=none; rua=mailto:shop@example.com"\n'
        advice = self.world(lambda day: OWN + spoof(day) + ([shop] if day >= 25 else []), zone)
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])
        self.assertEqual(advice['actions'], [])
        self.assertEqual(advice['own_records'], [{'domain': 'shop.example.com', 'messages': 200 * 5 * 2}])
        text = self.text('advise', 'example.com', '--as-of', LAST, '--resolver', self.file(zone.encode(), 'dns.zone'))
        self.assertIn('leave out 2,000 messages of shop.example.com', ' '.join(text.split()))

    def test_small_sources_are_not_looked_up(self):
        """Nobody's resolver is asked for a hundred thousand names; the evidence says so."""
        many = [row(f'198.18.{n // 200}.{1 + n % 200}', 1) for n in range(1600)]
        advice = self.world(lambda day: OWN + (many if day == 9 else []))
        told = [text for sender in advice['senders'] for text in sender['evidence'] if 'reverse DNS was not asked' in text]
        self.assertIn('200 addresses', ' '.join(told))
        self.assertEqual(len([1 for q in self.asked if q[2].endswith('in-addr.arpa')]), 1500)

    def test_forwarders_of_a_domain_that_signs(self):
        """Mail relayed as it is, relayed with a footer, by a service that rewrites the envelope, and by a university."""
        intact = row('203.0.113.80', 4, [('example.com', 's1', 'pass')], ('example.com', 'softfail'), ('pass', 'fail'))
        footer = row('203.0.113.80', 1, [('example.com', 's1', 'fail')], ('example.com', 'softfail'))
        srs = row('203.0.113.81', 2, [('example.com', 's1', 'pass')], ('srs.alumni.example', 'pass'), ('pass', 'fail'))
        advice = self.world(lambda day: OWN + [intact, footer, srs] + spoof(day), ZONE + host('203.0.113.80', 'mx.university.example'))
        got = self.judged(advice, forwarder=['203.0.113.80', '203.0.113.81'])
        self.assertEqual(got['203.0.113.80'], 'forwarder')
        self.assertEqual(advice['impact']['reject']['legitimate'], 0)
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_weekends_without_reports(self):
        advice = self.world(lambda day: OWN + spoof(day), skip=[d for d in range(30) if d % 7 in (3, 4)])
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_one_reporter_only(self):
        advice = self.world(lambda day: OWN, reporters=('one.example',))
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'reporters'))

    def test_record_by_an_alias(self):
        zone = ZONE.replace('_dmarc.example.com TXT', '_dmarc.example.com CNAME example.com.dmarc.host.example\nexample.com.dmarc.host.example TXT')
        advice = self.world(lambda day: OWN + spoof(day), zone)
        self.assertEqual((advice['move']['action'], advice['published']['p']), ('advance', 'none'))

    def test_strict_alignment_of_a_subdomains_envelope(self):
        """aspf=s was published since: what passed by its envelope alone would be lost."""
        zone = ZONE.replace('fo=1', 'fo=1; aspf=s') + 'bounce.example.com TXT "v=spf1 ip4:198.51.100.9 -all"\n'
        advice = self.world(lambda day: OWN + [row('198.51.100.9', 20, [], ('bounce.example.com', 'pass'), ('fail', 'pass'))], zone)
        self.assertEqual((self.verdicts(advice)['198.51.100.9'], self.causes(advice)['198.51.100.9']), ('fixable', 'strict-alignment'))
        self.assertEqual(advice['move']['action'], 'hold')

    def test_wave_upon_a_locked_domain(self):
        """Reject, and a hundred thousand forged messages: nothing is to be done."""
        zone = ZONE.replace('p=none', 'p=reject')
        wave = [row(f'198.18.{n}.9', 200, disposition='reject') for n in range(60)]
        advice = self.world(lambda day: OWN + (wave if 10 <= day < 13 else []), zone, 'reject')
        self.assertEqual(advice['move']['action'], 'done', advice['gates'])

    def unsaid(self, *addresses):
        return [f'<record><row><source_ip>{ip}</source_ip><count>30</count></row><identifiers><header_from>example.com</header_from>'
                '</identifiers><auth_results></auth_results></record>' for ip in addresses]

    def test_results_that_no_report_says(self):
        """A reporter that leaves out what it found: mail of the owner's own host, of unknown result; nobody's fault."""
        advice = self.world(lambda day: OWN + self.unsaid('192.0.2.10'))
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])
        self.assertEqual((self.verdicts(advice), advice['actions']), ({'192.0.2.10': 'compliant'}, []))
        reject = advice['impact']['reject']
        self.assertEqual([reject[k] for k in ('legitimate', 'threat', 'unknown', 'dmarc_unknown')], [0, 0, 0, 30 * 60])
        self.assertEqual((advice['volume']['dmarc_unknown'], advice['volume']['messages']), (1800, 1800 + 40 * 60))
        text = self.text('advise', 'example.com', '--as-of', LAST, '--resolver', self.file(ZONE.encode(), 'dns.zone'))
        self.assertIn('Of 1,800 messages (42.9 %) reports do not say the result', text)

    def test_results_that_no_report_says_of_a_stranger(self):
        """It could be anybody's, the owner's too: that is asked first."""
        advice = self.world(lambda day: OWN + self.unsaid('203.0.113.33'))
        self.assertEqual((self.verdicts(advice)['203.0.113.33'], advice['move']['action']), ('unknown', 'hold'))
        self.assertEqual([(a['id'], a['sender']) for a in advice['actions']], [('investigate', '203.0.113.0/24')])

    def counts(self, impact):
        return [impact[k] for k in ('legitimate', 'forwarded', 'threat', 'unknown')]

    def test_replay_with_dns_as_it_was(self):
        """A host added to SPF since, and mail whose only key vanished since: the one was lost then, the other would be now."""
        added = row('192.0.2.11', 10)
        vanished = row('198.51.100.99', 5, [('example.com', 'gone', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))
        sub = row('192.0.2.10', 2, [], ('x.example.com', 'fail'), header_from='x.example.com')
        advice = self.world(lambda day: OWN + [added, vanished, sub] + spoof(day), ZONE + 'x.example.com A 192.0.2.80\n', 'none', 30,
                            '--what-if', 'v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@example.com')
        for impact, below in ((advice['what_if'], 2 * 60), (advice['impact']['reject'], 0)):  # of which the latter keeps sp=none
            self.assertEqual(self.counts(impact), [5 * 60 + below, 0, 12 * 60, 0])
            self.assertEqual(self.counts(impact['dns_then']), [10 * 60 + below, 0, 12 * 60, 0])
            self.assertEqual(self.counts(impact['subdomains']), [below, 0, 0, 0])
            self.assertEqual(self.counts(impact['dns_then']['subdomains']), [below, 0, 0, 0])
            senders = {s['sender']: (s['legitimate'], s['dns_then']['legitimate']) for s in impact['senders'] if s['verdict'] != 'threat'}
            self.assertEqual(senders, {'own servers of example.com': (below, 600 + below), 'mailer.example': (300, 0)})
        self.assertEqual(self.counts(advice['what_if']['quarantined']), [2 * 60, 0, 0, 0])
        self.assertEqual(self.counts(advice['what_if']['rejected']), [5 * 60, 0, 12 * 60, 0])
        text = self.text('advise', 'example.com', '--as-of', LAST, '--resolver', self.file(ZONE.encode(), 'dns.zone'),
                         '--what-if', 'v=DMARC1; p=reject; sp=none')
        self.assertIn('Replay of v=DMARC1; p=reject; sp=none', text)
        self.assertIn('    own servers of example.com: none; with DNS as it was 600 of your own\n', text)
        self.assertIn('that forge\n', text)

    def test_replay_under_other_modes(self):
        """Recorded under adkim=s: relaxed, the signature of the subdomain would have counted then too."""
        news = row('198.51.100.4', 20, [('news.example.com', 's9', 'pass')], ('b.mailer.example', 'pass'))
        zone = ZONE.replace('fo=1', 'fo=1; adkim=s') + f's9._domainkey.news.example.com TXT "v=DKIM1; p={KEY}"\n'
        touched = {}
        for modes in ('adkim=s', 'adkim=r'):
            what_if = self.world(lambda day: OWN + [news], zone, 'none', 30, '--what-if', 'v=DMARC1; p=quarantine; ' + modes)['what_if']
            touched[modes] = (what_if['legitimate'], what_if['dns_then']['legitimate'])
        self.assertEqual(touched, {'adkim=s': (1200, 1200), 'adkim=r': (0, 0)})

    def period(self, row):
        return tuple(day and int(day[8:10]) for day in (row['failing_since'], row['failed_until']))

    def test_when_failure_began_and_ended(self):
        """Sendgrid fails from 18 to 25 November, a host of the owner from 5 December on, a weekly newsletter always."""
        good = row('203.0.113.66', 20, [('example.com', 's1', 'pass')], ('em1.sendgrid.net', 'pass'), ('pass', 'fail'))
        bad = row('203.0.113.66', 20, [('sendgrid.net', 'smtpapi', 'pass')], ('em1.sendgrid.net', 'pass'))
        weekly = row('198.51.100.3', 60, [('mailer.example', 'm', 'pass')], ('b.mailer.example', 'pass'))
        daily = row('198.51.100.3', 10, [('example.com', 's1', 'pass')], ('example.com', 'pass'), ('pass', 'pass'))
        zone = ZONE + host('192.0.2.77', 'app.example.com') + host('198.51.100.3', 'out.mailer.example')
        advice = self.world(lambda day: OWN + [bad if 3 <= day < 11 else good, daily] + ([row('192.0.2.77', 10)] if day >= 20 else [])
                            + ([weekly] if day % 7 == 3 else []), zone)
        senders = {s['sender']: s for s in advice['senders']}
        self.assertEqual(self.period(senders['SendGrid']), (18, 25))
        self.assertEqual(senders['SendGrid']['when'], 'failed 18 to 25 November, passes since')
        self.assertEqual(senders['SendGrid']['verdict'], 'fixed')
        self.assertEqual(self.period(senders['own servers of example.com']), (5, None))
        self.assertEqual({c['cause']: self.period(c) for c in senders['own servers of example.com']['causes']}, {'not-in-spf': (5, None)})
        self.assertEqual(self.period(senders['mailer.example']), (18, None))
        actions = {a['id']: a for a in advice['actions']}
        self.assertEqual(self.period(actions['authorise-in-spf']), (5, None))
        text = self.text('advise', 'example.com', '--as-of', LAST, '--resolver', self.file(zone.encode(), 'dns.zone'), '--verbose')
        self.assertIn('fails since 5 December)', text)
        self.assertIn('SendGrid: fixed, failed 18 to 25 November, passes since', text)

    def test_failure_since_before_the_window(self):
        advice = self.world(lambda day: OWN + [NEWSLETTER])
        self.assertEqual({s['sender']: s['when'] for s in advice['senders']},
                         {'own servers of example.com': None, 'SendGrid': 'fails since 15 November or before'})

    def test_alignment_under_both_standards(self):
        """psd=n below the domain: by the tree walk its signature is another organization's, by the public suffix list it is not."""
        zone = ZONE + f'_dmarc.bulk.example.com TXT "v=DMARC1; p=none; psd=n"\nb1._domainkey.bulk.example.com TXT "v=DKIM1; p={KEY}"\n'
        bulk = row('198.51.100.4', 20, [('bulk.example.com', 'b1', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))
        advice = self.world(lambda day: OWN + [bulk], zone)
        senders = {s['sender']: s for s in advice['senders']}
        self.assertEqual(senders['own servers of example.com']['disputed_alignment'][0], {
            'from': 'example.com', 'identifier': 'bulk.example.com', 'by': 'dkim', 'tree_walk': False, 'public_suffix_list': True,
            'messages': 1200, 'decided': 1200})
        self.assertEqual(sum(len(s['disputed_alignment']) for s in advice['senders']), 1)
        action = next(a for a in advice['actions'] if a['id'] == 'settle-alignment')
        self.assertIn('bulk.example.com is aligned with example.com (1,200 messages)', action['title'])
        self.assertIn('RFC 9989 does not', action['fix'])
        text = self.text('advise', 'example.com', '--as-of', LAST, '--resolver', self.file(zone.encode(), 'dns.zone'))
        self.assertIn('receivers disagree whether bulk.example.com', ' '.join(text.split()))

    def test_record_over_ten_lookups_only_today(self):
        """Reports of the whole month say pass; an include too many came since."""
        includes = ' '.join(f'include:s{i}.mailer.example' for i in range(12))
        zone = ZONE.replace('include:_spf.mailer.example -all', f'{includes} ip4:198.51.100.7 -all') + ''.join(
            f's{i}.mailer.example TXT "v=spf1 ip4:198.51.100.{100 + i} -all"\n' for i in range(12)) + host('198.51.100.7', 'shop.hoster.example')
        shop = row('198.51.100.7', 20, [], ('example.com', 'pass'), ('fail', 'pass'))
        advice = self.world(lambda day: OWN + [shop], zone)
        self.assertEqual((self.verdicts(advice)['198.51.100.7'], self.causes(advice)['198.51.100.7']), ('fixable', 'spf-broken'))
        self.assertEqual(advice['actions'][0]['id'], 'shorten-spf')
        self.assertEqual(len([a for a in advice['actions'] if a['id'] == 'shorten-spf']), 1)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertGreaterEqual(advice['impact']['reject']['legitimate'], 20 * 60)
        self.assertEqual(advice['impact']['reject']['dns_then']['legitimate'], 0)

    def test_silent_server_for_one_of_several_keys(self):
        """What the key carries is unknown, not lost; nothing advances, no sender is accused."""
        other = row('198.51.100.99', 20, [('example.com', 'slow', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))
        both = row('192.0.2.10', 5, [('example.com', 's1', 'pass'), ('example.com', 'slow', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))
        advice = self.world(lambda day: OWN + [other, both], ZONE + 'slow._domainkey.example.com !SERVFAIL\n' + host('198.51.100.99', 'm.esp.example'))
        got = self.judged(advice, legitimate=['198.51.100.99', '192.0.2.10'])
        self.assertEqual(got, {'192.0.2.10': 'compliant', '198.51.100.99': 'compliant'})
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dns-health'))
        self.assertEqual([a['id'] for a in advice['actions'] if a['sender']], [])

    def test_arc_in_other_wordings(self):
        """Each receiver has its own way to say that an ARC chain vouched for a message."""
        says = {'203.0.113.95': ('google.com', 'local_policy', 'arc=pass as.1.relay.example.net=pass'),
                '203.0.113.96': ('Outlook.com', 'other', 'arc=pass'),
                '203.0.113.97': ('Yahoo', 'local_policy', 'ARC chain validated: pass'),
                '203.0.113.98': ('Fastmail Pty Ltd', 'local_policy', 'Policy override due to valid ARC (cv=pass)'),
                '203.0.113.99': ('comcast.net', 'trusted_forwarder', 'arc_chain: pass'),
                '203.0.113.92': ('mail.ru', 'other', 'passed ARC from relay.example.net')}
        no = {'203.0.113.70': ('google.com', 'local_policy', 'arc=fail'), '203.0.113.71': ('Yahoo', 'other', 'ARC chain failed, pass to spam folder'),
              '203.0.113.72': ('google.com', 'other', 'searchable: pass')}
        reports = []
        for day in range(30):
            for ip, (who, kind, comment) in {**says, **no}.items():
                mail = row(ip, 3).replace('</policy_evaluated>', f'<reason><type>{kind}</type><comment>{comment}</comment></reason></policy_evaluated>')
                reports.append(support.report(reporter=who, report_id=f'{ip}-{day}', begin=BEGIN + day * DAY, records=OWN + [mail]))
        self.ingest(*reports)
        got = self.verdicts(self.ask(ZONE))
        self.assertEqual({ip: got[ip] for ip in says}, {ip: 'forwarder' for ip in says})
        self.assertNotIn('forwarder', {got[ip] for ip in no})

    def test_monthly_run_by_a_service_of_the_catalogue(self):
        """Invoices on one day of the month through a known service, not signed as the owner: no threat, and no blind advance."""
        run = row('203.0.113.66', 400, [('sendgrid.net', 'smtpapi', 'pass')], ('em1.sendgrid.net', 'pass'))
        advice = self.world(lambda day: OWN + ([run] if day == 16 else []), ZONE + host('203.0.113.66', 'o1.ptr.outbound-mail.sendgrid.net'))
        self.assertIn(self.judged(advice, legitimate=['203.0.113.66'])['203.0.113.66'], ('unknown', 'fixable'))
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertIn('SendGrid', [a['sender'] for a in advice['actions']])

    def test_subdomains_step_by_themselves(self):
        """p=reject; sp=none: subdomains whose mail passes go on, a step at a time; those whose mail fails stay."""
        def sub(passing):
            keys = [('example.com', 's1', 'pass')] if passing else []
            return row('192.0.2.10', 20, keys, ('x.example.com', 'none'), ('pass' if passing else 'fail', 'fail'), header_from='x.example.com')
        db, records = self.db, {}
        for published in ('p=reject; sp=none', 'p=reject; sp=quarantine', 'p=quarantine; sp=none'):
            for passing in (True, False):
                zone = ZONE.replace('p=none', published) + 'x.example.com A 192.0.2.80\n'
                self.db = f'{db}-{len(records)}'
                shutil.rmtree(self.dir / 'xml', ignore_errors=True)
                advice = self.world(lambda day: OWN * 4 + [sub(passing)] + spoof(day), zone, published.split(';')[0][2:])
                move = advice['move']
                records[published, passing] = (move['action'], *(t for t in move['record'].split('; ') if t.startswith(('p=', 'sp='))))
        self.assertEqual(records, {
            ('p=reject; sp=none', True): ('advance', 'p=reject', 'sp=quarantine'),
            ('p=reject; sp=none', False): ('hold', 'p=reject', 'sp=none'),
            ('p=reject; sp=quarantine', True): ('advance', 'p=reject', 'sp=reject'),
            ('p=reject; sp=quarantine', False): ('retreat', 'p=reject', 'sp=none'),
            ('p=quarantine; sp=none', True): ('advance', 'p=reject', 'sp=none'),
            ('p=quarantine; sp=none', False): ('advance', 'p=reject', 'sp=none'),
        })

    def test_names_that_do_not_exist_are_locked(self):
        """Subdomains stay at sp=none for their own mail; what comes from names that nobody made is forged, and np says so."""
        shop = row('192.0.2.10', 30, [], ('shop.example.com', 'none'), header_from='shop.example.com')
        forged = [row(f'203.0.113.{n}', 2, header_from='invoice.example.com') for n in range(100, 110)]
        advice = self.world(lambda day: OWN + [shop] + forged, ZONE + 'shop.example.com A 192.0.2.80\n')
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])
        tags = advice['move']['record'].split('; ')
        self.assertTrue({'p=quarantine', 'sp=none', 'np=quarantine'} <= set(tags), tags)

    def test_own_mail_from_a_name_that_does_not_exist(self):
        """A host of the owner sends as its bare name, which is not in DNS: np does not cost it."""
        cron = row('192.0.2.10', 30, [], ('web7.example.com', 'none'), header_from='web7.example.com')
        advice = self.world(lambda day: OWN + [cron])
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])
        tags = advice['move']['record'].split('; ')
        self.assertTrue({'p=quarantine', 'sp=none'} <= set(tags), tags)
        self.assertFalse([t for t in tags if t.startswith('np=') and t != 'np=none'])

    def test_accounts_of_the_owner_at_one_service(self):
        """One account is set up, another is not: it is the owner's all the same, and named to be fixed."""
        good = row('203.0.113.66', 20, [('example.com', 's1', 'pass'), ('sendgrid.net', 'k', 'pass')], ('em1.example.com', 'pass'), ('pass', 'pass'))
        bad = row('203.0.113.67', 6, [('sendgrid.net', 'k', 'pass')], ('em2.sendgrid.net', 'pass'))
        zone = ZONE + host('203.0.113.66', 'o1.ptr.outbound-mail.sendgrid.net') + host('203.0.113.67', 'o2.ptr.outbound-mail.sendgrid.net') \
            + 'em1.example.com TXT "v=spf1 ip4:203.0.113.66 -all"\n'
        advice = self.world(lambda day: OWN + [good, bad], zone)
        got = self.judged(advice, legitimate=['203.0.113.66', '203.0.113.67'])
        self.assertEqual(got['203.0.113.66'], 'compliant')
        self.assertIn(got['203.0.113.67'], ('fixable', 'unknown'))
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertIn('SendGrid', [a['sender'] for a in advice['actions']])

    def test_key_that_vanished_under_reject(self):
        """Gone for a week: what it carried is lost now, whatever the share over the month is."""
        zone = ZONE.replace('p=none', 'p=reject') + host('198.51.100.99', 'm.esp.example')
        signed = row('198.51.100.99', 20, [('example.com', 'k7', 'pass')], ('b.esp.example', 'pass'), ('pass', 'fail'))
        lost = row('198.51.100.99', 20, [('example.com', 'k7', 'permerror')], ('b.esp.example', 'pass'), disposition='reject')
        advice = self.world(lambda day: OWN + [signed if day < 23 else lost], zone, 'reject')
        self.assertEqual((self.verdicts(advice)['198.51.100.99'], self.causes(advice)['198.51.100.99']), ('fixable', 'key-missing'))
        self.assertEqual(advice['move']['action'], 'retreat')
        action = advice['actions'][0]
        self.assertEqual((action['id'], self.period(action)), ('publish-dkim-key', (8, None)))

    def test_what_was_wrong_is_said_of_what_is_fixed(self):
        """An address added to SPF since, and a record of the subdomain that its mail wants changed."""
        added = row('192.0.2.11', 10)
        sub = row('192.0.2.10', 20, [], ('x.example.com', 'fail'), header_from='x.example.com')
        zone = ZONE + 'x.example.com TXT "v=spf1 ip4:192.0.2.99 -all"\nx.example.com A 192.0.2.80\n' + host('192.0.2.11', 'mail.hoster.example')
        advice = self.world(lambda day: OWN + [sub] + ([added] if day < 12 else []), zone)
        self.assertEqual((self.verdicts(advice)['192.0.2.11'], self.causes(advice)['192.0.2.11']), ('fixed', 'not-in-spf'))
        action = next(a for a in advice['actions'] if a['id'] == 'authorise-in-spf')
        self.assertEqual((action['record'], action['recovers_messages']), (None, 20 * 60))
        self.assertIn('SPF record of x.example.com', action['fix'])

    def test_free_mailboxes_of_strangers(self):
        """Mail from free mailboxes, signed by their provider, which the owner does not use."""
        zone = ZONE + host('203.0.113.50', 'mail-ed1-f41.google.com')
        mail = row('203.0.113.50', 1, [('gmail.com', '20230601', 'pass')], ('gmail.com', 'pass'))
        advice = self.world(lambda day: OWN + [mail], zone)
        self.assertEqual(self.verdicts(advice)['203.0.113.50'], 'unknown')


if __name__ == '__main__':
    support.main()
