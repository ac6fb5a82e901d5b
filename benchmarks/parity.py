"""Compare our transcripts with openai-whisper's on real recordings, and both with what was said.

``python benchmarks/parity.py SPEECH`` runs both programs on every recording of the folder
SPEECH, greedy and with five beams, with and without word timestamps. Ours computes in float32,
where nothing else is asked for: only that is to be equal. All five output files of each recording
must be the same, but for the rounding of the probabilities in the JSON file: the beams share their
audio in ours, and the two may run on different builds of PyTorch. What no player could show is
another matter, and told by name: see `KNOWN`. Then it prints the word error
rates of both per language, normalised as in Whisper's paper.

openai-whisper runs on the stock build of PyTorch, in the interpreter that ``--reference_python``
names: by default that of TRANSCRIBER_STOCK_PYTHON, or ``.cache/stock``, or this one where there
is neither.

``--native FILE`` compares what is built of the program, which must write the same to the last bit,
with the program as this interpreter runs it; openai-whisper is then left out.

SPEECH holds a ``manifest.tsv`` with the columns ``file``, ``language`` and ``reference``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.error_rates import error_rates, unit_of
from benchmarks.manifest import Speech, read_manifest
from buildkit.commands import ending_in_one_line, last_line, run_quietly
from buildkit.errors import ToolError
from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.audio.stream import open_audio
from transcriber.errors import ModelError, TranscriberError
from transcriber.models.store import locate
from transcriber.paths import model_directory
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.cues import LEAST
from transcriber.transcript.plain_text import is_seen, one_line
from transcriber.transcript.writers import render

CONFIGURATIONS = {
    "greedy": ("--beam_size", "None"),
    "greedy, words": ("--beam_size", "None", "--word_timestamps", "True"),
    "beam 5": (),
    "beam 5, words": ("--word_timestamps", "True"),
}
STOCK_VARIABLE = "TRANSCRIBER_STOCK_PYTHON"
REFERENCE_PROGRAM = Path(__file__).with_name("reference.py")
"""openai-whisper's own command line, on weights of our store."""

LONGEST_SECONDS = 4 * 3600.0

MODULES = (sys.executable, "-m", "transcriber")
"""The program as Python runs it."""

SAME_SUMS = ("--threads", "1")
"""Sums are split among threads, and the last digits of a probability with them."""

LIKE_OPENAI = ("--compute_type", "float32")
"""What ours has to compute in for the same text: by itself, it takes what is fastest."""

ROUNDING = 1e-3
"""How far probabilities may be apart; times have steps of 0.01."""


def run_ours(
    model: str,
    directory: Path,
    files: Sequence[Path],
    output: Path,
    options: Sequence[str],
    *,
    start: Sequence[str] = MODULES,
) -> None:
    """Transcribe with this program, which the command `start` is."""
    command = [*start, "--verbose", "False", "--model", model, "--model_dir", str(directory)]
    _run([*command, "--output_dir", str(output), *options, *map(str, files)])


def reference_python() -> Path:
    """Return the interpreter that has the stock build of PyTorch."""
    stock = Path(__file__).resolve().parents[1] / ".cache" / "stock" / "bin" / "python"
    return Path(os.environ.get(STOCK_VARIABLE) or (stock if stock.is_file() else sys.executable))


def run_reference(
    python: Path,
    model: str,
    directory: Path,
    files: Sequence[Path],
    output: Path,
    options: Sequence[str],
) -> None:
    """Transcribe with openai-whisper, on the same weights."""
    stored = locate(model, directory)
    if stored is None:
        raise ModelError(f"{directory} has no model {model}", "run make setup")
    command = [str(python), "-W", "ignore", str(REFERENCE_PROGRAM), str(stored.path)]
    command += ["--verbose", "False", "--model", model, "--output_dir", str(output)]
    _run([*command, *options, *map(str, files)])


def _run(command: list[str]) -> None:
    # The progress of either is of no use here; what it says of a failure is.
    code, output = run_quietly(command, limit=LONGEST_SECONDS)
    if code:
        shown = " ".join(command[:6])
        raise ToolError(f"{shown} ... ended with {code}: {last_line(output)}")


def differences(
    speech: Sequence[Speech],
    ours: Path,
    reference: Path,
    *,
    exact: bool = True,
    known: dict[str, tuple[str, ...]] | None = None,
) -> list[str]:
    """Return the names of the output files that are not the same.

    Without `exact`, the probabilities that the JSON files hold may be a little apart, and what no
    player could show may be missing: see `KNOWN`. Everything else may not. What is known is put
    into `known`, by the names of the files.
    """
    found = []
    for item in speech:
        for name in (f"{item.path.stem}.{ending}" for ending in OUTPUT_FORMATS):
            if (ours / name).read_bytes() == (reference / name).read_bytes():
                continue
            if not exact and name.endswith(".json") and alike(ours / name, reference / name):
                continue
            names = () if exact else known_differences(item, ours, reference, name)
            if not names:
                found.append(name)
            elif known is not None:
                known[name] = names
    return found


