"""The sub-command ``jobs``, over a service that decodes nothing."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import child
import pytest
from service.conftest import Service, service

from transcriber.commands.running import run_subcommand
from transcriber.errors import DependencyError, InputError, NetworkError, StorageError, UsageError
from transcriber.jobs.folders import Folders
from transcriber.jobs.record import State
from transcriber.service.address_file import write_address

__all__ = ["service"]

Jobs = Callable[..., str]


@pytest.fixture
def jobs(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Jobs]:
    """Return a function that runs the sub-command, and returns what it printed."""
    data = tmp_path / "data"
    # As long as it is in use, a service runs on it.
    folders = Folders(data)
    write_address(data, f"http://{service.served.host}/?token=used")
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)

    def run(name: str, *words: str | Path) -> str:
        assert run_subcommand("jobs", [name, "--data_dir", str(data), *map(str, words)]) == 0
        return capsys.readouterr().out

    yield run
    folders.close()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / 'my "talk" – 日本語 100%.txt'
    path.write_text("say Hello.\n")
    return path


def test_a_recording_goes_into_the_queue_and_its_transcript_comes_out(
    service: Service, jobs: Jobs, recording: Path
) -> None:
    job = jobs("add", recording, "--language", "de", "--beam-size", "3").strip()
    assert service.queued.over(job).state is State.DONE
    assert f"{job}  done  0:02 of 0:02  {recording.name}\n" in jobs("list")
    (shown,) = json.loads(jobs("list", "--json"))
    assert shown["options"] == {"language": "de", "beam_size": 3}
    jobs("export", job[:6], "--format", "srt")
    assert "Hello." in Path(f"{recording.stem}.srt").read_text()
    jobs("remove", job[:6])
    assert jobs("list") == ""


def test_jobs_are_put_aside_and_given_up(
    service: Service, jobs: Jobs, recording: Path, tmp_path: Path
) -> None:
    service.queue.pause_all(True)
    other = tmp_path / "other.txt"
    other.write_text("say Other.\n")
    first, second = jobs("add", recording, other).split()
    assert f"{second}  number 2" in jobs("list")
    jobs("pause", first)
    jobs("cancel", second, first)
    assert [one.state for one in service.queue.jobs()] == [State.CANCELLED] * 2
    jobs("resume", first)
    service.queue.pause_all(False)
    assert service.queued.over(first).state is State.DONE


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cancel", "zz"], "no job begins with 'zz'"),
        (["cancel", ""], "2 jobs begin with ''"),
        (["add", "RECORDING", "--language", "Klingon"], "Klingon"),
        (["add", "RECORDING", "--no_such_option"], "--no_such_option"),
        (["list", "--language", "de"], "unrecognized arguments"),
        (["add", "RECORDING", "--threads", "1"], "--threads: the running service decides on that"),
        (["add", "RECORDING", "-f", "srt"], "means nothing to a service"),
        (["export", "ID"], "is waiting, and has no whole transcript yet"),
    ],
)
def test_what_makes_no_sense(
    service: Service, jobs: Jobs, recording: Path, words: list[str], told: str
) -> None:
    service.queue.pause_all(True)
    meant = {"RECORDING": str(recording), "ID": jobs("add", recording, recording).split()[0]}
    with pytest.raises(UsageError, match=told):
        jobs(*(meant.get(word, word) for word in words))
    assert len(service.queue.jobs()) == 2


def test_what_the_service_refuses_is_told_in_its_words(jobs: Jobs, recording: Path) -> None:
    with pytest.raises(UsageError, match="the service refuses: there is no model 'nothing'"):
        jobs("add", recording, "--model", "nothing")


def test_what_is_the_services_fault_is_told_as_such(
    service: Service, jobs: Jobs, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise StorageError("the disk is full", "free some space")

    monkeypatch.setattr(service.queue, "submit", full)
    with pytest.raises(NetworkError, match="the service fails: the disk is full: free some space"):
        jobs("add", recording)


def test_a_recording_that_is_not_there(jobs: Jobs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        jobs("add", tmp_path / "missing.wav")


def test_no_service_runs(jobs: Jobs, tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="start one: transcriber ui"):
        run_subcommand("jobs", ["list", "--data_dir", str(tmp_path / "nothing")])
    place = tmp_path / "other"
    with contextlib.closing(Folders(place)):
        write_address(place, "http://127.0.0.1:9/?token=x")
        with pytest.raises(NetworkError, match="gives no answer"):
            run_subcommand("jobs", ["list", "--data_dir", str(place)])
    # Whoever is at the address of one that was killed is another one.
    with pytest.raises(DependencyError, match="start one: transcriber ui"):
        run_subcommand("jobs", ["list", "--data_dir", str(place)])


def test_a_service_at_a_socket_is_reached(tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "a socket"
    words = [sys.executable, "-P", "-m", "transcriber"]
    with subprocess.Popen(
        [*words, "serve", "--socket", place, "--data_dir", data],
        env=child.environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert str(place) in process.stderr.readline()
            listed = subprocess.run(
                [*words, "jobs", "list", "--json", "--data_dir", data],
                env=child.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            page = subprocess.run(
                [*words, "ui", "--no_browser", "--data_dir", data],
                env=child.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            process.terminate()
    assert (listed.returncode, listed.stdout.strip()) == (0, "[]"), listed.stderr
    assert page.returncode
    assert "http" not in page.stderr
