"""A child's errors as data, with which its parent can tell whose fault they are.

Other Pythons run this module: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

import re
import sys

from transcriber.errors import EngineFailedError, TranscriberError

_GPU_ERROR = re.compile(r"CUDA|cuDNN|CUBLAS|CUFFT|NVML|NVRTC|HIP error|device-side", re.IGNORECASE)


def describe(error: Exception) -> dict[str, str]:
    """Return an error as data.

    Returns
    -------
    dict
        ``kind`` is ``memory``, ``gpu``, ``other`` or, for what the program tells its user
        itself, the name of the error's class; ``message`` and ``remedy`` are one line each.
    """
    cause = error.__cause__ if isinstance(error, TranscriberError) else error
    if isinstance(cause, Exception) and not isinstance(error, EngineFailedError):
        if _is_out_of_memory(cause):
            return {"kind": "memory", "message": reason(cause), "remedy": ""}
        if type(cause).__name__ == "AcceleratorError" or _GPU_ERROR.search(str(cause)):
            return {"kind": "gpu", "message": reason(cause), "remedy": ""}
    if isinstance(error, TranscriberError):
        kind = type(error).__name__
        return {"kind": kind, "message": error.message, "remedy": error.remedy}
    return {"kind": "other", "message": reason(error), "remedy": ""}


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError):
        return True
    if "torch" not in sys.modules or "transcriber.engine.model" not in sys.modules:
        return False
    from transcriber.engine.model import is_out_of_memory  # noqa: PLC0415

    return is_out_of_memory(error)


def reason(error: BaseException) -> str:
    """Return an error in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].strip()}"[:300] if lines else type(error).__name__
