"""Interrupted with options A, then with options B: A goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import media
import pytest

from reported.works import WINDOWS, ScriptedEngine, text_of, transcribe
from transcriber.transcript.shelf import PLACES


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return media.write_wav(tmp_path / "in" / "talk.wav", seconds=3)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def check_only_text(folder: Path, options: str) -> None:
    """See that nothing but the transcript is there."""
    assert [path.name for path in folder.iterdir()] == ["talk.txt"]
    assert (folder / "talk.txt").read_text() == text_of(options)


def test_a_goes_on_after_b(talk: Path, out: Path) -> None:
    first = transcribe(talk, out, ScriptedEngine(options="A", stop=3))
    assert "the same command continues" in first.text
    other = transcribe(talk, out, ScriptedEngine(options="B", stop=2))
    assert "begins anew" in other.text
    engine = ScriptedEngine(options="A", stop=5)
    again = transcribe(talk, out, engine)
    assert "talk.wav: continues at 0:02, where an earlier run stopped" in again.text
    assert engine.decoded == [3, 4]
    engine = ScriptedEngine(options="B")
    assert "continues at 0:01" in transcribe(talk, out, engine).text
    assert engine.decoded == [2, 3, 4, 5]
    assert (out / "talk.txt").read_text() == text_of("B")
    engine = ScriptedEngine(options="A")
    assert "continues at 0:02" in transcribe(talk, out, engine).text
    assert engine.decoded == [5]
    check_only_text(out, "A")


def test_b_may_be_done_meanwhile(talk: Path, out: Path) -> None:
    transcribe(talk, out, ScriptedEngine(options="A", stop=4))
    transcribe(talk, out, ScriptedEngine(options="B"))
    assert (out / "talk.txt").read_text() == text_of("B")
    engine = ScriptedEngine(options="A")
    assert "continues at 0:02" in transcribe(talk, out, engine).text
    assert engine.decoded == [4, 5]
    check_only_text(out, "A")


def test_there_may_be_many_options(talk: Path, out: Path) -> None:
    names = [chr(ord("A") + number) for number in range(PLACES + 1)]
    for turn in range(1, WINDOWS):
        for name in names:
            engine = ScriptedEngine(options=name, stop=turn)
            transcribe(talk, out, engine)
            assert engine.decoded == [turn - 1]
    for name in names:
        transcribe(talk, out, ScriptedEngine(options=name))
        assert (out / "talk.txt").read_text() == text_of(name)
    check_only_text(out, names[-1])


def test_what_is_let_go_of_is_told(talk: Path, out: Path) -> None:
    names = [chr(ord("A") + number) for number in range(PLACES + 1)]
    for name in names:
        assert "deleted" not in transcribe(talk, out, ScriptedEngine(options=name, stop=1)).text
    said = transcribe(talk, out, ScriptedEngine(options="Z", stop=1))
    told = next(note for note in said.notes if "deleted" in note)
    assert f"{out / 'talk.transcriber-journal.old'} is deleted, the oldest of more than" in told


def test_another_recording_of_the_same_name(talk: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "in 2").mkdir()
    other = media.write_wav(tmp_path / "in 2" / "talk.wav", seconds=2.5)
    transcribe(talk, out, ScriptedEngine(stop=3))
    assert "begins anew" in transcribe(other, out, ScriptedEngine(stop=1)).text
    engine = ScriptedEngine()
    transcribe(talk, out, engine)
    assert engine.decoded == [3, 4, 5]


def test_what_another_precision_has_begun(talk: Path, out: Path) -> None:
    for name in ("int8 avx2", "float32 avx2"):
        transcribe(talk, out, ScriptedEngine(name=name, stop=2))
    for name in ("int8 avx2", "float32 avx2"):
        engine = ScriptedEngine(name=name, stop=4)
        transcribe(talk, out, engine)
        assert engine.decoded == [2, 3]


def test_other_formats_are_no_other_options(talk: Path, out: Path) -> None:
    transcribe(talk, out, ScriptedEngine(stop=3), formats=("txt", "srt", "json"))
    assert len(list(out.glob("talk.transcriber-partial.*"))) == 3
    engine = ScriptedEngine()
    transcribe(talk, out, engine, formats=("txt",))
    assert engine.decoded == [3, 4, 5]
    # What was there of it in other formats is gone, too.
    check_only_text(out, "A")


def test_interruptions_before_anything_is_decoded(talk: Path, out: Path) -> None:
    transcribe(talk, out, ScriptedEngine(options="A", stop=3))
    transcribe(talk, out, ScriptedEngine(options="B", stop=2))
    transcribe(talk, out, ScriptedEngine(options="A", stop=3))
    transcribe(talk, out, ScriptedEngine(options="C", stop=0))
    for options, left in (("B", [2, 3, 4, 5]), ("A", [3, 4, 5])):
        engine = ScriptedEngine(options=options)
        transcribe(talk, out, engine)
        assert engine.decoded == left
    check_only_text(out, "A")
