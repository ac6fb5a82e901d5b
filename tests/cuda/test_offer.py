"""What happens before a run where a driver is loaded and the add-on is not here."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import child
import pytest
from download.download_server import serve
from models.conftest import RecordingReport
from utterance import Utterance

from transcriber.__main__ import main
from transcriber.choosing.model import may_offer
from transcriber.cuda import offer, search
from transcriber.cuda import store as store_module
from transcriber.cuda.addon import MIRROR_VARIABLE, Addon
from transcriber.cuda.offer import ask, driver_runs, provide_addon
from transcriber.cuda.preference import never_wanted, remember_never
from transcriber.cuda.store import stored_path
from transcriber.machine import nvidia
from transcriber.machine.nvidia import Driver
from transcriber.options.command_line import parse

from .conftest import Sample, StartServer

Provide = Callable[..., list[str]]


@pytest.fixture
def questions() -> list[int]:
    """How large a download was asked for, each time."""
    return []


@pytest.fixture
def provide(
    published: Addon,
    start_server: StartServer,
    report: RecordingReport,
    questions: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> Provide:
    """Return what a run does on a machine with a driver; the address is that of a server here."""
    server = start_server()
    monkeypatch.setenv(MIRROR_VARIABLE, f"http://127.0.0.1:{server.port}")
    monkeypatch.setattr(offer, "driver_runs", lambda: True)
    driver = Driver(
        version="550.54", library=Path("/libcuda.so.1"), library_file=None, nodes=("/dev/nvidia0",)
    )
    monkeypatch.setattr(nvidia, "find_driver", lambda: driver)

    def run(answer: str | None = None, **options: object) -> list[str]:
        def answered(size: int) -> str:
            questions.append(size)
            assert answer is not None, "nobody was to be asked"
            return answer

        monkeypatch.setattr(offer, "ask", answered)
        usual: dict[str, object] = {
            "device": "auto",
            "choice": None,
            "offline": False,
            "may_ask": lambda: answer is not None,
            "report": report,
        }
        provide_addon(**{**usual, **options})  # type: ignore[arg-type]
        return report.notes

    return run


def test_yes_fetches_it_and_the_next_run_asks_no_more(
    provide: Provide, published: Addon, sample: Sample, questions: list[int]
) -> None:
    provide("yes")
    assert questions == [published.size]
    assert stored_path(published).read_bytes() == sample.library
    assert provide(None, may_ask=lambda: True) == []


def test_no_is_for_this_run_only(provide: Provide, published: Addon, questions: list[int]) -> None:
    provide("no")
    provide("no")
    assert len(questions) == 2
    assert not never_wanted()
    assert not stored_path(published).exists()


def test_never_is_for_all_runs_unless_asking_is_asked_for(
    provide: Provide, questions: list[int]
) -> None:
    provide("never")
    provide("yes")
    assert len(questions) == 1
    assert never_wanted()
    provide("no", choice="ask")
    assert len(questions) == 2


def test_without_a_terminal_nobody_is_asked(provide: Provide, published: Addon) -> None:
    assert provide(None) == []
    assert provide(None, choice="ask") == []
    assert not stored_path(published).exists()


def test_fetch_asks_nobody(provide: Provide, published: Addon, sample: Sample) -> None:
    remember_never()
    provide(None, choice="fetch")
    assert stored_path(published).read_bytes() == sample.library


def test_never_fetches_nothing(provide: Provide, published: Addon) -> None:
    provide("yes", choice="never")
    assert not stored_path(published).exists()


def test_the_processor_needs_none(provide: Provide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "published_addon", lambda: pytest.fail("it was looked for"))
    provide(None, device="cpu", choice="fetch")


def test_where_no_driver_runs_nothing_is_looked_at(
    provide: Provide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer, "driver_runs", lambda: False)
    monkeypatch.setattr(search, "published_addon", lambda: pytest.fail("it was looked for"))
    provide(None, choice="fetch")


def test_nobody_is_asked_in_vain(
    provide: Provide, questions: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, "")
    provide("yes")
    assert questions == []


def test_a_driver_without_its_library_is_not_worth_a_question(
    provide: Provide, questions: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(version="550.54", library=None, library_file=None, nodes=())
    monkeypatch.setattr(nvidia, "find_driver", lambda: driver)
    provide("yes")
    assert questions == []


def test_what_fails_is_a_note(
    provide: Provide, start_server: StartServer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = start_server(then=serve(sample.packed[:-1] + b"?"))
    monkeypatch.setenv(MIRROR_VARIABLE, f"http://127.0.0.1:{wrong.port}")
    notes = provide(None, choice="fetch")
    assert notes[-1].startswith("going on without the CUDA add-on: cannot fetch the CUDA add-on")
    notes = provide(None, choice="fetch", offline=True)
    assert "the network is forbidden" in notes[-1]


def test_what_lies_beside_the_program_is_unpacked_without_a_question(
    provide: Provide,
    published: Addon,
    sample: Sample,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / published.file_name).write_bytes(sample.packed)
    monkeypatch.setattr(search, "program_folder", lambda: tmp_path)
    monkeypatch.setenv("TRANSCRIBER_OFFLINE", "1")
    assert provide(None) == [f"unpacking the CUDA add-on {tmp_path / published.file_name}"]
    assert stored_path(published).read_bytes() == sample.library


def test_a_damaged_one_is_told_and_replaced(
    provide: Provide, published: Addon, sample: Sample
) -> None:
    store_module.addon_directory().mkdir(parents=True)
    stored_path(published).write_bytes(b"damaged")
    notes = provide(None, choice="fetch")
    assert notes[0].startswith(f"the CUDA add-on is damaged: {stored_path(published)}: it has 7")
    assert stored_path(published).read_bytes() == sample.library


@pytest.mark.parametrize("trace", ["proc/driver/nvidia/version", "dev/nvidiactl", "dev/dxg"])
def test_a_driver_that_runs_leaves_traces(tmp_path: Path, trace: str) -> None:
    assert not driver_runs(tmp_path)
    (tmp_path / trace).parent.mkdir(parents=True)
    (tmp_path / trace).touch()
    assert driver_runs(tmp_path)


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ("y\n", "yes"),
        ("YES\n", "yes"),
        ("\n", "no"),
        ("", "no"),
        ("n\n", "no"),
        ("never\n", "never"),
        ("perhaps\nnever\n", "never"),
    ],
)
def test_the_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lines: str, answer: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    assert ask(25_000_000) == answer
    shown = capsys.readouterr()
    assert "25.0 MB" in shown.err
    assert shown.out == ""


def test_only_a_terminal_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a pipe nor whoever reads the progress as JSON, nor a run without the network."""
    assert not may_offer(parse(["a.wav"]))
    monkeypatch.setattr("transcriber.choosing.model._is_in_front", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert may_offer(parse(["a.wav"]))
    assert not may_offer(parse(["--progress", "json", "a.wav"]))
    assert not may_offer(parse(["--offline", "a.wav"]))


def test_a_run_passes_on_what_the_user_wants(
    models: Path, utterances: list[Utterance], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, object]] = []
    monkeypatch.setattr("transcriber.run.provide_addon", lambda **options: given.append(options))
    words = ["--model", "tiny.en", "--model_dir", str(models), "--output_dir", str(tmp_path)]
    words += ["--device", "auto", "--cuda_addon", "never", "--offline", str(utterances[0].path)]
    assert main(words) == 0
    (options,) = given
    assert (options["device"], options["choice"], options["offline"]) == ("auto", "never", True)


