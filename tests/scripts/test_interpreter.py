"""Finding a Python 3.11 among what a machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import interpreter

REPOSITORY = Path(__file__).resolve().parents[2]


class Machine:
    """A machine whose only Pythons are scripts that answer as given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.path: list[str] = []
        monkeypatch.setattr(sys, "executable", str(folder / "running"))
        monkeypatch.setattr(sys, "base_prefix", str(folder / "prefix"))
        monkeypatch.setattr(os, "access", self._access)
        monkeypatch.setenv("PYENV_ROOT", str(folder / "pyenv"))
        monkeypatch.setenv("PATH", os.environ["PATH"])
        self._monkeypatch = monkeypatch

    def _access(self, path: str, _: int) -> bool:
        # /usr/bin of the real machine does not count.
        return Path(path).is_relative_to(self.folder) and Path(path).is_file()

    def add(self, place: str, answer: str, *, code: int = 0) -> str:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
        path.chmod(0o755)
        if str(path.parent) not in self.path:
            self.path.append(str(path.parent))
        self._monkeypatch.setenv("PATH", os.pathsep.join([*self.path, os.environ["PATH"]]))
        return str(path)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_no_python_is_found_where_there_is_none(machine: Machine) -> None:
    assert interpreter.find_interpreter() is None


def test_other_versions_are_passed_over(machine: Machine) -> None:
    machine.add("a/python3", "3 12 1 1 /usr/bin/python3.12")
    machine.add("a/python", "2 7 1 1 /usr/bin/python2.7")
    assert interpreter.find_interpreter() is None
    machine.add("b/python3", "3 11 1 1 /usr/bin/python3.11")
    assert interpreter.find_interpreter() == "/usr/bin/python3.11"


def test_a_stand_in_that_leads_nowhere_is_passed_over(machine: Machine) -> None:
    machine.add("shims/python3.11", "pyenv: python3.11: command not found", code=127)
    machine.add("bin/python3.11", "3 11 1 1 /opt/a folder/python3.11")
    assert interpreter.find_interpreter() == "/opt/a folder/python3.11"


def test_one_that_can_make_environments_comes_first(machine: Machine) -> None:
    machine.add("a/python3.11", "3 11 0 1 /lacking/python3.11")
    assert interpreter.find_interpreter() == "/lacking/python3.11"
    machine.add("pyenv/versions/3.11.7/bin/python3.11", "3 11 1 1 /complete/python3.11")
    assert interpreter.find_interpreter() == "/complete/python3.11"


def test_the_python_of_a_virtual_environment_is_passed_over(machine: Machine) -> None:
    machine.add("venv/bin/python3.11", "3 11 1 0 /checkout/.venv/bin/python3.11")
    machine.add("prefix/bin/python3.11", "3 11 1 1 /usr/bin/python3.11")
    assert interpreter.find_interpreter() == "/usr/bin/python3.11"


def test_the_entry_leaves_the_virtual_environment_that_it_is_called_from() -> None:
    code = (
        "import os, runpy, sys\n"
        "os.execv = lambda path, arguments: sys.exit(' '.join(['started', path, *arguments]))\n"
        "sys.argv = ['-m', 'help']\n"
        "runpy.run_module('scripts', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    # The tests run in .venv, from which it must not be made anew.
    assert sys.prefix != sys.base_prefix
    words = done.stderr.split()
    assert words[0] == "started"
    assert not Path(words[1]).is_relative_to(sys.prefix)
    assert words[2:] == [words[1], "-m", "scripts", "help"]
