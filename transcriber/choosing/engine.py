"""Which engine decodes: the program's own PyTorch or the system's, on a GPU or on the processor."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from transcriber import operators
from transcriber.choosing.device import Device, check_requested, choose_device, forget_trials
from transcriber.engine.batch_size import is_batched
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.fallback import FallbackEngine
from transcriber.engine.interface import Engine
from transcriber.engine.local import LocalEngine
from transcriber.engine.network_engine import NetworkEngine
from transcriber.errors import EngineFailedError
from transcriber.machine.nvidia import find_driver
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings, RunSettings

if TYPE_CHECKING:
    from transcriber.choosing.other_python import Selection
    from transcriber.other_pythons.trial import Trial

Note = Callable[[str], None]


def choose_engine(stored: StoredModel, settings: RunSettings, note: Note) -> Engine:
    """Choose what decodes.

    Parameters
    ----------
    stored : StoredModel
        The model.
    settings : RunSettings
        What the user wants.
    note : callable
        Is told, in one line each, what the user should know.

    Returns
    -------
    Engine
        One that the processor stands by for, unless it is the processor's already.

    Raises
    ------
    DependencyError
        When the system's PyTorch was asked for, and no Python has one that can be used.
    UsageError
        When the device or the named Python does not exist.
    """
    if settings.backend == "system":
        return _system(stored, settings, note)
    device = choose_device(settings.device)
    if settings.backend == "auto":
        selection = seek_gpu(device, settings.device, named=settings.python)
        trial = selection.chosen if selection else None
        if trial is not None:
            whose = f"the PyTorch {trial.torch} of {trial.candidate.label}"
            note(f"using {whose} on {_gpu_name(trial)}: the program's own cannot use the GPU")
            _tell_compute_type(settings, "gpu", note)
            return _in_child(trial, stored, settings, note)
    if device.fallback:
        note(f"using the processor: {device.reason}")
    _tell_compute_type(settings, "own" if device.kind == "cpu" else "gpu", note)
    if device.kind == "cpu":
        return _processor(stored, settings.decoding)
    decoding = settings.decoding
    engine: LocalEngine
    if is_batched(decoding):
        engine = BatchedEngine(stored, device=device.torch_name, settings=_clipwise(decoding))
    else:
        engine = LocalEngine(stored, device=device.torch_name, settings=decoding)
    return _with_standby(engine, stored, note)


def seek_gpu(device: Device, requested: str, *, named: str | None) -> Selection | None:
    """Look for a Python of the system that can use the GPU where the program itself cannot.

    Parameters
    ----------
    device : Device
        What the program's own PyTorch can use.
    requested : str
        The device that the user wants.
    named : str or None
        The Python that the user has named.

    Returns
    -------
    Selection or None
        None where there is nothing to look for: without a sign of an NVIDIA driver no file is
        looked at, and nothing is started.
    """
    if not device.fallback or not find_driver().present:
        return None
    from transcriber.choosing.other_python import select_for  # noqa: PLC0415

    return select_for(requested, named=named, only_gpu=True)


def _system(stored: StoredModel, settings: RunSettings, note: Note) -> Engine:
    from transcriber.choosing.other_python import select_for  # noqa: PLC0415

    selection = select_for(settings.device, named=settings.python)
    trial = selection.chosen
    if trial is None:
        raise selection.nothing_usable()
    if trial.gpu is not None and not trial.has_gpu:
        note(
            f"using the processor: cuda:{check_requested(settings.device)} is not usable: "
            f"{trial.gpu.reason}"
        )
    where = _gpu_name(trial) if trial.has_gpu else "the processor"
    note(f"using the PyTorch {trial.torch} of {trial.candidate.label} on {where}")
    _tell_compute_type(settings, "gpu" if trial.has_gpu else "foreign", note)
    return _in_child(trial, stored, settings, note)


def _in_child(trial: Trial, stored: StoredModel, settings: RunSettings, note: Note) -> Engine:
    from transcriber.other_pythons.engine import (  # noqa: PLC0415
        ClipwiseSystemEngine,
        SystemEngine,
    )

    decoding, kind = settings.decoding, SystemEngine
    # Its processor gains little, and would give another text than openai-whisper.
    if is_batched(decoding) and (trial.has_gpu or decoding.batch_size is not None):
        decoding, kind = _clipwise(decoding), ClipwiseSystemEngine
    device = f"cuda:{check_requested(settings.device)}" if trial.has_gpu else "cpu"
    if trial.session is None:
        raise RuntimeError("a trial without a child was chosen")
    engine = kind(trial.session, stored, torch=trial.torch, device=device, settings=decoding)
    return _with_standby(engine, stored, note)


def _with_standby(engine: NetworkEngine, stored: StoredModel, note: Note) -> Engine:
    """Have the processor go on where `engine` fails, in the same way."""
    kind = BatchedEngine if engine.side_by_side else LocalEngine

    def failed(error: EngineFailedError, what_now: str) -> None:
        note(f"{error.message}; {what_now}")
        # It had worked in a trial once, which says nothing any more.
        forget_trials()

    standby = functools.partial(kind, stored, device="cpu", settings=engine.settings)
    return FallbackEngine(engine, standby, failed=failed)


def _processor(stored: StoredModel, settings: DecodingSettings) -> LocalEngine:
    """Return the engine of the processor.

    Without the fused operators many windows at once are decoded where the user asks for them.
    """
    if is_batched(settings) and (operators.available() or settings.batch_size is not None):
        return BatchedEngine(stored, settings=_clipwise(settings))
    return LocalEngine(stored, device="cpu", settings=settings)


def _clipwise(settings: DecodingSettings) -> DecodingSettings:
    """Return settings with which only speech is decoded, unless the user says otherwise."""
    return replace(settings, vad_filter=True) if settings.vad_filter is None else settings


def _tell_compute_type(settings: RunSettings, what: str, note: Note) -> None:
    """Say where a compute type that was asked for does not count.

    Parameters
    ----------
    what : str
        What decodes: ``gpu``, the program's ``own`` PyTorch on the processor, or a ``foreign`` one.
    """
    wanted = settings.decoding.compute_type
    if wanted == "auto":
        return
    if what == "gpu":
        note(f"--compute_type {wanted} is for the processor: a GPU computes as --fp16 says")
    elif wanted != "float32" and (what == "foreign" or not operators.available()):
        note(f"--compute_type {wanted} needs the program's own PyTorch: this one uses float32")


def _gpu_name(trial: Trial) -> str:
    return (trial.gpu.name if trial.gpu else "") or "the GPU"
