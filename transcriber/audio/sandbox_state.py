"""Which sandbox ffmpeg can have on this machine, and what is told of it."""

from __future__ import annotations

import contextlib
import enum
import functools
import os
from collections.abc import Mapping
from pathlib import Path

from transcriber.errors import UsageError

VARIABLE = "TRANSCRIBER_SANDBOX"
"""Environment variable that turns the sandbox off."""


class Sandbox(enum.Enum):
    """What an ffmpeg is kept from."""

    OFF = "nothing"
    NETWORK = "the network"
    FILES = "the network, and all files but the recording and what the program itself needs"


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the user leaves the sandbox on.

    Parameters
    ----------
    environment : mapping of str to str
        Where `VARIABLE` may be; that of this process unless another is given.

    Raises
    ------
    UsageError
        When the value of `VARIABLE` means neither on nor off.

    Examples
    --------
    >>> is_wanted({VARIABLE: "off"})
    False
    """
    value = environment.get(VARIABLE, "").strip().lower()
    if value in ("", "1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise UsageError(f"{VARIABLE}={value!r} means neither on nor off", "set it to off, or unset it")


def sandboxes_for(program: Path) -> tuple[Sandbox, ...]:
    """Return what is worth a trial with a program, the narrowest first; `Sandbox.OFF` is the last.

    Raises
    ------
    UsageError
        When the value of `VARIABLE` means neither on nor off.
    """
    if not is_wanted():
        return (Sandbox.OFF,)
    kinds = [Sandbox.OFF]
    if has_filters():
        kinds.insert(0, Sandbox.NETWORK)
    from transcriber.audio.program_files import program_files  # noqa: PLC0415  with the first start

    if (landlock_version() or has_filters()) and program_files(program) is not None:
        kinds.insert(0, Sandbox.FILES)
    return tuple(kinds)


def in_words(sandbox: Sandbox) -> str:
    """Say what a sandbox keeps ffmpeg from on this machine, and by what, or why it does not."""
    version, filters = landlock_version(), has_filters()
    if sandbox is Sandbox.NETWORK:
        return (
            "ffmpeg has no network (seccomp); its files are open, "
            "for what this ffmpeg needs could not be found out"
        )
    if sandbox is Sandbox.FILES:
        text = {
            (
                True,
                True,
            ): "sees its recording only: no network, no other files (Landlock {}, seccomp)",
            (True, False): "sees its recording only (Landlock {}); no seccomp here for the network",
            (
                False,
                True,
            ): "has no network, changes no file (seccomp); no Landlock here for the rest",
        }
        return "ffmpeg " + text[version > 0, filters].format(version)
    if not is_wanted():
        return f"off, by {VARIABLE}"
    if version or filters:
        return "none: this ffmpeg does not run in one"
    return "none: no Landlock and no seccomp here"


@functools.cache
def landlock_version() -> int:
    """Return the version of Landlock's interface that can be used here; 0 for none."""
    if not _is_known():
        return 0
    from transcriber.audio import kernel  # noqa: PLC0415  with the first start

    # What begins the program finds its open files by a folder that the rules forbid.
    with contextlib.suppress(OSError):
        kernel.keep_from_children()
        return kernel.landlock_version()
    return 0


@functools.cache
def has_filters() -> bool:
    """Return whether the kernel lets a filter judge system calls (seccomp)."""
    if not _is_known():
        return False
    from transcriber.audio import kernel  # noqa: PLC0415  with the first start

    return kernel.has_filters()


def _is_known() -> bool:
    """Whether the numbers of system calls are those that the filter and the calls know."""
    return os.uname().machine == "x86_64"
