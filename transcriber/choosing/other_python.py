"""Which Python of the system is taken, and what became of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transcriber import __version__
from transcriber.choosing.device import check_requested
from transcriber.errors import DependencyError, UsageError
from transcriber.machine.nvidia import find_driver
from transcriber.machine.probe_cache import ProbeCache
from transcriber.machine.probe_runner import ProbeResult
from transcriber.machine.system_files import read_text
from transcriber.other_pythons.candidates import OLDEST_PYTHON, Candidate, rank
from transcriber.other_pythons.interpreters import (
    Interpreter,
    find_interpreters,
    inspect_interpreter,
    named_interpreter,
)
from transcriber.other_pythons.places import Surroundings
from transcriber.other_pythons.trial import Starter, Trial, try_candidate
from transcriber.paths import program_cache

ENVIRONMENT_VARIABLE = "TRANSCRIBER_PYTHON"

_REMEDY = (
    "install torch and numpy for a Python of 3.8 or newer, or name one that has them with "
    f"--python or ${ENVIRONMENT_VARIABLE}; `transcriber doctor --backend system` tells more"
)

_AMD = Path("/dev/kfd")
"""The device of AMD's kernel module. PyTorch for their GPUs names them as it does NVIDIA's."""

_TOLD = 3
"""Pythons that an error names with their reasons; `doctor` lists them all."""

Try = Callable[[Candidate, "int | None"], Trial]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What was found, and what was taken of it.

    Attributes
    ----------
    candidates : list of Candidate
        Every Python that was found, in the order of trying.
    trials : list of Trial
        Those that were tried.
    chosen : Trial or None
        The one that was taken; its child runs.
    """

    candidates: list[Candidate]
    trials: list[Trial] = field(default_factory=list)
    chosen: Trial | None = None

    def verdict(self, candidate: Candidate) -> str:
        """Return why a candidate was or was not taken."""
        if self.chosen is not None and candidate is self.chosen.candidate:
            if self.chosen.gpu is None or self.chosen.has_gpu:
                return "chosen"
            return f"chosen, for the processor: {self.chosen.gpu.reason}"
        for trial in self.trials:
            if trial.candidate is candidate:
                return trial.problem or (trial.gpu.reason if trial.gpu else "")
        if self.chosen is not None:
            return candidate.problem or "not tried, for one before it was chosen"
        return candidate.problem or "not tried"

    def nothing_usable(self) -> DependencyError:
        """Return what the user reads where nothing was taken."""
        if not self.candidates:
            return DependencyError("no Python was found on this machine", _REMEDY)
        if len(self.candidates) == 1:
            (only,) = self.candidates
            return DependencyError(
                f"{only.label} has no PyTorch that can be used ({self.verdict(only)})", _REMEDY
            )
        told = [candidate for candidate in self.candidates if candidate.torch is not None]
        reasons = [f"{one.label}: {self.verdict(one)}" for one in told[:_TOLD]]
        others = len(self.candidates) - len(reasons)
        if others:
            what = "without PyTorch" if len(told) <= _TOLD else "more"
            reasons.append(f"{others} {what}")
        return DependencyError(
            f"no Python on this machine has a PyTorch that can be used ({'; '.join(reasons)})",
            _REMEDY,
        )


def select(
    gpu: int | None,
    *,
    named: str | None = None,
    only_gpu: bool = False,
    around: Surroundings | None = None,
    attempt: Try | None = None,
    cache: Path | None = None,
) -> Selection:
    """Find the Pythons of the system, and start the best one that will do.

    Parameters
    ----------
    gpu : int or None
        The number of the GPU that is wanted.
    named : str, optional
        The Python that the user has chosen, or the folder of its environment.
    only_gpu : bool
        Whether one that cannot use the GPU will not do. Then what had to be refused is
        remembered, for it would be tried at each start.
    around : Surroundings, optional
        Where to look.
    attempt : callable, optional
        Tries a candidate.
    cache : Path, optional
        The file of remembered results.

    Raises
    ------
    UsageError
        When there is no such Python as `named`.
    """
    around = around or Surroundings.of_this_process()
    candidates = find_candidates(named, around)
    worth = [
        candidate
        for candidate in candidates
        if not candidate.problem and not (only_gpu and _is_without_gpu(candidate))
    ]
    if not worth:
        return Selection(candidates=candidates)
    attempt = attempt or _trier(around.environment)
    cache = cache or program_cache() / "system.json"
    trials: list[Trial] = []
    for candidate in worth:
        remembered = _Remembered.of(candidate, gpu, around, cache) if only_gpu else None
        trial = (remembered and remembered.recall(candidate)) or attempt(candidate, gpu)
        trials.append(trial)
        if remembered:
            remembered.keep(trial)
        if trial.session is not None and (gpu is None or trial.has_gpu):
            return Selection(candidates=candidates, trials=trials, chosen=trial)
        trial.close()
    for trial in trials:
        # None can use the GPU. The first that loads will do for the processor.
        if not only_gpu and not trial.problem:
            again = attempt(trial.candidate, None)
            if again.session is not None:
                kept = Trial(**{**vars(again), "gpu": trial.gpu})
                return Selection(candidates=candidates, trials=trials, chosen=kept)
    return Selection(candidates=candidates, trials=trials)


