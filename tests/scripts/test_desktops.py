"""When the desktops of the tests are got, and what goes on without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.errors import SourceError
from scripts import debian_tools, desktops, environment

XVFB = b"\x7fELF\0/usr/bin/X\0/usr/bin\0/usr/share\0"


class Machine:
    """A checkout in which getting packages is recorded and not done."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "desktops"
        self.content = XVFB
        self.fails = False
        self.asked = 0
        monkeypatch.setattr(environment, "CACHE", folder)
        monkeypatch.setattr(desktops, "DESKTOPS", self.root)
        monkeypatch.setattr(debian_tools, "unpack_packages", self._unpack)

    def _unpack(self, packages: Sequence[str], folder: Path) -> None:
        assert folder == self.root
        assert "xvfb" in packages
        self.asked += 1
        if self.fails:
            raise SourceError("apt cannot download it")
        (folder / "usr/bin").mkdir(parents=True, exist_ok=True)
        (folder / "usr/bin/Xvfb").write_bytes(self.content)
        (folder / "set-up.json").unlink(missing_ok=True)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_the_second_time_nothing_is_got(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        desktops.provide_desktops()
        assert machine.asked == 1
    monkeypatch.setattr(desktops, "PACKAGES", (*desktops.PACKAGES, "another"))
    desktops.provide_desktops()
    assert machine.asked == 2


def test_xvfb_finds_xkbcomp_from_where_it_is_started(machine: Machine) -> None:
    desktops.provide_desktops()
    path = machine.root / "usr/bin/Xvfb"
    assert path.read_bytes() == b"\x7fELF\0/usr/bin/X\0usr/bin\0\0/usr/share\0"
    assert path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("fails", [False, True])
def test_without_them_the_set_up_goes_on_and_says_why(
    machine: Machine, capfd: pytest.CaptureFixture[str], fails: bool
) -> None:
    machine.fails = fails
    machine.content = b"another Xvfb"
    desktops.provide_desktops()
    assert not (machine.root / "set-up.json").exists()
    told = capfd.readouterr().err
    assert "no desktops for the tests of dictation" in told
    assert ("apt cannot download it" if fails else "names the folder of xkbcomp") in told
