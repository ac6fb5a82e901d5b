"""The JSON files beside a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transcriber.errors import ModelError

LIMIT = 4 << 20
"""Bytes of JSON that are read at most: real configurations take a few thousand, and the header
of a safetensors file with every tensor of the largest model 200,000."""


def parse_json(text: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object in `text`.

    Raises
    ------
    ModelError
        When it is none.
    """
    try:
        value = json.loads(text)
    # Brackets that are nested thousands deep end in a RecursionError.
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where} is damaged: it does not hold valid JSON") from error
    if not isinstance(value, dict):
        raise ModelError(f"{where} is damaged: it does not hold a JSON object")
    return value


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in the file `path`, or an empty one where there is no such file.

    Raises
    ------
    ModelError
        When the file is damaged or cannot be read.
    """
    try:
        # Opening a pipe would wait for its writer.
        if not path.is_file():
            return {}
        with path.open("rb") as stream:
            text = stream.read(LIMIT + 1)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    if len(text) > LIMIT:
        raise ModelError(f"{path} is no configuration: it is longer than {LIMIT} bytes")
    return parse_json(text, str(path))
