from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit import system_packages
from buildkit.errors import ToolError
from native_build import build_programs
from native_build.build_programs import PROGRAMS, provide_programs


class Machine:
    """A machine that has some programs, and where installing works or does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *present: str, root: bool) -> None:
        self.present, self.root = set(present), root
        self.unpacked: list[Path] = []
        monkeypatch.setattr("shutil.which", self.which)
        for module in (build_programs, system_packages):
            monkeypatch.setattr(module, "install", self.install)
        monkeypatch.setattr(system_packages, "unpack_packages", self.unpack)
        monkeypatch.setattr(build_programs, "_has_modules", lambda: "perl" in self.present)

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.present else None

    def install(self, packages: Sequence[str]) -> bool:
        if self.root:
            self.present |= set(packages)
        return self.root

    def unpack(self, packages: Sequence[str], folder: Path) -> None:
        (folder / "usr/bin").mkdir(parents=True)
        (folder / "usr/bin" / packages[0]).touch()
        self.unpacked.append(folder)


def test_what_is_there_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(monkeypatch, "perl", *PROGRAMS, root=False)
    assert provide_programs(tmp_path) == []
    assert machine.unpacked == []


def test_root_installs_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(monkeypatch, root=True)
    assert provide_programs(tmp_path) == []
    assert machine.present == {"perl", *PROGRAMS}


def test_others_unpack_it_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(monkeypatch, "perl", "make", root=False)
    assert provide_programs(tmp_path) == [tmp_path / "nasm/usr/bin"]
    assert provide_programs(tmp_path) == [tmp_path / "nasm/usr/bin"]
    assert machine.unpacked == [tmp_path / "nasm"]


def test_perl_must_be_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Machine(monkeypatch, *PROGRAMS, root=False)
    with pytest.raises(ToolError, match="install the system package perl"):
        provide_programs(tmp_path)
