"""Whisper's vocabulary as openai-whisper has it, without loading openai-whisper."""

from __future__ import annotations

import base64
import binascii
import importlib.util
from pathlib import Path

from buildkit.errors import ToolError
from transcriber.models.registry import MULTILINGUAL_VOCABULARY


def assets() -> Path:
    """Return the folder in which openai-whisper keeps its vocabularies and its mel filters.

    Raises
    ------
    ToolError
        When openai-whisper is not installed.
    """
    # The package itself would load torch.
    found = importlib.util.find_spec("whisper")
    if found is None or not found.submodule_search_locations:
        raise ToolError("openai-whisper is not installed", "run make setup")
    return Path(found.submodule_search_locations[0], "assets")


def vocabulary_file(vocabulary: int, folder: Path) -> Path:
    """Return the file of text tokens of a model.

    Parameters
    ----------
    vocabulary : int
        Tokens that the model has, special ones and times included.
    folder : Path
        openai-whisper's `assets`.
    """
    name = "multilingual" if vocabulary >= MULTILINGUAL_VOCABULARY else "gpt2"
    return folder / f"{name}.tiktoken"


def text_tokens(path: Path) -> list[bytes]:
    """Return the text tokens of a tiktoken file, each at the place of its number.

    A line is a token in base64, a space and its number; the numbers are those in which the byte
    pairs are joined, too.

    Raises
    ------
    ToolError
        When it cannot be read or is no such file.
    """
    try:
        pairs = [line.split() for line in path.read_bytes().splitlines() if line]
        numbered = {int(number): base64.b64decode(token) for token, number in pairs}
        return [numbered[number] for number in range(len(pairs))]
    except (OSError, ValueError, KeyError, binascii.Error) as error:
        raise ToolError(
            f"{path} holds no vocabulary: {error}", "install openai-whisper again"
        ) from error