def select_for(requested: str, *, named: str | None = None, only_gpu: bool = False) -> Selection:
    """Select for a device by its name: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    With ``auto`` a GPU is tried only where there is a sign of one.
    """
    gpu = check_requested(requested)
    sign = only_gpu or requested != "auto" or find_driver().present or _AMD.exists()
    return select(gpu if sign and requested != "cpu" else None, named=named, only_gpu=only_gpu)


def find_candidates(named: str | None, around: Surroundings) -> list[Candidate]:
    """Return the Python that the user has named, or else all of the machine.

    Raises
    ------
    UsageError
        When there is no such Python as `named`.
    """
    named = named or around.environment.get(ENVIRONMENT_VARIABLE)
    return _named(named, around) if named else rank(find_interpreters(around))


def _named(named: str, around: Surroundings) -> list[Candidate]:
    path = named_interpreter(Path(os.path.expanduser(named)), around)  # noqa: PTH111  may be bare
    if path is None:
        raise UsageError(
            f"there is no Python {named}",
            f"name one, or the folder of its environment, with --python or ${ENVIRONMENT_VARIABLE}",
        )
    interpreter = inspect_interpreter(path, "name", around)
    if interpreter is None:
        # Its own word counts, not where its files lie.
        unknown = Interpreter(path=path, version=OLDEST_PYTHON, origin="name", packages=())
        return [Candidate(interpreter=unknown, torch=None, problem="")]
    (candidate,) = rank([interpreter])
    if interpreter.version >= OLDEST_PYTHON:
        candidate = Candidate(interpreter=interpreter, torch=candidate.torch, problem="")
    return [candidate]


def _is_without_gpu(candidate: Candidate) -> bool:
    return candidate.torch is not None and not candidate.torch.gpu


def _trier(environment: Mapping[str, str]) -> Try:
    starter = Starter.of_this_program(environment)
    return lambda candidate, gpu: try_candidate(candidate, gpu, starter)


@dataclass(frozen=True, kw_only=True)
class _Remembered:
    """What is remembered of a candidate."""

    results: ProbeCache

    @classmethod
    def of(
        cls, candidate: Candidate, gpu: int | None, around: Surroundings, cache: Path
    ) -> _Remembered:
        driver = find_driver(around.root, around.environment)
        torch = candidate.torch
        key = {
            "program": __version__,
            "index": str(gpu),
            "python": candidate.label,
            "torch": f"{torch.folder} {torch.version} {torch.changed}" if torch else "",
            "kernel module": str(driver.version),
            "driver library": str(driver.library_file),
            "nodes": " ".join(driver.nodes),
            "visible devices": around.environment.get("CUDA_VISIBLE_DEVICES", "all"),
            "order of devices": around.environment.get("CUDA_DEVICE_ORDER", ""),
            "library folders": around.environment.get("LD_LIBRARY_PATH", ""),
        }
        boot = read_text(around.root / "proc/sys/kernel/random/boot_id")
        return cls(results=ProbeCache(path=cache, key=key, boot=boot))

    def recall(self, candidate: Candidate) -> Trial | None:
        """Return the trial of one that is known not to do."""
        result = self.results.recall()
        if result is None or result.status == "works":
            return None
        return Trial(candidate=candidate, problem=f"{result.reason} (remembered)")

    def keep(self, trial: Trial) -> None:
        """Remember a trial that was made now."""
        if trial.problem.endswith("(remembered)"):
            return
        result = trial.gpu or ProbeResult(status="crashed", reason=trial.problem)
        self.results.keep(result)
