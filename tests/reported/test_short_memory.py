"""Too little memory was told as a damaged model, as a missing ffmpeg, or in a library's words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import media
import pytest
from conftest import program

pytestmark = pytest.mark.slow

BLAMES = ("damaged", "not a Whisper", "defect", "OpenBLAS", "install", "--device cpu", "Traceback")

EXACT = ("--compute_type", "float32", "--batch_size", "1")


@pytest.mark.parametrize("decoding", [(), EXACT], ids=["auto", "exact"])
@pytest.mark.parametrize(
    "mebibytes", [60, 120, 200, 240, 290, 293, 300, 310, 320, 340, 390, 440, 490, 600, 900]
)
def test_it_is_told_as_memory(
    models: Path, tmp_path: Path, mebibytes: int, decoding: tuple[str, ...]
) -> None:
    recording = shutil.copy(media.samples() / "sample.wav", tmp_path / "b.wav")
    words: list[str | Path] = ["--model", "base", "--model_dir", models, "--language", "en"]
    words += ["--threads", "1", "--offline", "-o", tmp_path / "o", "-f", "txt", *decoding]
    limited = ["sh", "-c", f'ulimit -v {mebibytes << 10}; exec "$@"', "sh"]
    done = subprocess.run(
        [*limited, *program([recording, *words])],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 0:
        assert mebibytes > 290
        assert (tmp_path / "o/b.txt").exists()
        return
    assert done.returncode == 9, done.stderr
    (line,) = done.stderr.splitlines()
    assert f"{mebibytes} MiB" in line
    assert "raise that limit" in line
    assert not any(word in line for word in BLAMES)
