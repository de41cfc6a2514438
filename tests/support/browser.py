"""A headless Chromium, asked over its debugging pipe (no port is opened): what a page does, and how it looks.

    with Browser() as browser:
        page = browser.open('/path/page.html')    page.requests, page.messages
        page.run('document.title')                the value of an expression
"""
import json
import os
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which('chromium')


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session
        self.requests, self.messages, self.loaded = [], [], False

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def hear(self, method, params):
        if method == 'Network.requestWillBeSent':
            self.requests.append(params['request']['url'])
        elif method == 'Log.entryAdded':
            self.messages.append(params['entry']['text'])
        elif method == 'Runtime.consoleAPICalled':
            self.messages.append(str(params['args']))
        elif method == 'Runtime.exceptionThrown':
            self.messages.append(params['exceptionDetails']['text'])
        elif method == 'Page.loadEventFired':
            self.loaded = True

    def run(self, expression):
        got = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in got:
            raise RuntimeError(str(got['exceptionDetails']))
        return got['result'].get('value')

    def theme(self, name):
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': name}])

    def size(self, width, height=900):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)


class Browser:
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='marque-browser-')
        to_read, self.to = os.pipe()
        self.from_, from_write = os.pipe()
        for fd in (to_read, from_write):
            os.set_inheritable(fd, True)

        def take_pipes():  # the browser reads descriptor 3 and writes 4
            a, b = os.dup(to_read), os.dup(from_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [PROGRAM, '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-default-apps', '--disable-sync', '--no-proxy-server',
             '--host-resolver-rules=MAP * ~NOTFOUND', '--user-data-dir=' + self.folder, '--remote-debugging-pipe'],
            preexec_fn=take_pipes, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.folder))
        os.close(to_read)
        os.close(from_write)
        self.buffer, self.number, self.pages = b'', 0, {}
        return self

    def __exit__(self, *exc):
        try:
            self.send('Browser.close')
            self.process.wait(timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.from_)
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method, session=None, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        os.write(self.to, json.dumps(message).encode() + b'\0')
        return self.number

    def receive(self):
        while b'\0' not in self.buffer:
            read = os.read(self.from_, 1 << 20)
            if not read:
                raise RuntimeError('the browser ended')
            self.buffer += read
        message, self.buffer = self.buffer.split(b'\0', 1)
        message = json.loads(message)
        page = self.pages.get(message.get('sessionId'))
        if page and 'method' in message:
            page.hear(message['method'], message['params'])
        return message

    def call(self, method, session=None, **params):
        number = self.send(method, session, **params)
        while True:
            message = self.receive()
            if message.get('id') == number:
                if 'error' in message:
                    raise RuntimeError(f'{method}: {message["error"]}')
                return message['result']

    def open(self, path):
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        page = self.pages[session] = Page(self, session)
        for domain in ('Page', 'Network', 'Log', 'Runtime'):
            page.call(domain + '.enable')
        page.size(1000)
        page.call('Page.navigate', url='file://' + str(path))
        while not page.loaded:
            self.receive()
        page.run('new Promise(requestAnimationFrame)')
        return page


# Texts whose contrast with what is behind them is too low (WCAG 2.2 §1.4.3), as [ratio, text].
CONTRAST = '''(function () {
  function numbers(color) { return color.match(/[0-9.]+/g).map(Number); }
  function light(c) {
    var v = c.slice(0, 3).map(function (x) { x /= 255; return x <= 0.04045 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4); });
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
  }
  function behind(element) {
    for (; element; element = element.parentElement) {
      var c = numbers(getComputedStyle(element).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  }
  var walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = [], node;
  while ((node = walker.nextNode())) {
    var element = node.parentElement, text = node.textContent.trim();
    if (!text || element.closest('title, script, style, [aria-hidden=true]') || text === '\\u00a0') continue;
    var style = getComputedStyle(element), color = element.closest('svg') ? style.fill : style.color;
    var a = light(numbers(color)), b = light(behind(element));
    var ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([Math.round(ratio * 100) / 100, text]);
  }
  return poor;
})()'''
