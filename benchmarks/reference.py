"""openai-whisper's own command line on weights of our store, for comparing with ours.

``python benchmarks/reference.py WEIGHTS [--digest HEX] [option ...]`` takes the options of
``whisper``. Three things differ from calling it directly:

* It knows the alignment heads of a model only by the model's official name, and fetches what has
  another digest than OpenAI's file. The name given with ``--model`` is made to mean WEIGHTS. It
  digests them itself at each start, so that who measures its time gives their sha256, HEX: else
  they are digested twice.
* It samples from an unseeded generator. Here the generator is seeded as in our program.
* The first word alignment starts numba's threads, and they change how many torch uses, so that
  the last digits of later probabilities hang on it. Here numba has one thread.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import torch

os.environ["NUMBA_NUM_THREADS"] = "1"  # read when numba is imported, which whisper does

import whisper
from whisper.transcribe import cli

SEED = 0


def main(arguments: list[str]) -> None:
    """Run the command line; ``--model`` has to be among the options."""
    weights = Path(arguments[0]).resolve()
    if arguments[1:2] == ["--digest"]:
        digest, options = arguments[2], arguments[3:]
    else:
        with weights.open("rb") as stream:
            digest, options = hashlib.file_digest(stream, "sha256").hexdigest(), arguments[1:]
    name = options[options.index("--model") + 1]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{name}.pt").symlink_to(weights)
        whisper._MODELS[name] = f"https://localhost/{digest}/{name}.pt"
        programs = Path(folder, "programs")
        programs.mkdir()
        # openai-whisper takes the ffmpeg that the search path has; both are to use the same.
        (programs / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
        _seed_sampling()
        sys.argv = ["whisper", *options, "--model_dir", folder]
        cli()


def _seed_sampling() -> None:
    decode = whisper.model.Whisper.decode

    def seeded(model: Any, mel: Any, options: Any) -> Any:
        if options.temperature > 0:
            torch.manual_seed(SEED)
        return decode(model, mel, options)

    whisper.model.Whisper.decode = seeded


if __name__ == "__main__":
    main(sys.argv[1:])
