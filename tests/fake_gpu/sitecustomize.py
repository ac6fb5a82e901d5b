"""A GPU that is not there: it computes on the processor, and fails where a test wants it to.

Python runs this file at its start if ``PYTHONPATH`` names its folder, and it changes what PyTorch
and openai-whisper do once they are loaded. All else of the program stays as it is: the trial in a
child process, the engines, the journal and the files. Once an error has corrupted the GPU's
context, Python's orderly end of the process crashes.

``FAKE_GPU`` is a JSON object:

``fault``
    ``PLACE:N:KIND``: the N-th time that the GPU is at PLACE, KIND happens. A place is ``trial``
    (a matrix is moved to it), ``load`` (a network is), ``encoder`` or ``decoder``. A kind is one
    of `ERRORS`, or ``nan``, ``zeros`` or ``wrong`` for results that are. Behind a ``+`` it happens
    each time from the N-th on.
``free``
    Bytes of its memory that are free.
``used_after_failure``
    A file that is made if a GPU whose context is corrupted is asked to compute again.
"""

from __future__ import annotations

import atexit
import importlib.abc
import importlib.machinery
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

_ADVICE = "\nCUDA kernel errors might be asynchronously reported at some other API call.\n"

ERRORS = {
    "launch": "CUDA error: unspecified launch failure" + _ADVICE,
    "address": "CUDA error: an illegal memory access was encountered" + _ADVICE,
    "assert": "CUDA error: device-side assert triggered" + _ADVICE,
    "ecc": "CUDA error: uncorrectable ECC error encountered" + _ADVICE,
    "lost": "CUDA error: unknown error" + _ADVICE,
    "busy": "CUDA error: CUDA-capable device(s) is/are busy or unavailable" + _ADVICE,
    "image": "CUDA error: no kernel image is available for execution on the device" + _ADVICE,
    "timeout": "CUDA error: the launch timed out and was terminated" + _ADVICE,
    "instruction": "CUDA error: an illegal instruction was encountered" + _ADVICE,
    "product": "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`",
    "unknown operator": "Could not run 'aten::x' with arguments from the 'CUDA' backend.",
    "memory": "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of",
}
"""What PyTorch says of each, where it is an exception."""


class FakeGpu:
    """The state of the GPU in one process."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.torch: Any = None
        self._settings = settings
        place, number, kind = (settings.get("fault") or "::").split(":")
        self._place, self._kind = place, kind.removesuffix("+")
        self._number = int(number or 0)
        self._again = kind.endswith("+")
        self._counts: Counter[str] = Counter()
        self._corrupted = False

    def at(self, place: str, result: Any) -> Any:
        """Return what comes out at a place, or fail."""
        self._counts[place] += 1
        if self._corrupted:
            Path(self._settings["used_after_failure"]).touch()
            raise RuntimeError(ERRORS["launch"])
        count = self._counts[place]
        if place != self._place or not (
            count == self._number or (self._again and count > self._number)
        ):
            return result
        if self._kind == "nan":
            return result * float("nan")
        if self._kind == "zeros":
            return result * 0
        if self._kind == "wrong":
            return result + 1
        message = ERRORS[self._kind]
        if self._kind == "memory":
            raise self.torch.OutOfMemoryError(message)
        self._corrupted = message.startswith("CUDA error")
        if self._corrupted and place != "trial":
            # As a driver may do that is asked to free what lies on a lost GPU.
            atexit.register(os.abort)
        raise RuntimeError(message)

    def change_torch(self, torch: Any) -> None:
        """Have PyTorch believe that it is there."""
        self.torch = torch
        move, move_module = torch.Tensor.to, torch.nn.Module.to

        def to(tensor: Any, *arguments: Any, **options: Any) -> Any:
            if not arguments or not str(arguments[0]).startswith("cuda"):
                return move(tensor, *arguments, **options)
            # The processor does not multiply half precision in our own PyTorch.
            return self.at("trial", tensor.float())

        def module_to(module: Any, device: Any, *arguments: Any) -> Any:
            if not str(device).startswith("cuda"):
                return move_module(module, device, *arguments)
            self.at("load", None)
            for part in module.modules():
                part.on_fake_gpu = True
            return module

        torch.Tensor.to = to
        torch.nn.Module.to = module_to
        free = self._settings.get("free", 8 << 30)
        properties = SimpleNamespace(name="Fake GPU", total_memory=8 << 30, major=8, minor=0)
        for name, value in {
            "is_available": lambda: True,
            "init": lambda: None,
            "addon_version": lambda: "12.4",
            "device_count": lambda: 1,
            "get_device_properties": lambda index: properties,
            "mem_get_info": lambda device=None: (free, 8 << 30),
            "empty_cache": lambda: None,
            "synchronize": lambda device=None: None,
        }.items():
            setattr(torch.cuda, name, value)

    def change_whisper(self, model: Any) -> None:
        """Have the network's halves pass by the GPU, where they were moved to it."""
        for place, kind in (("encoder", model.AudioEncoder), ("decoder", model.TextDecoder)):
            kind.forward = self._passing(place, kind.forward)

    def _passing(self, place: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        def pass_by(module: Any, *arguments: Any, **options: Any) -> Any:
            result = forward(module, *arguments, **options)
            return self.at(place, result) if hasattr(module, "on_fake_gpu") else result

        return pass_by


def complete_torch(torch: Any) -> None:
    """Give a PyTorch without the add-on's loader one, which does as little as it can.

    It is for builds that are older than the add-on. Their refusals are those of Python's loader.
    """
    if hasattr(torch.cuda, "addon_version"):
        return

    def init() -> None:
        path = os.environ.get("TORCH_CUDA_ADDON", "")
        reason = f"there is no CUDA add-on at {path}"
        if os.path.exists(path):
            loader = importlib.machinery.ExtensionFileLoader("torch._cuda", path)
            specification = importlib.machinery.ModuleSpec("torch._cuda", loader, origin=path)
            try:
                loader.exec_module(loader.create_module(specification))
            except ImportError as error:
                reason = f"the CUDA add-on cannot be loaded: {error}"
            else:
                return
        raise AssertionError(
            f"Torch not compiled with CUDA enabled: {reason}, and torch.cuda is not in this "
            "build of PyTorch, which holds only what Whisper uses"
        )

    def is_available() -> bool:
        try:
            init()
        except Exception:
            return False
        return True

    torch.cuda.init, torch.cuda.is_available = init, is_available
    torch.cuda.addon_version = lambda: "12.4" if is_available() else None


class _After(importlib.abc.MetaPathFinder):
    """Finds modules as Python does, and has something done when one is loaded."""

    def __init__(self, actions: dict[str, Callable[[Any], None]]) -> None:
        self._actions = actions

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self._actions:
            return None
        found = importlib.machinery.PathFinder.find_spec(name, path)
        if found is None or found.loader is None:
            return None
        run, action = found.loader.exec_module, self._actions[name]

        def run_and_act(module: ModuleType) -> None:
            run(module)
            action(module)

        found.loader.exec_module = run_and_act  # type: ignore[method-assign]
        return found


def _start() -> None:
    given = os.environ.get("FAKE_GPU")
    actions: dict[str, Callable[[Any], None]] = {"torch": complete_torch}
    if given:
        gpu = FakeGpu(json.loads(given))
        actions = {"torch": gpu.change_torch, "whisper.model": gpu.change_whisper}
    sys.meta_path.insert(0, _After(actions))


_start()
