from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.places import BUILD_CACHE_VARIABLE, CHECKOUT, build_cache
from transcriber.paths import program_cache


def test_the_checkout_has_the_kit() -> None:
    assert (CHECKOUT / "buildkit/places.py").is_file()


@pytest.mark.parametrize("home", ["there", "absent"])
@pytest.mark.parametrize("configured", ["", "relative", "/somewhere/cache"])
def test_the_build_cache_is_in_the_programs_own(
    home: str, configured: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.delenv(BUILD_CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / home))
    monkeypatch.setenv("XDG_CACHE_HOME", configured)
    assert build_cache() == program_cache() / "build"


def test_the_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BUILD_CACHE_VARIABLE, str(tmp_path))
    assert build_cache() == tmp_path
