"""A quick run of `fuzz_checkpoints`; the long one is for hand, with ``--count 100000``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fuzz_checkpoints
import pytest

from .mutants import MUTATIONS, mutant


def test_damaged_checkpoints() -> None:
    done = subprocess.run(
        [sys.executable, str(Path(fuzz_checkpoints.__file__)), "--count", "330", "--seed", "2"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "330 checkpoints" in done.stdout
    assert "; 0 defects" in done.stdout
    # Not all are refused, or nothing would be known of what comes after.
    assert " read" in done.stdout


def test_a_seed_names_the_same_damage() -> None:
    count = 5 * len(MUTATIONS)
    first = [mutant(3, number) for number in range(count)]
    assert first == [mutant(3, number) for number in range(count)]
    assert first != [mutant(4, number) for number in range(count)]
    assert len({made.mutation for made in first}) == len(MUTATIONS)
    contents = {name + str(data) for made in first for name, data in made.files.items()}
    assert len(contents) > count // 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("raise ZeroDivisionError('seen')", "ZeroDivisionError: seen"),
        ("os.abort()", "ended the readers (-6)"),
        ("time.sleep(1000)", "does not go on"),
        ("raise f.TranscriberError('seen')", "exit code 1"),
        ("bytearray(400 << 20)", "bytes_of_pt: took "),
    ],
)
def test_the_driver_sees_a_defect(tmp_path: Path, fault: str, told: str) -> None:
    script = tmp_path / "faulty.py"
    script.write_text(
        "import os, sys, time\n"
        f"sys.path.insert(0, {str(Path(fuzz_checkpoints.__file__).parent)!r})\n"
        "import fuzz_checkpoints as f\n"
        "f.__file__ = __file__\n"
        "f.LONGEST_SECONDS = 1.0\n"
        f"def fail(*_):\n    {fault}\n"
        "f.open_checkpoint = fail\n"
        "sys.exit(f.main())\n"
    )
    kept = tmp_path / "kept"
    done = subprocess.run(
        [sys.executable, str(script), "--count", "1", "--keep", str(kept)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "1 checkpoints" in done.stdout
    assert told in done.stdout
    assert (kept / "0" / "m.pt").is_file()
