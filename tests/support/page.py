"""What a page is made of, read as HTML without a browser."""
import html.parser

VOID = {'meta', 'link', 'br', 'img', 'hr', 'input'}


class Page(html.parser.HTMLParser):
    """The elements of a page, its text, and whatever is not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.words, self.open, self.faults = [], [], [], [], []
        self.feed(text)
        self.faults += self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.faults.append('<%s/>' % tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append('</%s>' % tag)

    def handle_data(self, data):
        if self.open and self.open[-1] not in ('style', 'script'):
            self.words.append(data)

    def text(self):
        return ' '.join(' '.join(self.words).split())
