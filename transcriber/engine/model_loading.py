"""A checkpoint in OpenAI's format becomes a `WhisperModel` in memory.

Other Pythons run this module, too: see `transcriber.engine.model`.
"""

from __future__ import annotations

import contextlib
import inspect
import operator
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import whisper

from transcriber.engine.device_failures import device_failures
from transcriber.engine.dimensions import check_computable, check_sizes
from transcriber.engine.model import WhisperModel, is_out_of_memory
from transcriber.engine.shared_attention import share_audio
from transcriber.machine import memory
from transcriber.models.bad_checkpoints import NotFiniteError, unreadable
from transcriber.models.checkpoints.soundness import check_saved

if TYPE_CHECKING:
    from transcriber.models.stored import StoredModel
    from transcriber.settings import DecodingSettings

BAD_CHECKPOINT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)
"""What torch and the network's constructor raise at a file that is not what it should be."""

_INITIALISED = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Embedding, torch.nn.LayerNorm)
_INITIALISE = "reset_parameters"


def load_model(stored: StoredModel, *, device: str, settings: DecodingSettings) -> WhisperModel:
    """Read a stored checkpoint into memory.

    Parameters
    ----------
    stored : StoredModel
        The file, in OpenAI's format.
    device : str
        torch's name for where it is to run.
    settings : DecodingSettings
        How it is to decode.

    Raises
    ------
    ModelError
        When the file is no checkpoint of a Whisper model, or holds values that are no numbers.
    OutOfMemoryError
        When it does not fit into memory.
    EngineFailedError
        When the GPU does not take it.
    UsageError
        When a token that is never to be written is none of the model's.
    """
    # The registry is not for every Python that this module is for.
    from transcriber.models.registry import find_official  # noqa: PLC0415

    official = find_official(stored.name)
    return load_checkpoint(
        stored.path,
        name=stored.name,
        official=official.name if official else None,
        device=device,
        settings=settings,
    )


def load_checkpoint(
    path: Path, *, name: str, official: str | None, device: str, settings: DecodingSettings
) -> WhisperModel:
    """Read a checkpoint into memory.

    Parameters
    ----------
    path : Path
        The file, in OpenAI's format.
    name : str
        What the user calls it.
    official : str or None
        openai-whisper's name of it, by which the attention heads are known that time words.
    device, settings
        As in `load_model`, whose errors it raises.
    """
    try:
        checkpoint = read_content(path)
        check_computable(checkpoint["dims"])
        check_sizes(checkpoint["dims"], checkpoint["model_state_dict"])
        with _without_initialisation():
            model = whisper.model.Whisper(whisper.model.ModelDimensions(**checkpoint["dims"]))
        model.load_state_dict(checkpoint["model_state_dict"])
        _check_finite(model)
        heads = checkpoint.get("alignment_heads")
        if official is not None:
            model.set_alignment_heads(whisper._ALIGNMENT_HEADS[official])
        elif heads:
            mask = torch.zeros(model.dims.n_text_layer, model.dims.n_text_head, dtype=torch.bool)
            for layer, head in heads:
                # What is no number would choose more than one.
                mask[operator.index(layer), operator.index(head)] = True
            model.register_buffer("alignment_heads", mask.to_sparse(), persistent=False)
    except (MemoryError, *BAD_CHECKPOINT) as error:
        if is_out_of_memory(error):
            raise memory.memory_error(name) from error
        raise unreadable(path, error) from error
    share_audio(model.decoder)
    # Not above: what a GPU refuses is no fault of the file.
    with device_failures(device):
        model = model.to(device).eval()
    return WhisperModel(model, settings)


def _check_finite(model: Any) -> None:
    """Refuse weights with which every window would be silence, or nonsense."""
    for name, weight in model.state_dict().items():
        if not bool(torch.isfinite(weight).all()):
            raise NotFiniteError(f"{name} holds values that are not finite")


def read_content(path: Path) -> Any:
    """Return what a checkpoint file holds; its weights are read where they are used."""
    check_saved(path)
    # Not before PyTorch 2.1: there the file is read as a whole.
    mapped = {"mmap": True} if "mmap" in inspect.signature(torch.load).parameters else {}
    return torch.load(path, map_location="cpu", weights_only=True, **mapped)


@contextlib.contextmanager
def _without_initialisation() -> Iterator[None]:
    """Build layers without filling them with random numbers, which the checkpoint replaces."""
    own = {layer: vars(layer).get(_INITIALISE) for layer in _INITIALISED}
    for layer in own:
        setattr(layer, _INITIALISE, _leave)
    try:
        yield
    finally:
        for layer, method in own.items():
            if method is None:
                # It has that of its base class.
                delattr(layer, _INITIALISE)
            else:
                setattr(layer, _INITIALISE, method)


def _leave(_: object) -> None:
    """Stand in for the method that fills a layer with random numbers."""
