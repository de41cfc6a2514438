"""A Dovecot of a test's own: its own configuration, folders and ports on 127.0.0.1; nothing of the system's is touched."""
import grp, os, pathlib, pwd, shutil, socket, subprocess, time

class Missing(Exception):
    """Dovecot or openssl is not installed."""

def make_authority(folder, names):
    """A CA and a server certificate signed by it: ca.pem, cert.pem, key.pem."""
    def openssl(*args):
        subprocess.run(['openssl', *args], cwd=folder, check=True, capture_output=True)
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Test CA')
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.csr', '-subj', '/CN=mail.example.com')
    (folder / 'ext').write_text('subjectAltName=' + ','.join(names) + '\n')
    openssl('x509', '-req', '-in', 'cert.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'cert.pem', '-days', '30', '-extfile', 'ext')

def free_ports(n):
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports

class Dovecot:
    """One user, USER, with PASSWORD. .imap and .imaps are the ports."""
    USER, PASSWORD = 'rua@example.com', 'a secret "with\\ marks'

    def __init__(self, folder, settings=''):
        self.program = shutil.which('dovecot') or shutil.which('dovecot', path='/usr/sbin')
        if self.program is None or shutil.which('openssl') is None or not os.path.exists('/usr/lib/dovecot/imap'):
            raise Missing('dovecot-imapd is not installed')
        self.dir = pathlib.Path(folder) / 'dovecot'
        self.dir.mkdir()
        self.imap, self.imaps = free_ports(2)
        root = os.geteuid() == 0 # who may not read mail as root, says Dovecot
        self.owner = pwd.getpwnam('nobody') if root else pwd.getpwuid(os.geteuid())
        me = pwd.getpwuid(os.geteuid()).pw_name
        internal, login = ('dovecot', 'dovenull') if root else (me, me)
        group = 'dovecot' if root else grp.getgrgid(os.getegid()).gr_name
        make_authority(self.dir, ['DNS:localhost', 'DNS:mail.localhost', 'IP:127.0.0.1'])
        (self.dir / 'users').write_text(f'{self.USER}:{{PLAIN}}{self.PASSWORD}\n')
        self.mail = self.dir / 'mail'
        for sub in ('cur', 'new', 'tmp'):
            (self.mail / sub).mkdir(parents=True)
        unchrooted = '\n'.join(f'service {s} {{\n  chroot =\n}}' for s in ('anvil', 'imap-login', 'stats')) if not root else ''
        (self.dir / 'conf').write_text(f'''
base_dir = {self.dir}/run
state_dir = {self.dir}/state
log_path = {self.dir}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{self.dir}/cert.pem
ssl_key = <{self.dir}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{self.mail}
passdb {{
  driver = passwd-file
  args = {self.dir}/users
}}
userdb {{
  driver = static
  args = uid={self.owner.pw_uid} gid={self.owner.pw_gid} home={self.dir}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = {self.imaps}
    ssl = yes
  }}
}}
{unchrooted}
{settings}
''')
        (self.dir / 'home').mkdir()
        self.give_away()
        self.start()

    def give_away(self):
        if os.geteuid() == 0:
            for folder in (self.dir.parent, self.dir):
                folder.chmod(0o711)
            subprocess.run(['chown', '-R', f'{self.owner.pw_uid}:{self.owner.pw_gid}', self.mail, self.dir / 'home'], check=True)

    def start(self):
        self.process = subprocess.Popen([self.program, '-F', '-c', str(self.dir / 'conf')], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError(self.process.stderr.read().decode())
            try:
                with socket.create_connection(('127.0.0.1', self.imap), 1) as s:
                    if s.recv(10).startswith(b'* OK'):
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError('dovecot does not answer: ' + self.log())

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()

    def log(self):
        path = self.dir / 'log'
        return path.read_text() if path.exists() else ''

    def deliver(self, *mails, folder=''):
        """Into new/, as a delivery agent does."""
        top = self.mail / folder
        for i, content in enumerate(mails):
            self.n = getattr(self, 'n', 0) + 1
            name = f'17000{self.n:06}.M{self.n}.host'
            (top / 'tmp' / name).write_bytes(content)
            if os.geteuid() == 0:
                os.chown(top / 'tmp' / name, self.owner.pw_uid, self.owner.pw_gid)
            os.rename(top / 'tmp' / name, top / 'new' / name)

    def connect(self):
        import imaplib
        client = imaplib.IMAP4('127.0.0.1', self.imap)
        client.login(self.USER, self.PASSWORD)
        return client

    def folder(self, name='INBOX'):
        """Of each mail: its flags, in order; None when there is no such folder."""
        client = self.connect()
        try:
            if client.select(f'"{name}"', readonly=True)[0] != 'OK':
                return None
            answer = client.uid('FETCH', '1:*', '(FLAGS)')[1]
            return [line.decode().split('FLAGS (')[1].split(')')[0].replace('\\Recent', '').strip() for line in answer if line]
        finally:
            client.logout()
