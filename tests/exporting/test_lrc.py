"""LRC: lyrics for music players."""

from __future__ import annotations

import re

from exporting.samples import HOSTILE, said
from transcriber.exporting.formats import export
from transcriber.settings import OutputSettings

WORDS = OutputSettings(highlight_words=True)
TIME = re.compile(r"\[\d{2,}:\d\d\.\d\d\]")


def lines(content: bytes) -> list[str]:
    text = content.decode("utf-8")
    assert text.endswith("\n")
    return text.split("\n")[:-1]


def test_lines_behind_what_the_file_is() -> None:
    content = export(said(" Hello.", " You."), "lrc", title="a [live]", last=125.4)
    assert lines(content) == [
        "[ti:a (live)]",
        "[length:02:05]",
        "[00:00.00]Hello.",
        "[00:01.00]You.",
    ]


def test_there_are_no_hours() -> None:
    transcript = said(" Late.")
    transcript["segments"][0] |= {"start": 6059.996, "end": 6061.0}
    assert lines(export(transcript, "lrc", title="a"))[1:] == [
        "[length:101:01]",
        "[101:00.00]Late.",
    ]


def test_words_have_times_if_they_are_asked_for() -> None:
    transcript = said(" Hello you.", " No times.", words=True)
    del transcript["segments"][1]["words"]
    assert lines(export(transcript, "lrc", title="a"))[2:] == [
        "[00:00.00]Hello you.",
        "[00:01.00]No times.",
    ]
    assert lines(export(transcript, "lrc", title="a", output=WORDS))[2:] == [
        "[00:00.00]<00:00.00>Hello <00:00.50>you.<00:01.00>",
        "[00:01.00]No times.",
    ]


def test_no_text_is_a_time() -> None:
    content = export(said(*HOSTILE, " [ 1:2]"), "lrc", title="a")
    found = lines(content)[2:]
    assert len(found) == len(HOSTILE) + 1
    assert all(TIME.match(line) and len(TIME.findall(line)) == 1 for line in found)
    assert "[00:02.00][\u206000:01.00]<\u206000:02.00>[ti:no]" in found


def test_nothing_said() -> None:
    assert lines(export(said(), "lrc", title="a")) == ["[ti:a]", "[length:00:00]"]
