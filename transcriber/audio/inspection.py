"""What can be told of a file before anything is decoded."""

from __future__ import annotations

import os
from pathlib import Path

from transcriber.audio import failures
from transcriber.audio.container import has_only_protected_sound, lacks_its_end
from transcriber.audio.content import foreign_content
from transcriber.errors import InputError

_HEAD_BYTES = 4096


def inspect(path: Path, label: str) -> tuple[bytes, bool]:
    """Return the file's beginning, and whether its end is missing.

    Parameters
    ----------
    path : Path
        The file.
    label : str
        What messages call it.

    Raises
    ------
    InputError
        When it cannot be read, or is seen to be no recording.
    """
    try:
        # Before opening: that alone can set a device going.
        failure = failures.kind_failure(label, path.stat().st_mode)
        if failure is not None:
            raise failure
        # O_NONBLOCK: a pipe may have taken the file's place since.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            head = stream.read(_HEAD_BYTES)
            protected = has_only_protected_sound(stream, size)
            lacks_end = lacks_its_end(stream, size)
    except (OSError, ValueError) as error:
        raise failures.path_failure(label, error) from error
    if not head:
        raise InputError(f"{label} is empty", "copy or record it again")
    if protected:
        raise failures.encrypted_failure(label)
    foreign = foreign_content(head)
    if foreign is not None:
        what, remedy = foreign
        raise InputError(f"{label} {what}", remedy)
    return head, lacks_end
