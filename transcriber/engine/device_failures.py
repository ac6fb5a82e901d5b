"""Telling a GPU's failure from one of the recording, of the options or of the program.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from transcriber.errors import EngineFailedError, TranscriberError

_PREFIXES = (
    "CUDA error: ",
    "CUDA driver error: ",
    "CUDA cannot be used: ",
    "Torch not compiled with CUDA enabled: ",
)
_REASON_LENGTH = 160
_OUT_OF_MEMORY = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED")


@contextlib.contextmanager
def device_failures(device: str) -> Iterator[None]:
    """Raise `EngineFailedError` for whatever fails inside, where that is computed on a GPU.

    A GPU that is lost, out of memory or out of its mind raises many kinds of exceptions. If one of
    them is a defect of the program after all, the processor meets it again, and there it is told
    as one. Memory of the machine, not of the GPU, that runs out would run out there, too.

    Parameters
    ----------
    device : str
        torch's name of it; nothing is changed for ``cpu``.
    """
    try:
        yield
    except (TranscriberError, MemoryError):
        raise
    except Exception as error:
        if device == "cpu":
            raise
        raise failure(device, reason_of(error)) from error


def failure(device: str, reason: str) -> EngineFailedError:
    """Return the error that a device has failed.

    Parameters
    ----------
    device : str
        torch's name of it.
    reason : str
        Why, in one line.

    Examples
    --------
    >>> failure("cuda:0", "out of memory").message
    'cuda:0 failed: out of memory'
    """
    return EngineFailedError(f"{device} failed: {reason}", "try again, or use --device cpu")


def is_out_of_gpu_memory(error: BaseException) -> bool:
    """Whether torch raised `error` because the GPU's memory ran out, which leaves it intact.

    Examples
    --------
    >>> is_out_of_gpu_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."))
    True
    """
    return any(text in str(error) for text in _OUT_OF_MEMORY)


def reason_of(error: BaseException) -> str:
    """Return the first line of what torch says, which has pages of advice for programmers.

    Returns
    -------
    str
        At most 160 characters, without torch's own beginning; ``out of memory`` for all of that.

    Examples
    --------
    >>> reason_of(RuntimeError("CUDA error: device-side assert triggered"))
    'device-side assert triggered'
    """
    lines = str(error).strip().splitlines()
    text = " ".join(lines[0].split()) if lines else type(error).__name__
    if is_out_of_gpu_memory(error):
        # What follows counts the bytes of torch's allocator.
        return "out of memory"
    for prefix in _PREFIXES:
        if text.startswith(prefix):
            return text[len(prefix) :][:_REASON_LENGTH]
    return text[:_REASON_LENGTH]
