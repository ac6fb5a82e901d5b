"""Whether the library of PyTorch's threads can start.

LLVM's OpenMP writes down in the shared memory that it is loaded. Where there is no room, the system
ends the process with SIGBUS at that, without a word.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path

from transcriber.errors import StorageError

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - nothing is written there by us


def check_shared_memory(folder: Path = SHARED_MEMORY) -> None:
    """Check that a few bytes of shared memory can be had.

    Where there is none, or it is read-only, the library does without.

    Raises
    ------
    StorageError
        When they cannot.
    """
    largest, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if largest == 0:
        raise StorageError("no file may be written here (ulimit -f is 0)", "raise that limit")
    try:
        status = os.statvfs(folder)
    except OSError:
        return
    if status.f_blocks and not status.f_bavail and not status.f_flag & os.ST_RDONLY:
        raise StorageError(
            f"there is no room in {folder}, which PyTorch's threads need",
            f"remove what fills it; df {folder} tells how large it is",
        )
