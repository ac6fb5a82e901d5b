"""A model that lies in the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """A checkpoint file in OpenAI's format whose digest is known.

    Attributes
    ----------
    name : str
        The official name, or the name that it was imported under.
    path : Path
        The file.
    sha256 : str
        Digest of its content, in hexadecimal.
    size : int
        Length in bytes.
    origin : str
        ``official`` for OpenAI's own file, else the format that it was imported from:
        ``openai``, ``safetensors`` or ``ctranslate2``.
    """

    name: str
    path: Path
    sha256: str
    size: int
    origin: str
