"""CUDA, where the add-on is there and a GPU can be used; else answers that there is none.

The add-on is one shared object with the kernels for NVIDIA's GPUs. It is loaded when something
here first asks for it, from the path in ``TORCH_CUDA_ADDON`` or from ``torch/lib`` in this package.
"""

from __future__ import annotations

import importlib.util as _util
import os as _os
import sys as _sys
import threading as _threading
from collections.abc import Callable as _Callable
from importlib.machinery import ExtensionFileLoader as _ExtensionFileLoader
from typing import Any as _Any

import torch
from torch._absent import message as _message
from torch._absent import module_getattr as _module_getattr

ADDON_VARIABLE = "TORCH_CUDA_ADDON"

# Not pathlib, whose import costs as much as all of this module.
_ADDON = torch.__file__.removesuffix("__init__.py") + "lib/libtorch_cuda.so"
_MODULE = "torch._cuda"
_OLDEST = (7, 0)
"""The compute capability of the oldest GPU that there are kernels for."""
_lock = _threading.RLock()
_loaded: _Any = None
_failure = ""
_initialized = False
_seeds: list[_Callable[[], None]] = []


def addon_path() -> str:
    """Return the path that the add-on is looked for at."""
    return _os.environ.get(ADDON_VARIABLE) or _ADDON


def addon_version() -> str | None:
    """Return the version of CUDA that the add-on is built with, or None where there is none."""
    return _version(_addon().versions()[1]) if _addon() else None


def _addon() -> _Any:
    """Return the add-on's module, or None: then `_failure` has the reason."""
    global _loaded, _failure  # noqa: PLW0603 - the state of the process
    with _lock:
        if _loaded is None and not _failure:
            path = addon_path()
            if not _os.path.exists(path):
                _failure = f"there is no CUDA add-on at {path}"
                return None
            try:
                loader = _ExtensionFileLoader(_MODULE, path)
                spec = _util.spec_from_file_location(_MODULE, path, loader=loader)
                module = _util.module_from_spec(spec)  # type: ignore[arg-type]
                loader.exec_module(module)
            except (ImportError, OSError) as error:
                _failure = f"the CUDA add-on cannot be loaded: {error}"
                return None
            _sys.modules[_MODULE] = _loaded = module
        return _loaded


def _why_not() -> str:
    """Return why no GPU can be used, or nothing where one can."""
    if not _addon():
        return _failure
    unavailable = _loaded.why_unavailable()
    if unavailable is None and _loaded.device_count() == 0:
        return "there is no GPU"
    if unavailable is None:
        found = [_properties(index) for index in range(_loaded.device_count())]
        if any((one.major, one.minor) >= _OLDEST for one in found):
            return ""
        names = ", ".join(f"{one.name} {one.major}.{one.minor}" for one in found)
        oldest = ".".join(map(str, _OLDEST))
        return f"there are kernels for compute capability {oldest} and newer, not for {names}"
    _, name, text = unavailable
    driver, runtime = _loaded.versions()
    if not driver:
        return f"there is no NVIDIA driver ({name})"
    versions = f"the driver is for CUDA {_version(driver)}, the add-on for {_version(runtime)}"
    return f"{text} ({name}; {versions})"


def _properties(index: int) -> DeviceProperties:
    return DeviceProperties(_loaded.properties(index))


def _version(number: int) -> str:
    return f"{number // 1000}.{number // 10 % 100}"


def is_available() -> bool:
    """Tell whether there is a GPU that the add-on can use. It never raises."""
    return not _why_not()


def device_count() -> int:
    """Return the number of GPUs."""
    return int(_loaded.device_count()) if _addon() else 0


def is_initialized() -> bool:
    """Tell whether a GPU has been used in this process."""
    return _initialized


def init() -> None:
    """Make the GPUs ready for use.

    Raises
    ------
    AssertionError
        When there is no add-on, as upstream does where it is built without CUDA.
    RuntimeError
        When the driver, or the GPU, does not serve.
    """
    global _initialized  # noqa: PLW0603 - the state of the process
    with _lock:
        if _initialized:
            return
        if not _addon():
            raise AssertionError(
                f"Torch not compiled with CUDA enabled: {_failure}, and {_message('torch.cuda')}"
            )
        reason = _why_not()
        if reason:
            raise RuntimeError(f"CUDA cannot be used: {reason}")
        _loaded.init()
        _initialized = True
        for seed in _seeds:
            seed()
        _seeds.clear()


