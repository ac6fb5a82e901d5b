"""Real speech decoded by the PyTorch of every Python of this machine that has one.

One is always there: that of ``make setup``. Others are found as the program finds them; versions
that are missing are skipped, with what was looked at.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import wave
from pathlib import Path

import pytest
from alike import same_files
from conftest import Run, program
from killing import contents
from utterance import Utterance

from transcriber.download.digest import file_sha256
from transcriber.engine.interface import DecodedWindows
from transcriber.engine.local import LocalEngine
from transcriber.models.stored import StoredModel
from transcriber.other_pythons.candidates import OLDEST_PYTHON, Candidate
from transcriber.other_pythons.engine import SystemEngine
from transcriber.other_pythons.trial import Starter, try_candidate
from transcriber.other_pythons.worker_sources import (
    BOOTSTRAP,
    package_folder,
    read_sources,
    start_message,
    without_docstrings,
)
from transcriber.settings import DecodingSettings

from .pythons import CANDIDATES, STOCK, WITH_TORCH
from .test_session import is_running, wait_until_gone

pytestmark = pytest.mark.slow

NEWEST_MINOR = 13
"""Of the versions of Python that the program promises to use."""


@pytest.fixture
def options(models: Path) -> list[str]:
    given = ["--model", "tiny.en", "--word_timestamps", "True", "--threads", "1"]
    return [*given, "--device", "cpu", "--model_dir", str(models)]


def transcribe(run: Run, recording: Path, output: Path, options: list[str]) -> str:
    """Transcribe; return what was said on standard error."""
    done = run(recording, "-o", output, "--verbose", "False", *options)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("candidate", WITH_TORCH)
def test_the_text_is_that_of_the_programs_own_engine(
    candidate: Candidate, run: Run, utterances: list[Utterance], options: list[str], tmp_path: Path
) -> None:
    recording = utterances[0].path
    own, theirs = tmp_path / "own", tmp_path / "theirs"
    exact = [*options, "--compute_type", "float32"]
    transcribe(run, recording, own, [*exact, "--backend", "own"])
    said = transcribe(
        run, recording, theirs, [*exact, "--backend", "system", "--python", candidate.label]
    )
    assert candidate.torch is not None
    assert f"using the PyTorch {candidate.torch.version} of {candidate.label}" in said
    assert "the processor is used instead" not in said
    assert "goes on" not in said
    expected, found = contents(own), contents(theirs)
    assert same_files(found, expected)


@pytest.mark.parametrize("candidate", WITH_TORCH)
def test_the_native_programs_sources_and_what_watches_a_gpu_run_there_too(
    candidate: Candidate, models: Path, utterances: list[Utterance]
) -> None:
    """Without a GPU it can only watch the processor, which gives it nothing to complain about."""
    sources = {name: without_docstrings(text) for name, text in read_sources().items()}
    name = "transcriber/other_pythons/worker.py"
    watched = sources[name].replace("if device != 'cpu':", "if True:")
    assert watched != sources[name]
    starter = Starter(
        bootstrap=sources[f"{BOOTSTRAP.replace('.', '/')}.py"],
        start=start_message({**sources, name: watched}, package_folder("whisper")),
    )
    path = models / "tiny.en.pt"
    stored = StoredModel(
        name="tiny.en", path=path, sha256=file_sha256(path), size=0, origin="official"
    )
    settings = DecodingSettings(word_timestamps=True, beam_size=None)
    texts = []
    trial = try_candidate(candidate, None, starter)
    assert trial.session is not None, trial.problem
    with wave.open(str(utterances[0].path)) as recording:
        samples = recording.readframes(recording.getnframes())
    for engine in (
        SystemEngine(trial.session, stored, torch=trial.torch, device="cpu", settings=settings),
        LocalEngine(stored, device="cpu", settings=settings),
    ):
        engine.read([samples])
        windows = list(engine.windows("en", DecodedWindows(language="en")))
        texts.append([segment["text"] for window in windows for segment in window.segments])
        engine.close()
    trial.close()
    assert texts[0] == texts[1] != []


@pytest.mark.parametrize("minor", range(OLDEST_PYTHON[1], NEWEST_MINOR + 1))
def test_which_versions_were_tried(minor: int) -> None:
    """Name in the report what this machine lacks."""
    tried = {one.interpreter.version for one in CANDIDATES if one.torch and not one.problem}
    if (3, minor) not in tried:
        seen = [
            f"{one.label}: {one.problem}"
            for one in CANDIDATES
            if one.interpreter.version == (3, minor)
        ]
        pytest.skip(f"no Python 3.{minor} with PyTorch ({'; '.join(seen) or 'none was found'})")


def test_the_one_that_is_always_there_was_tried() -> None:
    assert STOCK in [one.interpreter.path for one in CANDIDATES if not one.problem]


@pytest.fixture(scope="module")
def system(models: Path) -> list[str]:
    """Return the options of a quick run in the Python that is always there."""
    quick = ["--model", "tiny.en", "--beam_size", "None", "--threads", "1", "--device", "cpu"]
    return [*quick, "--model_dir", str(models), "--backend", "system", "--python", str(STOCK)]


@pytest.fixture(scope="module")
def undisturbed(
    long_recording: Path, system: list[str], run: Run, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """Return the files of a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    transcribe(run, long_recording, folder, system)
    return contents(folder)


