"""Damage recordings at random and read them: only clear errors, bounded time and memory.

Run ``python tests/fuzz_media.py --count 2000 --seed 1`` for the long form. The same seed damages
the same samples in the same way, as long as the ffmpeg that writes the samples is the same.
"""

from __future__ import annotations

import argparse
import collections
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import media
from fuzzing import outcome_table

from transcriber.audio.stream import BLOCK_BYTES, AudioLimits, open_audio
from transcriber.errors import TranscriberError

LIMITS = AudioLimits(stall_seconds=10, total_seconds=20, memory_bytes=512 << 20, audio_seconds=900)
"""Far below the defaults, far above what a sample of three seconds needs."""

LONGEST_SECONDS = 30.0
GREATEST_RESIDENT_BYTES = 640 << 20
"""The limit on ffmpeg's writable memory and the pages of its executable and libraries."""

GREATEST_OWN_BYTES = 160 << 20
"""Python itself, the samples and the blocks; 15 minutes of audio alone would be 28 MiB more."""


def flip_bits(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(generator.choice((1, 1, 3, 10, 100, 1000))):
        damaged[generator.randrange(len(damaged))] ^= 1 << generator.randrange(8)
    return bytes(damaged)


def flip_bits_of_the_header(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(generator.choice((1, 2, 5, 20))):
        damaged[generator.randrange(min(512, len(damaged)))] ^= 1 << generator.randrange(8)
    return bytes(damaged)


def set_extreme_numbers(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(generator.choice((1, 2, 4))):
        width = generator.choice((2, 4, 8))
        value = generator.choice((0, 1, (1 << 8 * width - 1) - 1, (1 << 8 * width) - 1))
        position = generator.randrange(min(2048, len(damaged)))
        damaged[position : position + width] = value.to_bytes(
            width, generator.choice(("big", "little"))
        )
    return bytes(damaged)


def truncate(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    # Half of them near the beginning, where the headers are.
    longest = generator.choice((len(data), min(len(data), 512)))
    return data[: generator.randrange(1, longest)]


def zero_blocks(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(generator.choice((1, 3))):
        length = min(generator.choice((16, 512, 4096)), len(damaged))
        start = generator.randrange(len(damaged) - length + 1)
        damaged[start : start + length] = bytes(length)
    return bytes(damaged)


def randomize_a_block(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    length = min(generator.choice((16, 512, 4096)), len(data))
    start = generator.randrange(len(data) - length + 1)
    return data[:start] + generator.randbytes(length) + data[start + length :]


def remove_a_block(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    start = generator.randrange(len(data))
    return data[:start] + data[start + generator.choice((1, 7, 512, 4096)) :]


def repeat_a_block(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    start = generator.randrange(len(data))
    block = data[start : start + generator.choice((1, 8, 512, 4096))]
    return data[:start] + block * generator.choice((1, 2, 20)) + data[start:]


def splice(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    other = generator.choice(others)
    cut = generator.randrange(len(data))
    return data[:cut] + other[generator.randrange(len(other)) :]


def put_another_header(data: bytes, others: list[bytes], generator: random.Random) -> bytes:
    length = generator.choice((4, 12, 64, 512))
    return generator.choice(others)[:length] + data[length:]


MUTATIONS = (
    flip_bits,
    flip_bits_of_the_header,
    set_extreme_numbers,
    truncate,
    zero_blocks,
    randomize_a_block,
    remove_a_block,
    repeat_a_block,
    splice,
    put_another_header,
)


@dataclass
class Summary:
    """What became of the damaged recordings."""

    outcomes: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)
    messages: collections.Counter[str] = field(default_factory=collections.Counter)
    defects: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0
    greatest_resident_bytes: int = 0
    own_resident_bytes: int = 0
    seconds: float = 0.0

    def table(self) -> str:
        lines = outcome_table(self.outcomes, [mutation.__name__ for mutation in MUTATIONS], 24)
        lines.append("")
        lines.extend(f"{count:6}  {text}" for text, count in self.messages.most_common(25))
        lines.append("")
        lines.append(
            f"{self.outcomes.total()} recordings in {self.seconds:.0f} s, the longest "
            f"{self.longest_seconds:.2f} s; greatest resident memory of an ffmpeg "
            f"{self.greatest_resident_bytes / 2**20:.0f} MiB, of the reader "
            f"{self.own_resident_bytes / 2**20:.0f} MiB; {len(self.defects)} defects"
        )
        return "\n".join([*lines, *self.defects])


def damaged_recordings(seed: int, count: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield the name of a mutation, the name of a sample and the damaged bytes."""
    paths = sorted(media.samples().iterdir())
    contents = [path.read_bytes() for path in paths]
    for number in range(count):
        generator = random.Random(f"{seed}/{number}")
        # Each mutation meets each format, before any meets one a second time.
        mutation = MUTATIONS[number % len(MUTATIONS)]
        index = (number // len(MUTATIONS) + 7 * (number % len(MUTATIONS))) % len(paths)
        damaged = contents[index]
        for _ in range(generator.choice((1, 1, 1, 2))):
            damaged = mutation(damaged, contents, generator) or b"\0"
        yield mutation.__name__, paths[index].name, damaged


def read_one(path: Path) -> tuple[str, str]:
    """Read a recording; return what became of it and the message, without what varies in it."""
    try:
        total = 0
        with open_audio(path, ffmpeg=media.ffmpeg(), limits=LIMITS, label="X") as stream:
            for block in stream:
                assert 0 < len(block) <= BLOCK_BYTES
                assert len(block) % 2 == 0
                total += len(block)
        assert total == 2 * stream.samples > 0
        lines = list(stream.warnings)
        outcome = "read, with warnings" if lines else "read"
    except TranscriberError as error:
        lines = [str(error)]
        outcome = type(error).__name__
    for line in lines:
        assert line.isprintable()
        assert len(line) < 400
    text = re.sub(r"\(ffmpeg: .*?\)(?=:| \||$)", "(ffmpeg: ...)", " | ".join(lines))
    return outcome, re.sub(r"[0-9][0-9.]*", "N", text)


def fuzz(count: int, seed: int, keep: Path | None = None) -> Summary:
    """Damage and read `count` recordings; keep those that showed a defect in the folder `keep`."""
    summary = Summary()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for number, (mutation, name, damaged) in enumerate(damaged_recordings(seed, count)):
            path = Path(folder, f"{number}-{name}")
            path.write_bytes(damaged)
            started = time.monotonic()
            defect = ""
            try:
                outcome, message = read_one(path)
                summary.outcomes[mutation, outcome] += 1
                if message:
                    summary.messages[message] += 1
            except Exception as error:
                defect = f"{type(error).__name__}: {error}"
            seconds = time.monotonic() - started
            summary.longest_seconds = max(summary.longest_seconds, seconds)
            if seconds > LONGEST_SECONDS:
                defect = f"took {seconds:.0f} s"
            if defect:
                summary.outcomes[mutation, "DEFECT"] += 1
                summary.defects.append(f"DEFECT {path.name} by {mutation}, seed {seed}: {defect}")
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / path.name).write_bytes(damaged)
            path.unlink()
    summary.seconds = time.monotonic() - begun
    # The greatest of all children that have ended, in KiB. It covers the encoders of the samples.
    resident = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    summary.greatest_resident_bytes = resident
    if resident > GREATEST_RESIDENT_BYTES:
        summary.defects.append(f"DEFECT an ffmpeg grew to {resident >> 20} MiB")
    # Not ru_maxrss, which begins with the size of the process that started this one.
    status = Path("/proc/self/status").read_text()
    summary.own_resident_bytes = int(status.partition("VmHWM:")[2].split()[0]) << 10
    if summary.own_resident_bytes > GREATEST_OWN_BYTES:
        summary.defects.append(f"DEFECT the reader grew to {summary.own_resident_bytes >> 20} MiB")
    return summary


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="how many recordings to damage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for recordings that show a defect")
    arguments = parser.parse_args()
    summary = fuzz(arguments.count, arguments.seed, arguments.keep)
    print(summary.table())
    return 1 if summary.defects else 0


if __name__ == "__main__":
    sys.exit(main())
