"""Read the patches that Debian applies to a source: the series, and what each patch changes.

A package of Debian's is the makers' archive and a second one, with a folder ``debian``. In it,
``debian/patches/series`` names the patches in their order, one a line (deb-src-rules of dpkg,
format ``3.0 (quilt)``). Each is a text of changes for the program patch, with one folder before
the paths.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import RecipeError, SourceError
from buildkit.sources import Archive, Patches

_FOLDER = "debian/patches/"

_HEADER = re.compile(
    # The old and the new name; a time may follow after a tab.
    rb"^--- (?P<old>[^\t\n]+)(?:\t[^\n]*)?\n\+\+\+ (?P<new>[^\t\n]+)(?:\t[^\n]*)?\n(?=@@ )",
    flags=re.MULTILINE,
)

_GIT_HEADER = re.compile(rb"^diff --git a/\S+ b/(?P<path>\S+)$", flags=re.MULTILINE)

_HUNK = re.compile(rb"@@ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@[^\n]*\n")


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a patch changes in one file.

    Attributes
    ----------
    path : str
        The file, below the top folder.
    text : bytes
        The change, as the program patch reads it; empty where that cannot make it.
    """

    path: str
    text: bytes


@dataclass(frozen=True, kw_only=True)
class Patch:
    """One patch.

    Attributes
    ----------
    name : str
        As the series has it.
    text : bytes
        The whole file.
    """

    name: str
    text: bytes

    def changes(self) -> list[Change]:
        """Return what is changed in each file, in the order of the patch.

        Raises
        ------
        SourceError
            When a change is cut.
        """
        found = []
        position = 0
        while header := _HEADER.search(self.text, position):
            old, new = (_below(header[side]) for side in ("old", "new"))
            end = _end_of_hunks(self.text, header.end())
            if end is None:
                raise SourceError(f"the patch {self.name} is cut in {new or old}")
            text = self.text[header.start() : end]
            is_rename = bool(old and new) and old.removesuffix(".orig") != new
            found.append(Change(path=new or old, text=b"" if is_rename else text))
            position = end
        # Of a file that is moved, binary or empty, the form for patch has no lines.
        plain = {change.path for change in found}
        for match in _GIT_HEADER.finditer(self.text):
            path = match["path"].decode(errors="surrogateescape")
            if path not in plain:
                found.append(Change(path=path, text=b""))
        return found

    def text_for(self, chosen: Callable[[str], bool]) -> bytes:
        """Return what is changed in the files whose path is `chosen`; empty for none.

        Raises
        ------
        RecipeError
            When one of those is not changed line by line, but moved or binary.
        """
        changes = [change for change in self.changes() if chosen(change.path)]
        for change in changes:
            if not change.text:
                raise RecipeError(
                    f"the patch {self.name} does more to {change.path} than change lines",
                    "leave it out for this reason",
                )
        return b"".join(change.text for change in changes)


def read_series(path: Path) -> tuple[Patch, ...]:
    """Return the patches in the archive at `path`, in the order of their series.

    Raises
    ------
    SourceError
        When it is no whole tar archive, or its series names a patch that is not there.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                content = tar.extractfile(member) if member.isfile() else None
                if content and name.startswith(_FOLDER):
                    files[name.removeprefix(_FOLDER)] = content.read()
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise SourceError(f"{path}: {error}", "delete it and fetch it again") from error
    patches = []
    for line in files.get("series", b"").decode().splitlines():
        name = re.sub(r"(^|\s)#.*", "", line).strip()
        if not name:
            continue
        if name not in files:
            raise SourceError(f"{path.name} has no patch {name!r} of its series")
        patches.append(Patch(name=name, text=files[name]))
    return tuple(patches)


def content_digest(patches: Iterable[Patch]) -> str:
    """Return a digest over the names and texts of `patches`, in their order.

    It is the sha256 of a line ``SHA256  NAME`` a patch.
    """
    lines = [f"{hashlib.sha256(one.text).hexdigest()}  {one.name}\n" for one in patches]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def applied_of(series: Iterable[Patch], pin: Patches) -> tuple[Patch, ...]:
    """Return the patches of `series` that `pin` applies, in the order of the series."""
    return tuple(patch for patch in series if patch.name in pin.applied)


def has_content(path: Path, pin: Patches) -> bool:
    """Tell whether the archive at `path` holds the patches that are applied, unchanged."""
    try:
        return content_digest(applied_of(read_series(path), pin)) == pin.content_sha256
    except SourceError:
        return False


def check_series(series: Iterable[Patch], archive: Archive) -> None:
    """See to it that each patch of a pinned revision is either applied or left out for a reason.

    Raises
    ------
    RecipeError
        When one is in neither list or in both, or a list has one that the series lacks.
    """
    pin = archive.patches
    if pin is None:
        return
    decided = [*pin.applied, *(name for names in pin.left_out.values() for name in names)]
    names = [patch.name for patch in series]
    twice = sorted({name for name in decided if decided.count(name) > 1})
    for wrong, what in (
        ([name for name in names if name not in decided], "is neither applied nor left out"),
        ([name for name in decided if name not in names], "is not in its series"),
        (twice, "is decided on twice"),
    ):
        if wrong:
            raise RecipeError(
                f"the patch {wrong[0]} of {archive.name} {pin.version} {what}",
                "correct patches in the list of sources",
            )


def _below(name: bytes) -> str:
    """Return a path in a patch without its first folder; empty for a file that is not there."""
    if name.strip() == b"/dev/null":
        return ""
    return name.decode(errors="surrogateescape").strip().partition("/")[2]


def _end_of_hunks(text: bytes, position: int) -> int | None:
    """Return where the hunks that begin at `position` end; None when they are cut.

    The counts in a hunk's first line say how long it is: a line of it that begins with dashes
    looks like the next file's name.
    """
    while hunk := _HUNK.match(text, position):
        position = hunk.end()
        old, new = (int(hunk[side] or 1) for side in ("old", "new"))
        while old > 0 or new > 0:
            end = text.find(b"\n", position) + 1
            kind = text[position : position + 1]
            if not end or kind not in (b" ", b"-", b"+", b"\\", b"\n"):
                return None
            old -= kind in (b" ", b"-", b"\n")
            new -= kind in (b" ", b"+", b"\n")
            position = end
        while text.startswith(b"\\", position):
            position = text.find(b"\n", position) + 1 or len(text)
    return position
