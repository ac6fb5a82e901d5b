"""Which steps the verbs of a release take."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import UsageError
from scripts import releasing


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what was done so far; nothing is."""
    done = list[str]()

    def run_module(module: str, name: str, *words: str | Path) -> int:
        done.append(" ".join([name, *map(str, words)]))
        return 5 if name == "packages" and "fail" in done else 0

    monkeypatch.setattr(releasing, "run_module", run_module)
    monkeypatch.setattr(releasing, "provide_environment", lambda: None)
    monkeypatch.setattr(releasing, "provide_appimages", lambda _: done.append("AppImages"))
    return done


def test_the_version_is_written_before_anything_is_built(taken: list[str]) -> None:
    assert releasing.make_release("1.2.3", "2026-01-02", "") == 0
    words = "--date=2026-01-02 --version=1.2.3"
    assert taken == [
        f"prepare {words}",
        "AppImages",
        *(f"{step} {words}" for step in ("packages", "assemble", "tree")),
        f"tag {words}",
    ]


def test_what_fails_is_not_tagged(taken: list[str]) -> None:
    taken.append("fail")
    assert releasing.make_release("1.2.3", "2026-01-02", "") == 5
    assert taken[-1].startswith("packages")


def test_a_release_needs_a_version_and_a_trial_does_not(taken: list[str]) -> None:
    with pytest.raises(UsageError, match="VERSION"):
        releasing.make_release("", "", "")
    assert taken == []
    assert releasing.make_release("", "2026-01-02", "1") == 0
    assert [one for one in taken if "--dry_run" not in one] == ["AppImages"]
    taken.clear()
    assert releasing.try_release() == 0
    assert "AppImages" not in taken
    assert all("--dry_run" in one for one in taken)


def test_another_edition_is_told_before_the_sources_change(taken: list[str]) -> None:
    with pytest.raises(UsageError, match="EDITION=fat"):
        releasing.make_release("1.2.3", "", "", "fat")
    assert taken == []
