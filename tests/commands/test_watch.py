"""The sub-command ``watch``: its words, and a real model at work in a watched folder."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Run, program
from utterance import Utterance

from transcriber.commands.watch import watch_settings
from transcriber.errors import UsageError
from transcriber.transcript.journal import SUFFIX
from transcriber.watching.naming import BESIDE

PATIENCE = 120.0


def test_transcripts_lie_beside_their_recordings_unless_a_folder_is_named() -> None:
    settings = watch_settings(["--model", "base", "in", "--language", "de", "other"])
    assert settings.inputs == ("in", "other")
    assert settings.output.directory == BESIDE
    assert settings.model == "base"
    assert not settings.verbose
    assert watch_settings(["in", "--verbose", "True"]).verbose
    assert watch_settings(["in", "--output_dir", "out"]).output.directory == Path("out")
    assert watch_settings(["in", "-o", "."]).output.directory == Path()


def test_defaults_that_make_no_sense_here_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "whisper-transcriber" / "defaults"
    path.parent.mkdir()
    path.write_text("queue\noutput_dir = -\noutput_format = txt,srt\n")
    settings = watch_settings(["in"])
    assert settings.output.directory == BESIDE
    assert settings.output.formats == ("txt", "srt")
    assert not settings.queue
    assert watch_settings(["in", "-o", "out"]).output.directory == Path("out")
    with pytest.raises(UsageError, match="--queue: watch decodes by itself"):
        watch_settings(["in", "--queue"])
    with pytest.raises(UsageError, match="--output_dir -"):
        watch_settings(["in", "--output_dir=-", "-f", "txt"])
    path.write_text("output_dir = texts\n")
    assert watch_settings(["in"]).output.directory == Path("texts")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "watch needs a folder"),
        (["--model", "base"], "watch needs a folder"),
        (["in", "--output_dir", "-", "--output_format", "txt"], "--output_dir -: watch writes"),
        (["in", "--queue"], "--queue: watch decodes by itself"),
        (["in", "--wrong"], "unrecognized arguments: --wrong"),
    ],
)
def test_words_that_make_no_sense_are_refused(words: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        watch_settings(words)


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("missing", 3, "cannot read the folder {}: No such file or directory"),
        ("file", 3, "{} is no folder: name a folder to watch"),
    ],
)
def test_what_cannot_be_watched_is_one_line(
    run: Run, tmp_path: Path, name: str, code: int, told: str
) -> None:
    (tmp_path / "file").touch()
    done = run("watch", tmp_path / name, "--model", "base", "--offline", "--model_dir", tmp_path)
    assert done.returncode == code
    assert done.stderr == f"transcriber: {told.format(tmp_path / name)}\n"


def test_without_its_model_it_ends_at_once(run: Run, tmp_path: Path) -> None:
    done = run("watch", tmp_path, "--model", "base", "--offline", "--model_dir", tmp_path)
    assert done.returncode == 6
    assert "the model base is not in" in done.stderr.splitlines()[-1]


@contextlib.contextmanager
def watching(folder: Path, models: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = ("watch", folder, "--model", "tiny.en", "--model_dir", models, "--offline")
    with log.open("ab") as stream:
        process = subprocess.Popen(program([*words, "--settle", "1"]), stderr=stream)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


@pytest.mark.slow
def test_whatever_arrives_gets_the_transcript_of_a_plain_run(
    run: Run,
    models: Path,
    utterances: list[Utterance],
    long_recording: Path,
    tmp_path: Path,
) -> None:
    folder, plain, log = tmp_path / "in", tmp_path / "plain", tmp_path / "log"
    folder.mkdir()
    short = utterances[0].path
    with watching(folder, models, log) as first:
        wait_for(log.read_text, log)
        (folder / "broken.mp3").write_bytes(b"no recording" * 500)
        (folder / "new").mkdir()
        shutil.copy(short, folder / "new" / "copied.wav")
        shutil.copy(short, tmp_path / "moved.wav")
        (tmp_path / "moved.wav").rename(folder / "moved.wav")
        with (folder / "slow.wav").open("wb") as stream:
            content = short.read_bytes()
            stream.write(content[:50000])
            stream.flush()
            wait_for((folder / "moved.srt").exists, log)
            stream.write(content[50000:])
        wait_for((folder / "new" / "copied.json").exists, log)
        wait_for((folder / "slow.json").exists, log)
        shutil.copy(long_recording, folder / "long.wav")
        journal = folder / f"long{SUFFIX}"
        wait_for(lambda: journal.exists() and len(journal.read_bytes().splitlines()) > 1, log)
        first.kill()
        first.wait()
    assert journal.exists()
    assert log.read_text().count("broken.mp3") == 1
    with watching(folder, models, log) as second:
        wait_for((folder / "long.json").exists, log)
        wait_for(lambda: log.read_text().count("broken.mp3") == 2, log)
        second.terminate()
        assert second.wait(PATIENCE) == 128 + signal.SIGTERM
    assert "long.wav" in log.read_text()
    (folder / "broken.mp3").unlink()
    options = ["--model", "tiny.en", "--model_dir", models, "--offline", "--output_dir", plain]
    assert run(folder, *options).returncode == 0
    for path in sorted(path for path in plain.rglob("*") if path.is_file()):
        assert (folder / path.relative_to(plain)).read_bytes() == path.read_bytes(), path
    assert not list(folder.rglob(f"*{SUFFIX}"))
