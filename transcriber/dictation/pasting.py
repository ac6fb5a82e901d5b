"""Text into the window that has the focus: copied, and then pasted by pressing keys."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence

from transcriber.dictation.clipboard import copy, on_wayland
from transcriber.errors import DesktopError
from transcriber.x11.connection import connect
from transcriber.x11.keyboard import press

_SHIFT, _CTRL, _INSERT = 0xFFE1, 0xFFE3, 0xFF63

_LIMIT = 5.0


def paste(text: str, *, terminal: bool = False, secret: bool = False) -> str:
    """Copy a text and have the window paste it.

    Parameters
    ----------
    text : str
        What to paste.
    terminal : bool
        Whether by Shift and Insert, as terminals do it; by Ctrl and V otherwise.
    secret : bool
        As `copy` takes it.

    Returns
    -------
    str
        What has pressed the keys.

    Raises
    ------
    DesktopError
        When the text cannot be copied, or no keys be pressed; it lies in the clipboard then.
    """
    copy(text, secret=secret, middle_button=terminal)
    symbols = (_SHIFT, _INSERT) if terminal else (_CTRL, ord("v"))
    if not on_wayland():
        with connect() as connection:
            press(connection, symbols)
        return "XTEST"
    reasons = []
    # wtype asks nobody, where the compositor lets it; ydotool takes the keys of one layout.
    ways: dict[str, Callable[[], object]] = {
        "wtype": lambda: _wtype(terminal=terminal),
        "the desktop's portal": lambda: _ask_portal(symbols),
        "ydotool": lambda: _ydotool(terminal=terminal),
    }
    for name, press_keys in ways.items():
        try:
            press_keys()
        except DesktopError as error:
            reasons.append(f"{name}: {error.message}")
        else:
            return name
    raise DesktopError(
        f"the keys to paste cannot be pressed ({'; '.join(reasons)})",
        "paste by hand: the text is in the clipboard",
    )


def _wtype(*, terminal: bool) -> None:
    held, key = ("shift", "Insert") if terminal else ("ctrl", "v")
    _run(("wtype", "-M", held, "-k", key, "-m", held))


def _ask_portal(symbols: Sequence[int]) -> None:
    from transcriber.dictation import remote_desktop  # noqa: PLC0415  D-Bus, which few need

    remote_desktop.press(symbols)


def _ydotool(*, terminal: bool) -> None:
    """Press the keys by ydotool, as the one that is here has them.

    From version 1 on they are the numbers of ``input-event-codes.h``; before, names. Each takes
    the other's for something else, and tells nothing.
    """
    keys = ["shift+insert" if terminal else "ctrl+v"]
    if "keycode" in _run(("ydotool", "key", "--help"), fails=True).lower():
        held, key = (42, 110) if terminal else (29, 47)
        keys = [f"{held}:1", f"{key}:1", f"{key}:0", f"{held}:0"]
    _run(("ydotool", "key", *keys))


def _run(command: Sequence[str], *, fails: bool = False) -> str:
    """Run a program and return what it says.

    Raises
    ------
    DesktopError
        When it is not there, or fails where `fails` does not say that it may.
    """
    if not shutil.which(command[0]):
        raise DesktopError("it is not installed")
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DesktopError(str(error)) from error
    if done.returncode and not fails:
        said = done.stdout.strip() or f"exit code {done.returncode}"
        raise DesktopError(said.splitlines()[-1])
    return done.stdout
