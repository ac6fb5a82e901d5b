"""Recognising the format of a checkpoint, and reading it."""

from __future__ import annotations

from pathlib import Path

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import Checkpoint, verified
from transcriber.models.checkpoints.ctranslate2 import MODEL_FILE, find_parts, read_ctranslate2
from transcriber.models.checkpoints.hugging_face import INDEX, WEIGHTS, read_hugging_face
from transcriber.models.checkpoints.openai import read_openai

_EXPECTED = (
    "give a .pt file of OpenAI's format, a Hugging Face folder with config.json and "
    f"{WEIGHTS}, or a CTranslate2 folder with {MODEL_FILE}"
)

_OLD_WEIGHTS = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def read_checkpoint(source: Path) -> Checkpoint:
    """Read and verify the checkpoint in the file or folder `source`.

    Raises
    ------
    ModelError
        When there is none, or it is damaged, incomplete or not a Whisper model.
    """
    try:
        if source.is_dir():
            return verified(_read_folder(source))
        if source.is_file():
            return verified(_read_file(source))
    except OSError as error:
        raise ModelError(f"cannot read {source}: {error.strerror or error}") from error
    raise ModelError(f"there is no checkpoint {source}", _EXPECTED)


def _read_folder(folder: Path) -> Checkpoint:
    # Before CTranslate2's form, which is made from this one and may be rounded.
    if (folder / WEIGHTS).is_file() or (folder / INDEX).is_file():
        return read_hugging_face(folder)
    parts = find_parts(folder)
    if parts:
        return read_ctranslate2(parts)
    files = sorted(path for path in folder.glob("*.pt") if path.is_file())
    if len(files) == 1:
        return read_openai(files[0])
    if files:
        raise ModelError(f"{folder} holds {len(files)} .pt files", "name the one to import")
    if any((folder / name).is_file() for name in _OLD_WEIGHTS):
        raise ModelError(
            f"{folder} holds its weights as {_OLD_WEIGHTS[0]}, which may run code when it is read",
            f"get the model's {WEIGHTS}, or save it again with transformers",
        )
    raise ModelError(f"{folder} holds no checkpoint", _EXPECTED)


def _read_file(path: Path) -> Checkpoint:
    if path.name in (WEIGHTS, INDEX):
        return read_hugging_face(path.parent)
    if path.name == MODEL_FILE:
        return read_ctranslate2([path])
    with path.open("rb") as stream:
        beginning = stream.read(4)
    if beginning == b"PK\3\4":
        return read_openai(path)
    raise ModelError(f"{path} is not a checkpoint of a known format", _EXPECTED)
