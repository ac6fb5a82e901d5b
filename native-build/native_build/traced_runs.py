"""The ways of the program that are run to find out what it imports and opens."""

from __future__ import annotations

import base64
import functools
import http.server
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.places import CHECKOUT
from transcriber.signatures.minisign import read_keys


@dataclass(frozen=True, kw_only=True)
class Material:
    """What the traced runs work on.

    Attributes
    ----------
    models : Path
        Folder with ``base.pt`` and ``tiny.en.pt``.
    checkpoints : Path
        Folder with ``base`` and ``tiny.en`` in CTranslate2's format.
    recordings : tuple of Path
        Speech, the shortest first.
    """

    models: Path
    checkpoints: Path
    recordings: tuple[Path, ...]


def runs(material: Material, scratch: Path, mirror: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield command lines with the exit codes that they end with."""
    recordings = [str(path) for path in material.recordings]
    copied = scratch / "models"
    copied.mkdir()
    shutil.copyfile(material.models / "tiny.en.pt", copied / "tiny.en.pt")
    damaged = scratch / "damaged.pt"
    damaged.write_bytes((material.models / "tiny.en.pt").read_bytes()[:100_000])
    # What a GPU computes with, too: openai-whisper's own modules.
    plain = scratch / "plain.pt"
    _write_unusual_model(plain)
    silent = scratch / "nothing.wav"
    silent.write_bytes(b"not a recording")
    common = ("--model_dir", str(material.models), "--device", "cpu", "--output_dir", str(scratch))
    english = (*common, "--model", "tiny.en")
    base = (*common, "--model", "base")
    yield 0, ["--version"]
    yield 0, ["--help"]
    yield 0, ["doctor", "--model_dir", str(material.models)]
    yield 0, [*english, "--word_timestamps", "True", "--highlight_words", "True", recordings[0]]
    yield 0, [*english, "--beam_size", "2", "--progress", "json", recordings[0], recordings[1]]
    yield 0, [*english, "--progress", "bar", "--skip_existing", *recordings[:2]]
    yield 0, [*english, "--temperature", "0.5", "--seed", "1", "--best_of", "2", recordings[0]]
    yield 0, [*english, "--logprob_threshold", "5", "--clip_timestamps", "0,3", recordings[0]]
    yield 0, [*english, "--output_dir", "-", "--output_format", "txt", recordings[0]]
    yield 0, [*common, "--device", "auto", "--model", "base", recordings[0]]
    yield 0, [*base, "--task", "translate", "--initial_prompt", "Sense", recordings[0]]
    yield 0, [*base, "--language", "German", "--hallucination_silence_threshold", "1",
              "--word_timestamps", "True", recordings[0]]  # fmt: skip
    once = (*common, "--model", str(plain), "--temperature_increment_on_fallback", "None")
    yield 0, [*once, "--beam_size", "2", "--word_timestamps", "True", recordings[0]]
    yield 0, [*once, "--best_of", "1", "--temperature", "0.5", recordings[0]]
    yield 2, ["--language", "Germn", recordings[0]]
    yield 2, ["--no_such_option"]
    # Neither a terminal nor a screen is there to ask on.
    yield 2, ["desktop"]
    yield 3, ["desktop", str(scratch / "missing.wav")]
    yield 3, [*english, str(silent)]
    yield 3, [*english, str(scratch / "missing.wav")]
    yield 4, [*common, "--model", str(damaged), recordings[0]]
    yield 4, [*common, "--model", "bse", recordings[0]]
    yield 6, [*english, "--model", "medium", "--offline", recordings[0]]
    yield from _live(english, recordings[0], scratch)
    yield from _stores(material, copied, mirror)
    yield from _verifications(silent, damaged)
    # Nothing is in the cache of this run.
    yield 8, ["cuda", "status", "--json"]
    yield 0, ["cuda", "remove"]


def _live(
    english: Sequence[str], recording: str, scratch: Path
) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the command lines of live sound, which comes from a file; there is no desktop."""
    sound = (*english, "--input", recording)
    saved = ("--save", str(scratch / "live"), "--record")
    yield 0, ["live", *sound, "--pace", "0", *saved, "--events"]
    yield 13, ["live", *english, "--input", "no such microphone"]
    yield 14, ["dictate", *sound, "--spoken_commands", "--history", "--paste", "end"]
    yield 0, ["dictate", "history"]
    yield 0, ["dictate", "status"]
    yield 2, ["dictate", "listen", "--hot_key", "no such key"]


def _stores(material: Material, folder: Path, mirror: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the command lines about models, with those in `folder`."""
    store = ("--model_dir", str(folder))
    yield 0, ["models", "list", *store]
    yield 0, ["models", "verify", *store, "tiny.en"]
    yield 0, ["models", "path", *store, "tiny.en"]
    yield 0, ["models", "remove", *store, "tiny.en"]
    yield 0, ["models", "fetch", *store, "--model_mirror", mirror, "tiny.en"]
    yield 0, ["models", "remove", *store, "tiny.en"]
    yield 0, ["models", "fetch", *store, "--model_mirror", material.models.as_uri(), "tiny.en"]
    yield 0, ["models", "import", *store, str(material.checkpoints / "base")]
    yield 5, ["models", "fetch", *store, "--model_mirror", f"{mirror}/missing", "small"]


def _verifications(signed: Path, unsigned: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the command lines that check downloads; what is written beside one signs nothing."""
    # A key as it may be: there is a point of the curve with y = 3.
    key = base64.b64encode(b"Ed" + bytes(8) + (3).to_bytes(32, "little")).decode()
    signed.with_name(f"{signed.name}.minisig").write_bytes(b"not a signature")
    yield 12, ["verify", "--public_key", key, str(signed)]
    yield 3, ["verify", "--public_key", key, str(unsigned)]
    # The file with the keys of releases is opened, which has none yet.
    known = read_keys((CHECKOUT / "transcriber/signatures/release.pub").read_bytes())
    yield 12 if known else 2, ["verify", str(signed)]


def _write_unusual_model(path: Path) -> None:
    """Write a checkpoint of random numbers that the fused operators do not compute."""
    from transcriber.engine import openai_whisper  # noqa: PLC0415 - loads torch

    whisper: Any = openai_whisper.load().model
    import torch  # noqa: PLC0415

    # The operators are for heads of 64 channels, which all models of OpenAI's have.
    sizes = {"state": 64, "head": 2, "layer": 1}
    audio = {f"n_audio_{name}": size for name, size in sizes.items()}
    text = {f"n_text_{name}": size for name, size in sizes.items()}
    dimensions = {"n_mels": 80, "n_audio_ctx": 1500, "n_vocab": 51865, "n_text_ctx": 448}
    dimensions.update(audio, **text)
    torch.manual_seed(0)
    network = whisper.Whisper(whisper.ModelDimensions(**dimensions))
    # openai-whisper leaves these as the memory was, which may hold no numbers.
    torch.nn.init.normal_(network.decoder.positional_embedding)
    torch.save({"dims": dimensions, "model_state_dict": network.state_dict()}, path)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` over HTTP on this machine, and give the address."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
