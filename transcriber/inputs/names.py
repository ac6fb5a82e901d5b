"""Names for the transcripts of recordings that are called alike, or like their transcripts."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path

from transcriber.errors import UsageError
from transcriber.settings import EVERY_FORMAT

_SHOWN = 4


class ClashError(UsageError):
    """Recordings would write the same files in any case, or one would overwrite what is read."""

    paths: tuple[Path | None, ...] = ()


def told_apart(
    places: Sequence[tuple[Path | None, Path]], taken: Set[Path] = frozenset()
) -> list[Path]:
    """Return stems of output files that differ.

    Those of recordings that are called alike get the recordings' endings, then the names of their
    folders. Whatever clashes is told apart alike, so that nothing hangs on an order.

    Parameters
    ----------
    places : sequence of (Path or None, Path)
        The path of each recording, which standard input has none of, and the stem that it would
        have alone.
    taken : set of Path
        Stems whose files would replace what is read: see `taken_stems`.

    Raises
    ------
    ClashError
        When recordings would write the same files in any case.
    """
    choices = [_choices(path, stem) for path, stem in places]
    levels = [0] * len(choices)
    while True:
        holders: dict[Path, list[int]] = defaultdict(list)
        for index, level in enumerate(levels):
            holders[choices[index][level]].append(index)
        clashes = [alike for stem, alike in holders.items() if len(alike) > 1 or stem in taken]
        if not clashes:
            return [names[level] for names, level in zip(choices, levels, strict=True)]
        for alike in clashes:
            movable = [index for index in alike if levels[index] + 1 < len(choices[index])]
            if not movable:
                names = [str(places[index][0] or "standard input") for index in alike[:2]]
                stem = choices[alike[0]][-1]
                clash = ClashError(
                    f"{' and '.join(names)} would write the same files, {stem}.*",
                    "transcribe them in two calls with another --output_dir each",
                )
                if len(alike) == 1:
                    clash = ClashError(
                        f"the transcript of {names[0]}, {stem}.*, would overwrite what is read",
                        "choose another --output_dir",
                    )
                clash.paths = tuple(places[index][0] for index in alike)
                raise clash
            lowest = min(levels[index] for index in movable)
            for index in movable:
                levels[index] += levels[index] == lowest


def taken_stems(read: Iterable[Path], folder: Path) -> Iterator[Path]:
    """Yield the stems in a folder whose files would replace what is read.

    Parameters
    ----------
    read : iterable of Path
        Recordings, and lists of them.
    folder : Path
        Where the transcripts go.
    """
    root = os.path.realpath(folder)
    for path in read:
        place = place_of(path)
        if place.suffix[1:] in EVERY_FORMAT and place.is_relative_to(root):
            yield place.relative_to(root).with_suffix("")


def place_of(path: Path) -> Path:
    """Return where a file lies, however its folder was named; a link is a file of its own."""
    return Path(os.path.realpath(path.parent), path.name)


def in_words(changed: Iterable[tuple[Path, Path]], taken: Set[Path]) -> Iterator[str]:
    """Yield the lines that tell what the files of recordings are called, and why.

    Parameters
    ----------
    changed : iterable of (Path, Path)
        The stem that a recording would have alone, and the one that it has.
    taken : set of Path
        As for `told_apart`.
    """
    alike, reading = list[Path](), list[Path]()
    for old, new in changed:
        (reading if old in taken else alike).append(new)
    if alike:
        yield f"recordings of the same name: their files are called {_shown(alike)}"
    if reading:
        yield f"so as not to overwrite what is read, files are called {_shown(reading)}"


def enumerate_some(names: Sequence[str], most: int) -> str:
    """Return names with commas between them, and how many more there are than `most`.

    Examples
    --------
    >>> enumerate_some(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    text = ", ".join(names[:most])
    return f"{text} and {len(names) - most} more" if len(names) > most else text


def _shown(stems: Sequence[Path]) -> str:
    return enumerate_some([f"{stem}.*" for stem in stems], _SHOWN)


def _choices(path: Path | None, stem: Path) -> list[Path]:
    if path is None:
        return [stem]
    # Normalised, since a folder may be given as `..`.
    parts = Path(os.path.abspath(path)).parts[1:]  # noqa: PTH100  pathlib does not normalise
    least = len(stem.parts)
    return [stem, *(Path(*parts[-count:]) for count in range(least, max(len(parts), least) + 1))]
