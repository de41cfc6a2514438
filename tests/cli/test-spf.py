#!/usr/bin/env python3
"""marque spf: one sender or many, evaluated over real DNS packets."""
import json, os, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import support
from dnsserver import DnsServer

ZONE = '''
example.com TXT "v=spf1 mx include:_spf.mailer.example ip6:2001:db8::/32 -all exp=why.example.com"
example.com MX 10 mx.example.com
mx.example.com A 192.0.2.25
why.example.com TXT "%{i} may not send for %{d}"
_spf.mailer.example TXT "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/25 ~all"
soft.example TXT "v=spf1 a:mx.example.com ~all"
broken.example TXT "v=spf1 ipv4:192.0.2.1 -all"
slow.example TXT !TIMEOUT
deep.example TXT "v=spf1 include:deep1.example -all"
deep1.example TXT "v=spf1 include:deep2.example -all"
deep2.example TXT "v=spf1 ip4:192.0.2.1 -all"
'''
COMMANDS = ('ingest', 'reports', 'show', 'senders', 'failures', 'tls', 'summary', 'check', 'label', 'history', 'export', 'prune', 'status', 'advise', 'spf')

class Spf(support.Case):
    def spf(self, dns, *args, status=0, **kw):
        env = dict(self.env, RES_OPTIONS='retrans:200 retry:1')
        return self.run_marque('spf', '--resolver', dns.address, *args, status=status, env=env, **kw)

    def lines(self, dns, *lines, status=0):
        out = self.spf(dns, '--stdin', status=status, input='\n'.join(lines).encode() + b'\n').stdout
        return [json.loads(line) for line in out.splitlines()]

    def test_one(self):
        with DnsServer(ZONE) as dns:
            got = json.loads(self.spf(dns, '--format', 'json', '198.51.100.7', 'a@example.com').stdout)
            self.assertEqual(list(got)[0], 'schema')
            self.assertEqual((got['result'], got['matched'], got['domain'], got['lookups']), ('pass', 'include:_spf.mailer.example', 'example.com', 2))
            self.assertEqual([node['state'] for node in got['tree']], ['no-match', 'match', 'not-reached', 'not-reached', 'not-reached'])
            got = json.loads(self.spf(dns, '--format', 'json', '8.8.8.8', 'a@example.com').stdout)
            self.assertEqual((got['result'], got['explanation']), ('fail', '8.8.8.8 may not send for example.com'))
            got = json.loads(self.spf(dns, '--format', 'json', '192.0.2.25', '<>', 'soft.example').stdout)
            self.assertEqual((got['result'], got['domain']), ('pass', 'soft.example'))
            text = self.spf(dns, '198.51.100.7', 'a@example.com').stdout.decode()
            for word in ('pass', 'include:_spf.mailer.example', 'ip4:198.51.100.0/24', 'not-reached'):
                self.assertIn(word, text)

    def test_many_in_order(self):
        with DnsServer(ZONE) as dns:
            got = self.lines(dns, '192.0.2.25\ta@example.com', '2001:db8::1\texample.com\tmx.example', '::ffff:192.0.2.25\tsoft.example',
                             '8.8.8.8\tsoft.example', '8.8.8.8\tslow.example', '8.8.8.8\tbroken.example', '8.8.8.8\tnobody.example',
                             '8.8.8.8\t\tsoft.example')
            self.assertEqual([g['result'] for g in got], ['pass', 'pass', 'pass', 'softfail', 'temperror', 'permerror', 'none', 'softfail'])
            self.assertEqual([g['ip'] for g in got[:3]], ['192.0.2.25', '2001:db8::1', '192.0.2.25'])
            self.assertEqual({g['schema'] for g in got}, {'marque.spf/1'})
            self.assertIn('no reply', got[4]['problem'])

    def test_a_bad_line_is_said_in_its_place(self):
        with DnsServer(ZONE) as dns:
            got = self.lines(dns, '192.0.2.25\tsoft.example', 'no address\tsoft.example', '', '192.0.2.1', '1\t2\t3\t4',
                             'x' * 300000, '192.0.2.25\tsoft.example\r', '\x1b[31m\u202e\ta', status=1)
            self.assertEqual([g['result'] for g in got], ['pass', None, None, None, None, None, 'pass', None])
            self.assertEqual([g['problem'].split()[1].strip(':') for g in got if g['problem']], ['2', '3', '4', '5', '6', '8'])
            self.assertIn("'no address' is no IP address", got[1]['problem'])
            self.assertIn('longer than 4096', got[5]['problem'])
            self.assertFalse([c for c in got[7]['problem'] if c in '\x1b\u202e'])

    def test_ten_thousand_ask_once(self):
        with DnsServer(ZONE) as dns:
            got = self.lines(dns, *[f'{1 + i % 200}.{i // 200}.2.{i % 256}\tuser{i % 7}@soft.example' for i in range(10000)])
            self.assertEqual(len(got), 10000)
            self.assertEqual({g['result'] for g in got}, {'softfail'})
            self.assertEqual(got[9999]['ip'], '200.49.2.15')
            asked = dns.queries()
            self.assertEqual(len(asked), 2, asked)

    def test_many_wait_together(self):
        zone = ''.join(f'd{i}.example TXT "v=spf1 include:i{i}.example -all"\ni{i}.example TXT "v=spf1 ip4:192.0.2.1 -all"\n' for i in range(60))
        with DnsServer(zone) as dns:
            got = self.lines(dns, *[f'192.0.2.1\td{i}.example' for i in range(60)])
            self.assertEqual({g['result'] for g in got}, {'pass'})
            names = [q[2] for q in dns.queries()]
            self.assertEqual(len(names), 120)
            # the first of all were asked before any include was
            self.assertTrue(all(name.startswith('d') for name in names[:60]), names[:60])

    def test_an_answer_does_not_wait_for_the_next_line(self):
        with DnsServer(ZONE) as dns:
            run = subprocess.Popen([support.MARQUE, 'spf', '--resolver', dns.address, '--stdin'], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env=self.env)
            for address, want in (('192.0.2.25', 'pass'), ('8.8.8.8', 'softfail'), ('192.0.2.25', 'pass')):
                run.stdin.write(f'{address}\tsoft.example\n'.encode())
                run.stdin.flush()
                self.assertEqual(json.loads(run.stdout.readline())['result'], want)
            run.stdin.write(b'8.8.8.8\tsoft.example') # without an end
            run.stdin.close()
            self.assertEqual(json.loads(run.stdout.readline())['result'], 'softfail')
            self.assertEqual((run.stdout.read(), run.wait()), (b'', 0))
            run.stdout.close()

    def test_a_hostile_line_does_not_spoil_the_others(self):
        loops = ''.join(f'l{i}.example TXT "v=spf1 {" ".join(f"include:l{(i + j) % 12}.example" for j in range(1, 12))} -all"\n' for i in range(12))
        with DnsServer(ZONE + loops) as dns:
            got = self.lines(dns, *['8.8.8.8\tl0.example', '192.0.2.25\tsoft.example'] * 40)
            self.assertEqual({g['result'] for g in got[0::2]}, {'permerror'})
            self.assertEqual({g['result'] for g in got[1::2]}, {'pass'})

    def test_no_server(self):
        done = self.raw('spf', '--resolver', '127.0.0.1:9', '--stdin', input=b'192.0.2.1\ta.example\n192.0.2.1\tb.example\n',
                        env=dict(self.env, RES_OPTIONS='retrans:100 retry:1'))
        self.assertEqual(done.returncode, 3)
        self.assertEqual([json.loads(line)['result'] for line in done.stdout.splitlines()], ['temperror', 'temperror'])
        self.assertRegex(done.stderr.decode(), r'\Amarque: no DNS server replies[^\n]+\n\Z')

    def test_usage(self):
        for args in ((), ('192.0.2.1',), ('192.0.2.1', 'a', 'b', 'c'), ('--stdin', 'a'), ('nonsense', 'example.com')):
            self.error('spf', *args)
        for command in COMMANDS:
            for server in ('nonsense', '192.0.2.1:0', '192.0.2.1:x', '[2001:db8::1', ''):
                self.assertIn('--resolver', self.error(command, '--resolver', server))

if __name__ == '__main__':
    support.main()
