"""Kill the program at random moments, continue, and compare with an undisturbed run.

``python tests/killing.py RECORDING --count 20 -- --model base`` is the long form of what
`test_continuation` does a few times. With ``--changing`` the options change between the runs, which
are all continued in the end.
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

from transcriber.transcript.journal import SUFFIX, read_journal

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


@dataclass(frozen=True, kw_only=True)
class Survival:
    """What many killed runs with changing options left.

    Attributes
    ----------
    kills : int
        Runs that were killed before their end.
    kept : int
        Windows that a run found when it began, in all.
    lost : list of str
        What was decoded and then gone, and what differs from an undisturbed run.
    left : list of str
        Files that no undisturbed run leaves.
    """

    kills: int
    kept: int
    lost: list[str]
    left: list[str]


def kill_with_changing_options(
    recording: Path, ways: Sequence[Sequence[str]], *, count: int, seed: int, folder: Path
) -> Survival:
    """Kill runs at random moments, each with options of its own, and continue all of them.

    Parameters
    ----------
    recording : Path
        What to transcribe.
    ways : sequence of options
        Those that the runs are started with.
    count : int
        How many runs.
    seed : int
        Of the random moments and of the order of the options.
    folder : Path
        An empty folder to work in.
    """
    expected, lengths = [], []
    for number, options in enumerate(ways):
        undisturbed = folder / f"undisturbed-{number}"
        start = time.monotonic()
        _run(recording, undisturbed, options)
        lengths.append(time.monotonic() - start)
        expected.append(contents(undisturbed))
    generator = random.Random(seed)
    output = folder / "killed"
    kills = found = 0
    lost: list[str] = []
    before: dict[str, int] = {}
    works: dict[int, str] = {}
    for index in range(count):
        number = generator.randrange(len(ways))
        child = subprocess.Popen(
            command(recording, output, ways[number]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(generator.uniform(0, lengths[number]))
        ended = child.poll() is not None
        child.kill()
        child.wait()
        kills += not ended
        after = holdings(output)
        for work in set(after) - set(before):
            works.setdefault(number, work)
        # What is done has no journal any more, whether or not the run came to its very end.
        done = output.exists() and contents(output).items() >= expected[number].items()
        for work, windows in before.items():
            if after.get(work, 0) < windows and not (done and work == works.get(number)):
                lost.append(f"run {index}: {after.get(work, 0)} of {windows} windows are left")
        found += sum(after.values())
        before = after
    for number, options in enumerate(ways):
        _run(recording, output, options)
        written = contents(output)
        if {name: written.get(name) for name in expected[number]} != expected[number]:
            lost.append(f"the files of {options} differ")
    names = {name for files in expected for name in files}
    left = [path.name for path in output.iterdir() if path.name not in names]
    return Survival(kills=kills, kept=found, lost=lost, left=left)


def holdings(folder: Path) -> dict[str, int]:
    """Return how many windows there are of each work, in any of the journals of a folder."""
    found: dict[str, int] = {}
    for path in folder.glob(f"*{SUFFIX}*"):
        kept = read_journal(path)
        if kept.header is not None:
            work = f"{kept.header.identity} {kept.header.kernels}"
            found[work] = max(found.get(work, 0), len(kept.windows))
    return found


def _run(recording: Path, output: Path, options: Sequence[str]) -> None:
    subprocess.run(
        command(recording, output, options), check=True, capture_output=True, timeout=3600
    )


def _tell_changing(recording: Path, options: Sequence[str], *, count: int, seed: int) -> int:
    ways = [list(options), [*options, "--initial_prompt", "Hello."], [*options, "--best_of", "3"]]
    with tempfile.TemporaryDirectory() as folder:
        survival = kill_with_changing_options(
            recording, ways, count=count, seed=seed, folder=Path(folder)
        )
    print(f"{survival.kills} of {count} runs killed, {survival.kept} windows kept in all")
    for what in (*survival.lost, *survival.left):
        print(what)
    return 1 if survival.lost or survival.left else 0


def main() -> int:
    """Run the trials and print them; return 1 when one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changing", action="store_true")
    parser.usage = (
        "%(prog)s RECORDING [--count N] [--seed N] [--changing] [-- option of the program ...]"
    )
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    given, options = parser.parse_args(arguments[:split]), arguments[split + 1 :]
    if given.changing:
        return _tell_changing(given.recording, options, count=given.count, seed=given.seed)
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
