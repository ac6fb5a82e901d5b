"""What ``doctor`` tells about dictation: what records, and where the text can go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from transcriber.capture.sources import TOOLS, Source, sources
from transcriber.doctor.finding import Finding, look_up

_TYPISTS = ("wtype", "ydotool")
"""What types into windows of Wayland."""


def desktop_findings() -> list[Finding]:
    """Describe the desktop session, its sound and its clipboard."""
    found = sources()
    return [
        look_up("session", _session),
        look_up("recorders", lambda: [tool for tool in TOOLS if shutil.which(tool)] or None),
        look_up("recorder", lambda: found[0].tool if found else None),
        look_up("microphone", lambda: _first(found, is_system=False)),
        look_up("system sound", lambda: _first(found, is_system=True)),
        look_up("clipboard", _clipboard),
        look_up("pasting", _pasting),
    ]


def _session() -> str | None:
    if os.environ.get("WAYLAND_DISPLAY"):
        return "Wayland"
    return "X11" if os.environ.get("DISPLAY") else None


def _first(found: Sequence[Source], *, is_system: bool) -> str | None:
    return next((one.description for one in found if one.is_system == is_system), None)


def _clipboard() -> str | None:
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-copy"):
        return "wl-copy"
    # A Wayland desktop shares its clipboard with what is made for X11.
    return "X11 selection" if os.environ.get("DISPLAY") else None


def _pasting() -> str | None:
    if _session() == "X11":
        return "XTEST"
    return next((one for one in _TYPISTS if _session() and shutil.which(one)), None)
