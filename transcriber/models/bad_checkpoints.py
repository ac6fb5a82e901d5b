"""What the user reads of a file that is no checkpoint in OpenAI's format, or a damaged one."""

from __future__ import annotations

from pathlib import Path

from transcriber.errors import ModelError

_ANOTHER = "fetch it again, or take another copy"

_GGML = (b"lmgg", b"GGUF", b"GGML")
"""How whisper.cpp's models begin."""

_ARCHIVE = b"PK"
_DIRECTORY = b"PK\5\6"
"""What lies near the end of a whole archive."""

_LONGEST_END = 1 << 17
_PICKLE = b"\x80"


class NotFiniteError(ValueError):
    """Weights are no numbers."""


def unreadable(path: Path, error: Exception) -> ModelError:
    """Return what the user reads when a checkpoint cannot be loaded, and why `error` was met.

    PyTorch's own words say little to those who do not program.
    """
    reason = printable((str(error).strip() or type(error).__name__).splitlines()[0][:200])
    if isinstance(error, NotFiniteError):
        return ModelError(f"{path} is damaged: {reason}", _ANOTHER)
    head, end = _ends(path)
    if head in _GGML:
        return ModelError(
            f"{path} is a model of whisper.cpp's (GGML), which is not read",
            "take OpenAI's by its name, such as --model base",
        )
    if head.startswith(_ARCHIVE) and _DIRECTORY not in end:
        return ModelError(f"{path} is cut off, or damaged", _ANOTHER)
    if head and not head.startswith((_ARCHIVE, _PICKLE)):
        return ModelError(
            f"{path} is not a Whisper checkpoint",
            "give a .pt file of OpenAI's, or the name of a model, such as base; other formats are "
            "converted with: transcriber models import",
        )
    return ModelError(
        f"{path} is not a Whisper checkpoint in OpenAI's format ({reason})",
        "fetch it again, or convert it with: transcriber models import",
    )


def printable(text: str) -> str:
    """Return `text` without what would steer a terminal: a file may hold any names."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _ends(path: Path) -> tuple[bytes, bytes]:
    """Return the first bytes of a file, and its last."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
            stream.seek(max(path.stat().st_size - _LONGEST_END, 0))
            return head, stream.read(_LONGEST_END)
    except OSError:
        return b"", b""
