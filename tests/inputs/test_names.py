from __future__ import annotations

import random
from pathlib import Path

import pytest

from transcriber.inputs.names import ClashError, in_words, place_of, taken_stems, told_apart

ENDINGS = ("", ".wav", ".txt", ".wav.txt", ".txt.txt", ".ogg.srt")


def places(generator: random.Random) -> list[tuple[Path | None, Path]]:
    """Return recordings in a few folders, each with the stem that it would have alone."""
    paths = set[Path]()
    for _ in range(generator.randrange(1, 7)):
        folders = (generator.choice("xyz") for _ in range(generator.randrange(1, 4)))
        name = generator.choice("ab") + generator.choice(ENDINGS)
        paths.add(Path("/", *folders, name))
    found: list[tuple[Path | None, Path]] = []
    for path in sorted(paths):
        depth = generator.randrange(1, len(path.parts))
        found.append((path, Path(*path.parts[-depth:]).with_suffix("")))
    return found


def test_names_differ_in_any_order_and_overwrite_nothing_that_is_read() -> None:
    refused = 0
    for seed in range(2000):
        recordings = places(random.Random(seed))
        read = [path for path, _ in recordings if path is not None]
        folder = Path("/x")
        taken = frozenset(taken_stems(read, folder))
        try:
            stems = told_apart(recordings, taken)
        except ClashError:
            refused += 1
            continue
        assert len(set(stems)) == len(stems)
        assert told_apart(recordings[::-1], taken)[::-1] == stems
        written = {folder / f"{stem}.{ending}" for stem in stems for ending in ("txt", "srt")}
        assert written.isdisjoint(read)
    # Where every name up to the root is taken.
    assert refused < 40


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(ClashError, match=r"standard input and /a\.wav would write") as caught:
        told_apart([(None, Path("a.wav")), (Path("/a.wav"), Path("a.wav"))])
    assert caught.value.paths == (None, Path("/a.wav"))
    with pytest.raises(ClashError, match="would overwrite what is read"):
        told_apart([(None, Path("stdin"))], frozenset({Path("stdin")}))


def test_a_link_is_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").symlink_to("x")
    (tmp_path / "x" / "b").symlink_to("a")
    assert place_of(tmp_path / "y" / "b") == place_of(tmp_path / "x" / "b")
    assert place_of(tmp_path / "x" / "b") == (tmp_path / "x").resolve() / "b"


def test_only_some_names_are_told() -> None:
    changed = [(Path("a"), Path(f"{number}/a.wav")) for number in range(6)]
    (line,) = in_words(changed, frozenset())
    assert line.endswith("2/a.wav.*, 3/a.wav.* and 2 more")
    first, second = in_words([*changed, (Path("b"), Path("b.txt"))], frozenset({Path("b")}))
    assert first == line
    assert second == "so as not to overwrite what is read, files are called b.txt.*"
