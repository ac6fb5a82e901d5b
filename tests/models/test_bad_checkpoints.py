"""What is said of a file that is no checkpoint: in words for who has never seen PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.checkpoints.samples import random_weights, save_openai
from transcriber.engine.fused.checkpoint import open_checkpoint
from transcriber.errors import ModelError
from transcriber.models.bad_checkpoints import NotFiniteError, unreadable


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"lmgg" + bytes(100), "a model of whisper.cpp's (GGML), which is not read"),
        (b"GGUF" + bytes(100), "a model of whisper.cpp's (GGML), which is not read"),
        (b"notes of a meeting\n" * 9, "is not a Whisper checkpoint: give a .pt file"),
        (b"RIFF" + bytes(100), "is not a Whisper checkpoint: give a .pt file"),
        (b"PK\3\4" + bytes(1000), "is cut off, or damaged"),
    ],
)
def test_files_of_other_kinds(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        open_checkpoint(path, "mine")
    line = str(caught.value)
    assert told in line
    assert "torch" not in line.lower()
    assert "mmap" not in line


def test_one_that_is_cut_off(tmp_path: Path) -> None:
    path = save_openai(tmp_path / "mine.pt", random_weights())
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ModelError, match=r"mine\.pt is cut off, or damaged: fetch it again"):
        open_checkpoint(path, "mine")


def test_what_is_known_no_better_has_the_reason(tmp_path: Path) -> None:
    path = save_openai(tmp_path / "mine.pt", random_weights())
    line = str(unreadable(path, ValueError("Missing key a in its state_dict\nand more")))
    assert (
        "is not a Whisper checkpoint in OpenAI's format (Missing key a in its state_dict)" in line
    )
    missing = unreadable(tmp_path / "none.pt", NotFiniteError("a holds values that are not finite"))
    assert "none.pt is damaged: a holds" in str(missing)
