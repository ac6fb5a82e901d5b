"""Who is compared: ours in three forms, openai-whisper, faster-whisper and whisper.cpp.

Ours is the native program and the wheel under CPython, which compute as they do by themselves, and
the native program in float32, which is to write the same as openai-whisper. Where it is asked for,
the native program decodes one window after the other, too. All have the same
weights, get the same wave files and their language, decode greedily or with so many beams, at
temperature 0 only if nothing else is asked for, write segments without the times of words, and use
so many threads. What is nevertheless not alike, stands in the programs of `benchmarks.peers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.ctranslate2_weights import provide_ctranslate2
from benchmarks.peers.ggml_weights import FORMS, provide_ggml
from buildkit.errors import InputError
from buildkit.places import CHECKOUT
from scripts.layout import CHECKPOINTS, MODELS, PEERS_PYTHON, PEERS_WEIGHTS, PYTHON, STOCK_PYTHON
from transcriber.download.digest import file_sha256

MODEL = "base"
"""Whose weights all have."""

FLOAT32 = "native float32"
"""What tables call the native program that computes as openai-whisper does."""

BATCH_1 = "native, batch 1"
"""What tables call the native program that decodes one window after the other."""

_OURS = ("native", FLOAT32, "wheel under CPython", "openai-whisper")

OWN = frozenset({*_OURS, BATCH_1})
"""Those who need no peers to be installed."""

PEERS = (
    *("faster-whisper fp32", "faster-whisper int8"),
    *("faster-whisper fp32 batched", "faster-whisper int8 batched"),
    *("whisper.cpp f16", "whisper.cpp q8_0"),
)

BY_DEFAULT = (*_OURS, *PEERS)
"""Who takes part where nobody is named: all but those who answer a question of few cells."""

NATIVE = Path("build/native/program/ultra-lean/transcriber.bin")
"""In a checkout; the lean one is the same program."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A program that transcribes recordings, by the name that tables have.

    `start` is its command without what differs between runs; the variables are added to its
    environment. Who is `like_whisper` takes openai-whisper's options and writes a file. The others
    take those of `benchmarks.peers.peer_program`, and print the text only.
    """

    name: str
    start: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    like_whisper: bool = True

    def command(
        self,
        recordings: Sequence[Path],
        *,
        language: str,
        beam_size: int | None,
        threads: int,
        output: Path,
        fallback: bool = False,
    ) -> tuple[str, ...]:
        """Return the whole command, which prints each segment as it comes.

        Parameters
        ----------
        recordings : sequence of Path
            Wave files of 16 kHz, one channel and 16 bits, all transcribed in one call.
        language : str
            Their language, a code such as ``en``.
        beam_size : int or None
            Beams; None decodes greedily.
        threads : int
            Of the processor.
        output : Path
            A folder for what is written by those who are `like_whisper`.
        fallback : bool
            Whether a window that fails is decoded again at higher temperatures, as all do by
            themselves. Each has its own luck with that, so that it is compared apart.
        """
        words = [*self.start, "--language", language, "--threads", str(threads)]
        if not self.like_whisper:
            words += ["--greedy"] if beam_size is None else ["--beam_size", str(beam_size)]
            words += ["--fallback"] if fallback else []
            return (*words, *(word for path in recordings for word in ("--audio", str(path))))
        words += ["--beam_size", str(beam_size), "--output_format", "txt"]
        if not fallback:
            words += ["--temperature", "0", "--temperature_increment_on_fallback", "None"]
        return (*words, "--output_dir", str(output), *map(str, recordings))


def contestants(checkout: Path, *, peers: bool) -> list[Contestant]:
    """Return who is compared in a checkout in which all is built and set up, ours first.

    The weights of the `peers`, where these take part, are made when they are missing.

    Raises
    ------
    InputError
        When a program is not there.
    BuildError
        When the weights cannot be read, or those of the peers cannot be made.
    """

    def here(path: Path, remedy: str) -> Path:
        """Return the place in `checkout` of a path of this one."""
        place = checkout / (path.relative_to(CHECKOUT) if path.is_absolute() else path)
        if not place.exists():
            raise InputError(f"there is no {place}", remedy)
        return place

    models, weights = here(MODELS, "run make setup"), here(MODELS / f"{MODEL}.pt", "run make setup")
    model = ("--model", MODEL, "--model_dir", str(models))
    native = (str(here(NATIVE, "run make")), *model)
    wheel = (str(here(PYTHON, "run make setup")), "-m", "transcriber", *model)
    reference = (
        *(str(here(STOCK_PYTHON, "run make try")), "-W", "ignore"),
        *(str(here(Path("benchmarks/reference.py"), "")), str(weights)),
        # Else it would digest them once more than openai-whisper does by itself.
        *("--digest", file_sha256(weights)),
        # The script makes a folder of models itself, of the file that is named first.
        *("--model", MODEL),
    )
    found = [
        Contestant(name="native", start=native),
        Contestant(name=BATCH_1, start=(*native, "--batch_size", "1")),
        Contestant(name=FLOAT32, start=(*native, "--compute_type", "float32")),
        Contestant(name="wheel under CPython", start=wheel),
        # Else its segments wait in a buffer.
        Contestant(name="openai-whisper", start=reference, variables={"PYTHONUNBUFFERED": "1"}),
    ]
    return [*found, *_peers(checkout, weights, here)] if peers else found


def _peers(
    checkout: Path, weights: Path, here: Callable[[Path, str], Path]
) -> Iterator[Contestant]:
    python = here(PEERS_PYTHON, "run make bench, which installs what is compared")
    folder = checkout / PEERS_WEIGHTS.relative_to(CHECKOUT)
    checkpoint = provide_ctranslate2(here(CHECKPOINTS / MODEL, "run make setup"), folder)
    programs: dict[str, tuple[str, Path, tuple[str, ...]]] = {
        f"faster-whisper {words}{kind}": (
            "faster_whisper",
            checkpoint,
            ("--compute_type", compute_type, *batched),
        )
        for kind, batched in (("", ()), (" batched", ("--batched",)))
        for words, compute_type in (("fp32", "float32"), ("int8", "int8"))
    }
    for form in FORMS:
        programs[f"whisper.cpp {form}"] = "whisper_cpp", provide_ggml(weights, form, folder), ()
    for name, (program, of_it, options) in programs.items():
        module = f"benchmarks.peers.{program}_program"
        yield Contestant(
            name=name,
            start=(str(python), "-m", module, "--weights", str(of_it), *options),
            variables={"PYTHONPATH": str(checkout), "HF_HUB_OFFLINE": "1"},
            like_whisper=False,
        )
