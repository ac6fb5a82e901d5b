"""HTML: one page to read and to print, with nothing from elsewhere and no script."""

from __future__ import annotations

from transcriber.exporting.document import Document
from transcriber.exporting.markup import escaped
from transcriber.exporting.paragraphs import Paragraph, paragraphs
from transcriber.times import clock

_STYLE = """\
:root { color-scheme: light dark; }
body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem;
  font: 1.1rem/1.6 Georgia, "Noto Serif", serif; }
h1 { font-size: 1.6rem; line-height: 1.2; }
p { margin: 0 0 1rem; overflow-wrap: break-word; }
p:target { outline: 0.15rem solid; outline-offset: 0.3rem; }
p > a { color: inherit; opacity: 0.7; text-decoration: none; margin-inline-end: 0.5rem;
  font: 0.8rem/1 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
@media print {
  @page { margin: 2cm; }
  :root { color-scheme: light; }
  body { max-width: none; margin: 0; padding: 0; font-size: 11pt; }
  p { orphans: 3; widows: 3; }
  h1 { break-after: avoid; }
}
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1 dir="auto">{title}</h1>
{paragraphs}</main>
</body>
</html>
"""


def content(document: Document) -> bytes:
    """Return a page of paragraphs, each with its time, which is a link to it."""
    shown = [_shown(*one) for one in enumerate(paragraphs(document.passages), start=1)]
    return _PAGE.format(
        language=escaped(document.language),
        title=escaped(document.title),
        style=_STYLE,
        paragraphs="".join(shown),
    ).encode()


def _shown(number: int, paragraph: Paragraph) -> str:
    name = f"p{number}"
    # A duration by ISO 8601.
    time = f'<time datetime="PT{paragraph.start:.3f}S">{clock(paragraph.start)}</time>'
    speaker = f"<b>{escaped(paragraph.speaker)}:</b> " if paragraph.speaker else ""
    text = f'<a href="#{name}">{time}</a> {speaker}{escaped(paragraph.text)}'
    return f'<p id="{name}" dir="auto">{text}</p>\n'
