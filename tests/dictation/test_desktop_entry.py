from __future__ import annotations

import sys
from pathlib import Path

import pytest

from transcriber.dictation import desktop_entry
from transcriber.dictation.desktop_entry import APPLICATION, entry_text, write_entry


def test_the_entry_is_one_that_desktops_read_and_no_menu_shows() -> None:
    lines = entry_text(["/opt/transcriber"]).splitlines()
    assert lines[0] == "[Desktop Entry]"
    assert {"Type=Application", "NoDisplay=true", 'Exec="/opt/transcriber" dictate toggle'} < {
        *lines
    }


@pytest.mark.parametrize(
    ("path", "quoted"),
    [
        ("/a b/c", '"/a b/c"'),
        ('/say "yes"', '"/say \\\\"yes\\\\""'),
        ("/$HOME/`id`", '"/\\\\$HOME/\\\\`id\\\\`"'),
        ("/back\\slash", '"/back\\\\\\\\slash"'),
        ("/100%", '"/100%%"'),
    ],
)
def test_a_path_is_quoted_twice_as_the_specification_has_it(path: str, quoted: str) -> None:
    assert f"\nExec={quoted} dictate toggle\n" in entry_text([path])


@pytest.mark.parametrize("appimage", [None, Path("/home/me/Transcriber.AppImage")])
def test_the_entry_starts_what_runs_now(
    appimage: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(desktop_entry, "appimage_file", lambda: appimage)
    path = write_entry()
    assert path == tmp_path / f"applications/{APPLICATION}.desktop"
    assert f'Exec="{appimage or sys.executable}" ' in path.read_text()
