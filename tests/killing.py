"""Kill the program at random moments, continue, and compare with an undisturbed run.

``python tests/killing.py RECORDING --count 20 -- --model base`` is the long form of what
`test_continuation` does a few times.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

JOURNALS = "*.transcriber-journal"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One killed and continued run.

    Attributes
    ----------
    moment : float
        Seconds after the start that it was killed at.
    windows : int
        Windows that were in the journal then.
    equal : bool
        Whether the continued run wrote the same bytes as the undisturbed one.
    """

    moment: float
    windows: int
    equal: bool


def command(recording: Path, output: Path, options: Sequence[str]) -> list[str]:
    """Return the command that transcribes `recording` into `output`."""
    arguments = [str(recording), "--output_dir", str(output), "--verbose", "False", *options]
    return [sys.executable, "-m", "transcriber", *arguments]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def kill_and_continue(
    recording: Path, options: Sequence[str], *, count: int, seed: int, folder: Path
) -> list[Trial]:
    """Run once undisturbed, then `count` times killed and continued."""
    undisturbed = folder / "undisturbed"
    start = time.monotonic()
    subprocess.run(
        command(recording, undisturbed, options), check=True, capture_output=True, timeout=3600
    )
    length = time.monotonic() - start
    expected = contents(undisturbed)
    generator = random.Random(seed)
    trials = []
    for index in range(count):
        output = folder / f"killed-{index}"
        moment = generator.uniform(0, length)
        child = subprocess.Popen(
            command(recording, output, options),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(moment)
        child.kill()
        child.wait()
        windows = sum(
            max(len(path.read_bytes().splitlines()) - 1, 0) for path in output.glob(JOURNALS)
        )
        subprocess.run(
            command(recording, output, options), check=True, capture_output=True, timeout=3600
        )
        trials.append(Trial(moment=moment, windows=windows, equal=contents(output) == expected))
    return trials


def main() -> int:
    """Run the trials and print them; return 1 when one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.usage = "%(prog)s RECORDING [--count N] [--seed N] [-- option of the program ...]"
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    given, options = parser.parse_args(arguments[:split]), arguments[split + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        trials = kill_and_continue(
            given.recording,
            options,
            count=given.count,
            seed=given.seed,
            folder=Path(folder),
        )
    for trial in trials:
        verdict = "equal" if trial.equal else "DIFFERENT"
        print(f"killed after {trial.moment:6.1f} s, {trial.windows:3d} windows kept: {verdict}")
    print(f"{sum(trial.equal for trial in trials)} of {len(trials)} byte-identical")
    return 0 if all(trial.equal for trial in trials) else 1


if __name__ == "__main__":
    sys.exit(main())
