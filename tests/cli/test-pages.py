#!/usr/bin/env python3
"""The pages in a real browser: nothing is fetched, nothing complained of, all text legible in light and dark, no
sideways scrolling; and what an HTML validator says of them."""
import email
import email.policy
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import browser
from support import Case, main

SAMPLES = os.path.join(os.environ.get('MARQUE_SOURCE', '.'), 'sample-reports')
AS_OF = ('--offline', '--as-of', '2026-11-22')
WANTS = [name for name in ('chromium', 'tidy') if shutil.which(name) is None]


class Pages(Case):
    def setUp(self):
        super().setUp()
        self.run_marque('ingest', SAMPLES, status=1)

    def pages(self):
        """name: path of each kind of page"""
        self.text('summary', *AS_OF, '--format', 'html', '--output', self.dir / 'all.html')
        self.text('summary', 'example.com', *AS_OF, '--format', 'html', '--output', self.dir / 'one.html')
        self.text('summary', 'nobody.example', *AS_OF, '--format', 'html', '--output', self.dir / 'none.html')
        mail = self.text('summary', *AS_OF, '--format', 'eml', '--from', 'a@example.com', '--to', 'b@example.com')
        mail = email.message_from_string(mail, policy=email.policy.default)
        (self.dir / 'mail.html').write_text(mail.get_body(('html',)).get_content())
        self.text('dashboard', '--as-of', '2026-11-22', '--output', self.dir / 'site')
        pages = {path.stem: path for path in self.dir.glob('*.html')}
        return dict(pages, index=self.dir / 'site/index.html', domain=self.dir / 'site/domain/example.com.html')

    @unittest.skipUnless(shutil.which('tidy'), 'wants tidy')
    def test_valid(self):
        for name, path in self.pages().items():
            said = subprocess.run(['tidy', '-q', '-e', '--show-warnings', 'yes', path], capture_output=True, text=True)
            self.assertEqual((said.returncode, said.stderr), (0, ''), name)

    @unittest.skipUnless(browser.PROGRAM, 'wants chromium')
    def test_in_a_browser(self):
        pages = self.pages()
        with browser.Browser() as chromium:
            for name, path in pages.items():
                with self.subTest(name):
                    self.look_at(chromium.open(path), path)

    @unittest.skipUnless(browser.PROGRAM, 'wants chromium')
    def test_tables_are_sorted(self):
        column = 'Array.from(document.querySelectorAll("tbody tr"), r => r.cells[%d].textContent)'
        path = self.pages()['index']
        with browser.Browser() as chromium:
            page = chromium.open(path)
            self.assertEqual(page.run(column % 0), ['example.com', 'example.org'])
            click = 'document.querySelectorAll("th button")[%d].click()'
            for head, sorted_by in ((0, ['example.com', 'example.org']), (0, ['example.org', 'example.com'])):
                page.run(click % head)
                self.assertEqual(page.run(column % 0), sorted_by)
            self.assertEqual(page.run('document.querySelector("th").getAttribute("aria-sort")'), 'descending')
            page.run(click % 1)  # 12 is less than 7,084: numbers are no words
            self.assertEqual(page.run(column % 1), ['12', '7,084'])
            self.assertEqual(page.run('document.querySelector("tbody a").href').rsplit('/', 2)[-2:], ['domain', 'example.org.html'])
            self.assertEqual(page.messages, [])

    @unittest.skipUnless(browser.PROGRAM, 'wants chromium')
    def test_the_browser_complains(self):
        path = self.file(b'<!DOCTYPE html><title>x</title><p style="color: #bbb">pale</p><img src="https://evil.example/x.png" alt="">'
                         b'<script>console.log("talks"); throw Error("breaks")</script>', 'bad.html')
        with browser.Browser() as chromium:
            page = chromium.open(path)
            self.assertEqual([text for _, text in page.run(browser.CONTRAST)], ['pale'])
            self.assertIn('https://evil.example/x.png', page.requests)
            self.assertTrue(any('talks' in message for message in page.messages), page.messages)

    def look_at(self, page, path):
        self.assertEqual(page.requests, [f'file://{path}'])
        for theme in ('light', 'dark'):
            page.theme(theme)
            self.assertEqual(page.run(browser.CONTRAST), [], theme)
        self.assertNotEqual(page.run('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)', 'dark is dark')
        for width in (360, 800, 1600):
            page.size(width)
            self.assertLessEqual(page.run('document.documentElement.scrollWidth'), width)
        roles = [node.get('role', {}).get('value') for node in page.call('Accessibility.getFullAXTree')['nodes'] if not node['ignored']]
        for landmark in ('banner', 'main', 'contentinfo'):
            self.assertEqual(roles.count(landmark), 1, landmark)
        levels = page.run('Array.from(document.querySelectorAll("h1, h2, h3, h4"), h => Number(h.tagName[1]))')
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels)
        self.assertEqual(page.run('Array.from(document.querySelectorAll("svg[role=img], table[role=img]")).filter(e => !e.ariaLabel).length'), 0)
        self.assertEqual(page.messages, [])


if __name__ == '__main__':
    if WANTS:
        print('# SKIP what wants ' + ' and '.join(WANTS) + ': apt-get install ' + ' '.join(WANTS))
    main()
