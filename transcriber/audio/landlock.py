"""Rules by which a thread, and what it starts, reads the files that are named and no others."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import Final

from transcriber.audio import kernel

# <linux/landlock.h>: how many rights on files each version of the interface knows, and which one
# each further kind of rule came with.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_VERSION, _NETWORK_RIGHTS = 4, 0b11
_SCOPES_VERSION, _SCOPES = 6, 0b11

_EXECUTE: Final = 1 << 0
_READ: Final = 1 << 2


def open_rules(
    version: int, *, started: Iterable[str], read: Iterable[str], recording: int | None
) -> int:
    """Return a descriptor of rules for `kernel.restrict`.

    Whatever a rule could allow is refused but for these: the network for TCP, signals to processes
    outside, too, where the kernel can.

    Parameters
    ----------
    version : int
        What `kernel.landlock_version` returns.
    started : iterable of str
        Files that may be started as programs, and read.
    read : iterable of str
        Files that may be read, and folders in which all may. What does not exist is passed over.
    recording : int or None
        Descriptor of a file that may be read.

    Raises
    ------
    OSError
        When the kernel refuses.
    """
    files = (1 << _FILE_RIGHTS[min(version, max(_FILE_RIGHTS))]) - 1
    rules = kernel.create_ruleset(
        files,
        _NETWORK_RIGHTS if version >= _NETWORK_VERSION else 0,
        _SCOPES if version >= _SCOPES_VERSION else 0,
    )
    try:
        for path in started:
            _allow(rules, _EXECUTE | _READ, path)
        for path in read:
            with contextlib.suppress(OSError):
                _allow(rules, _READ, path)
        if recording is not None:
            # The kernel has no rules for files of no file system, and always allows those.
            with contextlib.suppress(OSError):
                kernel.allow_path(rules, _READ, recording)
    except OSError:
        os.close(rules)
        raise
    return rules


def _allow(rules: int, access: int, path: str) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        kernel.allow_path(rules, access, descriptor)
    finally:
        os.close(descriptor)
