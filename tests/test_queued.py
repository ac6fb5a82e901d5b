"""A transcription through the queue of a service that decodes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from service.conftest import Service, service

from transcriber import queued
from transcriber.__main__ import main
from transcriber.errors import StorageError, UsageError
from transcriber.jobs.folders import Folders
from transcriber.service.address_file import write_address
from transcriber.service.job_options import given_options

__all__ = ["service"]

Transcribe = Callable[..., int]


@pytest.fixture
def transcribe(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Transcribe]:
    """Return a function that runs the program with ``--queue`` where the service is found."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    data = tmp_path / "home" / "whisper-transcriber"
    folders = Folders(data)
    write_address(data, f"http://{service.served.host}/?token=used")

    def run(*words: str | Path) -> int:
        return main(["--queue", "--no_defaults", *map(str, words)])

    yield run
    folders.close()


def saying(folder: Path, name: str, *commands: str) -> Path:
    path = folder / name
    path.write_text("\n".join(commands))
    return path


def test_files_are_written_here_and_nothing_stays_there(
    service: Service, transcribe: Transcribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = saying(tmp_path, "talk.wav", "say Hello.", "say Goodbye.")
    out = tmp_path / "out"
    assert transcribe(talk, "-o", out, "-f", "txt,srt", "--language", "de") == 0
    assert (out / "talk.txt").read_text().split() == ["Hello.", "Goodbye."]
    assert "-->" in (out / "talk.srt").read_text()
    told = capsys.readouterr()
    assert "Hello." in told.out
    assert "talk.srt" in told.err or ".srt" in told.err
    assert not service.queue.jobs()
    assert not service.folders


def test_a_transcript_can_be_printed(
    transcribe: Transcribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe(saying(tmp_path, "a.wav", "say Hello."), "-o", "-") == 0
    assert capsys.readouterr().out.strip() == "Hello."


def test_its_place_is_told(
    service: Service, transcribe: Transcribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.queue.pause_all(True)
    service.submit("say Other.")
    timer = threading.Timer(1.0, service.queue.pause_all, (False,))
    timer.start()
    talk = saying(tmp_path, "talk.wav", "say Hello.")
    assert transcribe(talk, "-o", tmp_path, "-f", "txt") == 0
    assert f"{talk}: number 2 in the queue\n" in capsys.readouterr().err
    timer.join()


def test_one_that_fails_keeps_no_other_from_its_files(
    service: Service, transcribe: Transcribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = saying(tmp_path, "bad.wav", "fail 3 InputError it holds no audio")
    good = saying(tmp_path, "good.wav", "say Hello.")
    assert transcribe(bad, tmp_path / "none.wav", good, "-o", tmp_path, "-f", "txt") == 10
    assert (tmp_path / "good.txt").read_text() == "Hello.\n"
    told = capsys.readouterr().err
    assert "it holds no audio" in told
    assert "none.wav" in told
    assert not service.queue.jobs()


def test_what_would_end_all_leaves_nothing_in_the_queue(
    service: Service, transcribe: Transcribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("a.wav", "b.wav")
    talks = [saying(tmp_path, name, "fail 6 OfflineError no model is here") for name in names]
    assert transcribe(*talks, "-o", tmp_path) == 6
    assert capsys.readouterr().err.count("no model is here") == 1
    assert not service.queue.jobs()


def test_what_cannot_be_written_here_stays_there(
    service: Service, transcribe: Transcribe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageError("the disk is full", "free some space")

    monkeypatch.setattr(queued, "write_outputs", full)
    talk = saying(tmp_path, "talk.wav", "say Hello.")
    assert transcribe(talk, "-o", tmp_path) == StorageError.exit_code
    (job,) = service.queue.jobs()
    assert service.queued.texts(job.job) == ["Hello."]


def test_existing_files_are_left_alone(
    service: Service, transcribe: Transcribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = saying(tmp_path, "talk.wav", "say Hello.")
    for _ in range(2):
        assert transcribe(talk, "-o", tmp_path, "-f", "txt", "--skip_existing") == 0
    assert "skipped" in capsys.readouterr().err


def test_options_of_the_service_are_refused() -> None:
    with pytest.raises(UsageError, match="--threads: the running service decides"):
        given_options(["--queue", "--threads", "2", "a.wav"])
    assert given_options(["--word-timestamps", "--queue", "a.wav", "--temperature=0"]) == {
        "temperature": "0",
        "word_timestamps": "True",
    }


def test_a_plain_command_tells_that_the_service_decodes_too(
    service: Service, transcribe: Transcribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.queue.pause_all(True)
    service.submit("say Other.")
    assert main([str(tmp_path / "none.wav")]) == 3
    assert (
        "the service on this machine decodes 1 recording, too: --queue" in capsys.readouterr().err
    )


def test_no_service_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["--queue", str(saying(tmp_path, "a.wav", ""))]) == 8
    assert "start one: transcriber ui, or serve" in capsys.readouterr().err