Spans = list[tuple[float, float]]


class Shown(NamedTuple):
    """What openai-whisper wrote of a recording of so many `seconds`.

    The texts are those of all segments and of all words. The times are in two groups: those of the
    segments, then those of the words.
    """

    result: dict[str, Any]
    seconds: float
    texts: list[str]
    groups: tuple[Spans, Spans]


_MARKS = re.compile("[&<]|-{2,}>")

KNOWN: dict[str, Callable[[Shown], bool]] = {
    "without text": lambda shown: not all(map(is_seen, shown.texts)),
    "without length": lambda shown: any(
        end - start < LEAST for spans in shown.groups for start, end in spans
    ),
    "overlapping": lambda shown: any(
        one[1] > other[0] for spans in shown.groups for one, other in pairwise(spans)
    ),
    "behind the end": lambda shown: any(
        end > shown.seconds for spans in shown.groups for _, end in spans
    ),
    "break of a line": lambda shown: any(one_line(text) != text for text in shown.texts),
    "mark of a subtitle": lambda shown: any(map(_MARKS.search, shown.texts)),
    "no number": lambda shown: not _is_finite(shown.result),
}
"""What openai-whisper writes and no player could show, by name, with how it is recognised. README
tells what ours writes in its place."""


def known_differences(item: Speech, ours: Path, reference: Path, name: str) -> tuple[str, ...]:
    """Return by what names the file `name` differs, if it differs by those alone.

    The folders hold the output files of a recording, written without options for subtitles.
    """
    theirs = json.loads((reference / f"{item.path.stem}.json").read_text("utf-8"))
    try:
        segments = theirs["segments"]
        words = [word for segment in segments for word in segment.get("words", ())]
        texts = [*(one["text"] for one in segments), *(one["word"] for one in words)]
        of_segments, of_words = (
            [(one["start"], one["end"]) for one in some] for some in (segments, words)
        )
    except KeyError:
        return ()
    with open_audio(item.path, ffmpeg=find_ffmpeg(None)) as audio:
        # In whole frames, as the program counts it.
        seconds = sum(map(len, audio)) // 2 // 160 / 100
    shown = Shown(theirs, seconds, texts, (of_segments, of_words))
    names = tuple(known for known, applies in KNOWN.items() if applies(shown))
    ending = name.rpartition(".")[2]
    expected = render(theirs, OutputSettings(), ending, last=seconds)
    written = (ours / name).read_text("utf-8")
    same = written == expected
    if ending == "json":
        same = _equal(json.loads(written), json.loads(expected))
    return names if same else ()


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def alike(one: Path, other: Path) -> bool:
    """Whether two JSON files are the same, but for the rounding of what they hold."""
    return _equal(json.loads(one.read_text("utf-8")), json.loads(other.read_text("utf-8")))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return bool(one == other)


def main() -> int:
    """Run the comparison; return 1 when any file differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("speech", type=Path, help="folder of recordings with a manifest.tsv")
    parser.add_argument("--model", default="base")
    parser.add_argument("--model_dir", type=Path, default=model_directory())
    parser.add_argument("--reference_python", type=Path, default=reference_python())
    parser.add_argument("--native", type=Path, help="executable or AppImage")
    parser.add_argument("--compute_type", default=LIKE_OPENAI[-1], help="of ours")
    parser.add_argument("--only", choices=CONFIGURATIONS, action="append")
    given = parser.parse_args()
    speech = read_manifest(given.speech)
    files = [item.path for item in speech]
    different = 0
    for name in given.only or CONFIGURATIONS:
        with tempfile.TemporaryDirectory() as folder:
            ours, reference = Path(folder, "ours"), Path(folder, "reference")
            options = (*CONFIGURATIONS[name], *SAME_SUMS)
            own = (*options, "--compute_type", given.compute_type)
            common = (given.model, given.model_dir, files)
            if given.native:
                run_ours(*common, ours, own, start=[str(given.native.absolute())])
                run_ours(*common, reference, own)
            else:
                run_ours(*common, ours, own)
                run_reference(given.reference_python, *common, reference, options)
            known: dict[str, tuple[str, ...]] = {}
            unequal = differences(speech, ours, reference, exact=bool(given.native), known=known)
            for file, names in known.items():
                print(f"  {file}, which no player could show: {', '.join(names)}")
            different += len(unequal)
            total = len(speech) * len(OUTPUT_FORMATS)
            print(f"{name}: {total - len(unequal)} of {total} files are equal", *unequal)
            theirs = error_rates(speech, reference)
            other = "modules" if given.native else "openai-whisper"
            for language, (count, rate) in error_rates(speech, ours).items():
                print(
                    f"  {language}: {count} recordings, {unit_of(language)} {rate:.1%}, "
                    f"{other} {theirs[language][1]:.1%}",
                    flush=True,
                )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(ending_in_one_line("parity", main, TranscriberError))
