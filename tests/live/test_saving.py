from __future__ import annotations

import json
from pathlib import Path

import pytest

from live.sounds import transcript
from transcriber.errors import StorageError
from transcriber.live import saving as module
from transcriber.live.events import Final
from transcriber.live.loop import shifted
from transcriber.live.saving import Saving
from transcriber.settings import OutputSettings

OUTPUT = OutputSettings(formats=("srt", "json"))


def final(number: int) -> Final:
    start = 5.0 * number
    segments = shifted(transcript(f" Piece {number}."), start)
    return Final(
        number=number,
        start=start,
        end=start + 1,
        text=f"Piece {number}.",
        language="de",
        segments=segments,
    )


def test_the_files_hold_all_that_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saving = Saving(tmp_path / "talk", OUTPUT, record=False)
    saving.take(final(0))
    content = (tmp_path / "talk.srt").read_text()
    assert "Piece 0." in content
    # Not at each piece: an hour has many.
    saving.take(final(1))
    assert (tmp_path / "talk.srt").read_text() == content
    monkeypatch.setattr(module, "_EACH", 0.0)
    saving.take(final(2))
    assert "3\n00:00:10,000 --> 00:00:11,000\nPiece 2." in (tmp_path / "talk.srt").read_text()
    paths = saving.write(12.0)
    assert {path.name for path in paths} == {"talk.srt", "talk.json"}
    told = json.loads((tmp_path / "talk.json").read_text())
    assert told["text"] == "Piece 0. Piece 1. Piece 2."
    assert told["language"] == "de"
    assert [segment["id"] for segment in told["segments"]] == [0, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.json", "talk.srt"]


def test_the_last_words_before_a_silence_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    saving = Saving(tmp_path / "talk", OUTPUT, record=False)
    file = tmp_path / "talk.srt"
    saving.take(final(0))
    now[0] += 1
    saving.take(final(1))
    saving.keep_up()
    assert "Piece 1." not in file.read_text()
    now[0] += 1
    saving.keep_up()
    assert "Piece 1." in file.read_text()
    # There is nothing new: the file is left alone.
    file.unlink()
    now[0] += 10
    saving.keep_up()
    assert not file.exists()
    # Where it cannot be written, no more often than otherwise.
    file.mkdir()
    saving.take(final(2))
    file.rmdir()
    now[0] += 1
    saving.keep_up()
    assert not file.exists()
    now[0] += 1
    saving.keep_up()
    assert "Piece 2." in file.read_text()


def test_what_cannot_be_written_is_tried_again_and_told_at_the_end(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "talk", OUTPUT, record=False)
    (tmp_path / "talk.srt").mkdir()
    saving.take(final(0))
    with pytest.raises(StorageError, match=r"talk\.srt"):
        saving.write(1.0)
    (tmp_path / "talk.srt").rmdir()
    saving.take(final(1))
    assert "Piece 0." in (tmp_path / "talk.srt").read_text()


@pytest.mark.parametrize(
    ("name", "record", "refused"),
    [
        ("talk.srt", False, True),
        ("talk.json", False, True),
        ("talk.wav", True, True),
        # It may be what is listened to.
        ("talk.wav", False, False),
        ("talk.txt", True, False),
    ],
)
def test_what_is_there_stays(tmp_path: Path, name: str, record: bool, refused: bool) -> None:
    path = tmp_path / name
    path.symlink_to("nowhere")
    if refused:
        with pytest.raises(StorageError, match=f"{name} exists: choose another --save"):
            Saving(tmp_path / "talk", OUTPUT, record=record)
    else:
        Saving(tmp_path / "talk", OUTPUT, record=record)
