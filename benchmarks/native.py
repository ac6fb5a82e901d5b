"""Measure the native program and its AppImages against Python and against openai-whisper.

    .venv/bin/python benchmarks/native.py --recording ../talk.mp3 --rounds 5

What is compared runs in turns, so that a slow drift of the machine meets all alike; the first turn
warms the caches and is not counted. Figures are medians of the turns, a ratio is the median of the
turns' own ratios with its quartiles. The recording is cut to ten seconds for the first words, which
are the first segment on standard output of a program that was just started, the model in the page
cache. AppImages are started both ways, mounted and from their cache.

Says which bars of the project are met, and ends with 1 when one is not.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PROGRAM = CHECKOUT / "build/native/program/ultra-lean/transcriber.bin"
EXTRACTED = {"APPIMAGE_EXTRACT_AND_RUN": "1"}
WORDS_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A command that is measured.

    Attributes
    ----------
    name : str
        As the table has it.
    command : tuple of str
        What is started.
    variables : mapping of str to str
        Added to its environment.
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a process took: seconds to its first segment and to its end, and its peak memory."""

    first_segment: float
    seconds: float
    mib: float


def take(subject: Subject) -> Taken:
    """Run a command and measure it.

    Raises
    ------
    SystemExit
        When it fails: the rest would mean nothing.
    """
    first = 0.0  # of a command that says nothing in brackets
    begin = time.perf_counter()
    with subprocess.Popen(
        subject.command,
        env={**os.environ, **subject.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        if process.stdout:
            for line in process.stdout:
                if line.startswith(b"["):
                    first = time.perf_counter() - begin
                    break
            process.stdout.read()
        # `wait4` tells the peak of this child alone; `getrusage` that of the largest so far.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
    if process.returncode:
        raise SystemExit(f"{' '.join(subject.command)} ended with {process.returncode}")
    return Taken(first_segment=first, seconds=seconds, mib=usage.ru_maxrss / 1024)


def in_turns(subjects: Sequence[Subject], rounds: int) -> dict[str, list[Taken]]:
    """Run all commands in turns; return what each took, by its name, without the first turn."""
    taken: dict[str, list[Taken]] = {subject.name: [] for subject in subjects}
    for turn in range(rounds + 1):
        # Who goes first has no advantage over the rounds.
        for subject in subjects if turn % 2 else reversed(subjects):
            one = take(subject)
            if turn:
                taken[subject.name].append(one)
    return taken


def table(title: str, figures: Mapping[str, Sequence[float]], reference: str, unit: str) -> str:
    """Return a table: of each row its median, and its ratio to the row `reference`."""
    lines = [f"| {title} | {unit} | by {reference} | quartiles |", "|---|---:|---:|---|"]
    for name, values in figures.items():
        ratios = [one / other for one, other in zip(values, figures[reference], strict=True)]
        low, middle, high = (
            statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
        )
        median = statistics.median(values)
        lines.append(f"| {name} | {median:.4g} | {middle:.2f} | {low:.2f}-{high:.2f} |")
    return "\n".join(lines) + "\n"


def appimages(folder: Path) -> list[Subject]:
    """Return both ways to start each AppImage in a folder."""
    found = []
    for path in sorted(folder.glob("transcriber-*.AppImage")):
        name = path.name.removeprefix("transcriber-").partition("-x86_64")[0]
        found.append(Subject(name=f"{name}, mounted", command=(str(path),), variables={}))
        found.append(Subject(name=f"{name}, unpacked", command=(str(path),), variables=EXTRACTED))
    return found


def with_arguments(subject: Subject, *words: str | Path) -> Subject:
    """Return a subject that gets `words` in its command."""
    command = (*subject.command, *map(str, words))
    return Subject(name=subject.name, command=command, variables=subject.variables)


def cut(recording: Path, output: Path) -> None:
    """Write the first seconds of a recording as a wave file, read with the program's ffmpeg."""
    words = [
        "-i",
        str(recording),
        "-t",
        str(WORDS_SECONDS),
        "-f",
        "s16le",
        "-ac",
        "1",
        "-ar",
        "16000",
    ]
    ffmpeg = [str(PROGRAM.with_name("ffmpeg")), "-nostdin", "-v", "error", *words, "-"]
    samples = subprocess.run(ffmpeg, capture_output=True, check=True).stdout
    with wave.open(str(output), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(16000)
        target.writeframes(samples)


def main() -> int:
    """Measure, print the tables, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recording", type=Path, required=True)
    parser.add_argument("--model", default="base")
    parser.add_argument("--model_dir", type=Path, default=CHECKOUT / ".cache/models")
    parser.add_argument("--stock", type=Path, default=CHECKOUT / ".cache/stock/bin/python")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    native = Subject(name="native", command=(str(PROGRAM),), variables={})
    images = appimages(CHECKOUT / "dist")
    met: dict[str, bool] = {}

    starts = [with_arguments(subject, "--version") for subject in (native, *images)]
    python = os.path.realpath(sys.executable)
    plain = Subject(name="python3 -c pass", command=(python, "-c", "pass"), variables={})
    taken = in_turns([*starts, plain], 4 * given.rounds)
    milliseconds = {name: [1000 * one.seconds for one in some] for name, some in taken.items()}
    print(table("start: --version", milliseconds, plain.name, "ms"), flush=True)
    for name, values in milliseconds.items():
        if name != plain.name:
            limit = 60 if name == native.name else 150
            met[f"--version, {name}: at most {limit} ms"] = statistics.median(values) <= limit

    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.wav")
        cut(given.recording, clip)
        modules = Subject(
            name="modules under CPython",
            command=(sys.executable, "-m", "transcriber"),
            variables={},
        )
        reference = Subject(
            name="openai-whisper",
            command=(
                str(given.stock),
                *("-W", "ignore", str(CHECKOUT / "benchmarks/reference.py")),
                str(given.model_dir / f"{given.model}.pt"),
            ),
            variables={"PYTHONUNBUFFERED": "1"},
        )
        common = ("--model", given.model, "--output_dir", folder)
        ours = (*common, "--model_dir", given.model_dir)
        subjects = [with_arguments(one, *ours, clip) for one in (native, *images, modules)]
        subjects.append(with_arguments(reference, *common, clip))
        taken = in_turns(subjects, given.rounds)
        first = {name: [one.first_segment for one in some] for name, some in taken.items()}
        print(table(f"first words of {WORDS_SECONDS} s", first, reference.name, "s"), flush=True)
        for name, values in first.items():
            if name not in (reference.name, modules.name):
                ratios = [a / b for a, b in zip(values, first[reference.name], strict=True)]
                met[f"first words, {name}: at most half"] = statistics.median(ratios) <= 0.5

        subjects = [with_arguments(one, *ours, given.recording) for one in (native, modules)]
        taken = in_turns(subjects, given.rounds)
        for what, unit, figures in (
            ("whole run", "s", {n: [one.seconds for one in some] for n, some in taken.items()}),
            ("its peak memory", "MiB", {n: [one.mib for one in some] for n, some in taken.items()}),
        ):
            print(table(what, figures, modules.name, unit), flush=True)
            ratios = [
                a / b for a, b in zip(figures[native.name], figures[modules.name], strict=True)
            ]
            met[f"{what}: not above the modules'"] = statistics.median(ratios) <= 1
    for bar, is_met in met.items():
        print(f"{'met   ' if is_met else 'MISSED'}  {bar}")
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
