"""What is told before a model is fetched."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import media
import pytest

from transcriber import early_checks
from transcriber.audio.stream import AudioLimits
from transcriber.errors import StorageError, TranscriberError, UsageError
from transcriber.inputs.recordings import Recording, find_recordings
from transcriber.options.command_line import parse

Failures = list[tuple[str, TranscriberError]]


@pytest.fixture
def failures() -> Failures:
    return []


def failed_of(failures: Failures) -> Callable[[Recording, TranscriberError], None]:
    def failed(recording: Recording, error: TranscriberError) -> None:
        failures.append((recording.label, error))

    return failed


def sample(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((media.samples() / "sample.wav").read_bytes())
    return path


def test_what_cannot_be_opened_is_left_out(tmp_path: Path, failures: Failures) -> None:
    good = sample(tmp_path, "good.wav")
    (tmp_path / "empty.wav").touch()
    inputs = [
        *("https://example.com/a.wav", str(tmp_path / "missing.wav"), str(tmp_path / "empty.wav")),
        str(good),
    ]
    found = early_checks.readable(find_recordings(inputs), media.ffmpeg(), failed_of(failures))
    assert [recording.path for recording in found] == [good]
    assert [label for label, _ in failures] == inputs[:3]
    words = ["only local files", "there is no file", "is empty"]
    assert all(word in str(error) for word, (_, error) in zip(words, failures, strict=True))


def test_a_terminal_is_refused_at_once(monkeypatch: pytest.MonkeyPatch, failures: Failures) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input is a terminal"):
        early_checks.readable(find_recordings(["-"]), media.ffmpeg(), failed_of(failures))
    monkeypatch.setattr(sys, "stdin", io.StringIO("RIFF"))
    assert early_checks.readable(find_recordings(["-"]), media.ffmpeg(), failed_of(failures))


@pytest.mark.parametrize("kind", ["file", "below a file", "of the kernel", "long name"])
def test_a_folder_that_cannot_be_written_to_ends_the_run(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").touch()
    places = {
        "file": tmp_path / "file",
        "below a file": tmp_path / "file/out",
        "of the kernel": Path("/proc/self"),
        "long name": tmp_path / ("n" * 300),
    }
    settings = parse(["a.wav", "-o", str(places[kind])])
    with pytest.raises(StorageError) as caught:
        early_checks.writable(find_recordings(["a.wav"]), settings, failed_of([]))
    assert str(places[kind]) in str(caught.value)


def test_one_bad_place_keeps_no_other_from_being_written(
    tmp_path: Path, failures: Failures
) -> None:
    for name in ("in/a.wav", "in/sub/b.wav", "in/c.wav", "in/deep/er/d.wav"):
        sample(tmp_path, name)
    out = tmp_path / "out"
    (out / "c.txt").mkdir(parents=True)
    (out / "sub").touch()
    settings = parse([str(tmp_path / "in"), "-o", str(out), "-f", "txt"])
    found = early_checks.writable(find_recordings(settings.inputs), settings, failed_of(failures))
    assert [recording.stem for recording in found] == [Path("a"), Path("deep/er/d")]
    assert sorted(Path(label).name for label, _ in failures) == ["b.wav", "c.wav"]
    assert all(error.exit_code == 7 for _, error in failures)
    # Nothing is left of the trial.
    assert list((out / "deep/er").iterdir()) == []


def test_what_is_printed_needs_no_folder() -> None:
    settings = parse(["a.wav", "-o", "-", "-f", "txt"])
    recordings = find_recordings(["a.wav"])
    assert early_checks.writable(recordings, settings, failed_of([])) == list(recordings)


def test_without_sound_nothing_is_worth_a_model(tmp_path: Path, failures: Failures) -> None:
    (tmp_path / "1.wav").write_text("a text that is no recording\n" * 9)
    (tmp_path / "2.mp3").write_bytes(bytes(5000))
    good = sample(tmp_path, "3.wav")
    (tmp_path / "4.wav").write_text("told at its turn, when the model is there\n" * 9)

    def sounding() -> list[Path | None]:
        recordings = find_recordings([str(tmp_path)])
        found = early_checks.with_sound(
            recordings, media.ffmpeg(), AudioLimits(), failed_of(failures)
        )
        return [recording.path for recording in found]

    assert sounding() == [good, tmp_path / "4.wav"]
    assert [Path(label).name for label, _ in failures] == ["1.wav", "2.mp3"]
    good.unlink()
    assert sounding() == []
