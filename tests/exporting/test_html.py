"""HTML: one page without anything from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from exporting.samples import HOSTILE, said
from transcriber.exporting.document import clean
from transcriber.exporting.formats import export

VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page, and holds that each element is closed where it has to be."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(content.decode("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("p", "title", "h1"):
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            if tag in self.texts:
                self.texts[tag][-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def attributes(page: Page, tag: str) -> list[dict[str, str | None]]:
    return [found for name, found in page.seen if name == tag]


def test_a_page() -> None:
    transcript = said(" One.", " Two.", " Three.", step=1.5)
    transcript["segments"][2] |= {"start": 3725.5, "end": 3726.0, "speaker": "Ann & Bob"}
    page = Page(export(transcript, "html", title="My talk"))
    assert page.texts["title"] == page.texts["h1"] == ["My talk"]
    assert page.texts["p"] == ["0:00 One. Two.", "1:02:06 Ann & Bob: Three."]
    assert attributes(page, "html") == [{"lang": "de"}]
    assert [one["datetime"] for one in attributes(page, "time")] == ["PT0.000S", "PT3725.500S"]
    # Each time is a link to its own paragraph.
    names = [one["id"] for one in attributes(page, "p")]
    assert len(set(names)) == 2
    assert [one["href"] for one in attributes(page, "a")] == [f"#{name}" for name in names]


def test_what_is_said_stays_text() -> None:
    transcript = said(*HOSTILE, step=5.0)
    transcript["language"] = '"><script>'
    title = "</title><script>alert(1)</script>"
    page = Page(export(transcript, "html", title=title))
    assert page.texts["title"] == page.texts["h1"] == [title]
    assert len(page.texts["p"]) == len(HOSTILE)
    for shown, text in zip(page.texts["p"], HOSTILE, strict=True):
        assert shown.endswith(f" {clean(text).strip()}")
    assert "script" not in {tag for tag, _ in page.seen}
    assert attributes(page, "html") == [{"lang": '"><script>'}]


def test_nothing_is_fetched() -> None:
    content = export(said(" Hi."), "html", title="talk").decode()
    assert not re.search(r"https?:|//|src=|@import|url\(", content)
    assert "default-src 'none'" in content
    assert "@media print" in content


def test_the_direction_is_that_of_each_paragraph() -> None:
    page = Page(export(said(" Hi.", " \u05e9\u05dc\u05d5\u05dd.", step=5.0), "html", title="a"))
    assert [one["dir"] for one in attributes(page, "p")] == ["auto", "auto"]


def test_nothing_said() -> None:
    page = Page(export(said(), "html", title="talk"))
    assert page.texts == {"title": ["talk"], "h1": ["talk"]}
