"""What the tests of the built program share: a sandbox with its own home, a runner, small reports and mails."""
import base64, gzip, json, os, pathlib, shutil, subprocess, sys, tempfile, unittest

MARQUE = os.path.abspath(os.environ.get('MARQUE', 'build/sanitize/marque'))
SKIPPED = 77

def report(domain='example.com', reporter='reporter.example', report_id='r-1', begin=1700006400, p='none', records=None):
    """An aggregate report; records: (source, count, dkim, spf) or whole XML of a record."""
    def record(source, count, dkim='pass', spf='pass', disposition='none', header_from=None, d=None, s='s1'):
        return f'''<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}</disposition>
<dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>{header_from or domain}</header_from></identifiers>
<auth_results><dkim><domain>{d or domain}</domain><selector>{s}</selector><result>{dkim}</result></dkim>
<spf><domain>{d or domain}</domain><result>{spf}</result></spf></auth_results></record>'''
    rows = records if records is not None else [('192.0.2.1', 10), ('198.51.100.7', 5, 'fail', 'fail')]
    body = ''.join(r if isinstance(r, str) else record(*r) for r in rows)
    return f'''<?xml version="1.0" encoding="UTF-8"?><feedback><report_metadata><org_name>{reporter}</org_name><email>dmarc@reporter.example</email>
<report_id>{report_id}</report_id><date_range><begin>{begin}</begin><end>{begin + 86399}</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>{p}</p><pct>100</pct></policy_published>{body}</feedback>'''.encode()

def mail(xml, name='report.xml.gz', subject='Report Domain: example.com'):
    packed = base64.encodebytes(gzip.compress(xml, mtime=0)).decode()
    return f'''From: dmarc@reporter.example\r\nTo: reports@example.com\r\nSubject: {subject}\r\nDate: Wed, 15 Nov 2023 01:00:00 +0000\r
MIME-Version: 1.0\r\nContent-Type: application/gzip; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'''.encode() + packed.replace('\n', '\r\n').encode()

class Case(unittest.TestCase):
    """Each test has a folder of its own, with home, configuration and database inside."""
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='marque-cli-'))
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.db = str(self.dir / 'test.db')
        self.env = {k: v for k, v in os.environ.items() if k not in ('MARQUE_DATABASE', 'NO_COLOR', 'COLUMNS')}
        self.env.update(HOME=str(self.dir), XDG_DATA_HOME=str(self.dir / 'data'), XDG_CONFIG_HOME=str(self.dir / 'config'))

    def raw(self, *args, input=b'', env=None):
        return subprocess.run([MARQUE, *map(str, args)], input=input, capture_output=True, env=env or self.env, cwd=self.dir, timeout=300)

    def run_marque(self, *args, status=0, database=True, **kw):
        done = self.raw(*(['-d', self.db] if database else []), *args, **kw)
        self.assertEqual(done.returncode, status, f'{args}: {done.stderr.decode(errors="replace")}')
        if status >= 2:
            self.assertEqual(done.stdout, b'', 'a failure prints nothing')
            self.assertRegex(done.stderr.decode(), r'\Amarque: [^\n]+\n\Z', 'an error is one line')
        return done

    def disk_of(self, megabytes):
        """A small disk of its own, with the database on it; only root can have one."""
        disk = self.dir / 'disk'
        disk.mkdir()
        mount = ['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'none', disk]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
            self.skipTest('a small disk cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', '-l', disk], capture_output=True)
        self.db = str(disk / 'test.db')
        return disk

    def text(self, *args, **kw):
        return self.run_marque(*args, **kw).stdout.decode()

    def json(self, *args, **kw):
        out = self.run_marque(*args, '--format', 'json', **kw).stdout
        document = json.loads(out)
        self.assertTrue(list(document)[0] == 'schema' and document['schema'] == f'marque.{args[0]}/1')
        return document

    def error(self, *args, status=2, **kw):
        return self.run_marque(*args, status=status, **kw).stderr.decode()

    def maildir(self, *mails):
        box = self.dir / 'box'
        for sub in ('cur', 'new', 'tmp'):
            (box / sub).mkdir(parents=True, exist_ok=True)
        for i, content in enumerate(mails):
            (box / 'new' / f'17000000{i:02}.M{i}.host').write_bytes(content)
        return box

    def file(self, content, name='one.xml'):
        (self.dir / name).write_bytes(content)
        return self.dir / name

    def ingest(self, *xmls, status=0):
        """Writes each as a file and reads them all."""
        folder = self.dir / 'xml'
        folder.mkdir(exist_ok=True)
        for xml in xmls:
            (folder / f'{len(list(folder.iterdir()))}.xml').write_bytes(xml)
        return self.json('ingest', folder, status=status)

def main():
    unittest.main(verbosity=1)
