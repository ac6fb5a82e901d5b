"""The sub-command ``live``, with a real model, a real sound server and real speech."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import wave
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, program
from desktops import desktop
from disks import small_disk
from utterance import Utterance

from commands.live_desk import SOUND, alike, needs, speak, speech, start
from transcriber.commands.listening import live_settings
from transcriber.errors import UsageError


@pytest.fixture
def options(models: Path) -> list[str]:
    return ["--model", "tiny.en", "--model_dir", str(models), "--offline"]


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_it_takes() -> None:
    assert live_settings(["--model", "tiny"], "live").inputs == ()
    assert live_settings(["--vad_filter", "True"], "live").decoding.vad_filter is None
    with pytest.raises(UsageError, match=r"live takes no recording: talk\.wav"):
        live_settings(["talk.wav"], "live")
    with pytest.raises(UsageError, match="--queue: live decodes by itself"):
        live_settings(["--queue"], "live")


def test_mistakes_are_told_in_one_line(run: Run) -> None:
    for words, told in (
        (("live", "--record"), "--record needs a name"),
        (("live", "--save", "."), "--save . is no name"),
        (("live", "--pause", "0"), "--pause"),
        (("live", "talk.wav"), "live takes no recording: talk.wav"),
    ):
        done = run(*words)
        assert done.returncode == 2
        assert told in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_file_is_captioned_and_saved(
    run: Run, options: list[str], utterances: list[Utterance], tmp_path: Path
) -> None:
    path = speech([utterances[0], utterances[3]], tmp_path / "both.wav", pause=1.0)
    played = ("live", "--input", path, "--pace", "0", *options)
    done = run(*played, "--events", "--save", tmp_path / "talk", "--record", "-f", "srt,json")
    assert done.returncode == 0, done.stderr
    events = events_of(done.stdout)
    assert events[0] == {"event": "ready", "input": str(path)}
    assert events[-1]["event"] == "ended"
    finals = [event for event in events if event["event"] == "final"]
    assert [final["id"] for final in finals] == [*range(len(finals))]
    text = " ".join(final["text"] for final in finals)
    assert alike(text, f"{utterances[0].reference} {utterances[3].reference}") > 0.8
    assert json.loads((tmp_path / "talk.json").read_text())["text"] == text
    with wave.open(str(tmp_path / "talk.wav"), "rb") as kept, wave.open(str(path), "rb") as spoken:
        assert kept.readframes(10**7) == spoken.readframes(10**7)
    refused = run(*played, "--save", tmp_path / "talk")
    assert "talk.srt exists: choose another --save" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert json.loads((tmp_path / "talk.json").read_text())["text"] == text


def test_an_empty_pipe(run: Run, options: list[str]) -> None:
    done = run("live", "--input", "-", "--events", *options, input="")
    assert done.returncode == 0, done.stderr
    assert [event["event"] for event in events_of(done.stdout)] == ["ready", "level", "ended"]


def test_a_folder_is_made_for_the_recording_too(
    run: Run, options: list[str], tmp_path: Path
) -> None:
    save = ("--save", tmp_path / "new" / "talks" / "a", "--record", "-f", "txt")
    done = run("live", "--input", "-", *save, *options, input="")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "new/talks").iterdir()} == {"a.txt", "a.wav"}


def test_what_cannot_be_written_is_told_before_it_listens(
    run: Run, options: list[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for more in ((), ("--record",)):
        save = ("--save", tmp_path / "file" / "a", *more)
        done = run("live", "--input", "-", "--events", *save, *options, input="")
        assert done.returncode == 7
        assert done.stdout == ""
        [line] = done.stderr.splitlines()
        assert str(tmp_path / "file") in line


@pytest.mark.slow
def test_a_full_disk(run: Run, options: list[str], long_recording: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        words = ("--save", disk / "talk", "--record", "--pace", "0")
        done = run("live", "--input", long_recording, *words, *options)
        with wave.open(str(disk / "talk.wav"), "rb") as kept:
            assert kept.getnframes() > 300_000
    assert done.returncode != 0
    [line] = [line for line in done.stderr.splitlines() if "listening" not in line]
    assert "No space left" in line
    # What was heard before is told.
    assert "John Dashwood" in done.stdout


@pytest.mark.slow
def test_what_was_saved_outlives_a_kill(
    options: list[str], utterances: list[Utterance], tmp_path: Path
) -> None:
    save: list[str | Path] = ["--save", tmp_path / "talk", "--record", "-f", "srt,json"]
    path = speech(utterances, tmp_path / "all.wav", pause=1.0)
    words = ["live", "--input", path, "--pace", "0.25", "--events", *save, *options]
    process = subprocess.Popen(program(words), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = list[str]()
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "final":
            said.append(event["text"])
        if len(said) == 3:
            break
    process.kill()
    process.communicate()
    text = json.loads((tmp_path / "talk.json").read_text())["text"]
    assert text.startswith(said[0])
    assert said[0][:20] in (tmp_path / "talk.srt").read_text()
    with wave.open(str(tmp_path / "talk.wav"), "rb") as kept:
        assert kept.getnframes() > 3 * 16000
    assert {path.name for path in tmp_path.iterdir()} >= {"talk.json", "talk.srt", "talk.wav"}


@pytest.mark.slow
def test_the_last_words_before_a_silence_are_saved(
    options: list[str], utterances: list[Utterance], tmp_path: Path
) -> None:
    with wave.open(str(utterances[0].path), "rb") as spoken:
        sound = spoken.readframes(spoken.getnframes())
    save: list[str | Path] = ["--save", tmp_path / "talk", "-f", "txt", "--partials", "none"]
    process = subprocess.Popen(
        program(["live", "--input", "-", *save, *options]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # It is decoded sooner than the files may be written once more.
    process.stdin.write(sound + bytes(32000))
    process.stdin.flush()
    text = process.stdout.readline().decode().strip()
    end = time.monotonic() + 20
    while text not in (tmp_path / "talk.txt").read_text():
        assert time.monotonic() < end
        process.stdin.write(bytes(3200))
        process.stdin.flush()
        time.sleep(0.1)
    process.kill()
    process.communicate()


@pytest.mark.slow
@needs(*SOUND)
def test_what_the_computer_plays_and_a_signal_that_drains(
    options: list[str], utterances: list[Utterance]
) -> None:
    with desktop() as session:
        session.start_pulseaudio()
        session.offer("parec", "paplay")
        process = start(session, "live", "--input", "system", "--events", *options)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "ready"
        speak(session, utterances[0].path, sink="speakers")
        # No pause yet.
        process.send_signal(signal.SIGINT)
        told, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    events = events_of(told)
    text = " ".join(event["text"] for event in events if event["event"] == "final")
    assert alike(text, utterances[0].reference) > 0.8
    assert [event["event"] for event in events if event["event"] == "partial"]
    assert events[-1]["event"] == "ended"
    assert events[-1]["seconds"] > 7
