from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from transcriber import beside
from transcriber.machine.probe_runner import (
    PROBE_ARGUMENT,
    PROBE_SECONDS,
    ProbeResult,
    probe_command,
    probe_seconds,
    run_probe,
)

WORKS = '{"status": "works", "reason": "fine", "name": "GPU"}'


def probe(
    tmp_path: Path, code: str, *, index: int = 0, seconds: float = 30, limit: float = 60
) -> ProbeResult:
    """Run `code` as the probe; fail when that takes longer than `limit`."""
    script = tmp_path / "probe.py"
    script.write_text(f"import json, os, signal, subprocess, sys, time\n{code}\n")
    environment = {**os.environ, "TRANSCRIBER_PROBE_TIMEOUT": str(seconds)}
    begin = time.monotonic()
    result = run_probe(index, [sys.executable, str(script)], environment)
    assert time.monotonic() - begin < limit
    assert "\n" not in result.reason
    assert result.reason
    return result


def test_answer_is_taken(tmp_path: Path) -> None:
    code = f"print({WORKS!r})"
    assert probe(tmp_path, code) == ProbeResult(status="works", reason="fine", name="GPU")


def test_answer_is_the_last_line(tmp_path: Path) -> None:
    code = f"print('a library says hello'); print({WORKS!r}); print()"
    assert probe(tmp_path, code).status == "works"


def test_probe_is_told_its_gpu_and_its_limit(tmp_path: Path) -> None:
    code = "print(json.dumps({'status': 'absent', 'reason': ' '.join(sys.argv[1:])}))"
    assert probe(tmp_path, code, index=3, seconds=45).reason == "3 45.0"


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS"])
def test_crash(tmp_path: Path, name: str) -> None:
    result = probe(tmp_path, f"os.kill(os.getpid(), signal.{name})")
    assert result.status == "crashed"
    assert name in result.reason


def test_crash_after_the_answer_is_a_crash(tmp_path: Path) -> None:
    # The library that crashes while it is unloaded would do so in this program too.
    code = f"print({WORKS!r}, flush=True); os.kill(os.getpid(), signal.SIGSEGV)"
    assert probe(tmp_path, code).status == "crashed"


def test_exit_code(tmp_path: Path) -> None:
    result = probe(tmp_path, "sys.exit(3)")
    assert result.status == "crashed"
    assert "exit code 3" in result.reason


@pytest.mark.parametrize(
    "code",
    [
        "time.sleep(600)",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
        f"print({WORKS!r}, flush=True); time.sleep(600)",
        "os.close(1); time.sleep(600)",
        "while True: pass",
    ],
)
def test_hang(tmp_path: Path, code: str) -> None:
    result = probe(tmp_path, code, seconds=1.5, limit=30)
    assert result.status == "hung"
    assert "1.5 s" in result.reason


def test_nothing_of_a_hanging_probe_is_left(tmp_path: Path) -> None:
    code = (
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)"
    )
    assert probe(tmp_path, code, seconds=5).status == "hung"
    for pid in (tmp_path / "pids").read_text().split():
        deadline = time.monotonic() + 30
        while alive(int(pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not alive(int(pid))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_flood_is_cut_off(tmp_path: Path) -> None:
    # Long before the time limit, or the memory would fill.
    code = "while True: sys.stdout.write('x' * 65536)"
    assert probe(tmp_path, code, seconds=200, limit=60).status == "garbled"


def test_flood_of_messages_is_not_kept(tmp_path: Path) -> None:
    code = "while True: sys.stderr.write('x' * 65536)"
    assert probe(tmp_path, code, seconds=1, limit=30).status == "hung"


def test_answer_after_much_on_stderr(tmp_path: Path) -> None:
    assert probe(tmp_path, f"sys.stderr.write('x' * 10**7); print({WORKS!r})").status == "works"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "hello",
        "{",
        "[]",
        "null",
        "{}",
        '{"status": "splendid"}',
        '{"status": ["works"]}',
        "[" * 10000,
        "\x00\udcff",
    ],
)
def test_garbage(tmp_path: Path, answer: str) -> None:
    result = probe(tmp_path, f"os.write(1, {os.fsencode(answer)!r})")
    assert result.status == "garbled"


def test_reason_becomes_one_short_line(tmp_path: Path) -> None:
    code = "print(json.dumps({'status': 'failed', 'reason': 'a\\nb\\t' + 'c' * 10000}))"
    result = probe(tmp_path, code)
    assert result.reason.startswith("a b ccc")
    assert len(result.reason) <= 300


@pytest.mark.parametrize("command", [["/nonexistent/python"], ["/"], [""]])
def test_probe_that_cannot_be_started(command: list[str]) -> None:
    result = run_probe(0, command)
    assert result.status == "crashed"
    assert "cannot be started" in result.reason


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        ("0.5", 0.5),
        *((bad, PROBE_SECONDS) for bad in ("", "x", "0", "-1", "inf", "nan")),
    ],
)
def test_time_limit(value: str, seconds: float) -> None:
    assert probe_seconds({"TRANSCRIBER_PROBE_TIMEOUT": value}) == seconds
    assert probe_seconds({}) == PROBE_SECONDS


def test_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert probe_command() == [sys.executable, PROBE_ARGUMENT]


def test_compiled_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "__compiled__", object(), raising=False)
    program, argument = probe_command()
    assert argument == PROBE_ARGUMENT
    assert Path(program).samefile("/proc/self/exe")


def test_neither_the_current_nor_the_probes_folder_is_searched(tmp_path: Path) -> None:
    for folder in ("current", "probe"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "torch.py").touch()
    script = tmp_path / "probe/script.py"
    script.write_text("import importlib.util; print(importlib.util.find_spec('torch').origin)")
    *python, _ = probe_command()
    answer = subprocess.run(
        [*python, str(script)],
        cwd=tmp_path / "current",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not Path(answer.stdout.strip()).is_relative_to(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "transcriber.machine.device_probe"],
        [sys.executable, "-m", "transcriber", PROBE_ARGUMENT],
        probe_command(),
    ],
    ids=["module", "frozen", "path"],
)
def test_each_way_to_start_the_probe_answers(command: list[str]) -> None:
    result = run_probe(0, command, {**os.environ, "TRANSCRIBER_PROBE_TIMEOUT": "200"})
    assert result.status in {"works", "absent", "failed"}


def test_probe_whose_parent_died_ends_itself(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(600)")
    child = subprocess.Popen(
        [sys.executable, probe_command()[-1], "0", "0.5"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        start_new_session=True,
    )
    try:
        assert child.wait(timeout=60) == -signal.SIGALRM
    finally:
        child.kill()
        child.wait(timeout=30)
