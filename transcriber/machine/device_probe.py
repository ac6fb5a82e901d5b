"""Try a GPU: ask its driver, load PyTorch, multiply two matrices, compare with the processor's.

This runs in a child process, because a broken driver may crash or hang whoever loads it. It
prints one line of JSON and imports nothing of this program, so that it can be started by its
path. `transcriber.choosing.device` starts it and reads the answer.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any

DRIVER_LIBRARY = "libcuda.so.1"

OLDEST_DRIVERS = {11: "450.80.02", 12: "525.60.13", 13: "580.65.06"}
"""First driver for any release of a major version of CUDA, from NVIDIA's "CUDA Compatibility"."""

OLDEST_CAPABILITY = (7, 0)
"""What the add-on of our own PyTorch has kernels for: Volta (2017) and later."""

DRIVER_ERRORS = {
    2: "the GPU is out of memory",
    34: "the driver library is the stub of a CUDA toolkit, which no driver has taken the place of",
    35: "the driver is too old",
    46: "the GPU is in use by another process that has it to itself",
    100: "the driver finds no GPU",
    101: "the driver finds no such GPU",
    214: "the GPU's memory has an uncorrectable error",
    304: "the operating system refuses the driver's calls",
    800: "the GPU is not permitted to this process",
    802: "the system is not yet initialised: the GPUs' fabric manager does not run",
    803: "the driver library and the kernel module are of different versions",
    804: "the library for forward compatibility of CUDA is not for this GPU",
    999: "the driver does not start, for a reason unknown to it",
}
"""``CUresult`` of ``cuda.h``, as far as ``cuInit`` and a first use of a GPU return it."""

PASSING = frozenset({2, 46, 304, 800, 802, 999})
"""Those errors that may be over at the next start."""

_TOO_OLD = 35
"""``cudaErrorInsufficientDriver``."""

_COMPUTE_MODE, _MAJOR, _MINOR = 20, 75, 76
"""``CUdevice_attribute`` of ``cuda.h``."""
_PROHIBITED = 2

_WORDS_AROUND = re.compile(
    r"^Torch not compiled with CUDA enabled: |^CUDA cannot be used: "
    r"|the CUDA add-on cannot be loaded: |, and \S+ is not in this build of PyTorch.*"
)
"""What our own PyTorch puts around a reason, which says nothing to who has no PyTorch."""

_LOADER_ERRORS = {
    r"there is no CUDA add-on at": "is missing",
    r"file too short|past end of file|cannot read file data": "is cut off",
    # A library for another processor is passed over as if it were not there.
    r"invalid ELF header|wrong ELF (class|data)|ELF file|cannot open shared object file": (
        "is no library for this processor"
    ),
    r"version [`']?\w+'? not found": "is of another build of this program",
    r"undefined symbol": "does not fit this program",
    r"does not define module export function": "is another module",
}
"""What the dynamic loader and Python say of the CUDA add-on, and what that means."""

SIZE = 256
"""Rows and columns of the matrices: enough for the library's large-matrix kernels."""

TOLERANCES = {"float32": 1e-3, "float16": 1e-2}
"""Largest error allowed, relative to the largest element of the product.

Half precision rounds to 11 bits, and TF32, which a user may have switched on, multiplies with as
many: 5e-4 for each factor. A wrong product is off by about 1.
"""


def largest_error(torch: Any, device: str, dtype: str) -> float:
    """Return the relative error of a product computed on `device`; NaN where it is no number."""
    import numpy as np  # noqa: PLC0415  only here, and not before the driver was asked

    # The measure is numpy's: our own PyTorch has no product in double precision. The numbers are
    # between -1 and 1 and follow no pattern that a wrong order of the elements would keep.
    numbers = np.sin(np.arange(2.0 * SIZE * SIZE) * 12.9898).reshape(2, SIZE, SIZE)
    left, right = numbers.astype(dtype)
    expected = left.astype(float) @ right.astype(float)
    on_device = (torch.from_numpy(matrix).to(device) for matrix in (left, right))
    product = (next(on_device) @ next(on_device)).to("cpu").numpy().astype(float)
    return float(abs(product - expected).max() / abs(expected).max())


