"""The process that decodes, as a queue uses it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import media
import pytest
from conftest import Run
from utterance import Utterance

from transcriber.transcript.journal import SUFFIX
from worker.conftest import Told, cpu_seconds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def words(models: Path) -> tuple[str, ...]:
    return ("--model=tiny.en", f"--model_dir={models}", "--device=cpu", "--offline")


def transcript(told: Told, job: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((told.folder / job / "transcript.json").read_bytes())
    return found


def texts(told: Told, job: str) -> list[str]:
    """Return the texts of the segments that were told of a job."""
    windows = [one for one in told.heard if one["job"] == job and one["event"] == "window"]
    return [segment["text"] for window in windows for segment in window["segments"]]


def test_what_it_writes_is_what_the_command_line_writes(
    told: Told, words: tuple[str, ...], long_recording: Path, tmp_path: Path, run: Run
) -> None:
    told.order("a1", long_recording, *words)
    assert told.last("a1") == ["a1 done"]
    options = [word for word in words if word]
    done = run(long_recording, "-o", tmp_path, "-f", "json", *options)
    assert done.returncode == 0, done.stderr
    expected = json.loads((tmp_path / "long.json").read_bytes())
    assert transcript(told, "a1") == expected
    assert "".join(texts(told, "a1")) == "".join(one["text"] for one in expected["segments"])
    assert sorted(path.name for path in (told.folder / "a1").iterdir()) == ["transcript.json"]


def test_the_same_options_are_decoded_together(
    told: Told, words: tuple[str, ...], long_recording: Path, utterances: list[Utterance]
) -> None:
    told.order("long", long_recording, *words)
    for number, utterance in enumerate(utterances):
        told.order(f"s{number}", utterance.path, *words)
    names = [f"s{number}" for number in range(len(utterances))]
    ended = told.last("long", *names)
    assert sorted(ended) == sorted(f"{job} done" for job in ("long", *names))
    course = [f"{one['job']} {one['event']}" for one in told.heard]
    assert course.index("s0 begin") < course.index("long done")


def test_other_options_wait(
    told: Told, words: tuple[str, ...], long_recording: Path, utterances: list[Utterance]
) -> None:
    told.order("a1", long_recording, *words)
    told.order("b1", utterances[0].path, *words, "--beam_size=1")
    assert told.last("a1", "b1") == ["a1 done", "b1 done"]
    begun = next(at for at, one in enumerate(told.heard) if one["job"] == "b1")
    ended = next(at for at, one in enumerate(told.heard) if one["event"] == "done")
    assert ended < begun


def failure(told: Told, job: str) -> Mapping[str, Any]:
    return told.until(lambda one: one["job"] == job and one["event"] == "failed")


def test_failures(
    told: Told, words: tuple[str, ...], utterances: list[Utterance], tmp_path: Path
) -> None:
    path = utterances[0].path
    told.order("a1", path, "--nothing=1")
    assert failure(told, "a1")["code"] == 2
    told.order("a2", tmp_path / "missing.wav", *words)
    found = failure(told, "a2")
    assert (found["code"], found["kind"]) == (3, "InputError")
    (tmp_path / "text.wav").write_text("no sound")
    told.order("a3", tmp_path / "text.wav", *words)
    assert failure(told, "a3")["kind"] == "InputError"
    told.order("a4", path, "--model=base", f"--model_dir={tmp_path / 'empty'}", "--offline")
    assert failure(told, "a4")["kind"] == "OfflineError"
    told.order("a5", path, *words, "--task=translate")
    assert failure(told, "a5")["kind"] == "UsageError"
    (told.folder / "a6" / "transcript.json").mkdir(parents=True)
    told.order("a6", path, *words)
    assert failure(told, "a6")["kind"] == "StorageError"
    # It goes on.
    told.order("b1", path, *words)
    assert told.last("b1") == ["b1 done"]


def test_one_bad_recording_costs_no_other(
    told: Told, words: tuple[str, ...], utterances: list[Utterance], tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    for job, path in (
        ("a1", tmp_path / "text.wav"),
        ("a2", utterances[0].path),
        ("a3", tmp_path / "missing.wav"),
        ("a4", utterances[1].path),
    ):
        told.order(job, path, *words)
    ended = told.last("a1", "a2", "a3", "a4")
    assert sorted(ended) == ["a1 failed", "a2 done", "a3 failed", "a4 done"]


def test_a_job_is_given_up_and_others_go_on(
    told: Told, words: tuple[str, ...], long_recording: Path, utterances: list[Utterance]
) -> None:
    told.order("a1", long_recording, *words)
    told.order("a2", long_recording, *words)
    told.until(lambda one: one["job"] == "a1" and one["event"] == "window")
    told.send({"do": "cancel", "job": "a1"})
    assert told.last("a1", "a2") == ["a1 withdrawn", "a2 done"]
    told.order("b1", utterances[0].path, *words)
    told.send({"do": "cancel", "job": "b1"})
    told.order("b2", utterances[0].path, *words)
    assert told.last("b1", "b2") == ["b1 withdrawn", "b2 done"]
    # It goes on where it was given up.
    told.heard.clear()
    told.order("a1", long_recording, *words)
    assert told.last("a1") == ["a1 done"]
    assert any("continues at" in one.get("text", "") for one in told.heard)
    assert transcript(told, "a1") == transcript(told, "a2")
    assert texts(told, "a1") == [one["text"] for one in transcript(told, "a1")["segments"]]


def test_a_job_is_given_up_while_its_recording_is_read(
    told: Told, words: tuple[str, ...], utterances: list[Utterance], tmp_path: Path
) -> None:
    note = tmp_path / "read"
    hangs = media.fake_ffmpeg(
        tmp_path / "fake",
        f"""
        if "-version" in sys.argv:
            print("ffmpeg version 7.1 Copyright")
            sys.exit()
        open({str(note)!r}, "w").close()
        time.sleep(120)
        """,
    )
    told.order("a1", utterances[0].path, *words, f"--ffmpeg={hangs.path}")
    while not note.exists():
        time.sleep(0.1)
    # What is loaded beside it has come to the recording.
    time.sleep(5)
    told.send({"do": "cancel", "job": "a1"})
    began = time.monotonic()
    assert told.last("a1") == ["a1 withdrawn"]
    assert time.monotonic() - began < 10
    told.order("b1", utterances[0].path, *words)
    assert told.last("b1") == ["b1 done"]


def test_the_users_new_defaults_hold_for_what_comes_next(
    told: Told,
    words: tuple[str, ...],
    utterances: list[Utterance],
    tmp_path: Path,
) -> None:
    told.order("a1", utterances[0].path, *words)
    assert told.last("a1") == ["a1 done"]
    folder = tmp_path / "config" / "whisper-transcriber"
    folder.mkdir(parents=True)
    (folder / "defaults").write_text("word_timestamps = True\n")
    told.order("a2", utterances[0].path, *words)
    assert told.last("a2") == ["a2 done"]
    assert "words" not in transcript(told, "a1")["segments"][0]
    assert "words" in transcript(told, "a2")["segments"][0]


def test_it_rests_when_there_is_nothing_to_do(
    told: Told, words: tuple[str, ...], utterances: list[Utterance]
) -> None:
    told.order("a1", utterances[0].path, *words)
    assert told.last("a1") == ["a1 done"]
    time.sleep(0.5)
    before = cpu_seconds(told.process.pid)
    time.sleep(1)
    assert cpu_seconds(told.process.pid) - before < 0.05


def test_it_ends_when_it_is_told_to(
    told: Told, words: tuple[str, ...], utterances: list[Utterance]
) -> None:
    told.order("a1", utterances[0].path, *words)
    assert told.last("a1") == ["a1 done"]
    told.send({"do": "end"})
    assert told.process.wait(20) == 0


def test_whoever_comes_next_takes_up_the_journal(
    told: Told, words: tuple[str, ...], long_recording: Path, tmp_path: Path
) -> None:
    """The queue has died; the process ends, and the next one waits for that."""
    told.order("a1", long_recording, *words)
    told.until(lambda one: one["event"] == "window")
    # It cannot end yet.
    os.kill(told.process.pid, signal.SIGSTOP)
    assert told.process.stdin is not None
    told.process.stdin.close()
    command = [sys.executable, "-P", "-m", "transcriber", "__decode__"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    ) as successor:
        assert successor.stdout is not None
        later = Told(told.folder, successor)
        later.order("a1", long_recording, *words)
        time.sleep(3)
        os.kill(told.process.pid, signal.SIGCONT)
        assert told.process.wait(30) != 0
        lines = [json.loads(line) for line in iter_until_last(successor)]
        successor.kill()
    assert lines[-1]["event"] == "done", lines[-1]
    assert any("continues at" in one.get("text", "") for one in lines)
    assert not list(told.folder.glob(f"**/*{SUFFIX}"))


def iter_until_last(process: subprocess.Popen[bytes]) -> list[bytes]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if json.loads(line)["event"] in ("done", "failed"):
            break
    return lines
