"""Damage checkpoints at random and read them: one clear line, bounded time and memory.

Run ``python tests/fuzz_checkpoints.py --count 100000 --seed 1`` for the long form. The readers run
in a child, which tells before each checkpoint that it begins: where it ends, or does not go on,
the parent knows by which one.
"""

from __future__ import annotations

import argparse
import collections
import gc
import json
import os
import re
import resource
import select
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fuzzing import outcome_table
from models.checkpoints.mutants import mutant

from transcriber.engine.fused.checkpoint import open_checkpoint
from transcriber.engine.model_loading import load_checkpoint
from transcriber.errors import TranscriberError
from transcriber.models.checkpoints.checkpoint import verified
from transcriber.models.checkpoints.ctranslate2 import find_parts, read_ctranslate2
from transcriber.models.checkpoints.hugging_face import read_hugging_face
from transcriber.models.checkpoints.openai import read_openai
from transcriber.settings import DecodingSettings

LONGEST_SECONDS = 30.0
"""A checkpoint takes a few thousandths of one, unless the machine does other things."""

STARTING_SECONDS = 300.0

GREATEST_ADDED_BYTES = 256 << 20
"""What one checkpoint may take beside torch; a pickle of 4 MiB could take most of it."""

GREATEST_GROWTH_BYTES = 64 << 20
"""What may be left of many."""

ADDRESS_SPACE = 8 << 30
"""Of which torch takes some 3 GiB; what asks for more gets an error."""

WARMING_UP = 200
"""Checkpoints after which the memory is measured for the first time."""

LINE = 1500


@dataclass
class Summary:
    """What became of the damaged checkpoints."""

    outcomes: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)
    messages: collections.Counter[str] = field(default_factory=collections.Counter)
    defects: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0
    greatest_added_bytes: int = 0
    growth_bytes: int = 0
    seconds: float = 0.0

    def table(self) -> str:
        mutations = sorted({mutation for mutation, _ in self.outcomes})
        lines = outcome_table(self.outcomes, mutations, 12)
        lines.append("")
        lines.extend(f"{count:7}  {text}" for text, count in self.messages.most_common(40))
        lines.append("")
        lines.append(
            f"{self.outcomes.total()} checkpoints in {self.seconds:.0f} s, the longest "
            f"{self.longest_seconds:.2f} s; greatest memory of one "
            f"{self.greatest_added_bytes >> 20} MiB, left of all {self.growth_bytes >> 20} MiB; "
            f"{len(self.defects)} defects"
        )
        return "\n".join([*lines, *self.defects])


def _readers(folder: Path) -> list[Callable[[], object]]:
    """Return what reads the checkpoint in `folder`: an import, and a run with the file itself."""
    path = folder / "m.pt"

    def imported() -> object:
        if path.is_file():
            checkpoint = read_openai(path)
        elif (folder / "model.bin").is_file():
            checkpoint = read_ctranslate2(find_parts(folder))
        else:
            checkpoint = read_hugging_face(folder)
        # All of it: memory that is no record's is not to be touched.
        for tensor in checkpoint.tensors.values():
            tensor.tobytes()
        return verified(checkpoint)

    def opened() -> object:
        return open_checkpoint(path, "m")

    def loaded() -> object:
        settings = DecodingSettings()
        return load_checkpoint(path, name="m", official=None, device="cpu", settings=settings)

    return [imported, opened, loaded] if path.is_file() else [imported]


def _read(reader: Callable[[], object]) -> tuple[str, str]:
    """Return what became of a reading, and the message without what varies in it."""
    try:
        reader()
    except TranscriberError as error:
        line = str(error)
        if error.exit_code != 4:
            return "DEFECT", f"exit code {error.exit_code}: {line[:300]!r}"
        if not line.isprintable() or len(line) > LINE:
            return "DEFECT", f"no line of text: {line[:300]!r}"
        line = re.sub(r"/\S*fuzz-[^/ ]*(/[\w.]+)?", "X", line)
        line = re.sub(r"(?<=[ (])('[^']*'|\"[^\"]*\"|\([^()]*\)|refers to .*)", "S", line)
        return "refused", re.sub(r"-?[0-9]+", "N", line)[:150]
    except Exception as error:
        return "DEFECT", f"{type(error).__name__}: {error}"[:300]
    return "read", ""


def _memory(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) << 10


