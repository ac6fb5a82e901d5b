from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import disks
import pytest

from transcriber.engine import openai_whisper
from transcriber.errors import StorageError
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.writers import (
    output_paths,
    partial_stem,
    remove_partial,
    render,
    write_outputs,
)

openai_whisper.load()

from whisper.utils import get_writer  # noqa: E402

SENTENCES = [
    " The quick brown fox, jumps over the lazy dog.",
    " Größe --> 語 und 😀\tmit Tabulator.",
    "",
    " A long sentence that goes on and on until no line of any subtitle has room for it.",
    " End.",
]


def result(*, words: bool, hours: float = 0) -> dict[str, Any]:
    """Return a transcript with pauses, an empty segment and odd characters."""
    segments = []
    for number, text in enumerate(SENTENCES):
        start = hours * 3600 + 7.3 * number
        segment: dict[str, Any] = {
            "id": number,
            "seek": 0,
            "start": start,
            "end": start + 3.0005,
            "text": text,
            "tokens": [50364, number],
            "temperature": 0.2,
            "avg_logprob": -1 / 3,
            "compression_ratio": 1.1,
            "no_speech_prob": 1e-12,
        }
        if words:
            segment["words"] = [
                {
                    "word": f" {word}",
                    "start": round(start + 0.2 * place, 2),
                    # Some words follow each other at once, others after a pause.
                    "end": round(start + 0.2 * place + (0.2 if place % 3 else 0.15), 2),
                    "probability": 0.1 * place,
                }
                for place, word in enumerate(text.split())
            ]
        segments.append(segment)
    return {"text": "".join(SENTENCES), "segments": segments, "language": "de"}


CASES = {
    "no words": (result(words=False), OutputSettings()),
    "words": (result(words=True), OutputSettings()),
    "highlight": (result(words=True), OutputSettings(highlight_words=True)),
    "width": (result(words=True), OutputSettings(max_line_width=20)),
    "width and count": (
        result(words=True),
        OutputSettings(max_line_width=20, max_line_count=2),
    ),
    "everything": (
        result(words=True),
        OutputSettings(
            max_line_width=16, max_line_count=1, highlight_words=True, max_words_per_line=3
        ),
    ),
    "words per line": (result(words=True), OutputSettings(max_words_per_line=3)),
    "hours": (result(words=True, hours=12.5), OutputSettings(max_words_per_line=5)),
    "nothing": ({"text": "", "segments": [], "language": "en"}, OutputSettings()),
    "silence": (
        {
            "text": "",
            "segments": [result(words=True)["segments"][2]],
            "language": "en",
        },
        OutputSettings(),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_files_equal_those_of_openai_whisper(tmp_path: Path, case: str) -> None:
    transcript, output = CASES[case]
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    names = ("highlight_words", "max_line_width", "max_line_count", "max_words_per_line")
    options = {name: value for name, value in asdict(output).items() if name in names}
    assert len(options) == 4
    get_writer("all", str(theirs))(transcript, "audio/talk.2024.mp3", **options)
    paths = write_outputs(transcript, ours / "talk.2024", output)
    assert [path.name for path in paths] == [f"talk.2024.{ending}" for ending in OUTPUT_FORMATS]
    assert {path.name for path in theirs.iterdir()} == {path.name for path in ours.iterdir()}
    for path in paths:
        assert path.read_bytes() == (theirs / path.name).read_bytes()
        # Standard output gets the same.
        text = render(transcript, output, path.suffix[1:])
        assert text.encode() == path.read_bytes()


def test_the_cases_differ() -> None:
    subtitles = {render(transcript, output, "srt") for transcript, output in CASES.values()}
    # Silence and nothing look the same.
    assert len(subtitles) == len(CASES) - 1


@pytest.mark.parametrize("formats", [("srt",), ("json", "txt"), OUTPUT_FORMATS])
def test_only_what_is_asked_for_is_written(tmp_path: Path, formats: tuple[str, ...]) -> None:
    output = OutputSettings(formats=formats)
    paths = write_outputs(result(words=False), tmp_path / "some" / "talk", output)
    assert paths == output_paths(tmp_path / "some" / "talk", output)
    assert sorted(paths) == sorted((tmp_path / "some").iterdir())


@pytest.mark.parametrize("name", ["talk", "talk.2024", ".hidden", "talk.", "a b", "caf\udce9"])
def test_names_of_files(name: str) -> None:
    output = OutputSettings(formats=("txt", "json"))
    assert output_paths(Path("out", name), output) == (
        Path("out", f"{name}.txt"),
        Path("out", f"{name}.json"),
    )


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    write_outputs(result(words=False), tmp_path / "caf\udce9", OutputSettings(formats=("txt",)))
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == [b"caf\xe9.txt"]


@pytest.mark.parametrize("surrogate", ["\ud83d", "\udce9", "\ude00"], ids=ascii)
def test_half_a_character_loses_nothing_else(tmp_path: Path, surrogate: str) -> None:
    transcript = result(words=True)
    segment = transcript["segments"][0]
    segment["text"] = f" before{surrogate}after"
    segment["words"][0]["word"] = f" before{surrogate}after"
    paths = write_outputs(transcript, tmp_path / "talk", OutputSettings())
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert "Größe" in text or path.suffix == ".json"
        if path.suffix != ".json":
            assert "before?after" in text
    # JSON can express it.
    restored = json.loads((tmp_path / "talk.json").read_bytes())
    assert restored == transcript


def test_a_format_that_cannot_be_written_leaves_the_old_files(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path / "disk") as disk:
        output = OutputSettings(formats=("txt", "json"))
        write_outputs(result(words=False), disk / "talk", output)
        old = {path.name: path.read_bytes() for path in disk.iterdir()}
        large = result(words=False)
        # The text has room twice, the tokens in the JSON file have not.
        large["segments"][0]["tokens"] = list(range(500_000))
        with pytest.raises(StorageError, match=r"cannot write .*talk\.json: No space left"):
            write_outputs(large, disk / "talk", output)
        assert {path.name: path.read_bytes() for path in disk.iterdir()} == old


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    output = OutputSettings(formats=("txt",))
    (tmp_path / "talk.txt").write_bytes(b"old\n" * 1000)
    with (tmp_path / "talk.txt").open("rb") as reader:
        write_outputs(result(words=False), tmp_path / "talk", output)
        assert reader.read() == b"old\n" * 1000
    assert b"old" not in (tmp_path / "talk.txt").read_bytes()


def test_what_an_interrupted_run_leaves(tmp_path: Path) -> None:
    assert partial_stem(Path("out", "talk.2024")) == Path("out", "talk.2024.transcriber-partial")
    output = OutputSettings()
    stem = tmp_path / "talk.2024"
    write_outputs(result(words=False), partial_stem(stem), output)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"talk.2024.transcriber-partial.{ending}" for ending in OUTPUT_FORMATS
    }
    whole = write_outputs(result(words=False), stem, output)
    (tmp_path / "talk.2024.transcriber-partial.notes").touch()
    remove_partial(stem, output)
    assert set(tmp_path.iterdir()) == {*whole, tmp_path / "talk.2024.transcriber-partial.notes"}
    # There may be none.
    remove_partial(stem, output)