def _lazy_init() -> None:
    # C++ calls it before it makes a tensor on a GPU.
    init()


def _is_in_bad_fork() -> bool:
    return False


def _index(device: _Any) -> int:
    """Return the number of a GPU that is given as number, as text, as device or as None."""
    if device is None:
        return current_device()
    if isinstance(device, int):
        return device
    index = torch.device(device).index
    return current_device() if index is None else int(index)


def current_device() -> int:
    """Return the number of the GPU in use."""
    init()
    return int(_loaded.current_device())


def set_device(device: _Any) -> None:
    """Use another GPU from now on."""
    init()
    _loaded.set_device(_index(device))


class device:  # noqa: N801 - upstream's name
    """Uses another GPU within a ``with``.

    Parameters
    ----------
    device : torch.device, int, str or None
        The GPU.
    """

    def __init__(self, device: _Any) -> None:
        self._index = _index(device)
        self._before = -1

    def __enter__(self) -> None:
        """Begin to use it."""
        self._before = current_device()
        set_device(self._index)

    def __exit__(self, *error: object) -> None:
        """Use the GPU of before again."""
        set_device(self._before)


class DeviceProperties:
    """What a GPU is, under upstream's names.

    Attributes
    ----------
    name : str
        What it calls itself.
    major, minor : int
        Its compute capability.
    total_memory : int
        Bytes.
    multi_processor_count : int
        How many multiprocessors it has.
    """

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int

    def __init__(self, values: dict[str, _Any]) -> None:
        self.__dict__.update(values)


def get_device_properties(device: _Any = None) -> DeviceProperties:
    """Return what a GPU is."""
    if not _addon():
        init()
    return _properties(_index(device))


def get_device_name(device: _Any = None) -> str:
    """Return what a GPU calls itself."""
    return get_device_properties(device).name


def get_device_capability(device: _Any = None) -> tuple[int, int]:
    """Return the compute capability of a GPU."""
    properties = get_device_properties(device)
    return properties.major, properties.minor


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Tell whether the GPU in use computes with bfloat16."""
    return is_available() and (including_emulation or get_device_capability()[0] >= 8)


def synchronize(device: _Any = None) -> None:
    """Wait until a GPU has done all that it was given."""
    init()
    _loaded.synchronize(_index(device))


def empty_cache() -> None:
    """Give memory back that tensors used and use no more."""
    if _initialized:
        _loaded.empty_cache()


def mem_get_info(device: _Any = None) -> tuple[int, int]:
    """Return the bytes of a GPU that are free, and all that it has."""
    init()
    free, total = _loaded.free_and_total_memory(_index(device))
    return int(free), int(total)


def memory_allocated(device: _Any = None) -> int:
    """Return the bytes of a GPU that tensors use."""
    return int(_loaded.allocated(_index(device))[0]) if _initialized else 0


def max_memory_allocated(device: _Any = None) -> int:
    """Return the most bytes of a GPU that tensors have used."""
    return int(_loaded.allocated(_index(device))[1]) if _initialized else 0


def reset_peak_memory_stats(device: _Any = None) -> None:
    """Count the most bytes that tensors use anew."""
    if _initialized:
        _loaded.reset_peak(_index(device))


def manual_seed(seed: int) -> None:
    """Seed the generator of the GPU in use, or of the first when one is first used."""
    if _initialized:
        _loaded.seed(current_device(), int(seed) & (2**64 - 1))
    else:
        _seeds.append(lambda: _loaded.seed(0, int(seed) & (2**64 - 1)))


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all GPUs, now or when one is first used."""
    # A negative seed is that of the same bits, as for the processor's generator.
    bits = int(seed) & (2**64 - 1)

    def seed_each() -> None:
        for index in range(_loaded.device_count()):
            _loaded.seed(index, bits)

    if _initialized:
        seed_each()
    else:
        _seeds[:] = [seed_each]


__getattr__ = _module_getattr(__name__)
