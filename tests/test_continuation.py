"""Long jobs survive: kill -9, Ctrl-C, and the same command continues."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Run, program
from killing import JOURNALS, contents, kill_and_continue, kill_with_changing_options
from utterance import Utterance, repeat

pytestmark = pytest.mark.slow

KILLS_VARIABLE = "TRANSCRIBER_TESTED_KILLS"
KILLS = int(os.environ.get(KILLS_VARIABLE, "8"))
"""How many runs with changing options are killed; the bar is 200."""

# The number of threads follows the load unless it is given, and with it the last digits.
OPTIONS = ["--model", "tiny.en", "--beam_size", "None", "--word_timestamps", "True"]
OPTIONS += ["--threads", "1"]


@pytest.fixture(scope="module")
def long_recording(utterances: list[Utterance], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of four and a half minutes, so that none ends before it is disturbed."""
    path = tmp_path_factory.mktemp("speech") / "long.wav"
    repeat(utterances, path, times=12)
    return path


@pytest.fixture
def options(models: Path) -> list[str]:
    return [*OPTIONS, "--model_dir", str(models)]


@pytest.fixture(scope="module")
def undisturbed(
    long_recording: Path, models: Path, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """Return the files of a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = run(long_recording, "-o", folder, *OPTIONS, "--model_dir", models)
    assert done.returncode == 0, done.stderr
    return contents(folder)


def interrupt(
    recording: Path, output: Path, options: list[str], number: signal.Signals
) -> tuple[int, str, float]:
    """Send a signal when the second window is done; most of the others are not, then.

    Return the exit code, the messages and the seconds to the end.
    """
    arguments = [str(recording), "-o", str(output), "--progress", "json", *options]
    child = subprocess.Popen(program(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    windows = 0
    for line in child.stderr:
        windows += json.loads(line)["event"] == "progress"
        if windows == 2:
            break
    start = time.monotonic()
    child.send_signal(number)
    messages = child.stderr.read().decode()
    return child.wait(60), messages, time.monotonic() - start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_was_decoded(
    long_recording: Path,
    options: list[str],
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    run: Run,
    number: signal.Signals,
) -> None:
    code, messages, seconds = interrupt(long_recording, tmp_path / "out", options, number)
    assert code == 128 + number
    assert "the same command continues where it stopped" in messages
    # A second on a quiet machine; the limit only catches a wait for the end of the recording.
    assert seconds < 10
    partial = json.loads((tmp_path / "out" / "long.transcriber-partial.json").read_text())
    assert partial["segments"]
    assert not (tmp_path / "out" / "long.json").exists()

    resumed = run(long_recording, "-o", tmp_path / "out", *options)
    assert resumed.returncode == 0, resumed.stderr
    assert "continues at" in resumed.stderr
    assert contents(tmp_path / "out") == undisturbed


def test_kill_and_continue(long_recording: Path, options: list[str], tmp_path: Path) -> None:
    trials = kill_and_continue(long_recording, options, count=3, seed=3, folder=tmp_path)
    assert [trial.equal for trial in trials] == [True] * 3
    assert any(trial.windows for trial in trials)


@pytest.mark.timeout(300 + 30 * KILLS)
def test_kill_with_options_that_change(
    long_recording: Path, options: list[str], tmp_path: Path
) -> None:
    ways = [
        options,
        [*options, "--initial_prompt", "Sense and Sensibility"],
        [*options, "--compute_type", "float32", "-f", "srt"],
        [*options, "--batch_size", "1", "--highlight_words", "True"],
    ]
    survival = kill_with_changing_options(
        long_recording,
        ways,
        count=KILLS,
        seed=5,
        folder=tmp_path,
    )
    assert survival.lost == []
    assert survival.left == []
    assert survival.kills > 1
    assert survival.kept > 1


def test_what_was_interrupted_waits_while_other_options_are_used(
    long_recording: Path,
    options: list[str],
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    run: Run,
) -> None:
    output = tmp_path / "out"
    interrupt(long_recording, output, options, signal.SIGINT)
    other = [*options, "--initial_prompt", "Sense and Sensibility"]
    interrupt(long_recording, output, other, signal.SIGINT)
    again = run(long_recording, "-o", output, *options)
    assert "continues at" in again.stderr
    assert "begins anew" not in again.stderr
    names = {*undisturbed, f"{long_recording.stem}.transcriber-journal.old"}
    assert {path.name.rstrip("2345678") for path in output.iterdir()} == names
    other_again = run(long_recording, "-o", output, *other)
    assert "continues at" in other_again.stderr
    assert set(contents(output)) == set(undisturbed)
    assert contents(output) != undisturbed
    run(long_recording, "-o", output, *options)
    assert contents(output) == undisturbed


def test_a_damaged_journal_costs_only_its_tail(
    long_recording: Path,
    options: list[str],
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    run: Run,
) -> None:
    interrupt(long_recording, tmp_path / "out", options, signal.SIGINT)
    (journal,) = (tmp_path / "out").glob(JOURNALS)
    journal.write_bytes(journal.read_bytes()[:-20] + bytes(30))
    resumed = run(long_recording, "-o", tmp_path / "out", *options)
    assert "continues at" in resumed.stderr
    assert contents(tmp_path / "out") == undisturbed


def test_other_options_begin_anew(
    long_recording: Path, options: list[str], tmp_path: Path, run: Run
) -> None:
    interrupt(long_recording, tmp_path / "out", options, signal.SIGINT)
    other = [*options, "--clip_timestamps", "0,20"]
    begun = run(long_recording, "-o", tmp_path / "out", *other)
    assert "begins anew" in begun.stderr
    (kept,) = (tmp_path / "out").glob(JOURNALS + ".old")
    assert len(kept.read_bytes().splitlines()) > 2
    kept.unlink()
    run(long_recording, "-o", tmp_path / "whole", *other)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_two_processes_do_not_write_the_same_transcript(
    long_recording: Path, options: list[str], tmp_path: Path, run: Run
) -> None:
    arguments = [str(long_recording), "-o", str(tmp_path), "--progress", "json", *options]
    first = subprocess.Popen(program(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert first.stderr is not None
    first.stderr.readline()
    second = run(long_recording, "-o", tmp_path, *options)
    first.stderr.read()
    assert first.wait(300) == 0
    assert second.returncode == 7
    assert "another process" in second.stderr