def child_of(process_id: int) -> int:
    """Return the Python that a running program has started."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
        for one in map(int, children):
            if os.getsid(one) == one:
                return one
        time.sleep(0.05)
    raise AssertionError("no child was started")


class Running:
    """A run of the program in which some windows are done."""

    def __init__(self, recording: Path, output: Path, options: list[str], windows: int) -> None:
        arguments = [str(recording), "-o", str(output), "--progress", "json", *options]
        self.process = subprocess.Popen(
            program(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        done = 0
        for line in self.process.stderr:
            done += json.loads(line)["event"] == "progress"
            if done == windows:
                break
        self.child = child_of(self.process.pid)
        assert is_running(self.child)

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and the messages."""
        assert self.process.stderr is not None
        messages = self.process.stderr.read().decode()
        self.process.stderr.close()
        return self.process.wait(300), messages


def test_a_child_that_is_killed_loses_nothing(
    long_recording: Path, system: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    running = Running(long_recording, tmp_path, system, 2)
    os.kill(running.child, signal.SIGKILL)
    code, messages = running.end()
    assert code == 0, messages
    assert "ended by SIGKILL; the processor goes on at" in messages
    found = contents(tmp_path)
    for name in found:
        assert found[name] == undisturbed[name] or name.endswith(".json")
    assert found.keys() == undisturbed.keys()


def test_ctrl_c_leaves_no_orphan_and_the_same_command_continues(
    run: Run,
    long_recording: Path,
    system: list[str],
    undisturbed: dict[str, bytes],
    tmp_path: Path,
) -> None:
    running = Running(long_recording, tmp_path, system, 2)
    running.process.send_signal(signal.SIGINT)
    code, messages = running.end()
    assert code == 128 + signal.SIGINT
    assert "continues where it stopped" in messages
    wait_until_gone(running.child)
    assert "continues at" in transcribe(run, long_recording, tmp_path, system)
    assert contents(tmp_path) == undisturbed


def test_a_program_that_is_killed_leaves_no_orphan(
    long_recording: Path, system: list[str], tmp_path: Path
) -> None:
    running = Running(long_recording, tmp_path, system, 1)
    running.process.kill()
    running.end()
    wait_until_gone(running.child)


def test_a_damaged_model_is_told_as_ever(
    run: Run, utterances: list[Utterance], tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(b"no model at all")
    options = ["--model", str(damaged), "--device", "cpu", "-o", str(tmp_path / "out")]
    ends = [
        run(utterances[0].path, *options, *backend)
        for backend in (["--backend", "own"], ["--backend", "system", "--python", str(STOCK)])
    ]
    assert [done.returncode for done in ends] == [4, 4]
    assert ends[0].stderr.splitlines()[-1] == ends[1].stderr.splitlines()[-1]


def test_a_token_that_the_model_lacks_is_told_as_ever(
    run: Run, utterances: list[Utterance], system: list[str], tmp_path: Path
) -> None:
    done = run(utterances[0].path, "-o", tmp_path, *system, "--suppress_tokens", "99999")
    assert done.returncode == 2
    assert "the model has no token 99999" in done.stderr


def test_a_python_without_pytorch_is_told_in_one_line(
    run: Run, utterances: list[Utterance], options: list[str], tmp_path: Path
) -> None:
    base = next(one for one in CANDIDATES if one.torch is None)
    named = ["--backend", "system", "--python", base.label]
    done = run(utterances[0].path, "-o", tmp_path, *options, *named)
    assert done.returncode == 8
    (line,) = done.stderr.splitlines()
    assert f"{base.label} has no PyTorch that can be used (it " in line
    assert "--python" in line


def test_doctor_tells_what_it_would_choose(run: Run, models: Path) -> None:
    words = ["--json", "--backend", "system", "--python", str(STOCK), "--device", "cpu"]
    done = run("doctor", "--model_dir", models, *words)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["pythons"]
    assert found["backend"] == "system"
    assert found[str(STOCK)]["verdict"] == "chosen"
    assert found[str(STOCK)]["torch"].startswith("2.")
