"""Which of the operators' kernels compute: those of an unfinished run, else the best."""

from __future__ import annotations

from transcriber import operators
from transcriber.engine.fused.forms import Forms, choose_forms, resolve


class Kernels:
    """The choice of kernels for one compute type.

    Two instruction sets round differently, so what was begun with one is not continued with
    another.

    Parameters
    ----------
    compute_type : str
        What the user asked for, which may be ``auto``.
    """

    def __init__(self, compute_type: str) -> None:
        self.compute_type = resolve(compute_type)
        self._best = operators.best_capability()
        self._capability = operators.capability()

    @property
    def name(self) -> str:
        """Their name, as a journal keeps it."""
        return f"{self.compute_type} {self._capability}"

    @property
    def forms(self) -> Forms:
        """The forms of the weights that they are for."""
        return choose_forms(self.compute_type, self._capability)

    def use(self, wanted: str) -> None:
        """Take those that are named so, if they are of this compute type and are there.

        Else the best ones are taken.
        """
        compute_type, _, capability = wanted.partition(" ")
        if compute_type != self.compute_type or not capability:
            capability = self._best
        if capability != self._capability:
            if not operators.set_capability(capability):
                capability = self._best
                operators.set_capability(capability)
            self._capability = capability