def child(first: int, count: int, seed: int) -> None:
    """Read the checkpoints from `first` on, and tell of each on standard output."""
    # The samples are made here.
    mutant(seed, 0)
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_in_memory()) as name:
        folder = Path(name)
        for number in range(first, count):
            made = mutant(seed, number)
            for path in folder.iterdir():
                path.unlink()
            for file, content in made.files.items():
                (folder / file).write_bytes(content)
            # From here on the greatest is counted anew.
            Path("/proc/self/clear_refs").write_text("5")
            before = _memory("VmRSS")
            os.write(1, b"%d\n" % number)
            begun = time.monotonic()
            results = [_read(reader) for reader in _readers(folder)]
            told = {
                "mutation": made.mutation,
                "results": results,
                "seconds": time.monotonic() - begun,
                "added": _memory("VmHWM") - before,
                "resident": 0,
            }
            if number - first == WARMING_UP or number == count - 1:
                gc.collect()
                told["resident"] = _memory("VmRSS")
            os.write(1, json.dumps(told).encode() + b"\n")


def _in_memory() -> str | None:
    folder = "/dev/shm"  # noqa: S108 (only where it is quick to write)
    return folder if Path(folder).is_dir() else None


def fuzz(count: int, seed: int, keep: Path | None = None) -> Summary:
    """Damage and read `count` checkpoints; keep those that showed a defect in the folder `keep`."""
    summary = Summary()
    begun, first = time.monotonic(), 0
    while first < count:
        first = _with_child(first, count, seed, summary, keep)
    summary.seconds = time.monotonic() - begun
    if summary.growth_bytes > GREATEST_GROWTH_BYTES:
        summary.defects.append(f"DEFECT the readers kept {summary.growth_bytes >> 20} MiB")
    return summary


def _with_child(first: int, count: int, seed: int, summary: Summary, keep: Path | None) -> int:
    """Let one child read from `first` on; return the number at which the next one goes on."""
    command = [sys.executable, __file__, "--child", str(first)]
    command += ["--count", str(count), "--seed", str(seed)]
    current, resident, begun = first, 0, False
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        buffer = bytearray()
        while True:
            patience = LONGEST_SECONDS * 2 if begun else STARTING_SECONDS
            ready, _, _ = select.select([process.stdout], [], [], patience)
            part = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
            buffer += part
            *lines, rest = buffer.split(b"\n")
            buffer = bytearray(rest)
            for line in lines:
                if line.isdigit():
                    current, begun = int(line), True
                    continue
                told = json.loads(line)
                _count(told, current, seed, summary, keep)
                if told["resident"] and resident:
                    growth = told["resident"] - resident
                    summary.growth_bytes = max(summary.growth_bytes, growth)
                resident = resident or told["resident"]
                current += 1
            if not part:
                break
        hangs = process.poll() is None and not ready
        if hangs:
            process.kill()
    if not begun:
        raise RuntimeError("the readers do not start")
    if current < count:
        # A line per reader would be there otherwise.
        what = "does not go on" if hangs else f"ended the readers ({process.returncode})"
        _defect(what, current, seed, summary, keep)
        current += 1
    return current


def _count(told: dict[str, object], number: int, seed: int, summary: Summary, keep: object) -> None:
    mutation, seconds, added = told["mutation"], told["seconds"], told["added"]
    results = told["results"]
    assert isinstance(mutation, str) and isinstance(results, list)
    assert isinstance(seconds, float) and isinstance(added, int)
    summary.longest_seconds = max(summary.longest_seconds, seconds)
    summary.greatest_added_bytes = max(summary.greatest_added_bytes, added)
    found = [text for outcome, text in results if outcome == "DEFECT"]
    if seconds > LONGEST_SECONDS:
        found.append(f"took {seconds:.0f} s")
    if added > GREATEST_ADDED_BYTES:
        found.append(f"took {added >> 20} MiB")
    outcome = results[0][0]
    if len({outcome for outcome, _ in results}) > 1:
        outcome = "some read"
    summary.outcomes[mutation, "DEFECT" if found else outcome] += 1
    summary.messages.update(text for kind, text in results if kind == "refused")
    for text in found:
        assert keep is None or isinstance(keep, Path)
        _defect(f"{mutation}: {text}", number, seed, summary, keep, counted=True)


def _defect(
    what: str, number: int, seed: int, summary: Summary, keep: Path | None, *, counted: bool = False
) -> None:
    made = mutant(seed, number)
    if not counted:
        summary.outcomes[made.mutation, "DEFECT"] += 1
    summary.defects.append(f"DEFECT checkpoint {number} of seed {seed}: {what}")
    if keep is not None:
        folder = keep / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in made.files.items():
            (folder / file).write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="how many checkpoints to damage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for checkpoints that show a defect")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        child(arguments.child, arguments.count, arguments.seed)
        return 0
    summary = fuzz(arguments.count, arguments.seed, arguments.keep)
    print(summary.table())
    return 1 if summary.defects else 0


if __name__ == "__main__":
    sys.exit(main())
