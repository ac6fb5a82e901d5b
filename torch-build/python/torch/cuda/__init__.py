"""Answers that there is no GPU: this build computes on the processor."""

from __future__ import annotations

from typing import NoReturn

from torch._absent import message, module_getattr


def is_available() -> bool:
    """Return False."""
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def is_initialized() -> bool:
    """Return False."""
    return False


def init() -> NoReturn:
    """Raise, as upstream does where it is built without CUDA."""
    raise AssertionError(f"Torch not compiled with CUDA enabled: {message('torch.cuda')}")


def current_device() -> NoReturn:
    """Raise as `init` does."""
    init()


def manual_seed(seed: int) -> None:
    """Do nothing: no generator is there to seed."""


def manual_seed_all(seed: int) -> None:
    """Do nothing: no generator is there to seed."""


def empty_cache() -> None:
    """Do nothing: no memory is there to give back."""


def synchronize(device: object = None) -> None:
    """Raise as `init` does."""
    init()


def _is_in_bad_fork() -> bool:
    return False


# C++ brings this one up before it makes a tensor on a GPU.
def _lazy_init() -> None:
    init()


__getattr__ = module_getattr(__name__)
