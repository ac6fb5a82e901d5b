"""Try a GPU: load PyTorch, multiply two matrices on it, compare with the processor's product.

This runs in a child process, because a broken driver may crash or hang whoever loads it. It
prints one line of JSON and imports nothing of this program, so that it can be started by its
path. `transcriber.machine.device` starts it and reads the answer.
"""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Sequence
from typing import Any

SIZE = 256
"""Rows and columns of the matrices: enough for the library's large-matrix kernels."""

TOLERANCES = {"float32": 1e-3, "float16": 1e-2}
"""Largest error allowed, relative to the largest element of the product.

Half precision rounds to 11 bits, and TF32, which a user may have switched on, multiplies with as
many: 5e-4 for each factor. A wrong product is off by about 1.
"""


def largest_error(torch: Any, device: str, dtype: str) -> float:
    """Return the relative error of a product computed on `device`; NaN where it is no number."""
    generator = torch.Generator().manual_seed(0)
    left, right = (
        torch.randn(SIZE, SIZE, generator=generator).to(getattr(torch, dtype)) for _ in range(2)
    )
    expected = left.double() @ right.double()
    product = (left.to(device) @ right.to(device)).cpu().double()
    return float((product - expected).abs().max() / expected.abs().max())


def probe(index: int) -> dict[str, object]:
    """Try the GPU with this number.

    Returns
    -------
    dict
        ``status`` is ``works``, ``absent`` (this PyTorch or machine has no such GPU, and asking
        again is useless), ``wrong`` (it miscalculates) or ``failed`` (it refused, perhaps for the
        moment). ``reason`` says why; ``name`` and ``memory`` (bytes) describe a GPU that works.
    """
    try:
        import torch  # noqa: PLC0415  what is loaded here may crash
    except Exception as error:
        return {"status": "absent", "reason": f"PyTorch cannot be loaded ({_describe(error)})"}
    try:
        return _try_gpu(torch, index)
    except Exception as error:
        return {"status": "failed", "reason": _describe(error)}


def _try_gpu(torch: Any, index: int) -> dict[str, object]:
    if torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
        return {"status": "absent", "reason": "this PyTorch is built without CUDA"}
    if not torch.cuda.is_available():
        return {"status": "absent", "reason": _why_unavailable(torch)}
    count = torch.cuda.device_count()
    if index >= count:
        return {"status": "absent", "reason": f"PyTorch finds no cuda:{index}, only {count} GPU(s)"}
    for dtype, tolerance in TOLERANCES.items():
        error = largest_error(torch, f"cuda:{index}", dtype)
        # Not "error > tolerance", which NaN would pass.
        if not error <= tolerance:
            return {"status": "wrong", "reason": f"its {dtype} product is off by {error:.2g}"}
    properties = torch.cuda.get_device_properties(index)
    return {
        "status": "works",
        "reason": f"it multiplies matrices rightly with PyTorch {torch.__version__}",
        "name": properties.name,
        "memory": properties.total_memory,
    }


def _why_unavailable(torch: Any) -> str:
    """Return why PyTorch offers no GPU, such as a driver that is too old for it."""
    try:
        # is_available() only answers no; the initialisation that it tried says why.
        torch.cuda.init()
    except Exception as error:
        return _describe(error)
    return "PyTorch finds no GPU"


def _describe(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__


def main(argv: Sequence[str]) -> int:
    """Probe one GPU and print the answer.

    Parameters
    ----------
    argv : sequence of str
        The GPU's number, then the time limit in seconds. The parent ends a probe that takes too
        long; the limit here is for a probe whose parent has died.
    """
    signal.alarm(math.ceil(float(argv[1])) + 5)
    print(json.dumps(probe(int(argv[0]))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
