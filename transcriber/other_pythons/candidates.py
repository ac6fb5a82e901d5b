"""The Pythons of the system in the order in which to try them, and why some cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.other_pythons.greeting import OLDEST_TORCH
from transcriber.other_pythons.installed import InstalledTorch, find_torch, has_numpy
from transcriber.other_pythons.interpreters import Interpreter

OLDEST_PYTHON = (3, 8)
"""What `transcriber.other_pythons.worker_sources` keep to. PyTorch has no release for older Pythons
that reads a checkpoint safely."""

OWN_BUILD = "+whisper"
"""How the version of a PyTorch ends that ``torch-build`` made: it has no GPU, nor much else."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A Python with its PyTorch.

    Attributes
    ----------
    interpreter : Interpreter
        The Python.
    torch : InstalledTorch or None
        Its PyTorch.
    problem : str
        Why it cannot be used, as far as its files tell; nothing where it is worth a try.
    """

    interpreter: Interpreter
    torch: InstalledTorch | None
    problem: str

    @property
    def label(self) -> str:
        """How the user reads of it."""
        return str(self.interpreter.path)

    @property
    def description(self) -> str:
        """What it has."""
        version = ".".join(map(str, self.interpreter.version))
        text = f"Python {version}, found by: {self.interpreter.origin}"
        if self.torch is None:
            return text
        return f"PyTorch {self.torch.version} for {self.torch.gpu or 'processors only'}; {text}"


def rank(interpreters: Sequence[Interpreter]) -> list[Candidate]:
    """Return the candidates: those worth a try first, a GPU before none, newer before older."""
    candidates = [_candidate(interpreter) for interpreter in interpreters]
    return sorted(candidates, key=_merit, reverse=True)


def _candidate(interpreter: Interpreter) -> Candidate:
    torch = find_torch(interpreter.packages)
    return Candidate(interpreter=interpreter, torch=torch, problem=_problem(interpreter, torch))


def _problem(interpreter: Interpreter, torch: InstalledTorch | None) -> str:
    if torch is None:
        return "it has no PyTorch"
    problems = {
        "its PyTorch is the one that is built for this program": OWN_BUILD in torch.version,
        f"it is older than Python {_dotted(OLDEST_PYTHON)}": interpreter.version < OLDEST_PYTHON,
        f"its PyTorch is for Python {_dotted(torch.python or ())}": (
            torch.python not in (None, interpreter.version)
        ),
        f"its PyTorch is older than {_dotted(OLDEST_TORCH)}": torch.numbers < OLDEST_TORCH,
        "it has no NumPy": not has_numpy(interpreter.packages),
    }
    return next((text for text, applies in problems.items() if applies), "")


def _merit(candidate: Candidate) -> tuple[object, ...]:
    torch = candidate.torch
    if torch is None:
        return (False, False, (), candidate.interpreter.version)
    return (not candidate.problem, bool(torch.gpu), torch.numbers, candidate.interpreter.version)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
