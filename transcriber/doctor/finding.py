"""One thing that `doctor` looks up, and how it is shown.

A look-up that fails is a finding too, so that one broken corner of a machine hides nothing of the
rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Value = str | int | float | bool | list[str] | dict[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked up.

    Attributes
    ----------
    name : str
        What it is, in lower case.
    value : str, int, float, bool, list, dict or None
        What was found. Sizes are in bytes. None where there is none or it is unknown.
    text : str
        The same for people.
    error : str
        Why it is unknown.
    missing : bool
        Whether nothing can be transcribed without it.
    caveat : str
        What to tell in the last line, too, because not all is as one would expect.
    """

    name: str
    value: Value
    text: str
    error: str = ""
    missing: bool = False
    caveat: str = ""


def look_up(
    name: str,
    function: Callable[[], Value],
    show: Callable[[Value], str] | None = None,
    *,
    required: bool = False,
) -> Finding:
    """Return what `function` finds, or why it finds nothing."""
    try:
        value = function()
        text = (show or _show)(value)
    except Exception as error:
        return failed_finding(name, error, required=required)
    return Finding(name=name, value=value, text=text, missing=required and value is None)


def failed_finding(name: str, error: Exception, *, required: bool = False) -> Finding:
    """Return the finding that something is unknown because of `error`."""
    why = " ".join(f"{error}".split()) or type(error).__name__
    return Finding(name=name, value=None, text=f"unknown ({why})", error=why, missing=required)


def in_one_line(value: Value) -> str:
    """Return a list in one line."""
    return " ".join(value) if isinstance(value, list) and value else "none"


def size_in_words(value: Value) -> str:
    """Return a number of bytes for people."""
    return f"{value / 2**30:.1f} GiB" if isinstance(value, int) else "none"


def _show(value: Value) -> str:
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "\n".join(f"{key}: {item}" for key, item in value.items())
    return "\n".join(value) if isinstance(value, list) else str(value)
