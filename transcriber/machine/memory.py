"""Telling that memory is short, of the machine or of what a limit leaves of it.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

import mmap
import resource

from transcriber.errors import OutOfMemoryError

_LIBRARIES = 256 << 20
"""Bytes that NumPy, PyTorch and their threads take of the address space, before any model."""

_TRANSCRIPTION = 296 << 20
"""Bytes that a transcription with the smallest model takes; 310 MiB were measured.

With less, a thread may find no room for a number. CPython then tries for ever to raise the error
that it could not raise (`exception_unwind` in its ceval.c), and no signal ends it but SIGKILL.
"""

_BESIDE_MODEL = 200 << 20
_OF_MODEL = 1.5
"""What an hour of speech takes beside the checkpoint, and as many times its size: 296 MiB were
measured with the smallest model, of 72 MiB, and 394 with base, of 138."""

_FREE = "free some memory"

_SIGNS = (
    "can't allocate memory",
    "annot allocate memory",
    "not enough memory",
    # What the dynamic loader says, and Python where a thread has no room for its stack.
    "failed to map segment from shared object",
    "can't start new thread",
)


def memory_error(name: str) -> OutOfMemoryError:
    """Return what the user reads when the model that is called `name` does not fit."""
    limit = limit_in_words()
    return OutOfMemoryError(
        f"not enough memory for the model {name}{f' ({limit})' if limit else ''}",
        f"choose a smaller one with --model, or {'raise that limit' if limit else _FREE}",
    )


def general_error() -> OutOfMemoryError:
    """Return what the user reads when memory runs out at any other place."""
    limit = limit_in_words()
    return OutOfMemoryError(
        f"not enough memory{f' ({limit})' if limit else ''}",
        "raise that limit" if limit else _FREE,
    )


def limit_in_words() -> str:
    """Return what limits the memory of this process; empty where nothing but the machine does."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed == resource.RLIM_INFINITY:
        return ""
    return f"a program may use {allowed >> 20} MiB here, as ulimit -v tells"


def needed_memory(size: int) -> int:
    """Return about how many bytes a transcription takes, with a checkpoint of `size` bytes.

    Examples
    --------
    >>> needed_memory(145_262_807) >> 20
    407
    """
    return _BESIDE_MODEL + int(_OF_MODEL * size)


def libraries_fit() -> bool:
    """Whether NumPy and PyTorch can be loaded.

    Where NumPy's library has too little room, it ends the process without a word of ours.
    """
    return _fits(_LIBRARIES)


def transcription_fits() -> bool:
    """Whether the address space suffices for the smallest model at least."""
    return _fits(_TRANSCRIPTION)


def _fits(size: int) -> bool:
    try:
        # Reserved, not used: it costs nothing.
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return False
    return True


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` was raised because memory ran out."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _SIGNS)
