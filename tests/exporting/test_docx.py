"""DOCX: what Word and LibreOffice open."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import pytest

from exporting.samples import HOSTILE, said
from transcriber.exporting.document import clean
from transcriber.exporting.formats import export

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def parts(content: bytes) -> dict[str, ElementTree.Element]:
    """Return the parts of a document, each of which is well-formed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {
            name: ElementTree.fromstring(archive.read(name))  # noqa: S314  it is our own
            for name in archive.namelist()
        }


def texts(content: bytes) -> list[str]:
    """Return the text of each paragraph."""
    body = parts(content)["word/document.xml"]
    return ["".join(run.text or "" for run in one.iter(f"{W}t")) for one in body.iter(f"{W}p")]


def test_a_document() -> None:
    transcript = said(" One.", " Two.", " Three.", step=1.5)
    transcript["segments"][2] |= {"start": 3725.5, "end": 3726.0, "speaker": "Ann & Bob"}
    content = export(transcript, "docx", title="My talk")
    assert texts(content) == ["My talk", "0:00 One. Two.", "1:02:06 Ann & Bob: Three."]


def test_what_is_said_stays_text() -> None:
    title, *found = texts(export(said(*HOSTILE, step=5.0), "docx", title="".join(HOSTILE)))
    assert title == clean("".join(HOSTILE)).strip()
    for shown, text in zip(found, HOSTILE, strict=True):
        assert shown.split(" ", 1)[1] == clean(text).strip()


def test_every_part_is_declared_and_found() -> None:
    found = parts(export(said(" Hi."), "docx", title="talk"))
    # Programs look at the first part for what the archive is.
    assert next(iter(found)) == "[Content_Types].xml"
    types = found["[Content_Types].xml"]
    declared = {one.get("PartName") for one in types if one.get("PartName")}
    assert declared == {f"/{name}" for name in found if not name.endswith(("rels", "Types].xml"))}
    for name, folder in (("_rels/.rels", ""), ("word/_rels/document.xml.rels", "word/")):
        for one in found[name]:
            assert f"{folder}{one.get('Target')}" in found


def test_every_style_that_is_used_is_there() -> None:
    transcript = said(" Hi.")
    transcript["segments"][0]["speaker"] = "Ann"
    found = parts(export(transcript, "docx", title="talk"))
    styles = {one.get(f"{W}styleId") for one in found["word/styles.xml"].iter(f"{W}style")}
    used = {
        one.get(f"{W}val")
        for tag in ("pStyle", "rStyle", "basedOn", "next")
        for name in ("word/document.xml", "word/styles.xml")
        for one in found[name].iter(f"{W}{tag}")
    }
    assert used
    assert used <= styles


def test_the_same_transcript_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    content = export(said(*HOSTILE), "docx", title="talk")
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert export(said(*HOSTILE), "docx", title="talk") == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_direction_is_that_of_each_paragraph() -> None:
    content = export(said(" Hi.", " \u05e9\u05dc\u05d5\u05dd.", step=5.0), "docx", title="a")
    body = parts(content)["word/document.xml"]
    assert [one.find(f".//{W}bidi") is not None for one in body.iter(f"{W}p")] == [
        False,
        False,
        True,
    ]


def test_nothing_said() -> None:
    assert texts(export(said(), "docx", title="talk")) == ["talk"]


@pytest.mark.parametrize("spoken", [(), HOSTILE], ids=["nothing", "anything"])
def test_another_library_opens_it(spoken: tuple[str, ...]) -> None:
    docx = pytest.importorskip("docx", reason="python-docx is not here to open it with")
    opened = docx.Document(io.BytesIO(export(said(*spoken, step=5.0), "docx", title="My talk")))
    assert opened.core_properties.title == "My talk"
    title, *found = opened.paragraphs
    assert (title.text, title.style.name) == ("My talk", "Title")
    assert [one.text.split(" ", 1)[1] for one in found] == [clean(one).strip() for one in spoken]
    assert {one.runs[0].style.name for one in found} <= {"Time"}
    assert {one.style.name for one in found} <= {"Normal"}
