"""Which browser shows the page, and how."""

from __future__ import annotations

from pathlib import Path

import pytest
from jobs.conftest import wait_for

from transcriber.commands.ui import open_page

ADDRESS = "http://127.0.0.1:1234/?token=x#/live"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder where programs are looked for."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def provide(folder: Path, name: str) -> Path:
    """Make a program that writes down its words; return where."""
    told = folder.parent / f"{name}.words"
    script = folder / name
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}.new\n/bin/mv {told}.new {told}\n')
    script.chmod(0o755)
    return told


def words(told: Path) -> list[str]:
    """Return the words that a program was given."""
    wait_for(told.exists)
    return told.read_text().split()


def test_the_live_view_has_a_window_of_its_own(programs: Path) -> None:
    told = provide(programs, "google-chrome")
    provide(programs, "xdg-open")
    assert open_page(ADDRESS, is_small=True)
    assert words(told) == [f"--app={ADDRESS}", "--window-size=420,320"]


@pytest.mark.parametrize("is_small", [True, False])
def test_the_browser_of_the_user_is_taken_else(programs: Path, is_small: bool) -> None:
    told = provide(programs, "gio")
    if not is_small:
        provide(programs, "chromium")
    assert open_page(ADDRESS, is_small=is_small)
    assert words(told) == ["open", ADDRESS]


def test_there_may_be_no_browser(programs: Path) -> None:
    assert not open_page(ADDRESS, is_small=True)
    assert not list(programs.iterdir())
