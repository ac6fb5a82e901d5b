"""What `doctor` tells about dictation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from transcriber.capture.sources import Source
from transcriber.doctor import desktop
from transcriber.doctor.desktop import desktop_findings
from transcriber.doctor.finding import Value

NOTHING = {
    "session": None,
    "recorders": None,
    "recorder": None,
    "microphone": None,
    "system sound": None,
    "clipboard": None,
    "pasting": None,
}


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the only folder with programs, of a machine without a desktop."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def offer(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def found() -> dict[str, Value]:
    return {one.name: one.value for one in desktop_findings()}


def test_nothing_is_here(tools: Path) -> None:
    assert found() == NOTHING
    assert {one.text for one in desktop_findings()} == {"none"}
    assert not any(one.missing for one in desktop_findings())


def test_what_records(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tools, ["arecord", "parec", "pactl"])
    assert found() == {**NOTHING, "recorders": ["parec", "arecord"]}
    here = (
        Source(tool="parec", name="a", description="Built-in"),
        Source(tool="parec", name="b", description="Yeti"),
        Source(tool="parec", name="c.monitor", description="Monitor of C", is_system=True),
    )
    monkeypatch.setattr(desktop, "sources", lambda: here)
    told = found()
    assert told["recorder"] == "parec"
    assert (told["microphone"], told["system sound"]) == ("Built-in", "Monitor of C")


@pytest.mark.parametrize(
    ("displays", "programs", "session", "clipboard", "pasting"),
    [
        ("", "wl-copy wtype", None, None, None),
        ("DISPLAY", "", "X11", "X11 selection", "XTEST"),
        ("WAYLAND_DISPLAY", "", "Wayland", None, None),
        ("WAYLAND_DISPLAY", "wl-copy ydotool", "Wayland", "wl-copy", "ydotool"),
        ("WAYLAND_DISPLAY DISPLAY", "wtype ydotool", "Wayland", "X11 selection", "wtype"),
    ],
)
def test_where_the_text_can_go(
    tools: Path,
    monkeypatch: pytest.MonkeyPatch,
    displays: str,
    programs: str,
    session: str | None,
    clipboard: str | None,
    pasting: str | None,
) -> None:
    for name in displays.split():
        monkeypatch.setenv(name, ":0")
    offer(tools, programs.split())
    told = found()
    assert (told["session"], told["clipboard"], told["pasting"]) == (session, clipboard, pasting)
