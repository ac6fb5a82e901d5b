"""When the virtual environment is made, and when it is left alone."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from buildkit.commands import Command
from buildkit.errors import SourceError, ToolError
from scripts import environment


class Checkout:
    """A checkout in which making the environment is recorded and not done."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.steps: list[str] = []
        self.fail = ""
        paths = {
            "BUILD": "build.txt",
            "TOOLS": "tools.txt",
            "PROGRAM_REQUIREMENTS": "program.txt",
            "PROJECT": "pyproject.toml",
            "ENVIRONMENT": ".venv",
            "STAMP": ".venv/set-up.json",
            "PYTHON": ".venv/bin/python",
            "PROGRAM": ".venv/bin/transcriber",
            "CACHE": ".cache",
            "CHECKOUT": ".",
        }
        for constant, name in paths.items():
            monkeypatch.setattr(environment, constant, folder / name)
        for name in ("build.txt", "tools.txt", "program.txt", "pyproject.toml"):
            (folder / name).write_text(name)
        monkeypatch.setattr(environment, "_make", self._make)
        monkeypatch.setattr(environment, "run", self._install)

    def _make(self) -> None:
        self.steps.append("environment")
        if self.fail == "environment":
            raise SourceError("no network")
        python = self.folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    def _install(self, _: object) -> int:
        self.steps.append("program")
        if self.fail == "program":
            return 1
        (self.folder / ".venv" / "bin" / "transcriber").touch()
        return 0

    def provide(self) -> list[str]:
        self.steps.clear()
        environment.provide_environment()
        return list(self.steps)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path, monkeypatch)


def test_the_second_time_nothing_is_done(checkout: Checkout) -> None:
    assert checkout.provide() == ["environment", "program"]
    assert checkout.provide() == []


@pytest.mark.parametrize("name", ["build.txt", "tools.txt", "program.txt"])
def test_a_changed_pin_makes_the_environment_anew(checkout: Checkout, name: str) -> None:
    checkout.provide()
    (checkout.folder / name).write_text("changed")
    assert checkout.provide() == ["environment", "program"]
    assert checkout.provide() == []


def test_another_python_or_another_place_makes_it_anew(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.provide()
    monkeypatch.setattr(platform, "python_version", lambda: "3.11.99")
    assert checkout.provide() == ["environment", "program"]
    monkeypatch.setattr(environment, "ENVIRONMENT", checkout.folder / "moved")
    assert checkout.provide() == ["environment", "program"]


def test_a_changed_project_installs_the_program_alone(checkout: Checkout) -> None:
    checkout.provide()
    environment.PROJECT.write_text("changed")
    assert checkout.provide() == ["program"]
    assert checkout.provide() == []


def test_a_change_that_could_not_be_installed_and_was_undone_is_not_forgotten(
    checkout: Checkout,
) -> None:
    checkout.provide()
    before = environment.PROJECT.read_text()
    environment.PROJECT.write_text("changed")
    checkout.fail = "program"
    with pytest.raises(SourceError):
        checkout.provide()
    checkout.fail = ""
    environment.PROJECT.write_text(before)
    assert checkout.provide()[-1] == "program"


@pytest.mark.parametrize("name", ["python", "transcriber"])
def test_what_was_deleted_comes_back(checkout: Checkout, name: str) -> None:
    checkout.provide()
    (checkout.folder / ".venv" / "bin" / name).unlink()
    (checkout.folder / ".venv" / "bin" / "transcriber").unlink(missing_ok=True)
    assert checkout.provide()[-1] == "program"
    assert (checkout.folder / ".venv" / "bin" / name).exists()


@pytest.mark.parametrize("step", ["environment", "program"])
def test_a_set_up_that_failed_is_done_again(checkout: Checkout, step: str) -> None:
    checkout.fail = step
    with pytest.raises(SourceError):
        checkout.provide()
    checkout.fail = ""
    assert checkout.provide()[-1] == "program"
    assert checkout.provide() == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"environment": 1}'])
def test_a_damaged_stamp_counts_as_none(checkout: Checkout, content: str) -> None:
    checkout.provide()
    environment.STAMP.write_text(content)
    assert checkout.provide() == ["environment", "program"]


def test_a_second_set_up_waits_for_the_first(checkout: Checkout, tmp_path: Path) -> None:
    lock = tmp_path / ".cache" / "set-up.lock"
    lock.parent.mkdir()
    code = (
        "import fcntl, sys, time; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX);"
        "print('locked', flush=True); time.sleep(1.5); open(sys.argv[2], 'w').close()"
    )
    done = tmp_path / "first is done"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock), str(done)], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        checkout.provide()
        assert done.exists()
        assert first.wait(30) == 0


def test_without_the_right_to_install_packages_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, code in (("apt-get", 0), ("sudo", 1)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ToolError, match=r"install the system package python3\.11-venv"):
        environment._install_venv_package()


def test_packages_are_installed_after_the_lists_were_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(
        f"""#!/bin/sh
        echo "$*" >> {tmp_path}/calls
        case "$*" in *update*) > {tmp_path}/lists ;; *) [ -e {tmp_path}/lists ] ;; esac
        """
    )
    apt.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    environment._install_venv_package()
    calls = (tmp_path / "calls").read_text().splitlines()
    install = "--yes --quiet install --no-install-recommends python3.11-venv"
    assert calls == [install, "--yes --quiet update", install]


def test_one_beside_it_is_made_anew_when_a_pin_changed_or_it_is_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    folder, pins = tmp_path / "beside", tmp_path / "beside.txt"

    def note(command: Command) -> int:
        words = [str(word) for word in command]
        started.append("venv" if "venv" in words else "install")
        if "venv" in words:
            (folder / "bin").mkdir(parents=True)
            (folder / "bin/python").touch()
        else:
            assert words[-2:] == ["-r", str(pins)]
            assert {"--require-hashes", "--no-deps", "--only-binary"} < set(words)
        return int("fail" in pins.read_text())

    monkeypatch.setattr(environment, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(environment, "provide_environment", lambda: None)
    monkeypatch.setattr(environment, "run", note)
    monkeypatch.setattr(environment, "run_quietly", lambda command: (note(command) and 0, ""))
    for text, times in (("one==1", 1), ("one==1", 1), ("one==2", 2)):
        pins.write_text(text)
        environment.provide_beside(folder, pins, "something")
        assert started == ["venv", "install"] * times
    pins.write_text("fail==1")
    for times in (3, 4):
        with pytest.raises(SourceError, match=r"requirements/beside\.txt"):
            environment.provide_beside(folder, pins, "something")
        assert started == ["venv", "install"] * times
