"""A Postfix of one's own on loopback: its configuration, queue, data and port are in a folder that goes with it.

    with Postfix() as host: …host.port…                 an SMTP server
    with Postfix(mailboxes='example.com') as host: …    one that also takes what host.sendmail() gives it, and delivers
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

MASTER = '''127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
trace unix - - n - 0 bounce
defer unix - - n - 0 bounce
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
qmgr unix n - n 300 1 qmgr
postlog unix-dgram n - n - 1 postlogd
'''
DELIVERY = '''pickup unix n - n 1 1 pickup
virtual unix - n n - - virtual
bounce unix - - n - 0 bounce
'''
MAIN = '''compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = mx.example.com
mydestination = {destination}
mynetworks = {networks}
inet_protocols = ipv4
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_peername_lookup = no
{tls}
{delivery}
'''


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Postfix:
    """An instance with a configuration, queue and port of its own."""

    def __init__(self, networks='192.0.2.255/32', certificate=None, mailboxes=None):
        self.folder = tempfile.mkdtemp(prefix='marque-postfix-')
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        tls = 'smtpd_tls_security_level = none'
        if certificate:
            tls = f'smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {certificate}.crt\nsmtpd_tls_key_file = {certificate}.key'
        for name in ('config', 'queue', 'data'):
            os.mkdir(os.path.join(self.folder, name))
        shutil.chown(os.path.join(self.folder, 'data'), 'postfix')
        self.write('main.cf', MAIN.format(folder=self.folder, networks=networks, tls=tls, destination='' if mailboxes else 'example.com',
                                          delivery=self.delivery(mailboxes) if mailboxes else ''))
        self.write('master.cf', MASTER.format(port=self.port) + (DELIVERY if mailboxes else ''))

    def delivery(self, domain):
        """Mail for anybody in the domain goes to one Maildir."""
        user = pwd.getpwnam('postfix')
        os.mkdir(os.path.join(self.folder, 'mail'))
        os.chown(os.path.join(self.folder, 'mail'), user.pw_uid, user.pw_gid)
        return (f'virtual_mailbox_domains = {domain}\nvirtual_mailbox_base = {self.folder}/mail\nvirtual_mailbox_maps = static:all/\n'
                f'virtual_uid_maps = static:{user.pw_uid}\nvirtual_gid_maps = static:{user.pw_gid}\nvirtual_minimum_uid = 1')

    def sendmail(self, message):
        """As `sendmail -t`: who it goes to is in the message."""
        return subprocess.run(['sendmail', '-C', os.path.join(self.folder, 'config'), '-t', '-i'], input=message, capture_output=True)

    def arrived(self):
        """The first mail in the Maildir, waited for."""
        new = os.path.join(self.folder, 'mail', 'all', 'new')
        for _ in range(200):
            if os.path.isdir(new) and os.listdir(new):
                with open(os.path.join(new, os.listdir(new)[0]), 'rb') as mail:
                    return mail.read()
            time.sleep(0.1)
        with open(self.output.name) as log:
            raise RuntimeError('no mail arrived: ' + log.read())

    def write(self, name, text):
        with open(os.path.join(self.folder, 'config', name), 'w') as out:
            out.write(text)

    def postfix(self, *args):
        return subprocess.run(['postfix', '-c', os.path.join(self.folder, 'config'), *args], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)

    def __enter__(self):
        self.postfix('check')
        self.output = open(os.path.join(self.folder, 'log'), 'w')
        self.process = subprocess.Popen(['postfix', '-c', os.path.join(self.folder, 'config'), 'start-fg'], stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=self.output, start_new_session=True)
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', self.port)) == 0:
                    return self
            time.sleep(0.1)
        with open(self.output.name) as log:
            text = log.read()
        self.__exit__()
        raise RuntimeError('postfix did not start: ' + text)

    def __exit__(self, *exc):
        self.postfix('stop')
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # the session that was started for it
            self.process.wait()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)
