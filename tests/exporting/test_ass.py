r"""Advanced SubStation Alpha: what libass shows of it.

How it reads a text is written down here once more: ``{`` begins tags, unless a backslash is before
it; ``\N`` is a break, ``\n`` a blank and ``\h`` a hard one.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from exporting.samples import HOSTILE, said
from transcriber.engine import openai_whisper
from transcriber.exporting.document import clean
from transcriber.exporting.formats import export
from transcriber.settings import OutputSettings
from transcriber.transcript.writers import render

openai_whisper.load()

WORDS = OutputSettings(highlight_words=True)
JOINER = "\u2060"
EVENT = re.compile(r"Dialogue: 0,(\d+:\d\d:\d\d\.\d\d),(\d+:\d\d:\d\d\.\d\d),Default,,0,0,0,,(.*)")


def events(content: bytes) -> list[tuple[str, str, str]]:
    """Return the start, the end and the text of each event."""
    lines = content.decode("utf-8").split("\n")
    assert lines[0] == "[Script Info]"
    assert lines.pop() == ""
    found = []
    for line in lines[lines.index("[Events]") + 2 :]:
        event = EVENT.fullmatch(line)
        assert event, line
        found.append((event[1], event[2], event[3]))
    return found


def shown(text: str) -> str:
    """Return what a player shows of a text."""
    said = ""
    while text:
        if text.startswith(("\\N", "\\n", "\\h", "\\{", "\\}")):
            said += {"N": "\n", "n": " ", "h": "\u00a0"}.get(text[1], text[1])
            text = text[2:]
        elif text.startswith("{") and "}" in text:
            text = text.partition("}")[2]
        else:
            said, text = said + text[0], text[1:]
    return said.replace(JOINER, "")


def syllables(text: str) -> list[tuple[int, str]]:
    """Return the words of karaoke, with how long each is sung, in hundredths of a second."""
    return [(int(time), shown(word)) for time, word in re.findall(r"\{\\k(\d+)\}([^{]*)", text)]


def test_times_and_lines() -> None:
    transcript = said(" Hello, you.", " And you.")
    transcript["segments"][1] |= {"start": 36061.234, "end": 36062.346}
    assert events(export(transcript, "ass", title="talk")) == [
        ("0:00:00.00", "0:00:01.00", "Hello, you."),
        ("10:01:01.23", "10:01:02.35", "And you."),
    ]


def test_the_header_is_whole() -> None:
    content = export(said(), "ass", title="a\nb {c}").decode()
    assert "\nTitle: a b {c}\nScriptType: v4.00+\n" in content
    sections = [part.split("\n") for part in content.strip().split("\n\n")]
    assert [lines[0] for lines in sections] == ["[Script Info]", "[V4+ Styles]", "[Events]"]
    names = sections[1][1].removeprefix("Format: ").split(", ")
    values = sections[1][2].removeprefix("Style: ").split(",")
    assert len(names) == len(values) == 23
    assert values[0] == "Default"


@pytest.mark.parametrize("words", [True, False])
def test_players_show_the_text_as_it_is(words: bool) -> None:
    found = events(export(said(*HOSTILE, words=words), "ass", title="a", output=WORDS))
    assert len(found) == len(HOSTILE)
    for (_, _, text), expected in zip(found, HOSTILE, strict=True):
        # As in SRT.
        assert shown(text) == clean(expected).strip().replace("-->", "->")


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"max_line_width": 10},
        {"max_line_width": 10, "max_line_count": 1},
        {"max_words_per_line": 2},
        {"subtitles": "standard"},
        {"subtitles": "short", "max_line_width": 12},
        {"subtitles": "words"},
    ],
    ids=str,
)
@pytest.mark.parametrize("highlight", [True, False])
def test_the_rules_are_those_of_srt(rules: dict[str, Any], highlight: bool) -> None:
    transcript = said(" Some words that are cut.", " And {more} & <other> ones.", words=True)
    srt = render(transcript, OutputSettings(**rules), "srt")
    blocks = [block.split("\n", 2) for block in srt.strip().split("\n\n")]
    found = events(
        export(
            transcript,
            "ass",
            title="a",
            output=OutputSettings(**rules, highlight_words=highlight),
        )
    )
    assert [shown(text) for _, _, text in found] == [lines for _, _, lines in blocks]
    for (start, end, text), (_, times, _) in zip(found, blocks, strict=True):
        for ours, theirs in zip((start, end), times.split(" --> "), strict=True):
            # Hundredths in place of thousandths.
            hundredths = round(int(theirs[-3:]) / 10)
            assert ours == f"{theirs[1:-4]}.{hundredths:02}"
        assert ("{\\k" in text) == highlight


def test_karaoke() -> None:
    transcript = said(" One two three.", words=True)
    one, two, three = transcript["segments"][0]["words"]
    one |= {"start": 0.25, "end": 0.4}
    two |= {"start": 0.5, "end": 0.7}
    three |= {"start": 0.7, "end": 0.9}
    ((start, end, text),) = events(export(transcript, "ass", title="a", output=WORDS))
    assert (start, end) == ("0:00:00.25", "0:00:00.90")
    # A word is sung until the next one is.
    assert syllables(text) == [(25, "One "), (20, "two "), (20, "three.")]


def test_karaoke_waits_for_the_first_word_and_breaks_lines() -> None:
    transcript = said(" One two.", words=True)
    transcript["segments"].append({"start": 1.5, "end": 3.0, "text": " No times."})
    output = OutputSettings(highlight_words=True, subtitles="standard", max_line_width=5)
    found = events(export(transcript, "ass", title="a", output=output))
    assert [syllables(text) for _, _, text in found][:1] == [[(50, "One\n"), (50, "two.")]]
    assert [shown(text) for _, _, text in found] == ["One\ntwo.", "No\ntimes."]
    assert "\\k" not in found[1][2]


def test_the_syllables_last_as_long_as_the_line() -> None:
    transcript = said(*(f" {'word ' * (number + 1)}" for number in range(9)), words=True)
    for start, end, text in events(export(transcript, "ass", title="a", output=WORDS)):
        length = (float(end[-5:]) - float(start[-5:])) * 100
        assert sum(time for time, _ in syllables(text)) == round(length)


def test_what_is_too_short_to_be_shown_is_shown() -> None:
    transcript = said("a", "b", "c", "d")
    for number, segment in enumerate(transcript["segments"]):
        segment |= {"start": 0.001 * number, "end": 0.001 * number + 0.001}
    for start, end, _ in events(export(transcript, "ass", title="a", last=0.004)):
        assert start < end


def test_lines_from_the_right_have_their_direction() -> None:
    def encoding(text: str) -> str:
        content = export(said(text), "ass", title="a").decode()
        style = next(line for line in content.split("\n") if line.startswith("Style:"))
        return style.rpartition(",")[2]

    assert encoding(" Hi.") == "1"
    assert encoding(" \u05e9\u05dc\u05d5\u05dd.") == "-1"
