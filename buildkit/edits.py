"""Small changes to upstream's files, each anchored on a text that must be there exactly once.

They stand in files ``edits.toml``. A patch would carry upstream's lines around the change into our
repository and go through at a wrong place; an anchor is short and either fits or stops the build.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from buildkit.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A change of one place in one file.

    Attributes
    ----------
    source : str
        Name of the source in ``sources.toml``.
    path : str
        Path of the file in it.
    anchor : str
        A text that the file has exactly once.
    replacement : str
        What stands there instead.
    reason : str
        Why the build needs it.
    """

    source: str
    path: str
    anchor: str
    replacement: str
    reason: str


def read_edits(path: Path) -> tuple[Edit, ...]:
    """Read the edits in the file at `path`, in their order.

    Raises
    ------
    RecipeError
        When an entry lacks a field, has one that is unknown, or has an empty one.
    """
    with path.open("rb") as stream:
        table = tomllib.load(stream)
    try:
        edits = tuple(Edit(**entry) for entry in table.get("edit", []))
    except TypeError as error:
        raise RecipeError(f"{path}: {error}", "correct the edit") from error
    for edit in edits:
        if not (edit.source and edit.path and edit.anchor and edit.reason):
            raise RecipeError(
                f"{path}: an edit of {edit.path or 'a file'} has an empty field",
                "only the replacement may be empty",
            )
    return edits


def apply(text: str, edits: Iterable[Edit]) -> str:
    r"""Return `text` with `edits` made, one after the other.

    Raises
    ------
    RecipeError
        When an anchor is not there exactly once. It names the file, the anchor and the count.

    Examples
    --------
    >>> edit = Edit(source="x", path="a.h", anchor="one", replacement="two", reason="an example")
    >>> apply("one of them\n", [edit])
    'two of them\n'
    """
    for edit in edits:
        count = text.count(edit.anchor)
        if count != 1:
            raise RecipeError(
                f"the edit of {edit.source}/{edit.path} ({edit.reason}) does not fit: "
                f"its anchor {edit.anchor!r} is there {count} times instead of once",
                "correct the anchor",
            )
        text = text.replace(edit.anchor, edit.replacement)
    return text


def by_path(edits: Iterable[Edit], source: str) -> dict[str, list[Edit]]:
    """Return the edits of `source` by the path of the file that they change, in their order."""
    grouped: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit.source == source:
            grouped.setdefault(edit.path, []).append(edit)
    return grouped


def digests(edits: Mapping[str, Sequence[Edit]]) -> dict[str, str]:
    """Return for each path a digest of what is changed there; the reasons do not count."""
    return {
        path: hashlib.sha256(
            json.dumps([{**asdict(edit), "reason": ""} for edit in group]).encode()
        ).hexdigest()
        for path, group in edits.items()
    }
