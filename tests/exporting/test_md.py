"""Markdown: a title and paragraphs."""

from __future__ import annotations

import pytest

from exporting.samples import HOSTILE, said
from transcriber.exporting.document import clean
from transcriber.exporting.formats import export


def test_a_page() -> None:
    transcript = said(" One.", " Two.", " Three.", step=1.5)
    transcript["segments"][2] |= {"start": 3725.5, "end": 3726.0, "speaker": "Ann_"}
    assert export(transcript, "md", title="My talk").decode() == (
        "# My talk\n\n"
        '<a id="p1" href="#p1">0:00</a> One. Two.\n\n'
        '<a id="p2" href="#p2">1:02:06</a> **Ann\\_:** Three.\n'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*a* _b_ `c` ~d~ $e$", r"\*a\* \_b\_ \`c\` \~d\~ \$e\$"),
        ("[a](b) ![c](d)", r"\[a\](b) !\[c\](d)"),
        ("<b> 1 > 0", r"\<b\> 1 \> 0"),
        ("\\* a\\", r"\\\* a\\"),
        ("&amp; &#65; R&D", r"\&amp; \&#65; R&D"),
        ("1. # - a + b", "1. # - a + b"),
    ],
)
def test_no_sign_means_anything(text: str, expected: str) -> None:
    lines = export(said(text), "md", title="a").decode().splitlines()
    assert lines[2:] == [f'<a id="p1" href="#p1">0:00</a> {expected}']


def test_a_title_keeps_its_signs() -> None:
    assert export(said(), "md", title="C #").decode() == "# C \\#\n"
    assert export(said(), "md", title="a\n# b *c*").decode() == "# a \\# b \\*c\\*\n"


def test_commonmark_shows_every_text() -> None:
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py reads CommonMark")
    tokens = markdown.MarkdownIt().parse(
        export(said(*HOSTILE, step=5.0), "md", title="".join(HOSTILE)).decode()
    )
    title, *texts = [
        "".join(part.content for part in token.children if part.type != "html_inline")
        for token in tokens
        if token.type == "inline"
    ]
    assert title == clean("".join(HOSTILE)).strip()
    assert len(texts) == len(HOSTILE)
    for shown, text in zip(texts, HOSTILE, strict=True):
        assert shown.split(" ", 1)[1] == clean(text).strip()
