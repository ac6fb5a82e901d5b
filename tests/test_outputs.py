"""Which files a transcript goes to, what is there already, and writing them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import disks
import pytest

from transcriber.engine import openai_whisper
from transcriber.engine.interface import Transcript
from transcriber.errors import StorageError
from transcriber.inputs.recordings import Recording
from transcriber.outputs import (
    check_outputs,
    is_done,
    output_paths,
    output_stem,
    partial_stem,
    printed,
    remove_partial,
    replaced,
    title_of,
    write_outputs,
)
from transcriber.settings import (
    EVERY_FORMAT,
    OUTPUT_FORMATS,
    DecodingSettings,
    OutputSettings,
    RunSettings,
)
from transcriber.transcript.journal import journal_path
from transcriber.transcript.ownership import Mark, fingerprint, mark_of

openai_whisper.load()

RESULT: Transcript = {"text": "", "segments": [], "language": "en"}


def settings(folder: Path | None, *formats: str) -> RunSettings:
    return RunSettings(
        inputs=(),
        model_directory=Path(),
        decoding=DecodingSettings(),
        output=OutputSettings(directory=folder, formats=formats or ("txt",)),
    )


def said(text: str = " Größe, 語 und 😀.") -> Any:
    """Return a transcript of one segment with a word, which a file may be written of."""
    words = [{"word": text, "start": 0.0, "end": 1.0, "probability": 0.5}]
    segment = {"start": 0.0, "end": 1.0, "text": text, "words": words}
    return {"text": text, "segments": [segment], "language": "de"}


@pytest.fixture
def talk(tmp_path: Path) -> Recording:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"samples")
    return Recording(path=path, label="talk.wav", stem=Path("day 2", "talk"))


def mark(recording: Recording) -> Mark:
    assert recording.path is not None
    return Mark(content=fingerprint(recording.path), samples="s", label=recording.label)


def test_where_the_files_lie(talk: Recording, tmp_path: Path) -> None:
    assert output_stem(talk, settings(tmp_path)) == tmp_path / "day 2" / "talk"
    assert output_stem(talk, settings(None)) is None


def test_a_recording_is_done_when_all_its_files_are_there(talk: Recording, tmp_path: Path) -> None:
    stem = tmp_path / "day 2" / "talk"
    assert not is_done(talk, settings(tmp_path))
    write_outputs(RESULT, stem, OutputSettings(formats=("txt",)), mark=mark(talk))
    assert is_done(talk, settings(tmp_path))
    assert not is_done(talk, settings(tmp_path, "txt", "srt"))
    write_outputs(RESULT, stem, OutputSettings(formats=("srt",)), mark=mark(talk))
    assert is_done(talk, settings(tmp_path, "txt", "srt"))
    journal_path(stem).touch()
    assert not is_done(talk, settings(tmp_path))
    assert not is_done(talk, settings(None))


def test_one_file_of_another_recording_is_enough(talk: Recording, tmp_path: Path) -> None:
    stem = tmp_path / "day 2" / "talk"
    write_outputs(RESULT, stem, OutputSettings(formats=("txt",)), mark=mark(talk))
    other = Mark(content="other", samples="t", label="b.wav")
    write_outputs(RESULT, stem, OutputSettings(formats=("srt",)), mark=other)
    assert is_done(talk, settings(tmp_path))
    assert not is_done(talk, settings(tmp_path, "txt", "srt"))


def test_what_is_replaced(talk: Recording, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.txt", "a.srt", "a.vtt", "a.tsv", "a.json")]
    assert list(replaced(paths, mark(talk))) == []
    other = Mark(content="other", samples="t", label="b.wav")
    write_outputs(RESULT, tmp_path / "a", OutputSettings(formats=("txt",)), mark=mark(talk))
    write_outputs(RESULT, tmp_path / "a", OutputSettings(formats=("srt", "vtt")), mark=other)
    paths[3].touch()
    assert list(replaced(paths, mark(talk))) == [
        f"replaces {paths[1]}, {paths[2]}, of another recording, b.wav",
        f"replaces {paths[3]}, nobody knows of which recording",
    ]


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    check_outputs([tmp_path / f"{'x' * 251}.txt", tmp_path / "missing" / "a.txt"])
    with pytest.raises(StorageError, match="File name too long"):
        check_outputs([tmp_path / f"{'x' * 251}.json"])


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.srt").mkdir()
    check_outputs([tmp_path / "a.txt"])
    with pytest.raises(StorageError, match=r"a\.srt is a folder"):
        check_outputs([tmp_path / "a.txt", tmp_path / "a.srt"])


@pytest.mark.parametrize("formats", [("srt",), ("docx", "txt"), OUTPUT_FORMATS, EVERY_FORMAT])
def test_only_what_is_asked_for_is_written(tmp_path: Path, formats: tuple[str, ...]) -> None:
    output = OutputSettings(formats=formats)
    paths = write_outputs(said(), tmp_path / "some" / "talk", output)
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
    write_outputs(said(), tmp_path / "caf\udce9", OutputSettings(formats=("txt",)))
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == [b"caf\xe9.txt"]


@pytest.mark.parametrize("surrogate", ["\ud83d", "\udce9", "\ude00"], ids=ascii)
def test_half_a_character_loses_nothing_else(tmp_path: Path, surrogate: str) -> None:
    transcript = said(f" before{surrogate}after, Größe.")
    for path in write_outputs(transcript, tmp_path / "talk", OutputSettings()):
        if path.suffix != ".json":
            assert "before?after, Größe." in path.read_text(encoding="utf-8")
    # JSON can express it.
    restored = json.loads((tmp_path / "talk.json").read_bytes())
    assert restored == transcript


def test_a_format_that_cannot_be_written_leaves_the_old_files(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path / "disk") as disk:
        output = OutputSettings(formats=("txt", "json"))
        write_outputs(said(), disk / "talk", output)
        old = {path.name: path.read_bytes() for path in disk.iterdir()}
        large = said()
        # The text has room twice, the tokens in the JSON file have not.
        large["segments"][0]["tokens"] = list(range(500_000))
        with pytest.raises(StorageError, match=r"cannot write .*talk\.json: No space left"):
            write_outputs(large, disk / "talk", output)
        assert {path.name: path.read_bytes() for path in disk.iterdir()} == old


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    output = OutputSettings(formats=("txt",))
    (tmp_path / "talk.txt").write_bytes(b"old\n" * 1000)
    with (tmp_path / "talk.txt").open("rb") as reader:
        write_outputs(said(), tmp_path / "talk", output)
        assert reader.read() == b"old\n" * 1000
    assert b"old" not in (tmp_path / "talk.txt").read_bytes()


def test_what_an_interrupted_run_leaves(tmp_path: Path) -> None:
    assert partial_stem(Path("out", "talk.2024")) == Path("out", "talk.2024.transcriber-partial")
    output = OutputSettings(formats=EVERY_FORMAT)
    stem = tmp_path / "talk.2024"
    write_outputs(said(), partial_stem(stem), output)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"talk.2024.transcriber-partial.{ending}" for ending in EVERY_FORMAT
    }
    whole = write_outputs(said(), stem, output)
    (tmp_path / "talk.2024.transcriber-partial.notes").touch()
    # Whatever formats the run wrote that was interrupted.
    remove_partial(stem)
    assert set(tmp_path.iterdir()) == {*whole, tmp_path / "talk.2024.transcriber-partial.notes"}
    # There may be none.
    remove_partial(stem)


def test_the_files_carry_the_mark_of_their_recording(tmp_path: Path) -> None:
    mark = Mark(content="c" * 64, samples="s" * 64, label="talk.wav")
    output = OutputSettings(formats=EVERY_FORMAT)
    paths = write_outputs(said(), tmp_path / "talk", output, mark=mark)
    assert [mark_of(path) for path in paths] == [mark] * len(EVERY_FORMAT)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    write_outputs(said(), tmp_path / "other", OutputSettings())
    assert mark_of(tmp_path / "other.txt") is None


def test_what_a_transcript_is_headed_with(talk: Recording, tmp_path: Path) -> None:
    assert title_of(talk) == "talk"
    assert title_of(Recording(path=None, label="standard input", stem=Path("stdin"))) == (
        "standard input"
    )
    output = OutputSettings(formats=("md",))
    (path,) = write_outputs(said(), tmp_path / "talk.wav", output, title="talk")
    assert path.read_text().startswith("# talk\n")
    (path,) = write_outputs(said(), tmp_path / "talk.wav", output)
    assert path.read_text().startswith("# talk.wav\n")


@pytest.mark.parametrize("file_format", EVERY_FORMAT)
def test_what_is_printed_is_what_is_written(file_format: str, tmp_path: Path) -> None:
    output = OutputSettings(formats=(file_format,))
    (path,) = write_outputs(said(), tmp_path / "talk", output, last=0.5, language="de")
    content = printed(said(), output, last=0.5, title="talk", language="de")
    assert isinstance(content, str) == (file_format in OUTPUT_FORMATS)
    assert (content.encode() if isinstance(content, str) else content) == path.read_bytes()


def test_formats_of_either_kind_are_done_together(talk: Recording, tmp_path: Path) -> None:
    stem = tmp_path / "day 2" / "talk"
    wanted = settings(tmp_path, "txt", "docx")
    write_outputs(RESULT, stem, OutputSettings(formats=("txt",)), mark=mark(talk))
    assert not is_done(talk, wanted)
    write_outputs(RESULT, stem, OutputSettings(formats=("docx",)), mark=mark(talk))
    assert is_done(talk, wanted)
