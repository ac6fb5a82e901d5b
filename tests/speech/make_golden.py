"""Write what the package silero-vad says of recordings, for the tests to compare with.

With NumPy and onnxruntime, which the environment of the benchmarks' peers has::

    .cache/peers/bin/python tests/speech/make_golden.py silero_vad-6.2.3-py3-none-any.whl \\
        .cache/speech/*-08[78]0.wav .cache/speech/*-0930.wav > tests/speech/golden.txt
"""

from __future__ import annotations

import sys
import textwrap
import wave
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

NETWORK = "silero_vad/data/silero_vad.onnx"
"""What the package itself takes where it is told to use ONNX: not the file that ours is made of."""

FRAME, CONTEXT = 512, 64


def probabilities(session: Any, recording: Path) -> list[float]:
    """Return how probably somebody speaks in each frame, the last one filled up with silence."""
    with wave.open(str(recording)) as stream:
        assert (stream.getframerate(), stream.getnchannels()) == (16000, 1)
        samples = np.frombuffer(stream.readframes(stream.getnframes()), "<i2") / np.float32(32768)
    samples = np.pad(samples, (CONTEXT, -len(samples) % FRAME)).astype(np.float32)
    state = np.zeros((2, 1, 128), np.float32)
    found = []
    for start in range(0, len(samples) - CONTEXT, FRAME):
        frame = samples[None, start : start + CONTEXT + FRAME]
        given = {"input": frame, "state": state, "sr": np.array(16000, np.int64)}
        out, state = session.run(None, given)
        found.append(float(out[0, 0]))
    return found


def main(wheel: str, *recordings: str) -> None:
    """Write the text to standard output."""
    import onnxruntime  # noqa: PLC0415 - the tests' own environment has none

    with zipfile.ZipFile(wheel) as archive:
        session = onnxruntime.InferenceSession(archive.read(NETWORK))
    package = "-".join(Path(wheel).name.split("-")[:2])
    print(f"# Of each 32 ms how probably somebody speaks, by {package}: see make_golden.py.")
    for recording in map(Path, recordings):
        numbers = " ".join(f"{found:.5f}" for found in probabilities(session, recording))
        print(recording.name, *textwrap.wrap(numbers, 96), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
