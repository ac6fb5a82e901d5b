"""``completion`` and ``man``, with files as the build leaves them beside the executable."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from transcriber import beside
from transcriber.commands.running import run_subcommand
from transcriber.commands.terminal_files import COMPLETIONS, FOLDER, MANUAL
from transcriber.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of these files in a native program."""
    monkeypatch.setattr(beside, "native_executable", lambda: tmp_path / "transcriber.bin")
    made = tmp_path / FOLDER
    made.mkdir()
    for name in (MANUAL, *COMPLETIONS.values()):
        (made / name).write_text(f"content of {name} — ü\n", encoding="utf-8")
    return made


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_completion_prints_the_script_of_a_shell(
    folder: Path, shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_subcommand("completion", [shell]) == 0
    assert capsys.readouterr().out == (folder / COMPLETIONS[shell]).read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [[], ["csh"], ["bash", "zsh"]], ids=str)
def test_completion_is_for_one_known_shell(folder: Path, words: list[str]) -> None:
    with pytest.raises(UsageError):
        run_subcommand("completion", words)


def test_the_manual_is_printed_where_no_terminal_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_subcommand("man", []) == 0
    assert capsys.readouterr().out == (folder / MANUAL).read_text(encoding="utf-8")


@pytest.mark.parametrize(("there", "code"), [(True, 0), (True, 3), (False, 0)])
def test_man_shows_the_manual_on_a_terminal(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    there: bool,
    code: int,
) -> None:
    started: list[list[str]] = []

    def start(words: list[str], *, check: bool) -> subprocess.CompletedProcess[bytes]:
        started.append(words)
        return subprocess.CompletedProcess(words, 4 if check else code)

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if there else None)
    monkeypatch.setattr(subprocess, "run", start)
    assert run_subcommand("man", []) == 0
    assert started == ([["/bin/man", "-l", str(folder / MANUAL)]] if there else [])
    # Where man is missing or fails, the same is there as text.
    assert ("exit codes" in capsys.readouterr().out) == (not there or code != 0)


@pytest.mark.parametrize("words", [["completion", "bash"], ["man"]], ids=" ".join)
def test_the_sources_have_none_of_these(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "transcriber", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (8, "")
    assert len(done.stderr.splitlines()) == 1
    assert "native_build.terminal_files" in done.stderr
