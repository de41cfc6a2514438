#!/usr/bin/env python3
"""marque advise in simulated worlds: reports and a DNS zone whose truth is known, through the real program."""
import support
from worlds import BEGIN, DAY, FORWARDED, KEY, LAST, LIST, NEWSLETTER, OWN, ZONE, Worlds, row, spoof


class Advise(Worlds):
    def test_ready_domain_advances(self):
        advice = self.world(lambda day: OWN + [FORWARDED] + spoof(day))
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'quarantine'), advice['gates'])
        self.assertIn('p=quarantine', advice['move']['record'])
        self.assertIn('fo=1', advice['move']['record'])
        self.assertEqual(advice['impact']['quarantine']['legitimate'], 0)
        self.assertEqual(self.verdicts(advice)['192.0.2.10'], 'compliant')
        self.assertEqual({v for ip, v in self.verdicts(advice).items() if ip.startswith('203.0.113.1') and ip != '203.0.113.90'}, {'threat'})

    def test_misconfigured_service_holds(self):
        advice = self.world(lambda day: OWN + [NEWSLETTER])
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertEqual(self.verdicts(advice)['203.0.113.66'], 'fixable')
        self.assertEqual(advice['actions'][0]['id'], 'enable-dkim')
        self.assertEqual(advice['actions'][0]['sender'], 'SendGrid')
        self.assertEqual(advice['actions'][0]['recovers_messages'], 20 * 60)

    def test_list_is_a_forwarder(self):
        advice = self.world(lambda day: OWN + [LIST])
        self.assertEqual(self.verdicts(advice)['203.0.113.91'], 'forwarder')
        self.assertEqual(advice['impact']['reject']['forwarded'], 3 * 60)
        self.assertEqual(advice['impact']['reject']['legitimate'], 0)

    def test_list_users_hold_before_reject(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        advice = self.world(lambda day: OWN + [LIST], zone, 'quarantine')
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'mailing-lists'))

    def test_goal_quarantine_is_done(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        advice = self.world(lambda day: OWN + [LIST], zone, 'quarantine', 30, '--goal', 'quarantine')
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('done', 'quarantine'))

    def test_quarantine_to_reject(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        advice = self.world(lambda day: OWN + spoof(day), zone, 'quarantine')
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'reject'), advice['gates'])

    def test_address_missing_from_spf(self):
        host = row('192.0.2.77', 10)
        zone = ZONE + '77.2.0.192.in-addr.arpa PTR app.example.com\napp.example.com A 192.0.2.77\n'
        advice = self.world(lambda day: OWN + [host], zone)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertEqual(self.verdicts(advice)['192.0.2.77'], 'fixable')
        action = advice['actions'][0]
        self.assertEqual(action['id'], 'authorise-in-spf')
        self.assertIn('ip4:192.0.2.77', action['record'])
        self.assertTrue(action['record'].endswith('-all'))

    def test_address_added_since_is_fixed(self):
        host = row('192.0.2.11', 10)
        advice = self.world(lambda day: OWN + [host] if day < 20 else OWN)
        self.assertEqual(self.verdicts(advice)['192.0.2.11'], 'fixed')
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_vanished_key_is_lost_mail(self):
        only_signed = [row('198.51.100.99', 40, [('example.com', 'gone', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))]
        advice = self.world(lambda day: OWN + only_signed)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertEqual(advice['actions'][0]['id'], 'publish-dkim-key')
        self.assertGreater(advice['impact']['quarantine']['legitimate'], 0)

    def test_vanished_key_under_reject_retreats(self):
        zone = ZONE.replace('p=none', 'p=reject')
        only_signed = [row('198.51.100.99', 40, [('example.com', 'gone', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))]
        advice = self.world(lambda day: OWN + only_signed, zone, 'reject')
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('retreat', 'quarantine'))

    def test_spf_only_is_no_ground_for_reject(self):
        zone = ZONE.replace('p=none', 'p=quarantine')
        unsigned = [row('192.0.2.10', 40, [], ('example.com', 'pass'), ('fail', 'pass'))]
        advice = self.world(lambda day: unsigned, zone, 'quarantine')
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dkim-coverage'))

    def test_too_few_days(self):
        advice = self.world(lambda day: OWN, days=9)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'coverage'))

    def test_no_record_is_published(self):
        zone = ''.join(line + '\n' for line in ZONE.splitlines() if '_dmarc' not in line)
        advice = self.world(lambda day: OWN, zone)
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('publish', 'none'))
        self.assertTrue(advice['move']['record'].startswith('v=DMARC1; p=none'))
        self.assertIsNone(advice['published']['p'])

    def test_several_records_are_merged(self):
        zone = ZONE + '_dmarc.example.com TXT "v=DMARC1; p=reject"\n'
        advice = self.world(lambda day: OWN, zone)
        self.assertEqual(advice['move']['action'], 'publish')
        self.assertIn('merge-dmarc', [action['id'] for action in advice['actions']])

    def test_parked_domain_is_locked(self):
        zone = """
example.com MX 0 .
example.com TXT "v=spf1 -all"
_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"
"""
        advice = self.world(spoof, zone)
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'reject'))
        self.assertIn('rua=mailto:dmarc@example.com', advice['move']['record'])

    def test_silent_dns_never_advances(self):
        zone = ''.join(line + '\n' for line in ZONE.splitlines() if '_dmarc' not in line) + '_dmarc.example.com !SERVFAIL\n'
        advice = self.world(lambda day: OWN, zone)
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dns-health'))

    def test_silent_key_never_advances(self):
        only_signed = [row('198.51.100.99', 40, [('example.com', 'slow', 'pass')], ('b.mailer.example', 'pass'), ('pass', 'fail'))]
        advice = self.world(lambda day: only_signed, ZONE + 'slow._domainkey.example.com !SERVFAIL\n')
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dns-health'))

    def test_label_wins(self):
        self.ingest(support.report())
        self.run_marque('label', 'example.com', '203.0.113.66', 'threat')
        advice = self.world(lambda day: OWN + [NEWSLETTER])
        self.assertEqual(self.verdicts(advice)['203.0.113.66'], 'threat')
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_shadow_service_is_no_threat(self):
        shadow = row('203.0.113.20', 5, [('mail.unlisted.example', 'k', 'pass')], ('b.unlisted.example', 'pass'))
        zone = ZONE + '20.113.0.203.in-addr.arpa PTR out.unlisted.example\nout.unlisted.example A 203.0.113.20\n'
        advice = self.world(lambda day: OWN + [shadow], zone)
        self.assertEqual(self.verdicts(advice)['203.0.113.20'], 'unknown')
        self.assertEqual(advice['move']['action'], 'hold')

    def test_what_if(self):
        advice = self.world(lambda day: OWN + spoof(day), ZONE, 'none', 30, '--what-if', 'v=DMARC1; p=reject; adkim=s; aspf=s')
        self.assertEqual(advice['what_if']['legitimate'], 0)
        self.assertGreater(advice['what_if']['threat'], 0)

    def test_sender_fixed_a_week_ago(self):
        failing = row('203.0.113.66', 20, [('sendgrid.net', 'smtpapi', 'pass')], ('em1.sendgrid.net', 'pass'))
        fixed = row('203.0.113.66', 20, [('example.com', 's1', 'pass'), ('sendgrid.net', 'smtpapi', 'pass')], ('em1.sendgrid.net', 'pass'),
                    ('pass', 'fail'))
        advice = self.world(lambda day: OWN + [failing if day < 23 else fixed])
        self.assertEqual(self.verdicts(advice)['203.0.113.66'], 'fixed')
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_what_pauses_is_not_fixed(self):
        """A newsletter on Tuesdays from an address that sends other mail, which passes, each day."""
        weekly = row('198.51.100.3', 60, [('mailer.example', 'm', 'pass')], ('b.mailer.example', 'pass'))
        daily = row('198.51.100.3', 10, [('example.com', 's1', 'pass')], ('example.com', 'pass'), ('pass', 'pass'))
        advice = self.world(lambda day: OWN + [daily] + ([weekly] if day % 7 == 3 else []))
        self.assertNotEqual(self.verdicts(advice)['198.51.100.3'], 'fixed')
        self.assertEqual(advice['move']['action'], 'hold', advice['gates'])

    def vanish(self, then):
        """An alarm, whatever word receivers have for it."""
        zone = ZONE.replace('s1._domainkey', 's2._domainkey') + '99.100.51.198.in-addr.arpa PTR m.esp.example\nm.esp.example A 198.51.100.99\n'
        own = [row('192.0.2.10', 40, [('example.com', 's2', 'pass')], ('example.com', 'pass'), ('pass', 'pass'))]
        signed = [row('198.51.100.99', 20, [('example.com', 's1', 'pass')], ('b.esp.example', 'pass'), ('pass', 'fail'))]
        broken = [row('198.51.100.99', 20, [('example.com', 's1', then)], ('b.esp.example', 'pass'))]
        advice = self.world(lambda day: own + (signed if day < 23 else broken), zone)
        self.assertEqual((self.verdicts(advice)['198.51.100.99'], self.causes(advice)['198.51.100.99']), ('fixable', 'key-missing'))
        self.assertEqual((advice['actions'][0]['id'], advice['actions'][0]['recovers_messages']), ('publish-dkim-key', 20 * 60))
        self.assertEqual(advice['move']['action'], 'hold')

    def test_key_that_vanished_last_week(self):
        self.vanish('permerror')

    def test_key_that_vanished_last_week_and_simply_fails(self):
        self.vanish('fail')

    def test_srs_forwarder_with_a_broken_signature(self):
        srs = row('203.0.113.92', 2, [('example.com', 's1', 'fail')], ('forwarder.example.net', 'pass'))
        advice = self.world(lambda day: OWN + [srs])
        self.assertEqual(self.verdicts(advice)['203.0.113.92'], 'forwarder')
        self.assertEqual(advice['impact']['quarantine']['legitimate'], 0)
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_who_says_forwarded_matters(self):
        """A careless reporter calls a botnet forwarded; a careful one knows of ARC."""
        bots = [f'203.0.113.{i}' for i in range(100, 112)]
        reports = [support.report(reporter='one.example', report_id=f'a-{day}', begin=BEGIN + day * DAY, records=OWN + [
            row(bots[day % 12], 3, reason='forwarded')]) for day in range(30)]
        arc = row('203.0.113.95', 3, [], ('example.com', 'softfail')).replace(
            '</policy_evaluated>', '<reason><type>local_policy</type><comment>arc=pass as.1.relay.example.net=pass</comment></reason></policy_evaluated>')
        reports += [support.report(reporter='google.com', report_id=f'g-{day}', begin=BEGIN + day * DAY, records=OWN + [arc]) for day in range(30)]
        self.ingest(*reports)
        advice = self.json('advise', 'example.com', '--as-of', LAST, '--resolver', self.file(ZONE.encode(), 'dns.zone'))['domains'][0]
        got = self.judged(advice, threat=bots)
        self.assertEqual({got[ip] for ip in bots}, {'threat'})
        self.assertEqual(got['203.0.113.95'], 'forwarder')

    def test_shared_service_used_by_owner_and_spoofer(self):
        zone = ZONE.replace('include:_spf.mailer.example', 'include:_spf.mailer.example include:sendgrid.net') + \
            'sendgrid.net TXT "v=spf1 ip4:203.0.113.64/28 -all"\n66.113.0.203.in-addr.arpa PTR o1.outbound-mail.sendgrid.net\n' \
            'o1.outbound-mail.sendgrid.net A 203.0.113.66\n67.113.0.203.in-addr.arpa PTR o2.outbound-mail.sendgrid.net\n' \
            'o2.outbound-mail.sendgrid.net A 203.0.113.67\n'
        ours = row('203.0.113.66', 20, [('example.com', 's1', 'pass'), ('sendgrid.net', 'k', 'pass')], ('em.example.com', 'pass'), ('pass', 'pass'))
        theirs = row('203.0.113.67', 5, [('pills.example.net', 'p', 'pass'), ('sendgrid.net', 'k', 'pass')], ('em.pills.example.net', 'pass'))
        bare = row('203.0.113.67', 1, [('sendgrid.net', 'k', 'pass')], ('em9.pills.example.net', 'pass'))
        advice = self.world(lambda day: OWN + [ours, theirs, bare], zone + 'em.example.com TXT "v=spf1 include:sendgrid.net -all"\n')
        got = self.judged(advice, legitimate=['203.0.113.66'], threat=['203.0.113.67'])
        self.assertEqual((got['203.0.113.66'], got['203.0.113.67']), ('compliant', 'threat'))
        self.assertEqual(advice['impact']['reject']['legitimate'], 0)
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_botnet_with_a_long_tail(self):
        """Hundreds of blocks, some on many days, some with a signature of ours played back."""
        def bots(day):
            return [row(f'198.18.{(day * 13 + i) % 60}.{1 + i}', 1, [('example.com', 's1', 'fail')] if i % 3 == 0 else []) for i in range(20)]
        advice = self.world(lambda day: OWN + bots(day))
        got = self.verdicts(advice)
        self.assertEqual({v for ip, v in got.items() if ip.startswith('198.18.')}, {'threat'})
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_snowshoe_with_its_own_valid_spf(self):
        """Each day another well-kept host with another domain that passes SPF and DKIM as itself."""
        zone = ZONE + ''.join(f'{d}.113.0.203.in-addr.arpa PTR mx.offer{d}.example.net\nmx.offer{d}.example.net A 203.0.113.{d}\n'
                              f'_dmarc.offer{d}.example.net TXT "v=DMARC1; p=none; psd=n"\n' for d in range(1, 31))
        advice = self.world(lambda day: OWN + [row(f'203.0.113.{day + 1}', 8, [(f'offer{day + 1}.example.net', 'k', 'pass')],
                                                   (f'offer{day + 1}.example.net', 'pass'))], zone)
        got = self.judged(advice, threat=[f'203.0.113.{d}' for d in range(1, 31)])
        self.assertEqual(advice['impact']['reject']['legitimate'], 0)
        self.assertEqual(got['192.0.2.10'], 'compliant')
        self.assertEqual([name for _, _, name in self.asked if name.startswith('_dmarc.offer')], [], 'strangers need no question')

    def test_compromised_host_in_the_owners_range(self):
        advice = self.world(lambda day: OWN + ([row('192.0.2.200', 50)] if 20 <= day < 22 else []))
        self.assertEqual(self.verdicts(advice)['192.0.2.200'], 'unknown')
        self.assertIn('marque label', [a['fix'] for a in advice['actions'] if a['id'] == 'investigate'][0])

    def test_quiet_host_of_the_owner(self):
        zone = ZONE + '5.113.0.203.in-addr.arpa PTR printer.example.com\nprinter.example.com A 203.0.113.5\n'
        advice = self.world(lambda day: OWN + ([row('203.0.113.5', 1)] if day % 9 == 0 else []), zone)
        self.assertEqual((self.verdicts(advice)['203.0.113.5'], self.causes(advice)['203.0.113.5']), ('fixable', 'not-in-spf'))
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])

    def test_monthly_run_is_no_threat(self):
        zone = ZONE + '20.113.0.203.in-addr.arpa PTR out.billing.example.net\nout.billing.example.net A 203.0.113.20\n'
        run = row('203.0.113.20', 400, [('billing.example.net', 'k', 'pass')], ('billing.example.net', 'pass'))
        advice = self.world(lambda day: OWN + ([run] if day == 16 else []), zone)
        self.assertEqual(self.verdicts(advice)['203.0.113.20'], 'unknown')
        self.assertEqual(advice['move']['action'], 'hold')

    def test_bounces_without_envelope(self):
        bounce = row('192.0.2.10', 2, [], ('mx.example.com', 'none')).replace('<scope>mfrom</scope>', '<scope>helo</scope>').replace(
            '<envelope_from>mx.example.com</envelope_from>', '<envelope_from></envelope_from>')
        advice = self.world(lambda day: OWN + [bounce])
        action = next(a for a in advice['actions'] if a['id'] == 'enable-dkim')
        self.assertIn('ounces', action['title'] + action['fix'])
        self.judged(advice, legitimate=['192.0.2.10'])

    def test_more_than_ten_lookups(self):
        includes = ' '.join(f'include:s{i}.mailer.example' for i in range(12))
        zone = ZONE.replace('include:_spf.mailer.example -all', f'{includes} ip4:192.0.2.77 -all') + ''.join(
            f's{i}.mailer.example TXT "v=spf1 ip4:198.51.100.{i} -all"\n' for i in range(12)) + \
            '77.2.0.192.in-addr.arpa PTR app.example.com\napp.example.com A 192.0.2.77\n'
        advice = self.world(lambda day: OWN + [row('192.0.2.77', 9, [], ('example.com', 'permerror'))], zone)
        self.assertEqual((self.verdicts(advice)['192.0.2.77'], self.causes(advice)['192.0.2.77']), ('fixable', 'spf-broken'))
        self.assertEqual(advice['actions'][0]['id'], 'shorten-spf')
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'dns-health'))

    def test_strict_alignment(self):
        zone = ZONE.replace('fo=1', 'fo=1; adkim=s; aspf=s') + f's9._domainkey.news.example.com TXT "v=DKIM1; p={KEY}"\n'
        news = row('198.51.100.4', 20, [('news.example.com', 's9', 'pass')], ('b.mailer.example', 'pass'))
        advice = self.world(lambda day: OWN + [news], zone)
        self.assertEqual((self.verdicts(advice)['198.51.100.4'], self.causes(advice)['198.51.100.4']), ('fixable', 'strict-alignment'))
        action = next(a for a in advice['actions'] if a['id'] == 'relax-alignment')
        self.assertNotIn('adkim', action['record'])
        self.assertEqual(advice['move']['action'], 'hold')

    def test_body_changed_by_the_owners_gateway(self):
        advice = self.world(lambda day: OWN + [row('192.0.2.78', 9, [('example.com', 's1', 'fail')])],
                            ZONE + '78.2.0.192.in-addr.arpa PTR gw.example.com\ngw.example.com A 192.0.2.78\n')
        self.assertEqual(self.verdicts(advice)['192.0.2.78'], 'fixable')
        self.assertEqual(advice['move']['action'], 'hold')

    def test_parked_domain_that_strangers_use_well(self):
        """Steady mail with valid SPF and names of its own is no mail of a domain that says it sends none."""
        zone = 'example.com MX 0 .\nexample.com TXT "v=spf1 -all"\n_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:d@example.com"\n' \
            '20.113.0.203.in-addr.arpa PTR out.pills.example\nout.pills.example A 203.0.113.20\n'
        advice = self.world(lambda day: [row('203.0.113.20', 4, [('pills.example', 'k', 'pass')], ('pills.example', 'pass'))], zone)
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'reject'))

    def test_subdomain_has_evidence_of_its_own(self):
        shop = row('203.0.113.30', 20, [('esp.example.net', 'k', 'pass')], ('esp.example.net', 'pass'), header_from='shop.example.com')
        self.ingest(support.report())
        self.run_marque('label', 'example.com', '203.0.113.30', 'legitimate')
        big = [row('192.0.2.10', 4000, [('example.com', 's1', 'pass')], ('example.com', 'pass'), ('pass', 'pass'))]
        advice = self.world(lambda day: big + [shop], ZONE + 'shop.example.com A 192.0.2.80\n')
        self.assertEqual(advice['move']['action'], 'advance', advice['gates'])
        self.assertIn('sp=none', advice['move']['record'])

    def test_trial_in_earnest(self):
        zone = ZONE.replace('p=none', 'p=quarantine; t=y')
        advice = self.world(lambda day: OWN + spoof(day), zone, 'quarantine')
        self.assertEqual((advice['move']['action'], advice['move']['to'], advice['move']['testing']), ('advance', 'quarantine', False))
        self.assertNotIn('t=y', advice['move']['record'])

    def test_pct_is_removed(self):
        zone = ZONE.replace('p=none', 'p=reject; pct=50')
        advice = self.world(lambda day: OWN + spoof(day), zone, 'reject')
        self.assertEqual((advice['move']['action'], advice['move']['to']), ('advance', 'reject'))
        self.assertNotIn('pct', advice['move']['record'])

    def test_what_if_knows_each_tag(self):
        sub = row('192.0.2.10', 10, [], ('x.example.com', 'fail'), header_from='x.example.com')
        gone = row('203.0.113.40', 10, [], ('y.example.com', 'fail'), header_from='y.example.com')
        zone = ZONE + 'x.example.com A 192.0.2.80\n'
        touched = {}
        for tags in ('p=none', 'p=reject', 'p=reject; sp=none', 'p=none; np=reject', 'p=quarantine; t=y', 'p=reject; t=y', 'p=reject; sp=none; np=quarantine'):
            what_if = self.world(lambda day: OWN + [sub, gone], zone, 'none', 30, '--what-if', 'v=DMARC1; ' + tags)['what_if']
            touched[tags] = sum(what_if[k] for k in ('legitimate', 'forwarded', 'threat', 'unknown'))
        self.assertEqual(touched, {'p=none': 0, 'p=reject': 1200, 'p=reject; sp=none': 0, 'p=none; np=reject': 600,
                                   'p=quarantine; t=y': 0, 'p=reject; t=y': 1200, 'p=reject; sp=none; np=quarantine': 600})

    def test_new_sender_in_the_last_fortnight(self):
        new = row('203.0.113.66', 8, [('sendgrid.net', 'smtpapi', 'pass')], ('em1.sendgrid.net', 'pass'))
        advice = self.world(lambda day: OWN + ([new] if day >= 25 else []))
        self.assertEqual(advice['move']['action'], 'hold')
        self.assertFalse(self.gate(advice, 'new-senders'))
        self.judged(advice, legitimate=['203.0.113.66'])

    def test_no_dns_at_all(self):
        self.ingest(*[support.report(reporter=who, report_id=f'{who}-{day}', begin=BEGIN + day * DAY, records=OWN)
                      for day in range(30) for who in ('one.example', 'two.example')])
        self.env.update(RES_OPTIONS='retrans:100 retry:1')
        done = self.raw('-d', self.db, 'advise', 'example.com', '--as-of', LAST, '--resolver', '127.0.0.1:1', '--format', 'json')
        self.assertEqual(done.returncode, 3)
        self.assertIn(b'"action": "hold"', done.stdout)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        done = self.raw('-d', self.db, 'summary', 'example.com', '--as-of', LAST, '--resolver', '127.0.0.1:1')
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (0, 1), done.stderr)

    def test_file_of_records_in_place_of_dns(self):
        self.ingest(*[support.report(reporter=who, report_id=f'{who}-{day}', begin=BEGIN + day * DAY, records=OWN)
                      for day in range(30) for who in ('one.example', 'two.example')])
        zone = ['--resolver', self.file(ZONE.encode(), 'planned.zone'), '--as-of', LAST]
        text = self.text('advise', 'example.com', *zone)
        self.assertTrue(text.startswith('example.com: Go to p=quarantine'), text)
        self.assertIn('\nPublish at _dmarc.example.com\n  v=DMARC1; p=quarantine;', text)
        self.assertIn('own servers of example.com', self.text('senders', 'example.com', '--resolve', *zone))
        self.assertNotIn('own servers', self.text('senders', 'example.com', '--as-of', LAST), 'what a file says is not kept')
        summary = self.json('summary', 'example.com', *zone)['domains'][0]
        self.assertEqual((summary['move']['action'], summary['needs_person']), ('advance', True))
        strict = self.json('advise', 'example.com', '--require', 'quarantine.volume=1e6', *zone)['domains'][0]
        self.assertEqual(strict['move']['action'], 'hold')
        self.assertFalse(self.gate(strict, 'volume'))
        for wrong in ('volume', 'volume=', 'volume=-1', 'volume=x', 'reject.size=1', 'none.volume=1'):
            self.error('advise', 'example.com', '--require', wrong, *zone)

    def test_all_domains_are_ranked(self):
        self.ingest(*[support.report(domain=d, reporter='one.example', report_id=d, begin=BEGIN + 29 * DAY, records=[row('192.0.2.10', 4, header_from=d)])
                      for d in ('example.com', 'unpublished.example')])
        zone = ['--resolver', self.file(ZONE.encode(), 'dns.zone'), '--as-of', LAST]
        lines = self.text('advise', *zone).splitlines()
        self.assertEqual([line.split()[0] for line in lines], ['Domain', 'unpublished.example', 'example.com'])


if __name__ == '__main__':
    support.main()