IMPORTS = """
import sys
from transcriber.cuda import offer
from transcriber.download.progress import SilentReport
before = set(sys.modules)
assert not offer.driver_runs(), "a driver runs here"
offer.provide_addon(
    device="auto", choice="fetch", offline=False, may_ask=lambda: True, report=SilentReport()
)
print(sorted(set(sys.modules) - before))
"""


def test_without_a_driver_nothing_is_imported() -> None:
    if driver_runs():
        pytest.skip("a driver runs here")
    assert child.run(IMPORTS).stdout == "[]\n"


TERMINAL = """
import sys
from pathlib import Path
from transcriber.cuda import addon, offer, search
from transcriber.machine import nvidia
from transcriber.choosing.model import may_offer
from transcriber.options.command_line import parse
from transcriber.progress.reporter import make_reporter

known = eval(sys.argv[1], vars(addon))
for module in (addon, search):
    module.published_addon = lambda: known
search.package_version = lambda *_: known.torch
search._inside = lambda: None
offer.driver_runs = lambda: True
nvidia.find_driver = lambda: nvidia.Driver(
    version="1", library=Path("/libcuda.so.1"), library_file=None, nodes=()
)
settings = parse(["talk.wav"])
reporter = make_reporter(settings.progress)
offer.provide_addon(
    device=settings.device, choice=settings.cuda_addon, offline=settings.offline,
    may_ask=lambda: may_offer(settings), report=reporter,
)
reporter.close()
"""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_real_terminal(
    start_server: StartServer, sample: Sample, own_home: Path, terminal: bool
) -> None:
    """On a terminal the answer is waited for; a run whose input is a pipe never waits."""
    server = start_server()
    addon = sample.addon(server.address)
    command = child.command(TERMINAL, repr(addon))
    if not terminal:
        done = subprocess.run(
            command, env=child.environment(), input="yes\n", capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert server.requests == []
        return
    number, ours = pty.fork()
    if number == 0:
        os.execve(command[0], command, child.environment())  # noqa: S606
    shown = b""
    os.set_blocking(ours, False)
    deadline = time.monotonic() + 60
    answered = False
    while time.monotonic() < deadline:
        try:
            shown += os.read(ours, 65536)
        except BlockingIOError:
            time.sleep(0.02)
        except OSError:
            break
        if b"[no]: " in shown and not answered:
            answered = True
            os.write(ours, b"yes\n")
    os.close(ours)
    _, status = os.waitpid(number, 0)
    assert (answered, status) == (True, 0), shown
    assert stored_path(addon).read_bytes() == sample.library
