"""The seed of the processor's random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch._C import default_generator


def set_rng_state(new_state: torch.Tensor) -> None:
    """Set the state of the generator.

    Parameters
    ----------
    new_state : torch.Tensor, dtype uint8
        What `get_rng_state` returned.
    """
    default_generator.set_state(new_state)


def get_rng_state() -> torch.Tensor:
    """Return the state of the generator, dtype uint8."""
    return default_generator.get_state()


def manual_seed(seed: int) -> torch.Generator:
    """Set the seed of the generators, a GPU's too, and return that of the processor.

    Parameters
    ----------
    seed : int
        At least -2**63, less than 2**64.
    """
    import torch.cuda  # noqa: PLC0415 - it imports torch, which imports this

    torch.cuda.manual_seed_all(int(seed))
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Set a seed that is not to be foretold, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed that the generator began with."""
    return default_generator.initial_seed()


@contextmanager
def fork_rng(
    devices: object = None, enabled: bool = True, device_type: str = "cpu"
) -> Iterator[None]:
    """Put the generator back into its state at the end.

    Parameters
    ----------
    devices : object, optional
        Not used: the processor is the only device.
    enabled : bool, optional
        Whether to do it.
    device_type : str, optional
        Not used.
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
