"""One recording of everything that a block of code uses of PyTorch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from torch_build.operators import Selection, merge
from torch_build.trace.called import Called
from torch_build.trace.dispatched import Dispatched


class Recorder:
    """Collects operators, bindings and modules over any number of `recording` blocks."""

    def __init__(self) -> None:
        self._dispatched = Dispatched()
        self._called = Called()

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Note what the block uses.

        oneDNN, which the build does not have, is switched off meanwhile: it replaces operators
        such as the convolution by its own.
        """
        onednn = torch.backends.mkldnn.enabled
        torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
        try:
            with self._dispatched.recording(), self._called.recording():
                yield
        finally:
            torch.backends.mkldnn.enabled = onednn

    def selection(self) -> Selection:
        """Return what was found so far, with the names of the PyTorch that ran."""
        called = self._called
        return merge(
            [
                Selection(
                    operators=self._dispatched.operators(),
                    bindings={group: tuple(names) for group, names in called.bindings.items()},
                    extension=tuple(called.extension),
                    modules={
                        "executed": tuple(called.executed),
                        "imported": tuple(called.imported),
                    },
                )
            ]
        )
