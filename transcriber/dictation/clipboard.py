"""Text into the clipboard, on Wayland and on X."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from transcriber.errors import DesktopError
from transcriber.x11.selection import take_selections

_LIMIT = 10.0
"""Seconds for a program that goes to the background once it has the text."""

_X_TOOLS = (("xclip", "-selection", "{}"), ("xsel", "--input", "--{}"))


def on_wayland() -> bool:
    """Return whether the desktop is one of Wayland's.

    Raises
    ------
    DesktopError
        When there is no desktop at all.
    """
    if os.environ.get("WAYLAND_DISPLAY"):
        return True
    if os.environ.get("DISPLAY"):
        return False
    raise DesktopError(
        "there is no desktop here: neither WAYLAND_DISPLAY nor DISPLAY is set",
        "start the program in the desktop's own session",
    )


def copy(text: str, *, secret: bool, middle_button: bool = False) -> str:
    """Put a text into the clipboard, where it stays after the program's end.

    Parameters
    ----------
    text : str
        What to copy.
    secret : bool
        Whether programs that keep a history are asked to leave it out: KDE's, and those that
        look for its mark.
    middle_button : bool
        Whether the middle button and terminals are to paste it as well (the selection PRIMARY).

    Returns
    -------
    str
        What did it.

    Raises
    ------
    DesktopError
        When nothing can.
    """
    if on_wayland():
        return _copy_on_wayland(text, secret=secret, middle_button=middle_button)
    names = ("CLIPBOARD", "PRIMARY") if middle_button else ("CLIPBOARD",)
    try:
        take_selections(text, secret=secret, names=names)
    except DesktopError:
        # What they connect with knows more ways to be let in.
        for name, *words in _X_TOOLS:
            commands = [[name, *(word.format(kind.lower()) for word in words)] for kind in names]
            if shutil.which(name) and not any(_feed(command, text) for command in commands):
                return name
        raise
    return "X11 selection"


def _copy_on_wayland(text: str, *, secret: bool, middle_button: bool) -> str:
    """Copy by wl-copy, which knows each compositor's way."""
    if not shutil.which("wl-copy"):
        raise DesktopError(
            "there is no wl-copy to copy with", "install your system's package wl-clipboard"
        )
    # Without a type, it has the text's own guessed.
    command = ["wl-copy", "--type", "text/plain;charset=utf-8"]
    for kind in ([], ["--primary"])[: 1 + middle_button]:
        # wl-clipboard knows the mark from version 2.3 on.
        marked = secret and not _feed([*command, *kind, "--sensitive"], text)
        if not marked and (reason := _feed([*command, *kind], text)):
            raise DesktopError(f"wl-copy does not copy: {reason}", "is WAYLAND_DISPLAY right?")
    return "wl-copy"


def _feed(command: Sequence[str], text: str) -> str:
    """Give `text` to a program; return why it has failed, or nothing."""
    try:
        done = subprocess.run(
            command,
            input=text.encode(errors="replace"),
            # What stays behind to keep the text would hold a pipe open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return f"exit code {done.returncode}" if done.returncode else ""