def probe(index: int) -> dict[str, object]:
    """Try the GPU with this number.

    Returns
    -------
    dict
        ``status`` is ``works``, ``absent`` (this PyTorch or machine has no such GPU, and asking
        again is useless), ``wrong`` (it miscalculates) or ``failed`` (it refused, perhaps for the
        moment). ``reason`` says why, and ``code`` is the driver's error number if it gave one;
        ``name`` and ``memory`` (bytes) describe a GPU that works.
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
    fault = _cuda_fault(torch, index) if getattr(torch.version, "hip", None) is None else None
    if fault is not None:
        return fault
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


def _cuda_fault(torch: Any, index: int) -> dict[str, object] | None:
    """Return what the driver has against the use of a GPU by this PyTorch."""
    # Only our own build has it, whose CUDA is in a file of its own.
    add_on = getattr(torch.cuda, "addon_version", None)
    if torch.version.cuda is None and add_on is None:
        return {"status": "absent", "reason": "this PyTorch is built without CUDA"}
    fault = driver_fault(index, oldest=OLDEST_CAPABILITY if add_on else None)
    version = torch.version.cuda or (add_on() if add_on else None)
    return fault or (_age_fault(version) if version else None)


def driver_fault(index: int, *, oldest: tuple[int, int] | None) -> dict[str, object] | None:
    """Ask the driver itself why a GPU cannot be used; None where it sees nothing against it.

    PyTorch tells less: a driver that is missing and one that is too old are one error to it.

    Parameters
    ----------
    index : int
        The GPU's number.
    oldest : tuple of int, optional
        The first compute capability that there is code for.
    """
    try:
        driver = ctypes.CDLL(DRIVER_LIBRARY)
    except OSError as error:
        text = " ".join(str(error).split())
        if text.startswith(DRIVER_LIBRARY) and "No such file" in text:
            reason = f"no NVIDIA driver is installed ({DRIVER_LIBRARY} is not found)"
        else:
            reason = f"the driver library cannot be loaded ({text})"
        return {"status": "absent", "reason": reason}
    try:
        return _ask_driver(driver, index, oldest)
    except AttributeError as error:
        # ctypes looks a function up when it is first named.
        return {"status": "absent", "reason": f"the driver library is broken ({error})"}


def _ask_driver(
    driver: Any, index: int, oldest: tuple[int, int] | None
) -> dict[str, object] | None:
    count, device = ctypes.c_int(), ctypes.c_int()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    limited = "" if visible is None else f", with CUDA_VISIBLE_DEVICES={visible!r}"
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if code:
        return _driver_error(code, limited if code == 100 else "")
    if index >= count.value:
        shown = f"{count.value} GPU{'s' * (count.value != 1)}" if count.value else "no GPU"
        reason = f"there is no cuda:{index}: the driver shows {shown}{limited}"
        return {"status": "absent", "reason": reason}
    code = driver.cuDeviceGet(ctypes.byref(device), index)
    if code:
        return _driver_error(code)

    def attribute(number: int) -> int:
        value = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(value), number, device)
        return value.value

    if attribute(_COMPUTE_MODE) == _PROHIBITED:
        reason = "the GPU's compute mode forbids its use (nvidia-smi --compute-mode=0 permits it)"
        return {"status": "failed", "reason": reason}
    capability = attribute(_MAJOR), attribute(_MINOR)
    if oldest and capability < oldest:
        have, need = (".".join(map(str, pair)) for pair in (capability, oldest))
        reason = f"the GPU is too old: its compute capability is {have}, and {need} is needed"
        return {"status": "absent", "reason": reason}
    return None


def _driver_error(code: int, more: str = "") -> dict[str, object]:
    known = DRIVER_ERRORS.get(code, "the driver refuses")
    status = "failed" if code in PASSING else "absent"
    return {"status": status, "reason": f"{known}{more} (CUDA error {code})", "code": code}


def _age_fault(version: str) -> dict[str, object] | None:
    """Say that the driver is too old for a version of CUDA, such as ``12.4``.

    Within one major version any driver does.
    """
    major, found = int(version.split(".", maxsplit=1)[0]), ctypes.c_int()
    ctypes.CDLL(DRIVER_LIBRARY).cuDriverGetVersion(ctypes.byref(found))
    if found.value // 1000 >= major:
        return None
    own = f"{found.value // 1000}.{found.value % 1000 // 10}"
    oldest = OLDEST_DRIVERS.get(major)
    needed = f": {oldest} or later is needed" if oldest else ""
    reason = f"the driver is too old, for CUDA {own} instead of {version}{needed}"
    return {"status": "absent", "reason": reason, "code": _TOO_OLD}


def _why_unavailable(torch: Any) -> str:
    """Return why PyTorch offers no GPU, such as an add-on that does not fit it."""
    try:
        # is_available() only answers no; the initialisation that it tried says why.
        torch.cuda.init()
    except Exception as error:
        return _describe(error)
    return "PyTorch finds no GPU"


def _describe(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    if not lines:
        return type(error).__name__
    text = re.sub(_WORDS_AROUND, "", " ".join(lines[0].split()))
    for pattern, meaning in _LOADER_ERRORS.items():
        if re.search(pattern, text):
            return f"the CUDA add-on {meaning} ({text})"
    known = text.startswith("CUDA") or _WORDS_AROUND.search(lines[0])
    return text if known else f"{type(error).__name__}: {text}"


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
