"""A quick run of `fuzz_media`; the long one is for hand, with ``--count 2000``."""

import subprocess
import sys
from pathlib import Path

import fuzz_media
import media


def test_damaged_recordings() -> None:
    # A process of its own: the memory of other tests' children is not to count.
    done = subprocess.run(
        [sys.executable, str(Path(fuzz_media.__file__)), "--count", "150", "--seed", "2"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "150 recordings" in done.stdout
    assert "; 0 defects" in done.stdout


def test_a_seed_names_the_same_damage() -> None:
    first = list(fuzz_media.damaged_recordings(3, 40))
    assert first == list(fuzz_media.damaged_recordings(3, 40))
    assert first != list(fuzz_media.damaged_recordings(4, 40))
    originals = {path.name: path.read_bytes() for path in media.samples().iterdir()}
    changed = sum(damaged != originals[name] for _, name, damaged in first)
    assert changed > 35


def test_each_mutation_meets_each_format() -> None:
    count = len(fuzz_media.MUTATIONS) * len(list(media.samples().iterdir()))
    met = {(mutation, name) for mutation, name, _ in fuzz_media.damaged_recordings(1, count)}
    assert len(met) == count


def test_the_driver_sees_a_defect(tmp_path: Path) -> None:
    code = (
        "import fuzz_media, sys\n"
        "def fail(*a, **k): raise ZeroDivisionError('seen')\n"
        "fuzz_media.open_audio = fail\n"
        f"sys.argv[1:] = ['--count', '3', '--keep', {str(tmp_path / 'kept')!r}]\n"
        "sys.exit(fuzz_media.main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(fuzz_media.__file__).parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "3 defects" in done.stdout
    assert "ZeroDivisionError: seen" in done.stdout
    assert len(list((tmp_path / "kept").iterdir())) == 3
