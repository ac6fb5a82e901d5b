"""Standard input, output and error, whatever state the program was started with."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TypeGuard

from transcriber.errors import StorageError
from transcriber.files import storage_error

_missing: set[int] = set()
"""Numbers of the streams that were closed when the program was started."""


def prepare_streams() -> None:
    """See to it that all three streams exist, and that any text can be printed.

    A closed one is connected to nothing. Otherwise the next file that is opened would get its
    number, and what a library prints would go into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            # Nuitka's start opens closed ones, for itself only: what was inherited can be again.
            if not os.get_inheritable(number):
                _missing.add(number)
        except OSError:
            _missing.add(number)
            # The lowest free number is taken, and those below are open by now.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows a question mark instead of ending the run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def print_whole(content: str | bytes) -> None:
    """Write a text, or bytes, to standard output; when this returns it has left the program.

    Raises
    ------
    BrokenPipeError
        When nobody reads it any more.
    StorageError
        When it cannot be written.
    """
    try:
        if isinstance(content, str):
            sys.stdout.write(content)
        else:
            sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except OSError as error:
        if output_is_full(error):
            abandon_output()
            raise output_error(error) from error
        raise


def check_output() -> None:
    """Check that there is a standard output, where that is what a run is for.

    Raises
    ------
    StorageError
        When the program was started without one.
    """
    if 1 in _missing:
        raise StorageError("standard output is closed", "open it, or name a folder")


def output_is_full(error: Exception) -> TypeGuard[OSError]:
    """Whether `error` is that of a disk that is full or broken, or of a terminal that has gone."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def output_error(error: OSError) -> StorageError:
    """Return what the user reads when standard output cannot be written."""
    return storage_error("write", Path("standard output"), error)


def disk_error(error: OSError) -> StorageError:
    """Return what the user reads of a disk that no other module has told about."""
    name = error.filename
    if name is None and (error.errno != errno.EIO or _output_fails()):
        return output_error(error)
    place = os.fsdecode(name) if isinstance(name, str | bytes) else "a file"
    return storage_error("read or write", Path(place), error)


def _output_fails() -> bool:
    """Whether standard output is what is broken: what was not printed, or its terminal."""
    try:
        sys.stdout.flush()
        os.get_terminal_size(1)
    except OSError as error:
        return error.errno == errno.EIO
    return False


def abandon_output() -> None:
    """Let standard output go nowhere, so that closing it at the end cannot fail again."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
