"""When the tools of the tests of packages are got, and what goes on without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.errors import SourceError
from scripts import debian_tools, environment, packagers


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Return what was got so far, in a checkout where getting is only recorded."""
    root, got = tmp_path / "packagers", list[Sequence[str]]()

    def unpack(packages: Sequence[str], folder: Path) -> None:
        assert folder == root
        got.append(packages)
        root.mkdir(exist_ok=True)

    monkeypatch.setattr(environment, "CACHE", tmp_path)
    monkeypatch.setattr(packagers, "PACKAGERS", root)
    monkeypatch.setattr(debian_tools, "unpack_packages", unpack)
    return got


def test_the_second_time_nothing_is_got(
    asked: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        packagers.provide_packagers()
        assert len(asked) == 1
    monkeypatch.setattr(packagers, "PACKAGES", (*packagers.PACKAGES, "another"))
    packagers.provide_packagers()
    assert asked[1][-1] == "another"


def test_without_them_the_set_up_goes_on_and_says_why(
    asked: list[Sequence[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(packages: Sequence[str], folder: Path) -> None:
        raise SourceError("apt cannot download it")

    monkeypatch.setattr(debian_tools, "unpack_packages", fail)
    packagers.provide_packagers()
    assert not (tmp_path / "packagers/set-up.json").exists()
    assert "tests of packages, which are skipped: apt cannot download it" in capfd.readouterr().err
