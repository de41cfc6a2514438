#!/usr/bin/env python3
"""Draws docs/summary.png: the summary of sample-reports/ as a browser shows it. Wants chromium.

    cmake --preset sanitize && cmake --build --preset sanitize
    docs/make-picture.py

DNS is the test server of tests/support, with the zone below: the domains of the samples are nobody's.
"""
import base64
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get('MARQUE_BUILD', ROOT / 'build/sanitize'))
os.environ['MARQUE_BUILD'] = str(BUILD)
sys.path.insert(0, str(ROOT / 'tests/support'))
import browser
from dnsserver import DnsServer

KEY = ('v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnFGdA99Um/bBEotrYWpYUi9N7XUvIoWUojKCGikBndpdzwzyq3q3HgObNActyGbC'
       'nMrrYZSFYCj+YMCuUAQy89XUkEtHi6JUdEuu0mpsH0Xz6kl6Z9uRVgAAudGzfdnlNEqOaRDy+n0Psx9fbyOnU9B8nBboBIM4yVMkBqUG3orDw0zkkBV4iQBdVigCAocp'
       'LAM8x086MvJp0av0xa9PJaqN4hi+Pzdyv53VY1sKQiARmLpaEmn8/hR8ut2S8PPeesx83D4TRFx2LHflmq05K2+Om5XVwx+XZvg5kshSNTLIe6cNxfTYlWkhw1uFvQfA'
       'yZ8mK9dudKUlajgiQGY+nwIDAQAB')
ZONE = f'''
example.com MX 10 mx.example.com
mx.example.com A 192.0.2.17
example.com TXT "v=spf1 ip4:192.0.2.16/28 ip6:2001:db8:1000::/48 ip4:198.51.100.25 ip6:2001:db8:25::/48 -all"
_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"
provider2026._domainkey.example.com TXT "{KEY}"
billing._domainkey.example.com TXT "{KEY}"
17.2.0.192.in-addr.arpa PTR mx.example.com
'''
WIDTH, HEIGHT = 960, 1040


def main():
    with tempfile.TemporaryDirectory() as folder, DnsServer(ZONE) as dns, browser.Browser() as chromium:
        marque = [BUILD / 'marque', '-d', f'{folder}/samples.db']
        page = pathlib.Path(folder, 'summary.html')
        subprocess.run([*marque, 'ingest', ROOT / 'sample-reports'], stdout=subprocess.DEVNULL, env=dns.env)
        subprocess.run([*marque, 'label', 'example.com', 'newsletter.example', 'legitimate'], check=True, env=dns.env)
        subprocess.run([*marque, 'summary', 'example.com', '--as-of', '2026-11-22', '--resolver', dns.address, '--format', 'html',
                        '--output', page], check=True, env=dns.env)
        view = chromium.open(page)
        view.size(WIDTH, HEIGHT)
        view.theme('light')
        view.call('Emulation.setScrollbarsHidden', hidden=True)
        picture = base64.b64decode(view.call('Page.captureScreenshot', format='png', optimizeForSpeed=False)['data'])
    (ROOT / 'docs/summary.png').write_bytes(picture)


main()
