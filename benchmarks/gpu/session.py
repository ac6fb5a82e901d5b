"""The child: asks whichever PyTorch it has, and prints a line of JSON.

``python session.py device | products REQUEST | memory OPTION... | fill``. It keeps to what the
stripped build has, and runs on stock PyTorch too.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

_PIECE = 256 << 20
"""Bytes that are taken at a time until none are left."""


def device() -> dict[str, Any]:
    """Return what PyTorch says of the GPU."""
    found: dict[str, Any] = {"torch": torch.__version__}
    version = getattr(torch.cuda, "addon_version", None)
    found["cuda"] = version() if version else torch.version.cuda
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        properties = torch.cuda.get_device_properties(0)
        free, total = torch.cuda.mem_get_info()
    except (RuntimeError, AssertionError) as error:
        return {**found, "error": str(error).partition("\n")[0]}
    return {
        **found,
        "name": properties.name,
        "capability": f"{properties.major}.{properties.minor}",
        "multiprocessors": properties.multi_processor_count,
        "memory": total,
        "free": free,
    }


def products(request: dict[str, Any]) -> list[dict[str, float]]:
    """Return seconds of each shape, and how far the result is from the processor's."""
    return [_product(shape, request["seconds"]) for shape in request["shapes"]]


def _product(shape: dict[str, Any], limit: float) -> dict[str, float]:
    random = np.random.default_rng(0)
    call: Callable[..., Any] = functional.linear
    sizes: list[tuple[int, ...]]
    if shape["kind"] == "linear":
        sizes = [(shape["rows"], shape["inputs"]), (shape["outputs"], shape["inputs"])]
    else:
        call = partial(functional.scaled_dot_product_attention, is_causal=shape["causal"])
        lengths = (shape["queries"], shape["keys"], shape["keys"])
        sizes = [(shape["batch"], shape["heads"], length, 64) for length in lengths]
    here = [
        torch.from_numpy(random.standard_normal(one, dtype=np.float32).astype(np.float16))
        for one in sizes
    ]
    there = [one.to("cuda") for one in here]
    with torch.no_grad():
        exact = call(*(one.float() for one in here)).numpy()
        found = call(*there).cpu().float().numpy()
        seconds = _timed(lambda: call(*there), limit)
    scale = float(np.abs(exact).max()) or 1.0
    return {"seconds": seconds, "error": float(np.abs(exact - found).max()) / scale}


def _timed(work: Callable[[], object], limit: float) -> float:
    torch.cuda.synchronize()
    calls, spent, begin = 0, 0.0, time.perf_counter()
    while spent < limit:
        # A queue of several hides what a launch costs, as a whole model does.
        for _ in range(8):
            work()
        torch.cuda.synchronize()
        calls += 8
        spent = time.perf_counter() - begin
    return spent / calls


def memory(options: list[str]) -> dict[str, Any]:
    """Run the program in this process, and return its exit code and the peaks of memory."""
    from transcriber.__main__ import start  # noqa: PLC0415

    sys.argv = ["transcriber", *options]
    try:
        start()
        code: Any = 0
    except SystemExit as error:
        code = error.code or 0
    # Nothing is counted, and nothing loaded, where no GPU was used.
    initialized = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    used = torch.cuda.max_memory_allocated() if initialized else 0
    return {"code": code, "gpu_mib": used / 2**20, "host_mib": peak_mib()}


def fill() -> dict[str, Any]:
    """Take all memory of the GPU, say how that ends, and hold it until the input ends."""
    held: list[Any] = []
    try:
        while True:
            held.append(torch.empty(_PIECE, dtype=torch.uint8, device="cuda"))
    except Exception as error:
        found = {"pieces": len(held), "error": type(error).__name__, "message": str(error)}
    print(json.dumps(found), flush=True)
    sys.stdin.read()
    held.clear()
    torch.cuda.empty_cache()
    again = torch.zeros(8, device="cuda").cpu().numpy().tolist()
    return {"works again": again == [0.0] * 8}


def peak_mib() -> float:
    """Return the most memory that this process has had, in MiB."""
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    """Answer."""
    verb, *words = sys.argv[1:]
    answers: dict[str, Callable[[], object]] = {
        "device": device,
        "products": lambda: products(json.loads(words[0])),
        "memory": lambda: memory(words),
        "fill": fill,
    }
    print(json.dumps(answers[verb]()), flush=True)


if __name__ == "__main__":
    main()
